"""The plan in parts of kilograms: fill first, then worth, then the share of registered households at one price for all.

    F_c = max fill of part c
    L(price) = sum over parts of  max { surplus x + price (b - share) value x :  x obeys the rows, fill x >= kept F_c }

For any price >= 0, L is at least the worth of every plan that meets the share (weak duality), so the least L seen bounds all.
The share a plan reaches rises with the price; between two prices, one short of the share and one beyond it, the mix of their
plans that meets it exactly is itself a plan, because the rows are linear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from recommender.allocation.parts import each, part_problem, parts_of
from recommender.allocation.problem import AllocationPolicy, AllocationProblem, Floats
from recommender.allocation.rows import Rows, first_parts, rows_of
from recommender.allocation.solving import Clock, OutOfTimeError, solve

_CLOSE = 1e-6
_SLACK = 1e-9
_MOST_PRICES = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One part, ready to be solved: its pairs in the whole, its rows with the fill it must keep, and that fill."""

    pairs: np.ndarray
    problem: AllocationProblem
    rows: Rows
    fill_kg: float


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A plan in parts of kilograms over all pairs.

    ``worth_fen`` counts surplus and spread; ``bound_fen`` lies above every plan of this policy; ``price`` is what a further fen
    of registered value costs, in fen of worth; ``registered_share`` is the share asked for, or the greatest attainable.
    """

    x_kg: Floats
    worth_fen: float
    bound_fen: float
    price: float
    registered_share: float
    attainable_share: float | None


def ready(problem: AllocationProblem, policy: AllocationPolicy, clock: Clock) -> list[Part]:
    """The parts of a problem with the most that each can fill."""
    cut = parts_of(problem)

    def make(number: int) -> Part:
        own = part_problem(problem, cut[number])
        bare = rows_of(own, replace(policy, spread_fen_kg=0.0))
        most = solve(bare, bare.objective(np.ones(bare.pairs), 0.0), clock)
        fill = 0.0 if most is None else float(most.x.sum())
        rows = rows_of(own, policy, first_parts(own, policy, fill))
        kept = policy.fill_kept * fill - _SLACK * max(1.0, fill)
        return Part(cut[number], own, rows.with_row(-np.ones(rows.pairs), -kept), fill)

    return list(each(make, len(cut)))


def relax(problem: AllocationProblem, policy: AllocationPolicy, parts: list[Part], clock: Clock) -> tuple[Relaxed, Floats]:
    """The best plan in parts of kilograms that meets the policy, or comes as near as any can; and the best without a share.

    Raises
    ------
    OutOfTimeError
        When the time ends before there is a plan.
    """
    search = _Search(problem, policy, parts, clock)
    free = search.at_price(0.0, policy.registered_share)
    if search.over(free, policy.registered_share) >= -_SLACK * search.value(free):
        worth = search.worth(free)
        return Relaxed(free, worth, worth, 0.0, policy.registered_share, None), free
    share, attainable, most = policy.registered_share, None, search.most_registered(policy.registered_share)
    if search.over(most, share) < -_SLACK * search.value(most):
        share = attainable = search.share(most)
    return search.meet(free, most, share, attainable), free


class _Search:
    """Plans at prices of the share."""

    def __init__(self, problem: AllocationProblem, policy: AllocationPolicy, parts: list[Part], clock: Clock) -> None:
        self._problem, self._policy, self._parts, self._clock = problem, policy, parts, clock
        self._value = problem.price_fen_kg
        self._registered = problem.pair_benefit * problem.price_fen_kg
        self._bound, self._bound_price = np.inf, 0.0

    def value(self, x: Floats) -> float:
        """What the goods cost, in fen."""
        return float(self._value @ x)

    def share(self, x: Floats) -> float:
        """The registered part of the value; 0 of nothing."""
        value = self.value(x)
        return float(self._registered @ x) / value if value > 0 else 0.0

    def over(self, x: Floats, share: float) -> float:
        """The registered value beyond the share, in fen; negative where it falls short."""
        return float((self._registered - share * self._value) @ x)

    def worth(self, x: Floats) -> float:
        """Surplus and the reward for spread, in fen."""
        worth = float(self._problem.surplus_fen_kg @ x)
        if self._policy.spread_fen_kg > 0:
            sold = np.bincount(self._problem.pair_household, self._problem.pair_benefit * x, self._problem.households)
            for part in self._parts:
                household = np.unique(self._problem.pair_household[part.pairs])
                first = first_parts(part.problem, self._policy, part.fill_kg)
                worth += self._policy.spread_fen_kg * float(np.minimum(sold[household], first).sum())
        return worth

    def at_price(self, price: float, share: float) -> Floats:
        """The best plan when a fen of registered value beyond the share is worth ``price`` more; it tightens the bound."""
        extra = price * (self._registered - share * self._value)
        x = self._each_part(self._problem.surplus_fen_kg + extra, self._policy.spread_fen_kg)
        bound = self.worth(x) + float(extra @ x)
        if bound < self._bound:
            self._bound, self._bound_price = bound, price
        return x

    def most_registered(self, share: float) -> Floats:
        """The plan with the greatest registered share of value there is, or one that reaches ``share`` (Dinkelbach 1967)."""
        x = self._each_part(self._registered - share * self._value, 0.0)
        while self.over(x, share) < -_SLACK * self.value(x):
            share = self.share(x)
            better = self._each_part(self._registered - share * self._value, 0.0)
            if self.over(better, share) <= _SLACK * max(1.0, self.value(better)):
                break
            x = better
        return x

    def meet(self, short: Floats, beyond: Floats, share: float, attainable: float | None) -> Relaxed:
        """From a plan short of the share and one that meets it to the mix of two that is as good as the bound."""
        low, high = 0.0, None
        price, best = self._first_price(short, beyond, share), self._mix(short, beyond, share)
        for _ in range(_MOST_PRICES):
            try:
                x = self.at_price(price, share)
            except OutOfTimeError:
                break
            if self.over(x, share) >= 0:
                high, beyond = price, x
            else:
                low, short = price, x
            mixed = self._mix(short, beyond, share)
            best = mixed if self.worth(mixed) > self.worth(best) else best
            worth = self.worth(best)
            if self._bound - worth <= _CLOSE * max(1.0, abs(worth)) or self._clock.over:
                break
            price = 2 * price + 1e-6 if high is None else self._between(low, high, short, beyond, share)
        worth = self.worth(best)
        return Relaxed(best, worth, max(self._bound, worth), self._bound_price, share, attainable)

    def _first_price(self, short: Floats, beyond: Floats, share: float) -> float:
        gained = self.over(beyond, share) - self.over(short, share)
        return max(1e-6, (self.worth(short) - self.worth(beyond)) / gained) if gained > 0 else 1e-3

    def _between(self, low: float, high: float, short: Floats, beyond: Floats, share: float) -> float:
        # Where the two plans are worth the same is the next price to try (Kelley's cut); halving keeps it from creeping.
        gained = self.over(beyond, share) - self.over(short, share)
        cut = (self.worth(short) - self.worth(beyond)) / gained if gained > 0 else low
        inside = low + 0.05 * (high - low) < cut < high - 0.05 * (high - low)
        return cut if inside else (low + high) / 2

    def _mix(self, short: Floats, beyond: Floats, share: float) -> Floats:
        lack, excess = -self.over(short, share), self.over(beyond, share)
        if lack <= 0:
            return short
        if lack + excess <= 0:
            return beyond
        part = min(1.0, max(0.0, lack / (lack + excess)))
        return (1 - part) * short + part * beyond

    def _each_part(self, per_kg: Floats, spread_fen_kg: float) -> Floats:
        def best(number: int) -> Floats:
            part = self._parts[number]
            found = solve(part.rows, part.rows.objective(per_kg[part.pairs], spread_fen_kg), self._clock)
            if found is None:
                raise OutOfTimeError("a part kept less than its own fill")
            return found.x

        x = np.zeros(len(per_kg))
        for part, own in zip(self._parts, each(best, len(self._parts)), strict=True):
            x[part.pairs] = own
        return x


def fill_kg(parts: list[Part]) -> float:
    """The most kilograms that all parts together can fill."""
    return sum(part.fill_kg for part in parts)
