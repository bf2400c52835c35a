"""What of an order has to be weighed before it leaves. Only reads, so that placing and shipping can ask."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Listing
from marketplace.catalogue.terms import catch_weight_of
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, NotFound
from marketplace.orders.models import Order, OrderLine, Weighing


def to_weigh(listing: Listing, pieces: Decimal, most_fen: int) -> Weighing | None:
    """What is to be weighed of an order line for a number of pieces; None for goods whose weight is known."""
    weight = catch_weight_of(listing)
    if weight is None:
        return None
    return Weighing(
        unit=weight.unit,
        price_fen=weight.price_fen,
        least_grams=int(pieces) * weight.grams_min,
        most_grams=int(pieces) * weight.grams_max,
        most_fen=most_fen,
    )


def lines_by_weight(order: Order) -> Sequence[OrderLine]:
    """The lines that are weighed when they are packed; there is nothing to weigh of one of which nothing grew."""
    return [line for line in order.lines if line.weighing is not None and line.missing < line.quantity]


def awaits_weighing(order: Order) -> bool:
    """Whether something of an order is still to be weighed."""
    return any(line.weighing is not None and line.weighing.grams is None for line in lines_by_weight(order))


def check_weighed(order: Order) -> None:
    """Refuse to let an order leave before it is known what its goods weigh.

    Raises
    ------
    Conflict
        ``not_weighed``.
    """
    if awaits_weighing(order):
        raise Conflict("not_weighed", N_("Please weigh the goods first: the buyer pays for what they weigh."))


def get_order_to_weigh(public_id: str, producer_id: int) -> Order:
    """A producer's own order of which something is weighed when packed, with its lines, or ``NotFound``."""
    query = select(Order).where(Order.public_id == public_id, Order.producer_id == producer_id)
    query = query.options(joinedload(Order.group), selectinload(Order.lines))
    order = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if order is None or not lines_by_weight(order):
        raise NotFound("order_unknown", N_("There is no such order."))
    return order
