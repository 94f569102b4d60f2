"""The fibre backbone, modelled: cheapest routes over the terrain between the seats, and their cable lengths.

No public layer of fibre exists for the country. Routes are found on a graph of the cells; lengths are fitted
to the published lengths of national highways, beside which long-haul cable is laid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree
from tools.data.inputs import Array

Rows = NDArray[np.int64]

GRADE_COST = 25.0  # extra cost of a route for a grade of 1 between valley floors
GLACIER_M, GLACIER_COST = 4_700.0, 4.0  # valley floors above the pass of Khunjerab are not built on
STRETCH = 1.5  # of the backbone: longest way round between seats that are near
EXITS = (
    ("Khunjerab", 36.850, 75.428),
    ("Torkham", 34.120, 71.090),
    ("Chaman", 30.920, 66.450),
    ("Taftan", 28.970, 61.570),
)
# The one long-haul cable whose route is published by place: Special Communications Organization, 820 km of
# buried cable "via Karimabad, Gilgit, Chilas, Babusar Top, Naran, Mansehra" (urdupoint.com, 5 Sept 2016).
LAID = (
    ("Rawalpindi", 33.600, 73.050),
    ("Mansehra", 34.333, 73.200),
    ("Naran", 34.910, 73.650),
    ("Babusar Top", 35.146, 74.050),
    ("Chilas", 35.420, 74.100),
    ("Gilgit", 35.920, 74.310),
    ("Karimabad", 36.320, 74.660),
    ("Khunjerab", 36.850, 75.428),
)
REUSED = 0.1  # cost of a way along laid cable over that of a new one
EARTH_KM = 6_371.0088


@dataclass(frozen=True)
class Ground:
    """The graph of the cells: what each edge costs to build, and how long its cable is.

    The cable is ``detour * line + winding * relief * line``: line in km between the cells' centres, relief
    in km (standard deviation of the height in the cells). Both factors are fitted to the published lengths
    of national highways (``highways.csv``); see `fitted`.

    Attributes
    ----------
    place : ndarray, shape (cell, 3)
        Centres of the cells on the unit sphere.
    """

    place: Array
    cost: sparse.csr_array
    line: sparse.csr_array
    wound: sparse.csr_array
    detour: float = 1.0
    winding: float = 0.0

    @property
    def length(self) -> sparse.csr_array:
        """Cable length of each edge, km."""
        return self.detour * self.line + self.winding * self.wound

    def nearest(self, lat_deg: float, lon_deg: float) -> int:
        """Row of the cell whose centre is nearest."""
        return int(cKDTree(self.place).query(unit(np.array([lat_deg]), np.array([lon_deg])))[1][0])


def unit(lat_deg: Array, lon_deg: Array) -> Array:
    """Places on the unit sphere."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def names(cells: pd.Series) -> list[str]:
    """Cells as H3 strings, whether they are given as strings or as integers."""
    return [cell if isinstance(cell, str) else h3.int_to_str(int(cell)) for cell in cells]


def floor_m(points: pd.DataFrame, count: int) -> Array:
    """Lowest terrain of each cell."""
    out = np.full(count, np.inf)
    np.minimum.at(out, points["row"].to_numpy(), points["height_m"].to_numpy(dtype=np.float64))
    return np.where(np.isfinite(out), out, 0.0)


def ground(cells: pd.Series, floor: Array, rough_m: Array) -> Ground:
    """Graph of the cells, its lengths not yet fitted.

    A cell is joined to its six neighbours, and over the corner to the six cells between two of them: with
    six directions alone a straight line grows by up to 15 % on the grid, with twelve by up to 3.5 %.

    Parameters
    ----------
    floor, rough_m : ndarray, shape (cell,)
        Height in metres of the valley floor of each cell, and the relief inside it.
    """
    listed = names(cells)
    place = unit(*np.asarray([h3.cell_to_latlng(c) for c in listed]).T)
    a, via, b = _steps(listed)
    km = 2.0 * EARTH_KM * np.arcsin(np.linalg.norm(place[a] - place[b], axis=1) / 2.0)
    climb = (np.abs(floor[a] - floor[via]) + np.abs(floor[via] - floor[b])) / 1e3
    relief = (rough_m[a] + rough_m[b]) / 2e3
    high = np.maximum(np.maximum(floor[a], floor[b]), floor[via]) > GLACIER_M
    cost = (km + GRADE_COST * climb) * np.where(high, GLACIER_COST, 1.0)
    return Ground(place, *(_least(a, b, (cost, km, km * relief), len(listed))))


