"""Symbolic terms: names, constructors and the equations that hold between them.

Equations modelled: exponents of Diffie-Hellman commute, ``dh(x, g^y) = dh(y, g^x)``; decapsulation of a
ciphertext made for the key gives its secret and otherwise a fresh-looking one (implicit rejection, FIPS 203,
7.3); authenticated encryption opens only with the very key and associated data; hashes and HKDF are one-way
and without collisions. Terms are interned, so equal terms are one object.
"""

from __future__ import annotations

from typing import ClassVar


class Term:
    """An operator and its arguments; names have the operator ``name`` and a label."""

    __slots__ = ("args", "label", "op")
    _all: ClassVar[dict[tuple[str, str, tuple[int, ...]], Term]] = {}
    op: str
    label: str
    args: tuple[Term, ...]

    def __new__(cls, op: str, *args: Term, label: str = "") -> Term:
        """Return the one object of this term."""
        key = (op, label, tuple(map(id, args)))
        found = cls._all.get(key)
        if found is None:
            found = object.__new__(cls)
            found.op, found.label, found.args = op, label, args
            cls._all[key] = found
        return found

    def __repr__(self) -> str:
        if not self.args:
            return self.label
        return f"{self.op}{'.' + self.label if self.label else ''}({', '.join(map(repr, self.args))})"


def name(label: str) -> Term:
    """Value that nobody can guess: a private key, a nonce, random bytes."""
    return Term("name", label=label)


def const(label: str) -> Term:
    """Value that everybody knows."""
    return Term("const", label=label)


def many(*parts: Term) -> Term:
    """Concatenation whose parts can be told apart."""
    return Term("many", *parts)


def dh_public(private: Term) -> Term:
    """Public key of X25519."""
    return Term("dhp", private)


def dh(private: Term, public: Term) -> Term:
    """Shared secret of X25519; exponents commute."""
    other = public.args[0]
    first, second = sorted((private, other), key=_order)
    return Term("dh", first, second)


def _order(term: Term) -> tuple[str, int]:
    return term.label, id(term)


def kem_public(private: Term) -> Term:
    """Encapsulation key."""
    return Term("kempk", private)


def ciphertext(public: Term, randomness: Term) -> Term:
    """Ciphertext of an encapsulation."""
    return Term("ct", public, randomness)


def secret(public: Term, randomness: Term) -> Term:
    """Secret of an encapsulation."""
    return Term("ss", public, randomness)


def decapsulate(private: Term, sent: Term) -> Term:
    """Secret of a ciphertext; a false one for a ciphertext made for another key."""
    if sent.op == "ct" and sent.args[0] is kem_public(private):
        return secret(*sent.args)
    return Term("rejected", private, sent)


def one_way(label: str, *parts: Term) -> Term:
    """Hash, HMAC or HKDF step, told apart by its label."""
    return Term("hash", *parts, label=label)


def sealed(key: Term, associated: Term, plain: Term) -> Term:
    """Authenticated encryption."""
    return Term("aead", key, associated, plain)
