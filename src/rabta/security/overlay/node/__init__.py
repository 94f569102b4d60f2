"""A node of the overlay: identity, handshakes, sessions, groups and audit behind one face without I/O."""

from __future__ import annotations

from rabta.security.overlay.node.node import Node
from rabta.security.overlay.node.state import (
    ALIVE,
    MANY_WAITING,
    MOST_DATAGRAM,
    MOST_PAYLOAD,
    MOST_WORK,
    Event,
    Log,
    Lookup,
    Policy,
    Step,
    Talk,
)

__all__ = [
    "ALIVE",
    "MANY_WAITING",
    "MOST_DATAGRAM",
    "MOST_PAYLOAD",
    "MOST_WORK",
    "Event",
    "Log",
    "Lookup",
    "Node",
    "Policy",
    "Step",
    "Talk",
]
