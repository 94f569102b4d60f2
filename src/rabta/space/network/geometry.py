"""Lengths of all links at every step: between satellites, and from ground sites to satellites in view.

Two rules. `correct` has sites on the WGS84 ellipsoid, the true elevation over it, and links between
satellites that keep clear of the Earth. `compat_hypatia` does as Hypatia's satgenpy (snkas/hypatia, MIT)
does, so that results published with it can be met: sites on the ellipsoid of WGS72, and a ground link
wherever the distance is at most that from the rim of a flat cone, with no look at the horizon.

Time is UTC, the satellites' frame TEME; sites are turned into it by mean sidereal time (see
`rabta.space.frames.earth_fixed` for what that leaves out). Radio and laser run in vacuum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError, nearest
from rabta.geo import WGS84_A_M, WGS84_F, east_north_up
from rabta.space import orbits
from rabta.space.network.gso import arc_table, avoidance_table, separation_deg
from rabta.space.network.topology import F8, I4, Network
from rabta.times import gmst_rad, julian_date

U1 = NDArray[np.uint8]
Times = NDArray[np.datetime64]

WGS72_A_M = 6_378_135.0  # as Hypatia has it (distance_tools.py, main_*.py)
WGS72_F = 1.0 / 298.26
CLEARANCE_M = 80e3  # height that laser links keep: Hypatia's limit against weather
WIDTH, SHARE = 32, 50  # places of a list of satellites in view at first, and one more for so many satellites


@dataclass(frozen=True)
class Rule:
    """When a link holds.

    Attributes
    ----------
    axis_m, flattening : float
        Ellipsoid of the sites.
    elevation : bool
        True where ground links hold from the least elevation up, False where within `ground_m` only.
    ground_m, laser_m : float
        Longest ground link, and longest link between satellites.
    grazing_m : float
        Distance from the Earth's centre that a link between satellites keeps; 0 for none.
    arc : bool
        True where ground links keep the network's angles to the geostationary arc.
    lasers : bool
        True where the limits of the network's laser terminals hold.
    """

    name: str
    axis_m: float
    flattening: float
    elevation: bool
    ground_m: float = math.inf
    laser_m: float = math.inf
    grazing_m: float = 0.0
    arc: bool = False
    lasers: bool = False


def correct(
    clearance_m: float = CLEARANCE_M, laser_m: float = math.inf, *, arc: bool = True, lasers: bool = True
) -> Rule:
    """True geometry: ellipsoid of WGS84, elevation, links clear of the Earth, its weather and the arc."""
    grazing = WGS84_A_M + clearance_m
    return Rule("correct", WGS84_A_M, WGS84_F, True, math.inf, laser_m, grazing, arc, lasers)


def compat_hypatia(ground_m: float, laser_m: float) -> Rule:
    """Rule of Hypatia: the limits of its ``description.txt``."""
    return Rule("compat-hypatia", WGS72_A_M, WGS72_F, False, ground_m, laser_m)


def cone_m(altitude_m: float, elevation_deg: float) -> float:
    """Hypatia's longest ground link: over a flat Earth, a cone of radius ``altitude / tan(elevation)``.

    Source: Hypatia, ``main_telesat_1015.py``. On the round Earth it reaches below the horizon.

    Examples
    --------
    >>> round(cone_m(1015e3, 10.0) / 1e3, 3)
    5845.152
    """
    return math.hypot(altitude_m / math.tan(math.radians(elevation_deg)), altitude_m)


def grazing_length_m(
    altitude_m: float, clearance_m: float = CLEARANCE_M, radius_m: float = WGS72_A_M
) -> float:
    """Longest link between satellites at one altitude that stays above a clearance (Hypatia, ``main_*.py``).

    Examples
    --------
    >>> round(grazing_length_m(550e3) / 1e3)
    5017
    """
    return 2.0 * math.sqrt((radius_m + altitude_m) ** 2 - (radius_m + clearance_m) ** 2)


def horizon_m(altitude_m: float, radius_m: float = WGS84_A_M) -> float:
    """Longest ground link of all: to a satellite on the horizon of a round Earth.

    Examples
    --------
    >>> round(horizon_m(550e3) / 1e3)
    2705
    """
    return math.sqrt(altitude_m * (2.0 * radius_m + altitude_m))


@dataclass(frozen=True)
class Sites:
    """Ground sites.

    Attributes
    ----------
    lat_deg, lon_deg, height_m : ndarray, shape (site,)
        Geodetic.
    min_elevation_deg : ndarray, shape (site,)
        Lowest elevation of the site's antenna; the satellite's own limit holds as well.
    systems : tuple of tuple of str
        Systems that each site has terminals of; empty for all.
    """

    names: tuple[str, ...]
    lat_deg: F8
    lon_deg: F8
    height_m: F8
    min_elevation_deg: F8
    systems: tuple[tuple[str, ...], ...] = field(default=())

    @classmethod
    def of(cls, places: Iterable[tuple[str, float, float]], min_elevation_deg: float = 0.0) -> Sites:
        """Sites at sea level from (name, latitude, longitude)."""
        listed = list(places)
        lat, lon = (np.array([place[i] for place in listed], dtype=np.float64) for i in (1, 2))
        least = np.full(len(listed), min_elevation_deg)
        return cls(tuple(str(place[0]) for place in listed), lat, lon, np.zeros(len(listed)), least)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("lat_deg", -90.0, 90.0),
            ("lon_deg", -180.0, 360.0),
            ("height_m", -500.0, 10_000.0),
            ("min_elevation_deg", 0.0, 90.0),
        ):
            value = np.asarray(getattr(self, name))
            wrong = ~((value >= low) & (value <= high))
            if wrong.any():
                row = int(wrong.argmax())
                key = f"{self.names[row]}: {name}"
                expected = f"{low:g} to {high:g}"
                raise RabtaError("site out of range", key=key, value=value[row], expected=expected)


@dataclass(frozen=True)
class Scene:
    """Lengths of links at some steps.

    Attributes
    ----------
    length_m : ndarray, shape (time, arc)
        Links between satellites, by the arcs of the network; infinity where there is none.
    count : ndarray of int32, shape (time, site)
        Satellites in view.
    seen, range_m : ndarray, shape (time, site, place)
        Their rows (rising) and distances; the first `count` places count.
    """

    length_m: F8
    count: I4
    seen: I4
    range_m: F8


@dataclass(frozen=True)
class _Inputs:
    """What the kernel and its reference take."""

    teme_m: F8
    errors: U1
    cosine: F8
    sine: F8
    site_m: F8
    up: F8
    allowed: U1
    farthest_m: F8
    least_sine: F8
    gso: F8
    keep: F8


def scene(network: Network, sites: Sites, times: Times, rule: Rule) -> Scene:
    """Lengths of all links.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (time,)
        UTC.
    """
    given = _inputs(network, sites, times, rule)
    width = min(network.size, WIDTH + network.size // SHARE)
    while True:
        made = _look(given, network, rule, width)
        most = int(made.count.max(initial=0))
        if most <= width:
            return _held(made, network, times, rule)
        width = min(network.size, 2 * most)


def _held(made: Scene, network: Network, times: Times, rule: Rule) -> Scene:
    """Take out the links that the limits of their terminals, or their acquisition, keep from carrying."""
    from rabta.space.events import lasers

    if rule.lasers and lasers.limited(network):
        held = lasers.carrying(network, np.atleast_1d(times), rule)
        made.length_m[:, network.arcs[2]] = np.where(
            held[:, :, None], made.length_m[:, network.arcs[2]], np.inf
        )
    return made


def _look(given: _Inputs, network: Network, rule: Rule, width: int) -> Scene:
    from rabta.space.network._kernels import look

    steps, sites, arcs = len(given.cosine), len(given.site_m), network.arcs
    made = Scene(
        np.empty((steps, len(arcs[1]))),
        np.zeros((steps, sites), dtype=np.int32),
        np.empty((steps, sites, width), dtype=np.int32),
        np.empty((steps, sites, width)),
    )
    jit.each_part(
        look, steps, given.teme_m, given.errors, given.cosine, given.sine, given.site_m, given.up,
        given.allowed, given.farthest_m, given.least_sine, given.gso, given.keep,
        network.edges.astype(np.int32), arcs[2], rule.laser_m, rule.grazing_m,
        made.length_m, made.count, made.seen, made.range_m,
    )  # fmt: skip
    return made


def _inputs(network: Network, sites: Sites, times: Times, rule: Rule) -> _Inputs:
    day, fraction = (np.atleast_1d(part) for part in julian_date(times))
    teme_m, errors = orbits.states_at(network.orbits, day, fraction, np.zeros(day.size))
    angle = gmst_rad(day, fraction)
    up = np.ascontiguousarray(east_north_up(sites.lat_deg, sites.lon_deg)[:, 2])
    here = site_positions_m(sites, rule)
    keep = network.gso_avoidance_deg if rule.arc and network.gso_avoidance_deg is not None else 0.0
    return _Inputs(
        teme_m,
        errors,
        np.cos(angle),
        np.sin(angle),
        here,
        up,
        _allowed(network, sites),
        np.full(network.size, rule.ground_m),
        _least_sine(network, sites, rule),
        arc_table(here, up),
        avoidance_table(keep, network.size),
    )


def site_positions_m(sites: Sites, rule: Rule) -> F8:
    """Earth-fixed positions of sites on a rule's ellipsoid, shape (site, 3); NIMA TR8350.2, equation 4-14."""
    lat, lon = np.radians(sites.lat_deg), np.radians(sites.lon_deg)
    square = rule.flattening * (2.0 - rule.flattening)
    radius = rule.axis_m / np.sqrt(1.0 - square * np.sin(lat) ** 2)
    flat = (radius + sites.height_m) * np.cos(lat)
    z = (radius * (1.0 - square) + sites.height_m) * np.sin(lat)
    return np.ascontiguousarray(np.stack([flat * np.cos(lon), flat * np.sin(lon), z], axis=-1))


