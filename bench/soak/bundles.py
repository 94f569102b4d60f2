"""Mutated bundles: none may be accepted with other contents, none may raise anything but a refusal.

Usage: python bench/soak/bundles.py [--count 1000000] [--seed 1]

Bundles of RFC 9173's contexts and of our own are changed at random (bits, bytes, lengths, cuts, splices of
two) and taken through codec and security. A bundle counts as accepted where its source's authentication holds
while primary block, payload, signer or counter are not the original's. The result goes to
bench/results/soak_bundles.json.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from rabta.security.bundles.bpsec import Accepted, Keyring, accept, confidentiality, integrity, sealed, signed
from rabta.security.bundles.codec import Bundle, Primary, blocks, bundle, decode, eid, make, scan
from rabta.security.core import CI, NS, CompositePrivate, CompositePublic, HybridPrivate, Rejected

RESULTS = Path(__file__).parents[1] / "results" / "soak_bundles.json"
SOURCE, DESTINATION = eid.parse("ipn:2.1"), eid.parse("ipn:1.2")


@dataclass(frozen=True)
class Sample:
    """A bundle and what its receiver reads of it."""

    name: str
    raw: bytes
    contents: tuple[object, ...]


def contents(found: Accepted) -> tuple[object, ...]:
    """What a receiver would act on."""
    return found.bundle.primary.change(crc=0).raw, found.bundle.payload, found.signed


@cache
def samples(seed: int) -> tuple[tuple[Sample, ...], Keyring]:
    """One bundle of each kind of security, and the keyring that takes them all."""
    draw = random.Random(seed)
    signer = CompositePrivate(draw.randbytes(32), draw.randbytes(32))
    one, two = (HybridPrivate(suite, draw.randbytes(64), draw.randbytes(32)) for suite in (CI, NS))
    mac, cipher, identifier = draw.randbytes(32), draw.randbytes(32), draw.randbytes(48)

    def lookup(asked: bytes) -> CompositePublic:
        if asked != identifier:
            raise Rejected("unknown", "no such credential")
        return signer.public

    keys = Keyring({"ipn:2": mac}, {"ipn:2": cipher}, (one, two), lookup)
    base = make(
        Primary(DESTINATION, SOURCE, SOURCE, 0, 40, 10**6),
        draw.randbytes(200),
        (blocks.AGE, scan.uint(300)),
        (blocks.HOPS, bundle.hop_data(30, 1)),
    )
    bib = integrity.add(base, (0, 1), mac, source=SOURCE)
    proof = signed.add(base, signer, identifier, 7, source=SOURCE)
    made = {
        "BIB": bib,
        "BCB": confidentiality.encrypt(base, (1,), cipher, source=SOURCE),
        "signed": proof,
        "signed, sealed CI": sealed.seal(proof, (proof.blocks[0].number, 1), one.public, source=SOURCE),
        "signed, sealed NS": sealed.seal(proof, (proof.blocks[0].number, 1), two.public, source=SOURCE),
    }
    return tuple(_sample(name, item, keys) for name, item in made.items()), keys


def _sample(name: str, item: Bundle, keys: Keyring) -> Sample:
    found = accept(decode(item.raw), keys)
    assert found.authentic, name
    return Sample(name, item.raw, contents(found))


def _flip(raw: bytearray, draw: random.Random) -> None:
    raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)


def _byte(raw: bytearray, draw: random.Random) -> None:
    raw[draw.randrange(len(raw))] = draw.choice((0, 0xFF, 0x9F, 0x5B, 0x1B, draw.randrange(256)))


def _early(raw: bytearray, draw: random.Random) -> None:
    raw[draw.randrange(min(120, len(raw)))] = draw.randrange(256)  # headers


def _cut(raw: bytearray, draw: random.Random) -> None:
    del raw[draw.randrange(len(raw)) :]


def _drop(raw: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(raw))
    del raw[at : at + draw.randrange(1, 40)]


def _repeat(raw: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(raw))
    raw[at:at] = raw[at : at + draw.randrange(1, 40)]


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _byte,
    _early,
    _cut,
    _drop,
    _repeat,
)


def mutated(raw: bytes, other: bytes, draw: random.Random) -> bytes:
    """A changed bundle; one in ten is the begin of one and the end of another."""
    if draw.random() < 0.1:
        return raw[: draw.randrange(len(raw))] + other[draw.randrange(len(other)) :]
    changed = bytearray(raw)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if changed:
            draw.choice(CHANGES)(changed, draw)
    return bytes(changed)


def mutations(count: int, seed: int = 1) -> dict[str, object]:
    """Counts of what became of `count` mutated bundles; `accepted` and `crashes` must be zero."""
    draw, outcomes, accepted, crashes = random.Random(seed), Counter[str](), 0, 0
    known, keys = samples(seed)
    for _ in range(count):
        sample, other = draw.choice(known), draw.choice(known)
        raw = mutated(sample.raw, other.raw, draw)
        try:
            found = accept(decode(raw), keys)
        except Rejected as error:
            outcomes[error.reason] += 1
        except Exception as error:  # noqa: BLE001 (what this counts)
            crashes += 1
            outcomes[f"crash {type(error).__name__}"] += 1
        else:
            honest = contents(found) in {item.contents for item in known}
            accepted += found.authentic and not honest
            outcomes["same contents" if honest else "not authenticated"] += 1
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
        "command": f"python bench/soak/bundles.py --count {asked.count}",
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
