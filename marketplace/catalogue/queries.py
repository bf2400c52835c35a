"""Reading the catalogue. Lists answer rows that a card can be made of; each is one statement."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY

from marketplace.catalogue.benefit import WHOLE_BP
from marketplace.catalogue.models import (
    Category,
    Listing,
    ListingState,
    Lot,
    LotContribution,
    Producer,
    Product,
)
from marketplace.catalogue.search_terms import begins_name, tsquery
from marketplace.catalogue.terms import in_stock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.models import Area
from marketplace.regions.queries import within
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on

# Counts and facets look at this many rows at the most, so that a page costs the same in a shop of any size.
COUNTED_AT_MOST = 1_000
PRICE_BANDS_FEN = (0, 1_000, 2_000, 5_000, 10_000)
# Below this similarity of words a typo is no typo but another word.
_TYPO_SIMILARITY = 0.35


class Sort(enum.StrEnum):
    """The orders of a list. Only ``RECOMMENDED`` knows of the policy."""

    RECOMMENDED = "recommended"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"
    NEWEST = "newest"


@dataclass(frozen=True)
class ListingFilter:
    """What a list is narrowed to; the defaults narrow nothing."""

    category_slug: str | None = None
    text: str = ""
    county_code: str | None = None
    price_band: int | None = None
    sort: Sort = Sort.RECOMMENDED
    seller: str | None = None
    # Where it would be delivered to; empty when nobody knows.
    deliver_to: str = ""


@dataclass(frozen=True)
class Matches:
    """What fits a filter. ``total`` stops at ``COUNTED_AT_MOST``, and ``corrected`` says that a typo was forgiven."""

    conditions: Sequence[ColumnElement[bool]]
    total: int
    corrected: bool = False
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class ListingPage:
    """One page of a list. ``total`` stops at ``COUNTED_AT_MOST``, and ``corrected`` says that a typo was forgiven."""

    rows: Sequence[Any]
    total: int
    page: int
    pages: int
    corrected: bool = False
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)


def card_columns() -> Select[Any]:
    """The columns a card is made of, joined with producer and village."""
    return (
        select(
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
            Listing.available,
            Listing.harvested_on,
            Listing.benefit_bp,
            Listing.area_code,
            Listing.producer_id,
            Product.art,
            Producer.name_zh.label("producer_zh"),
            Producer.name_en.label("producer_en"),
            and_(Listing.benefit_bp > 0, Producer.badge_consent).label("supports_registered"),
            Area.name.label("village"),
        )
        .join(Product, Product.id == Listing.product_id)
        .join(Producer, Producer.id == Listing.producer_id)
        .join(Area, Area.code == Listing.area_code)
    )


def benefit_bp_on(day: date) -> ColumnElement[int]:
    """The benefit share of a ``Listing``'s lots in stock with a day's registry, as ``refresh_benefit`` would write it.

    ``Listing.benefit_bp`` repeats it for lists and badges; where money or exposure depends on it, this one is never late.
    """
    registered = exists().where(HouseholdStatus.household_id == LotContribution.household_id, supported_on(day))
    grams = func.sum(LotContribution.grams)
    registered_g = func.coalesce(grams.filter(registered), 0)
    return func.coalesce(
        select(cast(func.floor(registered_g * WHOLE_BP / grams), Integer))
        .select_from(Lot)
        .join(LotContribution, LotContribution.lot_id == Lot.id)
        .where(Lot.listing_id == Listing.id, Lot.on_hand > 0)
        .correlate(Listing)
        .scalar_subquery(),
        0,
    )


def on_sale() -> ColumnElement[bool]:
    """The condition that buyers can see a listing, sold out or not."""
    return Listing.state == ListingState.ON_SALE


def delivered_to(area: str, listing: type[Listing] = Listing) -> ColumnElement[bool]:
    """The condition that goods can be delivered to an area; to a part of it where it is wider than they travel."""
    place = literal(area, String)
    return or_(
        listing.delivers_to.is_(None),
        func.starts_with(place, listing.delivers_to),
        func.starts_with(listing.delivers_to, place),
    )


def cards(listing_ids: Sequence[int]) -> list[Any]:
    """Cards of the listings that are on sale, in the order asked for."""
    if not listing_ids:
        return []
    rows = {row.id: row for row in db.session.execute(card_columns().where(Listing.id.in_(listing_ids), on_sale()))}
    return [rows[listing_id] for listing_id in listing_ids if listing_id in rows]


def categories() -> Sequence[Category]:
    """The shelves in their order."""
    return db.session.scalars(select(Category).order_by(Category.position)).all()


def get_listing(public_id: str, *, visible_only: bool = True) -> Listing:
    """The listing, or ``NotFound``; one that buyers cannot see counts as absent unless ``visible_only`` is off."""
    listing = db.session.scalars(select(Listing).filter_by(public_id=public_id)).first()
    if listing is None or (visible_only and listing.state != ListingState.ON_SALE):
        raise NotFound("listing_unknown", N_("This listing is no longer here."))
    return listing


def listing_card_columns() -> Select[Any]:
    """The columns of a card, and what a page of one listing shows besides."""
    return (
        card_columns()
        .add_columns(
            Listing.story_zh,
            Listing.story_en,
            Listing.season_weeks,
            Listing.product_id,
            Listing.category_id,
            Category.slug.label("category_slug"),
            Category.name_zh.label("category_zh"),
            Category.name_en.label("category_en"),
            Product.name_zh.label("product_zh"),
            Product.name_en.label("product_en"),
            Producer.kind.label("producer_kind"),
            Producer.public_id.label("producer_public_id"),
            Listing.delivers_to,
        )
        .join(Category, Category.id == Listing.category_id)
    )


def listing_card(public_id: str) -> Any:
    """One listing with its story and season, in one statement, or ``NotFound``."""
    row = db.session.execute(listing_card_columns().where(Listing.public_id == public_id, on_sale())).first()
    if row is None:
        raise NotFound("listing_unknown", N_("This listing is no longer here."))
    return row


def listing_ids(public_ids: Sequence[str]) -> dict[str, int]:
    """The ids of listings on sale, by public id; ``NotFound`` where one is none."""
    rows = db.session.execute(select(Listing.public_id, Listing.id).where(Listing.public_id.in_(public_ids), on_sale()))
    found: dict[str, int] = dict(rows.all())
    if found.keys() != set(public_ids):
        raise NotFound("listing_unknown", N_("This listing is no longer here."))
    return found


def lots_of(listing_id: int) -> Sequence[Lot]:
    """The lots of a listing that still hold something, oldest harvest first."""
    return db.session.scalars(
        select(Lot).where(Lot.listing_id == listing_id, Lot.on_hand > 0).order_by(Lot.harvested_on, Lot.id)
    ).all()


def contributions_of(lot_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Grams by household, for each lot."""
    found: dict[int, dict[int, int]] = {lot_id: {} for lot_id in lot_ids}
    rows = db.session.execute(
        select(LotContribution.lot_id, LotContribution.household_id, LotContribution.grams).where(
            LotContribution.lot_id.in_(lot_ids)
        )
    )
    for lot_id, household_id, grams in rows:
        found[lot_id][household_id] = grams
    return found


