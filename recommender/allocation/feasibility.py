"""Why nothing fits a demand, and the nearest change by which something would.

Each candidate supply lacks so much of each constraint: 3 days of the window, 20 fen of the price. A *change* loosens some
constraints, each by an amount t; a candidate then fits when it lacks no more than t of any of them:

    fits(n, t)  <=>  lack[n, c] <= t[c] for all c,        cost(t) = sum over c of t[c] / step[c]

``step`` says how much of each constraint counts as much as one of another; a constraint without a step cannot be loosened. The
answer names, for every smallest set of constraints that would have to give way, the cheapest change that brings anything at
all, and the cheapest that brings everything that is wanted.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.allocation.problem import Floats, InvalidAllocationError, Numbers


class Constraint(enum.StrEnum):
    """What a supply must have to fit a demand; in which unit it is lacking stands beside each."""

    PRODUCT = "product"  # 1 for other goods; no change makes potatoes of cabbages
    CAPACITY = "capacity"  # 1 where nothing is left of it
    GRADE = "grade"  # grades below the one wanted
    WINDOW = "window"  # days outside the window
    PRICE = "price"  # fen a kilogram above the ceiling
    TRANSPORT = "transport"  # fen a kilogram by which bringing it costs more than it is worth
    CERTIFICATE = "certificate"  # certificates that are missing
    ORIGIN = "origin"  # levels of area that the wanted origin is too narrow by
    LEAST_LOT = "least_lot"  # grams by which its least lot exceeds what is wanted


STEPS: Mapping[Constraint, float] = {
    Constraint.GRADE: 1.0,
    Constraint.WINDOW: 7.0,
    Constraint.PRICE: 20.0,
    Constraint.TRANSPORT: 20.0,
    Constraint.CERTIFICATE: 1.0,
    Constraint.ORIGIN: 1.0,
    Constraint.LEAST_LOT: 50_000.0,
}
# Of larger sets only the nearest candidate is named: what brings everything would have to be sought among too many changes.
_MOST_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class Failing:
    """A constraint that candidates fail: how many and how many grams, and what fails nothing else."""

    constraint: Constraint
    candidates: int
    grams: int
    alone_candidates: int
    alone_grams: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change that helps: by how much each constraint is loosened, how many grams then fit, and what it costs in steps."""

    loosened: Mapping[Constraint, float]
    grams: int
    cost: float


@dataclass(frozen=True, slots=True)
class Feasibility:
    """What fits a demand as it is, what fails the rest, and the nearest changes, the cheapest first.

    ``nearest`` are the cheapest changes that bring anything, one for each smallest set of constraints; ``enough`` those that
    bring all that is wanted, of sets of one or two constraints that can.
    """

    fitting_g: int
    failing: tuple[Failing, ...]
    nearest: tuple[Change, ...]
    enough: tuple[Change, ...]


def explain(
    wanted_g: int,
    capacity_g: ArrayLike,
    lacks: Mapping[Constraint, ArrayLike],
    steps: Mapping[Constraint, float] = STEPS,
) -> Feasibility:
    """Say what keeps supplies from a demand and what would have to change.

    Parameters
    ----------
    wanted_g : int
        What the demand wants, in grams; above 0.
    capacity_g : (N,)
        What each candidate could give, in grams.
    lacks : mapping of Constraint to (N,)
        How much of each constraint each candidate lacks, 0 where it holds; constraints that are absent hold for all.
    steps : mapping of Constraint to float
        What of a constraint counts as one step; constraints that are absent cannot be loosened.

    Raises
    ------
    InvalidAllocationError
        For lists of different lengths, something negative or not finite, a step that is not above 0, or nothing wanted.

    Examples
    --------
    Nobody sells at the ceiling: one is 10 fen above it with 2 kg, another 20 fen with 5 kg, a third is a week late with 9 kg.

    >>> found = explain(6000, [2000, 5000, 9000], {Constraint.PRICE: [10, 20, 0], Constraint.WINDOW: [0, 0, 7]})
    >>> [(dict(change.loosened), change.grams) for change in found.nearest]
    [({<Constraint.PRICE: 'price'>: 10.0}, 2000), ({<Constraint.WINDOW: 'window'>: 7.0}, 9000)]
    >>> [(dict(change.loosened), change.grams) for change in found.enough]
    [({<Constraint.WINDOW: 'window'>: 7.0}, 9000), ({<Constraint.PRICE: 'price'>: 20.0}, 7000)]
    """
    if not wanted_g > 0:
        raise InvalidAllocationError("wanted_g must be above 0")
    if any(not (np.isfinite(step) and step > 0) for step in steps.values()):
        raise InvalidAllocationError("a step must be above 0")
    grams = _column("capacity_g", capacity_g).astype(np.int64)
    names = [constraint for constraint in Constraint if constraint in lacks]
    lacking = np.zeros((len(grams), len(names)))
    for place, constraint in enumerate(names):
        column = _column(constraint.value, lacks[constraint])
        if len(column) != len(grams):
            raise InvalidAllocationError(f"{constraint.value} must have one entry per candidate")
        lacking[:, place] = column
    fails = lacking > 0
    changeable = np.array([constraint in steps for constraint in names], dtype=bool)
    movable = fails.any(axis=1) & ~fails[:, ~changeable].any(axis=1)
    per_step = np.array([steps.get(constraint, 1.0) for constraint in names])
    sets = _smallest_sets(fails[movable])
    nearest = [_nearest(chosen, names, lacking, grams, fails, per_step) for chosen in sets]
    wide = _sets_up_to(fails[movable], _MOST_TOGETHER)
    enough = [_enough(chosen, names, lacking, grams, fails, per_step, wanted_g) for chosen in wide]
    return Feasibility(
        fitting_g=int(grams[~fails.any(axis=1)].sum()),
        failing=_failing(names, fails, grams),
        nearest=tuple(sorted(nearest, key=_order)),
        enough=_undominated([change for change in enough if change is not None]),
    )


