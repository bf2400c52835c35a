"""What there is to allocate: demands, supplies, and the pairs of them that fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.errors import RecommenderError

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class InvalidAllocationError(RecommenderError):
    """A problem or policy that cannot be meant."""


@dataclass(frozen=True, slots=True)
class AllocationProblem:
    """Demands, supplies of households, and the pairs that fit: right goods, grade, window, certificates, and a bearable price.

    A *demand* is one delivery of one product: wanted grams. A *supply* is what one household can give of one lot in one window.
    A pair that is absent cannot be: whoever builds the problem says why. All arrays have one entry per demand (D), supply (S),
    household (H) or pair (P).

    Parameters
    ----------
    wanted_g : (D,)
        Grams that each demand wants at most.
    capacity_g : (S,)
        Grams that each supply can give at most.
    household_number : (S,)
        Whose supply it is, 0 to H - 1.
    benefit : (S,)
        The part of the supply that belongs to registered households, in [0, 1].
    demand_number, supply_number : (P,)
        The two sides of each pair; no pair twice.
    price_fen_kg : (P,)
        What the buyer pays for a kilogram of the goods, in fen; at least 0.
    surplus_fen_kg : (P,)
        What a kilogram is worth beyond its price and transport, in fen; negative where it is not worth bringing.
    least_lot_g : (H,), optional
        The least that a household gives to one demand, if it gives anything; nothing is least when absent.
    most_households : (D,), optional
        How many households one demand takes at most; 0, or absent, for any number.
    need : (H,), optional
        How much a household is in need, for spreading (persons times severity); 1 each when absent. What is split in two has
        its need split too.
    """

    wanted_g: Numbers
    capacity_g: Numbers
    household_number: Numbers
    benefit: Floats
    demand_number: Numbers
    supply_number: Numbers
    price_fen_kg: Floats
    surplus_fen_kg: Floats
    least_lot_g: Numbers
    most_households: Numbers
    need: Floats

    @classmethod
    def of(
        cls,
        *,
        wanted_g: ArrayLike,
        capacity_g: ArrayLike,
        household_number: ArrayLike,
        benefit: ArrayLike,
        demand_number: ArrayLike,
        supply_number: ArrayLike,
        price_fen_kg: ArrayLike,
        surplus_fen_kg: ArrayLike,
        least_lot_g: ArrayLike | None = None,
        most_households: ArrayLike | None = None,
        need: ArrayLike | None = None,
    ) -> AllocationProblem:
        """A problem from anything like arrays, checked.

        Raises
        ------
        InvalidAllocationError
            Naming what is wrong: lengths that differ, something negative, not finite or out of range, a pair that stands twice.
        """
        household = _numbers("household_number", household_number)
        households = int(household.max(initial=-1)) + 1
        demands = len(np.asarray(wanted_g))
        problem = cls(
            wanted_g=_numbers("wanted_g", wanted_g),
            capacity_g=_numbers("capacity_g", capacity_g),
            household_number=household,
            benefit=_floats("benefit", benefit),
            demand_number=_numbers("demand_number", demand_number),
            supply_number=_numbers("supply_number", supply_number),
            price_fen_kg=_floats("price_fen_kg", price_fen_kg),
            surplus_fen_kg=_floats("surplus_fen_kg", surplus_fen_kg),
            least_lot_g=_numbers("least_lot_g", np.zeros(households) if least_lot_g is None else least_lot_g),
            most_households=_numbers("most_households", np.zeros(demands) if most_households is None else most_households),
            need=_floats("need", np.ones(households) if need is None else need),
        )
        problem._check(households)
        return problem

    @property
    def households(self) -> int:
        """How many households there are."""
        return len(self.need)

    @property
    def pair_household(self) -> Numbers:
        """(P,) whose supply each pair draws on."""
        return self.household_number[self.supply_number]

    @property
    def pair_benefit(self) -> Floats:
        """(P,) the part of each pair's goods that belongs to registered households."""
        return self.benefit[self.supply_number]

    def only(self, pairs: NDArray[np.intp] | Flags) -> AllocationProblem:
        """The same demands and supplies with some of the pairs."""
        return AllocationProblem(
            self.wanted_g,
            self.capacity_g,
            self.household_number,
            self.benefit,
            self.demand_number[pairs],
            self.supply_number[pairs],
            self.price_fen_kg[pairs],
            self.surplus_fen_kg[pairs],
            self.least_lot_g,
            self.most_households,
            self.need,
        )

    def _check(self, households: int) -> None:
        demands, supplies, pairs = len(self.wanted_g), len(self.capacity_g), len(self.demand_number)
        _same_length("supply", supplies, household_number=self.household_number, benefit=self.benefit)
        _same_length(
            "pair",
            pairs,
            supply_number=self.supply_number,
            price_fen_kg=self.price_fen_kg,
            surplus_fen_kg=self.surplus_fen_kg,
        )
        _same_length("demand", demands, most_households=self.most_households)
        if len(self.least_lot_g) < households or len(self.least_lot_g) != len(self.need):
            raise InvalidAllocationError("least_lot_g and need must have one entry per household")
        for name in ("wanted_g", "capacity_g", "household_number", "price_fen_kg", "least_lot_g", "most_households", "need"):
            if (getattr(self, name) < 0).any():
                raise InvalidAllocationError(f"{name} must not be negative")
        if (self.benefit < 0).any() or (self.benefit > 1).any():
            raise InvalidAllocationError("benefit must lie between 0 and 1")
        for name, count in (("demand_number", demands), ("supply_number", supplies)):
            numbers = getattr(self, name)
            if ((numbers < 0) | (numbers >= count)).any():
                raise InvalidAllocationError(f"{name} names one that does not exist")
        keys = self.demand_number * max(supplies, 1) + self.supply_number
        if len(np.unique(keys)) != pairs:
            raise InvalidAllocationError("a demand and a supply make one pair, and one stands twice")


