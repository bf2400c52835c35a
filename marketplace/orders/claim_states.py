"""The states of a claim and of goods that go back, and how long each may last. Pure, no database."""

import enum
from datetime import timedelta

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class ClaimKind(enum.StrEnum):
    """What is wrong with the goods."""

    ROTTEN = "rotten"
    SHORT_WEIGHT = "short_weight"
    WRONG_GOODS = "wrong_goods"
    NOT_ARRIVED = "not_arrived"
    OTHER = "other"


# What can be seen can be photographed: rot, the display of a scale, other goods.
PHOTOGRAPHED = frozenset({ClaimKind.ROTTEN, ClaimKind.SHORT_WEIGHT, ClaimKind.WRONG_GOODS})


class Party(enum.StrEnum):
    """Who did a step of a claim."""

    BUYER = "buyer"
    SELLER = "seller"
    OPERATOR = "operator"
    CLOCK = "clock"


class ClaimState(enum.StrEnum):
    """Where a claim stands."""

    FILED = "filed"
    OFFERED = "offered"
    REFUSED = "refused"
    RETURNING = "returning"
    DISPUTED = "disputed"
    RULED = "ruled"
    APPEALED = "appealed"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ClaimAction(enum.StrEnum):
    """What can happen to a claim: by its seller, its buyer, the operator, or the clock."""

    ACCEPT = "accept"
    OFFER = "offer"
    REFUSE = "refuse"
    ASK_BACK = "ask_back"
    TAKE = "take"
    DISPUTE = "dispute"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    FINISH = "finish"
    LAPSE = "lapse"
    RULE = "rule"
    APPEAL = "appeal"
    RULE_AGAIN = "rule_again"
    CARRY_OUT = "carry_out"


CLAIMS = StateMachine(
    "claim_state",
    N_("This claim can no longer be changed that way."),
    {
        (ClaimState.FILED, ClaimAction.ACCEPT): ClaimState.SETTLED,
        (ClaimState.FILED, ClaimAction.OFFER): ClaimState.OFFERED,
        (ClaimState.FILED, ClaimAction.REFUSE): ClaimState.REFUSED,
        (ClaimState.FILED, ClaimAction.ASK_BACK): ClaimState.RETURNING,
        (ClaimState.FILED, ClaimAction.ESCALATE): ClaimState.DISPUTED,
        (ClaimState.FILED, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.OFFERED, ClaimAction.TAKE): ClaimState.SETTLED,
        (ClaimState.OFFERED, ClaimAction.DISPUTE): ClaimState.DISPUTED,
        (ClaimState.OFFERED, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.REFUSED, ClaimAction.DISPUTE): ClaimState.DISPUTED,
        (ClaimState.REFUSED, ClaimAction.LAPSE): ClaimState.LAPSED,
        (ClaimState.REFUSED, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.RETURNING, ClaimAction.FINISH): ClaimState.SETTLED,
        (ClaimState.RETURNING, ClaimAction.ESCALATE): ClaimState.DISPUTED,
        (ClaimState.RETURNING, ClaimAction.LAPSE): ClaimState.LAPSED,
        (ClaimState.RETURNING, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.DISPUTED, ClaimAction.RULE): ClaimState.RULED,
        (ClaimState.DISPUTED, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.RULED, ClaimAction.APPEAL): ClaimState.APPEALED,
        (ClaimState.RULED, ClaimAction.CARRY_OUT): ClaimState.SETTLED,
        (ClaimState.APPEALED, ClaimAction.RULE_AGAIN): ClaimState.SETTLED,
    },
)

ENDED = frozenset({ClaimState.SETTLED, ClaimState.WITHDRAWN, ClaimState.LAPSED})
# Where the operator has the next word.
WITH_OPERATOR = frozenset({ClaimState.DISPUTED, ClaimState.APPEALED})
# A claim whose file the operator may open: somebody has asked for a ruling.
DISPUTES = frozenset({ClaimState.DISPUTED, ClaimState.RULED, ClaimState.APPEALED})

# How long whoever has the next word may take. Goods that go back have times of their own, below.
ANSWER_TIMES = {
    ClaimState.FILED: timedelta(hours=48),
    ClaimState.OFFERED: timedelta(hours=72),
    ClaimState.REFUSED: timedelta(hours=72),
    ClaimState.DISPUTED: timedelta(days=5),
    ClaimState.RULED: timedelta(hours=72),
    ClaimState.APPEALED: timedelta(days=5),
}
# A seller who does not answer has agreed up to this amount; about more than this the operator decides.
SILENCE_AGREES_UP_TO_FEN = 5_000


class ReturnState(enum.StrEnum):
    """Where goods are that go back to their seller."""

    AGREED = "agreed"
    SENT = "sent"
    ARRIVED = "arrived"
    CHECKED = "checked"
    QUESTIONED = "questioned"
    GIVEN_UP = "given_up"


class ReturnAction(enum.StrEnum):
    """What can happen to goods that go back."""

    SEND = "send"
    ARRIVE = "arrive"
    CHECK = "check"
    QUESTION = "question"
    GIVE_UP = "give_up"


RETURNS = StateMachine(
    "return_state",
    N_("This return can no longer be changed that way."),
    {
        (ReturnState.AGREED, ReturnAction.SEND): ReturnState.SENT,
        (ReturnState.AGREED, ReturnAction.GIVE_UP): ReturnState.GIVEN_UP,
        (ReturnState.SENT, ReturnAction.ARRIVE): ReturnState.ARRIVED,
        (ReturnState.SENT, ReturnAction.QUESTION): ReturnState.QUESTIONED,
        (ReturnState.ARRIVED, ReturnAction.CHECK): ReturnState.CHECKED,
        (ReturnState.ARRIVED, ReturnAction.QUESTION): ReturnState.QUESTIONED,
    },
)

RETURN_TIMES = {
    ReturnState.AGREED: timedelta(days=7),
    ReturnState.SENT: timedelta(days=14),
    ReturnState.ARRIVED: timedelta(hours=72),
}
