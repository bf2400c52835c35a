"""What is still due for a purchase that nobody has paid for: it falls when less of it will come than was ordered."""

from datetime import datetime

from marketplace.orders.models import Order, OrderGroup
from marketplace.payments.models import Payment
from marketplace.payments.service import apply_action
from marketplace.payments.states import PaymentAction


def lower_amount_due(payment: Payment, group: OrderGroup, order: Order, less_fen: int, *, now: datetime) -> None:
    """Take what an order will not bring off what its buyer has to pay; a payment of nothing is given up.

    All are locked, and nobody may be paying at this moment: a page shows the amount that it was opened with. The order's
    shares are frozen, so what it does not take stands as given back, of which each share bears its part.
    """
    order.refunded_fen += less_fen
    order.uncharged_fen += less_fen
    if group.total_fen > less_fen:
        group.total_fen -= less_fen
        payment.amount_fen -= less_fen
    else:
        # What was asked for stays on record; that it is not asked for any more is said by the state.
        apply_action(payment, PaymentAction.CANCEL, now=now)


def asked_at_first_fen(group: OrderGroup) -> int:
    """What a buyer was asked for when the purchase was placed, which they may have sent though less is due now."""
    return sum(order.total_fen for order in group.orders)
