"""Reading baskets and orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.holds import held_by_others, held_until
from marketplace.catalogue.models import Listing, ListingState, Producer, Product
from marketplace.catalogue.preorders import coming_on, coming_quantity
from marketplace.catalogue.pricing import NextTier, next_tier, price_at
from marketplace.catalogue.quantities import least_sold
from marketplace.catalogue.seasons import Season, season_on
from marketplace.catalogue.terms import read_tiers, tiers_column
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.money import line_total_fen
from marketplace.orders.models import Basket, BasketLine, Order, OrderGroup
from marketplace.orders.states import ENDED, OrderState
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.payments.states import PaymentState
from marketplace.regions.models import Area

# Goods are kept for a basket under its public id.
HELD_FOR = "basket"

# A purchase as its buyer reads it: every seller's part with its lines.
_PART = (joinedload(Order.producer), joinedload(Order.delivery), selectinload(Order.lines))
_WITH_PARTS = selectinload(OrderGroup.orders).options(*_PART)

# What only a person can say: that money which no provider collects has arrived.
_TO_CONFIRM = (
    Payment.purpose_kind == "order_group",
    Payment.state == PaymentState.AWAITING,
    Payment.method != PaymentMethod.ONLINE,
    # Of a contract nothing is owed before its goods were accepted.
    or_(
        Payment.method != PaymentMethod.AFTER_ACCEPTANCE,
        ~select(Order.id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(OrderGroup.public_id == Payment.purpose_id, Order.state.not_in(ENDED))
        .correlate(Payment)
        .exists(),
    ),
)


@dataclass(frozen=True)
class BasketView:
    """A basket as its owner sees it: lines at today's price, grouped by seller, with what has changed."""

    public_id: str | None
    lines: Sequence[Any]
    sellers: Sequence[tuple[str, str, Sequence[Any], int]]
    total_fen: int
    # Until when the goods are kept; None while the checkout has not been opened.
    held_until: datetime | None = None

    @property
    def ready(self) -> bool:
        """Whether everything in it can be bought as it stands."""
        return bool(self.lines) and all(line.problem is None for line in self.lines)


@dataclass(frozen=True)
class BasketLineView:
    """One line: ``price_fen`` is the price of a unit at this quantity, ``price_changed`` since it was put in.

    ``problem`` is None, ``sold_out``, ``held`` (others are just buying all that is left), ``too_few``, ``below_minimum``,
    ``withdrawn`` or ``not_in_season``; ``left`` is what is there for this basket, ``next_tier`` the step it is near.
    """

    public_id: str
    listing: Any
    quantity: Any
    price_fen: int
    total_fen: int
    problem: str | None
    price_changed: bool
    left: Decimal
    next_tier: NextTier | None = None

    @property
    def waits_for(self) -> Any:
        """How much of it is still to be harvested; ripe goods go first."""
        return max(min(self.quantity, self.listing.available) - (self.listing.available - self.listing.coming), 0)


def find_open_basket(account_id: int | None, public_id: str | None, *, lock: bool = False) -> Basket | None:
    """The open basket of an account, or of a visitor who holds its public id."""
    query = select(Basket).where(~Basket.ordered)
    if account_id is not None:
        query = query.where(Basket.account_id == account_id)
    elif public_id is not None:
        query = query.where(Basket.public_id == public_id, Basket.account_id.is_(None))
    else:
        return None
    return db.session.scalars(query.with_for_update() if lock else query).first()


def basket_count(account_id: int | None, public_id: str | None) -> int:
    """How many lines the open basket has, in one statement."""
    if account_id is None and public_id is None:
        return 0
    query = select(func.count(BasketLine.id)).join(Basket, Basket.id == BasketLine.basket_id).where(~Basket.ordered)
    if account_id is not None:
        query = query.where(Basket.account_id == account_id)
    else:
        query = query.where(Basket.public_id == public_id, Basket.account_id.is_(None))
    return db.session.scalar(query) or 0


def basket_view(account_id: int | None, public_id: str | None, *, now: datetime) -> BasketView:
    """The open basket with its lines at today's prices and what others leave of the goods, in one statement."""
    if account_id is None and public_id is None:
        return BasketView(None, (), (), 0)
    query = _basket_rows(now)
    if account_id is not None:
        query = query.where(Basket.account_id == account_id)
    else:
        query = query.where(Basket.public_id == public_id, Basket.account_id.is_(None))
    rows = db.session.execute(query).all()
    lines = [_line_view(row) for row in rows]
    sellers = []
    for producer in dict.fromkeys(row.producer for row in rows):
        own = [line for line in lines if line.listing.producer == producer]
        first = own[0].listing
        sellers.append((first.producer_zh, first.producer_en, own, sum(line.total_fen for line in own)))
    if not rows:
        return BasketView(None, (), (), 0)
    return BasketView(rows[0].basket, lines, sellers, sum(line.total_fen for line in lines), rows[0].held_until)


