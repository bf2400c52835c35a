"""Changing rounds: opened, drawn and closed by the office above a county, filled by auditors from outside.

Callers own the transactions.
"""

import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from marketplace.audits.drawing import drawn, drawn_fen, frame_hash, seed_hash, shares
from marketplace.audits.models import (
    AuditAssignment,
    AuditHousehold,
    AuditPayment,
    AuditProject,
    AuditRound,
    AuditStratum,
    StratumKind,
    Unreached,
)
from marketplace.audits.queries import Framed, household_frame, is_outside, payment_frame, progress_of, project_frame
from marketplace.audits.states import ROUNDS, RoundAction, RoundState
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.codes import contains
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import get_area
from marketplace.registry import precision_rules
from marketplace.registry.models import StatusCategory
from marketplace.registry.offices import check_second_person
from marketplace.registry.rules import rule


@dataclass(frozen=True)
class HouseholdFindings:
    """What was found at a household; what its kind is not asked stays None, and of one not reached everything does."""

    in_place: bool | None = None
    fits_cause: bool | None = None
    visited: bool | None = None
    satisfied: bool | None = None
    unreached: Unreached | None = None


# What is asked of each kind of household.
ASKED = {
    StratumKind.REGISTERED: ("in_place", "fits_cause", "visited", "satisfied"),
    StratumKind.EXITED: ("in_place", "satisfied"),
    StratumKind.UNREGISTERED: ("in_place",),
}


def is_above(account: Account, county_code: str) -> bool:
    """Whether somebody is an officer of an area above a county and of none in it: no county audits itself."""
    own = scopes(account, RoleKind.OFFICER)
    above = any(len(scope) < Level.COUNTY and contains(scope, county_code) for scope in own)
    return above and not any(contains(county_code, scope) for scope in own)


def _check_above(account: Account, county_code: str) -> None:
    if not is_above(account, county_code):
        raise Forbidden("audit_level", N_("An audit of a county is in the hands of its city or province."))


def open_round(county_code: str, *, by: Account, now: datetime) -> AuditRound:
    """Open the audit of a county and commit to a seed that nobody has chosen and nobody is shown yet.

    Raises
    ------
    Invalid
        ``audit_county`` for an area that is no county.
    Forbidden
        ``audit_level`` for whoever is no officer above the county.
    Conflict
        ``audit_running`` while another round of the county is not closed.
    """
    area = get_area(county_code)
    if len(area.code) != Level.COUNTY:
        raise Invalid("audit_county", N_("Audits are made county by county."))
    _check_above(by, area.code)
    # Two officers who open at once: the second waits here and finds the round.
    db.session.execute(select(Area.code).where(Area.code == area.code).with_for_update(key_share=True))
    over = (RoundState.CLOSED, RoundState.DISCARDED)
    if db.session.scalars(select(AuditRound).where(AuditRound.county_code == area.code, AuditRound.state.not_in(over))).first():
        raise Conflict("audit_running", N_("An audit of this county is running already."))
    seed = secrets.token_hex(32)
    row = AuditRound(county_code=area.code, seed=seed, seed_hash=seed_hash(seed), opened_by_id=by.id, opened_at=now)
    db.session.add(row)
    db.session.flush()
    _record("opened", row, by, now, seed_hash=row.seed_hash)
    return row


def draw_sample(row: AuditRound, *, by: Account, now: datetime) -> bool:
    """Draw the sample from what is on file now; False when it was drawn before. From here on the round cannot be dropped.

    Raises
    ------
    Forbidden, Conflict
        ``audit_level``; ``audit_round_state``; ``audit_frame_empty`` where nothing is on file that could be drawn.
    """
    row = _locked(row)
    _check_above(by, row.county_code)
    state = ROUNDS.next_state(RoundState(row.state), RoundAction.DRAW)
    if state is None:
        return False
    day = local_day(now)
    frame, payments = household_frame(row.county_code, day), payment_frame(row.county_code, day)
    if not frame:
        raise Conflict("audit_frame_empty", N_("No household of this county is on file."))
    amounts = {payment.reference: payment.amount_fen for payment in payments}
    projects = project_frame(row.county_code)
    approved = {project.reference: project.approved_fen for project in projects}
    row.frame_hash = frame_hash([(one.kind, one.township, one.household.public_id) for one in frame], {**amounts, **approved})
    row.poor_persons = sum(one.persons for one in frame if one.category == StatusCategory.POOR)
    row.state, row.drawn_on, row.drawn_at = state, day, now
    db.session.flush()
    for kind in ASKED:
        _draw_households(row, kind, [one for one in frame if one.kind == kind], day)
    _draw_payments(row, {payment.reference: payment.id for payment in payments}, amounts, day)
    _draw_projects(row, {project.reference: project.id for project in projects}, approved, day)
    _record("drawn", row, by, now, seed=row.seed, frame_hash=row.frame_hash)
    return True


