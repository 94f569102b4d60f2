"""Kinds of traffic: what each starts on the server and on the user's host, and how its words are read.

A kind is a server and a client, both commands, or a function that does all in a thread of its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.emulate.hop import Network
    from rabta.emulate.plan import Activity, Plan
    from rabta.emulate.testbed import Testbed

PROGRAMS = "rabta.emulate.programs"
SECURE = "rabta.emulate.secure"
ENDS_S = 3.0  # before the activity's end, for what is under way and for the last words
Command = list[str]
Found = dict[str, Any]


@dataclass
class Place:
    """Where an activity runs.

    Attributes
    ----------
    folder : Path
        Of its own and of this user alone: keys, stores; its name is the number of the activity.
    changes : list of (float, str)
        When the path changes (s), and words.
    contacts : list
        When there is a path, as `changes.contacts` has it.
    network : Network, optional
        Routes, where hosts route for themselves.
    """

    bed: Testbed
    activity: Activity
    folder: Path
    changes: list[tuple[float, str]]
    contacts: list[list[float]]
    network: Network | None = None

    @property
    def address(self) -> str:
        """Address of the server."""
        return self.bed.address(self.activity.server)

    @property
    def port(self) -> int:
        """Port of a server: one for each activity, as users may share it."""
        return 5201 + int(self.folder.name)

    def option(self, name: str, default: float | str) -> str:
        """An option of the activity, as a word of a command."""
        return str(self.activity.options.get(name, default))

    def own(self, name: str, task: str, *words: str) -> Command:
        """Command of a program of the package `secure`, for either end."""
        own = "--number", self.folder.name
        return [sys.executable, "-m", f"{SECURE}.{name}", task, str(self.folder), self.address, *words, *own]

    def asks(self, name: str, task: str, *words: str) -> Command:
        """The same for the user's end: how long, and since when the emulation runs."""
        seconds = max(self.activity.seconds - ENDS_S, self.activity.seconds / 2.0)
        begin = time.monotonic_ns() - self.bed.now()
        return self.own(name, task, str(seconds), *words, "--begin", str(begin))


def place(bed: Testbed, plan: Plan, activity: Activity, folder: Path, net: Network | None) -> Place:
    """Place of an activity: its path changes as the run's events and the course say."""
    from rabta.emulate.secure import changes

    a, found = activity, Place(bed, activity, folder, [], [], net)
    end = a.server if net is None else net.routers[0]
    if bed.course.route()[bed.course.hosts.index(a.user), bed.course.hosts.index(end)] < 0:
        return found
    found.contacts = changes.contacts(bed.course, a.user, end)
    if plan.run:
        start = datetime.fromisoformat(plan.start)
        with suppress(RabtaError):  # a run of before there were events: as the course says
            found.changes = changes.of_run(Path(plan.run), a.user, a.server, start, plan.length_s)
    found.changes = changes.joined(found.changes, changes.of_course(bed.course, a.user, end))
    return found


@dataclass(frozen=True)
class Kind:
    """What a kind does.

    Attributes
    ----------
    prepare : callable, optional
        Writes what both ends need into the place's folder.
    serve, play : callable, optional
        Command of the server, and of the client.
    silent : bool
        The server does not say when it listens.
    many : bool
        One server on a host serves all its users.
    call : callable, optional
        Does all instead.
    read : callable
        What the client's words say, with a ``summary``.
    """

    prepare: Callable[[Place], None] | None = None
    serve: Callable[[Place], Command] | None = None
    play: Callable[[Place], Command] | None = None
    silent: bool = False
    many: bool = False
    call: Callable[[Place], Found] | None = None
    read: Callable[[str], Found] | None = None


def result(text: str) -> Found:
    """Last line of a program's words; those before it told how it went."""
    found: Found = json.loads(text.strip().splitlines()[-1])
    return {"summary": found["summary"], **found}


def transferred(text: str) -> Found:
    """Goodput by iperf3's JSON."""
    found: Found = json.loads(text[text.index("{") :])
    each = [[row["sum"]["end"], row["sum"]["bits_per_second"]] for row in found["intervals"]]
    if "sum_received" not in found["end"] and not each:
        raise ValueError(str(found.get("error", "no figures")))
    rate = found["end"].get("sum_received", {}).get("bits_per_second")
    if rate is None:  # it was ended early
        rate = sum(bps for _, bps in each) / len(each)
    return {"summary": {"goodput_mbps": round(rate / 1e6, 4)}, "intervals": each}


