"""Nodes tell each other newer epochs in their sessions; hostile peers can neither poison nor flood that."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.security.overlay.test_members import T0, World

from rabta.errors import RabtaError
from rabta.security.audit.log import Log
from rabta.security.audit.notes import ED25519, add
from rabta.security.audit.portable import Inclusion
from rabta.security.core import CI, CompositePrivate, Rejected, cbor
from rabta.security.identity import epochs
from rabta.security.identity.epochs import Epoch
from rabta.security.identity.roots import RootPolicy
from rabta.security.identity.trust import MOST_HEADS, Trust
from rabta.security.overlay import news as talk
from rabta.security.overlay.members import Member, accept
from rabta.security.overlay.news import EPOCH, HAVE, NOTE, PIECE, PIECE_BYTES, WANT, News
from rabta.security.overlay.node.state import NEWS
from rabta.security.overlay.paths import Path as Way
from rabta.security.overlay.paths import constant, independent
from rabta.security.overlay.simulate import Simulation


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for name in "cd":
        made.bundles[name] = made.node(name)
    return made


def members(world: World, names: str) -> list[Member]:
    found = [world.member(name) for name in names]
    for one in found:
        for name in names:
            if name != one.local.name:
                accept(one.trust, world.folder / f"{name}.bundle")
    return found


class Net:
    """Nodes with addresses of one letter; every datagram arrives after a while, or at once in `settle`."""

    def __init__(self, members: list[Member]) -> None:
        self.members = {one.local.name.encode(): one for one in members}
        self.nodes = {name: one.node(CI) for name, one in self.members.items()}
        self.now, self.events = 0.0, []  # type: ignore[var-annotated]
        self.count = 0

    def name(self, name: str) -> bytes:
        return self.members[name.encode()].local.identifier

    def connect(self, one: str, other: str) -> None:
        self.put(one.encode(), self.nodes[one.encode()].connect(self.name(other), other.encode(), self.now))

    def put(self, sender: bytes, step: object) -> None:
        queue = [(sender, step)]
        while queue:
            at, done = queue.pop(0)
            self.events += [(at, e.kind, e.detail) for e in done.events]  # type: ignore[attr-defined]
            for address, datagram in done.send:  # type: ignore[attr-defined]
                self.count += 1
                self.now += 1e-3
                if address in self.nodes:
                    queue.append((address, self.nodes[address].receive(datagram, at, self.now)))

    def settle(self, seconds: float = 30.0) -> None:
        until = self.now + seconds
        while self.now < until:
            for name, node in self.nodes.items():
                self.put(name, node.tick(self.now))
            self.now += 0.5

    def epoch(self, one: str) -> int:
        return self.members[one.encode()].trust.epoch.number


def test_the_one_behind_fetches_the_epoch_and_drops_the_revoked(world: World) -> None:
    """a and b talk; c, whom b hears too, is revoked; a learns it from a file, b from a, c is dropped."""
    net = Net(members(world, "abc"))
    net.connect("b", "c")
    net.connect("a", "b")
    net.settle(2.0)
    assert net.nodes[b"b"].ready(net.name("c"))
    statement, proof = world.epoch(3, net.name("c"))
    net.members[b"a"].epoch(net.nodes[b"a"], statement, proof, net.now)
    net.settle(5.0)
    assert net.epoch("b") == 3
    assert (b"b", "epoch", "3") in net.events
    assert (b"b", "dropped", "revoked") in net.events
    assert net.name("c") not in net.nodes[b"b"].links
    assert net.nodes[b"b"].ready(net.name("a"))
    assert world.member("b").trust.epoch.number == 3, "and a restart does not forget it"


def test_an_epoch_walks_from_node_to_node(world: World) -> None:
    net = Net(members(world, "abcd"))
    for one, other in ("ab", "bc", "cd"):
        net.connect(one, other)
    net.settle(2.0)
    net.members[b"a"].epoch(net.nodes[b"a"], *world.epoch(1, bytes(48)), net.now)
    net.settle(5.0)
    assert [net.epoch(name) for name in "abcd"] == [1, 1, 1, 1]
    assert len({member.news.ours() for member in net.members.values()}) == 1
    before = net.count
    net.settle(60.0)
    assert net.count - before < 60, "once all agree there is nothing to say but signs of life"


def test_at_the_first_contact_of_a_session(world: World) -> None:
    """The one that was off while the epoch came learns it when it connects, whoever begins."""
    net = Net(members(world, "ab"))
    net.members[b"b"].epoch(net.nodes[b"b"], *world.epoch(2, bytes(48)), 0.0)
    net.connect("a", "b")
    net.settle(3.0)
    assert net.epoch("a") == 2


def test_over_a_bad_link(world: World) -> None:
    """600 ms there and back, a fifth lost each way."""
    one, two = members(world, "ab")
    ways = [Way(constant(0.3), independent(0.2), seed=seed) for seed in (1, 2)]
    sim = Simulation((one.node(CI), two.node(CI)), (ways[0], ways[1]))
    sim.connect()
    sim.run([], [], 10.0)
    one.epoch(sim.nodes[0], *world.epoch(4, bytes(48)), 10.0)
    sim.run([], [], 60.0)
    assert two.trust.epoch.number == 4


def test_accepting_a_bundle_with_a_newer_epoch_ends_sessions_at_once(world: World) -> None:
    """No file, no peer: the epoch comes with somebody's bundle, and the next thing the node does is drop."""
    net = Net(members(world, "abc"))
    net.connect("a", "b")
    net.settle(2.0)
    statement, proof = world.epoch(5, net.name("a"))
    bundle = world.bundles["c"]
    trust = net.members[b"b"].trust
    trust.accept(type(bundle)(bundle.credential, bundle.proof, statement, proof))
    node = net.nodes[b"b"]
    assert node.due() < net.now
    (_, packet) = net.nodes[b"a"].send(net.name("b"), b"late", net.now).send[0]
    step = node.receive(packet, b"a", net.now)
    assert step.received == []
    assert [(e.kind, e.detail) for e in step.events] == [("epoch", "5"), ("dropped", "revoked")]
    with pytest.raises(Rejected):
        node.send(net.name("a"), b"x", net.now)


