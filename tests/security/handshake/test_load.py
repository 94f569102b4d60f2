"""Floods, forged addresses and fragments: cookies first, memory bounded, nobody starved, no amplifier."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.security.handshake.pair import ADDRESS, Pair, same, taken

from rabta.security.core import CI, NS, HybridPrivate, HybridPublic, Rejected
from rabta.security.core.peers import SessionKeys
from rabta.security.handshake import memory, responder, wire
from rabta.security.handshake.memory import MOST_DONE, MOST_EACH, MOST_PARTS


def counted(done: list[str], name: str, true: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        done.append(name)
        return true(*given)

    return call


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the operations with keys, in order."""
    done: list[str] = []
    for of, call in (
        (HybridPublic, "encapsulate"),
        (HybridPrivate, "decapsulate"),
        (HybridPrivate, "exchange"),
    ):
        monkeypatch.setattr(of, call, counted(done, call, getattr(of, call)))
    return done


def forged(suite: Any = NS, index: int = 0, parity: int = 0) -> bytes:
    """Fragment of a first message that nobody sent."""
    _, count, size = wire.shape(wire.HELLO, suite)
    head = bytes([wire.HELLO, suite.identifier]) + wire.new_exchange(parity)
    return head + bytes([index, count << 4 | parity]) + os.urandom(size)


def test_cookie_before_any_work(work: list[str]) -> None:
    pair = Pair(NS, loaded=True)
    hello = pair.initiator.start(0.0)
    work.clear()
    asked, keys = pair.answer(hello)
    assert (len(asked), len(asked[0]), keys, work) == (3, 28, [], [])
    assert not pair.responder._open.held
    assert not pair.responder._shown.held
    again = pair.initiator.receive(asked[0], 0.3).send
    assert pair.initiator.receive(asked[1], 0.3).send == []  # one is enough
    assert work == []
    out, keys = pair.answer(again, 0.6)
    assert work == ["decapsulate", "exchange", "encapsulate", "encapsulate", "exchange", "exchange"]
    assert same(taken(pair.initiator, out), keys[0])


@pytest.mark.parametrize("address", [b"192.0.2.1:4434", b"", ADDRESS + b"0"])
def test_a_cookie_is_for_one_address(address: bytes, work: list[str]) -> None:
    pair = Pair(NS, loaded=True)
    asked, _ = pair.answer(pair.initiator.start(0.0))
    again = pair.initiator.receive(asked[0], 0.0).send
    work.clear()
    out, keys = pair.answer(again, 0.0, address)
    assert {one[0] for one in out} == {wire.COOKIE}
    assert (keys, work) == ([], [])


def test_cookies_age_and_secrets_rotate() -> None:
    for wait, good in ((119.0, True), (239.0, True), (241.0, False), (1e6, False)):
        pair = Pair(CI, loaded=True)
        asked, _ = pair.answer(pair.initiator.start(0.0), 0.0)
        again = pair.initiator.receive(asked[0], 0.0).send
        pair.responder._cookie(0, b"x", b"y", wait / 2)  # others ask meanwhile
        out, keys = pair.answer(again, wait)
        assert bool(keys) == good
        if not good:  # an old cookie is answered with a new one: nobody is locked out
            out, keys = pair.answer(pair.initiator.receive(out[0], wait).send, wait)
        assert same(taken(pair.initiator, out), keys[0])


def test_cookie_secrets_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Pair(CI).responder
    made = {one._cookie(0, bytes(8), ADDRESS, now) for now in range(0, 2000, 10)}
    assert len(made) == 2000 // responder.SECRET_S + 1


def test_forged_cookies_neither_block_nor_amplify() -> None:
    pair = Pair(NS, loaded=True)
    pair.initiator.start(0.0)
    head = bytes([wire.COOKIE, NS.identifier]) + pair.initiator.exchange + bytes(2)
    sent, refused = 0, 0
    for _ in range(1000):
        try:
            sent += len(pair.initiator.receive(head + os.urandom(16), 0.1).send)
        except Rejected as error:
            refused += error.reason == "limit"
    assert (sent, refused) == (9, 997)
    asked, keys = pair.answer(pair.initiator.tick(1.0), 1.0)  # with a forged cookie: a true one comes
    assert keys == []
    out, keys = pair.answer(pair.initiator.receive(asked[0], 1.0).send, 1.0)
    assert same(taken(pair.initiator, out), keys[0])


def flood(pair: Pair, count: int, seconds: float, draw: random.Random) -> int:
    """Forged fragments from as many addresses; the most that was kept."""
    most = 0
    for number in range(count):
        now = seconds * number / count
        pair.responder.receive(forged(CI, draw.randrange(3)), draw.randbytes(6), now)
        most = max(most, len(pair.responder._open.held) + len(pair.responder._shown.held))
    return most


