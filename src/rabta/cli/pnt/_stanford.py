"""Stanford diagram: errors against protection levels, horizontal and vertical; SVG that stands alone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabta.pnt.integrity.protect import Protected

WIDE, HIGH, SIDE, TOP = 1000, 530, 400, 60
BINS = 60
KEY = "blue: the level holds, red: it misleads, dashed: alert limit"


def draw(found: Protected, error_m: NDArray[np.float64], title: str) -> str:
    """Two panels: count of epochs for each error and level; below the diagonal information misleads."""
    import numpy as np

    limits = found.options.allocation
    panels = (
        ("horizontal", np.hypot(error_m[:, 0], error_m[:, 1]), found.hpl_m, limits.hal_m, 60),
        ("vertical", np.abs(error_m[:, 2]), found.vpl_m, limits.val_m, 560),
    )
    parts = "".join(_panel(name, error, level, limit, left) for name, error, level, limit, left in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" '
        f'aria-label="Errors against protection levels" font-family="sans-serif" font-size="12" fill="#222">'
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/><text x="60" y="26" font-size="15">'
        f"{escape(title)}</text>{parts}</svg>\n"
    )


def _panel(name: str, error: NDArray[np.float64], level: NDArray[np.float64], limit: float, left: int) -> str:
    """One panel: epochs as squares, darker where there are more."""
    import numpy as np

    known = np.isfinite(error) & np.isfinite(level)
    reach = float(max(np.percentile(level[known], 99.0) * 1.2 if known.any() else 1.0, 1.0))
    reach = min(max(reach, 1.1 * limit), 5.0 * reach) if np.isfinite(limit) else reach
    edges = np.linspace(0.0, reach, BINS + 1)
    count, *_ = np.histogram2d(error[known], np.minimum(level[known], reach * 0.999), bins=(edges, edges))
    step = SIDE / BINS
    squares = []
    for i, j in zip(*np.nonzero(count), strict=True):
        shade = 0.25 + 0.75 * float(np.log1p(count[i, j]) / np.log1p(count.max()))
        colour = "#b3281e" if edges[i] >= edges[j + 1] else "#1f5fa8"
        x, y = left + i * step, TOP + SIDE - (j + 1) * step
        squares.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{step:.1f}" height="{step:.1f}" fill="{colour}" '
            f'fill-opacity="{shade:.2f}"/>'
        )
    wrong = int((error[known] > level[known]).sum())
    words = f"{name}: {int(known.sum())} epochs, {wrong} misleading, edge at {reach:.0f} m"
    return "".join(squares) + _frame(left, reach, limit, words)


def _frame(left: int, reach: float, limit: float, words: str) -> str:
    """Axes, diagonal and alert limit."""
    base = TOP + SIDE
    parts = [
        f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<path d="M{left} {base}L{left + SIDE} {TOP}" stroke="#b3281e" fill="none"/>',
        f'<text x="{left}" y="{base + 34}">{escape(words)}</text>',
        f'<text x="{left}" y="{base + 50}" fill="#666">error to the right, level upwards; {KEY}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = f"{share * reach:.3g}"
        x, y = left + share * SIDE, base - share * SIDE
        parts.append(f'<text x="{x:.1f}" y="{base + 15}" text-anchor="middle" fill="#666">{value}</text>')
        parts.append(f'<text x="{left - 4}" y="{y + 4:.1f}" text-anchor="end" fill="#666">{value}</text>')
    if limit < reach:
        y = base - limit / reach * SIDE
        parts.append(f'<path d="M{left} {y:.1f}h{SIDE}" stroke="#2e7d4f" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{left + SIDE - 4}" y="{y - 4:.1f}" text-anchor="end">{limit:.0f} m</text>')
    return "".join(parts)
