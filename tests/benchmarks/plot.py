"""
Curves of points, both axes logarithmic: as plain text, and as SVG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 60, 12  # of a sketch, in characters
PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 440, 260, 60
LEAST_FACTOR = 10  # that an axis spans: less would make much of little
OURS, THEIRS = "#1f6feb", "#9a6700"


class Point(NamedTuple):
    """What was measured at one size."""

    x: float
    ours: float
    theirs: float | None = None


Panel = tuple[str, str, str, Sequence[Point]]


def sketch(points: Sequence[Point]) -> str:
    """Give a plot as plain text: `o` is mixdyn, `x` the baseline, `*` both."""
    to_x, to_y = _axes(points, WIDTH - 1, HEIGHT - 1)
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    for point in points:
        for value, mark in ((point.theirs, "x"), (point.ours, "o")):
            if value is not None:
                row, column = HEIGHT - 1 - round(to_y(value)), round(to_x(point.x))
                cells[row][column] = "*" if cells[row][column] == "x" else mark
    lines = ["  |" + "".join(row).rstrip() for row in cells]
    return "\n".join(
        [*lines, "  +" + "-" * WIDTH, "   o mixdyn, x baseline, both axes logarithmic"]
    )


def draw(panels: Sequence[Panel]) -> str:
    """Give an SVG image with a panel for each curve, two in a row."""
    rows = -(-len(panels) // 2)
    parts: list[str] = []
    for number, panel in enumerate(panels):
        left, top = number % 2 * PANEL_WIDTH, number // 2 * PANEL_HEIGHT
        parts.append(f'<g transform="translate({left} {top})">{_draw_panel(panel)}</g>')
    size = f'width="{2 * PANEL_WIDTH}" height="{rows * PANEL_HEIGHT}"'
    style = 'font-family="sans-serif" font-size="11"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{ground}{"".join(parts)}</svg>\n'
    )


def _draw_panel(panel: Panel) -> str:
    title, x_name, unit, points = panel
    width, height = PANEL_WIDTH - 2 * MARGIN, PANEL_HEIGHT - 1.7 * MARGIN
    to_x, to_y = _axes(points, width, height)

    def place(x: float, y: float) -> tuple[float, float]:
        return MARGIN + to_x(x), MARGIN / 2 + height - to_y(y)

    floor = min(min(p.ours, p.theirs or p.ours) for p in points)
    parts = [_text(MARGIN, MARGIN / 3, title)]
    for name, colour in (("ours", OURS), ("theirs", THEIRS)):
        found = [(p.x, getattr(p, name)) for p in points if getattr(p, name) is not None]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*pair) for pair in found))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        for x, y in found:
            left, top = place(x, y)
            parts.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="2.5" fill="{colour}"/>')
            if name == "ours":
                parts.append(_text(left + 4, top - 5, f"{_short(y)} {unit}"))
                parts.append(_text(left - 8, MARGIN / 2 + height + 16, f"{x:,.0f}"))
    parts.append(
        _text(MARGIN, MARGIN / 2 + height + 32, f"{x_name} (blue: mixdyn, brown: baseline)")
    )
    left, bottom = place(points[0].x, floor)
    parts.append(f'<path d="M{left:.1f} {bottom:.1f}h{width:.1f}" stroke="#ccc"/>')
    return "".join(parts)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _axes(
    points: Sequence[Point], width: float, height: float
) -> tuple[Callable[[float], float], Callable[[float], float]]:
    values = [v for p in points for v in (p.ours, p.theirs) if v is not None]
    return _scale([p.x for p in points], width), _scale(values, height)


def _scale(values: Sequence[float], length: float) -> Callable[[float], float]:
    """Give the function that places positive values logarithmically on a length."""
    low, high = (math.log(max(value, 1e-9)) for value in (min(values), max(values)))
    span = max(high - low, math.log(LEAST_FACTOR))
    return lambda value: length * (math.log(max(value, 1e-9)) - low) / span
