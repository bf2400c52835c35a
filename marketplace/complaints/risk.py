"""What is inspected first: a published score from a few signs, and a part by lot so that nobody can reckon on being left out.

score = sum(w_i * min(1, x_i / full_i)) / sum(w_i), with x = complaints about it (full at 3), progress behind time (full at half
a year's money), money that lies idle (full when all does), findings before (full at 3), size (full at the largest of the plan).
Of projects the progress is what work and money are apart, and three signs take the place of idle money: milestones missed (full
at 2), other projects of the same firm (full at 3), other projects from which it may have been cut off (full at 2).
The weights w are a dated rule, and name the signs that count. Capping keeps one loud sign from drowning the others. Pure, no
database.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

_BP = 10_000
# From how many on a sign counts in full.
FULL = {"complaints": 3, "gap": 5_000, "idle": _BP, "before": 3, "late": 2, "contractor": 3, "split": 2}
SIGNS = ("complaints", "gap", "idle", "before", "size")
PROJECT_SIGNS = ("complaints", "gap", "late", "contractor", "split", "before", "size")


@dataclass(frozen=True)
class Signs:
    """What is known of something before anybody looks: counts, two parts in ten-thousandths, and a size."""

    complaints: int = 0
    gap: int = 0
    idle: int = 0
    before: int = 0
    size: int = 0
    late: int = 0
    contractor: int = 0
    split: int = 0

    def as_dict(self, names: Iterable[str]) -> dict[str, int]:
        """These signs by name."""
        return {name: getattr(self, name) for name in names}


class HasSigns(Protocol):
    """Something that can be inspected."""

    @property
    def signs(self) -> Signs:
        """What is known of it."""


Thing = TypeVar("Thing", bound=HasSigns)


def score_bp(signs: Signs, weights: Mapping[str, int], largest: int) -> int:
    """The score in ten-thousandths, rounded down.

    >>> score_bp(Signs(complaints=3), {"complaints": 3, "gap": 2, "idle": 2, "before": 2, "size": 1}, 0)
    3000
    >>> score_bp(Signs(idle=5_000, size=50), {"complaints": 0, "gap": 0, "idle": 1, "before": 0, "size": 1}, 100)
    5000
    """
    whole = sum(weights.values())
    if not whole:
        return 0
    full = {**FULL, "size": max(largest, 1)}
    # In whole numbers, so that the same signs give the same score everywhere.
    parts = sum(weight * min(_BP, getattr(signs, name) * _BP // full[name]) for name, weight in weights.items())
    return parts // whole


def choose(
    things: Sequence[Thing], number: int, weights: Mapping[str, int], lot_share_bp: int, lots: random.Random
) -> list[tuple[Thing, int, bool]]:
    """So many of the things: most by the highest score, the rest by lot among the others.

    Parameters
    ----------
    lot_share_bp : int
        The part that is drawn, in ten-thousandths, rounded down: a plan of a few goes where the risk is.

    Returns
    -------
    list of (thing, score, by lot)
        By score first; of equal scores the one given first.
    """
    number = min(number, len(things))
    by_lot = number * lot_share_bp // _BP
    largest = max((thing.signs.size for thing in things), default=0)
    scores = [score_bp(thing.signs, weights, largest) for thing in things]
    order = sorted(range(len(things)), key=lambda at: -scores[at])
    first, rest = order[: number - by_lot], order[number - by_lot :]
    drawn = sorted(lots.sample(rest, by_lot), key=lambda at: -scores[at])
    return [(things[at], scores[at], at in set(drawn)) for at in (*first, *drawn)]