def _draw_households(row: AuditRound, kind: StratumKind, frame: list[Framed], day: date) -> None:
    by_township: dict[str, dict[str, Framed]] = defaultdict(dict)
    for one in frame:
        by_township[one.township][one.household.public_id] = one
    wanted = rule(precision_rules.HOUSEHOLDS[kind], row.county_code, day).value
    counts = shares({township: len(own) for township, own in by_township.items()}, wanted)
    units: list[dict[str, Any]] = []
    for township, own in sorted(by_township.items()):
        chosen = drawn(row.seed, own, counts[township])
        persons = sum(one.persons for one in own.values())
        stratum = _stratum(row, kind, township, len(own), persons, len(chosen))
        units += [
            {
                "public_id": ids.public_id(),
                "round_id": row.id,
                "stratum_id": stratum.id,
                "kind": kind,
                "household_id": own[name].household.id,
                "village_code": own[name].household.village_code,
                "persons": own[name].persons,
            }
            for name in chosen
        ]
    if units:
        db.session.execute(insert(AuditHousehold), units)


def _draw_payments(row: AuditRound, numbers: dict[str, int], amounts: dict[str, int], day: date) -> None:
    chosen = drawn_fen(row.seed, amounts, rule(precision_rules.FEN_DRAWN, row.county_code, day).value)
    if not chosen:
        return
    stratum = _stratum(row, StratumKind.PAYMENT, row.county_code, sum(amounts.values()), 0, sum(chosen.values()))
    for name, draws in sorted(chosen.items()):
        unit = {"stratum_id": stratum.id, "payment_id": numbers[name], "amount_fen": amounts[name], "draws": draws}
        db.session.add(AuditPayment(round_id=row.id, **unit))
    db.session.flush()


def _draw_projects(row: AuditRound, numbers: dict[str, int], amounts: dict[str, int], day: date) -> None:
    wanted = rule(precision_rules.PROJECT_FEN_DRAWN, row.county_code, day).value
    chosen = drawn_fen(row.seed, amounts, wanted, what="project")
    if not chosen:
        return
    stratum = _stratum(row, StratumKind.PROJECT, row.county_code, sum(amounts.values()), 0, sum(chosen.values()))
    for name, draws in sorted(chosen.items()):
        unit = {"stratum_id": stratum.id, "project_id": numbers[name], "amount_fen": amounts[name], "draws": draws}
        db.session.add(AuditProject(round_id=row.id, **unit))
    db.session.flush()


def _stratum(row: AuditRound, kind: StratumKind, area_code: str, size: int, persons: int, count: int) -> AuditStratum:
    made = AuditStratum(round_id=row.id, kind=kind, area_code=area_code, size=size, persons=persons, drawn=count)
    db.session.add(made)
    db.session.flush()
    return made


def discard_round(row: AuditRound, *, by: Account, now: datetime) -> bool:
    """Drop a round of which nothing was drawn; False when it was dropped before."""
    return _move(row, RoundAction.DISCARD, by, now)


def assign_auditor(row: AuditRound, auditor: Account, area_code: str, *, by: Account, now: datetime) -> AuditAssignment:
    """Give the sample of the county, or of one of its townships, to an auditor from outside; more than one may share it.

    Raises
    ------
    Forbidden
        ``audit_level``; ``audit_not_outside`` for an auditor who belongs to the county's own line.
    Invalid
        ``audit_elsewhere`` for an area that is neither the county nor a township of it.
    Conflict
        ``audit_over`` for a round that is no longer looked at; ``audit_assigned`` when they have it already.
    """
    row = _locked(row)
    _check_above(by, row.county_code)
    if RoundState(row.state) not in (RoundState.OPENED, RoundState.DRAWN):
        raise Conflict("audit_over", N_("Nothing more is looked at in this audit."))
    _check_outside(auditor, row.county_code)
    area = get_area(area_code)
    if not contains(row.county_code, area.code) or len(area.code) > Level.TOWNSHIP:
        raise Invalid("audit_elsewhere", N_("Please choose the county or one of its townships."))
    known = select(AuditAssignment).filter_by(round_id=row.id, account_id=auditor.id, area_code=area.code)
    if db.session.scalars(known).first():
        raise Conflict("audit_assigned", N_("This auditor has this part already."))
    made = AuditAssignment(round_id=row.id, account_id=auditor.id, area_code=area.code, by_id=by.id, at=now)
    db.session.add(made)
    db.session.flush()
    _record("assigned", row, by, now, auditor=auditor.public_id, area=area.code)
    return made


def _check_outside(account: Account, county_code: str) -> None:
    if not is_outside(account, county_code):
        raise Forbidden("audit_not_outside", N_("Only auditors from outside the county’s line look at its sample."))


