"""What a hostile registered peer says to a node about epochs and checkpoints: changed, out of order, again.

Run: ``python bench/soak/news.py``. Results: ``bench/results/soak_news.json``. Nothing but the epoch that
officers signed and witnesses saw may be taken, and nothing but refusals may come of the rest.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import Rejected, cbor
from rabta.security.identity import epochs
from rabta.security.identity.epochs import Epoch
from rabta.security.overlay.news import MOST_FETCHES, PIECE_BYTES, News
from rabta.verify.security.identity import Nation

RESULTS = Path(__file__).parents[1] / "results" / "soak_news.json"
CHANGED = 0.05
"""Share of messages that are not what was said; the rest brings a node as far as such a talk goes."""


def talk(nation: Nation) -> tuple[bytes, bytes, list[bytes]]:
    """Statement of an epoch, its newest note, and what one node says to another to hand them over."""
    made = Epoch(1, epochs.short(bytes([k]) * 48 for k in range(30)))
    signed = [epochs.endorse(made, one) for one in nation.officers[:2]]
    ((statement, proof),) = nation.proved([epochs.combine(made, signed, nation.root)])
    one, two = News(nation.trust()), News(nation.trust())
    one.trust.advance(statement, proof)  # type: ignore[arg-type]
    said, queue = [], [(two, one.hello(b"two", 0.0))]
    while queue:
        node, inside = queue.pop(0)
        if node is two:
            said.append(inside)
        other, name = (one, b"one") if node is two else (two, b"two")
        queue += [(other, answer) for answer in node.receive(name, inside, 0.0)]
    assert two.trust.epoch.number == 1
    return statement, one.trust.note, said


def mutated(said: list[bytes], draw: random.Random) -> bytes:
    """A message as it was, with bits changed, or with its fields changed and encoded well."""
    raw = bytearray(draw.choice(said))
    if draw.random() < 0.5:
        for _ in range(draw.choice((1, 1, 2, 5))):
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        return bytes(raw[: draw.randrange(1, len(raw))] if draw.random() < 0.1 else raw)
    parts = cbor.decode(bytes(raw))
    at = draw.randrange(len(parts))
    if isinstance(parts[at], bytes):
        changed = draw.choice((b"", draw.randbytes(32), draw.randbytes(PIECE_BYTES), parts[at][::-1]))
    else:
        changed = draw.choice((0, 1, 2, 3, PIECE_BYTES, 1 << 17, 1 << 40, -1, parts[at] + 1))
    return cbor.encode([*parts[:at], changed, *parts[at + 1 :]])


def mutations(count: int, seed: int = 1) -> dict[str, object]:
    """Counts of what became of so many messages; `accepted` and `crashes` must be zero."""
    draw, refused, totals = random.Random(seed), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        nation = Nation(Path(folder))
        statement, note, said = talk(nation)
        while totals["messages"] < count:
            news, now = News(nation.trust()), 0.0
            for inside in said * 2:
                totals["messages"] += 1
                now += draw.choice((0.0, 0.01, 1.0))
                peer = b"peer %d" % (draw.random() < 0.1)
                try:
                    news.receive(peer, mutated(said, draw) if draw.random() < CHANGED else inside, now)
                    news.tick(peer, now)
                except Rejected as error:
                    refused[error.reason] += 1
                except Exception as error:  # noqa: BLE001 (what this counts)
                    totals["crashes"] += 1
                    refused[f"crash {type(error).__name__}"] += 1
            trust = news.trust
            totals["epochs"] += trust.epoch.number == 1
            totals["accepted"] += (
                (trust.epoch.number, trust.statement) not in ((0, b""), (1, statement))
                or trust.note not in (b"", note)
                or len(news._fetching) > MOST_FETCHES
            )
    names = ("messages", "accepted", "crashes", "epochs")
    return {name: totals[name] for name in names} | {"refused": dict(refused)}


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
        "command": f"python bench/soak/news.py --count {asked.count}",
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
