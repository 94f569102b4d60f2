"""Agents among strangers who mean harm: fragments, reports, names of files, slow connections."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.security.bundles.agent import Agent, Policy, files, mtcp, seams, tcpcl
from rabta.security.bundles.agent.policy import REPORT_BURST
from rabta.security.bundles.bpsec import Keyring
from rabta.security.bundles.codec import (
    Bundle,
    Primary,
    blocks,
    bundle,
    decode,
    eid,
    fragments,
    records,
    scan,
)
from rabta.security.bundles.store import Quota, Store, database, parts
from rabta.security.core import CompositePrivate, Rejected

A, B, C = (eid.parse(f"ipn:{number}.1") for number in (1, 2, 3))
KEYS = Keyring(
    dict.fromkeys(("ipn:1", "ipn:2", "ipn:3"), b"k" * 32),
    dict.fromkeys(("ipn:1", "ipn:2", "ipn:3"), b"c" * 32),
)
OPEN = Policy("nothing")
HOPS_OVER = (blocks.HOPS, bundle.hop_data(1, 1))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def agent(folder: Path, node: eid.Eid, policy: Policy | None = None, clock: Clock | None = None) -> Agent:
    store = Store(folder / f"{node.node.replace(':', '')}.db", **({"clock": clock} if clock else {}))
    return Agent(node, store, None, policy or Policy(keys=KEYS))


def forged(part: Bundle, payload: bytes) -> Bundle:
    return Bundle(part.primary, (*part.blocks[:-1], part.blocks[-1].change(payload)))


def parts_of(item: Agent) -> int:
    count: int = item.store.base.execute("SELECT count(*) FROM parts").fetchone()[0]
    return count


@pytest.mark.parametrize("seed", range(6))
def test_forged_fragments_do_not_keep_the_true_ones_out(tmp_path: Path, seed: int) -> None:
    draw, payload = random.Random(seed), random.Random(seed).randbytes(300)
    one, two = agent(tmp_path, A), agent(tmp_path, B)
    true = fragments.split(one.send(B, payload), 100)
    false = [forged(part, draw.randbytes(len(part.payload))) for part in true for _ in range(2)]
    bare = Bundle(true[0].primary, (true[0].blocks[-1],))  # the first, without its security
    coming = [*true, *false, bare.extension(blocks.AGE, scan.uint(0))]
    draw.shuffle(coming)
    for part in coming:
        two.receive(part.raw)
        if len(two.store):
            break
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [payload]
    assert parts_of(two) == 0
    with pytest.raises(Rejected) as error:
        two.receive(true[0].raw)  # the whole was here, and says so: the sender may let go
    assert error.value.reason == "replay"


def test_fragments_that_were_dropped_may_come_again(tmp_path: Path) -> None:
    clock = Clock()
    one, two = agent(tmp_path, A), agent(tmp_path, B, clock=clock)
    two.store.quota = Quota(parts_bytes=6000, parts=4)
    true = fragments.split(one.send(B, bytes(300), lifetime_s=10**6), 100)
    two.receive(true[0].raw)
    for number in range(5):  # others crowd it out
        junk = Primary(B, C, sequence=number, flags=blocks.FRAGMENT, total=900)
        two.receive(bundle.make(junk, bytes(100), (blocks.AGE, scan.uint(0))).raw)
    assert parts_of(two) == 4
    assert {item.reason for item in two.told} == {records.STORAGE}
    for part in true:
        two.receive(part.raw)
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [bytes(300)]
    clock.now += parts.LIFETIME_S + 1
    two.forward()
    assert parts_of(two) == 0


def test_fragments_of_nobody_take_no_room_of_bundles(tmp_path: Path) -> None:
    one = agent(tmp_path, A)
    two = Agent(B, Store(tmp_path / "2.db", Quota(20_000, 50, parts_bytes=5000)), None, Policy(keys=KEYS))
    for number in range(100):
        head = Primary(B, C, sequence=number, lifetime=1 << 50, flags=blocks.FRAGMENT, total=2000)
        two.receive(bundle.make(head, bytes(1000), (blocks.AGE, scan.uint(0))).raw)
    assert two.store.base.execute("SELECT sum(size) FROM parts").fetchone()[0] <= 5000
    latest = two.store.base.execute("SELECT max(expires) FROM parts").fetchone()[0]
    assert latest <= two.store.now() + parts.LIFETIME_S
    two.receive(one.send(B, bytes(15_000)).raw)
    assert len(two.store) == 1
    for odd in ({"total": 1 << 63}, {"sequence": 1 << 63, "total": 2}, {"total": 6000}):
        head = Primary(B, C, flags=blocks.FRAGMENT, **odd)
        with pytest.raises(Rejected):
            two.receive(bundle.make(head, b"x", (blocks.AGE, scan.uint(0))).raw)


def test_only_fragments_of_the_same_bundle_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two, read = agent(tmp_path, B), []
    monkeypatch.setattr(database, "decode", lambda raw: read.append(raw) or decode(raw))
    for number in range(50):
        head = Primary(B, C, sequence=number // 25, flags=blocks.FRAGMENT, offset=number % 25, total=100)
        two.receive(bundle.make(head, b"x", (blocks.AGE, scan.uint(0))).raw)
    assert read == []
    plan = two.store.base.execute(
        "EXPLAIN QUERY PLAN SELECT id, start, stop FROM parts WHERE whole = ? ORDER BY id DESC", (b"",)
    )
    assert "parts_by_whole" in str(plan.fetchall())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10)), max_size=30), st.integers(1, 10))
def test_ways_cover_and_are_bounded(pieces: list[tuple[int, int]], total: int) -> None:
    found = [parts.Span(at, a, min(a + size, total)) for at, (a, size) in enumerate(pieces) if a < total]
    ways = list(parts.ways(found, total))
    assert len(ways) <= parts.MOST_TRIES
    covered = {place for span in found for place in range(span.start, span.end)} == set(range(total))
    assert bool(ways) == covered
    named = {span.number: span for span in found}
    for way in ways:
        spans = [named[number] for number in way]
        assert {place for span in spans for place in range(span.start, span.end)} == set(range(total))


@pytest.mark.parametrize("require", ["nothing", "signed"])
def test_nobody_has_a_node_sign_reports_for_him(tmp_path: Path, require: str) -> None:
    signer = CompositePrivate.generate()
    two = agent(tmp_path, B, Policy(require, KEYS, signer, b"i" * 48, reports=True))
    asks = blocks.REPORTS | blocks.FRAGMENT
    for number in range(50):
        for to, flags in ((C, blocks.REPORTS), (B, asks), (B, blocks.REPORTS)):
            head = Primary(to, A, C, 0, number, 10**6, flags, total=9 if flags == asks else 0)
            with contextlib.suppress(Rejected):
                two.receive(bundle.make(head, b"x", (blocks.AGE, scan.uint(10**6)), HOPS_OVER).raw)
    two.forward()
    two.deliver(tmp_path / "in")
    assert [item.bundle.payload for item in two.store.waiting(here=False)] == []


def test_reports_are_few(tmp_path: Path) -> None:
    clock = Clock()
    one, two = agent(tmp_path, A), agent(tmp_path, B, Policy(keys=KEYS, reports=True), clock=clock)
    for _ in range(3 * REPORT_BURST):
        two.receive(one.send(B, b"x", report=blocks.REPORT_RECEPTION).raw)
    assert len(list(two.store.waiting(here=False))) == REPORT_BURST
    clock.now += 25
    for _ in range(5):
        two.receive(one.send(B, b"x", report=blocks.REPORT_RECEPTION).raw)
    assert len(list(two.store.waiting(here=False))) == REPORT_BURST + 2


def test_one_file_that_cannot_be_written_holds_up_no_other(tmp_path: Path) -> None:
    two, inbox = agent(tmp_path, B, OPEN), tmp_path / "in"
    inbox.mkdir()
    names = (f"dtn://far/{'x' * 300}", "dtn://far/" + 301 * "x", "dtn://a/b/c", "dtn://a_b/c")
    for name in names:
        head = Primary(B, eid.parse(name), sequence=1)
        two.receive(bundle.make(head, name.encode(), (blocks.AGE, scan.uint(0))).raw)
    stuck = files.name_of(next(two.store.waiting(here=True)).bundle)
    (inbox / stuck).mkdir()
    paths = two.deliver(inbox)
    assert sorted(path.read_bytes() for path in paths) == sorted(name.encode() for name in names[1:])
    assert list(two.unwritten) == [stuck]
    (inbox / stuck).rmdir()
    assert [path.read_bytes() for path in two.deliver(inbox)] == [names[0].encode()]
    assert two.unwritten == {}


def test_files_are_ours_alone_and_follow_no_link(tmp_path: Path) -> None:
    one, two = agent(tmp_path, A), agent(tmp_path, B)
    (tmp_path / "in").mkdir()
    other = tmp_path / "other"
    other.write_bytes(b"not to be touched")
    name = files.name_of(one.send(B, b"Salam"))
    for ending in ("", ".part"):
        (tmp_path / "in" / (name + ending)).symlink_to(other)
    one.links = {"ipn:2": seams.into(two)}
    one.forward()
    (path,) = two.deliver(tmp_path / "in")
    assert (path.read_bytes(), path.is_symlink(), path.stat().st_mode & 0o777) == (b"Salam", False, 0o600)
    assert other.read_bytes() == b"not to be touched"


@pytest.mark.parametrize("kind", ["tcpcl", "mtcp"])
def test_a_connection_that_drips_is_given_up(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    near, far = socket.socketpair()
    hello = tcpcl.HEADER + tcpcl.session_init("ipn:1.0") if kind == "tcpcl" else b""
    drops = bytes((tcpcl.KEEPALIVE,)) * 100 if kind == "tcpcl" else scan.head(scan.BYTES, 60_000)
    near.sendall(hello)
    real = mtcp.Patience.recv
    monkeypatch.setattr(mtcp.time, "monotonic", clock)

    def drip(self: mtcp.Patience, size: int) -> bytes:
        clock.now += 5.0  # long below the timeout of one reading
        near.sendall(drops[:1] or b"x")
        return real(self, size)

    patience = mtcp.Patience(far, 60.0)
    monkeypatch.setattr(mtcp.Patience, "recv", drip)
    serve = tcpcl.serve("ipn:2.0") if kind == "tcpcl" else mtcp._drain
    with pytest.raises((TimeoutError, Rejected)) as error:
        serve(patience, lambda raw: pytest.fail("no bundle came"))
    assert error.type is TimeoutError
    assert 60.0 <= clock.now <= 66.0
    near.close()
    far.close()


def test_bundles_that_come_renew_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, (near, far) = Clock(), socket.socketpair()
    monkeypatch.setattr(mtcp.time, "monotonic", clock)
    near.sendall(bytes(6000))
    patience = mtcp.Patience(far, 60.0)
    for clock.now in (50.0, 100.0):
        assert patience.recv(1)
        patience.renew()
    clock.now = 155.0
    assert len(patience.recv(5000)) == 5000  # and these give five seconds more
    clock.now = 164.0
    assert patience.recv(1)
    clock.now = 165.1
    with pytest.raises(TimeoutError):
        patience.recv(1)
    near.close()
    far.close()


def test_a_listener_closes_what_brings_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []
    renewed: list[mtcp.Patience] = []
    real = mtcp.Patience.renew
    monkeypatch.setattr(mtcp.Patience, "renew", lambda self: renewed.append(self) or real(self))
    listener = mtcp.Listener(taken.append, timeout=2.0)
    with socket.create_connection(listener.address) as connection:
        assert mtcp.send(connection, b"bundle")
        connection.settimeout(60)
        assert connection.recv(1) == b""
    listener.close()
    assert taken == [b"bundle"]
    assert len(renewed) == 2


def test_a_neighbour_that_only_keeps_alive_does_not_hold_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_keeps_alive, args=(server,), daemon=True).start()
        sender = tcpcl.Sender("ipn:1.0", *server.getsockname()[:2])
        monkeypatch.setattr(mtcp.time, "monotonic", clock)
        real = mtcp.Patience.recv

        def later(self: mtcp.Patience, size: int) -> bytes:
            clock.now += 5.0
            return real(self, size)

        monkeypatch.setattr(mtcp.Patience, "recv", later)
        assert not sender(b"bundle")
        sender.connection.close()
    assert clock.now < 70.0


def _keeps_alive(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(tcpcl.HEADER + tcpcl.session_init("ipn:2.0") + bytes((tcpcl.KEEPALIVE,)) * 1000)
        while connection.recv(1000):
            pass


def test_what_is_stored_can_be_read_again(tmp_path: Path) -> None:
    two = agent(tmp_path, B, OPEN)
    fill = [blocks.Block(192, 2 + at, 0, b"") for at in range(bundle.MOST_BLOCKS - 1)]
    for offset, kept in ((0, fill), (1, [blocks.Block(blocks.AGE, 2, 0, scan.uint(9))])):
        head = Primary(B, A, created=1, flags=blocks.FRAGMENT, offset=offset, total=2)
        two.receive(Bundle(head, (*kept, blocks.Block(blocks.PAYLOAD, 1, 0, b"x"))).raw)
    with pytest.raises(Rejected) as error:
        two.send(A, bytes(bundle.MOST_BYTES))
    assert error.value.reason == "limit"
    two.receive(agent(tmp_path, A, OPEN).send(B, b"Salam").raw)
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [b"Salam"]
    assert two.forward() == 0


def test_a_first_fragment_with_too_many_blocks_keeps_nobody_out(tmp_path: Path) -> None:
    one, two = agent(tmp_path, A), agent(tmp_path, B)
    true = fragments.split(one.send(B, bytes(200)), 100)
    fill = [blocks.Block(192, 50 + at, 0, b"") for at in range(bundle.MOST_BLOCKS - 1)]
    two.receive(true[0].raw)
    two.receive(Bundle(true[0].primary, (*fill, true[0].blocks[-1])).raw)
    two.receive(true[1].raw)
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [bytes(200)]


def test_ways_of_many_fragments_are_few() -> None:
    count = parts.MOST_OF_ONE // 8
    found = [parts.Span(at, at % count, at % count + 1) for at in range(8 * count - 1, -1, -1)]
    assert len(list(parts.ways(found, count))) == parts.LEAST_TRIES
    kept = parts._after(found, parts.LEAST_TRIES)
    assert max(map(len, kept.values())) == parts.LEAST_TRIES
    assert [span.number for span in kept[count - 1]] == [8 * count - 1]  # the newest, alone in its place
