"""Papers: what one officer drafts and another approves. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class PaperState(enum.StrEnum):
    """Where a paper stands; only an approved one has any effect."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    DISCARDED = "discarded"


class PaperAction(enum.StrEnum):
    """What can happen to a draft."""

    APPROVE = "approve"
    DISCARD = "discard"


PAPERS = StateMachine(
    "paper_state",
    N_("This has been decided already."),
    {
        (PaperState.DRAFTED, PaperAction.APPROVE): PaperState.APPROVED,
        (PaperState.DRAFTED, PaperAction.DISCARD): PaperState.DISCARDED,
    },
)
# Who acts next, and the rule that says within how long.
DEADLINES = {PaperState.DRAFTED: (N_("a second officer of the township or county"), "duty.paper")}