def producer_of(account_id: int) -> Producer | None:
    """The producer whose account this is."""
    return db.session.scalars(select(Producer).filter_by(account_id=account_id)).first()


def producer_listings(producer_id: int) -> Sequence[Listing]:
    """All listings of a producer, newest first."""
    return db.session.scalars(
        select(Listing).where(Listing.producer_id == producer_id).order_by(Listing.created_at.desc(), Listing.id.desc())
    ).all()


def products() -> Sequence[Product]:
    """Every kind of goods, by its Chinese name."""
    return db.session.scalars(select(Product).order_by(Product.name_zh)).all()


def _order(sort: Sort) -> list[Any]:
    return {
        Sort.RECOMMENDED: [Listing.rank.desc(), Listing.id],
        Sort.CHEAPEST: [Listing.price_fen, Listing.id],
        Sort.DEAREST: [Listing.price_fen.desc(), Listing.id],
        Sort.NEWEST: [Listing.published_at.desc(), Listing.id],
    }[sort]


def _price_band(band: int) -> ColumnElement[bool]:
    low = PRICE_BANDS_FEN[band]
    high = PRICE_BANDS_FEN[band + 1] if band + 1 < len(PRICE_BANDS_FEN) else None
    return Listing.price_fen >= low if high is None else Listing.price_fen.between(low, high - 1)


def _similar(text: str) -> ColumnElement[bool]:
    # The operator, unlike the function, finds its rows by the index; how similar they must be is a setting it reads.
    db.session.execute(select(func.set_config("pg_trgm.word_similarity_threshold", str(_TYPO_SIMILARITY), True)))
    return literal(text).op("<%", is_comparison=True)(Listing.titles)


