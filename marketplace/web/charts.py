"""Shapes of charts: from figures to the positions that templates draw. Pure."""

from collections.abc import Sequence


def bar_widths(values: Sequence[int]) -> list[int]:
    """The width of each bar in hundredths, the largest being 100; a value that is not zero keeps one hundredth.

    >>> bar_widths([200, 1, 0])
    [100, 1, 0]
    """
    largest = max(values, default=0)
    return [max(1, round(100 * value / largest)) if value and largest else 0 for value in values]


def line_positions(values: Sequence[int], top: int) -> list[tuple[float, float]]:
    """(x, y) of each point in hundredths, y from the top down; ``top`` is the value of the upper edge.

    >>> line_positions([0, 50, 100], 100)
    [(0.0, 100.0), (50.0, 50.0), (100.0, 0.0)]
    """
    step = 100 / max(1, len(values) - 1)
    return [(round(at * step, 2), round(100 - 100 * value / max(1, top), 2)) for at, value in enumerate(values)]


def shades(values: Sequence[int], steps: int = 5) -> list[int]:
    """The shade of each value, from 0 for nothing to ``steps`` for the largest: as many tones as there are steps of its share.

    >>> shades([0, 1, 50, 100])
    [0, 1, 3, 5]
    """
    largest = max(values, default=0)
    return [0 if value <= 0 else min(steps, 1 + steps * value // largest) for value in values]
