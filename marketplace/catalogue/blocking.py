"""Keeping lots from sale at once, and letting them go again."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from marketplace.catalogue.models import Listing, Lot, LotBlock, LotLoss
from marketplace.catalogue.service import refresh_benefit
from marketplace.catalogue.withheld import note_correction, put_away
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows


def block_lots(lot_ids: Collection[int], purpose_kind: str, purpose_id: str, *, now: datetime) -> None:
    """From now on nobody can buy or send anything of these lots. Listings are locked before lots, as everywhere."""
    listings, lots = _locked(lot_ids)
    for lot_id, lot in sorted(lots.items()):
        block = LotBlock(lot_id=lot_id, purpose_kind=purpose_kind, purpose_id=purpose_id, quantity=Decimal(0), began_at=now)
        db.session.add(block)
        if lot.on_hand > 0:
            put_away(lot, listings[lot.listing_id], block, now)
    db.session.flush()
    refresh_benefit(sorted(listings), local_day(now))


def release_lots(purpose_kind: str, purpose_id: str, *, now: datetime) -> None:
    """The reason is gone: what was kept is on sale again, unless something else keeps it."""
    blocks = _blocks(purpose_kind, purpose_id)
    listings, lots = _locked([block.lot_id for block in blocks])
    for block in blocks:
        block.ended_at = now
    db.session.flush()
    for block in blocks:
        lot = lots[block.lot_id]
        if block.quantity:
            note_correction(lot, block.quantity, purpose_kind, purpose_id, now)
            lot.on_hand += block.quantity
            listings[lot.listing_id].available += block.quantity
            block.quantity = Decimal(0)
            other = db.session.scalars(select(LotBlock).filter_by(lot_id=lot.id, ended_at=None).order_by(LotBlock.id)).first()
            if other is not None:
                put_away(lot, listings[lot.listing_id], other, now)
    db.session.flush()
    refresh_benefit(sorted(listings), local_day(now))


def give_up_blocked(purpose_kind: str, purpose_id: str, why: str, *, now: datetime) -> int:
    """What is kept of these lots comes to nothing, in grams; they stay blocked."""
    given_up_g = 0
    for block in _blocks(purpose_kind, purpose_id):
        if block.quantity:
            unit_grams = db.session.scalar(
                select(Listing.unit_grams).join(Lot, Lot.listing_id == Listing.id).where(Lot.id == block.lot_id)
            )
            grams = int(block.quantity * (unit_grams or 0))
            db.session.add(LotLoss(lot_id=block.lot_id, grams=grams, why=why, at=now))
            block.quantity = Decimal(0)
            given_up_g += grams
    db.session.flush()
    return given_up_g


def _blocks(purpose_kind: str, purpose_id: str) -> list[LotBlock]:
    query = select(LotBlock).filter_by(purpose_kind=purpose_kind, purpose_id=purpose_id, ended_at=None)
    return list(db.session.scalars(query.order_by(LotBlock.lot_id).with_for_update()))


def _locked(lot_ids: Collection[int]) -> tuple[dict[int, Listing], dict[int, Lot]]:
    owners = dict(db.session.execute(select(Lot.id, Lot.listing_id).where(Lot.id.in_(lot_ids))).all())
    listings = lock_rows(Listing, list(owners.values()))
    return listings, lock_rows(Lot, list(owners))
