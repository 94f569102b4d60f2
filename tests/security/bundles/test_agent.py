"""Agents over real sockets and in one process; an independent implementation at the other end."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyd3tn import bundle7
from pyd3tn.mtcp import MTCPConnection, MTCPSocket

from rabta.errors import RabtaError
from rabta.security.bundles.agent import Agent, Policy, mtcp, seams, tcpcl
from rabta.security.bundles.bpsec import Keyring, accept
from rabta.security.bundles.codec import (
    Primary,
    blocks,
    bundle,
    decode,
    eid,
    fragments,
    records,
    scan,
)
from rabta.security.bundles.contacts import Contact, Plan
from rabta.security.bundles.store import Quota, Store
from rabta.security.core import NS, CompositePrivate, HybridPrivate, Rejected

A, B, C = (eid.parse(f"ipn:{number}.1") for number in (1, 2, 3))
KEYS = Keyring(
    dict.fromkeys(("ipn:1", "ipn:2", "ipn:3"), b"k" * 32),
    dict.fromkeys(("ipn:1", "ipn:2", "ipn:3"), b"c" * 32),
)
OPEN = Policy("nothing")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def agent(
    folder: Path,
    node: eid.Eid,
    policy: Policy | None = None,
    plan: Plan | None = None,
    clock: Clock | None = None,
) -> Agent:
    store = Store(folder / f"{node.node.replace(':', '')}.db", **({"clock": clock} if clock else {}))
    return Agent(node, store, plan, policy or Policy(keys=KEYS))


def test_protected_from_end_to_end_over_a_relay_without_keys(tmp_path: Path) -> None:
    clock = Clock()
    one, relay, two = (
        agent(tmp_path, A, clock=clock),
        agent(tmp_path, B, OPEN, clock=clock),
        agent(tmp_path, C, Policy(keys=KEYS, reports=True), clock=clock),
    )
    one.links, relay.links = (
        {"ipn:2": seams.into(relay)},
        {"ipn:1": seams.into(one), "ipn:3": seams.into(two)},
    )
    sent = one.send(C, b"Salam", report=blocks.REPORT_DELIVERY)
    assert b"Salam" not in sent.raw
    clock.now += 10
    assert one.forward() == 1
    clock.now += 5
    assert relay.forward() == 1
    waiting = next(two.store.waiting(here=True)).bundle
    assert (waiting.age, waiting.hops, str(waiting.previous)) == (15_000, (32, 2), "ipn:2.1")
    (path,) = two.deliver(tmp_path / "in")
    assert path.read_bytes() == b"Salam"
    assert path.stat().st_mode & 0o777 == 0o600
    assert two.deliver(tmp_path / "in") == []
    two.links = {"ipn:2": seams.into(relay)}
    assert two.forward() == 1  # the status report, protected too
    assert relay.forward() == 1
    (report,) = one.reports()
    assert (report.states, report.source, report.sequence) == (("delivered",), A, sent.primary.sequence)


def test_signed_and_sealed_between_strangers(tmp_path: Path) -> None:
    signer, mine = CompositePrivate.generate(), HybridPrivate.generate(NS)
    one = agent(tmp_path, A, Policy(signer=signer, identifier=b"i" * 48, recipient=lambda _: mine.public))
    keys = Keyring(private=(mine,), lookup=lambda _: signer.public, node_of=lambda _: "ipn:1")
    two = agent(tmp_path, B, Policy("signed", keys))
    raw = one.send(B, b"Salam").raw
    two.receive(raw)
    with pytest.raises(Rejected) as error:
        two.receive(raw)
    assert error.value.reason == "replay"
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [b"Salam"]


def test_what_is_less_than_required_changes_nothing(tmp_path: Path) -> None:
    two = agent(tmp_path, B)
    plain = bundle.make(Primary(B, A, A, 0, 1, 10**6), b"forged", (blocks.AGE, scan.uint(0)))
    with pytest.raises(Rejected) as error:
        two.receive(plain.raw)
    assert error.value.reason == "signature"
    assert len(two.store) == 0
    two.receive(agent(tmp_path, A).send(B, b"honest, with the same number").raw)
    with pytest.raises(RabtaError, match="did you mean 'signed'"):
        Policy("sign")


def test_fragments_are_verified_as_a_whole(tmp_path: Path) -> None:
    one, two = agent(tmp_path, A), agent(tmp_path, B)
    parts = fragments.split(one.send(B, bytes(range(256))), 100)
    for part in parts[::-1]:
        two.receive(part.raw)
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [bytes(range(256))]


def test_hop_limit_expiry_and_storage_are_reported(tmp_path: Path) -> None:
    clock = Clock()
    relay = agent(tmp_path, B, Policy(keys=KEYS, reports=True), clock=clock)
    one = agent(tmp_path, A, clock=clock)
    tired = one.send(C, b"x", report=blocks.REPORT_DELETION, hop_limit=1)
    relay.receive(tired.extension(blocks.HOPS, bundle.hop_data(1, 1)).raw)
    relay.receive(one.send(C, b"y", report=blocks.REPORT_DELETION, lifetime_s=60).raw)
    clock.now += 61
    relay.forward()
    assert sorted(item.reason for item in relay.told) == [records.EXPIRED, records.HOP_LIMIT]
    waiting = [item.bundle for item in relay.store.waiting(here=False)]
    told = [records.decode(accept(item, KEYS).bundle.payload) for item in waiting]
    assert sorted((item.states, item.reason) for item in told) == [(("deleted",), 1), (("deleted",), 9)]


def test_the_plan_says_when_and_to_whom(tmp_path: Path) -> None:
    plan = Plan([Contact(100, 200, "ipn:1", "ipn:2", 1e6, 0), Contact(0, 50, "ipn:1", "ipn:3", 1e6, 0)])
    one, two = agent(tmp_path, A, plan=plan), agent(tmp_path, B)
    one.links = {"ipn:2": seams.into(two), "ipn:3": lambda raw: pytest.fail("not on the way")}
    one.send(B, b"Salam")
    assert one.forward(now=10.0) == 0
    assert one.forward(now=150.0) == 1


@pytest.mark.parametrize("kind", ["tcpcl", "mtcp"])
def test_over_real_sockets(tmp_path: Path, kind: str) -> None:
    one, two = agent(tmp_path, A), agent(tmp_path, B)
    listener = mtcp.Listener(two.receive, serve=tcpcl.serve("ipn:2.0") if kind == "tcpcl" else None)
    payload = bytes(range(256)) * 6000
    try:
        if kind == "tcpcl":
            sender = tcpcl.Sender("ipn:1.0", *listener.address)
            assert sender.peer == "ipn:2.0"
            sender.segment = 100_000
            one.links = {"ipn:2": sender}
        else:
            connection = socket.create_connection(listener.address)
            one.links = {"ipn:2": lambda raw: mtcp.send(connection, raw)}
        one.send(B, payload)
        raw = next(one.store.waiting(here=False)).bundle.raw
        assert one.forward() == 1
        if kind == "tcpcl":
            assert sender(raw)  # sent again: refused as complete, which counts as taken
            assert sender.refused == tcpcl.COMPLETED
            assert not sender(raw[:-5] + bytes(5))
            sender.close()
        else:
            connection.close()
        until = time.monotonic() + 20
        while not len(two.store) and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        listener.close()
    assert [path.read_bytes() for path in two.deliver(tmp_path / "in")] == [payload]


def test_mtcp_with_pyd3tn_both_ways(tmp_path: Path) -> None:
    ours = agent(tmp_path, B, OPEN)
    listener = mtcp.Listener(ours.receive)
    with MTCPConnection(*listener.address, timeout=10) as theirs:
        theirs.send_bundle(
            bundle7.serialize_bundle7(
                "dtn://ud3tn/a", "ipn:2.1", b"from pyd3tn", creation_timestamp=1e9, bundle_age=3
            )
        )
        until = time.monotonic() + 20
        while not len(ours.store) and time.monotonic() < until:
            time.sleep(0.01)
    listener.close()
    assert [path.read_bytes() for path in ours.deliver(tmp_path / "in")] == [b"from pyd3tn"]
    near, far = socket.socketpair()
    ours.links = {"dtn://ud3tn": lambda raw: mtcp.send(near, raw)}
    ours.send(eid.parse("dtn://ud3tn/a"), b"to pyd3tn" * 100)
    pusher = threading.Thread(target=ours.forward)
    pusher.start()
    raw = MTCPSocket(far, 10).recv_bundle()
    pusher.join()
    theirs = bundle7.Bundle.parse(raw)
    assert theirs.payload_block.data == b"to pyd3tn" * 100
    assert theirs.primary_block.crc_provided == theirs.primary_block.calculate_crc()
    assert next(int(block.block_type) for block in theirs.blocks) == blocks.PREVIOUS_NODE
    near.close()
    far.close()


def test_messages_of_tcpcl_are_those_of_rfc_9174() -> None:
    # sections 4.2, 4.6, 5.2.2 and 5.2.3: contact header, SESS_INIT, XFER_SEGMENT, XFER_ACK
    assert tcpcl.HEADER.hex() == "64746e210400"
    assert tcpcl.session_init("ipn:1.0", 16, 32).hex() == (
        "070000000000000000001000000000000000200007" + b"ipn:1.0".hex() + "00000000"
    )
    assert tcpcl._segment(5, b"ab", 0, True).hex() == "010300000000000000050000000000000000000000026162"
    assert tcpcl._segment(5, b"ab", 9, False).hex() == "0100000000000000000500000000000000026162"
    assert tcpcl._answer(b"abc", 1, 5, lambda raw: None).hex() == "020100000000000000050000000000000003"


def test_messages_of_tcpcl_are_those_of_its_author() -> None:
    # written by BrianSipos/dtn-demo-agent at f7f8ebb, tcpcl/messages.py (an author of RFC 9174): SESS_INIT
    # with segments of 100 and transfers of 1,000 bytes from ipn:9.0; XFER_SEGMENT 7 with START and END
    init = "070000000000000000006400000000000003e8000769706e3a392e3000000000"
    segment = "0103000000000000000700000000000000000000000568656c6c6f"
    assert tcpcl.session_init("ipn:9.0", 100, 1000).hex() == init
    assert tcpcl._segment(7, b"hello", 0, True).hex() == segment
    near, far = socket.socketpair()
    near.sendall(tcpcl.HEADER + bytes.fromhex(init) + bytes.fromhex(segment) + b"\x05\x00\x00")
    taken: list[bytes] = []
    tcpcl.serve("ipn:2.0")(far, taken.append)
    assert taken == [b"hello"]
    answer = near.recv(1000)[len(tcpcl.HEADER) + len(tcpcl.session_init("ipn:2.0")) :]
    assert answer.hex() == "020300000000000000070000000000000005050100"
    near.close()
    far.close()


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=80), st.sampled_from(["mtcp", "tcpcl", "tcpcl open"]))
def test_noise_on_a_connection_is_refused(noise: bytes, kind: str) -> None:
    near, far = socket.socketpair()
    near.sendall({"tcpcl open": tcpcl.HEADER + tcpcl.session_init("ipn:1.0")}.get(kind, b"") + noise)
    near.shutdown(socket.SHUT_WR)
    far.settimeout(5)
    try:
        if kind == "mtcp":
            list(mtcp.received(far, 1000))
        else:
            tcpcl.serve("ipn:2.0")(far, decode)
    except Rejected:
        pass
    finally:
        near.close()
        far.close()


def test_over_a_session() -> None:
    path: list[bytes] = []
    link = seams.over(lambda raw: b"sealed " + raw, path.append, most=10)
    assert link(b"bundle")
    assert not link(b"b" * 11)
    assert path == [b"sealed bundle"]
    assert not seams.over(lambda raw: raw, lambda raw: (_ for _ in ()).throw(OSError()))(b"bundle")


RECEIVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_agent import B, agent
from rabta.security.bundles.agent import mtcp, tcpcl
two = agent(Path(sys.argv[1]), B)
listener = mtcp.Listener(two.receive, serve=tcpcl.serve("ipn:2.0"))
print(listener.address[1], flush=True)
import time
while True:
    with listener.lock:
        two.deliver(Path(sys.argv[1]) / "in")
    time.sleep(0.002)
"""


