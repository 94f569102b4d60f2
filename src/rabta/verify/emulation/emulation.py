"""Suite ``emulation``: what real packets feel beside what was computed, and records that repeat.

The rows of the virtual clock run anywhere; those with real hosts need Linux, root (or a TUN device open to
users) and, for goodput, iperf3. Where these are missing the suite says so and has fewer rows.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.verify import Row, suite

if TYPE_CHECKING:
    from rabta.emulate.engine.course import Course

PAIRS, ECHOES = 56, 12
SENT = 200_000
TARGET = "issue: emulation; research/security-emulation E, E1 to E4"
PAYLOAD = 1448.0 / 1500.0
"""Share of TCP's data in a full IPv4 packet with time stamps (RFC 7323): 20 + 20 + 12 bytes of heads."""


@suite("emulation", "Real packets beside the computed network")
def emulation(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Same fates twice, round trips of many pairs, goodput through a gate."""
    rows = _virtual()
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.W_OK):
        print("emulation: no rows with real hosts: they need root and /dev/net/tun", file=sys.stderr)
        return rows
    rows += _round_trips()
    if shutil.which("iperf3") is None:
        print("emulation: no rows of goodput: they need iperf3", file=sys.stderr)
        return rows
    return rows + [_goodput(control, rate) for control in ("cubic", "bbr") for rate in (20.0, 100.0)]


def mesh(hosts: int, rate_bps: float = 0.0, seed: int = 3) -> Course:
    """Every host to every other, 2 to 120 ms one way."""
    from rabta.emulate import ways

    rng = np.random.default_rng(seed)
    names = [f"host {k}" for k in range(hosts)]
    access = ways.Access(np.array([[0.0, rate_bps]]), np.array([[0.0, rate_bps]]))
    made = {
        (a, b): np.array([[0.0, rng.uniform(2e6, 120e6), 0, 0, 0, 0, 0]])
        for k, a in enumerate(names) for b in names[k + 1 :]
    }  # fmt: skip
    return ways.course(dict.fromkeys(names, access), made, 3600.0)


def _virtual() -> list[Row]:
    from rabta.emulate.engine import virtual

    net, rng = mesh(12, rate_bps=2e6), np.random.default_rng(5)
    sent = np.stack(
        [
            np.sort(rng.integers(0, 60_000_000_000, SENT)),
            rng.integers(0, len(net.ends), SENT),
            rng.integers(40, 1500, SENT),
        ],
        axis=1,
    )
    one, two = virtual.carry(net, sent, 7), virtual.carry(net, sent, 7)
    return [
        Row(
            f"{SENT:,} packets twice in virtual time: fates that differ",
            float((one != two).any(axis=1).sum()),
            0.0,
            0.0,
            TARGET,
        ),
        Row("the same: packets without a fate", float(SENT - len(one)), 0.0, 0.0, TARGET),
    ]


def echoes(net: Course, pairs: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Felt less computed round trip of echoes between pairs of hosts, ms, shape (pair, echo)."""
    from rabta.emulate.testbed import Testbed

    with Testbed(net) as bed:
        sockets = [bed.socket(name) for name in net.hosts]
        try:
            for name, one in zip(net.hosts, sockets, strict=True):
                one.bind((bed.address(name), 5000))
                one.settimeout(5.0)
            return np.array(
                [
                    [
                        _echo(bed.address(net.hosts[b]), sockets[a], sockets[b], net, (a, b))
                        for _ in range(count)
                    ]
                    for a, b in pairs.tolist()
                ]
            )
        finally:
            for one in sockets:
                one.close()


def _echo(
    address: str, here: socket.socket, there: socket.socket, net: Course, pair: tuple[int, int]
) -> float:
    begin = time.perf_counter()
    here.sendto(b"echo", (address, 5000))
    _, back = there.recvfrom(64)
    there.sendto(b"echo", back)
    here.recvfrom(64)
    felt = (time.perf_counter() - begin) * 1e3
    route = net.route()
    return felt - float(net.pieces[route[pair], 1] + net.pieces[route[pair[::-1]], 1]) / 1e6


def _round_trips() -> list[Row]:
    net = mesh(20)
    pairs = np.array([(a, b) for a in range(20) for b in range(a + 1, 20)])[:: 190 // PAIRS][:PAIRS]
    more = np.median(echoes(net, pairs, ECHOES), axis=1)
    route = net.route()
    computed = np.array([net.pieces[route[a, b], 1] * 2e-6 for a, b in pairs.tolist()])
    good = np.abs(more) <= np.maximum(0.01 * computed, 0.3)
    name = f"round trips of {len(pairs)} pairs"
    return [
        Row(
            f"{name}: within 1 % or 0.3 ms of the computed ones",
            float(good.sum()),
            float(len(pairs)),
            0.0,
            TARGET,
            gate=False,
        ),
        Row(
            f"{name}: the worst pair's median above the computed one (ms)",
            float(more.max()),
            0.0,
            0.3,
            TARGET,
            gate=False,
        ),
    ]


def _goodput(control: str, mbps: float) -> Row:
    """Share of a gate's rate that one TCP flow gets over 40 ms, after its start."""
    import json
    import subprocess

    from rabta.emulate import ways
    from rabta.emulate.testbed import Testbed

    gate = ways.Access(np.array([[0.0, mbps * 1e6]]), np.array([[0.0, mbps * 1e6]]))
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0]])
    net = ways.course({"village": gate, "city": ways.Access()}, {("village", "city"): way}, 60.0)
    with Testbed(net) as bed:
        server = bed.start("city", ["iperf3", "-s", "-1"], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        command = ["iperf3", "-c", bed.address("city"), "-t", "6", "-J", "-R", "-C", control]
        text = bed.start("village", command, stdout=subprocess.PIPE, text=True).communicate(timeout=60)[0]
        server.wait(timeout=10)
    rates = [
        row["sum"]["bits_per_second"] / 1e6
        for row in json.loads(text)["intervals"]
        if row["sum"]["start"] > 1.5
    ]
    wanted = mbps * PAYLOAD
    return Row(
        f"{control} through {mbps:.0f} Mbit/s (Mbit/s of data)",
        float(np.mean(rates)),
        wanted,
        0.05 * wanted,
        TARGET,
        gate=False,
    )
