"""All that the page of a listing shows of it, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from marketplace.catalogue.certificates import ShownCertificate, listing_certificates, read_shown
from marketplace.catalogue.models import Listing, ListingState, Lot
from marketplace.catalogue.photos import listing_photos
from marketplace.catalogue.price_checks import checked_on
from marketplace.catalogue.pricing import Tier
from marketplace.catalogue.queries import delivered_to, listing_card_columns, on_sale
from marketplace.catalogue.terms import read_tiers, tiers_column
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.models import Area, Level


@dataclass(frozen=True)
class LotInStock:
    """A harvest behind the listing that still holds something."""

    public_id: str
    harvested_on: date
    on_hand: Decimal
    expected: bool


@dataclass(frozen=True)
class ProductView:
    """A listing with its places from the province down, its lots, oldest first and those to come last, and others by rank.

    ``photos`` are (name, width, height, both texts), ``certificates`` those that count on the day;
    ``delivered_within`` is the name of the area it is kept to, None for the whole country.
    """

    row: Any
    places: Sequence[str]
    lots: Sequence[LotInStock]
    delivered_within: str | None
    alike: Sequence[int]
    photos: Sequence[Any]
    certificates: Sequence[ShownCertificate]
    tiers: Sequence[Tier] = ()


def product_view(public_id: str, *, area: str, alike: int, day: date, beside: Sequence[ColumnElement[Any]] = ()) -> ProductView:
    """The listing, or ``NotFound``; ``alike`` others at the most, which can be delivered to ``area``; ``day`` is today.

    ``beside`` are columns for the row that others know more of, correlated with ``Listing``.
    """
    query = listing_card_columns().add_columns(
        _places().label("places"),
        _lots().label("lots"),
        tiers_column(),
        listing_photos().label("photos"),
        listing_certificates(day).label("certificates"),
        _same_kind(area, alike).label("alike"),
        select(Area.name).where(Area.code == Listing.delivers_to).correlate(Listing).scalar_subquery().label("within"),
        checked_on().label("price_checked_on"),
        *beside,
    )
    row = db.session.execute(query.where(Listing.public_id == public_id, on_sale())).first()
    if row is None:
        raise NotFound("listing_unknown", N_("This listing is no longer here."))
    lots = [
        LotInStock(number, date.fromisoformat(day), Decimal(left), expected) for number, day, left, expected in row.lots or ()
    ]
    certificates = read_shown(row.certificates)
    return ProductView(
        row, row.places or (), lots, row.within, row.alike, row.photos or (), certificates, read_tiers(row.tiers)
    )


def _places() -> ColumnElement[Any]:
    """The names of the areas a listing lies in, from the province down."""
    codes = [func.left(Listing.area_code, int(level)) for level in Level]
    place = aliased(Area)
    names = func.array_agg(aggregate_order_by(place.name, func.length(place.code)))
    return select(names).where(place.code.in_(codes)).correlate(Listing).scalar_subquery()


def _lots() -> ColumnElement[Any]:
    """Number, day and rest of each lot, and whether it is still to come; the rest as text, because JSON has no decimals."""
    one = func.json_build_array(Lot.public_id, Lot.harvested_on, cast(Lot.on_hand, Text), Lot.expected)
    lots = func.json_agg(aggregate_order_by(one, Lot.expected, Lot.harvested_on, Lot.id))
    return select(lots).where(Lot.listing_id == Listing.id, Lot.on_hand > 0).correlate(Listing).scalar_subquery()


def _same_kind(area: str, limit: int) -> ColumnElement[Any]:
    """The ids of other listings in stock of the same kind of goods, by rank."""
    other = aliased(Listing)
    ids = (
        select(other.id)
        .where(other.state == ListingState.ON_SALE, other.available > 0)
        .where(other.product_id == Listing.product_id, other.id != Listing.id)
        .order_by(other.rank.desc(), other.id)
        .limit(limit)
        .correlate(Listing)
    )
    return func.array(ids.where(delivered_to(area, other)).scalar_subquery() if area else ids.scalar_subquery())
