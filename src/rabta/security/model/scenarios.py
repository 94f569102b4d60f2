"""What an attacker may do to a few sessions of the handshake, and what must hold in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rabta.security.model.handshake import World, initiator, node, responder
from rabta.security.model.knowledge import Knowledge, Powers
from rabta.security.model.search import MOST, Claim, Role, Search, State
from rabta.security.model.terms import Term, const, dh_public, kem_public, name

A, B, E = node("A"), node("B"), node("E")
NODES = {"A": A, "B": B, "E": E}
COPY = name("id.C")
NS, CI = const("01"), const("02")
PSK = name("psk")
NONE = Powers()
OWN_DH, OWN_KEM, OWN_RANDOM = name("attacker dh"), name("attacker kem"), name("attacker encapsulation")


@dataclass(frozen=True)
class Scenario:
    """Sessions and the attacker's powers.

    Attributes
    ----------
    sessions : tuple of str
        ``"A>B"`` begins with B, ``">B"`` answers.
    known : tuple of str
        Nodes whose static keys, and ``"psk"`` whether the pre-shared key, the attacker has from the start.
    later : tuple of str
        Of the same, what it gets after the sessions; with ``later_powers``.
    copied : str
        Node whose public keys the attacker has registered under a second name, C.
    secret_names : bool
        The attacker is not told the nodes' names.
    """

    sessions: tuple[str, ...] = ("A>B", ">B", ">B")
    known: tuple[str, ...] = ("psk",)
    powers: Powers = NONE
    later: tuple[str, ...] = ()
    later_powers: Powers | None = None
    suites: tuple[Term, ...] = (NS,)
    copied: str = ""
    secret_names: bool = False


def secrets(names: Iterable[str]) -> list[Term]:
    """Private keys of nodes, and the pre-shared key."""
    found: list[Term] = []
    for one in names:
        found += [PSK] if one == "psk" else [NODES[one].dh_private, NODES[one].kem_private]
    return found


def world_of(scenario: Scenario, without: frozenset[str]) -> World:
    """Credentials and suites of a scenario."""
    credentials = {one.identifier: one.publics for one in (A, B, E)}
    if scenario.copied:
        credentials[COPY] = NODES[scenario.copied].publics
    exchanges = [
        const(f"s{n}.exchange") for n, one in enumerate(scenario.sessions) if not one.startswith(">")
    ]
    return World(credentials, scenario.suites, PSK, (*exchanges, const("attacker's exchange")), without)


def beginning(scenario: Scenario, world: World) -> Knowledge:
    """What the attacker begins with: all public keys, the dishonest node, its own fresh keys."""
    terms = [*secrets(("E", *scenario.known)), OWN_DH, OWN_KEM, OWN_RANDOM]
    terms += [dh_public(OWN_DH), kem_public(OWN_KEM)]
    terms += [public for pair in world.credentials.values() for public in pair]
    if not scenario.secret_names:
        terms += list(world.credentials)
    return Knowledge.of(scenario.powers, terms)


def identifier(label: str) -> Term:
    """Name of a node, or of the credential with copied keys."""
    return COPY if label == "C" else NODES[label].identifier


def roles_of(scenario: Scenario, world: World) -> list[Role]:
    """Roles of the sessions, each with fresh names of its own."""
    roles = []
    for number, session in enumerate(scenario.sessions):
        own, _, peer = session.partition(">")
        label = f"s{number}"
        if own:
            roles.append(initiator(world, NODES[own], identifier(peer), scenario.suites[0], label))
        else:
            roles.append(responder(world, NODES[peer], label))
    return roles


@dataclass(frozen=True)
class Outcome:
    """How many states were looked at, and the first attack found, empty where none is."""

    states: int
    attack: str = ""


Check = Callable[[Scenario, State], str]


class _Explored:
    """States of a search, found as far as somebody asked for them."""

    def __init__(self, scenario: Scenario, without: frozenset[str]) -> None:
        world = world_of(scenario, without)
        search = Search(roles_of(scenario, world), beginning(scenario, world), OWN_RANDOM, MOST)
        self.found: list[State] = []
        self.more = search.states()
        self.error: RuntimeError | None = None

    def __iter__(self) -> Iterator[State]:
        yield from self.found
        try:
            for state in self.more:
                self.found.append(state)
                yield state
        except RuntimeError as error:
            self.error = error
        if self.error is not None:  # also for who asks again: the bound was not reached
            raise RuntimeError(str(self.error))


@lru_cache(maxsize=64)
def _explored(scenario: Scenario, without: frozenset[str]) -> _Explored:
    return _Explored(scenario, without)


def forget() -> None:
    """Give back the memory of states that are shared."""
    _explored.cache_clear()


def explore(scenario: Scenario, checks: Iterable[Check], without: frozenset[str] = frozenset()) -> Outcome:
    """Check every state until the first attack; properties of the same sessions share their states."""
    checks, number = tuple(checks), 0
    for number, state in enumerate(_explored(replace(scenario, later=(), later_powers=None), without), 1):
        for check in checks:
            attack = check(scenario, state)
            if attack:
                return Outcome(number, attack)
    return Outcome(number)


def _done(scenario: Scenario, state: State, role: str = "IR") -> list[tuple[int, Claim]]:
    """Claims of sessions whose peer is honest and has its keys to itself."""
    honest = [one.identifier for one in (A, B) if one.label not in scenario.known]
    return [(n, c) for n, c in state.claims if c.kind == "commit" and c.peer in honest and c.role in role]


def secrecy(scenario: Scenario, state: State) -> str:
    """No key of a session between honest nodes is known, not even after what leaks later."""
    done = _done(scenario, state)
    if not done:
        return ""
    known = state.knowledge
    if scenario.later or scenario.later_powers:
        powers = scenario.later_powers or scenario.powers
        known = Knowledge.of(powers, [*known.terms, *secrets(scenario.later)])
    for number, claim in done:
        if any(map(known.derives, claim.keys)):
            return f"a key of session {number} is known"
    return ""


def _agreement(role: str, scenario: Scenario, state: State) -> str:
    used: dict[int, int] = {}
    for number, claim in _done(scenario, state, role):
        partners = [
            n
            for n, c in state.claims
            if c.kind == "running"
            and c.role != role
            and (c.own, c.peer, c.data) == (claim.peer, claim.own, claim.data)
        ]
        if not partners:
            return f"session {number} is sure of {claim.peer}, which took no part on the same terms"
        if partners[0] in used:
            return f"sessions {used[partners[0]]} and {number} are both sure of session {partners[0]}"
        used[partners[0]] = number
    return ""


def initiator_is_sure(scenario: Scenario, state: State) -> str:
    """Injective agreement: a finished initiator has one responder running on the same names, suite, key."""
    return _agreement("I", scenario, state)


def responder_is_sure(scenario: Scenario, state: State) -> str:
    """Injective agreement: a finished responder has one initiator running on the same names, suite, key."""
    return _agreement("R", scenario, state)


def same_peers(_: Scenario, state: State) -> str:
    """Two sessions with one key take each other for whom they are, dishonest names included."""
    done = [(n, c) for n, c in state.claims if c.kind == "commit"]
    for number, one in done:
        for other, two in done:
            if (
                number < other
                and set(one.keys) & set(two.keys)
                and (one.own, one.peer) != (two.peer, two.own)
            ):
                return f"sessions {number} and {other} share a key, one with {one.peer}, one with {two.peer}"
    return ""


def hidden_name(_: Scenario, state: State) -> str:
    """The initiator's name is not said, and a guess of it cannot be confirmed from what was heard."""
    if state.knowledge.derives(A.identifier):
        return "the initiator's name is known"
    guessed = state.knowledge.plus([A.identifier])
    if guessed.terms - state.knowledge.terms - {A.identifier}:
        return "a guess of the initiator's name opens something"
    for term in state.knowledge.terms:
        if (
            term.op in ("hash", "aead")
            and all(map(guessed.derives, term.args))
            and _contains(term, A.identifier)
        ):
            return "a guess of the initiator's name can be confirmed"
    return ""


def _contains(term: Term, part: Term) -> bool:
    return term is part or any(_contains(one, part) for one in term.args)
