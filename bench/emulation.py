"""How fast an emulated network is up, how exact its delays are, and how much it carries.

    python bench/emulation.py [hosts|links|delay|rate|tcp]...

*hosts*: 1,000 hosts, each a network namespace with an interface, one path; *links*: 8,000 links between 1,000
namespaces, an interface at each end, hop by hop. *delay*: one-way delays of probes of 64 bytes at 5 and 10
thousand a second over random paths of 2 to 120 ms, against the course; the kernel stamps arrivals. *rate*:
packets of 64 and 1,400 bytes a second through one path without a limit. *tcp*: iperf3 over 10 ms each way.

Beside it in the same run: the same 1,000 namespaces with a veth pair each, made by the commands of iproute2.
It needs root. Results: bench/results/emulation.json.
"""

from __future__ import annotations

import json
import os
import platform
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.emulate import ways
from rabta.emulate.engine.live import Tuning
from rabta.emulate.testbed import Setup, Testbed

RESULTS = Path(__file__).parent / "results" / "emulation.json"
FREE = ways.Access(queue_s=5.0)
SECONDS = 4.0
SO_TIMESTAMPNS = 35  # asm-generic/socket.h


def way(delay_s: float) -> np.ndarray:
    """Path of one delay."""
    return np.array([[0.0, delay_s * 1e9, 0, 0, 0, 0, 0]])


def hosts() -> dict[str, Any]:
    """1,000 hosts up, and by iproute2."""
    names = [f"h{k}" for k in range(1_000)]
    course = ways.course(dict.fromkeys(names, FREE), {("h0", "h1"): way(0.01)}, 60.0)
    found = []
    for _ in range(3):
        begun = time.perf_counter()
        with Testbed(course):
            found.append(time.perf_counter() - begun)
    return {"seconds": [round(one, 3) for one in found], "peer_iproute2_veth_s": _iproute(200) * 5.0,
            "peer_note": "200 namespaces with a veth pair each by `ip -batch`, times 5"}  # fmt: skip


def _iproute(count: int) -> float:
    lines = []
    for k in range(count):
        lines += [f"netns add rb{k}", f"link add rbv{k} type veth peer name rbp{k} netns rb{k}",
                  f"link set dev rbv{k} up"]  # fmt: skip
    begun = time.perf_counter()
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
    took = time.perf_counter() - begun
    subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(f"netns del rb{k}" for k in range(count)),
        text=True,
        check=True,
    )
    return round(took, 3)


def links() -> dict[str, Any]:
    """8,000 links between 1,000 namespaces: what 20,000 open files allow, where that limit stands."""
    names, pairs = [f"n{k}" for k in range(1_000)], {}
    for k in range(1_000):
        for step in range(1, 9):
            pairs[names[k], names[(k + step) % 1_000]] = way(0.005)
    course = ways.course(dict.fromkeys(names, FREE), pairs, 60.0)
    before = _memory()
    begun, cpu = time.perf_counter(), time.process_time()
    with Testbed(course, Setup(hop=True)):
        up = time.perf_counter() - begun
        used = before - _memory()
    return {"seconds": round(up, 2), "cpu_s": round(time.process_time() - cpu, 2), "links": len(pairs),
            "memory_mb": round(used / 1e6)}  # fmt: skip


