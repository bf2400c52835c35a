"""Price lists: what a kilogram costs for whom, on which days, and from which amount of one delivery on.

A seller's own list binds that seller: no answer to an enterprise it holds for asks for more, and the enterprise can order of
it. The market's list binds nobody; a quote above it is shown as that. Which of several holds is said by ``price_book``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Listing, Producer, Product
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.sourcing.enterprises import LARGEST_PRICE_FEN
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import (
    Contract,
    ContractPart,
    Demand,
    Enterprise,
    PriceList,
    PriceListLine,
    Quote,
)
from marketplace.sourcing.price_book import LARGEST_FROM_G
from marketplace.sourcing.states import DemandState

MOST_LINES = 60
LONGEST_NAME = 60
# More at a time are no prices that anybody could find their way in.
MOST_LISTS, MOST_OF_MARKET = 30, 200


@dataclass(frozen=True)
class Step:
    """What a kilogram of a product (by slug) of a grade costs, in fen, from so many grams of one delivery on."""

    product: str
    grade: Grade
    from_g: int
    fen_kg: int


@dataclass(frozen=True)
class ListGiven:
    """A price list as somebody writes it down; both days are included, and no enterprise is every enterprise."""

    name: str
    valid_from: date
    valid_to: date
    steps: Sequence[Step]
    enterprise: str | None = None


def make_price_list(given: ListGiven, *, producer_id: int | None, actor: str, now: datetime) -> PriceList:
    """Write a list down, of a seller or, without one, of the market; a seller names only enterprises that know of it.

    Raises
    ------
    Invalid
        ``list_name``, ``window_in_order``, ``window_past``, ``list_empty``, ``list_too_long``, ``price_range``, ``from_range``,
        ``goods_unknown``, ``steps_twice``, ``steps_not_falling`` where more costs more a kilogram.
    NotFound
        ``enterprise_unknown``.
    Conflict
        ``too_many_lists`` where as many hold or are to hold as there can be.
    """
    _check(given, now)
    most = MOST_OF_MARKET if producer_id is None else MOST_LISTS
    live = select(func.count()).select_from(PriceList).where(_by(producer_id), PriceList.valid_to >= local_day(now))
    if (db.session.scalar(live) or 0) >= most:
        raise Conflict("too_many_lists", N_("There are %(most)s lists already. Please end one of them first."), most=most)
    slugs = {step.product for step in given.steps}
    rows = db.session.execute(_goods_of(producer_id).where(Product.slug.in_(slugs)))
    products = {row.slug: row.id for row in rows}
    if products.keys() != slugs:
        raise Invalid("goods_unknown", N_("Please choose the goods from the list."))
    made = PriceList(
        enterprise_id=_enterprise_id(given.enterprise, producer_id),
        producer_id=producer_id,
        name=given.name.strip(),
        valid_from=given.valid_from,
        valid_to=given.valid_to,
        set_at=now,
        lines=[
            PriceListLine(product_id=products[step.product], grade=step.grade, from_g=step.from_g, fen_kg=step.fen_kg)
            for step in given.steps
        ],
    )
    db.session.add(made)
    db.session.flush()
    audit.record("price_list.set", "price_list", made.public_id, actor=actor, at=now)
    return made


def _goods_of(producer_id: int | None) -> Select[tuple[str, int]]:
    """Slugs and ids of the products that a list can name: those that a seller sells, or for the market's list any."""
    query = select(Product.slug, Product.id).order_by(Product.slug)
    if producer_id is None:
        return query
    return query.where(Product.id.in_(select(Listing.product_id).where(Listing.producer_id == producer_id)))


def _enterprise_id(public_id: str | None, producer_id: int | None) -> int | None:
    if public_id is None:
        return None
    query = select(Enterprise.id).where(Enterprise.public_id == public_id)
    found = db.session.scalar(query if producer_id is None else query.where(_known_to(producer_id)))
    if found is None:
        raise NotFound("enterprise_unknown", N_("There is no such enterprise."))
    return found


def _check(given: ListGiven, now: datetime) -> None:
    if not 1 <= len(given.name.strip()) <= LONGEST_NAME:
        raise Invalid("list_name", N_("Please give a name of 1 to 60 characters."))
    if given.valid_to < given.valid_from:
        raise Invalid("window_in_order", N_("The last day cannot be before the first."))
    if given.valid_to < local_day(now):
        raise Invalid("window_past", N_("These days are over. Please choose days to come."))
    if not given.steps:
        raise Invalid("list_empty", N_("Please give one price at least."))
    if len(given.steps) > MOST_LINES:
        raise Invalid("list_too_long", N_("A list has at most %(most)s prices."), most=MOST_LINES)
    if any(not 1 <= step.fen_kg <= LARGEST_PRICE_FEN for step in given.steps):
        raise Invalid("price_range", N_("A price is more than nothing and at most 1,000,000 yuan a kilogram."))
    if any(not 0 <= step.from_g <= LARGEST_FROM_G for step in given.steps):
        raise Invalid("from_range", N_("A step begins between nothing and 1,000 tonnes."))
    steps = sorted(given.steps, key=lambda step: (step.product, step.grade.value, step.from_g))
    for one, following in pairwise(steps):
        if (one.product, one.grade) != (following.product, following.grade):
            continue
        if one.from_g == following.from_g:
            raise Invalid("steps_twice", N_("Two prices begin at the same amount."))
        if one.fen_kg < following.fen_kg:
            raise Invalid("steps_not_falling", N_("A kilogram of more cannot cost more than a kilogram of less."))


