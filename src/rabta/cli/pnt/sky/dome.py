"""The sky over a place: tracks of satellites over a day as an SVG."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

SIZE, RADIUS = 520, 220
COLOURS = {"C": "#c0392b", "G": "#2c6fbb", "E": "#2e8b57", "R": "#8e6bbf", "J": "#b8860b"}
NAMES = {"C": "BeiDou", "G": "GPS", "E": "Galileo", "R": "GLONASS", "J": "QZSS"}


def draw(judge: Any, lat: float, lon: float, name: str) -> str:
    """Tracks of all healthy satellites of a day, zenith in the middle, north up."""
    from rabta.pnt.service import geometry, sites

    who = geometry.users(np.array([lat]), np.array([lon]))
    everything = np.ones(judge.satellites.prn.size, dtype=bool)
    unit = sites.sight(who, judge.sky, everything, 0.0)[0]
    middle, parts = SIZE / 2, []
    for elevation in (0, 30, 60):
        r = RADIUS * (90 - elevation) / 90
        parts.append(f'<circle cx="{middle}" cy="{middle}" r="{r:.0f}" fill="none" stroke="#ccc"/>')
        parts.append(f'<text x="{middle + 3}" y="{middle - r + 12:.0f}" fill="#888">{elevation}°</text>')
    of = judge.satellites
    parts += [_track(unit[:, s], str(of.system[s]), str(of.names[s]), middle) for s in range(unit.shape[1])]
    for k, (letter, colour) in enumerate(COLOURS.items()):
        parts.append(f'<text x="12" y="{20 + 16 * k}" fill="{colour}">{NAMES[letter]}</text>')
    far = RADIUS + 12
    for letter, east, south in (("N", 0, -far), ("E", far, 4), ("S", 0, far + 6), ("W", -far, 4)):
        parts.append(f'<text x="{middle + east - 4}" y="{middle + south}" fill="#444">{letter}</text>')
    title = f"Navigation satellites over {escape(name)} in a day"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" font-family="sans-serif"'
    ground = f'<rect width="{SIZE}" height="{SIZE}" fill="#fff"/>'
    return f'{head} font-size="11"><title>{title}</title>{ground}{"".join(parts)}</svg>\n'


def _track(unit: Any, system: str, name: str, middle: float) -> str:
    """Dots of one satellite where it is up, its name at the last."""
    up = np.flatnonzero(np.isfinite(unit[:, 2]))
    if not up.size:
        return ""
    distance = RADIUS * (90.0 - np.degrees(np.arcsin(unit[up, 2]))) / 90.0
    flat = np.hypot(unit[up, 0], unit[up, 1])
    x, y = middle + distance * unit[up, 0] / flat, middle - distance * unit[up, 1] / flat
    colour = COLOURS.get(system, "#666")
    dots = "".join(f"M{a:.1f} {b:.1f}h.1" for a, b in zip(x, y, strict=True))
    faint = 1.0 if system == "C" else 0.3
    ink = f'stroke="{colour}" stroke-width="2" stroke-linecap="round" fill="none" opacity="{faint}"'
    path = f'<path d="{dots}" {ink}><title>{name}</title></path>'
    label = f'<text x="{x[-1] + 4:.0f}" y="{y[-1]:.0f}" fill="{colour}" font-size="9">{name}</text>'
    return path + (label if system == "C" else "")
