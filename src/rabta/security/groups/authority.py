"""Who makes the keys: one seed stands for the secrets of all nodes of the tree."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rabta.errors import RabtaError
from rabta.security.core import Signer
from rabta.security.groups.device import Device
from rabta.security.groups.header import CONTEXT, MOST_DEPTH, NONCE_BYTES, Header, commitment, mask
from rabta.security.groups.tree import ALL, KEY_BYTES, cover, cover_of, down, hanging, subset_key

DEPTH = 20


@dataclass(frozen=True)
class Authority:
    """The authority of a group of up to ``2 ** depth`` devices.

    Parameters
    ----------
    seed : bytes
        32 secret bytes.
    """

    seed: bytes = field(repr=False)
    depth: int = DEPTH

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_BYTES or not 0 < self.depth <= MOST_DEPTH:
            raise RabtaError("no seed and depth of a group", value=self.depth,
                             expected=f"32 bytes, and a depth of 1 to {MOST_DEPTH}")  # fmt: skip

    @classmethod
    def generate(cls, depth: int = DEPTH) -> Authority:
        """New authority from the system's random bytes."""
        return cls(os.urandom(KEY_BYTES), depth)

    def _label(self, node: int) -> bytes:
        return hmac.digest(self.seed, b"label" + node.to_bytes(5, "big"), "sha384")[:KEY_BYTES]

    def _everyone(self) -> bytes:
        return hmac.digest(self.seed, b"everyone", "sha384")[:KEY_BYTES]

    def device(self, index: int) -> Device:
        """Keys of a device, to be given to it once: 6,752 bytes at depth 20."""
        self._check([index])
        leaf = index + (1 << self.depth)
        labels = []
        for level in range(self.depth):
            top = leaf >> self.depth - level
            secret = self._label(top)
            labels += [down(secret, top, node) for node in hanging(leaf, top)]
        return Device(index, self.depth, b"".join(labels) + self._everyone())

    def _check(self, indices: Iterable[int]) -> None:
        wrong = [index for index in indices if not 0 <= index < 1 << self.depth]
        if wrong:
            raise RabtaError(
                "no such device", key="index", value=wrong[0], expected=f"0 to {(1 << self.depth) - 1}"
            )

    def header(
        self, revoked: Iterable[int], epoch: int, signer: Signer | None = None,
        members: Iterable[int] | None = None,
    ) -> tuple[Header, bytes]:  # fmt: skip
        """Header of an epoch, and its new group key (32 bytes).

        Parameters
        ----------
        members : iterable of int, optional
            Who gets the key at most; everybody if left out.
        """
        out, of = set(revoked), None if members is None else set(members)
        self._check(out | (of or set()))
        found = cover(out, self.depth) if of is None else cover_of(of - out, self.depth)
        subsets, key, nonce = sorted(found), os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        plain = int.from_bytes(key, "big")
        masked = b"".join(
            (plain ^ mask(self._subset(i, j), epoch, nonce)).to_bytes(KEY_BYTES, "big") for i, j in subsets
        )
        flat = tuple(node for pair in subsets for node in pair)
        made = Header(self.depth, epoch, nonce, flat, masked, b"")
        made = replace(made, commitment=commitment(key, made.prefix))
        return (made if signer is None else replace(made, signature=signer.sign(made.body, CONTEXT))), key

    def _subset(self, i: int, j: int) -> bytes:
        return self._everyone() if (i, j) == ALL else subset_key(down(self._label(i), i, j))
