"""Nodes with real credentials, a log and witnesses: who is revoked in mid-session is heard no more."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from rabta.errors import RabtaError
from rabta.security.audit.log import Log
from rabta.security.audit.notes import COSIGNED_MLDSA44, ED25519, Signing, add
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.core import NS, CompositePrivate, Rejected
from rabta.security.identity import epochs, issue
from rabta.security.identity.credential import Claims
from rabta.security.identity.epochs import Epoch
from rabta.security.identity.issue import Bundle, NodeKeys
from rabta.security.identity.roots import RootPolicy
from rabta.security.overlay.members import Member, accept, member
from rabta.security.overlay.node import Node
from rabta.security.overlay.paths import Path as Way
from rabta.security.overlay.paths import constant, handovers
from rabta.security.overlay.simulate import Simulation

T0 = 1_800_000_000


class World:
    """One officer, a log, a witness, two nodes, their files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.officer = folder, CompositePrivate.generate()
        self.root = RootPolicy(1, (self.officer.public,))
        signing = Signing.generate("log.example", ED25519)
        self.log = Log.create(folder / "log", "log.example", [signing])
        self.witness = Signing.generate("w.example", COSIGNED_MLDSA44)
        self.policy = Policy("log.example", (signing.public,), (self.witness.public,), 1)
        (folder / "root").write_bytes(self.root.encode())
        self.bundles = {name: self.node(name) for name in "ab"}

    def proof(self, raw: bytes) -> Inclusion:
        index = self.log.append(raw)
        note = self.log.checkpoint(T0 + index)
        text = note.split(b"\n\n")[0].decode() + "\n"
        return replace(self.log.prove(index), note=add(note, self.witness.line(text, T0 + index)))

    def node(self, name: str) -> Bundle:
        keys = NodeKeys.generate()
        public = {number: key.public for number, key in keys.keys.items()}
        claims = Claims(
            name=name, role="node", clearance="secret", device=-1, first=0, last=9,
            verify=keys.sign.public, keys=public,
        )  # fmt: skip
        raw = issue.combine(claims, [issue.endorse(claims, self.officer)], self.root)
        made = Bundle(raw, self.proof(raw))
        keys.save(self.folder / f"{name}.key")
        (self.folder / f"{name}.bundle").write_bytes(made.encode())
        return made

    def member(self, name: str) -> Member:
        where = self.folder
        return member(where / f"{name}.key", where / f"{name}.bundle", where / "root", self.policy)

    def epoch(self, number: int, *revoked: bytes) -> tuple[bytes, Inclusion]:
        made = Epoch(number, epochs.short(revoked))
        raw = epochs.combine(made, [epochs.endorse(made, self.officer)], self.root)
        return raw, self.proof(raw)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def pair(world: World) -> tuple[Simulation, tuple[Member, Member]]:
    one, two = world.member("a"), world.member("b")
    accept(one.trust, world.folder / "b.bundle")
    accept(two.trust, world.folder / "a.bundle")
    nodes = (Node(one.local, one.trust.lookup, NS, audit=world.log), Node(two.local, two.trust.lookup, NS))
    delay, _ = handovers(5, 4.0, 0.01, 0.02)
    return Simulation(nodes, (Way(delay), Way(delay))), (one, two)


def test_a_lost_device_is_revoked_in_mid_session(world: World) -> None:
    sim, (one, two) = pair(world)
    sim.connect()
    sim.run([(0.1 + 0.01 * at, 0, 40) for at in range(200)], [], 3.0)
    node = sim.nodes[1]
    assert node.counters["received"] == 200
    step = two.epoch(node, *world.epoch(1, one.local.identifier), now=3.0)
    assert [(event.kind, event.detail) for event in step.events] == [("dropped", "revoked")]
    sim.run([(3.0 + 0.01 * at, 0, 40) for at in range(200)], [], 20.0)
    assert node.counters["received"] == 200
    assert node.links == {}
    assert node.counters["revoked"] > 0  # it tried again, with handshakes


