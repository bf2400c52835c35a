"""Portal: the shop. Home, lists and search, product, basket, checkout, orders."""

from marketplace.web.portals.storefront import (
    basket,
    browse,
    checkout,
    delivery,
    home,
    invoices,
    lots,
    orders,
    paying,
    product,
    suggest,
)
from marketplace.web.portals.storefront.blueprint import blueprint

__all__ = [
    "basket",
    "blueprint",
    "browse",
    "checkout",
    "delivery",
    "home",
    "invoices",
    "lots",
    "orders",
    "paying",
    "product",
    "suggest",
]
