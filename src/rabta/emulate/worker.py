"""Carries out a plan: ``python -m rabta.emulate.worker FOLDER``.

A process of its own, because a process that is not root must go into a user namespace before any library
has started a thread; and because whatever happens to it, the kernel cleans up behind it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.emulate.engine import spaces
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.emulate.plan import Activity, Plan
    from rabta.emulate.testbed import Testbed

PROGRAMS = "rabta.emulate.programs"
LISTEN_S = 10.0


class Running:
    """An activity under way: its server, its client, and what it told."""

    def __init__(self, bed: Testbed, activity: Activity, said: Path) -> None:
        self.bed, self.activity, self.said = bed, activity, said
        self.client: subprocess.Popen[Any] | None = None
        self.server: subprocess.Popen[Any] | None = None
        self.thread: threading.Thread | None = None
        self.outcome: dict[str, Any] = {"failed": "never started"}

    def serve(self) -> None:
        """Start the server, where the kind has one."""
        a, address = self.activity, self.bed.address(self.activity.server)
        commands = {
            "lesson": [sys.executable, "-m", f"{PROGRAMS}.lesson", "serve", address],
            "payments": [sys.executable, "-m", f"{PROGRAMS}.payment", "serve", address],
            "tcp": ["iperf3", "-s", "-1", "-p", str(self.port)],
        }
        if a.kind in commands:
            self.server = self.bed.start(a.server, commands[a.kind], stdout=subprocess.PIPE, text=True)
            if a.kind != "tcp" and self.server.stdout is not None:
                self.server.stdout.readline()

    @property
    def port(self) -> int:
        """Port of an iperf3 server: one for each activity."""
        return 5201 + abs(hash((self.activity.user, self.activity.server, self.activity.start_s))) % 4000

    def begin(self) -> None:
        """Start the client."""
        a, address = self.activity, self.bed.address(self.activity.server)
        o = a.options
        if a.kind in CALLS:
            self.thread = threading.Thread(target=self._call, daemon=True)
            self.thread.start()
            return
        commands = {
            "ping": ["ping", "-D", "-n", "-i", str(o.get("every_s", 0.2)), "-w", str(int(a.seconds)),
                     address],
            "lesson": [sys.executable, "-m", f"{PROGRAMS}.lesson", "play", address, str(a.seconds)],
            "payments": [sys.executable, "-m", f"{PROGRAMS}.payment", "pay", address, str(a.seconds),
                         "--every", str(o.get("every_s", 1.0)), "--deadline", str(o.get("deadline_s", 2.0))],
            "tcp": ["iperf3", "-c", address, "-p", str(self.port), "-t", str(int(a.seconds)), "-J", "-R",
                    "-C", str(o.get("control", "cubic"))],
        }  # fmt: skip
        with self.said.open(
            "wb"
        ) as out:  # a file, for a pipe that nobody reads would fill and stop the program
            self.client = self.bed.start(a.user, commands[a.kind], stdout=out)

    def _call(self) -> None:
        try:
            self.outcome = CALLS[self.activity.kind](self.bed, self.activity)
        except (RabtaError, OSError, ValueError, subprocess.SubprocessError) as error:
            self.outcome = {"failed": str(error)}

    def end(self, patience_s: float) -> dict[str, Any]:
        """Wait for the client and read what it says."""
        a = self.activity
        head = {"kind": a.kind, "from": a.user, "to": a.server, "start_s": a.start_s, "seconds": a.seconds}
        if self.thread is not None:
            self.thread.join(patience_s)
            return {**head, **({"failed": "did not end"} if self.thread.is_alive() else self.outcome)}
        if self.client is None:
            return {**head, **self.outcome}
        try:
            self.client.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            return {**head, "failed": "did not end"}
        try:
            return {**head, **told(a.kind, self.said.read_text(encoding="utf-8", errors="replace"))}
        except (ValueError, KeyError, IndexError) as error:
            return {**head, "failed": f"said nothing that can be read: {error}"}


def _talk(bed: Testbed, a: Activity) -> dict[str, Any]:
    from rabta.emulate.programs import call

    found = call.call(bed, a.user, a.server, a.seconds - 1.0)
    each = {name: one["summary"] for name, one in found.items()}
    return {"summary": {f"{name}: {key}": value for name, row in each.items() for key, value in row.items()}}


def _fetch(bed: Testbed, a: Activity) -> dict[str, Any]:
    from rabta.emulate.programs import quic

    size = int(a.options.get("bytes", 5_000_000))
    found = quic.download(bed, a.user, a.server, size, patience_s=a.seconds)
    kept = ("handshake_s", "bytes", "seconds", "goodput_bps", "longest_gap_s", "failed")
    return {"summary": {key: found[key] for key in kept}, "intervals": found["intervals"]}


CALLS: dict[str, Callable[[Testbed, Activity], dict[str, Any]]] = {"call": _talk, "quic": _fetch}
"""Kinds that a function of the programs carries out, in a thread of its own."""


def told(kind: str, text: str) -> dict[str, Any]:
    """What a program measured, of its output."""
    if kind == "ping":
        return pinged(text)
    found: dict[str, Any] = json.loads(text)
    if kind == "tcp":
        each = [[row["sum"]["end"], row["sum"]["bits_per_second"]] for row in found["intervals"]]
        return {"summary": {"goodput_mbps": round(found["end"]["sum_received"]["bits_per_second"] / 1e6, 4)},
                "intervals": each}  # fmt: skip
    return found


def pinged(text: str) -> dict[str, Any]:
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
        return {"summary": {"answers": 0}, "rtts": []}
    at = {f"p{q}_ms": times[min(len(times) * q // 100, len(times) - 1)] for q in (50, 90, 99)}
    return {
        "summary": {"answers": len(times), "least_ms": times[0], **at, "most_ms": times[-1]},
        "rtts": rtts,
    }


def carry_out(folder: Path) -> dict[str, Any]:
    """Run the plan of a folder; returns the result that it writes there too."""
    from rabta.emulate import plan as plans
    from rabta.emulate.engine.live import Tuning
    from rabta.emulate.testbed import Setup, Testbed

    course, plan = plans.read(folder)
    tuning = Tuning(seed=plan.seed, spin_ns=plan.spin_ns, capture_rows=16_384 if plan.capture else 0)
    setup = Setup(
        tuning, mtu=plan.mtu, fates=folder / "fates" if plan.fates else None,
        capture=folder / "packets.pcapng" if plan.capture else None,
    )  # fmt: skip
    with Testbed(course, setup) as bed:
        running = [
            Running(bed, activity, folder / f"activity-{k}.txt") for k, activity in enumerate(plan.activities)
        ]
        for one in running:
            one.serve()
        begun = _timed(bed, plan, running)
        results = [one.end(LISTEN_S + one.activity.seconds) for one in running]
        found = {"version": plans.VERSION, "unix_s": begun, "engine": bed.counters(), "activities": results}
    (folder / plans.RESULT).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def _timed(bed: Testbed, plan: Plan, running: list[Running]) -> float:
    """Start every client at its instant of the emulation's clock; tells progress on the way."""
    if bed.engine is None:
        return 0.0
    bed.engine.restart()
    begun, waiting = time.time(), sorted(running, key=lambda one: one.activity.start_s)
    told_s = -1
    while bed.engine.now() < plan.length_s * 1e9:
        now = bed.engine.now() / 1e9
        while waiting and waiting[0].activity.start_s <= now:
            waiting.pop(0).begin()
        if int(now) > told_s:
            told_s = int(now)
            print(json.dumps({"at_s": told_s, **bed.counters()}), flush=True)
        time.sleep(0.02)
    return begun


def main() -> None:
    """Carry out the plan of the folder named."""
    spaces.private()
    carry_out(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
