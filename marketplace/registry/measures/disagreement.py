"""Where the four numbers about a household part. They are never added up: where they part, somebody goes and looks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import Mask, population_weights, vector

# Two percentiles that differ by less are the same; they are sums of as many shares as there are households.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Reading:
    """One number about a household, told as its place among all that were measured in the same way.

    Attributes
    ----------
    percentile : float
        Share of persons who are less poor by this number, those who are as poor counting half; 1 is the poorest end.
    cutoff : float
        Share of persons who are not poor by this number. Who is above it is poor.
    """

    percentile: float
    cutoff: float

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name, share in (("percentile", self.percentile), ("cutoff", self.cutoff)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}: a number between 0 and 1 is needed, not {share}")

    @property
    def poor(self) -> bool:
        """Whether the household is poor by this number."""
        return self.percentile > self.cutoff

    @property
    def distance(self) -> float:
        """How far from the cut-off, in share of persons: above 0 poor, below 0 not."""
        return self.percentile - self.cutoff


@dataclass(frozen=True, slots=True)
class FourNumbers:
    """What is known of how poor a household is; None is what has not been measured.

    Attributes
    ----------
    income_gap : Reading or None
        By income per head and the line (`fgt`, `income_card`).
    deprivation : Reading or None
        By the weighted share of deprivations (`alkire_foster`).
    proxy_means : Reading or None
        By the income that others with the same visible things have (`proxy_means`).
    community_rank : Reading or None
        By the village's own order (`community`).
    """

    income_gap: Reading | None = None
    deprivation: Reading | None = None
    proxy_means: Reading | None = None
    community_rank: Reading | None = None


@dataclass(frozen=True, slots=True)
class DisagreementRule:
    """How far two numbers may part before somebody goes and looks; a province sets it.

    Attributes
    ----------
    most_apart : float
        Largest difference of two percentiles that needs no visit.
    clear_by : float
        Two opposite verdicts need a visit where each is at least so far from its own cut-off.
    """

    most_apart: float = 0.4
    clear_by: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name, share in (("most_apart", self.most_apart), ("clear_by", self.clear_by)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}: a number between 0 and 1 is needed, not {share}")


@dataclass(frozen=True, slots=True)
class Parting:
    """Two numbers that part.

    Attributes
    ----------
    poorer, less_poor : str
        The fields of `FourNumbers` that put the household nearer to and further from the poorest end.
    apart : float
        The difference of their percentiles.
    opposite : bool
        Whether one calls it poor and the other does not, each clearly.
    """

    poorer: str
    less_poor: str
    apart: float
    opposite: bool


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What parts, and what is not known.

    Attributes
    ----------
    partings : tuple of Parting
        The furthest apart first.
    missing : tuple of str
        The numbers that have not been measured. They neither agree nor disagree.
    """

    partings: tuple[Parting, ...]
    missing: tuple[str, ...]

    @property
    def calls_for_a_visit(self) -> bool:
        """Whether any two part beyond the rule."""
        return bool(self.partings)


def disagreement(numbers: FourNumbers, rule: DisagreementRule) -> Disagreement:
    """Return which of a household's four numbers part beyond the rule, and by how much.

    Two part where their percentiles differ by more than `rule.most_apart`, or where one says poor and the other not and each is
    at least `rule.clear_by` away from its cut-off. Nothing about the household follows but that somebody visits it.

    Examples
    --------
    Income puts the household near the poorest, the village among the better off.

    >>> numbers = FourNumbers(income_gap=Reading(0.95, 0.9), deprivation=Reading(0.7, 0.7), community_rank=Reading(0.4, 0.8))
    >>> found = disagreement(numbers, DisagreementRule(most_apart=0.5))
    >>> [(part.poorer, part.less_poor, round(part.apart, 2), part.opposite) for part in found.partings]
    [('income_gap', 'community_rank', 0.55, False)]
    >>> found.missing
    ('proxy_means',)
    """
    known: list[tuple[str, Reading]] = []
    missing = []
    for field in fields(numbers):
        reading: Reading | None = getattr(numbers, field.name)
        if reading is None:
            missing.append(field.name)
        else:
            known.append((field.name, reading))
    partings = []
    for one, other in combinations(known, 2):
        (low_name, low), (high_name, high) = sorted((one, other), key=lambda item: item[1].percentile)
        apart = high.percentile - low.percentile
        clear = min(abs(low.distance), abs(high.distance)) >= rule.clear_by - ROUNDING
        opposite = low.poor != high.poor and clear
        if opposite or apart > rule.most_apart + ROUNDING:
            partings.append(Parting(high_name, low_name, apart, opposite))
    return Disagreement(tuple(sorted(partings, key=lambda part: -part.apart)), tuple(missing))


def readings(amounts: npt.ArrayLike, poor: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> tuple[Reading, ...]:
    """Return the place of each household among all, by one number.

    Parameters
    ----------
    amounts : array_like, shape (n,)
        The number, larger is poorer: the gap before it is cut at 0 (minus the income), the deprivation score, minus the
        predicted income, the community's score.
    poor : array_like of bool, shape (n,)
        Who is poor by it.
    weights : array_like, shape (n,), optional
        Persons each row stands for.

    Raises
    ------
    ValueError
        For an empty population, missing amounts, wrong lengths or weights, or somebody who is poor while somebody poorer, or as
        poor, is not.

    Examples
    --------
    >>> [(place.percentile, place.cutoff, place.poor) for place in readings([3, 1, 1, 0], [True, False, False, False])]
    [(0.875, 0.75, True), (0.5, 0.75, False), (0.5, 0.75, False), (0.125, 0.75, False)]
    """
    found = vector("amounts", amounts)
    persons = population_weights(weights, found.size)
    verdicts: Mask = np.asarray(poor, dtype=bool)
    if verdicts.shape != found.shape:
        raise ValueError(f"poor: {found.size} values are needed, not {verdicts.size}")
    if verdicts.any() and not verdicts.all() and found[verdicts].min() <= found[~verdicts].max():
        raise ValueError("poor: somebody is poor while somebody as poor or poorer is not")
    levels, level = np.unique(found, return_inverse=True)
    held = np.bincount(level, persons, levels.size) / persons.sum()
    percentiles = np.clip(np.cumsum(held) - held / 2, 0, 1)[level]
    cutoff = min(max(float(persons @ ~verdicts / persons.sum()), 0.0), 1.0)
    return tuple(Reading(float(percentile), cutoff) for percentile in percentiles)
