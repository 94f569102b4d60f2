"""A node on real UDP sockets: one loop that reads, lets the node act, and writes; everything is bounded."""

from __future__ import annotations

import ipaddress
import select
import socket
import time
from collections.abc import Callable

from rabta.errors import EXIT_SYSTEM, EXIT_USAGE, RabtaError
from rabta.security.overlay.node import MOST_DATAGRAM, Node, Step

MOST_READ = 64
"""Datagrams that are read in one turn."""
BUFFER_BYTES = 1 << 22

Address = tuple[str, int]


def packed(address: Address) -> bytes:
    """Socket address as the node holds it: 16 bytes of IPv6 (or IPv4 in it) and two of the port.

    Examples
    --------
    >>> unpacked(packed(("127.0.0.1", 4500)))
    ('127.0.0.1', 4500)
    """
    host = ipaddress.ip_address(address[0].split("%")[0])
    raw = host.packed if host.version == 6 else bytes(10) + b"\xff\xff" + host.packed
    return raw + address[1].to_bytes(2, "big")


def unpacked(address: bytes) -> Address:
    """The other way round."""
    host = ipaddress.IPv6Address(address[:16])
    return str(host.ipv4_mapped or host), int.from_bytes(address[16:], "big")


def parsed(text: str, key: str) -> Address:
    """``host:port`` or ``[host]:port`` with an address in figures; port 0 lets the system choose."""
    host, _, port = text.rpartition(":")
    try:
        found = str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError:
        found = ("", -1)
    if not 0 <= found[1] < 1 << 16:
        expected = "127.0.0.1:4500 or [::1]:4500"
        raise RabtaError("not an address", key=key, value=text, expected=expected, exit_code=EXIT_USAGE)
    return found


def seconds() -> float:
    """Monotonic seconds that count on while the machine sleeps: keys grow old then too."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Endpoint:
    """A node behind a socket.

    Parameters
    ----------
    node : Node
    bind : tuple
        Address and port; port 0 lets the system choose.
    clock : callable
        Monotonic seconds, those of a machine asleep included.
    """

    def __init__(self, node: Node, bind: Address, clock: Callable[[], float] = seconds) -> None:
        self.node, self.clock = node, clock
        family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        try:
            self.socket.bind(bind)
        except OSError as error:
            self.socket.close()
            where = f"{bind[0]}:{bind[1]}"
            raise RabtaError(
                f"cannot listen: {error.strerror}", key="--listen", value=where, exit_code=EXIT_SYSTEM
            ) from None
        self.unsent = 0

    @property
    def address(self) -> Address:
        """Where it listens."""
        found = self.socket.getsockname()
        return str(found[0]), int(found[1])

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()

    def poll(self, timeout_s: float) -> Step:
        """Wait for datagrams, at most until `timeout_s` or until the node has to act; what followed."""
        wait = min(timeout_s, max(self.node.due() - self.clock(), 0.0))
        ready, _, _ = select.select([self.socket], [], [], wait)
        whole = Step()
        for _ in range(MOST_READ if ready else 0):
            try:
                datagram, sender = self.socket.recvfrom(MOST_DATAGRAM + 1)
            except BlockingIOError:
                break
            except ConnectionError:  # an ICMP answer to something sent before
                continue
            step = self.node.receive(datagram, packed((sender[0], sender[1])), self.clock())
            whole.add(self.flush(step))
        return whole.add(self.flush(self.node.tick(self.clock())))

    def send(self, peer: bytes, payload: bytes) -> Step:
        """Send a payload to a peer."""
        return self.flush(self.node.send(peer, payload, self.clock()))

    def flush(self, step: Step) -> Step:
        """Put a step's datagrams on the wire; what the system does not take is lost as on any path."""
        for address, datagram in step.send:
            try:
                self.socket.sendto(datagram, unpacked(address))
            except OSError:
                self.unsent += 1
        step.send = []
        return step