def test_sending_after_a_revocation_is_refused_too(world: World) -> None:
    net = Net(members(world, "ab"))
    net.connect("a", "b")
    net.settle(2.0)
    net.members[b"b"].trust.advance(*world.epoch(5, net.name("a")))
    with pytest.raises(Rejected, match="no link"):
        net.nodes[b"b"].send(net.name("a"), b"x", net.now)


def test_a_newer_checkpoint_is_taken(world: World) -> None:
    net = Net(members(world, "ab"))
    trust = net.members[b"a"].trust
    trust.witness(world.proof(b"later").note)
    assert trust.size > net.members[b"b"].trust.size
    net.connect("a", "b")
    net.settle(5.0)
    other = net.members[b"b"].trust
    assert (other.size, other.note) == (trust.size, trust.note)
    assert other.clock.lower(other.counter()) >= T0 + trust.size - 2


class Liar:
    """A registered peer that says what it likes to a node's `News`."""

    def __init__(self, world: World) -> None:
        (world.folder / "b.key.trust").unlink(missing_ok=True)
        self.trust = members(world, "ab")[1].trust
        self.news = News(self.trust)
        self.now = 0.0

    def say(self, *message: object, peer: bytes = b"liar") -> list[list[object]]:
        return [cbor.decode(out) for out in self.news.receive(peer, cbor.encode(list(message)), self.now)]

    def offer(self, number: int, raw: bytes, peer: bytes = b"liar") -> None:
        """Offer an epoch and send a document for it, as it is asked for."""
        asked = self.say(HAVE, number, 0, b"", 0, 0, b"", peer=peer)
        asked += [cbor.decode(out) for out in self.news.tick(peer, self.now)]
        wants = [one for one in asked if one[0] == WANT]
        while wants:
            at = wants[0][3]
            assert isinstance(at, int)
            wants = []
            for offset in range(at, min(len(raw), at + talk.PIECES * PIECE_BYTES), PIECE_BYTES):
                piece = raw[offset : offset + PIECE_BYTES]
                out = self.say(PIECE, EPOCH, number, len(raw), offset, piece, peer=peer)
                wants += [one for one in out if one[0] == WANT]


