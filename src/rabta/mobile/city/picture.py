"""A traced map as an image, and as a drawing with buildings, sites and a scale."""

from __future__ import annotations

import base64
import struct
import zlib
from html import escape

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.city.trace import Traced

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]

STOPS = np.array([[24, 15, 62], [114, 31, 129], [205, 64, 113], [253, 159, 108], [252, 253, 191]])
NOTHING = np.array([235, 235, 235])
WIDE = 760


def colours(values: Array, low: float, high: float) -> Bytes:
    """Red, green and blue of values between two ends, shape (..., 3); grey where nothing arrives."""
    part = np.clip((np.nan_to_num(values, neginf=low) - low) / max(high - low, 1e-9), 0.0, 1.0)
    axis = np.linspace(0.0, 1.0, len(STOPS))
    found = np.stack([np.interp(part, axis, STOPS[:, i]) for i in range(3)], axis=-1)
    return np.where(np.isfinite(values)[..., None], found, NOTHING).round().astype(np.uint8)


def png(pixels: Bytes) -> bytes:
    """PNG of pixels, shape (row, column, 3), the first row on top (ISO/IEC 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, columns = pixels.shape[:2]
    lines = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def draw(found: Traced, values: Array, title: str, unit: str) -> str:
    """SVG of a map, shape (row, column), rows going north; it stands alone."""
    seen = values[np.isfinite(values)]
    low, high = (float(v) for v in np.percentile(seen, [2.0, 98.0])) if seen.size else (0.0, 1.0)
    west, south = float(found.x_m.min()), float(found.y_m.min())
    width, height = (
        float(np.ptp(found.x_m)) + found.request.cell_m,
        float(np.ptp(found.y_m)) + found.request.cell_m,
    )
    scale = WIDE / width
    tall = height * scale

    def at(x: float, y: float) -> str:
        return f"{(x - west) * scale:.1f},{tall - (y - south) * scale:.1f}"

    image = base64.b64encode(png(colours(values[::-1], low, high))).decode()
    shapes = [
        f'<polygon points="{" ".join(at(x, y) for x, y in ring.tolist())}" fill="none" stroke="#222"/>'
        for ring in (found.blocks.outline if found.blocks else ())
    ]
    dots = [
        f'<circle cx="{at(x, y).split(",")[0]}" cy="{at(x, y).split(",")[1]}" r="5" '
        'fill="#1f8f4d" stroke="#fff"/>'
        for x, y, _, _ in found.request.sites
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -64 {WIDE} {tall + 70:.0f}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif">'
        f'<rect x="0" y="-64" width="{WIDE}" height="{tall + 70:.0f}" fill="#fff"/>'
        f'<text x="4" y="-44" font-size="15" fill="#222">{escape(title)}</text>{_scale(low, high, unit)}'
        f'<image width="{WIDE}" height="{tall:.0f}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{image}" style="image-rendering:pixelated"/>'
        f"{''.join(shapes)}{''.join(dots)}{marks(WIDE - 40.0, -14.0, scale, WIDE / 4.0)}</svg>\n"
    )


def marks(right: float, low: float, pixels_a_metre: float, most: float) -> str:
    """Scale bar of 1, 2 or 5 times a power of ten metres that ends at a place, and an arrow to the north.

    Parameters
    ----------
    right, low : float
        End of the bar, pixels; the arrow stands 20 to the right of it.
    most : float
        Longest bar, pixels.
    """
    exponent = int(np.floor(np.log10(most / pixels_a_metre)))
    steps = [m * 10.0**e for e in (exponent, exponent - 1) for m in (5, 2, 1)]
    metres = next(m for m in steps if m * pixels_a_metre <= most)
    wide = metres * pixels_a_metre
    words = f"{metres / 1e3:g} km" if metres >= 1e3 else f"{metres:g} m"
    return (
        f'<path class="bar" d="M{right - wide:.1f},{low - 5:.1f}V{low:.1f}H{right:.1f}V{low - 5:.1f}" '
        f'fill="none" stroke="#222"/><text x="{right - wide / 2:.1f}" y="{low - 7:.1f}" font-size="12" '
        f'text-anchor="middle" fill="#222">{words}</text>'
        f'<path class="north" d="M{right + 15:.1f},{low:.1f}l5,-12l5,12l-5,-3z" fill="#222"/>'
        f'<text x="{right + 20:.1f}" y="{low - 14:.1f}" font-size="12" '
        'text-anchor="middle" fill="#222">N</text>'
    )


def _scale(low: float, high: float, unit: str) -> str:
    """Bar of colours with its ends."""
    bar = base64.b64encode(png(colours(np.linspace(low, high, 64)[None, :], low, high))).decode()
    return (
        f'<image x="60" y="-34" width="200" height="14" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{bar}"/>'
        f'<text x="54" y="-22" font-size="12" text-anchor="end" fill="#222">{low:.0f}</text>'
        f'<text x="266" y="-22" font-size="12" fill="#222">{high:.0f} {escape(unit)}; grey: nothing; '
        "dots: sites</text>"
    )
