"""Portal: the shop. Home, lists and search, product, basket, checkout, orders."""

from marketplace.web.portals.storefront import (
    after_sale,
    basket,
    browse,
    checkout,
    claims,
    delivery,
    home,
    invoices,
    lots,
    orders,
    paying,
    product,
    recalls,
    suggest,
)
from marketplace.web.portals.storefront.blueprint import blueprint

__all__ = [
    "after_sale",
    "basket",
    "blueprint",
    "browse",
    "checkout",
    "claims",
    "delivery",
    "home",
    "invoices",
    "lots",
    "orders",
    "paying",
    "product",
    "recalls",
    "suggest",
]
