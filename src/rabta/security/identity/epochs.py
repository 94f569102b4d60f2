"""Epochs: numbers that officers advance, logged, with those who are revoked. They stand in for clocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rabta.errors import RabtaError
from rabta.security.core import Rejected, Signer, cbor
from rabta.security.identity import cose
from rabta.security.identity.cose import Signature, Signed
from rabta.security.identity.roots import RootPolicy, typed

VERSION = 1
EPOCH = "epoch"
SHORT_BYTES = 16
"""Bytes of an identifier in the list of the revoked: two alike by chance are out of the question."""


@dataclass(frozen=True)
class Epoch:
    """A statement of the root.

    Attributes
    ----------
    number : int
        Follows the one before.
    revoked : frozenset of bytes
        First 16 bytes of the identifiers that are revoked and would not have expired yet.
    header : bytes
        Hash of the group's header of this epoch, 48 bytes; empty for none.
    time : int
        UTC seconds that the officers state; nothing is decided by them.
    """

    number: int
    revoked: frozenset[bytes] = frozenset()
    header: bytes = b""
    time: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.number < 1 << 32 or any(len(one) != SHORT_BYTES for one in self.revoked):
            raise RabtaError("no epoch", key="number", value=self.number, expected="a whole number")

    def encode(self) -> bytes:
        """Bytes that are signed."""
        fields = {"version": VERSION, "number": self.number, "revoked": b"".join(sorted(self.revoked)),
                  "header": self.header, "time": self.time}  # fmt: skip
        return cbor.encode(fields)

    @classmethod
    def decode(cls, raw: bytes) -> Epoch:
        """Epoch of its bytes; `Rejected` where it is none."""
        f = typed(cbor.decode(raw), version=int, number=int, revoked=bytes, header=bytes, time=int)
        if f["version"] != VERSION:
            raise Rejected("version", "an epoch of a newer version", expected=f"version {VERSION}")
        rows = [f["revoked"][at : at + SHORT_BYTES] for at in range(0, len(f["revoked"]), SHORT_BYTES)]
        if rows != sorted(set(rows)) or any(len(row) != SHORT_BYTES for row in rows):
            raise Rejected("malformed", "a list of the revoked that is none")
        if not 0 <= f["number"] < 1 << 32 or len(f["header"]) not in {0, 48} or f["time"] < 0:
            raise Rejected("malformed", "an epoch that is none")
        return cls(f["number"], frozenset(rows), f["header"], f["time"])


def short(identifiers: Iterable[bytes]) -> frozenset[bytes]:
    """Identifiers as they stand in the list of the revoked."""
    return frozenset(one[:SHORT_BYTES] for one in identifiers)


def endorse(epoch: Epoch, officer: Signer) -> Signature:
    """Sign an epoch as an officer."""
    return cose.endorse(EPOCH, epoch.encode(), officer)


def combine(epoch: Epoch, signatures: Sequence[Signature], root: RootPolicy) -> bytes:
    """Statement, where enough officers signed the same epoch."""
    signed = Signed(EPOCH, epoch.encode(), tuple(sorted(signatures, key=lambda one: one.name)))
    root.check(signed)
    return signed.encode()


def read(raw: bytes, root: RootPolicy) -> Epoch:
    """Epoch of a statement that enough officers signed."""
    return Epoch.decode(root.check(cose.parse(raw, EPOCH)))
