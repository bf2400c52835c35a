"""How precise poverty relief is: six sub-indices from independent audits and the ledger, and how sure one can be of them. Pure.

The paper leaves open how precision is to be measured. Here each of its six demands is a mean over what auditors found in a
stratified sample that nobody could choose, never over what an office says of itself:

======== ==================================================================================================================
object   of the households that are registered or should be, how many are both: ``2 TP / (2 TP + FP + FN)``
project  projects that stand as approved and serve those whom they were for, by their money
fund     money that reached its purpose and its payee, by fen
measure  registered households whose help fits the main cause of their poverty
person   registered households that were really visited by whoever answers for them, asked by somebody else
result   households that left and still stand above the line, in everything that was promised
======== ==================================================================================================================

The index is the weighted geometric mean of the six: nothing makes up for a demand that is missed altogether.
"""

import enum
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Z95 = 1.959963984540054


class Demand(enum.StrEnum):
    """The six demands of precise poverty relief."""

    OBJECT = "object"
    PROJECT = "project"
    FUND = "fund"
    MEASURE = "measure"
    PERSON = "person"
    RESULT = "result"


@dataclass(frozen=True)
class Stratum:
    """What auditors found in one stratum of a sample.

    Parameters
    ----------
    size : float
        How many units there are in the whole stratum; for shares of money the fen of all of them.
    scores : sequence of float
        What was found of each unit in the sample, in [0, 1]: 1 is as it should be.
    weights : sequence of float, optional
        How much each unit counts (its fen); 1 each when absent.
    """

    size: float
    scores: Sequence[float]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not self.size > 0 or not self.scores:
            raise ValueError("a stratum has a size and somebody was looked at in it")
        if any(not 0 <= score <= 1 for score in self.scores):
            raise ValueError("a score lies between 0 and 1")
        if self.weights is not None and (len(self.weights) != len(self.scores) or min(self.weights) <= 0):
            raise ValueError("a weight belongs to each score and is more than nothing")


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval of 95 % and the number of units that it rests on."""

    value: float
    low: float
    high: float
    units: int


@dataclass(frozen=True)
class Precision:
    """The six sub-indices, and the index with its interval; without an audit of each the index is not known."""

    parts: Mapping[Demand, Estimate]
    index: Estimate | None


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The interval of 95 % for a proportion (Wilson 1927), which holds also at 0 and 1.

    Parameters
    ----------
    successes, trials : float
        An effective number of trials need not be whole.

    Examples
    --------
    >>> tuple(round(limit, 4) for limit in wilson(0, 10)), tuple(round(limit, 4) for limit in wilson(5, 10))
    ((0.0, 0.2775), (0.2366, 0.7634))
    """
    if not trials > 0 or not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and a positive number of trials")
    part, square = successes / trials, _Z95**2
    middle = (part + square / (2 * trials)) / (1 + square / trials)
    half = _Z95 / (1 + square / trials) * math.sqrt(part * (1 - part) / trials + square / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def proportion(strata: Sequence[Stratum]) -> Estimate:
    """A mean over strata, each weighing by its size, with Wilson's interval at the effective number of units.

    ``p = sum(size_h * mean_h) / sum(size_h)``; the effective number is that of a simple sample with the same variance. Where
    every unit was found alike, it is Kish's ``(sum size)^2 / sum(size^2 (1 - n / size) / n)``. Of strata that were all seen
    whole the mean is known.
    """
    sizes = np.array([stratum.size for stratum in strata], dtype=np.float64)
    share = sizes / sizes.sum()
    means = np.array([_mean(stratum) for stratum in strata])
    counts = np.array([len(stratum.scores) for stratum in strata], dtype=np.float64)
    value = float(share @ means)
    variance = float((share**2) @ np.array([_variance(stratum) for stratum in strata]))
    unseen = np.array([1 - _seen(stratum) for stratum in strata])
    left_to_chance = float((share**2 * unseen / counts).sum())
    if left_to_chance <= 0:
        return Estimate(value, value, value, int(counts.sum()))
    effective = value * (1 - value) / variance if variance > 0 and 0 < value < 1 else 1.0 / left_to_chance
    low, high = wilson(value * effective, effective)
    return Estimate(value, min(low, value), max(high, value), int(counts.sum()))


def dice(registered: Sequence[Stratum], others: Sequence[Stratum]) -> float:
    """How well the registry and those who are poor are the same households: ``2 TP / (2 TP + FP + FN)``.

    Parameters
    ----------
    registered, others : sequence of Stratum
        Of registered households 1 for one that belongs there; of all others 1 for one that rightly does not.

    >>> round(dice([Stratum(100, [1, 1, 1, 0])], [Stratum(1000, [1] * 49 + [0])]), 4)
    0.7692
    """
    right = sum(stratum.size * _mean(stratum) for stratum in registered)
    wrong = sum(stratum.size for stratum in registered) - right
    missed = sum(stratum.size * (1 - _mean(stratum)) for stratum in others)
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def geometric_mean(values: Mapping[Demand, float], weights: Mapping[Demand, float] | None = None) -> float:
    """The weighted geometric mean of the six; 0 as soon as one of them is.

    >>> geometric_mean(dict.fromkeys(Demand, 0.81)), geometric_mean({**dict.fromkeys(Demand, 1.0), Demand.FUND: 0.0})
    (0.81, 0.0)
    """
    if set(values) != set(Demand):
        raise ValueError("the index needs all six sub-indices")
    shares = dict.fromkeys(Demand, 1.0) if weights is None else weights
    whole = sum(shares[demand] for demand in Demand)
    if min(values.values()) <= 0:
        return 0.0
    # Rounded past what a float can tell, so that six equal parts give exactly that part.
    return round(math.exp(sum(shares[demand] * math.log(values[demand]) for demand in Demand) / whole), 12)


def measure(
    registered: Sequence[Stratum],
    others: Sequence[Stratum],
    audits: Mapping[Demand, Sequence[Stratum]],
    *,
    draws: int = 1_000,
    seed: int = 0,
) -> Precision:
    """The sub-indices and the index of one area.

    Proportions of units have Wilson's interval; the object's ratio, shares of money and the index have one from a stratified
    bootstrap: in each draw every stratum is drawn again with replacement, ``n - 1`` of its ``n`` units (Rao and Wu 1988), all
    six at once. Where a sample was found alike throughout, drawing it again tells nothing, though others might have been found
    otherwise: there the limits of the parts are put together (``MOVER``, Zou and Donner 2008) and the wider interval counts.

    Parameters
    ----------
    registered, others : sequence of Stratum
        The audit of the object, as in ``dice``.
    audits : mapping of demand to strata
        The audits of the other five; one that is missing leaves its sub-index and the index unknown.
    draws, seed : int
        How many draws, and from which beginning: the same audit gives the same interval.
    """
    rng = np.random.default_rng(seed)
    parts: dict[Demand, Estimate] = {}
    drawn: dict[Demand, Floats] = {}
    if registered and others:
        drawn[Demand.OBJECT] = _drawn_dice(registered, others, draws, rng)
        units = sum(len(stratum.scores) for stratum in (*registered, *others))
        parts[Demand.OBJECT] = _between(dice(registered, others), drawn[Demand.OBJECT], units)
        if _is_alike(registered) or _is_alike(others):
            parts[Demand.OBJECT] = _widened(parts[Demand.OBJECT], *_dice_limits(registered, others))
    for demand in (demand for demand in Demand if demand is not Demand.OBJECT and audits.get(demand)):
        strata = audits[demand]
        drawn[demand] = _drawn_mean(strata, draws, rng)
        plain = proportion(strata)
        money = any(stratum.weights is not None for stratum in strata)
        parts[demand] = _between(plain.value, drawn[demand], plain.units) if money and not _is_alike(strata) else plain
    if set(parts) != set(Demand):
        return Precision(parts, None)
    value = geometric_mean({demand: part.value for demand, part in parts.items()})
    logs = np.log(np.maximum(np.stack([drawn[demand] for demand in Demand]), 1e-12)).mean(axis=0)
    units = sum(part.units for part in parts.values())
    index = _between(value, np.exp(logs), units)
    if any(_is_alike(strata) for strata in (registered, others, *audits.values())):
        index = _widened(index, *_index_limits(parts.values()))
    return Precision(parts, index)


def rank_intervals(
    areas: Mapping[str, Mapping[Demand, float]],
    *,
    demands: Sequence[Demand] = tuple(Demand),
    weightings: int = 1_000,
    seed: int = 0,
) -> dict[str, tuple[int, int]]:
    """The ranks between which each area lies under 95 % of random weightings of the six; 1 is the most precise.

    Weights are drawn uniformly from all that sum to one (a flat Dirichlet distribution). Areas that tie share the better rank.
    An order that hangs on how the six are weighted shows itself as wide intervals. ``demands`` names fewer than six where one
    is not known of every area.
    """
    if not areas:
        return {}
    names = sorted(areas)
    values = np.array([[areas[name][demand] for demand in demands] for name in names])
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(demands)), weightings)
    logs = np.log(np.maximum(values, 1e-12))
    index = np.round(weights @ logs.T, 12)
    ranks = 1 + (index[:, None, :] > index[:, :, None]).sum(axis=2)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
    return {name: (int(low[at]), int(high[at])) for at, name in enumerate(names)}


