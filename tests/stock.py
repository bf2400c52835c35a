"""The stock of a listing as its movements say, to hold what the shop says against."""

from decimal import Decimal

from sqlalchemy import func, select

from marketplace.catalogue.models import Lot, StockMovement
from marketplace.kernel.db import db


def stock_of(listing_id: int) -> Decimal:
    """What the movements of a listing's lots add up to: the truth that ``available`` repeats."""
    from_movements = db.session.scalar(
        select(func.coalesce(func.sum(StockMovement.quantity), 0))
        .join(Lot, Lot.id == StockMovement.lot_id)
        .where(Lot.listing_id == listing_id)
    )
    return Decimal(from_movements or 0)