def pinged(text: str) -> Found:
    """Round trips of ping -D: instant and milliseconds of each, and their spread.

    Examples
    --------
    >>> pinged("[1.5] 64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=14.2 ms")["rtts"]
    [[1.5, 14.2]]
    """
    rows = [line.split() for line in text.splitlines() if "time=" in line]
    rtts = [[float(row[0].strip("[]")), float(row[-2].removeprefix("time="))] for row in rows]
    times = sorted(rtt for _, rtt in rtts)
    if not times:
        if text.strip() and "statistics" not in text:
            raise ValueError("it did not run")
        return {"summary": {"answers": 0}, "rtts": []}
    at = {f"p{q}_ms": times[min(len(times) * q // 100, len(times) - 1)] for q in (50, 90, 99)}
    return {
        "summary": {"answers": len(times), "least_ms": times[0], **at, "most_ms": times[-1]},
        "rtts": rtts,
    }


def _program(name: str, task: str) -> Callable[[Place], Command]:
    return lambda p: [sys.executable, "-m", f"{PROGRAMS}.{name}", task, p.address]


def _ping(p: Place) -> Command:
    return [
        "ping",
        "-D",
        "-n",
        "-i",
        p.option("every_s", 0.2),
        "-w",
        str(max(int(p.activity.seconds), 1)),
        p.address,
    ]


def _iperf(p: Place) -> Command:
    return ["iperf3", "-c", p.address, "-p", str(p.port), "-t", str(max(int(p.activity.seconds), 1)), "-J",
            "-R", "-C", p.option("control", "cubic")]  # fmt: skip


def _lesson(p: Place) -> Command:
    how = "--control", p.option("control", "cubic")
    return [*_program("lesson", "play")(p), str(p.activity.seconds), *how, "--tell"]


def _pay(p: Place) -> Command:
    return [*_program("payment", "pay")(p), str(p.activity.seconds), "--every", p.option("every_s", 1.0),
            "--deadline", p.option("deadline_s", 2.0), "--tell"]  # fmt: skip


def _talk(p: Place) -> Found:
    from rabta.emulate.programs import call

    a = p.activity
    found = call.call(p.bed, a.user, a.server, max(a.seconds - 1.0, 0.5), port=p.port)
    each = {name: one["summary"] for name, one in found.items()}
    return {"summary": {f"{name}: {key}": value for name, row in each.items() for key, value in row.items()}}


def _fetch(p: Place) -> Found:
    from rabta.emulate.programs import quic

    a = p.activity
    size = int(a.options.get("bytes", 5_000_000))
    found = quic.download(p.bed, a.user, a.server, size, patience_s=a.seconds, port=p.port)
    kept = ("handshake_s", "bytes", "seconds", "goodput_bps", "longest_gap_s", "failed")
    return {"summary": {key: found[key] for key in kept}, "intervals": found["intervals"]}


def _probes(p: Place) -> Found:
    """One-way delay, first of half the time there and then back."""
    from rabta.emulate.programs import probes

    a, every = p.activity, float(p.option("every_s", 0.01))
    half = max((a.seconds - ENDS_S) / 2.0, 0.5)
    out: Found = {"summary": {}, "packets": {}}
    for way, ends in (("there", (a.user, a.server)), ("back", (a.server, a.user))):
        found = probes.one_way(p.bed, *ends, half, every_s=every)
        told = found["summary"]
        delays = {f"{key}_ms": round(value, 4) for key, value in told.pop("delay_ms").items()}
        out["summary"] |= {f"{way}: {key}": value for key, value in {**told, **delays}.items()}
    return out


def _routed(p: Place) -> Network:
    if p.network is None:
        raise RabtaError(f"{p.activity.kind} needs two ways", key="--traffic", value=p.activity.kind)
    return p.network


def _mptcp(p: Place) -> Found:
    from rabta.emulate.programs import mptcp

    a, kept = p.activity, ("bytes", "seconds", "longest_gap_s", "subflows", "fallback")
    found = mptcp.fetched(p.bed, a.user, a.server, _routed(p).routers, a.seconds - ENDS_S)
    over = {f"bytes over {name}": count for name, count in found["paths"].items()}
    goodput = {"goodput_mbps": round(found["goodput_bps"] / 1e6, 4)}
    return {"summary": {**goodput, **{key: found[key] for key in kept}, **over},
            "intervals": found["intervals"]}  # fmt: skip


def _ospf(p: Place) -> Found:
    """Watch the user's next host towards the server; how long it took to leave a way that went out."""
    a, net, bed = p.activity, _routed(p), p.bed
    assert net.ospf is not None
    ways: list[tuple[float, str | None]] = []
    until = bed.now() / 1e9 + a.seconds
    while (now := bed.now() / 1e9) < until:
        way = net.ospf.way(a.user, a.server)
        if not ways or ways[-1][1] != way:
            ways.append((round(now, 3), way))
        time.sleep(0.02)
    outs = [end for (_, end, *_), (begin, *_) in zip(p.contacts, p.contacts[1:], strict=False) if begin > end]
    if p.contacts and p.contacts[-1][1] < until - 1.0:  # out to the end
        outs.append(p.contacts[-1][1])
    left = [next((at - out for at, _ in ways[1:] if at > out), None) for out in outs]
    took = [round(one, 3) for one in left if one is not None]
    summary = {
        "converged_s": round(net.converged_s, 3), "first_way": ways[0][1], "changes": len(ways) - 1,
        "rerouted_s": max(took, default=None), "last_way": ways[-1][1],
    }  # fmt: skip
    return {"summary": summary, "ways": ways}


def _overlay_keys(p: Place) -> None:
    from rabta.emulate.secure import overlay

    overlay.keys(p.folder)
    (p.folder / "changes.json").write_text(json.dumps(p.changes), encoding="utf-8")


def _bundle_keys(p: Place) -> None:
    from rabta.emulate.secure import bundles

    bundles.keys(p.folder)
    (p.folder / bundles.CONTACTS).write_text(json.dumps(p.contacts), encoding="utf-8")


def _overlay(p: Place, *, user: bool) -> Command:
    file = p.activity.options.get("control") == "file"
    if not user:
        return p.own("overlay", "take" if file else "answer")
    if file:
        return p.asks("overlay", "give", "--bytes", p.option("bytes", 2_000_000))
    return p.asks("overlay", "ask", "--every", p.option("every_s", 0.02), "--size", p.option("size", 1000))


def _bundles(p: Place, *, user: bool) -> Command:
    if not user:
        return p.own("bundles", "take")
    return p.asks("bundles", "give", "--every", p.option("every_s", 0.25), "--size", p.option("size", 2000))


def _wireguard(p: Place, *, user: bool) -> Command:
    from rabta.emulate.secure.wireguard import ALONE

    renew = ("--renew", p.option("renew_s", 10.0))
    if not user:
        return [*ALONE, *p.own("tunnel", "answer", *renew)]
    return [*ALONE, *p.asks("tunnel", "ask", *renew, "--every", p.option("every_s", 0.02))]


KINDS: dict[str, Kind] = {
    "ping": Kind(play=_ping, read=pinged),
    "tcp": Kind(
        serve=lambda p: ["iperf3", "-s", "-1", "-p", str(p.port)], play=_iperf, silent=True, read=transferred
    ),
    "lesson": Kind(serve=_program("lesson", "serve"), play=_lesson, many=True),
    "payments": Kind(serve=_program("payment", "serve"), play=_pay, many=True),
    "call": Kind(call=_talk),
    "quic": Kind(call=_fetch),
    "probes": Kind(call=_probes),
    "mptcp": Kind(call=_mptcp),
    "ospf": Kind(call=_ospf),
    "overlay": Kind(
        _overlay_keys, lambda p: _overlay(p, user=False), lambda p: _overlay(p, user=True)
    ),
    "bundles": Kind(
        _bundle_keys, lambda p: _bundles(p, user=False), lambda p: _bundles(p, user=True)
    ),
    "wireguard": Kind(
        _overlay_keys, lambda p: _wireguard(p, user=False), lambda p: _wireguard(p, user=True)
    ),
}  # fmt: skip
"""By the name that `plan.KINDS` and the command line know."""
