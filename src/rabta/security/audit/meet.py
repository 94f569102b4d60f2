"""Two nodes meet: which has the newer checkpoint, and whether one log tells both the same.

A node says hello with its newest note; the other answers with its own, and where it can with a consistency
proof; then the roles change. Two notes that a log signed and that cannot both be true are evidence, which
anyone with the log's keys can judge: two roots of one size, or a head whose own proof says that it had
another root at an earlier signed size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rabta.security.audit import proofs
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.policy import Policy
from rabta.security.core import Rejected, cbor

Prover = Callable[[int, int], tuple[bytes, list[bytes]]]
"""``(old, new)`` -> root of the old size and consistency proof between the sizes, as this node's copy of the
log has them."""

MOST_HISTORY = 1024


@dataclass(frozen=True)
class Evidence:
    """Two notes of one log that cannot both be true.

    Attributes
    ----------
    older, newer : bytes
        Notes, the smaller size first.
    root : bytes
        Root that the newer tree had at the older size; empty where both have one size.
    proof : tuple of bytes
        Consistency proof from that root to the newer one.
    """

    older: bytes
    newer: bytes
    root: bytes = b""
    proof: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields = {"older": self.older, "newer": self.newer, "root": self.root, "proof": list(self.proof)}
        return cbor.encode({"what": "rabta split view", **fields})

    @classmethod
    def decode(cls, raw: bytes) -> Evidence:
        """Evidence of its bytes, not judged yet."""
        found = cbor.decode(raw)
        if not isinstance(found, dict) or found.pop("what", None) != "rabta split view":
            raise Rejected("malformed", "no evidence of a split view")
        return cls(**_fields(found, older=bytes, newer=bytes, root=bytes, proof=tuple))

    def judge(self, policy: Policy) -> Verdict:
        """Say who signed both; only the log's keys are needed, and none of the nodes that met.

        Raises
        ------
        Rejected
            With the reason ``"split"`` where the notes do not contradict each other, ``"signature"``,
            ``"proof"`` or ``"malformed"`` where the evidence is none.
        """
        older, newer = policy.head(self.older), policy.head(self.newer)
        if older.size == newer.size:
            contradicts = older.root != newer.root
        else:
            proofs.verify_consistency(older.size, newer.size, self.proof, self.root, newer.root)
            contradicts = self.root != older.root
        if not contradicts:
            raise Rejected("split", "the two notes do not contradict each other")
        both = set(policy.witnessed(self.older)) & set(policy.witnessed(self.newer))
        return Verdict(older, newer, sorted(both))


@dataclass(frozen=True)
class Verdict:
    """What evidence shows: the log signed both heads, and so did these witnesses."""

    older: Checkpoint
    newer: Checkpoint
    witnesses: list[str]


@dataclass(frozen=True)
class Outcome:
    """What a meeting showed.

    Attributes
    ----------
    kind : str
        ``"same"``, ``"newer"`` (theirs was proven and is taken), ``"older"`` (theirs is the start of ours),
        ``"open"`` (nobody could prove; ask the log) or ``"split"``.
    evidence : Evidence or None
        With a split.
    """

    kind: str
    checkpoint: Checkpoint
    evidence: Evidence | None = None


@dataclass
class View:
    """A node's view of a log.

    Attributes
    ----------
    policy : Policy
    note : bytes
        Newest checkpoint that the node goes by.
    prover : callable, optional
        For nodes that hold the log or its tiles: `Log.prefix`.
    history : dict of int to bytes
        Earlier notes by size, with which nodes that hold no tiles still find splits at equal sizes.
    """

    policy: Policy
    note: bytes
    prover: Prover | None = None
    history: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._take(self.policy.check(self.note), self.note)

    @property
    def head(self) -> Checkpoint:
        """Newest checkpoint."""
        return self.policy.check(self.note)

    def hello(self) -> bytes:
        """First message of a meeting."""
        return cbor.encode({"note": self.note})

    def meet(self, hello: bytes) -> tuple[bytes, Outcome]:
        """Answer to a hello, and what it showed here; Rejected where the note is not valid."""
        theirs = _fields(cbor.decode(hello), note=bytes)["note"]
        found = self._compare(theirs, self.prover, None)
        answer: dict[str, Any] = {"note": self.note}
        head, other = self.head, self.policy.check(theirs)
        if other.size in self.history:
            answer["at"] = self.history[other.size]
        if self.prover and 0 < other.size < head.size:
            root, proof = self.prover(other.size, head.size)
            answer |= {"root": root, "proof": proof}
        return cbor.encode(answer), found

    def receive(self, answer: bytes) -> Outcome:
        """What the answer to the own hello showed; Rejected where it is not valid."""
        parts = cbor.decode(answer)
        if not isinstance(parts, dict):
            raise Rejected("malformed", "no answer of a meeting")
        if "at" in parts:
            at = _fields({"at": parts.pop("at")}, at=bytes)["at"]
            found = self._compare(at, None, None)
            if found.kind == "split":
                return found
        if "proof" not in parts:
            return self._compare(_fields(parts, note=bytes)["note"], self.prover, None)
        given = _fields(parts, note=bytes, root=bytes, proof=tuple)
        return self._compare(given["note"], self.prover, (given["root"], list(given["proof"])))

    def advance(self, note: bytes, proof: list[bytes]) -> Outcome:
        """Go by a newer checkpoint with the log's own consistency proof."""
        return self._compare(note, None, (self.head.root, proof))

    def _compare(
        self, theirs: bytes, prover: Prover | None, given: tuple[bytes, list[bytes]] | None
    ) -> Outcome:
        head, other = self.head, self.policy.check(theirs)
        same = self.note if other.size == head.size else self.history.get(other.size)
        if same is not None:
            return self._equal(same, theirs, head, other)
        older, newer = (self.note, theirs) if head.size < other.size else (theirs, self.note)
        small, large = sorted((head, other), key=lambda item: item.size)
        if head.size > other.size and prover:
            given = prover(other.size, head.size)
        elif head.size > other.size:
            given = None
        if not small.size:
            given = (small.root, [])
        elif given is None:
            return Outcome("open", head)
        else:
            proofs.verify_consistency(small.size, large.size, given[1], given[0], large.root)
        if given[0] != small.root:
            return Outcome("split", head, Evidence(older, newer, given[0], tuple(given[1])))
        if large is head:
            return Outcome("older", head)
        self._take(other, theirs)
        return Outcome("newer", other)

    def _equal(self, own: bytes, theirs: bytes, head: Checkpoint, other: Checkpoint) -> Outcome:
        if self.policy.head(own).root != other.root:
            return Outcome("split", head, Evidence(own, theirs))
        return Outcome("same" if other.size == head.size else "older", head)

    def _take(self, head: Checkpoint, note: bytes) -> None:
        self.note = note
        self.history[head.size] = note
        while len(self.history) > MOST_HISTORY:
            del self.history[min(self.history)]


def _fields(found: object, **types: type) -> dict[str, Any]:
    """Fields of a message, exactly these; lists of hashes become tuples."""
    if not isinstance(found, dict) or set(found) != set(types):
        raise Rejected("malformed", "a message of a meeting with other fields")
    whole = dict(found)
    for name, kind in types.items():
        if kind is tuple and isinstance(whole[name], list):
            whole[name] = tuple(whole[name])
            if not all(isinstance(item, bytes) for item in whole[name]):
                raise Rejected("malformed", "a proof is a list of hashes")
        if not isinstance(whole[name], kind):
            raise Rejected("malformed", "a message of a meeting with values of wrong types")
    return whole
