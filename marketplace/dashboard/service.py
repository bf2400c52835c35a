"""Building the facts. A day replaces its own rows and comes out the same however often it is built."""

from datetime import date

from sqlalchemy import text

from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import db

# What a harvest did not bring of a line was paid back and never sold; its price is that of ``orders.shortfalls``.
# The day is the market's: a payment at 23:30 in Danzhai belongs to that evening, whatever the server's zone says.
_BUILD = text(
    """
    INSERT INTO sales_fact
        (sold_on, lot_id, area_code, producer_id, product_id, order_lines, grams, total_fen, benefit_fen)
    SELECT (order_group.paid_at AT TIME ZONE 'Asia/Shanghai')::date, line.lot_id, min(line.area_code),
        min("order".producer_id), min(listing.product_id), count(*),
        sum(coalesce(weighing.grams, round((line.quantity - line.missing) * line.unit_grams))),
        sum(line.total_fen - short.fen),
        sum(line.benefit_fen - coalesce(div(line.benefit_fen * short.fen, nullif(line.total_fen, 0)), 0)::bigint)
    FROM order_group
    JOIN "order" ON "order".group_id = order_group.id AND "order".state <> 'cancelled'
    JOIN order_line line ON line.order_id = "order".id AND line.missing < line.quantity
    LEFT JOIN order_line_weighing weighing ON weighing.line_id = line.id
    CROSS JOIN LATERAL (
        SELECT floor(coalesce(weighing.most_fen, line.total_fen) * line.missing / line.quantity)::bigint AS fen
    ) short
    JOIN listing ON listing.id = line.listing_id
    WHERE order_group.paid_at >= :begin AND order_group.paid_at < :end
    GROUP BY 1, 2
    """
)


def build_days(first: date, last: date) -> int:
    """Build the sales facts of a span of days from the order lines; answers how many rows there are now."""
    begin, end = day_bounds(first, last)
    db.session.execute(text("DELETE FROM sales_fact WHERE sold_on BETWEEN :first AND :last"), {"first": first, "last": last})
    built = db.session.execute(_BUILD, {"begin": begin, "end": end})
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
