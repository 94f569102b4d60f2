"""``rabta pnt b2b``: what PPP-B2b corrects, by a log of its messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.pnt.b2b import Corrections, Messages

STEP_S = 60
SCALE = "Time scale of the log's seconds: gps or bdt; found from the messages if left out"


def b2b(
    log: Annotated[Path, typer.Argument(help="Raw messages: week, second, satellite, source, bytes, hex")],
    nav: Annotated[list[Path] | None, typer.Option(help="RINEX navigation; may be given again")] = None,
    sender: Annotated[
        int | None, typer.Option(help="BeiDou satellite to listen to; the one most heard if left out")
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option(help="Place LAT,LON for the count of satellites above 10 degrees")
    ] = None,
    scale: Annotated[str, typer.Option(help=SCALE)] = "auto",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Messages, senders and corrected satellites of a PPP-B2b log."""
    found = study(log, nav or [], sender, at or [], scale)
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def study(log: Path, nav: list[Path], sender: int | None, at: list[str], scale: str) -> dict[str, Any]:
    """Everything that the command says."""
    from rabta.pnt import b2b as service

    frames = service.read(log, scale)
    messages = service.decode(frames)
    found = service.corrections(messages, sender)
    told = _messages(messages)
    told |= {"sender": f"C{found.sender:02d}", "satellites": _satellites(found)}
    if nav:
        told["places"] = _places(found, nav, at, frames.received)
    return told | {"notes": list(frames.notes)}


def _messages(messages: Messages) -> dict[str, Any]:
    import numpy as np

    from rabta.pnt import b2b as service
    from rabta.pnt import gnsstime

    frames = messages.frames
    kinds, counts = np.unique(frames.kind, return_counts=True)
    ends = gnsstime.to_utc(frames.received[[0, -1]]).astype("datetime64[s]")
    return {
        "first_utc": str(ends[0]),
        "last_utc": str(ends[1]),
        "scale": frames.scale,
        "crc_failures": frames.failed,
        "messages": {int(k): int(n) for k, n in zip(kinds, counts, strict=True)},
        "senders": {f"C{prn:02d}": n for prn, n in service.senders(messages).items()},
    }


def _satellites(found: Corrections) -> list[dict[str, Any]]:
    """Corrected satellites, the share of the log's minutes in which they were, and their last numbers."""
    import numpy as np

    if not found.slot.size:
        return []
    start, end = int(found.available.min()), int(max(found.orbit_received.max(), found.clock_received.max()))
    times = np.arange(start, end + 1, STEP_S * 10**9)
    rows = []
    for slot in np.unique(found.slot):
        last = int(np.flatnonzero(found.slot == slot)[-1])
        system, prn = str(found.system[last]), int(found.prn[last])
        share = float((found.at(system, prn, times) >= 0).mean())
        radial, along, cross = (float(x) for x in found.offset_m[last])
        rows.append(
            {
                "satellite": f"{system}{prn:02d}",
                "share": share,
                "iodn": int(found.iodn[last]),
                "radial_m": radial,
                "along_m": along,
                "cross_m": cross,
                "c0_m": float(found.c0_m[last]),
                "ura_m": None if np.isnan(found.ura_m[last]) else float(found.ura_m[last]),
            }
        )
    return rows


def _places(found: Corrections, nav: list[Path], at: list[str], received: Any) -> list[dict[str, Any]]:
    import numpy as np

    from rabta.geo import ecef_from_geodetic
    from rabta.pnt import b2b as service
    from rabta.pnt import rinex

    ephemerides = rinex.merge([rinex.navigation(path) for path in nav]).ephemerides
    names = at or ["33.69,73.06", "24.86,67.01"]
    places = np.array([[float(x) for x in _place(name)] for name in names])
    times = np.arange(int(received[0]) + STEP_S * 10**9, int(received[-1]), STEP_S * 10**9)
    cover = service.coverage(found, ephemerides, ecef_from_geodetic(places[:, 0], places[:, 1]), times)
    total = cover.count.sum(axis=2)
    return [
        {"place": name, "least": int(total[:, i].min()), "mean": float(total[:, i].mean())}
        | {"most": int(total[:, i].max()), "systems": list(cover.systems)}
        for i, name in enumerate(names)
    ]


def _place(text: str) -> tuple[float, float]:
    from rabta.errors import RabtaError

    try:
        lat, lon = (float(x) for x in text.split(","))
    except ValueError as error:
        raise RabtaError("not a place", key="--at", value=text, expected="LAT,LON in degrees") from error
    if not (abs(lat) <= 90 and abs(lon) <= 360):
        raise RabtaError("not on the Earth", key="--at", value=text, expected="LAT,LON in degrees")
    return lat, lon


def _print(found: dict[str, Any]) -> None:
    kinds = ", ".join(f"{n:,} of type {k}" for k, n in found["messages"].items())
    print(f"{found['first_utc']} to {found['last_utc']} UTC, seconds in {found['scale'].upper()}")
    print(f"messages: {kinds}; {found['crc_failures']:,} fail their CRC")
    print("senders: " + ", ".join(f"{name} {n:,}" for name, n in found["senders"].items()))
    print(
        f"\ncorrections of {found['sender']}\n{'':6}{'time':>6} {'IODN':>5} {'radial':>8} {'along':>8}",
        end="",
    )
    print(f" {'cross':>8} {'clock':>8} {'URA m':>7}")
    for row in found["satellites"]:
        numbers = "".join(f" {row[name]:8.3f}" for name in ("radial_m", "along_m", "cross_m", "c0_m"))
        ura = "" if row["ura_m"] is None else f"{row['ura_m']:.3f}"
        print(f"{row['satellite']:6}{row['share']:6.0%} {row['iodn']:5d}{numbers} {ura:>7}")
    for place in found.get("places", []):
        print(
            f"{place['place']}: {place['least']} to {place['most']} corrected satellites above 10 degrees, "
            f"{place['mean']:.1f} on average"
        )
    for note in found["notes"]:
        print(f"note: {note}")
