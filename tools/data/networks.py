"""Today's networks, modelled: the fibre backbone, mobile coverage and fixed broadband.

No public layer of towers or fibre exists for the country. The models below put published national totals on
the ground by rules that are written out here; every column they make is marked modelled.
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
from tools.data.inputs import Array

# Pakistan Telecommunication Authority: 91 % of people under cellular coverage and 81 % under 3G/4G (annual
# report 2023-24), 92 % (annual report 2024-25); the middle of the first figure is used.
CELLULAR_SHARE = 0.915
BROADBAND_SHARE = 0.81
# PTA, National Broadband Network Forum, December 2024: fixed broadband penetration "less than 2 percent".
FIXED_LINES_PER_PERSON = 0.02
FIXED_LARGEST_SHARE = 0.7  # of the households of a cell
GRADE_COST = 25.0  # extra cost of a route for a grade of 1 between valley floors
GLACIER_M, GLACIER_COST = 4_700.0, 4.0  # valley floors above the pass of Khunjerab are not built on
STRETCH, NEIGHBOURS = 1.5, 6  # of the backbone: longest way round between seats that are near
EXITS = (("Khunjerab", 36.8500, 75.4280),)


@dataclass(frozen=True)
class Ground:
    """The graph of neighbouring cells: what each edge costs to build, and how long its cable is.

    The cable is ``detour * line + winding * relief * line``: line in km between the cells' centres, relief
    in km (standard deviation of the height in the cells). Both factors are fitted to the published lengths
    of national highways (``highways.csv``); see `fitted`.
    """

    names: pd.Series
    cost: sparse.csr_array
    line: sparse.csr_array
    wound: sparse.csr_array
    detour: float = 1.0
    winding: float = 0.0

    @property
    def length(self) -> sparse.csr_array:
        """Cable length of each edge, km."""
        return self.detour * self.line + self.winding * self.wound


def ground(names: pd.Series, floor_m: Array, rough_m: Array) -> Ground:
    """Graph of the cells, its lengths not yet fitted.

    Parameters
    ----------
    floor_m, rough_m : ndarray, shape (cell,)
        Height of the valley floor of each cell, and the relief inside it.
    """
    row_of = {cell: row for row, cell in enumerate(names)}
    pairs = [
        (row, row_of[other])
        for row, cell in enumerate(names)
        for other in h3.grid_disk(cell, 1)
        if other != cell and other in row_of
    ]
    a, b = np.asarray(pairs).T
    centre = np.radians([h3.cell_to_latlng(c) for c in names])
    half = (centre[a] - centre[b]) / 2
    chord = np.sin(half[:, 0]) ** 2 + np.cos(centre[a, 0]) * np.cos(centre[b, 0]) * np.sin(half[:, 1]) ** 2
    km = 2 * 6_371.0088 * np.arcsin(np.sqrt(chord))
    grade = np.abs(floor_m[a] - floor_m[b]) / 1e3 / km
    relief = (rough_m[a] + rough_m[b]) / 2e3
    high = np.maximum(floor_m[a], floor_m[b]) > GLACIER_M
    cost = km * (1.0 + GRADE_COST * grade) * np.where(high, GLACIER_COST, 1.0)
    made = [sparse.csr_array((v, (a, b)), (len(names), len(names))) for v in (cost, km, km * relief)]
    return Ground(names, *made)


def fitted(land: Ground) -> tuple[Ground, float]:
    """Fit the cable's two length factors to the highways; also the fit's relative error (rms)."""
    roads = pd.read_csv(Path(__file__).parent / "highways.csv")
    row_of = {cell: row for row, cell in enumerate(land.names)}
    found = []
    ends = roads[["from_lat", "from_lon", "to_lat", "to_lon"]].to_numpy()
    for a_lat, a_lon, b_lat, b_lon in ends:
        start = _nearest_row(row_of, a_lat, a_lon)
        _, before = csgraph.dijkstra(land.cost, indices=start, return_predecessors=True)
        i, j = np.asarray(_trace(before, _nearest_row(row_of, b_lat, b_lon))).T
        found.append([land.line[i, j].sum(), land.wound[i, j].sum()])
    parts = np.asarray(found) / roads["length_km"].to_numpy()[:, None]
    factors = np.linalg.lstsq(parts, np.ones(len(parts)), rcond=None)[0]
    rms = float(np.sqrt(np.mean((parts @ factors - 1.0) ** 2)))
    return replace(land, detour=float(factors[0]), winding=float(factors[1])), rms


def floor_m(points: pd.DataFrame, count: int) -> Array:
    """Lowest terrain of each cell."""
    out = np.full(count, np.inf)
    np.minimum.at(out, points["row"].to_numpy(), points["height_m"].to_numpy(dtype=np.float64))
    return np.where(np.isfinite(out), out, 0.0)


def seats(cells: pd.DataFrame, tehsils: pd.DataFrame) -> NDArray[np.int64]:
    """Rows of the cells where the backbone lands.

    The most populous cell of each district, of each tehsil that has an urban locality, and the land exits.
    """
    rows = set(cells.groupby("district")["people"].idxmax())
    urban = set(tehsils.loc[tehsils["urban"] > 0, "group"])
    rows |= set(cells[cells["group"].isin(urban)].groupby("group")["people"].idxmax())
    row_of = {cell: row for row, cell in enumerate(cells["cell"])}
    rows |= {_nearest_row(row_of, lat, lon) for _, lat, lon in EXITS}
    return np.asarray(sorted(rows), dtype=np.int64)


def _nearest_row(row_of: dict[str, int], lat: float, lon: float) -> int:
    home = h3.latlng_to_cell(lat, lon, 6)
    for ring in range(6):
        found = sorted(c for c in h3.grid_ring(home, ring) if c in row_of)
        if found:
            return row_of[found[0]]
    raise ValueError(f"no cell near {lat}, {lon}")


def backbone(land: Ground, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges of the fibre network over the cheapest routes between the nodes.

    A greedy spanner (Althoefer and others, Discrete and Computational Geometry 9, 1993): neighbouring pairs
    in order of cost, each joined unless the network already joins them at `STRETCH` times that cost or less.
    It holds the cheapest tree, and the loops without which a cut would be a long way round.
    """
    apart, before = csgraph.dijkstra(land.cost, indices=nodes, return_predecessors=True)
    between = np.asarray(apart[:, nodes])
    tree = csgraph.minimum_spanning_tree(sparse.csr_array(between)).tocoo()
    joined = np.zeros_like(between)
    joined[tree.row, tree.col] = joined[tree.col, tree.row] = tree.data
    for i, j in _neighbours(between):
        over = csgraph.dijkstra(sparse.csr_array(joined), indices=i, limit=STRETCH * between[i, j])[j]
        if over > STRETCH * between[i, j]:
            joined[i, j] = joined[j, i] = between[i, j]
    edges: set[tuple[int, int]] = set()
    for i, j in np.argwhere(np.triu(joined) > 0):
        edges |= set(_trace(before[i], int(nodes[j])))
    return np.asarray(sorted(edges), dtype=np.int64)


