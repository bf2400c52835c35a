"""The risk of relapse: a published study's coefficients, likelihoods that come true as often as said, whom to call on."""

import csv

import numpy as np
import pytest

from marketplace.forecasts.relapse import INPUTS, compared, learnt, strongest
from tests.published import published

# Rossi, Berk and Lenihan 1980, Money, Work, and Crime: 432 men after their release, a year, 114 arrested again.
PUBLISHED = {"fin": -0.379, "age": -0.057, "race": 0.314, "wexp": -0.150, "mar": -0.434, "paro": -0.085, "prio": 0.091}


def test_the_published_coefficients_of_the_recidivism_study_come_out() -> None:
    with published("lifelines", "datasets/rossi.csv").open(encoding="utf-8") as file:
        people = list(csv.DictReader(file))
    rows = np.array([[float(person[name]) for name in PUBLISHED] for person in people])
    weeks = np.array([float(person["week"]) for person in people])
    arrested = np.array([person["arrest"] == "1" for person in people])
    assert (len(people), arrested.sum()) == (432, 114)
    found = learnt(rows, weeks, arrested)
    assert dict(zip(PUBLISHED, found.weights.round(3).tolist(), strict=True)) == PUBLISHED
    # As many arrests are expected as there were, within those who left before their year was over.
    assert found.probabilities(rows, within=52).sum() == pytest.approx(114, rel=0.02)


def lived(number: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Made-up households: low incomes relapse three times as fast; followed for two years."""
    rng = np.random.default_rng(seed)
    flags = rng.integers(0, 2, (3, number))
    rows = np.column_stack([rng.random(number), rng.integers(1, 7, number), rng.random(number), *flags])
    days = rng.exponential(1_500 / np.exp(1.1 * rows[:, INPUTS.index("income_low")]))
    return rows, np.minimum(days, 730), days < 730


def test_what_is_learnt_of_one_year_holds_in_the_next_and_beats_one_rate_for_all() -> None:
    before, (rows, days, relapsed) = lived(1_500, 1), lived(1_500, 2)
    happened = relapsed & (days <= 365)
    errors, made = compared(before, rows, happened)
    assert made is not None
    assert errors["model"].mean() < errors["last"].mean()
    assert errors["model"].mean() < errors["rule"].mean()
    order = np.argsort(made)
    # Three standard errors of a fifth of them.
    for fifth in np.array_split(order, 5):
        assert made[fifth].mean() == pytest.approx(happened[fifth].mean(), abs=0.087)


def test_reasons_are_the_inputs_that_raise_the_risk_the_strongest_first() -> None:
    told = strongest(np.array([0.0, 0.2, -1.0, 0.9, 0.1, 0.3]))
    assert list(told.items()) == [("income_low", 0.9), ("poor_before", 0.3), ("persons", 0.2)]


def test_inputs_that_are_all_the_same_are_left_without_a_weight() -> None:
    rows, days, relapsed = lived(300, 3)
    rows[:, 1] = 4
    assert learnt(rows, days, relapsed).weights[1] == 0