@dataclass(frozen=True, slots=True)
class AllocationPolicy:
    """What government asks of a plan, beyond that it serves the buyers well.

    Parameters
    ----------
    registered_share : float
        The least part of the value (price times grams) that is to come from registered households, in [0, 1].
    fill_kept : float
        The least part of the greatest possible fill that a plan keeps, in (0, 1]: a share must not be reached by buying less.
    spread_fen_kg : float
        What it is worth that a registered household sells at all: a reward for each kilogram of its first part; at least 0.
    spread_part : float
        That first part: the household's share of all need, times this part of all that is bought.
    """

    registered_share: float = 0.0
    fill_kept: float = 0.995
    spread_fen_kg: float = 0.0
    spread_part: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.registered_share <= 1:
            raise InvalidAllocationError("registered_share must lie between 0 and 1")
        if not 0 < self.fill_kept <= 1:
            raise InvalidAllocationError("fill_kept must lie above 0 and not above 1")
        if not (np.isfinite(self.spread_fen_kg) and self.spread_fen_kg >= 0 and 0 <= self.spread_part <= 1):
            raise InvalidAllocationError("spread_fen_kg must be at least 0 and spread_part lie between 0 and 1")


def _numbers(name: str, values: ArrayLike) -> Numbers:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and not np.isfinite(array.astype(np.float64)).all()):
        raise InvalidAllocationError(f"{name} must be a list of whole numbers")
    if not np.array_equal(array, np.floor(array.astype(np.float64))):
        raise InvalidAllocationError(f"{name} must be a list of whole numbers")
    return array.astype(np.int64)


def _floats(name: str, values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise InvalidAllocationError(f"{name} must be a list of finite numbers")
    return array


def _same_length(of_what: str, count: int, **arrays: NDArray[np.generic]) -> None:
    for name, array in arrays.items():
        if len(array) != count:
            raise InvalidAllocationError(f"{name} must have one entry per {of_what}: {len(array)} for {count}")
