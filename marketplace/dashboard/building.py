"""The statements that count facts from the raw rows: what was sold, to whom, and what lists showed. No state of their own."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Date, Select, and_, case, cast, exists, extract, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from marketplace.catalogue.models import Listing, MarketPrice
from marketplace.dashboard.models import Channel, SalesFact, SalesMonth
from marketplace.identity.models import Role, RoleKind
from marketplace.kernel.clock import day_bounds
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.sold import sold_lines
from marketplace.sourcing.models import EnterpriseMember, PurchaseTarget

# A wholesale price speaks for the days after it until the next, but for no more than a week.
PRICE_HOLDS_DAYS = 7
_GRAMS_OF_A_PRICE = 500


def days_of_sales(first: date, last: date) -> Select[Any]:
    """The sales facts of a span of days, with the columns of ``SalesFact`` in their order."""
    lots = _lots_a_day(first, last)
    prices = _wholesale(lots)
    priced = prices.c.number > 0
    columns = {
        **{column.name: lots.c[column.name] for column in SalesFact.__table__.columns if column.name in lots.c},
        "farm_gate_fen": case((priced, lots.c.farm_gate_fen), else_=0),
        # Whole fen of each fact, rounded down, from the mean of the markets that have a price.
        "wholesale_fen": case(
            (priced, func.div(lots.c.grams * prices.c.sum_fen, prices.c.number * _GRAMS_OF_A_PRICE)), else_=0
        ),
    }
    return (
        select(*(columns[column.name].label(column.name) for column in SalesFact.__table__.columns))
        .select_from(lots)
        .outerjoin(prices, and_(prices.c.product_id == lots.c.product_id, prices.c.sold_on == lots.c.sold_on))
    )


def _lots_a_day(first: date, last: date) -> Any:
    """Paid lines added up by day, lot and channel."""
    begin, end = day_bounds(first, last)
    sold = sold_lines()
    # The day is the market's: a payment at 23:30 in Danzhai belongs to that evening, whatever the server's zone says.
    sold_on = cast(func.timezone("Asia/Shanghai", OrderGroup.paid_at), Date)
    # The producer's part of the goods, without freight that they bring themselves, as it was frozen when the order was placed.
    own_fen = func.div(sold.c.total_fen * func.least(Order.producer_fen, Order.goods_fen), Order.goods_fen)
    own_grams = func.coalesce(func.div(sold.c.grams * sold.c.benefit_fen, func.nullif(sold.c.total_fen, 0)), 0)
    lines = (
        select(
            sold_on.label("sold_on"),
            OrderLine.lot_id,
            _channel(sold_on, sold.c.benefit_fen).label("channel"),
            OrderLine.area_code,
            Listing.producer_id,
            Listing.product_id,
            sold.c.grams,
            sold.c.total_fen,
            sold.c.benefit_fen,
            own_grams.label("benefit_grams"),
            own_fen.label("farm_gate_fen"),
        )
        .select_from(OrderGroup)
        .join(sold, sold.c.group_id == OrderGroup.id)
        .join(Order, Order.id == sold.c.order_id)
        .join(OrderLine, OrderLine.id == sold.c.line_id)
        .join(Listing, Listing.id == OrderLine.listing_id)
        .where(OrderGroup.paid_at >= begin, OrderGroup.paid_at < end)
        .subquery("lines")
    )
    keys = (lines.c.sold_on, lines.c.lot_id, lines.c.channel)
    return (
        select(
            *keys,
            *(func.min(lines.c[name]).label(name) for name in ("area_code", "producer_id", "product_id")),
            func.count().label("order_lines"),
            *(
                cast(func.sum(lines.c[name]), BigInteger).label(name)
                for name in ("grams", "total_fen", "benefit_fen", "benefit_grams", "farm_gate_fen")
            ),
        )
        .group_by(*keys)
        .cte("lots")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def _channel(sold_on: Any, benefit_fen: Any) -> Any:
    """By the roles that the buyer has and the target that its enterprise has set for the year of the day."""
    enterprises = select(Role.account_id).where(Role.kind == RoleKind.ENTERPRISE)
    is_enterprise = OrderGroup.account_id.in_(enterprises)
    # Who bought was a member of the enterprise at the time.
    reserves = exists().where(
        EnterpriseMember.account_id == OrderGroup.account_id,
        EnterpriseMember.joined_at <= OrderGroup.placed_at,
        or_(EnterpriseMember.left_at.is_(None), EnterpriseMember.left_at > OrderGroup.placed_at),
        PurchaseTarget.enterprise_id == EnterpriseMember.enterprise_id,
        PurchaseTarget.year == extract("year", sold_on),
        PurchaseTarget.share_bp > 0,
    )
    return case(
        (and_(is_enterprise, reserves, benefit_fen > 0), literal(Channel.RESERVED.value)),
        (is_enterprise, literal(Channel.ENTERPRISE.value)),
        else_=literal(Channel.CONSUMER.value),
    )


def _wholesale(lots: Any) -> Any:
    """For each kind of goods and day that sold: how many markets have a price, and the sum of their newest averages."""
    wanted = select(lots.c.product_id, lots.c.sold_on).distinct().subquery("wanted")
    newest = (
        select(wanted.c.product_id, wanted.c.sold_on, MarketPrice.average_fen)
        .join(
            MarketPrice,
            and_(
                MarketPrice.product_id == wanted.c.product_id,
                MarketPrice.day <= wanted.c.sold_on,
                MarketPrice.day > wanted.c.sold_on - PRICE_HOLDS_DAYS,
            ),
        )
        .ext(distinct_on(wanted.c.product_id, wanted.c.sold_on, MarketPrice.source))
        .order_by(wanted.c.product_id, wanted.c.sold_on, MarketPrice.source, MarketPrice.day.desc())
        .subquery("newest")
    )
    keys = (newest.c.product_id, newest.c.sold_on)
    return (
        select(*keys, func.count().label("number"), func.sum(newest.c.average_fen).label("sum_fen"))
        .group_by(*keys)
        .subquery("prices")
    )


def months_of_sales(first: date, last: date) -> Select[Any]:
    """The months that begin within a span, added up from their days, with the columns of ``SalesMonth`` in their order."""
    month_on = cast(func.date_trunc("month", SalesFact.sold_on), Date)
    keys = {"month_on": month_on, "lot_id": SalesFact.lot_id, "channel": SalesFact.channel}
    fixed = ("area_code", "producer_id", "product_id")

    def column(name: str) -> Any:
        if name in keys:
            return keys[name]
        own = SalesFact.__table__.columns[name]
        return func.min(own) if name in fixed else cast(func.sum(own), own.type)

    return (
        select(*(column(each.name) for each in SalesMonth.__table__.columns))
        .where(SalesFact.sold_on.between(first, last))
        .group_by(*keys.values())
    )


# Only goods that are still known; a log of lists holds no foreign key.
EXPOSURE = text(
    "INSERT INTO exposure_fact (shown_on, listing_id, lists, exposure_millionths)"
    " SELECT (served_list.at AT TIME ZONE 'Asia/Shanghai')::date, place.listing_id, count(DISTINCT served_list.id),"
    " sum(round(place.weight::numeric * 1000000))::bigint"
    " FROM served_list, unnest(served_list.listing_ids, served_list.position_weights) AS place (listing_id, weight)"
    " JOIN listing ON listing.id = place.listing_id"
    " WHERE served_list.at >= :begin AND served_list.at < :end"
    " GROUP BY 1, 2"
)
