"""What is broadcast for an epoch: for each subset of the cover the new key, masked; commitment, signature.

The mask of a subset is a hash of its key with the epoch and a number used once, so that it is never the same
again; what a member learns of other masks is of no use in other epochs. The commitment tells a receiver that
the key is the one that was meant, the signature who meant it.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass

from rabta.security.core import CompositePublic, Rejected
from rabta.security.core.composite import SIGNATURE_BYTES
from rabta.security.groups.tree import KEY_BYTES

MAGIC = b"RGH1"
CONTEXT = b"rabta group epoch 1"
_HEAD = struct.Struct("!4sBQ16sI")
NONCE_BYTES = 16
SUBSET_BYTES = 8 + KEY_BYTES
MOST_SUBSETS = 1 << 20
MOST_DEPTH = 30


@dataclass(frozen=True)
class Header:
    """A header, taken apart.

    Attributes
    ----------
    subsets : tuple of int
        The nodes i and j of each subset, one after the other.
    masked : bytes
        Masked keys in the same order.
    signature : bytes
        Composite signature of `body`; empty where it was not signed.
    """

    depth: int
    epoch: int
    nonce: bytes
    subsets: tuple[int, ...]
    masked: bytes
    commitment: bytes
    signature: bytes = b""

    @property
    def prefix(self) -> bytes:
        """All but commitment and signature."""
        count = len(self.subsets) // 2
        head = _HEAD.pack(MAGIC, self.depth, self.epoch, self.nonce, count)
        return head + struct.pack(f"!{2 * count}I", *self.subsets) + self.masked

    @property
    def body(self) -> bytes:
        """What is signed, and whose hash is logged."""
        return self.prefix + self.commitment

    def to_bytes(self) -> bytes:
        """Form for the air."""
        return self.body + self.signature

    def leaf(self) -> bytes:
        """Leaf for the audit log: what and by whom, in 48 bytes."""
        return hashlib.sha384(CONTEXT + self.to_bytes()).digest()

    def covers(self, index: int) -> bool:
        """Whether a device is among those who get the key."""
        leaf = index + (1 << self.depth)
        return any(_below(leaf, i) and not _below(leaf, j) for i, j in self.pairs)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The subsets (i, j)."""
        return list(zip(self.subsets[::2], self.subsets[1::2], strict=True))

    def verify(self, authority: CompositePublic) -> None:
        """Do nothing where the authority signed it; `Rejected` otherwise."""
        authority.verify(self.signature, self.body, CONTEXT)


def _below(leaf: int, node: int) -> bool:
    """Whether a leaf is below a node; none is below the node 0."""
    up = leaf.bit_length() - node.bit_length()
    return node > 0 and up >= 0 and leaf >> up == node


def parse(raw: bytes) -> Header:
    """Header of its bytes, signed or not."""
    if len(raw) < _HEAD.size:
        raise Rejected("malformed", "a group header that is too short")
    magic, depth, epoch, nonce, count = _HEAD.unpack_from(raw)
    if magic != MAGIC:
        raise Rejected("version", "no group header of this version")
    ids, end = _HEAD.size + 8 * count, _HEAD.size + SUBSET_BYTES * count
    if (
        count > MOST_SUBSETS
        or not 0 < depth <= MOST_DEPTH
        or len(raw) - end - KEY_BYTES not in (0, SIGNATURE_BYTES)
    ):
        raise Rejected("malformed", "a group header of the wrong length")
    subsets = struct.unpack_from(f"!{2 * count}I", raw, _HEAD.size)
    return Header(
        depth, epoch, nonce, subsets, raw[ids:end], raw[end : end + KEY_BYTES], raw[end + KEY_BYTES :]
    )


def mask(subset_key: bytes, epoch: int, nonce: bytes) -> int:
    """Mask of a subset in an epoch, as a number of 256 bits."""
    made = hmac.digest(subset_key, b"mask" + epoch.to_bytes(8, "big") + nonce, "sha384")
    return int.from_bytes(made[:KEY_BYTES], "big")


def commitment(key: bytes, prefix: bytes) -> bytes:
    """Proof that a key is the one of a header."""
    return hmac.digest(key, b"commit" + hashlib.sha384(prefix).digest(), "sha384")[:KEY_BYTES]
