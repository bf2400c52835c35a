"""Dividends against the published examples of Sichuan, and what must hold of any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.equity.dividends import Terms, Year, advance_fen, revert_units, split_dividends, year_of

SICHUAN = Terms(principal_fen=100_000_000, floor_bp=500, agreed_bp=2_900)


def test_the_fund_of_a_million_brings_seventy_nine_thousand_to_138_members() -> None:
    # Sichuan: fund 1,000,000 yuan, floor 5 %, 29 % agreed, profit 100,000: 86 members get 572.46 and 52 get 572.47.
    year = year_of(SICHUAN, 10_000_000)
    assert (year.floor_fen, year.bonus_fen, year.total_fen) == (5_000_000, 2_900_000, 7_900_000)
    parts = split_dividends(year.total_fen, dict.fromkeys(range(138), 1), set(), 0)
    assert [list(parts.values()).count(fen) for fen in (57_246, 57_247)] == [86, 52]
    assert sum(parts.values()) == 7_900_000


def test_the_agreed_ratio_counts_and_not_one_computed_from_values() -> None:
    assert year_of(SICHUAN, 10_000_000).bonus_fen != round(10_000_000 * 0.2924)


def test_ten_poor_of_a_hundred_with_a_preferred_tenth_get_1_9_percent_each_and_the_others_0_9() -> None:
    parts = split_dividends(1_000_000, dict.fromkeys(range(100), 1), set(range(10)), 1_000)
    assert {parts[number] for number in range(10)} == {19_000}
    assert {parts[number] for number in range(10, 100)} == {9_000}


def test_a_loss_leaves_the_floor() -> None:
    assert year_of(SICHUAN, -50_000_000) == Year(5_000_000, 0)


def test_without_a_registered_holder_all_is_shared_by_all() -> None:
    assert split_dividends(100, {1: 1, 2: 1}, set(), 5_000) == {1: 50, 2: 50}


def test_one_fen_goes_to_one_holder_and_is_not_lost() -> None:
    assert split_dividends(1, {1: 1, 2: 1, 3: 1}, {3}, 1_000) == {1: 1, 2: 0, 3: 0}


@given(
    st.integers(0, 10**12),
    st.dictionaries(st.integers(1, 500), st.integers(1, 1000), min_size=1, max_size=40),
    st.integers(0, 10_000),
    st.data(),
)
def test_the_parts_are_the_whole_and_a_registered_holder_never_gets_less_for_the_same_units(
    total: int, units: dict[int, int], preferred: int, data: st.DataObject
) -> None:
    registered = data.draw(st.sets(st.sampled_from(sorted(units))))
    parts = split_dividends(total, units, registered, preferred)
    assert sum(parts.values()) == total
    assert set(parts) == set(units)
    for one in registered:
        for other in set(units) - registered:
            if units[one] == units[other]:
                assert parts[one] >= parts[other] - 1


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 2 * 10**9))
def test_what_is_paid_is_what_came_in_and_was_advanced_and_no_fen_more(floor: int, bonus: int, paid_in: int) -> None:
    paid_bonus, advanced = advance_fen(Year(floor, bonus), paid_in)
    assert 0 <= paid_bonus <= bonus
    assert floor + paid_bonus <= paid_in + advanced
    # The guarantee is for the floor alone.
    assert advanced == 0 or paid_bonus == 0
    assert advanced <= floor


@given(st.integers(0, 10_000), st.dictionaries(st.integers(1, 99), st.integers(0, 500), min_size=1))
def test_units_that_revert_are_all_there_and_differ_by_one_at_most(units: int, heirs: dict[int, int]) -> None:
    parts = revert_units(units, heirs)
    assert sum(parts.values()) == units
    assert max(parts.values()) - min(parts.values()) <= 1


@pytest.mark.parametrize(
    "bad",
    [{"principal_fen": 0}, {"floor_bp": -1}, {"agreed_bp": 10_001}, {"agreed_bp": -1}, {"preferred_bp": 10_001}],
)
def test_terms_that_cannot_be_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        Terms(**({"principal_fen": 1, "floor_bp": 0, "agreed_bp": 0, "preferred_bp": 0} | bad))


def test_nobody_to_go_to_is_refused() -> None:
    with pytest.raises(ValueError, match="somebody"):
        revert_units(3, {})
