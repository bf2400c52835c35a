"""The precision index: published numbers, what must hold of any, and how often its interval holds the truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.dashboard.precision import (
    Demand,
    Estimate,
    Stratum,
    dice,
    geometric_mean,
    measure,
    proportion,
    rank_intervals,
    wilson,
)
from marketplace.dashboard.three_rates import Lines, Population, Rates, Survey, Veto, clean_areas, rates_of, vetoes

OTHERS = [demand for demand in Demand if demand is not Demand.OBJECT]
scores = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=30)
strata = st.lists(st.builds(Stratum, st.integers(100, 5_000), scores), min_size=1, max_size=4)


def all_audits(part: list[Stratum]) -> dict[Demand, list[Stratum]]:
    return dict.fromkeys(OTHERS, part)


def test_of_283_counties_245_had_no_wrong_exit_256_none_missed_and_230_neither() -> None:
    # People's Daily 2019: 86.57 %, 90.46 % and 81.27 % of 283 counties.
    both, wrong, missed = 12, 26, 15
    surveys = [Survey(100, 1, 100, 1, 1, 1)] * both + [Survey(100, 0, 100, 1, 1, 1)] * wrong
    surveys += [Survey(100, 1, 100, 0, 1, 1)] * missed + [Survey(100, 0, 100, 0, 1, 1)] * (283 - both - wrong - missed)
    clean = clean_areas(surveys)
    assert (clean.areas, clean.no_wrong_exit, clean.none_missed, clean.neither) == (283, 245, 256, 230)
    shares = [round(100 * clean.part(count), 2) for count in (clean.no_wrong_exit, clean.none_missed, clean.neither)]
    assert shares == [86.57, 90.46, 81.27]


@pytest.mark.parametrize(
    ("rates", "crossed"),
    [
        (Rates(0.0199, 0.02, 0.0299, 0.9), []),
        (Rates(0.02, 0.02, 0.0299, 0.9), [Veto.MISSED]),
        (Rates(0.0, 0.0201, 0.0, 1.0), [Veto.WRONG_EXIT]),
        (Rates(0.0, 0.0, 0.03, 0.8999), [Veto.INCIDENCE, Veto.SATISFACTION]),
        (Rates(None, None, None, None), []),
    ],
)
def test_each_line_is_held_on_its_own(rates: Rates, crossed: list[Veto]) -> None:
    assert vetoes(rates, Lines()) == crossed


def test_the_combined_incidence_is_unknown_where_a_part_was_not_looked_at() -> None:
    survey = Survey(0, 0, 10, 0, 1, 1)
    assert rates_of(survey, Population(10, 10, 0, 20)).incidence is None
    assert rates_of(survey, Population(0, 10, 2, 20)).incidence == 0.1


def test_surveys_and_populations_that_cannot_be_are_refused() -> None:
    for bad in ((1, 2, 0, 0, 0, 0), (1, 0, 1, 2, 0, 0), (1, 0, 1, 0, 1, 2), (1, -1, 1, 0, 1, 0)):
        with pytest.raises(ValueError, match="must lie between"):
            Survey(*bad)
    with pytest.raises(ValueError, match="population"):
        Population(1, 1, 1, 0)


def test_wilson_agrees_with_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29, each to four decimals.
    for (successes, trials), wanted in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert tuple(round(limit, 4) for limit in wilson(successes, trials)) == wanted


def test_one_stratum_of_units_has_wilsons_own_interval_when_little_of_it_was_seen() -> None:
    found = proportion([Stratum(10**9, [1.0] * 81 + [0.0] * 182)])
    assert found.value == pytest.approx(81 / 263)
    # The variance has n - 1 below it, Wilson's has n.
    assert (found.low, found.high) == pytest.approx(wilson(81 / 263 * 262, 262), abs=1e-6)


@given(strata, strata)
@settings(max_examples=60)
def test_everything_lies_between_nothing_and_one_and_the_figure_in_its_interval(a: list[Stratum], b: list[Stratum]) -> None:
    found = measure(a, b, all_audits(b), draws=50)
    for part in (*found.parts.values(), found.index):
        assert part is not None
        assert 0 <= part.low <= part.value <= part.high <= 1


@given(strata, st.integers(0, 29))
def test_what_is_found_better_never_lowers_a_sub_index(given_strata: list[Stratum], at: int) -> None:
    first = given_strata[0]
    better = list(first.scores)
    better[at % len(better)] = 1.0
    improved = [Stratum(first.size, better), *given_strata[1:]]
    assert proportion(improved).value >= proportion(given_strata).value - 1e-12
    assert dice(improved, given_strata) >= dice(given_strata, given_strata) - 1e-12
    assert dice(given_strata, improved) >= dice(given_strata, given_strata) - 1e-12


@given(strata, st.integers(2, 5))
def test_the_same_found_k_times_over_is_the_same_figure(given_strata: list[Stratum], times: int) -> None:
    more = [Stratum(part.size * times, list(part.scores) * times) for part in given_strata]
    assert proportion(more).value == pytest.approx(proportion(given_strata).value)
    assert dice(more, more) == pytest.approx(dice(given_strata, given_strata))


@given(st.dictionaries(st.sampled_from(list(Demand)), st.floats(0.01, 1), min_size=6, max_size=6))
def test_the_index_lies_between_its_least_and_its_greatest_part_and_one_zero_makes_it_zero(values: dict) -> None:
    index = geometric_mean(values)
    assert min(values.values()) - 1e-9 <= index <= max(values.values()) + 1e-9
    assert geometric_mean({**values, Demand.PERSON: 0.0}) == 0.0


def test_without_an_audit_of_one_demand_the_index_is_not_known() -> None:
    part = [Stratum(100, [1.0, 0.0])]
    found = measure(part, part, {demand: part for demand in OTHERS if demand is not Demand.FUND}, draws=10)
    assert found.index is None
    assert Demand.FUND not in found.parts


def test_the_same_audit_gives_the_same_interval() -> None:
    part = [Stratum(100, [1.0, 0.0, 1.0])]
    assert measure(part, part, all_audits(part), seed=4) == measure(part, part, all_audits(part), seed=4)


def test_a_stratum_that_was_seen_whole_leaves_nothing_to_chance() -> None:
    part = [Stratum(4, [1.0, 0.0, 1.0, 1.0])]
    found = measure(part, part, all_audits(part), draws=200)
    assert found.index is not None
    assert found.index.high - found.index.low < 1e-9


def test_a_sample_in_which_all_was_well_leaves_open_that_others_might_not_be() -> None:
    part = [Stratum(1_000, [1.0] * 60)]
    found = measure(part, part, all_audits(part), draws=50)
    assert found.index is not None
    low = wilson(60 / 0.94, 60 / 0.94)[0]
    assert found.parts[Demand.FUND].low == pytest.approx(low)
    # Of both proportions by itself the ratio falls to 2 l / (l + 1) and 2 / (3 - l).
    assert found.parts[Demand.OBJECT].low == pytest.approx(1 - math.hypot(1 - 2 * low / (low + 1), 1 - 2 / (3 - low)))
    assert low < found.index.low < 1.0
    assert (found.index.value, found.index.high) == (1.0, 1.0)


def test_of_a_whole_that_was_seen_a_proportion_is_known() -> None:
    assert proportion([Stratum(4, [1.0, 0.0, 1.0, 1.0]), Stratum(1, [1.0])]) == Estimate(0.8, 0.8, 0.8, 5)


def test_money_counts_by_its_fen() -> None:
    money = [Stratum(1_000, [1.0, 0.0], [900, 100])]
    assert measure(money, money, all_audits(money), draws=10).parts[Demand.FUND].value == 0.9


@pytest.mark.parametrize(
    "bad",
    [(0, [1.0], None), (1, [], None), (1, [1.1], None), (1, [-0.1], None), (1, [1.0], [0.0]), (1, [1.0], [1.0, 2.0])],
)
def test_a_stratum_that_cannot_be_is_refused(bad: tuple) -> None:
    with pytest.raises(ValueError, match=r"stratum|score|weight"):
        Stratum(*bad)


def test_ranks_are_sharp_where_one_area_is_better_in_everything_and_wide_where_it_depends_on_the_weights() -> None:
    level = dict.fromkeys(Demand, 0.8)
    areas = {
        "best": dict.fromkeys(Demand, 0.95),
        "even": level,
        "uneven": {**dict.fromkeys(OTHERS, 0.85), Demand.OBJECT: 0.6},
        "worst": dict.fromkeys(Demand, 0.3),
    }
    ranks = rank_intervals(areas)
    assert ranks == {"best": (1, 1), "even": (2, 3), "uneven": (2, 3), "worst": (4, 4)}
    assert rank_intervals({"one": level, "other": level}) == {"one": (1, 1), "other": (1, 1)}
    assert rank_intervals({}) == {}


def _audit(rng: np.random.Generator, sizes: list[int], parts: list[float], sampled: int) -> list[Stratum]:
    """A stratified sample without replacement of a whole in which so many are as they should be."""
    found = []
    for size, part in zip(sizes, parts, strict=True):
        good = round(size * part)
        right = rng.hypergeometric(good, size - good, sampled)
        found.append(Stratum(size, [1.0] * right + [0.0] * (sampled - right)))
    return found


def test_the_interval_holds_the_truth_in_93_to_97_of_100_simulated_audits() -> None:
    rng = np.random.default_rng(5)
    sizes = [4_000, 2_500, 1_200]
    good = {demand: [0.95 - 0.03 * at, 0.88, 0.75 + 0.02 * at] for at, demand in enumerate(Demand)}
    outside, away = [40_000, 20_000, 9_000], [0.985, 0.975, 0.96]

    def whole(parts: list[float], of: list[int]) -> list[Stratum]:
        counts = [round(size * part) for size, part in zip(of, parts, strict=True)]
        return [Stratum(size, [count / size]) for size, count in zip(of, counts, strict=True)]

    truth = {demand: proportion(whole(good[demand], sizes)).value for demand in OTHERS}
    truth[Demand.OBJECT] = dice(whole(good[Demand.OBJECT], sizes), whole(away, outside))
    index = geometric_mean(truth)
    held = 0
    for audit in range(2_000):
        found = measure(
            _audit(rng, sizes, good[Demand.OBJECT], 80),
            _audit(rng, outside, away, 400),
            {demand: _audit(rng, sizes, good[demand], 80) for demand in OTHERS},
            draws=200,
            seed=audit,
        ).index
        assert found is not None
        held += found.low <= index <= found.high
    assert 0.93 <= held / 2_000 <= 0.97
    assert not math.isnan(index)
