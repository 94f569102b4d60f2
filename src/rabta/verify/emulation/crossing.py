"""One scenario over a back end, by programs: ``python -m rabta.verify.emulation.crossing tun``.

Three parts: a path that moves, drops in delay and goes out for a while, under probes; losses in bursts; TCP
through a queue. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rabta.emulate.engine.course import Course
    from rabta.emulate.testbed import Testbed

MOVING_S, LOSSY_S, FLOW_S, OPEN_S, START_S = 10.0, 10.0, 10, 5, 3.0
EVERY_S, SIZE = 0.005, 200
OUT_S = (7.0, 7.3)
RATE_BPS = 20e6
BURSTS = (0.005, 0.3, 0.02, 0.2)
"""Chances of loss in the good state and in the bad, of turning bad and of turning good."""
CONTROLS = ("cubic", "bbr")
CALLS = 10_000
STORED = Path(__file__).with_name("backends.json")


def way(loss: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0), *, moving: bool = False) -> Any:
    """Pieces of a path: 20 ms, or such as a satellite's that sets, with a better one after 4 s and a gap."""
    if not moving:
        return np.array([[0.0, 20e6, 0.0, *loss]])
    out, back = (1e9 * x for x in OUT_S)
    rows = [[0.0, 20e6, 2.3e-5], [4e9, 15e6, -2.3e-5], [out, -1.0, 0.0], [back, 15e6, 2.3e-5]]
    return np.array([[*row, *loss] for row in rows])


def course(way: Any, rate_bps: float = 0.0, queue_s: float = 0.1) -> Course:
    """A village and a city, the village's link of a rate; from the city to the village the way."""
    from rabta.emulate.engine.course import Course

    still = np.array([[0.0, 20e6, 0.0, 0.0, 0.0, 0.0, 0.0]])
    rates = np.array([[0.0, rate_bps], [0.0, rate_bps], [0.0, 0.0], [0.0, 0.0]])
    return Course(
        hosts=("village", "city"), ends=np.array([(0, 1), (1, 0)]), first=np.array([0, 1, 1 + len(way)]),
        pieces=np.concatenate([still, way]), jitter=np.zeros(2), frame=np.zeros(2),
        gates=("village up", "village down", "city up", "city down"), gate_first=np.arange(5),
        gate_pieces=rates, queue=np.full(4, 1e9 * queue_s), overhead=np.zeros(4),
        up=np.array([0, 2]), down=np.array([3, 1]), length_ns=3600 * 10**9,
    )  # fmt: skip


def opened(net: Course, backend: str) -> Testbed:
    """Testbed whose engine, where it has one, comes before the programs that measure, as the kernel does."""
    from rabta.emulate.backends import choice
    from rabta.emulate.engine.live import Tuning
    from rabta.emulate.testbed import Setup

    return choice.bed(net, Setup(Tuning(urgent=True)), backend=backend)


def moving(backend: str) -> dict[str, Any]:
    """Felt less computed delay of probes along a moving path, their order, and where they were lost."""
    from rabta.emulate import agree
    from rabta.emulate.programs import probes

    net = course(way(moving=True), RATE_BPS)
    with opened(net, backend) as bed:
        bed.restart()
        begun = time.monotonic_ns() - bed.now()
        found = probes.one_way(bed, "city", "village", MOVING_S, every_s=EVERY_S, size=SIZE)
        told = bed.counters()
    rows = np.array(found["packets"], dtype=np.int64)
    sent = (rows[:, 1] - begun) / 1e9
    send = 8e3 * (SIZE + 28) / RATE_BPS
    felt = (rows[:, 2] - rows[:, 1]) / 1e6
    computed = agree.delays_ms(net, int(net.route()[1, 0]), sent)
    more = felt - computed - send
    kept = np.isfinite(more)
    return {
        "median_us": round(float(np.median(more[kept])) * 1e3, 1),
        "p99_us": round(float(np.percentile(more[kept], 99)) * 1e3, 1),
        "least_us": round(float(more[kept].min()) * 1e3, 1),
        "reordered": found["summary"]["reordered"],
        "sent": found["summary"]["sent"], "received": found["summary"]["received"],
        "in_the_gap": int((~kept).sum()), "carrier": told,
    }  # fmt: skip


