"""The states of payments, attempts and refunds. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine
from marketplace.payments.gateway import RefundState


class PaymentState(enum.StrEnum):
    """Where a payment stands. A failed one can be tried again until it expires; a processing one can no longer be given up."""

    AWAITING = "awaiting"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class PaymentAction(enum.StrEnum):
    """What can happen to a payment."""

    CONFIRM = "confirm"
    PROCESS = "process"
    FAIL = "fail"
    RETRY = "retry"
    CANCEL = "cancel"
    EXPIRE = "expire"


UNPAID = (PaymentState.AWAITING, PaymentState.FAILED)
_P, _A = PaymentState, PaymentAction
PAYMENTS = StateMachine(
    "payment_state",
    N_("This payment can no longer be changed that way."),
    {
        **{(state, _A.CONFIRM): _P.PAID for state in (*UNPAID, _P.PROCESSING)},
        **{(state, _A.PROCESS): _P.PROCESSING for state in UNPAID},
        **{(state, _A.FAIL): _P.FAILED for state in (_P.AWAITING, _P.PROCESSING)},
        (_P.FAILED, _A.RETRY): _P.AWAITING,
        **{(state, _A.CANCEL): _P.CANCELLED for state in UNPAID},
        **{(state, _A.EXPIRE): _P.EXPIRED for state in UNPAID},
    },
)


class AttemptState(enum.StrEnum):
    """Where an attempt stands: written down, page open, on its way, or over in one of three ways."""

    CREATED = "created"
    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


# Money may still come from these, so they are asked about before anything is given up.
LIVE = (AttemptState.CREATED, AttemptState.OPEN, AttemptState.PROCESSING)


class RefundAction(enum.StrEnum):
    """What can happen to a refund."""

    SEND = "send"
    SUCCEED = "succeed"
    FAIL = "fail"
    BY_HAND = "by_hand"


_R, _D = RefundState, RefundAction
REFUNDS = StateMachine(
    "refund_state",
    N_("This refund can no longer be changed that way."),
    {
        (_R.CREATED, _D.SEND): _R.PENDING,
        **{(state, _D.SUCCEED): _R.SUCCEEDED for state in (_R.CREATED, _R.PENDING)},
        # A bank may send money back that was thought to have arrived.
        **{(state, _D.FAIL): _R.FAILED for state in (_R.CREATED, _R.PENDING, _R.SUCCEEDED)},
        # An end of its own: the provider's word that *its* sending failed says nothing of what a person has sent.
        **{(state, _D.BY_HAND): _R.BY_HAND for state in (_R.CREATED, _R.FAILED)},
    },
)
