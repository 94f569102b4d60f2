"""Fine frequency, phase, amplitude and noise of located frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.modem.dvb import _kernels
from rabta.mobile.modem.dvb.modcods import PILOT, SLOT, of_pls
from rabta.mobile.modem.dvb.physical import known, places, turns
from rabta.mobile.modem.dvb.receiver.locate import Found, length_of
from rabta.mobile.modem.dvb.receiver.timing import smoothed

C8 = NDArray[np.complex64]
C16 = NDArray[np.complex128]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

SMOOTHING = 8.0
"""Frames over which the frequency is smoothed (standard deviation of a Gaussian window)."""
CURVES = 5
"""Curvatures of the phase over a frame that are tried, half a turn at its ends apart."""


@dataclass(frozen=True)
class Recovered:
    """A frame without its channel.

    Attributes
    ----------
    data : ndarray of complex64, shape (slots x 90,)
        Descrambled symbols of unit mean energy.
    noise_variance : float
        Of the complex noise on them.
    esn0_db : float
    frequency : float
        Cycles a symbol, at the frame's middle.
    phase : float
        Radians, at its first symbol.
    amplitude : float
    """

    data: C8
    noise_variance: float
    esn0_db: float
    frequency: float
    phase: float
    amplitude: float


def frequencies(symbols: C8, located: list[Found], scrambling: int) -> tuple[F8, F8]:
    """Frequency of every frame at its middle in cycles a symbol, and its change a symbol.

    From headers and pilots, smoothed over frames.
    """
    raw = np.array([_frequency(symbols, f, scrambling) for f in located])
    weight = np.array([1.0 + len(known(f.pls, scrambling)[0]) - SLOT for f in located])
    middles = np.array([f.start + 0.5 * length_of(f.pls) for f in located])
    typical = float(np.median([length_of(f.pls) for f in located]))
    made, slopes = smoothed(middles / typical, raw, weight, SMOOTHING, 8)
    return made, slopes / typical


def _frequency(symbols: C8, found: Found, scrambling: int) -> float:
    """Frequency of one frame from its known symbols, near that of its header."""
    at, sent = known(found.pls, scrambling)
    inside = found.start + at < len(symbols)
    at, sent = at[inside], sent[inside]
    bare = np.conj(sent) * symbols[found.start + at] * np.exp(-2j * np.pi * found.frequency * at)
    lags = 18
    total = sum(np.vdot(bare[: SLOT - m], bare[m:SLOT]) for m in range(1, lags + 1))
    blocks = bare[SLOT : SLOT + (len(bare) - SLOT) // PILOT * PILOT].reshape(-1, PILOT)
    total += sum(np.vdot(blocks[:, :-m], blocks[:, m:]) for m in range(1, lags + 1))
    return found.frequency + float(np.angle(total)) / (np.pi * (lags + 1))


def recover(symbols: C8, found: Found, frequency: float, change: float, scrambling: int) -> Recovered | None:
    """Frame without frequency, phase and gain; None where it is cut off or a dummy."""
    of, pilots = of_pls(found.pls) or (None, False)
    if of is None:
        return None
    length = of.length(pilots)
    if found.start + length > len(symbols):
        return None
    row = np.ascontiguousarray(symbols[found.start : found.start + length])
    at, sent = known(found.pls, scrambling)
    foreseen = frequency * at + 0.5 * change * (at - 0.5 * length) ** 2
    middles, sums = _groups(at, np.conj(sent) * row[at] * np.exp(-2j * np.pi * foreseen))
    rest, bend = _trend(middles, sums, length)
    edges = np.concatenate([[0], np.rint(middles).astype(np.int64), [length]])
    trend = rest * edges + bend * (edges / length - 0.5) ** 2
    phases = trend + _phases(sums * np.exp(-2j * np.pi * trend[1:-1]))
    phases += frequency * edges + 0.5 * change * (edges - 0.5 * length) ** 2
    flat = np.empty_like(row)
    _kernels.unwind(row.view(np.float32), edges, phases, flat.view(np.float32))
    amplitude, noise = _level(np.conj(sent) * flat[at], len(sums))
    data, _ = places(of.slots, pilots)
    factors = (np.conj(turns(scrambling)[data - SLOT]) / amplitude).astype(np.complex64)
    return Recovered(
        flat[data] * factors, noise / amplitude**2, float(10 * np.log10(amplitude**2 / noise)),
        frequency + rest, float(2 * np.pi * (phases[0] % 1.0)), amplitude,
    )  # fmt: skip


def _groups(at: I8, bare: C16) -> tuple[F8, C16]:
    """Middles and sums of the header's two halves and of the blocks of pilots."""
    half = SLOT // 2
    edges = np.array([0, half, SLOT, *range(SLOT + PILOT, len(at), PILOT)])
    ends = np.append(edges[1:], len(at))
    return 0.5 * (at[edges] + at[ends - 1]), np.add.reduceat(bare, edges)


def _trend(middles: F8, sums: C16, length: int) -> tuple[float, float]:
    """Rest of the frequency (cycles a symbol) and curvature of the phase (turns at the ends).

    Where the sums of known symbols add up best: blocks of pilots are 1,476 symbols apart, so that the rest
    must be below a half of 1 / 1476.
    """
    if len(sums) < 5:
        return 0.0, 0.0
    reach = 0.5 / (middles[-1] - middles[-2])
    grid = np.linspace(-reach, reach, 8 * len(sums) + 1)
    waves = np.exp(-2j * np.pi * grid[:, None] * middles)
    bends = 0.5 * np.arange(-(CURVES // 2), CURVES // 2 + 1)
    curves = np.exp(-2j * np.pi * bends[:, None] * (middles / length - 0.5) ** 2)
    fits = np.abs((curves * sums) @ waves.T)
    c, i = np.unravel_index(int(np.argmax(fits)), fits.shape)
    return float(grid[i]), float(bends[c])


def _phases(sums: C16) -> F8:
    """Smoothed phases of the known groups in cycles, held beyond the first and the last."""
    if len(sums) >= 5:
        padded = np.concatenate([sums[:1], sums, sums[-1:]])
        sums = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    angles = np.unwrap(np.angle(sums)) / (2 * np.pi)
    return np.concatenate([angles[:1], angles, angles[-1:]])


def _level(bare: C16, groups: int) -> tuple[float, float]:
    """Amplitude and noise variance of known symbols that are all one, after the phase of groups is off.

    The phase follows some of the noise: three eighths of a real number a group, by its window.
    """
    amplitude = max(float(np.mean(bare.real)), 1e-12)
    noise = (
        float(np.mean(np.abs(bare - amplitude) ** 2))
        * len(bare)
        / max(len(bare) - 0.5 - 0.1875 * groups, 1.0)
    )
    return amplitude, max(noise, 1e-9 * amplitude**2)
