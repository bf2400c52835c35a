"""Solving the linear programme, with or without switches that are whole, with HiGHS through scipy."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from recommender.allocation.problem import Floats
from recommender.allocation.rows import Rows


class OutOfTimeError(RuntimeError):
    """The time for solving was over before there was any plan."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When solving must end, on this process's clock."""

    ends_at: float

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock that ends in so many seconds."""
        return cls(time.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds left, never below a small part of one: a solver must be asked for something."""
        return max(0.05, self.ends_at - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.ends_at


@dataclass(frozen=True, slots=True)
class Solution:
    """The kilograms of each pair, what the objective came to, a bound above it, and the dual of the last row."""

    x: Floats
    value: float
    bound: float
    last_dual: float


def solve(rows: Rows, objective: Floats, clock: Clock, *, whole: bool = False) -> Solution | None:
    """The plan of greatest ``objective``; None when the rows contradict each other.

    With ``whole`` the switches are 0 or 1, and the bound is what the search has shown; else they may be parts, and the plan is
    the bound.

    Raises
    ------
    OutOfTimeError
        When the time is over and there is no plan yet.
    """
    if not len(rows.upper):
        return Solution(np.zeros(0), 0.0, 0.0, 0.0)
    if whole and rows.whole.any():
        return _solve_whole(rows, objective, clock)
    found = linprog(
        -objective,
        A_ub=rows.matrix,
        b_ub=rows.most,
        bounds=np.column_stack([np.zeros(len(rows.upper)), rows.upper]),
        method="highs",
        options={"time_limit": clock.left_s},
    )
    if found.status == 2:
        return None
    if found.status != 0 or found.x is None:
        raise OutOfTimeError("the linear programme was not solved in its time")
    value = float(objective @ found.x)
    return Solution(found.x[: rows.pairs], value, value, float(-found.ineqlin.marginals[-1]))


def _solve_whole(rows: Rows, objective: Floats, clock: Clock) -> Solution | None:
    found = milp(
        -objective,
        constraints=LinearConstraint(rows.matrix, -np.inf, rows.most),
        bounds=Bounds(np.zeros(len(rows.upper)), rows.upper),
        integrality=rows.whole.astype(np.int64),
        options={"time_limit": clock.left_s, "mip_rel_gap": 0.0},
    )
    if found.status == 2:
        return None
    if found.x is None:
        raise OutOfTimeError("no plan was found in its time")
    value = float(objective @ found.x)
    bound = value if found.status == 0 else float(-found.mip_dual_bound)
    return Solution(found.x[: rows.pairs], value, max(bound, value), 0.0)
