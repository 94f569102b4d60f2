"""DVB-S2(X) measured: thresholds of all modcods, loss of a receiver of samples, and speed.

Usage: python bench/dvb.py thresholds | loss | speed [--gnuradio PYTHON]

``thresholds`` finds, over white noise and with perfect synchronisation, the Es/N0 at which one frame in a
hundred is lost; it writes src/rabta/verify/mobile/dvb_thresholds.csv, which `rabta verify dvb` holds against
the standard. ``loss`` does the same through the whole receiver of samples, for some modcods; ``speed`` counts
CPU seconds of every step, and those of GNU Radio's gr-dtv transmitter in the same run where PYTHON has it.
Results go to bench/results/dvb.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog, jit
from rabta.mobile.modem.dvb import constellations, frames, modcods, shaping
from rabta.mobile.modem.dvb.fec import bch, chain, codes, ldpc
from rabta.mobile.modem.dvb.modcods import modcod
from rabta.mobile.modem.dvb.receiver import carrier, locate, timing

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "dvb.json"
TABLE = HERE.parent / "src/rabta/verify/mobile/dvb_thresholds.csv"
ENTRIES = ("dvb-s2", "dvb-s2-short", "dvb-s2x", "dvb-s2x-short")
STEP_DB, FRAMES, BATCH, TARGET = 0.1, 400, 50, 1e-2
LOSSY = (
    "QPSK 1/4",
    "QPSK 1/2",
    "QPSK 1/2 short",
    "8PSK 3/5",
    "16APSK 3/4",
    "32APSK 4/5",
    "64APSK 4/5",
    "256APSK 3/4",
)


def published() -> dict[str, float]:
    """Es/N0 (dB) of the standard's tables, as the catalog has them."""
    folder = Path(catalog.__file__).parent / "waveforms"
    rows = [r for e in ENTRIES for r in tomllib.loads((folder / f"{e}.toml").read_text())["modcods"]]
    return {name: db for name, _, db, *_ in rows if name in modcods.names()}


def noisy(row: np.ndarray, variance: float, rng: np.random.Generator) -> np.ndarray:
    """Symbols or samples with white noise."""
    noise = rng.normal(size=row.shape) + 1j * rng.normal(size=row.shape)
    return row + np.sqrt(variance / 2.0) * noise


def lost(name: str, esn0_db: float, seed: int) -> tuple[int, int, float]:
    """Frames lost, frames sent, and mean iterations; stops when a tenth is lost."""
    of, rng = modcod(name), np.random.default_rng(seed)
    code = codes.code(of.code)
    errors, sent, turns = 0, 0, 0.0
    while sent < FRAMES and errors < 0.1 * FRAMES:
        bits = rng.integers(0, 2, (BATCH, code.payload), dtype=np.uint8)
        variance = 10.0 ** (-esn0_db / 10.0)
        rows = noisy(constellations.modulate(chain.encode(code, bits), of), variance, rng)
        ratios = np.array([constellations.demodulate(row, variance, of) for row in rows])
        found = chain.decode(code, ratios)
        errors += int((found.bits != bits).any(axis=1).sum())
        turns += float(found.iterations.sum())
        sent += BATCH
    return errors, sent, turns / sent


def lost_by_receiver(name: str, esn0_db: float, seed: int) -> tuple[int, int, float]:
    """The same through the receiver: frequency, timing and phase unknown, pilots on, 2 samples a symbol."""
    of, rng = modcod(name), np.random.default_rng(seed)
    errors, sent = 0, 0
    count = max(20, round(600_000 / of.length(True)))
    while sent < FRAMES and errors < 0.1 * FRAMES:
        payload = rng.integers(0, 2, count * of.payload, dtype=np.uint8)
        row = frames.transmit(payload, name, samples_per_symbol=2)
        turn = np.exp(2j * np.pi * (0.013 * np.arange(len(row)) + rng.random()))
        late = np.concatenate([np.zeros(int(rng.integers(0, 500)), np.complex64), row * turn])
        found = frames.receive(noisy(late, 2.0 * 10.0 ** (-esn0_db / 10.0), rng), samples_per_symbol=2)
        good = sum(f.ok for f in found.frames)
        errors, sent = errors + count - good, sent + count
    return errors, sent, 0.0


