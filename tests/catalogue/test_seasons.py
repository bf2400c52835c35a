"""Between which days goods are sold, and harvests that are ordered before they are in."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.lists import ListingFilter, find_listings
from marketplace.catalogue.models import Listing, Lot, LotContribution
from marketplace.catalogue.preorders import confirm_harvest, own_expected_lots, put_off_harvest
from marketplace.catalogue.seasons import Season, season_on, set_window
from marketplace.catalogue.service import add_harvest, return_stock, take_stock
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from tests import factories
from tests.factories import NOW, TODAY
from tests.stock import stock_of

JUNE_20 = date(2026, 6, 20)
Result = TypeVar("Result")


def act(do: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """Do something in a transaction of its own."""
    with transaction():
        return do(*args, **options)


@pytest.mark.parametrize(
    ("day", "opens_on", "closes_on", "season"),
    [
        (date(2026, 5, 4), date(2026, 5, 5), None, Season.BEFORE),
        (date(2026, 5, 5), date(2026, 5, 5), None, Season.OPEN),
        (date(2026, 5, 5), None, date(2026, 5, 5), Season.OPEN),
        (date(2026, 5, 6), None, date(2026, 5, 5), Season.OVER),
        (date(2026, 12, 31), date(2026, 11, 20), date(2027, 1, 31), Season.OPEN),
        (date(2027, 1, 31), date(2026, 11, 20), date(2027, 1, 31), Season.OPEN),
        (date(2027, 2, 1), date(2026, 11, 20), date(2027, 1, 31), Season.OVER),
        (date(2028, 2, 29), date(2028, 2, 29), date(2028, 2, 29), Season.OPEN),
        (date(2028, 3, 1), date(2028, 2, 29), date(2028, 2, 29), Season.OVER),
        (date(2026, 5, 5), None, None, Season.OPEN),
    ],
)
def test_a_window_holds_both_of_its_days(day: date, opens_on: date | None, closes_on: date | None, season: Season) -> None:
    assert season_on(day, opens_on, closes_on) is season


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        # A day of the market begins at 16:00 UTC of the day before.
        (datetime(2028, 2, 28, 15, 59, 59, tzinfo=UTC), "not_open_yet"),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), None),
        (datetime(2028, 3, 1, 15, 59, 59, tzinfo=UTC), None),
        (datetime(2028, 3, 1, 16, 0, tzinfo=UTC), "season_over"),
    ],
)
def test_an_order_is_taken_from_the_first_moment_of_the_window_to_its_last(
    session: Session, moment: datetime, code: str | None
) -> None:
    listing = factories.listing(stock=5)
    act(set_window, listing, date(2028, 2, 29), date(2028, 3, 1), actor="farmer", now=NOW)
    if code is None:
        act(take_stock, {listing.id: Decimal(2)}, "test", "1", now=moment)
        assert listing.available == 3
    else:
        with pytest.raises(Conflict) as refused:
            act(take_stock, {listing.id: Decimal(2)}, "test", "1", now=moment)
        assert (refused.value.code, listing.available, stock_of(listing.id)) == (code, 5, 5)


def test_a_window_that_ends_before_it_begins_is_refused_by_rule_and_by_the_database(session: Session) -> None:
    listing = factories.listing()
    session.commit()
    with pytest.raises(Invalid) as refused:
        act(set_window, listing, JUNE_20, TODAY, actor="farmer", now=NOW)
    assert refused.value.code == "window_backwards"
    assert (listing.opens_on, listing.closes_on) == (None, None)
    listing.opens_on, listing.closes_on = JUNE_20, TODAY
    with pytest.raises(IntegrityError, match="ck_listing_window_in_order"):
        session.flush()


def test_goods_are_listed_before_their_window_opens_even_without_stock_and_not_after_it(session: Session) -> None:
    """What Open Food Network's users missed: products stay in sight until their order cycle opens (their issue 14137)."""
    today = clock.local_day(clock.now())
    later, over, sold_out = factories.listing(stock=0), factories.listing(stock=5), factories.listing(stock=0)
    act(set_window, later, today + timedelta(days=1), None, actor="farmer", now=NOW)
    act(set_window, over, None, today - timedelta(days=1), actor="farmer", now=NOW)
    shown = [row.id for row in find_listings(ListingFilter()).rows]
    assert shown == [later.id]
    assert sold_out.id not in shown


def _coming(listing: Listing, cap: int, day: date = JUNE_20) -> Lot:
    seller = listing.producer
    assert seller.household_id is not None
    grams = {seller.household_id: cap * listing.unit_grams}
    return act(add_harvest, listing, Decimal(cap), day, grams, expected=True, actor="farmer", now=NOW)


def test_ripe_goods_go_first_and_one_lots_goods_never_stand_for_anothers(session: Session) -> None:
    listing = factories.listing(stock=3)
    coming = _coming(listing, 4)
    assert (listing.available, listing.expected_on, listing.harvested_on) == (7, None, TODAY)
    taken = act(take_stock, {listing.id: Decimal(5)}, "test", "1", now=NOW)[listing.id]
    assert [(part.lot_id == coming.id, part.quantity) for part in taken] == [(False, 3), (True, 2)]
    # Nothing ripe is left, so the listing says what it waits for, and still when the last ripe ones were picked.
    assert (listing.available, listing.expected_on, listing.harvested_on) == (2, JUNE_20, TODAY)


