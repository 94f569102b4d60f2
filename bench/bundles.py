"""Bundles measured: security, codec beside pyD3TN's, store, ways over a contact plan, delivery under outage.

Usage: python bench/bundles.py

CPU seconds of one process (time.process_time), the best of five runs. Security is that of RFC 9173's example
A.3: read, two HMACs verified, payload opened. pyD3TN does the same bundle in the same run. Results go to
bench/results/bundles.json.
"""

from __future__ import annotations

import json
import platform
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pyd3tn import bundle7

from rabta.security.bundles.agent.simulate import Demand, Simulation
from rabta.security.bundles.bpsec import Accepted, Keyring, accept, confidentiality, integrity, sealed, signed
from rabta.security.bundles.codec import Primary, blocks, bundle, decode, eid, make, scan
from rabta.security.bundles.contacts import Contact, Plan, outage, route
from rabta.security.bundles.store import Store
from rabta.security.core import CI, NS, CompositePrivate, HybridPrivate
from rabta.verify.security import bpsec

RESULTS = Path(__file__).parent / "results" / "bundles.json"
ME, YOU = eid.parse("ipn:2.1"), eid.parse("ipn:1.2")


def rate(act: Callable[[], object], count: int, best_of: int = 5) -> float:
    """Calls a CPU second."""
    act()
    took = []
    for _ in range(best_of):
        start = time.process_time()
        for _ in range(count):
            act()
        took.append(time.process_time() - start)
    return count / min(took)


def security() -> dict[str, float]:
    """Verified and opened bundles a CPU second; ours and of first contact."""
    raw = bytes.fromhex(bpsec.A3)

    def example() -> None:
        found = decode(raw)
        integrity.verify(found, 3, bpsec.HMAC_KEY)
        confidentiality.decrypt(found, 4, bpsec.KEY)

    signer, plain = CompositePrivate.generate(), sample()
    proof = signed.add(plain, signer, b"i" * 48, 1, source=ME)
    out = {"verify_and_open_a3_per_s": rate(example, 5000)}
    out["sign_per_s"] = rate(lambda: signed.add(plain, signer, b"i" * 48, 1, source=ME), 50)
    for suite in (CI, NS):
        mine = HybridPrivate.generate(suite)
        item = sealed.seal(proof, (proof.blocks[0].number, 1), mine.public, source=ME)
        keys = Keyring(private=(mine,), lookup=lambda _: signer.public)
        out[f"first_contact_{suite.name}_open_per_s"] = rate(partial(opened, item.raw, keys), 200)
        out[f"first_contact_{suite.name}_extra_bytes"] = len(item.raw) - len(plain.raw)
    return out


def opened(raw: bytes, keys: Keyring) -> Accepted:
    """Read, open and verify."""
    return accept(decode(raw), keys)


def sample() -> bundle.Bundle:
    """A bundle of 1,000 bytes with two extension blocks and all check sums."""
    primary = Primary(YOU, ME, ME, 0, 40, 10**6)
    return make(primary, bytes(1000), (blocks.AGE, scan.uint(300)), (blocks.HOPS, bundle.hop_data(30, 1)))


def codec() -> dict[str, float]:
    """Bundles a CPU second read: payload of 1,000 bytes, check sums on the small blocks only."""
    whole = sample()
    raw = bundle.Bundle(whole.primary, (*whole.blocks[:-1], whole.blocks[-1].change(bytes(1000), 0))).raw

    def theirs() -> None:
        for block in bundle7.Bundle.parse(raw):
            if block.crc_provided is not None and block.crc_provided != block.calculate_crc():
                raise ValueError

    ours, peer = rate(lambda: decode(raw), 3000), rate(theirs, 500)
    return {"read_per_s": ours, "pyd3tn_read_per_s": peer, "read_ratio": ours / peer}


def store() -> dict[str, float]:
    """Bundles a second of wall time accepted on disk, each with a synchronised commit."""
    with tempfile.TemporaryDirectory() as folder:
        base = Store(Path(folder) / "s.db")
        start = time.perf_counter()
        for number in range(500):
            item = make(Primary(YOU, ME, ME, 0, number, 10**6), bytes(1000), (blocks.AGE, b"\x00"))
            base.accept(item, here=True, authentic=True)
        took = time.perf_counter() - start
        base.close()
    return {"accepted_on_disk_per_wall_s": 500 / took}


def plan(nodes: int, contacts: int, seed: int) -> Plan:
    """Random contacts over a day."""
    draw = random.Random(seed)
    rows = []
    for _ in range(contacts):
        a, b = draw.sample(range(nodes), 2)
        start = draw.uniform(0, 80_000)
        rows.append(Contact(start, start + draw.uniform(60, 900), str(a), str(b), 1e6, 0.02))
    return Plan(rows)


def ways() -> dict[str, float]:
    """Searches a CPU second over 200 nodes and 20,000 contacts."""
    found, draw = plan(200, 20_000, 1), random.Random(2)
    nodes = found.nodes

    def one() -> None:
        a, b = draw.sample(nodes, 2)
        route(found, a, b, 1000, draw.uniform(0, 20_000))

    return {"ways_per_s": rate(one, 50)}


def outages() -> dict[str, float]:
    """Delivery over a ring of twelve nodes in a day, each pair in contact a tenth of the time."""
    rows = []
    for at in range(12):
        a, b = f"n{at}", f"n{(at + 1) % 12}"
        rows += [Contact(0, 86_400, *pair, 1e6, 0.02) for pair in ((a, b), (b, a))]
    thin, draw = outage.thin(Plan(rows), 0.9, 120, 7), random.Random(7)
    pairs = [(a, b) for a, b in (draw.sample(thin.nodes, 2) for _ in range(500))]
    demands = [Demand(*pair, 2000, draw.uniform(0, 7200)) for pair in pairs]
    with tempfile.TemporaryDirectory() as folder:
        found = Simulation(thin, Path(folder)).run(demands)
    delays = sorted(found.delays_s.values())
    return {
        "sent": found.sent,
        "delivered_share": found.delivered_share,
        "up_share": outage.up_share(thin, (0, 86_400)),
        "delay_p50_s": delays[len(delays) // 2],
        "delay_max_s": delays[-1],
    }


def main() -> None:
    """Measure all and write the results."""
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, shared with other work",
        "security": security(),
        "codec": codec(),
        "store": store(),
        "ways": ways(),
        "outage": outages(),
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