def _memory() -> int:
    """Memory of the machine that is to be had, bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable"):
            return 1_024 * int(line.split()[1])
    return 0


def delay() -> dict[str, Any]:
    """One-way errors over many paths."""
    found = {}
    for count in (100, 1_000):
        names, rng = [f"h{k}" for k in range(count)], np.random.default_rng(count)
        pairs = {(f"h{a}", f"h{b}"): way(rng.uniform(0.002, 0.12)) for a, b in _drawn(rng, count, 400)}
        course = ways.course(dict.fromkeys(names, FREE), pairs, 60.0)
        for rate in (5_000, 10_000):
            with Testbed(course, Setup(Tuning(urgent=True))) as bed:
                found[f"{count} hosts, {rate} packets/s"] = _errors(bed, list(pairs), rate)
    return found


def _drawn(rng: np.random.Generator, count: int, wanted: int) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    while len(found) < wanted:
        a, b = (int(x) for x in rng.integers(0, count, 2))
        if a < b:
            found.add((a, b))
    return found


def _errors(bed: Testbed, pairs: list[tuple[str, str]], rate: int) -> dict[str, float]:
    """Errors of probes from a process of its own, taken by the kernel's stamps of arrival."""
    heard = select.epoll()
    ears: dict[int, tuple[socket.socket, float]] = {}
    mouths = []
    for k, (a, b) in enumerate(pairs):
        ear, mouth = bed.socket(b), bed.socket(a)
        ear.bind((bed.address(b), 20_000 + k))
        ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        mouth.connect((bed.address(b), 20_000 + k))
        heard.register(ear.fileno(), select.EPOLLIN)
        path = bed.course.ends.tolist().index([bed.course.hosts.index(a), bed.course.hosts.index(b)])
        ears[ear.fileno()] = ear, float(bed.course.pieces[bed.course.first[path], 1])
        mouths.append(mouth)
    child = os.fork()
    if child == 0:
        _send(mouths, rate, SECONDS)
        os._exit(0)
    errors, until = [], time.monotonic() + SECONDS + 1.0
    while time.monotonic() < until:
        for number, _ in heard.poll(0.2):
            ear, exact = ears[number]
            data, more, _, _ = ear.recvmsg(64, 64)
            came = struct.unpack("qq", more[0][2][:16])
            sent = struct.unpack("q", data[:8])[0]
            errors.append(came[0] * 1_000_000_000 + came[1] - sent - exact)
    os.waitpid(child, 0)
    for ear, _ in ears.values():
        ear.close()
    for mouth in mouths:
        mouth.close()
    at = np.percentile(errors, [50, 90, 99])
    return {"p50_us": round(at[0] / 1e3, 1), "p90_us": round(at[1] / 1e3, 1), "p99_us": round(at[2] / 1e3, 1),
            "probes": len(errors), "load": os.getloadavg()[0]}  # fmt: skip


def _send(mouths: list[socket.socket], rate: int, seconds: float) -> None:
    clock, count = time.clock_gettime_ns, len(mouths)
    begun, every = time.monotonic_ns(), 1_000_000_000 // rate
    for k in range(int(rate * seconds)):
        while time.monotonic_ns() < begun + k * every:
            pass
        mouths[k % count].send(struct.pack("q", clock(time.CLOCK_REALTIME)) + bytes(28))


def rate() -> dict[str, Any]:
    """Packets a second through one path without a limit, by iperf3's UDP from the sender's kernel."""
    found = {}
    course = ways.course({"a": FREE, "b": FREE}, {("a", "b"): way(0.0)}, 60.0)
    for size in (64, 1_400):
        with Testbed(course) as bed:
            server = bed.start("b", ["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
            time.sleep(0.5)
            words = ["-u", "-b", "0", "-l", str(size - 28), "-t", "4", "-J"]
            client = bed.start(
                "a", ["iperf3", "-c", bed.address("b"), *words], stdout=subprocess.PIPE, text=True
            )
            said = json.loads(client.communicate()[0])
            server.wait(10)
        end = said["end"]["sum_received"]
        came, gone = end["packets"] * (1 - end["lost_percent"] / 100), said["end"]["sum_sent"]["packets"]
        found[f"{size} B"] = {f"{name}_kpps": round(count / end["seconds"] / 1e3, 1)
                              for name, count in (("received", came), ("sent", gone))}  # fmt: skip
    return found


def tcp() -> dict[str, Any]:
    """Goodput over 10 ms each way."""
    found = {}
    course = ways.course({"a": FREE, "b": FREE}, {("a", "b"): way(0.01)}, 60.0)
    for control in ("cubic", "bbr"):
        with Testbed(course, Setup(Tuning(offload=True))) as bed:
            server = bed.start("b", ["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
            time.sleep(0.5)
            words = ["-t", "6", "-O", "2", "-C", control, "-J"]
            client = bed.start(
                "a", ["iperf3", "-c", bed.address("b"), *words], stdout=subprocess.PIPE, text=True
            )
            said = json.loads(client.communicate()[0])
            server.wait(10)
        found[f"{control}_gbps"] = round(said["end"]["sum_received"]["bits_per_second"] / 1e9, 2)
    return found


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "hosts": hosts,
    "links": links,
    "delay": delay,
    "rate": rate,
    "tcp": tcp,
}


def main() -> None:
    """Measure the parts named, or all; what was measured before stays."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in sys.argv[1:] or PARTS:
        kept[name] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "load_before": os.getloadavg()[0],
            **PARTS[name](),
        }
        print(name, json.dumps(kept[name]))
        kept["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
