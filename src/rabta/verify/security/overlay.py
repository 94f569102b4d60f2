"""Suite ``overlay``: whole nodes over simulated links, against what issue and design ask of them.

The nodes, handshakes, sessions and seals are the real ones; the links are `rabta.security.overlay.paths` in
virtual time. Nothing is stored: every number is computed when asked for.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rabta.verify import Row, suite

if TYPE_CHECKING:
    from rabta.security.identity.trust import Trust
    from rabta.security.overlay.node import Policy
    from rabta.security.overlay.simulate import Outcome, Simulation
    from rabta.verify.security.identity import Nation

HANDOVERS, EACH_S = 10_000, 15.0
GEO_S, GEO_LOSS, GEO_TARGET_S, GEO_SHAKES = 0.3, 0.1, 1.3, 1000
TARGET = "target: design of the overlay, section E, S"
TALKS, TALK_S = 60, 60.0
LEAST_TALK_S, LEAST_TALK = (
    5 * GEO_S,
    "told, asked, 16 pieces, asked, the rest: five ways of 300 ms without loss",
)
YEARS_S = 10 * 365.25 * 86400.0


@suite("overlay", "The overlay's nodes over simulated links")
def overlay(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Handovers, loss, replays, a geostationary path, revocation, wrong clocks."""
    return [*_handovers(), *_bad(), *_geostationary(), _revoked(), *_told(), *_clocks(), _same()]


def handed_over(count: int, seed: int = 1, skew_s: float = 0.0) -> Outcome:
    """Outcome of packets around so many handovers of a path of 3 to 30 ms without loss."""
    from rabta.security.core import NS
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.paths import handovers
    from rabta.security.overlay.simulate import Simulation, strangers

    delay, changes = handovers(count, EACH_S, 0.003, 0.030, seed)
    sim = Simulation(strangers(NS), (Way(delay), Way(delay)))
    sim.skew[1] = skew_s
    sim.connect()
    near = (-1e-3, -1e-9, 1e-9)
    traffic = [(change.at_s + at, side, 64) for change in changes for at in near for side in (0, 1)]
    return sim.run(traffic, changes, EACH_S * (count + 1))


def _handovers() -> list[Row]:
    out = handed_over(HANDOVERS)
    new = sum(event.kind == "key_epoch" for event in out.events) / 2
    lost = out.sent - out.delivered
    name = f"{HANDOVERS:,} handovers"
    return [
        Row(f"{name}: with new keys on both sides", new, HANDOVERS, 0.0, TARGET + "3"),
        Row(f"{name}: lost of {out.sent:,} packets beside them", lost, 0.0, 0.0, TARGET + "3"),
        Row(f"{name}: longest time a packet was kept back (ms)", 1e3 * out.waited_s, 0.0, 0.0, TARGET + "3"),
        Row(f"{name}: packets doubled or changed", out.doubled + out.wrong, 0.0, 0.0, TARGET + "3"),
    ]


def _bad() -> list[Row]:
    """Bursts of loss, a tenth out of order, a fifth of the datagrams sent again by an attacker."""
    sim = _hard(seed=3)
    out = sim.out
    name = f"{out.sent:,} packets over a bad link"
    return [
        Row(
            f"{name}: delivered by the network, lost by the overlay",
            out.lost_by_overlay,
            0.0,
            0.0,
            TARGET + "6",
        ),
        Row(f"{out.replayed:,} replays from elsewhere: accepted", out.doubled, 0.0, 0.0, TARGET + "6"),
        Row("the same: addresses that they moved", _count(sim, "roamed"), 0.0, 0.0, TARGET + "6"),
    ]


