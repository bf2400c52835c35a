"""The proxy means test against exact optima, against a deal by hand, and on villages that it has never seen."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import linprog

from marketplace.registry.measures.proxy_means import Method, ProxyMeans, proxy_means
from tests.registry.measures.published_data import EUSILC, needs_eusilc, table

LINE = 2855.0


def county(seed: int, villages: int = 40, households: int = 20) -> dict:
    """Households with three visible things; income spreads the more the better off they are, with a part of the village."""
    generator = np.random.default_rng(seed)
    size = villages * households
    village = np.repeat(np.arange(villages), households)
    features = np.column_stack([generator.integers(1, 7, size), generator.random(size) < 0.3, generator.normal(size=size)])
    middle = 8.6 - 0.12 * features[:, 0] + 0.3 * features[:, 1] + 0.2 * features[:, 2]
    noise = generator.normal(0, 0.15, villages)[village] + generator.standard_t(5, size) * (0.25 + 0.1 * features[:, 1])
    return {
        "features": features.astype(float),
        "incomes": np.exp(middle + noise),
        "weights": generator.integers(1, 7, size).astype(float),
        "villages": village,
    }


def fitted(households: dict, method: Method, **more: object) -> ProxyMeans:
    return proxy_means(households["features"], households["incomes"], LINE, method, weights=households["weights"], **more)


def with_constant(households: dict) -> np.ndarray:
    return np.column_stack([np.ones(len(households["incomes"])), households["features"]])


def test_least_squares_are_those_of_the_normal_equations_with_a_weight_as_many_persons() -> None:
    here = county(1)
    rows, logs = with_constant(here), np.log(here["incomes"])
    everybody = np.repeat(np.arange(len(logs)), here["weights"].astype(int))
    one_by_one = np.linalg.lstsq(rows[everybody], logs[everybody], rcond=None)[0]
    assert fitted(here, Method.LEAST_SQUARES).coefficients == pytest.approx(one_by_one, abs=1e-9)


def test_the_poverty_quantile_is_the_optimum_of_its_linear_programme() -> None:
    """Koenker and Bassett 1978: minimise q u+ + (1 - q) u- with x b + u+ - u- = ln y, solved here by the simplex of HiGHS."""
    here = county(2)
    rows, logs, weights = with_constant(here), np.log(here["incomes"]), here["weights"]
    rate = weights @ (here["incomes"] < LINE) / weights.sum()
    size, columns = rows.shape
    exact = linprog(
        np.concatenate([np.zeros(columns), rate * weights, (1 - rate) * weights]),
        A_eq=np.hstack([rows, np.eye(size), -np.eye(size)]),
        b_eq=logs,
        bounds=[(None, None)] * columns + [(0, None)] * (2 * size),
        method="highs",
    )
    found = fitted(here, Method.POVERTY_QUANTILE).coefficients
    left = logs - rows @ found
    assert weights @ (left * (rate - (left < 0))) == pytest.approx(exact.fun, rel=1e-6)
    assert found == pytest.approx(exact.x[:columns], abs=1e-3)


def test_each_village_is_predicted_by_a_fit_to_the_others() -> None:
    """Two villages and two folds: what each is told comes from the other alone, computed here by hand."""
    here = county(3, villages=2, households=30)
    rows, logs, villages = with_constant(here), np.log(here["incomes"]), here["villages"]
    told = np.empty(len(logs))
    for one in (0, 1):
        root = np.sqrt(here["weights"][villages != one])
        fit = np.linalg.lstsq(rows[villages != one] * root[:, None], logs[villages != one] * root, rcond=None)[0]
        told[villages == one] = rows[villages == one] @ fit
    poor, called, weights = logs < np.log(LINE), told < np.log(LINE), here["weights"]
    found = fitted(here, Method.LEAST_SQUARES, villages=villages, folds=2).out_of_sample
    assert found.exclusion_error == pytest.approx(weights[poor & ~called].sum() / weights[poor].sum(), abs=1e-12)
    assert found.inclusion_error == pytest.approx(weights[called & ~poor].sum() / weights[called].sum(), abs=1e-12)
    assert found.folds == 2


def test_what_is_known_of_a_villages_neighbours_is_not_counted_as_knowing_it() -> None:
    """A mark of each village lets a test that has seen the village look better than it is."""
    here = county(4, villages=12, households=60)
    marks = (here["villages"][:, None] == np.arange(1, 12)).astype(float)
    here["features"] = np.hstack([here["features"], marks])
    by_household = fitted(here, Method.LEAST_SQUARES)
    by_village = fitted(here, Method.LEAST_SQUARES, villages=here["villages"])
    assert np.ptp(by_village.residual_range) > np.ptp(by_household.residual_range)


@pytest.mark.parametrize("method", list(Method))
def test_the_interval_holds_the_income_of_new_villages_as_often_as_it_says(method: Method) -> None:
    learnt, new = county(5, villages=100), county(6, villages=100)
    told = fitted(learnt, method, villages=learnt["villages"], level=0.8).predict(new["features"])
    held = (told.lower <= new["incomes"]) & (new["incomes"] <= told.upper)
    # Two thousand households in a hundred villages: a few hundredths are chance.
    assert new["weights"] @ held / new["weights"].sum() == pytest.approx(0.8, abs=0.03)
    assert (told.lower < told.upper).all()
    assert (told.poor == (told.income < LINE)).all()


def test_the_errors_out_of_sample_are_those_on_new_villages() -> None:
    learnt, new = county(7, villages=100), county(8, villages=100)
    test = fitted(learnt, Method.POVERTY_QUANTILE, villages=learnt["villages"])
    called, poor = test.predict(new["features"]).poor, new["incomes"] < LINE
    exclusion = new["weights"] @ (poor & ~called) / (new["weights"] @ poor)
    inclusion = new["weights"] @ (called & ~poor) / (new["weights"] @ called)
    assert test.out_of_sample.exclusion_error == pytest.approx(exclusion, abs=0.06)
    assert test.out_of_sample.inclusion_error == pytest.approx(inclusion, abs=0.06)


def test_the_poverty_quantile_misses_fewer_of_the_poor_and_takes_in_more_who_are_not() -> None:
    """What Brown, Ravallion and van de Walle 2018 find in nine countries of Africa."""
    here = county(9)
    squares = fitted(here, Method.LEAST_SQUARES, villages=here["villages"]).out_of_sample
    quantile = fitted(here, Method.POVERTY_QUANTILE, villages=here["villages"]).out_of_sample
    assert quantile.exclusion_error < squares.exclusion_error
    assert quantile.inclusion_error > squares.inclusion_error


@needs_eusilc
@pytest.mark.parametrize(
    ("method", "exclusion", "inclusion"), [(Method.LEAST_SQUARES, 0.92, 0.57), (Method.POVERTY_QUANTILE, 0.36, 0.75)]
)
def test_the_errors_on_the_austrian_survey_are_those_that_the_page_on_measures_names(
    method: Method, exclusion: float, inclusion: float
) -> None:
    people = table(EUSILC / "eusilc.csv.gz")
    _, first = np.unique(people["db030"], return_index=True)
    homes = people[first][people[first]["eqIncome"] > 0]
    marks = [homes["pl030"] == status for status in range(2, 8)]
    marks += [homes["db040"] == region for region in np.unique(homes["db040"])[1:]]
    age = homes["age"].astype(float)
    seen = np.column_stack([homes["hsize"], age, age**2 / 100, homes["rb090"] == "female", homes["pb220a"] != "AT", *marks])
    assert seen.shape == (5998, 19)
    found = proxy_means(seen, homes["eqIncome"], 10859.24, method, weights=homes["db090"] * homes["hsize"]).out_of_sample
    assert (round(found.exclusion_error, 2), round(found.inclusion_error, 2)) == (exclusion, inclusion)


def test_the_same_seed_deals_the_same_and_another_deals_otherwise() -> None:
    here = county(10)
    first, again, other = (fitted(here, Method.LEAST_SQUARES, villages=here["villages"], seed=seed) for seed in (1, 1, 2))
    assert first.residual_range == again.residual_range
    assert first.out_of_sample == again.out_of_sample
    assert first.residual_range != other.residual_range
    assert first.coefficients.tolist() == other.coefficients.tolist(), "the test itself sees everybody"


def test_a_regression_that_does_not_settle_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[proxy_means.__module__], "MOST_STEPS", 2)
    with pytest.raises(ArithmeticError, match="does not settle"):
        fitted(county(11), Method.POVERTY_QUANTILE)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"features": []}, "features: rows of persons and columns"),
        ({"features": [[1.0], [float("nan")], [2.0], [3.0]]}, "features: the value at place 1, 0 is missing"),
        ({"features": [[2.0]] * 4}, "features: one follows from the others, is the same for everybody"),
        ({"features": [[1, 2], [2, 4], [3, 6], [5, 10]]}, "features: one follows from the others"),
        ({"incomes": [1, 2, 3]}, "incomes: 4 values are needed, not 3"),
        ({"incomes": [1, 2, 0, 3]}, "incomes: the value at place 2 is not above 0"),
        ({"weights": [1, 1, 1, -1]}, "weights: the value at place 3 is negative"),
        ({"villages": ["a", "b", "c", None]}, "villages: the value at place 3 is missing"),
        ({"line": 0}, "line: a number above 0"),
        ({"level": 1.0}, "level: a share between 0 and 1"),
        ({"folds": 1}, "folds: a number from 2 to 4"),
        ({"folds": 3, "villages": ["a", "a", "b", "b"]}, "folds: a number from 2 to 2, the number of villages"),
        ({"method": Method.POVERTY_QUANTILE, "line": 1.0}, "line: nobody or everybody is poor"),
    ],
)
def test_a_wrong_argument_is_named(changed: dict, told: str) -> None:
    arguments = {"features": [[1.0], [2.0], [4.0], [3.0]], "incomes": [10, 20, 15, 30], "line": 18, "folds": 2}
    with pytest.raises(ValueError, match=told):
        proxy_means(**{**arguments, **changed})


def test_a_prediction_needs_the_features_of_the_fit() -> None:
    test = fitted(county(12), Method.LEAST_SQUARES)
    with pytest.raises(ValueError, match="features: 3 columns are needed, not 2"):
        test.predict([[1.0, 2.0]])


def test_who_asks_for_a_poverty_gap_does_not_load_the_regressions() -> None:
    """They take longer to load than the rest of the site together."""
    program = (
        "import sys, marketplace.registry.measures; print([name for name in ('statsmodels', 'pandas') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
