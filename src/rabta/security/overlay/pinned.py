"""Nodes that know each other by cards handed over in person, for tests and small networks without a root.

A card is public: name, suites and static keys in strict CBOR; its SHA-384 is the node's identifier. Where
there is a root, credentials and `rabta.security.identity` take its place, and nothing else changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rabta.security.core import HybridPrivate, HybridPublic, Rejected, Suite, cbor
from rabta.security.core.peers import Local, Peer
from rabta.security.core.suites import SUITES, numbered
from rabta.security.keystore import files
from rabta.security.overlay.node import Lookup

KIND = "overlay node"
MOST_CARD = 16_384


def make(path: Path, name: str, passphrase: str | None = None) -> bytes:
    """Make a node's keys of every suite, write them to a key file, and return the node's card."""
    keys = {suite.identifier: HybridPrivate.generate(suite) for suite in SUITES.values()}
    rows = [[number, key.mlkem_seed, key.x25519_seed] for number, key in sorted(keys.items())]
    files.save(path, KIND, {"name": name, "keys": rows}, passphrase)
    return card(name, keys)


def card(name: str, keys: dict[int, HybridPrivate]) -> bytes:
    """Public half of a node."""
    rows = [[number, key.public.mlkem, key.public.x25519] for number, key in sorted(keys.items())]
    return cbor.encode({"name": name, "keys": rows})


def load(path: Path, passphrase: str | None = None) -> Local:
    """Node of a key file."""
    held = files.load(path, KIND, passphrase)
    keys = {
        int(number): HybridPrivate(numbered(int(number)), bytes(kem), bytes(dh))
        for number, kem, dh in held["keys"]
    }
    name = str(held["name"])
    return Local(hashlib.sha384(card(name, keys)).digest(), keys, name)


def read(raw: bytes) -> Peer:
    """Peer of a card; `Rejected` where it is none."""
    held = cbor.decode(raw, most=MOST_CARD)
    try:
        name = held["name"]
        keys = {number: HybridPublic(_suite(number), kem, dh) for number, kem, dh in held["keys"]}
    except (TypeError, KeyError, ValueError):
        raise Rejected("malformed", "not a card of a node") from None
    if not isinstance(name, str) or set(held) != {"name", "keys"} or len(name) > 200:
        raise Rejected("malformed", "not a card of a node")
    return Peer(hashlib.sha384(raw).digest(), keys, name)


def _suite(number: object) -> Suite:
    if not isinstance(number, int):
        raise Rejected("malformed", "not a card of a node")
    return numbered(number)


def lookup(peers: Iterable[Peer]) -> Lookup:
    """Accept these peers and nobody else."""
    book = {peer.identifier: peer for peer in peers}

    def find(identifier: bytes) -> Peer:
        if identifier not in book:
            raise Rejected("unknown", "no card of this node")
        return book[identifier]

    return find
