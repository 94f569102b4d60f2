"""Search for satellites in samples: parallel code phase search over delay and Doppler by Fourier transforms.

Detection: powers of several coherent sums are added. Noise alone makes such a sum of K powers, over its mean,
Gamma distributed with shape K; the threshold is where the largest of all cells exceeds it with the stated
probability (Kaplan and Hegarty, Understanding GPS/GNSS, 3rd ed., section 8.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.baseband import _kernels, codes
from rabta.pnt.baseband.codes import Signal
from rabta.pnt.baseband.samples import Complex, baseband, resample, smooth

DOPPLER_HZ = 5000.0
FALSE_ALARM = 1e-4
TIME_S = 0.020
BATCH = 8
"""Doppler bins that are transformed together: more do not fit the cache."""
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
class Window:
    """What is transformed for one satellite after the other.

    Attributes
    ----------
    samples : ndarray of complex64
    rate_hz, given_hz : float
        Rate of these samples, and of those given.
    size : int
        Points of a transform.
    lags : int
        Samples of a code period.
    coherent_s : float
        Duration of a coherent sum.
    spectra : ndarray of complex64, shape (sum, 2 size)
        Spectrum of each run of samples, twice behind one another.
    starts_s : ndarray, shape (sum,)
        When each run begins.
    """

    signal: Signal
    samples: Complex
    rate_hz: float
    given_hz: float
    size: int
    lags: int
    coherent_s: float
    spectra: NDArray[np.complex64]
    starts_s: NDArray[np.float64]

    @property
    def step_hz(self) -> float:
        """Spacing of Doppler bins: half of the inverse of the coherent time."""
        return self.rate_hz / self.size


def _suited(values: Complex, rate_hz: float, signal: Signal) -> tuple[Complex, float]:
    """Samples at the lowest rate that keeps the code's main lobes and transforms fast."""
    band = signal.chip_hz * (4.0 if signal.chip_hz < 3e6 else 2.4)
    lags = round(rate_hz * signal.period_s)
    if rate_hz <= 1.2 * band and smooth(lags) and abs(lags - rate_hz * signal.period_s) < 1e-6:
        return values, rate_hz
    wanted = ceil(min(band, rate_hz) * signal.period_s / 8.0) * 8
    while not smooth(wanted):
        wanted += 8
    return resample(values, rate_hz, wanted / signal.period_s)


def _halves(signal: Signal) -> bool:
    """Whether half a code period is summed coherently: long enough where the period is 10 ms.

    One half at least of each period then holds no edge between symbols, whatever the delay, and transforms
    are half as long as with a whole period beside as many zeros.
    """
    return signal.period_s >= 0.005


def prepare(values: Complex, rate_hz: float, signal: Signal, time_s: float) -> Window:
    """Spectra of the runs of samples that searches for a signal's satellites share."""
    from scipy import fft

    samples, rate = _suited(values, rate_hz, signal)
    lags = round(rate * signal.period_s)
    size = lags if _halves(signal) else 2 * lags
    count = max(1, round(time_s / signal.period_s))
    if samples.size < count * lags:
        raise RabtaError(
            "too few samples for the search", key="seconds", value=round(samples.size / rate, 6),
            expected=f"{time_s} s or more",
        )  # fmt: skip
    runs = [_run(samples, k, lags, size) for k in range(count * (2 if size == lags else 1))]
    spectra = fft.fft(np.stack(runs), axis=1).astype(np.complex64)
    step = signal.period_s / (2 if size == lags else 1)
    return Window(
        signal, samples, rate, rate_hz, size, lags, min(step, signal.period_s),
        np.concatenate([spectra, spectra], axis=1), step * np.arange(len(runs), dtype=np.float64),
    )  # fmt: skip


