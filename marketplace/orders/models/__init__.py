"""Baskets, order groups, orders, lines, shares."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine
from marketplace.orders.models.shares import OrderShare, SellerShare, ShareKind, ShareTerm

__all__ = [
    "Basket",
    "BasketLine",
    "Order",
    "OrderGroup",
    "OrderLine",
    "OrderShare",
    "SellerShare",
    "ShareKind",
    "ShareTerm",
]