def test_a_receiver_that_is_killed_gets_each_bundle_once(tmp_path: Path) -> None:
    one, draw = agent(tmp_path, A), random.Random(4)
    payloads = {f"bundle {number}".encode() for number in range(40)}
    for payload in sorted(payloads):
        one.send(B, payload)
    for _ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", RECEIVER, str(tmp_path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        port = int(child.stdout.readline())
        killer = threading.Timer(draw.random() * 0.06, child.kill)
        killer.start()
        try:
            sender = tcpcl.Sender("ipn:1.0", "127.0.0.1", port, timeout=20)
            one.links = {"ipn:2": sender}
            one.forward()
            sender.connection.close()  # cut, not ended
        except (OSError, Rejected, struct.error):
            pass
        killer.join()
        child.wait()
        child.stdout.close()
    two = agent(tmp_path, B)
    one.links = {"ipn:2": seams.into(two)}
    one.forward()
    assert len(one.store) == 0
    two.deliver(tmp_path / "in")
    delivered = [path.read_bytes() for path in (tmp_path / "in").iterdir() if path.suffix != ".part"]
    assert sorted(delivered) == sorted(payloads)


def test_a_store_without_room_keeps_the_bundle_with_the_sender(tmp_path: Path) -> None:
    one = agent(tmp_path, A)
    two = Agent(B, Store(tmp_path / "small.db", Quota(bytes=100)), None, Policy(keys=KEYS))
    one.links = {"ipn:2": seams.into(two)}
    one.send(B, bytes(500))
    assert one.forward() == 0
    assert len(one.store) == 1


