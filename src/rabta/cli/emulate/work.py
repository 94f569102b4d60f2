"""Carrying out what was asked, and saying what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_INTERRUPTED, EXIT_SYSTEM, EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from rabta.cli.emulate.live import Picture
    from rabta.emulate.engine.course import Course
    from rabta.emulate.plan import Activity

LONGEST = 60  # letters of a name in a folder's
WORST_S = 60.0  # for a worker to end after its last word
LOG = "worker.txt"
EXIT_TERMINATED = 143


def activities(traffic: str, user: str, server: str, seconds: float) -> tuple[Activity, ...]:
    """Activities of a list as ``ping,tcp:bbr``."""
    from rabta.emulate import plan

    found = []
    for item in traffic.split(","):
        kind, _, control = item.strip().partition(":")
        wanting = plan.wanting(kind, control) if kind in plan.KINDS else None
        if wanting is not None:
            raise RabtaError(wanting[0], key="--traffic", value=item.strip(), expected=wanting[1],
                             exit_code=EXIT_USAGE)  # fmt: skip
        found.append(
            plan.Activity(kind, user, server, 0.5, seconds - 0.5, {"control": control} if control else {})
        )
    return tuple(found)


def between(asked: Sequence[Activity], course: Course) -> tuple[Activity, ...]:
    """Activities of the two ends of a course, by the names that their places have there."""
    from dataclasses import replace

    user, server = course.hosts[:2]
    return tuple(replace(one, user=user, server=server) for one in asked)


def ready(kinds: AbstractSet[str], backend: str = "auto", *, capture: bool = False) -> str:
    """Refuse what this machine lacks before any work; returns the back end that carries packets."""
    from rabta.emulate import plan
    from rabta.emulate.backends import choice

    two = sorted(kinds & set(plan.HOP))
    if two and backend not in ("auto", "tun"):
        raise RabtaError(f"traffic {two[0]} needs hosts that route for themselves", key="--backend",
                         value=backend, expected="tun", exit_code=EXIT_USAGE)  # fmt: skip
    chosen = choice.chosen("tun" if two else backend)
    if capture and chosen != "tun":
        raise RabtaError("the kernel's queues keep no packets", key="--capture", value=chosen,
                         expected="--backend tun", exit_code=EXIT_USAGE)  # fmt: skip
    for kind in sorted(kinds):
        lacks = plan.lacks(kind)
        if lacks is not None:
            raise RabtaError(f"traffic {kind} needs the program {lacks[0]}", key="--traffic", value=kind,
                             expected=f"apt-get install {lacks[1]}", exit_code=EXIT_SYSTEM)  # fmt: skip
    return chosen


def two_ways(activities: Sequence[Activity]) -> bool:
    """Whether some traffic needs a way over satellites and one over the ground."""
    from rabta.emulate import plan

    return any(one.kind in plan.HOP for one in activities)


def folder(from_: str, to: str, source: str = "") -> Path:
    """Folder for a result that was given none: inside the run that was its source, or here."""
    home = Path(source) if source and (Path(source) / "provenance.json").is_file() else Path()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    who = from_ if len(from_) <= LONGEST else f"{from_[:LONGEST].rsplit(',', 1)[0]} and more"
    name = f"{who}-{to[:LONGEST]}-{stamp}".replace(" ", "_").replace("/", "_")
    places = [home / "emulations" / f"{name}{more}" for more in ("", *(f"-{k}" for k in range(2, 100)))]
    return next((place for place in places if not place.exists()), places[0])


def _fresh(place: Path) -> None:
    """Make the folder of a result; one that holds anything is never written into."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        held = next(place.iterdir(), None)
    except OSError as error:
        raise RabtaError(
            f"cannot make a folder: {error.strerror}", file=place, exit_code=EXIT_SYSTEM
        ) from None
    if held is not None:
        raise RabtaError("a folder that holds something already is not overwritten", file=place,
                         key="--out", expected="a new folder", exit_code=EXIT_USAGE)  # fmt: skip


