"""Cleaning the market's real lists, series with gaps, the chained index, and alerts that speak once."""

import csv
import gzip
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from marketplace.advisory.alerts import reach_alerts, remove_alert, set_alert
from marketplace.advisory.models import Direction
from marketplace.advisory.price_index import IndexPoint, chained, jevons_link, laspeyres_link
from marketplace.advisory.prices import index_of, monday_of, priced_goods, weekly_series
from marketplace.advisory.states import ALERTS, AlertAction, AlertState
from marketplace.catalogue import market_prices
from marketplace.catalogue.market_prices import Fault
from marketplace.catalogue.models import MarketPrice
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db
from marketplace.kernel.errors import Conflict, Invalid
from tests import factories
from tests.factories import NOW, TODAY

XINFADI = Path(__file__).parents[3] / "shared/data/prices_xinfadi"
WEEK = timedelta(weeks=1)


def price(product_id: int, day: date, average: int, source: str = "test") -> None:
    row = {"low_fen": average - 1, "average_fen": average, "high_fen": average + 1}
    db.session.add(MarketPrice(product_id=product_id, day=day, source=source, **row))
    db.session.flush()


def counted_apart(path: Path) -> Counter[str]:
    """The faults of a list, counted by plain comparisons of its cells: another way than the program's."""
    found: Counter[str] = Counter()
    seen = set()
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            cells = {(key or "").strip("\ufeff "): (value or "").replace("\ufeff", "").strip() for key, value in row.items()}
            if not any(cells.values()):
                found["empty"] += 1
                continue
            if not cells["品名"]:
                found["no name"] += 1
                continue
            try:
                low, mean, high = (float(cells[name]) for name in ("最低价", "平均价", "最高价"))
            except ValueError:
                found["not a price"] += 1
                continue
            if 0 in (low, mean, high):
                found["zero"] += 1
            elif low > high and high <= mean <= low:
                found["swapped"] += 1
            elif mean < low or mean > high:
                found["outside"] += 1
            whole = tuple(sorted(cells.items()))
            good = 0 not in (low, mean, high) and min(low, high) <= mean <= max(low, high)
            if good and whole in seen:
                found["repeated"] += 1
            seen.add(whole)
    return found


@pytest.mark.skipif(not XINFADI.is_dir(), reason="the market's real lists are not here")
@pytest.mark.parametrize("name", ["fruit_2013-06-10_2016-05-05.csv.gz", "vegetable_2013-06-10_2016-05-03.csv.gz"])
def test_what_is_wrong_in_the_markets_own_lists_is_found_to_the_row(name: str) -> None:
    report = market_prices.Report()
    for _ in market_prices.read_rows(market_prices.lines_in_file(XINFADI / name), report):
        pass
    apart = counted_apart(XINFADI / name)
    counts = Counter(report.counts)
    print(name, dict(counts), dict(apart))
    assert counts[Fault.EMPTY] == apart["empty"]
    assert counts[Fault.NO_NAME] == apart["no name"]
    assert counts[Fault.ZERO] == apart["zero"]
    assert counts[Fault.OUTSIDE] == apart["outside"]
    assert counts[Fault.SWAPPED] == apart["swapped"]
    assert counts[Fault.REPEATED] == apart["repeated"]
    assert counts[Fault.NOT_A_PRICE] == apart["not a price"]


def test_a_week_without_a_price_is_a_gap_in_the_series(session: Session) -> None:
    goods = factories.product("tea", "茶叶", "Tea")
    monday = monday_of(TODAY)
    for ago, average in ((0, 100), (14, 80), (15, 83)):
        price(goods.id, monday - timedelta(days=ago), average)
    series = weekly_series(goods.id, "test", TODAY, 4)
    assert [(row.average_fen, row.days) for row in series] == [(83, 1), (80, 1), (None, 0), (100, 1)]
    assert [row.begins_on for row in series] == [monday - 3 * WEEK, monday - 2 * WEEK, monday - WEEK, monday]
    assert [(row.product.id, row.day, row.average_fen, row.days) for row in priced_goods("test")] == [
        (goods.id, monday, 100, 3)
    ]


def test_a_weeks_price_is_the_mean_of_its_days_rounded_half_up(session: Session) -> None:
    goods = factories.product("tea", "茶叶", "Tea")
    monday = monday_of(TODAY)
    price(goods.id, monday, 100)
    price(goods.id, monday + timedelta(days=1), 101)
    price(goods.id, monday + timedelta(days=1), 500, "another")
    (week,) = weekly_series(goods.id, "test", TODAY + timedelta(days=1), 1)
    assert (week.low_fen, week.average_fen, week.high_fen, week.days) == (99, 101, 102, 2)


