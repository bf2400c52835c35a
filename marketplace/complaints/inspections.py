"""Inspections: planned by risk and lot, made with a checklist, reported; findings, put right with proof or appealed against."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.complaints.candidates import candidates
from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.models import Drawn, Inspection, InspectionAnswer, InspectionFinding, Topic, Verdict
from marketplace.complaints.risk import choose
from marketplace.complaints.states import (
    FINDINGS,
    INSPECTIONS,
    FindingAction,
    FindingState,
    InspectionAction,
    InspectionState,
)
from marketplace.complaints.terms import due_day
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see, scopes
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.regions.queries import get_area, within_any
from marketplace.registry import complaint_rules
from marketplace.registry.rules import rule

MOST, _LONGEST = 50, 400
# By which rule the signs of each topic are weighed.
WEIGHTS = {
    Topic.FUNDS: complaint_rules.WEIGHTS,
    Topic.PROJECTS: complaint_rules.PROJECT_WEIGHTS,
    Topic.POLICY: complaint_rules.WEIGHTS,
}


def plan_inspections(
    topic: Topic, area_code: str, number: int, *, by: Account, now: datetime, lots: random.Random | None = None
) -> list[Inspection]:
    """Put so many inspections into the plan, by the rule's weights and, for its share, by lot.

    Raises
    ------
    NotFound
        ``area_unknown`` outside the areas that somebody audits.
    Invalid
        ``inspection_number``.
    """
    _check_auditor(by, area_code)
    if not 1 <= number <= MOST:
        raise Invalid("inspection_number", N_("Please plan 1 to 50 inspections at a time."))
    today = local_day(now)
    weights: dict[str, int] = rule(WEIGHTS[topic], area_code, today).value
    share: int = rule(complaint_rules.RANDOM_SHARE, area_code, today).value
    # Nobody may be able to work out who is drawn.
    chosen = choose(candidates(topic, area_code, today), number, weights, share, lots or random.SystemRandom())
    rows = [
        Inspection(
            topic=topic,
            subject=each.subject,
            title=each.title,
            area_code=each.area_code,
            drawn=Drawn.LOT if by_lot else Drawn.RISK,
            score_bp=score,
            features=each.signs.as_dict(weights),
            weights=weights,
            planned_by_id=by.id,
            planned_on=today,
            due_on=due_day(complaint_rules.BEGIN, each.area_code, today).on,
        )
        for each, score, by_lot in chosen
    ]
    db.session.add_all(rows)
    db.session.flush()
    audit.record("inspection.planned", "area", area_code, actor=by.public_id, at=now, topic=topic.value, number=len(rows))
    return rows


def begin_inspection(inspection: Inspection, *, by: Account, now: datetime) -> bool:
    """Begin; False when it has begun. Of two who begin at once one does."""
    inspection = _locked(inspection, by)
    if _move(inspection, InspectionAction.BEGIN) is None:
        return False
    inspection.inspector_id = by.id
    inspection.due_on = due_day(complaint_rules.REPORT, inspection.area_code, local_day(now)).on
    _note(inspection, InspectionAction.BEGIN, by, now)
    return True


def call_off(inspection: Inspection, *, by: Account, now: datetime) -> bool:
    """Take a planned inspection out of the plan; False when it is out."""
    inspection = _locked(inspection, by)
    if _move(inspection, InspectionAction.CALL_OFF) is None:
        return False
    inspection.due_on = None
    _note(inspection, InspectionAction.CALL_OFF, by, now)
    return True


def answer_items(inspection: Inspection, said: Mapping[str, tuple[Verdict, str]], *, by: Account, now: datetime) -> None:
    """Write down what was seen, item by item; said again, the later word holds.

    Raises
    ------
    Invalid
        ``checklist_item`` for an item that the list does not have; ``checklist_words`` where something is wrong and nobody says
        what.
    Forbidden, Conflict
        ``not_inspector``; ``inspection_state`` before it has begun or after the report.
    """
    inspection = _begun(inspection, by)
    for item, (verdict, words) in said.items():
        if item not in CHECKLISTS[Topic(inspection.topic)]:
            raise Invalid("checklist_item", N_("The checklist has no such item."))
        if (verdict is Verdict.WRONG and not words.strip()) or len(words) > _LONGEST:
            raise Invalid("checklist_words", N_("Please say in at most 400 characters what is wrong, wherever something is."))
        row = insert(InspectionAnswer).values(inspection_id=inspection.id, item=item, verdict=verdict, words=words.strip())
        again = {"verdict": row.excluded.verdict, "words": row.excluded.words}
        db.session.execute(row.on_conflict_do_update(index_elements=["inspection_id", "item"], set_=again))
    db.session.flush()
    db.session.expire_all()


def report(inspection: Inspection, *, by: Account, now: datetime) -> list[InspectionFinding]:
    """End an inspection; what is wrong becomes findings that the office reads from now on.

    Raises
    ------
    Invalid
        ``checklist_open`` while an item has no answer.
    Forbidden, Conflict
        As ``answer_items``.
    """
    inspection = _begun(inspection, by)
    answers, today = answers_of(inspection), local_day(now)
    if answers.keys() != CHECKLISTS[Topic(inspection.topic)].keys():
        raise Invalid("checklist_open", N_("Some items of the checklist have no answer yet."))
    due_on = due_day(complaint_rules.RECTIFY, inspection.area_code, today).on
    rows = [
        InspectionFinding(inspection_id=inspection.id, item=item, words=row.words, found_by_id=by.id, due_on=due_on)
        for item, row in answers.items()
        if row.verdict == Verdict.WRONG
    ]
    _move(inspection, InspectionAction.REPORT)
    inspection.due_on, inspection.reported_on = None, today
    db.session.add_all(rows)
    _note(inspection, InspectionAction.REPORT, by, now, findings=len(rows))
    return rows


def move_finding(
    finding: InspectionFinding, action: FindingAction, words: str, proof: str = "", *, by: Account, now: datetime
) -> bool:
    """Take a finding further; False when that was done already.

    The office puts it right with the number of the proof, or appeals once; an inspector confirms or sends it back, and of an
    appeal another one decides than who found it.

    Raises
    ------
    Forbidden
        ``other_side`` for an inspector's step by an officer and the other way round; ``same_person``.
    Invalid
        ``reason_needed``; ``proof_needed``.
    Conflict
        ``inspection_finding_state``; ``appealed_once``.
    NotFound
        Outside one's areas.
    """
    finding = lock_rows(InspectionFinding, [finding.id])[finding.id]
    inspection = db.session.get_one(Inspection, finding.inspection_id)
    _check_side(inspection, finding, action, by)
    state = FINDINGS.next_state(FindingState(finding.state), action)
    if state is None:
        return False
    words, proof = words.strip(), proof.strip()
    if len(words) > _LONGEST or (not words and action is not FindingAction.CONFIRM):
        raise Invalid("reason_needed", N_("Please say why."))
    if action is FindingAction.RECTIFY:
        if not 0 < len(proof) <= 120:
            raise Invalid("proof_needed", N_("Please name the paper or picture that proves it."))
        finding.done, finding.proof, finding.rectified_by_id = words, proof, by.id
    elif action is FindingAction.APPEAL:
        if finding.appeal:
            raise Conflict("appealed_once", N_("This was appealed against and decided; now it is to be put right."))
        finding.appeal = words
    else:
        finding.answer = words
        if action in (FindingAction.UPHOLD, FindingAction.REJECT):
            finding.appeal_decided_by_id = by.id
    finding.state, finding.due_on = state, _due(state, inspection, now)
    db.session.flush()
    audit.record(
        f"finding.{action.value}", "inspection_finding", finding.public_id, actor=by.public_id, at=now, state=state.value
    )
    return True


def inspections_for(account: Account) -> Sequence[Inspection]:
    """The plan of the areas that somebody audits: what is under way, what is planned by score, then what is over."""
    order = [InspectionState.UNDER_WAY, InspectionState.PLANNED, InspectionState.REPORTED, InspectionState.CALLED_OFF]
    areas = scopes(account, RoleKind.AUDITOR)
    query = select(Inspection).where(within_any(Inspection.area_code, areas))
    rows = db.session.scalars(query.limit(1000)).all()
    return sorted(rows, key=lambda row: (order.index(InspectionState(row.state)), -row.score_bp, row.id))


def get_inspection_for(public_id: str, account: Account) -> Inspection:
    """An inspection of the areas that somebody audits, or ``NotFound``."""
    found = db.session.scalars(select(Inspection).filter_by(public_id=public_id)).first()
    if found is None or not may_see(account, RoleKind.AUDITOR, found.area_code):
        raise _unknown()
    return found


def answers_of(inspection: Inspection) -> dict[str, InspectionAnswer]:
    """What was said so far, by item."""
    rows = db.session.scalars(select(InspectionAnswer).filter_by(inspection_id=inspection.id))
    return {row.item: row for row in rows}


def findings_for(account: Account) -> list[tuple[InspectionFinding, Inspection]]:
    """The findings of the areas that somebody audits or holds office in, what is due soonest first."""
    query = select(InspectionFinding, Inspection).join(Inspection, Inspection.id == InspectionFinding.inspection_id)
    areas = {role.scope_code for role in account.roles if role.kind in (RoleKind.AUDITOR, RoleKind.OFFICER)}
    query = query.where(within_any(Inspection.area_code, areas))
    rows = db.session.execute(query.order_by(InspectionFinding.due_on.nulls_last(), InspectionFinding.id.desc()).limit(500))
    return [(finding, inspection) for finding, inspection in rows]


def get_finding_for(public_id: str, account: Account) -> InspectionFinding:
    """A finding of one's areas, or ``NotFound``."""
    for finding, _ in findings_for(account):
        if finding.public_id == public_id:
            return finding
    raise NotFound("finding_unknown", N_("There is no such finding."))


