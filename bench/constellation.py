"""4,408 satellites, 200 live hosts, links updated every 100 ms: delays, CPU time and memory.

    python bench/constellation.py [seconds] [probes a second]

Satellites: ``starlink-gen1-filed`` of the catalog (FCC 21-48), plus-grid links in shells. Hosts: 200 places
within a degree of ten cities of Pakistan, each a network namespace with a TUN interface, a path between every
two. A program beside the engine computes routes and delays ahead. Probes of 64 bytes between random hosts are
sent and heard by a third process; the kernel stamps arrivals; what they took is compared with the twin's
geometry, computed afterwards. Beside them one pair downloads over TCP (iperf3, cubic, held to 50 Mbit/s).

It needs root and iperf3. Results: part ``sky`` of bench/results/emulation.json.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog
from rabta.emulate.engine.live import Tuning
from rabta.emulate.feed.live import Feed
from rabta.emulate.feed.sky import Sky, Ways
from rabta.emulate.testbed import Setup, Testbed
from rabta.space.network.geometry import Sites
from rabta.space.network.topology import Network, Shell, join, shell_network

RESULTS = Path(__file__).parent / "results" / "emulation.json"
HOSTS, PORT = 200, 9_000
SO_TIMESTAMPNS = 35  # asm-generic/socket.h
CITIES = (
    (24.9, 67.0), (31.5, 74.3), (33.7, 73.1), (34.0, 71.5), (30.2, 67.0), (35.9, 74.3), (25.1, 62.3),
    (28.9, 64.4), (27.7, 68.9), (30.2, 71.5),
)  # fmt: skip


def shells() -> Network:
    """The filed shells as one network."""
    held = catalog.entry("constellations", "starlink-gen1-filed").data["shells"]
    return join([
        shell_network(Shell(
            one["name"], one["altitude_km"], one["inclination_deg"], one["planes"], one["per_plane"],
            one.get("phasing", 0.0), one.get("spread_deg", 360.0), system="starlink-gen1-filed",
            min_elevation_deg=one["min_elevation_deg"],
        ))
        for one in held
    ])  # fmt: skip


def places() -> Sites:
    """Hosts, by a seed."""
    rng = np.random.default_rng(4408)
    near = [CITIES[k % len(CITIES)] for k in range(HOSTS)]
    return Sites.of([
        (f"h{k}", a + rng.uniform(-1, 1), b + rng.uniform(-1, 1)) for k, (a, b) in enumerate(near)
    ])  # fmt: skip


def probes(bed: Testbed, seconds: float, rate: int, out: Path) -> int:
    """Start the process that sends and hears; its file: sender, receiver, instant, ns on the way."""
    ears = []
    for name in bed.course.hosts:
        ear = bed.socket(name)
        ear.bind((bed.address(name), PORT))
        ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        ear.setblocking(False)
        ears.append(ear)
    child = os.fork()
    if child == 0:
        np.save(out, _rows(bed, ears, seconds, rate))
        os._exit(0)
    for ear in ears:
        ear.close()
    return child


def _rows(bed: Testbed, ears: list[socket.socket], seconds: float, rate: int) -> np.ndarray:
    heard, rng = select.epoll(), np.random.default_rng(1)
    for ear in ears:
        heard.register(ear.fileno(), select.EPOLLIN)
    number = {ear.fileno(): k for k, ear in enumerate(ears)}
    there = [(bed.address(name), PORT) for name in bed.course.hosts]
    a = rng.integers(0, HOSTS, int(seconds * rate))
    b = (a + rng.integers(1, HOSTS, a.size)) % HOSTS
    shift, begun, found = time.time_ns() - time.monotonic_ns(), time.monotonic_ns(), list[tuple[int, ...]]()
    every = 1_000_000_000 // rate
    for k in range(a.size):
        while time.monotonic_ns() < begun + k * every:
            _hear(heard, number, ears, shift, found)
        ears[a[k]].sendto(struct.pack("qq", int(a[k]), time.monotonic_ns()) + bytes(20), there[b[k]])
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        _hear(heard, number, ears, shift, found)
    return np.array([[a.size, 0, 0, 0], *found])


def _hear(
    heard: select.epoll, number: dict[int, int], ears: list[socket.socket], shift: int, found: list[Any]
) -> None:
    for descriptor, _ in heard.poll(0.0002):
        b = number[descriptor]
        data, more, _, _ = ears[b].recvmsg(64, 64)
        a, sent = struct.unpack_from("qq", data)
        whole, part = struct.unpack("qq", more[0][2][:16])
        found.append((a, b, sent, whole * 1_000_000_000 + part - shift - sent))


def errors_ns(sky: Sky, rows: np.ndarray) -> np.ndarray:
    """What probes took beyond the twin's delay at the instant at which they left."""
    step_ns = round(sky.step_s * 1e9)
    begin, end = Ways(sky).delays_ns(0, int(rows[:, 2].max() // step_ns) + 1)
    pair = np.zeros((HOSTS, HOSTS), dtype=np.int64)
    goal, site = sky.pairs.T
    pair[goal, site] = pair[site, goal] = np.arange(len(goal))
    step, rest = np.divmod(rows[:, 2], step_ns)
    row = pair[rows[:, 0], rows[:, 1]]
    return np.asarray(rows[:, 3] - begin[step, row] - (end[step, row] - begin[step, row]) * rest / step_ns)


def used_s(process: int) -> float:
    """CPU time of a process."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def most_mb(process: int) -> float:
    """Largest memory of a process so far."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def measured(seconds: float, rate: int) -> dict[str, Any]:
    """One emulation of so many seconds."""
    sky = Sky(shells(), places(), np.datetime64("2026-11-23T06:00:00", "ns"))
    begun = time.perf_counter()
    with Feed(sky) as feed, tempfile.TemporaryDirectory() as folder:
        course = feed.course()
        ready = time.perf_counter() - begun
        with Testbed(course, Setup(Tuning(urgent=True)), pages=feed.pages) as bed:
            up = time.perf_counter() - begun
            own, other = used_s(os.getpid()), used_s(feed.process)
            child = probes(bed, seconds, rate, Path(folder, "rows.npy"))
            goodput = _download(bed, seconds)
            own, other = used_s(os.getpid()) - own, used_s(feed.process) - other
            os.waitpid(child, 0)
            counters, told = bed.counters(), feed.counters()
            memory = {"engine_mb": most_mb(os.getpid()), "feed_mb": most_mb(feed.process)}
            assert bed.engine is not None
            rows = np.load(Path(folder, "rows.npy"))
            origin = bed.engine.origin
    sent, rows = int(rows[0, 0]), rows[1:]
    rows[:, 2] -= origin
    late = errors_ns(sky, rows) / 1e3
    at = np.percentile(late, [0.1, 50, 90, 99])
    return {
        "satellites": sky.network.size, "hosts": HOSTS, "paths": len(course.ends), "step_s": sky.step_s,
        "seconds": seconds, "first_ways_s": round(ready, 2), "up_s": round(up, 2), "probes_a_s": rate,
        "sent": sent, "came": len(rows), "tcp_mbps": goodput,
        "error_us": dict(zip(("p0.1", "p50", "p90", "p99"), np.round(at, 1).tolist(), strict=True)),
        "rtt_ms_range": [round(float(2e-6 * x), 2) for x in (rows[:, 3].min(), np.median(rows[:, 3]))],
        "engine_cores": round(own / seconds, 3), "feed_cores": round(other / seconds, 3),
        "stale_pages": counters["stale_pages"], **{f"feed_{k}": v for k, v in told.items()},
        **{name: round(value) for name, value in memory.items()}, "load_after": os.getloadavg()[0],
    }  # fmt: skip


def _download(bed: Testbed, seconds: float) -> float:
    """Goodput of one pair, Mbit/s."""
    server = bed.start("h1", ["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    words = ["iperf3", "-c", bed.address("h1"), "-t", str(int(seconds) - 1), "-b", "50M", "-C", "cubic", "-J"]
    said = json.loads(bed.start("h0", words, stdout=subprocess.PIPE, text=True).communicate()[0])
    server.wait(10)
    return float(round(said["end"]["sum_received"]["bits_per_second"] / 1e6, 2))


def main() -> None:
    """Measure, print, and keep it beside the other parts."""
    seconds, rate = (float(word) for word in (*sys.argv[1:], *("60", "5000")[len(sys.argv) - 1 :]))
    head = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "load_before": os.getloadavg()[0]}
    found = {**head, **measured(seconds, int(rate))}
    print(json.dumps(found, indent=1))
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    RESULTS.write_text(json.dumps({**kept, "sky": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
