"""Acquisition, tracking, codes and decoding of samples, and PocketSDR's Python in the same run.

Usage: OMP_NUM_THREADS=1 python bench/baseband.py --samples FILE [--pocketsdr DIR]
FILE is L1_20211202_084700_4MHz_IQ.bin(.xz) of PocketSDR, DIR a copy of PocketSDR (its Python alone is used,
without a compiled library); without DIR the peer is left out, and the result says so. CPU seconds, the least
of several runs (the peer's of one). Results go to bench/results/baseband.json.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.pnt.baseband import acquire, codes, generate, ldpc, samples, track

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "baseband.json"
RATE = 4e6
B1C = tuple(range(19, 47))
COLUMNS = ("cn0_dbhz", "cell_cn0_dbhz", "doppler_hz")


def cpu(job: Callable[[], Any], times: int = 5) -> float:
    """CPU seconds, the least of several runs."""
    job()
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def ours(path: Path) -> dict[str, Any]:
    """Our times and what is found."""
    read = samples.read(path, RATE, "iq8", mirrored=True)
    out: dict[str, Any] = {}
    for signal, prns in (("B1C", B1C), ("L1CA", tuple(range(1, 33)))):
        seconds = cpu(lambda signal=signal, prns=prns: acquire.search(read.values, RATE, signal, prns))
        found = acquire.search(read.values, RATE, signal, prns)
        out[signal] = {
            "cpu_s": round(seconds, 3), "satellites": len(prns),
            "found": {
                int(row["prn"]): [round(float(row[name]), 2) for name in COLUMNS]
                for row in found if row["found"]
            },
        }  # fmt: skip
        row = max(found, key=lambda r: r["cn0_dbhz"])
        place = {"doppler_hz": float(row["doppler_hz"]), "delay_s": float(row["delay_s"])}
        prn = int(row["prn"])
        seconds = cpu(
            lambda signal=signal, prn=prn, place=place: track.run(read.values, RATE, signal, prn, **place)
        )
        out[signal]["track_cpu_s_a_second"] = round(seconds / read.seconds, 3)
        out[signal]["peaks_cpu_s"] = round(
            cpu(lambda signal=signal, prn=prn: acquire.peaks(read.values, RATE, signal, prn)), 3
        )
    return out


def others() -> dict[str, Any]:
    """Codes, words of LDPC and samples made."""

    def all_codes() -> None:
        codes._bits.cache_clear()
        for name in codes.SIGNALS:
            for prn in codes.prns(name)[:63]:
                codes.bits(name, prn)

    words: dict[str, float] = {}
    for name in ldpc.NAMES:
        rng = np.random.default_rng(1)
        message = rng.integers(0, 2, (200, ldpc.code(name).message_bits))
        sent = 1.0 - 2.0 * ldpc.encode(name, message)
        ratios = 2.0 * (sent + rng.normal(0.0, 10 ** (-0.1), sent.shape)) / 10 ** (-0.2)
        words[name] = round(200 / cpu(lambda name=name, ratios=ratios: ldpc.decode(name, ratios), 3))
    emissions = [generate.Emission("B1C", prn, 45.0, 0.001 * prn, 100.0 * prn) for prn in range(20, 30)]
    return {
        "codes_all_cpu_s": round(cpu(all_codes, 2), 3), "ldpc_words_a_cpu_s_at_2_db": words,
        "samples_a_cpu_s_of_ten_b1c": round(4e5 / cpu(lambda: generate.samples(emissions, RATE, 0.1, 1), 3)),
    }  # fmt: skip


def lies(path: Path) -> dict[str, Any]:
    """Second senders added to the published samples, 3 dB stronger, 0.75 to 6 chips aside, in 40 ms."""
    read = samples.read(path, RATE, "iq8", mirrored=True)
    density, rng = generate.density(read.values, RATE, "B1C"), np.random.default_rng(1)
    count, alarms, found = 0, 0, 0
    for first in (0.0, 0.1, 0.2, 0.3):
        part = read.values[round(first * RATE) : round((first + 0.1) * RATE)]
        seen = acquire.search(part, RATE, "B1C", B1C)
        for row in seen[seen["found"]]:
            aside = float(rng.choice([-1, 1]) * rng.uniform(0.75, 6.0) / 1.023e6)
            power = float(row["cn0_dbhz"]) + 1.81 + 3.0
            second = generate.Emission(
                "B1C", int(row["prn"]), power, float(row["delay_s"]) + aside,
                float(row["doppler_hz"]) + rng.uniform(-10.0, 10.0), phase_cycles=rng.random(),
            )  # fmt: skip
            mixed = part.copy()
            generate.add(mixed, RATE, second, density, seed=count)
            strongest = float(seen["cn0_dbhz"].max())
            clean, lie = (
                acquire.peaks(
                    values, RATE, "B1C", int(row["prn"]), centre_hz=float(row["doppler_hz"]),
                    doppler_hz=300.0, time_s=0.04, false_alarm=1e-3, beside_dbhz=strongest,
                )
                for values in (part, mixed)
            )  # fmt: skip
            count, alarms, found = count + 1, alarms + (len(clean) > 1), found + (len(lie) > 1)
    return {"windows": count, "second_senders_found": found, "false_alarms": alarms}


def peer(folder: str | None, path: Path) -> dict[str, Any] | str:
    """PocketSDR's search of the same satellites."""
    if folder is None:
        return "not measured: no --pocketsdr"
    with tempfile.NamedTemporaryFile(suffix=".bin") as plain:
        data = path.read_bytes()
        plain.write(lzma.decompress(data) if path.suffix == ".xz" else data)
        plain.flush()
        tool = [sys.executable, str(HERE.parent / "tools/pnt/baseband.py"), "--pocketsdr", folder]
        done = subprocess.run([*tool, "--samples", plain.name], capture_output=True, text=True, check=True)
    seconds = {
        line.split()[1].rstrip(":"): float(line.split()[2])
        for line in done.stderr.splitlines()
        if "CPU-s" in line
    }
    return {"cpu_s": seconds, "found": done.stdout.split()}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", required=True, type=Path)
    parser.add_argument("--pocketsdr")
    asked = parser.parse_args()
    mine, theirs = ours(asked.samples), peer(asked.pocketsdr, asked.samples)
    result = {
        "date": datetime.now(UTC).date().isoformat(), "machine": platform.processor() or platform.machine(),
        "load": os.getloadavg()[0], "ours": mine, "others": others(),
        "second_senders": lies(asked.samples), "pocketsdr": theirs,
    }  # fmt: skip
    if isinstance(theirs, dict):
        result["ratio"] = {
            name: round(theirs["cpu_s"][peer_name] / mine[name]["cpu_s"], 1)
            for name, peer_name in (("B1C", "B1CP"), ("L1CA", "L1CA"))
        }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
