"""A node of the overlay that counts what it refuses of its sessions.

Fragments of a handshake that come after it is complete are refused too, as they should be; they are nobody's
payload.
"""

from __future__ import annotations

from rabta.security.overlay.node import Node, Step
from rabta.security.session import is_packet

REASONS = ("malformed", "unknown", "stale", "replay", "mac", "limit", "state")
"""For which a packet of a session is refused."""


class Counting(Node):
    """A node.

    Attributes
    ----------
    refused : int
        Packets of sessions that came and were not taken.
    """

    refused = 0

    def receive(self, datagram: bytes, address: bytes, now: float) -> Step:
        """Take a datagram from anywhere."""
        before = self._reasons()
        step = super().receive(datagram, address, now)
        self.refused += is_packet(datagram) and self._reasons() > before
        return step

    def _reasons(self) -> int:
        return sum(self.counters[reason] for reason in REASONS)
