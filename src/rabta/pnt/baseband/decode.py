"""From tracked prompts to symbols, frames, message bits and ephemerides; and from messages to symbols.

Frames: B1C ICD section 6.2 (1,800 symbols, 18 s), B2a ICD section 6.2 (600, 3 s), B2b ICD section 6.2 (1,000,
1 s), B1I ICD section 5 (D1 and D2, 300 bits), IS-GPS-200N section 20.3.2 (LNAV, 300 bits).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.baseband import codes, ldpc
from rabta.pnt.baseband.track import COMPANION, Track
from rabta.pnt.messages import bcnav, d1d2, lnav
from rabta.pnt.messages.checks import bch21, bch51, crc_holds
from rabta.pnt.messages.collect import Collector
from rabta.pnt.messages.fields import bits_of, number
from rabta.pnt.records import Navigation

Array = NDArray[np.float64]
Bits = NDArray[np.uint8]

CNV2_PREAMBLE = bits_of(0xE24DE8, 24)  # B2a ICD, section 6.2.1
CNV3_PREAMBLE = bits_of(0xEB90, 16)  # B2b ICD, section 6.2.1
CNV3_HEAD = 28  # symbols before the coded ones: preamble, PRN, six reserved
MESSAGES = {"B1CP": "CNV1", "B1CD": "CNV1", "B2AP": "CNV2", "B2AD": "CNV2", "B2B": "CNV3", "L1CA": "LNAV"}
LENGTHS = {"CNV1": 1800, "CNV2": 600, "CNV3": 1000, "D1": 300, "D2": 300, "LNAV": 300}


@dataclass(frozen=True)
class Frame:
    """A frame whose checks hold.

    Attributes
    ----------
    system : str
    prn : int
    kind : str
        Of message, as in `records.EPHEMERIS`.
    start_s : float
        When its first symbol begins, in the receiver's time after the first sample.
    bits : ndarray of uint8
        Message bits as `messages` takes them; of CNV1 subframes 2 and 3, 864 bits.
    slot : int
        Of CNV1, the count of 18 s within the hour; else 0.
    """

    system: str
    prn: int
    kind: str
    start_s: float
    bits: Bits
    slot: int = 0


@dataclass(frozen=True)
class Symbols:
    """Soft symbols of a message.

    Attributes
    ----------
    ratios : ndarray, shape (symbol,)
        Log-likelihood ratios, positive for a zero.
    start_s : ndarray, shape (symbol,)
    upright : bool
        Whether their sign is known (from a pilot).
    frame_start : int
        Index of a symbol that begins a frame where a secondary code tells it, else -1.
    """

    ratios: Array
    start_s: Array
    upright: bool
    frame_start: int


def kind_of(signal: str, prn: int) -> str:
    """Message that a component carries: B1I and B3I carry D2 on geostationary satellites, else D1."""
    name = codes.find(signal).name
    return MESSAGES.get(name) or ("D2" if prn in codes.GEO else "D1")


def symbols(track: Track) -> Symbols:
    """Sums of prompts over symbols, where symbols begin found by the secondary code or by the sums' power."""
    name = COMPANION.get(track.signal, track.signal)
    signal = codes.find(name)
    values = track.data if track.signal in COMPANION else track.prompt
    known = track.signal in COMPANION and bool((track.overlay >= 0).all())
    each = max(1, round(codes.symbol_s(name, track.prn) / signal.period_s))
    pattern = np.resize(codes.secondary(name, track.prn).astype(np.float64), each)
    if known:
        first = int(-track.overlay[0]) % each
    else:
        first = max(
            range(each), key=lambda shift: float(np.square(np.abs(_sums(values, shift, pattern))).mean())
        )
    sums = _sums(values, first, pattern).real
    start = track.start_s[first : first + each * sums.size : each]
    power = float(np.square(sums).mean()) if sums.size else 0.0
    amplitude = max(power - 0.5 * each, 0.01 * power) ** 0.5
    frame = -1
    if known and track.signal == "B1CP":
        frame = int(-track.overlay[0]) % codes.find("B1CP").overlay
    return Symbols(2.0 * amplitude * sums / (0.5 * each), start, known, frame)


