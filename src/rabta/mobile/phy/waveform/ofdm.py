"""Samples of a grid of symbols and back: OFDM and DFT-s-OFDM of 3GPP TS 38.211, clauses 5.3 and 6.3.1.4.

Transforms are unitary: noise of variance s in each sample is the same in each subcarrier. Samples of
single precision stay so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform.numerology import Carrier

Complex = NDArray[np.complexfloating[Any, Any]]


def _complex(values: ArrayLike) -> Complex:
    out = np.asarray(values)
    kind = np.complex64 if out.dtype in (np.complex64, np.float32) else np.complex128
    return out.astype(kind, copy=False)


def _bodies(grid: Complex, carrier: Carrier) -> Complex:
    """Symbols without prefixes, shape (..., symbol, size); the middle subcarrier lies at the carrier."""
    half = carrier.subcarriers // 2
    spectrum = np.zeros((*grid.shape[:-1], carrier.size), dtype=grid.dtype)
    spectrum[..., : carrier.subcarriers - half] = grid[..., half:]
    spectrum[..., carrier.size - half :] = grid[..., :half]
    return np.asarray(np.fft.ifft(spectrum, norm="ortho"))


def modulate(grid: ArrayLike, carrier: Carrier, *, slot: int = 0, window: int = 0) -> Complex:
    """Samples of a grid.

    Parameters
    ----------
    grid : array_like of complex, shape (..., symbol, subcarrier)
        Any number of symbols from the start of a slot; leading axes are antennas or links.
    carrier : Carrier
    slot : int
        Number of the first slot: in which half milliseconds the longer prefixes fall.
    window : int
        Samples over which one symbol fades into the next (raised cosine), within the prefixes; 0 for none.

    Returns
    -------
    ndarray of complex, shape (..., sample)

    Raises
    ------
    RabtaError
        A grid of other subcarriers, or a window longer than the prefix.
    """
    cells = _complex(grid)
    if cells.ndim < 2 or cells.shape[-1] != carrier.subcarriers:
        raise RabtaError(
            "the grid does not fit the carrier",
            key="grid",
            value=cells.shape,
            expected=f"(..., symbols, {carrier.subcarriers})",
        )
    prefixes = carrier.prefixes(cells.shape[-2], slot)
    if not 0 <= window <= prefixes.min(initial=carrier.size):
        raise RabtaError(
            "the window is longer than a prefix",
            key="window",
            value=window,
            expected=f"0 to {prefixes.min()}",
        )
    bodies = _bodies(cells, carrier)
    ends = np.cumsum(prefixes + carrier.size)
    out = np.empty((*cells.shape[:-2], int(ends[-1]) if len(ends) else 0), dtype=cells.dtype)
    for i, (end, prefix) in enumerate(zip(ends, prefixes, strict=True)):
        body = bodies[..., i, :]
        out[..., end - carrier.size : end] = body
        out[..., end - carrier.size - prefix : end - carrier.size] = body[..., carrier.size - prefix :]
    if window:
        _fade(out, bodies, ends[:-1], window)
    return out


def _fade(samples: Complex, bodies: Complex, ends: NDArray[np.int64], window: int) -> None:
    """Each symbol goes on cyclically into the next one's prefix and fades there."""
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(window) + 0.5) / window)).astype(samples.real.dtype)
    for i, end in enumerate(ends):
        part = samples[..., end : end + window]
        part *= rise
        part += bodies[..., i, :window] * rise[::-1]


def demodulate(
    samples: ArrayLike, carrier: Carrier, *, slot: int = 0, symbols: int | None = None, advance: int = 0
) -> Complex:
    """Grid of samples that begin with a slot.

    Parameters
    ----------
    samples : array_like of complex, shape (..., sample)
    carrier : Carrier
    slot : int
        Number of the first slot.
    symbols : int, optional
        Symbols wanted; as many as there are samples for if left out.
    advance : int
        Samples by which each transform starts within the prefix; the turn of phases is taken out again.

    Returns
    -------
    ndarray of complex, shape (..., symbol, subcarrier)

    Raises
    ------
    RabtaError
        Too few samples, or an advance longer than the prefix.
    """
    heard = _complex(samples)
    available = heard.shape[-1] if heard.ndim else 0
    number = available // carrier.size if symbols is None else symbols
    starts = carrier.starts(number, slot)
    if symbols is None:
        starts = starts[starts + carrier.size <= available]
    shortest = int(carrier.prefixes(max(number, 1), slot).min())
    if not 0 <= advance <= shortest:
        raise RabtaError(
            "the transform starts outside the prefix",
            key="advance",
            value=advance,
            expected=f"0 to {shortest}",
        )
    if len(starts) == 0 or starts[-1] + carrier.size > available:
        raise RabtaError(
            "too few samples for the symbols",
            key="samples",
            value=available,
            expected=f"{carrier.samples(max(number, 1), slot)} or more",
        )
    bodies = heard[..., (starts - advance)[:, None] + np.arange(carrier.size)]
    spectrum = np.fft.fft(bodies, norm="ortho")
    half = carrier.subcarriers // 2
    grid = np.concatenate(
        [spectrum[..., carrier.size - half :], spectrum[..., : carrier.subcarriers - half]], axis=-1
    )
    if advance:
        turn = 2.0j * np.pi * advance / carrier.size * (np.arange(carrier.subcarriers) - half)
        grid *= np.exp(turn).astype(grid.dtype)
    return np.asarray(grid)


def _blocks_allowed(blocks: int) -> bool:
    for prime in (2, 3, 5):
        while blocks % prime == 0:
            blocks //= prime
    return blocks == 1


def spread(symbols: ArrayLike, blocks: int) -> Complex:
    """Transform precoding of an uplink, shape (..., symbol, 12 blocks): TS 38.211, clause 6.3.1.4.

    Raises
    ------
    RabtaError
        Blocks that have a prime factor above 5, or symbols that do not fill them.
    """
    values = _complex(symbols)
    _check_spread(values, blocks)
    return np.asarray(np.fft.fft(values, norm="ortho"))


def despread(symbols: ArrayLike, blocks: int) -> Complex:
    """Transform precoding undone."""
    values = _complex(symbols)
    _check_spread(values, blocks)
    return np.asarray(np.fft.ifft(values, norm="ortho"))


def _check_spread(values: Complex, blocks: int) -> None:
    if blocks < 1 or not _blocks_allowed(blocks):
        near = [n for n in range(max(1, blocks - 6), max(1, blocks) + 7) if _blocks_allowed(n)]
        raise RabtaError(
            "transform precoding needs a product of powers of 2, 3 and 5",
            key="blocks",
            value=blocks,
            expected=", ".join(map(str, near)),
        )
    if values.ndim == 0 or values.shape[-1] != 12 * blocks:
        raise RabtaError(
            "symbols do not fill the blocks",
            key="symbols",
            value=values.shape,
            expected=f"(..., {12 * blocks})",
        )


def peak_to_average_db(samples: ArrayLike, oversampling: int = 1) -> NDArray[np.float64]:
    """Peak power over mean power, dB, along the last axis, interpolated by zeros in the spectrum's middle."""
    values = np.asarray(samples, dtype=np.complex128)
    if oversampling > 1:
        count = values.shape[-1]
        spectrum = np.fft.fft(values)
        gap = np.zeros((*values.shape[:-1], count * (oversampling - 1)))
        half = count // 2
        values = np.fft.ifft(np.concatenate([spectrum[..., :half], gap, spectrum[..., half:]], axis=-1))
    power = np.abs(values) ** 2
    return np.asarray(10.0 * np.log10(power.max(axis=-1) / power.mean(axis=-1)))
