"""Writing the words that listings are found by anew, for all that were written under an earlier rule."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import array

from marketplace.catalogue.models import Listing, Product
from marketplace.catalogue.search_terms import index_terms
from marketplace.kernel.db import db, lock_rows, transaction
from marketplace.regions.models import Level
from marketplace.regions.names import called
from marketplace.regions.queries import area_names

_AT_ONCE = 500


def found_by(listing: Listing, product: Product, places: list[str]) -> list[str]:
    """The words that a listing is found by: its titles, its kind of goods, its village and county."""
    return index_terms(listing.title_zh, listing.title_en, product.name_zh, product.name_en, *map(called, places))


def index_all() -> int:
    """Index every listing again, some hundred in a transaction each; answers how many."""
    ids = db.session.scalars(select(Listing.id).order_by(Listing.id)).all()
    db.session.rollback()
    for first in range(0, len(ids), _AT_ONCE):
        with transaction():
            rows = lock_rows(Listing, ids[first : first + _AT_ONCE])
            products = {row.id: row for row in db.session.scalars(select(Product))}
            codes = {code for row in rows.values() for code in (row.area_code, row.area_code[: Level.COUNTY])}
            names = area_names(codes)
            for row in rows.values():
                places = [names[code] for code in (row.area_code, row.area_code[: Level.COUNTY]) if code in names]
                row.search_terms = func.array_to_tsvector(array(found_by(row, products[row.product_id], places)))  # type: ignore[assignment]
            db.session.flush()
    return len(ids)