def carried_out(
    folder: Path,
    course: Course,
    asked: tuple[Activity, ...],
    seconds: float,
    *,
    seed: int,
    capture: bool,
    quiet: bool,
    live: str = "auto",
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run a worker on the plan; returns its result with what was computed beside what was felt.

    Parameters
    ----------
    folder : Path
        Of the result; new or empty.
    live : str
        What is shown meanwhile: one of `live.KINDS`; nothing where `quiet` says so and no JSON was asked for.
    about : mapping, optional
        What it was: source, places, start; kept in the result.
    """
    from rabta import io
    from rabta.cli.emulate import second
    from rabta.cli.emulate.live import Picture
    from rabta.emulate import agree, plan
    from rabta.emulate.engine import records
    from rabta.report.parts.links import emulation

    backend = str((about or {}).get("backend", "tun"))
    picture = Picture("off" if quiet and live != "json" else live, seconds)
    _fresh(folder)
    run, begin = second.of_run(about or {})
    made = plan.Plan(seconds, asked, seed=seed, capture=capture, backend=backend, hop=two_ways(asked),
                     run=run, start=begin)  # fmt: skip
    plan.write(folder, course, made)
    with picture:
        _work(folder, picture)
    found: dict[str, Any] = json.loads((folder / plan.RESULT).read_text(encoding="utf-8"))
    for one in found["activities"]:
        if one["kind"] == "tcp" and "intervals" in one:
            one["agreement"] = agree.goodput(course, one["to"], one["from"], one["intervals"])
        if one["kind"] == "ping" and "rtts" in one and not made.hop:
            told = (course, one["from"], one["to"], one["rtts"], found["unix_s"])
            one["agreement"] = agree.pings(*told)
            if (folder / "fates").is_file():
                fates = records.fates(folder / "fates")[1]
                one["agreement"]["parts"] = agree.parts(course, fates, *told[1:], seed=seed)
    found["about"] = dict(about or {})
    io.write_atomic(folder / plan.RESULT, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    emulation.alone(folder)
    return found


def code(found: Mapping[str, Any]) -> int:
    """Exit code of a result: of an emulation that was ended early, else 0."""
    why = found.get("ended_early")
    return {"interrupted": EXIT_INTERRUPTED, "terminated": EXIT_TERMINATED}.get(str(why), 0)


class _Worker:
    """A worker under way; signals that come here are passed on to it, once."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "rabta.emulate.worker", str(folder), str(os.getpid())]
        self.passed, self._log = 0, (folder / LOG).open("wb")
        self.process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            command, stdout=subprocess.PIPE, stderr=self._log, text=True, start_new_session=True
        )
        self._before = [
            (number, signal.signal(number, self._pass)) for number in (signal.SIGINT, signal.SIGTERM)
        ]

    def _pass(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (as signals are)
        self.passed = number
        self.process.send_signal(number)

    def close(self) -> int:
        """Wait for the end; returns the exit code."""
        try:
            return self.process.wait(timeout=WORST_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            for number, handler in self._before:
                signal.signal(number, handler)
            self._log.close()
            if self.process.stdout is not None:
                self.process.stdout.close()


def _work(folder: Path, picture: Picture) -> None:
    """Run the worker, and show how it goes."""
    from rabta.emulate import plan

    worker = _Worker(folder)
    try:
        assert worker.process.stdout is not None
        for line in worker.process.stdout:
            with suppress(ValueError):  # a program that says something there
                picture.show(json.loads(line))
    finally:
        ended = worker.close()
    log = folder / LOG
    said = log.read_text(encoding="utf-8", errors="replace")
    if not said:
        log.unlink()
    if not (folder / plan.RESULT).is_file():
        if worker.passed:
            raise RabtaError("ended before anything was measured", file=folder, exit_code=EXIT_INTERRUPTED)
        how = f"killed by signal {-ended}" if ended < 0 else f"exit code {ended}"
        raise RabtaError(f"the emulation failed: {_last(said) or how}", file=folder, exit_code=EXIT_SYSTEM)


def _last(said: str) -> str:
    """Last words of a worker that failed: the problem, without the way to it."""
    lines = [line for line in said.strip().splitlines() if line.strip()]
    trace = any(line.startswith("Traceback") for line in lines)
    return "\n  ".join(line.strip() for line in (lines[-1:] if trace else lines[-5:]))


def tell(found: dict[str, Any], folder: Path) -> None:
    """Print what came of it in words."""
    if found.get("ended_early"):
        print(f"{found['ended_early']} after {found['ended_s']:.1f} s; what was measured until then:")
    for one in found["activities"]:
        print(f"{one['from']} > {one['to']}  {one['kind']}")
        if "failed" in one:
            print(f"  failed: {one['failed']}")
            continue
        print("  " + ", ".join(f"{name} {value}" for name, value in one["summary"].items()))
        if one["kind"] == "tcp" and one.get("agreement", {}).get("share"):
            a = one["agreement"]
            print(
                f"  after its start {100.0 * a['share']:.1f} % of the gate's {a['expected_mbps']:.4g} Mbit/s"
            )
        if one["kind"] == "ping" and "agreement" in one:
            a = one["agreement"]
            more = f"{a['median_ms']} ms more in the middle, {a['p99_ms']} at 99 %"
            print(f"  beside the computed round trip: {more}")
            if (parts := a.get("parts") or {}).get("matched"):
                share = 100.0 * parts["share_within"]
                print(f"  of that {parts['queues_ms']} ms in queues, {parts['jitter_ms']} ms jitter; "
                      f"the rest {parts['rest_ms']} ms")  # fmt: skip
                print(f"  {share:.0f} % of the pings within 1 % or 0.3 ms of path and queues")
    e = found["engine"]
    late = f", {e['late_mean_ns'] / 1e3:.0f} us late on average" if "late_mean_ns" in e else ""
    print(f"{e['read']:,} packets{late}; {folder}")
    for at, length in found.get("stood_still", ()):
        print(f"  this machine stood still for {length:.1f} s from {at:.1f} s on: no figures of the network")
    for at, step in found.get("clock_steps", ()):
        print(f"  the wall clock was set by {step:+.1f} s at {at:.1f} s; nothing here goes by it")
    if found.get("trouble"):
        print(f"  {found['trouble']}")
