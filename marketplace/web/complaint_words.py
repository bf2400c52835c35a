"""Complaints and inspections in words: for who sends one, for the desk that hears it, and for inspectors and offices."""

from typing import Any

from flask_babel import gettext as _

from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.models import (
    About,
    AdverseKind,
    Channel,
    Complaint,
    ComplaintKind,
    ComplaintStep,
    Drawn,
    Inspection,
    InspectionFinding,
    Topic,
    Verdict,
)
from marketplace.complaints.states import ComplaintAction, ComplaintState, FindingState, InspectionState
from marketplace.identity.models import Account
from marketplace.kernel.errors import N_
from marketplace.regions.queries import ancestors
from marketplace.web.places import place_name

KINDS = {
    ComplaintKind.ADVICE: (N_("I have a question or an idea"), N_("Something is not clear, or could be done better.")),
    ComplaintKind.INVESTIGATION: (N_("Somebody should look into this"), N_("Something was done that is not right.")),
    ComplaintKind.MONEY: (N_("It is about money"), N_("Money is missing, too little, late, or went to the wrong people.")),
}
ABOUTS = {
    About.OFFICER: N_("An officer"),
    About.OFFICE: N_("An office or a village committee"),
    About.CASE: N_("Who is on the poverty register"),
    About.PROJECT: N_("A project"),
    About.FUND: N_("Public money"),
    About.POLICY: N_("A subsidy or policy for farmers"),
    About.ORDER: N_("An order on the market"),
    About.OTHER: N_("Something else"),
}
CHANNELS = {Channel.WEB: N_("online"), Channel.PHONE: N_("by phone"), Channel.LETTER: N_("by letter")}
STATES = {
    ComplaintState.RECEIVED: (N_("Waits to be taken on"), "wait"),
    ComplaintState.ASSIGNED: (N_("Somebody looks into it"), "wait"),
    ComplaintState.ANSWERED: (N_("Answered"), "good"),
    ComplaintState.DECLINED: (N_("Not followed, with a reason"), "neutral"),
    ComplaintState.CLOSED: (N_("Over"), "neutral"),
    ComplaintState.WITHDRAWN: (N_("Taken back"), "neutral"),
}
STEPS = {
    ComplaintAction.ASSIGN: N_("Taken on"),
    ComplaintAction.HAND_ON: N_("Handed on"),
    ComplaintAction.RELEASE: N_("Set free again: whoever had it may hear it no more"),
    ComplaintAction.ANSWER: N_("The answer"),
    ComplaintAction.DECLINE: N_("Why nothing is done"),
    ComplaintAction.ESCALATE: N_("The day went by: the level above has it now"),
    ComplaintAction.REOPEN: N_("You were not content: somebody else looks at it"),
    ComplaintAction.RATE: N_("Your stars"),
    ComplaintAction.LAPSE: N_("Nobody objected to the answer: it is over"),
    ComplaintAction.WITHDRAW: N_("Taken back"),
}
ADVERSE = {
    AdverseKind.EXIT: N_("A procedure to strike the household off the register began"),
    AdverseKind.PAYMENT: N_("Public money for the household was refused or taken back"),
    AdverseKind.SUSPICION: N_("A suspicion was raised against what the household sells"),
}
TOPICS = {Topic.FUNDS: N_("Public money"), Topic.PROJECTS: N_("Projects"), Topic.POLICY: N_("Policy for farmers")}
DRAWN = {Drawn.RISK: N_("by risk"), Drawn.LOT: N_("by lot")}
VERDICTS = {Verdict.RIGHT: N_("Right"), Verdict.WRONG: N_("Wrong"), Verdict.NOT_APPLICABLE: N_("Does not apply")}
INSPECTION_STATES = {
    InspectionState.PLANNED: (N_("Planned"), "wait"),
    InspectionState.UNDER_WAY: (N_("Under way"), "wait"),
    InspectionState.REPORTED: (N_("Reported"), "good"),
    InspectionState.CALLED_OFF: (N_("Called off"), "neutral"),
}
FINDING_STATES = {
    FindingState.FOUND: (N_("To be put right"), "bad"),
    FindingState.RECTIFIED: (N_("Put right, proof waits to be looked at"), "wait"),
    FindingState.CONFIRMED: (N_("Put right"), "good"),
    FindingState.APPEALED: (N_("Appealed against"), "wait"),
    FindingState.DROPPED: (N_("Dropped on appeal"), "neutral"),
}
SIGNS = {
    "complaints": N_("complaints"),
    "gap": N_("progress behind time"),
    "idle": N_("idle money"),
    "before": N_("findings before"),
    "size": N_("size"),
    "late": N_("milestones missed"),
    "contractor": N_("other projects of the same firm"),
    "split": N_("other projects it may be cut off from"),
}


