"""Baskets, purchases and their lines, shares, how they travel, invoices; claims, messages, reviews."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.boxes import Box
from marketplace.orders.models.claims import Claim, ClaimPicture, ClaimRule, ClaimStep, GoodsReturn
from marketplace.orders.models.deliveries import OrderDelivery, Shipment, ShipmentEvent, ShipmentOrder
from marketplace.orders.models.invoices import Invoice, InvoiceCounter
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine
from marketplace.orders.models.recalls import Recall, RecallLine
from marketplace.orders.models.returned_goods import ReturnedGoods
from marketplace.orders.models.shares import OrderShare, SellerShare, ShareKind, ShareTerm
from marketplace.orders.models.weighings import Weighing
from marketplace.orders.models.words import OrderMessage, Review, ReviewPicture, ReviewReport

__all__ = [
    "Basket",
    "BasketLine",
    "Box",
    "Claim",
    "ClaimPicture",
    "ClaimRule",
    "ClaimStep",
    "GoodsReturn",
    "Invoice",
    "InvoiceCounter",
    "Order",
    "OrderDelivery",
    "OrderGroup",
    "OrderLine",
    "OrderMessage",
    "OrderShare",
    "Recall",
    "RecallLine",
    "ReturnedGoods",
    "Review",
    "ReviewPicture",
    "ReviewReport",
    "SellerShare",
    "ShareKind",
    "ShareTerm",
    "Shipment",
    "ShipmentEvent",
    "ShipmentOrder",
    "Weighing",
]
