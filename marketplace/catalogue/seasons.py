"""When goods can be ordered: the days between which a listing sells. Before the first they are visible, and say when."""

import enum
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Date, and_, cast, func, or_

from marketplace.catalogue.models import Listing
from marketplace.catalogue.terms import in_stock
from marketplace.kernel import audit
from marketplace.kernel.clock import MARKET_ZONE
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid


class Season(enum.StrEnum):
    """Where a day lies from a listing's window."""

    BEFORE = "before"
    OPEN = "open"
    OVER = "over"


def season_on(day: date, opens_on: date | None, closes_on: date | None) -> Season:
    """Where a day of the market lies; both ends belong to the window, and a missing one is no bound.

    >>> [season_on(date(2028, 2, day), date(2028, 2, 28), date(2028, 2, 29)).value for day in (27, 28, 29)]
    ['before', 'open', 'open']
    >>> season_on(date(2028, 3, 1), None, date(2028, 2, 29)).value
    'over'
    """
    if opens_on is not None and day < opens_on:
        return Season.BEFORE
    return Season.OVER if closes_on is not None and day > closes_on else Season.OPEN


def set_window(listing: Listing, opens_on: date | None, closes_on: date | None, *, actor: str, now: datetime) -> None:
    """Say from which day to which a locked listing can be ordered; orders already placed stay as they are."""
    if opens_on is not None and closes_on is not None and closes_on < opens_on:
        raise Invalid("window_backwards", N_("The last day of sale cannot come before the first."))
    listing.opens_on, listing.closes_on = opens_on, closes_on
    db.session.flush()
    days = {"opens_on": str(opens_on or ""), "closes_on": str(closes_on or "")}
    audit.record("listing.window_set", "listing", listing.public_id, actor=actor, at=now, **days)


def check_window(listing: Listing, day: date) -> None:
    """Refuse an order outside the window.

    Raises
    ------
    Conflict
        ``not_open_yet`` or ``season_over``, naming the listing and the day.
    """
    season = season_on(day, listing.opens_on, listing.closes_on)
    names = {"title": listing.title_zh, "title_zh": listing.title_zh, "title_en": listing.title_en}
    if season is Season.BEFORE:
        message = N_("%(title)s cannot be ordered before %(day)s.")
        raise Conflict("not_open_yet", message, **names, day=listing.opens_on, listing=listing.public_id)
    if season is Season.OVER:
        message = N_("%(title)s could be ordered until %(day)s.")
        raise Conflict("season_over", message, **names, day=listing.closes_on, listing=listing.public_id)


def check_expected_day(expected_on: date, day: date) -> None:
    """Refuse a day that is no day of a harvest to come."""
    if not day < expected_on <= day + timedelta(days=366):
        raise Invalid("expected_day_invalid", N_("The day of a harvest to come lies after today and within a year."))


def _today() -> ColumnElement[date]:
    # The database's own clock, as lists are asked for without a moment.
    return cast(func.timezone(str(MARKET_ZONE), func.now()), Date)


def to_be_seen() -> ColumnElement[bool]:
    """The condition that lists show goods: in stock or still to be opened, and not after their last day."""
    return and_(or_(in_stock(), Listing.opens_on > _today()), _not_over())


def to_be_ordered() -> ColumnElement[bool]:
    """The condition that goods can be ordered today, which is what is recommended."""
    return and_(in_stock(), or_(Listing.opens_on.is_(None), Listing.opens_on <= _today()), _not_over())


def _not_over() -> ColumnElement[bool]:
    return or_(Listing.closes_on.is_(None), Listing.closes_on >= _today())
