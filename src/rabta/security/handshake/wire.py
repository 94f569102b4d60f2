"""Datagrams of the handshake: fragments, their headers, cookies.

A fragment begins with twelve bytes: kind, suite, exchange (8), index, counts (data in the high half, parity
in the low). One with a cookie has its 16 bytes next. The rest is data: the message cut into equal
parts, the last filled with zeros, or parity of these.

The count of parity stands in the last two bits of the exchange too: the transcript has the exchange, so
nothing of a header can be changed that the keys do not depend on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from rabta.security.core import Rejected, Suite
from rabta.security.core.peers import IDENTIFIER_BYTES, SessionKeys
from rabta.security.core.suites import SUITES, TAG_BYTES, X25519_BYTES, numbered
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
MOST_AMPLIFICATION = 3
"""Bytes sent for each byte that came from an address at which nobody may be (RFC 9000, 8.1)."""


@dataclass
class Step:
    """What follows from a datagram or a tick: datagrams to send, and the keys of a new session."""

    send: list[bytes] = field(default_factory=list)
    keys: SessionKeys | None = None


@dataclass(slots=True)
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


def shape(kind: int, suite: Suite) -> tuple[int, int, int]:
    """Length of a message, how many parts it is cut into, and their length.

    Examples
    --------
    >>> from rabta.security.core import CI, NS
    >>> shape(HELLO, NS), shape(ANSWER, NS), shape(HELLO, CI), shape(ANSWER, CI)
    ((3232, 3, 1078), (3184, 3, 1062), (2368, 3, 790), (2224, 2, 1112))
    """
    return _SHAPES[kind == ANSWER, suite.identifier]


def _shape(length: int) -> tuple[int, int, int]:
    count = -(-length // MOST_PAYLOAD)
    return length, count, -(-length // count)


_SHAPES = {
    (answer, suite.identifier): _shape((answer_bytes if answer else hello_bytes)(suite))
    for suite in SUITES.values()
    for answer in (False, True)
}


def new_exchange(parity: int) -> bytes:
    """Name of an exchange: 62 random bits, and its parity."""
    raw = os.urandom(EXCHANGE_BYTES)
    return raw[:-1] + bytes([raw[-1] & 0xFC | parity])


def cut(
    kind: int, suite: Suite, exchange: bytes, message: bytes, parity: int, cookie: bytes = b""
) -> list[bytes]:
    """Datagrams of a message, parity last."""
    _, count, size = shape(kind, suite)
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
    _, count, size = shape(kind, suite)
    if data != count or parity > MOST_PARITY or parity != exchange[-1] & 3:
        raise Rejected("malformed", "a fragment of a message that is cut otherwise")
    if index >= data + parity or len(datagram) - at != size:
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

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}

    def add(self, fragment: Fragment) -> bytes | None:
        """Whole message once any `data` of the fragments are there.

        Of two that differ the later counts: a forged one must not keep the true one out.
        """
        self.parts[fragment.index] = fragment.payload
        if len(self.parts) < fragment.data:
            return None
        whole = b"".join(erasure.restore(self.parts, fragment.data))
        length = shape(fragment.kind, fragment.suite)[0]
        if any(whole[length:]):
            raise Rejected("malformed", "a message that is not filled with zeros")
        return whole[:length]
