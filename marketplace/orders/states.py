"""The states of an order. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class OrderState(enum.StrEnum):
    """Where one seller's part of an order stands.

    ``delivered`` is what a courier, a hub or the seller says; ``accepted`` is the buyer's word, or that of the time limit.
    ``cancelled`` is a sale that did not come about, before the goods left or because their parcel was lost or came back.
    """

    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


class OrderAction(enum.StrEnum):
    """What can happen to an order."""

    SHIP = "ship"
    DELIVER = "deliver"
    ACCEPT = "accept"
    CANCEL = "cancel"
    GO_ASTRAY = "go_astray"


# Nothing more happens to it.
ENDED = (OrderState.ACCEPTED, OrderState.CANCELLED)
# The goods are under way or lie at the buyer's door, and nobody has said yet that they are good.
UNACCEPTED = (OrderState.SHIPPED, OrderState.DELIVERED)
ORDERS = StateMachine(
    "order_state",
    N_("This order can no longer be changed that way."),
    {
        (OrderState.PLACED, OrderAction.SHIP): OrderState.SHIPPED,
        (OrderState.PLACED, OrderAction.CANCEL): OrderState.CANCELLED,
        (OrderState.SHIPPED, OrderAction.DELIVER): OrderState.DELIVERED,
        **{(state, OrderAction.ACCEPT): OrderState.ACCEPTED for state in UNACCEPTED},
        **{(state, OrderAction.GO_ASTRAY): OrderState.CANCELLED for state in UNACCEPTED},
    },
)
