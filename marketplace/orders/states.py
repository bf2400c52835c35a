"""The states of an order. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class OrderState(enum.StrEnum):
    """Where one seller's part of an order stands."""

    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class OrderAction(enum.StrEnum):
    """What can happen to an order."""

    SHIP = "ship"
    DELIVER = "deliver"
    CANCEL = "cancel"


ORDERS = StateMachine(
    "order_state",
    N_("This order can no longer be changed that way."),
    {
        (OrderState.PLACED, OrderAction.SHIP): OrderState.SHIPPED,
        (OrderState.PLACED, OrderAction.CANCEL): OrderState.CANCELLED,
        (OrderState.SHIPPED, OrderAction.DELIVER): OrderState.DELIVERED,
    },
)
