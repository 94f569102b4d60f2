"""A terminal: finds the cell, follows its time and frequency from slot to slot, takes transport blocks.

Frequency and time are followed by the pilots of the shared channel: the turn between its two pilot symbols is
what is left of the frequency, the slope over subcarriers what is left of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.modem.nr import control
from rabta.mobile.modem.nr.control import Word
from rabta.mobile.modem.nr.slots import BLOCK_SYMBOL, CONTROL_SYMBOLS, Layout
from rabta.mobile.phy.waveform import estimate, ofdm, qam
from rabta.mobile.phy.waveform.sync import search
from rabta.mobile.phy.waveform.sync.offset import turn

Complex = NDArray[np.complexfloating[Any, Any]]
Floats = NDArray[np.float32]
Source = Callable[[int, int], NDArray[np.complex64]]

WIDEST_S = 0.6e-6
"""Delays either way that a channel may have, beside what is followed; TR 38.811's taps reach 0.5 us."""
EXTENSION = 1.25
LOOP = 0.5
"""Share of a slot's finding by which frequency and time follow it."""
RATE_LOOP = 0.02
"""Share of what is left of the frequency by which its rate follows."""
FAR = 2.0  # samples


@dataclass(frozen=True)
class Slot:
    """What was heard of a slot.

    Attributes
    ----------
    number : int
        From the beginning of the reception, block slots counted.
    start : float
        Its first sample.
    frequency_hz : float
        Frequency that the signal had too much.
    snr_db : float
        Es/N0 of a resource element.
    control : ndarray
        Ratios of the control word.
    symbols, variance : ndarray
        Equalised data symbols and the variance of their noise.
    """

    number: int
    start: float
    frequency_hz: float
    snr_db: float
    control: Floats
    symbols: Complex
    variance: Floats


@dataclass
class State:
    """Where a receiver stands.

    Attributes
    ----------
    at : float
        First sample of the next slot.
    frequency_hz, rate_hz : float
        Frequency, and its change from slot to slot.
    slot : int
        Number of the next slot in the period of synchronisation blocks.
    """

    at: float
    frequency_hz: float
    rate_hz: float
    slot: int
    word: Word | None
    likeness: float


@cache
def _lowpass(factor: int) -> NDArray[np.float64]:
    """Filter before every ``factor``-th sample is taken: passes the synchronisation block."""
    from scipy.signal import firwin

    return np.asarray(firwin(24 * factor + 1, 1.1 / factor, window=("kaiser", 7.0)))


