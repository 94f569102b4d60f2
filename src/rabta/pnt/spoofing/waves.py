"""Lies and jammers in a front end's samples: second correlation peaks, and spectra that no noise has.

A second peak of a satellite is another sender, or an echo: echoes are weaker than the way they come from and
later by less than a few chips. Spectral kurtosis is one for noise of any colour; below one where a tone is,
above one where something comes and goes (pulses, chirps): Nita and Gary, MNRAS 406, 2010, L60.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.baseband import acquire, codes
from rabta.pnt.baseband.acquire import Peak
from rabta.pnt.baseband.samples import baseband

Array = NDArray[np.float64]

BINS = (64, 1024)
"""Of the short spectra: 16 microseconds at 4 MHz, a fraction of a chirp's sweep; and fast chirps' lines."""
LEAST = 0.3
"""Departure from one that matters: a front end's own spurs of -20 dB over the noise stay below."""
NEAR_CHIPS = 0.5
"""Peaks closer than this are the shape of one."""
ECHO_CHIPS, ECHO_DB = 1.5, 3.0
"""A later peak within so many chips and weaker by so much may be an echo."""


@dataclass(frozen=True)
class Jam:
    """Interference in samples.

    Attributes
    ----------
    kurtosis : ndarray, shape (bin,)
        Spectral kurtosis; noise has one.
    frequency_hz : ndarray, shape (bin,)
    value, threshold : float
        Largest normalised difference from one and its limit.
    kind : str
        ``none``, ``steady`` (tones) or ``changing`` (chirps, pulses).
    """

    kurtosis: Array
    frequency_hz: Array
    value: float
    threshold: float
    kind: str

    @property
    def found(self) -> bool:
        """Whether there is interference."""
        return self.value > self.threshold


def jammer(values: ArrayLike, rate_hz: float, false_alarm: float = 1e-3) -> Jam:
    """Look for tones, chirps and pulses.

    Parameters
    ----------
    values : array_like of complex, shape (sample,)
    false_alarm : float
        Probability of interference found in noise of any colour.

    Raises
    ------
    RabtaError
        For fewer than 300 spectra (its tail is not known) of the longest of `BINS`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> noise = rng.normal(size=400_000) + 1j * rng.normal(size=400_000)
    >>> bool(jammer(noise, 4e6).found), jammer(noise + np.exp(0.3j * np.arange(400_000)), 4e6).kind
    (False, 'steady')
    """
    samples = np.asarray(values)
    if samples.size < 300 * BINS[-1]:
        raise RabtaError("too few samples", key="values", value=samples.size, expected=f"{300 * BINS[-1]}")
    looks = [_spectral(samples, rate_hz, bins, false_alarm / len(BINS)) for bins in BINS]
    return max(looks, key=lambda look: look.value / look.threshold)


def _spectral(samples: NDArray[np.generic], rate_hz: float, bins: int, false_alarm: float) -> Jam:
    """Spectral kurtosis of spectra of a length."""
    from scipy.stats import norm

    count = samples.size // bins
    power = np.square(np.abs(np.fft.fft(samples[: count * bins].reshape(count, bins), axis=1)))
    total, square = power.sum(axis=0), np.square(power).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = (count + 1.0) / (count - 1.0) * (count * square / total**2 - 1.0)
    sigma = np.sqrt(4.0 * count**2 / ((count - 1.0) * (count + 2.0) * (count + 3.0)))
    # the estimate is skewed by 10 / sqrt(count) (Nita and Gary, eq. 10): Cornish and Fisher's first term
    limit = float(norm.isf(0.5 * false_alarm / bins))
    limit = max(limit + 10.0 / np.sqrt(count) * (limit**2 - 1.0) / 6.0, LEAST / float(sigma))
    z = np.nan_to_num((kurtosis - 1.0) / sigma)
    worst = int(np.abs(z).argmax())
    kind = "none" if abs(z[worst]) <= limit else "changing" if z[worst] > 0.0 else "steady"
    frequency = np.asarray(np.fft.fftfreq(bins, 1.0 / rate_hz), dtype=np.float64)
    return Jam(np.asarray(kurtosis, dtype=np.float64), frequency, float(abs(z[worst])), limit, kind)


@dataclass(frozen=True)
class Twin:
    """Peaks of one satellite.

    Attributes
    ----------
    peaks : tuple of Peak
        Strongest first.
    verdict : str
        ``none`` (no satellite), ``one``, ``echo`` (may be one) or ``spoofed``.
    """

    signal: str
    prn: int
    peaks: tuple[Peak, ...]
    verdict: str


def verdict(signal: str, peaks: Iterable[Peak]) -> str:
    """What peaks of a satellite mean."""
    own = list(peaks)
    if len(own) < 2:
        return "one" if own else "none"
    what = codes.find(signal)
    first, weak = own[0], False
    for other in own[1:]:
        late = (other.delay_s - first.delay_s + 0.5 * what.period_s) % what.period_s - 0.5 * what.period_s
        if abs(late) * what.chip_hz < NEAR_CHIPS:
            continue
        near = 0.0 < late * what.chip_hz < ECHO_CHIPS
        same = abs(other.doppler_hz - first.doppler_hz) < 10.0
        if not (near and same and other.cn0_dbhz < first.cn0_dbhz - ECHO_DB):
            return "spoofed"
        weak = True
    return "echo" if weak else "one"


def twins(
    values: ArrayLike, rate_hz: float, signal: str, prns: Iterable[int] | None = None, *,
    if_hz: float = 0.0, time_s: float = 0.1, false_alarm: float = 1e-3,
    doppler_hz: float = acquire.DOPPLER_HZ,
) -> list[Twin]:  # fmt: skip
    """Look for second senders of each satellite.

    Parameters
    ----------
    false_alarm : float
        Probability of a second peak by noise, each satellite.
    """
    samples, rate = baseband(values, rate_hz, if_hz)
    search = min(time_s, acquire.TIME_S)
    found = acquire.search(samples, rate, signal, prns, time_s=search, doppler_hz=doppler_hz)
    seen = found[found["found"]]
    out = []
    for row in seen:
        others = seen["cn0_dbhz"][seen["prn"] != row["prn"]]
        beside = float(others.max()) if others.size else None
        # a sender that wants to be believed is within the loops' reach of the true Doppler
        peaks = acquire.peaks(
            samples, rate, signal, int(row["prn"]), centre_hz=float(row["doppler_hz"]), doppler_hz=REACH_HZ,
            time_s=time_s, false_alarm=false_alarm, beside_dbhz=beside,
        )  # fmt: skip
        out.append(Twin(signal, int(row["prn"]), tuple(peaks), verdict(signal, peaks)))
    return out


REACH_HZ = 500.0
"""How far from the strongest peak's Doppler a second sender is looked for."""
