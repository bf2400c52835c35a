"""What everybody may know of a lot: its village, its day, its goods. Never whose household it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState, Lot, Product
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.queries import ancestors


@dataclass(frozen=True)
class PublicLot:
    """A lot with its goods and the names of its areas from the province down to the village."""

    lot: Lot
    listing_public_id: str
    title_zh: str
    title_en: str
    art: str
    on_sale: bool
    places: Sequence[str]


def public_lot(public_id: str) -> PublicLot:
    """A lot of goods that have been on sale, sold out or not, or ``NotFound``."""
    found = db.session.execute(
        select(Lot, Listing, Product.art)
        .join(Listing, Listing.id == Lot.listing_id)
        .join(Product, Product.id == Listing.product_id)
        .where(Lot.public_id == public_id, Listing.state != ListingState.DRAFT)
    ).first()
    if found is None:
        raise NotFound("lot_unknown", N_("There is no such lot."))
    lot, listing, art = found
    return PublicLot(
        lot=lot,
        listing_public_id=listing.public_id,
        title_zh=listing.title_zh,
        title_en=listing.title_en,
        art=art,
        on_sale=listing.state == ListingState.ON_SALE,
        places=[area.name for area in ancestors(listing.area_code)],
    )


def lots_to_name(producer_id: int, *, limit: int = 50) -> Sequence[Any]:
    """A producer's lots, newest harvest first, as (public id, titles, day), for choosing one."""
    return db.session.execute(
        select(Lot.public_id, Listing.title_zh, Listing.title_en, Lot.harvested_on)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(Listing.producer_id == producer_id)
        .order_by(Lot.harvested_on.desc(), Lot.id.desc())
        .limit(limit)
    ).all()
