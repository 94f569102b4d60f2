"""Search for satellites in samples: parallel code phase search over delay and Doppler by Fourier transforms.

Detection: powers of several coherent sums are added. Noise alone makes such a sum of K powers, over its mean,
Gamma distributed with shape K; the threshold is where the largest of all cells exceeds it with the stated
probability (Kaplan and Hegarty, Understanding GPS/GNSS, 3rd ed., section 8.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.baseband import codes
from rabta.pnt.baseband.codes import Signal
from rabta.pnt.baseband.samples import Complex, baseband
from rabta.pnt.baseband.window import Window, bins_of, code_spectrum, periods, powers, prepare, slots, whole
from rabta.pnt.signals import LIGHT_M_S

DOPPLER_HZ = 5000.0
FALSE_ALARM = 1e-4
TIME_S = 0.020
CANDIDATES = 10
"""Peaks of the first look that are looked at again."""

FOUND = np.dtype(
    [
        *(("prn", "i2"), ("found", "?")),
        *((name, "f8") for name in ("cn0_dbhz", "doppler_hz", "delay_s", "cell_cn0_dbhz")),
        *(("statistic", "f8"), ("threshold", "f8")),
    ]
)
"""A search's result: ``delay_s`` is when the primary code begins after the first sample.

``cn0_dbhz`` is measured between the cells, at the peak; ``cell_cn0_dbhz`` in the best cell of whole samples
and half inverse code periods, as search engines that do not go further print it. The latter loses up to 3 dB
where the delay of a B1C signal lies halfway between samples of 4 MHz.
"""


@dataclass(frozen=True)
class Peak:
    """A peak of the correlation: where it is and how high."""

    delay_s: float
    doppler_hz: float
    cn0_dbhz: float
    cell_cn0_dbhz: float
    statistic: float
    threshold: float

    @property
    def found(self) -> bool:
        """Whether it stands above the threshold."""
        return self.statistic > self.threshold


def threshold(false_alarm: float, cells: float, sums: float) -> float:
    """Mean noise powers that the largest of ``cells`` sums of ``sums`` powers exceeds with a probability.

    Examples
    --------
    >>> round(threshold(1e-3, 1e6, 1), 2)  # -ln(1e-9)
    20.72
    """
    from scipy.special import gammainccinv

    if not 0.0 < false_alarm < 1.0:
        raise RabtaError("no probability", key="false_alarm", value=false_alarm, expected="0 to 1")
    return float(gammainccinv(sums, false_alarm / cells))


def _look(
    window: Window, prn: int, bins: NDArray[np.int64], runs: slice
) -> tuple[list[tuple[float, int, int]], float]:
    """Highest cells (power, bin, lag), the best first, and the mean power of a cell."""
    code = code_spectrum(window, prn)
    most: list[tuple[float, int, int]] = []
    total = 0.0
    for batch, power in powers(window, code, bins, runs):
        high, where = power.max(axis=1), power.argmax(axis=1)
        most += [(float(h), int(b), int(w)) for h, b, w in zip(high, batch, where, strict=True)]
        total += float(power.sum(dtype=np.float64))
    most.sort(reverse=True)
    return most[:CANDIDATES], total / (bins.size * window.lags)


def search(
    values: ArrayLike,
    rate_hz: float,
    signal: str,
    prns: Iterable[int] | None = None,
    *,
    if_hz: float = 0.0,
    doppler_hz: float = DOPPLER_HZ,
    centre_hz: float = 0.0,
    time_s: float = TIME_S,
    false_alarm: float = FALSE_ALARM,
) -> NDArray[np.void]:
    """Search samples for satellites.

    Parameters
    ----------
    values : array_like, shape (sample,)
        Real or complex samples.
    rate_hz, if_hz : float
        Sampling rate, and where the carrier lies.
    signal : str
        A component of `codes.SIGNALS`; B1C is its pilot.
    prns : iterable of int, optional
        Left out, `codes.IN_SERVICE`.
    doppler_hz, centre_hz : float
        Searched from ``centre_hz - doppler_hz`` to ``centre_hz + doppler_hz``.
    time_s : float
        Samples used of the beginning.
    false_alarm : float
        Probability that noise alone is taken for a satellite, for each PRN.

    Returns
    -------
    ndarray of FOUND, shape (prn,)
        C/N0 is the component's: of B1C's pilot, 1.2 dB less than the whole signal's.
    """
    what = codes.find(signal)
    window = prepare(*baseband(_head(values, rate_hz, what, time_s), rate_hz, if_hz), what, time_s)
    bins = bins_of(window, doppler_hz, centre_hz)
    numbers = list(codes.IN_SERVICE[what.name] if prns is None else prns)
    out = np.zeros(len(numbers), dtype=FOUND)
    for row, prn in zip(out, numbers, strict=True):
        best, _ = _best(window, prn, bins, false_alarm)
        row["prn"], row["found"] = prn, best.found
        row["cn0_dbhz"], row["doppler_hz"], row["delay_s"] = best.cn0_dbhz, best.doppler_hz, best.delay_s
        row["cell_cn0_dbhz"] = best.cell_cn0_dbhz
        row["statistic"], row["threshold"] = best.statistic, best.threshold
    _shield(out, what, whole(window), false_alarm / (4.0 * bins.size * window.lags))
    return out


def _head(values: ArrayLike, rate_hz: float, signal: Signal, time_s: float) -> NDArray[np.generic]:
    """As many samples as a search needs, in whole milliseconds."""
    milli = ceil((time_s + 2.0 * signal.period_s) * 1e3) + 1
    return np.asarray(values)[: ceil(milli * rate_hz / 1e3)]


ISOLATION_DB = {"L1CA": 19.3, "B1I": 21.2}
"""How far a satellite's correlation with another's code stays below its own, at the worst of 120 pairs of
codes and all delays, with Dopplers to 10 kHz; 25 pairs of each of the other signals stay 26.7 dB below."""


def _shield(out: NDArray[np.void], signal: Signal, sums: int, false_alarm: float) -> None:
    """Raise thresholds to what the strongest other satellite's code leaves in a search."""
    for row in out:
        others = out["cn0_dbhz"][out["found"] & (out["prn"] != row["prn"])]
        if others.size == 0:
            continue
        row["threshold"] = _leaky(float(others.max()), signal, sums, false_alarm)
        row["found"] = row["statistic"] > row["threshold"]


