"""Suite ``baseband``: ranging codes, satellites in real samples, loops and LDPC beside published numbers.

The published samples (PocketSDR's 4 MHz file) are read from ``--files`` where given; without them the rows of
that file are left out. PocketSDR measures C/N0 in cells of whole samples: ``cell`` rows do as it does, the
rows of its defect show what that loses of a signal of known strength, and a loop over the whole record has
the strength that we measure at the peak.
"""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.baseband import acquire, codes, generate, ldpc, samples, track
from rabta.pnt.baseband.generate import Emission
from rabta.verify import Row, suite

FILE = "if/L1_20211202_084700_4MHz_IQ.bin.xz"
RATE = 4e6
POCKET = "PocketSDR b6af31f, its Python, 20 ms (tools/pnt/baseband.py), file L1_20211202_084700_4MHz_IQ"
DIGESTS = "PocketSDR b6af31f (tools/pnt/baseband.py): PRNs whose chips have its SHA-256"
PRINTED = "interface documents B1C, B2a, B2b 1.0 and IS-GPS-200N: PRNs whose printed chips are ours"
BOUND = "Polyanskiy, Poor and Verdu 2010, eq. 223: rate 1/2, this length, two signal values"
LOOPS = "our loops over the whole record; 20 ms scatter by 0.5 dB at 39 dB-Hz"
GOAL = "stated goal: code of B1C's pilot followed over half a second within 5 m"


@suite("baseband", "Navigation: ranging codes, samples, loops and LDPC codes", needs=FILE)
def rows(files: Path | None) -> list[Row]:
    """Codes, a signal of known strength, LDPC; and the published samples where they are given."""
    found = [*_printed(), *_digests(), *_strength(), *_ldpc()]
    path = None if files is None else files / FILE
    return found + (_file(path) if path is not None and path.is_file() else [])


