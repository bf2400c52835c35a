"""Where a proposed agreement with another system stands. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class ChangeState(enum.StrEnum):
    """Where it stands; only a confirmed one has any effect."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DROPPED = "dropped"


class ChangeAction(enum.StrEnum):
    """What a second person, or whoever proposed it, can do."""

    CONFIRM = "confirm"
    DROP = "drop"


CHANGES = StateMachine(
    "partner_change_state",
    N_("This has been decided already."),
    {
        (ChangeState.PROPOSED, ChangeAction.CONFIRM): ChangeState.CONFIRMED,
        (ChangeState.PROPOSED, ChangeAction.DROP): ChangeState.DROPPED,
    },
)
