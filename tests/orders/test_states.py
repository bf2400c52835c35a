"""Every pair of state and action of orders, payments, refunds and payouts: where it leads, what is refused."""

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.orders.states import ORDERS, OrderAction, OrderState
from marketplace.payments.gateway import RefundState
from marketplace.payments.payout_states import BATCHES, LINES, BatchAction, BatchState, LineAction, LineState
from marketplace.payments.states import PAYMENTS, REFUNDS, PaymentAction, PaymentState, RefundAction

# By state: what ship, deliver, accept, cancel and go astray lead to; "done" was done already.
ORDER_TABLE = {
    "placed": ["shipped", "refused", "refused", "cancelled", "refused"],
    "shipped": ["done", "delivered", "accepted", "refused", "cancelled"],
    "delivered": ["refused", "done", "accepted", "refused", "cancelled"],
    "accepted": ["refused", "refused", "done", "refused", "refused"],
    "cancelled": ["refused", "refused", "refused", "done", "done"],
}
# By state: what confirm, process, fail, retry, cancel and expire lead to.
PAYMENT_TABLE = {
    "awaiting": ["paid", "processing", "failed", "done", "cancelled", "expired"],
    "processing": ["paid", "done", "failed", "refused", "refused", "refused"],
    "paid": ["done", "refused", "refused", "refused", "refused", "refused"],
    "failed": ["paid", "processing", "done", "awaiting", "cancelled", "expired"],
    "cancelled": ["refused", "refused", "refused", "refused", "done", "refused"],
    "expired": ["refused", "refused", "refused", "refused", "refused", "done"],
}
# By state: what approve, send, close and discard lead to.
BATCH_TABLE = {
    "drafted": ["approved", "refused", "refused", "discarded"],
    "approved": ["done", "sent", "refused", "discarded"],
    "sent": ["refused", "done", "closed", "refused"],
    "closed": ["refused", "refused", "done", "refused"],
    "discarded": ["refused", "refused", "refused", "done"],
}
# By state: what confirm, return and withdraw lead to.
LINE_TABLE = {
    "waiting": ["paid", "returned", "withdrawn"],
    "paid": ["done", "returned", "refused"],
    "returned": ["refused", "done", "refused"],
    "withdrawn": ["refused", "refused", "done"],
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
@pytest.mark.parametrize(("at", "action"), list(enumerate(OrderAction)))
def test_every_pair_of_an_order_has_its_answer(state: OrderState, at: int, action: OrderAction) -> None:
    wanted = ORDER_TABLE[state.value][at]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            ORDERS.next_state(state, action)
        assert refused.value.code == "order_state"
    else:
        assert ORDERS.next_state(state, action) == (None if wanted == "done" else wanted)


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


@pytest.mark.parametrize("state", BatchState)
@pytest.mark.parametrize(("at", "action"), list(enumerate(BatchAction)))
def test_every_pair_of_a_payout_batch_has_its_answer(state: BatchState, at: int, action: BatchAction) -> None:
    wanted = BATCH_TABLE[state.value][at]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            BATCHES.next_state(state, action)
        assert refused.value.code == "payout_batch_state"
    else:
        assert BATCHES.next_state(state, action) == (None if wanted == "done" else wanted)


@pytest.mark.parametrize("state", LineState)
@pytest.mark.parametrize(("at", "action"), list(enumerate(LineAction)))
def test_every_pair_of_a_payout_line_has_its_answer(state: LineState, at: int, action: LineAction) -> None:
    wanted = LINE_TABLE[state.value][at]
    if wanted == "refused":
        with pytest.raises(Conflict) as refused:
            LINES.next_state(state, action)
        assert refused.value.code == "payout_line_state"
    else:
        assert LINES.next_state(state, action) == (None if wanted == "done" else wanted)
