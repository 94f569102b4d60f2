"""Every interleaving of a bounded number of sessions with an attacker who is the network.

A role is a generator: it says terms aloud, and takes answers that the attacker chooses among what it can
make. A state is what each session was answered so far; equal states reached in another order are one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rabta.security.model.knowledge import Knowledge
from rabta.security.model.terms import Term, sealed


@dataclass(frozen=True)
class Say:
    """Terms sent over the network, which is the attacker."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Wait:
    """End of a step: the session waits for its next message."""


@dataclass(frozen=True)
class Take:
    """A field in the clear: ``dhp``, ``kempk`` or ``ct`` that the attacker can make, or one of ``among``."""

    kind: str
    among: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Open:
    """A sealed field, if the attacker can make it: the answer is its plaintext, one of ``plains``."""

    key: Term
    associated: Term
    plains: tuple[Term, ...]


@dataclass(frozen=True)
class Match:
    """A field that must be exactly this term, as a MAC."""

    term: Term


@dataclass(frozen=True)
class Claim:
    """What a session believes at a point of its run.

    Attributes
    ----------
    kind : str
        ``running`` once it has sent what its peer completes with, ``commit`` once it is sure of its peer,
        ``work`` where it did expensive work for somebody.
    data : tuple of Term
        What both sides must agree on.
    keys : tuple of Term
        Keys of the session that must stay secret.
    """

    kind: str
    role: str
    own: Term
    peer: Term
    data: tuple[Term, ...]
    keys: tuple[Term, ...] = ()


T = TypeVar("T")
MOST = 200_000
Step = Say | Wait | Take | Open | Match | Claim
Play = Generator[Step, Any, None]  # the answers are terms where the step asks for one
Role = Callable[[], Play]
Answers = tuple[Term | None, ...]


@dataclass(frozen=True)
class Progress:
    """A session replayed as far as its answers go."""

    said: tuple[Term, ...]
    claims: tuple[Claim, ...]
    asks: Take | Open | Match | Wait | None


def replay(role: Role, answers: Answers) -> Progress:
    """Run a role with given answers; ``None`` answers a `Wait`."""
    said: list[Term] = []
    claims: list[Claim] = []
    given = iter(answers)
    running = role()
    try:
        step = next(running)
        while True:
            answer: Term | None = None
            if isinstance(step, Say):
                said += step.terms
            elif isinstance(step, Claim):
                claims.append(step)
            else:
                try:
                    answer = next(given)
                except StopIteration:
                    return Progress(tuple(said), tuple(claims), step)
            step = running.send(answer)
    except StopIteration:
        return Progress(tuple(said), tuple(claims), None)


@dataclass
class State:
    """What each session was answered, and what the attacker then knows."""

    answers: tuple[Answers, ...]
    progress: tuple[Progress, ...]
    knowledge: Knowledge

    @property
    def claims(self) -> list[tuple[int, Claim]]:
        """Claims of all sessions with the number of the session."""
        return [(number, claim) for number, one in enumerate(self.progress) for claim in one.claims]


@dataclass
class Search:
    """Sessions, what the attacker begins with, and the randomness of its own encapsulations."""

    roles: Sequence[Role]
    knowledge: Knowledge
    randomness: Term
    most: int = MOST
    seen: set[tuple[Answers, ...]] = field(default_factory=set)
    _played: dict[tuple[int, Answers], Progress] = field(default_factory=dict, repr=False)

    def states(self) -> Iterator[State]:
        """Every reachable state once, the first being that before any delivery.

        Raises
        ------
        RuntimeError
            If there are more than ``most``: the bound was not reached, so nothing is proved.
        """
        progress = tuple(replay(role, ()) for role in self.roles)
        known = self.knowledge.plus(term for one in progress for term in one.said)
        stack = [State(tuple(() for _ in self.roles), progress, known)]
        self.seen = {stack[0].answers}
        while stack:
            state = stack.pop()
            yield state
            for after in self._after(state):
                if after.answers not in self.seen:
                    self.seen.add(after.answers)
                    stack.append(after)
            if len(self.seen) > self.most:
                raise RuntimeError(f"more than {self.most} states")

    def _after(self, state: State) -> Iterator[State]:
        for number, one in enumerate(state.progress):
            if isinstance(one.asks, Wait):
                for answers, progress in self._message(
                    number, (*state.answers[number], None), state.knowledge
                ):
                    yield State(
                        _replaced(state.answers, number, answers),
                        _replaced(state.progress, number, progress),
                        state.knowledge.plus(progress.said),
                    )

    def _message(self, number: int, answers: Answers, known: Knowledge) -> Iterator[tuple[Answers, Progress]]:
        progress = self._played.get((number, answers))
        if progress is None:
            progress = self._played[number, answers] = replay(self.roles[number], answers)
        if progress.asks is None or isinstance(progress.asks, Wait):
            yield answers, progress
            return
        for answer in self._choices(progress.asks, known):
            yield from self._message(number, (*answers, answer), known)

    def _choices(self, asks: Take | Open | Match, known: Knowledge) -> Iterator[Term]:
        if isinstance(asks, Match):
            yield from (asks.term,) if known.derives(asks.term) else ()
        elif isinstance(asks, Open):
            own = known.derives(asks.key) and known.derives(asks.associated)
            if own or asks.key in known.sealing:
                for plain in asks.plains:
                    if (own and known.derives(plain)) or sealed(
                        asks.key, asks.associated, plain
                    ) in known.terms:
                        yield plain
        elif asks.among:
            yield from (term for term in asks.among if known.derives(term))
        elif asks.kind == "ct":
            yield from known.ciphertexts(self.randomness)
        else:
            yield from known.publics[asks.kind]


def _replaced(items: tuple[T, ...], number: int, item: T) -> tuple[T, ...]:
    return (*items[:number], item, *items[number + 1 :])