def threshold(
    name: str, start: float, count: Callable[[str, float, int], tuple[int, int, float]]
) -> dict[str, Any]:
    """Es/N0 (dB) at which one frame in a hundred is lost, between steps on a logarithmic scale of loss."""
    points: dict[int, tuple[float, float]] = {}
    step = round(start / STEP_DB)
    while not (points and max(p for p, _ in points.values()) > TARGET):
        errors, sent, turns = count(name, step * STEP_DB, step + 1000)
        points[step] = errors / sent, turns
        step -= 1
    step = max(points) + 1
    while min(p for p, _ in points.values()) > TARGET:
        errors, sent, turns = count(name, step * STEP_DB, step + 1000)
        points[step] = errors / sent, turns
        step += 1
    below = max(s for s, (p, _) in points.items() if p > TARGET)
    low, high = (max(points[s][0], 0.25 / FRAMES) for s in (below, below + 1))
    part = np.log(low / TARGET) / np.log(low / high)
    return {"db": round(float((below + part) * STEP_DB), 3), "iterations": round(points[below + 1][1], 1)}


def thresholds() -> dict[str, Any]:
    """Thresholds of all modcods into the table."""
    rows = []
    for name, db in published().items():
        begin = db - 0.1 if "short" not in name else db - 0.3
        rows.append({"modcod": name, **threshold(name, begin, lost)})
        print(rows[-1], db, flush=True)
    with TABLE.open("w", newline="", encoding="ascii") as file:
        writer = csv.DictWriter(file, ["modcod", "db", "iterations"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return {"frames": FRAMES, "loss": TARGET, "iterations": ldpc.ITERATIONS, "table": str(TABLE.name)}


def loss() -> list[dict[str, Any]]:
    """What the receiver costs beside perfect synchronisation."""
    made = []
    for name in LOSSY:
        ideal = threshold(name, published()[name] - 0.1, lost)["db"]
        whole = threshold(name, ideal + 0.2, lost_by_receiver)["db"]
        made.append(
            {"modcod": name, "ideal_db": ideal, "receiver_db": whole, "loss_db": round(whole - ideal, 3)}
        )
        print(made[-1], flush=True)
    return made


def cpu(job: Callable[[], Any]) -> tuple[Any, float]:
    """Result and CPU seconds of all threads, the least of three."""
    seconds, found = [], None
    for _ in range(3):
        begin = time.process_time()
        found = job()
        seconds.append(time.process_time() - begin)
    return found, min(seconds)


def one_speed(name: str, esn0_db: float, count: int) -> dict[str, Any]:
    """Nanoseconds of CPU a symbol in every step, two samples a symbol, roll-off 0.2."""
    of, rng, rate, roll = modcod(name), np.random.default_rng(2), 2, 0.2
    payload = rng.integers(0, 2, count * of.payload, dtype=np.uint8)
    row, sending = cpu(lambda: frames.transmit(payload, name, samples_per_symbol=rate))
    row = noisy(row, rate * 10.0 ** (-esn0_db / 10.0), rng).astype(np.complex64)
    took: dict[str, float] = {"transmit": sending}
    coarse, took["coarse frequency"] = cpu(lambda: timing.coarse_frequency(row, roll, rate))
    (flat, phase), took["derotation"] = cpu(lambda: timing.derotated(row, coarse))
    when, took["timing"] = cpu(lambda: timing.timing(flat, roll, rate))
    received, took["matched filter"] = cpu(lambda: shaping.matched(flat, when.times, roll, rate))
    located, took["frames"] = cpu(lambda: locate.frames(received))
    line = carrier.Row(received, phase.at(when.times), 0)
    fine, took["frequency"] = cpu(lambda: carrier.frequencies(line, located))
    pairs = list(zip(located, *fine, strict=True))
    found, took["phase"] = cpu(lambda: [carrier.recover(line, f, float(a), float(b)) for f, a, b in pairs])
    kept = [r for r in found if r is not None]
    ratios, took["soft decisions"] = cpu(
        lambda: np.array([constellations.demodulate(r.data, r.noise_variance, of) for r in kept])
    )
    code = codes.code(of.code)
    (words, used), took["LDPC"] = cpu(lambda: ldpc.decode(code, ratios))
    (_, corrected), took["BCH"] = cpu(lambda: bch.decode(code, words))
    whole, total = cpu(lambda: frames.receive(row, samples_per_symbol=rate))
    symbols = len(row) / rate
    speed_ = 1e-6 * symbols / total
    each = {step: round(1e9 * value / symbols, 1) for step, value in took.items()}
    return {
        "modcod": name, "esn0_db": esn0_db, "frames": len(whole.frames),
        "good": sum(f.ok for f in whole.frames), "iterations": round(float(used.mean()), 1),
        "corrected": int((corrected > 0).sum()), "ns_a_symbol": each,
        "receive_ns_a_symbol": round(1e9 * total / symbols, 1),
        "real_time_factor_a_core": {f"{r} Msymbol/s": round(speed_ / r, 2) for r in (1, 5, 20)},
    }  # fmt: skip


GNURADIO = """
import sys, time
from gnuradio import blocks, dtv, gr
F, C, M, S = dtv.FECFRAME_NORMAL, dtv.C1_2, dtv.MOD_QPSK, dtv.STANDARD_DVBS2
stream = [0x47] + [7] * 187
flow = gr.top_block()
parts = [blocks.vector_source_b(stream, True), blocks.head(1, int(sys.argv[1])),
  dtv.dvb_bbheader_bb(S, F, C, dtv.RO_0_20, dtv.INPUTMODE_NORMAL, dtv.INBAND_OFF, 168, 4000000),
  dtv.dvb_bbscrambler_bb(S, F, C), dtv.dvb_bch_bb(S, F, C), dtv.dvb_ldpc_bb(S, F, C, M),
  dtv.dvbs2_interleaver_bb(F, C, M), dtv.dvbs2_modulator_bc(F, C, M, dtv.INTERPOLATION_OFF),
  dtv.dvbs2_physical_cc(F, C, M, dtv.PILOTS_ON, 0), blocks.null_sink(8)]
flow.connect(*parts)
begin = time.process_time(); flow.run(); print(time.process_time() - begin)
"""


def peer(python: str) -> dict[str, Any]:
    """CPU seconds a frame of QPSK 1/2 from packets to symbols, gr-dtv's and ours."""
    count = 200
    size = count * (32_208 - 80) // 8 + 188
    told = subprocess.run(
        [python, "-c", GNURADIO, str(size)], check=True, capture_output=True, text=True
    ).stdout
    data = np.zeros(count * modcod("QPSK 1/2").payload, dtype=np.uint8)
    _, ours = cpu(lambda: list(frames.symbols(data, "QPSK 1/2")))
    theirs = float(told.split()[-1])
    return {"package": "GNU Radio gr-dtv", "ms_a_frame": 1e3 * theirs / count, "ours_ms": 1e3 * ours / count}


def speed(python: str | None) -> dict[str, Any]:
    """Speeds of four modcods well above their thresholds, and the peer's transmitter."""
    jobs = (("QPSK 1/2", 2.0, 40), ("8PSK 3/5", 6.5, 40), ("16APSK 3/4", 11.2, 50), ("32APSK 4/5", 14.6, 60))
    made: dict[str, Any] = {"receiver": [one_speed(*job) for job in jobs]}
    made["transmitter"] = peer(python) if python else "GNU Radio: not given"
    return made


def main() -> None:
    """Measure one part and keep the results of the others."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["thresholds", "loss", "speed"])
    parser.add_argument("--gnuradio")
    told = parser.parse_args()
    found: Any = {"thresholds": thresholds, "loss": loss}.get(told.part, lambda: speed(told.gnuradio))()
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    kept[told.part] = {
        "date": datetime.now(UTC).date().isoformat(), "machine": platform.machine(), "threads": jit.threads(),
        "load": round(os.getloadavg()[0], 1), "found": found,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
