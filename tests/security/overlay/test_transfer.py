"""Streams over bad links: every byte once and in order, and resumed where they stopped."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.security.core import Rejected
from rabta.security.overlay.paths import Clock, Loss, Path, constant
from rabta.security.overlay.transfer import HEAD, PIECE, Receiver, Sender


def carry(
    data: bytes, there: Path, back: Path, had: int = 0, until: float = 3600.0
) -> tuple[bytes, float, Sender]:
    """Move bytes over two paths in virtual time; what arrived, when, and the sender."""
    got = bytearray(data[:had])
    sender = Sender(7, lambda at, many: data[at : at + many], len(data))
    receiver = Receiver(7, got.extend, had)
    clock = Clock()
    while not sender.done and clock.now < until:
        for piece in sender.poll(clock.now):
            for when in there.send(piece, clock.now):
                clock.at(when, ("there", piece))
        item = clock.next(clock.now + 0.05)
        if item is None:
            continue
        way, datagram = cast("tuple[str, bytes]", item)
        if way == "there":
            for when in back.send(answer := receiver.receive(datagram), clock.now):
                clock.at(when, ("back", answer))
        else:
            sender.receive(datagram, clock.now)
    return bytes(got), clock.now, sender


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 200_000])
def test_good_link(size: int) -> None:
    data = random.Random(size).randbytes(size)
    got, _, sender = carry(data, Path(constant(0.02)), Path(constant(0.02)))
    assert got == data
    assert sender.repeats == 0


@pytest.mark.parametrize("seed", range(4))
def test_bad_link(seed: int) -> None:
    """Bursts of loss, a fifth out of order, a tenth doubled, over 600 ms there and back."""
    data = random.Random(seed).randbytes(150_000)
    loss = Loss(0.05, 0.6, 0.02, 0.3)
    there = Path(constant(0.3), loss, 0.2, 0.1, seed=seed)
    got, took, _ = carry(data, there, Path(constant(0.3), loss, 0.2, 0.1, seed=seed + 100))
    assert got == data
    assert took < 600.0


def test_resumption_sends_only_the_rest() -> None:
    data = random.Random(1).randbytes(100_000)
    there = Path(constant(0.02))
    got, _, _ = carry(data, there, Path(constant(0.02)), had=90_123)
    assert got == data
    assert sum(fate.bytes for fate in there.log) < 9_877 + 20 * HEAD.size


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=1300), st.booleans())
def test_nothing_but_refusals_comes_of_noise(raw: bytes, framed: bool) -> None:
    raw = HEAD.pack(0x10 + len(raw) % 3, 7, len(raw) * 999) + raw[:1100] if framed else raw
    got = bytearray()
    for receive in (
        Receiver(7, got.extend).receive,
        lambda raw: Sender(7, lambda at, many: bytes(many), 10**6).receive(raw, 1.0),
    ):
        with suppress(Rejected):
            receive(raw)