def _basket_rows(now: datetime) -> Select[Any]:
    """The lines of open baskets with all that a basket shows of them, by seller."""
    return (
        select(
            Basket.public_id.label("basket"),
            BasketLine.public_id.label("line"),
            BasketLine.quantity,
            BasketLine.price_fen_shown,
            Listing.id,
            Listing.public_id,
            Listing.title_zh,
            Listing.title_en,
            Listing.unit,
            Listing.unit_grams,
            Listing.price_fen,
            Listing.minimum_quantity,
            Listing.weight_unit,
            Listing.weight_price_fen,
            Listing.piece_grams_min,
            tiers_column(),
            Listing.available,
            Listing.state,
            Listing.harvested_on,
            Listing.opens_on,
            Listing.closes_on,
            coming_quantity().label("coming"),
            coming_on().label("coming_on"),
            Listing.delivers_to,
            Listing.area_code,
            Listing.temperature,
            Product.art,
            Producer.public_id.label("producer"),
            Producer.name_zh.label("producer_zh"),
            Producer.name_en.label("producer_en"),
            Area.name.label("village"),
            held_by_others(HELD_FOR, Basket.public_id, now).label("held"),
            held_until(HELD_FOR, Basket.public_id, now).label("held_until"),
        )
        .join(BasketLine, BasketLine.basket_id == Basket.id)
        .join(Listing, Listing.id == BasketLine.listing_id)
        .join(Product, Product.id == Listing.product_id)
        .join(Producer, Producer.id == Listing.producer_id)
        .join(Area, Area.code == Listing.area_code)
        .where(~Basket.ordered)
        .order_by(Producer.id, BasketLine.id)
    )


def _line_view(row: Any) -> BasketLineView:
    left = max(row.available - row.held, Decimal(0))
    problem = None
    if row.state != ListingState.ON_SALE:
        problem = "withdrawn"
    elif season_on(local_day(now()), row.opens_on, row.closes_on) is not Season.OPEN:
        problem = "not_in_season"
    elif row.available < least_sold(row.unit, row.minimum_quantity):
        problem = "sold_out"
    elif left <= 0:
        problem = "held"
    elif left < row.quantity:
        problem = "too_few"
    elif row.minimum_quantity is not None and row.quantity < row.minimum_quantity:
        problem = "below_minimum"
    tiers = read_tiers(row.tiers)
    price_fen = price_at(row.price_fen, tiers, row.quantity)
    return BasketLineView(
        public_id=row.line,
        listing=row,
        quantity=row.quantity,
        price_fen=price_fen,
        total_fen=line_total_fen(price_fen, row.quantity),
        problem=problem,
        price_changed=price_fen != row.price_fen_shown,
        left=left,
        next_tier=next_tier(row.price_fen, tiers, row.quantity, left) if problem is None else None,
    )


def get_group(public_id: str, account_id: int) -> OrderGroup:
    """A buyer's own purchase with its orders and lines, or ``NotFound``."""
    found = db.session.scalars(
        select(OrderGroup)
        .where(OrderGroup.public_id == public_id, OrderGroup.account_id == account_id)
        # One purchase and its parts are read at once.
        .options(joinedload(OrderGroup.orders).options(*_PART))
    )
    group = found.unique().first()
    if group is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return group


def orders_of_producer(producer_id: int, *, limit: int = 50) -> Sequence[Order]:
    """A producer's orders, newest first, with lines and the purchase they belong to."""
    return db.session.scalars(
        select(Order)
        .where(Order.producer_id == producer_id)
        .options(joinedload(Order.group), joinedload(Order.delivery), selectinload(Order.lines), selectinload(Order.shares))
        .order_by(Order.id.desc())
        .limit(limit)
    ).all()


def payments_awaiting(reference: str | None = None, *, limit: int = 100) -> Sequence[Any]:
    """Payments the operator still has to confirm, oldest first, each with its purchase.

    With ``reference`` only those whose own or whose purchase's reference it is, written in any case.
    """
    query = select(Payment, OrderGroup).join(OrderGroup, OrderGroup.public_id == Payment.purpose_id).where(*_TO_CONFIRM)
    if reference is not None:
        query = query.where(or_(Payment.reference == reference.upper(), OrderGroup.reference == reference.upper()))
    # What was asked for at first is the sum of the parts.
    query = query.options(selectinload(OrderGroup.orders))
    return db.session.execute(query.order_by(Payment.id).limit(limit)).all()


def payment_of(group: OrderGroup) -> Payment:
    """The payment of a purchase."""
    return db.session.scalars(select(Payment).filter_by(purpose_kind="order_group", purpose_id=group.public_id)).one()


def payment_with_refunds(group: OrderGroup) -> Payment:
    """The payment of a purchase with what was promised back of it, in one statement."""
    query = select(Payment).filter_by(purpose_kind="order_group", purpose_id=group.public_id)
    return db.session.scalars(query.options(joinedload(Payment.refunds))).unique().one()


