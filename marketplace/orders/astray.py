"""Making good what was lost or came back: money, order, stock and payment all come to an end.

The buyer gets back what was paid, or owes nothing for it. The order is cancelled, because nothing was sold. Lost goods are
written off at once. Goods that came back are on sale again when their farm has looked at them and calls them sound; what
it calls spoilt, or says nothing of in time, is written off.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from marketplace.catalogue.models import Unit
from marketplace.catalogue.quantities import check_quantity
from marketplace.catalogue.service import return_stock
from marketplace.catalogue.write_offs import write_off
from marketplace.kernel import audit
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.dues import lower_amount_due
from marketplace.orders.following import tell_booked, tell_taken_back
from marketplace.orders.models import Order, OrderGroup, OrderLine, ReturnedGoods
from marketplace.orders.news import News, tell
from marketplace.orders.notices import NoticeKind, give_notice
from marketplace.orders.refunds import promise_back
from marketplace.orders.service import lock_order
from marketplace.orders.states import ORDERS, UNACCEPTED, OrderAction, OrderState
from marketplace.payments.models import Payment, RefundReason

# A farm that says nothing of goods for so long has nothing that anybody would buy.
TIME_TO_LOOK = timedelta(days=14)
ACTOR = "time limit"


def make_good(order: Order, group: OrderGroup, payment: Payment, *, came_back: bool, actor: str, now: datetime) -> bool:
    """Bring an order whose parcel was lost or ``came_back`` to its end; whether money goes back. All are locked.

    An order that was accepted keeps its state, which nothing leads out of; its money goes back all the same.
    """
    left_fen = order.total_fen - order.refunded_fen
    ends = order.state in UNACCEPTED
    if left_fen and group.paid_at is not None:
        promise_back(payment, order, left_fen, RefundReason.CANCELLED if ends else RefundReason.CLAIM, now=now)
    elif left_fen:
        lower_amount_due(payment, group, order, left_fen, now=now)
    if ends:
        order.state = ORDERS.next_state(OrderState(order.state), OrderAction.GO_ASTRAY) or order.state
    db.session.flush()
    _account_for_goods(order, came_back=came_back, now=now)
    given_back_fen = left_fen if group.paid_at is not None else 0
    audit.record("order.went_astray", "order", order.public_id, actor=actor, at=now, refund_fen=given_back_fen)
    if ends:
        tell_taken_back([order])
        tell(News.CANCELLED, group, order, amount_fen=given_back_fen, now=now)
    elif given_back_fen:
        tell(News.REFUNDED, group, order, amount_fen=given_back_fen, now=now)
    if group.paid_at is not None:
        # The day on which it was paid has sold less.
        tell_booked(group.paid_at)
    return bool(given_back_fen)


def _account_for_goods(order: Order, *, came_back: bool, now: datetime) -> None:
    sent = [(line, line.quantity - line.missing) for line in order.lines if line.missing < line.quantity]
    if came_back:
        db.session.add_all(ReturnedGoods(line_id=line.id, quantity=quantity, came_back_at=now) for line, quantity in sent)
        db.session.flush()
        give_notice(NoticeKind.CAME_BACK, order, order.public_id, to_seller=True, now=now)
    else:
        write_off(_by_lot(sent), "order", order.public_id, now=now)


def _by_lot(parts: Any) -> dict[int, Decimal]:
    """Quantities of lines by lot, without those of nothing."""
    found: dict[int, Decimal] = {}
    for line, quantity in parts:
        if quantity:
            found[line.lot_id] = found.get(line.lot_id, Decimal(0)) + quantity
    return found


def came_back_to(producer_id: int) -> list[tuple[Order, list[ReturnedGoods]]]:
    """What came back to a farm and waits to be looked at, by order, oldest first."""
    rows = db.session.scalars(
        select(ReturnedGoods)
        .join(ReturnedGoods.line)
        .join(OrderLine.order)
        .where(Order.producer_id == producer_id, ReturnedGoods.checked_at.is_(None))
        .options(contains_eager(ReturnedGoods.line).contains_eager(OrderLine.order))
        .order_by(Order.id, OrderLine.id)
    ).all()
    found: dict[Order, list[ReturnedGoods]] = {}
    for row in rows:
        found.setdefault(row.line.order, []).append(row)
    return list(found.items())


def count_came_back(producer_id: int) -> int:
    """How many orders of a farm came back and wait to be looked at."""
    query = select(func.count(Order.id.distinct())).join(OrderLine, OrderLine.order_id == Order.id)
    query = query.join(ReturnedGoods, ReturnedGoods.line_id == OrderLine.id)
    return db.session.scalar(query.where(Order.producer_id == producer_id, ReturnedGoods.checked_at.is_(None))) or 0


def note_sound(order_public_id: str, producer_id: int, sound: Mapping[int, Decimal], *, actor: str, now: datetime) -> bool:
    """Say how much of what came back of a producer's own order is fit for sale; that is on sale again, the rest written off.

    Parameters
    ----------
    sound : mapping of int to Decimal
        By the number of the line, counted from one, for every line that came back; nothing at all is an answer too.

    Returns
    -------
    bool
        False when the same was said before.

    Raises
    ------
    NotFound
        When the order is not this producer's or did not come back.
    Invalid
        ``sound_incomplete``, ``sound_range``, and as ``check_quantity``.
    Conflict
        ``looked_at_already`` when something else was said before.
    """
    order, _ = lock_order(order_public_id, producer_id=producer_id)
    rows = dict(_rows(order))
    if not rows:
        raise NotFound("order_unknown", N_("There is no such order."))
    if rows.keys() != sound.keys():
        raise Invalid("sound_incomplete", N_("Please say of each of the goods how much is fit for sale."))
    if all(row.checked_at is not None for row in rows.values()):
        if all(row.sound == sound[number] for number, row in rows.items()):
            return False
        raise Conflict("looked_at_already", N_("It has been said before what of this parcel is fit for sale."))
    for number, row in rows.items():
        if not 0 <= sound[number] <= row.quantity:
            raise Invalid("sound_range", N_("No more can be fit for sale than came back."), line=number)
        if sound[number] not in (0, row.quantity):
            check_quantity(Unit(row.line.unit), sound[number])
    _put_back(order, [(row, sound[number]) for number, row in rows.items()], actor, now)
    return True


def _rows(order: Order) -> list[tuple[int, ReturnedGoods]]:
    numbers = {line.id: number for number, line in enumerate(order.lines, 1)}
    rows = db.session.scalars(
        select(ReturnedGoods)
        .where(ReturnedGoods.line_id.in_(numbers))
        .order_by(ReturnedGoods.line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [(numbers[row.line_id], row) for row in rows]


def _put_back(order: Order, found: list[tuple[ReturnedGoods, Decimal]], actor: str, now: datetime) -> None:
    for row, sound in found:
        row.sound, row.checked_at = sound, now
    db.session.flush()
    fit = _by_lot((row.line, sound) for row, sound in found)
    if fit:
        return_stock(fit, "order", order.public_id, now=now)
    write_off(_by_lot((row.line, row.quantity - sound) for row, sound in found), "order", order.public_id, now=now)
    data = {"sound": {row.line_id: str(sound) for row, sound in found}}
    audit.record("goods.looked_at", "order", order.public_id, actor=actor, at=now, **data)
    step("goods.looked_at")


def write_off_unseen(*, now: datetime) -> int:
    """Write off what came back long ago and nobody has looked at, each order in a transaction of its own; how many orders."""
    with transaction():
        waiting = db.session.scalars(
            select(Order.public_id)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .join(ReturnedGoods, ReturnedGoods.line_id == OrderLine.id)
            .where(ReturnedGoods.checked_at.is_(None), ReturnedGoods.came_back_at < now - TIME_TO_LOOK)
            .distinct()
        ).all()
    for public_id in sorted(waiting):
        with transaction():
            order, _ = lock_order(public_id)
            # Somebody may have looked at them meanwhile.
            late = [(row, Decimal(0)) for _, row in _rows(order) if row.checked_at is None]
            if late:
                _put_back(order, late, ACTOR, now)
    return len(waiting)
