"""Inclusion proofs that need nobody's answer (C2SP tlog-proof): index, hashes and the checkpoint's note."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from rabta.security.audit import proofs
from rabta.security.audit.checkpoint import Checkpoint, base64_of, decimal
from rabta.security.audit.notes import MOST_BYTES
from rabta.security.audit.policy import Policy
from rabta.security.audit.tree import HASH_BYTES, leaf_hash
from rabta.security.core import Rejected

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Inclusion:
    """That an entry is in a log.

    Attributes
    ----------
    index : int
        Number of the entry, from 0.
    hashes : tuple of bytes
        Siblings from the leaf's up to the root's child, 32 bytes each.
    note : bytes
        Signed and cosigned checkpoint.
    extra : bytes
        Data of the application; nothing authenticates them.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def verify(self, leaf: bytes, policy: Policy) -> Checkpoint:
        """Checkpoint in which an entry lies, where it meets the policy.

        Parameters
        ----------
        leaf : bytes
            The entry itself, not its hash.

        Raises
        ------
        Rejected
            With the reasons of `Policy.check`, or ``"proof"``.
        """
        found = policy.check(self.note)
        proofs.verify_inclusion(leaf_hash(leaf), self.index, found.size, self.hashes, found.root)
        return found

    def encode(self) -> bytes:
        """Text of C2SP's tlog-proof."""
        lines = [HEADER]
        if self.extra:
            lines.append("extra " + base64.b64encode(self.extra).decode())
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(item).decode() for item in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.note

    @classmethod
    def decode(cls, raw: bytes) -> Inclusion:
        """Proof of its text; nothing in it is verified yet.

        Raises
        ------
        Rejected
            With the reasons ``"malformed"`` or ``"limit"``.
        """
        if len(raw) > MOST_BYTES:
            raise Rejected("limit", f"a proof of {len(raw)} bytes, at most {MOST_BYTES} are taken")
        head, gap, note = raw.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Rejected("malformed", "a proof with other than ASCII in its head") from None
        if first != HEADER or not gap:
            raise Rejected("malformed", "not a proof of inclusion", expected=HEADER)
        extra = base64_of(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
        if not lines or not lines[0].startswith("index "):
            raise Rejected("malformed", "a proof without the entry's index")
        return cls(decimal(lines[0][6:]), hashes(lines[1:]), note, extra)


def hashes(lines: list[str]) -> tuple[bytes, ...]:
    """Hashes of lines of base64, at most 63."""
    if len(lines) > proofs.MOST_HASHES:
        raise Rejected("limit", "a proof of more than 63 hashes")
    found = tuple(base64_of(item) for item in lines)
    if any(len(item) != HASH_BYTES for item in found):
        raise Rejected("malformed", "a hash that is not 32 bytes long")
    return found
