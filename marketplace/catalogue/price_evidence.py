"""Whether a price is unusual. Pure, no database.

Prices of one kind of goods differ by factors, so they are compared by the logarithm of what 500 g cost. The centre of a
comparison is the median and its spread the median absolute deviation, which a handful of wrong prices cannot move:

    z = (ln p - median(ln r) - ln m) / max(1.4826 * median(|ln r - median(ln r)|), s)

with p the price, r the prices compared with, m the usual markup over them (1 among prices of the shop), and s the least spread
that honest sellers show. A price is flagged from |z| >= ``flag_at`` on and waits for a look from ``wait_at`` on. 1.4826 makes
the deviation that of a normal distribution (Rousseeuw and Croux, Alternatives to the median absolute deviation, 1993).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from marketplace.catalogue.models import Basis, Verdict

_NORMAL = 1.4826
GRAMS = 500


@dataclass(frozen=True)
class PriceBounds:
    """The numbers that prices are judged by.

    Attributes
    ----------
    weeks : int
        So many weeks of market prices are compared with.
    least_days, least_listings : int
        Fewer days of market prices, or fewer prices of the shop, are nothing to compare with.
    markup : float
        What a household asks for its own goods over what they cost at a wholesale market.
    spread : float
        The least standard deviation of the logarithm of honest prices of one kind.
    flag_at, wait_at : float
        So many spreads from the centre a price is flagged, and waits.
    """

    weeks: int = 8
    least_days: int = 10
    least_listings: int = 5
    markup: float = 1.4
    spread: float = 0.25
    flag_at: float = 2.0
    wait_at: float = 5.0


@dataclass(frozen=True)
class Reference:
    """What a price is compared with: the usual price per 500 g in fen, and the spread of its logarithm."""

    basis: Basis
    expected_fen: float
    spread: float


@dataclass(frozen=True)
class Judgement:
    """What came of a comparison; ``deviation`` is z."""

    verdict: Verdict
    basis: Basis
    expected_fen: int | None
    deviation: float


def fen_per_500_g(price_fen: int, unit_grams: int) -> float:
    """What 500 g cost.

    >>> fen_per_500_g(2000, 1000)
    1000.0
    """
    return price_fen * GRAMS / unit_grams


def reference(basis: Basis, prices: Sequence[float], bounds: PriceBounds) -> Reference | None:
    """What a price is compared with, from the prices per 500 g of others; None where they are too few.

    >>> found = reference(Basis.SHOP, [100.0, 100.0, 200.0, 400.0, 400.0], PriceBounds())
    >>> round(found.expected_fen), round(found.spread, 3)
    (200, 1.028)
    """
    if len(prices) < (bounds.least_days if basis is Basis.MARKET else bounds.least_listings):
        return None
    logs = [math.log(price) for price in prices]
    centre = median(logs)
    spread = max(_NORMAL * median(abs(value - centre) for value in logs), bounds.spread)
    markup = bounds.markup if basis is Basis.MARKET else 1.0
    return Reference(basis, math.exp(centre) * markup, spread)


def judge(price_fen: int, unit_grams: int, references: Sequence[Reference], bounds: PriceBounds) -> Judgement:
    """What a price is, by the reference that it fits best: one that agrees with it is enough.

    >>> usual = Reference(Basis.MARKET, 500.0, 0.25)
    >>> [judge(fen, 500, [usual], PriceBounds()).verdict.value for fen in (500, 700, 1000, 5000)]
    ['fits', 'fits', 'flagged', 'waits']
    >>> judge(500, 500, [], PriceBounds()).verdict.value
    'unchecked'
    """
    if not references:
        return Judgement(Verdict.UNCHECKED, Basis.NONE, None, 0.0)
    logarithm = math.log(fen_per_500_g(price_fen, unit_grams))
    best, deviation = min(
        ((one, (logarithm - math.log(one.expected_fen)) / one.spread) for one in references), key=lambda pair: abs(pair[1])
    )
    verdict = Verdict.FITS
    if abs(deviation) >= bounds.flag_at:
        verdict = Verdict.WAITS if abs(deviation) >= bounds.wait_at else Verdict.FLAGGED
    return Judgement(verdict, best.basis, max(1, round(best.expected_fen)), deviation)
