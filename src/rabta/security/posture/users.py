"""Government users as flows: where each enters the network, where its traffic goes, how it is protected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.geo import great_circle_m

if TYPE_CHECKING:
    import pandas as pd

ENTRY = "fibre"  # kind of node at which an office's traffic enters: exchanges are of providers


@dataclass(frozen=True)
class Flow:
    """Traffic of a user from one site to one place.

    Attributes
    ----------
    node, target : int
        Rows of the nodes table.
    cloud : str
        Country of the law over the cloud's operator; empty where it ends in a centre of the state.
    """

    user: str
    start: str
    end: str
    node: int
    target: int
    access: str
    mbps: float
    cloud: str


@dataclass(frozen=True)
class User:
    """A government user; ``crypto`` is the share of each class before the overlay."""

    name: str
    title: str
    kind: str
    crypto: Mapping[str, float]


def users(entry: str) -> list[User]:
    """Users of an entry of the ministries catalog; none without a name."""
    rows = catalog.entry("ministries", entry).data["user"] if entry else []
    return [User(row["name"], row["title"], row["kind"], _shares(row)) for row in rows]


def _shares(row: Mapping[str, Any]) -> dict[str, float]:
    from rabta.security.posture.register import classes

    known, shares = classes(), {str(k): float(v) for k, v in row["crypto"].items()}
    for name in shares:
        if name not in known:
            raise RabtaError(
                "no such crypto class",
                key=f"crypto of {row['name']}",
                value=name,
                expected=nearest(name, known),
            )
    if abs(sum(shares.values()) - 1.0) > 1e-6:
        raise RabtaError("shares must sum to 1", key=f"crypto of {row['name']}", value=sum(shares.values()))
    return shares


def flows(
    entry: str, nodes: pd.DataFrame, places: pd.DataFrame, cells: pd.DataFrame, home: str
) -> list[Flow]:
    """All flows of an entry of the ministries catalog; none without a name."""
    if not entry:
        return []
    data = catalog.entry("ministries", entry).data
    where = _Where(nodes, places, cells, home)
    if not where.usable:
        return []
    centres = {row["name"]: (row["name"], where.town(row["place"])) for row in data["centre"]}
    clouds = [
        (f"cloud at {row['place']}", node, float(row["share"]), str(row["operator_country"]))
        for row in data["cloud"]
        if (node := where.abroad(row["place"])) >= 0
    ]
    out: list[Flow] = []
    for row in data["user"]:
        for start, node in where.sites(row["sites"]):
            out += _of_site(row, start, node, centres, where.near(start, node, clouds))
    return out


def centres(
    entry: str, nodes: pd.DataFrame, places: pd.DataFrame, cells: pd.DataFrame, home: str
) -> list[tuple[str, str, int]]:
    """Data centres of an entry: name, owner and row of the node that they hang on."""
    where = _Where(nodes, places, cells, home)
    rows = catalog.entry("ministries", entry).data["centre"] if entry and where.usable else []
    return [(row["name"], row["owner"], where.town(row["place"])) for row in rows]


def _of_site(
    row: Mapping[str, Any],
    start: str,
    node: int,
    centres: Mapping[str, tuple[str, int]],
    clouds: list[tuple[str, int, float, str]],
) -> list[Flow]:
    mbps, cloud = float(row["mbps"]), float(row["cloud"])
    whole = sum(share for _, _, share, _ in clouds)
    cloud = cloud if whole > 0.0 else 0.0
    ways = [(*centres[name], (1.0 - cloud) * float(share), "") for name, share in row["centres"].items()]
    ways += [(name, target, cloud * share / whole, law) for name, target, share, law in clouds]
    return [
        Flow(row["name"], start, end, node, target, row["access"], mbps * share, law)
        for end, target, share, law in ways
        if share > 0.0
    ]


class _Where:
    """Nodes of named towns, districts and places abroad."""

    def __init__(self, nodes: pd.DataFrame, places: pd.DataFrame, cells: pd.DataFrame, home: str) -> None:
        fit = (nodes["kind"] == ENTRY) & (nodes["country"] == home)
        self._rows = np.flatnonzero(fit.to_numpy(bool))
        self._lat, self._lon = (nodes[k].to_numpy(np.float64)[self._rows] for k in ("lat_deg", "lon_deg"))
        self._at = nodes[["lat_deg", "lon_deg"]].to_numpy(np.float64)
        self._abroad = {
            str(name): row
            for row, (name, kind) in enumerate(zip(nodes["name"], nodes["kind"], strict=True))
            if kind == "abroad"
        }
        self._towns = places.sort_values("people", ascending=False)
        self._cells = cells

    @property
    def usable(self) -> bool:
        """Whether the run has any fibre node at home."""
        return bool(self._rows.size)

    def town(self, name: str) -> int:
        """Nearest node to a town by name; letters with marks count as plain ones."""
        known = [_plain(str(town)) for town in self._towns["name"]]
        if _plain(name) not in known:
            raise RabtaError("no such place", key="sites", value=name, expected=nearest(name, known))
        town = self._towns.iloc[known.index(_plain(name))]
        return self._nearest(float(town["lat_deg"]), float(town["lon_deg"]))

    def abroad(self, name: str) -> int:
        """Row of a node abroad; -1 where the run has none of that name."""
        return self._abroad.get(name, -1)

    def near(
        self, start: str, node: int, clouds: list[tuple[str, int, float, str]]
    ) -> list[tuple[str, int, float, str]]:
        """Clouds that a site uses: a mission abroad only the nearest."""
        if start not in self._abroad or not clouds:
            return clouds
        here, there = self._at[[node]], self._at[[cloud[1] for cloud in clouds]]
        return [clouds[int(great_circle_m(here[:, 0], here[:, 1], there[:, 0], there[:, 1]).argmin())]]

    def _nearest(self, lat: float, lon: float) -> int:
        return int(self._rows[great_circle_m(self._lat, self._lon, lat, lon).argmin()])

    def sites(self, names: list[str]) -> list[tuple[str, int]]:
        """Names and nodes: towns, the most peopled cell of all ``districts``, all hubs ``abroad``."""
        out: list[tuple[str, int]] = []
        for name in names:
            if name == "abroad":
                out += list(self._abroad.items())
            elif name == "districts":
                out += self._districts()
            else:
                out.append((name, self.town(name)))
        return out

    def _districts(self) -> list[tuple[str, int]]:
        top = self._cells.sort_values("people", ascending=False).drop_duplicates("district")
        rows = top.sort_values("district")
        lat, lon = (rows[k].to_numpy(np.float64) for k in ("lat_deg", "lon_deg"))
        return [(str(n), self._nearest(a, o)) for n, a, o in zip(rows["district"], lat, lon, strict=True)]


def _plain(name: str) -> str:
    """Letters without their marks.

    Examples
    --------
    >>> _plain("Muzaffarābād")
    'muzaffarabad'
    """
    from unicodedata import combining, normalize

    return "".join(c for c in normalize("NFKD", name) if not combining(c)).casefold()