def test_a_late_harvest_to_come_is_still_behind_what_is_ripe(session: Session) -> None:
    listing = factories.listing(stock=0)
    coming = _coming(listing, 4, TODAY + timedelta(days=1))
    factories.lot(listing, Decimal(3), harvested_on=TODAY + timedelta(days=3))
    taken = act(take_stock, {listing.id: Decimal(3)}, "test", "1", now=NOW + timedelta(days=4))[listing.id]
    assert [part.lot_id == coming.id for part in taken] == [False]


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=367)])
def test_a_harvest_to_come_has_a_day_to_come(session: Session, day: date) -> None:
    listing = factories.listing(stock=0)
    with pytest.raises(Invalid) as refused:
        _coming(listing, 4, day)
    assert refused.value.code == "expected_day_invalid"
    assert (listing.available, session.scalars(select(Lot).where(Lot.expected)).all()) == (0, [])


@pytest.mark.parametrize(("real", "left", "short"), [(12, 6, 0), (10, 4, 0), (8, 2, 0), (6, 0, 0), (5, 0, 1), (0, 0, 6)])
def test_confirming_a_harvest_brings_stock_to_what_it_was(session: Session, real: int, left: int, short: int) -> None:
    listing = factories.listing(stock=0)
    coming = _coming(listing, 10)
    act(take_stock, {listing.id: Decimal(6)}, "test", "1", now=NOW)
    assert own_expected_lots(listing.id) == [(coming, 6)]
    harvested = act(
        confirm_harvest,
        coming.public_id,
        listing.producer_id,
        Decimal(real),
        JUNE_20,
        actor="farmer",
        now=NOW + timedelta(days=6),
    )
    assert (harvested.expected, harvested.harvested_on, harvested.on_hand, harvested.short) == (False, JUNE_20, left, short)
    assert listing.available == left == stock_of(listing.id)
    contributed = session.scalars(select(LotContribution.grams).filter_by(lot_id=coming.id)).all()
    assert contributed == [(real or 10) * listing.unit_grams]


def test_a_harvest_is_confirmed_once_by_its_own_producer_and_not_before_it_was_picked(session: Session) -> None:
    listing, other = factories.listing(stock=0), factories.producer()
    coming = _coming(listing, 10)
    now = NOW + timedelta(days=6)
    with pytest.raises(NotFound):
        act(confirm_harvest, coming.public_id, other.id, Decimal(9), JUNE_20, actor="farmer", now=now)
    with pytest.raises(Invalid, match="today at the latest"):
        act(confirm_harvest, coming.public_id, listing.producer_id, Decimal(9), date(2026, 6, 22), actor="farmer", now=now)
    act(confirm_harvest, coming.public_id, listing.producer_id, Decimal(9), JUNE_20, actor="farmer", now=now)
    for again in (confirm_harvest, put_off_harvest):
        arguments = (Decimal(8), JUNE_20) if again is confirm_harvest else (date(2026, 6, 30),)
        with pytest.raises(Conflict) as refused:
            act(again, coming.public_id, listing.producer_id, *arguments, actor="farmer", now=now)
        assert refused.value.code == "harvest_confirmed"
    assert (coming.on_hand, listing.available) == (9, 9)


def test_what_comes_back_to_a_harvest_that_was_too_small_makes_up_for_it_first(session: Session) -> None:
    listing = factories.listing(stock=0)
    coming = _coming(listing, 10)
    act(take_stock, {listing.id: Decimal(9)}, "test", "1", now=NOW)
    now = NOW + timedelta(days=6)
    act(confirm_harvest, coming.public_id, listing.producer_id, Decimal(5), JUNE_20, actor="farmer", now=now)
    assert (coming.short, coming.on_hand) == (4, 0)
    act(return_stock, {coming.id: Decimal(3)}, "test", "1", now=now)
    assert (coming.short, coming.on_hand, listing.available, stock_of(listing.id)) == (1, 0, 0, 0)
    act(return_stock, {coming.id: Decimal(3)}, "test", "2", now=now)
    assert (coming.short, coming.on_hand, listing.available, stock_of(listing.id)) == (0, 2, 2, 2)


def test_a_lot_that_owes_has_nothing_to_sell_whoever_forgets(session: Session) -> None:
    listing = factories.listing(stock=5)
    lot = session.scalars(select(Lot).filter_by(listing_id=listing.id)).one()
    lot.short = Decimal(1)
    with pytest.raises(IntegrityError, match="ck_lot_short_has_nothing"):
        session.flush()


def test_a_harvest_that_is_put_off_says_its_new_day(session: Session) -> None:
    listing = factories.listing(stock=0)
    coming = _coming(listing, 10)
    act(put_off_harvest, coming.public_id, listing.producer_id, date(2026, 6, 27), actor="farmer", now=NOW)
    assert (db.session.get_one(Lot, coming.id).harvested_on, listing.expected_on) == (date(2026, 6, 27), date(2026, 6, 27))