def _hard(seed: int) -> Simulation:
    from rabta.security.core import CI
    from rabta.security.overlay.paths import Loss, handovers
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.simulate import Simulation, strangers

    delay, changes = handovers(100, 5.0, 0.003, 0.3, seed)
    loss = Loss(0.03, 0.5, 0.02, 0.2)
    ways = [Way(delay, loss, 0.1, 0.05, seed=seed + side) for side in (0, 1)]
    sim = Simulation(strangers(CI), (ways[0], ways[1]), replay=0.2, seed=seed)
    sim.connect()
    sim.run([(at * 0.05, side, 100) for at in range(10_000) for side in (0, 1)], changes, 504.0)
    return sim


def _count(sim: Simulation, kind: str) -> int:
    return sum(node.counters[kind] for node in sim.nodes)


def shakes(count: int, policy: Policy | None = None) -> list[float]:
    """Seconds to a session over a geostationary path that loses a tenth of the datagrams each way."""
    from rabta.security.core import NS
    from rabta.security.overlay.node import Policy
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.paths import constant, independent
    from rabta.security.overlay.simulate import Simulation, strangers

    nodes, out = strangers(NS, policy=policy or Policy(parity=2)), []
    for number in range(count):
        for node in nodes:
            node.links.clear()
        ways = [Way(constant(GEO_S), independent(GEO_LOSS), seed=2 * number + side) for side in (0, 1)]
        sim = Simulation(nodes, (ways[0], ways[1]))
        sim.skew = [number * 100.0, number * 100.0]  # the nodes' clocks go on
        sim.connect()
        out.append(sim.run([], [], 30.0).handshake_s)
    return sorted(math.inf if math.isnan(took) else took for took in out)


def _geostationary() -> list[Row]:
    took = shakes(GEO_SHAKES)
    share = sum(one <= GEO_TARGET_S for one in took) / len(took)
    name = f"{GEO_SHAKES:,} NS handshakes over 600 ms and 10 % loss"
    return [
        Row(f"{name}: share within 1.3 s", share, 1.0, 0.01, TARGET + "2"),
        Row(f"{name}: least (s), one round trip", took[0], 2 * GEO_S, 1e-9, "definition"),
        Row(
            f"{name}: 99th percentile (s)",
            took[int(0.99 * len(took))],
            GEO_TARGET_S,
            math.nan,
            TARGET + "2",
            gate=False,
        ),
    ]


def _revoked() -> Row:
    """Packets of a device that is revoked in mid-session, after its peer has heard of it."""
    from rabta.security.core import CI, Rejected
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.paths import constant
    from rabta.security.overlay.simulate import Simulation, strangers

    one, two = strangers(CI)
    sim = Simulation((one, two), (Way(constant(0.02)), Way(constant(0.02))))
    sim.connect()
    sim.run([(0.01 * at, 0, 50) for at in range(10, 500)], [], 6.0)
    before = two.counters["received"]

    def refuse(_: bytes) -> object:
        raise Rejected("revoked", "a revoked credential")

    two.lookup = two.responder.lookup = refuse  # type: ignore[assignment]
    two.review(6.0)
    sim.run([(6.0 + 0.01 * at, 0, 50) for at in range(5000)], [], 70.0)
    accepted = two.counters["received"] - before
    return Row("packets accepted of a device after its revocation", accepted, 0.0, 0.0, TARGET + "7")


def told(count: int) -> tuple[list[float], int]:
    """Seconds until a peer knows the epoch that the other heard of, and bytes of the epoch with its proof.

    Over 600 ms there and back and 10 % loss; infinity where it does not know it within a minute.
    """
    import tempfile

    from rabta.security.core import cbor
    from rabta.security.identity import epochs
    from rabta.security.identity.epochs import Epoch
    from rabta.verify.security.identity import Nation

    with tempfile.TemporaryDirectory() as folder:
        nation = Nation(Path(folder))
        made = Epoch(1, epochs.short(bytes([k]) * 48 for k in range(100)))
        signed = [epochs.endorse(made, one) for one in nation.officers[:2]]
        ((statement, proof),) = nation.proved([epochs.combine(made, signed, nation.root)])
        sims = _talking(nation, count)
        for sim, ones, _ in sims:
            sim.run([], [], 10.0)
            ones.advance(statement, proof)  # type: ignore[arg-type]
        size = len(cbor.encode([statement, proof.encode()]))  # type: ignore[attr-defined]
        return sorted(_heard(sim, theirs) for sim, _, theirs in sims), size


