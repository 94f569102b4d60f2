"""Streams over bad links: every byte once and in order, and resumed where they stopped."""

from __future__ import annotations

import os
import random
import struct
from contextlib import suppress
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.core import Rejected
from rabta.security.overlay.paths import Clock, Loss, Path, constant
from rabta.security.overlay.streams import Receiving
from rabta.security.overlay.transfer import (
    ACK_TYPE,
    END_TYPE,
    HEAD,
    MAP_BYTES,
    PIECE,
    PIECE_TYPE,
    Receiver,
    Sender,
    parse,
)


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


def receiving(folder: File, *payloads: bytes) -> tuple[Receiving, dict[str, int]]:
    """Receiving end to which a peer sent these; what was refused."""
    from collections import Counter

    counters: Counter[str] = Counter()
    node = SimpleNamespace(counters=counters)
    step = SimpleNamespace(received=[(b"peer", payload) for payload in payloads])
    endpoint: Any = SimpleNamespace(node=node, poll=lambda _: step, send=lambda *_: None)
    made = Receiving(endpoint, b"peer", folder / "out.bin")
    made.turn()
    return made, counters


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        HEAD.pack(PIECE_TYPE, 7, 0),
        HEAD.pack(PIECE_TYPE, 7, 0) + bytes(PIECE + 1),
        HEAD.pack(END_TYPE, 7, 0) + b"x",
        HEAD.pack(ACK_TYPE, 7, 0) + bytes(MAP_BYTES),
        HEAD.pack(ACK_TYPE, 7, 0),
        HEAD.pack(0x13, 7, 0) + bytes(9),
        HEAD.pack(PIECE_TYPE, 7, 1 << 41) + bytes(9),
        struct.pack(">B", PIECE_TYPE),
    ],
)
def test_only_a_piece_or_an_end_begins_a_file(tmp_path: File, payload: bytes) -> None:
    made, counters = receiving(tmp_path, payload)
    assert made.receiver is None
    assert list(tmp_path.iterdir()) == []
    assert sum(counters.values()) == 1
    with suppress(Rejected):
        assert parse(payload)[0] == ACK_TYPE


def test_a_part_is_gone_on_with_when_it_is_ones_own(tmp_path: File) -> None:
    made, _ = receiving(tmp_path, HEAD.pack(PIECE_TYPE, 7, 0) + b"begin")
    made.close()
    (part,) = tmp_path.iterdir()
    assert part.stat().st_mode & 0o777 == 0o600
    again, _ = receiving(tmp_path, HEAD.pack(PIECE_TYPE, 7, 5) + b" and end")
    again.close()
    assert part.read_bytes() == b"begin and end"


def spoil(part: File, how: str) -> None:
    if how == "others":
        part.chmod(0o640)
    elif how == "second name":
        os.link(part, part.with_name("second"))
    elif how == "link":
        part.rename(part.with_name("elsewhere"))
        part.symlink_to(part.with_name("elsewhere"))
    elif how == "pipe":
        part.unlink()
        os.mkfifo(part, 0o600)
    else:
        os.chown(part, 12345, -1)


@pytest.mark.parametrize("how", ["others", "second name", "link", "pipe", "owner"])
def test_a_part_that_others_may_have_written_is_refused(tmp_path: File, how: str) -> None:
    if how == "owner" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    made, _ = receiving(tmp_path, HEAD.pack(PIECE_TYPE, 7, 0) + b"begin")
    made.close()
    (part,) = tmp_path.iterdir()
    spoil(part, how)
    with pytest.raises(RabtaError, match=r"not taken|cannot write"):
        receiving(tmp_path, HEAD.pack(PIECE_TYPE, 7, 5) + b" and end")
    if not part.is_fifo():
        assert part.read_bytes() == b"begin"
