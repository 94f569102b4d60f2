"""Suite ``waveform``: NR's symbols, pilots and slots beside Sionna's; errors beside theory."""

from __future__ import annotations

import hashlib
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from rabta.mobile.phy.ldpc import matching
from rabta.mobile.phy.waveform import estimate, mimo, numerology, ofdm, pilots, qam, scrambling
from rabta.mobile.phy.waveform.grids import block, shared
from rabta.mobile.phy.waveform.numerology import Carrier
from rabta.mobile.phy.waveform.sync import offset, search
from rabta.verify import Row, suite
from rabta.verify.mobile.anchors.waveform import GOLD, PILOTS, POINTS, SLOT_PILOTS, SLOTS

Complex = NDArray[np.complex128]
Setup = tuple[int, str, int, int, int, int, int, int, int, int]

SIONNA = "Sionna 2.2.0, outputs by tools/phy/oracle_waveform.py"
CHO = "K. Cho and D. Yoon, IEEE Trans. Commun. 50 (2002) 1074; four standard errors of 400,000 symbols"
PROAKIS = "J. Proakis, Digital Communications, 4th ed., 14.4-15; four standard errors"
WINTERS = "J. Winters et al., IEEE Trans. Commun. 42 (1994) 1740, by Proakis 14.4-15; four standard errors"
EDFORS = "error of the Wiener filter; 200 drawn channels"


@suite(
    "waveform", "NR waveform: Sionna's symbols, pilots and slots; error rates and estimates in closed form"
)
def rows(_files: Path | None) -> list[Row]:
    """Recompute the published numbers."""
    return [*_same(), *_carriers(), *_errors(), *_fading(), *_estimates(), *_synchronisation()]


