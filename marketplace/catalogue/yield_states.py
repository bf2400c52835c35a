"""The states of a declared yield. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class YieldState(enum.StrEnum):
    """How far a declared yield counts: of itself, not yet, by an officer's word, or not at all."""

    STANDING = "standing"
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class YieldAction(enum.StrEnum):
    """What an officer of the village can say to one."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


YIELDS = StateMachine(
    "yield_state",
    N_("This declaration was decided on before."),
    {
        (YieldState.STANDING, YieldAction.CONFIRM): YieldState.CONFIRMED,
        (YieldState.STANDING, YieldAction.REFUSE): YieldState.REFUSED,
        (YieldState.WAITING, YieldAction.CONFIRM): YieldState.CONFIRMED,
        (YieldState.WAITING, YieldAction.REFUSE): YieldState.REFUSED,
    },
)

# Those that say how much can come from a household.
COUNTS = frozenset({YieldState.STANDING, YieldState.CONFIRMED})