def lossy(backend: str) -> dict[str, Any]:
    """Share of probes lost of a path that loses in bursts."""
    from rabta.emulate.programs import probes

    with opened(course(way(BURSTS)), backend) as bed:
        found = probes.one_way(bed, "city", "village", LOSSY_S, every_s=0.002, size=64)["summary"]
    return {"sent": found["sent"], "lost": found["sent"] - found["received"]}


def flow(backend: str, control: str, rate_bps: float = RATE_BPS, seconds: int = FLOW_S) -> dict[str, Any]:
    """Goodput of one TCP flow to the village, each second after its start (Mbit/s)."""
    from rabta.emulate.programs import probes

    with opened(course(way(), rate_bps), backend) as bed:
        found = probes.transfer(bed, "village", "city", seconds, control=control, back=True)
    late = [row for row in found["intervals"] if row[0] >= START_S]
    return {
        "mbps": [round(row[2] / 1e6, 3) for row in late],
        "retransmits": sum(row[3] for row in found["intervals"]),
    }


def measured(backend: str) -> dict[str, Any]:
    """All parts of one back end."""
    flows = {control: flow(backend, control) for control in CONTROLS}
    free = flow(backend, "cubic", 0.0, OPEN_S)
    return {"moving": moving(backend), "lossy": lossy(backend), "tcp": flows, "open": free}


def expected(sent: int) -> tuple[float, float]:
    """Packets lost of so many, and their standard deviation, of the channel of `BURSTS`.

    The variance of a sum over a chain of two states: that of single losses, and twice the covariances, which
    fall by 1 - p - r a packet.
    """
    good, bad, worse, better = BURSTS
    share = worse / (worse + better)
    mean, memory = good + share * (bad - good), 1.0 - worse - better
    between = share * (1.0 - share) * (bad - good) ** 2
    variance = mean * (1.0 - mean) + 2.0 * between * memory / (1.0 - memory)
    return sent * mean, float((sent * variance) ** 0.5)


def costs() -> dict[str, float]:
    """What this kernel takes for a system call, and to hand over from a process to another and back (us)."""
    begun = time.monotonic()
    for _ in range(CALLS):
        os.getppid()
    call = (time.monotonic() - begun) / CALLS
    (near, there), (back, far) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        for _ in range(CALLS // 10):
            os.write(far, os.read(near, 1))
        os._exit(0)
    begun = time.monotonic()
    for _ in range(CALLS // 10):
        os.write(there, b"x")
        os.read(back, 1)
    trip = (time.monotonic() - begun) / (CALLS // 10)
    os.waitpid(child, 0)
    for descriptor in (near, there, back, far):
        os.close(descriptor)
    return {"system_call_us": round(call * 1e6, 2), "there_and_back_us": round(trip * 1e6, 1)}


def stored(rounds: int) -> dict[str, Any]:
    """Result of a user-mode Linux, with where it comes from."""
    import platform
    import sys
    import tempfile
    from datetime import UTC, datetime

    from rabta.emulate.backends import choice, uml

    with suppress(OSError):  # so that other work of this machine is not measured too
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    here = {"costs": costs(), "tun": {"moving": moving("tun")}}
    command = [
        sys.executable,
        "-m",
        __spec__.name if __spec__ else __name__,
        "--rounds",
        str(rounds),
        *choice.NAMES,
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        status = uml.boot(command, folder, timeout_s=120.0 + 240.0 * rounds)
        text = (folder / "output").read_text(encoding="utf-8", errors="replace")
    if status:
        raise SystemExit(text)
    found: dict[str, Any] = json.loads(text[text.index("{\n") :])
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "where": f"user-mode Linux {found['kernel']}, one processor of {_processor()}, {platform.release()}",
        "command": f"python -m rabta.verify.emulation.crossing --store --rounds {rounds}",
        "own_kernel": here, **found,
    }  # fmt: skip


def _processor() -> str:
    """Name of this machine's processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    """Measure the back ends named, in turn so that a busy spell meets all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("backend", nargs="*")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", action="store_true")
    asked = parser.parse_args()
    if asked.store:
        STORED.write_text(json.dumps(stored(asked.rounds), indent=1) + "\n", encoding="utf-8")
        return
    rounds = [{name: measured(name) for name in asked.backend} for _ in range(asked.rounds)]
    print(json.dumps({"kernel": os.uname().release, "costs": costs(), "rounds": rounds}, indent=1))


if __name__ == "__main__":
    main()
