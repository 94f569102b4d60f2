"""Real packets between namespaces: delays, queues, captures, and the record carried again."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate.engine import records, spaces, virtual
from rabta.emulate.engine.course import Course
from rabta.emulate.engine.live import Engine, Tuning
from rabta.errors import RabtaError

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK),
    reason="needs root or user namespaces, and /dev/net/tun",
)


def course(
    hosts: int, delay_ms: float, rate_bps: float = 0.0, loss: float = 0.0, jitter_ms: float = 0.0
) -> Course:
    """Every host to every other over one delay."""
    ends = np.array([(i, j) for i in range(hosts) for j in range(hosts) if i != j])
    pieces = np.zeros((len(ends), 7))
    pieces[:, 1], pieces[:, 3] = delay_ms * 1e6, loss
    gates = tuple(f"{host} {way}" for host in range(hosts) for way in ("up", "down"))
    return Course(
        tuple(f"host {i}" for i in range(hosts)), ends, np.arange(len(ends) + 1), pieces,
        np.full(len(ends), jitter_ms * 1e6), np.zeros(len(ends)), gates, np.arange(len(gates) + 1),
        np.stack([np.zeros(len(gates)), np.full(len(gates), rate_bps)], axis=1),
        np.full(len(gates), 30_000.0),
        np.zeros(len(gates)), 2 * ends[:, 0], 2 * ends[:, 1] + 1, 10**12,
    )  # fmt: skip


@pytest.fixture
def hosts() -> Iterator[list[spaces.Space]]:
    """Three namespaces, gone after the test."""
    home, made = spaces.here(), []
    try:
        made += [spaces.make(1500, {"rabta0": (spaces.address(i), "255.0.0.0")}) for i in range(3)]
        spaces.enter(home)
        yield made
    finally:
        spaces.enter(home)
        for space in made:
            space.close()
        os.close(home)


def ports(made: list[spaces.Space]) -> list[int]:
    """Interfaces of hosts."""
    return [space.ports["rabta0"] for space in made]


@pytest.fixture
def sockets(hosts: list[spaces.Space]) -> Iterator[list[socket.socket]]:
    """UDP socket of every host."""
    found = [spaces.inside(space, socket.AF_INET, socket.SOCK_DGRAM) for space in hosts]
    for i, one in enumerate(found):
        one.bind((spaces.address(i), 5000))
        one.settimeout(2.0)
    yield found
    for one in found:
        one.close()


def test_a_packet_takes_the_path_s_delay(hosts: list[spaces.Space], sockets: list[socket.socket]) -> None:
    engine = Engine(course(3, 20.0), ports(hosts))
    engine.start()
    times = []
    for k in range(50):
        before = time.monotonic_ns()
        sockets[0].sendto(struct.pack("!q", k), (spaces.address(2), 5000))
        assert struct.unpack("!q", sockets[2].recv(100))[0] == k
        times.append((time.monotonic_ns() - before) / 1e6)
    engine.stop()
    assert min(times) >= 20.0, "nothing is faster than the path"
    assert np.median(times) < 25.0


def test_what_was_recorded_has_the_same_fates_in_virtual_time(
    hosts: list[spaces.Space], sockets: list[socket.socket], tmp_path: Path
) -> None:
    net = course(3, 5.0, rate_bps=4e6, loss=0.05, jitter_ms=2.0)
    engine = Engine(net, ports(hosts), Tuning(seed=7))
    engine.fates = records.Fates(tmp_path / "fates", net, 7)
    engine.start()
    rng = np.random.default_rng(1)
    for _ in range(3000):
        a, b = rng.choice(3, 2, replace=False).tolist()
        sockets[a].sendto(bytes(int(rng.integers(10, 1400))), (spaces.address(b), 5000))
        if rng.random() < 0.1:
            time.sleep(0.002)
    time.sleep(0.4)
    engine.stop()
    head, rows = records.fates(tmp_path / "fates")
    assert head["seed"] == 7
    assert len(rows) == engine.stats[0] >= 3000, "and what the hosts themselves send"
    assert set(rows[:, 4]) >= {0, 2}
    assert {1, 5} & set(rows[:, 4]), "the queues must have been full at times"
    sent = rows[np.argsort(rows[:, 0])][:, [0, 2, 3]]
    again = virtual.carry(net, sent, 7)
    assert np.array_equal(again[np.argsort(again[:, 0])], rows[np.argsort(rows[:, 0])])


def test_a_capture_opens_in_other_tools(
    hosts: list[spaces.Space], sockets: list[socket.socket], tmp_path: Path
) -> None:
    net = course(3, 1.0)
    engine = Engine(net, ports(hosts), Tuning(capture_rows=1000))
    engine.capture = records.Capture(tmp_path / "packets.pcapng", net, 128)
    engine.start()
    sockets[0].sendto(b"hello", (spaces.address(1), 5000))
    assert sockets[1].recv(100) == b"hello"
    engine.stop()
    raw = (tmp_path / "packets.pcapng").read_bytes()
    blocks, at = [], 0
    while at < len(raw):
        kind, size = struct.unpack_from("<II", raw, at)
        assert struct.unpack_from("<I", raw, at + size - 4)[0] == size, "both lengths of a block agree"
        blocks.append((kind, raw[at + 8 : at + size - 4]))
        at += size
    packets = [body for kind, body in blocks if kind == 6]
    assert [kind for kind, _ in blocks[:2]] == [0x0A0D0D0A, 1]
    assert any(body[20:].find(b"hello") > 0 and body[20] >> 4 == 4 for body in packets)


def test_a_child_runs_inside_and_dies_with_its_parent(hosts: list[spaces.Space]) -> None:
    show = "import socket; print(sorted(name for _, name in socket.if_nameindex()))"
    out = subprocess.run(
        [sys.executable, "-c", show],
        preexec_fn=spaces.entering(hosts[0]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rabta0" in out.stdout


def test_a_path_that_changes_too_often_is_refused() -> None:
    net = course(2, 1.0)
    rows = np.zeros((3, 7))
    rows[:, 0] = 0, 1e6, 1e9
    with pytest.raises(RabtaError, match="too often"):
        Course(**{**net.__dict__, "first": np.array([0, 3, 4]), "pieces": np.vstack([rows, rows[:1]])})


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b'{"rabta": "fates", "version": 99}\n')
    with pytest.raises(RabtaError, match="version"):
        records.fates(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"\xff\xfe rubbish")
    with pytest.raises(RabtaError):
        records.fates(tmp_path / "x")
