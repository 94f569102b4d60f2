"""What nodes tell each other inside their sessions: the newest epoch and checkpoint that each goes by.

Each says what it has and what it knows the other to have, until both agree; whoever is behind asks for the
document, piece by piece, and judges it as it would judge a file. A peer is authenticated but may be hostile:
it can state numbers and send pieces, and nothing else of it counts before enough officers and witnesses
signed. What it can cost is bounded: documents at once, their length and their time, answers a second. Who
sends a document that does not hold is not asked again for an hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from rabta.security.audit.portable import Inclusion
from rabta.security.core import Rejected, cbor
from rabta.security.identity.trust import Trust

HAVE, WANT, PIECE = 1, 2, 3
EPOCH, NOTE = 0, 1
PIECE_BYTES = 900
PIECES = 16
"""Pieces that are sent for one question."""
MOST_DOCUMENT = 1 << 17
MOST_FETCHES = 8
"""Documents that are fetched at once, from different peers."""
FETCH_S, RETRY_S, BAR_S = 60.0, 1.0, 3600.0
FIRST_S, LAST_S = 1.0, 64.0
"""How soon it is said again what a peer does not seem to know, at first and in the end."""
BURST, RATE = 64.0, 64.0
"""Messages to a peer at once and a second."""
MOST_BARRED = 4096
ROOT_BYTES = 32

State = tuple[int, int, bytes]
"""Number of the epoch, size of the log and root of its tree."""


@dataclass
class _Fetch:
    """A document on its way from a peer."""

    what: int
    number: int
    until_s: float
    total: int = -1
    pieces: dict[int, bytes] = field(default_factory=dict)
    asked_s: float = -math.inf
    window: int = 0

    def next(self) -> int:
        """Offset of the first piece that is missing."""
        at = 0
        while at in self.pieces:
            at += PIECE_BYTES
        return at

    def add(self, total: int, offset: int, piece: bytes) -> bytes | None:
        """Take a piece; the whole once nothing is missing."""
        known = self.total in {-1, total}
        if not known or not 0 < total <= MOST_DOCUMENT or offset % PIECE_BYTES or not 0 <= offset < total:
            raise Rejected("malformed", "a piece of another document")
        if len(piece) != min(PIECE_BYTES, total - offset):
            raise Rejected("malformed", "a piece of the wrong length")
        self.total = total
        self.pieces[offset] = piece
        if len(self.pieces) * PIECE_BYTES < total:
            return None
        return b"".join(self.pieces[at] for at in sorted(self.pieces))


@dataclass
class _Peer:
    """What one peer said, and what it is known to know."""

    theirs: State = (0, 0, b"")
    knows: State = (-1, 0, b"")
    said_s: float = -math.inf
    wait_s: float = FIRST_S
    said: State = (-1, 0, b"")
    fetch: _Fetch | None = None
    tokens: float = BURST
    filled_s: float = -math.inf
    split: int = -1


class News:
    """The talk of one node; the `Talk` of a `Node`.

    Parameters
    ----------
    trust : Trust
        Whose epoch and checkpoint are told, and which takes newer ones.
    """

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        self.peers: dict[bytes, _Peer] = {}
        self._barred: dict[tuple[bytes, int], float] = {}
        self._slow: dict[tuple[bytes, int], float] = {}  # how long the next fetch that is late is barred
        self._kept: tuple[State, dict[int, bytes]] = ((-1, 0, b""), {})
        self._changed = False
        self._fetching: set[bytes] = set()
        trust.watchers.append(self._watch)

    def _watch(self) -> None:
        self._changed = True

    def pending(self) -> bool:
        """Whether a newer epoch came since `changed` was called."""
        return self._changed

    def changed(self) -> str:
        """Number of the epoch that came since the last call; empty where none did."""
        found, self._changed = self._changed, False
        return str(self.trust.epoch.number) if found else ""

    def ours(self) -> State:
        """What is known here."""
        held = self.trust.head(self.trust.size)
        return self.trust.epoch.number, *((0, b"") if held is None else (self.trust.size, held[0]))

    def gone(self, peer: bytes) -> None:
        """Forget a peer; not that it is barred."""
        self.peers.pop(peer, None)
        self._fetching.discard(peer)

    # Saying

    def hello(self, peer: bytes, now: float) -> bytes:
        """What is known here, and what this peer is known to know."""
        one, ours = self.peers.setdefault(peer, _Peer()), self.ours()
        if one.said != ours:
            one.wait_s = FIRST_S
        one.said, one.said_s = ours, now
        return cbor.encode([HAVE, *ours, *one.theirs])

    def tick(self, peer: bytes, now: float) -> list[bytes]:
        """Say it again where the peer seems not to know; ask again where nothing came."""
        one = self.peers.get(peer)
        if one is None:
            return []
        out = []
        if now >= self._say_due(one):
            out.append(self.hello(peer, now))
            one.wait_s = min(2.0 * one.wait_s, LAST_S)
        if one.fetch is not None and now >= one.fetch.until_s:
            self._late(peer, one, now)
        if one.fetch is None:
            self._begin(peer, one, now)
        if one.fetch is not None and now >= one.fetch.asked_s + RETRY_S:
            out.append(self._ask(one.fetch, now))
        return out

    def due(self, peer: bytes) -> float:
        """When `tick` has something to say to a peer."""
        one = self.peers.get(peer)
        if one is None:
            return math.inf
        asks = math.inf if one.fetch is None else min(one.fetch.asked_s + RETRY_S, one.fetch.until_s)
        return min(self._say_due(one), asks)

    def _say_due(self, one: _Peer) -> float:
        ours = self.ours()
        if one.knows == ours:
            return math.inf
        return one.said_s + (one.wait_s if one.said == ours else 0.0)

    # Listening

    def receive(self, peer: bytes, inside: bytes, now: float) -> list[bytes]:
        """Take a message of an authenticated peer; the answers to it, within the peer's budget."""
        one = self.peers.setdefault(peer, _Peer())
        message = _parsed(inside)
        if message[0] == HAVE:
            out = self._have(peer, one, message[1:], now)
        elif message[0] == WANT:
            out = self._want(peer, message[1:], now)
        else:
            out = self._piece(peer, one, message[1:], now)
        return [answer for answer in out if self._spend(one, now)]

    def _spend(self, one: _Peer, now: float) -> bool:
        if one.filled_s > -math.inf:
            one.tokens = min(BURST, one.tokens + max(now - one.filled_s, 0.0) * RATE)
        one.filled_s = now
        if one.tokens < 1.0:
            return False
        one.tokens -= 1.0
        return True

    def _have(self, peer: bytes, one: _Peer, said: list[Any], now: float) -> list[bytes]:
        """Remember what the peer has; answer once to something new, fetch where this node is behind."""
        before, one.theirs, one.knows = one.theirs, _state(said[:3]), _state(said[3:])
        out = [self.hello(peer, now)] if one.theirs != before else []
        fetch = one.fetch
        if fetch is not None and fetch.what == EPOCH and fetch.number != one.theirs[0]:
            if one.theirs[0] > self.trust.epoch.number:  # another in its place, and no more time for it
                one.fetch = _Fetch(EPOCH, one.theirs[0], fetch.until_s)
            else:
                self._bar(peer, one, now, FETCH_S)
        self._begin(peer, one, now)
        if one.fetch is not None and one.fetch.asked_s == -math.inf:
            out.append(self._ask(one.fetch, now))
        return out

    def _begin(self, peer: bytes, one: _Peer, now: float) -> None:
        """Begin to fetch what the peer has and this node has not."""
        if one.fetch is not None or not self._room(now):
            return
        what = self._behind(one)
        if what is None or self._barred.get((peer, what), -math.inf) > now:
            return
        one.fetch = _Fetch(what, one.theirs[0] if what == EPOCH else one.theirs[1], now + FETCH_S)
        self._fetching.add(peer)

    def _room(self, now: float) -> bool:
        """Whether one more may be fetched; those of peers that fell silent end here at the latest."""
        if len(self._fetching) < MOST_FETCHES:
            return True
        for name in list(self._fetching):
            other = self.peers[name]
            if other.fetch is None or now >= other.fetch.until_s:
                self._late(name, other, now)
        return len(self._fetching) < MOST_FETCHES

    def _behind(self, one: _Peer) -> int | None:
        """Which document of the peer is worth to be asked for."""
        number, size, root = one.theirs
        if number > self.trust.epoch.number:
            return EPOCH
        held = self.trust.head(size)
        if size > self.ours()[1] or (held is not None and held[0] != root and one.split != size):
            return NOTE
        return None

    def _ask(self, fetch: _Fetch, now: float) -> bytes:
        at = fetch.next()
        fetch.asked_s, fetch.window = now, at + PIECES * PIECE_BYTES
        return cbor.encode([WANT, fetch.what, fetch.number, at])

    def _want(self, peer: bytes, said: list[Any], now: float) -> list[bytes]:
        """Pieces of a document that the peer asks for; what is known here where that is another."""
        what, number, offset = said
        if what not in {EPOCH, NOTE} or offset % PIECE_BYTES:
            raise Rejected("malformed", "a question for no document")
        whole = self._document(what, number)
        if not whole:
            return [self.hello(peer, now)]
        ends = range(offset, min(len(whole), offset + PIECES * PIECE_BYTES), PIECE_BYTES)
        return [
            cbor.encode([PIECE, what, number, len(whole), at, whole[at : at + PIECE_BYTES]]) for at in ends
        ]

    def _document(self, what: int, number: int) -> bytes:
        """Newest epoch with its proof, or a checkpoint; empty where it is not known here."""
        if what == NOTE:
            held = self.trust.head(number)
            return b"" if held is None else held[1]
        if number != self.trust.epoch.number or self.trust.proof is None:
            return b""
        state, documents = self._kept
        if state != self.ours():
            documents = {EPOCH: cbor.encode([self.trust.statement, self.trust.proof.encode()])}
            self._kept = self.ours(), documents
        return documents[EPOCH]

    def _piece(self, peer: bytes, one: _Peer, said: list[Any], now: float) -> list[bytes]:
        what, number, total, offset, piece = said
        fetch = one.fetch
        if fetch is None or (what, number) != (fetch.what, fetch.number):
            raise Rejected("unknown", "a piece that nobody asked for")
        whole = fetch.add(total, offset, piece)
        if whole is None:
            return [self._ask(fetch, now)] if fetch.next() >= fetch.window else []
        try:
            self._take(one, fetch, whole)
        except Rejected as error:  # a split view is no fault of who shows it
            self._bar(peer, one, now, BAR_S if error.reason != "split" else 0.0)
            raise
        self._slow.pop((peer, fetch.what), None)
        self._bar(peer, one, now, 0.0)
        self._begin(peer, one, now)
        return [self.hello(peer, now)] + ([] if one.fetch is None else [self._ask(one.fetch, now)])

    def _take(self, one: _Peer, fetch: _Fetch, whole: bytes) -> None:
        """Judge a document; `Rejected` where it is not what was offered."""
        if fetch.what == NOTE:
            one.split = fetch.number
            self.trust.witness(whole)
            held = self.trust.head(fetch.number)
            if held is None or (one.theirs[1] == fetch.number and one.theirs[2] != held[0]):
                raise Rejected("stale", "another checkpoint than was offered")
            return
        parts = cbor.decode(whole, most=MOST_DOCUMENT)
        if not isinstance(parts, list) or [type(part) for part in parts] != [bytes, bytes]:
            raise Rejected("malformed", "no epoch with its proof")
        self.trust.meet(parts[0], Inclusion.decode(parts[1]))
        if self.trust.epoch.number < fetch.number:
            raise Rejected("stale", "another epoch than was offered")

    def _late(self, peer: bytes, one: _Peer, now: float) -> None:
        """End a fetch that took too long; each time in a row for twice as long, as an outage is no lie."""
        if one.fetch is not None:
            key = peer, one.fetch.what
            span = self._slow.pop(key, FETCH_S)
            if len(self._slow) >= MOST_BARRED:
                del self._slow[next(iter(self._slow))]
            self._slow[key] = min(2.0 * span, BAR_S)
            self._bar(peer, one, now, span)

    def _bar(self, peer: bytes, one: _Peer, now: float, span_s: float) -> None:
        """End a fetch; for so long nothing of the kind is asked of that peer any more."""
        if span_s and one.fetch is not None:
            if len(self._barred) >= MOST_BARRED:
                del self._barred[next(iter(self._barred))]
            self._barred[peer, one.fetch.what] = now + span_s
        one.fetch = None
        self._fetching.discard(peer)


_FORMS = {
    HAVE: [int, int, int, bytes, int, int, bytes],
    WANT: [int, int, int, int],
    PIECE: [int, int, int, int, int, bytes],
}


def _parsed(inside: bytes) -> list[Any]:
    """Message of an authenticated peer; everything that can be wrong with its form is refused here."""
    found = cbor.decode(inside, most=PIECE_BYTES + 64)
    if not isinstance(found, list) or not found or type(found[0]) is not int:
        raise Rejected("malformed", "no message between nodes")
    form = _FORMS.get(found[0])
    if form is None or [type(item) for item in found] != form:
        raise Rejected("malformed", "no message between nodes")
    if any(type(item) is int and not 0 <= item < 1 << 62 for item in found):
        raise Rejected("malformed", "a number out of range")
    return found


def _state(said: list[Any]) -> State:
    number, size, root = said
    if len(root) not in {0, ROOT_BYTES}:
        raise Rejected("malformed", "no root of a tree")
    return number, size, root