def _sums(values: NDArray[np.complex128], first: int, pattern: Array) -> NDArray[np.complex128]:
    """Sums of prompts over symbols from a period on, the secondary code taken off."""
    rest = values[first:]
    count = rest.size // pattern.size
    return np.asarray(rest[: count * pattern.size].reshape(count, pattern.size) @ pattern)


def frames(track: Track) -> list[Frame]:
    """Frames in what was tracked whose checks hold (CRC, or parity of every word)."""
    kind = kind_of(track.signal, track.prn)
    found = symbols(track)
    system = codes.find(track.signal).system
    finder = {"CNV1": _cnv1, "CNV2": _cnv2, "CNV3": _cnv3}.get(kind, _plain)
    return [
        Frame(system, track.prn, kind, float(found.start_s[first]), bits, slot)
        for first, bits, slot in finder(found, track.prn, kind)
    ]


Found = Iterator[tuple[int, Bits, int]]


def _signed(found: Symbols, first: int, head: Bits) -> float:
    """Agreement of symbols with a head, -1 to 1; their sign where it is not known."""
    values = found.ratios[first : first + head.size]
    wanted = 1.0 - 2.0 * head.astype(np.float64)
    return float(values @ wanted) / max(float(np.abs(values).sum()), 1e-30)


LEAST_AGREEMENT = 0.5
"""Of a head's soft symbols: two places in a hundred pass by chance; the LDPC code and CRC sort these out."""


def _read(found: Symbols, head: Bits, kind: str, skip: int, code: str) -> Found:
    """Frames of one LDPC word behind a head."""
    first, length = 0, LENGTHS[kind]
    while first + length <= found.ratios.size:
        agreement = _signed(found, first, head)
        bits = np.zeros(0, dtype=np.uint8)
        if (agreement if found.upright else abs(agreement)) >= LEAST_AGREEMENT:
            bits = _message(code, np.sign(agreement) * found.ratios[first + skip : first + length])
        if bits.size:
            yield first, bits, 0
        first += length if bits.size else 1


def _cnv2(found: Symbols, prn: int, kind: str) -> Found:
    del prn
    return _read(found, CNV2_PREAMBLE, kind, CNV2_PREAMBLE.size, "CNV2")


def _cnv3(found: Symbols, prn: int, kind: str) -> Found:
    return _read(found, np.concatenate([CNV3_PREAMBLE, bits_of(prn, 6)]), kind, CNV3_HEAD, "CNV3")


@cache
def _counts() -> Array:
    """Signs of subframe 1's words for the 200 counts of 18 s in an hour, shape (count, 51)."""
    return 1.0 - 2.0 * np.array([bch51(count) for count in range(200)], dtype=np.float64)


def _cnv1(found: Symbols, prn: int, kind: str) -> Found:
    """Frames of B-CNAV1: place from the pilot's secondary code, else from subframe 1's words."""
    length = LENGTHS[kind]
    first = found.frame_start if found.frame_start >= 0 else _cnv1_start(found, prn)
    while first >= 0 and first + length <= found.ratios.size:
        frame = found.ratios[first : first + length]
        sign = 1.0 if found.upright else float(np.sign(_signed(found, first, bch21(prn))))
        count = int(np.argmax(_counts() @ (sign * frame[21:72])))
        second, third = bcnav.deinterleave(sign * frame)
        bits = np.concatenate([_message("CNV1-2", second), _message("CNV1-3", third)])
        if bits.size == bcnav.SUBFRAME2_BITS + bcnav.SUBFRAME3_BITS:
            yield first, bits, count
        first += length


