"""Mutated checkpoints, proofs, requests to witnesses, meetings and evidence: none may be accepted.

Usage: python bench/soak/log.py [--count 1000000] [--seed 1]

Notes carry just the quorum of signatures, so that none is spare. They are changed at random (bits, bytes,
cuts, splices, lines swapped, doubled or left out, a bit within a line's base64, numbers) and given to whom
they are meant for. A message counts as accepted where what its receiver would act on is not what an honest
one says.
The result goes to bench/results/soak_log.json.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.audit import notes
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.meet import Evidence, Outcome, View
from rabta.security.audit.notes import COSIGNED_ED25519, COSIGNED_MLDSA44, ED25519, Signing
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.audit.proofs import consistency, inclusion
from rabta.security.audit.tree import Tree
from rabta.security.audit.witness import Request, Witness
from rabta.security.core import Rejected

RESULTS = Path(__file__).parents[1] / "results" / "soak_log.json"
ORIGIN = "audit.example/soak"
OLD, NEW, INDEX = 700, 1000, 333


@dataclass(frozen=True)
class Sample:
    """A message, and who takes it and gives what its receiver acts on."""

    name: str
    raw: bytes
    take: Callable[[bytes], object]


class World:
    """A log of two keys that shows two faces, three witnesses that signed both, and who goes by them."""

    def __init__(self, seed: int, folder: Path) -> None:
        draw = random.Random(seed)
        kinds = (ED25519, COSIGNED_MLDSA44)
        self.keys = [Signing(ORIGIN, kind, draw.randbytes(32)) for kind in kinds]
        kinds = (COSIGNED_MLDSA44, COSIGNED_MLDSA44, COSIGNED_ED25519)
        self.witnesses = [Signing(f"w{i}.example", kind, draw.randbytes(32)) for i, kind in enumerate(kinds)]
        public = tuple(key.public for key in self.keys)
        self.policy = Policy(ORIGIN, public, tuple(key.public for key in self.witnesses), 3)
        self.trees = [Tree(), Tree()]
        self.entry = draw.randbytes(50)
        same = [self.entry if i == INDEX else draw.randbytes(50) for i in range(OLD // 2)]
        for tree in self.trees:
            tree.extend(same)
            tree.extend([draw.randbytes(50) for _ in range(NEW - OLD // 2)])
        self.witness = Witness(folder, self.witnesses[:1], {ORIGIN: public})
        self.witness.add(Request(0, (), self.note(0, OLD)), 1000)

    def note(self, face: int, size: int) -> bytes:
        """Checkpoint of a face, with all signatures that the policy asks for."""
        text = Checkpoint(ORIGIN, size, self.trees[face].root(size)).text()
        return notes.sign(text, [*self.keys, *self.witnesses], 1_800_000_000)

    def prefix(self, old: int, new: int) -> tuple[bytes, list[bytes]]:
        """What a node with the log proves."""
        return self.trees[0].root(old), consistency(self.trees[0].node, old, new)

    def samples(self) -> tuple[Sample, ...]:
        """One message of each kind."""
        old, new, other = self.note(0, OLD), self.note(0, NEW), self.note(1, OLD)
        proof = Inclusion(INDEX, tuple(inclusion(self.trees[0].node, INDEX, NEW)), new)
        root, path = self.prefix(OLD, NEW)
        hello, answer = View(self.policy, old).hello(), View(self.policy, new, self.prefix)
        views = (View(self.policy, old), View(self.policy, new, self.prefix))
        return (
            Sample("checkpoint", new, self._check),
            Sample("proof", proof.encode(), self._prove),
            Sample("request", Request(OLD, tuple(path), new).encode(), self._request),
            Sample("hello", hello, lambda raw: self._outcome(_fresh(views[1]).meet(raw)[1])),
            Sample("answer", answer.meet(hello)[0], lambda raw: self._outcome(_fresh(views[0]).receive(raw))),
            Sample("split of one size", Evidence(old, other).encode(), self._judge),
            Sample("split of two sizes", Evidence(other, new, root, tuple(path)).encode(), self._judge),
        )

    def _check(self, raw: bytes) -> object:
        found = self.policy.check(raw)
        return found, found.time

    def _prove(self, raw: bytes) -> object:
        found = Inclusion.decode(raw)
        return found.index, found.verify(self.entry, self.policy)

    def _request(self, raw: bytes) -> object:
        request = Request.decode(raw)
        head = self.witness.logs[ORIGIN].head(request.note)
        self.witness._check(request, head)  # what `add` asks before it signs; signing would move its memory
        return request.old, head

    def _judge(self, raw: bytes) -> object:
        found = Evidence.decode(raw).judge(self.policy)
        return found.older, found.newer

    def _outcome(self, found: Outcome) -> object:
        return found.kind, found.checkpoint


def _fresh(view: View) -> View:
    return replace(view, history=dict(view.history))


def _bit(raw: bytearray, draw: random.Random) -> None:
    raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)


def _byte(raw: bytearray, draw: random.Random) -> None:
    raw[draw.randrange(len(raw))] = draw.choice((0, 10, 32, 43, 48, 61, 0xE2, draw.randrange(256)))


def _early(raw: bytearray, draw: random.Random) -> None:
    raw[draw.randrange(min(160, len(raw)))] = draw.choice((10, 32, 48, 49, draw.randrange(256)))


def _cut(raw: bytearray, draw: random.Random) -> None:
    del raw[draw.randrange(len(raw)) :]


def _drop(raw: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(raw))
    del raw[at : at + draw.randrange(1, 40)]


def _repeat(raw: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(raw))
    raw[at:at] = raw[at : at + draw.randrange(1, 40)]


def _lines(raw: bytearray, draw: random.Random) -> None:
    lines = raw.split(b"\n")
    one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
    what = draw.randrange(3)
    if what == 0:
        lines[one], lines[two] = lines[two], lines[one]
    elif what == 1:
        lines.insert(one, lines[two])
    else:
        del lines[one]
    raw[:] = b"\n".join(lines)


def _within(raw: bytearray, draw: random.Random) -> None:
    """One bit of what a line of base64 or a number says, written well."""
    lines = raw.split(b"\n")
    at = draw.randrange(len(lines))
    head, gap, word = lines[at].rpartition(b" ")
    if word.isdigit():
        lines[at] = head + gap + str(max(0, int(word) + draw.choice((-1, 1, 256)))).encode()
    else:
        try:
            inner = bytearray(base64.b64decode(word, validate=True))
        except binascii.Error:
            return
        if inner:
            _bit(inner, draw)
            lines[at] = head + gap + base64.b64encode(inner)
    raw[:] = b"\n".join(lines)


CHANGES = (_bit, _byte, _early, _cut, _drop, _repeat, _lines, _within, _within, _within)


def mutated(raw: bytes, other: bytes, draw: random.Random) -> bytes:
    """A changed message; one in twenty is the begin of one and the end of another."""
    if draw.random() < 0.05:
        return raw[: draw.randrange(len(raw))] + other[draw.randrange(len(other)) :]
    changed = bytearray(raw)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if changed:
            draw.choice(CHANGES)(changed, draw)
    return bytes(changed)


def mutations(count: int, seed: int = 1) -> dict[str, object]:
    """Counts of what became of `count` mutated messages; `accepted` and `crashes` must be zero."""
    with tempfile.TemporaryDirectory() as folder:
        return _mutations(World(seed, Path(folder)).samples(), count, random.Random(seed))


def _mutations(known: tuple[Sample, ...], count: int, draw: random.Random) -> dict[str, object]:
    honest = {item.name: item.take(item.raw) for item in known}
    outcomes, accepted, crashes = Counter[str](), 0, 0
    for _ in range(count):
        sample, other = draw.choice(known), draw.choice(known)
        while (raw := mutated(sample.raw, other.raw, draw)) == sample.raw:
            pass
        try:
            found = sample.take(raw)
        except Rejected as error:
            outcomes[error.reason] += 1
        except Exception as error:  # noqa: BLE001 (what this counts)
            crashes += 1
            outcomes[f"crash {type(error).__name__}: {error}"[:200]] += 1
        else:
            same = found == honest[sample.name]
            accepted += not same
            outcomes[f"{sample.name}: {'same contents' if same else f'ACCEPTED {found}'[:200]}"] += 1
    return {"mutations": count, "accepted": accepted, "crashes": crashes, "outcomes": dict(outcomes)}


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
        "command": f"python bench/soak/log.py --count {asked.count}",
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
