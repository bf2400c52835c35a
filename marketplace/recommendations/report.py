"""The daily report: what the lists and the sales of a day gave to the goods a policy covers, and the alarm when it lags.

A report is counted from the log of lists and from order lines alone, place by place, so it does not trust the controller's
own sums: it would show if those were wrong. The same log gives the same row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import any_, delete, exists, func, select, text

from marketplace.kernel import audit
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.orders.models import OrderGroup, OrderLine
from marketplace.orders.sold import sold_lines
from marketplace.recommendations.coverage import PoliciesInForce
from marketplace.recommendations.models import Policy, ServedList, TiltAlarm, TiltReport
from marketplace.recommendations.queries import policies_in_force
from recommender.drift import DriftRule
from recommender.shares import share_with_interval

ACTOR = "recommendations.report"
ATTRIBUTION_DAYS = 7
# The one place where it is said when a shortfall is worth an alarm; see DriftRule for what the numbers mean.
RULE = DriftRule(tolerance=0.01, allowance=0.5, limit=5.0)
# What is measured, and the target of the policy that it is held against.
MEASURES = {"exposure": "exposure_share", "expected": "sales_share", "sold": "sales_share"}

Floats = NDArray[np.float64]


def build_report(day: date, *, now: datetime) -> int:
    """Count a day that is over for each policy that held on it, and see whether an alarm begins or ends.

    Rows of the day are replaced. Answers how many there are now.

    Raises
    ------
    Invalid
        The day is not over yet.
    """
    if day >= local_day(now):
        raise Invalid("day_not_over", N_("A day can be reported once it is over."))
    before = set(db.session.scalars(select(TiltReport.policy_id).where(TiltReport.reported_on == day)))
    db.session.execute(delete(TiltReport).where(TiltReport.reported_on == day))
    policies = policies_in_force(day)
    in_force = PoliciesInForce(day, policies)
    if policies:
        places, sales = _places(day), _sales(day)
        db.session.add_all(_row(policy, in_force, places, sales) for policy in policies)
    db.session.flush()
    for policy_id in sorted(before | {policy.id for policy in policies}):
        _renew_alarms(db.session.get_one(Policy, policy_id), now=now)
    return len(policies)


@dataclass(frozen=True)
class _Places:
    """Every place of every list of a day: which list, which reader, the policy that covers it (0 for none), what stood there.

    ``kept`` has one entry a list: expected sales over those of the untilted list, 0 where that was not noted.
    """

    list_numbers: NDArray[np.int64]
    readers: NDArray[np.int64]
    policy_ids: NDArray[np.int64]
    exposure: Floats
    relevance: Floats
    benefit: Floats
    kept: Floats


def _places(day: date) -> _Places:
    begin, end = day_bounds(day, day)
    rows = db.session.execute(
        text(
            "SELECT id, account_id, policy_ids, position_weights, relevance, benefit_bp, kept_utility FROM served_list"
            " WHERE at >= :begin AND at < :end ORDER BY id"
        ),
        {"begin": begin, "end": end},
    ).all()
    sizes = [len(row.policy_ids) for row in rows]
    # A visitor's list is a party of its own; nobody knows which of them one visitor saw.
    readers = [row.account_id if row.account_id is not None else -row.id for row in rows]
    return _Places(
        list_numbers=np.repeat(np.arange(len(rows)), sizes),
        readers=np.repeat(np.array(readers, dtype=np.int64), sizes),
        policy_ids=np.array([number or 0 for row in rows for number in row.policy_ids], dtype=np.int64),
        exposure=_joined(np.array(row.position_weights, dtype=np.float64) for row in rows),
        relevance=_joined(np.array(row.relevance, dtype=np.float64) for row in rows),
        benefit=_joined(np.array(row.benefit_bp, dtype=np.float64) / 10_000 for row in rows),
        kept=np.array([row.kept_utility or 0.0 for row in rows], dtype=np.float64),
    )


def _joined(parts: Iterable[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *parts])


def _sales(day: date) -> Sequence[Any]:
    """What was sold of the order lines placed on a day, and whether their buyer had been shown the listing."""
    begin, end = day_bounds(day, day)
    sold = sold_lines()
    shown = exists().where(
        ServedList.account_id == OrderGroup.account_id,
        ServedList.at <= OrderGroup.placed_at,
        ServedList.at > OrderGroup.placed_at - func.make_interval(0, 0, 0, ATTRIBUTION_DAYS),
        OrderLine.listing_id == any_(ServedList.listing_ids),
    )
    return db.session.execute(
        select(OrderGroup.account_id, OrderLine.area_code, sold.c.total_fen, sold.c.benefit_fen, shown.label("shown"))
        .select_from(OrderGroup)
        .join(sold, sold.c.group_id == OrderGroup.id)
        .join(OrderLine, OrderLine.id == sold.c.line_id)
        .where(OrderGroup.placed_at >= begin, OrderGroup.placed_at < end)
        .order_by(OrderLine.id)
    ).all()


def _row(policy: Policy, in_force: PoliciesInForce, places: _Places, sales: Sequence[Any]) -> TiltReport:
    covered = places.policy_ids == policy.id
    exposure = np.where(covered, places.exposure, 0.0)
    expected = exposure * places.relevance
    shown = _measure(places.readers, exposure * places.benefit, exposure)
    hoped = _measure(places.readers, expected * places.benefit, expected)
    inside = {code for code in {line.area_code for line in sales} if in_force.covering(code) == policy}
    bought = [line for line in sales if line.area_code in inside]
    buyers = np.array([line.account_id for line in bought], dtype=np.int64)
    paid = _measure(
        buyers,
        np.array([line.benefit_fen for line in bought], dtype=np.float64),
        np.array([line.total_fen for line in bought], dtype=np.float64),
    )
    seen = [line for line in bought if line.shown]
    return TiltReport(
        reported_on=in_force.day,
        policy_id=policy.id,
        lists=len(np.unique(places.list_numbers[covered])),
        readers=len(np.unique(places.readers[covered])),
        exposure=shown.whole,
        registered_exposure=shown.part,
        exposure_error=shown.error,
        expected=hoped.whole,
        registered_expected=hoped.part,
        expected_error=hoped.error,
        kept_share=_kept_share(places, covered),
        order_lines=len(bought),
        sold_fen=sum(line.total_fen for line in bought),
        registered_fen=sum(line.benefit_fen for line in bought),
        sold_error=paid.error,
        shown_fen=sum(line.total_fen for line in seen),
        shown_registered_fen=sum(line.benefit_fen for line in seen),
    )


@dataclass(frozen=True)
class _Measure:
    part: float
    whole: float
    error: float | None


def _measure(parties: NDArray[np.int64], part: Floats, whole: Floats) -> _Measure:
    """Sum by party, and take the error of the share over parties."""
    numbers = np.unique(parties, return_inverse=True)[1]
    size = int(numbers.max()) + 1 if len(numbers) else 0
    parts, wholes = (np.bincount(numbers, weights=amount, minlength=size) for amount in (part, whole))
    share = share_with_interval(np.minimum(parts, wholes), wholes)
    total = float(wholes.sum())
    return _Measure(min(float(parts.sum()), total), total, share.error if share is not None else None)


def _kept_share(places: _Places, covered: NDArray[np.bool_]) -> float | None:
    """The part of the expected sales of untilted lists that the lists with covered goods kept; None where nobody noted it."""
    numbers = places.list_numbers
    utility = np.bincount(numbers, weights=places.exposure * places.relevance, minlength=len(places.kept))
    own = np.unique(numbers[covered])
    own = own[places.kept[own] > 0]
    whole = float((utility[own] / places.kept[own]).sum())
    return float(utility[own].sum()) / whole if whole else None


def _renew_alarms(policy: Policy, *, now: datetime) -> None:
    """Compute the alarms of a policy again from all its days, and note what has changed."""
    rows = db.session.scalars(select(TiltReport).filter_by(policy_id=policy.id).order_by(TiltReport.reported_on)).all()
    days = [row.reported_on for row in rows]
    wanted: dict[tuple[str, date], date | None] = {}
    for measure, target_name in MEASURES.items():
        target = getattr(policy, target_name)
        for first, last in RULE.episodes(target, [_seen(row, measure) for row in rows]) if target else ():
            wanted[measure, days[first]] = None if last is None else days[last]
    known = {(row.measure, row.began_on): row for row in db.session.scalars(select(TiltAlarm).filter_by(policy_id=policy.id))}
    for key in sorted(known.keys() - wanted.keys()):
        db.session.delete(known[key])
        _note("tilt_alarm.withdrawn", policy, key, now)
    for key in sorted(wanted):
        if key not in known:
            db.session.add(TiltAlarm(policy_id=policy.id, measure=key[0], began_on=key[1], ended_on=wanted[key]))
            _note("tilt_alarm.began", policy, key, now)
        if wanted[key] != (known[key].ended_on if key in known else None):
            if key in known:
                known[key].ended_on = wanted[key]
            ended = wanted[key]
            _note("tilt_alarm.resumed" if ended is None else "tilt_alarm.ended", policy, key, now)
    db.session.flush()


def _note(verb: str, policy: Policy, key: tuple[str, date], now: datetime) -> None:
    audit.record(verb, "policy", policy.public_id, actor=ACTOR, at=now, measure=key[0], began_on=key[1].isoformat())


def _seen(row: TiltReport, measure: str) -> tuple[float, float] | None:
    """The share of a day with its error; None where the day cannot tell."""
    found, error = share_of(row, measure), getattr(row, f"{measure}_error")
    return None if found is None or error is None else (found, error)


def share_of(row: TiltReport, measure: str) -> float | None:
    """The share that registered households had on a day: of ``exposure``, of ``expected`` sales or of what was ``sold``."""
    whole, part = {
        "exposure": (row.exposure, row.registered_exposure),
        "expected": (row.expected, row.registered_expected),
        "sold": (row.sold_fen, row.registered_fen),
    }[measure]
    return part / whole if whole else None


def reports(policy_id: int, first: date, last: date) -> Sequence[TiltReport]:
    """The rows of a policy from one day to another, both included, in time."""
    query = select(TiltReport).where(TiltReport.policy_id == policy_id, TiltReport.reported_on.between(first, last))
    return db.session.scalars(query.order_by(TiltReport.reported_on)).all()


def alarms(policy_ids: Sequence[int], *, open_only: bool = False) -> Sequence[TiltAlarm]:
    """The alarms of policies, the newest first."""
    query = select(TiltAlarm).where(TiltAlarm.policy_id.in_(policy_ids))
    if open_only:
        query = query.where(TiltAlarm.ended_on.is_(None))
    return db.session.scalars(query.order_by(TiltAlarm.began_on.desc(), TiltAlarm.policy_id, TiltAlarm.measure)).all()