def forged(world: World) -> list[bytes]:
    """Documents that must not be taken, each for another reason."""
    statement, proof = world.epoch(7, bytes(48))
    other, _ = world.epoch(8, bytes(48))
    stranger = CompositePrivate.generate()
    made = Epoch(7)
    unsigned = epochs.combine(made, [epochs.endorse(made, stranger)], RootPolicy(1, (stranger.public,)))
    index = world.log.append(b"unwitnessed")
    bare = Inclusion(index, (), world.log.checkpoint(T0))
    return [
        cbor.encode([statement, proof.encode()[:-1]]),
        cbor.encode([statement[:-1] + bytes([statement[-1] ^ 1]), proof.encode()]),
        cbor.encode([other, proof.encode()]),
        cbor.encode([unsigned, world.proof(unsigned).encode()]),
        cbor.encode([statement, bare.encode()]),
        cbor.encode([statement]),
        cbor.encode({"a": 1}),
        b"\xff" * 3000,
        bytes(1),
    ]


def test_forged_epochs_are_refused_and_their_sender_barred(world: World) -> None:
    for number, raw in enumerate(forged(world)):
        liar = Liar(world)
        with pytest.raises(Rejected):
            liar.offer(7, raw)
        assert liar.trust.epoch.number == 0, number
        assert liar.say(HAVE, 9, 0, b"", 0, 0, b"")[1:] == [], "it is not asked again"
        liar.now += talk.BAR_S + 1.0
        statement, proof = world.epoch(7, bytes(48))
        liar.offer(7, cbor.encode([statement, proof.encode()]))
        assert liar.trust.epoch.number == 7


def test_an_older_epoch_in_the_place_of_the_one_offered(world: World) -> None:
    liar = Liar(world)
    statement, proof = world.epoch(7, bytes(48))
    with pytest.raises(Rejected, match="another epoch"):
        liar.offer(9, cbor.encode([statement, proof.encode()]))
    assert liar.trust.epoch.number == 7, "it holds all the same"
    assert liar.say(HAVE, 10, 0, b"", 0, 0, b"")[1:] == []


def test_pieces_that_do_not_fit_are_refused(world: World) -> None:
    liar = Liar(world)
    with pytest.raises(Rejected, match="nobody asked"):
        liar.say(PIECE, EPOCH, 7, 10, 0, bytes(10))
    liar.say(HAVE, 7, 0, b"", 0, 0, b"")
    for message in (
        (PIECE, EPOCH, 7, talk.MOST_DOCUMENT + 1, 0, bytes(PIECE_BYTES)),
        (PIECE, EPOCH, 7, 0, 0, b""),
        (PIECE, EPOCH, 7, 10, 0, bytes(9)),
        (PIECE, EPOCH, 7, 2000, 1, bytes(PIECE_BYTES)),
        (PIECE, EPOCH, 7, 2000, 1800, bytes(PIECE_BYTES)),
        (PIECE, EPOCH, 7, 2000, 2700, b""),
        (PIECE, EPOCH, 8, 2000, 0, bytes(PIECE_BYTES)),
        (PIECE, NOTE, 7, 2000, 0, bytes(PIECE_BYTES)),
        (WANT, 2, 7, 0),
        (WANT, EPOCH, 7, 1),
        (HAVE, 7, 0, b"x", 0, 0, b""),
        (HAVE, -1, 0, b"", 0, 0, b""),
        (HAVE, 1 << 63, 0, b"", 0, 0, b""),
        (HAVE, True, 0, b"", 0, 0, b""),
        (4,),
        (),
    ):
        with pytest.raises(Rejected):
            liar.say(*message)
    liar.say(PIECE, EPOCH, 7, 2000, 0, bytes(PIECE_BYTES))
    with pytest.raises(Rejected, match="another document"):
        liar.say(PIECE, EPOCH, 7, 3000, PIECE_BYTES, bytes(PIECE_BYTES))


def test_dripping_peers_hold_the_slots_for_a_minute_at_most(world: World) -> None:
    """Eight claim epochs that never come; a ninth, honest one is heard after their time."""
    liar = Liar(world)
    names = [b"liar %d" % k for k in range(talk.MOST_FETCHES)]
    statement, proof = world.epoch(7, bytes(48))
    raw = cbor.encode([statement, proof.encode()])
    for name in names:
        assert liar.say(HAVE, 99, 0, b"", 0, 0, b"", peer=name)[-1][0] == WANT
    liar.offer(7, raw, b"honest")
    assert liar.trust.epoch.number == 0
    for second in range(int(talk.FETCH_S) + 2):
        liar.now = float(second)
        for name in names:  # another number each time wins no time
            with suppress(Rejected):
                liar.say(HAVE, 100 + second, 0, b"", 0, 0, b"", peer=name)
            liar.news.tick(name, liar.now)
    assert not liar.news._fetching
    assert all(liar.news._barred[name, EPOCH] > liar.now for name in names)
    asked = liar.news.tick(b"honest", liar.now)
    assert any(cbor.decode(one)[0] == WANT for one in asked)
    liar.news.peers[b"honest"].fetch = None
    liar.news._fetching.clear()
    liar.offer(7, raw, b"other")
    assert liar.trust.epoch.number == 7


