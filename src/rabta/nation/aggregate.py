"""Coarser cells: sums stay exact, means are weighted by people, labels are those of most people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.nation.layers import ZONE_RESOLUTION, Layers

if TYPE_CHECKING:
    import pandas as pd

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
LABELS = ("province", "district", "tehsil", "census_year", "mobile_today")
BY_HOUSEHOLDS = ("grid_share", "solar_share", "fixed_today_share", "unserved_today_share")
APART = (*SUMS, *LABELS, *BY_HOUSEHOLDS, "cell", "zone", "rough_m")


def aggregate(layers: Layers, resolution: int) -> Layers:
    """Layers on the H3 parents of a coarser resolution; the same layers at their own."""
    import h3

    cells = layers.cells
    parents = np.asarray([h3.cell_to_parent(c, min(resolution, h3.get_resolution(c))) for c in cells["cell"]])
    names, first, row = np.unique(parents, return_index=True, return_inverse=True)
    if len(names) == len(cells):
        return layers
    del first
    weight = _weights(cells["people"].to_numpy(), cells["area_km2"].to_numpy(), row)
    horizon = np.stack([_mean(column, weight, row) for column in layers.horizon_deg.T], axis=1)
    places = layers.places.assign(cell_row=row[layers.places["cell_row"].to_numpy()].astype(np.int64))
    return Layers(_cells(cells, names, row, weight), places, horizon.astype(np.float32))


def _weights(
    people: NDArray[np.int64], area: NDArray[np.float64], row: NDArray[np.intp]
) -> NDArray[np.float64]:
    """People, or area where a parent holds nobody; each parent's weights sum to one."""
    empty = np.bincount(row, people) == 0
    raw = np.where(empty[row], area + 1e-9, people)
    return np.asarray(raw / np.bincount(row, raw)[row])


def _mean(values: NDArray[Any], weight: NDArray[np.float64], row: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(row, values * weight))


def _cells(
    cells: pd.DataFrame, names: NDArray[Any], row: NDArray[np.intp], weight: NDArray[np.float64]
) -> pd.DataFrame:
    import h3
    import pandas as pd

    out: dict[str, Any] = {"cell": names.astype(object)}
    for name in cells.columns:
        values = cells[name].to_numpy()
        if name in SUMS:
            out[name] = _sum(values, row)
        elif name in LABELS:
            out[name] = _most(values, weight, row)
        elif name in BY_HOUSEHOLDS:
            homes = cells["households"].to_numpy()
            out[name] = _mean(values, _weights(homes, cells["area_km2"].to_numpy(), row), row)
        elif name not in APART:
            out[name] = _mean(values, weight, row)
    out["rough_m"] = _rough(cells, row)
    out["zone"] = np.asarray([h3.cell_to_parent(c, ZONE_RESOLUTION) for c in names], dtype=object)
    return pd.DataFrame(out)[list(cells.columns)]


def _sum(values: NDArray[Any], row: NDArray[np.intp]) -> NDArray[Any]:
    total = np.zeros(int(row.max()) + 1, dtype=values.dtype)
    np.add.at(total, row, values)
    return total


def _most(values: NDArray[Any], weight: NDArray[np.float64], row: NDArray[np.intp]) -> NDArray[Any]:
    """Label with the largest weight in each parent."""
    labels, code = np.unique(values, return_inverse=True)
    score = np.zeros((int(row.max()) + 1, len(labels)))
    np.add.at(score, (row, code), weight)
    return np.asarray(labels[score.argmax(axis=1)])


def _rough(cells: pd.DataFrame, row: NDArray[np.intp]) -> NDArray[np.float64]:
    """Standard deviation of the whole: mean variance inside the children plus variance between them."""
    area = cells["area_km2"].to_numpy() + 1e-9
    share = area / np.bincount(row, area)[row]
    height = cells["elevation_m"].to_numpy()
    mean = np.bincount(row, height * share)
    return np.asarray(
        np.sqrt(np.bincount(row, share * (cells["rough_m"].to_numpy() ** 2 + (height - mean[row]) ** 2)))
    )
