"""Goods that were paid back before they had left: nobody packs them, and they are on sale again."""

from datetime import datetime

from marketplace.catalogue.service import return_stock
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.orders.following import tell_booked
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refunds import close_repaid
from marketplace.orders.states import OrderState
from marketplace.payments.queries import get_payment_for


def leave_out(order: Order, line: OrderLine, *, actor: str, now: datetime) -> None:
    """Take a line that was paid back wholly out of a locked order that has not left; the last one ends the order.

    Of an order that has left, or was cancelled with its last money, nothing is changed.
    """
    quantity = line.quantity - line.missing
    if order.state != OrderState.PLACED or not quantity:
        return
    line.missing = line.quantity
    db.session.flush()
    return_stock({line.lot_id: quantity}, "order", order.public_id, now=now)
    data = {"quantity": str(quantity), "listing": line.listing_id}
    audit.record("order.line_left_out", "order", order.public_id, actor=actor, at=now, **data)
    group = order.group
    if group.paid_at is not None:
        # The day on which it was paid has sold a little less.
        tell_booked(group.paid_at)
    close_repaid(get_payment_for("order_group", group.public_id), order, group, actor, now)
