"""Packing orders into boxes, and what hangs below a lot: its order lines, their boxes and parcels."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from marketplace.catalogue.lot_tree import lots_below
from marketplace.catalogue.withheld import blocked_among
from marketplace.catalogue.yields import check_shipment
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.models import Box, Order, OrderLine
from marketplace.orders.states import OrderState
from marketplace.orders.weights import check_weighed

MOST_BOXES = 500


def grams_to_send(line: OrderLine) -> int:
    """What of a line is to be packed, in grams: what the scales said, or what was ordered and does not miss."""
    if line.missing == line.quantity:
        return 0
    if line.weighing is not None and line.weighing.grams is not None:
        return line.weighing.grams
    return int((line.quantity - line.missing) * line.unit_grams)


def boxes_of(order: Order) -> dict[int, list[Box]]:
    """The closed boxes of an order by line id, in their order."""
    found: dict[int, list[Box]] = {line.id: [] for line in order.lines}
    query = select(Box).where(Box.line_id.in_(found), Box.opened_at.is_(None)).order_by(Box.line_id, Box.number)
    for box in db.session.scalars(query):
        found[box.line_id].append(box)
    return found


def pack_line(
    order: Order, line_number: int, box_grams: Sequence[int], *, loss_grams: int = 0, actor: str, now: datetime
) -> list[Box]:
    """Pack a line of a locked order that has not left into boxes, in place of how it was packed before.

    Parameters
    ----------
    line_number : int
        Counted from one.
    box_grams : sequence of int
        What each box holds; with the loss they are the whole line.

    Raises
    ------
    NotFound
        ``line_unknown``.
    Conflict
        ``left_already`` for an order that has left or was cancelled, and as ``check_weighed``.
    Invalid
        ``boxes_invalid``; ``boxes_differ`` where boxes and loss are not what is to be sent.
    """
    if not 1 <= line_number <= len(order.lines):
        raise NotFound("line_unknown", N_("This order has no such goods."))
    if order.state != OrderState.PLACED:
        raise Conflict("left_already", N_("This order has left the farm, or was cancelled."))
    check_weighed(order)
    line = order.lines[line_number - 1]
    if not 1 <= len(box_grams) <= MOST_BOXES or min(box_grams) <= 0 or loss_grams < 0:
        raise Invalid("boxes_invalid", N_("Please give between 1 and %(most)s boxes, none of them empty."), most=MOST_BOXES)
    due_g = grams_to_send(line)
    if sum(box_grams) + loss_grams != due_g:
        raise Invalid("boxes_differ", N_("Boxes and loss must add up to %(grams)s grams."), grams=due_g)
    for box in boxes_of(order)[line.id]:
        box.opened_at = now
    db.session.flush()
    boxes = _write(line, box_grams, loss_grams, now)
    audit.record("order.packed", "order", order.public_id, actor=actor, at=now, line=line_number, boxes=len(boxes))
    return boxes


def _write(line: OrderLine, box_grams: Sequence[int], loss_grams: int, now: datetime) -> list[Box]:
    last = db.session.scalar(select(func.max(Box.number)).where(Box.line_id == line.id)) or 0
    boxes = [Box(line_id=line.id, number=last + at, grams=grams, packed_at=now) for at, grams in enumerate(box_grams, 1)]
    boxes[0].loss_grams = loss_grams
    db.session.add_all(boxes)
    db.session.flush()
    return boxes


def seal_boxes(order: Order, *, now: datetime) -> None:
    """An order leaves: what of its lines is in no box yet goes into one, so that each gram that left is in a box."""
    packed = boxes_of(order)
    for line in order.lines:
        rest_g = grams_to_send(line) - sum(box.grams + box.loss_grams for box in packed[line.id])
        if rest_g < 0:
            # Less is sent than was packed, since some of it was paid back meanwhile.
            for box in packed[line.id]:
                box.opened_at = now
            db.session.flush()
            rest_g = grams_to_send(line)
        if rest_g > 0:
            _write(line, [rest_g], 0, now)
    step("box.sealed")


def check_not_blocked(orders: Iterable[Order]) -> None:
    """Refuse to send goods that were called back."""
    if blocked_among({line.lot_id for order in orders for line in order.lines if line.missing < line.quantity}):
        raise Conflict("lot_blocked", N_("This lot has been called back. Nothing of it can be sold or sent."))


def check_traceable(order: Order, *, now: datetime) -> None:
    """An order is about to leave: refuse what was called back or cannot have grown, and put the rest into boxes."""
    check_not_blocked([order])
    check_shipment({line.lot_id for line in order.lines if line.missing < line.quantity}, local_day(now))
    seal_boxes(order, now=now)


def get_box(public_id: str) -> Box:
    """A box with its line and order by its code, or ``NotFound``."""
    found = db.session.scalars(
        select(Box).where(Box.public_id == public_id.lower()).options(joinedload(Box.line).joinedload(OrderLine.order))
    ).first()
    if found is None:
        raise NotFound("box_unknown", N_("There is no such box."))
    return found


def lines_below(lot_ids: Collection[int]) -> list[OrderLine]:
    """Every order line with goods of these lots or of what was made of them, that may have left or may still leave."""
    reached = lots_below(lot_ids)
    query = (
        select(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.lot_id.in_(reached), or_(Order.state != OrderState.CANCELLED, Order.shipped_at.is_not(None)))
        .options(joinedload(OrderLine.order).joinedload(Order.group))
        .order_by(OrderLine.id)
    )
    return list(db.session.scalars(query).unique())
