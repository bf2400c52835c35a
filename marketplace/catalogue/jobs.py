"""Keeping what listings repeat in step with the registry."""

from datetime import UTC, datetime

from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState
from marketplace.catalogue.service import refresh_benefit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job

_AT_ONCE = 1_000


@job("catalogue.refresh_benefit", every="5 16 * * *", lock="catalogue.refresh_benefit")
def refresh_all_benefit(timestamp: int) -> None:
    """Each night, just after midnight in the market: statuses begin and end with the day."""
    day = local_day(datetime.fromtimestamp(timestamp, UTC))
    ids = db.session.scalars(select(Listing.id).where(Listing.state == ListingState.ON_SALE).order_by(Listing.id)).all()
    db.session.rollback()
    for at in range(0, len(ids), _AT_ONCE):
        with transaction():
            refresh_benefit(ids[at : at + _AT_ONCE], day)
