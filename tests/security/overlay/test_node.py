"""Nodes over bad links: nothing lost by the overlay, nothing kept back, nothing accepted that must not be."""

from __future__ import annotations

import math
import os
import random
from pathlib import Path as File

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.security.core import CI, NS, HybridPrivate, Rejected, Suite
from rabta.security.core.peers import Local, Peer
from rabta.security.overlay.node import MANY_WAITING, MOST_PAYLOAD, MOST_WORK, Node, Policy, Step
from rabta.security.overlay.paths import Loss, Path, constant, handovers, independent, lost
from rabta.security.overlay.simulate import Simulation, strangers
from rabta.security.session import Ledger

A, B = b"a", b"b"


def traffic(span: float, each_s: float = 0.05, size: int = 120) -> list[tuple[float, int, int]]:
    return [(at * each_s, side, size) for at in range(int(span / each_s)) for side in (0, 1)]


def simulated(
    suite: Suite = CI,
    count: int = 40,
    loss: Loss | None = None,
    replay: float = 0.0,
    seed: int = 1,
    **more: object,
) -> Simulation:
    delay, changes = handovers(count, 4.0, 0.003, 0.3, seed=2)
    ways = [Path(delay, loss or Loss(), **more, seed=seed) for seed in (seed, seed + 50)]  # type: ignore[arg-type]
    sim = Simulation(strangers(suite), (ways[0], ways[1]), replay=replay)
    sim.connect()
    around = [(c.at_s + o, s, 99) for c in changes for o in (-1e-3, -1e-9, 0.0, 1e-9, 1e-3) for s in (0, 1)]
    span = 4.0 * (count + 1) - 0.5
    sim.run(sorted([*traffic(span - 1.0), *around]), changes, span)
    return sim


@pytest.mark.parametrize("suite", [CI, NS])
def test_handovers_lose_nothing_and_keep_nothing_back(suite: Suite) -> None:
    sim = simulated(suite)
    out = sim.out
    assert out.changes == 40
    assert all(node.counters["key_epoch"] == 40 for node in sim.nodes)
    assert out.sent == out.delivered > 6000
    assert (out.lost_by_overlay, out.lost_by_network, out.doubled, out.wrong) == (0, 0, 0, 0)
    assert out.waited_s == 0.0
    assert all(fate.bytes <= 1232 for path in sim.paths for fate in path.log)


@pytest.mark.parametrize("seed", range(3))
def test_bad_links_lose_what_they_lose_and_no_more(seed: int) -> None:
    """Bursts of loss, datagrams out of order and doubled, replays, sessions renewed meanwhile."""
    loss = Loss(0.05, 0.5, 0.02, 0.2)
    sim = simulated(CI, 80, loss, 0.2, seed, reorder=0.1, duplicate=0.05, spread_s=0.2)
    out = sim.out
    assert out.lost_by_overlay == 0
    assert out.doubled == out.wrong == 0
    assert out.delivered + out.lost_by_network == out.sent
    assert out.lost_by_network <= lost(sim.paths)
    assert out.replayed > 500
    assert sim.nodes[0].counters["session"] >= 3


def test_replays_do_not_move_an_address() -> None:
    sim = simulated(CI, 10, None, 0.5)
    assert sim.out.replayed > 400
    assert sum(node.counters["roamed"] for node in sim.nodes) == 0
    assert [next(iter(node.links.values())).address for node in sim.nodes] == [B, A]


@pytest.mark.parametrize("years", [-10, 10])
def test_wrong_clocks_change_nothing(years: int) -> None:
    delay, changes = handovers(20, 4.0, 0.003, 0.03)
    sim = Simulation(strangers(CI), (Path(delay), Path(delay)))
    sim.skew[1] = years * 365.25 * 86400.0
    sim.connect()
    out = sim.run(traffic(80.0), changes, 82.0)
    assert out.sent == out.delivered > 3000
    assert out.waited_s == 0.0


def test_geostationary_path_with_loss() -> None:
    """600 ms there and back, 10 % lost each way: as the network loses, no more."""
    sim = Simulation(
        strangers(NS),
        (Path(constant(0.3), independent(0.1), seed=1), Path(constant(0.3), independent(0.1), seed=2)),
    )
    sim.connect()
    out = sim.run(traffic(300.0, 0.2), [], 305.0)
    assert 0.6 <= out.handshake_s < 3.0
    assert out.lost_by_overlay == 0
    assert out.sent > 2900


