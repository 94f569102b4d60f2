"""Carries out a plan: ``python -m rabta.emulate.worker FOLDER``.

A process of its own, because a process that is not root must go into a user namespace before any library
has started a thread; and because whatever happens to it, the kernel cleans up behind it.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rabta.emulate import watch
from rabta.emulate.engine import leftovers, spaces
from rabta.emulate.kinds import KINDS, Place, place, result
from rabta.errors import EXIT_INTERRUPTED, EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.emulate.engine.course import Course
    from rabta.emulate.plan import Plan
    from rabta.emulate.testbed import Setup, Testbed

LISTEN_S = 10.0
CLOSING_S = 3.0  # for programs to say what they have after an early end
LAST_WORDS = 300
RESERVE = ".reserve"
RESERVE_BYTES = 1 << 20  # so that a disk which fills up meanwhile has room for the result
ENDING = watch.Ending()


class Running:
    """An activity under way: its server, its client, and what it told."""

    def __init__(self, place: Place, said: Path) -> None:
        self.place, self.activity, self.said = place, place.activity, said
        self.kind = KINDS[place.activity.kind]
        self.client: subprocess.Popen[Any] | None = None
        self.server: subprocess.Popen[Any] | None = None
        self.thread: threading.Thread | None = None
        self.outcome: dict[str, Any] = {"failed": "never started"}

    def serve(self) -> None:
        """Start the server, where the kind has one."""
        if self.kind.prepare is not None:
            self.kind.prepare(self.place)
        if self.kind.serve is not None:
            command = self.kind.serve(self.place)
            start = self.place.bed.start
            # what nobody reads would fill a pipe and stop the program
            out = subprocess.DEVNULL if self.kind.silent else subprocess.PIPE
            self.server = start(self.activity.server, command, stdout=out, text=True)
            if not self.kind.silent and self.server.stdout is not None:
                self._hears(self.server.stdout)

    def _hears(self, pipe: IO[str]) -> None:
        """Wait until a server says that it listens."""
        if not select.select([pipe], [], [], LISTEN_S)[0] or not pipe.readline():
            raise RabtaError(f"the server of {self.activity.kind} does not start", key="host",
                             value=self.activity.server, exit_code=EXIT_SYSTEM)  # fmt: skip

    @property
    def state(self) -> str:
        """Whether the client ``waits``, ``runs`` or ``ended``."""
        if self.thread is not None:
            return "runs" if self.thread.is_alive() else "ended"
        if self.client is None:
            return "waits"
        return "runs" if self.client.poll() is None else "ended"

    def begin(self) -> None:
        """Start the client."""
        if self.kind.play is None:
            self.thread = threading.Thread(target=self._call, daemon=True)
            self.thread.start()
            return
        command = self.kind.play(self.place)
        with self.said.open("wb") as out:  # a pipe that nobody reads would fill and stop the program
            start = self.place.bed.start
            self.client = start(self.activity.user, command, stdout=out, stderr=subprocess.STDOUT)

    def _call(self) -> None:
        try:
            assert self.kind.call is not None
            self.outcome = self.kind.call(self.place)
        except Exception as error:  # noqa: BLE001 (the others' results are worth keeping, whatever it is)
            self.outcome = {"failed": str(error) or type(error).__name__}

    def _ended(self, patience_s: float) -> bool:
        """Wait for the client; who waits for an answer that does not come is asked for what it has."""
        assert self.client is not None
        for wait_s, last in ((patience_s, signal.SIGINT), (CLOSING_S, signal.SIGKILL)):
            try:
                self.client.wait(timeout=wait_s)
            except subprocess.TimeoutExpired:
                self.client.send_signal(last)
            else:
                return True
        return False

    def end(self, patience_s: float) -> dict[str, Any]:
        """Wait for the client and read what it says."""
        a = self.activity
        head = {"kind": a.kind, "from": a.user, "to": a.server, "start_s": a.start_s, "seconds": a.seconds}
        if self.thread is not None:
            self.thread.join(patience_s)
            return {**head, **({"failed": "did not end"} if self.thread.is_alive() else self.outcome)}
        if self.client is None:
            return {**head, **self.outcome}
        if not self._ended(patience_s):
            return {**head, "failed": f"did not end within {patience_s:.0f} s of its time"}
        said = self.said.read_text(encoding="utf-8", errors="replace")
        try:
            return {**head, **(self.kind.read or result)(said)}
        except (ValueError, KeyError, IndexError, TypeError) as error:
            code = self.client.returncode
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            words = " ".join(said.split())[-LAST_WORDS:] or f"{error} in its output"
            return {**head, "failed": f"ended early, {how}: {words}" if code else f"no figures: {words}"}


def carry_out(folder: Path) -> dict[str, Any]:
    """Run the plan of a folder; returns the result that it writes there too."""
    from rabta.emulate import plan as plans
    from rabta.emulate.engine.live import Tuning
    from rabta.emulate.testbed import Setup

    course, plan = plans.read(folder)
    whole = plan.backend == "tun"  # the kernel tells no packet's fate
    tuning = Tuning(
        seed=plan.seed, spin_ns=plan.spin_ns, urgent=True, capture_rows=16_384 if plan.capture else 0
    )
    setup = Setup(
        tuning, hop=plan.hop, mtu=plan.mtu, fates=folder / "fates" if plan.fates and whole else None,
        capture=folder / "packets.pcapng" if plan.capture else None,
    )  # fmt: skip
    _reserve(folder)
    _swept()
    with tempfile.TemporaryDirectory(prefix=_mine(os.getpid())) as secrets, _bed(course, setup, plan) as bed:
        running = _running(bed, plan, folder, Path(secrets))
        _serve(running)
        clock = _timed(bed, plan, running)
        found = {
            "version": plans.VERSION, "unix_s": clock.unix_s, "ended_s": round(bed.now() / 1e9, 3),
            "ended_early": ENDING.why or None, "activities": _results(running, plan, clock),
            "engine": bed.counters(), "hosts": _hosts(bed, plan), "clock_steps": clock.steps,
            "stood_still": clock.still, "trouble": bed.trouble or None,
        }  # fmt: skip
    _noted(plan, found, folder)
    _write(folder / plans.RESULT, json.dumps(found, indent=1) + "\n")
    return found


def _mine(process: int | str) -> str:
    """Begin of the names of a process's folders of secrets; processes count in a namespace."""
    return f"rabta-{Path('/proc/self/ns/pid').stat().st_ino}-{process}-"