def thinned(samples: Complex, factor: int) -> Complex:
    """Every ``factor``-th sample behind a filter that keeps the middle of the band."""
    if factor == 1:
        return samples
    from scipy.signal import upfirdn

    taps = _lowpass(factor).astype(samples.real.dtype)
    delay = (len(taps) - 1) // 2
    out = upfirdn(taps, np.pad(samples, (0, delay)), 1, factor)
    skip = delay // factor  # the filter is 24 factor + 1 long: its delay is a multiple of the factor
    return np.asarray(out[skip : skip + -(-len(samples) // factor)])


def acquire(
    samples: Complex, layout: Layout, *, middle_hz: float = 0.0, widest_hz: float = 0.0
) -> State | None:
    """Cell in samples: its slot with the synchronisation block, frequency, and what the block says."""
    carrier = layout.carrier
    factor = carrier.size // 256
    narrow = search.block_carrier(carrier.spacing_khz, 256)
    flat = thinned(turn(samples, carrier.sample_rate, -middle_hz), factor)
    found = search.cells(_dithered(flat), narrow, widest_hz=widest_hz)
    if found is None or found.cell != layout.cell:
        return None
    before = carrier.samples(BLOCK_SYMBOL)
    start = float(found.start * factor - before)
    word = _broadcast(found, layout.cell)
    frequency = middle_hz + found.frequency_hz
    return State(start, frequency, 0.0, 0, word, found.likeness)


def _dithered(samples: Complex) -> Complex:
    """Samples with noise 60 dB below them: shares of the energy of pure silence are no numbers."""
    level = float(np.sqrt(np.mean(np.abs(samples) ** 2))) * 1e-3
    noise = np.random.default_rng(0).standard_normal((len(samples), 2)).view(np.complex128)[:, 0]
    return np.asarray(samples + max(level, 1e-12) * noise)


def _broadcast(found: search.Cell, cell: int) -> Word | None:
    """Word of the PBCH over the channel of the block's own pilots, smoothed over frequency and the block."""
    from rabta.mobile.phy.waveform.grids import block

    known = block.known(cell, found.index)
    grid = found.grid[0]
    where = known != 0.0
    raw = np.where(where, grid * known.conj(), 0.0)
    kernel = np.ones(37)
    weight = np.convolve(where.sum(axis=0).astype(float), kernel, mode="same")
    smooth = np.convolve(raw.sum(axis=0), kernel, mode="same") / weight
    channel: Complex = np.broadcast_to(smooth, grid.shape).astype(np.complex128)
    left = (grid - channel * known)[where]
    noise = float(np.mean(np.abs(left) ** 2))
    return control.heard_broadcast(grid, channel, max(noise, 1e-9), cell)


def follow(source: Source, total: int, layout: Layout, state: State) -> Iterator[Slot]:
    """Slots from a state on; the state follows, and is that of the next slot after each one."""
    carrier = layout.carrier
    per_frame = carrier.slots_per_subframe
    number = 0
    while True:
        length = carrier.samples(slot=state.slot % per_frame)
        first = round(state.at)
        if first + length > total + carrier.size // 32:
            return
        if not layout.holds_block(state.slot) and first >= 0:
            samples = np.asarray(source(first, min(length, total - first)))
            samples = np.pad(samples, (0, length - len(samples)))  # a few samples behind the last slot
            yield _slot(samples, layout, state, number, first)
        step = length / (1.0 + state.frequency_hz / _carrier_hz(source))
        state.at += step
        state.frequency_hz += state.rate_hz
        state.slot += 1
        number += 1


def _carrier_hz(source: Source) -> float:
    """Carrier whose Doppler shift stretches time as well; none where it is not known."""
    return float(getattr(source, "carrier_hz", np.inf))


def _slot(samples: Complex, layout: Layout, state: State, number: int, first: int) -> Slot:
    carrier = layout.carrier
    flat = samples * rotator(-state.frequency_hz / carrier.sample_rate, len(samples))
    within = state.slot % carrier.slots_per_subframe
    advance = carrier.size * 9 // 256
    grid = ofdm.demodulate(flat, carrier, slot=within, symbols=14, advance=advance)
    sent = known_pilots(layout, state.slot % carrier.slots_per_frame)
    late, drift = _left(grid, sent[0], layout)
    times = carrier.symbol_times(slot=within)
    across = np.exp(2j * np.pi * late * carrier.frequencies_hz()).astype(np.complex64)
    even = grid * across * np.exp(-2j * np.pi * drift * (times - times[0])).astype(np.complex64)[:, None]
    noise = max(estimate.noise(even[None], sent), 1e-12)
    h, share = _channel(even, sent[0], layout)
    power = np.maximum(np.abs(h) ** 2, 1e-6 * noise)
    symbols = even * (h.conj() / power)
    variance = (noise * (1.0 + share) / power).astype(np.float32)
    snr = float(np.mean(power) / noise - np.mean(share))
    frequency = state.frequency_hz + drift
    start = first + late * carrier.sample_rate
    _move(state, late * carrier.sample_rate, drift)
    control_, data = layout.control_data, layout.shared.data
    words = qam.demodulate(symbols[control_], variance[control_], 2)
    level = 10.0 * float(np.log10(max(snr, 1e-4)))
    return Slot(number, start, frequency, level, words, symbols[data], variance[data])


@cache
def known_pilots(layout: Layout, slot: int) -> Complex:
    """Pilots of a slot of the frame, shape (1, symbol, subcarrier)."""
    return layout.shared.pilots(slot)


def rotator(cycles: float, count: int, block: int = 256) -> NDArray[np.complex64]:
    """exp(2 pi i cycles n) for so many samples, as products of two short rows."""
    small = np.exp(2j * np.pi * np.mod(cycles * np.arange(block), 1.0))
    large = np.exp(2j * np.pi * np.mod(cycles * block * np.arange(-(-count // block)), 1.0))
    return np.outer(large.astype(np.complex64), small.astype(np.complex64)).ravel()[:count]


@cache
def _modes(layout: Layout) -> tuple[Complex, Complex, NDArray[np.float32]]:
    """Few waves over the band that a channel within `WIDEST_S` of delay is made of.

    Returns the least squares from the pilots' subcarriers on them, their values on all subcarriers, and the
    share of the noise that they keep. They are periodic beyond the band, so that its edges are no steps.
    """
    carrier = layout.carrier
    place = np.arange(carrier.subcarriers) / (EXTENSION * carrier.subcarriers)
    most = int(np.ceil(EXTENSION * carrier.subcarriers * carrier.spacing_hz * WIDEST_S))
    waves = np.exp(2j * np.pi * np.arange(-most, most + 1)[:, None] * place)
    columns = _columns(layout)
    fit = np.linalg.pinv(waves[:, columns], rcond=1e-4)
    share = (np.abs(fit @ waves) ** 2).sum(axis=0) / layout.shared.dmrs.groups
    return fit.astype(np.complex64), waves.astype(np.complex64), share.astype(np.float32)


@cache
def _columns(layout: Layout) -> NDArray[np.int64]:
    return np.flatnonzero(known_pilots(layout, 0)[0, layout.shared.dmrs.first])


def _channel(even: Complex, sent: Complex, layout: Layout) -> tuple[Complex, NDArray[np.float32]]:
    """Channel over the slot, shape (symbol, subcarrier), and the share of the noise in it.

    Least squares at both pilot symbols on the waves of `_modes`, straight lines over time between them.
    """
    fit, waves, share = _modes(layout)
    rows, columns = list(_rows(layout)), _columns(layout)
    raw = even[rows][:, columns] / sent[rows][:, columns]
    over = _lines(rows, even.shape[0])
    # products this small are faster without the threads of a matrix library
    ends = np.einsum("sm,mn->sn", np.einsum("sc,cm->sm", raw, fit), waves)
    found = over[:, :1] * ends[0] + over[:, 1:] * ends[1]
    return np.asarray(found, dtype=np.complex64), np.outer((over**2).sum(axis=1), share).astype(np.float32)


def _rows(layout: Layout) -> tuple[int, ...]:
    return layout.shared.dmrs.symbols(CONTROL_SYMBOLS, 14 - CONTROL_SYMBOLS)


def _lines(rows: list[int], count: int) -> NDArray[np.float32]:
    """Weights of the two pilot symbols along a straight line."""
    first, last = rows[0], rows[-1]
    part = (np.arange(count) - first) / (last - first)
    return np.stack([1.0 - part, part], axis=1).astype(np.float32)


def _left(grid: Complex, sent: Complex, layout: Layout) -> tuple[float, float]:
    """Time by which the slot is late (s), and frequency that is left (Hz), from the pilots."""
    carrier = layout.carrier
    rows, columns = _rows(layout), _columns(layout)
    raw: Any = grid[list(rows)][:, columns] * sent[list(rows)][:, columns].conj()
    apart = float(columns[1] - columns[0]) * carrier.spacing_hz
    late, even = 0.0, raw
    # each distance is clear to half a turn of its own: the longer ones refine what the shorter ones found
    for lag in (1, 4, 16, len(columns) // 2):
        turned = np.angle((even[:, lag:] * even[:, :-lag].conj()).sum())
        late -= float(turned) / (2.0 * np.pi * apart * lag)
        even = raw * np.exp(2j * np.pi * columns * carrier.spacing_hz * late)
    sums = even.sum(axis=1)
    times = carrier.symbol_times()
    between = float(times[rows[-1]] - times[rows[0]])
    drift = float(np.angle(sums[-1] * sums[0].conj())) / (2.0 * np.pi * between)
    return late, drift


def _move(state: State, late_samples: float, drift: float) -> None:
    """Follow what a slot showed: at once where it is far off, else by a share."""
    away = round(state.at) + late_samples - state.at
    state.at += away if abs(away) > FAR else LOOP * away
    state.frequency_hz += LOOP * drift
    state.rate_hz += RATE_LOOP * drift
