"""Building the facts. A day replaces its own rows and comes out the same however often it is built."""

from datetime import date

from sqlalchemy import func, insert, select, text

from marketplace.catalogue.models import Listing
from marketplace.dashboard.models import SalesFact
from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import db
from marketplace.orders.models import OrderGroup, OrderLine
from marketplace.orders.sold import sold_lines


def build_days(first: date, last: date) -> int:
    """Build the sales facts of a span of days from the order lines; answers how many rows there are now."""
    begin, end = day_bounds(first, last)
    db.session.execute(text("DELETE FROM sales_fact WHERE sold_on BETWEEN :first AND :last"), {"first": first, "last": last})
    sold = sold_lines()
    # The day is the market's: a payment at 23:30 in Danzhai belongs to that evening, whatever the server's zone says.
    sold_on = func.date(func.timezone("Asia/Shanghai", OrderGroup.paid_at))
    facts = (
        select(
            sold_on,
            OrderLine.lot_id,
            func.min(OrderLine.area_code),
            func.min(Listing.producer_id),
            func.min(Listing.product_id),
            func.count(),
            func.sum(sold.c.grams),
            func.sum(sold.c.total_fen),
            func.sum(sold.c.benefit_fen),
        )
        .select_from(OrderGroup)
        .join(sold, sold.c.group_id == OrderGroup.id)
        .join(OrderLine, OrderLine.id == sold.c.line_id)
        .join(Listing, Listing.id == OrderLine.listing_id)
        .where(OrderGroup.paid_at >= begin, OrderGroup.paid_at < end)
        .group_by(sold_on, OrderLine.lot_id)
    )
    # All columns of a fact, in their order.
    built = db.session.execute(
        insert(SalesFact.__table__)
        .from_select(list(SalesFact.__table__.columns), facts)
        .execution_options(preserve_rowcount=True)
    )
    return int(built.rowcount)  # type: ignore[attr-defined]


def build_day(day: date) -> int:
    """Build one day."""
    return build_days(day, day)


def build_all() -> int:
    """Build every day on which something was paid, and clear days on which nothing was."""
    db.session.execute(text("DELETE FROM sales_fact"))
    span = db.session.execute(
        text(
            "SELECT (min(paid_at) AT TIME ZONE 'Asia/Shanghai')::date, (max(paid_at) AT TIME ZONE 'Asia/Shanghai')::date"
            " FROM order_group"
        )
    ).one()
    return build_days(span[0], span[1]) if span[0] is not None else 0
