"""The states of needs and pledges. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class NeedState(enum.StrEnum):
    """Where a need stands; only one that was verified is shown to everybody."""

    RAISED = "raised"
    OPEN = "open"
    PLEDGED = "pledged"
    DELIVERED = "delivered"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class NeedAction(enum.StrEnum):
    """What can happen to a need: a pledge is given up by its helper or lapses on its last day."""

    VERIFY = "verify"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    PLEDGE = "pledge"
    RELEASE = "release"
    LAPSE = "lapse"
    DELIVER = "deliver"
    RETURN = "return"
    CLOSE = "close"


class PledgeState(enum.StrEnum):
    """Where a pledge stands."""

    STANDING = "standing"
    DELIVERED = "delivered"
    KEPT = "kept"
    RELEASED = "released"
    LAPSED = "lapsed"


NEEDS = StateMachine(
    "need_state",
    N_("This need can no longer be changed that way."),
    {
        (NeedState.RAISED, NeedAction.VERIFY): NeedState.OPEN,
        (NeedState.RAISED, NeedAction.REFUSE): NeedState.REFUSED,
        (NeedState.RAISED, NeedAction.WITHDRAW): NeedState.WITHDRAWN,
        (NeedState.OPEN, NeedAction.WITHDRAW): NeedState.WITHDRAWN,
        (NeedState.OPEN, NeedAction.PLEDGE): NeedState.PLEDGED,
        (NeedState.PLEDGED, NeedAction.RELEASE): NeedState.OPEN,
        (NeedState.PLEDGED, NeedAction.LAPSE): NeedState.OPEN,
        (NeedState.PLEDGED, NeedAction.DELIVER): NeedState.DELIVERED,
        # What was said to be delivered did not arrive.
        (NeedState.DELIVERED, NeedAction.RETURN): NeedState.PLEDGED,
        (NeedState.DELIVERED, NeedAction.CLOSE): NeedState.CLOSED,
    },
)
PLEDGES = StateMachine(
    "pledge_state",
    N_("This pledge can no longer be changed that way."),
    {
        (PledgeState.STANDING, NeedAction.RELEASE): PledgeState.RELEASED,
        (PledgeState.STANDING, NeedAction.LAPSE): PledgeState.LAPSED,
        (PledgeState.STANDING, NeedAction.DELIVER): PledgeState.DELIVERED,
        (PledgeState.DELIVERED, NeedAction.RETURN): PledgeState.STANDING,
        (PledgeState.DELIVERED, NeedAction.CLOSE): PledgeState.KEPT,
    },
)
# Who acts next in a state that is not the last, and the rule that says within how long.
DEADLINES = {
    NeedState.RAISED: (N_("an officer of the township or county"), "need.verify"),
    NeedState.OPEN: (N_("a helper unit"), "need.open"),
    NeedState.PLEDGED: (N_("the helper unit that pledged"), "need.deliver"),
    NeedState.DELIVERED: (N_("the household or an officer of its township or county"), "need.close"),
}
