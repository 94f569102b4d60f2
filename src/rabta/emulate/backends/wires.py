"""Hosts joined by wires of the kernel, with two hops between them where queues and delays are put.

Each host has an access of its own, and all have one core between them; all three are namespaces:

    host -- its access -- core -- another's access -- another host

Out of an access towards the core a packet meets its host's queue up; out of the core towards an access the
delay and the losses of its path; out of an access towards its host the queue down. None of them is the
sender's own interface: a queue there holds the sender's TCP back (its small queues), which a link does not.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import threading
import time
from abc import abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

import numpy as np

from rabta.emulate.backends.netlink import BLACKHOLE, Netlink
from rabta.emulate.engine import leftovers, rights, spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError

HOST, UP, DOWN, CORE = "rabta0", "up0", "down0", "a{}"
NETWORK = "10.0.0.0"
MAC = bytes.fromhex("020000000001")
# linux/ethtool.h, linux/sockios.h
ETHTOOL_STSO, ETHTOOL_SGSO, SIOCETHTOOL = 0x1F, 0x24, 0x8946


@dataclass(frozen=True)
class Wires:
    """Namespaces of the hosts and what lies between them.

    Attributes
    ----------
    hosts, accesses : list of Space
    core : Space
    ups, downs, ins : list of int
        Interface of each host's access towards the core and towards the host, and of the core towards the
        access: their numbers, each in its own namespace.
    """

    hosts: list[spaces.Space]
    accesses: list[spaces.Space]
    core: spaces.Space
    ups: list[int]
    downs: list[int]
    ins: list[int]

    def close(self) -> None:
        """Let the namespaces go."""
        for space in (*self.hosts, *self.accesses, self.core):
            space.close()


class Wired(Testbed):
    """A testbed of hosts on wires: its base for each way of making the kernel queue, delay and lose.

    The kernel tells no packet's fate; so there are no files of fates and no captures.
    """

    def __init__(self, course: Course, setup: Setup | None = None) -> None:
        super().__init__(course, setup)
        for name in ("hop", "fates", "capture"):
            if getattr(self.setup, name):
                raise RabtaError("only the tun back end has this", key=name, expected="--backend tun")
        self.origin = 0
        self.late_most_ns, self.updates = 0, 0
        self._stop, self._threads = threading.Event(), list[threading.Thread]()

    def __enter__(self) -> Self:
        leftovers.clear()
        rights.files(8 * len(self.course.hosts) + rights.SPARE_FILES)
        wires = strung(self.course, self.setup.mtu, self.setup.queue)
        self._spaces = [*wires.hosts, *wires.accesses, wires.core]
        try:
            self.lay(wires)
            self._begin()
        except BaseException:
            self._close()
            raise
        return self

    def _close(self) -> None:
        self._halt()
        super()._close()
        self.tear()

    def _begin(self) -> None:
        self._stop.clear()
        self.origin = time.monotonic_ns()
        self.first()
        self._threads = [threading.Thread(target=self.follow, daemon=True)]
        self._threads[0].start()

    def _halt(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def now(self) -> int:
        """Emulation's clock, ns."""
        return time.monotonic_ns() - self.origin

    def restart(self) -> None:
        """Put the clock back to instant 0."""
        self._halt()
        self._begin()

    def until(self, due_ns: int) -> bool:
        """Wait for an instant of the emulation's clock; False where the testbed ends before."""
        while (left := due_ns - self.now()) > 0:
            if self._stop.wait(min(left / 1e9, 1.0)):
                return False
        self.late_most_ns, self.updates = max(self.late_most_ns, -left), self.updates + 1
        return not self._stop.is_set()

    def counters(self) -> dict[str, int]:
        """Packets that left hosts and came to hosts; how often the kernel was told what is next, how late."""
        home = spaces.here()
        try:
            found = [_passed(space) for space in self._spaces[: len(self.course.hosts)]]
        finally:
            spaces.enter(home)
            os.close(home)
        read, written = (sum(one[way] for one in found) for way in (0, 1))
        return {
            "read": read,
            "written": written,
            "updates": self.updates,
            "updates_late_ns": self.late_most_ns,
        }

    @abstractmethod
    def lay(self, wires: Wires) -> None:
        """Put queues on the wires."""

    @abstractmethod
    def first(self) -> None:
        """Set everything for instant 0, which is `origin` of the monotonic clock."""

    @abstractmethod
    def follow(self) -> None:
        """Keep to the course until the testbed ends; runs in a thread."""

    def tear(self) -> None:
        """Let go of what `lay` opened."""


