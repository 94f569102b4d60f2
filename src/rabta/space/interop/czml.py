"""CZML, the scene format of Cesium: satellites that move, sites that stand, links between them.

Format: AnalyticalGraphicsInc/czml-writer, "CZML Guide" and "CZML Structure". Positions are Earth-fixed
(``referenceFrame`` FIXED), interpolated by Lagrange polynomials of degree five between samples.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.io import write_atomic

Packet = dict[str, Any]
DEGREE = 5
SATELLITE_RGBA = (64, 160, 255, 255)
SITE_RGBA = (255, 176, 32, 255)
LINK_RGBA = (96, 208, 160, 128)


def instant(time: np.datetime64) -> str:
    """ISO 8601 text of an instant, as CZML wants it.

    Examples
    --------
    >>> instant(np.datetime64("2026-01-13T00:00:00.5", "ns"))
    '2026-01-13T00:00:00.500000Z'
    """
    micro = int(time.astype("datetime64[us]").astype(np.int64))
    moment = datetime.fromtimestamp(micro // 1_000_000, UTC).replace(microsecond=micro % 1_000_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def document(name: str, times: NDArray[np.datetime64]) -> Packet:
    """The first packet: version, name and clock."""
    span = f"{instant(times[0])}/{instant(times[-1])}"
    clock = {"interval": span, "currentTime": instant(times[0]), "multiplier": 60, "range": "LOOP_STOP"}
    return {"id": "document", "name": name, "version": "1.0", "clock": clock}


def satellites(
    names: Sequence[str], times: NDArray[np.datetime64], position_m: NDArray[np.floating]
) -> list[Packet]:
    """One packet a satellite.

    Parameters
    ----------
    position_m : ndarray, shape (time, satellite, 3)
        Earth-fixed.
    """
    since = (times - times[0]) / np.timedelta64(1, "ns") / 1e9
    epoch = instant(times[0])
    packets = []
    for row, name in enumerate(names):
        samples = np.column_stack([since, np.round(position_m[:, row].astype(np.float64), 1)])
        place = {
            "epoch": epoch,
            "referenceFrame": "FIXED",
            "interpolationAlgorithm": "LAGRANGE",
            "interpolationDegree": DEGREE,
            "cartesian": samples.ravel().tolist(),
        }
        packets.append({"id": _id(name), "name": name, "position": place, "point": _point(SATELLITE_RGBA, 4)})
    return packets


def sites(names: Sequence[str], position_m: NDArray[np.floating]) -> list[Packet]:
    """One packet a site, shape of places (site, 3)."""
    return [
        {
            "id": _id(name),
            "name": name,
            "position": {"cartesian": np.round(place.astype(np.float64), 1).tolist()},
            "point": _point(SITE_RGBA, 7),
            "label": {"text": name, "font": "11pt sans-serif", "horizontalOrigin": "LEFT"},
        }
        for name, place in zip(names, position_m, strict=True)
    ]


def links(pairs: Iterable[tuple[str, str]]) -> list[Packet]:
    """One packet a link: a straight line between two things that have packets of their own."""
    out = []
    for first, second in pairs:
        line = {
            "positions": {"references": [f"{_id(first)}#position", f"{_id(second)}#position"]},
            "arcType": "NONE",
            "width": 1,
            "material": {"solidColor": {"color": {"rgba": list(LINK_RGBA)}}},
        }
        out.append({"id": f"{_id(first)}--{_id(second)}", "polyline": line})
    return out


def write(path: Path, packets: Sequence[Packet]) -> None:
    """Write packets to a file; two of the same id would hide each other and are refused."""
    known: set[str] = set()
    for packet in packets:
        if packet["id"] in known:
            raise RabtaError("two things of one name", file=path, key="id", value=packet["id"])
        known.add(packet["id"])
    write_atomic(path, json.dumps(packets, allow_nan=False, separators=(",", ":")).encode())


def _point(rgba: tuple[int, int, int, int], pixels: int) -> Packet:
    return {"pixelSize": pixels, "color": {"rgba": list(rgba)}}


def _id(name: str) -> str:
    """Name without the character that separates object and property in a reference."""
    return name.replace("#", "_")