def _failing(names: list[Constraint], fails: NDArray[np.bool_], grams: Numbers) -> tuple[Failing, ...]:
    """The constraints that anything fails; first those that alone keep out the most."""
    only = fails.sum(axis=1) == 1
    found = [
        Failing(
            constraint,
            int(fails[:, place].sum()),
            int(grams[fails[:, place]].sum()),
            int((fails[:, place] & only).sum()),
            int(grams[fails[:, place] & only].sum()),
        )
        for place, constraint in enumerate(names)
        if fails[:, place].any()
    ]
    return tuple(sorted(found, key=lambda one: (-one.alone_grams, -one.grams, one.constraint)))


def _smallest_sets(fails: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """The sets of constraints that some candidate fails, without those that hold another one of them."""
    sets = {tuple(np.flatnonzero(row).tolist()) for row in np.unique(fails, axis=0)}
    return sorted(one for one in sets if not any(set(other) < set(one) for other in sets))


def _sets_up_to(fails: NDArray[np.bool_], most: int) -> list[tuple[int, ...]]:
    """Every set of so many constraints at most that holds all that some candidate fails."""
    sets = {tuple(np.flatnonzero(row).tolist()) for row in np.unique(fails, axis=0)}
    used = sorted({place for one in sets for place in one})
    every = [chosen for count in range(1, most + 1) for chosen in combinations(used, count)]
    return [chosen for chosen in every if any(set(one) <= set(chosen) for one in sets)]


def _nearest(
    chosen: tuple[int, ...],
    names: list[Constraint],
    lacking: Floats,
    grams: Numbers,
    fails: NDArray[np.bool_],
    per_step: Floats,
) -> Change:
    """The cheapest change within a set that lets a candidate in: what that candidate itself lacks."""
    inside = _within(chosen, fails) & fails.any(axis=1)
    cost = (lacking / per_step)[:, chosen].sum(axis=1)
    # Of candidates that are equally near, the one that brings the most along.
    near = np.flatnonzero(inside & (cost <= cost[inside].min() + 1e-12))
    changes = [_change(chosen, names, lacking[one], lacking, grams, fails, per_step) for one in near]
    return min(changes, key=lambda change: (-change.grams, _order(change)))


def _enough(
    chosen: tuple[int, ...],
    names: list[Constraint],
    lacking: Floats,
    grams: Numbers,
    fails: NDArray[np.bool_],
    per_step: Floats,
    wanted_g: int,
) -> Change | None:
    """The cheapest change within a set after which all that is wanted fits; None where no change of the set suffices.

    For each amount of all but the last constraint that some candidate lacks, the least of the last one that is enough.
    """
    inside = np.flatnonzero(_within(chosen, fails))
    if int(grams[inside].sum()) < wanted_g:
        return None
    *first, last = chosen
    others = lacking[inside][:, first]
    best: Change | None = None
    for amounts in np.unique(others, axis=0):
        able = inside[(others <= amounts).all(axis=1)]
        order = able[np.argsort(lacking[able, last], kind="stable")]
        reached = np.searchsorted(np.cumsum(grams[order]), wanted_g)
        if reached == len(order):
            continue
        loosened = np.zeros(len(names))
        loosened[first] = amounts
        loosened[last] = lacking[order[reached], last]
        change = _change(chosen, names, loosened, lacking, grams, fails, per_step)
        best = change if best is None or _order(change) < _order(best) else best
    return best


def _within(chosen: tuple[int, ...], fails: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The candidates that fail nothing outside a set."""
    outside = np.ones(fails.shape[1], dtype=bool)
    outside[list(chosen)] = False
    return np.asarray(~fails[:, outside].any(axis=1), dtype=np.bool_)


def _change(
    chosen: tuple[int, ...],
    names: list[Constraint],
    loosened: Floats,
    lacking: Floats,
    grams: Numbers,
    fails: NDArray[np.bool_],
    per_step: Floats,
) -> Change:
    held = list(chosen)
    fitting = _within(chosen, fails) & (lacking[:, held] <= loosened[held]).all(axis=1)
    amounts = {names[place]: float(loosened[place]) for place in chosen if loosened[place] > 0}
    cost = float((loosened[held] / per_step[held]).sum())
    return Change(amounts, int(grams[fitting].sum()), cost)


def _order(change: Change) -> tuple[int, float, int, list[str]]:
    """Fewer constraints first, then smaller steps, then more grams."""
    return len(change.loosened), change.cost, -change.grams, [constraint.value for constraint in change.loosened]


def _undominated(changes: list[Change]) -> tuple[Change, ...]:
    """Without those that do all that another one does, and more."""
    kept: list[Change] = []
    for change in sorted(changes, key=_order):
        if not any(all(change.loosened.get(name, 0.0) >= amount for name, amount in other.loosened.items()) for other in kept):
            kept.append(change)
    return tuple(kept)


def _column(name: str, values: ArrayLike) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or not np.isfinite(column).all() or (column < 0).any():
        raise InvalidAllocationError(f"{name} must be a list of finite numbers, none negative")
    return column
