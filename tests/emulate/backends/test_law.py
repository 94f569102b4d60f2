"""The BPF programs against the engine's kernel, packet by packet, run by this machine's own BPF machine."""

from __future__ import annotations

import heapq
import os
import socket
import struct
from contextlib import ExitStack

import numpy as np
import pytest

from rabta.emulate.backends import bpf, law
from rabta.emulate.backends.assembler import assembled
from rabta.emulate.backends.edt import Tables
from rabta.emulate.engine import spaces, virtual
from rabta.emulate.engine.course import Course, Pages
from rabta.errors import RabtaError

ORIGIN = 10**12


@pytest.fixture(autouse=True)
def _allowed() -> None:
    try:
        bpf.Table(1, 1).close()
    except RabtaError as error:
        pytest.skip(f"no BPF here: {error}")


def net(rng: np.random.Generator, hosts: int = 3, pieces: int = 5, **changes: object) -> Course:
    """A network of slopes, bursts of loss, gaps, jitter, frames and queues."""
    ends = np.array([(i, j) for i in range(hosts) for j in range(hosts) if i != j])
    rows = np.zeros((len(ends), pieces, 7))
    rows[:, :, 0] = np.arange(pieces) * 3e8 + np.where(
        np.arange(pieces), rng.integers(0, 10**8, (len(ends), pieces)), 0
    )
    rows[:, :, 1] = rng.integers(10**6, 4 * 10**7, (len(ends), pieces))
    rows[:, :, 2] = rng.normal(0.0, 2e-5, (len(ends), pieces))
    rows[:, :, 3:7] = 0.02, 0.4, 0.05, 0.2
    rows[rng.random((len(ends), pieces)) < 0.1, 1] = -1.0
    gates = tuple(f"{host} {way}" for host in range(hosts) for way in ("up", "down"))
    rates = np.zeros((len(gates), 2, 2))
    rates[:, 1, 0], rates[:, :, 1] = 7e8, rng.choice([0.0, 2e6, 4e6, 5e5], (len(gates), 2))
    values = {
        "hosts": tuple(map(str, range(hosts))), "ends": ends, "first": np.arange(len(ends) + 1) * pieces,
        "pieces": rows.reshape(-1, 7), "jitter": np.where(np.arange(len(ends)) % 2, 2e6, 0.0),
        "frame": np.where(np.arange(len(ends)) % 3, 0.0, 1_333_333.0), "gates": gates,
        "gate_first": np.arange(len(gates) + 1) * 2, "gate_pieces": rates.reshape(-1, 2),
        "queue": np.full(len(gates), 3.6e7), "overhead": np.full(len(gates), 24.0), "up": 2 * ends[:, 0],
        "down": 2 * ends[:, 1] + 1, "length_ns": 2_000_000_000,
    }  # fmt: skip
    return Course(**(values | changes))  # type: ignore[arg-type]


def frame(course: Course, path: int, size: int) -> bytes:
    """An Ethernet frame with an IPv4 packet of `size` bytes along a path."""
    a, b = (socket.inet_aton(spaces.address(int(end))) for end in course.ends[path])
    head = struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, 17, 0) + a + b
    return bytes(12) + b"\x08\x00" + head + bytes(size - 20)