def _swept() -> None:
    """Remove folders of secrets whose process was killed before it could."""
    for one in Path(tempfile.gettempdir()).glob(_mine("*") + "*"):
        with suppress(OSError):
            if one.lstat().st_uid == os.getuid() and not Path("/proc", one.name.split("-")[2]).exists():
                shutil.rmtree(one)


def _bed(course: Course, setup: Setup, plan: Plan) -> Testbed:
    """Testbed of the plan's back end."""
    if plan.backend == "tun":
        from rabta.emulate.testbed import Testbed

        return Testbed(course, setup)
    from rabta.emulate.backends import choice

    return choice.bed(course, setup, backend=plan.backend)


def _running(bed: Testbed, plan: Plan, folder: Path, secrets: Path) -> list[Running]:
    """Activities with their places; routes first, where hosts have to find them."""
    from rabta.emulate import hop

    net: hop.Network | None = None
    if plan.hop and plan.activities:
        a, ospf = plan.activities[0], any(one.kind == "ospf" for one in plan.activities)
        net = hop.network(bed, a.user, a.server, secrets / "routes", ospf=ospf)
    out = []
    for number, activity in enumerate(plan.activities):
        own = secrets / str(number)
        own.mkdir(mode=0o700)
        out.append(Running(place(bed, plan, activity, own, net), folder / f"activity-{number}.txt"))
    return out