def strung(course: Course, mtu: int, queue: int) -> Wires:
    """Make a course's hosts and what joins them; the caller is in its own namespace afterwards."""
    count = len(course.hosts)
    home = spaces.here()
    with ExitStack() as stack:
        stack.callback(os.close, home)
        stack.callback(spaces.enter, home)
        wires = Wires([], [], spaces.make(mtu, {}), [], [], [])
        unfinished = stack.enter_context(ExitStack())
        unfinished.callback(wires.close)
        _quiet()
        for row in range(count):
            wires.hosts.append(spaces.make(mtu, {}))
            _quiet()
            wires.accesses.append(spaces.make(mtu, {}))
            _quiet()
            _join(wires, course, row, (mtu, queue))
        unfinished.pop_all()
        return wires


def _quiet() -> None:
    """Route, and let nothing speak that no program sent: no IPv6, no redirects, no reverse-path check."""
    for name, text in (
        ("ipv4/ip_forward", "1"),
        ("ipv4/conf/all/send_redirects", "0"),
        ("ipv4/conf/default/send_redirects", "0"),
        ("ipv4/conf/all/rp_filter", "0"),
        ("ipv4/conf/default/rp_filter", "0"),
        ("ipv6/conf/all/disable_ipv6", "1"),
        ("ipv6/conf/default/disable_ipv6", "1"),
    ):
        path = f"/proc/sys/net/{name}"
        if os.path.exists(path):  # noqa: PTH110 (a kernel without IPv6 has none of these)
            with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(text)


def _join(wires: Wires, course: Course, row: int, size: tuple[int, int]) -> None:
    """Wire a host to its access and the access to the core; called inside the access."""
    place, far = spaces.address(row), CORE.format(row)
    with Netlink() as access:
        access.pair(DOWN, HOST, wires.hosts[row].descriptor, MAC, *size)
        access.pair(UP, far, wires.core.descriptor, MAC, *size)
        access.up(DOWN)
        access.up(UP)
        access.route(place, 32, DOWN)
        _ways(access, course, row)
    wires.ups.append(socket.if_nametoindex(UP))
    wires.downs.append(socket.if_nametoindex(DOWN))
    spaces.enter(wires.core.descriptor)
    with Netlink() as core:
        core.up(far)
        core.route(place, 32, far)
    wires.ins.append(socket.if_nametoindex(far))
    spaces.enter(wires.hosts[row].descriptor)
    with Netlink() as host, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        spaces.addressed(control, HOST, place, "255.0.0.0")
        _whole_packets(control, HOST)
        host.up(HOST)


def _passed(space: spaces.Space) -> tuple[int, int]:
    """Packets out of and into a host, by its interface; this thread is inside afterwards."""
    spaces.enter(space.descriptor)
    with open("/proc/thread-self/net/dev", encoding="ascii") as file:  # noqa: PTH123
        words = next((line.split() for line in file if line.lstrip().startswith(f"{HOST}:")), ["0"] * 11)
    return int(words[10]), int(words[2])


def _ways(access: Netlink, course: Course, row: int) -> None:
    """Routes from a host: to those that it has a path to; what is for others ends here, unsaid."""
    peers = np.unique(course.ends[course.ends[:, 0] == row, 1]).tolist()
    if len(peers) == len(course.hosts) - 1:
        access.route(NETWORK, 16, UP)
    else:
        for peer in peers:
            access.route(spaces.address(peer), 32, UP)
    access.route("0.0.0.0", 0, UP, BLACKHOLE)  # noqa: S104 (no binding)


def _whole_packets(control: socket.socket, name: str) -> None:
    """Let the host's TCP hand over packets of the link's size, not frames of 64 kB for a card to cut."""
    for command in (ETHTOOL_STSO, ETHTOOL_SGSO):
        value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
        place = ctypes.addressof(value)
        fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sQ16x", name.encode(), place))
