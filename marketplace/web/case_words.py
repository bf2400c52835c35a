"""The words of cases: what a procedure, a state, a step, a notice is called on a page."""

from flask_babel import gettext

from marketplace.kernel.errors import N_
from marketplace.registry.cases.procedures import Colour, colour
from marketplace.registry.models import (
    AlertState,
    CaseAction,
    CaseKind,
    CaseSource,
    CaseState,
    Department,
    NoticeKind,
    ObjectionState,
    Risk,
    StatusCategory,
)

KINDS = {
    CaseKind.ENTRY: N_("Entry"),
    CaseKind.EXIT: N_("Exit"),
    CaseKind.MONITORING: N_("Monitoring"),
}
STATES = {
    CaseState.APPLIED: N_("waits for the village assembly"),
    CaseState.VOTED: N_("accepted by the assembly"),
    CaseState.FIRST_NOTICE: N_("first notice hangs out"),
    CaseState.FIRST_CLOSED: N_("waits for the township’s check"),
    CaseState.CHECKED: N_("passed by the township"),
    CaseState.SECOND_NOTICE: N_("second notice hangs out"),
    CaseState.SECOND_CLOSED: N_("waits for the county’s review"),
    CaseState.REVIEWED: N_("passed by the county"),
    CaseState.ANNOUNCED: N_("announced"),
    CaseState.REGISTERED: N_("registered"),
    CaseState.PROPOSED: N_("proposed"),
    CaseState.VILLAGE_VERIFIED: N_("verified by the village"),
    CaseState.VERIFIED: N_("waits for the household’s word"),
    CaseState.AGREED: N_("the household agrees"),
    CaseState.NOTICE: N_("notice hangs out"),
    CaseState.NOTICE_CLOSED: N_("waits for the county"),
    CaseState.TRACKED: N_("out, tracked for a year"),
    CaseState.RETURNED: N_("came back"),
    CaseState.CLUE: N_("waits for the township’s look"),
    CaseState.MONITORED: N_("monitored"),
    CaseState.REMOVAL_PROPOSED: N_("end of monitoring proposed"),
    CaseState.REMOVAL_NOTICE: N_("notice of the end hangs out"),
    CaseState.REMOVAL_CLOSED: N_("end waits for the county"),
    CaseState.ENDED: N_("ended"),
    CaseState.HANDED_OVER: N_("handed over to another procedure"),
    CaseState.REFUSED: N_("does not go on"),
    CaseState.WITHDRAWN: N_("taken back"),
}
ACTIONS = {
    CaseAction.VOTE_IN: N_("The assembly accepted"),
    CaseAction.VOTE_DOWN: N_("The assembly did not accept"),
    CaseAction.PUBLISH_FIRST: N_("Hang out the first notice"),
    CaseAction.CLOSE_FIRST: N_("Close the first notice"),
    CaseAction.PASS_CHECK: N_("Passed by the township"),
    CaseAction.PUBLISH_SECOND: N_("Hang out the second notice"),
    CaseAction.CLOSE_SECOND: N_("Close the second notice"),
    CaseAction.PASS_REVIEW: N_("Passed by the county"),
    CaseAction.SEND_BACK: N_("Sent back to be looked at anew"),
    CaseAction.ANNOUNCE: N_("Announce the result"),
    CaseAction.REGISTER: N_("Register the households"),
    CaseAction.VERIFY: N_("Verified by the village"),
    CaseAction.VERIFY_AGAIN: N_("Verified by the work team"),
    CaseAction.AGREE: N_("The household agrees"),
    CaseAction.DISAGREE: N_("The household does not agree"),
    CaseAction.PUBLISH: N_("Hang out the notice"),
    CaseAction.CLOSE: N_("Close the notice"),
    CaseAction.LIFT: N_("Announce the exit"),
    CaseAction.RETURN: N_("Registered again"),
    CaseAction.CHECK: N_("Looked at and found right"),
    CaseAction.MONITOR: N_("Monitor the household"),
    CaseAction.PROPOSE_REMOVAL: N_("Propose to end the monitoring"),
    CaseAction.PUBLISH_REMOVAL: N_("Hang out the notice of the end"),
    CaseAction.CLOSE_REMOVAL: N_("Close the notice of the end"),
    CaseAction.KEEP: N_("Go on monitoring"),
    CaseAction.END: N_("End it"),
    CaseAction.HAND_OVER: N_("Handed over to another procedure"),
    CaseAction.REFUSE: N_("Do not go on"),
    CaseAction.WITHDRAW: N_("Take back the application"),
}
SOURCES = {
    CaseSource.HOUSEHOLD: N_("the household itself"),
    CaseSource.OFFICER: N_("an officer"),
    CaseSource.DEPARTMENT: N_("a department’s list"),
}
RISKS = {
    Risk.UNSTABLE: N_("Left poverty, not yet stable"),
    Risk.MARGINAL: N_("At the margin of poverty"),
    Risk.SUDDEN: N_("Sudden hardship"),
}
NOTICES = {
    NoticeKind.ENTRY_FIRST: N_("First notice: applications that the assembly has accepted"),
    NoticeKind.ENTRY_SECOND: N_("Second notice: applications that the township has checked"),
    NoticeKind.ENTRY_ANNOUNCEMENT: N_("Announcement: households to be registered"),
    NoticeKind.EXIT: N_("Notice: households that are to leave the register"),
    NoticeKind.EXIT_ANNOUNCEMENT: N_("Announcement: households that have left the register"),
    NoticeKind.MONITORING: N_("Notice: households to be monitored"),
    NoticeKind.REMOVAL: N_("Notice: households whose monitoring is to end"),
}
OBJECTIONS = {
    ObjectionState.OPEN: N_("not decided yet"),
    ObjectionState.UPHELD: N_("upheld"),
    ObjectionState.REJECTED: N_("rejected"),
}
DEPARTMENTS = {
    Department.VEHICLE: N_("Vehicles"),
    Department.HOUSE: N_("Houses"),
    Department.BUSINESS: N_("Businesses"),
    Department.PAYROLL: N_("Public payrolls"),
}
ALERTS = {
    AlertState.OPEN: N_("nobody has looked yet"),
    AlertState.EXPLAINED: N_("It is explained"),
    AlertState.TO_CORRECT: N_("The file is wrong and is corrected"),
    AlertState.EXIT_OPENED: N_("Propose an exit"),
}
CATEGORIES = {
    StatusCategory.POOR: N_("poor"),
    StatusCategory.MONITORED: N_("monitored"),
    StatusCategory.LIFTED_TRACKED: N_("lifted, tracked"),
}
_COLOURS = {
    Colour.RED: (N_("red: not yet out"), "bad"),
    Colour.GREEN: (N_("green: out"), "good"),
    Colour.YELLOW: (N_("yellow: came back"), "wait"),
}


def kind_words(kind: str) -> str:
    """What a procedure is called."""
    return str(gettext(KINDS[CaseKind(kind)]))


def state_words(state: str) -> str:
    """Where a case stands."""
    return str(gettext(STATES[CaseState(state)]))


def action_words(action: str) -> str:
    """What a step is called."""
    return str(gettext(ACTIONS[CaseAction(action)]))


def notice_words(kind: str) -> str:
    """What a notice makes known."""
    return str(gettext(NOTICES[NoticeKind(kind)]))


def category_words(category: str) -> str:
    """What a category is called."""
    return str(gettext(CATEGORIES[StatusCategory(category)]))


def exit_colour(state: str) -> tuple[str, str]:
    """The colour of an exit, in words and as a chip's tone."""
    words, tone = _COLOURS[colour(CaseState(state))]
    return str(gettext(words)), tone
