"""Demands, quotes, contracts and what became of them, in words."""

import enum

from flask_babel import gettext as _

from marketplace.catalogue.models import CertificateKind
from marketplace.kernel.errors import N_
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Demand, DemandKind, DemandWay, MemberRole
from marketplace.sourcing.states import ContractState, DemandState, PartState, QuoteState
from marketplace.web.evidence import KIND_NAMES
from marketplace.web.languages import pick

_GRADES = {
    Grade.SPECIAL: N_("Special grade"),
    Grade.FIRST: N_("First grade"),
    Grade.SECOND: N_("Second grade"),
    Grade.UNGRADED: N_("Any grade"),
}
_WAYS = {
    DemandWay.QUOTES: (N_("Ask for quotes"), N_("Farms answer with a price; you can answer back.")),
    DemandWay.TENDER: (N_("Sealed tender"), N_("Nobody sees a bid until two of you open them together.")),
    DemandWay.MATCHING: (N_("Match it for me"), N_("The market makes a plan over many households; you approve it.")),
}
_KINDS = {
    DemandKind.ONE_OFF: N_("Once"),
    DemandKind.RECURRING: N_("Every week"),
    DemandKind.FORWARD: N_("Before harvest"),
}
_ROLES = {
    MemberRole.OWNER: N_("Owner"),
    MemberRole.BUYER: N_("Buyer"),
    MemberRole.APPROVER: N_("Approver"),
    MemberRole.RECEIVER: N_("Receiver of goods"),
}
_DEMANDS = {
    DemandState.DRAFT: (N_("Draft"), "neutral"),
    DemandState.OPEN: (N_("Open for answers"), "info"),
    DemandState.CHOOSING: (N_("To be decided"), "wait"),
    DemandState.CONTRACTED: (N_("Under contract"), "good"),
    DemandState.UNMET: (N_("Nobody chosen in time"), "neutral"),
    DemandState.WITHDRAWN: (N_("Taken back"), "neutral"),
}
_QUOTES = {
    QuoteState.OFFERED: (N_("Has offered"), "info"),
    QuoteState.COUNTERED: (N_("The farm is thinking"), "wait"),
    QuoteState.CHOSEN: (N_("Chosen"), "good"),
    QuoteState.DECLINED: (N_("Declined"), "neutral"),
    QuoteState.WITHDRAWN: (N_("Taken back"), "neutral"),
    QuoteState.LAPSED: (N_("Time is over"), "neutral"),
}
_CONTRACTS = {
    ContractState.TO_APPROVE: (N_("Waits for approval"), "wait"),
    ContractState.IN_FORCE: (N_("Binding"), "good"),
    ContractState.FULFILLED: (N_("Fulfilled"), "neutral"),
    ContractState.REFUSED: (N_("Not approved"), "neutral"),
}
_PARTS = {
    PartState.AGREED: (N_("Agreed"), "neutral"),
    PartState.ORDERED: (N_("Ordered"), "info"),
    PartState.WEIGHED: (N_("Weighed, the farm is asked"), "wait"),
    PartState.QUESTIONED: (N_("Questioned, to be weighed again"), "wait"),
    PartState.ACCEPTED: (N_("Accepted as good"), "good"),
    PartState.REFUSED: (N_("Refused at the door"), "bad"),
    PartState.FAILED: (N_("Did not come"), "bad"),
    PartState.DROPPED: (N_("Dropped"), "neutral"),
}
# Why a part did not come, by the code that was written down.
_REASONS = {
    "sold_out": N_("The goods were sold out or taken off sale."),
    "held": N_("Others were just buying the last of these goods."),
    "season_over": N_("The goods were out of season."),
    "not_open_yet": N_("The goods were out of season."),
    "not_sent_there": N_("The goods cannot be sent to this place."),
    "unit_changed": N_("The goods are no longer sold in such small amounts."),
    "order_cancelled": N_("The order was cancelled, or its parcel was lost."),
    "never_sent": N_("The goods were never sent."),
    "surplus_left": N_(
        "What came above the order is not paid: the farm had not noted it as stock, or it could not be sold any more."
    ),
    "not approved in time": N_("It was not approved in time."),
}


def grade_name(grade: str) -> str:
    """A grade in words."""
    return str(_(_GRADES[Grade(grade)]))


def grade_options() -> list[tuple[str, str]]:
    """The grades to choose among, any first."""
    return [(grade.value, grade_name(grade)) for grade in reversed(Grade)]


def way_options() -> list[dict[str, str]]:
    """The ways in which sellers are found, as cards."""
    return [{"value": way.value, "label": _(label), "hint": _(hint)} for way, (label, hint) in _WAYS.items()]


def way_name(way: str) -> str:
    """A way in words."""
    return str(_(_WAYS[DemandWay(way)][0]))


def kind_options() -> list[tuple[str, str]]:
    """How often something is wanted."""
    return [(kind.value, _(label)) for kind, label in _KINDS.items()]


def kind_name(kind: str) -> str:
    """How often something is wanted, in words."""
    return str(_(_KINDS[DemandKind(kind)]))


def role_name(role: str) -> str:
    """A member's part in words."""
    return str(_(_ROLES[MemberRole(role)]))


def role_options() -> list[tuple[str, str]]:
    """The parts a member can have."""
    return [(role.value, role_name(role)) for role in MemberRole if role is not MemberRole.OWNER] + [
        (MemberRole.OWNER.value, role_name(MemberRole.OWNER))
    ]


def chip(state: enum.StrEnum) -> tuple[str, str]:
    """A state's words and tone."""
    for words in (_DEMANDS, _QUOTES, _CONTRACTS, _PARTS):
        found = next((said for known, said in words.items() if known is state), None)
        if found is not None:
            return str(_(found[0])), found[1]
    raise KeyError(state)


def reason_words(reason: str) -> str:
    """Why a part did not come, in words; what a person wrote stays as it is."""
    return str(_(_REASONS[reason])) if reason in _REASONS else reason


def certificate_name(kind: str) -> str:
    """A kind of certificate in words."""
    return str(_(KIND_NAMES[CertificateKind(kind)]))


def goods_name(demand: Demand) -> str:
    """What is wanted."""
    goods = demand.product or demand.category
    assert goods is not None
    return pick(goods.name_zh, goods.name_en)
