"""Bank transfers that come for a purchase which waits for no money: it was given up, or has been paid already.

The money is in the market's account, so it is in the ledger too, and owed to whoever sent it until somebody sends it back.
"""

from datetime import datetime

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.orders.models import OrderGroup
from marketplace.orders.news import News, tell
from marketplace.orders.settlement import book_surplus
from marketplace.payments.models import Payment
from marketplace.payments.service import create_unapplied_refund
from marketplace.payments.states import PaymentState

GIVEN_UP = (PaymentState.CANCELLED, PaymentState.EXPIRED)
# A payment in one of these takes no money any more.
CLOSED = (PaymentState.PAID, *GIVEN_UP)


def book_unapplied(payment: Payment, received_fen: int, bank_reference: str, *, actor: str, now: datetime) -> bool:
    """Book that a transfer has come which names a locked, closed payment, and promise all of it back, to be sent by hand.

    Parameters
    ----------
    bank_reference : str
        The bank's own name for the transfer, so that one which two people find on the statement is booked once.

    Returns
    -------
    bool
        False when it had been booked.

    Raises
    ------
    Invalid
        ``received_nothing`` for an amount that is not positive.
    Conflict
        ``payment_open`` while the purchase waits for its money: then it is confirmed, and the purchase goes on;
        ``bank_reference_used`` when the reference stands at another amount or another payment.
    """
    if received_fen <= 0:
        raise Invalid("received_nothing", N_("Please give the amount that has arrived."))
    if payment.state not in CLOSED:
        raise Conflict("payment_open", N_("This purchase still waits for its money. Please confirm the payment instead."))
    refund = create_unapplied_refund(payment, received_fen, bank_reference, by=actor, now=now)
    if refund is None:
        return False
    book_surplus(refund, now=now)
    data = {"amount_fen": received_fen, "bank_reference": bank_reference}
    audit.record("payment.unapplied", "payment", payment.public_id, actor=actor, at=now, **data)
    group = db.session.scalars(select(OrderGroup).filter_by(public_id=payment.purpose_id)).one()
    tell(News.UNAPPLIED, group, amount_fen=received_fen, now=now)
    step("unapplied.written")
    return True
