"""Lines over an axis; SVG that stands alone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH, HEIGHT, EDGE = 760, 300, 60
COLOURS = ("#1f5fa8", "#b8451a", "#2e7d32", "#6a4c93")


def draw(
    title: str, below: str, x: NDArray[np.float64], series: dict[str, NDArray[np.float64]], unit: str
) -> str:
    """Named series over common places."""
    import numpy as np

    values = np.concatenate([v[np.isfinite(v)] for v in series.values()])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    high = high if high > low else low + 1.0
    across = EDGE + (x - x[0]) / max(float(x[-1] - x[0]), 1e-9) * (WIDTH - 2 * EDGE)
    parts = []
    for i, (name, line) in enumerate(series.items()):
        down = EDGE + (high - line) / (high - low) * (HEIGHT - 2 * EDGE)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, down, strict=True) if np.isfinite(b))
        colour = COLOURS[i % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts.append(
            f'<text x="{EDGE + 170 * i}" y="44" font-size="12" fill="{colour}">{escape(name)}</text>'
        )
    for level in (low, 0.5 * (low + high), high):
        y = EDGE + (high - level) / (high - low) * (HEIGHT - 2 * EDGE)
        parts.append(
            f'<text x="6" y="{y + 4:.1f}" font-size="11" fill="#222">{level:.4g} {escape(unit)}</text>'
        )
    for place, way in ((across[0], x[0]), (across[-1], x[-1])):
        parts.append(
            f'<text x="{place - 12:.1f}" y="{HEIGHT - 38}" font-size="11" fill="#222">{way:.4g}</text>'
        )
    parts.append(
        f'<text x="{WIDTH / 2 - 60}" y="{HEIGHT - 14}" font-size="12" fill="#222">{escape(below)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>'  # noqa: E501
        f'<text x="{EDGE}" y="24" font-size="15" fill="#222">{escape(title)}</text>{"".join(parts)}</svg>\n'
    )
