"""Picture of a study: how often each level is exceeded, beside the limits; SVG that stands alone."""

from __future__ import annotations

import math
from html import escape
from typing import Any

COLOURS = ("#1f5fa8", "#b3541e", "#2e7d4f", "#7a3f9d", "#a8861f", "#5a6b7a", "#b03060", "#208090")
WIDE, TALL, LEFT, RIGHT, TOP, BOTTOM = 860, 520, 70, 20, 48, 60
LEAST_PERCENT = 1e-4


def draw(found: dict[str, Any]) -> str:
    """SVG of the curves; the share of the time runs logarithmically from 0.0001 to 100 %."""
    levels = [value for run in found["runs"] for value in (*run["limit"]["levels_db"], *run["levels_db"])]
    low, high = 5.0 * math.floor(min(levels) / 5.0), 5.0 * math.ceil(max(levels) / 5.0)
    parts = [*_axes(low, high), _text(LEFT, 20, f"EPFD {found['direction']}: {found['title']}", 15, "start")]
    parts.append(_text(LEFT, 38, f"{found['ghz']:g} GHz, {found['mask']}. Dashed: Article 22", 11, "start"))
    for k, run in enumerate(found["runs"]):
        colour = COLOURS[k % len(COLOURS)]
        limit = list(zip(run["limit"]["levels_db"], run["limit"]["percent"], strict=True))
        curve = list(zip(run["levels_db"], run["percent"], strict=True))
        parts += [_line(limit, low, high, colour, dashed=True), _line(curve, low, high, colour, dashed=False)]
        words = f"{run['table']}, {run['antenna']}: {'within' if run['passed'] else 'ABOVE'}"
        parts.append(_text(WIDE - RIGHT - 6, TOP + 16 + 16 * k, words, 12, "end", colour))
    inside = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {TALL}" role="img" '
        'aria-label="EPFD and limits" font-family="sans-serif">'
        f'<rect width="{WIDE}" height="{TALL}" fill="#fff"/>{inside}</svg>\n'
    )


def _x(level: float, low: float, high: float) -> float:
    return LEFT + (level - low) / max(high - low, 1e-9) * (WIDE - LEFT - RIGHT)


def _y(percent: float) -> float:
    share = (math.log10(max(percent, LEAST_PERCENT)) + 4.0) / 6.0
    return TALL - BOTTOM - share * (TALL - TOP - BOTTOM)


def _text(x: float, y: float, words: str, size: int, anchor: str, colour: str = "#222") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {where} fill="{colour}">{escape(words)}</text>'


def _line(points: list[tuple[float, float]], low: float, high: float, colour: str, *, dashed: bool) -> str:
    path = " ".join(f"{_x(level, low, high):.1f},{_y(percent):.1f}" for level, percent in points)
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'


def _axes(low: float, high: float) -> list[str]:
    out = []
    for exponent in range(-4, 3):
        y = _y(10.0**exponent)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDE - RIGHT}" stroke="#ddd"/>')
        out.append(_text(LEFT - 6, y + 4, f"{10.0**exponent:g} %", 11, "end"))
    step = 5.0 if high - low <= 60.0 else 10.0
    level = low
    while level <= high:
        x = _x(level, low, high)
        out.append(f'<path d="M{x:.1f} {TOP}V{TALL - BOTTOM}" stroke="#eee"/>')
        out.append(_text(x, TALL - BOTTOM + 18, f"{level:g}", 11, "middle"))
        level += step
    words = "level, dB(W/m2); share of the time for which it is exceeded"
    out.append(_text((LEFT + WIDE) / 2, TALL - 14, words, 12, "middle"))
    return out