def carried(course: Course, sent: np.ndarray, seed: int) -> dict[int, tuple[int, int]]:
    """Instant and fate of each packet, every stage run by the kernel's BPF machine at its own instant."""
    out: dict[int, tuple[int, int]] = {}
    with ExitStack() as stack:
        tables = Tables(course, seed)
        stack.callback(tables.close)
        tables.begin(ORIGIN)
        names: tuple[law.Stage, ...] = ("up", "path", "down")
        programs = [bpf.load(assembled(law.program(name, clock=False), tables.descriptors)) for name in names]
        for program in programs:
            stack.callback(os.close, program)
        pages = Pages(course)
        tables.page(pages, pages.turn(0))
        tables.turned(pages.book)
        waiting = [(int(row[0]), 0, k) for k, row in enumerate(sent)]
        heapq.heapify(waiting)
        while waiting:
            now, stage, k = heapq.heappop(waiting)
            while now >= pages.until_ns:
                tables.page(pages, pages.turn(pages.until_ns))
                tables.turned(pages.book)
            packet = frame(course, int(sent[k, 1]), int(sent[k, 2]))
            before = tables.state.rows.copy()
            verdict, then = bpf.tried(programs[stage], packet, ORIGIN + now)
            if verdict == 2:
                changed = np.argwhere(tables.state.rows != before)
                kinds = {law.STATE[int(field)] for _, field in changed} & FATES.keys()
                out[k] = (now, FATES[kinds.pop()])
            elif stage == 2:
                out[k] = (then - ORIGIN, 0)
            else:
                heapq.heappush(waiting, (then - ORIGIN, stage + 1, k))
    return out


FATES = {"full up": 1, "lost": 2, "out": 3, "full down": 5}


def packets(rng: np.random.Generator, count: int, span_ns: float) -> np.ndarray:
    """Random packets of six paths in the order of time."""
    when = np.sort(rng.integers(0, int(span_ns), count))
    return np.stack([when, rng.integers(0, 6, count), rng.integers(40, 1500, count)], axis=1)


def by_packet(rows: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """Instant and fate of the engine's rows, shape (packet, 2), in the order of `sent`."""
    key = {tuple(one): k for k, one in enumerate(sent.tolist())}
    assert len(key) == len(sent), "packets that cannot be told apart"
    out = np.zeros((len(sent), 2), dtype=np.int64)
    for came, left, path, size, fate, _ in rows.tolist():
        out[key[came, path, size]] = left, fate
    return out


@pytest.mark.parametrize("seed", [4, 9])
def test_programs_give_every_packet_the_fate_and_the_instant_that_the_engine_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    course, sent = net(rng), packets(rng, 3_000, 1.5e9)
    found = carried(course, sent, seed)
    ours = np.array([found[k] for k in range(len(sent))])
    theirs = by_packet(virtual.carry(course, sent, seed), sent)
    assert (ours[:, 1] == theirs[:, 1]).all()
    assert set(theirs[:, 1].tolist()) == {0, 1, 2, 3, 5}, "a scenario with every fate"
    assert np.abs(ours[:, 0] - theirs[:, 0]).max() <= 2, "whole numbers of ns on either side"


def test_a_packet_to_nowhere_and_one_that_is_not_ipv4_are_dropped() -> None:
    course = net(np.random.default_rng(1))
    tables = Tables(course, 0)
    try:
        program = bpf.load(assembled(law.program("up", clock=False), tables.descriptors))
        known = frame(course, 0, 100)
        nowhere = known[:30] + socket.inet_aton("10.0.9.9") + known[34:]
        assert bpf.tried(program, nowhere, ORIGIN)[0] == 2
        assert bpf.tried(program, known[:12] + b"\x08\x06" + known[14:], ORIGIN)[0] == 2
        os.close(program)
    finally:
        tables.close()


def test_a_line_that_is_no_instruction_is_named() -> None:
    with pytest.raises(RabtaError, match="no instruction"):
        assembled("r1 = r2 plus 3")
    with pytest.raises(RabtaError, match="jump to nowhere"):
        assembled("goto away\nexit")


def test_instructions_have_the_bytes_of_rfc_9669() -> None:
    # section 5.4 (64-bit immediate), 4.3 (jumps), 5.3 (atomics): opcode, registers, offset, number
    assert assembled("r1 = 0x1122334455667788 ll").hex() == "1801000088776655" + "0000000044332211"
    assert assembled("if r3 s< -1 goto end\nend:\nexit").hex() == "c5030000ffffffff" + "9500000000000000"
    assert assembled("lock *(u64 *)(r8 + 16) += r1").hex() == "db18100000000000"
    assert assembled("r0 = cmpxchg(r9 + 0, r0, r3)").hex() == "db390000f1000000"
    assert assembled("*(u32 *)(r10 - 4) = r2").hex() == "632afcff00000000"
