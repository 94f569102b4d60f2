"""Where frames start and what their headers say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.modem.dvb import _kernels
from rabta.mobile.modem.dvb.modcods import SLOT, frame_length, of_pls
from rabta.mobile.modem.dvb.physical import DUMMY_SLOTS, PLS_BITS, SOF_BITS, header

C8 = NDArray[np.complex64]
C16 = NDArray[np.complex128]
F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

WINDOW = 80_000
"""Symbols that are searched for a frame's start at once: more than two of the longest frames."""
CANDIDATES = 60
DEPTH = 5
"""Frames that a candidate must foretell."""
NOISE = 9.0
"""What the correlation with a header is worth where there is none: mean of the larger of its two forms."""
MEMORY = 8
"""Frames before, whose frequency is that of the next header."""
FOLLOWED = 3
"""Headers in a row that may be missed before a new search."""


@dataclass(frozen=True)
class Found:
    """A frame in a row of symbols.

    Attributes
    ----------
    start : int
        Its first symbol.
    pls : int
        What its header says.
    frequency : float
        Of the header, in cycles a symbol.
    strength : float
        Correlation with the header over what it were without noise.
    """

    start: int
    pls: int
    frequency: float
    strength: float


@cache
def valid() -> I8:
    """Values of the signalling that say something."""
    return np.array([p for p in range(256) if of_pls(p) is not None and p not in {1, 2, 3}], dtype=np.int64)


@cache
def _headers() -> C8:
    """Headers of all valid values, shape (value, 90)."""
    return np.array([header(int(p)) for p in valid()], dtype=np.complex64)


@cache
def _lengths() -> I8:
    """Lengths of the frames of all valid values."""
    made = []
    for p in valid():
        of, pilots = of_pls(int(p)) or (None, False)
        made.append(of.length(pilots) if of else frame_length(DUMMY_SLOTS, False))
    return np.array(made, dtype=np.int64)


