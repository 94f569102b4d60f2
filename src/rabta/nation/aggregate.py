"""Coarser cells: sums stay exact, means are weighted by people, names are of the tehsil with most people.

The backbone keeps its lengths: each coarse cell's cables meet at a hub, the node nearest to their middle, and
two cells are joined by the shortest cable between their hubs that stays inside the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.nation import hexes
from rabta.nation.layers import KEYS, Layers, Units, zones

if TYPE_CHECKING:
    import pandas as pd

Rows = NDArray[np.int64]

SUMS = (
    "area_km2",
    "people",
    "households",
    "school_age",
    "out_of_school",
    "pupils",
    "schools",
    "health_units",
    "offices",
    "sites",
    "sites_4g",
)
NAMES = (*KEYS, "census_year")
BY_HOUSEHOLDS = ("grid_share", "solar_share", "fixed_today_share", "unserved_today_share")
BY_LAND = ("flooded_2022_share",)
# Errors of neighbouring cells are alike, so a parent's is larger than if they were independent: medians over
# 24 placements of Pakistan's people at resolution 7 (tools/data/ensemble.py), by the parent's resolution.
ALIKE = {6: 1.21, 5: 1.56, 4: 1.36}
APART = ("cell", "zone", "rough_m", "people_sigma", "mobile_today", *NAMES)


def aggregate(layers: Layers, resolution: int) -> Layers:
    """Layers on the H3 parents of a coarser resolution; the same layers at their own."""
    index, row = np.unique(hexes.parent(layers.index, resolution), return_inverse=True)
    if len(index) == len(layers.index):
        return layers
    row = row.astype(np.int64)
    units = _units(layers, row)
    cells, alike = layers.cells, _alike(index) / _alike(layers.index)
    weight = _weights(cells["people"].to_numpy(), cells["area_km2"].to_numpy(), row)
    horizon = np.stack([_mean(column, weight, row) for column in layers.horizon_deg.T], axis=1)
    return Layers(
        cells=_cells(cells, index, row, weight, units).assign(
            people_sigma=lambda c: c["people_sigma"] * alike
        ),
        places=_moved(layers.places, row),
        horizon_deg=horizon.astype(np.float32),
        aerodromes=_moved(layers.aerodromes, row),
        backbone=_backbone(layers, row),
        units=units,
        index=index,
    )


def settlements(layers: Layers, resolution: int) -> pd.DataFrame:
    """Finest cells with people or sites, and the row of the coarser cell that holds each."""
    names = ["lat_deg", "lon_deg", "area_km2", "urban_share", "people", "sites", "sites_4g"]
    row = np.unique(hexes.parent(layers.index, resolution), return_inverse=True)[1].astype(np.int64)
    table = layers.cells[names].assign(cell_row=row)
    whole = table.assign(**{key: table[key].round().astype(np.int64) for key in ("sites", "sites_4g")})
    return whole[(whole["people"] > 0) | (whole["sites"] > 0)].reset_index(drop=True)


def _alike(index: hexes.Index) -> float:
    return ALIKE.get(int(hexes.resolution(index[:1])[0]), 1.0)


def _moved(table: pd.DataFrame, row: Rows) -> pd.DataFrame:
    """Table that names rows of cells; -1 stays."""
    old = table["cell_row"].to_numpy()
    return table.assign(cell_row=np.where(old < 0, old, row[old]))


def _units(layers: Layers, row: Rows) -> Units:
    """Apportionment over the parents, and the tehsil of each: of most people, or of most land."""
    import pandas as pd

    old, count = layers.units, len(layers.units.tehsils)
    parts = old.apportionment
    pair = row[parts["cell_row"].to_numpy()] * count + parts["tehsil_row"].to_numpy()
    pairs, which = np.unique(pair, return_inverse=True)
    people = np.bincount(which, parts["people"].to_numpy(), len(pairs)).astype(np.int64)
    cell, tehsil = pairs // count, pairs % count
    land, piece = np.unique(row * count + old.tehsil_row, return_inverse=True)
    area = np.bincount(piece, layers.cells["area_km2"].to_numpy())
    main = np.zeros(int(row.max()) + 1, dtype=np.int64)
    for key, size in ((land, area), (pairs, people)):  # land first, so that people decide where there are any
        order = np.argsort(size, kind="stable")
        main[key[order] // count] = key[order] % count
    table = pd.DataFrame({"cell_row": cell, "tehsil_row": tehsil, "people": people})
    return Units(old.tehsils, table, main)


def _weights(people: NDArray[np.int64], area: NDArray[np.float64], row: Rows) -> NDArray[np.float64]:
    """People, or area where a parent holds nobody; each parent's weights sum to one."""
    empty = np.bincount(row, people) == 0
    raw = np.where(empty[row], area + 1e-9, people)
    return np.asarray(raw / np.bincount(row, raw)[row])


