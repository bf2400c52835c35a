"""Rounds: the open needs of an area and the helper units that suit them, matched at once; a second officer approves."""

from datetime import datetime

from sqlalchemy import insert, select, text

from marketplace.assistance.deciding import decide
from marketplace.assistance.needs.matching import best_sum_match, stable_match
from marketplace.assistance.needs.models import Method, Need, NeedKind, NeedRound, NeedRoundLine
from marketplace.assistance.needs.queries import helpers_for
from marketplace.assistance.needs.ranking import fit_of
from marketplace.assistance.needs.states import NeedState
from marketplace.assistance.papers import PaperAction, PaperState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.queries import get_area, within
from marketplace.registry.duty_rules import NEED_NEARNESS, NEED_PRIOR
from marketplace.registry.offices import check_office
from marketplace.registry.rules import rule


def draft_round(area_code: str, method: Method, *, by: Account, now: datetime) -> NeedRound:
    """Match every open need of an area with the helper units that suit it; nobody is asked yet.

    A need prefers the unit that fits it best. A unit prefers, of the needs it suits, the one that it is nearest to and that has
    waited longest.

    Raises
    ------
    Invalid
        ``no_open_need``.
    Conflict
        ``round_waits`` while another draft does.
    """
    area = get_area(area_code)
    check_office(by, area.code)
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"need_round:{area.code}"})
    if db.session.scalar(select(NeedRound.id).filter_by(area_code=area.code, state=PaperState.DRAFTED)):
        raise Conflict("round_waits", N_("A round for this area waits for a second officer already."))
    query = select(Need).where(within(Need.area_code, area.code), Need.state == NeedState.OPEN).order_by(Need.id)
    needs = {need.id: need for need in db.session.scalars(query)}
    if not needs:
        raise Invalid("no_open_need", N_("No need is open here."))
    fits, order, quotas = _fits(needs, now)
    if method == Method.STABLE:
        wishes = {need: sorted(own, key=lambda unit: (-own[unit], unit)) for need, own in fits.items()}
        matched = stable_match(wishes, order, quotas)
    else:
        matched = best_sum_match(fits, quotas)
    drafted = NeedRound(
        area_code=area.code, method=method, needs=len(needs), matched=len(matched), drafted_by_id=by.id, drafted_at=now
    )
    db.session.add(drafted)
    db.session.flush()
    if matched:
        rows = [
            {"round_id": drafted.id, "need_id": need, "helper_id": unit, "fit": fits[need][unit]}
            for need, unit in matched.items()
        ]
        db.session.execute(insert(NeedRoundLine), rows)
    audit.record("need.round_drafted", "need_round", drafted.public_id, actor=by.public_id, at=now, matched=len(matched))
    return drafted


def _fits(
    needs: dict[int, Need], now: datetime
) -> tuple[dict[int, dict[int, float]], dict[int, dict[int, float]], dict[int, int]]:
    """How units fit needs, how units prefer needs, and how many they may take."""
    today = local_day(now)
    fits: dict[int, dict[int, float]] = {need: {} for need in needs}
    order: dict[int, dict[int, float]] = {}
    quotas: dict[int, int] = {}
    for kind in NeedKind:
        of_kind = [need for need in needs.values() if need.kind == kind]
        helpers = helpers_for(kind) if of_kind else {}
        for need in of_kind:
            rules = rule(NEED_NEARNESS, need.area_code, today).value, rule(NEED_PRIOR, need.area_code, today).value
            waited = max(0, (now - need.since).days)
            for unit, helper in helpers.items():
                fit = fit_of(kind, need.area_code, helper, *rules)
                if fit is None:
                    continue
                fits[need.id][unit] = fit.score
                order.setdefault(unit, {})[need.id] = fit.nearness + waited / (waited + 30)
                quotas[unit] = helper.free
    return fits, order, quotas


def decide_round(drafted: NeedRound, action: PaperAction, *, by: Account, now: datetime) -> bool:
    """A second officer approves, and each unit finds on its desk what it is asked for; or the draft is dropped."""
    drafted = lock_rows(NeedRound, [drafted.id])[drafted.id]
    check_office(by, drafted.area_code)
    if not decide(drafted, action, by=by, now=now):
        return False
    db.session.flush()
    audit.record(f"need.round_{action.value}", "need_round", drafted.public_id, actor=by.public_id, at=now)
    return True
