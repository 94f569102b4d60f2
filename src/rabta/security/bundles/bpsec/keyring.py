"""What a node can open and verify, and the one way through all security blocks of a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rabta.security.bundles.bpsec import asb, confidentiality, integrity, sealed, signed
from rabta.security.bundles.bpsec.signed import Signed
from rabta.security.bundles.codec import blocks
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.core import CompositePublic, Rejected


def nobody(identifier: bytes) -> CompositePublic:
    """Lookup of a node that knows no credential."""
    raise Rejected("unknown", f"no credential {identifier[:4].hex()} is accepted here")


@dataclass(frozen=True)
class Keyring:
    """Keys of a node.

    Attributes
    ----------
    integrity, confidentiality : mapping of str to bytes
        Shared keys (of contexts 1 and 2) by the node of the security source, as ``"ipn:2"``.
    private : tuple
        Own private keys that bundles are sealed for.
    lookup : callable
        Verification key by the identifier of an accepted credential.
    node_of : callable, optional
        Node that a credential is for, as ``"ipn:2"``; who signs for another node is then refused.
    """

    integrity: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    confidentiality: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    private: tuple[Any, ...] = field(default=(), repr=False)
    lookup: Callable[[bytes], CompositePublic] = nobody
    node_of: Callable[[bytes], str] | None = None


@dataclass(frozen=True)
class Accepted:
    """A bundle whose security held and was removed.

    Attributes
    ----------
    guarded : frozenset of int
        Numbers of blocks (0 the primary) whose bytes are authenticated.
    sources : frozenset of str
        Nodes that vouched for a guarded block.
    vouched : mapping of str to frozenset
        By node, the numbers of the blocks that it vouched for.
    signed : Signed or None
        Signature of the source, where there was one.
    hidden : frozenset of int
        Numbers of blocks that came encrypted.
    """

    bundle: Bundle
    guarded: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    sources: frozenset[str] = frozenset()
    signed: Signed | None = None
    vouched: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def authentic(self) -> bool:
        """True where the bundle's source itself vouched for both primary block and payload."""
        return {0, 1} <= self.vouched.get(self.bundle.primary.source.node, frozenset())


def accept(bundle: Bundle, keys: Keyring) -> Accepted:
    """Open and verify all security of a bundle; one block that does not hold refuses the whole.

    Raises
    ------
    Rejected
        With ``"unknown"`` where a key is missing, or the reason of the block.
    """
    hidden: set[int] = set()
    vouched: dict[str, set[int]] = {}
    proof = None
    for number, body in asb.of(bundle, blocks.CONFIDENTIALITY).items():
        bundle = _open(bundle, number, body, keys)
        hidden.update(body.targets)
        if body.context == asb.BCB_AES_GCM:
            vouched.setdefault(body.source.node, set()).update(_covered(body, confidentiality.SCOPE))
    for number, body in asb.of(bundle, blocks.INTEGRITY).items():
        if body.context == signed.CONTEXT:
            proof = _signed(bundle, number, keys)
            covered = set(body.targets)
        else:
            integrity.verify(bundle, number, _key(keys.integrity, body), body=body)
            covered = _covered(body, integrity.SCOPE)
        vouched.setdefault(body.source.node, set()).update(covered)
        bundle = bundle.without(number)
    guarded = frozenset().union(*vouched.values())
    by = {node: frozenset(numbers) for node, numbers in vouched.items()}
    return Accepted(bundle, guarded, frozenset(hidden), frozenset(vouched), proof, by)


def _signed(bundle: Bundle, number: int, keys: Keyring) -> Signed:
    proof = signed.verify(bundle, number, keys.lookup)
    if keys.node_of is not None and keys.node_of(proof.signer) != bundle.primary.source.node:
        raise Rejected("role", "a bundle signed by another node than its source")
    return proof


def _open(bundle: Bundle, number: int, body: asb.Asb, keys: Keyring) -> Bundle:
    if body.context != sealed.CONTEXT:
        return confidentiality.decrypt(bundle, number, _key(keys.confidentiality, body), body=body)
    for key in keys.private:
        if sealed.way_of(key) == body.number(sealed.WAY, 0):
            return sealed.open_(bundle, number, key)
    raise Rejected("unknown", "a block sealed for a key that is not here")


def _covered(body: asb.Asb, scope: int) -> set[int]:
    primary = {0} if body.number(scope, asb.FULL_SCOPE) & asb.PRIMARY_SCOPE else set()
    return {*body.targets, *primary}


def _key(keys: Mapping[str, bytes], body: asb.Asb) -> bytes:
    if body.source.node not in keys:
        raise Rejected("unknown", f"no key shared with {body.source.node}")
    return keys[body.source.node]
