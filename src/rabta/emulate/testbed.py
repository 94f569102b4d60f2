"""Hosts and links that exist while a block of code runs: namespaces, interfaces, engine, programs inside."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from rabta.emulate.engine import leftovers, rights, spaces
from rabta.emulate.engine.course import Course, Pages
from rabta.emulate.engine.live import Engine, Tuning
from rabta.emulate.engine.records import Capture, Fates
from rabta.errors import RabtaError, nearest

HOST_PORT = "rabta0"
MASK = "255.0.0.0"
MOST_HOSTS = 1 << 16


@dataclass(frozen=True)
class Setup:
    """What is asked of a testbed beside its course.

    Attributes
    ----------
    hop : bool
        An interface for each link, and the hosts' own kernels route; else one for each host: the engine does.
    mtu : int
        Largest IP packet, bytes.
    fates, capture : Path, optional
        Files for the fate of every packet and for the packets themselves (pcapng).
    """

    tuning: Tuning = field(default_factory=Tuning)
    hop: bool = False
    mtu: int = 1500
    queue: int = 1000
    fates: Path | None = None
    capture: Path | None = None


class Testbed:
    """A context: inside, hosts are up and packets flow; after it, nothing is left.

    Examples
    --------
    ``with Testbed(course) as bed: bed.start("Gilgit", ["ping", "-c", "3", bed.address("Karachi")]).wait()``
    """

    __test__ = False  # no test, whatever the name says to pytest

    def __init__(
        self, course: Course, setup: Setup | None = None, pages: Callable[[Course], Pages] = Pages
    ) -> None:
        self.course, self.setup, self._paged = course, setup or Setup(), pages
        if pages is not Pages and self.setup.fates is not None:
            problem = "no record of ways that are computed meanwhile: it could not be carried again"
            raise RabtaError(problem, key="fates", value=self.setup.fates, expected="a course with pieces")
        if not 1 <= len(course.hosts) <= MOST_HOSTS or len(set(course.hosts)) < len(course.hosts):
            raise RabtaError("hosts need names of their own", value=len(course.hosts),
                             expected=f"1 to {MOST_HOSTS} different names")  # fmt: skip
        self._rows = {name: row for row, name in enumerate(course.hosts)}
        self._spaces: list[spaces.Space] = []
        self._children: list[subprocess.Popen[Any]] = []
        self.engine: Engine | None = None

    def __enter__(self) -> Self:
        leftovers.clear()
        count = len(self.course.hosts)
        rights.files(2 * count + len(self.course.ends) * self.setup.hop + rights.SPARE_FILES)
        home = spaces.here()
        try:
            ports, links = self._hops() if self.setup.hop else self._hosts()
            spaces.enter(home)
            self.engine = Engine(self.course, ports, self.setup.tuning, links, self._paged)
            if self.setup.fates is not None:
                self.engine.fates = Fates(self.setup.fates, self.course, self.setup.tuning.seed)
            if self.setup.capture is not None:
                self.engine.capture = Capture(
                    self.setup.capture, self.course, self.setup.tuning.capture_bytes
                )
            self.engine.start()
        except BaseException:
            spaces.enter(home)
            self._close()
            raise
        finally:
            os.close(home)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
        if self._children:
            leftovers.close(id(self))
        for child in self._children:
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        if self.engine is not None:
            self.engine.stop()
        for space in self._spaces:
            space.close()
        self._spaces, self.engine = [], None

    def _made(self, links: Mapping[str, tuple[str, str]]) -> spaces.Space:
        setup = self.setup
        space = spaces.make(setup.mtu, dict(links), offload=setup.tuning.offload, queue=setup.queue)
        self._spaces.append(space)
        return space

    def _hosts(self) -> tuple[list[int], None]:
        """One interface a host; the engine knows the way."""
        for row in range(len(self.course.hosts)):
            self._made({HOST_PORT: (spaces.address(row), MASK)})
        return [space.ports[HOST_PORT] for space in self._spaces], None

    def _hops(self) -> tuple[list[int], np.ndarray[Any, np.dtype[np.int64]]]:
        """One interface for each end of a link, numbered link by link; kernels forward."""
        pairs = [(a, b) for a, b in self.course.ends.tolist() if a < b]
        own: list[dict[str, tuple[str, str]]] = [{} for _ in self.course.hosts]
        for link, (a, b) in enumerate(pairs):
            own[a][port_name(b)], own[b][port_name(a)] = (link_address(link, end) for end in (0, 1))
        for row, links in enumerate(own):
            space = self._made(links)
            spaces.forwarding(spaces.address(row))
            assert space.ports.keys() == links.keys()
        ports = [self._spaces[x].ports[port_name(y)] for a, b in pairs for x, y in ((a, b), (b, a))]
        way, route = self.course.route(), []
        for link, (a, b) in enumerate(pairs):
            route += [(2 * link + 1, way[a, b]), (2 * link, way[b, a])]
        return ports, np.array(route, dtype=np.int64).reshape(-1, 2)

    def space(self, host: str) -> spaces.Space:
        """Namespace of a host by name."""
        if host not in self._rows:
            raise RabtaError("no such host", key="host", value=host, expected=nearest(host, self._rows))
        return self._spaces[self._rows[host]]

    def address(self, host: str) -> str:
        """IPv4 address of a host by name."""
        self.space(host)
        return spaces.address(self._rows[host])

    def start(self, host: str, command: Sequence[str], **more: Any) -> subprocess.Popen[Any]:
        """Start a program inside a host; it ends with the testbed at the latest."""
        more["env"] = leftovers.marked(more.get("env"), id(self))
        child = subprocess.Popen(list(command), preexec_fn=spaces.entering(self.space(host)), **more)  # noqa: S603, PLW1509
        self._children.append(child)
        return child

    def socket(self, host: str, kind: int = socket.SOCK_DGRAM) -> socket.socket:
        """Return a socket of this process inside a host."""
        return spaces.inside(self.space(host), socket.AF_INET, kind)

    def now(self) -> int:
        """Emulation's clock, ns."""
        return 0 if self.engine is None else self.engine.now()

    def restart(self) -> None:
        """Put the clock back to instant 0."""
        if self.engine is not None:
            self.engine.restart()

    def host(self, name: str, peer: str = "") -> dict[str, Any]:
        """Counters of a host, with a peer also its queues and its delay to it; empty without an engine."""
        rows = self._rows
        return {} if self.engine is None else self.engine.host(rows[name], rows.get(peer, -1))

    @property
    def trouble(self) -> str:
        """What went wrong with records, in words; empty where nothing did."""
        return "" if self.engine is None else self.engine.trouble

    def counters(self) -> dict[str, int]:
        """Packets read and written so far, how late they were written, what could not be recorded."""
        if self.engine is None:
            return {}
        read, written, late, most = (int(x) for x in self.engine.stats[:4])
        return {
            "read": read, "written": written, "late_mean_ns": late // max(written, 1), "late_most_ns": most,
            "late_pages": self.engine.late_pages, "stale_pages": self.engine.pages.stale,
            "unrecorded": self.engine.unlogged,
        }  # fmt: skip


def port_name(peer: int) -> str:
    """Name of the interface towards a host, in hop mode."""
    return f"to{peer}"


def link_address(link: int, end: int) -> tuple[str, str]:
    """Address and mask of one end of a link: the /30 networks of 172.16.0.0/12 in their order.

    Examples
    --------
    >>> link_address(0, 0), link_address(0, 1), link_address(64, 0)
    (('172.16.0.1', '255.255.255.252'), ('172.16.0.2', '255.255.255.252'), ('172.16.1.1', '255.255.255.252'))
    """
    value = (172 << 24 | 16 << 16) + 4 * link + 1 + end
    return socket.inet_ntoa(value.to_bytes(4, "big")), "255.255.255.252"
