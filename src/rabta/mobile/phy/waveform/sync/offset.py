"""Start and frequency from cyclic prefixes, and the turn that takes an offset out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform.numerology import Carrier

Complex = NDArray[np.complexfloating[Any, Any]]


@dataclass(frozen=True)
class Offset:
    """A start and a frequency.

    Attributes
    ----------
    start : int
        Sample at which a slot starts.
    frequency_hz : float
        Frequency that the signal has too much.
    likeness : float
        Correlation of prefixes and symbol ends, 0 to 1: SNR / (SNR + 1) on a flat channel.
    """

    start: int
    frequency_hz: float
    likeness: float


def turn(
    samples: ArrayLike, sample_rate: float, frequency_hz: float, drift_hz_s: float = 0.0, start_s: float = 0.0
) -> Complex:
    """Samples, shape (..., n), with a drifting frequency added; its negative takes it out again.

    Parameters
    ----------
    start_s : float
        Time of the first sample, from which phase 0 counts.
    """
    values = np.asarray(samples)
    kind = np.complex64 if values.dtype in (np.complex64, np.float32) else np.complex128
    t = start_s + np.arange(values.shape[-1]) / sample_rate
    cycles = (frequency_hz + 0.5 * drift_hz_s * t) * t
    return np.asarray(values * np.exp(2j * np.pi * (cycles - np.floor(cycles))).astype(kind))


def _sums(values: Complex, width: int) -> Complex:
    """Sums over ``width`` neighbours that start at each place, along the last axis."""
    total = np.cumsum(values, axis=-1)
    total = np.concatenate([np.zeros((*total.shape[:-1], 1), dtype=total.dtype), total], axis=-1)
    return np.asarray(total[..., width:] - total[..., :-width])


def prefix(
    samples: ArrayLike, carrier: Carrier, *, slot: int = 0, snr: float = 10.0, search: int | None = None
) -> Offset:
    """Start of a slot and fractional frequency, from a slot or more of samples.

    Parameters
    ----------
    samples : array_like of complex, shape (n,) or (antenna, n)
    carrier : Carrier
    slot : int
        Number of the slot, for its longer prefixes.
    snr : float
        Power ratio that is expected.
    search : int, optional
        Starts tried, from 0; all for which a whole slot is there if left out.

    Returns
    -------
    Offset
        The frequency is known within half a subcarrier either way.

    Raises
    ------
    RabtaError
        Fewer samples than a slot.

    Notes
    -----
    J.-J. van de Beek, M. Sandell and P. O. Borjesson, "ML estimation of time and frequency offset in OFDM
    systems", IEEE Trans. Signal Process. 45 (1997) 1800-1805, equations 7 to 11, summed over a slot.
    """
    heard = np.atleast_2d(np.asarray(samples, dtype=np.complex128))
    length = carrier.samples(slot=slot)
    tried = heard.shape[-1] - length + 1
    if tried < 1:
        raise RabtaError(
            "too few samples for a slot", key="samples", value=heard.shape[-1], expected=f"{length} or more"
        )
    tried = min(tried, search or tried)
    early, late = heard[:, : -carrier.size], heard[:, carrier.size :]
    product = (early * late.conj()).sum(axis=0)
    power = 0.5 * (np.abs(early) ** 2 + np.abs(late) ** 2).sum(axis=0)
    gamma, level = np.zeros(tried, dtype=np.complex128), np.zeros(tried)
    prefixes = carrier.prefixes(slot=slot)
    for start, width in zip(carrier.starts(slot=slot) - prefixes, prefixes, strict=True):
        gamma += _sums(product[start : start + tried + width - 1], int(width))
        level += _sums(power[start : start + tried + width - 1], int(width)).real
    best = int(np.argmax(np.abs(gamma) - snr / (snr + 1.0) * level))
    frequency = -np.angle(gamma[best]) / (2.0 * np.pi) * carrier.spacing_hz
    return Offset(best, float(frequency), float(np.abs(gamma[best]) / max(level[best], 1e-300)))
