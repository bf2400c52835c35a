"""The states of a shipment. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class ShipmentState(enum.StrEnum):
    """Where a shipment is."""

    PACKED = "packed"
    AT_HUB = "at_hub"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"


class ShipmentAction(enum.StrEnum):
    """What can happen to a shipment."""

    RECEIVE = "receive"
    HAND_OVER = "hand_over"
    MOVE = "move"
    DELIVER = "deliver"
    LOSE = "lose"
    RETURN = "return"


SHIPMENTS = StateMachine(
    "shipment_state",
    N_("This shipment can no longer be changed that way."),
    {
        (ShipmentState.PACKED, ShipmentAction.RECEIVE): ShipmentState.AT_HUB,
        (ShipmentState.PACKED, ShipmentAction.HAND_OVER): ShipmentState.HANDED_OVER,
        (ShipmentState.PACKED, ShipmentAction.LOSE): ShipmentState.LOST,
        (ShipmentState.AT_HUB, ShipmentAction.HAND_OVER): ShipmentState.HANDED_OVER,
        (ShipmentState.AT_HUB, ShipmentAction.LOSE): ShipmentState.LOST,
        (ShipmentState.HANDED_OVER, ShipmentAction.MOVE): ShipmentState.IN_TRANSIT,
        (ShipmentState.HANDED_OVER, ShipmentAction.DELIVER): ShipmentState.DELIVERED,
        (ShipmentState.HANDED_OVER, ShipmentAction.LOSE): ShipmentState.LOST,
        (ShipmentState.HANDED_OVER, ShipmentAction.RETURN): ShipmentState.RETURNED,
        (ShipmentState.IN_TRANSIT, ShipmentAction.DELIVER): ShipmentState.DELIVERED,
        (ShipmentState.IN_TRANSIT, ShipmentAction.LOSE): ShipmentState.LOST,
        (ShipmentState.IN_TRANSIT, ShipmentAction.RETURN): ShipmentState.RETURNED,
    },
)

# The states that follow one another on the way.
_WAY = (ShipmentState.PACKED, ShipmentState.AT_HUB, ShipmentState.HANDED_OVER, ShipmentState.IN_TRANSIT)
GATHERING = frozenset({ShipmentState.PACKED, ShipmentState.AT_HUB})
ON_THE_ROAD = frozenset({ShipmentState.HANDED_OVER, ShipmentState.IN_TRANSIT})
ENDED = frozenset({ShipmentState.DELIVERED, ShipmentState.LOST, ShipmentState.RETURNED})
# What came to no good end and has to be made good by a person.
FAILED = frozenset({ShipmentState.LOST, ShipmentState.RETURNED})

# What each action is called as news.
NEWS = {
    ShipmentAction.RECEIVE: ShipmentState.AT_HUB,
    ShipmentAction.HAND_OVER: ShipmentState.HANDED_OVER,
    ShipmentAction.MOVE: ShipmentState.IN_TRANSIT,
    ShipmentAction.DELIVER: ShipmentState.DELIVERED,
    ShipmentAction.LOSE: ShipmentState.LOST,
    ShipmentAction.RETURN: ShipmentState.RETURNED,
}


def is_late(state: ShipmentState, action: ShipmentAction) -> bool:
    """Whether an action is news of a part of the way that lies behind: it belongs to the journey and changes nothing.

    >>> is_late(ShipmentState.DELIVERED, ShipmentAction.MOVE), is_late(ShipmentState.HANDED_OVER, ShipmentAction.MOVE)
    (True, False)
    """
    if NEWS[action] in ENDED:
        return False
    return state in ENDED or _WAY.index(NEWS[action]) < _WAY.index(state)