def _mean(stratum: Stratum) -> float:
    return float(np.average(stratum.scores, weights=stratum.weights))


def _variance(stratum: Stratum) -> float:
    """The variance of a stratum's mean, of weighted units by linearisation, with the part of the stratum that was seen."""
    scores = np.asarray(stratum.scores, dtype=np.float64)
    count = len(scores)
    if count < 2:
        return 0.25 * (1 - _seen(stratum))
    weights = np.ones(count) if stratum.weights is None else np.asarray(stratum.weights, dtype=np.float64)
    residuals = weights * (scores - _mean(stratum)) / weights.mean()
    return float((1 - _seen(stratum)) * residuals.var(ddof=1) / count)


def _seen(stratum: Stratum) -> float:
    """Which part of a stratum was looked at."""
    looked_at = len(stratum.scores) if stratum.weights is None else sum(stratum.weights)
    return min(1.0, looked_at / stratum.size)


def _is_alike(strata: Sequence[Stratum]) -> bool:
    """Whether each stratum was found alike throughout, so that drawing again always gives the same."""
    return all(len(set(stratum.scores)) == 1 for stratum in strata)


def _dice_limits(registered: Sequence[Stratum], others: Sequence[Stratum]) -> tuple[float, float]:
    """The limits of the object's ratio from those of its two proportions, in both of which it grows."""
    belongs, outside = proportion(registered), proportion(others)
    within, without = (sum(stratum.size for stratum in strata) for strata in (registered, others))

    def ratio(part: float, rest: float) -> float:
        return 2 * within * part / (within * part + within + without * (1 - rest))

    value = ratio(belongs.value, outside.value)
    low = math.hypot(value - ratio(belongs.low, outside.value), value - ratio(belongs.value, outside.low))
    high = math.hypot(ratio(belongs.high, outside.value) - value, ratio(belongs.value, outside.high) - value)
    return max(0.0, value - low), min(1.0, value + high)


