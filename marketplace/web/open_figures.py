"""Everything that is open to everybody, read together: policy, sales, public money, audits, the log. For page and programs."""

from dataclasses import dataclass
from datetime import date

from marketplace.audits.openness import OpenResult, open_results
from marketplace.funds.models import Fund
from marketplace.funds.queries import public_totals
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.kept import Kept
from marketplace.recommendations.models import Policy
from marketplace.recommendations.queries import policies_in_force
from marketplace.transparency.models import TreeHead
from marketplace.transparency.queries import newest_heads

HEADS_SHOWN = 7
# Intervals take a thousand draws each, and change only when a round is closed.
_RESULTS: Kept[list[OpenResult]] = Kept(most=1, seconds=600)


@dataclass(frozen=True)
class OpenFund:
    """A fund with its sums over all purposes, in fen; what was paid and what stands add up to what was given."""

    fund: Fund
    given_fen: int
    paid_fen: int
    standing_fen: int


def open_policies() -> list[Policy]:
    """The policies in force today."""
    return list(policies_in_force(local_day(clock.now())))


def open_funds() -> list[OpenFund]:
    """Every fund in force, newest first."""
    return [
        OpenFund(
            one.fund,
            sum(own.issued_fen for own in one.totals.values()),
            sum(own.paid_fen for own in one.totals.values()),
            sum(own.standing_fen for own in one.totals.values()),
        )
        for one in public_totals()
    ]


def open_audits() -> list[OpenResult]:
    """The newest closed audit of each county; up to ten minutes old."""
    return _RESULTS.get("all", open_results)


def open_heads() -> list[TreeHead]:
    """The newest signed heads of the log."""
    return newest_heads(limit=HEADS_SHOWN)


def quarter_name(first: date) -> str:
    """A quarter as it is called in addresses, by its first day.

    >>> quarter_name(date(2026, 4, 1))
    '2026-Q2'
    """
    return f"{first.year:04d}-Q{(first.month + 2) // 3}"


def quarter_of(name: str) -> date:
    """The first day of a quarter by the name that ``quarter_name`` gives it.

    >>> quarter_of("2026-Q2").isoformat()
    '2026-04-01'
    """
    return date(int(name[:4]), 3 * int(name[-1]) - 2, 1)
