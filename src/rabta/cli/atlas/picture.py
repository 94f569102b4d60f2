"""Pictures of the atlas: one SVG of four maps, without a plotting library."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

SHADES = ("#eef3f8", "#d2e3f0", "#a9cbe2", "#77aed0", "#4489b8", "#1f6397", "#0d3f6d", "#04213f")
STEPS_DB = (2.0, 4.0, 6.0, 10.0, 15.0, 20.0, 30.0)
PANEL, GAP, HEAD = 380.0, 30.0, 54.0
WANTED_GHZ, WANTED = (12.0, 20.0), 99.9


def draw(found: xr.Dataset, name: str) -> str:
    """Maps of the year and of the worst month in two bands, at the first slot."""
    bands = [int(np.argmin(np.abs(found["band"].values - ghz))) for ghz in WANTED_GHZ]
    q = int(np.argmin(np.abs(found["availability"].values - WANTED)))
    lat, lon = found["lat"].values, found["lon"].values
    wide = float(np.cos(np.radians(lat.mean()))) * (lon[-1] - lon[0]) / (lat[-1] - lat[0])
    width, height = (PANEL, PANEL / wide) if wide > 1.0 else (PANEL * wide, PANEL)
    panels = []
    for row, b in enumerate(bands):
        cube = found["attenuation"].values[0, b, :, q].astype(np.float64) / 100.0
        cube[cube < 0.0] = np.nan
        for column, (values, words) in enumerate(
            ((cube[0], "the year"), (_worst(cube[1:]), "its worst month"))
        ):
            x, y = GAP + column * (width + GAP), HEAD + row * (height + GAP + 14.0)
            title = f"{found['band'].values[b]:g} GHz, {found['availability'].values[q]:g} % of {words}"
            panels.append(_panel(values, x, y, width, height, title))
    whole = 2 * (width + GAP) + GAP, HEAD + 2 * (height + GAP + 14.0) + 40.0
    slot = found["slot"].values[0]
    title = f"Attenuation over {name.capitalize()} towards {slot:g} degrees east, dB"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]:.0f} {whole[1]:.0f}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#1b2733"><title>{escape(title)}</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="{GAP}" y="24" font-size="16">{escape(title)}</text>'
        f"{''.join(panels)}{_legend(whole[1] - 24.0)}</svg>\n"
    )


def _worst(months: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest of the months; NaN outside the nation."""
    return np.where(np.isnan(months[0]), np.nan, np.nan_to_num(months).max(axis=0))


def _panel(values: NDArray[np.float64], x: float, y: float, width: float, height: float, title: str) -> str:
    """One map: runs of equal class along each row make one path a class."""
    rows, columns = values.shape
    shade = np.where(np.isnan(values), -1, np.digitize(values, STEPS_DB))
    paths: list[list[str]] = [[] for _ in SHADES]
    for i in range(rows):
        line = shade[rows - 1 - i]  # north is up
        edges = np.flatnonzero(np.diff(line, prepend=-2, append=-2))
        for a, b in pairwise(edges.tolist()):
            if line[a] >= 0:
                paths[line[a]].append(f"M{a} {i}h{b - a}v1h{a - b}z")
    shapes = "".join(
        f'<path fill="{color}" d="{"".join(path)}"/>'
        for color, path in zip(SHADES, paths, strict=True)
        if path
    )
    scale = f"translate({x:.1f} {y + 14:.1f}) scale({width / columns:.5f} {height / rows:.5f})"
    return (
        f'<text x="{x:.1f}" y="{y + 4:.1f}">{escape(title)}</text>'
        f'<g transform="{scale}" shape-rendering="crispEdges">{shapes}</g>'
    )


def _legend(y: float) -> str:
    """Classes and their limits in dB."""
    words = [
        f"under {STEPS_DB[0]:g}",
        *(f"{a:g} to {b:g}" for a, b in pairwise(STEPS_DB)),
    ]
    words.append(f"{STEPS_DB[-1]:g} and more")
    parts = []
    for k, (color, text) in enumerate(zip(SHADES, words, strict=True)):
        x = GAP + 94.0 * k
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{color}" stroke="#8fa3b5"/>')
        parts.append(f'<text x="{x + 17}" y="{y}" font-size="11">{escape(text)}</text>')
    return "".join(parts)
