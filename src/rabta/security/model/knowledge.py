"""What a Dolev-Yao attacker can take apart and put together."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from rabta.security.model.terms import Term, ciphertext, dh_public, kem_public

PUBLIC = frozenset({"many", "hash", "aead", "dhp", "kempk", "ct"})
"""Constructors that anyone applies."""


@dataclass(frozen=True)
class Powers:
    """What the attacker can break: discrete logarithms, ML-KEM."""

    breaks_dh: bool = False
    breaks_kem: bool = False


@dataclass
class Knowledge:
    """Terms that the attacker holds, taken apart as far as they go.

    Parameters
    ----------
    terms : iterable of Term
        What was said aloud or is the attacker's own.
    """

    powers: Powers
    terms: frozenset[Term]
    _derived: dict[Term, bool] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, powers: Powers, terms: Iterable[Term]) -> Knowledge:
        """Take apart what is known, to the fixed point."""
        held: dict[Term, None] = {}
        _open(powers, held, list(terms))
        return cls(powers, frozenset(held))

    def plus(self, terms: Iterable[Term]) -> Knowledge:
        """Knowledge with more terms said aloud."""
        more = [term for term in terms if term not in self.terms]
        if not more:
            return self
        held = dict.fromkeys(self.terms)
        _open(self.powers, held, more)
        return Knowledge(self.powers, frozenset(held))

    def derives(self, term: Term) -> bool:
        """Whether the attacker can make the term."""
        return _derives(self.powers, self.terms, self._derived, term)

    @cached_property
    def publics(self) -> dict[str, tuple[Term, ...]]:
        """Known public keys and ciphertexts by their kind, in a fixed order."""
        kinds: dict[str, list[Term]] = {"dhp": [], "kempk": [], "ct": []}
        for term in self.terms:
            if term.op in kinds:
                kinds[term.op].append(term)
        return {kind: tuple(sorted(found, key=repr)) for kind, found in kinds.items()}

    @cached_property
    def sealing(self) -> frozenset[Term]:
        """Keys of the sealed terms that were heard."""
        return frozenset(term.args[0] for term in self.terms if term.op == "aead")

    def ciphertexts(self, randomness: Term) -> Iterator[Term]:
        """Known ciphertexts, and the attacker's own to every known key."""
        yield from self.publics["ct"]
        for public in self.publics["kempk"]:
            made = ciphertext(public, randomness)
            if made not in self.terms:
                yield made


def _open(powers: Powers, held: dict[Term, None], waiting: list[Term]) -> None:
    """Add terms and whatever they open, until nothing more comes out."""
    closed: list[Term] = [term for term in held if term.op == "aead"]
    while waiting:
        while waiting:
            term = waiting.pop()
            if term in held:
                continue
            held[term] = None
            waiting.extend(_parts(powers, term))
            if term.op == "aead":
                closed.append(term)
        known: dict[Term, bool] = {}
        terms = held.keys()
        still = []
        for term in closed:
            if term.args[2] in held:
                continue
            if _derives(powers, terms, known, term.args[0]):
                waiting.append(term.args[2])
            else:
                still.append(term)
        closed = still


def _parts(powers: Powers, term: Term) -> tuple[Term, ...]:
    if term.op == "many":
        return term.args
    if (term.op == "dhp" and powers.breaks_dh) or (term.op == "kempk" and powers.breaks_kem):
        return term.args
    return ()


def _derives(powers: Powers, terms: Container[Term], memo: dict[Term, bool], term: Term) -> bool:
    if term in memo:
        return memo[term]
    memo[term] = False  # terms are finite trees: no way to a term leads through itself
    memo[term] = found = term in terms or term.op == "const" or _made(powers, terms, memo, term)
    return found


def _made(powers: Powers, terms: Container[Term], memo: dict[Term, bool], term: Term) -> bool:
    def can(part: Term) -> bool:
        return _derives(powers, terms, memo, part)

    if term.op == "hash":  # the newest secret stands last, and fails first
        return all(map(can, reversed(term.args)))
    if term.op in PUBLIC:
        return all(map(can, term.args))
    if term.op == "dh":
        first, second = term.args
        return (can(first) and can(dh_public(second))) or (can(second) and can(dh_public(first)))
    if term.op == "ss":
        public, randomness = term.args
        private = public.args[0]
        return (can(public) and can(randomness)) or (
            can(private)
            and (can(ciphertext(public, randomness)) or (can(kem_public(private)) and can(randomness)))
        )
    if term.op == "rejected":
        return all(map(can, term.args))
    return False
