"""Changes of a basket."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Listing, Unit
from marketplace.catalogue.queries import get_listing
from marketplace.catalogue.seasons import check_window
from marketplace.catalogue.service import LARGEST_QUANTITY, check_quantity
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
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
    line = db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id, listing_id=listing.id)).first()
    wanted = check_quantity(Unit(listing.unit), quantity) + (line.quantity if line is not None else 0)
    if wanted > LARGEST_QUANTITY:
        raise Conflict("basket_line_full", N_("Your basket would hold more than %(most)s of this."), most=LARGEST_QUANTITY)
    check_window(listing, local_day(now))
    _check_left(listing, wanted)
    if line is None:
        if len(db.session.scalars(select(BasketLine.id).filter_by(basket_id=basket.id)).all()) >= MOST_LINES:
            raise Invalid("basket_full", N_("A basket holds at most %(most)s different products."), most=MOST_LINES)
        line = BasketLine(basket_id=basket.id, listing_id=listing.id, quantity=wanted, price_fen_shown=listing.price_fen)
        db.session.add(line)
    line.quantity = wanted
    line.price_fen_shown = listing.price_fen
    basket.changed_at = now
    db.session.flush()
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
        line.quantity = check_quantity(Unit(listing.unit), quantity)
        _check_left(listing, line.quantity)
        line.price_fen_shown = listing.price_fen
    basket.changed_at = now
    db.session.flush()


def _check_left(listing: Listing, wanted: Decimal) -> None:
    if wanted > listing.available:
        raise Conflict(
            "sold_out",
            N_("Not enough left: %(title)s (%(left)s available)."),
            title=listing.title_zh,
            title_zh=listing.title_zh,
            title_en=listing.title_en,
            left=f"{listing.available.normalize():f}",
            listing=listing.public_id,
        )


def merge_visitors_basket(visitor_basket_id: str | None, account_id: int, *, now: datetime) -> None:
    """Bring what somebody put in before signing in; where both hold a listing, the larger quantity stays."""
    visitor = find_open_basket(None, visitor_basket_id, lock=True) if visitor_basket_id else None
    if visitor is None:
        return
    basket = open_basket(account_id, None, now=now)
    lines = db.session.scalars(select(BasketLine).filter_by(basket_id=visitor.id)).all()
    own = {line.listing_id: line for line in db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id))}
    for line in lines:
        if line.listing_id in own:
            own[line.listing_id].quantity = max(own[line.listing_id].quantity, line.quantity)
        else:
            line.basket_id = basket.id
    db.session.flush()
    db.session.execute(delete(BasketLine).where(BasketLine.basket_id == visitor.id))
    db.session.delete(visitor)
    basket.changed_at = now
    db.session.flush()