def _neighbours(between: Array) -> list[tuple[int, int]]:
    """Pairs of nodes of which one is among the nearest of the other, cheapest first."""
    nearest = np.argsort(between, axis=1, kind="stable")[:, 1 : NEIGHBOURS + 1]
    pairs = {(min(i, int(j)), max(i, int(j))) for i, row in enumerate(nearest) for j in row}
    return sorted(pairs, key=lambda pair: (between[pair], pair))


def _trace(before: NDArray[np.int32], end: int) -> list[tuple[int, int]]:
    path = [end]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return [(min(a, b), max(a, b)) for a, b in pairwise(path)]


def edge_km(land: Ground, edges: NDArray[np.int64]) -> Array:
    """Cable length of each edge."""
    return np.asarray(land.length[edges[:, 0], edges[:, 1]]).ravel()


def backbone_km(land: Ground, edges: NDArray[np.int64]) -> Array:
    """Cable-route distance from each cell to the nearest cell on the network, by the cheapest route."""
    on = np.unique(edges)
    _, before, _ = csgraph.dijkstra(land.cost, indices=on, min_only=True, return_predecessors=True)
    cost = csgraph.dijkstra(land.cost, indices=on, min_only=True)
    length = land.length
    out = np.zeros(len(cost))
    for row in np.argsort(cost, kind="stable"):
        if before[row] >= 0:
            out[row] = out[before[row]] + length[before[row], row]
    return out


def mobile(cells: pd.DataFrame) -> NDArray[np.object_]:
    """Best mobile service today: cells are covered in the order of how much it pays to cover them.

    The score is the logarithm of the density of people in the cell and, at half weight, of its densest
    neighbour, less the relief in half kilometres and the distance to fibre in hundreds of kilometres.
    """
    density = np.log(cells["people"].to_numpy() / cells["area_km2"].to_numpy().clip(1.0) + 1.0)
    relief = cells["rough_m"].to_numpy() / 500.0
    score = density + 0.5 * _densest_neighbour(cells["cell"], density) - relief
    score -= cells["backbone_km"].to_numpy() / 100.0
    order = np.argsort(-score, kind="stable")
    people = cells["people"].to_numpy()[order]
    reached = (np.cumsum(people) - people / 2) / people.sum()
    best = np.full(len(cells), "none", dtype=object)
    best[order[reached <= CELLULAR_SHARE]] = "2g"
    best[order[reached <= BROADBAND_SHARE]] = "4g"
    return best


def _densest_neighbour(names: pd.Series, density: Array) -> Array:
    value = dict(zip(names, density, strict=True))
    return np.asarray(
        [max(value.get(other, 0.0) for other in h3.grid_disk(c, 1) if other != c) for c in names]
    )


def fixed_share(cells: pd.DataFrame) -> Array:
    """Share of households with a fixed line: in towns, more where they are dense, to the national total."""
    density = cells["people"].to_numpy() / cells["area_km2"].to_numpy().clip(1.0)
    weight = cells["urban_share"].to_numpy() * np.sqrt(np.minimum(density / 5_000.0, 1.0))
    homes = cells["households"].to_numpy()
    wanted = FIXED_LINES_PER_PERSON * cells["people"].sum()
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        lines = (homes * np.minimum(middle * weight, FIXED_LARGEST_SHARE)).sum()
        low, high = (middle, high) if lines < wanted else (low, middle)
    return np.asarray(np.minimum(low * weight, FIXED_LARGEST_SHARE))
