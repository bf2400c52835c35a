"""The income card: what a household earned in a year, less what earning it is taken to have cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from marketplace.registry.measures.dated import in_force


@dataclass(frozen=True, slots=True)
class CostStandard:
    """What part of the receipts for a kind of produce its growing is taken to have cost.

    Attributes
    ----------
    scope_code : str
        Code of the area it is for, "" for the whole country.
    first_day, last_day : date
        The days whose receipts it is for; an open end is None.
    percent : mapping of str to int
        For each kind of produce, the cost in whole percent of the receipts, 0 to 100.
    source : str
        Where it is written.
    """

    scope_code: str
    first_day: date
    last_day: date | None
    percent: Mapping[str, int]
    source: str

    def __post_init__(self) -> None:
        """Refuse ratios that are no share."""
        for kind, ratio in self.percent.items():
            if not 0 <= ratio <= 100:
                raise ValueError(f"percent: the ratio of {kind} must lie between 0 and 100, not be {ratio}")


COST_STANDARDS: tuple[CostStandard, ...] = (
    CostStandard(
        scope_code="5323",
        # The card bears no date; it asks for the agricultural support subsidy, which exists everywhere since 2016.
        first_day=date(2016, 1, 1),
        last_day=None,
        percent=MappingProxyType({"grain": 40, "tobacco": 45, "livestock": 40, "fruit": 15, "other": 40}),
        source="Chuxiong prefecture, income card of a registered poor household (lines K to T)",
    ),
)


def cost_standard(day: date, area_code: str, standards: tuple[CostStandard, ...] = COST_STANDARDS) -> CostStandard:
    """Return the ratios for a day's receipts in an area.

    Raises
    ------
    NotInForceError
        For an area or a day without any; another prefecture's are not borrowed.

    Examples
    --------
    >>> cost_standard(date(2018, 12, 31), "532301102").percent["tobacco"]
    45
    """
    return in_force("standard cost ratios", standards, day, area_code)


@dataclass(frozen=True, slots=True)
class IncomeCard:
    """A household's year in fen; the letters are those of the Chuxiong card.

    Attributes
    ----------
    gross_fen : int
        K: wages (L), produce (M), property (N) and transfers (P) together.
    costs_fen : mapping of str to int
        R by kind of produce.
    persons : int
        A: members of the household.
    """

    gross_fen: int
    costs_fen: Mapping[str, int]
    persons: int

    @property
    def cost_fen(self) -> int:
        """R: what producing is taken to have cost."""
        return sum(self.costs_fen.values())

    @property
    def net_fen(self) -> int:
        """S = K - R."""
        return self.gross_fen - self.cost_fen

    @property
    def per_head_fen(self) -> int:
        """T = S / A, rounded half up to whole fen; for reading, since `is_below` does not round."""
        return (2 * self.net_fen + self.persons) // (2 * self.persons)

    def is_below(self, line_fen: int) -> bool:
        """Whether the net income per head lies under the line, compared exactly."""
        return self.net_fen < line_fen * self.persons


def income_card(
    *,
    wages_fen: int,
    produce_fen: Mapping[str, int],
    property_fen: int,
    transfers_fen: int,
    persons: int,
    standard: CostStandard,
) -> IncomeCard:
    """Return a household's income card.

    Formula: K = L + sum_i M_i + N + P; R_i = M_i r_i, rounded half up to a fen; S = K - sum_i R_i; T = S / A, with wages L,
    receipts M_i for produce i and its cost ratio r_i, income from property N, transfers P and members A.

    Parameters
    ----------
    wages_fen, property_fen, transfers_fen : int
        L, N and P, in fen.
    produce_fen : mapping of str to int
        M by kind of produce, in fen, own consumption at market prices included; a kind that is not named is 0.
    persons : int
        A, at least 1.
    standard : CostStandard
        The ratios for the year and the area.

    Raises
    ------
    ValueError
        For an amount that is negative or not whole fen, a kind of produce without a ratio, or nobody in the household.

    References
    ----------
    Chuxiong prefecture, Yunnan: income card of a registered poor household, K = L + M + N + P, S = K - R, T = S / A.

    Examples
    --------
    Wages 6,000, produce 5,000 + 4,000 + 3,000 + 2,000 + 1,000, property 500 and transfers 1,500 yuan for four persons:

    >>> card = income_card(
    ...     wages_fen=600_000,
    ...     produce_fen={"grain": 500_000, "tobacco": 400_000, "livestock": 300_000, "fruit": 200_000, "other": 100_000},
    ...     property_fen=50_000,
    ...     transfers_fen=150_000,
    ...     persons=4,
    ...     standard=cost_standard(date(2018, 12, 31), "532301102"),
    ... )
    >>> card.gross_fen, card.cost_fen, card.net_fen, card.per_head_fen
    (2300000, 570000, 1730000, 432500)
    """
    parts = {"wages_fen": wages_fen, "property_fen": property_fen, "transfers_fen": transfers_fen}
    for name, amount in (*parts.items(), *((f"produce_fen of {kind}", amount) for kind, amount in produce_fen.items())):
        _refuse_unless_whole(name, amount, 0)
    _refuse_unless_whole("persons", persons, 1)
    unknown = sorted(set(produce_fen) - set(standard.percent))
    if unknown:
        raise ValueError(f"produce_fen: {unknown[0]} has no cost ratio in the standard of {standard.scope_code}")
    return IncomeCard(
        gross_fen=sum(parts.values()) + sum(produce_fen.values()),
        costs_fen={kind: (2 * amount * standard.percent[kind] + 100) // 200 for kind, amount in produce_fen.items()},
        persons=persons,
    )


def _refuse_unless_whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}: a whole number of at least {least} is needed, not {value!r}")
