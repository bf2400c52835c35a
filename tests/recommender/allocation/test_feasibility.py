"""The nearest change is the nearest: every change there could be is tried on small cases, by a search written apart."""

from itertools import product

import numpy as np
import pytest

from recommender.allocation import STEPS, Constraint, InvalidAllocationError, explain

CHANGEABLE = (Constraint.PRICE, Constraint.WINDOW, Constraint.GRADE)


def made_case(seed: int) -> tuple[int, np.ndarray, dict[Constraint, np.ndarray]]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 8))
    lacks = {
        Constraint.PRICE: rng.choice([0, 0, 5, 20, 33], count),
        Constraint.WINDOW: rng.choice([0, 0, 0, 3, 7], count),
        Constraint.GRADE: rng.choice([0, 0, 1, 2], count),
        Constraint.CAPACITY: rng.choice([0, 0, 0, 1], count),
    }
    return int(rng.integers(1, 60)) * 100, rng.integers(1, 30, count) * 100, lacks


def every_change(lacks: dict[Constraint, np.ndarray], grams: np.ndarray) -> list[tuple[dict[Constraint, float], int, float]]:
    """All changes by amounts that some candidate lacks, each with what then fits and its cost."""
    ladders = [sorted({0.0, *lacks[name].astype(float).tolist()}) for name in CHANGEABLE]
    found = []
    for amounts in product(*ladders):
        fitting = np.ones(len(grams), dtype=bool)
        for name, amount in zip(CHANGEABLE, amounts, strict=True):
            fitting &= lacks[name] <= amount
        fitting &= lacks[Constraint.CAPACITY] == 0
        loosened = {name: amount for name, amount in zip(CHANGEABLE, amounts, strict=True) if amount > 0}
        cost = sum(amount / STEPS[name] for name, amount in loosened.items())
        found.append((loosened, int(grams[fitting].sum()), cost))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_nearest_change_and_the_one_that_is_enough_are_those_that_trying_everything_finds(seed: int) -> None:
    wanted, grams, lacks = made_case(seed)
    found = explain(wanted, grams, lacks)
    tried = every_change(lacks, grams)
    as_it_is = next(fits for loosened, fits, _ in tried if not loosened)

    assert found.fitting_g == as_it_is
    helping = [change for change in tried if change[1] > as_it_is]
    sets = {frozenset(loosened) for loosened, _, _ in helping}
    smallest = {one for one in sets if not any(other < one for other in sets)}
    assert {frozenset(change.loosened) for change in found.nearest} == smallest
    for change in found.nearest:
        assert change.cost == pytest.approx(
            min(cost for loosened, _, cost in helping if loosened.keys() == change.loosened.keys())
        )
        assert (dict(change.loosened), change.grams) in [(loosened, fits) for loosened, fits, _ in helping]

    enough = [change for change in tried if change[1] >= wanted and 0 < len(change[0]) <= 2]
    if as_it_is < wanted and enough:
        fewest = min(len(loosened) for loosened, _, _ in enough)
        best = min(cost for loosened, _, cost in enough if len(loosened) == fewest)
        assert (len(found.enough[0].loosened), found.enough[0].cost) == (fewest, pytest.approx(best))
        assert found.enough[0].grams >= wanted
    if not enough:
        assert found.enough == ()


def test_what_fails_is_counted_and_what_it_keeps_out_alone_comes_first() -> None:
    found = explain(
        1000, [100, 200, 400], {Constraint.PRICE: [1, 0, 1], Constraint.GRADE: [0, 1, 1], Constraint.ORIGIN: [0, 0, 0]}
    )
    assert [(one.constraint, one.candidates, one.grams, one.alone_candidates, one.alone_grams) for one in found.failing] == [
        (Constraint.GRADE, 2, 600, 1, 200),
        (Constraint.PRICE, 2, 500, 1, 100),
    ]


def test_no_change_makes_other_goods_of_goods_and_without_candidates_there_is_nothing_to_change() -> None:
    other = explain(500, [500], {Constraint.PRODUCT: [1]})
    assert (other.fitting_g, other.nearest, other.enough) == (0, (), ())
    assert [one.constraint for one in other.failing] == [Constraint.PRODUCT]
    nobody = explain(500, [], {Constraint.PRICE: []})
    assert (nobody.fitting_g, nobody.failing, nobody.nearest, nobody.enough) == (0, (), (), ())


def test_thousands_of_candidates_are_explained_by_the_same_rule() -> None:
    rng = np.random.default_rng(4)
    found = explain(
        900_000,
        rng.integers(1000, 9000, 4000),
        {Constraint.PRICE: rng.integers(1, 200, 4000), Constraint.WINDOW: rng.integers(0, 4, 4000) * 7},
    )
    assert found.fitting_g == 0
    assert found.nearest[0].loosened == {Constraint.PRICE: 1.0}
    assert all(change.grams >= 900_000 for change in found.enough)


@pytest.mark.parametrize(
    ("wanted", "grams", "lacks", "said"),
    [
        (0, [1], {}, "wanted_g must be above 0"),
        (1, [-1], {}, "capacity_g must be a list of finite numbers, none negative"),
        (1, [1], {Constraint.PRICE: [1, 2]}, "price must have one entry per candidate"),
        (1, [1], {Constraint.PRICE: [float("nan")]}, "price must be a list of finite numbers, none negative"),
    ],
)
def test_candidates_that_cannot_be_meant_are_refused(
    wanted: int, grams: list[int], lacks: dict[Constraint, list[float]], said: str
) -> None:
    with pytest.raises(InvalidAllocationError, match=said):
        explain(wanted, grams, lacks)


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidAllocationError, match="a step must be above 0"):
        explain(1, [1], {}, {Constraint.PRICE: 0.0})