def _mean(values: NDArray[Any], weight: NDArray[np.float64], row: Rows) -> NDArray[np.float64]:
    return np.asarray(np.bincount(row, values * weight))


def _cells(
    cells: pd.DataFrame, index: hexes.Index, row: Rows, weight: NDArray[np.float64], units: Units
) -> pd.DataFrame:
    import pandas as pd

    out: dict[str, Any] = {"cell": np.asarray(hexes.texts(index), dtype=object), "zone": zones(index)}
    area = cells["area_km2"].to_numpy()
    homes = _weights(cells["households"].to_numpy(), area, row)
    land = _weights(np.zeros(len(cells), dtype=np.int64), area, row)
    for name in cells.columns:
        values = cells[name].to_numpy()
        if name in SUMS:
            out[name] = _sum(values, row)
        elif name in NAMES:
            out[name] = units.tehsils[name].to_numpy()[units.tehsil_row]
        elif name not in APART:
            mean = homes if name in BY_HOUSEHOLDS else land if name in BY_LAND else weight
            out[name] = _mean(values, mean, row)
    out["people_sigma"] = np.sqrt(np.bincount(row, cells["people_sigma"].to_numpy() ** 2))
    out["mobile_today"] = _most(cells["mobile_today"].to_numpy(), weight, row)
    out["rough_m"] = _rough(cells, row)
    return pd.DataFrame(out)[list(cells.columns)]


def _sum(values: NDArray[Any], row: Rows) -> NDArray[Any]:
    total = np.zeros(int(row.max()) + 1, dtype=values.dtype)
    np.add.at(total, row, values)
    return total


def _most(values: NDArray[Any], weight: NDArray[np.float64], row: Rows) -> NDArray[Any]:
    """Label with the largest weight in each parent."""
    import pandas as pd

    code, labels = pd.factorize(values, sort=True)
    score = np.bincount(row * len(labels) + code, weight, (int(row.max()) + 1) * len(labels))
    return np.asarray(labels[score.reshape(-1, len(labels)).argmax(axis=1)], dtype=object)


def _rough(cells: pd.DataFrame, row: Rows) -> NDArray[np.float64]:
    """Standard deviation of the whole: mean variance inside the children plus variance between them."""
    area = cells["area_km2"].to_numpy() + 1e-9
    share = area / np.bincount(row, area)[row]
    height = cells["elevation_m"].to_numpy()
    mean = np.bincount(row, height * share)
    return np.asarray(
        np.sqrt(np.bincount(row, share * (cells["rough_m"].to_numpy() ** 2 + (height - mean[row]) ** 2)))
    )


def _backbone(layers: Layers, row: Rows) -> pd.DataFrame:
    """Cables between the hubs of the parents; the shortest where there are several."""
    edges = layers.backbone
    if edges.empty:
        return edges
    edges = shortest(edges["from_row"].to_numpy(), edges["to_row"].to_numpy(), edges["route_km"].to_numpy())
    ends = np.stack([edges["from_row"].to_numpy(), edges["to_row"].to_numpy()])
    km, parents = edges["route_km"].to_numpy(), row[ends]
    crosses = parents[0] != parents[1]
    to_hub = _to_hub(layers, ends[:, ~crosses], km[~crosses], row)
    length = km[crosses] + to_hub[ends[:, crosses]].sum(axis=0)
    return shortest(parents[0, crosses], parents[1, crosses], length)


