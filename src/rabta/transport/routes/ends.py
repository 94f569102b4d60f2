"""The places between which ways are sought: towns at home, and nodes of the network abroad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import geo, schema
from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    import pandas as pd

TOWNS = 8  # at home where the scenario names none
ABROAD = 4
ENTRY = ("exchange", "fibre")  # kinds of node at which a town's traffic enters


def ends(
    places: pd.DataFrame,
    nodes: pd.DataFrame,
    cell_node: NDArray[np.int32] | None,
    home: Sequence[str],
    abroad: Sequence[str],
    *,
    country: str,
    detour: float,
) -> pd.DataFrame:
    """Table ``ends``.

    Parameters
    ----------
    places, nodes : DataFrame
        Tables of the run.
    cell_node : ndarray of int32, shape (cell,), optional
        Where each cell's traffic enters the ground network; without it, at the nearest node.
    home, abroad : sequence of str
        Names; without any, the largest town of every province and the next largest, and the first nodes
        abroad.
    detour : float
        Length of the access fibre over the straight line.
    """
    import pandas as pd

    towns = places.iloc[_towns(places, home)]
    far = nodes[nodes["kind"] == "abroad"]
    far = far.iloc[_named(list(far["name"]), abroad, "routes.abroad") if abroad else slice(0, ABROAD)]
    where = towns[["lat_deg", "lon_deg", "cell_row"]].to_numpy(np.float64)
    node = [_entry(lat, lon, int(cell), nodes, cell_node) for lat, lon, cell in where]
    out = pd.DataFrame(
        {
            "name": [*towns["name"].astype(str), *far["name"].astype(str)],
            "kind": ["home"] * len(towns) + ["abroad"] * len(far),
            "country": [country] * len(towns) + [*far["country"].astype(str)],
            "lat_deg": [*towns["lat_deg"], *far["lat_deg"]],
            "lon_deg": [*towns["lon_deg"], *far["lon_deg"]],
            "people": [*towns["people"], *([0] * len(far))],
            "cell": [*towns["cell_row"], *([-1] * len(far))],
            "node": [*node, *far.index],
        }
    )
    out["access_km"] = _access_km(out, nodes, detour)
    return out[list(schema.tables()["ends"])]


def _towns(places: pd.DataFrame, names: Sequence[str]) -> list[int]:
    """Rows of the places: those named, of equal names the most people; or the default."""
    order = np.argsort(-places["people"].to_numpy(np.int64), kind="stable")
    if names:
        known = places["name"].astype(str).iloc[order]
        return [int(order[i]) for i in _named(list(known), names, "routes.places")]
    first = ~places["province"].astype(str).iloc[order].duplicated().to_numpy(bool)
    chosen = [int(row) for row in order[first]]
    chosen += [int(row) for row in order if row not in chosen][: max(0, TOWNS - len(chosen))]
    return sorted(chosen, key=lambda row: int(np.flatnonzero(order == row)[0]))


def _named(known: list[str], names: Sequence[str], key: str) -> list[int]:
    folded = [name.casefold() for name in known]
    rows = []
    for name in names:
        if name.strip().casefold() not in folded:
            raise RabtaError("no such place", key=key, value=name, expected=nearest(name, known))
        rows.append(folded.index(name.strip().casefold()))
    if len(set(rows)) < len(rows):
        raise RabtaError("place named twice", key=key, value=", ".join(names), expected="each once")
    return rows


def _entry(
    lat_deg: float, lon_deg: float, cell: int, nodes: pd.DataFrame, cell_node: NDArray[np.int32] | None
) -> int:
    """Node at which a town's traffic enters; -1 where there is none."""
    if cell_node is not None and cell_node.size:
        return int(cell_node[cell])
    rows = np.flatnonzero(nodes["kind"].isin(ENTRY))
    if not rows.size:
        return -1
    lat, lon = (nodes[name].to_numpy(np.float64)[rows] for name in ("lat_deg", "lon_deg"))
    away = geo.great_circle_m(lat, lon, lat_deg, lon_deg)
    return int(rows[away.argmin()])


def _access_km(table: pd.DataFrame, nodes: pd.DataFrame, detour: float) -> NDArray[np.float64]:
    """Fibre from each end to its node; NaN where it has none."""
    row = table["node"].to_numpy(np.int64)
    if not len(nodes):
        return np.full(len(row), np.nan)
    lat, lon = (nodes[name].to_numpy(np.float64)[np.maximum(row, 0)] for name in ("lat_deg", "lon_deg"))
    away = geo.great_circle_m(table["lat_deg"].to_numpy(), table["lon_deg"].to_numpy(), lat, lon)
    return np.where(row >= 0, away * detour / 1e3, np.nan)
