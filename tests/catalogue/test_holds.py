"""Goods kept for somebody: what others leave, how long it lasts, and that no combination sells what is not there."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.holds import (
    Holder,
    clear_dead_holds,
    hold_stock,
    holds_anything,
    holds_on,
    next_span,
    release_holds,
    use_holds,
)
from marketplace.catalogue.models import Listing, ListingState, StockHold
from marketplace.catalogue.service import take_stock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from tests import factories
from tests.factories import NOW
from tests.stock import stock_of

ANNA, BORIS = Holder("basket", "anna"), Holder("basket", "boris")


@pytest.fixture(autouse=True)
def held() -> Iterator[None]:
    use_holds(True)
    yield
    use_holds(True)


def later(minutes: float) -> dict[str, object]:
    return {"now": NOW + timedelta(minutes=minutes)}


def hold(holder: Holder, wanted: dict[int, int], minutes: float = 0) -> int | None:
    """Hold at a minute; answers the minute until which."""
    now = NOW + timedelta(minutes=minutes)
    with transaction():
        until = hold_stock({listing_id: Decimal(quantity) for listing_id, quantity in wanted.items()}, holder, now=now)
    return None if until is None else int((until - NOW).total_seconds() // 60)


def take(holder: Holder | None, wanted: dict[int, int], minutes: float = 0) -> str:
    """Buy at a minute; ``taken`` or the refusal's code and what was left."""
    now = NOW + timedelta(minutes=minutes)
    try:
        with transaction():
            quantities = {listing_id: Decimal(quantity) for listing_id, quantity in wanted.items()}
            take_stock(quantities, "order_group", "test", now=now, holder=holder)
    except Conflict as refused:
        return f"{refused.code} {refused.data['left']}"
    return "taken"


def left(holder: Holder, listing: Listing, minutes: float = 0) -> Decimal:
    now = NOW + timedelta(minutes=minutes)
    return holds_on([listing.id], holder, now=now).left(listing.id, listing.available)


def kept(holder: Holder) -> dict[int, Decimal]:
    rows = db.session.execute(select(StockHold.listing_id, StockHold.quantity).filter_by(purpose_id=holder.id))
    return dict(rows.all())


@pytest.fixture
def apples(session: Session) -> Listing:
    with transaction():
        return factories.listing(stock=5)


def test_what_is_kept_for_one_is_not_there_for_another(apples: Listing) -> None:
    assert hold(ANNA, {apples.id: 4}) == 10
    assert (left(ANNA, apples), left(BORIS, apples)) == (5, 1)
    assert take(BORIS, {apples.id: 2}) == "held 1"
    assert take(None, {apples.id: 2}) == "held 1"
    assert take(BORIS, {apples.id: 6}) == "sold_out 1"
    assert (apples.available, stock_of(apples.id)) == (5, 5)
    assert take(BORIS, {apples.id: 1}) == "taken"
    assert take(ANNA, {apples.id: 4}) == "taken"
    assert (apples.available, stock_of(apples.id)) == (0, 0)


def test_buying_gives_back_what_was_kept(apples: Listing) -> None:
    hold(ANNA, {apples.id: 4})
    assert take(ANNA, {apples.id: 1}) == "taken"
    assert kept(ANNA) == {}
    assert take(BORIS, {apples.id: 4}) == "taken"


def test_a_refused_purchase_keeps_the_hold(apples: Listing) -> None:
    hold(ANNA, {apples.id: 4})
    assert take(ANNA, {apples.id: 6}) == "sold_out 5"
    assert kept(ANNA) == {apples.id: 4}


def test_a_hold_counts_until_its_very_moment_though_no_job_runs(apples: Listing) -> None:
    hold(ANNA, {apples.id: 5})
    assert take(BORIS, {apples.id: 1}, minutes=9.99) == "held 0"
    assert take(BORIS, {apples.id: 1}, minutes=10) == "taken"
    assert kept(ANNA) == {apples.id: 5}
    assert take(ANNA, {apples.id: 5}, minutes=10) == "sold_out 4"


