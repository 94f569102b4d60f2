"""Picture of positions: scatter in the plane, east, north and up over time; SVG that stands alone."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.cli.locate.run import Found
from rabta.pnt.position.accuracy import Accuracy

Array = NDArray[np.float64]

WIDE, TALL, SIDE, LEFT, TOP = 1000, 470, 360, 50, 60
MOST = 4000  # points drawn
COLOURS = ("#1f5fa8", "#2e7d4f", "#b3281e")


def draw(found: Found, errors: Accuracy | None) -> str:
    """SVG of errors, or without a truth of deviations from the median position."""
    enu = errors.enu_m if errors is not None else _about_median(found.position_m)
    keep = np.flatnonzero(np.isfinite(enu[:, 0]))
    keep = keep[:: max(1, -(-keep.size // MOST))]
    hours = (found.times - found.times[0]) / 3.6e12
    about = "the truth" if errors is not None else "the median position"
    title = f"{found.asked.observations.name}, {found.asked.mode}, systems {found.asked.systems}"
    words = f"{int(np.isfinite(found.position_m[:, 0]).sum())} of {found.times.size} epochs, about {about}"
    if errors is not None:
        words += f"; 95 %: horizontal {errors.horizontal_m():.3g} m, vertical {errors.vertical_m():.3g} m"
    parts = [_text(LEFT, 24, title, 15), _text(LEFT, 42, words, 11)]
    parts += _scatter(enu[keep])
    for k, name in enumerate(("East, m", "North, m", "Up, m")):
        parts += _series(hours[keep], enu[keep, k], float(hours[-1]), TOP + k * 132, name, COLOURS[k])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {TALL}" role="img" '
        'aria-label="Positions about their reference" font-family="sans-serif">'
        f'<rect width="{WIDE}" height="{TALL}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _about_median(position_m: Array) -> Array:
    middle = np.nanmedian(position_m, axis=0)
    lat, lon, _ = geo.geodetic_from_ecef(middle)
    return np.asarray((position_m - middle) @ geo.east_north_up(lat, lon).T)


def _reach(values: Array) -> float:
    """Half width of an axis: holds 99 % of the values, to 1, 2 or 5 of a decade."""
    wanted = max(float(np.percentile(np.abs(values), 99.0)) * 1.1 if values.size else 1.0, 1e-3)
    decade = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step * decade for step in (1.0, 2.0, 5.0, 10.0) if step * decade >= wanted))


def _scatter(enu: Array) -> list[str]:
    reach = _reach(enu[:, :2])
    x0, y0, half = LEFT + SIDE / 2, TOP + SIDE / 2, SIDE / 2
    out = [f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>']
    out += [f'<circle cx="{x0}" cy="{y0}" r="{r}" fill="none" stroke="#ddd"/>' for r in (half / 2, half)]
    out.append(f'<path d="M{x0} {TOP}v{SIDE}M{LEFT} {y0}h{SIDE}" stroke="#ddd"/>')
    inside = (np.abs(enu[:, :2]) <= reach).all(axis=1)
    dots = [
        f"M{x0 + e / reach * half:.1f} {y0 - n / reach * half:.1f}h0" for e, n in enu[inside, :2].tolist()
    ]
    out.append(
        f'<path d="{"".join(dots)}" stroke="{COLOURS[0]}" stroke-width="3" stroke-linecap="round" '
        'stroke-opacity="0.5" fill="none"/>'
    )
    beyond = int((~inside).sum())
    note = f"east and north, edge at {reach:g} m" + (f"; {beyond} points beyond it" if beyond else "")
    return [*out, _text(LEFT, TOP + SIDE + 18, note, 11)]


def _series(hours: Array, values: Array, span: float, top: float, name: str, colour: str) -> list[str]:
    reach, left, high = _reach(values), LEFT + SIDE + 70, 104.0
    wide = WIDE - left - 20
    x = left + hours / (span or 1.0) * wide
    y = top + high / 2 - np.clip(values / reach, -1.0, 1.0) * high / 2
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return [
        f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="none" stroke="#999"/>',
        f'<path d="M{left} {top + high / 2}h{wide}" stroke="#ddd"/>',
        f'<path d="{dots}" stroke="{colour}" stroke-width="2" stroke-linecap="round" fill="none"/>',
        _text(left - 6, top + 10, f"{reach:g}", 10, "end"),
        _text(left - 6, top + high, f"-{reach:g}", 10, "end"),
        _text(left, top + high + 14, f"{name}, over {span:.2f} h", 11),
    ]


def _text(x: float, y: float, words: str, size: int, anchor: str = "start") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="#222">{escape(words)}</text>'
    )
