"""Probes over real packets: what was put into the course comes out of the measures."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.programs import probes
from rabta.emulate.testbed import Testbed
from rabta.errors import RabtaError

tun = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
iperf = pytest.mark.skipif(shutil.which("iperf3") is None, reason="needs iperf3 (Debian: iperf3)")


def line(delay_ms: float, rate_bps: float = 0.0, loss: float = 0.0, jitter_s: float = 0.0) -> Course:
    """Two hosts; rate, loss and jitter are of what b receives."""
    way = np.array([[0.0, delay_ms * 1e6, 0, 0, 0, 0, 0]])
    b = ways.Access(
        down_bps=np.array([[0.0, rate_bps]]), loss=(loss, loss, 0.0, 0.0), jitter_s=jitter_s, queue_s=0.1
    )
    return ways.course({"a": ways.Access(), "b": b}, {("a", "b"): way}, 120.0)


@tun
@pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping (Debian: iputils-ping)")
def test_ping_tells_each_round_trip() -> None:
    with Testbed(line(15.0)) as bed:
        found = probes.ping(bed, "a", "b", count=10, every_s=0.05)
    assert found["summary"]["received"] == 10
    assert 30.0 <= found["summary"]["rtt_ms"]["least"] <= found["summary"]["rtt_ms"]["p50"] < 33.0
    times = [at for at, _ in found["rtts"]]
    assert times == sorted(times)
    assert 0.4 < times[-1] - times[0] < 1.5


@tun
@iperf
@pytest.mark.parametrize("control", ["cubic", "bbr"])
def test_tcp_fills_the_line(control: str) -> None:
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii") as file:  # noqa: PTH123
        if control not in file.read().split():
            pytest.skip(f"this kernel has no TCP {control}")
    with Testbed(line(10.0, rate_bps=10e6)) as bed:
        found = probes.transfer(bed, "a", "b", 4, control=control)
    rates = [rate for _, _, rate, _ in found["intervals"]]
    assert len(rates) >= 4
    # 1,448 of 1,500 bytes of a packet are the user's
    assert 0.85 * 9.65e6 < float(np.median(rates[1:])) < 1.05 * 9.65e6
    assert found["summary"]["retransmits"] == sum(row[3] for row in found["intervals"])


@tun
@iperf
def test_udp_beyond_the_rate_is_lost() -> None:
    with Testbed(line(10.0, rate_bps=5e6)) as bed:
        found = probes.transfer(bed, "a", "b", 3, udp_bps=10e6)
    assert found["summary"]["protocol"] == "udp"
    assert 0.85 * 5e6 < found["summary"]["goodput_bps"] < 1.15 * 5e6
    assert found["summary"]["lost_packets"] > 500


@tun
def test_one_way_delay_and_loss() -> None:
    with Testbed(line(20.0, loss=0.2)) as bed:
        there = probes.one_way(bed, "a", "b", 4.0, every_s=0.005)["summary"]
        back = probes.one_way(bed, "b", "a", 1.0)["summary"]
    assert there["sent"] == 800
    assert abs(there["loss"] - 0.2) < 4 * (0.2 * 0.8 / 800) ** 0.5
    assert 20.0 <= there["delay_ms"]["least"] <= there["delay_ms"]["p50"] < 21.5
    assert back["loss"] == 0.0
    assert there["reordered"] == back["reordered"] == there["duplicates"] == 0


def test_order_and_doubles_are_counted() -> None:
    rows = [(n, 1000 * n, 1000 * n + 2_000_000) for n in (0, 3, 1, 2, 3, 4)]
    found = probes.judged(6, rows)
    assert (found["received"], found["reordered"], found["duplicates"]) == (5, 2, 1)
    assert found["delay_ms"]["p99"] == 2.0
    assert probes.judged(3, [])["loss"] == 1.0


def test_a_missing_program_names_its_package() -> None:
    with pytest.raises(RabtaError, match="apt-get install nothing"):
        probes.needs("rabta-no-such-program", "nothing")
    with pytest.raises(RabtaError, match="unable to connect"):
        probes.counted({"error": "unable to connect"}, back=False)
