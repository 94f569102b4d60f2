"""``rabta pnt stream``: what a receiver's log holds, whichever protocol it speaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import RabtaError

PROTOCOLS = ("rtcm", "ubx", "nmea")
WHEN = "UTC near the start of the log, as in 2026-03-09T12:00; RTCM tells no week"


def stream(
    log: Annotated[Path, typer.Argument(help="Log of RTCM 3, UBX or NMEA 0183")],
    protocol: Annotated[str | None, typer.Option(help="rtcm, ubx or nmea; found if left out")] = None,
    near: Annotated[str | None, typer.Option(help=WHEN)] = None,
    obs: Annotated[Path | None, typer.Option(help="Write observations as RINEX here")] = None,
    nav: Annotated[Path | None, typer.Option(help="Write ephemerides as RINEX here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Messages, epochs, satellites and ephemerides of a log; to RINEX where asked."""
    if not log.is_file():
        raise RabtaError("no such file", file=log, expected="a log of RTCM 3, UBX or NMEA")
    chosen = protocol or guess(log)
    if chosen not in PROTOCOLS:
        raise RabtaError("no such protocol", key="--protocol", value=chosen, expected=", ".join(PROTOCOLS))
    found = _nmea(log, near) if chosen == "nmea" else _receiver(log, chosen, near, obs, nav)
    found = {"protocol": chosen} | found
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def guess(log: Path) -> str:
    """Protocol that a log's first messages speak: what has most marks in its first megabyte."""
    import gzip

    with log.open("rb") as file:
        head = file.read(1 << 20)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(log) as packed:
            head = packed.read(1 << 20)
    marks = {"ubx": head.count(b"\xb5\x62"), "nmea": head.count(b"\n$") + head.startswith(b"$")}
    marks["rtcm"] = sum(head.count(bytes([0xD3, high])) for high in range(4))
    if not any(marks.values()):
        raise RabtaError("no message in the log", file=log, expected="a log of RTCM 3, UBX or NMEA")
    return max(marks, key=lambda name: marks[name])


def _receiver(
    log: Path, protocol: str, near: str | None, obs: Path | None, nav: Path | None
) -> dict[str, Any]:
    from rabta.pnt import gnsstime, rinex
    from rabta.pnt.streams import rtcm, ubx

    moment = None if near is None else gnsstime.parse(near)
    got = rtcm.read(log, moment) if protocol == "rtcm" else ubx.read(log)
    if obs is not None:
        rinex.write_observations(got.observations, obs)
    if nav is not None:
        rinex.write_navigation(got.navigation, nav)
    found = {"messages": {str(k): n for k, n in got.counts.items()}} | _observed(got.observations)
    found["ephemerides"] = _ephemerides(got.navigation.ephemerides)
    if isinstance(got, rtcm.Stream) and got.station.position_m is not None:
        found["station"] = got.station.number
        found["position_m"] = got.station.position_m.tolist()
    if isinstance(got, ubx.Receiver):
        found |= _front_end(got)
    return found | {"notes": list(got.notes)}


def _observed(observations: Any) -> dict[str, Any]:
    from rabta.pnt import gnsstime

    if not observations.times.size:
        return {"epochs": 0, "signals": {}}
    ends = gnsstime.calendar(observations.times[[0, -1]]).astype("datetime64[ms]")
    signals = {
        letter: {"satellites": len(set(part.prn.tolist())), "codes": list(part.codes)}
        for letter, part in observations.systems.items()
    }
    return {
        "epochs": int(observations.times.size),
        "first_gps": str(ends[0]),
        "last_gps": str(ends[1]),
        "signals": signals,
    }


def _ephemerides(rows: Any) -> dict[str, int]:
    from collections import Counter

    return dict(Counter(f"{row['system']} {row['kind']}" for row in rows))


def _front_end(got: Any) -> dict[str, Any]:
    state = got.front_end.state
    found: dict[str, Any] = {"fixes": int(got.fixes.times.size)}
    if state.size:
        worst = {0: "unknown", 1: "none", 2: "warning", 3: "critical"}
        found["jamming"] = worst.get(int(state.max()), "unknown")
        found["agc"] = [float(got.front_end.agc.min()), float(got.front_end.agc.max())]
    return found


def _nmea(log: Path, near: str | None) -> dict[str, Any]:
    import numpy as np

    from rabta.pnt.streams import nmea

    got = nmea.read(log, None if near is None else near[:10])
    satellites = sorted({f"{s}{p:02d}" for s, p in zip(got.sky_system, got.sky_prn, strict=True)})
    found: dict[str, Any] = {"messages": dict(got.counts), "fixes": int(got.second.size)}
    if np.isfinite(got.position_deg_m[:, :2]).any():
        found["position_deg_m"] = np.nanmedian(got.position_deg_m, axis=0).tolist()
    strength = got.sky[:, 2]
    if np.isfinite(strength).any():
        found["strength_dbhz"] = [float(np.nanmin(strength)), float(np.nanmax(strength))]
    return found | {"satellites": satellites, "notes": list(got.notes)}


def _print(found: dict[str, Any]) -> None:
    messages = ", ".join(f"{n:,} of {name}" for name, n in found["messages"].items())
    print(f"{found['protocol'].upper()}: {messages}")
    for name in ("epochs", "first_gps", "last_gps", "fixes", "station", "jamming"):
        if name in found:
            print(f"{name.replace('_', ' ')}: {found[name]}")
    for name in ("position_m", "position_deg_m", "strength_dbhz", "agc"):
        if name in found:
            print(f"{name}: {', '.join(f'{x:.9g}' for x in found[name])}")
    for letter, part in found.get("signals", {}).items():
        print(f"{letter}: {part['satellites']} satellites, {' '.join(part['codes'])}")
    for kind, n in found.get("ephemerides", {}).items():
        print(f"ephemerides {kind}: {n}")
    if found.get("satellites"):
        print(f"satellites: {' '.join(found['satellites'])}")
    for note in found["notes"]:
        print(f"note: {note}")