def _chip(words: tuple[str, str]) -> tuple[str, str]:
    return str(_(words[0])), words[1]


def place_line(code: str) -> str:
    """A place with the two above it."""
    return " ".join(place_name(row.name) for row in ancestors(code)[-3:])


def kind_options() -> list[dict[str, str]]:
    """The kinds as cards to choose from."""
    return [{"value": kind.value, "label": _(label), "hint": _(hint)} for kind, (label, hint) in KINDS.items()]


def about_options() -> list[tuple[str, str]]:
    """What it can be about."""
    return [(about.value, _(words)) for about, words in ABOUTS.items()]


def office_options(code: str) -> list[tuple[str, str]]:
    """The offices over a place, the nearest first."""
    return [(row.code, place_name(row.name)) for row in reversed(ancestors(code))]


def star_options() -> list[dict[str, str]]:
    """One to five stars."""
    return [{"value": str(number), "label": "★" * number} for number in range(5, 0, -1)]


def complaint_words(complaint: Complaint, reader: Account | None = None) -> dict[str, Any]:
    """A complaint as its sender and its desk see it; who handles it and how to reach whoever sent it, the desk alone."""
    return {
        "public_id": complaint.public_id,
        "reference": complaint.reference,
        "kind": _(KINDS[ComplaintKind(complaint.kind)][0]),
        "about": _(ABOUTS[About(complaint.about)]),
        "subject": complaint.subject,
        "words": complaint.words,
        "channel": _(CHANNELS[Channel(complaint.channel)]),
        "place": place_line(complaint.area_code),
        "level": place_name(ancestors(complaint.heard_at)[-1].name),
        "made_on": complaint.made_on,
        "answer_by": complaint.answer_by,
        "due_on": complaint.due_on,
        "provisional": complaint.due_provisional,
        "state": _chip(STATES[ComplaintState(complaint.state)]),
        "open": complaint.state in (ComplaintState.RECEIVED, ComplaintState.ASSIGNED),
        "answered": complaint.state in (ComplaintState.ANSWERED, ComplaintState.DECLINED),
        "received": complaint.state == ComplaintState.RECEIVED,
        "rating": complaint.rating,
        "anonymous": complaint.anonymous,
        "name": complaint.name if reader else None,
        "contact": complaint.contact if reader else None,
        "mine": reader is not None and complaint.handler_id == reader.id,
        "escalations": complaint.escalations,
        "reopenings": complaint.reopenings,
    }


def step_words(row: ComplaintStep, by: str = "") -> dict[str, Any]:
    """One step."""
    words = _(STEPS[ComplaintAction(row.action)])
    return {"what": words, "words": row.words, "evidence": row.evidence, "day": row.done_on, "by": by}


def inspection_words(row: Inspection) -> dict[str, Any]:
    """An inspection as inspectors see it."""
    return {
        "public_id": row.public_id,
        "topic": _(TOPICS[Topic(row.topic)]),
        "title": place_name(row.title) if row.topic == Topic.POLICY else row.title,
        "place": place_line(row.area_code),
        "drawn": _(DRAWN[Drawn(row.drawn)]),
        "score": row.score_bp / 10_000,
        "signs": [(_(SIGNS[name]), row.features[name], row.weights[name]) for name in SIGNS if name in row.weights],
        "state": _chip(INSPECTION_STATES[InspectionState(row.state)]),
        "planned": row.state == InspectionState.PLANNED,
        "under_way": row.state == InspectionState.UNDER_WAY,
        "due_on": row.due_on,
    }


def item_words(topic: str, item: str) -> str:
    """An item of a checklist."""
    return str(_(CHECKLISTS[Topic(topic)][item]))


def finding_words(finding: InspectionFinding, inspection: Inspection) -> dict[str, Any]:
    """A finding as both sides see it."""
    return {
        "public_id": finding.public_id,
        "title": place_name(inspection.title) if inspection.topic == Topic.POLICY else inspection.title,
        "topic": _(TOPICS[Topic(inspection.topic)]),
        "item": item_words(inspection.topic, finding.item),
        **{name: getattr(finding, name) for name in ("words", "due_on", "done", "proof", "appeal", "answer")},
        "state": _chip(FINDING_STATES[FindingState(finding.state)]),
        "found": finding.state == FindingState.FOUND,
        "rectified": finding.state == FindingState.RECTIFIED,
        "appealed": finding.state == FindingState.APPEALED,
    }
