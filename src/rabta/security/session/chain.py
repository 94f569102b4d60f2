"""One direction's keys: a chain that only goes forward, and the packet keys of its newest epochs."""

from __future__ import annotations

from typing import Any

from rabta.security.core import Rejected, Suite

PACKET, RATCHET, REFRESHED = b"packet key", b"ratchet", b"refresh"
LIVE = 2
"""Epochs whose packets are still opened: the newest, and the one before that may be under way."""
MOST_SKIPPED = 256


class Chain:
    """Keys of one direction.

    Attributes
    ----------
    epoch : int
        Newest epoch.
    key : bytes
        Chain key of the newest epoch; it opens no packet of an earlier one.
    """

    def __init__(self, suite: Suite, key: bytes, epoch: int = 0, *, live: int = LIVE) -> None:
        self.suite, self.key, self.epoch, self.live = suite, key, epoch, live
        self.ciphers: dict[int, Any] = {epoch: self._cipher(key)}

    def __repr__(self) -> str:
        return f"Chain({self.suite.name}, epoch {self.epoch})"

    def _cipher(self, key: bytes) -> Any:
        return self.suite.aead(self.suite.expand(key, PACKET))

    def after(self, key: bytes, note: bytes, secret: bytes = b"") -> bytes:
        """Chain key of the next epoch: a hash of this one and the note, and of a refresh's secret."""
        if secret:
            key = self.suite.extract(key, REFRESHED + secret)
        return self.suite.expand(key, RATCHET + note, self.suite.hash_bytes)

    def advance(self, note: bytes, secret: bytes = b"") -> None:
        """Go to the next epoch; the key before is forgotten, packet keys live on for `live` epochs."""
        self.move(self.after(self.key, note, secret), {}, self.epoch + 1)

    def move(self, key: bytes, between: dict[int, Any], epoch: int) -> None:
        """Take over an epoch ahead, with the ciphers of those passed."""
        self.ciphers |= between
        self.key, self.epoch = key, epoch
        if epoch not in self.ciphers:
            self.ciphers[epoch] = self._cipher(key)
        for old in [one for one in self.ciphers if one <= epoch - self.live]:
            del self.ciphers[old]

    def ahead(self, notes: list[tuple[bytes, bytes]]) -> tuple[bytes, dict[int, Any]]:
        """Chain key after some notes with their secrets, and the ciphers on the way; nothing is changed."""
        if len(notes) > MOST_SKIPPED:
            raise Rejected("limit", "too many epochs ahead")
        key, found = self.key, {}
        for k, (note, secret) in enumerate(notes, 1):
            key = self.after(key, note, secret)
            if k > len(notes) - self.live:
                found[self.epoch + k] = self._cipher(key)
        return key, found
