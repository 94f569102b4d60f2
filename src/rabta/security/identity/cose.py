"""Statements with many signatures: COSE_Sign (RFC 9052, section 4), untagged, in strict CBOR.

The algorithm is `rabta.security.core.composite`, under a number for private use; a signer is named by the
SHA-384 of its public key. The kind of a statement is its content type and the context of its signatures, so
that none passes for another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rabta.security.core import CompositePublic, Rejected, Signer, cbor
from rabta.security.core.composite import SIGNATURE_BYTES

ALGORITHM = -70_087
"""For private use (RFC 9053, table 1: less than -65536): ML-DSA-87 with Ed25519."""
ALG, CONTENT_TYPE, KEY_ID = 1, 3, 4
FINGERPRINT_BYTES = 48
MOST_SIGNATURES = 32
MOST_BYTES = 1 << 18


def fingerprint(key: CompositePublic) -> bytes:
    """SHA-384 of a public key."""
    return hashlib.sha384(key.raw).digest()


def _content(kind: str) -> bytes:
    return cbor.encode({CONTENT_TYPE: f"application/rabta-{kind}+cbor"})


def _signer(name: bytes) -> bytes:
    return cbor.encode({ALG: ALGORITHM, KEY_ID: name})


def to_be_signed(kind: str, payload: bytes, name: bytes) -> bytes:
    """Sig_structure of RFC 9052, 4.4: context, both protected headers, no external data, payload."""
    return cbor.encode(["Signature", _content(kind), _signer(name), b"", payload])


@dataclass(frozen=True)
class Signature:
    """One signer's part."""

    name: bytes
    value: bytes


@dataclass(frozen=True)
class Signed:
    """A statement with its signatures, none of them verified yet."""

    kind: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """COSE_Sign."""
        parts = [[_signer(one.name), {}, one.value] for one in self.signatures]
        return cbor.encode([_content(self.kind), {}, self.payload, parts])

    def by(self, keys: tuple[CompositePublic, ...]) -> set[bytes]:
        """Fingerprints of the keys that signed and whose signatures hold; a false one is refused."""
        known = {fingerprint(key): key for key in keys}
        found = set()
        for one in self.signatures:
            if one.name in known:
                message = to_be_signed(self.kind, self.payload, one.name)
                known[one.name].verify(one.value, message, self.kind.encode())
                found.add(one.name)
        return found


def endorse(kind: str, payload: bytes, signer: Signer) -> Signature:
    """Sign a statement's payload."""
    name = fingerprint(signer.public)
    return Signature(name, signer.sign(to_be_signed(kind, payload, name), kind.encode()))


def parse(raw: bytes, kind: str) -> Signed:
    """Statement of its bytes; `Rejected` where it is none, or of another kind."""
    whole = cbor.decode(raw, most=MOST_BYTES)
    if not isinstance(whole, list) or len(whole) != 4 or whole[0] != _content(kind) or whole[1] != {}:
        raise Rejected("malformed", f"no signed {kind}")
    payload, parts = whole[2], whole[3]
    if not isinstance(payload, bytes) or not isinstance(parts, list) or len(parts) > MOST_SIGNATURES:
        raise Rejected("malformed", f"no signed {kind}")
    signatures = tuple(_part(part) for part in parts)
    if len({one.name for one in signatures}) < len(signatures):
        raise Rejected("malformed", "one signer twice")
    return Signed(kind, payload, signatures)


def _part(part: object) -> Signature:
    if not isinstance(part, list) or len(part) != 3 or not isinstance(part[0], bytes) or part[1] != {}:
        raise Rejected("malformed", "no signature")
    head, value = cbor.decode(part[0]), part[2]
    if not isinstance(head, dict) or set(head) != {ALG, KEY_ID} or head[ALG] != ALGORITHM:
        raise Rejected("malformed", "a signature of another algorithm")
    name = head[KEY_ID]
    if not isinstance(name, bytes) or len(name) != FINGERPRINT_BYTES:
        raise Rejected("malformed", "no signer")
    if not isinstance(value, bytes) or len(value) != SIGNATURE_BYTES:
        raise Rejected("signature", "a signature of the wrong length")
    return Signature(name, value)
