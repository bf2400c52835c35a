"""Where earning more costs more than it brings: incomes from which one fen more loses more than one fen of benefits.

Found by asking every single fen of income, thus exactly; the expressions are evaluated for a whole stretch of incomes at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from marketplace.assistance.safety_net.benefits import Benefit, owed
from marketplace.assistance.safety_net.expressions import Node

_STRETCH = 1_000_000
_INCOME = "income_fen"
MOST_LISTED, MOST_COUNTED = 50, 1_000


@dataclass(frozen=True)
class Notch:
    """Incomes from ``first_fen`` to ``last_fen`` at each of which one fen more loses ``lost_fen`` of benefits, at most."""

    first_fen: int
    last_fen: int
    lost_fen: int
    codes: tuple[str, ...]


def notches(
    benefits: Sequence[Benefit], facts: Mapping[str, int | bool], up_to_fen: int, most: int | None = None
) -> list[Notch]:
    """Every notch of a household's benefits for incomes from 0 to ``up_to_fen``, those side by side as one.

    With ``most`` it ends with that many: a share of the income beside a top-up has one at every second fen.

    Formula: x is in a notch when B(x) - B(x + 1) > 1, with B(x) all benefits of the household at an income of x fen.

    >>> from marketplace.assistance.safety_net.benefits import BenefitKind, read_benefit
    >>> cliff = read_benefit("aid", BenefitKind.MEDICAL, "income_fen <= yuan(100)", "yuan(30)")
    >>> notches([cliff], {}, 20_000)
    [Notch(first_fen=10000, last_fen=10000, lost_fen=3000, codes=('aid',))]
    """
    moving = [each for each in benefits if _depends(each) and not _missing(each, facts)]
    found: list[Notch] = []
    for start in range(0, up_to_fen + 1, _STRETCH):
        incomes = np.arange(start, min(start + _STRETCH, up_to_fen + 1) + 1, dtype=np.int64)
        amounts = {each.code: amounts_for(each, facts, incomes) for each in moving}
        total = sum(amounts.values(), np.zeros(len(incomes), dtype=np.int64))
        for each in _stretch(incomes, total, amounts):
            if found and found[-1].last_fen + 1 == each.first_fen and found[-1].codes == each.codes:
                before = found.pop()
                each = Notch(before.first_fen, each.last_fen, max(before.lost_fen, each.lost_fen), each.codes)
            if most is not None and len(found) == most:
                return found
            found.append(each)
    return found


def amounts_for(benefit: Benefit, facts: Mapping[str, int | bool], incomes: np.ndarray) -> np.ndarray:
    """What a benefit gives a household at each of many incomes in fen, all its other facts being the same."""
    values: dict[str, Any] = {**facts, _INCOME: incomes}
    met = np.broadcast_to(_swept(benefit.condition.root, values), incomes.shape)
    amount = np.broadcast_to(_swept(benefit.amount.root, values), incomes.shape)
    return np.where(met, np.maximum(amount, 0), 0).astype(np.int64)


def curve(
    benefits: Sequence[Benefit], facts: Mapping[str, int | bool], up_to_fen: int, points: int = 120
) -> list[tuple[int, int]]:
    """Income, and income with benefits, at so many incomes, and on both sides of each notch: what a chart draws."""
    wanted = {round(up_to_fen * number / (points - 1)) for number in range(points)}
    for notch in notches(benefits, facts, up_to_fen, MOST_LISTED):
        wanted |= {notch.first_fen, min(notch.last_fen + 1, up_to_fen)}
    return [(income, income + total_fen(benefits, facts, income)) for income in sorted(wanted)]


def total_fen(benefits: Sequence[Benefit], facts: Mapping[str, int | bool], income_fen: int) -> int:
    """All benefits of a household at an income; one that asks for a fact that is not known gives nothing here."""
    return sum(owed(each, {**facts, _INCOME: income_fen}).amount_fen or 0 for each in benefits)


def _depends(benefit: Benefit) -> bool:
    return _INCOME in benefit.names


def _missing(benefit: Benefit, facts: Mapping[str, int | bool]) -> bool:
    return bool(set(benefit.names) - facts.keys() - {_INCOME})


def _stretch(incomes: np.ndarray, total: np.ndarray, amounts: Mapping[str, np.ndarray]) -> Iterator[Notch]:
    lost = total[:-1] - total[1:]
    at = np.flatnonzero(lost > 1)
    if not len(at):
        return
    codes = list(amounts)
    # Which benefits lose there, as one bit for each.
    losing = np.zeros(len(at), dtype=np.int64)
    for bit, code in enumerate(codes):
        losing |= (amounts[code][at] > amounts[code][at + 1]).astype(np.int64) << bit
    parts = np.split(np.arange(len(at)), np.flatnonzero((np.diff(at) != 1) | (np.diff(losing) != 0)) + 1)
    for part in parts:
        own = tuple(code for bit, code in enumerate(codes) if int(losing[part[0]]) >> bit & 1)
        yield Notch(int(incomes[at[part[0]]]), int(incomes[at[part[-1]]]), int(lost[at[part]].max()), own)


def _swept(node: Node, values: Mapping[str, Any]) -> Any:
    """The value of a part of an expression where some facts are whole arrays."""
    parts = [_swept(part, values) for part in node.parts]
    match node.op:
        case "number" | "amount":
            return node.at
        case "fact":
            return values[str(node.at)]
        case "if":
            return np.where(parts[0], parts[1], parts[2])
        case "percent":
            return (2 * parts[0] * parts[1] + 100) // 200
    return _VECTORS[node.op](*parts)


_VECTORS: dict[str, Any] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "min": np.minimum,
    "max": np.maximum,
}
