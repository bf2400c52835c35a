"""Goods kept for a basket, from the moment its checkout is opened. Adding to a basket alone keeps nothing."""

from datetime import datetime

from sqlalchemy import select

from marketplace.catalogue.holds import Holder, hold_stock, holds_anything, release_holds
from marketplace.kernel.db import db
from marketplace.orders.models import Basket, BasketLine
from marketplace.orders.queries import HELD_FOR, find_open_basket


def holder_of(basket: Basket) -> Holder:
    """For whom the catalogue keeps what is in a basket."""
    return Holder(HELD_FOR, basket.public_id)


def open_checkout(account_id: int, *, now: datetime) -> None:
    """Keep what is in an account's open basket, for ten minutes from now; of what is short, what is there."""
    basket = find_open_basket(account_id, None, lock=True)
    if basket is not None:
        _hold(basket, now)


def follow_change(basket: Basket, *, now: datetime) -> None:
    """A locked basket has changed; if its checkout is under way, keep what is in it now, and for longer."""
    # A visitor has to sign in before the checkout, so nothing is ever kept for a basket without an account.
    if basket.account_id is not None and holds_anything(holder_of(basket), now=now):
        _hold(basket, now)


def leave_checkout(account_id: int) -> None:
    """Give back what was kept for an account's open basket; the basket stays as it is."""
    basket = find_open_basket(account_id, None, lock=True)
    if basket is not None:
        release_holds(holder_of(basket))


def _hold(basket: Basket, now: datetime) -> None:
    rows = db.session.execute(select(BasketLine.listing_id, BasketLine.quantity).where(BasketLine.basket_id == basket.id)).all()
    if rows:
        hold_stock({row.listing_id: row.quantity for row in rows}, holder_of(basket), now=now)
    else:
        release_holds(holder_of(basket))
