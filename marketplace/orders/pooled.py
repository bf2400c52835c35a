"""Lots that several households brought together: what each has of the money, to the fen.

Of every order that has become the farm's money, the part of a lot is divided by the grams that each household brought, with the
one function that splits amounts; so what the households have always sums to what the lot has earned. What is not theirs yet
(not accepted, not paid) is not counted, and what a buyer got back is taken off. What was made into another lot counts there.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Listing, Lot, LotContribution, Pooling, Producer, Unit
from marketplace.catalogue.quantities import check_quantity
from marketplace.catalogue.queries import contributions_of, left_of_contributions
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.money import line_total_fen, split_fen
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.preorders import missing_fen
from marketplace.orders.shares import parts_of_refund, producer_account, shares_of, split_order, terms_in_force

_LATEST = 20


@dataclass(frozen=True)
class Portion:
    """What one household brought of a lot, and its part of an amount."""

    household_id: int
    grams: int
    fen: int


@dataclass(frozen=True)
class PooledLot:
    """A lot of several households, what it has earned so far, and how that is divided."""

    lot: Lot
    listing: Listing
    grams: int
    earned_fen: int
    portions: Sequence[Portion]


@dataclass(frozen=True)
class Foreseen:
    """What a harvest would bring if all of it sold at the listed price, and how that would be divided.

    ``goods_fen`` is what buyers would pay, ``farm_fen`` what of it would be the farm's by today's terms.
    """

    goods_fen: int
    farm_fen: int
    portions: Sequence[Portion]


def divide(fen: int, grams: Mapping[int, int]) -> list[Portion]:
    """An amount by the grams of each household, by id, exact to the fen.

    >>> divide(100, {7: 1_000, 9: 1_000, 8: 1_000})
    [Portion(household_id=7, grams=1000, fen=34), Portion(household_id=8, grams=1000, fen=33), \
Portion(household_id=9, grams=1000, fen=33)]
    """
    parts = split_fen(fen, grams)
    return [Portion(household_id, grams[household_id], parts[household_id]) for household_id in sorted(grams)]


def foresee(listing: Listing, quantity: Decimal, grams: Mapping[int, int], *, now: datetime) -> Foreseen:
    """How a harvest of a listing would be divided, before it is written down; ``Invalid`` as ``check_quantity``."""
    check_quantity(Unit(listing.unit), quantity)
    producer = db.session.get_one(Producer, listing.producer_id)
    goods_fen = line_total_fen(listing.price_fen, quantity)
    payee = producer_account(producer.public_id)
    terms = terms_in_force([producer.area_code], local_day(now))[producer.area_code]
    parts = split_order(goods_fen, producer=payee, terms=terms) if goods_fen else []
    farm_fen = sum(part.amount_fen for part in parts if part.payee == payee)
    return Foreseen(goods_fen, farm_fen, divide(farm_fen, grams))


def earned_by(lot_ids: Collection[int]) -> dict[int, int]:
    """What of the farm's money each lot has earned, in fen: of orders that are paid and accepted, less what was given back."""
    earned: dict[int, int] = dict.fromkeys(lot_ids, 0)
    with_lots = select(OrderLine.order_id).where(OrderLine.lot_id.in_(lot_ids))
    settled = Order.id.in_(with_lots) & Order.settled_at.is_not(None)
    # Of most orders all that the farm has is one lot's, which the database sums; the others are divided one by one.
    of_one_lot = (
        select(OrderLine.order_id, func.min(OrderLine.lot_id).label("lot_id"))
        .join(Order, Order.id == OrderLine.order_id)
        .where(settled, Order.refunded_fen == 0)
        .group_by(OrderLine.order_id)
        .having(func.min(OrderLine.lot_id) == func.max(OrderLine.lot_id))
        .cte("of_one_lot")
    )
    whole = select(of_one_lot.c.lot_id, func.sum(Order.producer_fen)).join(Order, Order.id == of_one_lot.c.order_id)
    for lot_id, fen in db.session.execute(whole.group_by(of_one_lot.c.lot_id)):
        earned[lot_id] += int(fen)
    orders = db.session.scalars(
        select(Order)
        .where(settled, Order.id.not_in(select(of_one_lot.c.order_id)))
        .options(selectinload(Order.lines), selectinload(Order.shares), joinedload(Order.producer))
        .order_by(Order.id)
    ).unique()
    for order in orders:
        for lot_id, fen in _by_lot(order).items():
            if lot_id in earned:
                earned[lot_id] += fen
    return earned


