"""Both sides agree, over whatever loss parity makes good, and nobody else does."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from tests.security.handshake.pair import ADDRESS, Pair, lookup, node, same, taken

from rabta.security.core import CI, NS, HybridPrivate, HybridPublic, Rejected, Suite
from rabta.security.handshake import Initiator, Responder, erasure, is_for_responder, wire

SUITES = pytest.mark.parametrize("suite", [NS, CI], ids=["NS", "CI"])


@SUITES
@pytest.mark.parametrize("parity", [0, 1, 2])
def test_any_loss_that_parity_covers(suite: Suite, parity: int) -> None:
    pair = Pair(suite, parity)
    hello = pair.initiator.start(0.0)
    for missing in itertools.combinations(range(len(hello)), parity):
        pair.responder = Responder(pair.b.local, lookup(pair.a), [suite])
        out, keys = pair.answer(one for k, one in enumerate(hello) if k not in missing)
        assert len(keys) == 1
        assert keys[0].peer == pair.a.peer.identifier
        for lost in itertools.combinations(range(len(out)), parity):
            fresh = pair.initiator
            fresh.keys, fresh._puzzle = None, wire.Puzzle()
            got = taken(fresh, (one for k, one in enumerate(out) if k not in lost))
            assert same(got, keys[0])
            assert got is not None
            assert got.peer == pair.b.peer.identifier
            assert got.initiator
            assert not keys[0].initiator


@SUITES
def test_sizes(suite: Suite) -> None:
    """Issue: at most 3.3 kB each way, no datagram over 1,232 bytes (IPv6's least MTU less its heads)."""
    for parity, loaded in itertools.product(range(3), (False, True)):
        pair = Pair(suite, parity, loaded=loaded)
        hello = pair.initiator.start(0.0)
        if loaded:
            asked, _ = pair.answer(hello[:1])
            hello = pair.initiator.receive(asked[0], 0.0).send
        out, _ = pair.answer(hello)
        assert max(map(len, hello + out)) <= 1200
        if parity == 0:  # under load the cookie adds 16 bytes a fragment: 3,318 B for NS
            assert sum(map(len, hello)) - 16 * loaded * len(hello) <= 3300
            assert sum(map(len, out)) <= 3300


def test_sizes_are_fips_203_s() -> None:
    """FIPS 203, table 3, and the parts: X25519 32, identifier 48, tags 16."""
    assert wire.hello_bytes(NS) == 32 + 1568 + 1568 + 48 + 16
    assert wire.answer_bytes(NS) == 32 + 1568 + 1568 + 16
    assert wire.hello_bytes(CI) == 32 + 1184 + 1088 + 48 + 16
    assert wire.answer_bytes(CI) == 32 + 1088 + 1088 + 16


@SUITES
def test_reordered_and_doubled(suite: Suite) -> None:
    draw = random.Random(4)
    for _ in range(20):
        pair = Pair(suite, draw.randrange(3))
        hello = pair.initiator.start(0.0)
        out, keys = pair.answer(draw.sample(hello * 3, 3 * len(hello)))
        assert len(keys) == 1
        assert same(taken(pair.initiator, draw.sample(out, len(out))), keys[0])
        assert pair.initiator.receive(out[0], 0.0).keys is None  # not a second time


@pytest.mark.parametrize("parity", [0, 1, 2])
def test_repetition_brings_the_same_answer(parity: int) -> None:
    pair = Pair(NS, parity)
    hello = pair.initiator.start(0.0)
    first, keys = pair.answer(hello)
    assert pair.initiator.tick(0.1) == []
    assert pair.initiator.due() == 0.65
    again = pair.initiator.tick(0.65)
    assert again == hello
    assert pair.initiator.due() > 1.3
    for lost in range(len(again)):  # whichever fragment of the repetition is lost
        second, none = pair.answer([one for k, one in enumerate(again) if k != lost], 1.0 + lost)
        assert second == first
        assert none == []
    assert same(taken(pair.initiator, first), keys[0])
    assert pair.initiator.tick(100.0) == []
    assert pair.initiator.due() == float("inf")


def test_late_fragments_bring_no_second_answer() -> None:
    pair = Pair(NS, 2)
    hello = pair.initiator.start(0.0)
    first, _ = pair.answer(hello[:3])
    assert len(first) == 5
    assert pair.answer(hello[3:]) == ([], [])


def test_replayed_hello_gives_no_second_session() -> None:
    """Within the memory the old answer comes; after it a session of which nobody has the keys."""
    pair = Pair(NS)
    hello = pair.initiator.start(0.0)
    first, keys = pair.answer(hello)
    assert pair.answer(hello, 1.0) == (first, [])
    assert pair.answer(hello, 1.0, b"elsewhere") == (first, [])
    late, useless = pair.answer(hello, 31.0)
    assert late != first
    assert len(useless) == 1
    old = taken(pair.initiator, first)
    assert same(old, keys[0])
    assert useless[0].session != keys[0].session
    assert not {useless[0].send, useless[0].receive} & {keys[0].send, keys[0].receive}
    assert pair.initiator.receive(late[0], 31.0).keys is None


@SUITES
def test_wrong_pre_shared_key(suite: Suite) -> None:
    pair = Pair(suite, psk=b"the one")
    pair.responder.psk = b"another"
    out, _ = pair.answer(pair.initiator.start(0.0))
    with pytest.raises(Rejected) as found:
        taken(pair.initiator, out)
    assert found.value.reason == "mac"
    assert pair.initiator.keys is None
    pair.responder.psk = b"the one"
    pair.responder._done.held.clear()
    out, keys = pair.answer(pair.initiator.start(1.0))
    assert same(taken(pair.initiator, out), keys[0])  # the attempt is not spoiled


def test_wrong_suite() -> None:
    pair = Pair(CI)
    pair.responder.suites = (NS,)
    with pytest.raises(Rejected) as found:
        pair.answer(pair.initiator.start(0.0))
    assert found.value.reason == "suite"
    with pytest.raises(Rejected, match="no key of suite NS"):
        Initiator(pair.a.local, pair.b.peer, NS)


def test_suites_do_not_mix() -> None:
    """A node of both suites takes each as its own protocol; the other's number on a datagram breaks it."""
    a, b = node(NS, CI), node(NS, CI)
    answers = Responder(b.local, lookup(a), [NS, CI])
    for suite in (NS, CI):
        begins = Initiator(a.local, b.peer, suite)
        for one in begins.start(0.0):
            with pytest.raises(Rejected):
                answers.receive(one[:1] + bytes([3 - one[1]]) + one[2:], ADDRESS, 0.0)


@pytest.mark.parametrize("reason", ["unknown", "revoked", "expired"])
def test_who_is_not_accepted(reason: str) -> None:
    pair = Pair(NS)

    def refuse(_: bytes) -> Any:
        raise Rejected(reason, "not accepted")

    pair.responder.lookup = refuse
    hello = pair.initiator.start(0.0)
    for one in hello[:-1]:
        assert pair.responder.receive(one, ADDRESS, 0.0) == wire.Step()
    with pytest.raises(Rejected) as found:
        pair.responder.receive(hello[-1], ADDRESS, 0.0)
    assert found.value.reason == reason
    assert not pair.responder._done.held
    assert not pair.responder._open.held


@pytest.mark.parametrize("half", ["mlkem", "x25519"])
def test_wrong_key_of_the_responder(half: str) -> None:
    """Either half alone: hybrid means that both must be right."""
    pair = Pair(CI)
    right, other = pair.b.peer.key(CI), HybridPrivate.generate(CI).public
    parts = {"mlkem": right.mlkem, "x25519": right.x25519} | {half: getattr(other, half)}
    object.__setattr__(pair.b.peer, "keys", {CI.identifier: HybridPublic(CI, **parts)})
    with pytest.raises(Rejected) as found:
        pair.answer(pair.begin().start(0.0))
    assert found.value.reason == "mac"


@pytest.mark.parametrize("half", ["mlkem", "x25519"])
def test_an_impostor_of_the_initiator_learns_nothing(half: str) -> None:
    """Who knows the initiator's name but not one of its private halves is answered and cannot finish."""
    pair = Pair(CI)
    true, fake = pair.a.local.key(CI), HybridPrivate.generate(CI)
    seeds = {"mlkem": (fake.mlkem_seed, true.x25519_seed), "x25519": (true.mlkem_seed, fake.x25519_seed)}
    object.__setattr__(pair.a.local, "keys", {CI.identifier: HybridPrivate(CI, *seeds[half])})
    impostor = pair.begin()
    out, _ = pair.answer(impostor.start(0.0))
    with pytest.raises(Rejected) as found:
        taken(impostor, out)
    assert found.value.reason == "mac"


def test_another_responder_s_name() -> None:
    """Same keys, other credential: the transcript has the name, so the two do not agree."""
    pair = Pair(CI)
    other = node(CI)
    object.__setattr__(pair.b.local, "identifier", other.peer.identifier)
    with pytest.raises(Rejected) as found:
        pair.answer(pair.initiator.start(0.0))
    assert found.value.reason == "mac"


@SUITES
def test_crossing_handshakes(suite: Suite) -> None:
    """Both begin at once: two sessions, each agreed, no datagram of one taken for the other."""
    one, two = Pair(suite), Pair(suite)
    two.a, two.b = one.b, one.a
    two.initiator = two.begin()
    two.responder = Responder(two.b.local, lookup(two.a), [suite])
    there, back = one.initiator.start(0.0), two.initiator.start(0.0)
    out_one, keys_one = one.answer(there)
    out_two, keys_two = two.answer(back)
    with pytest.raises(Rejected, match="nobody waits"):
        one.initiator.receive(out_two[0], 0.0)
    assert same(taken(one.initiator, out_one), keys_one[0])
    assert same(taken(two.initiator, out_two), keys_two[0])
    assert keys_one[0].session != keys_two[0].session


@SUITES
def test_names_are_not_on_the_wire(suite: Suite) -> None:
    pair = Pair(suite, 2)
    hello = pair.initiator.start(0.0)
    out, _ = pair.answer(hello)
    air = b"".join(hello + out)
    for name in (pair.a.peer.identifier, pair.b.peer.identifier):
        assert all(name[at : at + 8] not in air for at in range(len(name) - 7))
    static = (pair.a.peer.key(suite), pair.b.peer.key(suite))
    assert all(key.x25519 not in air and key.mlkem[:16] not in air for key in static)


@SUITES
def test_every_byte_of_the_answer_is_confirmed(suite: Suite) -> None:
    pair = Pair(suite)
    out, keys = pair.answer(pair.initiator.start(0.0))
    whole = b"".join(one[12:] for one in out)[: wire.answer_bytes(suite)]
    for at in range(0, len(whole), 53):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(Rejected):
            taken(pair.initiator, wire.cut(wire.ANSWER, suite, pair.initiator.exchange, changed, 0))
        assert pair.initiator.keys is None
    assert same(taken(pair.initiator, out), keys[0])


def test_no_secret_is_shown() -> None:
    pair = Pair(NS, psk=b"a pre-shared key that nobody sees")
    out, keys = pair.answer(pair.initiator.start(0.0))
    taken(pair.initiator, out)
    shown = repr((pair.initiator, pair.responder, pair.initiator.keys, keys, pair.a.local))
    for secret in (keys[0].send, keys[0].receive, keys[0].exporter, pair.psk):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


def test_parity_out_of_range() -> None:
    with pytest.raises(Rejected) as found:
        Pair(NS, 3)
    assert found.value.reason == "limit"


def _slow_product(a: int, b: int) -> int:
    """Product of polynomials over GF(2), remainder by x^8 + x^4 + x^3 + x^2 + 1, bit by bit."""
    total = 0
    for bit in range(8):
        total ^= (a << bit) * (b >> bit & 1)
    for bit in range(14, 7, -1):
        total ^= (0x11D << (bit - 8)) * (total >> bit & 1)
    return total


def test_field() -> None:
    """Powers of 2 as printed for QR codes (ISO/IEC 18004, the same field); 2^-1 = 0x8E (Anvin 2011, 4)."""
    table = {0: 1, 8: 29, 9: 58, 10: 116, 11: 232, 12: 205, 13: 135, 14: 19, 25: 3, 26: 6, 50: 5, 254: 142}
    assert {k: erasure._power(k) for k in table} == table
    assert erasure._power(-1) == 0x8E
    for factor in (1, 2, 3, 29, 142, 255):
        assert list(erasure._times(factor)) == [_slow_product(factor, value) for value in range(256)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 15])
def test_raid_6(count: int) -> None:
    """Anvin (2011), section 2: P = sum of D, Q = sum of 2^k D; every two of the parts may be lost."""
    draw = random.Random(count)
    data = [draw.randbytes(40) for _ in range(count)]
    p, q = erasure.parity(data, 2)
    for at in range(40):
        column = [part[at] for part in data]
        sum_p = sum_q = 0
        for value in reversed(column):  # Horner
            sum_p, sum_q = sum_p ^ value, _slow_product(2, sum_q) ^ value
        assert (p[at], q[at]) == (sum_p, sum_q)
    every = dict(enumerate([*data, p, q]))
    for lost in itertools.combinations(every, 2):
        assert erasure.restore({k: one for k, one in every.items() if k not in lost}, count) == data


def test_is_for_responder() -> None:
    pair = Pair(CI)
    hello = pair.initiator.start(0.0)
    out, _ = pair.answer(hello)
    assert all(map(is_for_responder, hello))
    assert not any(map(is_for_responder, out))
    with pytest.raises(Rejected):
        pair.responder.receive(out[0], ADDRESS, 0.0)
    with pytest.raises(Rejected):
        pair.initiator.receive(hello[0], 0.0)
