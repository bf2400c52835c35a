"""Harvests to come: what can be ordered of them, and what becomes of that on the day.

A lot that is ``expected`` is ordered from like any other, up to its cap, and after everything that is ripe. When the harvest
is in, its producer says what it really was. Was it less than ordered, the lot is ``short``: whatever comes back of its orders
makes up for that first, and ``orders.shortfalls`` makes orders smaller until nothing is owed.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select

from marketplace.catalogue.models import Listing, Lot, LotContribution, MovementKind, StockMovement, Unit
from marketplace.catalogue.seasons import check_expected_day
from marketplace.catalogue.service import check_quantity, refresh_benefit
from marketplace.catalogue.withheld import withhold
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.money import split_fen

# A harvest is confirmed within weeks of its day; an older one is a slip of the hand.
OLDEST_CONFIRMED = timedelta(days=60)


def confirm_harvest(
    lot_public_id: str, producer_id: int, quantity: Decimal, harvested_on: date, *, actor: str, now: datetime
) -> Lot:
    """Say what a harvest to come has really been; nothing at all is an answer too.

    Returns
    -------
    Lot
        The lot, ripe now and locked. ``short`` is what has been ordered of it beyond ``quantity``.

    Raises
    ------
    NotFound
        When the lot is not this producer's.
    Conflict
        ``harvest_confirmed`` when it has been said before.
    """
    listing, lot = _lock_lot(lot_public_id, producer_id)
    if not lot.expected:
        raise Conflict("harvest_confirmed", N_("This harvest has been confirmed already."))
    if quantity:
        check_quantity(Unit(listing.unit), quantity)
    day = local_day(now)
    if not day - OLDEST_CONFIRMED <= harvested_on <= day:
        raise Invalid("harvest_day_invalid", N_("Please give the day on which it was picked, today at the latest."))
    ordered = _ordered(lot.id)
    left = max(quantity - ordered, Decimal(0))
    correction = left - lot.on_hand
    lot.expected, lot.harvested_on = False, harvested_on
    lot.on_hand, lot.short = left, max(ordered - quantity, Decimal(0))
    listing.available += correction
    if correction:
        _correct(lot, correction, now)
    withhold([lot], {listing.id: listing}, now)
    if quantity:
        _weigh_again(lot.id, int(quantity * listing.unit_grams))
    db.session.flush()
    refresh_benefit([listing.id], day)
    data = {"quantity": str(quantity), "short": str(lot.short)}
    audit.record("harvest.confirmed", "lot", lot.public_id, actor=actor, at=now, **data)
    return lot


def put_off_harvest(lot_public_id: str, producer_id: int, expected_on: date, *, actor: str, now: datetime) -> Lot:
    """Give a harvest to come another day; those who ordered of it read the new one."""
    listing, lot = _lock_lot(lot_public_id, producer_id)
    if not lot.expected:
        raise Conflict("harvest_confirmed", N_("This harvest has been confirmed already."))
    check_expected_day(expected_on, local_day(now))
    lot.harvested_on = expected_on
    db.session.flush()
    refresh_benefit([listing.id], local_day(now))
    audit.record("harvest.put_off", "lot", lot.public_id, actor=actor, at=now, expected_on=str(expected_on))
    return lot


def own_expected_lots(listing_id: int) -> list[tuple[Lot, Decimal]]:
    """The harvests to come of a listing by their day, each with what has been ordered of it."""
    lots = db.session.scalars(select(Lot).where(Lot.listing_id == listing_id, Lot.expected).order_by(Lot.harvested_on, Lot.id))
    return [(lot, _ordered(lot.id)) for lot in lots]


def coming_quantity() -> ColumnElement[Decimal]:
    """How much of a ``Listing``'s stock is still to be harvested."""
    total = func.coalesce(func.sum(Lot.on_hand), 0)
    return select(total).where(Lot.listing_id == Listing.id, Lot.expected).correlate(Listing).scalar_subquery()


def coming_on() -> ColumnElement[date]:
    """The day of the first of a ``Listing``'s harvests to come that can be ordered from."""
    first = func.min(Lot.harvested_on)
    mine = (Lot.listing_id == Listing.id, Lot.expected, Lot.on_hand > 0)
    return select(first).where(*mine).correlate(Listing).scalar_subquery()


def _lock_lot(public_id: str, producer_id: int) -> tuple[Listing, Lot]:
    found = db.session.execute(
        select(Lot.id, Lot.listing_id)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(Lot.public_id == public_id, Listing.producer_id == producer_id)
    ).first()
    if found is None:
        raise NotFound("lot_unknown", N_("There is no such harvest."))
    listing = lock_rows(Listing, [found.listing_id])[found.listing_id]
    return listing, lock_rows(Lot, [found.id])[found.id]


def _ordered(lot_id: int) -> Decimal:
    """What has been ordered of a lot and not come back."""
    kinds = (MovementKind.SALE, MovementKind.RETURN)
    query = select(func.sum(StockMovement.quantity)).where(StockMovement.lot_id == lot_id, StockMovement.kind.in_(kinds))
    return -(db.session.scalar(query) or Decimal(0))


def _correct(lot: Lot, quantity: Decimal, now: datetime) -> None:
    purpose = {"purpose_kind": "harvest", "purpose_id": lot.public_id}
    db.session.add(StockMovement(lot_id=lot.id, kind=MovementKind.CORRECTION, quantity=quantity, at=now, **purpose))


def _weigh_again(lot_id: int, weight_g: int) -> None:
    """Bring what the households gave to the real weight, each in its proportion."""
    parts = {
        row.household_id: row
        for row in db.session.scalars(select(LotContribution).filter_by(lot_id=lot_id).order_by(LotContribution.household_id))
    }
    for household_id, grams in split_fen(weight_g, {key: row.grams for key, row in parts.items()}).items():
        parts[household_id].grams = max(1, grams)
