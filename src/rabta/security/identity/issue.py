"""From a node's request to its credential: the node asks, officers sign one by one, the log takes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rabta.security.audit.log import Log
from rabta.security.audit.portable import Inclusion
from rabta.security.core import CompositePrivate, HybridPrivate, Rejected, Signer, cbor
from rabta.security.core.peers import Local
from rabta.security.core.suites import SUITES, numbered
from rabta.security.identity import cose
from rabta.security.identity.cose import Signature, Signed
from rabta.security.identity.credential import CREDENTIAL, Claims, credential
from rabta.security.identity.roots import RootPolicy, typed
from rabta.security.keystore import files

REQUEST = "request"
NODE = "node"
BUNDLE_VERSION = 1


@dataclass(frozen=True)
class NodeKeys:
    """Private keys of a node: one to sign, one for each suite's handshake."""

    sign: CompositePrivate
    keys: dict[int, HybridPrivate]

    @classmethod
    def generate(cls) -> NodeKeys:
        """Keys of every suite from the system's random bytes."""
        made = {suite.identifier: HybridPrivate.generate(suite) for suite in SUITES.values()}
        return cls(CompositePrivate.generate(), made)

    def save(self, path: Path, passphrase: str | None = None) -> None:
        """Write the key file of a node, for its owner only."""
        rows = [[n, key.mlkem_seed, key.x25519_seed] for n, key in sorted(self.keys.items())]
        seeds = [self.sign.mldsa_seed, self.sign.ed25519_seed]
        files.save(path, NODE, {"sign": seeds, "keys": rows}, passphrase)

    @classmethod
    def load(cls, path: Path, passphrase: str | None = None) -> NodeKeys:
        """Keys of a file; one clear error where it is none."""
        fields = files.load(path, NODE, passphrase)
        try:
            keys = {n: HybridPrivate(numbered(n), kem, dh) for n, kem, dh in fields["keys"]}
            return cls(CompositePrivate(*fields["sign"]), keys)
        except (KeyError, TypeError, ValueError):
            raise Rejected("malformed", "a node's key file with other contents", file=path) from None

    def local(self, identifier: bytes, name: str = "") -> Local:
        """Oneself, as the handshake needs it."""
        return Local(identifier, self.keys, name)


def request(keys: NodeKeys, claims: Claims) -> bytes:
    """Ask for a credential: the claims, signed by the node's own key.

    The handshake keys are bound by that signature; that the node holds their private halves shows in its
    first handshake, which fails otherwise.
    """
    own = replace(claims, verify=keys.sign.public, keys={n: key.public for n, key in keys.keys.items()})
    payload = own.encode()
    return Signed(REQUEST, payload, (cose.endorse(REQUEST, payload, keys.sign),)).encode()


def asked(raw: bytes) -> Claims:
    """Claims of a request that its own key signed."""
    signed = cose.parse(raw, REQUEST)
    claims = Claims.decode(signed.payload)
    if not signed.by((claims.verify,)):
        raise Rejected("signature", "a request that its own key did not sign")
    return claims


def endorse(claims: Claims, officer: Signer) -> Signature:
    """Sign the claims as an officer."""
    return cose.endorse(CREDENTIAL, claims.encode(), officer)


def combine(claims: Claims, signatures: Sequence[Signature], root: RootPolicy) -> bytes:
    """Credential, where enough officers signed the same claims; `Rejected` (``"quorum"``) otherwise."""
    raw = credential(claims, signatures)
    root.check(cose.parse(raw, CREDENTIAL))
    return raw


def publish(raw: bytes, log: Log) -> int:
    """Put a credential or statement on the log; returns its number, for the proof to come."""
    return log.append(raw)


@dataclass(frozen=True)
class Bundle:
    """What a node shows at the first contact: credential and proof, the newest epoch and its proof."""

    credential: bytes
    proof: Inclusion
    epoch: bytes = b""
    epoch_proof: Inclusion | None = None

    def encode(self) -> bytes:
        """Bytes for the air or a file."""
        epoch_proof = b"" if self.epoch_proof is None else self.epoch_proof.encode()
        return cbor.encode(
            {"version": BUNDLE_VERSION, "credential": self.credential, "proof": self.proof.encode(),
             "epoch": self.epoch, "epoch_proof": epoch_proof}
        )  # fmt: skip

    @classmethod
    def decode(cls, raw: bytes) -> Bundle:
        """Bundle of its bytes; nothing in it is verified yet."""
        f = typed(
            cbor.decode(raw), version=int, credential=bytes, proof=bytes, epoch=bytes, epoch_proof=bytes
        )
        if f["version"] != BUNDLE_VERSION:
            raise Rejected("version", "a bundle of a newer version", expected=f"version {BUNDLE_VERSION}")
        later = Inclusion.decode(f["epoch_proof"]) if f["epoch"] else None
        return cls(f["credential"], Inclusion.decode(f["proof"]), f["epoch"], later)


def random_name() -> str:
    """Name of a node that gave none."""
    return f"node-{os.urandom(4).hex()}"
