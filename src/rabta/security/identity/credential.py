"""A node's credential: what it is, its keys, and in which epochs it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rabta.errors import RabtaError, nearest
from rabta.security.core import CompositePublic, HybridPublic, Rejected, cbor
from rabta.security.core.peers import Peer
from rabta.security.core.suites import numbered
from rabta.security.identity import cose
from rabta.security.identity.cose import Signature, Signed
from rabta.security.identity.roots import typed

VERSION = 1
CREDENTIAL = "credential"
ROLES = ("node", "gateway", "vehicle", "operator", "authority")
CLEARANCES = ("open", "restricted", "confidential", "secret", "top secret")
"""From the least to the highest."""
MOST_NAME = 200
NO_DEVICE = -1


@dataclass(frozen=True)
class Claims:
    """What officers sign.

    Attributes
    ----------
    first, last : int
        Epochs in which the credential holds, both included.
    verify : CompositePublic
        Key of the node's own signatures.
    keys : mapping of int to HybridPublic
        Static keys of the handshake by the suite's number.
    device : int
        Number among the devices of the broadcast group; -1 for none.
    """

    name: str
    role: str
    clearance: str
    first: int
    last: int
    verify: CompositePublic
    keys: Mapping[int, HybridPublic]
    device: int = NO_DEVICE

    def __post_init__(self) -> None:
        for key, value, known in (("role", self.role, ROLES), ("clearance", self.clearance, CLEARANCES)):
            if value not in known:
                raise RabtaError(f"no such {key}", key=key, value=value, expected=nearest(value, known))
        if not self.name.strip() or len(self.name) > MOST_NAME or not self.name.isprintable():
            raise RabtaError(
                "a node needs a name", key="name", expected=f"1 to {MOST_NAME} printable characters"
            )
        if not 0 <= self.first <= self.last < 1 << 32 or self.device < NO_DEVICE:
            raise RabtaError("epochs that are none", key="first, last", value=f"{self.first}, {self.last}",
                             expected="whole numbers, the first not after the last")  # fmt: skip
        if not self.keys:
            raise RabtaError("a node needs keys of one suite at least", key="keys")

    def encode(self) -> bytes:
        """Bytes that are signed."""
        keys = {number: [key.mlkem, key.x25519] for number, key in self.keys.items()}
        fields = {
            "version": VERSION, "name": self.name, "role": self.role, "clearance": self.clearance,
            "first": self.first, "last": self.last, "verify": self.verify.raw, "keys": keys,
            "device": self.device,
        }  # fmt: skip
        return cbor.encode(fields)

    @classmethod
    def decode(cls, raw: bytes) -> Claims:
        """Claims of their bytes; `Rejected` where they are none."""
        f = typed(
            cbor.decode(raw), version=int, name=str, role=str, clearance=str, first=int, last=int,
            verify=bytes, keys=dict, device=int,
        )  # fmt: skip
        if f["version"] != VERSION:
            raise Rejected("version", "a credential of a newer version", expected=f"version {VERSION}")
        keys = {number: _hybrid(number, pair) for number, pair in f["keys"].items()}
        try:
            verify = CompositePublic(f["verify"])
            return cls(f["name"], f["role"], f["clearance"], f["first"], f["last"], verify, keys, f["device"])
        except Rejected:
            raise
        except RabtaError as error:
            raise Rejected(
                "role" if error.key in {"role", "clearance"} else "malformed", error.problem
            ) from None


def _hybrid(number: object, pair: object) -> HybridPublic:
    if type(number) is not int or not isinstance(pair, list) or [type(one) for one in pair] != [bytes, bytes]:
        raise Rejected("malformed", "keys that are none")
    return HybridPublic(numbered(number), pair[0], pair[1])


def credential(claims: Claims, signatures: Sequence[Signature]) -> bytes:
    """Credential of claims and officers' signatures, in the order of their names."""
    ordered = tuple(sorted(signatures, key=lambda one: one.name))
    return Signed(CREDENTIAL, claims.encode(), ordered).encode()


def identifier(raw: bytes) -> bytes:
    """What names a credential and its node: SHA-384 of the claims, so that more signatures change nothing."""
    return hashlib.sha384(cose.parse(raw, CREDENTIAL).payload).digest()


def peer(raw: bytes, claims: Claims) -> Peer:
    """Peer of a credential."""
    return Peer(identifier(raw), claims.keys, claims.name, claims.role, claims.clearance)


def cleared(clearance: str, needed: str) -> bool:
    """Whether a clearance reaches what is needed.

    Examples
    --------
    >>> cleared("secret", "confidential"), cleared("open", "restricted")
    (True, False)
    """
    return CLEARANCES.index(clearance) >= CLEARANCES.index(needed)
