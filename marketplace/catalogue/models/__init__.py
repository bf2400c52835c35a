"""Producers, products, listings, lots, stock."""

from marketplace.catalogue.models.goods import (
    UNIT_GRAMS,
    Category,
    Listing,
    ListingState,
    Producer,
    ProducerKind,
    Product,
    Temperature,
    Unit,
)
from marketplace.catalogue.models.stock import Lot, LotContribution, MovementKind, StockMovement

__all__ = [
    "UNIT_GRAMS",
    "Category",
    "Listing",
    "ListingState",
    "Lot",
    "LotContribution",
    "MovementKind",
    "Producer",
    "ProducerKind",
    "Product",
    "StockMovement",
    "Temperature",
    "Unit",
]
