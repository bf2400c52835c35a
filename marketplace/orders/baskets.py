"""Changes of a basket."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.holds import Holds, holds_on, not_enough
from marketplace.catalogue.models import Listing, Unit
from marketplace.catalogue.pricing import price_at
from marketplace.catalogue.quantities import LARGEST_QUANTITY, check_minimum, check_quantity, least_sold
from marketplace.catalogue.queries import get_listing
from marketplace.catalogue.seasons import check_window
from marketplace.catalogue.terms import tiers_of
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.orders.holding import follow_change, holder_of
from marketplace.orders.models import Basket, BasketLine
from marketplace.orders.queries import find_open_basket

MOST_LINES = 100


def open_basket(account_id: int | None, public_id: str | None, *, now: datetime) -> Basket:
    """The open basket, locked; a new one when there is none. Two requests that both need a new one get the same."""
    basket = find_open_basket(account_id, public_id, lock=True)
    if basket is not None:
        return basket
    if account_id is None:
        basket = Basket(created_at=now, changed_at=now)
        db.session.add(basket)
        db.session.flush()
        return basket
    db.session.execute(
        insert(Basket)
        .values(account_id=account_id, created_at=now, changed_at=now)
        .on_conflict_do_nothing(index_elements=["account_id"], index_where=~Basket.ordered)
    )
    found = find_open_basket(account_id, None, lock=True)
    if found is None:
        raise Conflict("basket_just_placed", N_("This basket has just been placed. Please try again."))
    return found


def add_line(basket: Basket, listing_public_id: str, quantity: Decimal, *, now: datetime) -> Listing:
    """Put a quantity of a listing in the basket, on top of what is there."""
    listing = get_listing(listing_public_id)
    lines = db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id)).all()
    line = next((line for line in lines if line.listing_id == listing.id), None)
    wanted = check_quantity(Unit(listing.unit), quantity) + (line.quantity if line is not None else 0)
    if wanted > LARGEST_QUANTITY:
        raise Conflict("basket_line_full", N_("Your basket would hold more than %(most)s of this."), most=LARGEST_QUANTITY)
    check_window(listing, local_day(now))
    holds = _check_left(basket, listing, wanted, now)
    if line is None:
        if len(lines) >= MOST_LINES:
            raise Invalid("basket_full", N_("A basket holds at most %(most)s different products."), most=MOST_LINES)
        line = BasketLine(basket_id=basket.id, listing_id=listing.id)
    _set_quantity(line, listing, wanted)
    db.session.add(line)
    basket.changed_at = now
    db.session.flush()
    if holds.has_own:
        follow_change(basket, now=now)
    return listing


def change_line(basket: Basket, line_public_id: str, quantity: Decimal, *, now: datetime) -> None:
    """Set the quantity of a line; nothing takes it out.

    Raises
    ------
    NotFound
        For a line of somebody else's basket, as for one that does not exist.
    """
    line = db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id, public_id=line_public_id)).first()
    if line is None:
        raise NotFound("basket_line_unknown", N_("This is no longer in your basket."))
    if quantity == 0:
        db.session.delete(line)
    else:
        listing = db.session.get_one(Listing, line.listing_id)
        check_window(listing, local_day(now))
        wanted = check_quantity(Unit(listing.unit), quantity)
        _check_left(basket, listing, wanted, now)
        _set_quantity(line, listing, wanted)
    basket.changed_at = now
    db.session.flush()
    follow_change(basket, now=now)


def _set_quantity(line: BasketLine, listing: Listing, quantity: Decimal) -> None:
    """Write a quantity with the price that it is shown at."""
    line.quantity = quantity
    line.price_fen_shown = price_at(listing.price_fen, tiers_of([listing.id]).get(listing.id, ()), quantity)


def _check_left(basket: Basket, listing: Listing, wanted: Decimal, now: datetime) -> Holds:
    """Say early, without any lock, what placing would refuse; answers the holds that were looked at."""
    holds = holds_on([listing.id], holder_of(basket), now=now)
    enough = listing.available >= least_sold(listing.unit, listing.minimum_quantity)
    left = holds.left(listing.id, listing.available if enough else Decimal(0))
    if wanted > left:
        raise not_enough(listing, wanted, left)
    check_minimum(listing.title_zh, listing.title_en, listing.minimum_quantity, wanted)
    return holds


def merge_visitors_basket(visitor_basket_id: str | None, account_id: int, *, now: datetime) -> None:
    """Bring what somebody put in before signing in; where both hold a listing, the larger quantity stays."""
    visitor = find_open_basket(None, visitor_basket_id, lock=True) if visitor_basket_id else None
    if visitor is None:
        return
    basket = open_basket(account_id, None, now=now)
    lines = db.session.scalars(select(BasketLine).filter_by(basket_id=visitor.id)).all()
    own = {line.listing_id: line for line in db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id))}
    for line in lines:
        kept = own.get(line.listing_id)
        if kept is not None and kept.quantity < line.quantity:
            kept.quantity, kept.price_fen_shown = line.quantity, line.price_fen_shown
        elif kept is None:
            line.basket_id = basket.id
    db.session.flush()
    db.session.execute(delete(BasketLine).where(BasketLine.basket_id == visitor.id))
    db.session.delete(visitor)
    basket.changed_at = now
    db.session.flush()
    follow_change(basket, now=now)
