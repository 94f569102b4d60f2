"""Datagrams of the handshake: fragments, their headers, cookies.

A fragment begins with twelve bytes: kind, suite, exchange (8), index, counts (data in the high half, parity
in the low). One with a cookie has its 16 bytes next. The rest is data: the message cut into equal
parts, the last filled with zeros, or parity of these.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rabta.security.core import Rejected, Suite
from rabta.security.core.peers import IDENTIFIER_BYTES, SessionKeys
from rabta.security.core.suites import TAG_BYTES, X25519_BYTES, numbered
from rabta.security.handshake import erasure

VERSION = 1
HELLO, ANSWER, COOKIE, HELLO_WITH_COOKIE = 0x10, 0x11, 0x12, 0x13
KINDS = (HELLO, ANSWER, COOKIE, HELLO_WITH_COOKIE)
EXCHANGE_BYTES = 8
HEADER_BYTES = 4 + EXCHANGE_BYTES
COOKIE_BYTES = 16
MOST_PAYLOAD = 1200 - HEADER_BYTES - COOKIE_BYTES
MOST_DATAGRAM = 1232
MOST_PARITY = 2


@dataclass
class Step:
    """What follows from a datagram or a tick: datagrams to send, and the keys of a new session."""

    send: list[bytes] = field(default_factory=list)
    keys: SessionKeys | None = None


@dataclass(frozen=True)
class Fragment:
    """One datagram, taken apart."""

    kind: int
    suite: Suite
    exchange: bytes
    index: int
    data: int
    parity: int
    cookie: bytes
    payload: bytes


def hello_bytes(suite: Suite) -> int:
    """Length of the first message.

    Examples
    --------
    >>> from rabta.security.core import CI, NS
    >>> hello_bytes(NS), hello_bytes(CI), answer_bytes(NS), answer_bytes(CI)
    (3232, 2368, 3184, 2224)
    """
    return X25519_BYTES + suite.kem_public_bytes + suite.kem_ciphertext_bytes + IDENTIFIER_BYTES + TAG_BYTES


def answer_bytes(suite: Suite) -> int:
    """Length of the second message."""
    return X25519_BYTES + 2 * suite.kem_ciphertext_bytes + TAG_BYTES


def message_bytes(kind: int, suite: Suite) -> int:
    """Length of the message that a fragment is part of."""
    return answer_bytes(suite) if kind == ANSWER else hello_bytes(suite)


def cut(
    kind: int, suite: Suite, exchange: bytes, message: bytes, parity: int, cookie: bytes = b""
) -> list[bytes]:
    """Datagrams of a message, parity last."""
    count = -(-len(message) // MOST_PAYLOAD)
    size = -(-len(message) // count)
    parts = [message[at : at + size].ljust(size, b"\0") for at in range(0, len(message), size)]
    head = bytes([kind, suite.identifier]) + exchange
    counts = bytes([count << 4 | parity])
    return [
        head + bytes([index]) + counts + cookie + part
        for index, part in enumerate([*parts, *erasure.parity(parts, parity)])
    ]


def parse(datagram: bytes) -> Fragment:
    """Fragment of a datagram; everything that can be wrong with its form is refused here."""
    if not HEADER_BYTES <= len(datagram) <= MOST_DATAGRAM:
        raise Rejected("malformed", "a handshake datagram of the wrong length")
    kind, suite = datagram[0], numbered(datagram[1])
    if kind not in KINDS:
        raise Rejected("version", "no handshake datagram of this version")
    exchange, index, counts = datagram[2:10], datagram[10], datagram[11]
    data, parity = counts >> 4, counts & 15
    if kind == COOKIE:
        if len(datagram) != HEADER_BYTES + COOKIE_BYTES or index or counts:
            raise Rejected("malformed", "a cookie of the wrong form")
        return Fragment(kind, suite, exchange, 0, 0, 0, datagram[HEADER_BYTES:], b"")
    at = HEADER_BYTES + (COOKIE_BYTES if kind == HELLO_WITH_COOKIE else 0)
    whole = message_bytes(kind, suite)
    count = -(-whole // MOST_PAYLOAD)
    size = -(-whole // count)
    if data != count or parity > MOST_PARITY or index >= data + parity or len(datagram) - at != size:
        raise Rejected("malformed", "a fragment of the wrong form")
    return Fragment(kind, suite, exchange, index, data, parity, datagram[HEADER_BYTES:at], datagram[at:])


def cookie(suite: Suite, exchange: bytes, value: bytes) -> bytes:
    """Datagram that asks to come again with a cookie."""
    return bytes([COOKIE, suite.identifier]) + exchange + b"\0\0" + value


def is_for_responder(datagram: bytes) -> bool:
    """Whether a datagram is part of a first message.

    Examples
    --------
    >>> is_for_responder(bytes([HELLO])), is_for_responder(bytes([ANSWER])), is_for_responder(b"")
    (True, False, False)
    """
    return datagram[:1] in {bytes([HELLO]), bytes([HELLO_WITH_COOKIE])}


class Puzzle:
    """Fragments of one message until enough are there."""

    def __init__(self, first: Fragment) -> None:
        self.suite, self.kind = first.suite, first.kind
        self.data, self.parity = first.data, first.parity
        self.parts: dict[int, bytes] = {}

    def add(self, fragment: Fragment) -> bytes | None:
        """Whole message once any `data` of the fragments are there; a differing repetition is refused."""
        same = (fragment.suite, fragment.data, fragment.parity) == (self.suite, self.data, self.parity)
        if not same or self.parts.get(fragment.index, fragment.payload) != fragment.payload:
            raise Rejected("malformed", "fragments that do not go together")
        self.parts[fragment.index] = fragment.payload
        if len(self.parts) < self.data:
            return None
        whole = b"".join(erasure.restore(self.parts, self.data))
        length = message_bytes(fragment.kind, self.suite)
        if any(whole[length:]):
            raise Rejected("malformed", "a message that is not filled with zeros")
        return whole[:length]
