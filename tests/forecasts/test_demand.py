"""What will be asked for, from purchases through the doors of the shop: whole weeks, cut in time, with nothing from later."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.dashboard.service import build_all
from marketplace.forecasts.counts import Chosen, chosen, expected
from marketplace.forecasts.models import ForecastRun
from marketplace.forecasts.queries import errors_of, known_demand, values_of
from marketplace.forecasts.service import run_demand
from marketplace.identity.models import Account
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db, transaction
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.registry.reading import Reach
from tests import factories
from tests.factories import TODAY

TO = Destination("李四", "13800000000", "522636", "民族路 1 号")
# The last Sunday before today, and how many boxes were sold in each of the weeks that end with it.
SUNDAY = TODAY - timedelta(days=TODAY.weekday() + 1)
APPLES = (4, 5, 3, 4, 6, 5, 4, 4, 5, 6, 7, 5, 6, 7)
PEARS = (1, 0, 2, 1, 0, 0, 1, 2, 3, 2, 3, 4, 3, 4)
APPLE_G, PEAR_G = 1500, 997


@pytest.fixture
def goods(session: Session) -> tuple[Account, Listing, Listing]:
    """A buyer, apples and pears, and fourteen weeks of purchases, each paid on another day of its week."""
    with transaction():
        buyer = factories.account()
        apples = factories.listing(factories.producer(), factories.product("apple", "苹果"), stock=500, unit_grams=APPLE_G)
        pears = factories.listing(factories.producer(), factories.product("pear", "梨"), stock=500, unit_grams=PEAR_G)
    for week, boxes in enumerate(zip(APPLES, PEARS, strict=True)):
        buy(buyer, apples, pears, boxes, sunday(week) - timedelta(days=(3 * week) % 7))
    build_all()
    return buyer, apples, pears


def sunday(week: int) -> date:
    return SUNDAY - timedelta(weeks=len(APPLES) - 1 - week)


def buy(buyer: Account, apples: Listing, pears: Listing, boxes: tuple[int, int], day: date) -> None:
    """So many boxes of each, ordered and paid in the evening of a day."""
    at = day_start(day) + timedelta(hours=20)
    lines = [(listing, number) for listing, number in zip((apples, pears), boxes, strict=True) if number]
    total_fen = sum(listing.price_fen * number for listing, number in lines)
    with transaction():
        basket = factories.basket(buyer, *lines)
        group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, PaymentMethod.BANK_TRANSFER, total_fen, now=at)
    with transaction():
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="test", now=at)


def run_on(day: date) -> ForecastRun:
    with transaction():
        return run_demand(made_up=False, now=day_start(day) + timedelta(hours=3))


def said(run: ForecastRun) -> list[tuple[object, ...]]:
    """All that a run says: the card, the errors and what is expected."""
    errors = [(row.horizon, row.method, row.error, row.low, row.high, row.gain) for row in errors_of(run)]
    values = values_of(run, Reach.everywhere("a test"))
    expected_of = [(row.subject, row.horizon, row.due_on, row.value, row.low, row.high, row.last) for row in values]
    return [(run.cut_on, run.test_from, run.rows, run.drift, str(run.card)), *errors, *expected_of]


def test_a_week_known_is_what_was_paid_for_until_its_sunday_was_over(goods: tuple[Account, Listing, Listing]) -> None:
    known = known_demand(TODAY)
    assert known is not None
    assert known.subjects == ("apple", "pear")
    assert known.periods == tuple(sunday(week) - timedelta(days=6) for week in range(len(APPLES)))
    np.testing.assert_array_equal(known.counts, np.column_stack([APPLES, PEARS]) * np.array([APPLE_G, PEAR_G]))
    for day, weeks in ((SUNDAY - timedelta(days=1), 13), (SUNDAY, 13), (SUNDAY + timedelta(days=1), 14)):
        known = known_demand(day)
        assert known is not None
        assert (len(known.periods), known.counts[-1, 0]) == (weeks, APPLES[weeks - 1] * APPLE_G)
        assert run_on(day).cut_on == sunday(weeks - 1)


def test_where_the_years_that_are_looked_at_begin_no_half_week_is_counted(goods: tuple[Account, Listing, Listing]) -> None:
    # The same on every day about the one on which they begin, as the facts would hold it.
    first = SUNDAY - timedelta(days=371 * 4)
    columns = "lot_id, channel, area_code, producer_id, product_id, order_lines, grams, total_fen, benefit_fen"
    columns += ", benefit_grams, farm_gate_fen, wholesale_fen"
    add = f"INSERT INTO sales_fact (sold_on, {columns}) SELECT :day, {columns} FROM sales_fact WHERE sold_on = :of LIMIT 1"
    of = db.session.scalar(text("SELECT min(sold_on) FROM sales_fact"))
    for day in (first + timedelta(days=at) for at in range(-14, 15)):
        db.session.execute(text(add), {"day": day, "of": of})
    known = known_demand(TODAY)
    assert known is not None
    assert (known.periods[0], known.counts[0].sum()) == (first + timedelta(days=1), 7 * 4 * APPLE_G)


def test_demand_is_forecast_beside_the_simplest_guesses_on_unseen_weeks(goods: tuple[Account, Listing, Listing]) -> None:
    run = run_on(TODAY)
    assert (run.kind, run.cut_on, run.test_from) == ("demand", SUNDAY, sunday(10) - timedelta(days=6))
    assert {(row.horizon, row.method) for row in errors_of(run)} == {
        (horizon, method) for horizon in (1, 4) for method in ("model", "last", "rule")
    }
    counts = np.column_stack([APPLES, PEARS]) * np.array([float(APPLE_G), float(PEAR_G)])
    last = {row.horizon: row.error for row in errors_of(run) if row.method == "last"}
    steps = np.abs(np.diff(counts, axis=0))[9:]
    assert last[1] == pytest.approx(steps.mean() / counts[10:].mean())
    values = {(row.subject, row.horizon): row for row in values_of(run, Reach.everywhere("a test"))}
    assert values["apple", 1].due_on == SUNDAY - timedelta(days=6) + timedelta(weeks=1)
    assert values["pear", 4].due_on == SUNDAY - timedelta(days=6) + timedelta(weeks=4)
    assert (values["apple", 1].last, values["pear", 4].last) == (7 * APPLE_G, 4 * PEAR_G)
    choice = chosen(counts, 13, 1, 52)
    assert isinstance(choice, Chosen)
    ways = {
        "model": expected(counts, 13, 1, 52, choice),
        "last": counts[13],
        "rule": counts[10:14].mean(0),
    }
    served = ways[run.card["horizons"]["1"]["served"]]
    assert [values["apple", 1].value, values["pear", 1].value] == pytest.approx(served.tolist())
    assert all(row.low <= row.value <= row.high for row in values.values())


def test_nothing_said_on_a_day_changes_with_what_is_sold_after_it(goods: tuple[Account, Listing, Listing]) -> None:
    cut = sunday(12) + timedelta(days=1)
    before = said(run_on(cut))
    buyer, apples, pears = goods
    buy(buyer, apples, pears, (40, 90), cut)
    with transaction():
        plums = factories.listing(factories.producer(), factories.product("plum", "李子"), stock=500, unit_grams=20_000)
    buy(buyer, plums, pears, (400, 1), TODAY)
    build_all()
    assert known_demand(TODAY + timedelta(days=7)).subjects[0] == "plum"  # type: ignore[union-attr]
    assert said(run_on(cut)) == before
    later = "UPDATE sales_fact SET grams = grams * 3 + 1 WHERE sold_on >= :cut"
    db.session.execute(text(later), {"cut": cut})
    assert said(run_on(cut)) == before
    assert said(run_on(TODAY + timedelta(days=7))) != before