def payments_listed(reference: str | None = None, *, limit: int = 50) -> Sequence[Any]:
    """Payments of purchases with the purchase and its parts, newest first, with their refunds.

    With ``reference`` only those it names.
    """
    query = (
        select(Payment, OrderGroup)
        .join(OrderGroup, OrderGroup.public_id == Payment.purpose_id)
        .where(Payment.purpose_kind == "order_group")
        .options(_WITH_PARTS, selectinload(Payment.refunds))
    )
    if reference is not None:
        query = query.where(or_(Payment.reference == reference.upper(), OrderGroup.reference == reference.upper()))
    return db.session.execute(query.order_by(Payment.id.desc()).limit(limit)).all()


def order_of_producer(public_id: str, producer_id: int) -> Order | None:
    """A producer's own order with lines, delivery and purchase."""
    return db.session.scalars(
        select(Order)
        .filter_by(public_id=public_id, producer_id=producer_id)
        .options(joinedload(Order.group), joinedload(Order.delivery), selectinload(Order.lines))
    ).first()


def find_order(public_id: str) -> Order | None:
    """An order with lines, delivery and purchase, whosever it is."""
    return db.session.scalars(
        select(Order)
        .filter_by(public_id=public_id)
        .options(joinedload(Order.group), joinedload(Order.delivery), selectinload(Order.lines))
    ).first()


def orders_to_pack(producer_id: int) -> Sequence[Order]:
    """A producer's orders that have not left yet, oldest first, with lines and the purchase they belong to."""
    return db.session.scalars(
        select(Order)
        .where(Order.producer_id == producer_id, Order.state == OrderState.PLACED)
        .options(joinedload(Order.group), joinedload(Order.delivery), selectinload(Order.lines))
        .order_by(Order.id)
    ).all()


@dataclass(frozen=True)
class MoneyAhead:
    """A producer's part, in fen, of orders that are not settled yet.

    ``paid_fen`` is held until the buyer has the goods, ``shipped_fen`` is paid when they arrive, ``awaited_fen`` belongs to
    orders that are neither paid nor shipped.
    """

    paid_fen: int
    shipped_fen: int
    awaited_fen: int

    @property
    def on_its_way_fen(self) -> int:
        """What is paid or shipped and will reach the producer when delivery or payment is complete."""
        return self.paid_fen + self.shipped_fen


def money_ahead(producer_id: int) -> MoneyAhead:
    """What a producer can still expect, in one statement; cancelled orders are left out."""
    paid = OrderGroup.paid_at.is_not(None)
    sent = Order.state.in_((OrderState.SHIPPED, OrderState.DELIVERED, OrderState.ACCEPTED))
    # What was promised back will not come; rounded as it is booked.
    part = Order.producer_fen - func.div(Order.refunded_fen * Order.producer_fen, Order.total_fen)
    total = func.coalesce(func.sum(part).filter(paid), 0)
    shipped = func.coalesce(func.sum(part).filter(~paid, sent), 0)
    awaited = func.coalesce(func.sum(part).filter(~paid, ~sent), 0)
    row = db.session.execute(
        select(total, shipped, awaited)
        .select_from(Order)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(Order.producer_id == producer_id, Order.settled_at.is_(None), Order.state != OrderState.CANCELLED)
    ).one()
    return MoneyAhead(paid_fen=int(row[0]), shipped_fen=int(row[1]), awaited_fen=int(row[2]))


def count_awaiting() -> tuple[int, int]:
    """How many payments of purchases the operator still has to confirm, and their sum in fen."""
    number, total = db.session.execute(
        select(func.count(Payment.id), func.coalesce(func.sum(Payment.amount_fen), 0)).where(*_TO_CONFIRM)
    ).one()
    return int(number), int(total)


def groups_after(account_id: int, after: str | None, *, limit: int) -> Sequence[OrderGroup]:
    """A buyer's purchases behind the one with the public id ``after``, newest first, with orders and lines.

    Raises
    ------
    NotFound
        When ``after`` is no purchase of this buyer.
    """
    query = (
        select(OrderGroup)
        .where(OrderGroup.account_id == account_id)
        .options(_WITH_PARTS)
        .order_by(OrderGroup.placed_at.desc(), OrderGroup.id.desc())
        .limit(limit)
    )
    if after is not None:
        mark = db.session.execute(
            select(OrderGroup.placed_at, OrderGroup.id).filter_by(public_id=after, account_id=account_id)
        ).first()
        if mark is None:
            raise NotFound("order_unknown", N_("There is no such order."))
        query = query.where(tuple_(OrderGroup.placed_at, OrderGroup.id) < tuple_(mark.placed_at, mark.id))
    return db.session.scalars(query).all()


def last_destination(account_id: int) -> OrderGroup | None:
    """A buyer's newest purchase, for where it went and how it was paid."""
    return db.session.scalars(
        select(OrderGroup)
        .where(OrderGroup.account_id == account_id)
        .order_by(OrderGroup.placed_at.desc(), OrderGroup.id.desc())
        .limit(1)
    ).first()