def test_a_restart_does_not_forget_who_is_revoked(world: World) -> None:
    one, two = world.member("a"), world.member("b")
    accept(two.trust, world.folder / "a.bundle")
    two.epoch(Node(two.local, two.trust.lookup, NS), *world.epoch(3, one.local.identifier), now=1.0)
    again = world.member("b")
    assert again.trust.epoch.number == 3
    with pytest.raises(Rejected, match="revoked"):
        accept(again.trust, world.folder / "a.bundle")


def test_an_unreadable_epoch_file_is_counted_and_nothing_more(world: World, tmp_path: Path) -> None:
    two = world.member("b")
    node = Node(two.local, two.trust.lookup, NS)
    (tmp_path / "e").write_bytes(bytes(1 << 23))
    (tmp_path / "p").write_bytes(b"")
    assert two.watch(node, tmp_path / "e", tmp_path / "p", 1.0).events == []
    assert node.counters["epoch unreadable"] + node.counters["epoch malformed"] == 1


def test_an_epoch_that_revokes_nobody_here_drops_nobody(world: World) -> None:
    sim, (_, two) = pair(world)
    sim.connect()
    sim.run([(0.1, 0, 40)], [], 1.0)
    assert two.epoch(sim.nodes[1], *world.epoch(1, bytes(48)), now=1.0).events == []
    sim.run([(2.0, 0, 40), (2.0, 1, 40)], [], 3.0)
    assert sum(node.counters["received"] for node in sim.nodes) == 3


def test_changes_are_leaves_of_a_real_log(world: World) -> None:
    sim, _ = pair(world)
    before = world.log.append(b"mark")
    delay, changes = handovers(5, 4.0, 0.01, 0.02)
    sim.paths = (Way(delay), Way(delay))
    sim.connect()
    sim.run([], changes, 22.0)
    leaves = world.log.append(b"mark") - before - 1
    assert leaves == 6  # one session, five changes of keys


def test_forged_and_old_epochs_change_nothing(world: World, tmp_path: Path) -> None:
    sim, (one, two) = pair(world)
    sim.connect()
    sim.run([(0.1, 0, 40)], [], 1.0)
    node = sim.nodes[1]
    statement, proof = world.epoch(1, one.local.identifier)
    for number, raw in enumerate([statement[:-1], statement[:-9] + bytes(9), b"", bytes(2000)]):
        (tmp_path / "e").write_bytes(raw)
        (tmp_path / "p").write_bytes(proof.encode())
        two.seen = (float(number), 0.0)
        assert two.watch(node, tmp_path / "e", tmp_path / "p", 2.0).events == []
    assert two.trust.epoch.number == 0
    assert len(node.links) == 1
    (tmp_path / "e").write_bytes(statement)
    two.seen = (9.0, 0.0)
    assert [e.kind for e in two.watch(node, tmp_path / "e", tmp_path / "p", 2.0).events] == ["dropped"]
    assert two.watch(node, tmp_path / "e", tmp_path / "p", 2.0).events == []


def test_who_is_not_accepted_gets_no_session(world: World) -> None:
    one, two = world.member("a"), world.member("b")
    accept(one.trust, world.folder / "b.bundle")  # b never heard of a
    ways = (Way(constant(0.01)), Way(constant(0.01)))
    sim = Simulation((Node(one.local, one.trust.lookup, NS), Node(two.local, two.trust.lookup, NS)), ways)
    sim.connect()
    sim.run([], [], 10.0)
    assert sim.nodes[1].links == {}
    assert sim.nodes[1].counters["unknown"] > 0
    with pytest.raises(Rejected, match="accepted"):
        sim.nodes[1].connect(one.local.identifier, b"a", 0.0)


def test_the_bundle_must_go_with_the_key(world: World) -> None:
    where = world.folder
    with pytest.raises(RabtaError, match="another node's"):
        member(where / "a.key", where / "b.bundle", where / "root", world.policy)


def test_a_real_clock_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine's clock says, nothing here reads it."""

    def never() -> float:
        raise AssertionError("the wall clock was asked")

    sim, _ = pair(world)
    monkeypatch.setattr(time, "time", never)
    sim.connect()
    out = sim.run([(0.1, 0, 40)], [], 1.0)
    assert out.delivered == 1
