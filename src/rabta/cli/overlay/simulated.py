"""``rabta overlay run``: two places talk over their satellite path, with new keys at each of its events."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    import pandas as pd

    from rabta.security.overlay.paths import Change, Delay
    from rabta.security.overlay.simulate import Outcome, Simulation

MOST_MINUTES = 24.0 * 60.0
MOST_PACKETS = 5_000_000
AROUND_S = (-0.002, -1e-6, 0.0, 1e-6, 0.002)
"""Packets beside every handover, where keys change."""


def run(
    source: Annotated[
        str, typer.Argument(help="Scenario, or a run's folder with these places in [events] pairs")
    ],
    from_: Annotated[str, typer.Option("--from", help="Place by name, as in --from Gilgit")],
    to: Annotated[str, typer.Option(help="Other place, at home or abroad")],
    minutes: Annotated[float, typer.Option(help="Length of the span, of a scenario")] = 15.0,
    start: Annotated[str | None, typer.Option(help="Start, UTC; that of the scenario if left out")] = None,
    suite: Annotated[
        str, typer.Option(help="NS (ML-KEM-1024, AES-256-GCM) or CI (ML-KEM-768, ChaCha20)")
    ] = "NS",
    rate: Annotated[float, typer.Option(help="Packets a second, each way")] = 20.0,
    size: Annotated[int, typer.Option(help="Bytes of a packet's payload")] = 200,
    loss: Annotated[float, typer.Option(help="Per cent of the datagrams that the path loses")] = 0.0,
    replay: Annotated[
        float, typer.Option(help="Per cent of the datagrams that an attacker sends again")
    ] = 10.0,
    seed: Annotated[int, typer.Option(help="Of loss and replays")] = 1,
    picture: Annotated[Path | None, typer.Option(help="SVG of delay, handovers and keys")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Append the nodes' events to the run's folder")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON")] = False,
) -> None:
    """Carry packets between two places through a run's handovers; every one brings new keys."""
    from rabta.security.core.suites import named

    _check(minutes, rate, size, loss, replay)
    named(suite)
    if record and not _is_run(source):
        expected = "a run's folder"
        raise RabtaError(
            "nowhere to record", key="--record", value=source, expected=expected, exit_code=EXIT_USAGE
        )
    table, subject = _events(source, from_, to, minutes, start)
    found, delay, changes = _simulated(
        table, subject, suite, (rate, size, loss / 100.0, replay / 100.0, seed)
    )
    if record:
        _recorded(source, table, subject, found["events"])
    if picture is not None:
        from rabta import io
        from rabta.security.overlay import picture as pictures

        epochs = [event["at_s"] for event in found["events"] if event["kind"] in {"session", "key_epoch"}]
        io.write_atomic(picture, pictures.draw(delay, changes, epochs, f"{subject}, suite {suite}"))
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def _check(minutes: float, rate: float, size: int, loss: float, replay: float) -> None:
    from rabta.security.overlay.node import MOST_PAYLOAD

    limits = {
        "--minutes": (minutes, 1e-3, MOST_MINUTES),
        "--rate": (rate, 0.0, 10_000.0),
        "--size": (size, 8, MOST_PAYLOAD),
        "--loss": (loss, 0.0, 100.0),
        "--replay": (replay, 0.0, 100.0),
    }
    for key, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise RabtaError(
                "out of range", key=key, value=value, expected=f"{low:g} to {high:g}", exit_code=EXIT_USAGE
            )


def _events(source: str, from_: str, to: str, minutes: float, start: str | None) -> tuple[pd.DataFrame, str]:
    """Events of a pair from a finished run, or of a scenario that is asked for them."""
    from rabta import events
    from rabta.cli.events.joint import evaluated
    from rabta.scenario import find, load

    subject = f"{from_.strip()} > {to.strip()}"
    if _is_run(source):
        table = events.read(Path(source))
        own = table["subject"].str.casefold() == subject.casefold()
        return table, str(table.loc[own, "subject"].iloc[0]) if own.any() else subject
    changes: dict[str, Any] = {"events.pairs": [(from_, to)], "time.hours": minutes / 60.0}
    changes |= {"time.start": start} if start else {}
    given = load(find(source), changes)
    step_s = min(given.time.step_s, given.time.hours * 3600.0)
    given = load(find(source), changes | {"time.step_s": step_s, "events.places": []})
    table = evaluated(given, ("events",)).table("events")
    return table, str(table.loc[table["kind"] == "path_start", "subject"].iloc[0])


