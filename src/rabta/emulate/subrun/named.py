"""What names of hosts mean: a hexagon where people live, or a place or node of the network with servers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError, nearest
from rabta.transport.latency import exchange

if TYPE_CHECKING:
    import pandas as pd

    from rabta.emulate.subrun.source import Source

AREAS = ("district", "tehsil", "province")
MOST_USERS = 200
_NUMBER = re.compile(r"\s*[-+]?\d+(\.\d*)?\s*")


@dataclass(frozen=True)
class Wish:
    """A place of users, as written, and how many."""

    place: str
    users: int


@dataclass(frozen=True)
class Spot:
    """A hexagon of the run in which users live.

    Attributes
    ----------
    name : str
    cell : int
        Row of the cells.
    lat_deg, lon_deg : float
        Of its people.
    how : str
        How the name led there, in words.
    """

    name: str
    cell: int
    lat_deg: float
    lon_deg: float
    how: str


@dataclass(frozen=True)
class Server:
    """Where servers stand: at a node of the network, behind some fibre."""

    name: str
    node: int
    lat_deg: float
    lon_deg: float
    access_km: float
    country: str


def wishes(text: str) -> list[Wish]:
    """Places and numbers of users of a list.

    Examples
    --------
    >>> [(one.place, one.users) for one in wishes("Chagai:3, Gilgit, 28.9,64.4:2")]
    [('Chagai', 3), ('Gilgit', 1), ('28.9,64.4', 2)]
    """
    parts = [part.strip() for part in text.split(",")]
    out, at = [], 0
    while at < len(parts):
        part = parts[at]
        pair = at + 1 < len(parts) and _NUMBER.fullmatch(part) and _NUMBER.match(parts[at + 1])
        part, at = (f"{part},{parts[at + 1]}", at + 2) if pair else (part, at + 1)
        place, mark, number = part.rpartition(":")
        if not mark:
            place, number = part, "1"
        if not place.strip() or not number.strip().isdigit() or not 1 <= int(number) <= MOST_USERS:
            expected = f"PLACE:USERS with 1 to {MOST_USERS} users, as in Chagai:3"
            raise RabtaError("no host", key="--hosts", value=part, expected=expected)
        out.append(Wish(place.strip(), int(number)))
    folded = [one.place.casefold() for one in out]
    if len(set(folded)) < len(folded):
        raise RabtaError("a host named twice", key="--hosts", value=text, expected="PLACE:USERS, each once")
    return out


def spot(source: Source, name: str) -> Spot:
    """Hexagon of a name: an H3 index, LAT,LON, a place, or the middle village of a district or the like.

    Districts, tehsils and provinces may be followed by a technology, as in ``Chagai/leo_terminal``.
    """
    cells, wanted = source.tables["cells"], name.strip()
    indexes = cells["cell"].astype(str).to_numpy(str)
    if wanted in indexes:
        return _at(cells, int(np.flatnonzero(indexes == wanted)[0]), wanted, "hexagon")
    if "," in wanted and all(_NUMBER.fullmatch(part) for part in wanted.split(",", 1)):
        return _around(cells, wanted)
    places = source.tables["places"].sort_values("people", ascending=False, kind="stable")
    match = places[places["name"].str.casefold() == wanted.casefold()]
    if len(match):
        row = match.iloc[0]
        return _at(cells, int(row["cell_row"]), str(row["name"]), "hexagon of the place")
    whole, _, technology = wanted.partition("/")
    for area in AREAS:
        rows = np.flatnonzero(cells[area].fillna("").str.casefold() == whole.strip().casefold())
        if rows.size:
            return _middle(source, rows, str(cells[area].iloc[rows[0]]), area, technology.strip())
    known = {*places["name"], *(str(n) for area in AREAS for n in cells[area].dropna().unique())}
    raise RabtaError("no such place", key="--hosts", value=name, expected=nearest(wanted, known))


def _at(cells: pd.DataFrame, row: int, name: str, how: str) -> Spot:
    return Spot(name, row, float(cells["lat_deg"].iloc[row]), float(cells["lon_deg"].iloc[row]), how)


def _around(cells: pd.DataFrame, text: str) -> Spot:
    """Hexagon whose people live nearest, not farther than two of its widths."""
    lat, lon = (float(part) for part in text.split(","))
    if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
        raise RabtaError("no such point", key="--hosts", value=text, expected="LAT,LON in degrees")
    away = geo.great_circle_m(cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy(), lat, lon)
    row = int(np.argmin(away))
    if away[row] > 2e3 * np.sqrt(float(cells["area_km2"].max())):
        expected = f"near {cells['lat_deg'].iloc[row]:.2f},{cells['lon_deg'].iloc[row]:.2f}"
        raise RabtaError("a point outside the nation", key="--hosts", value=text, expected=expected)
    return _at(cells, row, text, "hexagon whose people live nearest to the point")


def _middle(source: Source, rows: NDArray[np.int64], name: str, area: str, technology: str) -> Spot:
    """Hexagon of the middle household that the plan serves in an area, by the people of its hexagon."""
    cells, plan = source.tables["cells"], source.tables["plan"]
    served = plan["households_served"].to_numpy(np.float64)[rows]
    kinds = plan["technology"].to_numpy(str)[rows]
    with_it = kinds == technology if technology else served > 0.0
    if not (with_it & (served > 0.0)).any():
        raise RabtaError("the plan connects nobody so", key="--hosts", value=f"{name}/{technology}",
                         expected=nearest(technology, set(kinds[served > 0.0])))  # fmt: skip
    rows, served = rows[with_it], served[with_it]
    order = np.lexsort((rows, cells["people"].to_numpy(np.float64)[rows]))
    weight = np.cumsum(served[order])
    row = int(rows[order][int(np.searchsorted(weight, weight[-1] / 2.0))])
    how = f"hexagon of the middle household that the plan serves in the {area}"
    return _at(cells, row, f"{name} {technology}".strip(), f"{how} by {technology}" if technology else how)


def server(source: Source, name: str) -> Server:
    """A node of the network by its name, or a place and the node at which its traffic enters."""
    nodes, places = source.tables["nodes"], source.tables["places"]
    wanted = name.strip().casefold()
    detour, home = exchange(source.scenario.nation.name).route_factor, _country(source)
    rows = np.flatnonzero(nodes["name"].str.casefold() == wanted)
    town = places[places["name"].str.casefold() == wanted].sort_values("people", ascending=False)
    if len(town):
        row = town.iloc[0]
        node = int(source.whole("cell_node")[int(row["cell_row"])])
        if node >= 0:
            lat, lon = float(row["lat_deg"]), float(row["lon_deg"])
            there = nodes.iloc[node]
            away = float(geo.great_circle_m(lat, lon, float(there["lat_deg"]), float(there["lon_deg"])))
            return Server(str(row["name"]), node, lat, lon, away * detour / 1e3, home)
    if rows.size:
        row = nodes.iloc[int(rows[0])]
        where = float(row["lat_deg"]), float(row["lon_deg"])
        return Server(str(row["name"]), int(rows[0]), *where, 0.0, str(row["country"]))
    known = {*places["name"], *nodes.loc[nodes["kind"] != "fibre", "name"]}
    raise RabtaError("no such place or node", key="--to", value=name, expected=nearest(name.strip(), known))


def _country(source: Source) -> str:
    from rabta import catalog

    return str(catalog.entry("nations", source.scenario.nation.name).data.get("iso", ""))
