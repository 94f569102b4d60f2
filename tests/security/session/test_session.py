"""Sessions: each packet once, over handovers, refreshes, loss, reordering and forgery."""

from __future__ import annotations

import copy
import os
import random

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.security.session.conftest import keys

from rabta.security.core import NS, Rejected
from rabta.security.session import HEADER_BYTES, Session, packets
from rabta.security.session import session as module
from rabta.security.session.window import SIZE, Window


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 3 * SIZE), max_size=60), st.integers(0, 100))
def test_the_window_is_that_of_a_set(counters: list[int], first: int) -> None:
    window, taken, highest = Window(first), set(), first - 1
    for counter in counters:
        expected = counter >= first and counter not in taken and counter >= highest + 1 - SIZE
        assert window.fresh(counter) == expected
        if expected:
            window.take(counter)
            taken.add(counter)
            highest = max(highest, counter)


def test_nothing_in_the_window_is_refused_early_or_taken_twice() -> None:
    window, rng, taken = Window(), random.Random(1), set()
    for _ in range(200_000):
        counter = max(0, window.next + rng.randint(-SIZE, 200))
        fresh = counter not in taken and counter + SIZE >= window.next
        assert window.fresh(counter) == fresh
        if fresh:
            window.take(counter)
            taken.add(counter)


def test_the_side_that_answered_waits_for_the_first_packet() -> None:
    here, there = keys(NS)
    one, two = Session(here), Session(there)
    with pytest.raises(Rejected) as refused:
        two.seal(b"too early")
    assert refused.value.reason == "state"
    assert two.open(one.seal(b"first")) == b"first"
    assert one.open(two.seal(b"now")) == b"now"


def test_packets_of_another_direction_session_or_epoch_are_refused(pair: tuple[Session, Session]) -> None:
    one, two = pair
    packet = one.seal(b"data")
    with pytest.raises(Rejected):
        one.open(packet)
    other = Session(keys(NS)[1])
    with pytest.raises(Rejected) as refused:
        other.open(packet)
    assert refused.value.reason in {"unknown", "suite"}
    two.open(packet)
    for shift in (1, -1, 5):
        changed = bytearray(one.seal(b"x"))
        epoch = (int.from_bytes(changed[10:14], "big") + shift) & 0xFFFFFFFF
        changed[10:14] = epoch.to_bytes(4, "big")
        with pytest.raises(Rejected):
            two.open(bytes(changed))


def test_every_handover_changes_keys_and_loses_nothing(pair: tuple[Session, Session]) -> None:
    one, two = pair
    rng, waiting, opened, sent = random.Random(3), [], 0, 0
    for _ in range(400):
        (one if rng.random() < 0.5 else two).ratchet(os.urandom(32))
        for _ in range(6):
            for here, there in ((one, two), (two, one)):
                data = os.urandom(5)
                waiting.append((there, here.seal(data), data))
                sent += 1
        rng.shuffle(waiting)
        for there, packet, data in waiting:
            copies = 2 if rng.random() < 0.2 else 1
            assert there.open(packet) == data
            opened += 1
            if copies == 2:
                with pytest.raises(Rejected) as refused:
                    there.open(packet)
                assert refused.value.reason == "replay"
        waiting = []
    assert opened == sent
    expected = 400 + one.refreshing.done
    assert one.sending.epoch == two.sending.epoch == expected, "each handover once, in both directions"


def test_handovers_unheard_count_until_the_peer_is_back(pair: tuple[Session, Session]) -> None:
    one, two = pair
    for k in range(12):
        one.ratchet(bytes([k]) * 32)
        one.seal(b"lost")
    assert one.sending.epoch == packets.MOST_NOTES
    assert two.open(one.seal(b"back")) == b"back"
    assert one.open(two.seal(b"heard")) == b"heard"
    assert one.sending.epoch == packets.MOST_NOTES + 1, "what waited is one more change"
    assert two.open(one.seal(b"on")) == b"on"


def test_both_sides_at_once_do_not_answer_each_other_for_ever(pair: tuple[Session, Session]) -> None:
    one, two = pair
    for k in range(5):
        for side in pair:
            side.ratchet(bytes([k]) * 32)
    for _ in range(20):
        two.open(one.seal(b""))
        one.open(two.seal(b""))
    assert one.sending.epoch == two.sending.epoch == 5


def flow(one: Session, two: Session, count: int, loss: float, rng: random.Random) -> None:
    """Packets both ways over a path that loses some."""
    for _ in range(count):
        for here, there in ((one, two), (two, one)):
            packet = here.seal(b"data")
            if rng.random() >= loss:
                there.open(packet)