def test_activity_extends_a_hold_to_an_hour_and_then_others_get_their_turn(apples: Listing) -> None:
    ends = [hold(ANNA, {apples.id: 5}, minutes) for minutes in (0, 9, 18, 27, 36, 45, 54, 59)]
    assert ends == [10, 19, 28, 37, 46, 55, 60, 60]
    assert [hold(ANNA, {apples.id: 5}, minutes) for minutes in (60, 69.9)] == [None, None]
    assert take(BORIS, {apples.id: 1}, minutes=60) == "taken"
    assert hold(ANNA, {apples.id: 4}, 70) == 80


def test_activity_within_a_minute_changes_nothing_unless_something_else_is_wanted(apples: Listing) -> None:
    assert [hold(ANNA, {apples.id: 3}, minutes) for minutes in (0, 0.9)] == [10, 10]
    assert hold(ANNA, {apples.id: 4}, 0.9) == 10
    assert kept(ANNA) == {apples.id: 4}
    assert hold(ANNA, {apples.id: 4}, 3) == 13


def test_a_hold_that_was_let_lapse_begins_anew(apples: Listing) -> None:
    assert [hold(ANNA, {apples.id: 5}, minutes) for minutes in (0, 11, 20)] == [10, 21, 30]


def test_the_span_of_a_hold_is_told_from_the_last_one() -> None:
    hour = timedelta(hours=1)
    assert next_span(NOW, None) == (NOW, NOW + timedelta(minutes=10))
    assert next_span(NOW, (NOW - hour, NOW)) is None
    assert next_span(NOW, (NOW - timedelta(minutes=30), NOW)) == (NOW, NOW + timedelta(minutes=10))


def test_a_hold_follows_what_is_wanted_now(session: Session) -> None:
    with transaction():
        one, two, three = (factories.listing(stock=5) for _ in range(3))
    hold(ANNA, {one.id: 5, two.id: 1})
    hold(ANNA, {two.id: 3, three.id: 2})
    assert kept(ANNA) == {two.id: 3, three.id: 2}
    assert left(BORIS, one) == 5


def test_of_what_is_short_all_that_is_there_is_kept(session: Session) -> None:
    with transaction():
        few, none = factories.listing(stock=3), factories.listing(stock=0)
        gone = factories.listing(stock=3, state=ListingState.WITHDRAWN)
    hold(BORIS, {few.id: 1})
    assert hold(ANNA, {few.id: 5, none.id: 1, gone.id: 1}) == 10
    assert kept(ANNA) == {few.id: 2}
    assert hold(ANNA, {none.id: 1}) is None
    assert kept(ANNA) == {}


def test_goods_that_vanish_under_a_hold_take_nothing_from_others_sight(apples: Listing) -> None:
    hold(ANNA, {apples.id: 5})
    with transaction():
        apples.available = Decimal(2)
    assert left(BORIS, apples) == 0
    with transaction():
        apples.available = Decimal(5)


def test_the_job_deletes_the_dead_alone(session: Session) -> None:
    with transaction():
        one, two, three = (factories.listing(stock=5) for _ in range(3))
    hold(ANNA, {one.id: 5}, 0)
    hold(BORIS, {two.id: 5}, 5)
    for minutes in range(-49, 11, 9):
        hold(Holder("basket", "busy"), {three.id: 1}, minutes)
    with transaction():
        assert clear_dead_holds(**later(12)) == 1
    assert (kept(ANNA), kept(BORIS)) == ({}, {two.id: 5})
    # The longest hold is remembered for its rest, or its basket would begin anew at once.
    assert kept(Holder("basket", "busy")) == {three.id: 1}
    with transaction():
        assert clear_dead_holds(**later(21)) == 2


