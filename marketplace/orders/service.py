"""Moving purchases along: paid, given up, shipped, delivered, accepted."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.service import return_stock
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.boxes import check_traceable
from marketplace.orders.following import tell_booked, tell_taken_back
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.news import News, tell
from marketplace.orders.preorders import check_harvested
from marketplace.orders.settlement import book_payment, book_surplus, settle_if_due
from marketplace.orders.states import ENDED, ORDERS, OrderAction, OrderState
from marketplace.orders.weights import check_weighed
from marketplace.payments.gateway import PageState, PayPage
from marketplace.payments.models import GOODS_FIRST, Payment, PaymentAttempt, PaymentMethod
from marketplace.payments.queries import live_attempt
from marketplace.payments.service import apply_action, create_excess_refund, create_surplus_refund, record_charge, record_page
from marketplace.payments.states import LIVE, UNPAID, PaymentAction, PaymentState

# Who the audit trail names when a payment provider said so.
PROVIDER = "payment provider"


def _lock_group(public_id: str) -> OrderGroup:
    group = db.session.scalars(
        select(OrderGroup).filter_by(public_id=public_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if group is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return group


def _lock_orders(group: OrderGroup) -> Sequence[Order]:
    return db.session.scalars(
        select(Order)
        .where(Order.group_id == group.id)
        .order_by(Order.id)
        .with_for_update(of=Order)
        .execution_options(populate_existing=True)
    ).all()


def confirm_payment(payment: Payment, *, received_fen: int | None = None, actor: str, now: datetime) -> bool:
    """Book that a locked payment has arrived, as a person says, and settle what was accepted before it.

    Parameters
    ----------
    received_fen : int, optional
        What has arrived, where it is not what is due. A buyer who was asked for more before the goods were weighed or harvested
        may have sent that: the rest is promised back, to be sent by hand.

    Returns
    -------
    bool
        False when that was done already.

    Raises
    ------
    Conflict
        ``confirmed_by_provider`` for an online payment, of which only the provider knows; ``received_too_little``.
    """
    if payment.method == PaymentMethod.ONLINE:
        raise Conflict("confirmed_by_provider", N_("An online payment is confirmed by the payment service alone."))
    excess_fen = received_fen - payment.amount_fen if received_fen is not None else 0
    if excess_fen < 0:
        raise Conflict(
            "received_too_little",
            N_("That is less than is due. Please wait for the rest, or ask the buyer."),
            amount_fen=payment.amount_fen,
        )
    if not _book(payment, actor=actor, now=now):
        return False
    if excess_fen:
        refund = create_excess_refund(payment, excess_fen, now=now)
        book_surplus(refund, now=now)
        audit.record("payment.surplus", "payment", payment.public_id, actor=actor, at=now, amount_fen=excess_fen)
    return True


def _book(payment: Payment, *, actor: str, now: datetime) -> bool:
    group = _lock_group(payment.purpose_id)
    if payment.method == PaymentMethod.AFTER_ACCEPTANCE and any(row.state not in ENDED for row in _lock_orders(group)):
        raise Conflict("not_accepted_yet", N_("These goods are paid for when they have been accepted. Please wait for that."))
    if not apply_action(payment, PaymentAction.CONFIRM, now=now):
        return False
    group.paid_at = now
    book_payment(group, now=now)
    for order in _lock_orders(group):
        settle_if_due(order, group, now=now)
    db.session.flush()
    audit.record("payment.confirmed", "payment", payment.public_id, actor=actor, at=now, amount_fen=payment.amount_fen)
    tell_booked(now)
    tell(News.PAID, group, now=now)
    return True


def note_page(attempt: PaymentAttempt, page: PayPage, *, now: datetime) -> bool:
    """Take in how a locked attempt's page stands, from whomever we hear it, as often as we hear it.

    Money for a purchase that was given up, or that was paid before, is promised back whole.

    Returns
    -------
    bool
        Whether the purchase was paid by this news.
    """
    payment = attempt.payment
    state = PaymentState(payment.state)
    if page.state is PageState.PAID:
        if not record_charge(attempt, page, now=now):
            return False
        step("payment.charge_recorded")
        if state in (*UNPAID, PaymentState.PROCESSING) and page.paid_fen == payment.amount_fen:
            return _book(payment, actor=PROVIDER, now=now)
        refund = create_surplus_refund(attempt, now=now)
        book_surplus(refund, now=now)
        data = {"amount_fen": refund.amount_fen, "payment": payment.public_id}
        audit.record("payment.surplus", "payment_attempt", attempt.public_id, actor=PROVIDER, at=now, **data)
        return False
    if record_page(attempt, page, now=now):
        if page.state is PageState.PROCESSING and state in UNPAID:
            apply_action(payment, PaymentAction.PROCESS, now=now)
        if page.state is PageState.FAILED and state in (PaymentState.AWAITING, PaymentState.PROCESSING):
            apply_action(payment, PaymentAction.FAIL, now=now)
    return False


def note_decline(attempt: PaymentAttempt, *, now: datetime) -> None:
    """Take in that a try on a locked attempt's page was declined; the page stays open for another."""
    if attempt.state in LIVE and attempt.payment.state == PaymentState.AWAITING:
        apply_action(attempt.payment, PaymentAction.FAIL, now=now)


