"""A price index of many goods, chained week by week. Pure, no database.

A chained index compares each week with the one before on the goods that both have, and multiplies: goods may come and go with
the season without being taken for dearer or cheaper. What joins no week before it is a gap, and is shown as one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Goods = TypeVar("Goods")
Week = TypeVar("Week")
BASE = 100.0
# A link over a longer silence would compare seasons, not weeks.
LONGEST_SILENCE = 4
# A week that fewer goods join to the one before is no link: one kind of goods would speak for all.
LEAST_MATCHED = 3


@dataclass(frozen=True)
class IndexPoint:
    """The index of a week, the base's being 100; None where no link leads to it. ``matched`` goods made the link."""

    value: float | None
    matched: int


def jevons_link(before: Mapping[Goods, float], now: Mapping[Goods, float]) -> float:
    r"""The geometric mean of the price ratios of the goods that both have (Jevons): no good weighs more than another.

    .. math:: L_t = \prod_i (p_{i,t} / p_{i,t-1})^{1/n}

    >>> jevons_link({"a": 2.0, "b": 8.0}, {"a": 4.0, "b": 16.0})
    2.0
    """
    both = before.keys() & now.keys()
    return math.exp(math.fsum(math.log(now[key] / before[key]) for key in both) / len(both))


def laspeyres_link(quantities: Mapping[Goods, float]) -> Callable[[Mapping[Goods, float], Mapping[Goods, float]], float]:
    r"""A link that weighs goods by fixed quantities (Laspeyres): what the same basket costs now over what it cost before.

    .. math:: L_t = \sum_i q_i p_{i,t} \big/ \sum_i q_i p_{i,t-1}

    >>> laspeyres_link({"a": 3, "b": 1})({"a": 2.0, "b": 4.0}, {"a": 3.0, "b": 4.0})
    1.3
    """

    def link(before: Mapping[Goods, float], now: Mapping[Goods, float]) -> float:
        both = [key for key in before if key in now]
        return math.fsum(quantities[key] * now[key] for key in both) / math.fsum(quantities[key] * before[key] for key in both)

    return link


def chained(
    weeks: Sequence[Mapping[Goods, float]],
    link: Callable[[Mapping[Goods, float], Mapping[Goods, float]], float],
    *,
    least_matched: int = LEAST_MATCHED,
) -> list[IndexPoint]:
    """The index of each week, the first with enough goods being 100.

    Parameters
    ----------
    weeks : sequence of mappings
        The price of each kind of goods in each week, one after another, a week without any as an empty mapping.

    Examples
    --------
    Doubled, silent for a week, then halved; the third week is a gap and the chain goes on across it.

    >>> prices = [{"a": 1.0}, {"a": 2.0}, {}, {"a": 1.0}]
    >>> [point.value for point in chained(prices, jevons_link, least_matched=1)]
    [100.0, 200.0, None, 100.0]
    """
    points: list[IndexPoint] = []
    last: tuple[int, float] | None = None
    for at, prices in enumerate(weeks):
        if last is None:
            point = IndexPoint(BASE, 0) if len(prices) >= least_matched else IndexPoint(None, 0)
        else:
            before, value = weeks[last[0]], last[1]
            matched = len(before.keys() & prices.keys())
            joined = matched >= least_matched and at - last[0] <= LONGEST_SILENCE
            point = IndexPoint(value * link(before, prices), matched) if joined else IndexPoint(None, matched)
        points.append(point)
        if point.value is not None:
            last = at, point.value
    return points


def runs_between_gaps(values: Sequence[float | None]) -> list[list[int]]:
    """The positions of values in unbroken runs, so that no line is drawn across a gap.

    >>> runs_between_gaps([1.0, 2.0, None, 3.0])
    [[0, 1], [3]]
    """
    found: list[list[int]] = []
    for at, value in enumerate(values):
        if value is None:
            continue
        if found and found[-1][-1] == at - 1:
            found[-1].append(at)
        else:
            found.append([at])
    return found
