"""Producers, products, listings, lots, stock."""

from marketplace.catalogue.models.denials import ListingDenial
from marketplace.catalogue.models.goods import (
    UNIT_GRAMS,
    Category,
    Listing,
    ListingState,
    Producer,
    ProducerKind,
    Product,
    Unit,
)
from marketplace.catalogue.models.stock import Lot, LotContribution, MovementKind, StockMovement

__all__ = [
    "UNIT_GRAMS",
    "Category",
    "Listing",
    "ListingDenial",
    "ListingState",
    "Lot",
    "LotContribution",
    "MovementKind",
    "Producer",
    "ProducerKind",
    "Product",
    "StockMovement",
    "Unit",
]
