"""Lots that nobody may buy or send, as the rest of the catalogue meets them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from marketplace.catalogue.models import Listing, Lot, LotBlock, MovementKind, StockMovement
from marketplace.kernel.db import db


def blocked_among(lot_ids: Collection[int]) -> set[int]:
    """Those of the lots that are blocked."""
    if not lot_ids:
        return set()
    return set(db.session.scalars(select(LotBlock.lot_id).where(LotBlock.lot_id.in_(lot_ids), LotBlock.ended_at.is_(None))))


def withhold(lots: Iterable[Lot], listings: Mapping[int, Listing], now: datetime) -> None:
    """Put what has come to blocked lots where nobody can buy it. Lots and listings are locked."""
    stocked = {lot.id: lot for lot in lots if lot.on_hand > 0}
    if not stocked:
        return
    open_blocks = select(LotBlock).where(LotBlock.lot_id.in_(stocked), LotBlock.ended_at.is_(None)).order_by(LotBlock.id)
    # Several reasons may block a lot; the first keeps its goods.
    for block in db.session.scalars(open_blocks.with_for_update()):
        lot = stocked[block.lot_id]
        if lot.on_hand > 0:
            put_away(lot, listings[lot.listing_id], block, now)


def put_away(lot: Lot, listing: Listing, block: LotBlock, now: datetime) -> None:
    """Move all that a locked lot has in stock into its block."""
    quantity = lot.on_hand
    block.quantity += quantity
    listing.available -= quantity
    lot.on_hand = Decimal(0)
    note_correction(lot, -quantity, block.purpose_kind, block.purpose_id, now)


def note_correction(lot: Lot, quantity: Decimal, purpose_kind: str, purpose_id: str, now: datetime) -> None:
    """Write down a change of a lot's stock that is neither a harvest nor a sale."""
    purpose = {"purpose_kind": purpose_kind, "purpose_id": purpose_id, "at": now}
    db.session.add(StockMovement(lot_id=lot.id, kind=MovementKind.CORRECTION, quantity=quantity, **purpose))
