"""The states of a recall, and what a buyer can answer. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class RecallState(enum.StrEnum):
    """Where a recall stands."""

    STARTED = "started"
    TOLD = "told"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class RecallAction(enum.StrEnum):
    """What can happen to one."""

    TELL = "tell"
    WITHDRAW = "withdraw"
    CLOSE = "close"


class RecallReply(enum.StrEnum):
    """What became of the goods at their buyer's: still there, eaten or used, never there."""

    KEPT = "kept"
    USED = "used"
    NEVER_CAME = "never_came"


RECALLS = StateMachine(
    "recall_state",
    N_("This recall can no longer be changed that way."),
    {
        (RecallState.STARTED, RecallAction.TELL): RecallState.TOLD,
        (RecallState.STARTED, RecallAction.WITHDRAW): RecallState.WITHDRAWN,
        (RecallState.TOLD, RecallAction.CLOSE): RecallState.CLOSED,
    },
)

# Those that concern whoever has such goods, or is about to send them.
IN_FORCE = frozenset({RecallState.STARTED, RecallState.TOLD, RecallState.CLOSED})