def _conditions(wanted: ListingFilter, matches: ColumnElement[bool] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [on_sale(), in_stock()]
    if matches is not None:
        conditions.append(matches)
    if wanted.category_slug:
        category = select(Category.id).where(Category.slug == wanted.category_slug).scalar_subquery()
        conditions.append(Listing.category_id == category)
    if wanted.county_code:
        conditions.append(within(Listing.area_code, wanted.county_code))
    if wanted.price_band is not None and 0 <= wanted.price_band < len(PRICE_BANDS_FEN):
        conditions.append(_price_band(wanted.price_band))
    if wanted.seller is not None:
        seller = select(Producer.id).where(Producer.public_id == wanted.seller).scalar_subquery()
        conditions.append(Listing.producer_id == seller)
    if wanted.deliver_to:
        conditions.append(delivered_to(wanted.deliver_to))
    return conditions


def _facets(conditions: list[ColumnElement[bool]]) -> tuple[int, dict[str, list[tuple[str, int]]]]:
    """The size of a list and its counts by category, county and price band, in one statement over a bounded part of it."""
    band = case(
        *[(Listing.price_fen < high, literal(str(at))) for at, high in enumerate(PRICE_BANDS_FEN[1:])],
        else_=literal(str(len(PRICE_BANDS_FEN) - 1)),
    )
    part = (
        select(Category.slug.label("category"), func.left(Listing.area_code, 6).label("county"), band.label("price_band"))
        .select_from(Listing)
        .join(Category, Category.id == Listing.category_id)
        .where(*conditions)
        .limit(COUNTED_AT_MOST)
        .subquery()
    )
    rows = db.session.execute(
        select(part.c.category, part.c.county, part.c.price_band, func.count()).group_by(
            part.c.category, part.c.county, part.c.price_band
        )
    )
    total = 0
    counts: dict[str, dict[str, int]] = {"category": {}, "county": {}, "price_band": {}}
    for category, county, price_band, number in rows:
        total += number
        for name, value in (("category", category), ("county", county), ("price_band", price_band)):
            counts[name][value] = counts[name].get(value, 0) + number
    return total, {name: sorted(values.items()) for name, values in counts.items()}


def match_listings(wanted: ListingFilter) -> Matches:
    """What fits a filter, in at most three statements.

    A search that finds nothing is tried once more with one typo forgiven (trigrams).
    """
    matches: ColumnElement[bool] | None = None
    if wanted.text.strip():
        query = tsquery(wanted.text)
        if query is None:
            return Matches((), 0)
        matches = Listing.search_terms.op("@@")(cast(query, TSQUERY))
    conditions = _conditions(wanted, matches)
    total, facets = _facets(conditions)
    if total or matches is None:
        return Matches(conditions, total, False, facets)
    conditions = _conditions(wanted, _similar(wanted.text.strip()[:60]))
    total, facets = _facets(conditions)
    return Matches(conditions, total, total > 0, facets)


def page_of(matches: Matches, sort: Sort, *, page: int, per_page: int, shown_first: Sequence[int] = ()) -> ListingPage:
    """One page of what fits a filter, in one statement.

    ``shown_first`` are listings that stood on pages before this one in an order of their own.
    """
    pages = -(-matches.total // per_page)
    page = min(max(page, 1), max(pages, 1))
    rows: Sequence[Any] = []
    if matches.total:
        query = card_columns().where(*matches.conditions).order_by(*_order(sort)).limit(per_page)
        if shown_first:
            query = query.where(Listing.id.not_in(shown_first))
        rows = db.session.execute(query.offset(max(0, (page - 1) * per_page - len(shown_first)))).all()
    return ListingPage(rows, matches.total, page, pages, matches.corrected, matches.facets)


def find_listings(wanted: ListingFilter, *, page: int = 1, per_page: int = 24) -> ListingPage:
    """One page of the listings in stock that match, in at most four statements."""
    return page_of(match_listings(wanted), wanted.sort, page=page, per_page=per_page)


def suggestions(text: str, limit: int = 8) -> list[tuple[str, str, str]]:
    """Kinds of goods a started word may mean, as (slug, Chinese name, English name).

    Kinds whose own name begins with it come first, then those that have it in a listing; within both the most listed first.
    """
    query = tsquery(text)
    if query is None:
        return []
    part = (
        select(Listing.product_id, Listing.rank)
        .where(on_sale(), Listing.available > 0, Listing.search_terms.op("@@")(cast(query, TSQUERY)))
        .limit(COUNTED_AT_MOST)
        .subquery()
    )
    rows = db.session.execute(
        select(Product.slug, Product.name_zh, Product.name_en)
        .join(part, part.c.product_id == Product.id)
        .group_by(Product.id)
        .order_by(func.sum(part.c.rank).desc(), Product.id)
    ).all()
    by_name = sorted(rows, key=lambda row: not begins_name(text, row.name_zh, row.name_en))
    return [(slug, name_zh, name_en) for slug, name_zh, name_en in by_name[:limit]]


def own_listing(public_id: str, producer_id: int, *, lock: bool = False) -> Listing:
    """A producer's own listing in any state, or ``NotFound``; ``lock`` when it is going to change."""
    query = select(Listing).where(Listing.public_id == public_id, Listing.producer_id == producer_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    listing = db.session.scalars(query).first()
    if listing is None:
        raise NotFound("listing_unknown", N_("This listing is no longer here."))
    return listing


def product_art(listing_ids: Iterable[int]) -> dict[int, str]:
    """The stem of the drawing of each listing's product."""
    rows = db.session.execute(
        select(Listing.id, Product.art).join(Product, Product.id == Listing.product_id).where(Listing.id.in_(set(listing_ids)))
    )
    return dict(rows.all())


def producer_names() -> dict[str, tuple[str, str]]:
    """The Chinese and the English name of every producer, by public id."""
    rows = db.session.execute(select(Producer.public_id, Producer.name_zh, Producer.name_en))
    return {public_id: (name_zh, name_en) for public_id, name_zh, name_en in rows}
