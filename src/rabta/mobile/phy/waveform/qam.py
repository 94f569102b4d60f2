"""Symbols of bits and log-likelihood ratios of symbols: 3GPP TS 38.211, clause 5.1.

Ratios are log P(0)/P(1): above zero for a zero. Noise variance is that of the complex symbol.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import _kernels

Complex = NDArray[np.complex64]
Floats = NDArray[np.float32]

ORDERS = {1: "BPSK", 2: "QPSK", 4: "16QAM", 6: "64QAM", 8: "256QAM", 10: "1024QAM"}
"""Bits a symbol."""


def check_order(order: int) -> None:
    """Refuse an unknown number of bits a symbol."""
    if order not in ORDERS:
        valid = ", ".join(f"{bits} ({name})" for bits, name in ORDERS.items())
        raise RabtaError("no such modulation", key="order", value=order, expected=valid)


def _axis(bits: NDArray[np.int64]) -> NDArray[np.float64]:
    """Amplitude of the bits of one axis, shape (word, bit): nested as in clauses 5.1.3 to 5.1.7."""
    out = 1.0 - 2.0 * bits[:, -1]
    for k in range(bits.shape[1] - 2, -1, -1):
        out = (1.0 - 2.0 * bits[:, k]) * (2.0 ** (bits.shape[1] - 1 - k) - out)
    return np.asarray(out)


def _words(bits: int) -> NDArray[np.int64]:
    return (np.arange(1 << bits)[:, None] >> np.arange(bits - 1, -1, -1)) & 1


@cache
def points(order: int) -> NDArray[np.complex128]:
    """All points of a modulation by the number that their bits spell, first bit highest; unit mean energy."""
    check_order(order)
    words = _words(order)
    if order == 1:
        out = (1.0 - 2.0 * words[:, 0]) * (1.0 + 1.0j) / np.sqrt(2.0)
    else:
        scale = np.sqrt(2.0 * (2**order - 1) / 3.0)
        out = (_axis(words[:, 0::2]) + 1.0j * _axis(words[:, 1::2])) / scale
    out.flags.writeable = False
    return np.asarray(out)


@cache
def tables(order: int) -> tuple[float, Floats]:
    """Spacing of an axis, and lines of the max-log ratio (level, bit, 2)."""
    words = _words(order // 2)
    amplitude = _axis(words)
    rank = np.argsort(amplitude)
    spacing = 2.0 / np.sqrt(2.0 * (2**order - 1) / 3.0)
    level, labels = amplitude[rank] * spacing / 2.0, words[rank]
    line = np.empty((len(level), order // 2, 2))
    for k, j in np.ndindex(line.shape[:2]):
        other = np.flatnonzero(labels[:, j] != labels[k, j])
        far = level[other[np.argmin(np.abs(other - k))]]
        zero, one = (level[k], far) if labels[k, j] == 0 else (far, level[k])
        line[k, j] = 2.0 * (zero - one), one**2 - zero**2
    return spacing, line.astype(np.float32)


def modulate(bits: ArrayLike, order: int) -> Complex:
    """Symbols of unit mean energy.

    Parameters
    ----------
    bits : array_like of 0 or 1, shape (..., n x order)
    order : int
        Bits a symbol: 1 (BPSK), 2, 4, 6, 8 or 10.

    Returns
    -------
    ndarray of complex64, shape (..., n)

    Raises
    ------
    RabtaError
        Unknown order, or bits that do not fill symbols.

    Notes
    -----
    3GPP TS 38.211 V18, clauses 5.1.2 to 5.1.7.
    """
    check_order(order)
    sent = np.ascontiguousarray(bits, dtype=np.uint8)
    if sent.ndim == 0 or sent.shape[-1] % order:
        raise RabtaError(
            "bits do not fill symbols", key="bits", value=sent.shape, expected=f"a multiple of {order}"
        )
    shape = (*sent.shape[:-1], sent.shape[-1] // order)
    out = np.empty(shape, dtype=np.complex64)
    _kernels.modulate(sent.reshape(-1, order), points(order).astype(np.complex64), out.reshape(-1))
    return np.asarray(out)


def half_pi_bpsk(bits: ArrayLike) -> Complex:
    """pi/2-BPSK, shape (..., n): BPSK of which every second symbol is turned by 90 degrees, clause 5.1.1."""
    plain = modulate(bits, 1)
    plain[..., 1::2] *= np.complex64(1.0j)
    return plain


def _noise(noise_variance: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """One value, or one for each symbol."""
    noise = np.asarray(noise_variance, dtype=np.float32)
    if not (noise > 0.0).all():
        raise RabtaError("noise variance is not above zero", key="noise_variance", expected="above 0")
    if noise.size == 1:
        return noise.flatten()
    try:
        return np.broadcast_to(noise, shape).flatten()
    except ValueError:
        raise RabtaError(
            "noise variances do not fit the symbols",
            key="noise_variance",
            value=noise.shape,
            expected=f"one value, or {shape}",
        ) from None


def demodulate(symbols: ArrayLike, noise_variance: ArrayLike, order: int, *, exact: bool = False) -> Floats:
    """Log-likelihood ratios of bits.

    Parameters
    ----------
    symbols : array_like of complex, shape (..., n)
    noise_variance : array_like
        Of the complex symbol, |x|^2 = 1 on average; one value, or one a symbol.
    order : int
        Bits a symbol.
    exact : bool
        Sum over all points in place of the nearest two.

    Returns
    -------
    ndarray of float32, shape (..., n x order)
        log P(0)/P(1).

    Raises
    ------
    RabtaError
        Unknown order, noise that is not above zero or does not fit.
    """
    check_order(order)
    heard = np.ascontiguousarray(symbols, dtype=np.complex64)
    noise = _noise(noise_variance, heard.shape)
    if order == 1:
        along = (heard.real + heard.imag) * np.float32(np.sqrt(8.0))
        return np.asarray(along / (noise.reshape(heard.shape) if noise.size > 1 else noise[0]))
    spacing, line = tables(order)
    out = np.empty((heard.size, order // 2, 2), dtype=np.float32)
    if exact and order > 2:  # one bit an axis: both are the same
        _kernels.exact(heard.reshape(-1), noise, spacing, line, out)
    else:
        _kernels.max_log(heard.reshape(-1), noise, spacing, line, out)
    return out.reshape(*heard.shape[:-1], -1)


def half_pi_bpsk_ratios(symbols: ArrayLike, noise_variance: ArrayLike) -> Floats:
    """Ratios of pi/2-BPSK, shape (..., n)."""
    heard = np.array(symbols, dtype=np.complex64)
    heard[..., 1::2] *= np.complex64(-1.0j)
    return demodulate(heard, noise_variance, 1)
