"""Counting what a county's households are entitled to: in pieces, each whole, so that a run cut off goes on where it was.

A run follows the benefits and the lines of the moment at which it began, whatever is set meanwhile; a new one overtakes it.
Each piece is one transaction of the caller's. Counting a household again gives what it gave before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, text

from marketplace.assistance.safety_net.benefits import Owed, owed
from marketplace.assistance.safety_net.models import BenefitRule, Entitlement, FileGap, SafetyNetRun
from marketplace.assistance.safety_net.moves import Standing, move_for
from marketplace.assistance.safety_net.queries import newest_run, paid_fen
from marketplace.assistance.safety_net.reading import facts_of
from marketplace.assistance.safety_net.rules import as_benefit, in_force, lines_on, rules_around
from marketplace.assistance.safety_net.states import (
    ENTITLEMENTS,
    RUNS,
    EntitlementAction,
    EntitlementState,
    RunAction,
    RunState,
)
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area, within
from marketplace.registry.cases.clocks import Due, due_day
from marketplace.registry.models import Household
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import open_values, seal_values

SEALED = "entitlement.sealed"
DECIDE = "benefit.decide"
AT_ONCE = 500
_COUNTED = "the counting of what households are entitled to"
_WAITING = (EntitlementState.OPEN, EntitlementState.REVIEW)


@dataclass(frozen=True)
class _Found:
    """What a benefit in force gives a household."""

    rule: BenefitRule
    owed: Owed


def start_run(area_code: str, *, now: datetime, actor: str) -> SafetyNetRun:
    """The run that counts a county: the one that was cut off if it follows what holds today, else a new one.

    Raises
    ------
    Invalid
        ``county_needed`` for an area that is no county.
    """
    area, day = get_area(area_code), local_day(now)
    if len(area.code) != Level.COUNTY:
        raise Invalid("county_needed", N_("Entitlements are counted county by county."))
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"safety_net:{area.code}"})
    # Those that an area within has for itself are among them; which hold in a village is asked there.
    holding = sorted(rule.id for rule in rules_around(area.code) if rule.begins_on <= day)
    basis = {"rules": holding, "lines": lines_on(area.code, day)}
    known = db.session.scalars(select(SafetyNetRun).filter_by(area_code=area.code, state=RunState.RUNNING)).first()
    if known is not None:
        if (known.day, known.basis) == (day, basis):
            return known
        _end(known, RunAction.OVERTAKE, now)
    run = SafetyNetRun(area_code=area.code, year=day.year, day=day, basis=basis, figures={}, started_at=now)
    db.session.add(run)
    db.session.flush()
    audit.record("safety_net.run_started", "area", area.code, actor=actor, at=now, run=run.public_id)
    return run


def continue_run(run_id: int, *, now: datetime, at_once: int = AT_ONCE) -> bool:
    """Count the next households of a run; whether more of them are left."""
    run = lock_rows(SafetyNetRun, [run_id])[run_id]
    if run.state != RunState.RUNNING:
        return False
    households = db.session.scalars(
        select(Household)
        .where(within(Household.village_code, run.area_code), Household.id > run.after_household_id)
        .order_by(Household.id)
        .limit(at_once)
    ).all()
    if households:
        _count(run, households, now)
        run.after_household_id = households[-1].id
        run.households += len(households)
    if len(households) < at_once:
        _end(run, RunAction.FINISH, now)
        said = {"run": run.public_id, "households": run.households}
        audit.record("safety_net.counted", "area", run.area_code, actor="safety_net", at=now, **said)
    db.session.flush()
    return run.state == RunState.RUNNING


def count_again(household: Household, *, now: datetime) -> None:
    """Count one household by its county's newest run, after its costs have changed; nothing before the first run."""
    run = newest_run(household.village_code[: Level.COUNTY])
    if run is not None:
        _count(run, [household], now, figures=False)
        db.session.flush()


def _end(run: SafetyNetRun, action: RunAction, now: datetime) -> None:
    state = RUNS.next_state(RunState(run.state), action)
    if state is not None:
        run.state, run.done_at = state, now
        db.session.flush()


def _count(run: SafetyNetRun, households: Sequence[Household], now: datetime, *, figures: bool = True) -> None:
    # Whoever decides about one of these waits, and so does another counting.
    lock_rows(Household, [household.id for household in households])
    lines = run.basis["lines"]
    facts = facts_of(households, run.year, run.day, lines)
    rules = [rule for rule in rules_around(run.area_code) if rule.id in set(run.basis["rules"])]
    benefits = {rule.id: as_benefit(rule) for rule in rules}
    standing = _standing(households, run.year)
    paid = paid_fen(row.public_id for rows in standing.values() for row in rows.values())
    of_village: dict[str, list[BenefitRule]] = {}
    dues: dict[tuple[str, date], Due] = {}
    gaps, new = [], []
    counted = {village: dict(own) for village, own in run.figures.items()}
    for household in households:
        village = household.village_code
        if village not in of_village:
            of_village[village] = in_force(rules, village, run.day)
        found = {rule.code: _Found(rule, owed(benefits[rule.id], facts[household.id])) for rule in of_village[village]}
        missing = sorted({name for each in found.values() for name in each.owed.missing})
        if missing:
            gaps.append({"household_id": household.id, "village_code": village, "missing": missing})
        key = village, local_day(now)
        if key not in dues:
            dues[key] = due_day(DECIDE, *key)
        own = standing.get(household.id, {})
        registered = bool(facts[household.id]["registered"])
        for code, each in found.items():
            if code in own:
                _recount(own[code], household, each, run, paid, registered, dues[key], now)
            elif each.owed.amount_fen:
                new.append(_new(household, each, run, registered, dues[key], now))
        for code in own.keys() - found.keys():
            _recount(own[code], household, None, run, paid, registered, dues[key], now)
        if figures:
            _measure(counted, village, facts[household.id], lines)
    run.figures = counted
    _keep(run, households, gaps, new)


