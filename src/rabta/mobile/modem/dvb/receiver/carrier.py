"""Fine frequency, phase, amplitude and noise of located frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.modem.dvb import _kernels
from rabta.mobile.modem.dvb.constellations import points
from rabta.mobile.modem.dvb.modcods import PILOT, SLOT, of_pls
from rabta.mobile.modem.dvb.physical import known, places, turns
from rabta.mobile.modem.dvb.receiver.locate import Found, length_of
from rabta.mobile.modem.dvb.receiver.timing import STRIDE, smoothed

C8 = NDArray[np.complex64]
C16 = NDArray[np.complex128]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

SMOOTHING = 8.0
"""Frames over which the frequency is smoothed (standard deviation of a Gaussian window)."""
BANDWIDTH = 3e-3
"""Noise bandwidth, over the symbol rate, of the loop that follows the phase of frames without pilots."""
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


@dataclass(frozen=True)
class Row:
    """Symbols of a recording.

    Attributes
    ----------
    symbols : ndarray of complex64, shape (symbol,)
        After the matched filter, one each.
    removed : ndarray of float64, shape (symbol,)
        Phase in cycles that the coarse frequency took off before.
    scrambling : int
    """

    symbols: C8
    removed: F8
    scrambling: int


def frequencies(row: Row, located: list[Found]) -> tuple[F8, F8]:
    """Whole frequency of every frame at its middle in cycles a symbol, and its change a symbol.

    From headers and pilots, smoothed over frames with what the coarse estimate took off, which is not smooth.
    """
    raw = np.array([_frequency(row, f) for f in located])
    weight = np.array([1.0 + len(known(f.pls, row.scrambling)[0]) - SLOT for f in located])
    weight = np.where(_doubtful(raw), 1e-6 * weight, weight)
    middles = np.array([f.start + 0.5 * length_of(f.pls) for f in located])
    typical = float(np.median([length_of(f.pls) for f in located]))
    made, slopes = smoothed(middles / typical, raw, weight, SMOOTHING, 8)
    return made, slopes / typical


def _doubtful(raw: F8) -> NDArray[np.bool_]:
    """Frequencies far off those of their neighbours, as of what was taken for a frame behind the last one."""
    if len(raw) < 3:
        return np.zeros(len(raw), dtype=bool)
    reach = min(2, len(raw) - 1)
    padded = np.pad(raw, reach, mode="reflect")
    off = np.abs(raw - np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1))
    return np.asarray(off > 6.0 * np.median(off) + 1.0 / (PILOT + 16 * SLOT))


def _frequency(row: Row, found: Found) -> float:
    """Frequency of one frame from its known symbols, near that of its header."""
    at, sent = known(found.pls, row.scrambling)
    inside = found.start + at < len(row.symbols)
    at, sent = at[inside], sent[inside]
    first, last = found.start, found.start + int(at[-1])
    before = (row.removed[last] - row.removed[first]) / max(last - first, 1)
    foreseen = found.frequency * at + before * at - row.removed[first + at]
    bare = np.conj(sent) * row.symbols[first + at] * np.exp(-2j * np.pi * foreseen)
    blocks = bare[SLOT : SLOT + (len(bare) - SLOT) // PILOT * PILOT].reshape(-1, PILOT)
    lags, total = 18, 0j
    for m in range(1, lags + 1):
        products = np.vdot(bare[: SLOT - m], bare[m:SLOT]) + np.vdot(blocks[:, :-m], blocks[:, m:])
        total += products / (SLOT - m + len(blocks) * (PILOT - m))
    return float(before + found.frequency + np.angle(total) / (np.pi * (lags + 1)))


def recover(row: Row, found: Found, frequency: float, change: float) -> Recovered | None:
    """Frame without frequency, phase and gain; None where it is cut off or a dummy."""
    of, pilots = of_pls(found.pls) or (None, False)
    if of is None or found.start + of.length(pilots) > len(row.symbols):
        return None
    part = slice(found.start, found.start + of.length(pilots))
    symbols, removed = np.ascontiguousarray(row.symbols[part]), row.removed[part] - row.removed[found.start]
    track = _Track(frequency, change, removed)
    at, sent = known(found.pls, row.scrambling)
    middles, sums = _groups(at, np.conj(sent) * symbols[at] * np.exp(-2j * np.pi * track.at(at)))
    edges = np.concatenate([[0], np.rint(middles).astype(np.int64), [len(symbols)]])
    rest, phases = _trend(middles, sums, edges)
    flat = np.empty_like(symbols)
    fine = np.append(np.arange(0, len(symbols), STRIDE), len(symbols))
    whole = np.interp(fine, edges, phases) + track.at(fine)
    _kernels.unwind(symbols.view(np.float32), fine, whole, flat.view(np.float32))
    data, _ = places(of.slots, pilots)
    turned = np.conj(turns(row.scrambling)[data - SLOT]).astype(np.complex64)
    amplitude, noise = _level(np.conj(sent) * flat[at], len(sums))
    made = flat[data] * (turned / np.complex64(amplitude))
    if not pilots:
        table = points(of).astype(np.complex64)
        _kernels.follow(made.view(np.float32), table.view(np.float32), noise / amplitude**2, BANDWIDTH)
    return Recovered(
        made, noise / amplitude**2, float(10 * np.log10(amplitude**2 / noise)), frequency + rest,
        float(2 * np.pi * (phases[0] % 1.0)), amplitude,
    )  # fmt: skip


@dataclass(frozen=True)
class _Track:
    """Phase that is foreseen in a frame, in cycles: its frequency and change, less what was taken off."""

    frequency: float
    change: float
    removed: F8

    def at(self, places_: I8) -> F8:
        """Phase at places of the frame, 0 at its first symbol; the place after the last as well."""
        last = len(self.removed) - 1
        off = self.removed[np.minimum(places_, last)]
        n = np.asarray(places_, dtype=np.float64)
        half = 0.5 * (last + 1)
        made: F8 = self.frequency * n + 0.5 * self.change * ((n - half) ** 2 - half**2) - off
        return made


def _groups(at: I8, bare: C16) -> tuple[F8, C16]:
    """Middles and sums of the header's halves and of the blocks of pilots; of the whole header without."""
    starts = [0, SLOT // 2, *range(SLOT, len(at), PILOT)] if len(at) > SLOT else [0]
    edges = np.array(starts)
    ends = np.append(edges[1:], len(at))
    return 0.5 * (at[edges] + at[ends - 1]), np.add.reduceat(bare, edges)


def _trend(middles: F8, sums: C16, edges: I8) -> tuple[float, F8]:
    """Rest of the frequency (cycles a symbol), and the phase (cycles) at edges beyond what was foreseen.

    The rest and a curvature are those with which the sums of known symbols add up best: blocks of pilots are
    1,476 symbols apart, so that the rest must be below a half of 1 / 1476.
    """
    if len(sums) < 5:
        return 0.0, _phases(sums)
    length = edges[-1]
    reach = 0.5 / (middles[-1] - middles[-2])
    grid = np.linspace(-reach, reach, 8 * len(sums) + 1)
    waves = np.exp(-2j * np.pi * grid[:, None] * middles)
    bends = 0.5 * np.arange(-(CURVES // 2), CURVES // 2 + 1)
    curves = np.exp(-2j * np.pi * bends[:, None] * (middles / length - 0.5) ** 2)
    fits = np.abs(np.einsum("cg,fg->cf", curves * sums, waves))
    c, i = np.unravel_index(int(np.argmax(fits)), fits.shape)
    bent = bends[c] * (edges / length - 0.5) ** 2
    rest = float(grid[i]) + _tilt(middles, sums * np.exp(-2j * np.pi * (grid[i] * edges + bent)[1:-1]))
    trend = rest * edges + bent
    return rest, trend + _phases(sums * np.exp(-2j * np.pi * trend[1:-1]))


def _tilt(middles: F8, sums: C16) -> float:
    """What is left of the frequency: a straight line through the phases of the groups, in cycles a symbol."""
    weight, angles = np.abs(sums), np.unwrap(np.angle(sums)) / (2 * np.pi)
    x = middles - np.average(middles, weights=weight)
    return float(np.sum(weight * x * angles) / np.sum(weight * x * x))


def _phases(sums: C16) -> F8:
    """Smoothed phases of the known groups in cycles, held beyond the first and the last."""
    if len(sums) >= 5:
        padded = np.concatenate([sums[:1], sums, sums[-1:]])
        sums = np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], np.complex128)
    angles = np.unwrap(np.angle(sums)) / (2 * np.pi)
    return np.concatenate([angles[:1], angles, angles[-1:]])


def _level(bare: C16, groups: int) -> tuple[float, float]:
    """Amplitude and noise variance of known symbols that are all one, after the phase of groups is off.

    The phase follows some of the noise: half a real number a group, by its window, and a line.
    """
    amplitude = max(float(np.mean(bare.real)), 1e-12)
    noise = (
        float(np.mean(np.abs(bare - amplitude) ** 2)) * len(bare) / max(len(bare) - 1.5 - 0.25 * groups, 1.0)
    )
    return amplitude, max(noise, 1e-9 * amplitude**2)
