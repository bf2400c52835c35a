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
from marketplace.catalogue.models.prices import Basis, MarketPrice, PriceCheck, PriceEvidence, PriceRule, Review, Verdict
from marketplace.catalogue.models.stock import Lot, LotContribution, MovementKind, StockMovement

__all__ = [
    "UNIT_GRAMS",
    "Basis",
    "Category",
    "Listing",
    "ListingState",
    "Lot",
    "LotContribution",
    "MarketPrice",
    "MovementKind",
    "PriceCheck",
    "PriceEvidence",
    "PriceRule",
    "Producer",
    "ProducerKind",
    "Product",
    "Review",
    "StockMovement",
    "Unit",
    "Verdict",
]