def _allowed(network: Network, sites: Sites) -> U1:
    """Satellites that each site has a terminal for; one row where all have all."""
    if not sites.systems:
        return np.ones((1, network.size), dtype=np.uint8)
    for name in (name for held in sites.systems for name in held):
        if name not in network.systems:
            raise RabtaError(
                "site with a terminal of an unknown system",
                value=name,
                expected=nearest(name, network.systems),
            )
    held = [[not own or name in own for name in network.systems] for own in sites.systems]
    return np.ascontiguousarray(np.array(held, dtype=np.uint8)[:, network.system])


def _least_sine(network: Network, sites: Sites, rule: Rule) -> F8:
    """Sine of the least elevation by site and satellite; one row where all sites are alike."""
    if not rule.elevation:
        return np.full((1, network.size), -2.0)
    own = sites.min_elevation_deg
    own = own[:1] if (own == own[0]).all() else own
    least = np.maximum(own[:, None], network.min_elevation_deg)
    return np.ascontiguousarray(np.sin(np.radians(least)))


def scene_reference(network: Network, sites: Sites, times: Times, rule: Rule) -> Scene:
    """Same as `scene`, in NumPy."""
    given = _inputs(network, sites, times, rule)
    place = np.moveaxis(np.where(given.errors[:, None] == 0, given.teme_m, np.nan), 1, 2)
    first, second = place[network.edges[:, 0]], place[network.edges[:, 1]]
    length = _links_reference(first, second, rule)
    out = np.empty((len(given.cosine), 2 * len(network.edges)))
    out[:, network.arcs[2]] = length.T[:, :, None]
    turn = np.array([[given.cosine, -given.sine], [given.sine, given.cosine]])
    found = [_views_reference(given, place[:, t], turn[..., t]) for t in range(len(given.cosine))]
    count = np.array([[len(rows) for rows, _ in step] for step in found], dtype=np.int32)
    shape = (*count.shape, max(int(count.max(initial=0)), WIDTH))
    seen, range_m = np.zeros(shape, dtype=np.int32), np.zeros(shape)
    for t, step in enumerate(found):
        for g, (rows, metres) in enumerate(step):
            seen[t, g, : len(rows)], range_m[t, g, : len(rows)] = rows, metres
    return Scene(out, count, seen, range_m)


