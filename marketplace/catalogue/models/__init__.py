"""Producers, products, listings, lots, stock."""

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
from marketplace.catalogue.models.holds import StockHold
from marketplace.catalogue.models.pricing import PriceTier
from marketplace.catalogue.models.stock import Lot, LotContribution, MovementKind, StockMovement

__all__ = [
    "UNIT_GRAMS",
    "Category",
    "Listing",
    "ListingState",
    "Lot",
    "LotContribution",
    "MovementKind",
    "PriceTier",
    "Producer",
    "ProducerKind",
    "Product",
    "StockHold",
    "StockMovement",
    "Unit",
]
