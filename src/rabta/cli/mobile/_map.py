"""Map of a probability around a place, with sites; SVG that stands alone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHADES = ("#f3f3f3", "#fde0c8", "#fbb37a", "#ec7a3a", "#b8451a", "#5d1f0a")
STEPS = (0.1, 0.5, 0.9, 0.99, 0.999)
WORDS = ("under 10 %", "10 to 50 %", "50 to 90 %", "90 to 99 %", "99 to 99.9 %", "more")
SIZE, EDGE = 640, 70


def draw(
    found: dict[str, Any],
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    masts: tuple[NDArray[np.float64], NDArray[np.float64]],
    drawn: tuple[float, NDArray[np.float64]],
    step: float,
) -> str:
    """Squares shaded by probability, sites as dots; SVG that stands alone."""
    import numpy as np

    from rabta.mobile.city.picture import marks

    middle = (0.5 * (lat.min() + lat.max()), 0.5 * (lon.min() + lon.max()))
    scale = SIZE / (2.0 * found["radius_km"] + step)
    across = 111.2 * np.cos(np.radians(middle[0]))
    x = EDGE / 2 + SIZE / 2 + (lon - middle[1]) * across * scale
    y = EDGE + SIZE / 2 - (lat - middle[0]) * 111.2 * scale
    side = step * scale
    shade = np.searchsorted(STEPS, drawn[1], side="right")
    parts = [
        f'<rect x="{a - side / 2:.1f}" y="{b - side / 2:.1f}" width="{side:.2f}" height="{side:.2f}" '
        f'fill="{SHADES[k]}"/>'
        for a, b, k in zip(x, y, shade, strict=True)
    ]
    east, north = (masts[1] - middle[1]) * across * scale, (masts[0] - middle[0]) * 111.2 * scale
    inside = np.hypot(east, north) <= SIZE / 2
    parts += [
        f'<circle cx="{EDGE / 2 + SIZE / 2 + a:.1f}" cy="{EDGE + SIZE / 2 - b:.1f}" r="1.6" fill="#1f5fa8"/>'
        for a, b in zip(east[inside], north[inside], strict=True)
    ]
    words = f"{found['place']}: is a small aircraft {drawn[0]:g} m above the ground found? Dots: sites"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE + EDGE} {SIZE + 2 * EDGE}" '
        f'role="img" aria-label="{escape(words)}" font-family="sans-serif">'
        '<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{EDGE / 2}" y="26" font-size="15" fill="#222">{escape(words)}</text>'
        f"{_legend()}{''.join(parts)}{marks(SIZE, SIZE + 1.6 * EDGE, scale / 1e3, SIZE / 4.0)}</svg>\n"
    )


def _legend() -> str:
    return "".join(
        f'<rect x="{EDGE / 2 + 110 * i}" y="40" width="14" height="14" fill="{colour}"/>'
        f'<text x="{EDGE / 2 + 110 * i + 19}" y="52" font-size="12" fill="#222">{text}</text>'
        for i, (colour, text) in enumerate(zip(SHADES, WORDS, strict=True))
    )
