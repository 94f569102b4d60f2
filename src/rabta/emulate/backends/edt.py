"""A course on sch_fq: BPF programs compute when each packet may leave; the fair queue waits.

The law is the engine's, evaluated at every packet, so that there are no steps: `rabta.emulate.backends.law`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping

from rabta.emulate.backends import bpf, law, netlink
from rabta.emulate.backends.assembler import assembled
from rabta.emulate.backends.netlink import Netlink, attribute, word
from rabta.emulate.backends.wires import Wired, Wires
from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import NEVER, Course, Pages
from rabta.errors import RabtaError

PACKETS = 100_000
HORIZON_US = 600_000_000  # delays beyond a queue's horizon are dropped
MARGIN_NS = 1_000_000
ALL = 0x0003  # every protocol
# linux/pkt_sched.h, linux/pkt_cls.h
_LIMIT, _FLOW_LIMIT, _PACING, _SLACK, _HORIZON = 1, 2, 5, 13, 14
_BPF_FD, _BPF_NAME, _BPF_FLAGS, _DIRECT = 6, 7, 8, 1


class Tables:
    """The programs' tables of a course."""

    def __init__(self, course: Course, seed: int) -> None:
        hosts, paths, gates = len(course.hosts), max(len(course.ends), 1), max(len(course.gates), 1)
        self.course, self.seed = course, seed
        self.head = bpf.Table(1, len(law.HEAD))
        self.route = bpf.Table(hosts * hosts, 1)
        self.line, self.gate = bpf.Table(2 * paths, law.LINE), bpf.Table(2 * gates, law.GATE)
        self.state, self.free = bpf.Table(paths, len(law.STATE)), bpf.Table(gates, 1)
        self.head.rows[0] = law.NEVER, 0, hosts, paths, gates
        self.route.rows[:, 0] = course.route().ravel()

    @property
    def _all(self) -> Mapping[str, bpf.Table]:
        names = ("head", "route", "line", "gate", "state", "free")
        return {name: getattr(self, name) for name in names}

    @property
    def descriptors(self) -> dict[str, int]:
        """What programs know the tables by."""
        return {name: table.descriptor for name, table in self._all.items()}

    def close(self) -> None:
        """Let them go."""
        for table in self._all.values():
            table.close()

    def begin(self, origin_ns: int) -> None:
        """Forget all packets; instant 0 is one of the monotonic clock."""
        self.head.rows[0, 1] = origin_ns
        self.state.rows[:], self.free.rows[:] = 0, 0
        self.state.rows[:, law.STATE.index("mixed")] = law.mixed(len(self.state.rows), self.seed)

    def page(self, pages: Pages, book: int) -> None:
        """Write a book of the course."""
        paths, gates = len(self.course.ends), len(self.course.gates)
        own = slice(book * paths, (book + 1) * paths)
        self.line.rows[own] = law.lines(pages.line[book], self.course.up, self.course.down)
        if gates:
            self.gate.rows[book * gates : (book + 1) * gates] = law.gates(pages.gate[book])

    def turns(self, book: int, due_ns: int) -> None:
        """Let the programs turn to the other book at an instant: one number, so that they never see half."""
        self.head.rows[0, 0] = due_ns & ~1 | book

    def turned(self, book: int) -> None:
        """Let the programs read a book until they are told."""
        self.turns(book, law.NEVER)


class Edt(Wired):
    """A testbed whose packets wait in the kernel's fair queues for the instants that programs gave them."""

    def lay(self, wires: Wires) -> None:
        """Load the programs and put them, and a queue that keeps instants, on every wire."""
        self.tables = Tables(self.course, self.setup.tuning.seed)
        self._held: list[int | None] = []
        programs = {stage: self._loaded(stage) for stage in ("up", "path", "down")}
        home = spaces.here()
        try:
            for row, access in enumerate(wires.accesses):
                spaces.enter(access.descriptor)
                self._held += [put(wires.ups[row], programs["up"]), put(wires.downs[row], programs["down"])]
            spaces.enter(wires.core.descriptor)
            self._held += [put(index, programs["path"]) for index in wires.ins]
        finally:
            spaces.enter(home)
            os.close(home)

    def _loaded(self, stage: law.Stage) -> int:
        """Descriptor of a stage's program; an older kernel gets one that marks no times."""
        made = self.tables.descriptors
        try:
            program = bpf.load(assembled(law.program(stage), made))
        except RabtaError:
            program = bpf.load(assembled(law.program(stage, helper=False), made))
        self._held.append(program)
        return program

    def first(self) -> None:
        """Write the first page."""
        self.pages = Pages(self.course)
        self.tables.page(self.pages, self.pages.turn(0))
        self.tables.begin(self.origin)
        self.tables.turned(self.pages.book)

    def follow(self) -> None:
        """Write each page ahead of its time, in the book that no program reads."""
        while (due := self.pages.until_ns) < NEVER:
            before, now = self.pages.book, self.now()
            self.tables.page(self.pages, self.pages.turn(max(due, now)))
            self.tables.turns(before, max(due, now))
            if not self.until(due + MARGIN_NS):
                return
            self.tables.turned(self.pages.book)

    def counters(self) -> dict[str, int]:
        """Fates of packets so far, and of the pages."""
        found = self.tables.state.rows.sum(axis=0)
        named = {name.replace(" ", "_"): int(count) for name, count in zip(law.STATE, found, strict=True)}
        kept = ("full_up", "lost", "out", "full_down", "delivered")
        return {**{name: named[name] for name in kept}, **super().counters()}

    def tear(self) -> None:
        """Let go of programs and tables."""
        for descriptor in getattr(self, "_held", []):
            if descriptor is not None:
                os.close(descriptor)
        if hasattr(self, "tables"):
            self.tables.close()


def put(index: int, program: int) -> int | None:
    """Put a queue that keeps instants on an interface of this namespace, and a program before it.

    Returns a descriptor that holds the program there (tcx), or None where the interface does (clsact).
    """
    with Netlink() as link:
        link.queue(index, netlink.ROOT, 1 << 16, "fq", queue())
        held = bpf.linked(program, index)
        if held is None:
            link.queue(index, netlink.CLSACT, 0xFFFF0000, "clsact", b"")
            options = word(_BPF_FD, program) + attribute(_BPF_NAME, b"rabta\0") + word(_BPF_FLAGS, _DIRECT)
            link.filter(index, netlink.EGRESS, "bpf", options, ALL)
        return held


def queue() -> bytes:
    """Options of a fair queue that holds packets until their time, whosever they are, and paces nothing."""
    words = ((_LIMIT, PACKETS), (_FLOW_LIMIT, PACKETS), (_PACING, 0), (_SLACK, 1_000), (_HORIZON, HORIZON_US))
    return b"".join(attribute(kind, struct.pack("=I", value)) for kind, value in words)
