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
    low, high = float(at[0]), float(max(at[-1], at[0] + 1e-9))
    x = left + (at - low) / (high - low) * WIDE
    y = top + HIGH - points / 100.0 * HIGH
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    ticks = "".join(
        f'<text x="{left + k * WIDE / 4:.0f}" y="{top + HIGH + 16}" text-anchor="middle">'
        f"{low + k * (high - low) / 4:.3g}</text>"
        for k in range(5)
    )
    shares = "".join(
        f'<text x="{left - 6}" y="{top + HIGH - p / 100 * HIGH + 4:.0f}" text-anchor="end">{p}</text>'
        for p in (0, 50, 100)
    )
    curve = f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
    return frame + curve + ticks + shares + label
