"""Programs that outlived their engine, known by a mark in their environment and ended at the next start.

The kernel takes away namespaces, interfaces and the engine's own children when an engine is killed. What is
left are programs that its children started and that nobody told to die. Each process that runs on a host
carries whose it is: process, start, user and the namespaces in which these numbers count. Only where that
very process is gone is a program ended; whoever carries no mark, or another's, is never touched.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

PROC = Path("/proc")
MARK = "RABTA_EMULATION"
PR_SET_PDEATHSIG = 1
STARTED = 19  # proc(5): starttime, counted after the name in brackets

_libc = ctypes.CDLL(None, use_errno=True)


def marked(environment: Mapping[str, str] | None, bed: int) -> dict[str, str]:
    """Environment of a program that runs on a host; this process's if none is given.

    Parameters
    ----------
    bed : int
        Which of this process's testbeds the host is in.
    """
    own = os.environ if environment is None else environment
    return {**own, MARK: f"{token(os.getpid())}:{bed}"}


@lru_cache
def token(process: int) -> str:
    """Whose a program is: process, its start, its user, and the namespaces of processes and of time."""
    user = (PROC / str(process)).stat().st_uid
    return f"{process}:{_start(process)}:{user}:{_spaces()}"


def _spaces() -> str:
    names = [(PROC / "self/ns" / name) for name in ("pid", "time")]
    return ":".join(str(one.stat().st_ino) if one.exists() else "0" for one in names)


def _start(process: int) -> str:
    """When a process started, in the kernel's ticks; empty where it is gone or a zombie."""
    try:
        words = (PROC / str(process) / "stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[STARTED]


def found() -> list[int]:
    """Processes whose engine is gone: of this user, and numbered in this namespace."""
    own = token(os.getpid()).split(":", 2)[2]
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _orphan(entry, own)]


def _mark(entry: Path) -> str:
    """Mark of a process; empty where it has none, is gone, or is not ours to look at."""
    try:
        rows = (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    head = f"{MARK}=".encode()
    return next((row[len(head) :].decode("ascii", "replace") for row in rows if row.startswith(head)), "")


def _orphan(entry: Path, own: str) -> bool:
    process, _, rest = _mark(entry).partition(":")
    start, _, whose = rest.partition(":")
    if not process.isdigit() or not start.isdigit() or whose.rpartition(":")[0] != own:
        return False
    return _start(int(process)) != start


def clear() -> list[int]:
    """End what is left of engines that were killed; returns the processes."""
    own = token(os.getpid()).split(":", 2)[2]
    return [one for one in found() if _ended(one, lambda entry: _orphan(entry, own))]


def close(bed: int) -> list[int]:
    """End what is left of a testbed of this process: what its programs had started."""
    mark = f"{token(os.getpid())}:{bed}"
    numbers = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _mark(entry) == mark]
    return [one for one in numbers if _ended(one, lambda entry: _mark(entry) == mark)]


def _ended(process: int, still: Callable[[Path], bool]) -> bool:
    """Kill a process that is still the one that was found after a handle to it was taken."""
    with suppress(OSError):
        handle = os.pidfd_open(process)
        try:
            if still(PROC / str(process)):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


def end_with(parent: int, number: int) -> None:
    """Have the kernel signal this process when its parent is gone; at once where it already is.

    It must be asked after the process has changed its rights, which makes the kernel forget.
    """
    _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
