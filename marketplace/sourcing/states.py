"""The states of demands, quotes, tenders, plans, contracts and acceptances: who moves them, and by when. Pure, no database."""

import enum
from collections.abc import Mapping
from datetime import timedelta

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class Party(enum.StrEnum):
    """Who moves something along."""

    BUYER = "buyer"
    APPROVER = "approver"
    SELLER = "seller"
    OPENERS = "openers"
    CLOCK = "clock"


class DemandState(enum.StrEnum):
    """Where a demand stands: written, open for answers, its answers being chosen among, and one of three ends."""

    DRAFT = "draft"
    OPEN = "open"
    CHOOSING = "choosing"
    CONTRACTED = "contracted"
    UNMET = "unmet"
    WITHDRAWN = "withdrawn"


class DemandAction(enum.StrEnum):
    """What can happen to a demand."""

    PUBLISH = "publish"
    CLOSE = "close"
    CONTRACT = "contract"
    REOPEN = "reopen"
    LAPSE = "lapse"
    WITHDRAW = "withdraw"


_D, _DA = DemandState, DemandAction
DEMANDS = StateMachine(
    "demand_state",
    N_("This demand can no longer be changed that way."),
    {
        (_D.DRAFT, _DA.PUBLISH): _D.OPEN,
        (_D.OPEN, _DA.CLOSE): _D.CHOOSING,
        (_D.CHOOSING, _DA.CONTRACT): _D.CONTRACTED,
        # Whoever may approve the contract said no: its answers can be chosen among again.
        (_D.CONTRACTED, _DA.REOPEN): _D.CHOOSING,
        (_D.CHOOSING, _DA.LAPSE): _D.UNMET,
        **{(state, _DA.WITHDRAW): _D.WITHDRAWN for state in (_D.DRAFT, _D.OPEN, _D.CHOOSING)},
    },
)
# How long a buyer may choose among answers; after it the farms' goods are free for others.
TIME_TO_CHOOSE = timedelta(days=14)


class QuoteState(enum.StrEnum):
    """Where a quote stands: whose word is next, or how it ended."""

    OFFERED = "offered"
    COUNTERED = "countered"
    CHOSEN = "chosen"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class QuoteAction(enum.StrEnum):
    """What can happen to a quote."""

    COUNTER = "counter"
    OFFER = "offer"
    CHOOSE = "choose"
    RELEASE = "release"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


_Q, _QA = QuoteState, QuoteAction
_TALKING = (_Q.OFFERED, _Q.COUNTERED)
QUOTES = StateMachine(
    "quote_state",
    N_("This quote can no longer be changed that way."),
    {
        (_Q.OFFERED, _QA.COUNTER): _Q.COUNTERED,
        (_Q.COUNTERED, _QA.OFFER): _Q.OFFERED,
        (_Q.OFFERED, _QA.CHOOSE): _Q.CHOSEN,
        (_Q.CHOSEN, _QA.RELEASE): _Q.OFFERED,
        **{(state, _QA.DECLINE): _Q.DECLINED for state in _TALKING},
        **{(state, _QA.WITHDRAW): _Q.WITHDRAWN for state in _TALKING},
        **{(state, _QA.LAPSE): _Q.LAPSED for state in _TALKING},
    },
)
# How long a seller may think about a counter-offer, or a buyer about an offer made in answer to one.
TIME_TO_ANSWER = timedelta(days=3)


class TenderState(enum.StrEnum):
    """Where a tender stands: bids come in sealed, two persons open them, one choice is made, or it came to nothing."""

    SEALED = "sealed"
    ONE_KEY = "one_key"
    OPENED = "opened"
    DECIDED = "decided"
    VOID = "void"


class TenderAction(enum.StrEnum):
    """What can happen to a tender."""

    FIRST_KEY = "first_key"
    SECOND_KEY = "second_key"
    DECIDE = "decide"
    UNDO = "undo"
    VOID = "void"


_T, _TA = TenderState, TenderAction
TENDERS = StateMachine(
    "tender_state",
    N_("This tender can no longer be changed that way."),
    {
        (_T.SEALED, _TA.FIRST_KEY): _T.ONE_KEY,
        (_T.ONE_KEY, _TA.SECOND_KEY): _T.OPENED,
        (_T.OPENED, _TA.DECIDE): _T.DECIDED,
        (_T.DECIDED, _TA.UNDO): _T.OPENED,
        **{(state, _TA.VOID): _T.VOID for state in (_T.SEALED, _T.ONE_KEY, _T.OPENED)},
    },
)