def _standing(households: Sequence[Household], year: int) -> dict[int, dict[str, Entitlement]]:
    query = (
        select(Entitlement)
        .where(Entitlement.household_id.in_([household.id for household in households]), Entitlement.year == year)
        .order_by(Entitlement.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    standing: dict[int, dict[str, Entitlement]] = {}
    for row in db.session.scalars(unbounded(query, _COUNTED)):
        standing.setdefault(row.household_id, {})[row.code] = row
    return standing


def _new(household: Household, found: _Found, run: SafetyNetRun, registered: bool, due: Due, now: datetime) -> Entitlement:
    return Entitlement(
        household_id=household.id,
        village_code=household.village_code,
        code=found.rule.code,
        year=run.year,
        rule_id=found.rule.id,
        run_id=run.id,
        amount_fen=found.owed.amount_fen,
        since_on=local_day(now),
        due_on=due.on,
        due_provisional=due.provisional,
        sealed=_sealed(household, found.owed, registered),
    )


def _sealed(household: Household, owed_now: Owed, registered: bool) -> bytes | None:
    return seal_values(household, {**owed_now.values, "registered": registered}, SEALED)


def _recount(
    row: Entitlement,
    household: Household,
    found: _Found | None,
    run: SafetyNetRun,
    paid: Mapping[str, int],
    registered: bool,
    due: Due,
    now: datetime,
) -> None:
    """Let an entitlement follow what is found now; a benefit that is over gives nothing, one that cannot be told leaves it."""
    if found is not None and found.owed.amount_fen is None:
        return
    owed_fen = 0 if found is None else found.owed.amount_fen or 0
    has_left = found is not None and not registered and bool(open_values(household, row.sealed, SEALED).get("registered"))
    was = Standing(EntitlementState(row.state), row.amount_fen, row.granted_fen, paid.get(row.public_id, 0))
    action, doubt = move_for(was, owed_fen, has_left=has_left, same_rule=found is None or found.rule.id == row.rule_id)
    row.amount_fen, row.run_id = owed_fen, run.id
    if found is not None:
        row.rule_id, row.sealed = found.rule.id, _sealed(household, found.owed, registered)
    if action is not None:
        take(row, action, due, now, doubt=doubt)
    elif row.due_provisional and row.due_on is not None:
        # The holidays on the way may be announced by now.
        again = due_day(DECIDE, row.village_code, row.since_on)
        row.due_on, row.due_provisional = again.on, again.provisional


def take(row: Entitlement, action: EntitlementAction, due: Due | None, now: datetime, *, doubt: str = "") -> bool:
    """Take a locked entitlement on; where it waits for a person afterwards, the clock starts. False when that was done."""
    state = ENTITLEMENTS.next_state(EntitlementState(row.state), action)
    if state is None:
        return False
    row.state, row.why = state, doubt
    waits = state in _WAITING
    row.since_on = local_day(now)
    row.due_on, row.due_provisional = (due.on, due.provisional) if waits and due is not None else (None, False)
    return True


def _measure(figures: dict[str, dict[str, int]], village: str, facts: Mapping[str, Any], lines: Mapping[str, int]) -> None:
    """Count a household of a village as poor by income, or only by what it could not do without paying for."""
    own = figures.setdefault(village, {"households": 0, "unknown": 0, "income_poor": 0, "expenditure_poor": 0})
    own["households"] += 1
    income, line = facts.get("income_fen"), lines.get("poverty_line_fen")
    if income is None or line is None:
        own["unknown"] += 1
    elif income < line * facts["persons"]:
        own["income_poor"] += 1
    elif income - facts["necessary_fen"] < line * facts["persons"]:
        own["expenditure_poor"] += 1


def _keep(
    run: SafetyNetRun, households: Sequence[Household], gaps: Sequence[dict[str, Any]], new: Sequence[Entitlement]
) -> None:
    ids = [household.id for household in households]
    db.session.execute(delete(FileGap).where(FileGap.household_id.in_(ids), FileGap.year == run.year))
    db.session.add_all([FileGap(year=run.year, run_id=run.id, **gap) for gap in gaps])
    db.session.add_all(new)
    db.session.flush()
