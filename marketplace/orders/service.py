"""Placing orders and moving them along."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.deliveries import may_reach
from marketplace.catalogue.models import Listing, Lot, Producer, Unit
from marketplace.catalogue.service import Taken, check_quantity, return_stock, take_stock
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.money import line_total_fen, split_fen
from marketplace.kernel.steps import step
from marketplace.orders.following import tell_booked, tell_taken_back
from marketplace.orders.models import Basket, BasketLine, Order, OrderGroup, OrderLine
from marketplace.orders.settlement import (
    book_payment,
    book_surplus,
    settle_if_due,
    split_order,
)
from marketplace.orders.states import ORDERS, OrderAction, OrderState
from marketplace.payments.gateway import PageState, PayPage, find_provider
from marketplace.payments.models import Payment, PaymentAttempt, PaymentMethod
from marketplace.payments.queries import live_attempt
from marketplace.payments.service import (
    apply_action,
    create_payment,
    create_surplus_refund,
    record_charge,
    record_page,
)
from marketplace.payments.states import LIVE, UNPAID, PaymentAction, PaymentState
from marketplace.registry.queries import latest_revision

# Who the audit trail names when a payment provider said so.
PROVIDER = "payment provider"


@dataclass(frozen=True)
class Destination:
    """Who receives the goods and where."""

    recipient: str
    phone: str
    area_code: str
    address: str


def place_order(
    account_id: int,
    actor: str,
    basket_public_id: str,
    destination: Destination,
    method: PaymentMethod,
    expected_total_fen: int,
    *,
    now: datetime,
) -> OrderGroup:
    """Turn a basket into a purchase with one order per seller, all or nothing.

    Raises
    ------
    NotFound
        When the basket is not this account's.
    Conflict
        ``total_changed`` when the total is not what the buyer saw, ``sold_out`` when goods are gone, ``not_delivered_there``
        when some are not delivered to the destination. A basket that was placed before answers its purchase and takes
        nothing again.
    """
    basket = db.session.scalars(
        select(Basket).filter_by(public_id=basket_public_id, account_id=account_id).with_for_update()
    ).first()
    if basket is None:
        raise NotFound("basket_unknown", N_("There is no such basket."))
    if basket.ordered:
        return db.session.scalars(select(OrderGroup).filter_by(basket_id=basket.id)).one()
    if method == PaymentMethod.ONLINE and find_provider() is None:
        raise Invalid("method_unavailable", N_("Paying online is not possible here. Please choose another way to pay."))
    lines = db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id)).all()
    if not lines:
        raise Invalid("basket_empty", N_("Your basket is empty."))
    group = OrderGroup(
        public_id=ids.public_id(),
        reference=ids.reference("NQ", local_day(now)),
        basket_id=basket.id,
        account_id=account_id,
        payment_method=method,
        placed_at=now,
        recipient=destination.recipient,
        phone=destination.phone,
        area_code=destination.area_code,
        address=destination.address,
    )
    _check_delivery(lines, destination)
    taken = take_stock({line.listing_id: line.quantity for line in lines}, "order_group", group.public_id, now=now)
    step("checkout.goods_taken")
    snapshots = _snapshots(lines, taken)
    group.total_fen = sum(line.total_fen for own in snapshots.values() for line in own)
    if group.total_fen != expected_total_fen:
        raise Conflict(
            "total_changed",
            N_("A price has changed since you saw it. Please check the new total and confirm again."),
            total_fen=group.total_fen,
        )
    db.session.add(group)
    db.session.flush()
    _add_orders(group, snapshots)
    basket.ordered = True
    create_payment("order_group", group.public_id, method, group.total_fen, now=now)
    audit.record("order.placed", "order_group", group.public_id, actor=actor, at=now, total_fen=group.total_fen)
    step("checkout.order_written")
    return group


def _check_delivery(lines: Sequence[BasketLine], destination: Destination) -> None:
    """Refuse a destination that some of the goods are not delivered to, naming them all at once."""
    rows = db.session.execute(
        select(Listing.title_zh, Listing.title_en, Listing.delivers_to)
        .where(Listing.id.in_([line.listing_id for line in lines]), Listing.delivers_to.is_not(None))
        .order_by(Listing.id)
    )
    far = [row for row in rows if not may_reach(row.delivers_to, destination.area_code)]
    if far:
        raise Conflict(
            "not_delivered_there",
            N_("Not delivered to this address: %(title)s. Please choose another address, or take it out of your basket."),
            title_zh="、".join(row.title_zh for row in far),
            title_en=", ".join(row.title_en for row in far),
            title="、".join(row.title_zh for row in far),
        )


def _snapshots(lines: Sequence[BasketLine], taken: Mapping[int, Sequence[Taken]]) -> dict[int, list[OrderLine]]:
    """The order lines by producer, one for each lot that a basket line draws on; a line's parts sum to its total."""
    listings = {row.id: row for row in db.session.scalars(select(Listing).where(Listing.id.in_(taken)))}
    producers = {
        row.id: row
        for row in db.session.scalars(
            select(Producer).where(Producer.id.in_({listing.producer_id for listing in listings.values()}))
        )
    }
    lot_ids = [part.lot_id for parts in taken.values() for part in parts]
    lots = {row.id: row for row in db.session.scalars(select(Lot).where(Lot.id.in_(lot_ids)))}
    revision = latest_revision()
    snapshots: dict[int, list[OrderLine]] = defaultdict(list)
    for line in lines:
        listing = listings[line.listing_id]
        producer = producers[listing.producer_id]
        check_quantity(Unit(listing.unit), line.quantity)
        total_fen = line_total_fen(listing.price_fen, line.quantity)
        weights = {part.lot_id: int(part.quantity * 1000) for part in taken[listing.id]}
        parts_fen = split_fen(total_fen, weights)
        for part in taken[listing.id]:
            snapshots[producer.id].append(
                OrderLine(
                    listing_id=listing.id,
                    lot_id=part.lot_id,
                    title_zh=listing.title_zh,
                    title_en=listing.title_en,
                    producer_zh=producer.name_zh,
                    producer_en=producer.name_en,
                    area_code=listing.area_code,
                    harvested_on=lots[part.lot_id].harvested_on,
                    unit=listing.unit,
                    unit_grams=listing.unit_grams,
                    quantity=part.quantity,
                    price_fen=listing.price_fen,
                    total_fen=parts_fen[part.lot_id],
                    benefit_bp=part.share.bp,
                    benefit_fen=part.share.of(parts_fen[part.lot_id]),
                    registry_revision=revision,
                )
            )
    return snapshots


