"""Mutated messages of the handshake: neither side may end with keys, or answer, after altered bytes.

Usage: python bench/soak/handshake.py [--count 1000000] [--seed 1]

Recorded exchanges of both suites, with and without parity and cookies, are given to copies of the very sides
that they were meant for, each time just as many fragments as a message needs, in any order, and not all of
them as they were sent: bits, lengths, header fields, spliced datagrams, payloads and message fields of other
exchanges, sessions and peers, fragments missing and doubled, messages to the wrong side. So any key, and any
answer but a cookie, counts as accepted. The result goes to bench/results/soak_handshake.json.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import CI, NS, HybridPrivate, Rejected, Suite
from rabta.security.core.peers import IDENTIFIER_BYTES, Local, Peer
from rabta.security.core.suites import X25519_BYTES
from rabta.security.handshake import Initiator, Responder, Step, wire
from rabta.security.handshake.memory import Answers, Parts
from rabta.security.handshake.wire import Puzzle

RESULTS = Path(__file__).parents[1] / "results" / "soak_handshake.json"
EACH = 5000
"""Mutations of one set of recorded exchanges."""
ADDRESS = b"192.0.2.1:4433"

Take = Callable[[bytes], Step]
Change = Callable[["Case"], None]


@dataclass(frozen=True)
class Message:
    """One message of a recorded exchange, and who takes it."""

    kind: int
    suite: Suite
    exchange: bytes
    whole: bytes
    cookie: bytes
    sent: list[bytes]
    receiver: Callable[[], Take]

    @property
    def need(self) -> int:
        """Fragments that make it whole."""
        return wire.shape(self.kind, self.suite)[1]


class Nodes:
    """Two nodes that know each other."""

    def __init__(self, suite: Suite, draw: random.Random) -> None:
        self.suite = suite
        keys = [HybridPrivate(suite, draw.randbytes(64), draw.randbytes(32)) for _ in "AB"]
        self.names = [draw.randbytes(IDENTIFIER_BYTES) for _ in "AB"]
        pairs = list(zip(self.names, keys, strict=True))
        self.peers = [Peer(name, {suite.identifier: key.public}) for name, key in pairs]
        self.local = [Local(name, {suite.identifier: key}) for name, key in pairs]

    def lookup(self, identifier: bytes) -> Peer:
        """The node that begins; no other is known."""
        if identifier != self.names[0]:
            raise Rejected("unknown", "no such credential")
        return self.peers[0]


def record(nodes: Nodes, parity: int, cookies: bool) -> list[Message]:
    """First and second message of an exchange."""
    suite = nodes.suite
    begins = Initiator(nodes.local[0], nodes.peers[1], suite, parity=parity)
    answers = Responder(nodes.local[1], nodes.lookup, [suite], loaded=cookies)
    hello = begins.start(0.0)
    if cookies:
        hello = begins.receive(answers.receive(hello[0], ADDRESS, 0.0).send[0], 0.0).send
    untouched = copy.copy(begins)
    answer = [out for one in hello for out in answers.receive(one, ADDRESS, 0.0).send]

    def responder() -> Take:
        one = copy.copy(answers)
        one._open, one._shown, one._done = Parts(), Parts(), Answers()
        return lambda raw: one.receive(raw, ADDRESS, 1.0)

    def initiator() -> Take:
        one = copy.copy(untouched)
        one._puzzle = Puzzle()
        return lambda raw: one.receive(raw, 1.0)

    return [
        Message(hello[0][0], suite, begins.exchange, begins._hello, begins._cookie, hello, responder),
        Message(wire.ANSWER, suite, begins.exchange, joined(answer), b"", answer, initiator),
    ]


def joined(sent: list[bytes]) -> bytes:
    """Message of its fragments."""
    puzzle, found = Puzzle(), None
    for one in sent:
        found = found or puzzle.add(wire.parse(one))
    assert found is not None
    return found


@dataclass
class Case:
    """What changes work on."""

    own: Message
    other: Message
    some: list[bytes]
    draw: random.Random


def _bits(case: Case) -> None:
    at = case.draw.randrange(len(case.some))
    raw = bytearray(case.some[at])
    for _ in range(case.draw.choice((1, 1, 1, 2, 4))):
        reach = 12 if case.draw.random() < 0.3 else len(raw)
        raw[case.draw.randrange(reach)] ^= 1 << case.draw.randrange(8)
    case.some[at] = bytes(raw)


def _length(case: Case) -> None:
    at = case.draw.randrange(len(case.some))
    raw = case.some[at]
    longer = raw + case.draw.randbytes(case.draw.choice((1, 2, 16, 33, 200, 3000)))
    case.some[at] = case.draw.choice(
        (raw[: case.draw.randrange(len(raw))], longer, raw[: 12 + case.draw.randrange(3)])
    )


def _field(case: Case) -> None:
    at, where = case.draw.randrange(len(case.some)), case.draw.choice((0, 1, 9, 10, 11))
    value = case.draw.choice((0, 1, 2, 3, 0x10, 0x11, 0x12, 0x13, 0x20, 0x31, 0x32, 0xFF))
    case.some[at] = case.some[at][:where] + bytes([value]) + case.some[at][where + 1 :]


def _splice(case: Case) -> None:
    at = case.draw.randrange(len(case.some))
    cut = case.draw.randrange(len(case.some[at]))
    case.some[at] = case.some[at][:cut] + case.draw.choice(case.other.sent)[cut:]


def _header(case: Case) -> None:
    at, theirs = case.draw.randrange(len(case.some)), case.draw.choice(case.other.sent)
    case.some[at] = case.draw.choice((theirs[:12] + case.some[at][12:], case.some[at][:12] + theirs[12:]))


def _missing(case: Case) -> None:
    at = case.draw.randrange(len(case.some))
    case.some[at] = case.draw.choice([one for k, one in enumerate(case.some) if k != at] or [b""])


def _recount(case: Case) -> None:
    """All headers say another parity, consistently."""
    parity = case.draw.choice([n for n in range(4) if n != case.own.exchange[-1] & 3])
    exchange = case.own.exchange[:-1] + bytes([case.own.exchange[-1] & 0xFC | parity])
    named = case.draw.random() < 0.5  # with the exchange's name, or without
    for at, one in enumerate(case.some):
        name = exchange if named else case.own.exchange
        case.some[at] = one[:2] + name + one[10:11] + bytes([one[11] & 0xF0 | parity]) + one[12:]


def _recut(case: Case) -> None:
    """Altered, then cut anew: what the fragments say is all well but the message is not the one sent."""
    raw = bytearray(case.own.whole)
    suite = case.own.suite
    second = suite.kem_ciphertext_bytes if case.own.kind == wire.ANSWER else suite.kem_public_bytes
    split = X25519_BYTES + second + suite.kem_ciphertext_bytes
    edges = [0, X25519_BYTES, X25519_BYTES + second, split, len(raw)]
    pick = case.draw.randrange(len(edges) - 1)
    what = case.draw.randrange(3)
    if what == 0 or len(case.other.whole) != len(raw):
        raw[case.draw.randrange(edges[pick], edges[pick + 1])] ^= 1 << case.draw.randrange(8)
    elif what == 1:
        raw[edges[pick] : edges[pick + 1]] = case.other.whole[edges[pick] : edges[pick + 1]]
    else:
        raw[edges[pick] : edges[pick + 1]] = case.draw.choice((bytes, case.draw.randbytes))(
            edges[pick + 1] - edges[pick]
        )
    parity = case.own.exchange[-1] & 3
    cut = wire.cut(case.own.kind, case.own.suite, case.own.exchange, bytes(raw), parity, case.own.cookie)
    case.some[:] = case.draw.sample(cut, case.own.need)


def _transplant(case: Case) -> None:
    """The whole of another exchange under this one's name."""
    parity = case.own.exchange[-1] & 3
    if case.other.kind == case.own.kind and case.other.suite is case.own.suite:
        case.some[:] = wire.cut(
            case.own.kind, case.own.suite, case.own.exchange, case.other.whole, parity, case.own.cookie
        )[: case.own.need]
    else:
        case.some[:] = case.other.sent