class BidState(enum.StrEnum):
    """What a bid is: sealed, taken back, opened, chosen; or spoiled, because what was in it could not be meant."""

    SEALED = "sealed"
    WITHDRAWN = "withdrawn"
    OPENED = "opened"
    CHOSEN = "chosen"
    SPOILED = "spoiled"


class PlanState(enum.StrEnum):
    """Where a plan stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


class PlanAction(enum.StrEnum):
    """What can happen to a plan."""

    APPROVE = "approve"
    REJECT = "reject"
    SUPERSEDE = "supersede"


_P, _PA = PlanState, PlanAction
PLANS = StateMachine(
    "plan_state",
    N_("This plan can no longer be changed that way."),
    {
        (_P.PROPOSED, _PA.APPROVE): _P.APPROVED,
        (_P.PROPOSED, _PA.REJECT): _P.REJECTED,
        **{(state, _PA.SUPERSEDE): _P.SUPERSEDED for state in (_P.PROPOSED, _P.APPROVED)},
    },
)


class PlanPartState(enum.StrEnum):
    """Where a household's part of a plan stands."""

    PROPOSED = "proposed"
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    CUT = "cut"
    ORDERED = "ordered"
    DELIVERED = "delivered"


class PlanPartAction(enum.StrEnum):
    """What can happen to a part of a plan."""

    ASK = "ask"
    ACCEPT = "accept"
    DECLINE = "decline"
    LAPSE = "lapse"
    CUT = "cut"
    ORDER = "order"
    DELIVER = "deliver"


_PP, _PPA = PlanPartState, PlanPartAction
PLAN_PARTS = StateMachine(
    "plan_part_state",
    N_("This part can no longer be changed that way."),
    {
        (_PP.PROPOSED, _PPA.ASK): _PP.ASKED,
        (_PP.ASKED, _PPA.ACCEPT): _PP.ACCEPTED,
        (_PP.ASKED, _PPA.DECLINE): _PP.DECLINED,
        (_PP.ASKED, _PPA.LAPSE): _PP.LAPSED,
        **{(state, _PPA.CUT): _PP.CUT for state in (_PP.PROPOSED, _PP.ASKED, _PP.ACCEPTED)},
        (_PP.ACCEPTED, _PPA.ORDER): _PP.ORDERED,
        (_PP.ORDERED, _PPA.DELIVER): _PP.DELIVERED,
    },
)


class ContractState(enum.StrEnum):
    """Where a contract stands."""

    TO_APPROVE = "to_approve"
    IN_FORCE = "in_force"
    FULFILLED = "fulfilled"
    REFUSED = "refused"


class ContractAction(enum.StrEnum):
    """What can happen to a contract."""

    APPROVE = "approve"
    REFUSE = "refuse"
    LAPSE = "lapse"
    FULFIL = "fulfil"


_C, _CA = ContractState, ContractAction
CONTRACTS = StateMachine(
    "contract_state",
    N_("This contract can no longer be changed that way."),
    {
        (_C.TO_APPROVE, _CA.APPROVE): _C.IN_FORCE,
        (_C.TO_APPROVE, _CA.REFUSE): _C.REFUSED,
        (_C.TO_APPROVE, _CA.LAPSE): _C.REFUSED,
        (_C.IN_FORCE, _CA.FULFIL): _C.FULFILLED,
    },
)
TIME_TO_APPROVE = timedelta(days=7)


class PartState(enum.StrEnum):
    """Where one seller's part of one delivery of a contract stands."""

    AGREED = "agreed"
    ORDERED = "ordered"
    WEIGHED = "weighed"
    QUESTIONED = "questioned"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    DROPPED = "dropped"


class PartAction(enum.StrEnum):
    """What can happen to a part of a contract."""

    ORDER = "order"
    FAIL = "fail"
    WEIGH = "weigh"
    QUESTION = "question"
    ACCEPT = "accept"
    REFUSE = "refuse"
    DROP = "drop"


