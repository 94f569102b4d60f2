"""Packets after the handshake: counters, replay window, epochs, a ratchet at handovers, refresh."""

from __future__ import annotations

from rabta.security.session.ledger import Ledger
from rabta.security.session.packets import HEADER_BYTES, is_packet, session_of
from rabta.security.session.session import Session

__all__ = ["HEADER_BYTES", "Ledger", "Session", "is_packet", "session_of"]
