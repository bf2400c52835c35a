"""Photos of listings: their row, and who else shows the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.catalogue.models import MOST_PHOTOS, Listing, ListingPhoto, ListingState, Producer
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.pictures import Picture

LONGEST_ALT_ZH, LONGEST_ALT_EN = 120, 160


@dataclass(frozen=True)
class SharedPicture:
    """A picture that several producers show as theirs, with their listings as (public id, both titles, both producers)."""

    name: str
    listings: Sequence[Any]


def add_photo(
    listing: Listing, picture: Picture, alt_zh: str = "", alt_en: str = "", *, actor: str, now: datetime
) -> ListingPhoto:
    """Put a stored picture behind the photos of a locked listing; it shows what the title says unless told otherwise.

    Raises
    ------
    Conflict
        ``photos_full`` when there are eight, ``photo_known`` when this very picture is among them.
    """
    names = [photo.name for photo in photos_of(listing.id)]
    if picture.name in names:
        raise Conflict("photo_known", N_("This photo is among them already."))
    if len(names) >= MOST_PHOTOS:
        raise Conflict("photos_full", N_("There are %(most)s photos at the most. Remove one first."), most=MOST_PHOTOS)
    photo = ListingPhoto(
        listing_id=listing.id,
        position=len(names),
        name=picture.name,
        width=picture.width,
        height=picture.height,
        alt_zh=_alt(alt_zh, listing.title_zh, LONGEST_ALT_ZH),
        alt_en=_alt(alt_en, listing.title_en, LONGEST_ALT_EN),
        added_at=now,
    )
    db.session.add(photo)
    db.session.flush()
    audit.record("photo.added", "listing", listing.public_id, actor=actor, at=now, photo=picture.name)
    return photo


def describe_photo(photo: ListingPhoto, alt_zh: str, alt_en: str, *, actor: str, now: datetime) -> None:
    """Say anew what a photo shows; empty for what the listing's title says."""
    listing = db.session.get_one(Listing, photo.listing_id)
    photo.alt_zh = _alt(alt_zh, listing.title_zh, LONGEST_ALT_ZH)
    photo.alt_en = _alt(alt_en, listing.title_en, LONGEST_ALT_EN)
    db.session.flush()
    audit.record("photo.described", "listing", listing.public_id, actor=actor, at=now, photo=photo.name)


def show_first(photo: ListingPhoto, *, actor: str, now: datetime) -> None:
    """Make a photo of a locked listing the first, which cards show."""
    row = photos_of(photo.listing_id)
    _number([photo, *(one for one in row if one.id != photo.id)])
    _record("photo.shown_first", photo, actor, now)


def remove_photo(photo: ListingPhoto, *, actor: str, now: datetime) -> None:
    """Take a photo out of a locked listing's row."""
    _record("photo.removed", photo, actor, now)
    row = photos_of(photo.listing_id)
    db.session.delete(photo)
    db.session.flush()
    _number([one for one in row if one.id != photo.id])


def photos_of(listing_id: int) -> Sequence[ListingPhoto]:
    """A listing's photos in their order."""
    return db.session.scalars(select(ListingPhoto).filter_by(listing_id=listing_id).order_by(ListingPhoto.position)).all()


def listing_photos() -> ColumnElement[Any]:
    """A ``Listing``'s photos in their order as JSON: name, width, height, both texts."""
    photo = ListingPhoto
    one = func.json_build_array(photo.name, photo.width, photo.height, photo.alt_zh, photo.alt_en)
    row = func.json_agg(aggregate_order_by(one, photo.position))
    return select(row).where(photo.listing_id == Listing.id).correlate(Listing).scalar_subquery()


def get_photo(listing_id: int, public_id: str) -> ListingPhoto:
    """A photo of this listing, or ``NotFound``."""
    photo = db.session.scalars(select(ListingPhoto).filter_by(listing_id=listing_id, public_id=public_id)).first()
    if photo is None:
        raise NotFound("photo_unknown", N_("This photo is no longer here."))
    return photo


def is_shown_to_all(name: str) -> bool:
    """Whether a picture is a photo of a listing that has been on sale."""
    shown = exists().where(
        ListingPhoto.name == name, Listing.id == ListingPhoto.listing_id, Listing.state != ListingState.DRAFT
    )
    return bool(db.session.scalar(select(shown)))


def is_photo_of(name: str, account_id: int) -> bool:
    """Whether a picture is a photo of a listing that this account sells."""
    own = exists().where(
        ListingPhoto.name == name,
        Listing.id == ListingPhoto.listing_id,
        Producer.id == Listing.producer_id,
        Producer.account_id == account_id,
    )
    return bool(db.session.scalar(select(own)))


def shared_pictures(*, limit: int = 50) -> list[SharedPicture]:
    """The pictures that more than one producer shows, the newest first: one of them did not take it."""
    names = (
        select(ListingPhoto.name)
        .join(Listing, Listing.id == ListingPhoto.listing_id)
        .group_by(ListingPhoto.name)
        .having(func.count(Listing.producer_id.distinct()) > 1)
        .order_by(func.max(ListingPhoto.id).desc())
        .limit(limit)
    )
    wanted = list(db.session.scalars(names))
    rows = db.session.execute(
        select(
            ListingPhoto.name,
            ListingPhoto.added_at,
            Listing.public_id,
            Listing.state,
            Listing.title_zh,
            Listing.title_en,
            Producer.name_zh.label("producer_zh"),
            Producer.name_en.label("producer_en"),
        )
        .join(Listing, Listing.id == ListingPhoto.listing_id)
        .join(Producer, Producer.id == Listing.producer_id)
        .where(ListingPhoto.name.in_(wanted))
        .order_by(ListingPhoto.id)
    ).all()
    return [SharedPicture(name, [row for row in rows if row.name == name]) for name in wanted]


def _alt(text: str, title: str, most: int) -> str:
    text = " ".join(text.split())
    if len(text) > most:
        raise Invalid("alt_too_long", N_("What a photo shows may be said in %(most)s characters."), most=most)
    return text or title


def _number(row: Sequence[ListingPhoto]) -> None:
    """Give the photos their places in this order; the rule that no two share one is checked at the end."""
    for position, photo in enumerate(row):
        photo.position = position
    db.session.flush()


def _record(verb: str, photo: ListingPhoto, actor: str, now: datetime) -> None:
    listing = db.session.get_one(Listing, photo.listing_id)
    audit.record(verb, "listing", listing.public_id, actor=actor, at=now, photo=photo.name)
