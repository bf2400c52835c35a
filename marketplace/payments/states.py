"""The states of a payment. Pure, no database."""

import enum

from marketplace.kernel.errors import N_, Conflict


class PaymentState(enum.StrEnum):
    """Where a payment stands."""

    AWAITING = "awaiting"
    PAID = "paid"
    CANCELLED = "cancelled"


class PaymentAction(enum.StrEnum):
    """What can happen to a payment."""

    CONFIRM = "confirm"
    CANCEL = "cancel"


TRANSITIONS = {
    (PaymentState.AWAITING, PaymentAction.CONFIRM): PaymentState.PAID,
    (PaymentState.AWAITING, PaymentAction.CANCEL): PaymentState.CANCELLED,
}
# An action that arrives again in the state it led to changes nothing and is no error.
ALREADY_DONE = {
    (PaymentState.PAID, PaymentAction.CONFIRM),
    (PaymentState.CANCELLED, PaymentAction.CANCEL),
}


def next_state(state: PaymentState, action: PaymentAction) -> PaymentState | None:
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
            "payment_state",
            N_("This payment can no longer be changed that way."),
            state=state.value,
            action=action.value,
        ) from None
