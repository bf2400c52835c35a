"""The states of an order. Pure, no database."""

import enum

from marketplace.kernel.errors import N_, Conflict


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


TRANSITIONS = {
    (OrderState.PLACED, OrderAction.SHIP): OrderState.SHIPPED,
    (OrderState.PLACED, OrderAction.CANCEL): OrderState.CANCELLED,
    (OrderState.SHIPPED, OrderAction.DELIVER): OrderState.DELIVERED,
}
# An action that arrives again in the state it led to changes nothing and is no error.
ALREADY_DONE = {
    (OrderState.SHIPPED, OrderAction.SHIP),
    (OrderState.DELIVERED, OrderAction.DELIVER),
    (OrderState.CANCELLED, OrderAction.CANCEL),
}


def next_state(state: OrderState, action: OrderAction) -> OrderState | None:
    """The state after ``action``; None when it was done already.

    Raises
    ------
    Conflict
        For an action that this state does not know.
    """
    if (state, action) in ALREADY_DONE:
        return None
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Conflict(
            "order_state", N_("This order can no longer be changed that way."), state=state.value, action=action.value
        ) from None
