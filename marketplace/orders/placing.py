"""Placing a purchase: from a basket to one order per seller, all or nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.deliveries import may_reach
from marketplace.catalogue.models import Listing, Producer, Unit
from marketplace.catalogue.pricing import price_at
from marketplace.catalogue.quantities import check_minimum, check_quantity
from marketplace.catalogue.service import Taken, take_stock
from marketplace.catalogue.terms import tiers_of
from marketplace.kernel import ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.money import line_total_fen, split_fen
from marketplace.kernel.steps import step
from marketplace.orders.delivering import agree_on_orders
from marketplace.orders.holding import holder_of
from marketplace.orders.models import Basket, BasketLine, OrderGroup, OrderLine
from marketplace.orders.preorders import check_prepaid
from marketplace.orders.writing import SellersPart, order_line, write_purchase
from marketplace.payments.gateway import find_provider
from marketplace.payments.models import PaymentMethod
from marketplace.registry.queries import latest_revision


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
    delivery: Mapping[str, str] | None = None,
) -> OrderGroup:
    """Turn a basket into a purchase with one order per seller, all or nothing.

    ``delivery`` names the way of each delivery group (``delivering``); the cheapest is taken for one that it does not name.

    Raises
    ------
    NotFound
        When the basket is not this account's.
    Conflict
        ``total_changed`` when the total is not what the buyer saw, ``sold_out`` when goods are gone, ``held`` when others are
        just buying them, ``not_delivered_there`` when some are not delivered to the destination, ``below_minimum`` when less of
        something is wanted than is sold, and those of ``agree_on_orders``. A basket that was placed before answers its purchase
        and takes nothing again.
    """
    basket = _lock_basket(basket_public_id, account_id)
    if basket.ordered:
        return db.session.scalars(select(OrderGroup).filter_by(basket_id=basket.id)).one()
    if method == PaymentMethod.ONLINE and find_provider() is None:
        raise Invalid("method_unavailable", N_("Paying online is not possible here. Please choose another way to pay."))
    # Listings and producers come with the lines and are kept here, so that those below find them without asking again.
    rows = _rows_of(basket)
    lines = [row.BasketLine for row in rows]
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
    wanted = {line.listing_id: line.quantity for line in lines}
    taken = take_stock(wanted, "order_group", group.public_id, now=now, holder=holder_of(basket))
    step("checkout.goods_taken")
    snapshots = _snapshots(lines, taken)
    check_prepaid((line for own in snapshots.values() for line in own), method)
    agreed = agree_on_orders(snapshots, destination.area_code, delivery or {}, now=now)
    parts = [SellersPart(producer_id, lines, agreed[producer_id]) for producer_id, lines in snapshots.items()]
    total_fen = sum(part.total_fen for part in parts)
    if total_fen != expected_total_fen:
        raise Conflict(
            "total_changed",
            N_("A price has changed since you saw it. Please check the new total and confirm again."),
            total_fen=total_fen,
        )
    basket.ordered = True
    write_purchase(group, parts, actor=actor, now=now)
    step("checkout.order_written")
    return group


def _lock_basket(public_id: str, account_id: int) -> Basket:
    """An account's own basket, locked: of two clicks the second finds what the first has done."""
    basket = db.session.scalars(select(Basket).filter_by(public_id=public_id, account_id=account_id).with_for_update()).first()
    if basket is None:
        raise NotFound("basket_unknown", N_("There is no such basket."))
    return basket


def _rows_of(basket: Basket) -> Sequence[Any]:
    """A basket's lines with their listings and producers."""
    rows = db.session.execute(
        select(BasketLine, Listing, Producer)
        .join(Listing, Listing.id == BasketLine.listing_id)
        .join(Producer, Producer.id == Listing.producer_id)
        .where(BasketLine.basket_id == basket.id)
        .order_by(BasketLine.id)
    ).all()
    if not rows:
        raise Invalid("basket_empty", N_("Your basket is empty."))
    return rows


def _check_delivery(lines: Sequence[BasketLine], destination: Destination) -> None:
    """Refuse a destination that some of the goods are not delivered to, naming them all at once."""
    listings = [db.session.get_one(Listing, listing_id) for listing_id in sorted(line.listing_id for line in lines)]
    far = [listing for listing in listings if not may_reach(listing.delivers_to, destination.area_code)]
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
    revision = latest_revision()
    # The listings are locked by now, and whoever changes a listing's steps holds its lock.
    tiers = tiers_of(taken)
    snapshots: dict[int, list[OrderLine]] = defaultdict(list)
    for line in lines:
        listing = db.session.get_one(Listing, line.listing_id)
        producer = db.session.get_one(Producer, listing.producer_id)
        check_quantity(Unit(listing.unit), line.quantity)
        check_minimum(listing.title_zh, listing.title_en, listing.minimum_quantity, line.quantity)
        price_fen = price_at(listing.price_fen, tiers.get(listing.id, ()), line.quantity)
        total_fen = line_total_fen(price_fen, line.quantity)
        weights = {part.lot_id: int(part.quantity * 1000) for part in taken[listing.id]}
        parts_fen = split_fen(total_fen, weights)
        for part in taken[listing.id]:
            snapshots[producer.id].append(
                order_line(listing, producer, part, price_fen=price_fen, total_fen=parts_fen[part.lot_id], revision=revision)
            )
    return snapshots
