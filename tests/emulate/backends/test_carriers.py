"""The same scenarios over every back end that this machine has; those that it has not say why."""

from __future__ import annotations

import os
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate import plan, worker
from rabta.emulate.backends import choice
from rabta.emulate.engine.course import Course
from rabta.emulate.engine.live import Tuning
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError
from rabta.verify.emulation import crossing

PORT = 7000
SO_RCVBUFFORCE = 33  # Linux's asm-generic/socket.h; Python has no name for it

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(params=choice.NAMES)
def backend(request: pytest.FixtureRequest) -> str:
    """Name of a back end."""
    name = str(request.param)
    cause = choice.why_not(name)
    if cause is not None:
        pytest.skip(f"no {name} here: {cause.problem}")
    return name


def mesh(delays_ms: dict[tuple[int, int], float]) -> Course:
    """Hosts and paths of steady delays, without queues."""
    ends = np.array(list(delays_ms))
    pieces = np.zeros((len(ends), 7))
    pieces[:, 1] = [1e6 * delay for delay in delays_ms.values()]
    hosts, none = int(ends.max()) + 1, np.zeros(0)
    return Course(
        tuple(f"host {k}" for k in range(hosts)), ends, np.arange(len(ends) + 1), pieces, np.zeros(len(ends)),
        np.zeros(len(ends)), (), np.zeros(1, dtype=np.int64), np.zeros((0, 2)), none, none,
        np.full(len(ends), -1), np.full(len(ends), -1), 10**12,
    )  # fmt: skip


class Line:
    """Numbered datagrams from the city to the village, and when they came."""

    def __init__(self, bed: Testbed) -> None:
        self.out, self.into = bed.socket("city"), bed.socket("village")
        self.into.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)  # past the machine's limit, as root
        self.into.bind((bed.address("village"), PORT))
        self.to, self.bed, self.sent = (bed.address("village"), PORT), bed, list[int]()
        self.found: list[tuple[int, int]] = []
        self.ended = threading.Event()
        self.ear = threading.Thread(target=self._hear)
        self.ear.start()

    def _hear(self) -> None:
        while True:
            if select.select([self.into], [], [], 0.5)[0]:
                self.found.append((struct.unpack_from("!i", self.into.recv(65_536))[0], self.bed.now()))
            elif self.ended.is_set():
                return

    def send(self, size: int = 64) -> None:
        """One datagram of so many bytes, its number and instant inside."""
        self.sent.append(self.bed.now())
        self.out.sendto(struct.pack("!i", len(self.sent) - 1) + bytes(size - 4), self.to)

    def came(self) -> list[tuple[int, int]]:
        """Number and instant of all that came until nothing did for a while."""
        self.ended.set()
        self.ear.join()
        self.into.close()
        self.out.close()
        return self.found


def paced(line: Line, count: int, every_s: float) -> list[tuple[int, int]]:
    """Send at a steady pace, then listen."""
    begun = time.monotonic()
    for k in range(count):
        line.send()
        time.sleep(max(begun + (k + 1) * every_s - time.monotonic(), 0.0))
    return line.came()


def test_what_was_sent_first_comes_first_where_the_delay_falls(backend: str) -> None:
    way = np.array([[0.0, 80e6, 0, 0, 0, 0, 0], [5e8, 20e6, -2e-5, 0, 0, 0, 0]])
    with choice.bed(crossing.course(way), backend=backend) as bed:
        bed.restart()
        line = Line(bed)
        found = paced(line, 120, 0.01)
    numbers = [number for number, _ in found]
    assert numbers == list(range(120)), "none lost, none overtakes"
    spans = [(line.sent[number] / 1e6, (came - line.sent[number]) / 1e6) for number, came in found]
    assert min(span for sent, span in spans if sent < 400.0) >= 79.9
    late = [span for sent, span in spans if sent > 600.0]
    assert min(late) >= 19.9
    assert np.median(late) < 80.0


def test_a_way_that_is_out_loses_what_is_sent_then_and_nothing_else(backend: str) -> None:
    way = np.array([[0.0, 30e6, 0, 0, 0, 0, 0], [4e8, -1, 0, 0, 0, 0, 0], [8e8, 30e6, 0, 0, 0, 0, 0]])
    with choice.bed(crossing.course(way), backend=backend) as bed:
        bed.restart()
        line = Line(bed)
        came = {number for number, _ in paced(line, 240, 0.005)}
    sent = np.array(line.sent) / 1e6
    lost = np.array([number not in came for number in range(240)])
    edge = 100.0  # ms in which a busy machine may be late
    assert not lost[(sent < 400.0 - edge) | (sent > 800.0 + edge)].any()
    assert lost[(sent > 400.0 + edge) & (sent < 800.0 - edge)].all()


