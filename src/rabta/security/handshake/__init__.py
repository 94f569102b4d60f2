"""One round trip to a session: mutually authenticated, hybrid, in fragments of at most 1,200 bytes."""

from __future__ import annotations

from rabta.security.handshake.initiator import Initiator
from rabta.security.handshake.responder import Responder
from rabta.security.handshake.wire import Step, is_for_responder

__all__ = ["Initiator", "Responder", "Step", "is_for_responder"]
