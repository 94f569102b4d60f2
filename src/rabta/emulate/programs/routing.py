"""OSPF by FRRouting on hosts that route for themselves (a testbed's hop mode).

Each host runs zebra and ospfd with a folder of its own for configuration, sockets and process numbers. The
daemons change their rights, which undoes the kernel's promise to end them with the testbed; so each runs in a
process namespace, whose first process does keep it and takes all others along.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.hops import Link, links
from rabta.emulate.programs.probes import needs
from rabta.errors import EXIT_SYSTEM, RabtaError, nearest

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

PLACES = ("/usr/lib/frr", "/usr/libexec/frr", "/usr/sbin")
GROUP = "frrvty"
DAEMONS = ("zebra", "ospfd")
ALONE = ("--pid", "--fork", "--kill-child", "sh", "-c", '"$@"; exit $?', "sh")
MOST_COST = 65_535
LOOK_S = 0.02
STARTING_S = 10.0
LONGEST_PATH = 107  # unix(7)


@dataclass(frozen=True)
class Pace:
    """How soon OSPF notices.

    Attributes
    ----------
    hello_s, dead_s, again_s : int
        Between hellos; silence of a neighbour that is dead; before something is sent again.
    spf_ms : tuple of int
        Wait before routes are computed, then added to it while changes go on, and most.
    lsa_ms : int
        Least time between two announcements of one router; FRRouting's own is 5000.
    """

    hello_s: int = 1
    dead_s: int = 3
    again_s: int = 1
    spf_ms: tuple[int, int, int] = (0, 50, 1000)
    lsa_ms: int = 0


def available() -> bool:
    """Say whether FRRouting is installed."""
    return all(_daemon(name) for name in DAEMONS)


def _daemon(name: str) -> str | None:
    return shutil.which(name, path=":".join(PLACES))


def costs(bed: Testbed) -> dict[tuple[str, str], int]:
    """Cost of each direction of a link: its first delay that is no outage, in tenths of a millisecond."""
    course, out = bed.course, {}
    for row, (a, b) in enumerate(course.ends.tolist()):
        delays = course.pieces[course.first[row] : course.first[row + 1], 1]
        up = delays[delays >= 0.0]
        cost = round(float(up[0]) / 1e5) if up.size else MOST_COST
        out[course.hosts[a], course.hosts[b]] = min(max(cost, 1), MOST_COST)
    return out


def configuration(
    host: str, address: str, ends: list[Link], cost: Mapping[tuple[str, str], int], pace: Pace
) -> str:
    """Return ospfd's configuration of a host: every link point to point, and the host's own address."""
    lines = [f"hostname {host.replace(' ', '-')}"]
    for end in ends:
        lines += [
            f"interface {end.port}",
            " ip ospf network point-to-point",
            " ip ospf area 0",
            f" ip ospf cost {cost[end.host, end.peer]}",
            f" ip ospf hello-interval {pace.hello_s}",
            f" ip ospf dead-interval {pace.dead_s}",
            f" ip ospf retransmit-interval {pace.again_s}",
            "exit",
        ]
    spf = " ".join(str(wait) for wait in pace.spf_ms)
    lines += ["interface lo", " ip ospf area 0", " ip ospf passive", "exit", "router ospf",
              f" ospf router-id {address}", f" timers throttle spf {spf}",
              f" timers throttle lsa all {pace.lsa_ms}",
              f" timers lsa min-arrival {pace.lsa_ms}", "exit"]  # fmt: skip
    return "\n".join(lines) + "\n"


def sources(address: str) -> str:
    """Return zebra's configuration: packets bear the host's own address, which outlives any of its links."""
    return (
        "route-map OWN permit 10\n"
        f" set src {address}\n"
        "exit\n"
        "ip protocol ospf route-map OWN\n"
    )  # fmt: skip


class Routers:
    """Zebra and ospfd on every host of a testbed; they end with it.

    Parameters
    ----------
    folder : Path
        Where each host gets a folder of its own.

    Raises
    ------
    RabtaError
        Where FRRouting is missing, or a daemon does not start.
    """

    def __init__(self, bed: Testbed, folder: Path, pace: Pace | None = None) -> None:
        if not available():
            raise RabtaError(
                "no FRRouting on this machine", expected="apt-get install frr", exit_code=EXIT_SYSTEM
            )
        self.bed, self.begun = bed, time.monotonic()
        self._children: dict[str, subprocess.Popen[Any]] = {}
        ends: dict[str, list[Link]] = {host: [] for host in bed.course.hosts}
        for both in links(bed):
            for end in both:
                ends[end.host].append(end)
        cost = costs(bed)
        for row, host in enumerate(bed.course.hosts):
            own = folder / str(row)
            own.mkdir(parents=True)
            (own / "zebra.conf").write_text(sources(bed.address(host)), encoding="utf-8")
            text = configuration(host, bed.address(host), ends[host], cost, pace or Pace())
            (own / "ospfd.conf").write_text(text, encoding="utf-8")
            for daemon in DAEMONS:
                self._children[host] = self._start(host, daemon, own)

    def _start(self, host: str, daemon: str, own: Path) -> subprocess.Popen[Any]:
        """Start a daemon; wait for its socket."""
        program = _daemon(daemon)
        assert program is not None
        door = own / "zserv.api"
        if len(str(door)) > LONGEST_PATH:
            raise RabtaError("a folder whose path is too long for sockets", file=own,
                             expected=f"at most {LONGEST_PATH - len('/zserv.api')} characters")  # fmt: skip
        command = [
            *(needs("unshare", "util-linux"), *ALONE, program, "-u", "root", "-g", GROUP, "-P", "0"),
            *("-f", str(own / f"{daemon}.conf"), "-i", str(own / f"{daemon}.pid"), "-z", str(door)),
            *("--vty_socket", str(own), "--log", f"file:{own / daemon}.log"),
        ]
        child = self.bed.start(host, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + STARTING_S
        while not (own / f"{daemon}.vty").exists() or not door.exists():
            if child.poll() is not None or time.monotonic() > end:
                raise RabtaError(f"{daemon} does not start", file=own / f"{daemon}.log", value=host,
                                 exit_code=EXIT_SYSTEM)  # fmt: skip
            time.sleep(0.005)
        return child

    def table(self, host: str) -> dict[str, str]:
        """Interface towards each destination that the host's kernel knows, by address of the network."""
        if host not in self._children:
            raise RabtaError("no such host", value=host, expected=nearest(host, self._children))
        rows = (
            Path(f"/proc/{self._children[host].pid}/net/route").read_text(encoding="ascii").splitlines()[1:]
        )
        words = [row.split() for row in rows]
        return {socket.inet_ntoa(int(word[1], 16).to_bytes(4, "little")): word[0] for word in words}

    def way(self, host: str, to: str) -> str | None:
        """Name of the next host towards another one, by the kernel's table."""
        port = self.table(host).get(self.bed.address(to))
        ends = [end for both in links(self.bed) for end in both if end.host == host]
        return next((end.peer for end in ends if end.port == port), None)

    def converge(self, patience_s: float = 30.0) -> float:
        """Wait until each host knows a way to every other; returns how long it took since the start (s).

        Raises
        ------
        RabtaError
            Where a host still lacks one.
        """
        hosts = self.bed.course.hosts
        waiting = [(a, b) for a in hosts for b in hosts if a != b]
        while waiting:
            waiting = [pair for pair in waiting if self.bed.address(pair[1]) not in self.table(pair[0])]
            if waiting and time.monotonic() - self.begun > patience_s:
                raise RabtaError(
                    "no way by OSPF", value=" to ".join(waiting[0]), expected="a connected network"
                )
            time.sleep(LOOK_S if waiting else 0.0)
        return time.monotonic() - self.begun

    def rerouted(self, host: str, to: str, since: str, patience_s: float = 30.0) -> float:
        """Wait until the next host towards another one is not `since`; returns the instant (monotonic, s).

        Raises
        ------
        RabtaError
            Where it stays.
        """
        end = time.monotonic() + patience_s
        while (now := self.way(host, to)) in (since, None):
            if time.monotonic() > end:
                raise RabtaError(f"the way to {to} stays", value=now, expected=f"another one than {since}")
            time.sleep(LOOK_S)
        return time.monotonic()