CHANGES: tuple[Change, ...] = (
    _bits,
    _bits,
    _bits,
    _length,
    _field,
    _splice,
    _header,
    _missing,
    _recount,
    _recut,
    _recut,
    _recut,
    _transplant,
)


def mutated(own: Message, other: Message, draw: random.Random) -> list[bytes]:
    """Datagrams to give to a message's receiver; the message is not among them as it was sent."""
    while True:
        case = Case(own, other, draw.sample(own.sent, own.need), draw)
        for _ in range(draw.choice((1, 1, 1, 2))):
            if min(map(len, case.some)) >= wire.HEADER_BYTES:
                draw.choice(CHANGES)(case)
        honest = [one for one in (own, other) if len(set(one.sent) & set(case.some)) >= one.need]
        if not honest:
            return case.some


def mutations(count: int, seed: int = 1) -> dict[str, object]:
    """Counts of what became of `count` mutated messages; `accepted` and `crashes` must be zero."""
    draw, outcomes, accepted, crashes = random.Random(seed), Counter[str](), 0, 0
    known: list[Message] = []
    for number in range(count):
        if number % EACH == 0:
            both = [Nodes(suite, draw) for suite in (NS, CI, NS, CI)]
            kinds = [(nodes, parity, cookies) for nodes in both for parity in range(3) for cookies in (0, 1)]
            known = [one for nodes, parity, cookies in kinds for one in record(nodes, parity, bool(cookies))]
        own, other = draw.choice(known), draw.choice(known)
        if draw.random() < 0.7:
            alike = [
                one for one in known if (one.kind, one.suite) == (own.kind, own.suite) and one is not own
            ]
            other = draw.choice(alike)
        keys, words = given(own, mutated(own, other, draw))
        accepted += keys
        crashes += any(word.startswith("crash") for word in words)
        outcomes.update(words or {"waits for more"})
    return {"mutations": count, "accepted": accepted, "crashes": crashes, "outcomes": dict(outcomes)}


def given(own: Message, some: list[bytes]) -> tuple[bool, set[str]]:
    """Whether a receiver took what it got, and what it said."""
    take, taken, words = own.receiver(), False, set()
    for raw in some:
        try:
            step = take(raw)
        except Rejected as error:
            words.add(error.reason)
        except Exception as error:  # noqa: BLE001 (what this counts)
            words.add(f"crash {type(error).__name__}: {error}"[:200])
        else:
            taken |= step.keys is not None or any(out[0] == wire.ANSWER for out in step.send)
            words |= {"asks for a cookie" if out[0] == wire.COOKIE else "sends again" for out in step.send}
    return taken, {"ACCEPTED"} if taken else words


def main() -> None:
    """Run and write the result with its date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    start = time.process_time()
    result = mutations(asked.count, asked.seed)
    result |= {"seed": asked.seed, "cpu_s": round(time.process_time() - start, 1)}
    result |= {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python bench/soak/handshake.py --count {asked.count}",
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
