"""Inter-satellite links: who is linked to whom within a shell.

Regular shells get the plus-grid: two neighbours in the plane, one in each neighbouring plane. Element sets
and uneven shells get their nearest companions, by place and by plane, so that the links last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.times import julian_date
from rabta.units import GM_EARTH_M3_S2

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
Edges = NDArray[np.int64]
J2 = 1.082616e-3  # WGS72, Spacetrack Report 3
EARTH_RADIUS_M = 6_378_135.0  # WGS72
COMPANIONS = 4  # links that a satellite seeks; others may seek it too
DEGREE = 8  # most links of a satellite that are kept
SEAM_DEG = 1.5  # gap between planes, over the usual gap, at which a star pattern's seam is taken to be


def neighbours(satellites: pd.DataFrame, linked: NDArray[np.bool_], time: np.datetime64) -> NDArray[np.int32]:
    """Links of the moving satellites.

    Parameters
    ----------
    satellites : DataFrame
        Moving rows of the ``satellites`` table.
    linked : bool (satellite,)
        True where the satellite's system has inter-satellite links.
    time : datetime64
        Instant at which companions are sought (UTC).

    Returns
    -------
    ndarray of int32, shape (satellite, degree)
        Rows of the satellites at the other ends; -1 where there is no link.
    """
    raan, phase = angles(satellites, time)
    inclination = np.radians(satellites["inclination_deg"].to_numpy(np.float64))
    shells = satellites["constellation"].astype(str) + "/" + satellites["shell"].astype(str)
    found = [np.empty((0, 2), dtype=np.int64)]
    for rows in shells[linked].groupby(shells[linked]).indices.values():
        members = np.flatnonzero(linked)[rows]
        edges = grid(raan[members], phase[members])
        if edges is None:
            edges = companions(raan[members], phase[members], inclination[members])
        found.append(members[edges])
    return adjacency(np.concatenate(found), len(satellites))


def angles(satellites: pd.DataFrame, time: np.datetime64) -> tuple[F8, F8]:
    """Node and argument of latitude (rad) at an instant, by mean motion and the secular J2 drift.

    Source: Vallado, Fundamentals of Astrodynamics, 4th edition, equations 9-37 and 9-39.
    """
    names = ("raan_deg", "argp_deg", "mean_anomaly_deg", "inclination_deg")
    raan, argp, anomaly, inclination = (np.radians(satellites[n].to_numpy(np.float64)) for n in names)
    motion = satellites["mean_motion_rev_day"].to_numpy(np.float64) * 2.0 * np.pi / 86_400.0
    axis = (GM_EARTH_M3_S2 / motion**2) ** (1.0 / 3.0)
    drift = 1.5 * J2 * motion * (EARTH_RADIUS_M / axis) ** 2
    whole, fraction = julian_date(time)
    elapsed = ((whole - satellites["epoch_jd"].to_numpy(np.float64)) + fraction) * 86_400.0
    node = raan - drift * np.cos(inclination) * elapsed
    perigee = argp + 0.5 * drift * (5.0 * np.cos(inclination) ** 2 - 1.0) * elapsed
    return np.mod(node, 2 * np.pi), np.mod(perigee + anomaly + motion * elapsed, 2 * np.pi)


def grid(raan: F8, phase: F8) -> Edges | None:
    """Plus-grid of a regular shell, or None where planes are uneven.

    Neighbouring planes are joined at the smallest difference of phase; where that is half a slot either way,
    at the one that brings the chain of planes back to the phase of the first.
    """
    planes = _planes(raan, phase)
    if planes is None:
        return None
    count, each = planes.shape
    rings = [np.column_stack([p, np.roll(p, -1)]) for p in planes] if each > 1 else []
    nodes = raan[planes[:, 0]]
    gaps = np.mod(np.diff(np.append(nodes, nodes[0] + 2 * np.pi)), 2 * np.pi)
    if count == 2:
        gaps[1] = np.inf
    drift, across = 0.0, []
    for p in range(count):
        if count < 2 or gaps[p] > SEAM_DEG * np.median(gaps):
            continue
        here, there = planes[p], planes[(p + 1) % count]
        shift, moved = _shift(phase[here[0]], phase[there[0]], 2 * np.pi / each, drift)
        drift += moved
        across.append(np.column_stack([here, np.roll(there, -shift)]))
    return np.concatenate([*rings, *across]) if rings or across else np.empty((0, 2), np.int64)


def _planes(raan: F8, phase: F8) -> NDArray[np.int64] | None:
    """Members of each plane in order of phase, planes in order of node; None where they are uneven."""
    order = np.argsort(raan, kind="stable")
    breaks = np.flatnonzero(np.diff(raan[order]) > 1e-4) + 1
    parts = np.split(order, breaks)
    if len(parts) > 1 and raan[parts[0][0]] + 2 * np.pi - raan[parts[-1][0]] < 1e-4:
        parts = [np.concatenate([parts[0], parts[-1]]), *parts[1:-1]]
    sizes = {len(part) for part in parts}
    if len(sizes) != 1:
        return None
    planes = np.array([part[np.argsort(phase[part], kind="stable")] for part in parts])
    steps = np.diff(phase[planes], axis=1)
    regular = steps.size == 0 or bool(np.ptp(steps) < 0.2 * 2 * np.pi / planes.shape[1])
    return planes if regular else None


def _shift(first: float, second: float, slot: float, drift: float) -> tuple[int, float]:
    """Slots to turn the next plane by so that partners are in phase, and the phase gained (slots)."""
    ahead = (second - first) / slot
    turns = round(-ahead)
    gained = ahead + turns
    if abs(abs(gained) - 0.5) < 0.02 and gained * drift > 1e-9:  # a tie: take the side that undoes the drift
        turns -= round(2 * gained)
        gained = ahead + turns
    elif abs(abs(gained) - 0.5) < 0.02 and abs(drift) <= 1e-9 and gained < 0.0:
        turns += 1
        gained += 1.0
    return turns, gained


def companions(raan: F8, phase: F8, inclination: F8, count: int = COMPANIONS) -> Edges:
    """Nearest satellites by direction from the Earth's centre and by orbital plane together.

    Satellites that cross on other planes are near for a moment only; the distance of the orbits' normals,
    added to that of the directions, leaves them out.
    """
    from scipy.spatial import cKDTree

    if raan.size < 2:
        return np.empty((0, 2), np.int64)
    node = np.stack([np.cos(raan), np.sin(raan), np.zeros_like(raan)], axis=-1)
    tilt = np.cos(inclination)
    rise = np.stack([-np.sin(raan) * tilt, np.cos(raan) * tilt, np.sin(inclination)], axis=-1)
    direction = np.cos(phase)[:, None] * node + np.sin(phase)[:, None] * rise
    feature = np.concatenate([direction, np.cross(node, rise)], axis=-1)
    most = min(count + 1, raan.size)
    _, near = cKDTree(feature).query(feature, k=most)
    mine = np.repeat(np.arange(raan.size), most)
    pairs = np.column_stack([mine, near.reshape(-1)])
    return np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)


def adjacency(edges: Edges, satellites: int) -> NDArray[np.int32]:
    """Ends of each satellite's links, at most `DEGREE`, from a list of pairs."""
    both = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    start = np.searchsorted(both[:, 0], np.arange(satellites))
    rank = np.arange(len(both)) - start[both[:, 0]]
    keep = rank < DEGREE
    table = np.full((satellites, DEGREE), -1, np.int32)
    table[both[keep, 0], rank[keep]] = both[keep, 1]
    return table


def meshes(table: NDArray[np.int32], linked: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Connected mesh of each satellite, numbered from zero; -1 for those without a link."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    rows, places = np.nonzero(table >= 0)
    graph = sparse.csr_matrix((np.ones(rows.size), (rows, table[rows, places])), shape=(len(table),) * 2)
    _, label = connected_components(graph, directed=False)
    alone = ~linked | (table < 0).all(axis=1)
    out = np.full(len(table), -1, np.int32)
    out[~alone] = np.unique(label[~alone], return_inverse=True)[1]
    return out
