"""Who is linked to whom: shells and their inter-satellite links, several shells as one network.

Links are pairs of rows ``(a, b)`` with ``a < b``, in an order that matters: where a satellite has fewer laser
terminals than links, the first ones stay, and Hypatia numbers a satellite's interfaces in that order.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.space.orbits import Orbits, prepare
from rabta.space.propagate import ELEMENTS
from rabta.space.walker import WGS72_J2, WGS72_RADIUS_M, labels, walker
from rabta.times import julian_date
from rabta.units import GM_EARTH_M3_S2

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
Edges = NDArray[np.int64]
Links = Literal["grid", "ring", "nearest", "none"]

LINKS = ("grid", "ring", "nearest", "none")
NONE: Edges = np.empty((0, 2), dtype=np.int64)
ROUND_DEG = 359.999  # a pattern of nodes over less than a full turn has a seam


@dataclass(frozen=True)
class Shell:
    """A Walker shell and its links.

    Attributes
    ----------
    phasing, spread_deg : float
        Walker's F; span of the nodes, 360 for a delta pattern and 180 for a star.
    links : str
        ``grid``: two in the plane and one in each neighbouring plane; ``ring``: in the plane only;
        ``nearest``: to the nearest that move alike; ``none``.
    lasers : int
        Laser terminals of a satellite: the most links that it has.
    """

    name: str
    altitude_km: float
    inclination_deg: float
    planes: int
    per_plane: int
    phasing: float = 0.0
    spread_deg: float = 360.0
    raan0_deg: float = 0.0
    anomaly0_deg: float = 0.0
    epoch_jd: float = 2_451_544.5
    system: str = ""
    links: Links = "grid"
    lasers: int = 4
    min_elevation_deg: float = 25.0


@dataclass(frozen=True)
class Laser:
    """What holds a system's inter-satellite links up; the defaults limit nothing.

    Attributes
    ----------
    acquisition_s : float
        How long the ends must see each other before the link carries.
    max_km : float
        Longest link.
    polar_cutoff_deg : float
        Latitude above which links to other planes are off.
    slew_deg_s : float
        Fastest turn of the line of sight in either satellite's body frame, which looks at the nadir.
    sun_deg : float
        Least angle between the line of sight and the Sun.
    """

    acquisition_s: float = 0.0
    max_km: float = math.inf
    polar_cutoff_deg: float = 90.0
    slew_deg_s: float = math.inf
    sun_deg: float = 0.0


@dataclass(frozen=True)
class Network:
    """Satellites of one or more systems, and the links between them.

    Attributes
    ----------
    elements : dict of ndarray, shape (satellite,)
        Element columns of the ``satellites`` table.
    names : tuple of str
    system : ndarray of int32, shape (satellite,)
        Row in `systems`.
    edges : ndarray, shape (link, 2)
        Rows of the ends, the lower first.
    min_elevation_deg : ndarray, shape (satellite,)
        Lowest elevation at which the satellite's ground links hold.
    lasers : tuple of Laser
        By system; none limits nothing.
    gso_avoidance_deg : ndarray, shape (satellite,)
        Least angle at the ground to the geostationary arc; 0 for none. No array: none for all.
    """

    elements: Mapping[str, F8]
    names: tuple[str, ...]
    system: I4
    systems: tuple[str, ...]
    edges: Edges
    min_elevation_deg: F8
    lasers: tuple[Laser, ...] = ()
    gso_avoidance_deg: F8 | None = None

    def __post_init__(self) -> None:
        check_edges(self.edges, len(self.names))

    @property
    def size(self) -> int:
        """Number of satellites."""
        return len(self.names)

    @cached_property
    def orbits(self) -> Orbits:
        """Constants of all satellites' orbits."""
        return prepare(self.elements)

    @cached_property
    def arcs(self) -> tuple[I4, I4, I4]:
        """Links as arcs: start of each satellite's arcs, their far ends (rising), both arcs of each link."""
        both = np.concatenate([self.edges, self.edges[:, ::-1]])
        order = np.lexsort((both[:, 1], both[:, 0]))
        begin = np.searchsorted(both[order, 0], np.arange(self.size + 1)).astype(np.int32)
        place = np.empty(len(both), dtype=np.int32)
        place[order] = np.arange(len(both), dtype=np.int32)
        arc = np.ascontiguousarray(place.reshape(2, -1).T)
        return begin, both[order, 1].astype(np.int32), arc

    @property
    def degree(self) -> NDArray[np.int64]:
        """Links of each satellite."""
        return np.bincount(self.edges.ravel(), minlength=self.size)


