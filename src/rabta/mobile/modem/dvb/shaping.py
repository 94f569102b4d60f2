"""Root raised cosine pulses, and the matched filter at any time: EN 302 307-1, clause 5.6."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import _kernels

C8 = NDArray[np.complex64]
C16 = NDArray[np.complex128]
F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

PHASES = 256
"""Parts of a sample that the matched filter tells apart: errors are then below -50 dB."""


def half_width(roll_off: float) -> int:
    """Symbols on each side of a pulse's middle that are kept: the tails of a small roll-off fade late."""
    return min(40, max(10, round(4.0 / roll_off)))


def root_raised_cosine(times: ArrayLike, roll_off: float) -> F8:
    """Pulse of unit energy at times in symbols (clause 5.6, its inverse Fourier transform).

    Examples
    --------
    >>> float(root_raised_cosine(0.0, 0.2).round(4))
    1.0546
    """
    t = np.asarray(times, dtype=np.float64)
    a = roll_off
    edge = np.isclose(np.abs(4.0 * a * t), 1.0, atol=1e-7)
    zero = np.abs(t) < 1e-9
    safe = np.where(edge | zero, 0.3 / a, t)
    x = np.pi * safe
    made = (np.sin(x * (1 - a)) + 4 * a * safe * np.cos(x * (1 + a))) / (x * (1 - (4 * a * safe) ** 2))
    at_edge = a / np.sqrt(2.0) * (
        (1 + 2 / np.pi) * np.sin(np.pi / (4 * a)) + (1 - 2 / np.pi) * np.cos(np.pi / (4 * a))
    )  # fmt: skip
    found: F8 = np.where(zero, 1 + a * (4 / np.pi - 1), np.where(edge, at_edge, made))
    return found


def reach_of(roll_off: float) -> int:
    """Symbols on each side that the matched filter keeps: what it leaves out is below -48 dB."""
    return round(min(1.6 / roll_off + 3.0, 28.0))


@cache
def _windowed(roll_off: float, rate: float, symbols: int) -> tuple[F4, int]:
    """Filter bank, a row for each part of a sample; and samples before the middle."""
    reach = int(np.ceil(symbols * rate))
    offset = np.arange(PHASES + 1)[:, None] / PHASES
    at = (np.arange(2 * (reach + 1)) - reach - offset) / rate
    edge = np.clip((symbols - np.abs(at)) / 2.0, 0.0, 1.0)
    pulse = root_raised_cosine(at, roll_off) * (0.5 - 0.5 * np.cos(np.pi * edge)) / np.sqrt(rate)
    return pulse.astype(np.float32), reach


def matched(
    samples: ArrayLike, times: ArrayLike, roll_off: float, rate: float, symbols: int | None = None
) -> C8:
    """Matched filter's output at any times, in samples; outside the samples it sees zeros.

    Parameters
    ----------
    samples : array_like of complex, shape (sample,)
    times : array_like, shape (time,)
    rate : float
        Samples a symbol, 1.25 at least and above 1 + roll-off.
    symbols : int, optional
        On each side of a pulse's middle; `reach_of` by default.
    """
    check_rate(rate, roll_off)
    bank, reach = _windowed(float(roll_off), float(rate), symbols or reach_of(roll_off))
    row = np.asarray(samples, dtype=np.complex64)
    at = np.asarray(times, dtype=np.float64)
    width = bank.shape[1]
    low, high = float(at.min(initial=0.0)), float(at.max(initial=0.0))
    before = max(0, reach - int(np.floor(low)))
    after = max(0, int(np.ceil(high)) + width - len(row) + 1)
    padded = np.concatenate([np.zeros(before, np.complex64), row, np.zeros(after, np.complex64)])
    made = np.empty(len(at), dtype=np.complex64)
    parts = padded.view(np.float32), bank, at + (before - reach), made.view(np.float32)
    jit.each_part(_kernels.filter_at, len(at), *parts)
    return made


def shape(symbols: ArrayLike, roll_off: float, rate: int) -> C8:
    """Samples of shaped symbols: one pulse each, mean power 1 for symbols of unit energy.

    The middle of the first pulse is at sample ``half_width * rate``; the last one fades out whole.

    Parameters
    ----------
    rate : int
        Samples a symbol, 2 at least.
    """
    if rate != int(rate) or rate < 2:
        raise RabtaError(
            "cannot shape at this rate",
            key="samples_per_symbol",
            value=rate,
            expected="a whole number, 2 or more",
        )
    from scipy.signal import oaconvolve

    reach = half_width(roll_off) * rate
    pulse = root_raised_cosine(np.arange(-reach, reach + 1) / rate, roll_off)
    sparse = np.zeros(len(np.asarray(symbols)) * rate - rate + 1, dtype=np.complex64)
    sparse[::rate] = symbols
    made: C8 = oaconvolve(sparse, pulse.astype(np.float32)).astype(np.complex64)
    return made


def check_rate(rate: float, roll_off: float) -> None:
    """Refuse rates at which the signal does not fit between the samples."""
    least = max(1.25, 1.0 + roll_off)
    if not least <= rate <= 64.0:
        raise RabtaError(
            "too few or too many samples a symbol", key="samples_per_symbol", value=rate,
            expected=f"{least:g} to 64 at roll-off {roll_off:g}",
        )  # fmt: skip