def test_switched_off_nothing_is_kept_and_what_was_kept_counts_for_nothing(apples: Listing) -> None:
    hold(ANNA, {apples.id: 5})
    use_holds(False)
    assert hold(BORIS, {apples.id: 5}) is None
    assert not holds_anything(ANNA, now=NOW)
    assert left(BORIS, apples) == 5
    assert take(BORIS, {apples.id: 5}) == "taken"


def test_a_hold_is_given_back_on_request(apples: Listing) -> None:
    hold(ANNA, {apples.id: 5})
    assert holds_anything(ANNA, now=NOW)
    with transaction():
        release_holds(ANNA)
    assert not holds_anything(ANNA, now=NOW)
    assert take(BORIS, {apples.id: 5}) == "taken"


@pytest.mark.parametrize(
    ("minutes", "quantity", "rule"),
    [(61, 1, "an_hour_at_most"), (0, 1, "an_hour_at_most"), (10, 0, "quantity_positive"), (10, -1, "quantity_positive")],
)
def test_the_database_itself_refuses_a_hold_of_nothing_or_for_ever(
    apples: Listing, minutes: int, quantity: int, rule: str
) -> None:
    row = StockHold(listing_id=apples.id, purpose_kind="basket", purpose_id="x", quantity=quantity, held_from=NOW)
    row.expires_at = NOW + timedelta(minutes=minutes)
    with pytest.raises(IntegrityError, match=f"ck_stock_hold_{rule}"), transaction():
        db.session.add(row)


def test_the_database_itself_refuses_a_second_hold_of_the_same_goods_for_the_same_purpose(apples: Listing) -> None:
    hold(ANNA, {apples.id: 1})
    row = StockHold(listing_id=apples.id, purpose_kind="basket", purpose_id="anna", quantity=1, held_from=NOW)
    row.expires_at = NOW + timedelta(minutes=10)
    with pytest.raises(IntegrityError, match="uq_stock_hold_purpose_kind"), transaction():
        db.session.add(row)


# Every combination: (holds on, units sold before, units Boris holds, whether Anna holds too, lots, sellers).
COMBINATIONS = list(product([True, False], [0, 2], [0, 3], [False, True], [1, 2], [1, 2]))


@pytest.mark.parametrize(("on", "allocated", "of_boris", "holds_too", "lots", "sellers"), COMBINATIONS)
def test_no_combination_sells_more_than_there_is(
    session: Session, on: bool, allocated: int, of_boris: int, holds_too: bool, lots: int, sellers: int
) -> None:
    use_holds(on)
    with transaction():
        goods = [factories.listing(stock=6 if lots == 1 else 2) for _ in range(sellers)]
        if lots == 2:
            for listing in goods:
                factories.lot(listing, Decimal(4))
        assert len({listing.producer_id for listing in goods}) == sellers
    ids = [listing.id for listing in goods]
    if allocated:
        assert take(None, dict.fromkeys(ids, allocated)) == "taken"
    if of_boris:
        hold(BORIS, dict.fromkeys(ids, of_boris))
    for_anna = 6 - allocated - (of_boris if on else 0)
    if holds_too:
        hold(ANNA, dict.fromkeys(ids, 6))
        assert kept(ANNA) == (dict.fromkeys(ids, for_anna) if on else {})
    # One more than there is for her is refused whole, also where only one of the listings is short.
    assert take(ANNA, {ids[0]: 1, **dict.fromkeys(ids[-1:], for_anna + 1)}).split()[1] == str(for_anna)
    assert take(ANNA, dict.fromkeys(ids, for_anna)) == "taken"
    for_boris = of_boris if on else 0
    assert take(BORIS, dict.fromkeys(ids, for_boris + 1)) == f"sold_out {for_boris}"
    if for_boris:
        assert take(BORIS, dict.fromkeys(ids, for_boris)) == "taken"
    for listing in goods:
        assert listing.available == stock_of(listing.id) == 0
    assert db.session.scalar(select(func.count(StockHold.id))) == 0
