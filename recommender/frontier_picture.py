"""A small drawing of curves side by side, as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Colours that people who see red and green alike can tell apart (Okabe & Ito 2008), then the same again dashed.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
WIDTH, HEIGHT, MARGIN, LEGEND = 420, 320, 56, 190


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line: x values, and for each panel its y values."""

    name: str
    x: Sequence[float]
    panels: tuple[Sequence[float], ...]


def frontier_svg(curves: Sequence[Curve], titles: Sequence[str], x_title: str) -> str:
    """Draw one panel per title with all curves in it, and a legend at the right.

    Returns
    -------
    str
        A whole SVG document; each curve carries its name as a tooltip.
    """
    width, height = len(titles) * WIDTH + LEGEND, HEIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>{escape(", ".join(titles))}</title>'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    )
    parts = [head]
    for number, title in enumerate(titles):
        parts.append(_panel(curves, number, title, x_title))
    for number, curve in enumerate(curves):
        y = MARGIN + 18 * number
        x = len(titles) * WIDTH
        parts.append(f'<path d="M{x} {y - 4}h22" {_stroke(number)}/><text x="{x + 28}" y="{y}">{escape(curve.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(curves: Sequence[Curve], number: int, title: str, x_title: str) -> str:
    """Draw the axes, their marks and all lines of one panel."""
    xs = _range([value for curve in curves for value in curve.x])
    ys = _range([value for curve in curves for value in curve.panels[number]])
    left, right = number * WIDTH + MARGIN, (number + 1) * WIDTH - 20
    top, bottom = 30, HEIGHT - MARGIN

    def across(value: float) -> float:
        return left + (value - xs[0]) / (xs[1] - xs[0]) * (right - left)

    def down(value: float) -> float:
        return bottom - (value - ys[0]) / (ys[1] - ys[0]) * (bottom - top)

    parts = [
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#444"/>',
        f'<text x="{left}" y="{top - 12}">{escape(title)}</text>',
        f'<text x="{(left + right) / 2:.0f}" y="{bottom + 40}" text-anchor="middle">{escape(x_title)}</text>',
    ]
    for step in range(5):
        x, y = xs[0] + step * (xs[1] - xs[0]) / 4, ys[0] + step * (ys[1] - ys[0]) / 4
        parts.append(f'<text x="{across(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x:.2f}</text>')
        parts.append(f'<text x="{left - 6}" y="{down(y) + 4:.1f}" text-anchor="end">{y:.3f}</text>')
    for order, curve in enumerate(curves):
        points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(curve.x, curve.panels[number], strict=True))
        parts.append(f'<polyline points="{points}" {_stroke(order)}><title>{escape(curve.name)}</title></polyline>')
    return "\n".join(parts)


def _stroke(number: int) -> str:
    dash = ' stroke-dasharray="5 3"' if number >= len(COLOURS) else ""
    return f'fill="none" stroke-width="2" stroke="{COLOURS[number % len(COLOURS)]}"{dash}'


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the least and largest value, a little apart where all are alike."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