def _is_run(source: str) -> bool:
    return (Path(source) / "provenance.json").is_file()


def _recorded(source: str, table: pd.DataFrame, subject: str, told: list[dict[str, Any]]) -> None:
    """Append sessions and changes of keys to the run, at their instants."""
    from rabta import events

    begin = int(table.loc[table["subject"] == subject, "time_ns"].min())
    rows = [
        {
            "time_ns": begin + round(event["at_s"] * 1e9),
            "kind": event["kind"],
            "subject": subject,
            "to": event["detail"] if event["kind"] == "session" else "",
            "detail": "overlay",
        }
        for event in told
    ]
    events.append(Path(source), rows)


def _simulated(
    table: pd.DataFrame, subject: str, name: str, asked: tuple[float, int, float, float, int]
) -> tuple[dict[str, Any], Delay, list[Change]]:
    from rabta.security.core.suites import named
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.paths import from_events, independent
    from rabta.security.overlay.simulate import Simulation, strangers

    rate, size, loss, replay, seed = asked
    delay, changes = from_events(table, subject)
    ways = (Way(delay, independent(loss), seed=seed), Way(delay, independent(loss), seed=seed + 1))
    sim = Simulation(strangers(named(name)), ways, replay=replay, seed=seed)
    sim.connect()
    span = delay.time_s[-1]
    if rate * span * 2 > MOST_PACKETS:
        raise RabtaError(
            "too many packets", key="--rate", value=rate, expected=f"{MOST_PACKETS} in all at most"
        )
    out = sim.run(_traffic(span, rate, size, changes), changes, span)
    return _record(sim, out, subject, name, delay), delay, changes


def _traffic(span: float, rate: float, size: int, changes: list[Change]) -> list[tuple[float, int, int]]:
    """Both ways at a rate, and close beside every handover."""
    times = [number / rate for number in range(int(span * rate))] if rate else []
    times += [change.at_s + around for change in changes for around in AROUND_S]
    return sorted((at, side, size) for at in times if 0.0 <= at < span for side in (0, 1))


def _record(sim: Simulation, out: Outcome, subject: str, name: str, delay: Delay) -> dict[str, Any]:
    from rabta.security.overlay.paths import lost

    nodes, known = sim.nodes, [value for value in delay.delay_s if not math.isnan(value)]
    refused = sum((node.counters for node in nodes), start=type(nodes[0].counters)())
    kinds = ("replay", "stale", "unknown", "mac", "malformed", "cookie", "limit")
    return {
        "path": subject,
        "suite": name,
        "minutes": round(delay.time_s[-1] / 60.0, 4),
        "rtt_ms": [round(2e3 * min(known), 4), round(2e3 * max(known), 4)],
        "handovers": out.changes,
        "key_changes": nodes[0].counters["key_epoch"],
        "sessions": nodes[0].counters["session"],
        "handshake_ms": _round(out.handshake_s * 1e3),
        "sent": out.sent,
        "delivered": out.delivered,
        "lost_by_network": out.lost_by_network,
        "lost_by_overlay": out.lost_by_overlay,
        "wrong": out.wrong,
        "added_rtt_ms": _round(2e3 * out.waited_s),
        "replayed": out.replayed,
        "replays_accepted": out.doubled,
        "refused": {kind: refused[kind] for kind in kinds if refused[kind]},
        "overhead_bytes_a_packet": out.overhead_bytes,
        "control_share": round(
            1.0 - (out.payload_bytes + out.sent * out.overhead_bytes) / out.datagram_bytes, 5
        ),
        "datagrams_lost": lost(sim.paths),
        "events": [{"at_s": round(e.at, 6), "kind": e.kind, "detail": e.detail} for e in out.events],
    }


def _round(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _print(found: dict[str, Any]) -> None:
    low, high = found["rtt_ms"]
    print(
        f"{found['path']}, suite {found['suite']}, {found['minutes']:g} min, RTT {low:.3f} to {high:.3f} ms"
    )
    print(f"handshake {found['handshake_ms']} ms; {found['sessions']} sessions")
    print(f"{found['handovers']} handovers, keys changed at {found['key_changes']}")
    print(
        f"{found['sent']} packets: {found['delivered']} delivered, lost by the network "
        f"{found['lost_by_network']}, by the overlay {found['lost_by_overlay']}"
    )
    print(f"added to the round trip: {found['added_rtt_ms']} ms")
    print(f"{found['replayed']} replays, {found['replays_accepted']} accepted; refused: {found['refused']}")
    print(f"{found['overhead_bytes_a_packet']} bytes more a packet")
