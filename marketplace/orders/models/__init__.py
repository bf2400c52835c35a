"""Baskets, order groups, orders, lines."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine
from marketplace.orders.models.weighings import Weighing

__all__ = ["Basket", "BasketLine", "Order", "OrderGroup", "OrderLine", "Weighing"]
