"""The root: n officers, of whom any m together speak for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from rabta.errors import RabtaError
from rabta.security.core import CompositePublic, Rejected, cbor
from rabta.security.identity import cose
from rabta.security.identity.cose import Signed

VERSION = 1
ROOT = "root"
MOST_OFFICERS = 32


@dataclass(frozen=True)
class RootPolicy:
    """Officers' keys, and how many must sign.

    Attributes
    ----------
    serial : int
        0 for the first root; each rotation adds one.
    """

    threshold: int
    keys: tuple[CompositePublic, ...]
    serial: int = 0

    def __post_init__(self) -> None:
        distinct = len({key.raw for key in self.keys})
        if distinct < len(self.keys) or not 1 <= self.threshold <= distinct <= MOST_OFFICERS:
            raise RabtaError(
                "a root needs as many different officers as must sign",
                key="threshold",
                value=self.threshold,
                expected=f"1 to {distinct}, of at most {MOST_OFFICERS} different keys",
            )

    def encode(self) -> bytes:
        """Policy file."""
        raws = [key.raw for key in self.keys]
        return cbor.encode(
            {"version": VERSION, "serial": self.serial, "threshold": self.threshold, "keys": raws}
        )

    @classmethod
    def decode(cls, raw: bytes) -> RootPolicy:
        """Policy of a file."""
        fields = typed(cbor.decode(raw), version=int, serial=int, threshold=int, keys=list)
        if fields["version"] != VERSION:
            raise Rejected("version", "a root of a newer version", expected=f"version {VERSION}")
        if not all(isinstance(key, bytes) for key in fields["keys"]):
            raise Rejected("malformed", "a root with keys that are none")
        keys = tuple(CompositePublic(key) for key in fields["keys"])
        try:
            return cls(fields["threshold"], keys, fields["serial"])
        except RabtaError as error:
            raise Rejected("malformed", error.problem) from None

    @property
    def fingerprint(self) -> str:
        """What people compare: the first 20 bytes of its SHA-384, in groups."""
        text = hashlib.sha384(self.encode()).hexdigest()[:40]
        return " ".join(text[at : at + 4] for at in range(0, 40, 4))

    def check(self, signed: Signed) -> bytes:
        """Payload of a statement that enough officers signed; `Rejected` (``"quorum"``) otherwise."""
        count = len(signed.by(self.keys))
        if count < self.threshold:
            raise Rejected("quorum", f"{count} of the {self.threshold} officers who must sign did")
        return signed.payload

    def successor(self, raw: bytes) -> RootPolicy:
        """Next root, as enough officers of this one signed it."""
        after = RootPolicy.decode(self.check(cose.parse(raw, ROOT)))
        if after.serial != self.serial + 1:
            raise Rejected("stale", "a root that does not follow this one")
        return after


def typed(value: object, **types: type) -> dict[str, Any]:
    """Map with exactly these keys and types; `Rejected` otherwise."""
    if not isinstance(value, dict) or set(value) != set(types):
        raise Rejected("malformed", "other fields than expected", expected=", ".join(sorted(types)))
    wrong = [name for name, kind in types.items() if type(value[name]) is not kind]
    if wrong:
        raise Rejected("malformed", f"{wrong[0]} is of another type")
    return value
