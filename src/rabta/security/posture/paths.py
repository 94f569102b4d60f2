"""Table ``posture_paths``: every route and every government flow, in each state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.security.posture import published, summary, ways
from rabta.security.posture.register import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
OWN_CHOICE = "unknown (where its operator lands it)"


def table(
    p: summary.Posture, tables: dict[str, pd.DataFrame], parties: NDArray[np.uint8], routes: Sequence[int]
) -> pd.DataFrame:
    """All rows.

    Parameters
    ----------
    parties : ndarray of uint8
        The run's ``route_parties``.
    routes : sequence of int
        Rows of the routes table that the pairs after the flows are of.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    sky, known = _Sky(p, tables["systems"]), {user.name: user for user in p.users}
    for i, flow in enumerate(p.flows):
        head = {"user": flow.user, "from": flow.start, "to": flow.end, "mbps": flow.mbps}
        head |= _protection(p, known[flow.user].crypto, bool(flow.cloud))
        sides = (p.network.elements[node].located for node in (flow.node, flow.target))
        rows += _of_pair(p, i, head, sky, abroad=any(not where <= {p.home} for where in sides))
    table = tables["routes"].iloc[list(routes)]
    ends = {str(name): i for i, name in enumerate(tables["ends"]["name"])}
    foreign = (tables["ends"]["country"] != p.home).to_numpy(bool)
    best = _Best(tables, parties)
    for i, row in enumerate(table.to_dict("records"), start=len(p.flows)):
        a, b = ends[str(row["from"])], ends[str(row["to"])]
        head = {"user": "", "from": str(row["from"]), "to": str(row["to"]), "mbps": 0.0}
        head |= {"crypto": UNKNOWN, "crypto_overlay": UNKNOWN}
        rows.append(head | best.row(row, a, b) | _cut(p, i))
        rows += _of_pair(p, i, head, sky, abroad=bool(foreign[a] or foreign[b]))
    return pd.DataFrame(rows)


def _protection(p: summary.Posture, crypto: Mapping[str, float], cloud: bool) -> dict[str, str]:
    """Crypto classes of a flow before and with the overlay, which a cloud abroad has no node of."""
    before = ", ".join(f"{name} {100.0 * share:.0f} %" for name, share in crypto.items() if share > 0.0)
    return {"crypto": before, "crypto_overlay": before if cloud or p.overlay is None else p.overlay.name}


def _of_pair(
    p: summary.Posture, i: int, head: dict[str, Any], sky: _Sky, *, abroad: bool
) -> list[dict[str, Any]]:
    """Rows over the ground, over its backup and over each satellite system."""
    cut, out = _cut(p, i), []
    for state, way, found in zip(("ground", "backup"), p.ways[i], p.tags[i], strict=True):
        if way.elements:
            out.append(head | {"state": state, "system": "", "km": way.km} | _words(p, found) | cut)
    away = {"leaves_country": True} if abroad else {}
    return out + [head | row | away | cut for direct, row in sky.rows if direct or not abroad]


class _Sky:
    """Rows of the state satellite, which are the same for every pair that a system serves."""

    def __init__(self, p: summary.Posture, systems: pd.DataFrame) -> None:
        first = next((k for k, e in enumerate(p.network.elements) if e.medium == "satellite"), 0)
        serving = systems[systems["kind"].isin(("broadband", "mobile_satellite"))].to_dict("records")
        self.rows = [self._row(p, str(r["system"]), first + k, bool(r["isl"])) for k, r in enumerate(serving)]

    def _row(
        self, p: summary.Posture, system: str, element: int, direct: bool
    ) -> tuple[bool, dict[str, Any]]:
        words = _words(p, ways.tag(ways.satellite(p.network, element, direct), p.book, p.home))
        if direct:
            words["intercept"] = ", ".join(x for x in (words["intercept"], OWN_CHOICE) if x)
        return direct, {"state": "satellite", "system": system, "km": np.nan} | words


def _words(p: summary.Posture, found: ways.Tag) -> dict[str, Any]:
    return {
        "media": " ".join(sorted(found.media)),
        "owners": _list(found.owners),
        "countries": _list(found.countries),
        "intercept": _list(found.intercept),
        "makers": _list(found.makers),
        "maker_countries": _list(p.book.countries(found.makers)),
        "chip_countries": _list(p.book.chip_countries(found.makers)),
        "unknown_owner_share": found.unknown_owner,
        "unknown_maker_share": found.unknown_maker,
        "leaves_country": found.leaves,
    }


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _cut(p: summary.Posture, i: int) -> dict[str, str]:
    keys = ("cutters_ground", "cutters", "may_cut_ground")
    return dict(zip(keys, summary.cutters(p, i), strict=True))


class _Best:
    """Best ways as the run's arrays tell them."""

    def __init__(self, tables: dict[str, pd.DataFrame], parties: NDArray[np.uint8]) -> None:
        self._owners, self._countries = published.names(tables)
        self._share = published.shares(parties, len(self._owners) + len(self._countries))

    def row(self, route: dict[Any, Any], a: int, b: int) -> dict[str, Any]:
        """State best: equipment is not told by the run's arrays, so it stays unknown."""
        share, space = self._share[a, b], float(route["uses_space_share"])
        split = len(self._owners)
        media = ["ground"] * (space < 1.0) + ["satellite"] * (space > 0.0)
        return {
            "state": "best",
            "system": "",
            "km": np.nan,
            "media": " ".join(media),
            "owners": published.words(self._owners, share[:split]),
            "countries": published.words(self._countries, share[split:]),
            "intercept": "unknown",
            "makers": "unknown",
            "maker_countries": "unknown",
            "chip_countries": "unknown",
            "unknown_owner_share": np.nan,
            "unknown_maker_share": np.nan,
            "leaves_country": bool(route["leaves_country"]),
        }
