"""Reading the catalogue. Lists answer rows that a card can be made of; each is one statement."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, cast, exists, func, literal, or_, select

from marketplace.catalogue.benefit import WHOLE_BP, BenefitShare
from marketplace.catalogue.models import (
    Category,
    Listing,
    ListingPhoto,
    ListingState,
    Lot,
    LotContribution,
    Pooling,
    Producer,
    Product,
)
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.money import split_fen
from marketplace.regions.models import Area
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on


@cache
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
            Listing.expected_on,
            Listing.opens_on,
            Listing.closes_on,
            first_photo().label("photo"),
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


def first_photo() -> ColumnElement[Any]:
    """Name, width, height and both texts of a ``Listing``'s first photo as a JSON array, or null."""
    photo = ListingPhoto
    one = func.json_build_array(photo.name, photo.width, photo.height, photo.alt_zh, photo.alt_en)
    return select(one).where(photo.listing_id == Listing.id, photo.position == 0).correlate(Listing).scalar_subquery()


@lru_cache(maxsize=8)
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


def listing_card(public_id: str, *more: ColumnElement[Any]) -> Any:
    """One listing with its story and season, and ``more`` columns, in one statement, or ``NotFound``."""
    row = db.session.execute(listing_card_columns().add_columns(*more).where(Listing.public_id == public_id, on_sale())).first()
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


def left_of_contributions(lot_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Grams by household, for each lot, without what was made into other lots and stands in those."""
    brought = contributions_of(lot_ids)
    moved = db.session.execute(
        select(Pooling.from_lot_id, func.sum(Pooling.grams))
        .where(Pooling.from_lot_id.in_(lot_ids))
        .group_by(Pooling.from_lot_id)
    )
    for lot_id, grams in moved:
        gone = split_fen(int(grams), brought[lot_id])
        brought[lot_id] = {household_id: own - gone[household_id] for household_id, own in brought[lot_id].items()}
    return brought


def benefit_shares(lot_ids: Sequence[int], day: date) -> dict[int, BenefitShare]:
    """The benefit share of each lot with a day's registry, in one statement."""
    registered = exists().where(HouseholdStatus.household_id == LotContribution.household_id, supported_on(day))
    grams = func.sum(LotContribution.grams)
    rows = db.session.execute(
        select(LotContribution.lot_id, func.coalesce(grams.filter(registered), 0), grams)
        .where(LotContribution.lot_id.in_(lot_ids))
        .group_by(LotContribution.lot_id)
    )
    return {lot_id: BenefitShare(int(registered_g), int(all_g - registered_g)) for lot_id, registered_g, all_g in rows}


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