def _digest(values: NDArray[np.float64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<i2").tobytes()).hexdigest()[:16]


def _steps(symbols: NDArray[np.complex64], scale: float) -> NDArray[np.float64]:
    """Symbols as whole numbers, real and imaginary parts in turn."""
    return np.round(np.stack([symbols.real, symbols.imag], axis=-1).astype(np.float64) * scale)


def _scale(order: int) -> float:
    return float(np.sqrt(2.0 * (2**order - 1) / 3.0))


def _noise(rng: np.random.Generator, variance: float, *shape: int) -> Complex:
    return np.asarray(np.sqrt(variance / 2.0) * (rng.normal(size=shape) + 1j * rng.normal(size=shape)))


def _same() -> list[Row]:
    """Digests that are Sionna's, of how many."""
    gold = sum(
        _digest(scrambling.sequence(start, 3000).astype(np.float64)) == right for start, right in GOLD.items()
    )
    points = sum(
        _digest(_steps(qam.points(order)[:, None].astype(np.complex64), _scale(order))[:, 0]) == right
        for order, right in POINTS.items()
    )
    ports = [_port_digest(setup) == right for setup, right in PILOTS]
    slots = sum(_slot_digest(slot) == slot[-1] for slot in SLOTS)
    return [
        Row("Gold sequences bit for bit, of 3,000 bits", gold, len(GOLD), 0.0, SIONNA),
        Row("points of QPSK to 1024QAM, each word of bits", points, len(POINTS), 0.0, SIONNA),
        Row("DM-RS of PUSCH: setups, every port of each", sum(ports), len(PILOTS), 0.0, SIONNA),
        Row("slots of PUSCH from bits to grid, 1 to 4 layers", slots, len(SLOTS), 0.0, SIONNA),
    ]


def _dmrs(setup: Setup) -> tuple[pilots.Dmrs, int, int]:
    kind, mapping, first, additional, length, groups, identity, choice, start, count = setup
    made = pilots.Dmrs(kind, mapping, first, additional, length, groups, identity, choice, uplink=True)
    return made, start, count


def _port_digest(setup: Setup) -> str:
    """Digest of the digests of all ports."""
    dmrs, start, count = _dmrs(setup)
    grids = dmrs.grid(Carrier(30, 6), 5, dmrs.ports, start=start, count=count)
    every = " ".join(_digest(_steps(grid, np.sqrt(2.0) / dmrs.amplitude)) for grid in grids)
    return hashlib.sha256(every.encode()).hexdigest()[:16]


def _bits(name: str, count: int) -> NDArray[np.uint8]:
    out, part = b"", name.encode()
    while len(out) < count:
        part = hashlib.sha256(part).digest()
        out += part
    return np.asarray(np.frombuffer(out[:count], dtype=np.uint8) >> 7, dtype=np.uint8)


def _slot_digest(slot: tuple[int, int, int, float, int, str, str]) -> str:
    row, layers, order, rate, size, name, _ = slot
    dmrs, start, count = _dmrs(SLOT_PILOTS[row])
    sent = shared.Shared(Carrier(30, 6), dmrs, tuple(range(layers)), start, count)
    total = sent.elements * order * layers
    coded = matching.encode(_bits(name, size), matching.segments(size, rate), total, order, 0, layers)
    symbols = qam.modulate(scrambling.bits(coded, scrambling.uplink(1234, 1)), order)
    grid = sent.place(shared.to_layers([symbols], layers), 5)
    return _digest(_steps(grid[:, sent.data], _scale(order)))


def _carriers() -> list[Row]:
    """Sizes of the standard, and peaks of OFDM."""
    source = "TS 38.211, 5.3.1"
    narrow, wide = Carrier(15, 106), Carrier(30, 273)
    found = [
        Row("20 MHz: samples of the first prefix", narrow.prefixes()[0], 160, 0.0, source),
        Row("20 MHz: samples of a slot", narrow.samples(), 30720, 0.0, source),
        Row("100 MHz: samples of the first prefix", wide.prefixes()[0], 352, 0.0, source),
        Row("100 MHz: resource blocks", numerology.blocks(100, 30), 273, 0.0, "TS 38.101-1, table 5.3.2-1"),
        Row("2 GHz: resource blocks", numerology.blocks(2000, 960, "FR2-2"), 148, 0.0, "TS 38.101-2"),
    ]
    rng, count = np.random.default_rng(1), 4000
    symbols = qam.modulate(rng.integers(0, 2, 6 * 384 * count), 6).reshape(count, 1, 384)
    bodies = ofdm.modulate(symbols, Carrier(15, 32, size=384))[:, -384:]
    known = 1.0 - (1.0 - np.exp(-(10.0**0.8))) ** 384
    share = float(np.mean(ofdm.peak_to_average_db(bodies) > 8.0))
    peaks = "R. van Nee and R. Prasad, OFDM, 2000, 6.1: Gaussian samples"
    found.append(Row("share of symbols with peaks above 8 dB", share, known, 0.04, peaks))
    first = pilots.pss(0)
    side = max(abs(float(np.roll(first, s) @ first) + 1.0) for s in range(1, 127))
    found.append(Row("PSS: largest side peak beside -1", side, 0.0, 0.0, "maximum length sequence"))
    every = np.array([pilots.sss(cell) for cell in range(pilots.CELLS)])
    cross = np.unique((every @ every.T)[~np.eye(pilots.CELLS, dtype=bool)])
    worst = float(np.abs(cross[:, None] - np.array([-17.0, -1.0, 15.0])).min(axis=1).max())
    found.append(Row("SSS: products of cells beside -17, -1, 15", worst, 0.0, 0.0, "Gold's theorem"))
    return found


def _gray(order: int, ratio: float) -> float:
    """Bit error rate of Gray-coded square QAM by Es/N0."""
    side, total = 1 << (order // 2), 0.0
    reach = np.sqrt(3.0 * ratio / (2.0 * (2**order - 1)))
    for k in range(1, order // 2 + 1):
        for i in range(side - (side >> k)):
            weight = 2 ** (k - 1) - np.floor(i * 2 ** (k - 1) / side + 0.5)
            total += (-1) ** (i * 2 ** (k - 1) // side) * weight * erfc((2 * i + 1) * reach) / side
    return float(total / (order // 2))


def _errors() -> list[Row]:
    """Bit errors on white noise."""
    found, count = [], 400_000
    for order, ratio_db in ((2, 7.0), (4, 13.0), (6, 18.0), (8, 24.0), (10, 29.0)):
        rng, noise = np.random.default_rng(order), 10.0 ** (-ratio_db / 10.0)
        bits = rng.integers(0, 2, count * order).astype(np.uint8)
        heard = qam.modulate(bits, order) + _noise(rng, noise, count)
        ours = float(np.mean((qam.demodulate(heard, noise, order) < 0.0) != bits))
        known = _gray(order, 1.0 / noise)
        margin = 4.0 * np.sqrt(known / bits.size)
        found.append(Row(f"{qam.ORDERS[order]} at {ratio_db:g} dB: bit errors", ours, known, margin, CHO))
    return found


def _combined(branches: int, ratio: float) -> float:
    mu = np.sqrt(ratio / (1.0 + ratio))
    terms = [comb(branches - 1 + k, k) * ((1 + mu) / 2) ** k for k in range(branches)]
    return float(((1 - mu) / 2) ** branches * sum(terms))


def _fading() -> list[Row]:
    """Bit errors of QPSK under Rayleigh fading, layers told apart by zero forcing."""
    found, count, ratio = [], 150_000, 4.0
    for antennas, layers in ((1, 1), (2, 1), (4, 1), (2, 2), (4, 2), (4, 3)):
        rng, noise = np.random.default_rng(10 * antennas + layers), 1.0 / (2.0 * ratio)
        bits = rng.integers(0, 2, (count, layers, 2)).astype(np.uint8)
        h = _noise(rng, 1.0, count, antennas, layers)
        sent = qam.modulate(bits, 2)[..., 0]
        heard = np.einsum("nal,nl->na", h, sent) + _noise(rng, noise, count, antennas)
        symbols, variance = mimo.zf(heard, h, noise)
        ours = float(np.mean((qam.demodulate(symbols[..., None], variance[..., None], 2) < 0.0) != bits))
        known = _combined(antennas - layers + 1, ratio)
        name = f"{layers} layer{'s' * (layers > 1)} on {antennas} antenna{'s' * (antennas > 1)}: bit errors"
        # layers of one channel fail together
        margin = 4.0 * np.sqrt(known * layers / bits.size)
        found.append(Row(name, ours, known, margin, PROAKIS if layers == 1 else WINTERS))
    return found


def _estimates() -> list[Row]:
    """Error of channel estimates over channels with the statistics that the filter knows."""
    rng, carrier, noise = np.random.default_rng(5), Carrier(30, 12), 0.05
    known = estimate.Statistics((0.0, 1e-7, 4e-7), (1.0, 0.5, 0.2), doppler_hz=150.0)
    times, hertz = carrier.symbol_times(), carrier.frequencies_hz()
    values, vectors = np.linalg.eigh(known.over_time(times[:, None] - times))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    found = []
    for layers in (1, 4):
        h = np.zeros((100, 14, len(hertz), 2, layers), dtype=complex)
        for delay, power in zip(known.delays_s, np.array(known.powers) / sum(known.powers), strict=True):
            tap = np.einsum("ts,dsal->dtal", root, _noise(rng, power, 100, 14, 2, layers))
            h += tap[:, :, None] * np.exp(-2j * np.pi * hertz * delay)[:, None, None]
        sent = pilots.Dmrs().grid(carrier, 0, range(layers))
        heard = np.einsum("dtfal,ltf->datf", h, sent) + _noise(rng, noise, 100, 2, *sent.shape[1:])
        ours, stated = estimate.lmmse(heard, sent, noise, carrier, known)
        error = 10.0 * np.log10(float(np.mean(np.abs(ours - h) ** 2)))
        theirs = 10.0 * np.log10(float(np.mean(stated)))
        found.append(Row(f"LMMSE estimate, {layers} layers: error, dB", error, theirs, 0.2, EDFORS))
    return found


def _synchronisation() -> list[Row]:
    """Cells under the Doppler of low orbits, and in noise alone."""
    rng, carrier, right = np.random.default_rng(7), search.block_carrier(15), 0
    for _ in range(20):
        cell, index = int(rng.integers(1008)), int(rng.integers(8))
        data = qam.modulate(rng.integers(0, 2, block.PBCH_BITS), 2)
        sent = search.samples(block.grid(cell, index, data), carrier)
        start, shift = int(rng.integers(100, 8000)), float(rng.uniform(-48e3, 48e3))
        record = np.zeros(12_000, dtype=complex)
        record[start : start + len(sent)] = sent
        record = offset.turn(record, carrier.sample_rate, shift) + _noise(rng, 1.0, len(record))
        heard = search.cells(record, carrier, widest_hz=48e3)
        right += heard is not None and (heard.cell, heard.index, heard.start) == (cell, index, start)
    alarms = sum(search.cells(_noise(rng, 1.0, 3000), carrier, widest_hz=15e3) is not None for _ in range(20))
    shifts = "TR 38.821, table 4.2-2: 24 ppm, at 2 GHz; every one to be found"
    return [
        Row("cells found of 20 at 0 dB, up to 48 kHz off", float(right), 20.0, 0.0, shifts),
        Row(
            "cells found in 20 records of noise",
            float(alarms),
            0.0,
            0.0,
            "one false alarm in 1,000 is stated",
        ),
    ]
