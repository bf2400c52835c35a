"""How likely a household that has left poverty is to be registered or monitored again within a year. Pure, no database.

A Cox model: each input raises or lowers the daily risk by a factor, and the baseline says how the risk runs with time (Cox
1972; ties after Efron 1977; the baseline after Breslow 1974).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsmodels.duration.hazard_regression import PHReg

from marketplace.forecasts.measuring import Floats

YEAR_DAYS = 365
INPUTS = ("few_months_out", "persons", "dependants", "income_low", "income_unknown", "poor_before")
# Fewer relapses than ten an input are too few to learn from (Peduzzi and others 1995).
LEAST_RELAPSES = 10 * len(INPUTS)


@dataclass(frozen=True)
class Risks:
    """A fitted model: the log of each input's factor, the means that it is measured from, and the baseline over time."""

    weights: Floats
    means: Floats
    days: Floats
    cumulative: Floats

    def contributions(self, rows: Floats) -> Floats:
        """By how much each input raises the log of the risk above that of the mean household, (households, inputs)."""
        return np.asarray((rows - self.means) * self.weights)

    def probabilities(self, rows: Floats, within: float = YEAR_DAYS) -> Floats:
        r"""How likely each is to relapse within so many days: :math:`1 - \exp(-H_0(t) e^{(x - \bar x) \beta})`."""
        at = int(np.searchsorted(self.days, within, "right")) - 1
        base = float(self.cumulative[at]) if at >= 0 else 0.0
        return np.asarray(1 - np.exp(-base * np.exp(self.contributions(rows).sum(1))))


def learnt(rows: Floats, days: Floats, relapsed: NDArray[np.bool_]) -> Risks:
    """Fit the model.

    Parameters
    ----------
    rows : (households, inputs)
    days : (households,)
        How long each was followed, or until it relapsed.
    relapsed : (households,)
        Whether it did.
    """
    means = rows.mean(0)
    centred = rows - means
    varied = centred.std(0) > 0
    weights = np.zeros(rows.shape[1])
    if varied.any():
        weights[varied] = PHReg(days, centred[:, varied], status=relapsed.astype(int), ties="efron").fit(disp=0).params
    factors = np.exp(centred @ weights)
    times = np.unique(days[relapsed])
    steps = [float((days[relapsed] == time).sum() / factors[days >= time].sum()) for time in times]
    return Risks(weights, means, times, np.cumsum(steps))


def simple_rule(rows: Floats) -> NDArray[np.bool_]:
    """The rule of thumb of the monitoring documents: an income that is low or that nobody knows.

    >>> simple_rule(np.array([[0, 3, 0.5, 0, 0, 0], [0, 3, 0.5, 1, 0, 0], [0, 3, 0.5, 0, 1, 0]], float)).tolist()
    [False, True, True]
    """
    return np.asarray((rows[:, INPUTS.index("income_low")] > 0) | (rows[:, INPUTS.index("income_unknown")] > 0))


def rates_by(groups: NDArray[np.bool_], happened: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> Floats:
    """The rate at which it happened in each of two groups, given to others by their group; half a case is added to each side.

    >>> rates_by(np.array([True, False]), np.array([True, False]), np.array([True, False])).tolist()
    [0.75, 0.25]
    """
    rate = {side: (happened[groups == side].sum() + 0.5) / ((groups == side).sum() + 1) for side in (True, False)}
    return np.where(wanted, rate[True], rate[False])


def squares(probabilities: Floats, happened: NDArray[np.bool_]) -> Floats:
    """The Brier score's terms: the square of likelihood less outcome.

    >>> squares(np.array([0.5, 1.0]), np.array([True, False])).tolist()
    [0.25, 1.0]
    """
    return np.asarray((probabilities - happened) ** 2)


def compared(
    before: tuple[Floats, Floats, NDArray[np.bool_]], rows: Floats, happened: NDArray[np.bool_], *, model: bool = True
) -> tuple[Mapping[str, Floats], Floats | None]:
    """The Brier terms by method on a year that none of them has seen, and the model's likelihoods where there is one.

    ``last`` gives everybody the rate of the year before, ``rule`` two rates, by the simple rule.

    Parameters
    ----------
    before : (rows, days, relapsed)
        What was known when the year began, followed until then at the longest.
    """
    earlier, days, relapsed = before
    within = relapsed & (days <= YEAR_DAYS)
    everybody = np.zeros(len(earlier), bool)
    guesses: dict[str, Any] = {
        "last": rates_by(everybody, within, np.zeros(len(rows), bool)),
        "rule": rates_by(simple_rule(earlier), within, simple_rule(rows)),
    }
    made = learnt(earlier, days, relapsed).probabilities(rows) if model else None
    if made is not None:
        guesses["model"] = made
    return {name: squares(own, happened) for name, own in guesses.items()}, made


def strongest(contributions: Floats, most: int = 3) -> dict[str, float]:
    """The inputs that speak most for a relapse of one household, with the log of their factors."""
    order = np.argsort(-contributions, kind="stable")[:most]
    return {INPUTS[at]: round(float(contributions[at]), 4) for at in order if contributions[at] > 0}