def _leaky(strongest_dbhz: float, signal: Signal, sums: int, false_alarm: float) -> float:
    """Threshold where another satellite's code adds to the noise.

    Powers that are not noise alone are noncentral; P. B. Patnaik's approximation (Biometrika 36, 1949).
    """
    isolation = ISOLATION_DB.get(signal.name, 26.7)
    leak = sums * 10.0 ** (0.1 * (strongest_dbhz - isolation)) * signal.period_s
    scale = (sums + 2.0 * leak) / (sums + leak)
    return float(scale * threshold(false_alarm, 1.0, (sums + leak) / scale))


def _best(
    window: Window, prn: int, bins: NDArray[np.int64], false_alarm: float, noise: float | None = None
) -> tuple[Peak, float]:
    """Best peak of a satellite, candidates of a first look at half of the time, then all of it; the noise."""
    runs = slice(0, max(1, len(window.spectra) // 2))
    cells, mean = _look(window, prn, bins, runs)
    noise = noise or mean / runs.stop * window.signal.period_s / window.coherent_s
    table = slots(window.signal, prn)
    places = [(b * window.step_hz, lag / window.rate_hz) for _, b, lag in cells]
    powers = [float(np.square(np.abs(periods(window, table, *place).sum(axis=1))).sum()) for place in places]
    doppler, delay = places[int(np.argmax(powers))]
    limit = threshold(false_alarm, 4.0 * bins.size * window.lags, whole(window))
    if max(powers) > 0.3 * limit * noise:
        doppler, delay = _finer(window, table, doppler, delay)
    return _measured(window, table, doppler, delay, noise, limit), noise


def _measured(
    window: Window, table: NDArray[np.int8], doppler: float, delay: float, noise: float, limit: float
) -> Peak:
    """Strength and statistic at a place."""
    sums = np.square(np.abs(periods(window, table, doppler, delay).sum(axis=(1, 2))))
    cell = max(_cells(window, table, doppler, delay)) if sums.sum() > limit * noise else float(sums.mean())
    cn0, plain = (_cn0(power / noise, window.signal.period_s) for power in (float(sums.mean()), cell))
    delay = float(delay % window.signal.period_s)
    return Peak(delay, float(doppler), cn0, plain, float(sums.sum()) / noise, limit)


def _cn0(ratio: float, coherent_s: float) -> float:
    """C/N0 of the mean power of coherent sums over that of noise, dB-Hz."""
    return float(10.0 * np.log10(max(ratio - 1.0, 1e-9) / coherent_s))


def _cells(window: Window, table: NDArray[np.int8], doppler: float, delay: float) -> Iterator[float]:
    """Mean powers in the cells around a peak: whole samples as given, half inverse code periods."""
    step, sample = 0.5 / window.signal.period_s, 1.0 / window.given_hz
    for bins in (np.floor(doppler / step), np.ceil(doppler / step)):
        for lag in (np.floor(delay / sample), np.ceil(delay / sample)):
            parts = periods(window, table, float(bins) * step, float(lag) * sample)
            yield float(np.square(np.abs(parts.sum(axis=(1, 2)))).mean())


def _finer(window: Window, table: NDArray[np.int8], doppler: float, delay: float) -> tuple[float, float]:
    """Doppler and delay between the cells of a search."""
    signal = window.signal
    spacing = 0.15 if signal.boc else 0.3
    taps = spacing * np.arange(-2, 3)
    parts = periods(window, table, doppler, delay, taps)
    tap = int(np.argmax(np.square(np.abs(parts)).sum(axis=(0, 1))))
    doppler += _frequency(parts[:, :, tap], signal.period_s, window.step_hz)
    power = np.square(np.abs(periods(window, table, doppler, delay, taps).sum(axis=1))).sum(axis=0)
    top = min(max(int(np.argmax(power)), 1), taps.size - 2)
    return doppler, delay + (taps[top] + spacing * vertex(*power[top - 1 : top + 2])) / signal.chip_hz


def vertex(before: float, at: float, after: float) -> float:
    """Where a parabola through three equally spaced values has its top, in spacings from the middle.

    Examples
    --------
    >>> abs(vertex(0.0, 1.0, 0.0)), round(vertex(3.0, 4.0, 3.5), 3)
    (0.0, 0.167)
    """
    bend = before - 2.0 * at + after
    return 0.0 if bend >= 0.0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))


