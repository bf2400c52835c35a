"""Every pair of state and action of orders and payments: where it leads, what was done already, what is refused."""

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.orders.states import ORDERS, OrderAction, OrderState
from marketplace.payments.states import PAYMENTS, PaymentAction, PaymentState

ORDER_TABLE = {
    ("placed", "ship"): "shipped",
    ("placed", "deliver"): "refused",
    ("placed", "cancel"): "cancelled",
    ("shipped", "ship"): None,
    ("shipped", "deliver"): "delivered",
    ("shipped", "cancel"): "refused",
    ("delivered", "ship"): "refused",
    ("delivered", "deliver"): None,
    ("delivered", "cancel"): "refused",
    ("cancelled", "ship"): "refused",
    ("cancelled", "deliver"): "refused",
    ("cancelled", "cancel"): None,
}
PAYMENT_TABLE = {
    ("awaiting", "confirm"): "paid",
    ("awaiting", "cancel"): "cancelled",
    ("paid", "confirm"): None,
    ("paid", "cancel"): "refused",
    ("cancelled", "confirm"): "refused",
    ("cancelled", "cancel"): None,
}


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("action", OrderAction)
def test_every_pair_of_an_order_has_its_answer(state: OrderState, action: OrderAction) -> None:
    wanted = ORDER_TABLE[state.value, action.value]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            ORDERS.next_state(state, action)
        assert refused.value.code == "order_state"
    else:
        assert ORDERS.next_state(state, action) == wanted


@pytest.mark.parametrize("state", PaymentState)
@pytest.mark.parametrize("action", PaymentAction)
def test_every_pair_of_a_payment_has_its_answer(state: PaymentState, action: PaymentAction) -> None:
    wanted = PAYMENT_TABLE[state.value, action.value]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            PAYMENTS.next_state(state, action)
        assert refused.value.code == "payment_state"
    else:
        assert PAYMENTS.next_state(state, action) == wanted
