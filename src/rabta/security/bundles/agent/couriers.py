"""Bundles among a nation's nodes: who signed one and whom it is sealed for, by credentials.

A node's endpoints are those of ``dtn://NAME/`` with the name of its credential, so that who signs for another
node is found out. Whoever has no accepted credential, or one that is revoked or has expired, neither signs
what is taken nor gets anything sealed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rabta.errors import RabtaError
from rabta.security.bundles.agent.policy import Policy
from rabta.security.bundles.bpsec import Keyring
from rabta.security.bundles.codec import eid
from rabta.security.bundles.store import Store
from rabta.security.core import NS, CompositePublic, Rejected
from rabta.security.core.peers import Peer
from rabta.security.identity.issue import NodeKeys
from rabta.security.identity.trust import Trust

DTN_EPOCH_S = 946_684_800.0  # 2000-01-01 in seconds since 1970 (RFC 9171, 4.2.6)


def endpoint(name: str) -> str:
    """Node of a credential's name.

    Raises
    ------
    Rejected
        ``"malformed"`` for a name that could pass for another's.

    Examples
    --------
    >>> endpoint("lahore")
    'dtn://lahore'
    """
    try:
        found = eid.parse(f"dtn://{name}/").node
    except Exception as error:
        raise Rejected("malformed", f"a name that makes no endpoint: {name[:40]!r}") from error
    if found != f"dtn://{name}":
        raise Rejected("malformed", f"a name that makes no endpoint: {name[:40]!r}")
    return found


def policy(
    trust: Trust, keys: NodeKeys, own: bytes, peers: Sequence[Peer], shared: Keyring | None = None
) -> Policy:
    """How a node protects its bundles, and what it takes: signed by credentials, or under shared keys too.

    Parameters
    ----------
    own : bytes
        Identifier of the own credential.
    peers : sequence of Peer
        Accepted nodes; each is judged again at each use.
    shared : Keyring, optional
        Keys shared with nodes without a credential, which have no names under ``dtn:``: revoking a credential
        must not leave a way around it.
    """
    held = shared or Keyring()
    named_by_key = sorted(
        name for name in {*held.integrity, *held.confidentiality} if name.startswith("dtn:")
    )
    if named_by_key:
        raise RabtaError("a shared key of a node that credentials name", key="--key", value=named_by_key[0],
                         expected="keys of ipn: nodes; dtn: nodes come with credentials here")  # fmt: skip
    named: dict[str, list[bytes]] = {}
    for peer in peers:
        named.setdefault(endpoint(peer.name), []).append(peer.identifier)

    def lookup(identifier: bytes) -> CompositePublic:
        return trust.claims(identifier).verify

    def recipient(destination: eid.Eid) -> Any:
        if destination.node in held.confidentiality:
            return None
        refused = Rejected("unknown", f"no credential of {destination.node} is accepted here")
        for identifier in reversed(named.get(destination.node, [])):
            try:
                return trust.lookup(identifier).key(NS)
            except Rejected as error:
                refused = error
        raise refused

    ring = Keyring(
        held.integrity, held.confidentiality, tuple(keys.keys.values()), lookup,
        lambda identifier: endpoint(trust.claims(identifier).name),
    )  # fmt: skip
    require = "signed" if shared is None else "authentic"
    return Policy(require, ring, keys.sign, own, recipient)


def advance(store: Store, trust: Trust) -> None:
    """Raise the store's lower bound of time to what witnesses signed."""
    lower = trust.clock.lower(time.monotonic())
    if lower > DTN_EPOCH_S:
        store.advance(int((lower - DTN_EPOCH_S) * 1e3))