def test_outages_end_in_a_session_again() -> None:
    """Five minutes without a way: longer than a session lasts."""
    from rabta.security.overlay.paths import Delay

    delay = Delay((0.0, 50.0, 50.0, 350.0, 350.0, 450.0), (0.1, 0.1, math.nan, math.nan, 0.1, 0.1))
    sim = Simulation(strangers(CI), (Path(delay), Path(delay)))
    sim.connect()
    sim.run(traffic(450.0, 0.5), [], 449.0)
    late = [fate for fate in sim.paths[0].log if fate.sent_s > 380.0]
    assert all(fate.verdict == "delivered" for fate in late)
    assert all(node.ready(other.local.identifier) for node, other in (sim.nodes, sim.nodes[::-1]))
    assert sim.out.wrong == sim.out.doubled == 0


class Book:
    """Accepted peers, of which some are revoked."""

    def __init__(self, suite: Suite, names: str) -> None:
        own = {name: (os.urandom(48), HybridPrivate.generate(suite)) for name in names}
        self.local = {name: Local(i, {suite.identifier: key}, name) for name, (i, key) in own.items()}
        self.peers = {i: Peer(i, {suite.identifier: key.public}, name) for name, (i, key) in own.items()}
        self.revoked: set[bytes] = set()

    def lookup(self, identifier: bytes) -> Peer:
        if identifier in self.revoked:
            raise Rejected("revoked", "a revoked credential")
        if identifier not in self.peers:
            raise Rejected("unknown", "no such credential")
        return self.peers[identifier]

    def node(self, name: str, suite: Suite = CI, **options: object) -> Node:
        return Node(self.local[name], self.lookup, suite, **options)  # type: ignore[arg-type]


def shake(a: Node, b: Node, now: float = 0.0, where: bytes = A) -> None:
    """Let two nodes talk until they are silent."""
    queue = [(a, step) for step in a.connect(b.local.identifier, B, now).send]
    while queue:
        node, (_, datagram) = queue.pop(0)
        other, sender = (b, where) if node is a else (a, B)
        queue += [(other, out) for out in other.receive(datagram, sender, now).send]


def test_a_revoked_device_is_dropped_in_mid_session() -> None:
    book = Book(CI, "ab")
    a, b = book.node("a"), book.node("b")
    shake(a, b)
    (_, packet), (_, later) = (a.send(b.local.identifier, bytes([n]) * 40, 1.0).send[0] for n in (1, 2))
    assert b.receive(packet, A, 1.0).received
    book.revoked.add(a.local.identifier)
    step = b.review(1.5)
    assert [(event.kind, event.detail) for event in step.events] == [("dropped", "revoked")]
    assert b.receive(later, A, 2.0) == Step()
    # It cannot come back either.
    for _, datagram in a.connect(b.local.identifier, B, 3.0).send:
        assert b.receive(datagram, A, 3.0) == Step()
    assert b.counters["revoked"] == 1
    with pytest.raises(Rejected, match="no link"):
        b.send(a.local.identifier, b"x", 3.0)


def test_an_address_follows_an_authentic_packet_alone() -> None:
    book = Book(CI, "ab")
    a, b = book.node("a"), book.node("b")
    shake(a, b)
    (_, packet) = a.send(b.local.identifier, b"hello", 1.0).send[0]
    forged = packet[:-1] + bytes([packet[-1] ^ 1])
    b.receive(forged, b"attacker", 1.0)
    assert b.send(a.local.identifier, b"x", 1.0).send[0][0] == A
    step = b.receive(packet, b"elsewhere", 1.0)
    assert [event.kind for event in step.events] == ["roamed"]
    assert b.send(a.local.identifier, b"x", 1.0).send[0][0] == b"elsewhere"
    b.receive(packet, b"attacker", 1.0)
    assert b.send(a.local.identifier, b"x", 1.0).send[0][0] == b"elsewhere"


def test_replayed_first_messages_push_out_nothing() -> None:
    book = Book(CI, "ab")
    a, b = book.node("a"), book.node("b")
    hellos = [book.node("a").connect(b.local.identifier, B, 0.0).send for _ in range(6)]
    shake(a, b)
    for _, datagram in [one for hello in hellos for one in hello]:
        b.receive(datagram, b"attacker", 1.0)
    link = b.links[a.local.identifier]
    assert len(link.live) == 1 + 6
    (_, packet) = a.send(b.local.identifier, b"hello", 2.0).send[0]
    assert b.receive(packet, A, 2.0).received == [(a.local.identifier, b"hello")]
    assert b.send(a.local.identifier, b"x", 2.0).send[0][0] == A


def forged(book: Book, peer: Node, claimed: Node) -> list[bytes]:
    """First message of somebody without keys who claims to be a node."""
    keys = {CI.identifier: HybridPrivate.generate(CI)}
    liar = Node(Local(claimed.local.identifier, keys), book.lookup, CI)
    return [datagram for _, datagram in liar.connect(peer.local.identifier, B, 0.0).send]


