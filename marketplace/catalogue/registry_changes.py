"""Keeping listings in step with a change of the registry, in the transaction that makes it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from marketplace.catalogue.models import Lot, LotContribution
from marketplace.catalogue.service import refresh_benefit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db


def refresh_benefit_of(household_ids: Sequence[int], now: datetime) -> None:
    """Compute again the benefit share of every listing with goods of these households in stock.

    What was ordered before keeps the share and the revision of the registry that its line carries.
    """
    listing_ids = db.session.scalars(
        select(Lot.listing_id)
        .join(LotContribution, LotContribution.lot_id == Lot.id)
        .where(LotContribution.household_id.in_(household_ids), Lot.on_hand > 0)
        .distinct()
        .order_by(Lot.listing_id)
    ).all()
    if listing_ids:
        refresh_benefit(listing_ids, local_day(now))