def _frequency(parts: NDArray[np.complex128], period_s: float, reach_hz: float) -> float:
    """Frequency left in sums of parts (period, part): highest power, then the turn between periods.

    Neighbouring periods may have opposite signs, so their turn is taken twice.
    """
    trial = np.linspace(-reach_hz, reach_hz, 41)
    middle = np.arange(parts.shape[1]) * period_s / parts.shape[1]
    turned = np.exp(-2j * np.pi * trial[:, None] * middle)
    power = np.square(np.abs(parts @ turned.T)).sum(axis=0)
    k = min(max(int(np.argmax(power)), 1), trial.size - 2)
    best = float(trial[k] + (trial[1] - trial[0]) * vertex(*power[k - 1 : k + 2]))
    if len(parts) < 2:
        return best
    when = np.arange(len(parts)) * period_s
    whole = (parts @ np.exp(-2j * np.pi * best * middle)) * np.exp(-2j * np.pi * best * when)
    twice = np.square(whole[1:] * np.conj(whole[:-1])).sum()
    return best + float(np.angle(twice)) / (4.0 * np.pi * period_s)


def peaks(
    values: ArrayLike,
    rate_hz: float,
    signal: str,
    prn: int,
    *,
    if_hz: float = 0.0,
    doppler_hz: float = DOPPLER_HZ,
    centre_hz: float = 0.0,
    time_s: float = TIME_S,
    false_alarm: float = FALSE_ALARM,
    beside_dbhz: float | None = None,
    most: int = 4,
) -> list[Peak]:
    """All correlation peaks of one satellite, strongest first: a second one is an echo or another sender.

    Each peak's signal is measured code period by code period and taken out of the samples before the next is
    looked for, so that side peaks and the foot of a strong one are not found, and peaks of less than a chip
    apart are told apart. Within a chip and a half one must be within `SHAPE_DB` of the stronger.

    Parameters
    ----------
    beside_dbhz : float, optional
        C/N0 of the strongest other satellite, whose code may leave peaks too.
    most : int
        At most so many.

    Returns
    -------
    list of Peak
        Those above the threshold; empty where there is no signal.
    """
    what = codes.find(signal)
    samples, rate = baseband(_head(values, rate_hz, what, time_s), rate_hz, if_hz)
    window = prepare(samples, rate, what, time_s)
    left, noise = window, None
    found: list[Peak] = []
    for _ in range(most):
        bins = bins_of(window, doppler_hz, centre_hz)
        peak, floor = _best(left, prn, bins, false_alarm, noise)
        noise = floor if noise is None else noise
        if beside_dbhz is not None:
            cells = 4.0 * bins.size * window.lags
            peak = replace(peak, threshold=_leaky(beside_dbhz, what, whole(window), false_alarm / cells))
        if not peak.found or _is_foot(peak, found, what):
            break
        found = _together(window, prn, [*found, peak], noise)
        left = prepare(_rest(window, _parts(window, prn, found)), window.rate_hz, what, time_s)
    return sorted(found, key=lambda item: -item.statistic)


