"""Every pair of state and action of orders, payments and refunds: where it leads, what was done already, what is refused."""

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.orders.states import ORDERS, OrderAction, OrderState
from marketplace.payments.gateway import RefundState
from marketplace.payments.states import PAYMENTS, REFUNDS, PaymentAction, PaymentState, RefundAction

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
# By state: what confirm, process, fail, retry, cancel and expire lead to; "done" was done already.
PAYMENT_TABLE = {
    "awaiting": ["paid", "processing", "failed", "done", "cancelled", "expired"],
    "processing": ["paid", "done", "failed", "refused", "refused", "refused"],
    "paid": ["done", "refused", "refused", "refused", "refused", "refused"],
    "failed": ["paid", "processing", "done", "awaiting", "cancelled", "expired"],
    "cancelled": ["refused", "refused", "refused", "refused", "done", "refused"],
    "expired": ["refused", "refused", "refused", "refused", "refused", "done"],
}
# By state: what send, succeed, fail and by_hand lead to. No message of the provider leads out of by_hand.
REFUND_TABLE = {
    "created": ["pending", "succeeded", "failed", "by_hand"],
    "pending": ["done", "succeeded", "failed", "refused"],
    "succeeded": ["refused", "done", "failed", "refused"],
    "failed": ["refused", "refused", "done", "by_hand"],
    "by_hand": ["refused", "refused", "refused", "done"],
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
@pytest.mark.parametrize(("at", "action"), list(enumerate(PaymentAction)))
def test_every_pair_of_a_payment_has_its_answer(state: PaymentState, at: int, action: PaymentAction) -> None:
    wanted = PAYMENT_TABLE[state.value][at]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            PAYMENTS.next_state(state, action)
        assert refused.value.code == "payment_state"
    else:
        assert PAYMENTS.next_state(state, action) == (None if wanted == "done" else wanted)


@pytest.mark.parametrize("state", RefundState)
@pytest.mark.parametrize(("at", "action"), list(enumerate(RefundAction)))
def test_every_pair_of_a_refund_has_its_answer(state: RefundState, at: int, action: RefundAction) -> None:
    wanted = REFUND_TABLE[state.value][at]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            REFUNDS.next_state(state, action)
        assert refused.value.code == "refund_state"
    else:
        assert REFUNDS.next_state(state, action) == (None if wanted == "done" else wanted)
