"""A local UDP port carried to a peer: what comes in at one node's port goes out at the other's, and back."""

from __future__ import annotations

import socket

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.security.overlay.node import MOST_PAYLOAD, Step
from rabta.security.overlay.udp import MOST_READ, Address, Endpoint

POLL_S = 0.005


class Forward:
    """One port.

    Parameters
    ----------
    bind : tuple
        Local address and port at which programs talk to this node.
    target : tuple, optional
        Where the peer's datagrams go; to the last program that sent something if left out.
    """

    def __init__(self, endpoint: Endpoint, peer: bytes, bind: Address, target: Address | None = None) -> None:
        self.endpoint, self.peer, self.target = endpoint, peer, target
        self.socket = socket.socket(socket.AF_INET6 if ":" in bind[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        try:
            self.socket.bind(bind)
        except OSError as error:
            self.socket.close()
            where = f"{bind[0]}:{bind[1]}"
            raise RabtaError(
                f"cannot listen: {error.strerror}", key="--port", value=where, exit_code=EXIT_SYSTEM
            ) from None

    def turn(self) -> Step:
        """Carry what is there, both ways."""
        step = self.endpoint.poll(POLL_S)
        for peer, payload in step.received:
            if peer == self.peer and self.target is not None:
                self._out(payload)
        for _ in range(MOST_READ):
            try:
                datagram, sender = self.socket.recvfrom(MOST_PAYLOAD + 1)
            except BlockingIOError:
                break
            except ConnectionError:  # an ICMP answer to something sent before
                continue
            self._in(datagram, (str(sender[0]), int(sender[1])))
        return step

    def _in(self, datagram: bytes, sender: Address) -> None:
        self.target = self.target or sender
        if len(datagram) > MOST_PAYLOAD or not self.endpoint.node.ready(self.peer):
            self.endpoint.node.counters["not forwarded"] += 1
        else:
            self.endpoint.send(self.peer, datagram)

    def _out(self, payload: bytes) -> None:
        assert self.target is not None
        try:
            self.socket.sendto(payload, self.target)
        except OSError:
            self.endpoint.node.counters["not forwarded"] += 1

    def close(self) -> None:
        """Give the port back."""
        self.socket.close()