def test_peers_that_fall_silent_hold_no_slot(world: World) -> None:
    """Their sessions are over, so that nobody looks after their questions any more."""
    liar = Liar(world)
    for k in range(talk.MOST_FETCHES):
        liar.say(HAVE, 99, 0, b"", 0, 0, b"", peer=b"silent %d" % k)
    statement, proof = world.epoch(7, bytes(48))
    raw = cbor.encode([statement, proof.encode()])
    liar.now = talk.FETCH_S - 1.0
    liar.offer(7, raw, b"honest")
    assert liar.trust.epoch.number == 0
    liar.now = talk.FETCH_S + 1.0
    liar.offer(7, raw, b"another")
    assert liar.trust.epoch.number == 7
    assert not liar.news._fetching


def test_answers_are_bounded_by_a_budget(world: World) -> None:
    liar = Liar(world)
    statement, proof = world.epoch(7, bytes(48))
    liar.trust.advance(statement, proof)
    sent = 0
    for _ in range(1000):
        sent += len(liar.say(WANT, EPOCH, 7, 0))
        sent += len(liar.say(HAVE, sent % 5, 0, b"", 0, 0, b""))
    assert sent <= talk.BURST
    liar.now += 1.0
    for _ in range(1000):
        sent += len(liar.say(WANT, EPOCH, 7, 0))
    assert sent <= talk.BURST + talk.RATE


def test_what_is_kept_is_bounded(world: World) -> None:
    liar = Liar(world)
    for k in range(talk.MOST_BARRED + 50):
        peer = liar.news.peers.setdefault(b"%d" % k, talk._Peer())
        peer.fetch = talk._Fetch(EPOCH, 9, 0.0)
        liar.news._bar(b"%d" % k, peer, 0.0, 1.0)
        liar.news.gone(b"%d" % k)
    assert len(liar.news._barred) == talk.MOST_BARRED
    assert liar.news.peers == {}


def split(world: World) -> bytes:
    """Checkpoint of another tree as large as that which everybody has, signed by log and witness alike."""
    key = world.log.keys[0]
    assert key.kind == ED25519
    other = Log.create(world.folder / "other", "log.example", [key])
    size = members(world, "ab")[1].trust.size
    for k in range(size):
        other.append(b"another %d" % k)
    note = other.checkpoint(T0)
    return add(note, world.witness.line(note.split(b"\n\n")[0].decode() + "\n", T0))


def test_two_views_of_the_log_are_found_and_evidence_kept(world: World) -> None:
    net = Net(members(world, "ab"))
    one, two = net.members[b"a"], net.members[b"b"]
    note = split(world)
    one.trust.__init__(one.trust.root, one.trust.policy)  # type: ignore[misc]
    one.trust.watchers.append(one.news._watch)
    one.trust.witness(note)
    one.trust._known.update(two.trust._known)
    assert one.news.ours()[1] == two.news.ours()[1]
    net.connect("b", "a")
    net.settle(5.0)
    assert net.nodes[b"b"].counters["news split"] == 1
    assert two.trust.evidence is not None
    verdict = two.trust.evidence.judge(world.policy)
    assert verdict.witnesses == ["w.example"]
    two.save()
    assert two.evidence.exists()
    with pytest.raises(Rejected) as refused:
        two.trust.witness(note)
    assert refused.value.reason == "split"


def test_no_credential_is_taken_under_the_second_view(world: World) -> None:
    trust = members(world, "ab")[1].trust
    fresh = Trust(trust.root, trust.policy)
    fresh.witness(split(world))
    with pytest.raises(Rejected) as refused:
        fresh.accept(world.bundles["b"])  # whose proof is under the other tree of that size
    assert refused.value.reason == "split"
    assert fresh._known == {}
    assert fresh.evidence is not None


def test_checkpoints_kept_for_comparison_are_bounded(world: World) -> None:
    trust = members(world, "ab")[1].trust
    trust._heads = {size: (bytes(32), b"") for size in range(1000, 1000 + MOST_HEADS)}
    trust.size = 5000
    trust.witness(world.proof(b"x").note)
    assert len(trust._heads) == MOST_HEADS