@cache
def _pattern() -> tuple[I8, F4, I8, F4]:
    """Delays and signs of the products of neighbours that every header has; of its signalling up to one sign."""
    products = (header(0)[1:] * np.conj(header(0)[:-1])).imag
    start = np.arange(SOF_BITS - 1)
    pairs = SOF_BITS + 2 * np.arange(PLS_BITS // 2)
    signs = np.sign(products).astype(np.float32)
    return start, signs[start], pairs, signs[pairs]


def evened(symbols: C8) -> C8:
    """Symbols of unit mean power in the neighbourhood of every one."""
    width = min(4001, len(symbols) // 2 * 2 + 1)
    power = np.concatenate([[0.0], np.cumsum(np.abs(symbols).astype(np.float64) ** 2)])
    at = np.arange(len(symbols))
    low, high = np.maximum(at - width // 2, 0), np.minimum(at + width // 2 + 1, len(symbols))
    mean = (power[high] - power[low]) / (high - low)
    return (symbols / np.sqrt(np.maximum(mean, 1e-30))).astype(np.complex64)


def correlation(symbols: C8) -> F4:
    """Correlation of products of neighbours with those of a header, at every start; 57 without noise.

    Products of neighbours turn with the frequency alone, all alike, so that the size of their sum does not
    depend on it. Pairs of the signalling's bits are equal or opposite, all alike: both are tried.
    """
    products = symbols[1:] * np.conj(symbols[:-1])
    real, imag = np.ascontiguousarray(products.real), np.ascontiguousarray(products.imag)
    start, start_signs, pairs, pair_signs = _pattern()
    count = len(symbols) - SLOT
    sums = []
    for delays, signs in ((start, start_signs), (pairs, pair_signs)):
        made = np.empty(2 * count, dtype=np.float32)
        _kernels.correlate(real, imag, delays, signs, made)
        sums.append(made[:count] + 1j * made[count:])
    found: F4 = np.maximum(np.abs(sums[0] + sums[1]), np.abs(sums[0] - sums[1])).astype(np.float32)
    return found


def read_header(symbols: C8, around: float | None = None) -> Found:
    """Most likely header of 90 symbols; its start is given as 0.

    Parameters
    ----------
    around : float, optional
        Frequency in cycles a symbol that is known to a thousandth; searched for where none is given.
    """
    n = np.arange(SLOT)
    if around is not None:
        sums = np.abs(np.conj(_headers()) @ (symbols * np.exp(-2j * np.pi * around * n)).astype(np.complex64))
        best = int(np.argmax(sums))
        own = around + slope(np.conj(_headers()[best]) * symbols * np.exp(-2j * np.pi * around * n))
        return Found(0, int(valid()[best]), own, float(sums[best]) / SLOT)
    fits = np.abs(np.fft.fft(np.conj(_headers()) * symbols, 256, axis=1))
    fits[:, 39:-38] = 0.0  # offsets beyond 0.15 of the symbol rate were taken off before
    best, bin_ = np.unravel_index(int(np.argmax(fits)), fits.shape)
    return Found(0, int(valid()[best]), _between(fits[best], int(bin_)), float(fits[best, bin_]) / SLOT)


def _between(fit: NDArray[np.floating], i: int) -> float:
    """Frequency of the peak of a spectrum, in cycles a symbol."""
    a, b, c = (float(fit[(i + d) % len(fit)]) for d in (-1, 0, 1))
    bend = a - 2 * b + c
    place = (i + (0.5 * (a - c) / bend if bend < 0 else 0.0)) / len(fit)
    return place - 1.0 if place > 0.5 else place


def slope(known: C16 | C8, lags: int = 30) -> float:
    """Frequency of a row without modulation, in cycles a symbol (Luise and Reggiannini, 1995); below 1 / lags."""
    sums = sum(np.vdot(known[: len(known) - m], known[m:]) for m in range(1, lags + 1))
    return float(np.angle(sums)) / (np.pi * (lags + 1))


def length_of(pls: int) -> int:
    """Symbols of the frame that a header announces."""
    return int(_lengths()[int(np.searchsorted(valid(), pls))])


def _worth(symbols: C8, score: F4, start: int) -> float:
    """How well a candidate foretells the frames after it: the sum of what is above noise."""
    worth, at = 0.0, start
    for _ in range(DEPTH):
        if at >= len(score):
            break
        worth += float(score[at]) - NOISE
        at += length_of(read_header(symbols[at : at + SLOT]).pls)
    return worth


def search(symbols: C8, score: F4, begin: int) -> int | None:
    """First symbol of a frame at or after ``begin``; None where nothing looks like one."""
    part = score[begin : begin + WINDOW]
    if not len(part):
        return None
    order = np.argsort(part)[::-1][:CANDIDATES]
    worths = [_worth(symbols, score, begin + int(i)) for i in order]
    best = int(np.argmax(worths))
    if worths[best] < 2.0 * NOISE:
        return search(symbols, score, begin + WINDOW - SLOT) if begin + WINDOW < len(score) else None
    return _earlier(symbols, score, begin, begin + int(order[best]))


def _earlier(symbols: C8, score: F4, begin: int, start: int) -> int:
    """First of the frames that lead up to a found one."""
    while True:
        before = [start - int(n) for n in np.unique(_lengths()) if start - int(n) >= begin]
        fits = [s for s in before if s + length_of(read_header(symbols[s : s + SLOT]).pls) == start]
        fits = [s for s in fits if score[s] > 2.0 * NOISE]
        if not fits:
            return start
        start = max(fits, key=lambda s: float(score[s]))


def frames(symbols: C8) -> list[Found]:
    """All frames in a row of symbols, in order."""
    if len(symbols) <= SLOT:
        return []
    level = evened(symbols)
    score = correlation(level)
    found: list[Found] = []
    at = search(level, score, 0)
    while at is not None and at < len(score):
        run = _follow(level, score, at)
        found += run
        last = run[-1] if run else Found(at, 0, 0.0, 0.0)
        at = search(level, score, last.start + (length_of(last.pls) if run else SLOT))
    return found


def _follow(symbols: C8, score: F4, start: int) -> list[Found]:
    """Frames one after the other, until headers fail."""
    found: list[Found] = []
    weak, at = 0, start
    while at < len(symbols) - SLOT:
        recent = [f.frequency for f in found[-MEMORY:]]
        here = read_header(symbols[at : at + SLOT], float(np.mean(recent)) if len(recent) == MEMORY else None)
        weak = weak + 1 if score[at] < NOISE else 0
        if weak >= FOLLOWED:
            return found[: 1 - FOLLOWED]
        found.append(Found(at, here.pls, here.frequency, here.strength))
        at += length_of(here.pls)
    return found
