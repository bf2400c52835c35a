"""On what terms a listing is sold besides its price: steps of price, a least quantity, weighing when it is packed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.catalogue.catch_weight import CatchWeight
from marketplace.catalogue.models import Listing, PriceTier, Unit
from marketplace.catalogue.pricing import Tier, check_tiers
from marketplace.catalogue.quantities import check_quantity
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid


@dataclass(frozen=True)
class Terms:
    """The least quantity sold at a time (None for one step), the price steps by rising quantity, and the catch weight."""

    minimum_quantity: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    catch_weight: CatchWeight | None = None

    def said(self, price_fen: int) -> dict[str, Any]:
        """What the audit trail keeps of a listing's price; only what there is."""
        weight = self.catch_weight
        return {
            "price_fen": price_fen,
            **({"minimum_quantity": str(self.minimum_quantity)} if self.minimum_quantity is not None else {}),
            **({"tiers": [[str(tier.from_quantity), tier.price_fen] for tier in self.tiers]} if self.tiers else {}),
            **({"weight_price_fen": weight.price_fen, "weight_unit": weight.unit.value} if weight is not None else {}),
        }


PLAIN = Terms()


def check_terms(unit: Unit, price_fen: int, terms: Terms) -> None:
    """Raise ``Invalid`` for terms that cannot be kept."""
    if terms.minimum_quantity is not None:
        check_quantity(unit, terms.minimum_quantity)
    check_tiers(unit, price_fen, terms.minimum_quantity, terms.tiers)
    # Held is the heaviest piece's price and paid is the weight's: two rules that move the price would meet in one line.
    if terms.catch_weight is not None and terms.tiers:
        raise Invalid("tiers_by_weight", N_("What is weighed when it is packed has one price and no steps."))


def write_terms(listing: Listing, terms: Terms) -> None:
    """Write a flushed, locked listing's terms in place of those it had."""
    weight = terms.catch_weight
    listing.minimum_quantity = terms.minimum_quantity
    listing.weight_unit = weight.unit if weight is not None else None
    listing.weight_price_fen = weight.price_fen if weight is not None else None
    listing.piece_grams_min = weight.grams_min if weight is not None else None
    db.session.execute(delete(PriceTier).where(PriceTier.listing_id == listing.id))
    db.session.add_all(
        PriceTier(listing_id=listing.id, from_quantity=tier.from_quantity, price_fen=tier.price_fen) for tier in terms.tiers
    )
    db.session.flush()


def terms_of(listing: Listing) -> Terms:
    """The terms of a listing as they stand."""
    return Terms(listing.minimum_quantity, tiers_of([listing.id]).get(listing.id, ()), catch_weight_of(listing))


def in_stock() -> ColumnElement[bool]:
    """The condition that as much is left of a listing as is sold of it at a time."""
    return and_(Listing.available > 0, Listing.available >= func.coalesce(Listing.minimum_quantity, 0))


def catch_weight_of(row: Any) -> CatchWeight | None:
    """The catch weight of a listing, or of a row with its columns; None for goods that are not weighed when packed."""
    if row.weight_unit is None:
        return None
    return CatchWeight(Unit(row.weight_unit), row.weight_price_fen, row.piece_grams_min, row.unit_grams)


def tiers_of(listing_ids: Iterable[int]) -> dict[int, tuple[Tier, ...]]:
    """The price steps of the listings that have some, by rising quantity."""
    rows = db.session.execute(
        select(PriceTier.listing_id, PriceTier.from_quantity, PriceTier.price_fen)
        .where(PriceTier.listing_id.in_(set(listing_ids)))
        .order_by(PriceTier.listing_id, PriceTier.from_quantity)
    )
    found: dict[int, tuple[Tier, ...]] = {}
    for listing_id, quantity, price_fen in rows:
        found[listing_id] = (*found.get(listing_id, ()), Tier(quantity, price_fen))
    return found


def tiers_column() -> ColumnElement[Any]:
    """The price steps of a ``Listing`` as one column, for statements that read more of it; quantities as text."""
    one = func.json_build_array(cast(PriceTier.from_quantity, Text), PriceTier.price_fen)
    rows = func.json_agg(aggregate_order_by(one, PriceTier.from_quantity))
    return select(rows).where(PriceTier.listing_id == Listing.id).correlate(Listing).scalar_subquery().label("tiers")


def read_tiers(column: Sequence[Any] | None) -> tuple[Tier, ...]:
    """What ``tiers_column`` answered."""
    return tuple(Tier(Decimal(quantity), price_fen) for quantity, price_fen in column or ())