def cancel_unpaid(payment: Payment, *, actor: str, now: datetime, action: PaymentAction = PaymentAction.CANCEL) -> bool:
    """Give up a purchase whose payment has not come and of which nothing was shipped; the goods go back on stock.

    Raises
    ------
    Conflict
        ``page_open`` while somebody could still pay for it at the provider.
    """
    group = _lock_group(payment.purpose_id)
    if live_attempt(payment) is not None:
        raise Conflict("page_open", N_("This purchase is being paid for at this moment."))
    if not apply_action(payment, action, now=now):
        return False
    orders = [order for order in _lock_orders(group) if take_back(order)]
    db.session.flush()
    return_goods(orders, "order_group", group.public_id, now)
    audit.record(f"order.{payment.state}", "order_group", group.public_id, actor=actor, at=now)
    tell(News.CANCELLED, group, now=now)
    return True


def take_back(order: Order) -> bool:
    """Move a locked order that has not left to cancelled; False when it is."""
    state = ORDERS.next_state(OrderState(order.state), OrderAction.CANCEL)
    if state is None:
        return False
    order.state = state
    return True


def return_goods(orders: Sequence[Order], purpose_kind: str, purpose_id: str, now: datetime) -> None:
    """Put the goods of cancelled orders back on stock, and tell those who follow purchases."""
    parts: dict[int, Any] = defaultdict(int)
    for order in orders:
        for line in order.lines:
            parts[line.lot_id] += line.quantity - line.missing
    return_stock({lot_id: quantity for lot_id, quantity in parts.items() if quantity}, purpose_kind, purpose_id, now=now)
    tell_taken_back(orders)


def ship_order(public_id: str, producer_id: int, *, actor: str, now: datetime) -> Order:
    """Note that a producer's own order is on its way. Goods on bank transfer leave when the money has come."""
    order, group = lock_order(public_id, producer_id=producer_id)
    if group.paid_at is None and group.payment_method not in GOODS_FIRST:
        raise Conflict("not_paid_yet", N_("Please wait with shipping until the payment has been confirmed."))
    check_weighed(order)
    check_harvested(order)
    if order.state == OrderState.PLACED:
        check_traceable(order, now=now)
    return move_on(order, group, OrderAction.SHIP, actor=actor, now=now)


def deliver_order(public_id: str, *, producer_id: int | None = None, actor: str, now: datetime) -> Order:
    """Note that an order has come to its buyer, as its seller, a courier or a hub says; the time to accept it begins.

    Who was slower than the buyer, who has accepted it already, changes nothing.
    """
    order, group = lock_order(public_id, producer_id=producer_id)
    if order.state == OrderState.ACCEPTED:
        return order
    return move_on(order, group, OrderAction.DELIVER, actor=actor, now=now)


def accept_delivery(public_id: str, account_id: int, *, actor: str, now: datetime) -> Order:
    """Note that a buyer has received an order in good order; what has been paid for goes to those who share in it."""
    order, group = lock_order(public_id, account_id=account_id)
    if group.payment_method == PaymentMethod.AFTER_ACCEPTANCE:
        raise Conflict("by_contract", N_("These goods came by contract. Please weigh and accept them at your purchasing desk."))
    unheard = order.state == OrderState.SHIPPED
    move_on(order, group, OrderAction.ACCEPT, actor=actor, now=now)
    if unheard:
        # Nobody has said before that it has come.
        tell(News.ARRIVED, group, order, now=now)
    return order


def lock_order(public_id: str, *, producer_id: int | None = None, account_id: int | None = None) -> tuple[Order, OrderGroup]:
    """An order that belongs to this producer or this buyer, locked behind its purchase, or ``NotFound``."""
    group_id = db.session.scalar(select(Order.group_id).filter_by(public_id=public_id))
    group = db.session.scalars(
        select(OrderGroup).filter_by(id=group_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    order = next((row for row in _lock_orders(group) if row.public_id == public_id), None) if group else None
    if (
        group is None
        or order is None
        or (producer_id is not None and order.producer_id != producer_id)
        or (account_id is not None and group.account_id != account_id)
    ):
        raise NotFound("order_unknown", N_("There is no such order."))
    return order, group


def move_on(order: Order, group: OrderGroup, action: OrderAction, *, actor: str, now: datetime) -> Order:
    """Move a locked order along its state machine, and settle it when that makes it due."""
    state = ORDERS.next_state(OrderState(order.state), action)
    if state is None:
        return order
    order.state = state
    if state is OrderState.SHIPPED:
        order.shipped_at = now
    if state is OrderState.DELIVERED:
        order.delivered_at = now
    if state is OrderState.ACCEPTED:
        order.accepted_at = now
    settle_if_due(order, group, now=now)
    db.session.flush()
    audit.record(f"order.{state}", "order", order.public_id, actor=actor, at=now)
    if state is OrderState.SHIPPED:
        tell(News.SHIPPED, group, order, now=now)
    if state is OrderState.DELIVERED:
        tell(News.ARRIVED, group, order, now=now)
    return order
