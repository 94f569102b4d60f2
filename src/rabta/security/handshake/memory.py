"""What the responder remembers: unfinished messages and given answers, both bounded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from rabta.security.core import Rejected
from rabta.security.handshake.wire import MOST_AMPLIFICATION, Fragment, Puzzle

PARTS_S = 10.0
DONE_S = 30.0
PAUSE_S = 0.25
"""Fragments that come so soon after an answer belong to the message that was answered."""
MOST_PARTS = 512
MOST_EACH = 16
"""Unfinished messages of all addresses together, and of one: of those with a cookie and as many without."""
MOST_DONE = 4096

Key = tuple[bytes, int, bytes]


@dataclass
class _Unfinished:
    since: float
    puzzle: Puzzle = field(default_factory=Puzzle)


class Parts:
    """Unfinished messages; where there is no room for one more the oldest of its address goes, or of all."""

    def __init__(self) -> None:
        self.held: OrderedDict[Key, _Unfinished] = OrderedDict()
        self.each: dict[bytes, OrderedDict[Key, None]] = {}

    def has(self, fragment: Fragment, address: bytes) -> bool:
        """Whether others of the same message are here."""
        return _key(fragment, address) in self.held

    def full(self, address: bytes, now: float) -> bool:
        """Whether one more would push out another."""
        self.forget(now)
        return len(self.held) >= MOST_PARTS or len(self.each.get(address, ())) >= MOST_EACH

    def add(self, fragment: Fragment, address: bytes, now: float) -> bytes | None:
        """Whole message, if this fragment makes it so."""
        self.forget(now)
        key = _key(fragment, address)
        held = self.held.get(key) or self._begin(key, now)
        try:
            message = held.puzzle.add(fragment)
        except Rejected:
            self._drop(key)
            raise
        if message is not None:
            self._drop(key)
        return message

    def _begin(self, key: Key, now: float) -> _Unfinished:
        own = self.each.get(key[0], ())
        if len(own) >= MOST_EACH:
            self._drop(next(iter(own)))
        elif len(self.held) >= MOST_PARTS:
            self._drop(next(iter(self.held)))
        self.each.setdefault(key[0], OrderedDict())[key] = None
        held = self.held[key] = _Unfinished(now)
        return held

    def _drop(self, key: Key) -> None:
        del self.held[key]
        own = self.each[key[0]]
        del own[key]
        if not own:
            del self.each[key[0]]

    def forget(self, now: float) -> None:
        """Drop what is too old."""
        while self.held:
            key = next(iter(self.held))
            if now < self.held[key].since + PARTS_S:
                break
            self._drop(key)


def _key(fragment: Fragment, address: bytes) -> Key:
    return address, fragment.suite.identifier, fragment.exchange


@dataclass
class Done:
    """An answered message: what was answered, and what of it came since."""

    digest: bytes
    address: bytes
    since: float
    send: list[bytes]
    last: float
    heard: int = 0

    def again(self, size: int, now: float) -> list[bytes]:
        """Answer to one more fragment of so many bytes: the same for each repetition.

        Never more than three times what came, since an address can be forged.
        """
        self.heard += size
        if now < self.last + PAUSE_S or MOST_AMPLIFICATION * self.heard < sum(map(len, self.send)):
            return []
        self.last, self.heard = now, 0
        return self.send


class Answers:
    """Answered messages, the newest `MOST_DONE` of the last `DONE_S`."""

    def __init__(self) -> None:
        self.held: OrderedDict[bytes, Done] = OrderedDict()

    def get(self, exchange: bytes, now: float) -> Done | None:
        """Answer of an exchange, where it is not too old."""
        found = self.held.get(exchange)
        return found if found is not None and now < found.since + DONE_S else None

    def put(self, exchange: bytes, done: Done) -> None:
        """Remember an answer, forget old ones."""
        self.held.pop(exchange, None)
        while self.held:
            first = next(iter(self.held))
            if done.since < self.held[first].since + DONE_S and len(self.held) < MOST_DONE:
                break
            del self.held[first]
        self.held[exchange] = done
