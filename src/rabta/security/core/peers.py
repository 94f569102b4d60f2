"""What the handshake needs to know of oneself and of a peer, and what it hands to the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rabta.security.core.kem import HybridPrivate, HybridPublic
from rabta.security.core.rejected import Rejected
from rabta.security.core.suites import Suite

IDENTIFIER_BYTES = 48


@dataclass(frozen=True)
class Peer:
    """A node whose credential was accepted.

    Attributes
    ----------
    identifier : bytes
        SHA-384 of its signed credential, 48 bytes.
    keys : mapping of int to HybridPublic
        Static keys by the suite's number.
    role, clearance : str
        As the credential says.
    """

    identifier: bytes
    keys: Mapping[int, HybridPublic]
    name: str = ""
    role: str = ""
    clearance: str = ""

    def key(self, suite: Suite) -> HybridPublic:
        """Static key of a suite; a peer that has none is refused."""
        if suite.identifier not in self.keys:
            raise Rejected("suite", f"{self.name or 'the peer'} has no key of suite {suite.name}")
        return self.keys[suite.identifier]


@dataclass(frozen=True)
class Local:
    """Oneself: the identifier of the own credential and the private halves by the suite's number."""

    identifier: bytes
    keys: Mapping[int, HybridPrivate] = field(repr=False)
    name: str = ""

    def key(self, suite: Suite) -> HybridPrivate:
        """Own key of a suite; the lack of one is an error of the configuration."""
        if suite.identifier not in self.keys:
            raise Rejected("suite", f"no own key of suite {suite.name}")
        return self.keys[suite.identifier]


@dataclass(frozen=True)
class SessionKeys:
    """What a handshake ends in, the same on both sides but for the directions.

    Attributes
    ----------
    send, receive : bytes
        Chain keys of the two directions, `suite.hash_bytes` each; packets' keys are derived from them.
    exporter : bytes
        Secret for other uses of the session (key of a bundle agent, refresh), `suite.hash_bytes`.
    session : bytes
        Eight bytes that name the session in packets.
    peer : bytes
        Identifier of the authenticated peer.
    initiator : bool
        True on the side that began; it must send first (key confirmation).
    """

    suite: Suite
    send: bytes = field(repr=False)
    receive: bytes = field(repr=False)
    exporter: bytes = field(repr=False)
    session: bytes
    peer: bytes
    initiator: bool