def test_flood(work: list[str]) -> None:
    """100,000 forged fragments a second, in virtual time; 99 % of the true handshakes hold (all do)."""
    draw, done, rounds = random.Random(2), 0, 60
    pair = Pair(CI)
    work.clear()
    assert flood(pair, 3000, 0.03, draw) <= MOST_PARTS
    assert work == []
    for number in range(rounds):
        now = 0.03 + number / 100.0
        begins = pair.begin()
        work.clear()
        flood_now = [(forged(CI, draw.randrange(3)), draw.randbytes(6)) for _ in range(1000)]
        for raw, address in flood_now[:500]:
            pair.responder.receive(raw, address, now)
        asked, _ = pair.answer(begins.start(now), now)
        assert {one[0] for one in asked} == {wire.COOKIE}
        again = [out for one in asked for out in begins.receive(one, now).send]
        for raw, address in flood_now[500:]:
            pair.responder.receive(raw, address, now)
        assert work == []
        out, keys = pair.answer(again, now)
        done += same(taken(begins, out), keys[0])
        kept = pair.responder
        assert len(kept._open.held) <= MOST_PARTS
        assert len(kept._shown.held) <= MOST_PARTS
        assert len(kept._open.each) <= MOST_PARTS
    assert done >= 0.99 * rounds


def test_memory_is_bounded() -> None:
    """Also against addresses that answer: each has few, and its own oldest goes first."""
    parts = memory.Parts()
    for number in range(20_000):
        address = bytes([number % 7]) if number % 2 else number.to_bytes(4, "big")
        parts.add(wire.parse(forged(CI)), address, number * 1e-6)
        assert len(parts.held) <= MOST_PARTS
    assert all(len(own) <= MOST_EACH for own in parts.each.values())
    assert sum(map(len, parts.each.values())) == len(parts.held)
    parts.forget(100.0)
    assert (len(parts.held), len(parts.each)) == (0, 0)
    answers = memory.Answers()
    for number in range(MOST_DONE + 500):
        answers.put(number.to_bytes(8, "big"), memory.Done(b"", b"", 0.0, [], 0.0))
    assert len(answers.held) == MOST_DONE
    answers.put(b"new", memory.Done(b"", b"", 40.0, [], 40.0))
    assert list(answers.held) == [b"new"]


def test_forged_address_starves_nobody() -> None:
    """An attacker that fills the victim's share without hearing answers costs it one cookie."""
    pair = Pair(NS)
    for _ in range(10 * MOST_EACH):
        pair.answer([forged()])
    asked, _ = pair.answer(pair.initiator.start(0.0))
    out, keys = pair.answer(pair.initiator.receive(asked[0], 0.0).send)
    assert same(taken(pair.initiator, out), keys[0])


def test_an_address_that_answers_starves_no_other() -> None:
    pair = Pair(CI, loaded=True)
    for number in range(5 * MOST_EACH):
        raw = forged(CI)
        cookie = pair.responder.receive(raw, b"attacker", 0.0).send[0][12:]
        shown = bytes([wire.HELLO_WITH_COOKIE]) + raw[1:12] + cookie + raw[12:]
        assert pair.responder.receive(shown, b"attacker", 0.0).send == []
        assert len(pair.responder._shown.held) == min(number + 1, MOST_EACH)
    asked, _ = pair.answer(pair.initiator.start(0.0))
    out, keys = pair.answer(pair.initiator.receive(asked[0], 0.0).send)
    assert same(taken(pair.initiator, out), keys[0])


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("index", range(3))
def test_a_forged_fragment_blocks_nothing_for_ever(place: int, index: int) -> None:
    """Of the very exchange, from the very address, anywhere: the repetition at the latest goes through."""
    pair = Pair(NS)
    hello = pair.initiator.start(0.0)
    bad = hello[index][:12] + os.urandom(len(hello[index]) - 12)
    out: list[bytes] = []
    keys: list[SessionKeys] = []
    refused: list[str] = []
    for now, sent in ((0.0, [*hello[:place], bad, *hello[place:]]), (1.0, hello)):
        for one in sent:
            try:
                more = pair.answer([one], now)
            except Rejected as error:
                refused.append(error.reason)
            else:
                out, keys = out + more[0], keys + more[1]
    assert len(keys) == 1
    false = out[index][:12] + os.urandom(len(out[index]) - 12)
    for sent in ([*out[:place], false, *out[place:]], out):
        for one in sent:
            try:
                pair.initiator.receive(one, 1.0)
            except Rejected as error:
                refused.append(error.reason)
    assert set(refused) <= {"mac", "malformed"}
    assert same(pair.initiator.keys, keys[0])


@pytest.mark.parametrize("suite", [NS, CI], ids=["NS", "CI"])
@pytest.mark.parametrize("parity", [0, 1, 2])
@pytest.mark.parametrize("loaded", [False, True])
def test_never_more_than_three_times_what_came(suite: Any, parity: int, loaded: bool) -> None:
    """RFC 9000, 8.1, asks the same of QUIC. Any datagrams of an exchange, again and again."""
    draw = random.Random(parity)
    pair = Pair(suite, parity, loaded=loaded)
    hello = pair.initiator.start(0.0)
    came = went = 0
    for number in range(400):
        one = draw.choice(hello) if number > 50 else draw.choice(hello[:2])
        came += len(one)
        went += sum(map(len, pair.responder.receive(one, ADDRESS, number * 0.01).send))
        assert went <= 3 * came
    assert went > 0
