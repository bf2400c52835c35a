"""What is still due for a purchase that nobody has paid for: it falls when less of it comes, and rises when more is taken."""

from datetime import datetime

from marketplace.kernel.errors import N_, Conflict
from marketplace.orders.models import Order, OrderGroup
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.payments.service import apply_action
from marketplace.payments.states import UNPAID, PaymentAction


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


def raise_amount_due(payment: Payment, group: OrderGroup, more_fen: int) -> None:
    """Add what was taken beyond a purchase to what its buyer has to pay. Both are locked, and nobody may have paid yet.

    Raises
    ------
    Conflict
        ``paid_already``.
    """
    if payment.state not in UNPAID:
        raise Conflict("paid_already", N_("This purchase has been paid. Nothing can be added to it."))
    group.total_fen += more_fen
    payment.amount_fen += more_fen


def asked_at_first_fen(group: OrderGroup) -> int:
    """What a buyer was asked for when the purchase was placed, which they may have sent though less is due now.

    Who pays after acceptance is asked for what was accepted, and for nothing before.
    """
    if group.payment_method == PaymentMethod.AFTER_ACCEPTANCE:
        return group.total_fen
    return sum(order.total_fen for order in group.orders)