def _steps(listed: list[str]) -> tuple[Rows, Rows, Rows]:
    """Steps from a cell to a near one: start, the cell passed on the way (else the start), end."""
    row_of = {cell: row for row, cell in enumerate(listed)}
    near = [
        [row_of[other] for other in h3.grid_disk(cell, 1) if other != cell and other in row_of]
        for cell in listed
    ]
    short = [(a, a, b) for a, row in enumerate(near) for b in row]
    sets = [set(row) for row in near]
    # The cell over a corner shares two neighbours with the start; the one straight on shares one.
    long = [
        (a, via, b)
        for a, row in enumerate(near)
        for via in row
        for b in near[via]
        if b != a and b not in sets[a] and len(sets[a] & sets[b]) == 2
    ]
    start, middle, end = np.asarray(short + long, dtype=np.int64).T
    return start, middle, end


def _least(a: Rows, b: Rows, values: tuple[Array, ...], count: int) -> list[sparse.csr_array]:
    """One matrix a value; where two ways join the same cells, the one of least first value."""
    order = np.lexsort((values[0], b, a))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0)
    kept = order[first]
    return [sparse.csr_array((v[kept], (a[kept], b[kept])), (count, count)) for v in values]


def fitted(land: Ground) -> tuple[Ground, float]:
    """Fit the cable's two length factors to the highways; also the fit's relative error (rms)."""
    roads = pd.read_csv(Path(__file__).parent / "highways.csv")
    found = []
    for a_lat, a_lon, b_lat, b_lon in roads[["from_lat", "from_lon", "to_lat", "to_lon"]].to_numpy():
        start, end = land.nearest(a_lat, a_lon), land.nearest(b_lat, b_lon)
        i, j = route(land, start, end).T
        found.append([land.line[i, j].sum(), land.wound[i, j].sum()])
    parts = np.asarray(found) / roads["length_km"].to_numpy()[:, None]
    factors = np.linalg.lstsq(parts, np.ones(len(parts)), rcond=None)[0]
    rms = float(np.sqrt(np.mean((parts @ factors - 1.0) ** 2)))
    return replace(land, detour=float(factors[0]), winding=float(factors[1])), rms


def route(land: Ground, start: int, end: int) -> Rows:
    """Edges of the cheapest route between two cells, shape (edge, 2)."""
    _, before = csgraph.dijkstra(land.cost, indices=start, return_predecessors=True)
    return np.asarray(_trace(before, end), dtype=np.int64)


def laid(land: Ground) -> tuple[Ground, Rows]:
    """Ground on which the published cable lies already, and its edges, shape (edge, 2)."""
    stops = [land.nearest(lat, lon) for _, lat, lon in LAID]
    edges = np.concatenate([route(land, a, b) for a, b in pairwise(stops)])
    cost = land.cost.tolil()
    for a, b in edges:
        cost[a, b] = cost[b, a] = cost[a, b] * REUSED
    return replace(land, cost=cost.tocsr()), edges


def seats(cells: pd.DataFrame, tehsils: pd.DataFrame, land: Ground) -> Rows:
    """Rows of the cells where the backbone lands.

    The most populous cell of each district, of each tehsil that has an urban locality, and the land exits.
    """
    rows = set(_populous(cells, ["province", "district"]))
    keys = ["province", "district", "tehsil"]
    urban = pd.MultiIndex.from_frame(tehsils.loc[tehsils["urban_people"] > 0, keys])
    rows |= set(_populous(cells[pd.MultiIndex.from_frame(cells[keys]).isin(urban)], keys))
    rows |= {land.nearest(lat, lon) for _, lat, lon in EXITS}
    return np.asarray(sorted(rows), dtype=np.int64)


def _populous(cells: pd.DataFrame, keys: list[str]) -> list[int]:
    return [int(row) for row in cells.reset_index(drop=True).groupby(keys)["people"].idxmax()]