def _add_orders(group: OrderGroup, snapshots: Mapping[int, list[OrderLine]]) -> None:
    for producer_id, lines in sorted(snapshots.items()):
        total_fen = sum(line.total_fen for line in lines)
        producer_fen, service_fee_fen = split_order(total_fen)
        db.session.add(
            Order(
                group_id=group.id,
                producer_id=producer_id,
                total_fen=total_fen,
                producer_fen=producer_fen,
                service_fee_fen=service_fee_fen,
                lines=lines,
            )
        )
    db.session.flush()


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


def confirm_payment(payment: Payment, *, actor: str, now: datetime) -> bool:
    """Book that a locked payment has arrived, as a person says, and settle what was delivered before it.

    Returns
    -------
    bool
        False when that was done already.

    Raises
    ------
    Conflict
        ``confirmed_by_provider`` for an online payment, of which only the provider knows.
    """
    if payment.method == PaymentMethod.ONLINE:
        raise Conflict("confirmed_by_provider", N_("An online payment is confirmed by the payment service alone."))
    return _book(payment, actor=actor, now=now)


def _book(payment: Payment, *, actor: str, now: datetime) -> bool:
    group = _lock_group(payment.purpose_id)
    if not apply_action(payment, PaymentAction.CONFIRM, now=now):
        return False
    group.paid_at = now
    book_payment(group, now=now)
    for order in _lock_orders(group):
        settle_if_due(order, group, now=now)
    db.session.flush()
    audit.record("payment.confirmed", "payment", payment.public_id, actor=actor, at=now, amount_fen=payment.amount_fen)
    tell_booked(now)
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
            parts[line.lot_id] += line.quantity
    return_stock(parts, purpose_kind, purpose_id, now=now)
    tell_taken_back(orders)


def ship_order(public_id: str, producer_id: int, *, actor: str, now: datetime) -> Order:
    """Note that a producer's own order is on its way. Goods on bank transfer leave when the money has come."""
    order, group = lock_order(public_id, producer_id=producer_id)
    if group.paid_at is None and group.payment_method != PaymentMethod.CASH_ON_DELIVERY:
        raise Conflict("not_paid_yet", N_("Please wait with shipping until the payment has been confirmed."))
    return _move_on(order, group, OrderAction.SHIP, actor=actor, now=now)


def accept_delivery(public_id: str, account_id: int, *, actor: str, now: datetime) -> Order:
    """Note that a buyer has received an order; what has been paid for goes to the producer."""
    order, group = lock_order(public_id, account_id=account_id)
    return _move_on(order, group, OrderAction.DELIVER, actor=actor, now=now)


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


def _move_on(order: Order, group: OrderGroup, action: OrderAction, *, actor: str, now: datetime) -> Order:
    state = ORDERS.next_state(OrderState(order.state), action)
    if state is None:
        return order
    order.state = state
    if state is OrderState.SHIPPED:
        order.shipped_at = now
    if state is OrderState.DELIVERED:
        order.delivered_at = now
    settle_if_due(order, group, now=now)
    db.session.flush()
    audit.record(f"order.{state}", "order", order.public_id, actor=actor, at=now)
    return order
