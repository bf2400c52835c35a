"""Producers, products, listings, lots, stock."""

from marketplace.catalogue.models.denials import ListingDenial
from marketplace.catalogue.models.evidence import (
    MOST_PHOTOS,
    Certificate,
    CertificateKind,
    CertificateState,
    Indication,
    ListingPhoto,
)
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
from marketplace.catalogue.models.holds import StockHold
from marketplace.catalogue.models.prices import Basis, MarketPrice, PriceCheck, PriceEvidence, PriceRule, Review, Verdict
from marketplace.catalogue.models.pricing import PriceTier
from marketplace.catalogue.models.stock import Lot, LotContribution, MovementKind, StockMovement

__all__ = [
    "MOST_PHOTOS",
    "UNIT_GRAMS",
    "Basis",
    "Category",
    "Certificate",
    "CertificateKind",
    "CertificateState",
    "Indication",
    "Listing",
    "ListingDenial",
    "ListingPhoto",
    "ListingState",
    "Lot",
    "LotContribution",
    "MarketPrice",
    "MovementKind",
    "PriceCheck",
    "PriceEvidence",
    "PriceRule",
    "PriceTier",
    "Producer",
    "ProducerKind",
    "Product",
    "Review",
    "StockHold",
    "StockMovement",
    "Temperature",
    "Unit",
    "Verdict",
]