def test_a_full_disk_at_the_receiver_keeps_the_bundle_with_the_sender(tmp_path: Path) -> None:
    one, two = agent(tmp_path, A), agent(tmp_path, B)
    pages = two.store.base.execute("PRAGMA page_count").fetchone()[0]
    two.store.base.execute(f"PRAGMA max_page_count = {pages}")
    listener = mtcp.Listener(two.receive, serve=tcpcl.serve("ipn:2.0"))
    one.send(B, bytes(100_000))
    sender = tcpcl.Sender("ipn:1.0", *listener.address)
    one.links = {"ipn:2": sender}
    assert one.forward() == 0
    sender.close()
    listener.close()
    assert len(one.store) == 1
    assert "disk is full" in str(listener.refused[0])


def test_a_record_that_is_no_report_is_told(tmp_path: Path) -> None:
    two = agent(tmp_path, B, OPEN)
    head = Primary(B, A, flags=blocks.ADMINISTRATIVE)
    two.receive(bundle.make(head, b"\x82\x07\x00", (blocks.AGE, scan.uint(0))).raw)
    assert two.deliver(tmp_path / "in") == []
    assert two.reports() == []
    assert [item.reason for item in two.told] == [records.UNINTELLIGIBLE]
    assert len(two.store) == 0
    silent = agent(tmp_path, C)
    silent.receive(agent(tmp_path, A).send(C, b"x", report=blocks.REPORT_RECEPTION).raw)
    assert len(silent.store) == 1  # no reports unless they are asked of it
