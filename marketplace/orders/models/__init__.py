"""Baskets, order groups, orders, lines, how they travel."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.deliveries import OrderDelivery, Shipment, ShipmentEvent, ShipmentOrder
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine

__all__ = [
    "Basket",
    "BasketLine",
    "Order",
    "OrderDelivery",
    "OrderGroup",
    "OrderLine",
    "Shipment",
    "ShipmentEvent",
    "ShipmentOrder",
]