def test_forged_first_messages_keep_nobody_from_confirming() -> None:
    """Before the true peer's first packet others begin sessions in its name, from its address and others."""
    for addresses in ([A] * 40, [b"%d" % k for k in range(200)]):
        book = Book(CI, "ab")
        a, b = book.node("a"), book.node("b")
        hello = a.connect(b.local.identifier, B, 0.0).send
        answers = [out for _, datagram in hello for out in b.receive(datagram, A, 0.0).send]
        for address in addresses:
            for datagram in forged(book, b, a):
                b.receive(datagram, address, 0.01)
        packets = [out for _, datagram in answers for out in a.receive(datagram, B, 0.02).send]
        for _, packet in packets:
            b.receive(packet, A, 0.03)
        assert b.ready(a.local.identifier)
        assert b.links[a.local.identifier].address == A
        assert b.responder.work <= 1 + MANY_WAITING, "from then on strangers must show cookies"


def test_a_flood_makes_the_node_ask_for_cookies_by_itself() -> None:
    book = Book(CI, "abc")
    a, b, c = book.node("a"), book.node("b"), book.node("c")
    for k in range(300):
        for datagram in forged(book, b, (a, c)[k % 2]):
            b.receive(datagram, b"spoofed %d" % k, 0.001 * k)
    assert b.responder.work <= MOST_WORK + 1
    shake(a, b, 0.5)
    assert a.ready(b.local.identifier), "who hears the cookie gets in"


def test_both_begin_at_once() -> None:
    book = Book(CI, "ab")
    for _ in range(5):
        a, b = book.node("a"), book.node("b")
        queue = [(b, A, d) for _, d in a.connect(b.local.identifier, B, 0.0).send]
        queue += [(a, B, d) for _, d in b.connect(a.local.identifier, A, 0.0).send]
        while queue:
            node, sender, datagram = queue.pop(0)
            other, own = (a, B) if node is b else (b, A)
            queue += [(other, own, out) for _, out in node.receive(datagram, sender, 0.1).send]
        for now in (1.0, 11.0, 30.0):
            for one, other, at in ((a, b, A), (b, a, B)):
                (_, packet) = one.send(other.local.identifier, b"x", now).send[-1]
                assert other.receive(packet, at, now).received


def test_a_killed_node_goes_on_from_its_ledger(tmp_path: File) -> None:
    book = Book(CI, "ab")
    ledger = Ledger(tmp_path / "ledger")
    a, b = book.node("a"), book.node("b", ledger=ledger)
    shake(a, b)
    (_, old) = a.send(b.local.identifier, b"before", 1.0).send[0]
    assert b.receive(old, A, 1.0).received
    ledger.close()
    again = book.node("b", ledger=Ledger(tmp_path / "ledger"))
    assert [event.kind for event in again.resume(5.0).events] == ["resumed"]
    assert again.receive(old, A, 5.0) == Step()  # no packet twice, over the crash
    payloads = []
    for number in range(200):  # those below the lease are refused
        (_, packet) = a.send(b.local.identifier, bytes([number]) * 9, 6.0).send[0]
        payloads += [inside for _, inside in again.receive(packet, A, 6.0).received]
    assert payloads
    assert payloads == [bytes([n]) * 9 for n in range(200 - len(payloads), 200)]
    assert again.tick(6.1).send  # a successor at once


class Machine:
    """A clock that counts on while processes die."""

    def __init__(self) -> None:
        self.boot, self.now = b"start", 100.0

    def __call__(self) -> tuple[bytes, float]:
        return self.boot, self.now


def test_crashes_do_not_lengthen_the_life_of_a_session(tmp_path: File) -> None:
    """Killed again and again, and its own counter of seconds begins anew each time: 180 s are 180 s."""
    book, machine = Book(CI, "ab"), Machine()
    a, b = book.node("a"), book.node("b", ledger=Ledger(tmp_path / "ledger", machine))
    shake(a, b)
    accepted = []
    for crash in range(1, 9):
        assert b.ledger is not None
        b.ledger.close()
        machine.now += 30.0
        b = book.node("b", ledger=Ledger(tmp_path / "ledger", machine))
        kinds = [event.kind for event in b.resume(5.0).events]
        assert kinds == (["resumed"] if 30.0 * crash < 180.0 else [])
        for live in [live for link in b.links.values() for live in link.live.values()]:
            assert live.until - 5.0 == pytest.approx(180.0 - 30.0 * crash)
        session = a.links[b.local.identifier].live[a.links[b.local.identifier].sending].session
        session.counter += 1_000_000  # beyond what was leased
        step = b.receive(session.seal(b"\x00late"), A, 5.0)
        accepted.append(bool(step.received))
    assert accepted == [True] * 5 + [False] * 3
    assert b.ledger is not None
    assert b.ledger.names() == []


