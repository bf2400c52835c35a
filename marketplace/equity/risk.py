"""What could go wrong with equity income, in figures a person can check. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.equity.dividends import Terms, year_of


@dataclass(frozen=True)
class Exposure:
    """A running contract as risk sees it: its terms, who operates it, a usual year's profit and what secures the floor."""

    operator: str
    terms: Terms
    revenue_fen: int
    cost_fen: int
    paid_in_fen: int = 0


@dataclass(frozen=True)
class Risk:
    """The risk of several contracts together.

    Attributes
    ----------
    principal_fen : int
        What is at stake.
    largest_operator : str
    largest_share, concentration : float
        The part of the principal with one operator, and the sum of squared parts (Herfindahl index), in (0, 1].
    floor_fen, paid_in_fen : int
        A year's floors, and what operators have paid in towards them.
    floor_coverage : float
        A usual year's surplus over a year's floors (1 is just enough); infinite without floors.
    stressed_coverage, stressed_dividends_fen
        The same, and all dividends, when every price falls by the stress while costs stay.
    uncovered_fen : int
        Floors that the operators' stressed surplus would not pay, contract by contract.
    """

    principal_fen: int
    largest_operator: str
    largest_share: float
    concentration: float
    floor_fen: int
    paid_in_fen: int
    floor_coverage: float
    stressed_coverage: float
    stressed_dividends_fen: int
    uncovered_fen: int


def risk_of(exposures: Sequence[Exposure], stress_bp: int = 3_000) -> Risk | None:
    """The risk of contracts, with prices fallen by ``stress_bp`` ten-thousandths (3,000 is -30 %); None without a contract.

    >>> one = Exposure("A", Terms(100_000, 500, 2_900), revenue_fen=50_000, cost_fen=40_000)
    >>> risk = risk_of([one])
    >>> risk.floor_coverage, risk.stressed_coverage, risk.uncovered_fen
    (2.0, -1.0, 5000)
    """
    if not exposures:
        return None
    principal = sum(each.terms.principal_fen for each in exposures)
    by_operator: dict[str, int] = {}
    for each in exposures:
        by_operator[each.operator] = by_operator.get(each.operator, 0) + each.terms.principal_fen
    largest = max(by_operator, key=lambda name: (by_operator[name], name))
    usual = [each.revenue_fen - each.cost_fen for each in exposures]
    stressed = [each.revenue_fen - each.revenue_fen * stress_bp // 10_000 - each.cost_fen for each in exposures]
    floors = [year_of(each.terms, 0).floor_fen for each in exposures]
    return Risk(
        principal_fen=principal,
        largest_operator=largest,
        largest_share=by_operator[largest] / principal,
        concentration=sum((fen / principal) ** 2 for fen in by_operator.values()),
        floor_fen=sum(floors),
        paid_in_fen=sum(each.paid_in_fen for each in exposures),
        floor_coverage=_coverage(sum(usual), sum(floors)),
        stressed_coverage=_coverage(sum(stressed), sum(floors)),
        stressed_dividends_fen=sum(
            year_of(each.terms, profit).total_fen for each, profit in zip(exposures, stressed, strict=True)
        ),
        uncovered_fen=sum(max(0, floor - max(0, profit)) for floor, profit in zip(floors, stressed, strict=True)),
    )


def _coverage(surplus_fen: int, floor_fen: int) -> float:
    return surplus_fen / floor_fen if floor_fen else float("inf")
