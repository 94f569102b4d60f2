"""Distribution curves side by side; SVG that stands alone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

WIDE, HIGH, EDGE = 320, 260, 50


def draw(curves: Mapping[str, ArrayLike], title: str) -> str:
    """Share of users at or below each value, one panel a quantity."""
    panels = [_panel(name, values, k) for k, (name, values) in enumerate(curves.items())]
    across = len(panels) * (WIDE + 2 * EDGE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {HIGH + 2 * EDGE + 30}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12" fill="#222">'
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{EDGE}" y="24" font-size="15">'
        f"{escape(title)}</text>{''.join(panels)}</svg>\n"
    )


def _panel(name: str, values: ArrayLike, number: int) -> str:
    import numpy as np

    known = np.asarray(values, dtype=np.float64)
    known = np.sort(known[np.isfinite(known)])
    left, top = EDGE + number * (WIDE + 2 * EDGE), EDGE
    frame = f'<rect x="{left}" y="{top}" width="{WIDE}" height="{HIGH}" fill="none" stroke="#bbb"/>'
    label = f'<text x="{left + WIDE / 2}" y="{top + HIGH + 36}" text-anchor="middle">{escape(name)}</text>'
    if not len(known):
        return frame + label
    points = np.linspace(0.0, 100.0, 101)
    at = np.percentile(known, points)
    low, high = float(at[0]), float(max(at[-1], at[0] + 1e-3))
    x = left + (at - low) / (high - low) * WIDE
    y = top + HIGH - points / 100.0 * HIGH
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    ticks = "".join(
        f'<text x="{left + (v - low) / (high - low) * WIDE:.0f}" y="{top + HIGH + 16}" '
        f'text-anchor="middle">{v:g}</text>'
        for v in _round(low, high)
    )
    shares = "".join(
        f'<text x="{left - 6}" y="{top + HIGH - p / 100 * HIGH + 4:.0f}" text-anchor="end">{p}</text>'
        for p in (0, 50, 100)
    )
    across = f"rotate(-90 {left - 36} {top + HIGH / 2})"
    shares += (
        f'<text x="{left - 36}" y="{top + HIGH / 2}" text-anchor="middle" transform="{across}">'
        "% of users at or below</text>"
    )
    curve = f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
    return frame + curve + ticks + shares + label


def _round(low: float, high: float) -> list[float]:
    """Round numbers between two ends, three to eight of them.

    Examples
    --------
    >>> _round(-4.58, 26.5)
    [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    """
    from math import ceil, floor, log10

    tenth = 10.0 ** floor(log10(high - low))
    step = next(s * tenth for s in (0.2, 0.5, 1.0, 2.0) if (high - low) / (s * tenth) <= 7.0)
    return [round(k * step, 9) for k in range(ceil(low / step), floor(high / step) + 1)]