def shell_network(shell: Shell) -> Network:
    """Satellites and links of one shell.

    Examples
    --------
    >>> net = shell_network(Shell("S1", 550.0, 53.0, planes=72, per_plane=22, phasing=39))
    >>> net.size, len(net.edges), set(net.degree.tolist())
    (1584, 3168, {4})
    """
    columns = walker(
        shell.altitude_km,
        shell.inclination_deg,
        shell.planes,
        shell.per_plane,
        phasing=shell.phasing,
        spread_deg=shell.spread_deg,
        raan0_deg=shell.raan0_deg,
        anomaly0_deg=shell.anomaly0_deg,
        epoch_jd=shell.epoch_jd,
    )
    total = shell.planes * shell.per_plane
    return Network(
        columns,
        tuple(labels(shell.planes, shell.per_plane, f"{shell.name} ")),
        np.zeros(total, dtype=np.int32),
        (shell.system or shell.name,),
        limit(_edges(shell, columns), np.full(total, shell.lasers)),
        np.full(total, shell.min_elevation_deg),
    )


def _edges(shell: Shell, columns: Mapping[str, F8]) -> Edges:
    if shell.links == "grid":
        closed = shell.spread_deg > ROUND_DEG
        return grid(shell.planes, shell.per_plane, phasing=shell.phasing, closed=closed)
    if shell.links == "ring":
        return ring(shell.planes, shell.per_plane)
    if shell.links == "nearest":
        return companions(columns, lasers=shell.lasers)
    if shell.links == "none":
        return NONE
    raise RabtaError(
        "no such links", key="links", value=shell.links, expected=nearest(str(shell.links), LINKS)
    )


def ring(planes: int, per_plane: int) -> Edges:
    """Links to the next satellite in the plane, all round.

    Examples
    --------
    >>> ring(1, 3).tolist()
    [[0, 1], [1, 2], [0, 2]]
    """
    plane, slot = (a.ravel() for a in np.indices((planes, per_plane)))
    return _tidy(plane * per_plane + slot, plane * per_plane + (slot + 1) % per_plane)


def grid(
    planes: int, per_plane: int, *, phasing: float = 0.0, closed: bool = True, shift: int | None = None
) -> Edges:
    """Plus-grid: the ring of every plane, and a link to the next plane.

    Parameters
    ----------
    phasing : float
        Walker's F: the next plane is F/planes of a slot ahead.
    closed : bool
        True for a delta pattern, whose last plane neighbours the first. In a star pattern these two run
        against each other, and no link crosses that seam.
    shift : int, optional
        Slots by which a link to the next plane goes ahead; without it, to the partner nearest in phase.
        Where it is given, the seam has the same shift, without regard to phasing, as in Hypatia's files.

    Notes
    -----
    In a delta pattern the plane after the last is the first one, F slots on, so that the seam's links are
    shifted by F as well and are like all others.

    Examples
    --------
    >>> grid(3, 3, phasing=1)[-3:].tolist()  # the seam, a slot on
    [[1, 6], [2, 7], [0, 8]]
    """
    plane, slot = (a.ravel() for a in np.indices((planes, per_plane)))
    here, following = plane * per_plane + slot, (plane + 1) % planes
    ahead = np.full(len(plane), -round(phasing / planes) if shift is None else shift)
    if shift is None:
        ahead[plane == planes - 1] += round(phasing)
    there = following * per_plane + (slot + ahead) % per_plane
    most = planes - 1 if not closed or planes == 2 else planes
    across = (plane < most) & (following != plane)
    return np.concatenate([ring(planes, per_plane), _tidy(here[across], there[across])])