def _talking(nation: Nation, count: int) -> list[tuple[Simulation, Trust, Trust]]:
    """Pairs of nodes with credentials that begin to talk."""
    from rabta.security.core import NS
    from rabta.security.identity.issue import Bundle, NodeKeys
    from rabta.security.overlay.news import News
    from rabta.security.overlay.node import Node
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.paths import constant, independent
    from rabta.security.overlay.simulate import Simulation

    keys = [NodeKeys.generate() for _ in range(2)]
    raws = [nation.credential(f"node {k}", 9, keys=one) for k, one in enumerate(keys)]
    bundles = [Bundle(raw, proof) for raw, proof in nation.proved(raws)]  # type: ignore[arg-type]
    out = []
    for number in range(count):
        trusts = [nation.trust() for _ in keys]
        peers = [[trust.accept(bundle) for bundle in bundles] for trust in trusts]
        nodes = [
            Node(key.local(peers[k][k].identifier), trust.lookup, NS, news=News(trust))
            for k, (key, trust) in enumerate(zip(keys, trusts, strict=True))
        ]
        ways = [Way(constant(GEO_S), independent(GEO_LOSS), seed=2 * number + side) for side in (0, 1)]
        sim = Simulation((nodes[0], nodes[1]), (ways[0], ways[1]))
        sim.connect()
        out.append((sim, trusts[0], trusts[1]))
    return out


def _heard(sim: Simulation, theirs: Trust) -> float:
    start = sim.clock.now
    while theirs.epoch.number < 1:
        if sim.clock.now >= start + TALK_S:
            return math.inf
        sim.run([], [], sim.clock.now + 0.1)
    return sim.clock.now - start


def _told() -> list[Row]:
    took, size = told(TALKS)
    name = f"an epoch of {size:,} bytes over 600 ms and 10 % loss"
    share = sum(one < math.inf for one in took) / len(took)
    return [
        Row(f"{name}: share of {TALKS} peers that know it within a minute", share, 1.0, 0.0, TARGET + "7"),
        Row(f"{name}: median (s)", took[len(took) // 2], LEAST_TALK_S, math.nan, LEAST_TALK, gate=False),
        Row(f"{name}: longest (s)", took[-1], LEAST_TALK_S, math.nan, LEAST_TALK, gate=False),
    ]


def _clocks() -> list[Row]:
    found = []
    for years in (-10, 10):
        out = handed_over(200, skew_s=years / 10 * YEARS_S)
        name = f"one clock wrong by {years:+d} years: share of packets delivered"
        found.append(Row(name, out.delivered / out.sent, 1.0, 0.0, TARGET + "7"))
    return found


def _same() -> Row:
    logs = []
    for _ in range(2):
        sim = _fates()
        logs.append(
            [(f.number, f.bytes, f.sent_s, f.arrived_s, f.verdict) for way in sim.paths for f in way.log]
        )
    same = float(repr(logs[0]) == repr(logs[1]))
    return Row(f"the same seed: the same fates of {len(logs[0]):,} datagrams", same, 1.0, 0.0, "definition")


def _fates() -> Simulation:
    from rabta.security.core import CI
    from rabta.security.overlay.paths import Path as Way
    from rabta.security.overlay.paths import handovers, independent
    from rabta.security.overlay.simulate import Simulation, strangers

    delay, changes = handovers(20, 5.0, 0.003, 0.3, 9)
    ways = [Way(delay, independent(0.1), seed=side) for side in (0, 1)]
    sim = Simulation(strangers(CI), (ways[0], ways[1]))
    sim.connect()
    sim.run([(at * 0.1, side, 100) for at in range(1000) for side in (0, 1)], changes, 104.0)
    return sim
