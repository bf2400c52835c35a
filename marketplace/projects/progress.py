"""How far the work is against how far the money is, and since when the two have been apart. Pure, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Step:
    """Something that moved on a day: of the work in per cent of it, or of the money in fen; a payment come back is negative."""

    on: date
    work: int = 0
    paid_fen: int = 0


def work_percent(steps: Sequence[Step], day: date) -> int:
    """The sum of the weights of the milestones reached up to a day.

    >>> work_percent([Step(date(2026, 1, 5), work=30), Step(date(2026, 2, 5), work=20)], date(2026, 2, 1))
    30
    """
    return sum(step.work for step in steps if step.on <= day)


def money_percent(steps: Sequence[Step], approved_fen: int, day: date) -> float:
    """What was paid up to a day, in per cent of what was approved; nought where nothing was.

    >>> money_percent([Step(date(2026, 1, 5), paid_fen=1)], 4, date(2026, 1, 5))
    25.0
    """
    return 100 * sum(step.paid_fen for step in steps if step.on <= day) / approved_fen if approved_fen else 0.0


def apart_since(steps: Sequence[Step], approved_fen: int, limit: int, today: date) -> date | None:
    """The day since which work and money have been more than ``limit`` points apart without a break; None when they are not.

    Without public money there is nothing to hold the work against.

    >>> steps = [Step(date(2026, 1, 5), paid_fen=50), Step(date(2026, 3, 1), work=30)]
    >>> apart_since(steps, 100, 20, date(2026, 2, 1)), apart_since(steps, 100, 20, date(2026, 3, 1))
    (datetime.date(2026, 1, 5), None)
    """
    if approved_fen == 0:
        return None
    since = None
    for day in sorted({step.on for step in steps if step.on <= today}):
        # Compared in whole numbers, so that exactly the limit is not above it.
        paid_fen = sum(step.paid_fen for step in steps if step.on <= day)
        far = abs(work_percent(steps, day) * approved_fen - 100 * paid_fen) > limit * approved_fen
        since = (since or day) if far else None
    return since