def _noted(plan: Plan, found: dict[str, Any], folder: Path) -> None:
    """Append the keys that changed to the events of the run, where there is one, and where they did."""
    from rabta.emulate.secure import changes

    for one in found["activities"] if plan.run else ():
        start = datetime.fromisoformat(plan.start)
        try:
            keys = [
                (at, kind, f"{words}; emulation {folder.name}") for at, kind, words in one.get("keys", ())
            ]
            changes.note(Path(plan.run), one["from"], one["to"], start, keys)
        except RabtaError as error:
            found["trouble"] = found["trouble"] or str(error)


def _serve(running: list[Running]) -> None:
    """Start the servers; those that serve many once on each host."""
    shared = set()
    for one in running:
        key = (one.activity.kind, one.activity.server)
        if key not in shared:
            one.serve()
        if one.kind.many:
            shared.add(key)


def _reserve(folder: Path) -> None:
    """Keep room for the result."""
    try:
        with (folder / RESERVE).open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
    except OSError as error:
        problem = f"no room for a result: {error.strerror}"
        raise RabtaError(problem, file=folder, expected="some megabytes", exit_code=EXIT_SYSTEM) from error


def _write(path: Path, text: str) -> None:
    """Write the result whole or not at all."""
    (path.parent / RESERVE).unlink(missing_ok=True)
    part = path.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise RabtaError(f"the result cannot be written: {error.strerror}", file=path,
                         exit_code=EXIT_SYSTEM) from error  # fmt: skip


def _results(running: list[Running], plan: Plan, clock: watch.Clock) -> list[dict[str, Any]]:
    """What all clients say; those that do not end share one patience."""
    late = time.monotonic() + (CLOSING_S if ENDING.why else LISTEN_S)
    if ENDING.why:
        for one in running:
            if one.client is not None and one.client.poll() is None:
                one.client.send_signal(signal.SIGINT)  # they then say what they have
    out = []
    for one in running:
        ends = one.activity.start_s + one.activity.seconds - plan.length_s
        found = one.end(max(late - time.monotonic(), 0.1) + (0.0 if ENDING.why else max(ends, 0.0)))
        if "rtts" in found and clock.steps:
            found["rtts"] = [[round(clock.plain(at), 6), rtt] for at, rtt in found["rtts"]]
        out.append(found)
    return out


def _hosts(bed: Testbed, plan: Plan) -> dict[str, Any]:
    """Counters of the hosts that had activities."""
    names = {name for one in plan.activities for name in (one.user, one.server)}
    return {name: bed.host(name) for name in sorted(names)}


def _timed(bed: Testbed, plan: Plan, running: list[Running]) -> watch.Clock:
    """Start every client at its instant of the emulation's clock; tells progress on the way."""
    bed.restart()
    clock, waiting = watch.Clock(bed.now() / 1e9), sorted(running, key=lambda one: one.activity.start_s)
    told_s = -1
    while (now := bed.now() / 1e9) < plan.length_s and not ENDING.why:
        while waiting and waiting[0].activity.start_s <= now:
            waiting.pop(0).begin()
        if int(now) > told_s:
            told_s = int(now)
            state = [(one.activity, one.said, one.state) for one in running]
            print(json.dumps(watch.line(bed, state)), flush=True)
        time.sleep(0.02)
        clock.look()
    return clock


def main() -> None:
    """Carry out the plan of the folder named; with a second word, end when that process does."""
    sys.stdout = os.fdopen(os.dup(1), "w")  # ours alone: what programs say goes to the log
    os.dup2(2, 1)
    leftovers.clear()
    spaces.private()
    ENDING.heed()
    if len(sys.argv) > 2:
        leftovers.end_with(int(sys.argv[2]), signal.SIGTERM)
    try:
        carry_out(Path(sys.argv[1]))
    except RabtaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    if ENDING.why:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
