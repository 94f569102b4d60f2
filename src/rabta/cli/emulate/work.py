"""Carrying out what was asked, and saying what came of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.emulate.engine.course import Course
    from rabta.emulate.plan import Activity

NEEDS = {"ping": ("ping", "iputils-ping"), "tcp": ("iperf3", "iperf3")}
"""Programs of others by the kind that takes them, and Debian's package."""
WORST_S = 60.0


def activities(traffic: str, user: str, server: str, seconds: float) -> tuple[Activity, ...]:
    """Activities of a list as ``ping,tcp:bbr``."""
    from rabta.emulate.plan import Activity

    found = []
    for item in traffic.split(","):
        kind, _, control = item.strip().partition(":")
        found.append(
            Activity(kind, user, server, 0.5, seconds - 0.5, {"control": control} if control else {})
        )
    return tuple(found)


def ready(kinds: AbstractSet[str]) -> None:
    """Refuse what this machine lacks before any work."""
    for kind in sorted(kinds & NEEDS.keys()):
        program, package = NEEDS[kind]
        if shutil.which(program) is None:
            raise RabtaError(f"traffic {kind} needs the program {program}", key="--traffic", value=kind,
                             expected=f"apt-get install {package}", exit_code=EXIT_SYSTEM)  # fmt: skip


def folder(from_: str, to: str) -> Path:
    """Folder for a result that was given none."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return Path("emulations") / f"{from_}-{to}-{stamp}".replace(" ", "_").replace("/", "_")


def carried_out(
    folder: Path,
    course: Course,
    asked: tuple[Activity, ...],
    seconds: float,
    *,
    seed: int,
    capture: bool,
    quiet: bool,
) -> dict[str, Any]:
    """Run a worker on the plan; returns its result with what was computed beside what was felt."""
    from dataclasses import replace

    from rabta.emulate import agree, plan

    user, server = course.hosts[:2]
    named = tuple(replace(one, user=user, server=server) for one in asked)
    plan.write(folder, course, plan.Plan(seconds, named, seed=seed, capture=capture))
    _work(folder, seconds, quiet=quiet)
    found: dict[str, Any] = json.loads((folder / plan.RESULT).read_text(encoding="utf-8"))
    for one in found["activities"]:
        if one["kind"] == "ping" and "rtts" in one:
            one["agreement"] = agree.pings(course, user, server, one["rtts"], found["unix_s"])
    return found


def _work(folder: Path, seconds: float, *, quiet: bool) -> None:
    """Run the worker, and show how far it is."""
    command = [sys.executable, "-m", "rabta.emulate.worker", str(folder)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as worker:  # noqa: S603 (our own module, no shell)
        if worker.stdout is None or worker.stderr is None:
            return
        for line in worker.stdout:
            if not quiet and sys.stderr.isatty():
                at = json.loads(line)
                print(
                    f"\r{at['at_s']:6d} of {seconds:.0f} s, {at['read']:,} packets", end="", file=sys.stderr
                )
        said = worker.stderr.read()
        if worker.wait(timeout=WORST_S):
            raise RabtaError(f"the emulation failed: {_last(said)}", file=folder, exit_code=EXIT_SYSTEM)
    if not quiet and sys.stderr.isatty():
        print(file=sys.stderr)


def _last(said: str) -> str:
    """Last words of a worker that failed: the problem, without the way to it."""
    lines = [line for line in said.strip().splitlines() if line.strip()]
    at = max((k for k, line in enumerate(lines) if line.startswith("rabta.errors")), default=len(lines) - 1)
    words = [line.removeprefix("rabta.errors.RabtaError: ").strip() for line in lines[at:]]
    return "\n  ".join(words) or "no words"


def tell(found: dict[str, Any], folder: Path) -> None:
    """Print what came of it in words."""
    for one in found["activities"]:
        print(f"{one['from']} > {one['to']}  {one['kind']}")
        if "failed" in one:
            print(f"  failed: {one['failed']}")
            continue
        print("  " + ", ".join(f"{name} {value}" for name, value in one["summary"].items()))
        if "agreement" in one:
            a = one["agreement"]
            more = f"{a['median_ms']} ms more in the middle, {a['p99_ms']} at 99 %"
            print(f"  beside the computed round trip: {more}")
    e = found["engine"]
    print(f"{e['read']:,} packets, {e['late_mean_ns'] / 1e3:.0f} us late on average; {folder}")