def network(land: Ground, nodes: Rows, lying: Rows) -> Rows:
    """Edges of the fibre network over the cheapest routes between the nodes, shape (edge, 2).

    Every cell belongs to the node that it is cheapest to reach, and two nodes whose cells touch are
    neighbours, joined by the cheapest route over the border between them; the cheapest tree over all pairs
    uses no other routes (Mehlhorn, Information Processing Letters 27, 1988). Over these pairs runs a greedy
    spanner (Althoefer and others, Discrete and Computational Geometry 9, 1993): in order of cost, each is
    joined unless the network already joins them at `STRETCH` times that cost or less. It holds the cheapest
    tree, and the loops without which a cut would be a long way round. Cable that is lying belongs to it.
    """
    reach, before, source = csgraph.dijkstra(
        land.cost, indices=nodes, min_only=True, return_predecessors=True
    )
    pairs, bridge = _neighbours(land, reach, source)
    kept = _spanner(pairs, _over(land, reach, bridge))
    edges = {(int(a), int(b)) for a, b in lying}
    for a, b in bridge[kept].tolist():
        edges |= {(min(a, b), max(a, b)), *_trace(before, a), *_trace(before, b)}
    return np.asarray(sorted(edges), dtype=np.int64)


def _over(land: Ground, reach: Array, bridge: Rows) -> Array:
    return np.asarray(reach[bridge[:, 0]] + land.cost[bridge[:, 0], bridge[:, 1]] + reach[bridge[:, 1]])


def _neighbours(land: Ground, reach: Array, source: NDArray[np.int32]) -> tuple[Rows, Rows]:
    """Pairs of neighbouring nodes, cheapest first, and the edge by which each crosses the border."""
    coo = land.cost.tocoo()
    ends = np.stack(coo.coords, axis=1).astype(np.int64)
    ends = ends[(source[ends[:, 0]] < source[ends[:, 1]]) & (source[ends[:, 0]] >= 0)]
    over = _over(land, reach, ends)
    pairs = source[ends].astype(np.int64)
    order = np.lexsort((over, pairs[:, 1], pairs[:, 0]))
    first = np.unique(pairs[order], axis=0, return_index=True)[1]
    best = order[first]
    best = best[np.argsort(over[best], kind="stable")]
    return pairs[best], ends[best]


def _spanner(pairs: Rows, cost: Array) -> list[int]:
    """Which of the pairs, cheapest first, the greedy spanner joins."""
    nodes = np.unique(pairs)
    ends = np.searchsorted(nodes, pairs)
    joined = sparse.lil_array((len(nodes), len(nodes)))
    kept = []
    for k, (one, other) in enumerate(ends.tolist()):
        limit = STRETCH * cost[k]
        if csgraph.dijkstra(joined.tocsr(), indices=one, limit=limit)[other] > limit:
            joined[one, other] = joined[other, one] = cost[k]
            kept.append(k)
    return kept


def _trace(before: NDArray[np.int32], end: int) -> list[tuple[int, int]]:
    path = [end]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return [(min(a, b), max(a, b)) for a, b in pairwise(path)]


def edge_km(land: Ground, edges: Rows) -> Array:
    """Cable length of each edge."""
    return np.asarray(land.length[edges[:, 0], edges[:, 1]]).ravel()


def backbone_km(land: Ground, edges: Rows) -> Array:
    """Cable-route distance from each cell to the nearest cell on the network, by the cheapest route.

    A cell that no route joins takes the straight line times the fitted detour.
    """
    on = np.unique(edges)
    cost, before, _ = csgraph.dijkstra(land.cost, indices=on, min_only=True, return_predecessors=True)
    out = np.zeros(len(cost))
    order = np.argsort(cost, kind="stable")
    order = order[before[order] >= 0]
    step = np.asarray(land.length[before[order], order]).ravel()
    for row, km in zip(order, step, strict=True):
        out[row] = out[before[row]] + km
    lost = np.flatnonzero(~np.isfinite(cost))
    chord = cKDTree(land.place[on]).query(land.place[lost])[0] if lost.size else np.zeros(0)
    out[lost] = land.detour * 2.0 * EARTH_KM * np.arcsin(chord / 2.0)
    return out
