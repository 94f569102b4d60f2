"""The handshake as two roles in symbols: what each side sends, checks and mixes into its keys.

`Design` holds what a broken variant leaves out. Lengths, fragments and retransmission are not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rabta.security.model.search import Claim, Match, Open, Play, Role, Say, Take, Wait
from rabta.security.model.terms import (
    Term,
    ciphertext,
    const,
    decapsulate,
    dh,
    dh_public,
    kem_public,
    name,
    one_way,
    sealed,
    secret,
)

EMPTY = const("")
PROTOCOL = const("rabta overlay handshake 1")
KEYS = ("initiator to responder", "responder to initiator", "exporter")
"""Labels of the secrets that the handshake ends in."""


@dataclass(frozen=True)
class Node:
    """A node's secrets; an identifier stands for a credential that binds both public keys."""

    label: str
    identifier: Term
    dh_private: Term
    kem_private: Term

    @property
    def publics(self) -> tuple[Term, Term]:
        """Public halves: X25519 and ML-KEM."""
        return dh_public(self.dh_private), kem_public(self.kem_private)


def node(label: str) -> Node:
    """Node with keys of its own."""
    return Node(label, name(f"id.{label}"), name(f"dh.{label}"), name(f"kem.{label}"))


@dataclass(frozen=True)
class World:
    """Credentials (identifier to public keys), suites, pre-shared key, exchange numbers, what is missing."""

    credentials: Mapping[Term, tuple[Term, Term]]
    suites: tuple[Term, ...]
    psk: Term
    exchanges: tuple[Term, ...]
    without: frozenset[str] = frozenset()

    def has(self, part: str) -> bool:
        """Whether a part of the design is there."""
        return part not in self.without


class Chain:
    """Chain key and transcript; arguments stand in the order of the implementation's bytes."""

    def __init__(self, world: World, suite: Term, responder: Term) -> None:
        self.world = world
        self.key = one_way("digest", PROTOCOL, *([suite] if world.has("suite") else []))
        self.transcript = self.key
        self.name(responder)

    def absorb(self, *terms: Term) -> None:
        """Bind what was sent."""
        if self.world.has("transcript"):
            self.transcript = one_way("digest", self.transcript, *terms)

    def name(self, identifier: Term) -> None:
        """Bind a node's identifier."""
        if self.world.has("names"):
            self.absorb(identifier)

    def mix(self, part: str, secret: Term) -> None:
        """Take a secret into the chain key."""
        if self.world.has(part):
            self.key = one_way("extract", self.key, secret)

    def mix_static(self, shared: Term) -> None:
        """Only in the broken design that rests on it."""
        if not self.world.has("no static-static"):
            self.key = one_way("extract", self.key, shared)

    def expand(self, label: str) -> Term:
        """Key for one use."""
        return one_way(f"expand {label}", self.key, self.transcript)

    def seal(self, label: str, plain: Term) -> Term:
        """Field under a key of its own, with the transcript as associated data."""
        return sealed(self.expand(label), self.transcript, plain)

    def finish(self, role: str, own: Term, peer: Term, suite: Term) -> tuple[Claim, Claim]:
        """What the side believes: that it runs with its peer on these terms, and that it is sure of it."""
        keys = tuple(self.expand(label) for label in KEYS)
        data = (suite, *keys, self.expand("session"))
        return Claim("running", role, own, peer, data), Claim("commit", role, own, peer, data, keys)

    def packet(self) -> tuple[Term, Term]:
        """The first packet, by which the responder is sure: name of the session, sealed payload."""
        named = self.expand("session")
        return named, sealed(one_way("expand packet key", self.expand(KEYS[0])), named, EMPTY)


def initiator(world: World, own: Node, peer: Term, suite: Term, session: str) -> Role:
    """Role of a node that begins with a peer whose credential it has."""

    def play() -> Play:
        their_dh, their_kem = world.credentials[peer]
        chain = Chain(world, suite, peer)
        e, k, r = (name(f"{session}.{part}") for part in ("e", "k", "r"))
        exchange, first = const(f"{session}.exchange"), ciphertext(their_kem, r)
        chain.absorb(exchange, dh_public(e), kem_public(k), first)
        chain.mix("static kem of the responder", secret(their_kem, r))
        chain.mix("es", dh(e, their_dh))
        hidden = chain.seal("identity", own.identifier)
        plain = own.identifier if world.has("name itself") else one_way("digest", own.identifier)
        shown = hidden if world.has("hidden identity") else plain
        yield Say((suite, exchange, dh_public(e), kem_public(k), first, shown))
        chain.name(own.identifier)
        chain.mix_static(dh(own.dh_private, their_dh))
        yield Wait()
        f = yield Take("dhp")
        to_ephemeral = yield Take("ct")
        to_static = yield Take("ct")
        if world.has("answer in the transcript"):
            chain.absorb(f, to_ephemeral, to_static)
        chain.mix("ephemeral kem", decapsulate(k, to_ephemeral))
        chain.mix("static kem of the initiator", decapsulate(own.kem_private, to_static))
        chain.mix("ee", dh(e, f))
        chain.mix("se", dh(own.dh_private, f))
        chain.mix("psk", world.psk)
        yield Open(chain.expand("confirm"), chain.transcript, (EMPTY,))
        running, commit = chain.finish("I", own.identifier, peer, suite)
        yield running
        yield commit
        yield Say(chain.packet())

    return play


def responder(world: World, own: Node, session: str) -> Role:
    """Role of a node that answers whoever has a credential."""

    def play() -> Play:
        yield Wait()
        suite = yield Take("suite", world.suites)
        exchange = yield Take("exchange", world.exchanges)
        e = yield Take("dhp")
        k = yield Take("kempk")
        first = yield Take("ct")
        chain = Chain(world, suite, own.identifier)
        chain.absorb(exchange, e, k, first)
        chain.mix("static kem of the responder", decapsulate(own.kem_private, first))
        chain.mix("es", dh(own.dh_private, e))
        known = tuple(world.credentials)
        if world.has("hidden identity"):
            peer = yield Open(chain.expand("identity"), chain.transcript, known)
        else:
            peer = yield Take("identity", known)
        their_dh, their_kem = world.credentials[peer]
        chain.name(peer)
        chain.mix_static(dh(own.dh_private, their_dh))
        f, r, s = (name(f"{session}.{part}") for part in ("f", "r", "s"))
        to_ephemeral, to_static = ciphertext(k, r), ciphertext(their_kem, s)
        if world.has("answer in the transcript"):
            chain.absorb(dh_public(f), to_ephemeral, to_static)
        chain.mix("ephemeral kem", secret(k, r))
        chain.mix("static kem of the initiator", secret(their_kem, s))
        chain.mix("ee", dh(f, e))
        chain.mix("se", dh(f, their_dh))
        chain.mix("psk", world.psk)
        running, commit = chain.finish("R", own.identifier, peer, suite)
        yield running
        yield Say((dh_public(f), to_ephemeral, to_static, chain.seal("confirm", EMPTY)))
        yield Wait()
        yield Match(chain.packet()[1])
        yield commit

    return play
