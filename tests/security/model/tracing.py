"""The implementation's own calls, read back as terms of the model.

Every call of the suites' hash, HMAC and HKDF, and every operation of the hybrid keys, is recorded while a
real handshake runs. Bytes are then named by where they come from, so that a session key becomes a term.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rabta.security.core import HybridPrivate, HybridPublic, Suite
from rabta.security.model import terms
from rabta.security.model.terms import Term, const, name, one_way

SHORTEST = 8
"""Shorter runs of bytes, as a suite's number, are constants."""


class Tracer:
    """Calls by the bytes that came out of them, and names given to fresh values."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.named: dict[bytes, Term] = {}
        self.made: dict[bytes, Callable[[], Term]] = {}
        self.used: list[bytes] = []
        self.encapsulated: list[tuple[bytes, bytes, bytes]] = []
        self.calls = 0
        for of, call, wrapped in (
            (Suite, "digest", self._digest),
            (Suite, "mac", self._mac),
            (Suite, "extract", self._extract),
            (Suite, "expand", self._expand),
            (Suite, "aead", self._aead),
            (HybridPublic, "encapsulate", self._encapsulate),
            (HybridPrivate, "decapsulate", self._decapsulate),
            (HybridPrivate, "exchange", self._exchange),
        ):
            monkeypatch.setattr(of, call, self._around(getattr(of, call), wrapped))

    def _around(self, true: Any, wrapped: Callable[..., Any]) -> Any:
        def call(one: Any, *given: Any) -> Any:
            self.calls += 1
            return wrapped(true, one, *given)

        return call

    def name(self, raw: bytes, term: Term) -> None:
        """Name a fresh value."""
        assert len(raw) >= SHORTEST
        self.named[raw] = term

    def pair(self, x25519: bytes, mlkem: bytes, dh_private: Term, kem_private: Term) -> None:
        """Name the public halves of a key pair; without an ML-KEM half where there is none."""
        self.name(x25519, terms.dh_public(dh_private))
        if mlkem:
            self.name(mlkem, terms.kem_public(kem_private))

    def term(self, raw: bytes) -> Term:
        """Term of bytes that came out of a call, or were named; others are constants."""
        if raw in self.named:
            return self.named[raw]
        if raw in self.made:
            self.named[raw] = found = self.made[raw]()
            return found
        return const(readable(raw))

    def split(self, *parts: bytes) -> tuple[Term, ...]:
        """Terms of which bytes are made, one after the other; runs of unknown bytes are constants."""
        return tuple(term for part in parts for term in self._split(part))

    def _split(self, raw: bytes) -> list[Term]:
        known = {**dict.fromkeys(self.named), **dict.fromkeys(self.made)}
        sizes = sorted({len(one) for one in known if len(one) >= SHORTEST}, reverse=True)
        found: list[Term] = []
        literal, at = b"", 0
        while at < len(raw):
            size = next((n for n in sizes if raw[at : at + n] in known), 0)
            if size and literal:
                found.append(const(readable(literal)))
                literal = b""
            if size:
                found.append(self.term(raw[at : at + size]))
            literal += b"" if size else raw[at : at + 1]
            at += size or 1
        return [*found, const(readable(literal))] if literal else found

    def _digest(self, true: Any, suite: Suite, *parts: bytes) -> bytes:
        out: bytes = true(suite, *parts)
        self.made[out] = lambda: one_way("digest", *self.split(*parts))
        return out

    def _mac(self, true: Any, suite: Suite, key: bytes, message: bytes) -> bytes:
        out: bytes = true(suite, key, message)
        self.made[out] = lambda: one_way("mac", self.term(key), *self.split(message))
        return out

    def _extract(self, true: Any, suite: Suite, salt: bytes, secret: bytes) -> bytes:
        out: bytes = true(suite, salt, secret)
        self.made[out] = lambda: one_way("extract", self.term(salt), *self.split(secret))
        return out

    def _expand(self, true: Any, suite: Suite, key: bytes, label: bytes, length: int = 32) -> bytes:
        out: bytes = true(suite, key, label, length)

        def term() -> Term:
            text, *rest = self.split(label)
            return one_way(f"expand {text.label}", self.term(key), *rest)

        self.made[out] = term
        return out

    def _aead(self, true: Any, suite: Suite, key: bytes) -> Any:
        self.used.append(key)
        return true(suite, key)

    def _encapsulate(self, true: Any, public: HybridPublic) -> tuple[bytes, bytes]:
        secret, ciphertext = true(public)
        self.encapsulated.append((public.mlkem, secret, ciphertext))
        return secret, ciphertext

    def randomness(self, *labels: str) -> None:
        """Name the randomness of the encapsulations in the order in which they were made."""
        for (public, secret, ciphertext), label in zip(self.encapsulated, labels, strict=True):
            self.name(ciphertext, terms.ciphertext(self.term(public), name(label)))
            self.made.setdefault(secret, lambda p=public, n=label: terms.secret(self.term(p), name(n)))

    def _decapsulate(self, true: Any, private: HybridPrivate, ciphertext: bytes) -> bytes:
        secret: bytes = true(private, ciphertext)
        public = private.public.mlkem
        self.made[secret] = lambda: terms.decapsulate(self.term(public).args[0], self.term(ciphertext))
        return secret

    def _exchange(self, true: Any, private: HybridPrivate, peer: HybridPublic) -> bytes:
        secret: bytes = true(private, peer)
        public = private._x25519_key.public_key().public_bytes_raw()
        self.made[secret] = lambda: terms.dh(self.term(public).args[0], self.term(peer.x25519))
        return secret


def readable(raw: bytes) -> str:
    """Text of bytes where they are text, else hexadecimal."""
    return raw.decode("ascii") if raw.isascii() and raw.decode("ascii").isprintable() else raw.hex()
