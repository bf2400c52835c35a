"""Making orders smaller when a harvest brought less than was ordered of it.

The rule, as the page of the goods says it: orders not yet paid give way first, then the latest, the last of them in part. What
does not come is paid back, or taken off what is still due; whatever else was ordered with it still comes. Called outside any
transaction, this owns one for each order, and can be taken up wherever it was left: what is still owed stands in the lot.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.models import Listing, Lot
from marketplace.catalogue.preorders import confirm_harvest
from marketplace.catalogue.service import return_stock
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows, transaction
from marketplace.kernel.errors import Conflict
from marketplace.kernel.steps import step
from marketplace.orders.claim_moves import left_of_line
from marketplace.orders.collecting import close_page, send_refunds
from marketplace.orders.dues import lower_amount_due
from marketplace.orders.following import tell_booked
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.news import News, tell
from marketplace.orders.preorders import missing_fen, note_harvest, price_of_part
from marketplace.orders.refunds import close_repaid, refund_order
from marketplace.orders.service import lock_order
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import ProviderUnavailable
from marketplace.payments.models import Payment
from marketplace.payments.queries import get_payment_for, live_attempt
from marketplace.payments.states import UNPAID, PaymentState

# Who the audit trail names: nobody chooses whose order gives way.
RULE = "harvest rule"

_log = logging.getLogger("marketplace.orders")


def bring_in_harvest(
    lot_public_id: str,
    producer_id: int,
    quantity: Decimal,
    harvested_on: date,
    *,
    actor: str,
    now: datetime,
    within: Callable[[], AbstractContextManager[Any]] = transaction,
) -> Decimal:
    """Confirm a harvest that was ordered in advance, and settle its orders; answers what has been ordered beyond it.

    ``within`` opens the transaction of the confirmation, for a caller that has more to check or to note inside it.
    """
    with within():
        lot = confirm_harvest(lot_public_id, producer_id, quantity, harvested_on, actor=actor, now=now)
        lot_id, short = lot.id, lot.short
        step("harvest.written")
    step("harvest.committed")
    settle_shortfall(lot_id, now=now)
    return short


def settle_shortfalls(*, now: datetime) -> None:
    """Bring the orders of every harvest that is in to what it brought, and let them leave."""
    with transaction():
        waiting = db.session.scalars(
            select(OrderLine.lot_id)
            .join(Lot, Lot.id == OrderLine.lot_id)
            .where(OrderLine.expected, ~Lot.expected)
            .distinct()
            .order_by(OrderLine.lot_id)
        ).all()
    for lot_id in waiting:
        settle_shortfall(lot_id, now=now)


def settle_shortfall(lot_id: int, *, now: datetime) -> None:
    """Bring the orders of one harvest to what it brought. What cannot be done now is left to the next round."""
    passed_over: set[int] = set()
    while True:
        with transaction():
            lot = db.session.get_one(Lot, lot_id, with_for_update=True, populate_existing=True)
            if not lot.short:
                note_harvest(lot)
                return
            last = _next_to_give_way(lot_id, passed_over)
        if last is None:
            return
        if not _take_off(last, now):
            # The money is on its way at this moment, or the provider does not answer.
            passed_over.add(last.id)


def _next_to_give_way(lot_id: int, passed_over: Collection[int]) -> Any:
    """Of the orders that wait for a harvest: the latest unpaid, then the latest."""
    return db.session.execute(
        select(
            Order.id,
            Order.public_id,
            OrderLine.id.label("line_id"),
            OrderGroup.paid_at,
            Payment.public_id.label("payment"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(Payment, (Payment.purpose_kind == "order_group") & (Payment.purpose_id == OrderGroup.public_id))
        .where(OrderLine.lot_id == lot_id, OrderLine.expected, OrderLine.missing < OrderLine.quantity)
        .where(Order.state == OrderState.PLACED, Order.id.not_in(passed_over))
        .order_by(OrderGroup.paid_at.is_not(None), OrderGroup.placed_at.desc(), OrderLine.id.desc())
        .limit(1)
    ).first()


def _take_off(last: Any, now: datetime) -> bool:
    """Make an order smaller, in a transaction of its own; False when it cannot be done now."""
    try:
        if last.paid_at is None:
            # A page shows the amount that it was opened with; whoever comes back to pay finds a new one.
            close_page(last.payment, now=now)
    except (Conflict, ProviderUnavailable) as error:
        _log.warning("the page of payment %s cannot be closed yet: %s", last.payment, error)
        return False
    with transaction():
        quantity = make_smaller(last.public_id, last.line_id, now=now)
        step("shortfall.written")
    step("shortfall.committed")
    send_refunds(last.payment, now=now)
    return quantity > 0


def make_smaller(order_public_id: str, line_id: int, *, now: datetime) -> Decimal:
    """Take off an order's line what its harvest still owes; answers the quantity.

    The price is promised back, or taken off what is due where nothing has been paid. An order of which nothing is left is
    cancelled. While money is on its way nothing is done: it would be the wrong amount.
    """
    # In the order of all who change a purchase: payment, purchase, orders, then listing and lot.
    purchase = select(OrderGroup.public_id).join(Order, Order.group_id == OrderGroup.id)
    group_id = db.session.scalars(purchase.where(Order.public_id == order_public_id)).one()
    payment = get_payment_for("order_group", group_id, lock=True)
    order, group = lock_order(order_public_id)
    line = db.session.get_one(OrderLine, line_id)
    # All that cancelling would give back is locked here, because a second round would not be in the order of ids.
    lock_rows(Listing, [own.listing_id for own in order.lines])
    lot = lock_rows(Lot, [own.lot_id for own in order.lines])[line.lot_id]
    # Read again behind the lot: whoever changes what a line waits for holds its lot.
    db.session.refresh(line)
    quantity = min(line.quantity - line.missing, lot.short)
    if order.state != OrderState.PLACED or not line.expected or not quantity or not _may_change_amount(payment):
        return Decimal(0)
    # What went back for a claim before does not go back again.
    amount_fen = min(price_of_part(line, line.missing + quantity) - missing_fen(line), left_of_line(line, order))
    if sum(row.quantity - row.missing for row in order.lines) == quantity:
        # Nothing is left to be brought, so the freight goes back as well.
        amount_fen = order.total_fen - order.refunded_fen
    if payment.state != PaymentState.PAID:
        _charge_less(payment, group, order, amount_fen, now)
    elif amount_fen:
        refund_order(order_public_id, amount_fen, expected_refunded_fen=order.given_back_fen, actor=RULE, now=now)
    if order.state == OrderState.PLACED:
        _weigh_less(line, quantity)
        line.missing += quantity
        line.uncharged += quantity if payment.state != PaymentState.PAID else 0
        return_stock({lot.id: quantity}, "order", order.public_id, now=now)
    data = {"quantity": str(quantity), "lot": lot.public_id}
    audit.record("order.made_smaller", "order", order.public_id, actor=RULE, at=now, **data)
    if group.paid_at is not None:
        # The day on which it was paid has sold a little less.
        tell_booked(group.paid_at)
    return quantity


def _may_change_amount(payment: Payment) -> bool:
    """Whether money has come, or nobody is paying at this moment."""
    return payment.state == PaymentState.PAID or (payment.state in UNPAID and live_attempt(payment) is None)


def _charge_less(payment: Payment, group: OrderGroup, order: Order, amount_fen: int, now: datetime) -> None:
    """Take a price off what is due; an order of which nothing is due any more is cancelled."""
    if amount_fen:
        lower_amount_due(payment, group, order, amount_fen, now=now)
    db.session.flush()
    close_repaid(payment, order, group, RULE, now)
    if order.state == OrderState.PLACED:
        tell(News.LESS, group, order, amount_fen=group.total_fen, now=now)


def _weigh_less(line: OrderLine, quantity: Decimal) -> None:
    """Of goods that are weighed when packed, only what grew will be on the scales."""
    weighing, before = line.weighing, line.quantity - line.missing
    if weighing is None or quantity == before:
        return
    left = before - quantity
    weighing.least_grams = int(weighing.least_grams * left / before)
    weighing.most_grams = int(weighing.most_grams * left / before)
