"""Signed notes and cosignatures (C2SP signed-note, tlog-cosignature): Ed25519 and ML-DSA-44.

A note is text, an empty line, and lines of signatures, each with the name and the short identifier of its
key. Signatures of unknown keys are ignored, a known key's must hold.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from rabta.errors import RabtaError
from rabta.security.audit.checkpoint import Checkpoint, base64_of
from rabta.security.core import Rejected

ED25519, COSIGNED_ED25519, COSIGNED_MLDSA44 = 0x01, 0x04, 0x06
KINDS = {ED25519: "Ed25519", COSIGNED_ED25519: "cosignature/v1", COSIGNED_MLDSA44: "ML-DSA-44"}
PUBLIC_BYTES = {ED25519: 32, COSIGNED_ED25519: 32, COSIGNED_MLDSA44: 1312}
SIGNATURE_BYTES = {ED25519: 64, COSIGNED_ED25519: 72, COSIGNED_MLDSA44: 2428}
SEED_BYTES = 32

MOST_BYTES = 1 << 18
MOST_SIGNATURES = 64
DASH = "\u2014 "
LABEL = b"subtree/v1\n\x00"
MOST_TIME = (1 << 63) - 1

Signature = tuple[str, bytes, bytes]
"""Name, key identifier (4 bytes) and signature of one line."""


@dataclass(frozen=True)
class Key:
    """A key that verifies: its name, the kind of its signatures and the public bytes."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if self.kind not in KINDS or len(self.public) != PUBLIC_BYTES[self.kind]:
            raise Rejected("malformed", "a verifier key of an unknown kind or a wrong length")
        if not named(self.name):
            raise Rejected("malformed", "a key's name is empty, too long, or has spaces or a plus")

    @cached_property
    def identifier(self) -> bytes:
        """Four bytes that stand in the signatures."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """Verifier key as text: ``name+identifier+base64``."""
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.identifier.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Key of its text; Rejected (``"malformed"``) where it is none or its identifier is another."""
        name, _, rest = text.strip().partition("+")
        identifier, _, material = rest.partition("+")
        if len(text) > 4096 or not material:
            raise Rejected("malformed", "not a verifier key", expected="name+identifier+base64")
        raw = base64_of(material)
        key = cls(name, raw[0] if raw else -1, raw[1:])
        if key.identifier.hex() != identifier:
            raise Rejected("malformed", "a verifier key whose identifier is another key's")
        return key

    @cached_property
    def _verifier(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        of = MLDSA44PublicKey if self.kind == COSIGNED_MLDSA44 else Ed25519PublicKey
        return of.from_public_bytes(self.public)

    def verify(self, text: str, signature: bytes) -> int:
        """Time that a signature states (0 where its kind has none), where it holds.

        Raises
        ------
        Rejected
            With the reason ``"signature"``, or ``"malformed"`` where a cosigned text is no checkpoint.
        """
        from cryptography.exceptions import InvalidSignature

        if len(signature) != SIGNATURE_BYTES[self.kind]:
            raise Rejected("signature", f"a signature of {self.name} has the wrong length")
        stated = 0 if self.kind == ED25519 else int.from_bytes(signature[:8], "big")
        message = signed(self.name, self.kind, text, stated)
        try:
            self._verifier.verify(signature[0 if self.kind == ED25519 else 8 :], message)
        except (InvalidSignature, ValueError):
            raise Rejected("signature", f"a signature of {self.name} does not hold") from None
        return stated


@dataclass(frozen=True)
class Signing:
    """A key that signs notes, from a seed of 32 bytes (RFC 8032 or FIPS 204)."""

    name: str
    kind: int
    seed: bytes

    def __repr__(self) -> str:
        return f"Signing({self.name}, {KINDS.get(self.kind)})"  # never the seed

    @classmethod
    def generate(cls, name: str, kind: int) -> Signing:
        """Return a new key from the system's random bytes."""
        if not named(name):
            raise RabtaError(
                "not a key's name", value=name, expected="1 to 255 bytes without spaces and plus signs"
            )
        return cls(name, kind, os.urandom(SEED_BYTES))

    @cached_property
    def _signer(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        if self.kind == COSIGNED_MLDSA44:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def public(self) -> Key:
        """The key that verifies."""
        return Key(self.name, self.kind, self._signer.public_key().public_bytes_raw())

    def line(self, text: str, time: int = 0) -> str:
        """Signature line over a text, with its newline; ``time`` in seconds since 1970 for cosignatures."""
        signature: bytes = self._signer.sign(signed(self.name, self.kind, text, time))
        stamp = b"" if self.kind == ED25519 else time.to_bytes(8, "big")
        return line(self.name, self.public.identifier, stamp + signature)


def named(name: str) -> bool:
    """Whether a name may be a key's: 1 to 255 bytes, printable, no spaces and no plus."""
    wrong = "+" in name or any(c.isspace() or ord(c) < 0x20 for c in name)
    try:
        return not wrong and 0 < len(name.encode()) <= 255
    except UnicodeEncodeError:
        return False


def signed(name: str, kind: int, text: str, time: int) -> bytes:
    """Return the bytes that a key of that name and kind signs for a note's text."""
    if kind == ED25519:
        return text.encode()
    if not 0 <= time <= MOST_TIME:
        raise Rejected("malformed", "a cosignature's time is out of range")
    if kind == COSIGNED_ED25519:
        Checkpoint.parse(text)
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    head = Checkpoint.parse(text)
    sizes = bytes(8) + head.size.to_bytes(8, "big")  # a checkpoint is the subtree from leaf 0 on
    return LABEL + _short(name) + time.to_bytes(8, "big") + _short(head.origin) + sizes + head.root


def _short(text: str) -> bytes:
    raw = text.encode()
    return bytes([len(raw)]) + raw


def line(name: str, identifier: bytes, signature: bytes) -> str:
    """Signature line of a note."""
    return f"{DASH}{name} {base64.b64encode(identifier + signature).decode()}\n"


@dataclass(frozen=True)
class Note:
    """A note's text and the signatures below it, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Note:
        """Parts of a note; Rejected (``"malformed"``) where it is none, ``"limit"`` where it is too large."""
        if len(raw) > MOST_BYTES:
            raise Rejected("limit", f"a note of {len(raw)} bytes, at most {MOST_BYTES} are taken")
        try:
            whole = raw.decode()
        except UnicodeDecodeError:
            raise Rejected("malformed", "a note is not UTF-8") from None
        if any(c < 0x20 and c != 0x0A for c in raw):
            raise Rejected("malformed", "a note with control characters")
        text, gap, lines = whole.rpartition("\n\n")
        if not gap:
            raise Rejected("malformed", "a note without signatures")
        return cls(text + "\n", signature_lines(lines))

    def encode(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(line(*item) for item in self.signatures)).encode()

    def times(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Return the known keys that signed and the times they state.

        Raises
        ------
        Rejected
            With the reason ``"signature"`` where a known key's signature does not hold.
        """
        known = {(key.name, key.identifier): key for key in keys}
        return {
            known[name, identifier]: known[name, identifier].verify(self.text, signature)
            for name, identifier, signature in self.signatures
            if (name, identifier) in known
        }


def signature_lines(lines: str) -> tuple[Signature, ...]:
    """Signatures of lines that each end in a newline, at least one, no key twice."""
    if not lines.endswith("\n"):
        raise Rejected("malformed", "a note without signatures")
    rows = lines[:-1].split("\n")
    if len(rows) > MOST_SIGNATURES:
        raise Rejected("limit", f"a note of {len(rows)} signatures, at most {MOST_SIGNATURES} are taken")
    found = tuple(_signature(row) for row in rows)
    if len({item[:2] for item in found}) != len(found):
        raise Rejected("malformed", "a note with two signatures of one key")
    return found


def _signature(row: str) -> Signature:
    dash, name, material = row[: len(DASH)], *row[len(DASH) :].partition(" ")[::2]
    if dash != DASH or not named(name):
        raise Rejected("malformed", "not a signature line")
    raw = base64_of(material)
    if len(raw) <= 4:
        raise Rejected("malformed", "a signature that is too short")
    return name, raw[:4], raw[4:]


def sign(text: str, keys: Iterable[Signing], time: int = 0) -> bytes:
    """Return a note with the signatures of some keys."""
    return (text + "\n" + "".join(key.line(text, time) for key in keys)).encode()


def add(note: bytes, lines: str) -> bytes:
    """Return a note with further signature lines; a key's line that is there already stays."""
    own = Note.parse(note)
    have = {item[:2] for item in own.signatures}
    more = [item for item in signature_lines(lines) if item[:2] not in have]
    return Note(own.text, (*own.signatures, *more)).encode()