def find_at_household(unit: AuditHousehold, findings: HouseholdFindings, *, by: Account, now: datetime) -> None:
    """Write down what was found at a household; until the round is handed in it may be put right.

    Raises
    ------
    Forbidden
        ``audit_not_outside``, also for one who has become an officer meanwhile.
    Conflict
        ``audit_over``.
    Invalid
        ``audit_answers`` when not exactly what this kind of household is asked is answered.
    """
    # The round is locked, so whatever is written down of its sample comes one after the other.
    row = _entering(unit.round_id, by)
    wanted = () if findings.unreached else ASKED[StratumKind(unit.kind)]
    answered = tuple(name for name in ASKED[StratumKind.REGISTERED] if getattr(findings, name) is not None)
    if answered != wanted:
        raise Invalid("audit_answers", N_("Please answer every question, or say why nobody was reached."))
    unit.in_place, unit.fits_cause = findings.in_place, findings.fits_cause
    unit.visited, unit.satisfied, unit.unreached = findings.visited, findings.satisfied, findings.unreached
    unit.found_by_id, unit.found_at = by.id, now
    db.session.flush()
    # What was found of whom stays out of the trail: it is read more widely than the sample.
    _record("household_found", row, by, now, unit=unit.public_id)


def find_of_payment(unit: AuditPayment, purpose: bool, payee: bool, *, by: Account, now: datetime) -> None:
    """Write down whether a payment reached its purpose and its payee; what cannot be shown has not reached it.

    Raises
    ------
    Forbidden, Conflict
        As ``find_at_household``.
    """
    # The round is locked, so whatever is written down of its sample comes one after the other.
    row = _entering(unit.round_id, by)
    unit.reached_purpose, unit.reached_payee, unit.found_by_id, unit.found_at = purpose, payee, by.id, now
    db.session.flush()
    _record("payment_found", row, by, now, unit=unit.public_id)


def find_of_project(unit: AuditProject, as_approved: bool, serves: bool, *, by: Account, now: datetime) -> None:
    """Write down whether a project stands as it was approved, and whether it serves those whom it was for.

    Raises
    ------
    Forbidden, Conflict
        As ``find_at_household``.
    """
    # The round is locked, so whatever is written down of its sample comes one after the other.
    row = _entering(unit.round_id, by)
    unit.as_approved, unit.serves, unit.found_by_id, unit.found_at = as_approved, serves, by.id, now
    db.session.flush()
    _record("project_found", row, by, now, unit=unit.public_id)


def _entering(round_id: int, by: Account) -> AuditRound:
    row = lock_rows(AuditRound, [round_id])[round_id]
    _check_outside(by, row.county_code)
    if row.state != RoundState.DRAWN:
        raise Conflict("audit_over", N_("Nothing more is looked at in this audit."))
    return row


def propose_closing(row: AuditRound, *, by: Account, now: datetime) -> bool:
    """Say that a round is complete; False when that was said before.

    Raises
    ------
    Forbidden, Conflict
        ``audit_level``; ``audit_round_state``; ``audit_waits`` while something drawn has not been looked at.
    """
    _check_above(by, row.county_code)
    if RoundState(row.state) == RoundState.DRAWN and not (seen := progress_of(row)).complete:
        raise Conflict("audit_waits", N_("%(count)s of the sample have not been looked at yet."), count=seen.drawn - seen.done)
    return _move(row, RoundAction.PROPOSE, by, now)


def return_round(row: AuditRound, *, by: Account, now: datetime) -> bool:
    """Give a round back to its auditors; False when it is with them already."""
    return _move(row, RoundAction.RETURN, by, now)


def close_round(row: AuditRound, *, by: Account, now: datetime) -> bool:
    """The second officer closes a round: from here on nothing in it changes, and it counts.

    Raises
    ------
    Forbidden
        ``audit_level``; ``same_person``.
    Conflict
        ``audit_round_state``.
    """
    return _move(row, RoundAction.CLOSE, by, now)


def _move(row: AuditRound, action: RoundAction, by: Account, now: datetime) -> bool:
    row = _locked(row)
    _check_above(by, row.county_code)
    if action is RoundAction.CLOSE and row.state == RoundState.CLOSING:
        check_second_person(by, row.proposed_by_id)
    state = ROUNDS.next_state(RoundState(row.state), action)
    if state is None:
        return False
    row.state = state
    if action is RoundAction.PROPOSE:
        row.proposed_by_id = by.id
    elif action is RoundAction.RETURN:
        row.proposed_by_id = None
    elif action is RoundAction.CLOSE:
        row.closed_by_id, row.closed_at = by.id, now
    db.session.flush()
    _record(state, row, by, now)
    return True


def _locked(row: AuditRound) -> AuditRound:
    return lock_rows(AuditRound, [row.id])[row.id]


def _record(verb: str, row: AuditRound, by: Account, now: datetime, **data: Any) -> None:
    audit.record(f"audit.{verb}", "audit_round", row.public_id, actor=by.public_id, at=now, county=row.county_code, **data)
