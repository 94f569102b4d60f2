"""Silences, full disks and counters of the engine."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import records, spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError

pytestmark = pytest.mark.skipif(
    not Path(spaces.DEVICE).exists() or os.geteuid() != 0, reason="needs root and /dev/net/tun"
)


def pair(way: list[tuple[float, float]], rate_bps: float = 0.0, loss: float = 0.0) -> Course:
    """Two hosts; the way between them by second and delay in ms."""
    rows = np.zeros((len(way), 7))
    rows[:, 0], rows[:, 1] = [1e9 * at for at, _ in way], [1e6 * ms if ms >= 0 else -1.0 for _, ms in way]
    rate = np.array([[0.0, rate_bps]])
    hosts = {name: ways.Access(rate, rate, loss=(loss, loss, 0.0, 0.0)) for name in ("a", "b")}
    return ways.course(hosts, {("a", "b"): rows}, 60.0)


def sockets(bed: Testbed) -> tuple[socket.socket, socket.socket]:
    """UDP socket of either host."""
    found = (bed.socket("a"), bed.socket("b"))
    for name, one in zip("ab", found, strict=True):
        one.bind((bed.address(name), 5000))
        one.settimeout(2.0)
    return found


def test_the_first_packet_after_a_silence_takes_the_path_of_its_instant() -> None:
    net = pair([(0.1 * k, 10.0 + 10.0 * k) for k in range(40)])
    with Testbed(net) as bed:
        a, b = sockets(bed)
        assert bed.engine is not None
        time.sleep(1.5)
        before = bed.engine.now()
        a.sendto(b"x", (bed.address("b"), 5000))
        b.recv(10)
        felt = (bed.engine.now() - before) / 1e6
        a.close()
        b.close()
    assert felt >= 10.0 + 10.0 * (before // 100_000_000), "the paths of before were shorter"


@pytest.mark.parametrize("name", ["fates", "capture"])
def test_a_full_disk_ends_a_record_and_not_the_emulation(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        records.Sink(tmp_path / name).append(b"x")
    own = tmp_path / name
    setup = Setup(fates=own) if name == "fates" else Setup(capture=own)
    with pytest.raises(RabtaError, match=r"(?s)no room.*No space left"), Testbed(pair([(0.0, 1.0)]), setup):
        pass
    kept = tmp_path / "kept"
    sink = records.Sink(kept)
    sink.append(b"whole")
    sink.close()
    assert kept.read_bytes() == b"whole"


def test_counters_say_what_became_of_each_hosts_packets() -> None:
    net = pair([(0.0, 5.0), (1.0, -1.0)], rate_bps=1e6, loss=0.2)
    with Testbed(net) as bed:
        a, b = sockets(bed)
        engine = bed.engine
        assert engine is not None
        queues = []
        for _ in range(600):
            a.sendto(bytes(972), (bed.address("b"), 5000))
            queues.append(engine.host(0, 1))
        time.sleep(1.2)
        a.sendto(bytes(972), (bed.address("b"), 5000))
        time.sleep(0.2)
        sender, receiver = engine.host(0, 1), engine.host(1, 0)
        a.close()
        b.close()
    assert max(one["queue_up_ms"] for one in queues) > 20.0, "100 ms of queue at 1 Mbit/s were filled"
    assert queues[0]["delay_ms"] == 5.0
    assert sender["delay_ms"] is None, "the way is out"
    dropped = sender["dropped_up"]
    assert dropped["queue full at the sender"] > 100
    assert dropped["lost"] >= 1
    assert dropped["outage"] >= 1
    assert receiver["dropped_down"] == dropped
    assert sender["sent"] == receiver["got"] + sum(dropped.values())
    assert receiver["got_bits"] == 8000 * receiver["got"]
