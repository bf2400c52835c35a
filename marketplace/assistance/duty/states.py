"""The states of a hand-over. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class HandoverState(enum.StrEnum):
    """Where the duty of somebody who left office stands."""

    OPEN = "open"
    DONE = "done"
    CLOSED = "closed"


class HandoverAction(enum.StrEnum):
    """What ends it: another officer takes the household over, or the household has left the registry."""

    HAND_OVER = "hand_over"
    CLOSE = "close"


HANDOVERS = StateMachine(
    "duty_handover_state",
    N_("This household has been handed over already."),
    {
        (HandoverState.OPEN, HandoverAction.HAND_OVER): HandoverState.DONE,
        (HandoverState.OPEN, HandoverAction.CLOSE): HandoverState.CLOSED,
    },
)
DEADLINES = {HandoverState.OPEN: (N_("an officer of the township or county"), "duty.handover")}
