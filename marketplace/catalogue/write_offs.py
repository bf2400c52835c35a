"""Goods that were sold and come to nothing: lost on the way, or come back and not fit for sale."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from marketplace.catalogue.models import MovementKind, StockMovement
from marketplace.kernel.db import db


def write_off(parts: Mapping[int, Decimal], purpose_kind: str, purpose_id: str, *, now: datetime) -> None:
    """Take quantities by lot id out of what was sold and out of the world: each returns to its lot and leaves it at once.

    Nothing is on sale by that, so no row is locked; the movements say what became of the goods.
    """
    purpose = {"purpose_kind": purpose_kind, "purpose_id": purpose_id, "at": now}
    for lot_id, quantity in sorted(parts.items()):
        db.session.add(StockMovement(lot_id=lot_id, kind=MovementKind.RETURN, quantity=quantity, **purpose))
        db.session.add(StockMovement(lot_id=lot_id, kind=MovementKind.WRITE_OFF, quantity=-quantity, **purpose))
    db.session.flush()