def test_the_index_follows_jevons_and_laspeyres_and_does_not_jump_with_the_season(session: Session) -> None:
    monday = monday_of(TODAY)
    goods = [factories.product(f"kind-{number}", f"货{number}", f"Kind {number}") for number in range(4)]
    for kind, averages in zip(goods, ((100, 200), (100, 100), (100, 100), (None, 900)), strict=True):
        for weeks_ago, average in zip((1, 0), averages, strict=True):
            if average is not None:
                price(kind.id, monday - weeks_ago * WEEK, average)
    jevons = list(index_of("test", TODAY, weeks=2).values())
    assert jevons[0] == IndexPoint(100.0, 0)
    assert (jevons[1].value, jevons[1].matched) == (pytest.approx(100 * 2 ** (1 / 3)), 3)
    basket = {kind.id: grams for kind, grams in zip(goods, (2, 1, 1, 5), strict=True)}
    laspeyres = list(index_of("test", TODAY, quantities=basket, weeks=2).values())
    assert laspeyres[1].value == pytest.approx(150.0)


def test_an_index_is_a_gap_where_too_few_goods_join_and_after_a_long_silence() -> None:
    full = {"a": 1.0, "b": 1.0, "c": 1.0}
    assert [point.value for point in chained([{"a": 1.0}, full, {"a": 2.0, "b": 2.0}, full], jevons_link)] == [
        None,
        100.0,
        None,
        100.0,
    ]
    silence: list[dict[str, float]] = [full, {}, {}, {}, {}, full]
    assert chained(silence, jevons_link)[-1].value is None
    assert chained([*silence[:4], full], jevons_link)[-1].value == 100.0


def test_with_equal_quantities_and_prices_both_formulas_agree() -> None:
    weeks = [{"a": 4.0, "b": 4.0, "c": 4.0}, {"a": 6.0, "b": 6.0, "c": 6.0}]
    assert chained(weeks, jevons_link)[1].value == pytest.approx(150.0)
    assert chained(weeks, laspeyres_link({"a": 1, "b": 1, "c": 1}))[1].value == 150.0


def test_an_alert_speaks_once_and_only_of_days_after_it_was_set(acting: Session) -> None:
    farmer, goods = factories.account((RoleKind.FARMER, "")), factories.product("tea", "茶叶", "Tea")
    price(goods.id, TODAY - timedelta(days=1), 900)
    up = set_alert(goods.id, Direction.UP_TO, 500, by=farmer, now=NOW)
    down = set_alert(goods.id, Direction.DOWN_TO, 300, by=farmer, now=NOW)
    assert set_alert(goods.id, Direction.UP_TO, 500, by=farmer, now=NOW) is up
    assert reach_alerts(now=NOW) == []
    price(goods.id, TODAY, 499)
    assert reach_alerts(now=NOW) == []
    price(goods.id, TODAY + timedelta(days=1), 500)
    price(goods.id, TODAY + timedelta(days=2), 800)
    assert reach_alerts(now=NOW) == [up]
    assert (up.state, up.reached_on, up.reached_fen) == (AlertState.REACHED, TODAY + timedelta(days=1), 500)
    assert reach_alerts(now=NOW) == []
    assert down.state == AlertState.WAITING
    assert remove_alert(up, by=farmer, now=NOW)
    assert not remove_alert(up, by=farmer, now=NOW)
    # After it has spoken the same wish can be set again.
    assert set_alert(goods.id, Direction.UP_TO, 500, by=farmer, now=NOW) is not up


def test_an_alert_without_a_price_is_refused_and_twenty_are_enough(acting: Session) -> None:
    farmer, goods = factories.account((RoleKind.FARMER, "")), factories.product("tea", "茶叶", "Tea")
    for fen in (0, -1, 10**8 + 1):
        with pytest.raises(Invalid):
            set_alert(goods.id, Direction.UP_TO, fen, by=farmer, now=NOW)
    for fen in range(1, 21):
        set_alert(goods.id, Direction.UP_TO, fen, by=farmer, now=NOW)
    with pytest.raises(Conflict) as refused:
        set_alert(goods.id, Direction.UP_TO, 21, by=farmer, now=NOW)
    assert refused.value.code == "alerts_many"


@pytest.mark.parametrize("state", AlertState)
@pytest.mark.parametrize("action", AlertAction)
def test_every_pair_of_an_alerts_state_and_action_is_decided(state: AlertState, action: AlertAction) -> None:
    leads = {
        (AlertState.WAITING, AlertAction.REACH): AlertState.REACHED,
        (AlertState.WAITING, AlertAction.REMOVE): AlertState.REMOVED,
        (AlertState.REACHED, AlertAction.REACH): None,
        (AlertState.REACHED, AlertAction.REMOVE): AlertState.REMOVED,
        (AlertState.REMOVED, AlertAction.REMOVE): None,
    }
    if (state, action) in leads:
        assert ALERTS.next_state(state, action) == leads[state, action]
    else:
        with pytest.raises(Conflict):
            ALERTS.next_state(state, action)