def shortest(start: Rows, end: Rows, km: NDArray[np.float64]) -> pd.DataFrame:
    """Each joined pair once, at its shortest."""
    import pandas as pd

    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((km, high, low))
    low, high, km = low[order], high[order], km[order]
    first = np.ones(len(low), dtype=bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return pd.DataFrame({"from_row": low[first], "to_row": high[first], "route_km": km[first]})


def _to_hub(layers: Layers, ends: Rows, km: NDArray[np.float64], row: Rows) -> NDArray[np.float64]:
    """Cable from each node to the hub of its parent, km; each separate net inside a parent has a hub."""
    from scipy import sparse
    from scipy.sparse import csgraph

    count = len(row)
    if not ends.size:
        return np.zeros(count)
    inside = sparse.csr_array((np.maximum(km, 1e-6), (ends[0], ends[1])), (count, count))
    net = csgraph.connected_components(inside, directed=False)[1]
    size = np.bincount(net)
    place = layers.cells[["lat_deg", "lon_deg"]].to_numpy()
    middle = np.stack([np.bincount(net, place[:, k]) / size for k in (0, 1)], axis=1)
    off = place - middle[net]
    away = off[:, 0] ** 2 + (off[:, 1] * np.cos(np.radians(place[:, 0]))) ** 2
    order = np.lexsort((away, net))
    hubs = order[np.unique(net[order], return_index=True)[1]]
    return np.asarray(csgraph.dijkstra(inside, directed=False, indices=hubs, min_only=True))


def pieces(cells: pd.DataFrame, tehsils: pd.DataFrame, apportionment: pd.DataFrame) -> pd.DataFrame:
    """Cells cut along the districts, so that sums over districts and provinces are the census's own.

    A cell on a border belongs to the district of most of its people; its figures do not. A piece is the part
    of a cell in one district: what a cell counts by household is divided as its households are, by the size
    of the households of each tehsil, and the rest as its people.

    Parameters
    ----------
    cells, tehsils, apportionment : DataFrame
        Tables of the twin.

    Returns
    -------
    DataFrame
        ``cell_row``, ``province``, ``district``, ``people``, ``people_share`` and ``household_share`` of the
        cell; shares of a cell sum to one, and a cell without people is one piece.
    """
    import pandas as pd

    unit = tehsils.iloc[apportionment["tehsil_row"].to_numpy()].reset_index(drop=True)
    people = apportionment["people"].to_numpy(dtype=np.float64)
    counted = unit["people"].to_numpy(dtype=np.float64)
    homes = people * np.divide(unit["households"], counted, out=np.zeros(len(unit)), where=counted > 0)
    frame = pd.DataFrame(
        {
            "cell_row": apportionment["cell_row"].to_numpy(),
            "province": unit["province"],
            "district": unit["district"],
            "people": people,
            "households": homes,
        }
    )
    empty = np.setdiff1d(np.arange(len(cells)), frame["cell_row"][people > 0])
    alone = cells.iloc[empty][["province", "district"]].assign(cell_row=empty, people=0.0, households=0.0)
    keys = ["cell_row", "province", "district"]
    out = pd.concat([frame[people > 0], alone]).groupby(keys, sort=True, as_index=False, observed=True).sum()
    row = out["cell_row"].to_numpy()
    for name, share in (("people", "people_share"), ("households", "household_share")):
        whole = np.bincount(row, out[name])[row]
        alike = 1.0 / np.bincount(row)[row]
        out[share] = np.divide(out[name], whole, out=alike, where=whole > 0)
    return out.drop(columns="households").astype({"people": np.int64})