def _links_reference(first: F8, second: F8, rule: Rule) -> F8:
    way = second - first
    square = (way**2).sum(axis=-1)
    length = np.sqrt(square)
    along = -(first * way).sum(axis=-1)
    foot = (first**2).sum(axis=-1) - along**2 / np.maximum(square, 1e-9)
    low = (rule.grazing_m > 0) & (along > 0) & (along < square) & (foot < rule.grazing_m**2)
    return np.where((length <= rule.laser_m) & ~low, np.maximum(length, 1e-3), np.inf)


def _views_reference(given: _Inputs, place: F8, turn: F8) -> list[tuple[I4, F8]]:
    out = []
    for g, (site, up) in enumerate(zip(given.site_m, given.up, strict=True)):
        here, axis = (np.append(turn @ vector[:2], vector[2]) for vector in (site, up))
        way = place - here
        metres = np.sqrt((way**2).sum(axis=1))
        least = given.least_sine[min(g, len(given.least_sine) - 1)]
        good = (metres <= given.farthest_m) & (way @ axis >= least * metres)
        rows = np.flatnonzero(good & (given.allowed[min(g, len(given.allowed) - 1)] != 0))
        if len(given.keep):
            cosine = np.cos(np.radians(separation_deg(here[None], axis[None], place[rows])[0]))
            rows = rows[~(cosine > given.keep[rows, 0])]
        out.append((rows.astype(np.int32), metres[rows]))
    return out


def ground_elevations_deg(network: Network, sites: Sites, times: Times, rule: Rule) -> F8:
    """Elevations of all ground links that a rule allows, over all steps, as one list."""
    given, made = _inputs(network, sites, times, rule), scene(network, sites, times, rule)
    out = []
    for t in range(len(given.cosine)):
        turn = np.array([[given.cosine[t], -given.sine[t]], [given.sine[t], given.cosine[t]]])
        for g in range(len(given.site_m)):
            rows, metres = (a[t, g, : made.count[t, g]] for a in (made.seen, made.range_m))
            here, axis = (np.append(turn @ v[:2], v[2]) for v in (given.site_m[g], given.up[g]))
            out.append(np.degrees(np.arcsin((given.teme_m[rows, :, t] - here) @ axis / metres)))
    return np.concatenate(out) if out else np.empty(0)