def companions(
    columns: Mapping[str, F8], time: np.datetime64 | None = None, *, lasers: int = 4, candidates: int = 12
) -> Edges:
    """Links to the nearest satellites that move alike, at most so many a satellite.

    The distance is that of directions from the Earth's centre and of the orbits' normals together, so that a
    satellite that only crosses is not near. Pairs are linked by rising distance while both have a laser left;
    of equal ones the lower rows first.

    Parameters
    ----------
    time : datetime64, optional
        Instant (UTC) to which nodes and phases are carried by the mean motion and the secular drift of J2;
        without it the first epoch.
    candidates : int
        Neighbours of each satellite that are considered.
    """
    from scipy.spatial import cKDTree

    if len(columns["raan_deg"]) < 2:
        return NONE
    feature = features(columns, time)
    width = min(candidates + 1, len(feature))
    far, near = cKDTree(feature).query(feature, k=width)
    a, b = np.repeat(np.arange(len(feature)), width), near.ravel()
    low, high, distance = np.minimum(a, b), np.maximum(a, b), np.round(far.ravel(), 12)
    order = np.lexsort((high, low, distance))
    return limit(_tidy(low[order], high[order]), np.full(len(feature), lasers))


def features(columns: Mapping[str, F8], time: np.datetime64 | None = None) -> F8:
    """Direction from the Earth's centre and normal of the orbit, unit vectors, shape (satellite, 6)."""
    raan, phase = angles(columns, time)
    tilt = np.radians(np.asarray(columns["inclination_deg"], dtype=np.float64))
    zero = np.zeros_like(raan)
    node = np.stack([np.cos(raan), np.sin(raan), zero], axis=-1)
    rise = np.stack([-np.sin(raan) * np.cos(tilt), np.cos(raan) * np.cos(tilt), np.sin(tilt)], axis=-1)
    direction = np.cos(phase)[:, None] * node + np.sin(phase)[:, None] * rise
    return np.concatenate([direction, np.cross(node, rise)], axis=-1)


def angles(columns: Mapping[str, F8], time: np.datetime64 | None = None) -> tuple[F8, F8]:
    """Node and argument of latitude (rad) at an instant, by mean motion and the secular drift of J2.

    Source: Vallado, Fundamentals of Astrodynamics, 4th edition, equations 9-37 and 9-39.
    """
    names = ("raan_deg", "argp_deg", "mean_anomaly_deg", "inclination_deg")
    raan, argp, anomaly, tilt = (np.radians(np.asarray(columns[n], dtype=np.float64)) for n in names)
    motion = np.asarray(columns["mean_motion_rev_day"], dtype=np.float64) * 2.0 * np.pi / 86_400.0
    axis = (GM_EARTH_M3_S2 / motion**2) ** (1.0 / 3.0)
    drift = 1.5 * WGS72_J2 * motion * (WGS72_RADIUS_M / axis) ** 2
    epoch = np.asarray(columns["epoch_jd"], dtype=np.float64)
    day, fraction = (epoch[0], 0.0) if time is None else julian_date(time)
    elapsed = ((day - epoch) + fraction) * 86_400.0
    perigee = argp + 0.5 * drift * (5.0 * np.cos(tilt) ** 2 - 1.0) * elapsed
    return raan - drift * np.cos(tilt) * elapsed, perigee + anomaly + motion * elapsed


def limit(edges: Edges, lasers: NDArray[np.int64]) -> Edges:
    """Links of a list that find a free laser at both ends, the first ones first.

    Examples
    --------
    >>> limit(np.array([[0, 1], [1, 2], [0, 2]]), np.array([1, 2, 1])).tolist()
    [[0, 1], [1, 2]]
    """
    most = np.bincount(edges.ravel(), minlength=len(lasers))
    if (most <= lasers).all():
        return edges
    free, kept = lasers.tolist(), []
    for row, (a, b) in enumerate(edges.tolist()):
        if free[a] > 0 and free[b] > 0:
            free[a], free[b] = free[a] - 1, free[b] - 1
            kept.append(row)
    return edges[kept]


