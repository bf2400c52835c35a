"""The states of an audit round. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class RoundState(enum.StrEnum):
    """Where a round stands; only a closed one counts."""

    OPENED = "opened"
    DRAWN = "drawn"
    CLOSING = "closing"
    CLOSED = "closed"
    DISCARDED = "discarded"


class RoundAction(enum.StrEnum):
    """What can happen to a round. Once it is drawn it can no longer be dropped: nobody draws again until they like it."""

    DRAW = "draw"
    DISCARD = "discard"
    PROPOSE = "propose"
    RETURN = "return"
    CLOSE = "close"


ROUNDS = StateMachine(
    "audit_round_state",
    N_("This audit can no longer be changed that way."),
    {
        (RoundState.OPENED, RoundAction.DRAW): RoundState.DRAWN,
        (RoundState.OPENED, RoundAction.DISCARD): RoundState.DISCARDED,
        (RoundState.DRAWN, RoundAction.PROPOSE): RoundState.CLOSING,
        (RoundState.CLOSING, RoundAction.RETURN): RoundState.DRAWN,
        (RoundState.CLOSING, RoundAction.CLOSE): RoundState.CLOSED,
    },
)
# Who acts next in a state that is not the last, and within how many working days.
DEADLINES = {
    RoundState.OPENED: (N_("an officer of the city or province"), 5),
    RoundState.DRAWN: (N_("the auditors"), 40),
    RoundState.CLOSING: (N_("a second officer of the city or province"), 10),
}
