"""Writing a purchase down: the part of placing that a basket's checkout and a contract's delivery have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.service import Taken
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.delivering import Agreed
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.news import News, tell
from marketplace.orders.shares import producer_account, split_order, terms_in_force, write_shares
from marketplace.orders.weights import to_weigh
from marketplace.payments.models import PaymentMethod
from marketplace.payments.service import create_payment


@dataclass(frozen=True)
class SellersPart:
    """What of a purchase becomes one order: one seller's lines, and how they travel."""

    producer_id: int
    lines: list[OrderLine]
    agreed: Agreed

    @property
    def total_fen(self) -> int:
        """Goods and freight."""
        return sum(line.total_fen for line in self.lines) + self.agreed.fen


def order_line(
    listing: Listing, producer: Producer, part: Taken, *, price_fen: int, total_fen: int, revision: int
) -> OrderLine:
    """The snapshot of what was taken from one lot, at a price a unit and in all."""
    return OrderLine(
        listing_id=listing.id,
        lot_id=part.lot_id,
        title_zh=listing.title_zh,
        title_en=listing.title_en,
        producer_zh=producer.name_zh,
        producer_en=producer.name_en,
        area_code=listing.area_code,
        harvested_on=part.harvested_on,
        unit=listing.unit,
        unit_grams=listing.unit_grams,
        quantity=part.quantity,
        expected=part.expected,
        price_fen=price_fen,
        total_fen=total_fen,
        benefit_bp=part.share.bp,
        benefit_fen=part.share.of(total_fen),
        registry_revision=revision,
        weighing=to_weigh(listing, part.quantity, total_fen),
    )


def write_purchase(group: OrderGroup, parts: Sequence[SellersPart], *, actor: str, now: datetime) -> list[Order]:
    """Write a purchase with an order for each part, its shares and its payment, and tell of it; the orders, part by part."""
    group.total_fen = sum(part.total_fen for part in parts)
    orders = add_orders(group, parts)
    create_payment("order_group", group.public_id, PaymentMethod(group.payment_method), group.total_fen, now=now)
    audit.record("order.placed", "order_group", group.public_id, actor=actor, at=now, total_fen=group.total_fen)
    tell(News.PLACED, group, now=now)
    return orders


def add_orders(group: OrderGroup, parts: Sequence[SellersPart]) -> list[Order]:
    """One order for each part, with its shares by the terms of the day where the seller is at home."""
    sellers = {part.producer_id: db.session.get_one(Producer, part.producer_id) for part in parts}
    terms = terms_in_force([seller.area_code for seller in sellers.values()], local_day(group.placed_at))
    orders, shares = [], []
    for part in parts:
        seller = sellers[part.producer_id]
        payee = producer_account(seller.public_id)
        goods_fen = part.total_fen - part.agreed.fen
        own = split_order(goods_fen, part.agreed.fen, producer=payee, terms=terms[seller.area_code])
        order = Order(
            producer_id=part.producer_id,
            total_fen=part.total_fen,
            delivery_fen=part.agreed.fen,
            delivery=part.agreed.delivery,
            producer_fen=sum(share.amount_fen for share in own if share.payee == payee),
            lines=part.lines,
        )
        group.orders.append(order)
        orders.append(order)
        shares.append(own)
    # Only now, all at once: a purchase that was written before would ask the database for the orders it has not.
    db.session.add(group)
    db.session.flush()
    write_shares({order.id: own for order, own in zip(orders, shares, strict=True)})
    return orders