@cache
def table(name: str) -> list[dict[str, str]]:
    """Rows of a table beside this file."""
    text = resources(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def octal(bits: NDArray[np.uint8]) -> str:
    """Octal digits of bits, the first of fewer where they are no multiple of three."""
    padded = np.concatenate([np.zeros(-bits.size % 3, dtype=np.int64), bits.astype(np.int64)])
    return "".join(str(digit) for digit in padded.reshape(-1, 3) @ np.array([4, 2, 1]))


def _printed() -> list[Row]:
    """First and last 24 chips (C/A: first ten) as printed."""
    right: dict[str, int] = {}
    for row in table("baseband_chips.csv"):
        bits = codes.bits(row["signal"], int(row["prn"]))
        same = octal(bits[: 10 if row["signal"] == "L1CA" else 24]) == row["first"]
        same &= not row["last"] or octal(bits[-24:]) == row["last"]
        right[row["signal"]] = right.get(row["signal"], 0) + int(same)
    return [
        Row(f"{name}: codes that begin and end as printed", n, 32 if name == "L1CA" else 63, 0.0, PRINTED)
        for name, n in right.items()
    ]


def _digests() -> list[Row]:
    """Every chip, and every chip of secondary codes."""
    right: dict[str, int] = {}
    for row in table("baseband_codes.csv"):
        prn = int(row["prn"])
        same = _digest(codes.bits(row["signal"], prn)) == row["primary"]
        if row["secondary"]:
            same &= _digest(codes.secondary(row["signal"], prn) < 0) == row["secondary"]
        right[row["signal"]] = right.get(row["signal"], 0) + int(same)
    return [
        Row(f"{name}: codes equal chip by chip", n, 37 if name == "L1CA" else 63, 0.0, DIGESTS)
        for name, n in right.items()
    ]


def _digest(bits: NDArray[np.generic]) -> str:
    return hashlib.sha256(np.packbits(bits.astype(np.uint8)).tobytes()).hexdigest()[:8]


def _strength() -> list[Row]:
    """B1C of known strength whose delay lies at whole and at half samples of 4 MHz."""
    source = "our generator: 47 dB-Hz, of which the pilot's BOC(1,1) has 29/44"
    whole, half = (
        acquire.search(
            generate.samples([Emission("B1C", 30, 47.0, (12_345 + part) / RATE, 1010.0)], RATE, 0.04, 4),
            *(RATE, "B1C", [30]),
        )[0]
        for part in (0.0, 0.5)
    )
    lost = float(whole["cell_cn0_dbhz"] - half["cell_cn0_dbhz"])
    return [
        Row("C/N0 of a pilot, delay of whole samples, dB-Hz", float(whole["cn0_dbhz"]), 45.19, 1.5, source),
        Row("C/N0 of a pilot, half a sample later, dB-Hz", float(half["cn0_dbhz"]), 45.19, 1.5, source),
        Row(
            "the anchor's defect: C/N0 in cells falls by half a sample's delay, dB", lost, 3.0, 1.5,
            "BOC(1,1) of 4 MHz: 1 - 3 x 0.128 chips in amplitude is 4.2 dB, less by the band's edge",
        ),
    ]  # fmt: skip


def best_possible(length: int, ebn0_db: float) -> float:
    """Frame error rate that no code of rate 1/2 is much below: the normal approximation of `BOUND`."""
    from scipy.special import erfc

    x, weights = np.polynomial.hermite_e.hermegauss(200)
    power = 10.0 ** (ebn0_db / 10.0)
    density = 1.0 - np.logaddexp(0.0, -2.0 * (power + power**0.5 * x)) / np.log(2.0)
    weights = weights / weights.sum()
    capacity = float(weights @ density)
    spread = float(weights @ (density - capacity) ** 2)
    gap = (length * (capacity - 0.5) + 0.5 * np.log2(length)) / (length * spread) ** 0.5
    return float(0.5 * erfc(gap / 2.0**0.5))


def errors(name: str, ebn0_db: float, words: int, seed: int = 4) -> float:
    """Frame error rate of our decoder in white noise."""
    rng = np.random.default_rng(seed)
    message = rng.integers(0, 2, (words, ldpc.code(name).message_bits))
    variance = 10.0 ** (-ebn0_db / 10.0)
    sent = 1.0 - 2.0 * ldpc.encode(name, message)
    ratios = 2.0 * (sent + rng.normal(0.0, variance**0.5, sent.shape)) / variance
    bits, _ = ldpc.decode(name, ratios)
    return float((bits[:, : message.shape[1]] != message).any(axis=1).mean())


def _ldpc() -> list[Row]:
    """Distance from the best possible, in decibels, at 1.2 dB of Eb/N0."""
    found = []
    for name, length in (("CNV1-2", 1200), ("CNV1-3", 528), ("CNV2", 576), ("CNV3", 972)):
        rate = max(errors(name, 1.2, 800), 1.0 / 800)
        grid = np.linspace(-0.5, 1.6, 43)
        bound = [np.log(best_possible(length, float(level))) for level in grid]
        reached = float(np.interp(np.log(rate), bound[::-1], grid[::-1]))
        found.append(
            Row(f"{name}: decibels from the best code of its length", 1.2 - reached, 0.3, 0.45, BOUND)
        )
    return found


def _file(path: Path) -> list[Row]:
    """Satellites of the published samples."""
    read = samples.read(path, RATE, "iq8", mirrored=True)
    found = []
    for signal, prns in (("B1CP", range(19, 47)), ("L1CA", range(1, 33))):
        theirs = [row for row in table("baseband_peer.csv") if row["signal"] == signal]
        seen = acquire.search(read.values, RATE, signal, prns)
        ours = {int(row["prn"]): row for row in seen if row["found"]}
        right = {int(row["prn"]) for row in theirs}
        found.append(Row(f"{signal}: satellites found", len(right & ours.keys()), len(right), 0.0, POCKET))
        found.append(Row(f"{signal}: other satellites found", len(ours.keys() - right), 0.0, 0.0, POCKET))
        for row in theirs:
            if int(row["prn"]) in ours:
                found += _beside(signal, row, ours[int(row["prn"])])
        if signal == "B1CP":
            found += [part for prn in sorted(ours) for part in _followed(read, ours[prn])]
    return [*found, _turned(read)]


def _beside(signal: str, theirs: dict[str, str], ours: np.void) -> list[Row]:
    name, power = f"{signal} {theirs['prn']}", float(theirs["cn0_dbhz"])
    delay = float(theirs["delay_ms"])
    return [
        Row(f"{name}: C/N0 in the cell, dB-Hz", float(ours["cell_cn0_dbhz"]), power, 1.5, POCKET),
        Row(f"{name}: C/N0 at the peak, dB-Hz", float(ours["cn0_dbhz"]), power, 1.5, POCKET, gate=False),
        Row(f"{name}: code phase, ms", float(ours["delay_s"]) * 1e3, delay, 2.5e-4, POCKET),
    ]


def _followed(read: samples.Samples, row: np.void) -> list[Row]:
    """Code against carrier over the record's last four fifths, and C/N0 over all of it."""
    place = {"doppler_hz": float(row["doppler_hz"]), "delay_s": float(row["delay_s"])}
    seen = track.run(
        read.values, RATE, "B1C", int(row["prn"]), doppler_hz=place["doppler_hz"], delay_s=place["delay_s"]
    )
    noise = (
        float(seen.code_minus_carrier_m()[seen.start_s.size // 5 :].std()) if seen.locked else float("nan")
    )
    name, whole = f"B1CP {row['prn']}", float(seen.cn0_dbhz[-1])
    return [
        Row(f"{name}: code phase noise followed, m", noise, 0.0, 5.0, GOAL),
        Row(f"{name}: C/N0 at the peak and over 0.5 s, dB-Hz", float(row["cn0_dbhz"]), whole, 1.2, LOOPS),
    ]


def _turned(read: samples.Samples) -> Row:
    """Whether the sign of the file's quadrature component is noticed, as PocketSDR's reader has it."""
    wrong = np.conj(read.values)
    seen = acquire.search(wrong, RATE, "B1C", (22, 29, 45, 46))
    said = acquire.mirrored(wrong, RATE, "B1C", seen)
    return Row(
        "Mirrored spectrum noticed", float(bool(said)), 1.0, 0.0, "sdr_func.py: Q is negated when read"
    )
