"""Runs keep what was said, how far it erred and by what rule it has drifted; too little known leaves nothing behind."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.assistance.needs.models import Need
from marketplace.demo.forecasts import add_forecasts
from marketplace.demo.market_prices import SOURCE
from marketplace.forecasts.models import ForecastError, ForecastRun, ForecastValue
from marketplace.forecasts.queries import errors_of, known_demand, known_needs, newest_runs, next_quarter, values_of
from marketplace.forecasts.service import error_ratio, run_needs, run_prices
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.registry.reading import Reach
from tests import factories
from tests.factories import NOW
from tests.forecasts.made import market

EVERYWHERE = Reach.everywhere("a test")
TOWNSHIPS = ("522636100", "522636101")


def needs(quarters: int, each: tuple[int, int] = (3, 1)) -> None:
    """So many needs a quarter in two townships, in the whole quarters before now."""
    officer = factories.account((RoleKind.OFFICER, "522636"))
    for code in TOWNSHIPS:
        factories.area(f"{code}001")
    end = date(NOW.year, 3 * ((NOW.month - 1) // 3) + 1, 1)
    for back in range(1, quarters + 1):
        day = end - timedelta(days=91 * back - 20)
        for code, number in zip(TOWNSHIPS, each, strict=True):
            for _ in range(number):
                db.session.add(
                    Need(
                        reference=f"F{db.session.scalar(select(func.count()).select_from(Need))}",
                        area_code=f"{code}001",
                        kind="work",
                        words="要活干",
                        since=day_start(day),
                        raised_by_id=officer.id,
                        raised_at=NOW,
                    )
                )
                db.session.flush()


def test_prices_are_forecast_with_their_card(session: Session) -> None:
    products = [factories.product(f"fruit-{at}", f"果{at}", f"Fruit {at}") for at in range(3)]
    newest = market(products, 520, "testmarket")
    with transaction():
        run = run_prices("testmarket", made_up=False, now=day_start(newest + timedelta(days=2)))
    assert (run.kind, run.scope, run.cut_on, run.made_up) == ("price", "testmarket", newest, False)
    assert set(run.card["horizons"]) == {"1", "7", "28"}
    methods = {(row.horizon, row.method) for row in errors_of(run)}
    assert {(7, name) for name in ("model", "last", "season", "rule")} <= methods
    assert all(row.gain == 0 for row in errors_of(run) if row.method == "last")
    values = values_of(run, EVERYWHERE)
    assert len(values) == 9
    assert all(row.low <= row.value <= row.high for row in values)
    assert {row.due_on for row in values if row.horizon == 28} == {newest + timedelta(days=28)}
    assert run.drift_percent == 150
    assert newest_runs() == [run]


def test_prices_after_the_cut_are_not_known(session: Session) -> None:
    newest = market([factories.product(f"fruit-{at}", f"果{at}") for at in range(4)], 450, "testmarket")
    cut = newest - timedelta(days=40)
    said = []
    for _ in range(2):
        with transaction():
            run = run_prices("testmarket", made_up=False, now=day_start(cut) + timedelta(hours=3))
        assert run.cut_on == cut
        said.append([(row.horizon, row.due_on, row.value, row.low, row.high) for row in values_of(run, EVERYWHERE)])
        change = "UPDATE market_price SET low_fen = 1, average_fen = 2, high_fen = 3 WHERE day > :cut"
        db.session.execute(text(change), {"cut": cut})
        db.session.commit()
    assert said[0] == said[1]
    assert len(said[0]) == 12


def test_a_young_market_is_refused_and_nothing_is_kept(session: Session) -> None:
    newest = market([factories.product()], 40, "testmarket")
    for source in ("testmarket", "nowhere"):
        with pytest.raises(Invalid, match="Too little is known"), transaction():
            run_prices(source, made_up=False, now=day_start(newest + timedelta(days=1)))
    for table in (ForecastRun, ForecastError, ForecastValue):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_needs_are_forecast_by_township_and_seen_in_ones_own_area_alone(session: Session) -> None:
    needs(10)
    known = known_needs(NOW.date())
    assert known is not None
    assert known.subjects == TOWNSHIPS
    np.testing.assert_array_equal(known.counts, [[3.0, 1.0]] * 10)
    with transaction():
        run = run_needs(made_up=True, now=NOW)
    values = values_of(run, EVERYWHERE)
    assert [(row.subject, row.value) for row in values] == [(TOWNSHIPS[0], 3.0), (TOWNSHIPS[1], 1.0)]
    assert [row.subject for row in values_of(run, Reach.of([TOWNSHIPS[1]], "a test"))] == [TOWNSHIPS[1]]
    assert (run.drift, run.drifted) == (0.0, False)


def test_a_need_just_after_midnight_is_one_of_the_new_quarter_which_is_known_once_it_is_over(session: Session) -> None:
    needs(3)
    first = date(NOW.year, 3 * ((NOW.month - 1) // 3) + 1, 1)
    db.session.execute(text("UPDATE need SET since = :at"), {"at": day_start(first) + timedelta(minutes=30)})
    assert known_needs(next_quarter(first) - timedelta(days=1)) is None
    known = known_needs(next_quarter(first))
    assert known is not None
    assert known.periods == (first,)
    assert known.counts.sum() == 12


def test_without_sales_there_is_no_demand_to_forecast(session: Session) -> None:
    assert known_demand(NOW.date()) is None


def test_the_demos_market_gets_a_past_and_a_forecast_that_says_it_is_made_up(session: Session) -> None:
    newest = market([factories.product(f"fruit-{at}", f"果{at}") for at in range(3)], 56, SOURCE)
    with transaction():
        add_forecasts(now=day_start(newest) + timedelta(hours=12))
    [run] = newest_runs()
    assert (run.kind, run.scope, run.made_up, run.cut_on) == ("price", SOURCE, True, newest)
    assert len(values_of(run, EVERYWHERE)) == 9


def test_newest_errors_twice_as_large_as_the_others_have_drifted() -> None:
    errors = np.concatenate([np.full(17, 0.1), np.full(3, 0.2)])
    assert error_ratio(errors) == pytest.approx(2.0)
    assert ForecastRun(drift=2.0, drift_percent=150).drifted
    assert not ForecastRun(drift=1.5, drift_percent=150).drifted
