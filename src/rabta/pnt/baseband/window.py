"""What a search transforms: samples of one signal's satellites, spectra, sums of whole periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.baseband import _kernels, codes
from rabta.pnt.baseband.codes import Signal
from rabta.pnt.baseband.samples import Complex, resample, smooth

BATCH = 8
"""Doppler bins that are transformed together: more do not fit the cache."""


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
    if not np.isfinite(samples[: count * lags]).all() or not samples[: count * lags].any():
        raise RabtaError("samples that are zero or no numbers", key="samples", expected="a signal with noise")
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


def code_spectrum(window: Window, prn: int) -> NDArray[np.complex64]:
    """Conjugate spectrum of the code, with zeros behind it where the transform is longer."""
    from scipy import fft

    padded = np.zeros(window.size, dtype=np.complex64)
    padded[: window.lags] = replica(window.signal, prn, window.rate_hz, window.lags)
    return np.asarray(np.conj(fft.fft(padded)), dtype=np.complex64)


def bins_of(window: Window, doppler_hz: float, centre_hz: float) -> NDArray[np.int64]:
    """Doppler bins, as whole turns of the spectrum."""
    middle, reach = round(centre_hz / window.step_hz), ceil(doppler_hz / window.step_hz)
    return np.arange(middle - reach, middle + reach + 1, dtype=np.int64)


def powers(
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


PARTS = 10
"""Parts of a code period that are summed apart, to tell Doppler within it."""


def periods(
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
    count = min(whole(window), max(1, int((window.samples.size - delay * rate) / length)))
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


def whole(window: Window) -> int:
    """Code periods of a window."""
    return max(1, len(window.spectra) // (2 if window.size == window.lags else 1))
