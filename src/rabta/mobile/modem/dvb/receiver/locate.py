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
NOISE, NOISE_KNOWN = 0.36, 0.28
"""Strength that noise may have as a header: of 216 headers at any frequency, and at one known frequency."""
LEAST = 0.15
"""What the headers that a candidate foretells must add up to above noise."""
CERTAIN = 0.35
"""What each is above noise at least, in the mean, where no other candidate need be tried."""
AROUND = 500
"""Symbols on each side of a header whose power is the measure of its strength."""
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
        Amplitude of the header over the root of the power around it: 1 without noise.
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
    """Headers of all valid values, conjugate, shape (value, 90)."""
    return np.conj(np.array([header(int(p)) for p in valid()], dtype=np.complex64))


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
    """Delays and signs of the products of neighbours in all headers; of the signalling up to one sign."""
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
    made: C8 = (symbols / np.sqrt(np.maximum(mean, 1e-30))).astype(np.complex64)
    return made


def correlation(symbols: C8, count: int) -> F4:
    """Correlation of products of neighbours with those of a header, at the first starts; 57 without noise.

    Products of neighbours turn with the frequency alone, all alike, so that their sum's size does not depend
    on it. Pairs of the signalling's bits are equal or opposite, all alike: both are tried.
    """
    products = symbols[1:] * np.conj(symbols[:-1])
    real, imag = np.ascontiguousarray(products.real), np.ascontiguousarray(products.imag)
    start, start_signs, pairs, pair_signs = _pattern()
    sums = []
    for delays, signs in ((start, start_signs), (pairs, pair_signs)):
        made = np.empty(2 * count, dtype=np.float32)
        _kernels.correlate(real, imag, delays, signs, made)
        sums.append(made[:count] + 1j * made[count:])
    found: F4 = np.maximum(np.abs(sums[0] + sums[1]), np.abs(sums[0] - sums[1])).astype(np.float32)
    return found


def read_header(symbols: C8, start: int, around: float | None = None) -> Found:
    """Most likely header at a start.

    Parameters
    ----------
    around : float, optional
        Frequency in cycles a symbol that is known to a thousandth; searched for where none is given.
    """
    n = np.arange(SLOT)
    near = symbols[max(start - AROUND, 0) : start + SLOT + AROUND]
    level = SLOT * max(float(np.sqrt(np.mean(np.abs(near) ** 2))), 1e-30)
    row = symbols[start : start + SLOT]
    if around is not None:
        flat = (row * np.exp(-2j * np.pi * around * n)).astype(np.complex64)
        sums = np.abs(np.sum(_headers() * flat, axis=1))  # too small a product for the threads of a library
        likely = int(np.argmax(sums))
        own = around + slope(_headers()[likely] * flat)
        return Found(start, int(valid()[likely]), own, float(sums[likely]) / level)
    fits = np.abs(np.fft.fft(_headers() * row, 256, axis=1))
    fits[:, 39:-38] = 0.0  # offsets beyond 0.15 of the symbol rate were taken off before
    best, place = divmod(int(np.argmax(fits)), fits.shape[1])
    return Found(start, int(valid()[best]), _between(fits[best], place), float(fits[best, place]) / level)


def _between(fit: NDArray[np.floating], i: int) -> float:
    """Frequency of the peak of a spectrum, in cycles a symbol."""
    a, b, c = (float(fit[(i + d) % len(fit)]) for d in (-1, 0, 1))
    bend = a - 2 * b + c
    place = (i + (0.5 * (a - c) / bend if bend < 0 else 0.0)) / len(fit)
    return place - 1.0 if place > 0.5 else place


def slope(known: C16 | C8, lags: int = 30) -> float:
    """Frequency of a bare carrier, in cycles a symbol (Luise and Reggiannini, 1995); below 1 / lags."""
    n = len(known)
    sums = sum(np.vdot(known[: n - m], known[m:]) / (n - m) for m in range(1, lags + 1))
    return float(np.angle(sums)) / (np.pi * (lags + 1))


def length_of(pls: int) -> int:
    """Symbols of the frame that a header announces."""
    return int(_lengths()[int(np.searchsorted(valid(), pls))])


def _worth(symbols: C8, start: int) -> tuple[float, bool]:
    """How well a candidate foretells the frames after it, above noise; and whether it does beyond doubt."""
    worth, at, count = 0.0, start, 0
    while count < DEPTH and at + SLOT <= len(symbols):
        here = read_header(symbols, at)
        worth += here.strength - NOISE
        count += 1
        at += length_of(here.pls)
    return worth, worth > count * CERTAIN


def search(symbols: C8, begin: int) -> int | None:
    """First symbol of a frame at or after ``begin``; None where nothing looks like one."""
    while begin + SLOT < len(symbols):
        part = symbols[begin : begin + WINDOW + SLOT]
        levels = correlation(evened(part), len(part) - SLOT)
        best, most = 0, -1.0
        for i in np.argsort(levels)[::-1][:CANDIDATES]:
            worth, certain = _worth(symbols, begin + int(i))
            if worth > most:
                best, most = begin + int(i), worth
            if certain:
                break
        if most > LEAST:
            return _earlier(symbols, begin, best)
        begin += WINDOW
    return None


def _earlier(symbols: C8, begin: int, start: int) -> int:
    """First of the frames that lead up to a found one."""
    around = read_header(symbols, start).frequency
    while True:
        before = [start - int(n) for n in np.unique(_lengths()) if start - int(n) >= begin]
        heads = [read_header(symbols, s, around) for s in before]
        fits = [h for h in heads if h.start + length_of(h.pls) == start and h.strength > NOISE]
        if not fits:
            return start
        start = max(fits, key=lambda h: h.strength).start


def frames(symbols: C8) -> list[Found]:
    """All frames in a row of symbols, in order."""
    found: list[Found] = []
    at = search(symbols, 0)
    while at is not None:
        run = _follow(symbols, at)
        found += run
        last = run[-1].start + length_of(run[-1].pls) if run else at + SLOT
        at = search(symbols, last)
    return found


def _follow(symbols: C8, start: int) -> list[Found]:
    """Frames one after the other, until headers fail."""
    found: list[Found] = []
    weak, at = 0, start
    while at + SLOT <= len(symbols):
        recent = [f.frequency for f in found[-MEMORY:]]
        here = read_header(symbols, at, float(np.median(recent)) if len(recent) == MEMORY else None)
        weak = weak + 1 if here.strength < (NOISE_KNOWN if len(recent) == MEMORY else NOISE) else 0
        if weak >= FOLLOWED:
            return found[: len(found) + 1 - FOLLOWED]
        found.append(here)
        at += length_of(here.pls)
    return found