def test_a_full_disk_is_noted_and_the_epoch_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Net(members(world, "ab"))
    net.connect("a", "b")
    net.settle(2.0)
    two = net.members[b"b"]

    def full(path: Path) -> None:
        raise RabtaError("no room", file=path)

    monkeypatch.setattr(two.trust, "save", full)
    net.members[b"a"].epoch(net.nodes[b"a"], *world.epoch(3, bytes(48)), net.now)
    net.settle(3.0)
    assert two.trust.epoch.number == 3
    assert two.unsaved == "no room"


def test_news_to_a_node_without_a_root_is_passed_over() -> None:
    from tests.security.overlay.test_node import Book, shake

    book = Book(CI, "ab")
    a, b = book.node("a"), book.node("b")
    shake(a, b)
    link = a.links[b.local.identifier]
    live = link.speaking
    assert live is not None
    for inside in (NEWS + b"anything", b"\x02later kind"):
        (_, packet) = a._seal(link, live, inside, 1.0).send[0]
        assert b.receive(packet, b"a", 1.0).received == []
    assert b.counters["unread"] == 2


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], None]:
    news = News(World(tmp_path_factory.mktemp("noise")).member("a").trust)

    def take(raw: bytes) -> None:
        with suppress(Rejected):
            assert len(news.receive(b"peer", raw, 0.0)) <= talk.PIECES
        assert news.trust.epoch.number == 0

    return take


ITEMS = st.one_of(
    st.integers(-2, 9), st.integers(), st.binary(max_size=40), st.text(max_size=3), st.booleans()
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(ITEMS, max_size=8).map(cbor.encode)))
def test_noise_is_refused(noisy: Callable[[bytes], None], raw: bytes) -> None:
    noisy(raw)


def tapped(news: News, said: list[bytes]) -> Callable[[bytes, bytes, float], list[bytes]]:
    heard = news.receive

    def receive(peer: bytes, inside: bytes, now: float) -> list[bytes]:
        said.append(inside)
        return heard(peer, inside, now)

    return receive


def test_mutated_talk_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What two nodes said, with bits changed, to a third as from a registered peer."""
    said: list[bytes] = []
    net = Net(members(world, "ab"))
    for member in net.members.values():
        monkeypatch.setattr(member.news, "receive", tapped(member.news, said))
    net.members[b"a"].epoch(net.nodes[b"a"], *world.epoch(3, bytes(48)), 0.0)
    net.connect("a", "b")
    net.settle(3.0)
    assert net.epoch("b") == 3
    draw, liar = random.Random(1), Liar(world)
    for k in range(3000):
        raw = bytearray(draw.choice(said))
        for _ in range(draw.choice((1, 1, 3))):
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        liar.now = k * 0.01
        with suppress(Rejected):
            liar.news.receive(b"liar", bytes(raw), liar.now)
        liar.news.tick(b"liar", liar.now)
    assert liar.trust.epoch.number in {0, 3}
    assert len(liar.news._fetching) <= 1


def test_who_is_only_late_is_asked_again_soon(world: World) -> None:
    """An outage after an offer is no lie: a minute, then twice as long each time, an hour at most."""
    liar, peer = Liar(world), b"liar"
    assert liar.say(HAVE, 9, 0, b"", 0, 0, b"")[1:], "it is asked for"
    for barred in (60.0, 120.0, 240.0):
        liar.now += talk.FETCH_S + 1.0
        liar.news.tick(peer, liar.now)
        liar.now += barred - 2.0
        liar.news.tick(peer, liar.now)
        assert liar.news.peers[peer].fetch is None
        liar.now += 3.0
        liar.news.tick(peer, liar.now)
        assert liar.news.peers[peer].fetch is not None
    for _ in range(12):
        liar.now += 3.0 * talk.BAR_S
        liar.news.tick(peer, liar.now)
    assert max(liar.news._slow.values()) <= talk.BAR_S
    statement, proof = world.epoch(9, bytes(48))
    liar.now += talk.BAR_S + 1.0
    liar.news.tick(peer, liar.now)  # a question that stood open ends late once more
    liar.now += talk.BAR_S + 1.0
    liar.offer(9, cbor.encode([statement, proof.encode()]))
    assert liar.trust.epoch.number == 9
