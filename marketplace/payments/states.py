"""The states of a payment. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class PaymentState(enum.StrEnum):
    """Where a payment stands."""

    AWAITING = "awaiting"
    PAID = "paid"
    CANCELLED = "cancelled"


class PaymentAction(enum.StrEnum):
    """What can happen to a payment."""

    CONFIRM = "confirm"
    CANCEL = "cancel"


PAYMENTS = StateMachine(
    "payment_state",
    N_("This payment can no longer be changed that way."),
    {
        (PaymentState.AWAITING, PaymentAction.CONFIRM): PaymentState.PAID,
        (PaymentState.AWAITING, PaymentAction.CANCEL): PaymentState.CANCELLED,
    },
)