def test_a_refresh_ends_within_a_minute_of_traffic_and_shuts_a_thief_out(
    pair: tuple[Session, Session],
) -> None:
    one, two = pair
    rng = random.Random(4)
    flow(one, two, 50, 0.1, rng)
    stolen = [copy.copy(side.receiving) for side in pair]
    for chain in stolen:
        chain.ciphers = dict(chain.ciphers)
    before = one.seal(b"still readable")
    packet = packets.parse(before)
    assert (
        stolen[1]
        .ciphers[packet.epoch]
        .decrypt(packet.counter.to_bytes(12, "big"), packet.sealed, packet.header)
    )
    two.open(before)
    one.refresh()
    flow(one, two, 60 * 50, 0.1, rng)
    assert min(one.refreshing.done, two.refreshing.done) >= 1
    for side, there, chain in ((one, two, stolen[1]), (two, one, stolen[0])):
        after = side.seal(b"healed")
        packet = packets.parse(after)
        assert packet.epoch not in chain.ciphers
        key = chain.key
        for number in range(packet.epoch - chain.epoch):
            key = chain.after(key, packets.refresh_note(number + 1))
        with pytest.raises(InvalidTag):
            chain._cipher(key).decrypt(packet.counter.to_bytes(12, "big"), packet.sealed, packet.header)
        assert there.open(after) == b"healed"


def test_a_round_that_was_given_up_does_not_mix_with_the_next(pair: tuple[Session, Session]) -> None:
    one, two = pair
    one.refresh()
    flow(one, two, 20, 0.0, random.Random(0))
    one.refreshing.done = one.refreshing.number  # as after a crash in mid-round
    one.refresh()
    flow(one, two, 300, 0.05, random.Random(1))
    assert one.refreshing.done == two.refreshing.done == 2


def test_mutated_packets_change_nothing(pair: tuple[Session, Session]) -> None:
    one, two = pair
    rng, accepted = random.Random(6), 0
    for k in range(5_000):
        if k % 500 == 0:
            one.ratchet(os.urandom(32))
        packet = one.seal(os.urandom(rng.randrange(60)))
        bad = bytearray(packet)
        for _ in range(rng.choice([1, 1, 2, 8])):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        cut = bytes(bad[: rng.choice([len(bad), len(bad), rng.randrange(len(bad) + 1)])])
        if cut == packet:
            continue
        before = two.state(), two.window.next
        try:
            two.open(cut)
            accepted += 1
        except Rejected:
            assert (two.state(), two.window.next) == before
        two.open(packet)
    assert accepted == 0


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=120))
def test_rubbish_is_refused(raw: bytes) -> None:
    side = Session(keys_once()[1])
    for data in (raw, packets.before(side.keys.session, 0, 0, 0) + raw):
        with pytest.raises(Rejected):
            side.open(data)


_once: list[object] = []


def keys_once() -> tuple:  # type: ignore[type-arg]
    """One handshake for many examples."""
    if not _once:
        _once.append(keys(NS))
    return _once[0]  # type: ignore[return-value]


def test_a_million_replays_are_refused_before_any_work(
    pair: tuple[Session, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    heard = []
    for k in range(2_000):
        if k % 100 == 0:
            one.ratchet(os.urandom(32))
        heard.append(one.seal(b"payload"))
        two.open(heard[-1])
    monkeypatch.setattr(two, "_opened", lambda *_: pytest.fail("a replay was decrypted"))
    rng, refused, accepted = random.Random(2), 0, 0
    for _ in range(500):
        rng.shuffle(heard)
        _, count = module.open_many(two, heard)
        refused += count
        accepted += len(heard) - count
    assert (refused, accepted) == (1_000_000, 0)


def test_too_long_a_payload_and_the_last_counter(pair: tuple[Session, Session]) -> None:
    one, two = pair
    assert len(one.seal(bytes(one.room()))) == module.MOST_DATAGRAM
    with pytest.raises(Rejected) as refused:
        one.seal(bytes(one.room() + 1))
    assert refused.value.reason == "limit"
    one.counter = module.MOST_COUNTER
    assert two.open(one.seal(b"last")) == b"last"
    with pytest.raises(Rejected) as refused:
        one.seal(b"no more")
    assert refused.value.reason == "limit"
    assert HEADER_BYTES == 24
    assert not one.due(0.0) or one.counter >= module.RENEW_PACKETS


def test_no_secret_is_shown(pair: tuple[Session, Session]) -> None:
    one, _ = pair
    shown = repr(one) + repr(one.keys) + repr(one.sending) + repr(one.refreshing)
    assert one.sending.key.hex() not in shown
    assert repr(one.sending.key) not in shown
    assert repr(one.keys.exporter) not in shown
