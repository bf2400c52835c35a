"""Buying again what was bought before: what is still there goes into the basket, at today's price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState
from marketplace.kernel.db import db
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.orders.baskets import add_line, open_basket
from marketplace.orders.models import Basket, OrderGroup


@dataclass(frozen=True)
class Reordered:
    """How many kinds of goods went in, and the titles (Chinese, English) of those that are not to be had any more."""

    added: int
    missing: Sequence[tuple[str, str]]


def reorder(group: OrderGroup, account_id: int, *, now: datetime) -> Reordered:
    """Put what a purchase held into the buyer's basket; of what is scarce, as much as there is.

    Nothing is promised: prices and stock are those of today, and what cannot be had is named.
    """
    wanted: dict[int, Decimal] = {}
    titles: dict[int, tuple[str, str]] = {}
    for order in group.orders:
        for line in order.lines:
            wanted[line.listing_id] = wanted.get(line.listing_id, Decimal(0)) + line.quantity
            titles[line.listing_id] = (line.title_zh, line.title_en)
    listings = {row.id: row for row in db.session.scalars(select(Listing).where(Listing.id.in_(wanted)))}
    basket = open_basket(account_id, None, now=now)
    added, missing = 0, []
    for listing_id, quantity in wanted.items():
        listing = listings[listing_id]
        if listing.state == ListingState.ON_SALE and _add(basket, listing, min(quantity, listing.available), now):
            added += 1
        else:
            missing.append(titles[listing_id])
    return Reordered(added, missing)


def _add(basket: Basket, listing: Listing, quantity: Decimal, now: datetime) -> bool:
    if quantity <= 0:
        return False
    try:
        add_line(basket, listing.public_id, quantity, now=now)
    except (Conflict, Invalid):
        # Its basket is full, or already holds all that there is of it.
        return False
    return True
