"""The software modem measured: CPU seconds for a second of signal, at 1, 5 and 20 MHz, on one core.

Usage: python bench/modem.py
Four parts for each framing and bandwidth: send (bytes to samples), channel (samples over a pass), receive
(samples to bytes), and all of them. The real-time factor is seconds of signal over CPU seconds: above 1 it
keeps up. NR's narrowest channel is 5 MHz. Levels are 3 dB above what the modcod needs. CPU time of the
process with one thread (set OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and NUMBA_NUM_THREADS to 1): the machine
may be busy. Results go to bench/results/modem.json.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.mobile.modem import framing, passes
from rabta.mobile.modem.channel import Channel, Receiver
from rabta.mobile.modem.framing import Framing, Hint

RESULTS = Path(__file__).parent / "results" / "modem.json"
START = np.datetime64("2026-01-13T08:00:00", "ns")
GILGIT = (35.92, 74.31, 1440.0)
SECONDS = 0.2
CASES = (
    ("nr", 5.0, "MCS 4 QPSK"), ("nr", 5.0, "MCS 16 16QAM"), ("nr", 5.0, "MCS 27 64QAM"),
    ("nr", 20.0, "MCS 4 QPSK"), ("nr", 20.0, "MCS 16 16QAM"), ("nr", 20.0, "MCS 27 64QAM"),
    ("dvb-s2x", 1.0, "QPSK 1/2"), ("dvb-s2x", 1.0, "16APSK 2/3"),
    ("dvb-s2x", 5.0, "QPSK 1/2"), ("dvb-s2x", 5.0, "16APSK 2/3"),
    ("dvb-s2x", 20.0, "QPSK 1/2"), ("dvb-s2x", 20.0, "16APSK 2/3"),
)  # fmt: skip


def least(job: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    """Result, and least CPU seconds of several runs."""
    seconds, found = [], None
    for _ in range(times):
        begin = time.process_time()
        found = job()
        seconds.append(time.process_time() - begin)
    return found, min(seconds)


def case(name: str, mhz: float, modcod: str) -> dict[str, Any]:
    """One framing, bandwidth and modcod."""
    way: Framing = framing.make(name, mhz)
    satellite = passes.satellite("starlink-11506" if name == "nr" else "starlink-2505")
    carrier = 1.9925e9 if name == "nr" else 11.7e9
    over = passes.find(satellite, *GILGIT, START)
    level = np.full(over.times_s.shape, way.need_db(modcod) + 3.0)
    path = Channel(
        over, carrier, way.sample_rate, way.bandwidth_hz, level, Receiver(0.1, 1.0, seed=1), way.power
    )
    count = max(round(SECONDS / way.frame_s(modcod)), 6)
    rng = np.random.default_rng(0)
    fields = [(modcod, rng.bytes(way.capacity(modcod))) for _ in range(count)]
    sent, made = least(lambda: np.concatenate(list(way.send(fields))))
    (heard, when), carried = least(lambda: path.record(sent, sent_s=60.0, early=256, late=256))
    track = path.track

    def expected(sample: float) -> tuple[float, float]:
        at = when + sample / way.sample_rate
        return float(track.shift_hz(at)), float(track.rate_hz_s(at))

    known = Hint(expected, 5e3, carrier)
    got, taken = least(lambda: list(way.hear(lambda a, n: heard[a : a + n], len(heard), known)))
    seconds = len(sent) / way.sample_rate
    good = sum(h.ok for h in got)
    return {
        "framing": name, "mhz": mhz, "modcod": modcod, "signal_s": seconds,
        "frames": count, "good": good, "mbps": 8.0 * sum(len(h.data) for h in got) / seconds / 1e6,
        "send_times_real": seconds / made, "channel_times_real": seconds / carried,
        "receive_times_real": seconds / taken, "all_times_real": seconds / (made + carried + taken),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    rows = [case(*each) for each in CASES]
    out = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "peer": "none: no open modem found that takes NR-NTN or DVB-S2X over a pass in one package",
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        parts = (f"{part} {row[part + '_times_real']:6.2f}" for part in ("send", "channel", "receive", "all"))
        what = f"{row['framing']:<8} {row['mhz']:4g} MHz {row['modcod']:<13}"
        print(f"{what} {row['good']:3d}/{row['frames']:<3d} {row['mbps']:7.2f} Mbit/s ", *parts)


if __name__ == "__main__":
    main()
