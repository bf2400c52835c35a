"""What is on sale, for whoever lists all of it: sitemaps and the feed of new goods."""

from typing import Any

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing
from marketplace.catalogue.queries import card_columns, on_sale
from marketplace.catalogue.seasons import to_be_ordered
from marketplace.kernel.db import db


def largest_listing_id() -> int:
    """The newest listing's id; 0 in an empty shop."""
    return int(db.session.scalar(select(func.max(Listing.id))) or 0)


def listings_between(after_id: int, through_id: int) -> list[Any]:
    """Public id and moment of publication of the listings on sale between two ids, the first left out."""
    query = select(Listing.public_id, Listing.published_at).where(
        Listing.id > after_id, Listing.id <= through_id, on_sale(), Listing.published_at.is_not(None)
    )
    return list(db.session.execute(query.order_by(Listing.id)))


def newest_listings(limit: int) -> list[Any]:
    """Cards of the listings in stock that came last, newest first, with the moment of publication."""
    query = card_columns().add_columns(Listing.published_at)
    newest = query.where(on_sale(), to_be_ordered(), Listing.published_at.is_not(None))
    return list(db.session.execute(newest.order_by(Listing.id.desc()).limit(limit)))
