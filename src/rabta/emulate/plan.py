"""What an emulation is asked to do, in a folder: the course, the programs, how long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from rabta.emulate.engine.course import Course
from rabta.errors import RabtaError, nearest

VERSION = 1
COURSE, PLAN, RESULT = "course.npz", "plan.json", "result.json"
KINDS = ("ping", "tcp", "lesson", "payments", "call", "quic")
_NAMES = ("hosts", "gates")


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
        Of the kind: ``every_s`` and ``deadline_s`` of payments, ``control`` of tcp (cubic or bbr).
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
    """All that a worker needs beside the course."""

    length_s: float
    activities: tuple[Activity, ...]
    seed: int = 0
    mtu: int = 1500
    capture: bool = False
    fates: bool = True
    spin_ns: int = 0


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
    try:
        held = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        version = held.pop("version")
        with np.load(folder / COURSE) as file:
            found = {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError) as error:
        raise RabtaError(f"no emulation in this folder: {error}", file=folder) from None
    if version != VERSION:
        raise RabtaError("an emulation of another version", file=folder / PLAN, value=version,
                         expected=f"version {VERSION}")  # fmt: skip
    values: dict[str, Any] = {name: tuple(found[name].tolist()) for name in _NAMES}
    values |= {name: value for name, value in found.items() if name not in _NAMES}
    values["length_ns"] = int(values["length_ns"])
    activities = tuple(Activity(**row) for row in held.pop("activities"))
    return Course(**values), Plan(activities=activities, **held)


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
