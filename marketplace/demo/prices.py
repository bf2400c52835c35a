"""Prices as farms make them: cheaper for more, a least quantity, pumpkins and melons that are weighed when they are packed."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, text

from marketplace.catalogue.catch_weight import CatchWeight
from marketplace.catalogue.models import Listing, PriceTier, Producer, ProducerKind, Product, Unit
from marketplace.catalogue.service import Offer, add_harvest, create_listing, publish
from marketplace.catalogue.terms import Terms
from marketplace.demo.goods import Good
from marketplace.identity.models import Account
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.baskets import add_line, open_basket
from marketplace.orders.models import Order
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.orders.weighing import weigh_order
from marketplace.orders.weights import lines_by_weight
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment

ACTOR = "demo"
# Every so manieth listing that is sold by weight or by the pack has price steps, or a least quantity.
_EVERY_TIERED, _EVERY_LEAST = 7, 23
_STEPS = ((5, 95), (10, 90), (30, 84))
_DEAR_ENOUGH_FEN = 200
_TO = Destination("顾客", "13800138000", "522601", "营盘东路 8 号")

PUMPKIN = ("pumpkin", "老南瓜 每个5到8斤", "Old-variety pumpkins, 2.5 to 4 kg each", CatchWeight(Unit.JIN, 260, 2500, 4000))
MELON = ("watermelon", "露天西瓜 每个8到14斤", "Field watermelons, 4 to 7 kg each", CatchWeight(Unit.JIN, 180, 4000, 7000))


def add_prices(goods: list[Good], listing_ids: list[int], *, now: datetime) -> None:
    """Give some listings their terms, and the farm and the cooperative that one can try goods to weigh, with orders of them."""
    tiered = [
        (listing_id, good)
        for at, (listing_id, good) in enumerate(zip(listing_ids, goods, strict=True))
        if at % _EVERY_TIERED == 0 and good.unit != Unit.PIECE and good.price_fen >= _DEAR_ENOUGH_FEN
    ]
    copy_rows(
        PriceTier,
        ["listing_id", "from_quantity", "price_fen"],
        (
            (listing_id, from_quantity, good.price_fen * percent // 100)
            for listing_id, good in tiered
            for from_quantity, percent in _STEPS
        ),
    )
    least = [
        listing_id
        for at, (listing_id, good) in enumerate(zip(listing_ids, goods, strict=True))
        if at % _EVERY_LEAST == 1 and good.unit in (Unit.JIN, Unit.KG)
    ]
    db.session.execute(text("UPDATE listing SET minimum_quantity = 2 WHERE id = ANY(:ids)"), {"ids": least})
    pumpkins = _listing("farmer", *PUMPKIN, now=now)
    melons = _listing("cooperative", *MELON, now=now)
    _orders(pumpkins, melons, now)


def _listing(
    login: str, product_slug: str, title_zh: str, title_en: str, weight: CatchWeight, *, now: datetime
) -> Listing | None:
    """Forty pieces of a kind for the farm of an account, picked a week ago; None where the kind is not sold at all."""
    producer = db.session.scalars(select(Producer).join(Account).where(Account.login == login)).one()
    product = db.session.scalars(select(Product).filter_by(slug=product_slug)).first()
    if product is None:
        return None
    begun = now - timedelta(days=7)
    terms = Terms(catch_weight=weight)
    offer = Offer(product, title_zh, title_en, Unit.PIECE, 0, 0, terms=terms)
    listing = create_listing(producer, offer, actor=ACTOR, now=begun)
    households = _households(producer)
    pieces = Decimal(40)
    grams = int(pieces) * weight.grams_max
    shares = {household: -(-grams // len(households)) for household in households}
    add_harvest(listing, pieces, local_day(begun), shares, actor=ACTOR, now=begun)
    publish(listing, actor=ACTOR, now=begun)
    return listing


def _households(producer: Producer) -> list[int]:
    """Whose harvest it is: the farm's own household, or those that brought the cooperative's newest lot."""
    if producer.kind == ProducerKind.HOUSEHOLD and producer.household_id is not None:
        return [producer.household_id]
    newest = text(
        "SELECT household_id FROM lot_contribution WHERE lot_id = ("
        "SELECT max(lot.id) FROM lot JOIN listing ON listing.id = lot.listing_id WHERE producer_id = :producer)"
    )
    return list(db.session.scalars(newest, {"producer": producer.id}))


def _orders(pumpkins: Listing | None, melons: Listing | None, now: datetime) -> None:
    """Orders of what is weighed in every state: unpaid, to weigh, weighed, on its way, received, cancelled."""
    buyer = db.session.scalars(select(Account).filter_by(login="consumer")).one()
    transfer, door = PaymentMethod.BANK_TRANSFER, PaymentMethod.CASH_ON_DELIVERY
    for listing in (pumpkins, melons):
        if listing is None:
            continue
        _received(_bought(buyer, listing, 2, transfer, now - timedelta(days=6)), 93, buyer)
        _shipped(_bought(buyer, listing, 1, transfer, now - timedelta(days=3)), 81)
        _cancelled(_bought(buyer, listing, 1, transfer, now - timedelta(days=2)))
        _weighed(_bought(buyer, listing, 1, door, now - timedelta(hours=30)), 88)
        _paid(_bought(buyer, listing, 3, transfer, now - timedelta(hours=20)))
        _bought(buyer, listing, 1, transfer, now - timedelta(hours=2))


def _bought(buyer: Account, listing: Listing, pieces: int, method: PaymentMethod, now: datetime) -> Order:
    basket = open_basket(buyer.id, None, now=now)
    add_line(basket, listing.public_id, Decimal(pieces), now=now)
    total_fen = listing.price_fen * pieces
    group = place_order(buyer.id, buyer.public_id, basket.public_id, _TO, method, total_fen, now=now)
    return group.orders[0]


def _paid(order: Order) -> Order:
    payment = get_payment(payment_of(order.group).public_id, lock=True)
    confirm_payment(payment, actor=ACTOR, now=order.group.placed_at + timedelta(hours=1))
    return order


def _weighed(order: Order, percent: int) -> Order:
    """Weigh so many hundredths of the most."""
    rows = [line.weighing for line in lines_by_weight(order) if line.weighing is not None]
    grams = {row.public_id: row.most_grams * percent // 100 for row in rows}
    moment = order.group.placed_at + timedelta(hours=3)
    weigh_order(order.public_id, order.producer_id, grams, actor=ACTOR, now=moment)
    return order


def _shipped(order: Order, percent: int) -> Order:
    _weighed(_paid(order), percent)
    return ship_order(order.public_id, order.producer_id, actor=ACTOR, now=order.group.placed_at + timedelta(hours=5))


def _received(order: Order, percent: int, buyer: Account) -> None:
    _shipped(order, percent)
    accept_delivery(order.public_id, buyer.id, actor=ACTOR, now=order.group.placed_at + timedelta(days=2))


def _cancelled(order: Order) -> None:
    cancel_order(_paid(order).public_id, actor=ACTOR, now=order.group.placed_at + timedelta(hours=2))
