"""The income card of Chuxiong, the poverty lines, and rules that hold for a place and a time."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as checks
from hypothesis import strategies as st

from marketplace.registry.measures.dated import NotInForceError
from marketplace.registry.measures.income_card import COST_STANDARDS, CostStandard, IncomeCard, cost_standard, income_card
from marketplace.registry.measures.poverty_line import POVERTY_LINES, PovertyLine, poverty_line

CHUXIONG, DANZHAI = "532301102", "522636"
DAY = date(2018, 12, 31)
KINDS = ("grain", "tobacco", "livestock", "fruit", "other")


def card(**changed: object) -> IncomeCard:
    """The example of the card: four persons, 23,000 yuan."""
    yuan = dict(zip(KINDS, (5000, 4000, 3000, 2000, 1000), strict=True))
    example = {
        "wages_fen": 600_000,
        "produce_fen": {kind: amount * 100 for kind, amount in yuan.items()},
        "property_fen": 50_000,
        "transfers_fen": 150_000,
        "persons": 4,
        "standard": cost_standard(DAY, CHUXIONG),
    }
    return income_card(**{**example, **changed})  # type: ignore[arg-type]


def test_the_example_of_the_chuxiong_card_comes_out() -> None:
    """K 23,000, R 5,700, S 17,300, T 4,325 yuan."""
    found = card()
    assert (found.gross_fen, found.cost_fen, found.net_fen, found.per_head_fen) == (2_300_000, 570_000, 1_730_000, 432_500)
    assert found.costs_fen == {"grain": 200_000, "tobacco": 180_000, "livestock": 120_000, "fruit": 30_000, "other": 40_000}


def test_a_kind_that_is_not_grown_costs_nothing() -> None:
    found = card(produce_fen={"fruit": 333})
    assert found.costs_fen == {"fruit": 50}
    assert found.gross_fen == 800_333


def test_the_line_is_compared_without_rounding() -> None:
    """Ten fen for three persons are 3.33 fen a head: shown as 3, and below a line of 4 but not of 3."""
    found = card(wages_fen=10, produce_fen={}, property_fen=0, transfers_fen=0, persons=3)
    assert found.per_head_fen == 3
    assert [found.is_below(line) for line in (3, 4)] == [False, True]


@checks(deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=8, max_size=8), st.integers(1, 12))
def test_costs_are_whole_fen_nearest_to_their_share_and_income_keeps_every_fen(amounts: list[int], persons: int) -> None:
    wages, rent, transfers, *produce = amounts
    named = dict(zip(KINDS, produce, strict=True))
    found = card(wages_fen=wages, property_fen=rent, transfers_fen=transfers, produce_fen=named, persons=persons)
    assert found.gross_fen == sum(amounts)
    assert found.net_fen == found.gross_fen - found.cost_fen
    ratios = cost_standard(DAY, CHUXIONG).percent
    for kind, amount in named.items():
        assert abs(100 * found.costs_fen[kind] - amount * ratios[kind]) <= 50
    assert abs(found.per_head_fen * persons - found.net_fen) * 2 <= persons


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"wages_fen": -1}, "wages_fen: a whole number of at least 0 is needed, not -1"),
        ({"wages_fen": 1.5}, "wages_fen: a whole number of at least 0 is needed, not 1.5"),
        ({"property_fen": True}, "property_fen: a whole number"),
        ({"transfers_fen": None}, "transfers_fen: a whole number"),
        ({"produce_fen": {"grain": -1}}, "produce_fen of grain: a whole number"),
        ({"produce_fen": {"pepper": 1}}, "produce_fen: pepper has no cost ratio in the standard of 5323"),
        ({"persons": 0}, "persons: a whole number of at least 1"),
    ],
)
def test_a_wrong_amount_is_named(changed: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        card(**changed)


def test_a_cost_ratio_is_a_share() -> None:
    with pytest.raises(ValueError, match="percent: the ratio of grain must lie between 0 and 100, not be 101"):
        CostStandard("5323", date(2016, 1, 1), None, {"grain": 101}, "a slip")


def test_another_prefectures_cost_ratios_are_not_borrowed() -> None:
    with pytest.raises(NotInForceError, match="standard cost ratios: none is in force on 2018-12-31 in 522636"):
        cost_standard(DAY, DANZHAI)


@pytest.mark.parametrize(
    ("year", "yuan"), [(2010, 2300), (2011, 2536), (2012, 2625), (2013, 2736), (2014, 2800), (2015, 2855), (2016, 2952)]
)
def test_the_national_lines_are_those_of_the_yearbook(year: int, yuan: int) -> None:
    """Yunnan Survey Yearbook 2017, table 4-2."""
    for day in (date(year, 1, 1), date(year, 12, 31)):
        found = poverty_line(day, DANZHAI)
        assert found.line_fen == yuan * 100
        assert found.source


@pytest.mark.parametrize("day", [date(2009, 12, 31), date(2017, 1, 1)])
def test_a_year_without_a_line_has_none(day: date) -> None:
    with pytest.raises(NotInForceError, match=f"poverty line: none is in force on {day} in {DANZHAI}"):
        poverty_line(day, DANZHAI)


def test_a_provinces_own_line_goes_before_the_nations_and_its_newer_before_its_older() -> None:
    lines = (
        PovertyLine("52", date(2015, 7, 1), None, 310_000, "a later notice of the province"),
        PovertyLine("52", date(2015, 1, 1), None, 300_000, "a notice of the province"),
        *POVERTY_LINES,
    )
    assert poverty_line(date(2015, 6, 30), DANZHAI, lines).line_fen == 300_000
    assert poverty_line(date(2015, 7, 1), DANZHAI, lines).line_fen == 310_000
    assert poverty_line(date(2015, 7, 1), CHUXIONG, lines).line_fen == 285_500
    assert poverty_line(date(2016, 7, 1), DANZHAI, lines).line_fen == 310_000, "the nation's is newer, the province's is nearer"


def test_every_rule_names_its_source() -> None:
    assert all(rule.source for rule in (*POVERTY_LINES, *COST_STANDARDS))
