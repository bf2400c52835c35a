"""What was really sold, for all who count: the figures of government, the report of policies, an enterprise's year.

Goods that did not grow, or were paid back before they had left, were never sold; goods that are weighed count as the scales
found them. What went back for a claim was sold all the same: the harvest has found its buyer.
"""

from sqlalchemy import BigInteger, FromClause, cast, func, select

from marketplace.orders.models import Order, OrderLine, Weighing
from marketplace.orders.states import OrderState


def sold_lines() -> FromClause:
    """The order lines of which something was sold, paid for or not, as a subquery to join.

    Its columns are ``line_id``, ``order_id``, ``group_id``, ``grams``, ``total_fen`` and ``benefit_fen``. The price of what is
    missing is rounded down as it was given back (``orders.preorders``), and so is the benefit's part of it.
    """
    charged_fen = func.coalesce(Weighing.most_fen, OrderLine.total_fen)
    missing_fen = cast(func.floor(charged_fen * OrderLine.missing / OrderLine.quantity), BigInteger)
    missing_benefit_fen = func.coalesce(func.div(OrderLine.benefit_fen * missing_fen, func.nullif(OrderLine.total_fen, 0)), 0)
    sent_grams = func.round((OrderLine.quantity - OrderLine.missing) * OrderLine.unit_grams)
    return (
        select(
            OrderLine.id.label("line_id"),
            OrderLine.order_id,
            Order.group_id,
            cast(func.coalesce(Weighing.grams, sent_grams), BigInteger).label("grams"),
            (OrderLine.total_fen - missing_fen).label("total_fen"),
            (OrderLine.benefit_fen - cast(missing_benefit_fen, BigInteger)).label("benefit_fen"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(Weighing, Weighing.line_id == OrderLine.id)
        .where(Order.state != OrderState.CANCELLED, OrderLine.missing < OrderLine.quantity)
        .subquery("sold")
    )
