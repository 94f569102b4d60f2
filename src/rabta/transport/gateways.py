"""Gateways: where satellites land the nation's traffic.

A catalog entry of the kind ``gateways`` lists sites under ``[[gateways]]``, with the table's columns as keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo, schema
from rabta.catalog import Entry
from rabta.errors import RabtaError, nearest
from rabta.transport import _landing

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
RANGES = {
    "lat_deg": (-90.0, 90.0),
    "lon_deg": (-180.0, 180.0),
    "height_m": (-500.0, 9000.0),
    "antennas": (0, 10_000),
    "capacity_gbps": (0.0, 1e6),
    "exchange_km": (0.0, 50_000.0),
}


def table(entry: Entry) -> pd.DataFrame:
    """Table of gateways of a catalog entry; a wrong or missing key is refused by name."""
    import pandas as pd

    columns = schema.tables()["gateways"]
    sites = entry.data.get("gateways", [])
    if not isinstance(sites, list) or not all(isinstance(site, dict) for site in sites):
        raise RabtaError("gateways must be a list of tables", file=entry.path, key="gateways")
    rows = [_row(entry, number, site) for number, site in enumerate(sites)]
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _dtype(spec.type) for name, spec in columns.items()})


def _dtype(name: str) -> str:
    return "object" if name == "string" else name


def _row(entry: Entry, number: int, site: dict[str, Any]) -> dict[str, Any]:
    columns = schema.tables()["gateways"]
    where = f"gateways[{number}]"
    row: dict[str, Any] = {}
    for name, spec in columns.items():
        value = site.get(name, spec.default or None)
        if value is None:
            raise RabtaError(
                "gateway lacks a key", file=entry.path, key=f"{where}.{name}", expected=spec.type
            )
        row[name] = _value(entry, f"{where}.{name}", name, value)
    for name in site:
        if name not in columns and name not in {"source", "note", "notes", "modelled", "title"}:
            raise RabtaError(
                "unknown key", file=entry.path, key=f"{where}.{name}", expected=nearest(name, columns)
            )
    return row


def _value(entry: Entry, key: str, name: str, value: Any) -> Any:
    if name not in RANGES:
        return " ".join(value) if isinstance(value, list) else str(value)
    low, high = RANGES[name]
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not low <= number <= high:
        raise RabtaError(
            "value outside its range", file=entry.path, key=key, value=value, expected=f"{low:g} to {high:g}"
        )
    return int(number) if name == "antennas" else number


@dataclass(frozen=True)
class Sites:
    """Gateways as arrays.

    Attributes
    ----------
    position_m, up : float64 (gateway, 3)
        Earth-fixed position and the direction of the zenith.
    antennas : int64 (gateway,), feeder_mbps, exchange_km : float64 (gateway,)
    allowed : uint8 (gateway, system)
        1 where the system may land at the gateway.
    """

    position_m: F8
    up: F8
    antennas: NDArray[np.int64]
    feeder_mbps: F8
    exchange_km: F8
    allowed: NDArray[np.uint8]


def sites(gateways: pd.DataFrame, systems: Sequence[str]) -> Sites:
    """Arrays of the table of gateways for the systems of a run."""
    lat, lon, height, exchange = (
        gateways[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "height_m", "exchange_km")
    )
    feeder = gateways["capacity_gbps"].to_numpy(np.float64) * 1e3
    lists = [str(text).split() for text in gateways["systems"]]
    allowed = np.array([[name in names or "*" in names for name in systems] for names in lists], np.uint8)
    return Sites(
        np.ascontiguousarray(geo.ecef_from_geodetic(lat, lon, height)),
        np.ascontiguousarray(geo.east_north_up(lat, lon)[:, 2]),
        np.where(feeder > 0.0, gateways["antennas"].to_numpy(np.int64), 0),
        feeder,
        exchange,
        allowed.reshape(len(gateways), len(systems)),
    )


@dataclass(frozen=True)
class Landing:
    """Where satellites land, step by step.

    Attributes
    ----------
    link : int32 (time, satellite)
        Gateway that tracks the satellite, -1 where none does.
    landing : int32 (time, satellite), split : float64 (time, landing, gateway)
        Row of ``split`` (-1 where the satellite cannot land) and the gateways' shares.
    """

    link: NDArray[np.int32]
    landing: NDArray[np.int32]
    split: F8


@dataclass(frozen=True)
class Fleet:
    """The moving satellites of a chunk.

    Attributes
    ----------
    position_m : float32 (time, satellite, 3)
    system : int32 (satellite,)
    mesh : int32 (satellite,)
        Which connected mesh of inter-satellite links it belongs to; -1 for none.
    min_sine : float64 (system,)
        Sine of the lowest elevation of a gateway link.
    """

    position_m: NDArray[np.float32]
    system: NDArray[np.int32]
    mesh: NDArray[np.int32]
    min_sine: F8


def land(
    place: Sites,
    fleet: Fleet,
    slot: NDArray[np.int16],
    efficiency: NDArray[np.float32],
    need: F8,
    feeder_mbps: F8 | None = None,
) -> Landing:
    """Link satellites to gateways, the most needed first, and say where each lands.

    Parameters
    ----------
    slot : int16 (time, cell, slot), efficiency : float32 (time, cell, slot), need : float64 (cell,)
        A satellite's weight is the need of the cells that may use it.
    feeder_mbps : float64 (time, gateway), optional
        What rain leaves of the feeders; a gateway with nothing tracks no satellite. Clear sky without it.
    """
    steps, satellites, _ = fleet.position_m.shape
    gateways = place.feeder_mbps.size
    given = place.feeder_mbps if feeder_mbps is None else feeder_mbps
    feeder = np.array(np.broadcast_to(given, (steps, gateways)), order="C")
    groups = gateways + int(fleet.mesh.max(initial=-1)) + 1
    link = np.full((steps, satellites), -1, np.int32)
    landing = np.full((steps, satellites), -1, np.int32)
    split = np.zeros((steps, groups, gateways))
    if gateways and satellites:
        _landing.land(
            np.ascontiguousarray(fleet.position_m),
            np.ascontiguousarray(slot),
            np.ascontiguousarray(efficiency),
            need,
            fleet.system,
            fleet.mesh,
            place.allowed,
            fleet.min_sine,
            place.position_m,
            place.up,
            place.antennas,
            feeder,
            link,
            landing,
            split,
        )
    return Landing(link, landing, split)