def test_after_a_restart_of_the_machine_there_is_a_new_handshake(tmp_path: File) -> None:
    book, machine = Book(CI, "ab"), Machine()
    a, b = book.node("a"), book.node("b", ledger=Ledger(tmp_path / "ledger", machine))
    shake(a, b)
    assert b.ledger is not None
    b.ledger.close()
    machine.boot = b"another start"
    again = book.node("b", ledger=Ledger(tmp_path / "ledger", machine))
    assert again.resume(5.0).events == []
    assert again.counters["stale"] == 1
    assert again.ledger is not None
    assert again.ledger.names() == []
    (_, packet) = a.send(b.local.identifier, b"x", 1.0).send[0]
    assert again.receive(packet, A, 5.0) == Step()
    shake(again, a, 6.0)
    assert again.ready(a.local.identifier)


def test_a_state_of_another_version_is_forgotten_with_one_count(tmp_path: File) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.save(b"12345678", b"\xa1\x67version\x01")
    ledger.save(b"22345678", b"rubbish")
    node = Book(CI, "ab").node("b", ledger=ledger)
    assert node.resume(1.0).events == []
    assert node.counters["version"] == node.counters["malformed"] == 1
    assert ledger.names() == []


def test_too_long_a_payload_is_refused() -> None:
    book = Book(CI, "ab")
    a, b = book.node("a"), book.node("b")
    shake(a, b)
    assert a.send(b.local.identifier, bytes(MOST_PAYLOAD), 1.0).send
    with pytest.raises(Rejected, match="payload"):
        a.send(b.local.identifier, bytes(MOST_PAYLOAD + 1), 1.0)


class Leaves(list[bytes]):
    """An audit log in memory."""


def test_the_log_gets_a_leaf_of_every_change() -> None:
    book, leaves = Book(CI, "ab"), Leaves()
    a, b = book.node("a", audit=leaves), book.node("b")
    shake(a, b)
    for number in range(3):
        a.handover(b.local.identifier, f"satellite {number}", 1.0 + number)
    kinds = [leaf for leaf in leaves if b"key_epoch" in leaf]
    assert len(kinds) == 3
    assert sum(b"session" in leaf for leaf in leaves) == 1


def state(node: Node) -> tuple[object, ...]:
    """What noise must not change."""
    links = [(name, link.address, link.sending, sorted(link.live)) for name, link in node.links.items()]
    epochs = [live.session.receiving.epoch for link in node.links.values() for live in link.live.values()]
    return (links, epochs, sorted(node.by_session))


def test_ten_thousand_mutations_change_counters_alone() -> None:
    """Every datagram of a handshake and of a session, bits and bytes changed, cut, spliced, at both sides."""
    book, draw = Book(CI, "ab"), random.Random(1)
    a, b = book.node("a"), book.node("b")
    honest = [datagram for _, datagram in book.node("a").connect(b.local.identifier, B, 0.0).send]
    shake(a, b)
    honest += [a.send(b.local.identifier, bytes(60), 1.0).send[0][1] for _ in range(5)]
    before, refused = state(b), sum(b.counters.values())
    for _ in range(10_000):
        raw = bytearray(draw.choice(honest))
        for _ in range(draw.choice((1, 1, 2, 5))):
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        if draw.random() < 0.2:
            raw = raw[: draw.randrange(len(raw))] + draw.choice(honest)[draw.randrange(60) :]
        if bytes(raw) in honest:
            continue
        step = b.receive(bytes(raw), b"attacker", 1.0)
        assert step.received == []
        assert step.events == []
        assert all(address == b"attacker" for address, _ in step.send)
    assert state(b) == before
    assert sum(b.counters.values()) > refused


NOISE = Book(CI, "ab")
NODE = NOISE.node("b")


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=1400),
    st.sampled_from([b"", b"\x10\x02", b"\x11\x02", b"\x12\x02", b"\x13\x02", b"\x20"]),
)
def test_noise_is_counted(raw: bytes, head: bytes) -> None:
    assert NODE.receive(head + raw, b"attacker", 1.0).received == []
    assert NODE.links == {}


def test_policy_is_bounded_by_time() -> None:
    """A session without a successor ends: nothing is sealed with it, nothing opened."""
    book = Book(CI, "ab")
    a, b = book.node("a", policy=Policy(expire_s=50.0)), book.node("b", policy=Policy(expire_s=50.0))
    shake(a, b)
    (_, packet) = a.send(b.local.identifier, b"late", 1.0).send[0]
    assert b.receive(packet, A, 51.0).received == []
    assert b.counters["stale"] == 1
    assert all(len(datagram) > 500 for _, datagram in a.send(b.local.identifier, b"x", 51.0).send)