SHAPE_DB = 12.0
"""What may be left of a peak near itself: the filter's shape is measured in noise, to some hundredths."""


def _is_foot(peak: Peak, found: list[Peak], signal: Signal) -> bool:
    """Whether a peak is what is left of a far stronger one within a chip and a half."""
    period = signal.period_s
    for other in found:
        apart = abs((peak.delay_s - other.delay_s + period / 2.0) % period - period / 2.0) * signal.chip_hz
        if apart < 1.5 and peak.cn0_dbhz < other.cn0_dbhz - SHAPE_DB:
            return True
    return False


def _together(window: Window, prn: int, found: list[Peak], noise: float) -> list[Peak]:
    """Peaks measured again, each without the others, which had moved it."""
    table, now = slots(window.signal, prn), list(found)
    for k in list(range(len(now))) * (2 if len(now) > 1 else 0):
        parts = _parts(window, prn, now)
        alone = replace(window, samples=_rest(window, np.delete(parts, k, axis=0)))
        place = _finer(alone, table, now[k].doppler_hz, now[k].delay_s)
        now[k] = _measured(alone, table, *place, noise, now[k].threshold)
    return now


def _rest(window: Window, parts: NDArray[np.complex128]) -> Complex:
    """Samples without signals."""
    return np.asarray(window.samples - parts.sum(axis=0), dtype=np.complex64)


def _parts(window: Window, prn: int, found: list[Peak]) -> NDArray[np.complex128]:
    """Signals of peaks, shape (peak, sample): least squares over the amplitudes of all their code periods."""
    columns, owner = [], []
    for k, peak in enumerate(found):
        wave, edges = _wave(window, prn, peak)
        for a, b in pairwise(edges.tolist()):
            if b - a > 16:
                columns.append((a, b, wave[a:b]))
                owner.append(k)
    size = len(columns)
    gram, right = np.zeros((size, size), dtype=np.complex128), np.zeros(size, dtype=np.complex128)
    for m, (a, b, u) in enumerate(columns):
        right[m] = np.vdot(u, window.samples[a:b])
        for n, (c, d, v) in enumerate(columns):
            lo, hi = max(a, c), min(b, d)
            gram[m, n] = np.vdot(u[lo - a : hi - a], v[lo - c : hi - c]) if hi > lo else 0.0
    amplitudes = np.linalg.lstsq(gram, right, rcond=1e-6)[0]
    out = np.zeros((len(found), window.samples.size), dtype=np.complex128)
    for k, amplitude, (a, b, u) in zip(owner, amplitudes, columns, strict=True):
        out[k, a:b] += amplitude * u
    return out


