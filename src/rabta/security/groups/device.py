"""A device: its labels, and no state but the newest epoch, which may be months old."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from rabta.security.core import CompositePublic, Rejected
from rabta.security.groups.header import MOST_DEPTH, commitment, mask, parse
from rabta.security.groups.tree import ALL, KEY_BYTES, down, subset_key


@dataclass
class Device:
    """Keys of one device.

    Attributes
    ----------
    labels : bytes
        For each node above the device, from the root down, the labels of what hangs off the way to it; then
        the key of everybody. 32 bytes each.
    epoch : int
        Newest epoch that was applied; older headers are refused.
    """

    index: int
    depth: int
    labels: bytes = field(repr=False)
    epoch: int = -1

    def __post_init__(self) -> None:
        size = KEY_BYTES * (self.depth * (self.depth + 1) // 2 + 1)
        if (
            not 0 < self.depth <= MOST_DEPTH
            or not 0 <= self.index < 1 << self.depth
            or len(self.labels) != size
        ):
            raise Rejected("malformed", "no keys of a device")

    def apply(self, raw: bytes, authority: CompositePublic | None, *, unsigned: bool = False) -> bytes:
        """Group key of a header.

        Parameters
        ----------
        authority : CompositePublic or None
            Who must have signed it.
        unsigned : bool
            Take a header that nobody signed, and that any member may have made: for measurements alone.

        Raises
        ------
        Rejected
            ``"revoked"`` where this device is left out; ``"stale"`` for an epoch that is not newer;
            ``"signature"``, ``"malformed"``, ``"mac"``. The device stays as it was.
        """
        header = parse(raw)
        if header.depth != self.depth:
            raise Rejected("malformed", "a header of another group")
        if header.epoch <= self.epoch:
            raise Rejected("stale", "a header that is not newer")
        if not unsigned:
            if authority is None:
                raise Rejected("signature", "it was not said who must have signed the header")
            header.verify(authority)
        row, own = self._find(header.subsets)
        at = KEY_BYTES * row
        masked = int.from_bytes(header.masked[at : at + KEY_BYTES], "big")
        key = (masked ^ mask(own, header.epoch, header.nonce)).to_bytes(KEY_BYTES, "big")
        if not hmac.compare_digest(commitment(key, header.prefix), header.commitment):
            raise Rejected("mac", "a header whose key is not the one that was meant")
        self.epoch = header.epoch
        return key

    def _find(self, subsets: tuple[int, ...]) -> tuple[int, bytes]:
        """Row of the subset that holds this device, and its key."""
        rows = {top: row for row, top in enumerate(subsets[::2])}
        leaf = self.index + (1 << self.depth)
        for level in range(self.depth):
            top = leaf >> self.depth - level
            row = rows.get(top)
            if row is None:
                continue
            hole = subsets[2 * row + 1]
            if (top, hole) == ALL:
                return row, self.labels[-KEY_BYTES:]
            below = hole.bit_length() - top.bit_length()
            if below <= 0 or hole.bit_length() > self.depth + 1 or hole >> below != top:
                raise Rejected("malformed", "a subset that is none")
            if leaf >> self.depth + 1 - hole.bit_length() != hole:
                return row, self._key(level, leaf, hole)
        raise Rejected("revoked", "this device is not among those who get the key")

    def _key(self, level: int, leaf: int, hole: int) -> bytes:
        """Key of a subset whose upper node is at a level above this leaf."""
        steps = hole.bit_length() - 1 - level
        for down_to in range(1, steps + 1):
            node = hole >> steps - down_to
            if node != leaf >> self.depth - level - down_to:
                break
        before = level * self.depth - level * (level - 1) // 2
        at = KEY_BYTES * (before + down_to - 1)
        return subset_key(down(self.labels[at : at + KEY_BYTES], node, hole))
