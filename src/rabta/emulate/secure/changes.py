"""When the path between two hosts changes: of the course that is emulated, or of a run's events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from rabta import events
from rabta.emulate.engine.course import Course
from rabta.errors import RabtaError

JUMP_NS = 1_000.0  # of the delay; a satellite's motion bends it by 23 us a second, without jumps
KINDS = ("path_change", "path_start", "outage_end")
SYSTEM = "overlay"
SAME_S = 0.02  # between the run's account of a change and the path's
UNLIMITED_BPS = 1e10
Change = tuple[float, str]


def path(course: Course, user: str, server: str) -> int:
    """Row of the path from a host to another one."""
    for name in (user, server):
        if name not in course.hosts:
            raise RabtaError("no such host", key="host", value=name, expected=", ".join(course.hosts))
    row = int(course.route()[course.hosts.index(user), course.hosts.index(server)])
    if row < 0:
        raise RabtaError(f"no path from {user}", value=server, expected="a host that it has a path to")
    return row


def of_course(course: Course, user: str, server: str) -> list[Change]:
    """Instants (s) at which the delay jumps or an outage ends, and words for each."""
    row = path(course, user, server)
    pieces = course.pieces[course.first[row] : course.first[row + 1], :3].tolist()
    found: list[Change] = []
    for (t0, d0, slope), (t1, d1, _) in pairwise(pieces):
        if d1 < 0.0 or (d0 >= 0.0 and abs(d0 + slope * (t1 - t0) - d1) <= JUMP_NS):
            continue
        before = "an outage" if d0 < 0.0 else f"{(d0 + slope * (t1 - t0)) / 1e6:.4f} ms"
        found.append((t1 / 1e9, f"{user} > {server}: {before} to {d1 / 1e6:.4f} ms at {t1 / 1e9:.3f} s"))
    return found


def outages(course: Course, user: str, server: str) -> list[tuple[float, float]]:
    """From when to when (s) there is no path, in order."""
    row = path(course, user, server)
    pieces = course.pieces[course.first[row] : course.first[row + 1], :2].tolist()
    ends = [t for t, _ in pieces[1:]] + [course.length_ns]
    found: list[tuple[float, float]] = []
    for (begin, delay), end in zip(pieces, ends, strict=True):
        if delay >= 0.0:
            continue
        if found and found[-1][1] == begin / 1e9:
            found[-1] = found[-1][0], end / 1e9
        else:
            found.append((begin / 1e9, end / 1e9))
    return found


def of_run(folder: Path, user: str, server: str, start: datetime, seconds: float) -> list[Change]:
    """Changes that a run's events tell of a pair within a time; none where it has no events of the pair."""
    begin = round(start.timestamp() * 1e9)
    names = {f"{user} > {server}", f"{server} > {user}"}
    table = events.read(folder, kinds=KINDS, subjects=names)
    rows = zip(table["time_ns"], table["kind"], table["to"], table["detail"], strict=True)
    return [
        ((int(at) - begin) / 1e9, f"{kind} {to} {detail}".strip())
        for at, kind, to, detail in rows
        if 0 < int(at) - begin < seconds * 1e9
    ]


def joined(told: Sequence[Change], carried: Sequence[Change]) -> list[Change]:
    """Changes that a run tells of, and those of the path carried that it does not, as of outages asked for.

    Examples
    --------
    >>> joined([(2.0, "gateway B")], [(2.001, "8 to 9 ms"), (5.0, "an outage to 9 ms")])
    [(2.0, 'gateway B'), (5.0, 'an outage to 9 ms')]
    """
    more = [one for one in carried if all(abs(one[0] - at) > SAME_S for at, _ in told)]
    return sorted([*told, *more])


def note(folder: Path, user: str, server: str, start: datetime, keys: Iterable[Sequence[object]]) -> int:
    """Append key changes of a pair, each an instant (s), kind and words, to a run's events; how many."""
    begin = round(start.timestamp() * 1e9)
    return events.append(folder, [
        {"time_ns": begin + round(float(str(at)) * 1e9), "kind": str(kind), "subject": f"{user} > {server}",
         "system": SYSTEM, "detail": str(words)}
        for at, kind, words in keys
    ])  # fmt: skip


def contacts(course: Course, user: str, server: str, *, shortest_s: float = 0.2) -> list[list[float]]:
    """Times in which two hosts have a path: begin, end (s), bit/s and delay (s); by the course's outages.

    Parameters
    ----------
    shortest_s : float
        An outage shorter than this is none: TCP lives through it.
    """
    row, length = path(course, user, server), course.length_ns / 1e9
    pieces = course.pieces[course.first[row] : course.first[row + 1], 1]
    delay = float(pieces[pieces >= 0.0].max(initial=0.0)) / 1e9
    gate = int(course.up[row])
    rates = (
        course.gate_pieces[course.gate_first[gate] : course.gate_first[gate + 1], 1] if gate >= 0 else [0.0]
    )
    rate = min((float(one) for one in rates if one > 0.0), default=UNLIMITED_BPS)
    found, begin = [], 0.0
    for out, back in outages(course, user, server):
        if back - out < shortest_s:
            continue
        if out > begin:
            found.append([begin, out, rate, delay])
        begin = back
    return [*found, [begin, length, rate, delay]] if begin < length else found
