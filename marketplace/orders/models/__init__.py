"""Baskets, order groups, orders, lines."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine

__all__ = ["Basket", "BasketLine", "Order", "OrderGroup", "OrderLine"]