def test_losses_in_bursts_are_as_many_as_their_chances_say(backend: str) -> None:
    setup = Setup(Tuning(seed=5))
    with choice.bed(crossing.course(crossing.way(crossing.BURSTS)), setup, backend=backend) as bed:
        line = Line(bed)
        for _ in range(60):
            for _ in range(50):
                line.send()
            time.sleep(0.01)
        came = len(line.came())
    mean, deviation = crossing.expected(3_000)
    assert abs(3_000 - came - mean) < 5.0 * deviation


def test_a_queue_empties_at_its_rate_and_drops_beyond_its_room(backend: str) -> None:
    net = crossing.course(crossing.way(), rate_bps=2e6, queue_s=0.08)  # 20 kB
    with choice.bed(net, backend=backend) as bed:
        line = Line(bed)
        for _ in range(60):
            line.send(1472)
        took = (line.sent[-1] - line.sent[0]) / 6e6
        found = line.came()
    numbers = [number for number, _ in found]
    assert numbers[:13] == list(range(13)), "13 of 1500 bytes find room, of which one is on its way"
    assert 13 <= len(numbers) <= 14 + int(took), "a packet more for each 6 ms"
    assert found[12][1] - line.sent[0] >= 20e6 + 13 * 6e6 - 1e5, "each takes 6 ms"


def test_every_pair_of_hosts_has_its_own_delay(backend: str) -> None:
    delays = {(0, 1): 20.0, (1, 0): 60.0, (0, 2): 100.0, (2, 0): 20.0, (1, 2): 140.0, (2, 1): 100.0}
    names = sorted(set(delays.values()))
    with choice.bed(mesh(delays), backend=backend) as bed:
        sockets = [bed.socket(host) for host in bed.course.hosts]
        for host, one in zip(bed.course.hosts, sockets, strict=True):
            one.bind((bed.address(host), PORT))
            one.settimeout(5.0)
        felt = {}
        for a, b in delays:
            spans = []
            for _ in range(5):
                begun = time.monotonic()
                sockets[a].sendto(b"x", (bed.address(bed.course.hosts[b]), PORT))
                sockets[b].recv(10)
                spans.append((time.monotonic() - begun) * 1e3)
            felt[a, b] = min(spans)
        for one in sockets:
            one.close()
    assert {pair: max(name for name in names if name <= span + 0.1) for pair, span in felt.items()} == delays


def test_hosts_without_a_path_do_not_reach_each_other(backend: str) -> None:
    with choice.bed(mesh({(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0}), backend=backend) as bed:
        out = bed.start(
            "host 0", ["ping", "-c", "1", "-W", "1", bed.address("host 2")], stdout=subprocess.PIPE
        )
        assert out.wait(timeout=20) != 0
        near = bed.start(
            "host 0", ["ping", "-c", "1", "-W", "5", bed.address("host 1")], stdout=subprocess.PIPE
        )
        assert near.wait(timeout=20) == 0
        assert bed.counters()["read"] >= 3


def test_nothing_is_left_of_a_back_end(backend: str) -> None:
    net = crossing.course(crossing.way())
    with choice.bed(net, backend=backend):
        pass
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with choice.bed(net, backend=backend) as bed:
            bed.restart()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_only_the_engine_can_is_refused_by_name(backend: str) -> None:
    if backend == "tun":
        pytest.skip("the engine can")
    with pytest.raises(RabtaError, match="only the tun back end has this"):
        choice.bed(crossing.course(crossing.way()), Setup(hop=True), backend=backend)


@pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping (Debian: iputils-ping)")
def test_a_plan_is_carried_out_by_the_back_end_that_it_names(backend: str, tmp_path: Path) -> None:
    ping = plan.Activity("ping", "village", "city", 0.2, 2.0)
    plan.write(tmp_path, crossing.course(crossing.way()), plan.Plan(2.5, (ping,), backend=backend))
    found = worker.carry_out(tmp_path)
    assert found["activities"][0]["summary"]["least_ms"] >= 40.0
    assert found["engine"]["read"] >= 10
    assert (tmp_path / "fates").exists() == (backend == "tun")