def _message(code: str, ratios: NDArray[np.generic]) -> Bits:
    """Message of a word; empty where its checks fail."""
    size = ldpc.code(code).message_bits
    words, used = ldpc.decode(code, ratios)
    whole = used[0] <= ldpc.ITERATIONS and crc_holds(number(words[0, :size]), size)
    return words[0, :size] if whole else words[0, :0]


def _cnv1_start(found: Symbols, prn: int) -> int:
    """Symbol at which subframe 1's words fit best; -1 where there are too few."""
    last = found.ratios.size - LENGTHS["CNV1"]
    if last < 0:
        return -1

    def fit(first: int) -> float:
        part = found.ratios[first + 21 : first + 72]
        other = float(np.abs(_counts() @ part).max()) / max(float(np.abs(part).sum()), 1e-30)
        return abs(_signed(found, first, bch21(prn))) + other

    return max(range(last + 1), key=fit) % LENGTHS["CNV1"]


def _plain(found: Symbols, prn: int, kind: str) -> Found:
    """Subframes of D1, D2 and LNAV, whose own parity tells whether they are whole."""
    del prn
    hard = (found.ratios < 0.0).astype(np.uint8)
    head = bits_of(lnav.PREAMBLE, 8) if kind == "LNAV" else bits_of(d1d2.PREAMBLE, 11)
    first, length = 0, LENGTHS[kind]
    while first + length <= hard.size:
        flip = hard[first] ^ head[0]
        bits = hard[first : first + length] ^ flip
        whole = _whole(bits, kind) if (bits[: head.size] == head).all() else None
        if whole is not None:
            yield first, whole, 0
        first += 1 if whole is None else length


MENDED = 4
"""BCH words of a D1 or D2 subframe that may have had an error: more, and it may be none."""


def _whole(bits: Bits, kind: str) -> Bits | None:
    """Subframe with its parity checked, or mended; none where it fails."""
    if kind == "LNAV":
        return lnav.checked(bits)
    mended, wrong = d1d2.correct(bits)
    return mended if wrong <= MENDED and d1d2.head(mended) is not None else None


def navigation(found: Iterable[Frame], time: int) -> Navigation:
    """Ephemerides and ionosphere coefficients of frames.

    Parameters
    ----------
    time : int
        Instant of the first sample, to half a minute or, for BeiDou, to half of the week's ambiguity.
    """
    collector = Collector()
    for frame in sorted(found, key=lambda item: item.start_s):
        at = time + round(frame.start_s * 1e9)
        collector.add(frame.system, frame.prn, frame.kind, frame.bits, at, frame.slot)
    return collector.navigation()


def channel(kind: str, prn: int, bits: ArrayLike, slot: int = 0) -> Bits:
    """Channel symbols of a message: coded, interleaved, with their head; the reverse of `frames`.

    Parameters
    ----------
    kind : str
    bits : array_like of 0 and 1
        Message bits as in `Frame`; of D1, D2 and LNAV as sent, parity included.
    slot : int
        Of CNV1, the count of 18 s.
    """
    message = np.asarray(bits, dtype=np.uint8)
    if kind == "CNV1":
        parts = message[: bcnav.SUBFRAME2_BITS], message[bcnav.SUBFRAME2_BITS :]
        words = [ldpc.encode(name, part) for name, part in zip(("CNV1-2", "CNV1-3"), parts, strict=True)]
        return np.asarray(bcnav.interleave(prn, slot, *words), dtype=np.uint8)
    if kind == "CNV2":
        return np.concatenate([CNV2_PREAMBLE, ldpc.encode("CNV2", message)])
    if kind == "CNV3":
        head = [CNV3_PREAMBLE, bits_of(prn, 6), np.zeros(6, dtype=np.uint8)]
        return np.concatenate([*head, ldpc.encode("CNV3", message)])
    if kind not in LENGTHS or message.size != LENGTHS[kind]:
        raise RabtaError(
            "no such message, or not of its length", key="kind", value=f"{kind}, {message.size} bits",
            expected=", ".join(f"{name}" for name in LENGTHS),
        )  # fmt: skip
    return message
