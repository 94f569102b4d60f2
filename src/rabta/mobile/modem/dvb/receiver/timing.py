"""Coarse frequency and symbol timing from samples, without knowing what was sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile.modem.dvb import _kernels, shaping

C8 = NDArray[np.complex64]
F8 = NDArray[np.float64]

SEGMENT = 16_384
"""Symbols over which the frequency is taken as constant by the coarse estimate."""
COARSE = 24.0
"""Segments that the coarse estimate is smoothed over: steps of it within a frame would bend the phase."""
SURE = 3.0
"""Standard deviations that a slope must have."""
STRIDE = 64
"""Samples over which the coarse frequency is level."""
BLOCK = 256
"""Symbols of a block of the timing estimate."""
SHARE = 4
"""In long recordings, the timing is estimated from one of so many blocks."""
SHORT = 6
"""Symbols on each side that its matched filter keeps."""


@dataclass(frozen=True)
class Timing:
    """Symbol timing.

    Attributes
    ----------
    times : ndarray of float, shape (symbol,)
        Instants of the symbols in samples.
    drift : float
        How much longer the symbols are than the nominal ones, relative.
    """

    times: F8
    drift: float


@dataclass(frozen=True)
class Phase:
    """Phase that runs straight from edge to edge.

    Attributes
    ----------
    edges : ndarray of int
        In samples.
    cycles : ndarray of float
    """

    edges: NDArray[np.int64]
    cycles: F8

    def at(self, times: F8) -> F8:
        """Phase at times in samples, in cycles."""
        found: F8 = np.interp(times, self.edges, self.cycles)
        return found


def spectrum_shape(frequency: F8, roll_off: float, rate: float) -> F8:
    """Power spectrum of the signal at frequencies in cycles a sample: a raised cosine."""
    x = np.clip((np.abs(frequency) * rate - 0.5 * (1 - roll_off)) / roll_off, 0.0, 1.0)
    shape: F8 = 0.5 + 0.5 * np.cos(np.pi * x)
    return shape


def coarse_frequency(samples: ArrayLike, roll_off: float, rate: float) -> F8:
    """Frequency offset of every segment of samples, in cycles a sample.

    Where the signal's spectral shape fits the measured spectrum best; within some thousandths of the symbol
    rate, which is enough for the matched filter and for the correlation with headers.
    """
    row = np.asarray(samples, dtype=np.complex64)
    count = max(1, round(len(row) / (SEGMENT * rate)))
    size = 1024
    expected = spectrum_shape(np.asarray(np.fft.fftfreq(size), np.float64), roll_off, rate)
    pattern = np.conj(np.fft.fft(expected))
    found, weight = np.zeros(count), np.zeros(count)
    for i, part in enumerate(np.array_split(row, count)):
        fit = np.fft.ifft(np.fft.fft(_spectrum(part, size)) * pattern).real
        found[i] = _peak(fit) / size
        weight[i] = (fit.max() / max(fit.mean(), 1e-30) - 1.0) ** 2 + 1e-9  # noise alone fits everywhere
    # offsets near half of the sampling rate wrap around
    middle = float(np.angle(np.sum(weight * np.exp(2j * np.pi * found)))) / (2 * np.pi)
    turned = middle + (found - middle + 0.5) % 1.0 - 0.5
    return smoothed(np.arange(count), turned, weight, COARSE, 16)[0]


def smoothed(at: ArrayLike, values: F8, weight: F8, width: float, least: int) -> tuple[F8, F8]:
    """Local straight lines through values under a Gaussian window: their values and slopes.

    Parameters
    ----------
    width : float
        Standard deviation of the window.
    least : int
        Values that a line needs; fewer give a level.
    """
    x_all = np.asarray(at, dtype=np.float64)
    made, slopes = np.empty(len(values)), np.zeros(len(values))
    for i in range(len(values)):
        near = slice(max(0, i - int(4 * width)), i + int(4 * width) + 1)
        x = x_all[near] - x_all[i]
        w = weight[near] * np.exp(-0.5 * (x / width) ** 2)
        a, b, c = w.sum(), (w * x).sum(), (w * x * x).sum()
        v, vx = (w * values[near]).sum(), (w * x * values[near]).sum()
        bent = a * c - b * b
        made[i] = v / a
        if len(x) < least or bent <= 0:
            continue
        level, slope = (c * v - b * vx) / bent, (a * vx - b * v) / bent
        noise = np.sum(w * (values[near] - level - slope * x) ** 2) / a
        if slope**2 * bent / a > SURE**2 * noise:  # a slope that is none would cost accuracy at the ends
            made[i], slopes[i] = level, slope
    return made, slopes


def _spectrum(part: C8, size: int) -> F8:
    """Mean power spectrum of a segment."""
    if len(part) < size:
        part = np.pad(part, (0, size - len(part)))
    if len(part) > 4 * size:
        part = part[: len(part) // 2]  # half of a segment says enough
    hops = part[: len(part) // (size // 2) * (size // 2)].reshape(-1, size // 2)
    windowed = np.concatenate([hops[:-1], hops[1:]], axis=1) * np.hanning(size)
    power: F8 = np.mean(np.abs(np.fft.fft(windowed)) ** 2, axis=0)
    return power


def _peak(values: F8) -> float:
    """Place of the largest of a ring of values, between its neighbours by a parabola; from -n/2 to n/2."""
    n, i = len(values), int(np.argmax(values))
    a, b, c = (float(values[(i + d) % n]) for d in (-1, 0, 1))
    bend = a - 2 * b + c
    place = i + (0.5 * (a - c) / bend if bend < 0 else 0.0)
    return place - n if place > n / 2 else place


def derotated(samples: ArrayLike, frequency: F8) -> tuple[C8, Phase]:
    """Samples without the coarse frequency, and the phase that was taken off.

    The frequency runs straight from the middle of a segment to that of the next.
    """
    row = np.ascontiguousarray(samples, dtype=np.complex64)
    middles = (np.arange(len(frequency)) + 0.5) * len(row) / len(frequency)
    edges = np.append(np.arange(0, len(row), STRIDE), len(row))
    level = np.interp(0.5 * (edges[1:] + edges[:-1]), middles, frequency)
    phase = Phase(edges, np.concatenate([[0.0], np.cumsum(level * np.diff(edges))]))
    made = np.empty_like(row)
    _kernels.unwind(row.view(np.float32), edges, phase.cycles, made.view(np.float32))
    return made, phase


def averaging(roll_off: float) -> int:
    """Symbols that the timing is averaged over: the line in the spectrum fades with the roll-off."""
    return int(4096 * max(1.0, (0.2 / roll_off) ** 2))


def lines(samples: C8, roll_off: float, rate: float) -> tuple[F8, NDArray[np.complex128]]:
    """Spectral line at the symbol rate of the squared envelope, block by block (Oerder and Meyr, 1988).

    Returns
    -------
    middles : ndarray of float, shape (block,)
        Middles of the blocks, in nominal symbols.
    line : ndarray of complex, shape (block,)
        Its phase is -2 pi times the part of a symbol by which the instants are late.
    """
    total = int(len(samples) / rate)
    count = max(1, total // BLOCK)
    step = SHARE if total > 2 * SHARE * averaging(roll_off) else 1
    starts = np.arange(0, count, step) * BLOCK
    quarter = np.arange(4 * BLOCK) / 4.0
    times = (starts[:, None] + quarter).ravel() * rate
    power = np.abs(shaping.matched(samples, times, roll_off, rate, SHORT)) ** 2
    turned = power.reshape(-1, BLOCK, 4) @ np.array([1, -1j, -1, 1j])
    return np.asarray(starts + BLOCK / 2.0, np.float64), turned.sum(axis=1)


def timing(samples: C8, roll_off: float, rate: float) -> Timing:
    """Instants of the symbols of samples without frequency offset.

    The phase of the line is followed after its mean drift is taken off, so that clocks may differ by up to
    some hundred parts in a million.
    """
    middles, line = lines(samples, roll_off, rate)
    slope = _drift(line)
    n = np.arange(len(line))
    flat = line * np.exp(-2j * np.pi * slope * n)
    width = max(1, round(averaging(roll_off) / BLOCK))
    kernel = np.hanning(2 * width + 1)[1:-1] if width > 1 else np.ones(1)
    if len(flat) <= 2 * width:
        smooth = np.full(len(flat), flat.sum())
    else:
        smooth = np.convolve(flat, kernel, mode="same")
    late = -(np.unwrap(np.angle(smooth)) / (2 * np.pi) + slope * n)
    return _instants(middles, late, len(samples) / rate, rate)


def _drift(line: NDArray[np.complex128]) -> float:
    """Turns of the line from block to block."""
    if len(line) < 8:
        return 0.0
    size = 8 * 2 ** int(np.ceil(np.log2(len(line))))
    return float(_peak(np.abs(np.fft.fft(line, size))) / size)


def _instants(middles: F8, late: F8, total: float, rate: float) -> Timing:
    """Instants of symbols from how late they are at some nominal times."""
    drift = float(np.polyfit(middles, late, 1)[0]) if len(middles) > 1 else 0.0
    rest = late - drift * middles
    first = np.ceil(-rest[0])
    k = np.arange(first, np.floor(total / (1.0 + drift)) + 2)
    at = (k + rest.mean()) / (1.0 - drift)
    for _ in range(2):
        at = (k + np.interp(at, middles, rest)) / (1.0 - drift)
    at = at[(at >= 0) & (at <= total - 1.0 / rate)]
    return Timing(at * rate, drift)
