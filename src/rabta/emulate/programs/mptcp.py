"""A download over two ways at once by Multipath TCP (RFC 8684), as from a satellite and a tower.

The host has an interface towards each of two routers (hop mode), and both routers one towards the server.
Packets leave by the interface whose address they bear; the kernel's own path manager opens the second
subflow.
"""

from __future__ import annotations

import argparse
import errno
import json
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.hops import done, link
from rabta.emulate.programs.probes import PATIENCE_S, arrived, listening, needs
from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

PORT, CHUNK = 8094, 65_536
SOL_MPTCP, MPTCP_INFO = 284, 1  # linux/mptcp.h
FALLBACK = 1
SWITCH = Path("/proc/sys/net/mptcp/enabled")
QUIET_S = 0.25


def available() -> bool:
    """Say whether the kernel speaks Multipath TCP."""
    return SWITCH.exists() and SWITCH.read_text(encoding="ascii").strip() == "1"


def routed(bed: Testbed, host: str, to: str, routers: tuple[str, str], *, fixed: bool = True) -> None:
    """Routes by the address that a packet bears, at the host; back over the same router, at the other end.

    Parameters
    ----------
    fixed : bool
        Set the routes of all else too, over the first router; false where a routing daemon does.

    Raises
    ------
    RabtaError
        Where there is no link between two of them, or ``ip`` fails.
    """
    program, server, user = needs("ip", "iproute2"), bed.address(to), bed.address(host)
    for table, router in enumerate(routers, 100):
        near, far = link(bed, host, router), link(bed, to, router)
        own = near.own
        out = {
            host: [f"route add default via {near.far} table {table}", f"rule add from {own} table {table}",
                   f"mptcp endpoint add {own} dev {near.port} subflow"],
            router: [f"route add {server} via {far.own}", f"route add {user} via {own}"],
            to: [f"route add {own} via {far.far} src {server}", "mptcp limits set subflows 2"],
        }  # fmt: skip
        if table == 100:
            out[host].append(f"route add {server} via {near.far} src {own}")
            out[to].append(f"route add {user} via {far.far} src {server}")
        for where, commands in out.items():
            for command in commands:
                if fixed or (where == host and "table" in command) or command.startswith("mptcp"):
                    done(bed, where, [program, *command.split()])


def download(
    bed: Testbed, host: str, to: str, routers: tuple[str, str], seconds: float, *, multipath: bool = True
) -> dict[str, Any]:
    """Fetch for a time from a host to another one over two routers.

    Parameters
    ----------
    multipath : bool
        Plain TCP over the first router if false.

    Returns
    -------
    dict
        ``bytes``, ``goodput_bps``, ``intervals`` and ``longest_gap_s`` of `arrived`; ``paths``: bytes that
        came from each router by name; ``subflows`` beside the first one; ``fallback``: true where the kernels
        did not agree on Multipath TCP; ``silent_s``: how long nothing had come at the end.

    Raises
    ------
    RabtaError
        Where the kernel has no Multipath TCP, or ``ip`` is missing or fails.
    """
    if multipath and not available():
        raise RabtaError("this kernel has no Multipath TCP", file=SWITCH, exit_code=EXIT_SYSTEM,
                         expected="Linux 5.6 with CONFIG_MPTCP, sysctl net.mptcp.enabled=1")  # fmt: skip
    routed(bed, host, to, routers)
    return fetched(bed, host, to, routers, seconds, "mptcp" if multipath else "tcp")


def fetched(
    bed: Testbed, host: str, to: str, routers: tuple[str, str], seconds: float, kind: str = "mptcp"
) -> dict[str, Any]:
    """`download` where the routes are set already; its first subflow goes over the first router."""
    program, address = [sys.executable, "-m", __name__], bed.address(to)
    listening(bed.start(to, [*program, "serve", kind, address]), PORT)
    own = link(bed, host, routers[0]).own
    client = bed.start(
        host, [*program, "fetch", kind, address, str(seconds), own], stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(client.communicate(timeout=seconds + PATIENCE_S)[0])
    ports = found.pop("ports")
    return {**found, "paths": {router: ports.get(link(bed, host, router).port, 0) for router in routers}}


def _socket(kind: str) -> socket.socket:
    return socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_MPTCP if kind == "mptcp" else socket.IPPROTO_TCP
    )


def serve(kind: str, address: str) -> None:
    """Send to whoever connects, one after another, as long as they read."""
    with _socket(kind) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address, PORT))
        door.listen()
        fill = bytes(CHUNK)
        while True:
            line, _ = door.accept()
            with line:
                try:
                    while True:
                        line.sendall(fill)
                except OSError:
                    continue


def received() -> dict[str, int]:
    """Bytes that each interface of this namespace has received."""
    rows = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return {name.strip(): int(rest.split()[0]) for name, _, rest in (row.partition(":") for row in rows)}


def fetch(kind: str, address: str, seconds: float, own: str = "") -> dict[str, Any]:
    """Read for a time; what came, over which interfaces, in how many subflows."""
    came: list[tuple[float, int]] = []
    with _socket(kind) as line:
        line.bind((own, 0))
        line.settimeout(seconds)
        line.connect((address, PORT))
        line.settimeout(QUIET_S)
        before, begun = received(), time.monotonic()
        told: list[tuple[int, bool]] = []
        while (at := time.monotonic() - begun) < seconds:
            with suppress(TimeoutError):
                data = line.recv(CHUNK)
                came.append((min(time.monotonic() - begun, seconds), len(data)))
            if kind == "mptcp" and at > 0.5 * len(told):
                told.append(agreed(line))
        ports = {name: count - before.get(name, 0) for name, count in received().items()}
    return {
        **arrived(came, sum(count for _, count in came)),
        "silent_s": seconds - came[-1][0] if came else seconds,
        "subflows": max((many for many, _ in told), default=0),
        "fallback": all(fell for _, fell in told), "ports": ports,
    }  # fmt: skip


def agreed(line: socket.socket) -> tuple[int, bool]:
    """Subflows beside the first of a socket, and whether it has fallen back to plain TCP."""
    try:
        info = line.getsockopt(SOL_MPTCP, MPTCP_INFO, 64)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOPROTOOPT):
            return 0, True
        raise
    return info[0], bool(struct.unpack_from("=I", info, 8)[0] & FALLBACK)


def main() -> None:
    """``serve KIND ADDRESS``, or ``fetch KIND ADDRESS SECONDS OWN``: JSON; KIND is mptcp or tcp."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("serve", "fetch"))
    parser.add_argument("kind", choices=("mptcp", "tcp"))
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("own", nargs="?", default="")
    asked = parser.parse_args()
    if asked.task == "serve":
        serve(asked.kind, asked.address)
    else:
        print(json.dumps(fetch(asked.kind, asked.address, asked.seconds, asked.own)))


if __name__ == "__main__":
    main()
