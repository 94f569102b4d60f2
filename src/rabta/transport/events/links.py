"""Who serves a place when: exact instants at which its satellite and its gateway change.

A terminal keeps the satellite that stays in view longest, and so does the satellite with its gateways: the
policy ``longest-remaining`` of `rabta.space.events.handover`. Rises and sets are exact to a millisecond
(`rabta.space.events.windows`); the angle to the geostationary arc is kept as the filings ask. No operator
publishes its handover policy: of all policies this one has the fewest handovers (modelled).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.space.events.handover import Links
from rabta.space.events.windows import windows
from rabta.space.orbits import Orbits
from rabta.space.visibility import Ground
from rabta.transport.events.serving import positions, serving
from rabta.units import SPEED_OF_LIGHT_M_S

F8 = NDArray[np.float64]
EDGE_S = 1e-6  # links nearer than this follow each other without a gap
PRECISION_S = 1e-3
LASERS = "lasers"


@dataclass(frozen=True)
class Sky:
    """Satellites of one system.

    Attributes
    ----------
    names : tuple of str
    least_deg, keep_deg : ndarray, shape (satellite,)
        Least elevation of users, and least angle to the geostationary arc (0 for none).
    feeder_deg : float
        Least elevation of gateways.
    lasers : bool
        Whether satellites pass traffic to each other.
    """

    system: str
    names: tuple[str, ...]
    orbits: Orbits
    least_deg: F8
    keep_deg: F8
    feeder_deg: float
    lasers: bool


@dataclass(frozen=True)
class Sites:
    """Named places on the ground.

    Attributes
    ----------
    shut : list of tuple
        Row of a site, begin and end (s) of a time in which it is of no use.
    """

    names: tuple[str, ...]
    ground: Ground
    shut: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Span:
    """What is looked at: seconds from `start` (UTC)."""

    start: np.datetime64
    seconds: float

    def at(self, second: float) -> int:
        """Instant in nanoseconds since 1970."""
        return int(self.start.astype("datetime64[ns]").astype(np.int64)) + round(second * 1e9)


def place_events(sky: Sky, places: Sites, gateways: Sites, span: Span) -> list[dict[str, Any]]:
    """Rows of the ``events`` table for every place that the system serves."""
    if not (sky.names and places.names):
        return []
    seen = windows(sky.orbits, places.ground, span.start, span.seconds, sky.least_deg)
    links = serving(sky.orbits, places.ground, seen, sky.keep_deg)
    used, row_of = np.unique(links.satellite, return_inverse=True)
    landing = _landing(sky, used, gateways, span)
    out: list[dict[str, Any]] = []
    for site in range(len(places.names)):
        rows = np.flatnonzero(links.site == site)
        seen_by = [landing[row_of[r]] for r in rows]
        out += _events(sky, (places, site), links, rows, seen_by, gateways.names, span)
    return out


Landing = list[tuple[int, float, float]]


def _landing(sky: Sky, used: NDArray[np.int64], gateways: Sites, span: Span) -> list[Landing]:
    """Windows of the gateways over each of the used satellites: gateway, rise and set."""
    out: list[Landing] = [[] for _ in used]
    if not (len(gateways.names) and len(used)):
        return out
    seen = windows(sky.orbits[used], gateways.ground, span.start, span.seconds, sky.feeder_deg)
    for site, satellite, rise, end in zip(seen.site, seen.satellite, seen.rise_s, seen.set_s, strict=True):
        for a, b in _open(int(site), float(rise), float(end), gateways.shut):
            out[int(satellite)].append((int(site), a, b))
    return out


def _open(
    site: int, rise: float, end: float, shut: list[tuple[int, float, float]]
) -> list[tuple[float, float]]:
    """Parts of a window outside the times in which the site is of no use."""
    parts = [(rise, end)]
    for row, begin, until in shut:
        if row == site:
            cut = [((a, min(b, begin)), (max(a, until), b)) for a, b in parts]
            parts = [(a, b) for pair in cut for a, b in pair if a < b]
    return parts


def lands(seen: Landing, start_s: float, end_s: float) -> list[tuple[int, float]]:
    """Gateway of a link and those that follow it, each with its begin; -1 where none is in view.

    Examples
    --------
    >>> lands([(0, 0.0, 50.0), (1, 20.0, 90.0)], 10.0, 100.0)
    [(0, 10.0), (1, 50.0), (-1, 90.0)]
    """
    out: list[tuple[int, float]] = []
    now = start_s
    while now < end_s - EDGE_S:
        good = [(end, -site) for site, rise, end in seen if rise <= now + EDGE_S and end > now + EDGE_S]
        if good:
            until, site = max(good)
            out.append((-site, now))
        else:
            until = min((rise for _, rise, _ in seen if rise > now), default=end_s)
            out.append((-1, now))
        now = until
    return out


def _events(
    sky: Sky,
    where: tuple[Sites, int],
    links: Links,
    rows: NDArray[np.int64],
    seen: list[Landing],
    gateways: tuple[str, ...],
    span: Span,
) -> list[dict[str, Any]]:
    """Events of one place, in the order of time."""
    sites, site = where
    out: list[dict[str, Any]] = []
    before, ended, via = "", -np.inf, ""
    for at, row in enumerate(rows):
        start, end = float(links.start_s[row]), float(links.end_s[row])
        satellite = int(links.satellite[row])
        name = sky.names[satellite]
        common = {"subject": sites.names[site], "system": sky.system, "precision_s": PRECISION_S}
        landed = [(_via(sky, gateways, row), when) for row, when in lands(seen[at], start, end)]
        follows = start - ended <= EDGE_S
        kind, old = ("handover", before) if follows else ("link_up", "")
        changed = f"gateway from {via}" if follows and via != landed[0][0] else ""
        look = _look(sky, where, satellite, start, span)
        first = {"kind": kind, "from": old, "to": name, "via": landed[0][0], "detail": changed}
        out.append({"time_ns": span.at(start), **first, **look, **common})
        via = landed[0][0]
        for new, when in landed[1:]:
            moved = {"kind": "gateway_handover", "from": via, "to": new, "via": new, "detail": name}
            look = _look(sky, where, satellite, when, span)
            out.append({"time_ns": span.at(when), **moved, **look, **common})
            via = new
        last = at + 1 == len(rows) or float(links.start_s[rows[at + 1]]) - end > EDGE_S
        if last and end < span.seconds:
            gone = {"kind": "link_down", "from": name, "to": "", "via": via, "detail": ""}
            out.append({"time_ns": span.at(end), **gone, **_look(sky, where, satellite, end, span), **common})
        before, ended = name, end
    return out


def _via(sky: Sky, gateways: tuple[str, ...], row: int) -> str:
    if row >= 0:
        return gateways[row]
    return LASERS if sky.lasers else ""


def _look(sky: Sky, where: tuple[Sites, int], satellite: int, second: float, span: Span) -> dict[str, float]:
    """Elevation, distance and delay from a place to a satellite."""
    sites, site = where
    found, _ = positions(sky.orbits[np.array([satellite])], span.start, np.array([second]))
    way = found[0, :, 0] - sites.ground.cell_m[site]
    metres = float(np.linalg.norm(way))
    high = float(np.degrees(np.arcsin(float(sites.ground.axes[site, 2] @ way) / metres)))
    return {
        "elevation_deg": high,
        "range_km": metres / 1e3,
        "delay_ms": metres / SPEED_OF_LIGHT_M_S * 1e3,
    }
