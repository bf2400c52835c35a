"""Baskets, order groups, orders, lines, how they travel, invoices."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.deliveries import OrderDelivery, Shipment, ShipmentEvent, ShipmentOrder
from marketplace.orders.models.invoices import Invoice, InvoiceCounter
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine
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
    "Shipment",
    "ShipmentEvent",
    "ShipmentOrder",
    "Weighing",
]
