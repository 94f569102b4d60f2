"""Physical layer frames: header, pilots, scrambling: EN 302 307-1, clause 5.5; 302 307-2, clause 5.5."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem.dvb.modcods import PILOT, PILOT_SLOTS, SLOT, Modcod, frame_length, of_pls

C16 = NDArray[np.complex128]
Bits = NDArray[np.uint8]
I8 = NDArray[np.int64]

SOF = 0x18D2E82
"""Start of frame, 26 bits (clause 5.5.2.1)."""
SOF_BITS, PLS_BITS = 26, 64
PLS_SCRAMBLER = 0x719D83C953422DFA
"""What the 64 bits of signalling are added to (clause 5.5.2.4)."""
_CODE = (0x90AC2DDD, 0x55555555, 0x33333333, 0x0F0F0F0F, 0x00FF00FF, 0x0000FFFF, 0xFFFFFFFF)
"""Rows of the (32, 6) code, before them the one that the newer standard adds for its own frames."""
PERIOD = 2**18 - 1
DIAGONAL = np.exp(1j * np.pi / 4)
"""Where pilots and a zero of the header stand."""
DUMMY_SLOTS = 36


def bits_of(value: int, count: int) -> Bits:
    """Bits of a number, the highest first."""
    return np.array([value >> i & 1 for i in range(count - 1, -1, -1)], dtype=np.uint8)


def signalling(pls: int) -> Bits:
    """The 64 bits that say a frame's modcod, size and pilots.

    Examples
    --------
    >>> hex(int("".join(map(str, signalling(0))), 2)) == hex(PLS_SCRAMBLER)
    True
    """
    word = 0
    for i, row in enumerate(_CODE):
        word ^= row if pls >> (7 - i) & 1 else 0
    pairs = np.repeat(bits_of(word, 32), 2)
    pairs[1::2] ^= pls & 1
    made: Bits = pairs ^ bits_of(PLS_SCRAMBLER, PLS_BITS)
    return made


@cache
def header(pls: int) -> C16:
    """The 90 symbols of a frame's header, pi/2-BPSK; the newer standard turns the signalling by a quarter."""
    if not 0 <= pls < 256:
        raise RabtaError("no such signalling", key="pls", value=pls, expected="0 to 255")
    sent = np.concatenate([bits_of(SOF, SOF_BITS), signalling(pls)])
    symbols: C16 = DIAGONAL * np.where(np.arange(SLOT) % 2, 1j, 1.0) * (1.0 - 2.0 * sent)
    if pls >= 128:
        symbols[SOF_BITS:] *= 1j
    symbols.flags.writeable = False
    return symbols


@cache
def _sequences() -> tuple[Bits, Bits]:
    """The two sequences of 2^18 - 1 bits that a scrambling sequence is made of (clause 5.5.4)."""
    x, y = np.zeros(PERIOD, dtype=np.uint8), np.ones(PERIOD, dtype=np.uint8)
    x[0] = 1
    for i in range(0, PERIOD - 18, 8):  # eight at a time, since none of them needs another
        n = min(8, PERIOD - 18 - i)
        x[i + 18 : i + 18 + n] = x[i + 7 : i + 7 + n] ^ x[i : i + n]
        y[i + 18 : i + 18 + n] = (
            y[i + 10 : i + 10 + n] ^ y[i + 7 : i + 7 + n] ^ y[i + 5 : i + 5 + n] ^ y[i : i + n]
        )
    return x, y


@cache
def scrambler(code: int, count: int = 33_192) -> I8:
    """Quarter turns of the symbols after a header, for a scrambling code (0 is the usual one).

    Examples
    --------
    >>> scrambler(0, 12).tolist()
    [0, 1, 1, 1, 1, 3, 1, 3, 1, 3, 1, 3]
    """
    if not 0 <= code < PERIOD:
        raise RabtaError(
            "no such scrambling code", key="scrambling", value=code, expected=f"0 to {PERIOD - 1}"
        )
    x, y = _sequences()
    at = np.arange(count)
    low = x[(at + code) % PERIOD] ^ y[at % PERIOD]
    far = at + 131_072
    high = x[(far + code) % PERIOD] ^ y[far % PERIOD]
    return (2 * high + low).astype(np.int64)


@cache
def turns(code: int) -> C16:
    """The scrambling as factors."""
    return np.array([1.0, 1j, -1.0, -1j])[scrambler(code)]


@cache
def places(slots: int, pilots: bool) -> tuple[I8, I8]:
    """Where a frame has its data symbols and its pilots, counted from its first symbol."""
    data = SLOT + np.arange(slots * SLOT)
    if not pilots:
        return data, np.zeros(0, dtype=np.int64)
    groups = (slots - 1) // PILOT_SLOTS
    data = data + PILOT * np.minimum(np.arange(slots * SLOT) // (SLOT * PILOT_SLOTS), groups)
    starts = SLOT + SLOT * PILOT_SLOTS * np.arange(1, groups + 1) + PILOT * np.arange(groups)
    return data, (starts[:, None] + np.arange(PILOT)).ravel()


def frame(symbols: ArrayLike, of: Modcod, pilots: bool, scrambling: int = 0) -> C16:
    """Frame of the symbols of one coded frame (`constellations.modulate`)."""
    return _assemble(np.asarray(symbols), of.pls | int(pilots), of.slots, pilots, scrambling)


def dummy(scrambling: int = 0) -> C16:
    """Dummy frame: 36 slots of an unmodulated carrier (clause 5.5.1)."""
    return _assemble(np.full(DUMMY_SLOTS * SLOT, DIAGONAL), 0, DUMMY_SLOTS, False, scrambling)


def _assemble(symbols: C16, pls: int, slots: int, pilots: bool, scrambling: int) -> C16:
    """Header, slots and pilots, all but the header scrambled."""
    made = np.full(frame_length(slots, pilots), DIAGONAL)
    data, _ = places(slots, pilots)
    made[data] = symbols
    made[SLOT:] *= turns(scrambling)[: len(made) - SLOT]
    made[:SLOT] = header(pls)
    return made


@cache
def known(pls: int, scrambling: int) -> tuple[I8, C16]:
    """Places and symbols of a frame that a receiver knows: header and pilots."""
    found = of_pls(pls)
    if found is None:
        raise RabtaError(
            "reserved signalling", key="pls", value=pls, expected="a modcod's or a dummy frame's"
        )
    of, pilots = found
    if of is None:
        at = np.arange(SLOT, frame_length(DUMMY_SLOTS, False))
    else:
        _, at = places(of.slots, pilots)
    sent = DIAGONAL * turns(scrambling)[at - SLOT]
    return np.concatenate([np.arange(SLOT), at]), np.concatenate([header(pls), sent])
