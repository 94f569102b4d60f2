"""What an emulation is asked to do, in a folder: the course, the programs, how long."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from rabta.emulate.engine import sound
from rabta.emulate.engine.course import Course
from rabta.errors import RabtaError, nearest

VERSION = 2  # of folders: since 2 a queue is a time
COURSE, PLAN, RESULT = "course.npz", "plan.json", "result.json"
PING, IP = ("ping", "iputils-ping"), ("ip", "iproute2")
KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "ping": (PING,), "tcp": (("iperf3", "iperf3"),), "lesson": (), "payments": (), "call": (), "quic": (),
    "probes": (), "mptcp": (IP,), "ospf": (IP, ("ospfd", "frr")), "overlay": (), "bundles": (),
    "wireguard": (("wireguard-go", "wireguard-go"), PING, IP, ("unshare", "util-linux"), ("mount", "mount")),
}  # fmt: skip
"""Kinds of traffic, and the programs of others that each takes, with Debian's packages."""
CONTROLS = {"tcp": ("cubic", "bbr"), "lesson": ("cubic", "bbr"), "overlay": ("file",)}
"""What may stand behind a kind's name, after a colon."""
MPTCP = Path("/proc/sys/net/mptcp/enabled")
CONGESTION = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
HOP = ("mptcp", "ospf")
"""Kinds for which hosts route for themselves, over two ways."""
PLACES = ("/usr/lib/frr", "/usr/libexec/frr", "/usr/sbin")  # of daemons, beyond the usual ones
_NAMES = ("hosts", "gates")
MOST = 1 << 62
DAMAGE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, MemoryError,
          RecursionError, zipfile.BadZipFile, zlib.error, struct.error)  # fmt: skip
"""What reading a file of ours raises where it is none."""
_NUMBER = (int, float)
TYPES: dict[str, tuple[type, ...]] = {
    "length_s": _NUMBER, "seed": (int,), "mtu": (int,), "capture": (bool,), "fates": (bool,),
    "spin_ns": (int,), "hop": (bool,),
    "run": (str,), "start": (str,), "backend": (str,),
    "kind": (str,), "user": (str,), "server": (str,), "start_s": _NUMBER,
    "seconds": _NUMBER, "options": (dict,),
}  # fmt: skip


@dataclass(frozen=True)
class Activity:
    """A program between two hosts.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    user, server : str
        Hosts.
    start_s, seconds : float
    options : dict
        Of the kind: ``every_s`` and ``deadline_s`` of payments, ``control`` of tcp and lesson (cubic or bbr),
        of overlay (file), ``renew_s`` of wireguard, ``bytes``, ``size``.
    """

    kind: str
    user: str
    server: str
    start_s: float = 0.0
    seconds: float = 60.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RabtaError(
                "no such traffic", key="--traffic", value=self.kind, expected=nearest(self.kind, KINDS)
            )


@dataclass(frozen=True)
class Plan:
    """All that a worker needs beside the course.

    Attributes
    ----------
    hop : bool
        Hosts route for themselves over two ways; the course is `rabta.emulate.hop.fork`'s.
    run, start : str
        Folder of a finished run and the instant of second 0 (ISO 8601, UTC), where changes of the path come
        from the run's events and changes of keys go to; empty for neither.
    backend : str
        What carries packets: a name of `rabta.emulate.backends.choice`.
    """

    length_s: float
    activities: tuple[Activity, ...]
    seed: int = 0
    mtu: int = 1500
    capture: bool = False
    fates: bool = True
    spin_ns: int = 0
    hop: bool = False
    run: str = ""
    start: str = ""
    backend: str = "tun"


def lacks(kind: str) -> tuple[str, str] | None:
    """First program that a kind takes and this machine lacks, and Debian's package of it."""
    where = ":".join((os.environ.get("PATH", os.defpath), *PLACES))
    return next((need for need in KINDS[kind] if shutil.which(need[0], path=where) is None), None)


