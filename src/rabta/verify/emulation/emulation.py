"""Suite ``emulation``: what real packets feel beside what was computed, and records that repeat.

The rows of the virtual clock run anywhere; those with real hosts need Linux, root (or a TUN device open to
users) and, for goodput, iperf3. Where these are missing the suite says so and has fewer rows.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.verify import Row, suite

if TYPE_CHECKING:
    from rabta.emulate.engine.course import Course
    from rabta.emulate.testbed import Testbed

PAIRS, ECHOES = 56, 12
PORT = 5000
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
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
    """Felt less computed round trip of echoes between pairs of hosts, and what of it is the engine's.

    A datagram's arrival is the kernel's stamp (SO_TIMESTAMPNS), as ping has it: the time that a program takes
    to wake up and look is no part of the network.

    Returns
    -------
    ndarray, shape (pair, echo, 2)
        Felt less computed, and how late the engine handed the two packets over by its own record; ms.
    """
    from rabta.emulate.engine import spaces
    from rabta.emulate.engine.live import Tuning
    from rabta.emulate.testbed import Setup, Testbed

    with Testbed(net, Setup(Tuning(urgent=True))) as bed:
        sockets = [bed.socket(name) for name in net.hosts]
        try:
            for name, one in zip(net.hosts, sockets, strict=True):
                one.bind((bed.address(name), PORT))
                one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                one.settimeout(5.0)
            spaces.urgent()  # or what is measured is when this program is let to send
            found = [[_echo(bed, sockets, a, b) for _ in range(count)] for a, b in pairs.tolist()]
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            for one in sockets:
                one.close()
    route, way = net.route(), net.pieces[:, 1] / 1e6
    out = np.array(found)
    out[:, :, 0] -= np.array([[way[route[a, b]] + way[route[b, a]]] for a, b in pairs.tolist()])
    return out


def _echo(bed: Testbed, sockets: list[socket.socket], a: int, b: int) -> tuple[float, float]:
    """Round trip from stamp to stamp, and the engine's lateness in it; ms."""
    from rabta.emulate.engine._kernels import ERROR_SUM

    assert bed.engine is not None
    stats, trip = bed.engine.stats, 0
    before = int(stats[ERROR_SUM])
    for here, there in ((a, b), (b, a)):
        left = time.clock_gettime_ns(time.CLOCK_REALTIME)
        sockets[here].sendto(b"echo", (bed.address(bed.course.hosts[there]), PORT))
        stamps = sockets[there].recvmsg(64, 64)[1]
        stamp = next(data for _, kind, data in stamps if kind == SO_TIMESTAMPNS)
        seconds, nanoseconds = struct.unpack("qq", stamp[:16])
        trip += seconds * 1_000_000_000 + nanoseconds - left
    time.sleep(5e-4)  # until the engine has counted the second one
    return trip / 1e6, (int(stats[ERROR_SUM]) - before) / 1e6


def _round_trips() -> list[Row]:
    net = mesh(20)
    pairs = np.array([(a, b) for a in range(20) for b in range(a + 1, 20)])[:: 190 // PAIRS][:PAIRS]
    found = echoes(net, pairs, ECHOES)
    more, late = np.median(found[:, :, 0], axis=1), np.median(found[:, :, 1], axis=1)
    rest = np.median(found[:, :, 0] - found[:, :, 1], axis=1)
    route = net.route()
    computed = np.array([net.pieces[route[a, b], 1] * 2e-6 for a, b in pairs.tolist()])
    good = np.abs(more) <= np.maximum(0.01 * computed, 0.3)
    name = f"round trips of {len(pairs)} pairs"
    values = (
        ("within 1 % or 0.3 ms of the computed ones", float(good.sum()), float(len(pairs)), 0.0),
        ("the worst pair's median above the computed one (ms)", float(more.max()), 0.0, 0.3),
        ("of that, the engine late by its own record, both ways (ms)", float(late[more.argmax()]), 0.0, 0.3),
        ("the worst pair without the engine's lateness (ms)", float(np.abs(rest).max()), 0.0, 0.3),
    )
    return [
        Row(f"{name}: {what}", ours, theirs, tol, TARGET, gate=False) for what, ours, theirs, tol in values
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