def _by_lot(order: Order) -> dict[int, int]:
    """The farm's part of an order over the lots that its lines were taken from, by what of each was kept.

    What is given back is borne by all who had a part of goods and freight; so where no goods were kept the farm can still have
    some of their price, and that is divided by what was bought.
    """
    shares, payee = shares_of(order), producer_account(order.producer.public_id)
    borne = parts_of_refund(shares, order.refunded_fen)
    farm_fen = sum(part.amount_fen - refunded for part, refunded in zip(shares, borne, strict=True) if part.payee == payee)
    kept: dict[int, int] = defaultdict(int)
    bought: dict[int, int] = defaultdict(int)
    for line in order.lines:
        bought[line.lot_id] += line.total_fen
        kept[line.lot_id] += max(0, line.total_fen - missing_fen(line) - line.refunded_fen)
    return split_fen(farm_fen, kept if any(kept.values()) else bought)


def _is_there() -> ColumnElement[bool]:
    """The condition that a lot was not made into others whole, before anything of it was sold."""
    moved, sold = exists().where(Pooling.from_lot_id == Lot.id), exists().where(OrderLine.lot_id == Lot.id)
    return ~moved | sold | (Lot.on_hand > 0)


def pooled_lots_of(producer_id: int) -> list[PooledLot]:
    """The newest lots of a seller that several households brought together, with what each household has of their money."""
    several = select(LotContribution.lot_id).group_by(LotContribution.lot_id).having(func.count() > 1).scalar_subquery()
    rows = db.session.execute(
        select(Lot, Listing)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(Listing.producer_id == producer_id, Lot.id.in_(several), _is_there())
        .order_by(Lot.id.desc())
        .limit(_LATEST)
    ).all()
    ids = [row.Lot.id for row in rows]
    brought, left, earned = contributions_of(ids), left_of_contributions(ids), earned_by(ids)
    return [
        PooledLot(
            lot,
            listing,
            sum(left[lot.id].values()),
            earned[lot.id],
            [replace(one, grams=left[lot.id][one.household_id]) for one in divide(earned[lot.id], brought[lot.id])],
        )
        for lot, listing in rows
    ]


@dataclass(frozen=True)
class Brought:
    """What a household brought to somebody else's lot, and its part of what that has earned; nothing of the others."""

    seller: Producer
    listing: Listing
    harvested_on: date
    grams: int
    fen: int


def brought_by(household_id: int) -> list[Brought]:
    """The newest lots of other sellers that a household has brought something to."""
    rows = db.session.execute(
        select(Lot, Listing, Producer)
        .join(LotContribution, LotContribution.lot_id == Lot.id)
        .join(Listing, Listing.id == Lot.listing_id)
        .join(Producer, Producer.id == Listing.producer_id)
        .where(LotContribution.household_id == household_id, Producer.household_id.is_distinct_from(household_id), _is_there())
        .order_by(Lot.id.desc())
        .limit(_LATEST)
    ).all()
    ids = [row.Lot.id for row in rows]
    brought, left, earned = contributions_of(ids), left_of_contributions(ids), earned_by(ids)
    return [
        Brought(
            seller,
            listing,
            lot.harvested_on,
            left[lot.id][household_id],
            split_fen(earned[lot.id], brought[lot.id])[household_id],
        )
        for lot, listing, seller in rows
    ]