def wanting(kind: str, control: str = "") -> tuple[str, str] | None:
    """What else a kind lacks, and its cure: parts of Python, of the kernel, or a control that is none."""
    known = CONTROLS.get(kind, ())
    if control and control not in known:
        return f"{kind} knows no {control!r}", ", ".join([kind, *(f"{kind}:{one}" for one in known)])
    if kind == "quic" and importlib.util.find_spec("aioquic") is None:
        return "quic needs aioquic", "pip install 'rabta[emulate]'"
    if kind == "mptcp" and not MPTCP.is_file():
        return "mptcp needs a kernel with Multipath TCP", "Linux 5.6 with CONFIG_MPTCP"
    if control == "bbr" and "bbr" not in _text(CONGESTION).split():
        return f"{kind}:bbr needs the kernel's BBR", "modprobe tcp_bbr"
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def write(folder: Path, course: Course, plan: Plan) -> None:
    """Write the course and the plan into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {one.name: getattr(course, one.name) for one in fields(course) if one.name not in _NAMES}
    names = {name: np.array(getattr(course, name), dtype=np.str_) for name in _NAMES}
    held: dict[str, Any] = arrays | names
    np.savez_compressed(folder / COURSE, **held)
    text = json.dumps({"version": VERSION, **asdict(plan)}, indent=1)
    (folder / PLAN).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> tuple[Course, Plan]:
    """Course and plan of a folder.

    Raises
    ------
    RabtaError
        Where there is none, or one of a newer version.
    """
    held = _plan(folder / PLAN)
    try:
        with (folder / COURSE).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except DAMAGE as error:
        raise RabtaError(f"no emulation in this folder: {error}", file=folder / COURSE) from None
    known = {one.name for one in fields(Course)}
    wrong = sound.fault(found) or ("" if found.keys() == known else "other parts than a course's")
    if wrong:
        raise RabtaError(f"a damaged course: {wrong}", file=folder / COURSE,
                         expected="a course as rabta emulate writes it")  # fmt: skip
    values: dict[str, Any] = {name: tuple(found[name].tolist()) for name in _NAMES}
    values |= {name: value for name, value in found.items() if name not in _NAMES}
    values["length_ns"] = int(values["length_ns"])
    plan = _made(held, folder / PLAN, values["hosts"])
    return Course(**values), plan


def _plan(path: Path) -> dict[str, Any]:
    """What a plan's file holds, of this version."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        version = held.pop("version")
    except (*DAMAGE, AttributeError, TypeError) as error:
        raise RabtaError(f"no emulation in this folder: {error}", file=path) from None
    if version != VERSION:
        raise RabtaError("an emulation of another version", file=path, value=version,
                         expected=f"version {VERSION}")  # fmt: skip
    return dict(held)


def _made(held: dict[str, Any], path: Path, hosts: tuple[str, ...]) -> Plan:
    """Plan of a file's values, each of the type that it must have."""
    expected = "a plan as rabta emulate writes it"
    try:
        activities = tuple(Activity(**row) for row in held.pop("activities"))
        plan = Plan(activities=activities, **held)
    except (TypeError, KeyError, AttributeError, ValueError, RabtaError) as error:
        raise RabtaError(f"a damaged plan: {error}", file=path, expected=expected) from None
    parts: tuple[Plan | Activity, ...] = (plan, *activities)
    for one in parts:
        for name in TYPES.keys() & {each.name for each in fields(one)}:
            value = getattr(one, name)
            if type(value) not in TYPES[name] or not _fits(value):
                raise RabtaError("a damaged plan", file=path, key=name, value=value, expected=expected)
    for one in activities:
        for name in {one.user, one.server} - set(hosts):
            raise RabtaError(
                "a damaged plan: no such host", file=path, value=name, expected=nearest(name, hosts)
            )
    return plan


def _fits(value: object) -> bool:
    """Whether a number is finite and none is negative."""
    return not isinstance(value, int | float) or 0.0 <= value < MOST


def steady(course: Course, path: int) -> Sequence[tuple[float, float, float]]:
    """Stretches of a path without an outage: from, to (s) and mean one-way delay (ms)."""
    rows = course.pieces[course.first[path] : course.first[path + 1]]
    ends = np.append(rows[1:, 0], course.length_ns)
    out = []
    for row, end in zip(rows, ends, strict=True):
        if row[1] >= 0.0 and end > row[0]:
            middle = row[1] + row[2] * (end - row[0]) / 2.0
            out.append((row[0] / 1e9, float(end) / 1e9, float(middle) / 1e6))
    return out
