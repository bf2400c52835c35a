"""Ordering of a price list: what a seller has promised becomes a demand, its quote and a contract at once."""

from dataclasses import dataclass
from datetime import date, datetime

from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.sourcing.answering import own_goods_for
from marketplace.sourcing.contracting import contract_quotes
from marketplace.sourcing.demands import SHORTEST_TIME_TO_ANSWER, DemandGiven, Window, make_demand, publish
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, DemandWay, EnterpriseMember
from marketplace.sourcing.price_lists import get_list_for, listed_price, producer_of
from marketplace.sourcing.quoting import Figures, offer


@dataclass(frozen=True)
class CallOff:
    """What is ordered of a list: a product (by slug) of a grade, how much, where to, and on which days it may come."""

    product: str
    grade: Grade
    grams: int
    place: str
    opens_on: date
    closes_on: date
    words: str = ""


def order_of_list(buyer: EnterpriseMember, list_public_id: str, wanted: CallOff, *, now: datetime) -> Contract:
    """Order goods of a seller's list at the price that holds on the first day; in force as any contract.

    Only what is in stock can be ordered, because a list promises a price and no harvest.

    Raises
    ------
    NotFound
        ``price_list_unknown``, also for a list that has ended; ``place_unknown``.
    Invalid
        ``list_of_nobody``, ``not_listed``, ``too_soon_to_send``, and those of a demand and of an answer.
    Conflict
        ``listed_not_there`` when less is in stock.
    """
    price_list = get_list_for(buyer.enterprise_id, list_public_id)
    producer = producer_of(price_list)
    product_id = next((line.product_id for line in price_list.lines if line.product.slug == wanted.product), 0)
    listed = listed_price(buyer.enterprise_id, product_id, wanted.grade, producer.id, wanted.opens_on, wanted.grams)
    if listed is None or not listed.binds:
        raise Invalid("not_listed", N_("The list has no price for this amount on that day."))
    answer_by_at = now + SHORTEST_TIME_TO_ANSWER
    if day_start(wanted.opens_on) < answer_by_at:
        raise Invalid("too_soon_to_send", N_("Please give the farm until tomorrow at least."))
    given = DemandGiven(
        place=wanted.place,
        goods=wanted.product,
        windows=[Window(wanted.opens_on, wanted.closes_on, wanted.grams)],
        price_ceiling_fen_kg=listed.fen_kg,
        way=DemandWay.QUOTES,
        answer_by_at=answer_by_at,
        grade=wanted.grade,
        words=wanted.words,
    )
    demand = publish(buyer, make_demand(buyer, given, now=now).public_id, now=now)
    goods = max(own_goods_for(producer.id, demand), key=lambda row: row.available * row.unit_grams, default=None)
    if goods is None or goods.available * goods.unit_grams < wanted.grams:
        raise Conflict("listed_not_there", N_("The farm has less of it in stock. Please order less, or ask farms for a quote."))
    # The list speaks for its seller.
    actor = f"price list {price_list.public_id}"
    quote = offer(producer, demand.public_id, goods.public_id, Figures(wanted.grams, listed.fen_kg), actor=actor, now=now)
    contract = contract_quotes(buyer, demand.public_id, [quote.public_id], now=now)
    db.session.flush()
    return contract