_CP, _CPA = PartState, PartAction
PARTS = StateMachine(
    "contract_part_state",
    N_("This part can no longer be changed that way."),
    {
        (_CP.AGREED, _CPA.ORDER): _CP.ORDERED,
        # The goods were not there, or the parcel never came.
        **{(state, _CPA.FAIL): _CP.FAILED for state in (_CP.AGREED, _CP.ORDERED)},
        (_CP.AGREED, _CPA.DROP): _CP.DROPPED,
        (_CP.ORDERED, _CPA.WEIGH): _CP.WEIGHED,
        # A seller who does not agree is weighed with once more; the second record is the last.
        (_CP.WEIGHED, _CPA.QUESTION): _CP.QUESTIONED,
        (_CP.QUESTIONED, _CPA.WEIGH): _CP.WEIGHED,
        (_CP.WEIGHED, _CPA.ACCEPT): _CP.ACCEPTED,
        (_CP.WEIGHED, _CPA.REFUSE): _CP.REFUSED,
        # Silence of a buyer whose goods have come is a yes, as in the shop.
        (_CP.ORDERED, _CPA.ACCEPT): _CP.ACCEPTED,
        (_CP.QUESTIONED, _CPA.ACCEPT): _CP.ACCEPTED,
    },
)
# A part is at its end, and nothing more is owed for it than what its order says.
ENDED = (_CP.ACCEPTED, _CP.REFUSED, _CP.FAILED, _CP.DROPPED)
# How long a buyer may take to weigh goods that have come: fresh produce is worse the day after.
TIME_TO_WEIGH = timedelta(days=3)
# How long a seller may look at what the buyer's scales say.
TIME_TO_SIGN = timedelta(days=3)
# Goods that have not come so long after their window are not waited for.
TIME_TO_COME = timedelta(days=10)
# When the invoice of accepted goods has to be paid: the law's longest term for buying from small sellers is sixty days.
TIME_TO_PAY = timedelta(days=30)

# Who may do what, for pages and their words, by the kind of action; the clock acts where a time is over.
ACTORS: Mapping[type[enum.StrEnum], Mapping[enum.StrEnum, tuple[Party, ...]]] = {
    DemandAction: {
        DemandAction.PUBLISH: (Party.BUYER,),
        DemandAction.CLOSE: (Party.BUYER, Party.CLOCK),
        DemandAction.CONTRACT: (Party.BUYER,),
        DemandAction.REOPEN: (Party.APPROVER, Party.CLOCK),
        DemandAction.LAPSE: (Party.CLOCK,),
        DemandAction.WITHDRAW: (Party.BUYER,),
    },
    QuoteAction: {
        QuoteAction.COUNTER: (Party.BUYER,),
        QuoteAction.OFFER: (Party.SELLER,),
        QuoteAction.CHOOSE: (Party.BUYER,),
        QuoteAction.RELEASE: (Party.APPROVER, Party.CLOCK),
        QuoteAction.DECLINE: (Party.BUYER,),
        QuoteAction.WITHDRAW: (Party.SELLER,),
        QuoteAction.LAPSE: (Party.CLOCK,),
    },
    TenderAction: {
        TenderAction.FIRST_KEY: (Party.OPENERS,),
        TenderAction.SECOND_KEY: (Party.OPENERS,),
        TenderAction.DECIDE: (Party.BUYER,),
        TenderAction.UNDO: (Party.APPROVER, Party.CLOCK),
        TenderAction.VOID: (Party.BUYER, Party.CLOCK),
    },
    PlanAction: {
        PlanAction.APPROVE: (Party.APPROVER,),
        PlanAction.REJECT: (Party.APPROVER,),
        PlanAction.SUPERSEDE: (Party.BUYER, Party.CLOCK),
    },
    PlanPartAction: {
        PlanPartAction.ASK: (Party.APPROVER,),
        PlanPartAction.ACCEPT: (Party.SELLER,),
        PlanPartAction.DECLINE: (Party.SELLER,),
        PlanPartAction.LAPSE: (Party.CLOCK,),
        PlanPartAction.CUT: (Party.BUYER, Party.CLOCK),
        PlanPartAction.ORDER: (Party.BUYER, Party.CLOCK),
        PlanPartAction.DELIVER: (Party.SELLER, Party.CLOCK),
    },
    ContractAction: {
        ContractAction.APPROVE: (Party.APPROVER,),
        ContractAction.REFUSE: (Party.APPROVER,),
        ContractAction.LAPSE: (Party.CLOCK,),
        ContractAction.FULFIL: (Party.CLOCK,),
    },
    PartAction: {
        PartAction.ORDER: (Party.BUYER, Party.CLOCK),
        PartAction.FAIL: (Party.CLOCK,),
        PartAction.WEIGH: (Party.BUYER,),
        PartAction.QUESTION: (Party.SELLER,),
        PartAction.ACCEPT: (Party.SELLER, Party.CLOCK),
        PartAction.REFUSE: (Party.SELLER, Party.CLOCK),
        PartAction.DROP: (Party.BUYER,),
    },
}
