"""Cell search under large Doppler: PSS over frequency bins, then SSS, then the block's index.

A satellite in low orbit moves its carrier by up to 24 parts in a million: 48 kHz at 2 GHz, three subcarriers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import ofdm, pilots
from rabta.mobile.phy.waveform.grids import block
from rabta.mobile.phy.waveform.numerology import Carrier
from rabta.mobile.phy.waveform.sync.offset import turn

Complex = NDArray[np.complexfloating[Any, Any]]
Floats = NDArray[np.float64]

FALSE_ALARM = 1e-3
BIN = 0.5  # subcarriers between the frequencies tried: no more than 0.9 dB is lost between two


@dataclass(frozen=True)
class Cell:
    """A synchronisation block that was found.

    Attributes
    ----------
    cell : int
        N_ID.
    start : int
        Sample at which the block's first symbol begins, prefix included.
    frequency_hz : float
        Frequency that the signal has too much.
    likeness : float
        Share of the samples' energy that the PSS explains, 0 to 1.
    threshold : float
        Likeness that noise alone exceeds in one search of a thousand.
    index : int
        Index of `pilots.pbch`.
    grid : ndarray of complex, shape (4, 240)
        The block's resource elements, timing and frequency taken out.
    """

    cell: int
    start: int
    frequency_hz: float
    likeness: float
    threshold: float
    index: int
    grid: Complex


def block_carrier(spacing_khz: int, size: int = 256) -> Carrier:
    """Carrier of 20 resource blocks in which a synchronisation block is heard."""
    return Carrier(spacing_khz, block.SUBCARRIERS // 12, size=size)


def samples(grid: ArrayLike, carrier: Carrier) -> Complex:
    """Samples of a block alone, shape (..., n), all prefixes short."""
    whole = np.asarray(grid)
    padded = np.concatenate([np.zeros_like(whole[..., :1, :]), whole], axis=-2)
    first = carrier.samples(1)
    return np.asarray(ofdm.modulate(padded, carrier)[..., first:])


def _pss_body(sector: int, carrier: Carrier) -> Complex:
    grid = np.zeros((1, block.SUBCARRIERS), dtype=np.complex128)
    grid[0, block.FIRST : block.FIRST + 127] = pilots.pss(sector)
    return np.asarray(ofdm.modulate(grid, carrier)[-carrier.size :] / np.sqrt(127.0))


def threshold(length: int, trials: int, false_alarm: float = FALSE_ALARM) -> float:
    """Likeness that white noise exceeds with a probability, in so many trials.

    The share of a vector of ``length`` complex Gaussian samples along any direction exceeds x with the
    probability (1 - x)^(length - 1).
    """
    return float(1.0 - (false_alarm / trials) ** (1.0 / (length - 1)))


def _likeness(heard: Complex, carrier: Carrier, bins: NDArray[np.int64]) -> Floats:
    """Share of energy along the PSS, shape (sector, frequency, start), the antennas summed."""
    size = carrier.size
    length = heard.shape[-1]
    whole = 1 << int(np.ceil(np.log2(length + size)))
    spectrum = np.fft.fft(heard, whole)
    energy = np.cumsum(np.pad(np.abs(heard) ** 2, ((0, 0), (1, 0))), axis=-1)
    starts = length - size + 1
    level = np.maximum((energy[:, size:] - energy[:, :-size]).sum(axis=0), 1e-300)
    out = np.empty((3, len(bins), starts))
    time = np.arange(size)
    for sector in range(3):
        body = _pss_body(sector, carrier)
        for row, number in enumerate(bins):
            shifted = body * np.exp(2j * np.pi * BIN * number * time / size)
            found = np.fft.ifft(spectrum * np.fft.fft(shifted, whole).conj())[:, :starts]
            out[sector, row] = (np.abs(found) ** 2).sum(axis=0) / level
    return out


def _fine(part: Complex, carrier: Carrier, sector: int, coarse_hz: float) -> float:
    """Frequency beyond the bin: halves of the PSS, then the four prefixes; both weigh all antennas."""
    rate, size = carrier.sample_rate, carrier.size
    short = carrier.size * 9 // 128
    even = turn(part, rate, -coarse_hz)
    half = even[:, short : short + size] * _pss_body(sector, carrier).conj()
    first, second = half[:, : size // 2].sum(axis=1), half[:, size // 2 :].sum(axis=1)
    step = np.angle((second * first.conj()).sum()) / np.pi * carrier.spacing_hz
    even = turn(even, rate, -float(step))
    starts = np.arange(block.SYMBOLS) * (size + short)
    places = (starts[:, None] + np.arange(short)).ravel()
    gamma = (even[:, places + size] * even[:, places].conj()).sum()
    return float(coarse_hz + step + np.angle(gamma) / (2.0 * np.pi) * carrier.spacing_hz)


def _group(grid: Complex, sector: int) -> tuple[int, float]:
    """N_ID(1) whose SSS fits best through the channel of the PSS, and the share of energy that fits."""
    part = slice(block.FIRST, block.FIRST + 127)
    channel = grid[:, 0, part] * pilots.pss(sector)
    # the channel is smooth: mean over eleven neighbours
    kernel = np.ones(11) / 11.0
    smooth = np.array([np.convolve(row, kernel, mode="same") for row in channel])
    product = (grid[:, 2, part] * smooth.conj()).sum(axis=0)
    every = np.array([pilots.sss(3 * group + sector) for group in range(336)])
    score = np.abs(every @ product) ** 2
    best = int(score.argmax())
    return best, float(score[best] / max(127.0 * (np.abs(product) ** 2).sum(), 1e-300))


def _index(grid: Complex, cell: int) -> int:
    """Index whose PBCH pilots fit best, by products of neighbours so that a slope of phase does no harm."""
    where = block.places(cell)[1]
    heard = grid[:, where]
    score = []
    for index in range(8):
        even = heard * pilots.pbch(cell, index).conj()
        score.append(np.abs((even[:, 1:] * even[:, :-1].conj()).sum()))
    return int(np.argmax(score))


def _rest(grid: Complex, cell: int, index: int, carrier: Carrier) -> float:
    """Frequency that is left, from the turn between known elements two symbols apart."""
    even = grid * block.known(cell, index).conj()
    gamma = (even[:, 2:] * even[:, :2].conj()).sum()
    return float(np.angle(gamma) / (4.0 * np.pi) * carrier.spacing_hz * 128 / 137)


def _cut(heard: Complex, start: int, carrier: Carrier) -> Complex:
    """A block's samples from the prefix of its first symbol; zeros where the record ends."""
    length = block.SYMBOLS * (carrier.size + carrier.size * 9 // 128)
    out = np.zeros((heard.shape[0], length), dtype=np.complex128)
    low, high = max(start, 0), min(start + length, heard.shape[-1])
    out[:, low - start : high - start] = heard[:, low:high]
    return out


def take(record: ArrayLike, start: int, carrier: Carrier, frequency_hz: float = 0.0) -> Complex:
    """Resource elements of a block, shape (antenna, 4, 240), from the sample at which it starts."""
    part = turn(
        _cut(np.atleast_2d(np.asarray(record, np.complex128)), start, carrier),
        carrier.sample_rate,
        -frequency_hz,
    )
    first = np.zeros((part.shape[0], carrier.samples(1)), dtype=np.complex128)
    advance = carrier.size * 9 // 256
    return ofdm.demodulate(np.concatenate([first, part], axis=-1), carrier, advance=advance)[:, 1:5]


def cells(
    record: ArrayLike,
    carrier: Carrier,
    *,
    widest_hz: float = 0.0,
    middle_hz: float = 0.0,
    false_alarm: float = FALSE_ALARM,
) -> Cell | None:
    """Best synchronisation block of a record, or None where there is none.

    Parameters
    ----------
    record : array_like of complex, shape (n,) or (antenna, n)
        At the carrier's sample rate, the block in the middle of the band; 20 ms hold a block for certain.
    carrier : Carrier
        Of `block_carrier`.
    widest_hz, middle_hz : float
        Frequencies are tried up to ``widest_hz`` on both sides of ``middle_hz``.
    false_alarm : float
        Probability that white noise alone gives a block.

    Raises
    ------
    RabtaError
        A record shorter than a block, a carrier that is not of 20 resource blocks, a shift beyond the band.
    """
    heard = np.atleast_2d(np.asarray(record, dtype=np.complex128))
    _check(heard, carrier, abs(middle_hz) + widest_hz)
    step = BIN * carrier.spacing_hz
    reach = int(np.ceil(widest_hz / step))
    bins = np.arange(-reach, reach + 1) + round(middle_hz / step)
    share = _likeness(heard, carrier, bins)
    sector, row, at = (int(i) for i in np.unravel_index(share.argmax(), share.shape))
    limit = threshold(carrier.size * heard.shape[0], share.size, false_alarm)
    if share[sector, row, at] < limit:
        return None
    start = at - carrier.size * 9 // 128
    frequency = _fine(_cut(heard, start, carrier), carrier, sector, float(bins[row]) * step)
    grid = take(heard, start, carrier, frequency)
    cell = 3 * _group(grid, sector)[0] + sector
    index = _index(grid, cell)
    frequency += _rest(grid, cell, index, carrier)
    grid = take(heard, start, carrier, frequency)
    return Cell(cell, start, frequency, float(share[sector, row, at]), limit, index, grid)


def _check(heard: Complex, carrier: Carrier, shift_hz: float) -> None:
    if carrier.subcarriers != block.SUBCARRIERS:
        raise RabtaError(
            "not a carrier of a synchronisation block",
            key="carrier",
            value=f"{carrier.blocks} resource blocks",
            expected="20, of block_carrier",
        )
    if heard.shape[-1] < carrier.samples(block.SYMBOLS):
        raise RabtaError(
            "the record is shorter than a synchronisation block",
            key="record",
            value=heard.shape[-1],
            expected=f"{carrier.samples(block.SYMBOLS)} samples or more",
        )
    free = 0.5 * (carrier.size - 127) * carrier.spacing_hz
    if not 0.0 <= shift_hz <= free:
        raise RabtaError(
            "the shift takes the synchronisation signal out of the band",
            key="widest_hz",
            value=shift_hz,
            expected=f"0 to {free:g} Hz, or a carrier of larger size",
        )
