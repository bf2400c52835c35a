"""The deprivation score against published examples, a published survey and its axioms (Alkire and Foster 2011)."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.registry.measures.alkire_foster import adjusted_gap, alkire_foster
from tests.registry.measures.published_data import MPI, needs_mpi, needs_worked, table, worked_examples

PEOPLE = [[13.1, 14, 4, 1], [15.2, 7, 5, 0], [12.5, 10, 1, 0], [20, 11, 3, 1]]
CUTOFFS = [13, 12, 3, 1]
INDICATORS = ["d_cm", "d_nutr", "d_satt", "d_educ", "d_elct", "d_wtr", "d_sani", "d_hsg", "d_ckfl", "d_asst"]
GLOBAL_WEIGHTS = [1 / 6] * 4 + [1 / 18] * 6


def has(rows: list[list[int]]) -> np.ndarray:
    """Achievements from rows that say who lacks what."""
    return 1 - np.array(rows, dtype=float)


def test_the_example_of_alkire_and_foster_comes_out() -> None:
    """Alkire and Foster 2011: four persons, four dimensions, poor from two."""
    found = alkire_foster(PEOPLE, CUTOFFS, [0.25] * 4, 0.5)
    assert (found.H, found.A, found.M0) == (0.5, 0.75, 0.375)
    assert found.poor.tolist() == [False, True, True, False]
    assert found.scores.tolist() == [0.0, 0.5, 1.0, 0.25]


@needs_worked
def test_the_adjusted_gap_and_squared_gap_of_the_same_example_come_out() -> None:
    example = worked_examples()["alkire_foster_2011"]
    gaps = [adjusted_gap(example["X"], example["z"], [0.25] * 4, 0.5, alpha) for alpha in (0, 1, 2)]
    assert gaps == pytest.approx([example["M0"], example["M1"], example["M2"]], abs=1e-12)
    # G and S are the mean gap and squared gap over the six deprivations of the poor.
    assert gaps[1] / gaps[0] == pytest.approx(example["G"], abs=1e-12)
    assert gaps[2] / gaps[0] == pytest.approx(example["S"], abs=1e-12)


def test_the_example_of_the_human_development_reports_note_comes_out() -> None:
    """UNDP, Human Development Report, technical note on the MPI: four households of 4, 7, 5 and 4 persons."""
    lacks = [  # nutrition, a child died, school years, attendance, then the six of living standard
        [0, 1, 0, 0, 0, 0, 0, 0, 1, 0],
        [0, 1, 1, 1, 1, 0, 1, 0, 1, 1],
        [1, 0, 0, 0, 1, 1, 1, 0, 1, 0],
        [0, 1, 1, 0, 1, 0, 0, 0, 1, 1],
    ]
    found = alkire_foster(has(lacks), [1] * 10, GLOBAL_WEIGHTS, 1 / 3, sample_weights=[4, 7, 5, 4])
    assert np.round(found.scores, 3).tolist() == [0.222, 0.722, 0.389, 0.5]
    assert found.poor.tolist() == [False, True, True, True]
    assert pytest.approx(0.80, abs=1e-12) == found.H
    assert pytest.approx(0.5625, abs=1e-12) == found.A
    assert pytest.approx(0.450, abs=1e-12) == found.M0
    by_dimension = [sum(part.percentage for part in found.indicators[place]) for place in (slice(2), slice(2, 4), slice(4, 10))]
    assert by_dimension == pytest.approx([8 / 27, 1 / 3, 10 / 27], abs=1e-12)


@needs_worked
def test_the_five_people_of_the_mpitb_r_vignette_come_out() -> None:
    example = worked_examples()["mpitbR_vignette_5_people"]
    found = alkire_foster(has(example["g0"]), [1] * 4, [0.25] * 4, example["k"])
    assert pytest.approx((example["H"], example["A"], example["M0"]), abs=1e-12) == (found.H, found.A, found.M0)
    assert [part.uncensored for part in found.indicators] == pytest.approx(example["h"], abs=1e-12)
    assert [part.censored for part in found.indicators] == pytest.approx(example["hk"], abs=1e-12)
    assert [part.percentage for part in found.indicators] == pytest.approx(example["contrib"], abs=1e-12)
    north, south = found.by_subgroup(["north", "north", "south", "south", "south"])
    assert pytest.approx(example["north_M0"], abs=1e-12) == north.M0
    assert pytest.approx(example["south_M0"], abs=1e-12) == south.M0


@pytest.fixture(scope="module")
def survey() -> np.ndarray:
    return table(MPI / "syn_cdta.csv.gz")


def measured(survey: np.ndarray, t: int, k: float) -> tuple:
    """The survey of one round without the rows that lack an answer, as its oracle has it, and the measure of it."""
    lacks = np.column_stack([survey[name] for name in INDICATORS])
    rows = (survey["t"] == t) & ~np.isnan(lacks).any(axis=1)
    here = survey[rows]
    found = alkire_foster(
        1 - lacks[rows], [1] * 10, GLOBAL_WEIGHTS, k, here["weight"], strata=here["stratum"], clusters=here["psu"]
    )
    return here, found


@needs_mpi
@pytest.mark.parametrize("row", range(6))
def test_the_surveys_measures_and_standard_errors_are_those_of_rs_survey_package(survey: np.ndarray, row: int) -> None:
    """Suppa's synthetic survey, answers by R's survey 4 (Taylor linearisation, 120 strata, 717 clusters)."""
    answer = table(MPI / "oracle_mpi.csv")[row]
    here, found = measured(survey, answer["t"], answer["k"])
    assert here.size == answer["n"]
    for name in ("H", "H_se", "A", "A_se", "M0", "M0_se"):
        assert getattr(found, name) == pytest.approx(answer[name], abs=1e-9), name


@needs_mpi
@pytest.mark.parametrize("t", [1, 2])
def test_the_surveys_indicators_contribute_as_published(survey: np.ndarray, t: int) -> None:
    _, found = measured(survey, t, 1 / 3)
    answers = table(MPI / f"oracle_syn_t{t}_ind.csv")
    assert answers["ind"].tolist() == INDICATORS
    for part, answer in zip(found.indicators, answers, strict=True):
        figures = (part.weight, part.uncensored, part.censored, part.contribution, part.percentage)
        assert figures == pytest.approx([answer[name] for name in ("w", "hd", "hdk", "actb", "pctb")], abs=1e-9)


@needs_mpi
@pytest.mark.parametrize("t", [1, 2])
@pytest.mark.parametrize("level", ["area", "region"])
def test_the_surveys_subgroups_and_their_standard_errors_are_those_of_rs_survey_package(
    survey: np.ndarray, t: int, level: str
) -> None:
    here, found = measured(survey, t, 1 / 3)
    groups = {group.group: group for group in found.by_subgroup(here[level])}
    answers = table(MPI / f"oracle_syn_t{t}_{level}.csv")
    assert sorted(groups) == answers[level].tolist()
    for answer in answers:
        group = groups[int(answer[level])]
        assert (group.M0, group.H, group.M0_se, group.H_se) == pytest.approx(
            [answer[name] for name in ("m", "h", "sem", "seh")], abs=1e-9
        )


def one_third_sets() -> list[list[int]]:
    """Who lacks what, for all sets of the global indicators whose weights, as fractions, sum to exactly 1/3."""
    fractions = [Fraction(1, 6)] * 4 + [Fraction(1, 18)] * 6
    return [
        [int(place in chosen) for place in range(10)]
        for size in range(1, 11)
        for chosen in combinations(range(10), size)
        if sum(fractions[place] for place in chosen) == Fraction(1, 3)
    ]


@pytest.mark.parametrize("weights", [GLOBAL_WEIGHTS, [0.166667] * 4 + [0.055556] * 6])
def test_every_score_of_exactly_one_third_is_poor_with_exact_and_with_typed_weights(weights: list[float]) -> None:
    lacks = one_third_sets()
    assert len(lacks) == 87
    assert alkire_foster(has(lacks), [1] * 10, weights, 1 / 3).poor.all()
    just_below = [[1, 0, 0, 0, 1, 1, 0, 0, 0, 0]]
    assert not alkire_foster(has(just_below), [1] * 10, weights, 1 / 3).poor.any()


def test_eight_tenths_reach_a_cutoff_of_eight_tenths() -> None:
    """In floating point eight times .1 is less than .8, which is how people are missed."""
    assert sum([0.1] * 8) < 0.8
    lacks = [[1] * 8 + [0] * 2, [1] * 7 + [0] * 3]
    assert alkire_foster(has(lacks), [1] * 10, [0.1] * 10, 0.8).poor.tolist() == [True, False]


def test_nobody_poor_means_no_intensity_rather_than_an_intensity_of_nothing() -> None:
    found = alkire_foster([[2.0, 2.0], [2.0, 0.0]], [1, 1], [0.5, 0.5], 1.0)
    assert (found.H, found.M0) == (0, 0)
    assert np.isnan([found.A, found.A_se, found.indicators[0].percentage]).all()
    assert found.indicators[1].uncensored == 0.5
    assert found.indicators[1].censored == 0


def test_a_group_that_weighs_nothing_has_no_measure_and_adds_nothing() -> None:
    found = alkire_foster([[0.0], [1.0], [0.0]], [1], [1.0], 1.0, sample_weights=[1, 1, 0])
    here, absent = found.by_subgroup(["here", "here", "absent"])
    assert (here.M0, here.population_share, here.percentage) == (0.5, 1, 1)
    assert np.isnan([absent.H, absent.A, absent.M0]).all()
    assert (absent.population_share, absent.contribution) == (0, 0)


@st.composite
def populations(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float, list[str], list[int]]:
    """Achievements of 0 to 3 in up to 5 indicators, weights, a cut-off, groups and how many each row stands for."""
    columns = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(st.integers(0, 3), min_size=columns, max_size=columns), min_size=1, max_size=20))
    parts = draw(st.lists(st.integers(1, 5), min_size=columns, max_size=columns))
    k = draw(st.sampled_from([0.2, 1 / 3, 0.5, 2 / 3, 1.0]))
    groups = draw(st.lists(st.sampled_from("abc"), min_size=len(rows), max_size=len(rows)))
    persons = draw(st.lists(st.integers(1, 9), min_size=len(rows), max_size=len(rows)))
    return np.array(rows, dtype=float), np.array(parts) / sum(parts), k, groups, persons


def ones(rows: np.ndarray) -> list[int]:
    return [1] * rows.shape[1]


@settings(deadline=None)
@given(populations())
def test_groups_and_indicators_each_sum_to_the_adjusted_headcount(population: tuple) -> None:
    rows, weights, k, groups, persons = population
    found = alkire_foster(rows, ones(rows), weights, k, persons)
    parts = found.by_subgroup(groups)
    assert sum(part.contribution for part in parts) == pytest.approx(found.M0, abs=1e-12)
    assert sum(part.population_share for part in parts) == pytest.approx(1, abs=1e-12)
    assert sum(part.contribution for part in found.indicators) == pytest.approx(found.M0, abs=1e-12)
    for part in parts:
        mine = [place for place, group in enumerate(groups) if group == part.group]
        alone = alkire_foster(rows[mine], ones(rows), weights, k, [persons[place] for place in mine])
        assert pytest.approx((alone.H, alone.M0), abs=1e-12) == (part.H, part.M0)
    if found.M0 > 0:
        assert pytest.approx(found.M0, abs=1e-12) == found.H * found.A
        assert sum(part.percentage for part in found.indicators) == pytest.approx(1, abs=1e-12)


@settings(deadline=None)
@given(populations())
def test_the_measures_lie_within_their_bounds(population: tuple) -> None:
    rows, weights, k, _, persons = population
    found = alkire_foster(rows, ones(rows), weights, k, persons)
    assert 0 <= found.M0 <= found.H + 1e-12 <= 1 + 1e-9
    assert np.isnan(found.A) or k - 1e-6 <= found.A <= 1 + 1e-9
    for part in found.indicators:
        assert 0 <= part.censored <= part.uncensored + 1e-12 <= 1 + 1e-9


@settings(deadline=None)
@given(populations(), st.randoms(use_true_random=False))
def test_it_does_not_matter_in_which_order_people_stand_nor_how_many_times_over(population: tuple, random: object) -> None:
    rows, weights, k, _, persons = population
    found = alkire_foster(rows, ones(rows), weights, k, persons)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = alkire_foster(rows[order], ones(rows), weights, k, np.array(persons)[order])
    twice = alkire_foster(np.vstack([rows, rows]), ones(rows), weights, k, persons * 2)
    assert pytest.approx((found.H, found.M0), abs=1e-12) == (mixed.H, mixed.M0)
    assert pytest.approx((found.H, found.M0), abs=1e-12) == (twice.H, twice.M0)


@settings(deadline=None)
@given(populations(), st.data())
def test_poverty_never_falls_where_somebody_loses_and_the_adjusted_headcount_rises_where_the_poor_lose_more(
    population: tuple, data: st.DataObject
) -> None:
    """Weak monotonicity, and dimensional monotonicity: a new deprivation of a poor person counts."""
    rows, weights, k, _, persons = population
    held = np.argwhere(rows >= 1)
    assume(held.size)
    person, column = data.draw(st.sampled_from(held.tolist()))
    worse = rows.copy()
    worse[person, column] = 0
    before = alkire_foster(rows, ones(rows), weights, k, persons)
    after = alkire_foster(worse, ones(rows), weights, k, persons)
    assert after.M0 >= before.M0 - 1e-12
    if before.poor[person]:
        assert after.M0 > before.M0


@settings(deadline=None)
@given(populations())
def test_what_lies_above_every_cutoff_does_not_count(population: tuple) -> None:
    """Deprivation focus."""
    rows, weights, k, _, persons = population
    richer = np.where(rows >= 1, rows + 5, rows)
    assert alkire_foster(richer, ones(rows), weights, k, persons).M0 == alkire_foster(rows, ones(rows), weights, k, persons).M0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"achievements": []}, "achievements: rows of persons and columns are needed"),
        ({"achievements": [1, 2]}, "achievements: rows of persons and columns are needed"),
        ({"achievements": [[1, float("nan")], [0, 0]]}, "achievements: the value at place 0, 1 is missing"),
        ({"cutoffs": [1]}, "cutoffs: 2 values are needed, not 1"),
        ({"cutoffs": [1, float("nan")]}, "cutoffs: the value at place 1 is missing"),
        ({"weights": [1]}, "weights: 2 values are needed, not 1"),
        ({"weights": [0.5, 0.5001]}, "weights: they must sum to 1, not to 1.000100"),
        ({"weights": [0.5, 0.6]}, "weights: they must sum to 1, not to 1.100000"),
        ({"weights": [1.5, -0.5]}, "weights: the value at place 1 is negative"),
        ({"k": 0}, "k: a share above 0 and at most 1 is needed, not 0"),
        ({"k": 1.01}, "k: a share above 0 and at most 1"),
        ({"k": 33}, "k: a share above 0 and at most 1 is needed, not 33"),
        ({"k": float("nan")}, "k: a share above 0"),
        ({"sample_weights": [1, -1]}, "sample_weights: the value at place 1 is negative"),
        ({"sample_weights": [1]}, "sample_weights: 2 values are needed, not 1"),
        ({"strata": [1]}, "strata: 2 values are needed, not 1"),
        ({"clusters": [1, None]}, "clusters: the value at place 1 is missing"),
        ({"clusters": [1, float("nan")]}, "clusters: the value at place 1 is missing"),
    ],
)
def test_a_wrong_argument_is_named(changed: dict, told: str) -> None:
    arguments = {"achievements": [[1, 0], [0, 0]], "cutoffs": [1, 1], "weights": [0.5, 0.5], "k": 0.5}
    with pytest.raises(ValueError, match=told):
        alkire_foster(**{**arguments, **changed})


def test_a_gap_needs_cutoffs_above_nothing() -> None:
    with pytest.raises(ValueError, match="cutoffs: the value at place 0 is not above 0"):
        adjusted_gap([[1.0]], [0], [1.0], 1.0, 1)
    with pytest.raises(ValueError, match="alpha"):
        adjusted_gap([[1.0]], [1], [1.0], 1.0, -1)
