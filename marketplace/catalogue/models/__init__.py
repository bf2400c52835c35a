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
from marketplace.catalogue.models.suspicions import Suspicion
from marketplace.catalogue.models.tree import LotBlock, LotLoss, Pooling
from marketplace.catalogue.models.yields import YieldDeclaration

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
    "LotBlock",
    "LotContribution",
    "LotLoss",
    "MarketPrice",
    "MovementKind",
    "Pooling",
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
    "Suspicion",
    "Temperature",
    "Unit",
    "Verdict",
    "YieldDeclaration",
]
