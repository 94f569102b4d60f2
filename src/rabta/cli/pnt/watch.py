"""``rabta pnt watch``: jamming and lies in a receiver's observations, messages and samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def watch(
    observations: Annotated[Path, typer.Argument(help="RINEX observations, plain or packed (.gz, .crx, .Z)")],
    navigation: Annotated[list[Path], typer.Argument(help="RINEX navigation files, as many as needed")],
    systems: Annotated[str, typer.Option(help="Systems: C BeiDou, G GPS, E Galileo, R, J")] = "G,E,C",
    moving: Annotated[bool, typer.Option(help="The receiver moves: its place is no test")] = False,
    false_alarm: Annotated[float, typer.Option(help="Of a test at an epoch, errors as budgeted")] = 1e-7,
    samples: Annotated[
        Path | None, typer.Option(help="Front end's samples (IQ, 8 bits) to watch too")
    ] = None,
    rate: Annotated[float, typer.Option(help="Samples a second")] = 4e6,
    signal: Annotated[str, typer.Option(help="Signal looked for in the samples")] = "L1CA",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Watch for spoofing and jamming: alarms with their evidence, doubtful messages, second senders."""
    import numpy as np

    from rabta.pnt import rinex
    from rabta.pnt.spoofing import content, detect

    obs = rinex.observations(observations)
    nav = rinex.merge([rinex.navigation(path) for path in navigation])
    letters = systems.replace(",", "").replace(" ", "").upper()
    found = detect.watch(obs, nav, detect.Options(letters, static=not moving, false_alarm=false_alarm))
    counts = np.bincount(found.state, minlength=len(detect.STATES)).tolist()
    told: dict[str, Any] = {
        "observations": str(observations),
        "epochs": dict(zip(detect.STATES, counts, strict=True)),
        "oscillator": found.oscillator,
        "alarms": [_alarm(alarm) for alarm in found.alarms],
        "messages": [
            {"satellite": d.satellite, "kind": d.kind, "value": d.value, "limit": d.limit}
            for d in content.plausible(nav)
        ],
        "notes": [*obs.notes, *found.notes],
    }
    if samples is not None:
        told["samples"] = _samples(samples, rate, signal)
    print(json.dumps(told, ensure_ascii=False) if json_ else "\n".join(_lines(told)))


def _alarm(alarm: Any) -> dict[str, Any]:
    from rabta.pnt.gnsstime import calendar

    names = ("test", "value", "threshold", "differs")
    return {
        "time_gps": str(calendar(alarm.time))[:23],
        "since_gps": str(calendar(alarm.since))[:23],
        "state": alarm.state,
        "evidence": [dict(zip(names, part, strict=True)) for part in alarm.evidence],
    }


def _samples(path: Path, rate: float, signal: str) -> dict[str, Any]:
    from rabta.pnt.baseband import samples as source
    from rabta.pnt.spoofing import waves

    read = source.read(path, rate, seconds=0.2)
    jam = waves.jammer(read.values, rate)
    twins = waves.twins(read.values, rate, signal)
    peaks = [{"prn": t.prn, "verdict": t.verdict, "cn0_dbhz": [p.cn0_dbhz for p in t.peaks]} for t in twins]
    return {
        "interference": {"kind": jam.kind, "value": jam.value, "threshold": jam.threshold},
        "signal": signal,
        "satellites": peaks,
    }


def _lines(told: dict[str, Any]) -> list[str]:
    """For people."""
    states = ", ".join(f"{count} {state}" for state, count in told["epochs"].items())
    lines = [f"{told['observations']}: epochs {states}; clock like: {told['oscillator'] or 'not known yet'}"]
    for alarm in told["alarms"]:
        lines.append(f"ALARM {alarm['state']} at {alarm['time_gps']} (since {alarm['since_gps']}, GPS time)")
        lines += [
            f"    {part['test']}: {part['value']:.1f} over {part['threshold']:.1f}, {part['differs']}"
            for part in alarm["evidence"]
        ]
    lines += [
        f"message of {bad['satellite']}: {bad['kind']}, {bad['value']:.0f} over {bad['limit']:.0f}"
        for bad in told["messages"]
    ]
    if not told["alarms"] and not told["messages"]:
        lines.append("no alarm, no doubtful message")
    if "samples" in told:
        part = told["samples"]
        lines.append(f"samples: interference {part['interference']['kind']}")
        for one in part["satellites"]:
            strong = ", ".join(f"{cn0:.1f}" for cn0 in one["cn0_dbhz"])
            lines.append(f"    {part['signal']} {one['prn']}: {one['verdict']} ({strong} dB-Hz)")
    return lines + [f"note: {note}" for note in told["notes"]]
