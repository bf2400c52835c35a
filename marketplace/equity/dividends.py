"""What a year's dividends are and whose. Pure, whole fen, no database."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TypeVar

from marketplace.kernel.money import split_fen

Holder = TypeVar("Holder", int, str)
_WHOLE_BP = 10_000


@dataclass(frozen=True)
class Terms:
    """What a contract says of money.

    Parameters
    ----------
    principal_fen : int
        The value of the asset that the floor is reckoned on; above 0.
    floor_bp : int
        The floor of a year in ten-thousandths of the principal; at least 0.
    agreed_bp : int
        The households' part of the profit in ten-thousandths: the ratio that was agreed, never one computed from values.
    preferred_bp : int
        The part of all dividends that goes to registered holders before the rest is shared by all, in ten-thousandths.
    """

    principal_fen: int
    floor_bp: int
    agreed_bp: int
    preferred_bp: int = 0

    def __post_init__(self) -> None:
        if self.principal_fen <= 0:
            raise ValueError("a principal must be more than nothing")
        if self.floor_bp < 0 or not 0 <= self.agreed_bp <= _WHOLE_BP or not 0 <= self.preferred_bp <= _WHOLE_BP:
            raise ValueError("a ratio must lie between nothing and the whole")


@dataclass(frozen=True)
class Year:
    """A year's dividends, in fen: what is owed whatever happens, and what the profit adds."""

    floor_fen: int
    bonus_fen: int

    @property
    def total_fen(self) -> int:
        """Both together."""
        return self.floor_fen + self.bonus_fen


def year_of(terms: Terms, profit_fen: int) -> Year:
    """Floor and bonus of a year; a loss takes nothing from the floor.

    ``floor = principal * floor_bp / 10,000``, ``bonus = agreed_bp / 10,000 * max(profit, 0)``, each rounded half up to a fen.

    Examples
    --------
    Sichuan's first example: a fund of 1,000,000 yuan at a floor of 5 %, 29 % agreed of a profit of 100,000 yuan.

    >>> year_of(Terms(100_000_000, 500, 2_900), 10_000_000)
    Year(floor_fen=5000000, bonus_fen=2900000)
    >>> year_of(Terms(100_000_000, 500, 2_900), -1).total_fen
    5000000
    """
    return Year(_part(terms.principal_fen, terms.floor_bp), _part(max(profit_fen, 0), terms.agreed_bp))


def split_dividends(
    total_fen: int, units: Mapping[Holder, int], registered: Set[Holder], preferred_bp: int
) -> dict[Holder, int]:
    """Whose the dividends are: the preferred part among registered holders by units, the rest among all by units.

    Without a registered holder there is nobody to prefer, and all of it is shared by all. The parts sum to the whole.

    Raises
    ------
    ValueError
        When nobody holds a unit.

    Examples
    --------
    Sichuan's second example: of 100 households with a unit each 10 are registered, a tenth is theirs first: 1.9 % and 0.9 %.

    >>> parts = split_dividends(100_000, {number: 1 for number in range(100)}, set(range(10)), 1_000)
    >>> parts[0], parts[99], sum(parts.values())
    (1900, 900, 100000)
    """
    first = {holder: count for holder, count in units.items() if holder in registered and count > 0}
    preferred_fen = _part(total_fen, preferred_bp) if first else 0
    parts = split_fen(total_fen - preferred_fen, units)
    if preferred_fen:
        for holder, fen in split_fen(preferred_fen, first).items():
            parts[holder] += fen
    return parts


def advance_fen(year: Year, paid_in_fen: int) -> tuple[int, int]:
    """What a run can pay out of what the operator has paid in, as (bonus paid, floor to be advanced), both in fen.

    Money that came in serves the floor first. A bonus is paid as far as the money goes; a floor is paid in any case, and what
    is missing of it is advanced by the guarantee and claimed from the operator.

    >>> advance_fen(Year(5_000, 2_900), 6_000), advance_fen(Year(5_000, 2_900), 4_000)
    ((1000, 0), (0, 1000))
    """
    return min(year.bonus_fen, max(0, paid_in_fen - year.floor_fen)), max(0, year.floor_fen - paid_in_fen)


def revert_units(units: int, heirs: Mapping[Holder, int]) -> dict[Holder, int]:
    """The units of a household that leaves, split equally among those that stay: whole units, none lost.

    ``heirs`` holds what each has already; of equal claims the one with fewest units gets the odd unit first.

    >>> revert_units(5, {"b": 1, "a": 2})
    {'b': 3, 'a': 2}
    """
    if not heirs:
        raise ValueError("units need somebody to go to")
    each, odd = divmod(units, len(heirs))
    order = sorted(heirs, key=lambda holder: (heirs[holder], holder))
    return {holder: each + (holder in order[:odd]) for holder in heirs}


def _part(amount_fen: int, part_bp: int) -> int:
    return (2 * amount_fen * part_bp + _WHOLE_BP) // (2 * _WHOLE_BP)