def _due(state: FindingState, inspection: Inspection, now: datetime) -> date | None:
    names = {
        FindingState.FOUND: complaint_rules.RECTIFY,
        FindingState.RECTIFIED: complaint_rules.CONFIRM,
        FindingState.APPEALED: complaint_rules.APPEAL,
    }
    return due_day(names[state], inspection.area_code, local_day(now)).on if state in names else None


def _check_side(inspection: Inspection, finding: InspectionFinding, action: FindingAction, by: Account) -> None:
    office = action in (FindingAction.RECTIFY, FindingAction.APPEAL)
    kind, other = (RoleKind.OFFICER, RoleKind.AUDITOR) if office else (RoleKind.AUDITOR, RoleKind.OFFICER)
    if not may_see(by, kind, inspection.area_code):
        if may_see(by, other, inspection.area_code):
            raise Forbidden("other_side", N_("This step belongs to the other side of an inspection."))
        raise NotFound("finding_unknown", N_("There is no such finding."))
    decides = action in (FindingAction.UPHOLD, FindingAction.REJECT)
    if (decides and by.id == finding.found_by_id) or (not office and by.id == finding.rectified_by_id):
        raise Forbidden("same_person", N_("Somebody else has to look at this: you wrote it yourself."))


def _check_auditor(by: Account, area_code: str) -> None:
    get_area(area_code)
    if not may_see(by, RoleKind.AUDITOR, area_code):
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=area_code[:20])


def _locked(inspection: Inspection, by: Account) -> Inspection:
    found = lock_rows(Inspection, [inspection.id])[inspection.id]
    if not may_see(by, RoleKind.AUDITOR, found.area_code):
        raise _unknown()
    return found


def _begun(inspection: Inspection, by: Account) -> Inspection:
    found = _locked(inspection, by)
    if found.state != InspectionState.UNDER_WAY:
        raise Conflict("inspection_state", N_("This inspection has moved on: that can no longer be done."))
    if found.inspector_id != by.id:
        raise Forbidden("not_inspector", N_("Somebody else makes this inspection."))
    return found


def _move(inspection: Inspection, action: InspectionAction) -> InspectionState | None:
    state = INSPECTIONS.next_state(InspectionState(inspection.state), action)
    if state is not None:
        inspection.state = state
    return state


def _note(inspection: Inspection, action: InspectionAction, by: Account, now: datetime, **data: int) -> None:
    db.session.flush()
    audit.record(f"inspection.{action.value}", "inspection", inspection.public_id, actor=by.public_id, at=now, **data)


def _unknown() -> NotFound:
    return NotFound("inspection_unknown", N_("There is no such inspection."))