def _run(samples: Complex, k: int, lags: int, size: int) -> Complex:
    """Samples of one coherent sum: a half period in its place, or two periods for one of code and zeros."""
    out = np.zeros(size, dtype=np.complex64)
    if size == lags:
        period, half = divmod(k, 2)
        a, b = (0, lags // 2) if half == 0 else (lags // 2, lags)
        out[a:b] = samples[period * lags + a : period * lags + b]
        return out
    part = samples[k * lags : k * lags + size]
    out[: part.size] = part
    return out


def replica(signal: Signal, prn: int, rate_hz: float, count: int) -> NDArray[np.float32]:
    """Code with its subcarrier, sampled from its beginning; shape (count,)."""
    table = slots(signal, prn)
    per_sample = table.size / signal.period_s / rate_hz
    at = np.floor((np.arange(count) + 0.5) * per_sample - 0.5 * per_sample + 1e-9).astype(np.int64)
    return np.asarray(table[at % table.size], dtype=np.float32)


def slots(signal: Signal, prn: int) -> NDArray[np.int8]:
    """Code as a table: a value a chip, or two where a subcarrier turns at half a chip (+ first)."""
    chips = codes.generate(signal.name, prn)
    if not signal.boc:
        return chips
    return np.ascontiguousarray(np.stack([chips, -chips], axis=1).reshape(-1))


def _code_spectrum(window: Window, prn: int) -> NDArray[np.complex64]:
    """Conjugate spectrum of the code, with zeros behind it where the transform is longer."""
    from scipy import fft

    padded = np.zeros(window.size, dtype=np.complex64)
    padded[: window.lags] = replica(window.signal, prn, window.rate_hz, window.lags)
    return np.asarray(np.conj(fft.fft(padded)), dtype=np.complex64)


def _bins(window: Window, doppler_hz: float, centre_hz: float) -> NDArray[np.int64]:
    """Doppler bins, as whole turns of the spectrum."""
    middle, reach = round(centre_hz / window.step_hz), ceil(doppler_hz / window.step_hz)
    return np.arange(middle - reach, middle + reach + 1, dtype=np.int64)


def _powers(
    window: Window, code: NDArray[np.complex64], bins: NDArray[np.int64], runs: slice
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Powers over delay of batches of Doppler bins; each batch (bin, lag) is overwritten by the next."""
    from scipy import fft

    spectra, starts, pairs = window.spectra[runs], window.starts_s[runs], code.view(np.float32)
    carrier = window.signal.carrier_hz
    for first in range(0, bins.size, BATCH):
        batch = bins[first : first + BATCH]
        product = np.empty((batch.size, window.size), dtype=np.complex64)
        power = np.zeros((batch.size, window.lags), dtype=np.float32)
        shifts = np.mod(batch, window.size)
        for spectrum, start in zip(spectra, starts, strict=True):
            _kernels.spread(spectrum.view(np.float32), pairs, shifts, product.view(np.float32))
            found = np.ascontiguousarray(fft.ifft(product, axis=1, overwrite_x=True))
            # a higher Doppler shortens the code: later runs find it earlier
            early = np.round(-batch * window.step_hz / carrier * start * window.rate_hz).astype(np.int64)
            _kernels.gather(found.view(np.float32), window.lags, early, power)
        yield batch, power


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
    code = _code_spectrum(window, prn)
    most: list[tuple[float, int, int]] = []
    total = 0.0
    for batch, power in _powers(window, code, bins, runs):
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
    samples, rate = baseband(values, rate_hz, if_hz)
    window = prepare(samples, rate, what, time_s)
    bins = _bins(window, doppler_hz, centre_hz)
    numbers = list(codes.IN_SERVICE[what.name] if prns is None else prns)
    out = np.zeros(len(numbers), dtype=FOUND)
    for row, prn in zip(out, numbers, strict=True):
        best = _best(window, prn, bins, false_alarm)
        row["prn"], row["found"] = prn, best.found
        row["cn0_dbhz"], row["doppler_hz"], row["delay_s"] = best.cn0_dbhz, best.doppler_hz, best.delay_s
        row["cell_cn0_dbhz"] = best.cell_cn0_dbhz
        row["statistic"], row["threshold"] = best.statistic, best.threshold
    _shield(out, what, _whole(window), false_alarm / (4.0 * bins.size * window.lags))
    return out


ISOLATION_DB = {"L1CA": 19.3, "B1I": 21.2}
"""How far a satellite's correlation with another's code stays below its own, at the worst of 120 pairs of
codes and all delays, with Dopplers to 10 kHz; 25 pairs of each of the other signals stay 26.7 dB below."""


def _shield(out: NDArray[np.void], signal: Signal, sums: int, false_alarm: float) -> None:
    """Raise thresholds to what the strongest other satellite's code leaves in a search.

    Powers that are not noise alone are noncentral; P. B. Patnaik's approximation (Biometrika 36, 1949).
    """
    weakest = 10.0 ** (-0.1 * ISOLATION_DB.get(signal.name, 26.7))
    for row in out:
        others = out["cn0_dbhz"][out["found"] & (out["prn"] != row["prn"])]
        if others.size == 0:
            continue
        leak = sums * 10.0 ** (0.1 * float(others.max())) * signal.period_s * weakest
        scale = (sums + 2.0 * leak) / (sums + leak)
        row["threshold"] = scale * threshold(false_alarm, 1.0, (sums + leak) / scale)
        row["found"] = row["statistic"] > row["threshold"]


def _best(window: Window, prn: int, bins: NDArray[np.int64], false_alarm: float) -> Peak:
    """Best peak of a satellite: candidates of a first look at half of the time, then all of it."""
    runs = slice(0, max(1, len(window.spectra) // 2))
    cells, mean = _look(window, prn, bins, runs)
    noise = mean / runs.stop * window.signal.period_s / window.coherent_s
    table = slots(window.signal, prn)
    places = [(b * window.step_hz, lag / window.rate_hz) for _, b, lag in cells]
    powers = [float(np.square(np.abs(_periods(window, table, *place).sum(axis=1))).sum()) for place in places]
    doppler, delay = places[int(np.argmax(powers))]
    limit = threshold(false_alarm, 4.0 * bins.size * window.lags, _whole(window))
    if max(powers) > 0.3 * limit * noise:
        doppler, delay = _finer(window, table, doppler, delay)
    sums = np.square(np.abs(_periods(window, table, doppler, delay).sum(axis=(1, 2))))
    cell = max(_cells(window, table, doppler, delay)) if sums.sum() > limit * noise else float(sums.mean())
    cn0, plain = (_cn0(power / noise, window.signal.period_s) for power in (float(sums.mean()), cell))
    return Peak(delay % window.signal.period_s, doppler, cn0, plain, float(sums.sum()) / noise, limit)


def _cn0(ratio: float, coherent_s: float) -> float:
    """C/N0 of the mean power of coherent sums over that of noise, dB-Hz."""
    return float(10.0 * np.log10(max(ratio - 1.0, 1e-9) / coherent_s))


def _whole(window: Window) -> int:
    """Code periods of a window."""
    return max(1, len(window.spectra) // (2 if window.size == window.lags else 1))


def _cells(window: Window, table: NDArray[np.int8], doppler: float, delay: float) -> Iterator[float]:
    """Mean powers in the cells around a peak: whole samples as given, half inverse code periods."""
    step, sample = 0.5 / window.signal.period_s, 1.0 / window.given_hz
    for bins in (np.floor(doppler / step), np.ceil(doppler / step)):
        for lag in (np.floor(delay / sample), np.ceil(delay / sample)):
            parts = _periods(window, table, float(bins) * step, float(lag) * sample)
            yield float(np.square(np.abs(parts.sum(axis=(1, 2)))).mean())


PARTS = 10
"""Parts of a code period that are summed apart, to tell Doppler within it."""


def _periods(
    window: Window,
    table: NDArray[np.int8],
    doppler: float,
    delay: float,
    taps: ArrayLike = (0.0,),
) -> NDArray[np.complex128]:
    """Correlation of parts of whole code periods at offsets (chips, later positive); (period, part, tap)."""
    signal, rate = window.signal, window.rate_hz
    scale = 1.0 + doppler / signal.carrier_hz
    length = signal.period_s / scale * rate  # samples of a period as received
    count = min(_whole(window), max(1, int((window.samples.size - delay * rate) / length)))
    edges = delay * rate + length / PARTS * np.arange(count * PARTS + 1, dtype=np.float64)
    first = np.ceil(edges - 1e-9).astype(np.int64)
    turn, step = doppler / rate, table.size / length
    runs = first[:-1].astype(np.float64)
    start: NDArray[np.float64] = (runs - delay * rate) * step
    offsets = np.atleast_1d(np.asarray(taps, dtype=np.float64))
    out = np.empty((first.size - 1, offsets.size), dtype=np.complex128)
    per_chip = table.size / signal.length
    _kernels.correlate(
        window.samples, first[:-1], np.diff(first), turn * runs, turn, table, start, step,
        -offsets * per_chip, out,
    )  # fmt: skip
    return out.reshape(count, PARTS, offsets.size)


def _finer(window: Window, table: NDArray[np.int8], doppler: float, delay: float) -> tuple[float, float]:
    """Doppler and delay between the cells of a search."""
    signal = window.signal
    spacing = 0.15 if signal.boc else 0.3
    taps = spacing * np.arange(-2, 3)
    parts = _periods(window, table, doppler, delay, taps)
    tap = int(np.argmax(np.square(np.abs(parts)).sum(axis=(0, 1))))
    doppler += _frequency(parts[:, :, tap], signal.period_s, window.step_hz)
    power = np.square(np.abs(_periods(window, table, doppler, delay, taps).sum(axis=1))).sum(axis=0)
    top = min(max(int(np.argmax(power)), 1), taps.size - 2)
    return doppler, delay + (taps[top] + spacing * vertex(*power[top - 1 : top + 2])) / signal.chip_hz


def vertex(before: float, at: float, after: float) -> float:
    """Where a parabola through three equally spaced values has its top, in spacings from the middle.

    Examples
    --------
    >>> vertex(0.0, 1.0, 0.0), vertex(3.0, 4.0, 3.5)
    (0.0, 0.16666666666666666)
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
