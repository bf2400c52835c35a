"""Reading payments."""

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.payments.models import Payment


def get_payment(public_id: str, *, lock: bool = False) -> Payment:
    """The payment with this public id, or ``NotFound``; ``lock`` when it is going to change."""
    query = select(Payment).filter_by(public_id=public_id)
    payment = db.session.scalars(query.with_for_update() if lock else query).first()
    if payment is None:
        raise NotFound("payment_unknown", N_("There is no such payment."))
    return payment
