"""Baskets, order groups, orders, lines, shares, how they travel, invoices."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.deliveries import OrderDelivery, Shipment, ShipmentEvent, ShipmentOrder
from marketplace.orders.models.invoices import Invoice, InvoiceCounter
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine
from marketplace.orders.models.shares import OrderShare, SellerShare, ShareKind, ShareTerm
from marketplace.orders.models.weighings import Weighing

__all__ = [
    "Basket",
    "BasketLine",
    "Invoice",
    "InvoiceCounter",
    "Order",
    "OrderDelivery",
    "OrderGroup",
    "OrderLine",
    "OrderShare",
    "SellerShare",
    "ShareKind",
    "ShareTerm",
    "Shipment",
    "ShipmentEvent",
    "ShipmentOrder",
    "Weighing",
]
