"""The network of a run: links between the satellites of its tables, shell by shell.

Regular shells get the plus-grid: two neighbours in the plane, one in each neighbouring plane, none across
the seam of a star pattern. Element sets and uneven shells get their nearest companions, by place and by
plane, so that the links last. Shells and systems stay apart but for the hand-offs that are declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.space.constellations import OUTSIDE, limits
from rabta.space.network import topology
from rabta.space.network.topology import F8, NONE, Edges, Laser, Network
from rabta.space.propagate import ELEMENTS, moving

if TYPE_CHECKING:
    import pandas as pd

I8 = NDArray[np.int64]
Pairs = Sequence[tuple[str, str]]
SEAM = 1.5  # gap between planes, over the usual gap, at which a star pattern's seam is taken to be
SAME_PLANE_RAD = 1e-4
EVEN = 0.2  # of a slot: spread of the gaps in a plane that still counts as regular
TIE = 0.02  # of a slot
NEIGHBOURS = 12  # satellites of the other system among which a hand-off finds one with a free laser


def network_of(
    satellites: pd.DataFrame,
    systems: pd.DataFrame,
    time: np.datetime64,
    *,
    relays: bool = True,
    handoffs: Pairs = (),
) -> Network:
    """Network of the moving satellites of a run's tables; its rows are those of the ``satellite`` axis.

    Parameters
    ----------
    satellites, systems : DataFrame
        Tables of the run.
    time : datetime64
        Instant (UTC) at which neighbours are sought.
    relays : bool
        False leaves out all links between satellites.
    handoffs : sequence of (str, str)
        Where operators may pass traffic to each other in space: two systems, whose satellites then use the
        lasers that their own links leave free, or two satellites by name.

    Notes
    -----
    Satellites outside their system's shells (on their way up or down) have no links.
    """
    table = moving(satellites)
    columns = {name: table[name].to_numpy(dtype=np.float64) for name in ELEMENTS}
    system = table["system"].to_numpy(dtype=np.int64)
    free = limits(systems, "isl_links").astype(np.int64)[system]
    free[~systems["isl"].to_numpy(dtype=bool)[system] | (table["shell"] == OUTSIDE).to_numpy(dtype=bool)] = 0
    names, owners = tuple(table["name"].astype(str)), tuple(systems["system"].astype(str))
    edges = NONE
    if relays:
        edges = _within(table, columns, time, free)
        edges = _across(edges, handoffs, columns, time, free, (names, owners, system))
    return Network(
        columns,
        names,
        system.astype(np.int32),
        owners,
        edges,
        table["min_elevation_deg"].to_numpy(dtype=np.float64),
        lasers=_lasers(systems),
        gso_avoidance_deg=limits(systems, "gso_avoidance_deg")[system],
    )


def _lasers(systems: pd.DataFrame) -> tuple[Laser, ...]:
    names = ("acquisition_s", "max_km", "polar_cutoff_deg", "slew_deg_s", "sun_deg")
    rows = zip(*(limits(systems, f"isl_{name}").tolist() for name in names), strict=True)
    return tuple(Laser(*row) for row in rows)


def _within(table: pd.DataFrame, columns: dict[str, F8], time: np.datetime64, lasers: I8) -> Edges:
    """Links inside every shell whose satellites have lasers."""
    raan, phase = (np.mod(angle, 2.0 * np.pi) for angle in topology.angles(columns, time))
    linked = np.flatnonzero(lasers > 0)
    shells = (table["constellation"].astype(str) + "/" + table["shell"].astype(str)).iloc[linked]
    found = [NONE]
    for rows in shells.groupby(shells, sort=False).indices.values():
        members = np.sort(linked[rows])
        edges = regular(raan[members], phase[members])
        if edges is None:
            own = {name: values[members] for name, values in columns.items()}
            edges = topology.companions(own, time, lasers=int(lasers[members].max()))
        found.append(np.sort(members[edges], axis=1))
    return topology.limit(np.concatenate(found), lasers)


def regular(raan: F8, phase: F8) -> Edges | None:
    """Plus-grid of a regular shell, or None where planes are uneven.

    Neighbouring planes are joined at the smallest difference of phase; where that is half a slot either way,
    at the one that brings the chain of planes back to the phase of the first. Links in the planes come first.

    Parameters
    ----------
    raan, phase : ndarray, shape (satellite,)
        Node and argument of latitude, 0 to 2 pi.
    """
    planes = _planes(raan, phase)
    if planes is None:
        return None
    count, each = planes.shape
    rings = [np.column_stack([p, np.roll(p, -1)]) for p in planes] if each > 1 else []
    nodes = raan[planes[:, 0]]
    gaps = np.mod(np.diff(np.append(nodes, nodes[0] + 2.0 * np.pi)), 2.0 * np.pi)
    if count == 2:
        gaps[1] = np.inf
    drift, across = 0.0, []
    for p in range(count):
        if count < 2 or gaps[p] > SEAM * np.median(gaps):
            continue
        here, there = planes[p], planes[(p + 1) % count]
        shift, moved = _shift(phase[here[0]], phase[there[0]], 2.0 * np.pi / each, drift)
        drift += moved
        across.append(np.column_stack([here, np.roll(there, -shift)]))
    return _once(np.concatenate([NONE, *rings, *across]))


def _once(edges: Edges) -> Edges:
    """Links with the lower row first, each once (a plane of two closes its ring with the same link)."""
    pairs = np.sort(edges, axis=1)
    keep = np.unique(pairs, axis=0, return_index=True)[1]
    return pairs[np.sort(keep)]


def _planes(raan: F8, phase: F8) -> I8 | None:
    """Members of each plane in order of phase, planes in order of node; None where they are uneven."""
    order = np.argsort(raan, kind="stable")
    breaks = np.flatnonzero(np.diff(raan[order]) > SAME_PLANE_RAD) + 1
    parts = np.split(order, breaks)
    if len(parts) > 1 and raan[parts[0][0]] + 2.0 * np.pi - raan[parts[-1][0]] < SAME_PLANE_RAD:
        parts = [np.concatenate([parts[0], parts[-1]]), *parts[1:-1]]
    if len({len(part) for part in parts}) != 1 or not len(parts[0]):
        return None
    planes = np.array([part[np.argsort(phase[part], kind="stable")] for part in parts])
    steps = np.diff(phase[planes], axis=1)
    even = steps.size == 0 or bool(np.ptp(steps) < EVEN * 2.0 * np.pi / planes.shape[1])
    return planes if even else None


def _shift(first: float, second: float, slot: float, drift: float) -> tuple[int, float]:
    """Slots to turn the next plane by so that partners are in phase, and the phase gained (slots)."""
    ahead = (second - first) / slot
    turns = round(-ahead)
    gained = ahead + turns
    tie = abs(abs(gained) - 0.5) < TIE
    if tie and gained * drift > 1e-9:  # take the side that undoes the drift
        turns -= round(2 * gained)
        gained = ahead + turns
    elif tie and abs(drift) <= 1e-9 and gained < 0.0:
        turns, gained = turns + 1, gained + 1.0
    return turns, gained


def _across(
    edges: Edges,
    handoffs: Pairs,
    columns: dict[str, F8],
    time: np.datetime64,
    lasers: I8,
    known: tuple[tuple[str, ...], tuple[str, ...], I8],
) -> Edges:
    """Links of a run and those between operators, while lasers last."""
    names, owners, system = known
    for first, second in handoffs:
        if first in owners and second in owners:
            here, there = (np.flatnonzero(system == owners.index(name)) for name in (first, second))
            more = _nearest(here, there, columns, time) if first != second else NONE
        else:
            unknown = next((name for name in (first, second) if name not in names), "")
            if unknown:
                expected = f"a satellite's name or a system of the run: {nearest(unknown, owners)}"
                raise RabtaError("hand-off of nobody", key="space.handoffs", value=unknown, expected=expected)
            more = topology.named([(first, second)], names)
        edges = topology.limit(_once(np.concatenate([edges, more])), lasers)
    return edges


def _nearest(first: I8, second: I8, columns: dict[str, F8], time: np.datetime64) -> Edges:
    """Pairs of satellites of two systems by rising distance of place and plane, the nearest of each."""
    from scipy.spatial import cKDTree

    if not (len(first) and len(second)):
        return NONE
    feature = topology.features(columns, time)
    width = min(NEIGHBOURS, len(second))
    far, near = cKDTree(feature[second]).query(feature[first], k=[*range(1, width + 1)])
    pairs = np.column_stack([np.repeat(first, width), second[near.ravel()]])
    order = np.lexsort((pairs[:, 1], pairs[:, 0], np.round(far.ravel(), 12)))
    return np.sort(pairs[order], axis=1)
