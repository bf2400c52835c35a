"""Ordering of a price list: what a seller has promised becomes a demand, its quote and a contract at once."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.money import plain_yuan
from marketplace.sourcing.answering import own_goods_for
from marketplace.sourcing.contracting import contract_quotes
from marketplace.sourcing.demands import SHORTEST_TIME_TO_ANSWER, DemandGiven, Window, make_demand, publish
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, ContractPart, Demand, DemandWay, EnterpriseMember
from marketplace.sourcing.price_book import listed_price, price_in
from marketplace.sourcing.price_lists import get_list_for, producer_of
from marketplace.sourcing.quoting import Figures, offer
from marketplace.sourcing.states import PartState


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
    """Order goods of a seller's list at its price on the first day; in force as any contract.

    A list never changes, so who names it has seen what it asks. Only what is in stock and promised to nobody else can be
    ordered, because a list promises a price and no harvest.

    Raises
    ------
    NotFound
        ``price_list_unknown``, also for a list that has ended; ``place_unknown``.
    Invalid
        ``list_of_nobody``, ``not_listed``, ``too_soon_to_send``, and those of a demand and of an answer.
    Conflict
        ``price_changed`` where another list of the seller goes before this one and has another price; ``listed_not_there``
        when less is in stock.
    """
    price_list = get_list_for(buyer.enterprise_id, list_public_id)
    producer = producer_of(price_list)
    product_id = next((line.product_id for line in price_list.lines if line.product.slug == wanted.product), 0)
    fen_kg = price_in(price_list, product_id, wanted.grade, wanted.opens_on, wanted.grams)
    if fen_kg is None:
        raise Invalid("not_listed", N_("The list has no price for this amount on that day."))
    holds = listed_price(buyer.enterprise_id, product_id, wanted.grade, producer.id, wanted.opens_on, wanted.grams)
    if holds is not None and holds.fen_kg != fen_kg:
        raise Conflict(
            "price_changed",
            N_("Another list of this farm goes before this one, at %(price)s yuan a kilogram. Please order of that one."),
            price=plain_yuan(holds.fen_kg),
            fen_kg=holds.fen_kg,
        )
    answer_by_at = now + SHORTEST_TIME_TO_ANSWER
    if day_start(wanted.opens_on) < answer_by_at:
        raise Invalid("too_soon_to_send", N_("Please give the farm until tomorrow at least."))
    given = DemandGiven(
        place=wanted.place,
        goods=wanted.product,
        windows=[Window(wanted.opens_on, wanted.closes_on, wanted.grams)],
        price_ceiling_fen_kg=fen_kg,
        way=DemandWay.QUOTES,
        answer_by_at=answer_by_at,
        grade=wanted.grade,
        words=wanted.words,
    )
    demand = publish(buyer, make_demand(buyer, given, now=now).public_id, now=now)
    goods = _in_stock(producer.id, demand, wanted.grams)
    if goods is None:
        raise Conflict("listed_not_there", N_("The farm has less of it in stock. Please order less, or ask farms for a quote."))
    # The list speaks for its seller.
    actor = f"price list {price_list.public_id}"
    quote = offer(producer, demand.public_id, goods.public_id, Figures(wanted.grams, fen_kg), actor=actor, now=now)
    contract = contract_quotes(buyer, demand.public_id, [quote.public_id], now=now)
    db.session.flush()
    return contract


def _in_stock(producer_id: int, demand: Demand, grams: int) -> Listing | None:
    """Which of a seller's goods has the most in stock that is promised to nobody, if that is as much as is wanted.

    They are locked until the order is written down, so that the next who orders finds them promised.
    """
    listings = lock_rows(Listing, [row.id for row in own_goods_for(producer_id, [demand])[demand.id]])
    promised = dict(
        db.session.execute(
            select(ContractPart.listing_id, func.sum(ContractPart.grams))
            .where(ContractPart.listing_id.in_(listings), ContractPart.state == PartState.AGREED)
            .group_by(ContractPart.listing_id)
        ).all()
    )
    free_g = {key: int(row.available * row.unit_grams) - promised.get(key, 0) for key, row in listings.items()}
    most = max(free_g, key=lambda key: free_g[key], default=None)
    return listings[most] if most is not None and free_g[most] >= grams else None
