"""Baskets, order groups, orders, lines; claims, messages, reviews."""

from marketplace.orders.models.baskets import Basket, BasketLine
from marketplace.orders.models.claims import Claim, ClaimPicture, ClaimRule, ClaimStep, GoodsReturn
from marketplace.orders.models.purchases import Order, OrderGroup, OrderLine
from marketplace.orders.models.words import OrderMessage, Review, ReviewPicture, ReviewReport

__all__ = [
    "Basket",
    "BasketLine",
    "Claim",
    "ClaimPicture",
    "ClaimRule",
    "ClaimStep",
    "GoodsReturn",
    "Order",
    "OrderGroup",
    "OrderLine",
    "OrderMessage",
    "Review",
    "ReviewPicture",
    "ReviewReport",
]
