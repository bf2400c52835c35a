"""Tables of sourcing, by what they are about."""

from marketplace.sourcing.models.contracts import AcceptanceRecord, Contract, ContractDelivery, ContractPart
from marketplace.sourcing.models.demands import Demand, DemandDelivery, DemandKind, DemandWay
from marketplace.sourcing.models.enterprises import (
    DeliveryPlace,
    Enterprise,
    EnterpriseMember,
    MemberRole,
    PurchaseTarget,
)
from marketplace.sourcing.models.plans import Plan, PlanDemand, PlanPart
from marketplace.sourcing.models.price_lists import PriceList, PriceListLine
from marketplace.sourcing.models.quotes import Quote, QuoteRound, Tender, TenderBid
from marketplace.sourcing.models.supplies import SupplyDeclaration, SupplyState, SupplyWeek

__all__ = [
    "AcceptanceRecord",
    "Contract",
    "ContractDelivery",
    "ContractPart",
    "DeliveryPlace",
    "Demand",
    "DemandDelivery",
    "DemandKind",
    "DemandWay",
    "Enterprise",
    "EnterpriseMember",
    "MemberRole",
    "Plan",
    "PlanDemand",
    "PlanPart",
    "PriceList",
    "PriceListLine",
    "PurchaseTarget",
    "Quote",
    "QuoteRound",
    "SupplyDeclaration",
    "SupplyState",
    "SupplyWeek",
    "Tender",
    "TenderBid",
]