def end_price_list(public_id: str, *, producer_id: int | None, actor: str, now: datetime) -> PriceList:
    """End a list of a seller, or of the market, today; what was ordered of it stays. Ended twice, it is ended."""
    row = db.session.scalars(
        select(PriceList).filter_by(public_id=public_id, producer_id=producer_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("price_list_unknown", N_("There is no such price list."))
    if row.ended_at is None:
        row.ended_at = now
        db.session.flush()
        audit.record("price_list.ended", "price_list", row.public_id, actor=actor, at=now)
    return row


def _holds_for(enterprise_id: int) -> ColumnElement[bool]:
    return or_(PriceList.enterprise_id == enterprise_id, PriceList.enterprise_id.is_(None)) & PriceList.ended_at.is_(None)


def _with_lines(condition: ColumnElement[bool], day: date) -> Select[tuple[PriceList]]:
    return (
        select(PriceList)
        .where(condition, PriceList.valid_to >= day)
        .options(
            selectinload(PriceList.lines).joinedload(PriceListLine.product),
            joinedload(PriceList.producer),
            joinedload(PriceList.enterprise),
        )
        .order_by(PriceList.producer_id.is_(None), PriceList.id.desc())
    )


def lists_for(enterprise_id: int, day: date, *, after: str | None = None, limit: int) -> Sequence[PriceList]:
    """The lists that an enterprise has from a day on, sellers' own before the market's, the newest first.

    Raises
    ------
    NotFound
        ``price_list_unknown`` when ``after``, behind which they begin, is none that the enterprise has had.
    """
    query = _with_lines(_holds_for(enterprise_id), day)
    if after is not None:
        own = or_(PriceList.enterprise_id == enterprise_id, PriceList.enterprise_id.is_(None))
        mark = db.session.execute(
            select(PriceList.producer_id, PriceList.id).where(own, PriceList.public_id == after)
        ).one_or_none()
        if mark is None:
            raise NotFound("price_list_unknown", N_("There is no such price list."))
        of_market, older = PriceList.producer_id.is_(None), PriceList.id < mark.id
        query = query.where(of_market & older if mark.producer_id is None else of_market | older)
    return db.session.scalars(query.limit(limit)).all()


def _by(producer_id: int | None) -> ColumnElement[bool]:
    own = PriceList.producer_id.is_(None) if producer_id is None else PriceList.producer_id == producer_id
    return own & PriceList.ended_at.is_(None)


def lists_of(producer_id: int | None, day: date) -> Sequence[PriceList]:
    """A seller's lists, or the market's, that have not ended by a day, which are never many; the newest first."""
    return db.session.scalars(_with_lines(_by(producer_id), day)).all()


def get_list_for(enterprise_id: int, public_id: str) -> PriceList:
    """A list that an enterprise has, or ``NotFound``."""
    row = db.session.scalars(select(PriceList).where(_holds_for(enterprise_id), PriceList.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound("price_list_unknown", N_("There is no such price list."))
    return row


def goods_of(producer_id: int | None) -> Sequence[Product]:
    """The products that a seller's list, or the market's, can name."""
    names = _goods_of(producer_id).subquery()
    return db.session.scalars(select(Product).where(Product.id.in_(select(names.c.id))).order_by(Product.slug)).all()


def _known_to(producer_id: int) -> ColumnElement[bool]:
    """The condition that a seller has answered or served an enterprise, or that it asks for what the seller sells."""
    own = Listing.producer_id == producer_id
    asked = select(Demand.enterprise_id).where(
        Demand.state == DemandState.OPEN,
        or_(
            Demand.product_id.in_(select(Listing.product_id).where(own)),
            Demand.category_id.in_(select(Listing.category_id).where(own)),
        ),
    )
    answered = select(Demand.enterprise_id).join(Quote, Quote.demand_id == Demand.id).where(Quote.producer_id == producer_id)
    served = (
        select(Contract.enterprise_id)
        .join(ContractPart, ContractPart.contract_id == Contract.id)
        .where(ContractPart.producer_id == producer_id)
    )
    return or_(Enterprise.id.in_(asked), Enterprise.id.in_(answered), Enterprise.id.in_(served))


def enterprises_known_to(producer_id: int) -> Sequence[Enterprise]:
    """Whom a seller can name in a list: enterprises that it has answered or served, and those that ask for what it sells."""
    return db.session.scalars(select(Enterprise).where(_known_to(producer_id)).order_by(Enterprise.name, Enterprise.id)).all()


def producer_of(price_list: PriceList) -> Producer:
    """The seller whom a list binds.

    Raises
    ------
    Invalid
        ``list_of_nobody`` for the market's.
    """
    if price_list.producer is None:
        raise Invalid("list_of_nobody", N_("The market’s list binds no farm. Please ask farms for a quote."))
    return price_list.producer


def enterprises_named(words: str, *, limit: int) -> Sequence[Enterprise]:
    """Whom the market can name in a list: those whose name has these words, or any."""
    named = Enterprise.name.icontains(words, autoescape=True)
    return db.session.scalars(select(Enterprise).where(named).order_by(Enterprise.name, Enterprise.id).limit(limit)).all()
