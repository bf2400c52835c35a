"""The states of complaints, inspections and findings, who may move them, and within which time. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class ComplaintState(enum.StrEnum):
    """Where a complaint stands."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    # Heard and not followed, with a reason.
    DECLINED = "declined"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class ComplaintAction(enum.StrEnum):
    """What can happen to a complaint."""

    ASSIGN = "assign"
    HAND_ON = "hand_on"
    RELEASE = "release"
    ANSWER = "answer"
    DECLINE = "decline"
    ESCALATE = "escalate"
    REOPEN = "reopen"
    RATE = "rate"
    LAPSE = "lapse"
    WITHDRAW = "withdraw"


class Actor(enum.StrEnum):
    """Who takes a step."""

    DESK = "desk"
    HANDLER = "handler"
    COMPLAINANT = "complainant"
    CLOCK = "clock"
    OFFICE = "office"
    INSPECTOR = "inspector"
    # Not the one who found it.
    OTHER_INSPECTOR = "other_inspector"


class InspectionState(enum.StrEnum):
    """Where an inspection stands; the inspected office learns of it when it is reported."""

    PLANNED = "planned"
    UNDER_WAY = "under_way"
    REPORTED = "reported"
    CALLED_OFF = "called_off"


class InspectionAction(enum.StrEnum):
    """What can happen to an inspection."""

    BEGIN = "begin"
    REPORT = "report"
    CALL_OFF = "call_off"


class FindingState(enum.StrEnum):
    """Where a finding stands."""

    FOUND = "found"
    RECTIFIED = "rectified"
    CONFIRMED = "confirmed"
    APPEALED = "appealed"
    DROPPED = "dropped"


class FindingAction(enum.StrEnum):
    """What can happen to a finding."""

    RECTIFY = "rectify"
    CONFIRM = "confirm"
    SEND_BACK = "send_back"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    REJECT = "reject"


_C, _A = ComplaintState, ComplaintAction
COMPLAINTS = StateMachine(
    "complaint_state",
    N_("This complaint has moved on: that can no longer be done."),
    {
        (_C.RECEIVED, _A.ASSIGN): _C.ASSIGNED,
        (_C.RECEIVED, _A.ESCALATE): _C.RECEIVED,
        (_C.RECEIVED, _A.WITHDRAW): _C.WITHDRAWN,
        (_C.ASSIGNED, _A.HAND_ON): _C.ASSIGNED,
        (_C.ASSIGNED, _A.RELEASE): _C.RECEIVED,
        (_C.ASSIGNED, _A.ANSWER): _C.ANSWERED,
        (_C.ASSIGNED, _A.DECLINE): _C.DECLINED,
        (_C.ASSIGNED, _A.ESCALATE): _C.RECEIVED,
        (_C.ASSIGNED, _A.WITHDRAW): _C.WITHDRAWN,
        (_C.ANSWERED, _A.REOPEN): _C.RECEIVED,
        (_C.ANSWERED, _A.RATE): _C.CLOSED,
        (_C.ANSWERED, _A.LAPSE): _C.CLOSED,
        (_C.DECLINED, _A.REOPEN): _C.RECEIVED,
        (_C.DECLINED, _A.RATE): _C.CLOSED,
        (_C.DECLINED, _A.LAPSE): _C.CLOSED,
    },
)
INSPECTIONS = StateMachine(
    "inspection_state",
    N_("This inspection has moved on: that can no longer be done."),
    {
        (InspectionState.PLANNED, InspectionAction.BEGIN): InspectionState.UNDER_WAY,
        (InspectionState.PLANNED, InspectionAction.CALL_OFF): InspectionState.CALLED_OFF,
        (InspectionState.UNDER_WAY, InspectionAction.REPORT): InspectionState.REPORTED,
    },
)
FINDINGS = StateMachine(
    "inspection_finding_state",
    N_("This finding has moved on: that can no longer be done."),
    {
        (FindingState.FOUND, FindingAction.RECTIFY): FindingState.RECTIFIED,
        (FindingState.FOUND, FindingAction.APPEAL): FindingState.APPEALED,
        (FindingState.RECTIFIED, FindingAction.CONFIRM): FindingState.CONFIRMED,
        (FindingState.RECTIFIED, FindingAction.SEND_BACK): FindingState.FOUND,
        (FindingState.APPEALED, FindingAction.UPHOLD): FindingState.DROPPED,
        (FindingState.APPEALED, FindingAction.REJECT): FindingState.FOUND,
    },
)
# Who takes which step.
ACTORS: dict[enum.StrEnum, Actor] = {
    _A.ASSIGN: Actor.DESK,
    _A.HAND_ON: Actor.DESK,
    _A.RELEASE: Actor.CLOCK,
    _A.ANSWER: Actor.HANDLER,
    _A.DECLINE: Actor.HANDLER,
    _A.ESCALATE: Actor.CLOCK,
    _A.REOPEN: Actor.COMPLAINANT,
    _A.RATE: Actor.COMPLAINANT,
    _A.LAPSE: Actor.CLOCK,
    _A.WITHDRAW: Actor.COMPLAINANT,
    InspectionAction.BEGIN: Actor.INSPECTOR,
    InspectionAction.REPORT: Actor.INSPECTOR,
    InspectionAction.CALL_OFF: Actor.INSPECTOR,
    FindingAction.RECTIFY: Actor.OFFICE,
    FindingAction.APPEAL: Actor.OFFICE,
    FindingAction.CONFIRM: Actor.INSPECTOR,
    FindingAction.SEND_BACK: Actor.INSPECTOR,
    FindingAction.UPHOLD: Actor.OTHER_INSPECTOR,
    FindingAction.REJECT: Actor.OTHER_INSPECTOR,
}
# The rule that says within which time the next step is due, by state; ended ones have none.
DEADLINES: dict[enum.StrEnum, str] = {
    _C.RECEIVED: "complaint.take_up",
    # By kind of complaint, from the day on which it was made.
    _C.ASSIGNED: "complaint.answer",
    _C.ANSWERED: "complaint.reopen",
    _C.DECLINED: "complaint.reopen",
    InspectionState.PLANNED: "inspection.begin",
    InspectionState.UNDER_WAY: "inspection.report",
    FindingState.FOUND: "inspection.rectify",
    FindingState.RECTIFIED: "inspection.confirm",
    FindingState.APPEALED: "inspection.appeal",
}
