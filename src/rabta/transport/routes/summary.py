"""The table of routes: what the ways between every two ends were like over a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo, schema
from rabta.transport.latency import fibre_s
from rabta.transport.routes.joined import Parties

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """What a run stored of every pair; arrays by step and two ends.

    Attributes
    ----------
    best_ms, space_ms : ndarray
        Round trips, NaN where there is no way.
    ground_ms : ndarray, shape (end, end)
    mark, space_mark : ndarray of uint64
        The same as long as the way is.
    satellites, space_satellites : ndarray of int
    parties : ndarray of uint8, shape (time, end, end, word)
    disjoint : ndarray of int
        Ways without a common node; -1 in steps that were not sampled.
    backup_ms : ndarray
        Round trip of the longest of these; NaN where there is one only.
    """

    best_ms: F8
    space_ms: F8
    ground_ms: F8
    mark: NDArray[np.uint64]
    space_mark: NDArray[np.uint64]
    satellites: NDArray[np.integer]
    space_satellites: NDArray[np.integer]
    parties: NDArray[np.uint8]
    disjoint: NDArray[np.integer]
    backup_ms: F8


def routes(ends: pd.DataFrame, series: Series, who: Parties, home: str) -> pd.DataFrame:
    """Table ``routes``, one row a pair of ends."""
    import pandas as pd

    first, second = np.triu_indices(len(ends), 1)
    rows = [_row(ends, series, who, home, int(a), int(b)) for a, b in zip(first, second, strict=True)]
    return pd.DataFrame(rows, columns=list(schema.tables()["routes"]))


def _row(ends: pd.DataFrame, series: Series, who: Parties, home: str, a: int, b: int) -> dict[str, Any]:
    lat, lon = (ends[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    straight_km = float(geo.great_circle_m(lat[a], lon[a], lat[b], lon[b])) / 1e3
    space, best = series.space_ms[:, a, b], series.best_ms[:, a, b]
    there, any_way = np.isfinite(space), np.isfinite(best)
    least, middle, high, most = _statistics(space[there])
    _, best_middle, best_high, _ = _statistics(best[any_way])
    owners, countries = who.names(np.bitwise_or.reduce(series.parties[any_way, a, b], axis=0, initial=0))
    inside = ends["kind"].iloc[a] == ends["kind"].iloc[b] == "home"
    return {
        "from": str(ends["name"].iloc[a]),
        "to": str(ends["name"].iloc[b]),
        "great_circle_km": straight_km,
        "fibre_rtt_ms": 2e3 * float(fibre_s(straight_km)),
        "ground_rtt_ms": float(series.ground_ms[a, b]),
        "space_min_ms": least,
        "space_median_ms": middle,
        "space_p99_ms": high,
        "space_max_ms": most,
        "space_share": float(there.mean()),
        "rtt_median_ms": best_middle,
        "rtt_p99_ms": best_high,
        "connected_share": float(any_way.mean()),
        "path_changes": changes(series.mark[:, a, b]),
        "space_path_changes": changes(series.space_mark[:, a, b]),
        "satellites": float(series.space_satellites[there, a, b].mean()) if there.any() else np.nan,
        "uses_space_share": float((series.satellites[any_way, a, b] > 0).mean()) if any_way.any() else 0.0,
        **_disjoint(series.disjoint[:, a, b], series.backup_ms[:, a, b]),
        "owners": ", ".join(owners),
        "countries": " ".join(countries),
        "leaves_country": bool(inside and set(countries) - {home}),
    }


def _statistics(values: F8) -> tuple[float, float, float, float]:
    """Least, median, 99th percentile and largest; NaN of nothing."""
    if not values.size:
        return (np.nan, np.nan, np.nan, np.nan)
    found = np.percentile(values, [0.0, 50.0, 99.0, 100.0])
    return (float(found[0]), float(found[1]), float(found[2]), float(found[3]))


def changes(mark: NDArray[np.uint64]) -> int:
    """Steps whose way differs from that of the step before; losing and regaining one count.

    Examples
    --------
    >>> changes(np.array([5, 5, 7, 0, 7], dtype=np.uint64))
    3
    """
    return int((mark[1:] != mark[:-1]).sum())


def _disjoint(count: NDArray[np.integer], backup_ms: F8) -> dict[str, Any]:
    sampled = np.flatnonzero(count >= 0)
    if not sampled.size:
        return {"disjoint_paths": 0, "backup_rtt_ms": np.nan}
    worst = sampled[count[sampled].argmin()]
    return {"disjoint_paths": int(count[worst]), "backup_rtt_ms": float(backup_ms[worst])}