def _index_limits(parts: Iterable[Estimate]) -> tuple[float, float]:
    """The limits of a geometric mean from those of its parts, by their logarithms."""
    value, low, high = (
        np.log(np.maximum(limits, 1e-12)) for limits in zip(*((part.value, part.low, part.high) for part in parts), strict=True)
    )
    middle, count = float(value.mean()), len(value)
    spread = (float(np.linalg.norm(value - low)) / count, float(np.linalg.norm(high - value)) / count)
    return math.exp(middle - spread[0]), min(1.0, math.exp(middle + spread[1]))


def _widened(found: Estimate, low: float, high: float) -> Estimate:
    return Estimate(found.value, min(found.low, low), max(found.high, high), found.units)


def _drawn_mean(strata: Sequence[Stratum], draws: int, rng: np.random.Generator) -> Floats:
    sizes = np.array([stratum.size for stratum in strata], dtype=np.float64)
    share = sizes / sizes.sum()
    total = np.zeros(draws)
    for part, stratum in zip(share, strata, strict=True):
        total += part * _drawn(stratum, draws, rng)
    return total


def _drawn_dice(registered: Sequence[Stratum], others: Sequence[Stratum], draws: int, rng: np.random.Generator) -> Floats:
    right, missed = np.zeros(draws), np.zeros(draws)
    for stratum in registered:
        right += stratum.size * _drawn(stratum, draws, rng)
    for stratum in others:
        missed += stratum.size * (1 - _drawn(stratum, draws, rng))
    whole = sum(stratum.size for stratum in registered)
    return np.where(right > 0, 2 * right / np.maximum(right + whole + missed, 1e-12), 0.0)


def _drawn(stratum: Stratum, draws: int, rng: np.random.Generator) -> Floats:
    """Means of a stratum drawn again: how often each distinct pair of score and weight comes is multinomial."""
    scores = np.asarray(stratum.scores, dtype=np.float64)
    weights = np.ones(len(scores)) if stratum.weights is None else np.asarray(stratum.weights, dtype=np.float64)
    pairs, counts = np.unique(np.stack([scores, weights]), axis=1, return_counts=True)
    count = len(scores)
    times = rng.multinomial(max(count - 1, 1), counts / count, size=draws)
    drawn = (times @ (pairs[0] * pairs[1])) / np.maximum(times @ pairs[1], 1e-12)
    seen = _seen(stratum)
    # Of a stratum that was seen whole nothing is left to chance.
    return np.clip(_mean(stratum) + math.sqrt(1 - seen) * (drawn - _mean(stratum)), 0.0, 1.0)


def _between(value: float, drawn: Floats, units: int) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, float(min(low, value)), float(max(high, value)), units)