def _wave(window: Window, prn: int, peak: Peak) -> tuple[NDArray[np.complex128], NDArray[np.int64]]:
    """Code and carrier of a peak over the samples, filtered as they are, and where code periods begin."""
    signal, rate, table = window.signal, window.rate_hz, slots(window.signal, prn)
    length = signal.period_s / (1.0 + peak.doppler_hz / signal.carrier_hz) * rate
    first = peak.delay_s * rate - length
    n = np.arange(window.samples.size)
    slot = np.floor((n - first) * (table.size / length)).astype(np.int64) % table.size
    turn = np.exp(2j * np.pi * np.mod(n * peak.doppler_hz / rate, 1.0))
    edges = np.ceil(first + length * np.arange(0, n.size / length + 2))
    return _smoothed(window, table[slot]) * turn, np.unique(np.clip(edges, 0, n.size)).astype(np.int64)


def _smoothed(window: Window, wave: NDArray[np.int8]) -> NDArray[np.complex128]:
    """A code as the receiver's filter passes it: weighted by the samples' own spectrum above its floor."""
    from scipy import fft

    run = window.samples[: window.samples.size // window.lags * window.lags].reshape(-1, window.lags)
    shape = np.abs(fft.fft(run[:, : window.lags], axis=1)).mean(axis=0)
    width = max(1, window.lags // 200)
    padded = np.concatenate([shape[-width:], shape, shape[:width]])
    level = np.convolve(padded, np.ones(2 * width + 1) / (2 * width + 1), mode="valid")
    level = level / level.max()
    gain = np.interp(np.arange(wave.size) / wave.size, np.arange(level.size) / level.size, level)
    return np.asarray(fft.ifft(fft.fft(wave.astype(np.float64)) * gain))


def mirrored(values: ArrayLike, rate_hz: float, signal: str, found: NDArray[np.void]) -> bool | None:
    """Whether the spectrum is mirrored (the quadrature component has the other sign).

    A satellite's code must run ahead as fast as its carrier's Doppler says. The strongest satellites found
    tell, by how their codes have moved over the record; none where that or their Dopplers are too small.

    Parameters
    ----------
    values : array_like of complex, shape (sample,)
        At zero frequency.
    found : ndarray of FOUND
        Of `search` in these samples.
    """
    what, samples = codes.find(signal), np.asarray(values)
    gap = samples.size / rate_hz - TIME_S - 3.0 * what.period_s
    gap = gap // what.period_s * what.period_s
    best = [row for row in found if row["found"] and abs(row["doppler_hz"]) > 500.0]
    if gap <= 0.0 or not best:
        return None
    later, total, weight = samples[round(gap * rate_hz) :], 0.0, 0.0
    for row in sorted(best, key=lambda r: -float(r["cn0_dbhz"]))[:4]:
        again = search(
            later, rate_hz, signal, [int(row["prn"])], centre_hz=float(row["doppler_hz"]), doppler_hz=200.0
        )[0]
        moved = (
            again["delay_s"] - row["delay_s"] + 0.5 * what.period_s
        ) % what.period_s - 0.5 * what.period_s
        expected = -float(row["doppler_hz"]) / what.carrier_hz * gap
        total += float(moved) * expected
        weight += expected**2
    if weight * LIGHT_M_S**2 < 30.0**2 or abs(total) < 0.5 * weight:
        return None
    return total < 0.0


def profile(
    values: ArrayLike,
    rate_hz: float,
    signal: str,
    prn: int,
    *,
    doppler_hz: float,
    delay_s: float,
    if_hz: float = 0.0,
    time_s: float = TIME_S,
    reach_chips: float = 1.5,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation around a peak: offsets in chips (later positive) and the root of the mean power; (tap,).

    The power is that of whole code periods over noise's, so that 1 is noise.
    """
    what = codes.find(signal)
    window = prepare(*baseband(_head(values, rate_hz, what, time_s), rate_hz, if_hz), what, time_s)
    taps = np.linspace(-reach_chips, reach_chips, 61)
    around = periods(window, slots(what, prn), doppler_hz, delay_s, taps).sum(axis=1)
    far = periods(window, slots(what, prn), doppler_hz, delay_s, 20.0 + 3.0 * np.arange(40.0)).sum(axis=1)
    power = np.square(np.abs(around)).mean(axis=0) / np.square(np.abs(far)).mean()
    return taps, np.sqrt(power)