def join(parts: Sequence[Network], handoffs: Sequence[tuple[str, str]] = ()) -> Network:
    """Several networks as one; between them only the declared links.

    Parameters
    ----------
    parts : sequence of Network
        Rows keep their order. Parts of the same system name become one system.
    handoffs : sequence of (str, str)
        Names of satellites that are linked across parts.
    """
    systems = tuple(dict.fromkeys(name for part in parts for name in part.systems))
    offset = np.cumsum([0, *(part.size for part in parts)])
    names = tuple(name for part in parts for name in part.names)
    own = [part.edges + start for part, start in zip(parts, offset[:-1], strict=True)]
    rows = [np.array([systems.index(name) for name in part.systems])[part.system] for part in parts]
    arcs = [np.zeros(p.size) if p.gso_avoidance_deg is None else p.gso_avoidance_deg for p in parts]
    return Network(
        {name: np.concatenate([part.elements[name] for part in parts]) for name in ELEMENTS},
        names,
        np.concatenate(rows).astype(np.int32),
        systems,
        np.concatenate([*own, named(handoffs, names)]),
        np.concatenate([part.min_elevation_deg for part in parts]),
        lasers=_joined_lasers(parts, systems),
        gso_avoidance_deg=np.concatenate(arcs),
    )


def _joined_lasers(parts: Sequence[Network], systems: tuple[str, ...]) -> tuple[Laser, ...]:
    """Lasers by system; those of the first part that has the system."""
    known: dict[str, Laser] = {}
    for part in parts:
        for name, laser in zip(part.systems, part.lasers, strict=False):
            known.setdefault(name, laser)
    return tuple(known.get(name, Laser()) for name in systems)


def named(pairs: Sequence[tuple[str, str]], names: Sequence[str], file: object = None) -> Edges:
    """Links from pairs of names; a name that is unknown or not unique is refused."""
    if not pairs:
        return NONE
    rows = {name: row for row, name in enumerate(names)}
    if len(rows) != len(names):
        twice = next(name for row, name in enumerate(names) if rows[name] != row)
        raise RabtaError("name of two satellites", file=file, key="name", value=twice, expected="one each")
    for name in (name for pair in pairs for name in pair):
        if name not in rows:
            raise RabtaError(
                "link to an unknown satellite", file=file, value=name, expected=nearest(name, rows)
            )
    ends = np.array([[rows[a], rows[b]] for a, b in pairs])
    return _tidy(ends[:, 0], ends[:, 1])


def read_links(path: Path, names: Sequence[str]) -> Edges:
    """Links of a user's table: a CSV file with the columns ``from`` and ``to``, names of satellites."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        if not {"from", "to"} <= set(table.fieldnames or ()):
            raise RabtaError(
                "table of links without its columns", file=path, value=table.fieldnames, expected="from, to"
            )
        pairs = [((row["from"] or "").strip(), (row["to"] or "").strip()) for row in table]
    return named(pairs, names, path)


def check_edges(edges: Edges, satellites: int, file: object = None) -> None:
    """Refuse links to nowhere, to oneself, and twice."""
    problem, row = "", 0
    low, high = edges[:, 0], edges[:, 1]
    for text, wrong in (
        ("link to a satellite that does not exist", (low < 0) | (high >= satellites)),
        ("link whose first end is not the lower row", low >= high),
        ("link given twice", ~_first(low * max(satellites, 1) + high)),
    ):
        if not problem and wrong.any():
            problem, row = text, int(wrong.argmax())
    if problem:
        pair = " ".join(map(str, edges[row].tolist()))
        expected = f"pairs of different rows below {satellites}, the lower first, each once"
        raise RabtaError(problem, file=file, key=f"link {row}", value=pair, expected=expected)


def _first(keys: Edges) -> NDArray[np.bool_]:
    """True at the first occurrence of each key."""
    out = np.zeros(len(keys), dtype=bool)
    out[np.unique(keys, return_index=True)[1]] = True
    return out


def _tidy(a: Edges, b: Edges) -> Edges:
    """Pairs with the lower row first, without links to oneself and repetitions, in the given order."""
    pairs = np.column_stack([np.minimum(a, b), np.maximum(a, b)]).astype(np.int64)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    return pairs[_first(pairs[:, 0] * (int(pairs.max(initial=0)) + 1) + pairs[:, 1])]
