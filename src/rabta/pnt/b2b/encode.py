"""PPP-B2b messages written: what a simulated sender broadcasts, and what tests read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.b2b.decode import BIAS_M, CLOCK_M, CLOCKS_A_MESSAGE, MASK_SLOTS, RADIAL_M, TANGENT_M
from rabta.pnt.b2b.frames import FRAME_BYTES, MESSAGE_BITS
from rabta.pnt.messages.checks import with_crc

_BODY_BITS = MESSAGE_BITS - 24


@dataclass(frozen=True)
class Orbit:
    """Correction of a satellite's orbit: slot, issues, metres, accuracy class and value."""

    slot: int
    iodn: int
    iod_corr: int
    radial_m: float
    along_m: float
    cross_m: float
    ura_class: int = 0
    ura_value: int = 0


@dataclass(frozen=True)
class Clock:
    """Correction of a satellite's clock; its slot counts only in type 7. Not a number: not available."""

    iod_corr: int
    c0_m: float
    slot: int = 0


class _Bits:
    """Bits of a message as it is written."""

    def __init__(self, kind: int) -> None:
        self.value, self.count = kind, 6

    def put(self, value: int, bits: int) -> None:
        """Field without a sign."""
        if not 0 <= value < 1 << bits:
            raise RabtaError(
                "a value does not fit its field", key="PPP-B2b", value=value, expected=f"{bits} bits"
            )
        self.value = self.value << bits | value
        self.count += bits

    def put_scaled(self, value: float, bits: int, scale: float) -> None:
        """Two's complement; the lowest value but one where there is none, as the interface document says."""
        top = 1 << (bits - 1)
        raw = 1 - top if np.isnan(value) else round(value / scale)
        if not 1 - top <= raw < top:
            limits = f"{(2 - top) * scale:g} to {(top - 1) * scale:g}"
            raise RabtaError("a correction is too large", key="PPP-B2b", value=value, expected=limits)
        self.put(raw % (2 * top), bits)

    def message(self) -> NDArray[np.uint8]:
        """486 bits with their CRC, shape (61,)."""
        if self.count > _BODY_BITS:
            raise RabtaError("too much for one message", key="PPP-B2b", value=self.count, expected="462 bits")
        whole = with_crc(self.value << (MESSAGE_BITS - self.count), MESSAGE_BITS) << 2
        return np.frombuffer(whole.to_bytes(FRAME_BYTES, "big"), dtype=np.uint8)


def _head(kind: int, second: int, iod_ssr: int) -> _Bits:
    bits = _Bits(kind)
    for value, width in ((second, 17), (0, 4), (iod_ssr, 2)):
        bits.put(value, width)
    return bits


def mask(second: int, iod_ssr: int, iodp: int, slots: Iterable[int]) -> NDArray[np.uint8]:
    """Type 1; ``second`` is of the BDT day in all of these."""
    bits = _head(1, second, iod_ssr)
    bits.put(iodp, 4)
    bits.put(sum(1 << (MASK_SLOTS - slot) for slot in set(slots)), MASK_SLOTS)
    return bits.message()


def orbits(second: int, iod_ssr: int, rows: Sequence[Orbit]) -> NDArray[np.uint8]:
    """Type 2, up to six."""
    bits = _head(2, second, iod_ssr)
    for row in rows:
        _orbit(bits, row)
    return bits.message()


def _orbit(bits: _Bits, row: Orbit) -> None:
    for value, width in ((row.slot, 9), (row.iodn, 10), (row.iod_corr, 3)):
        bits.put(value, width)
    bits.put_scaled(row.radial_m, 15, RADIAL_M)
    bits.put_scaled(row.along_m, 13, TANGENT_M)
    bits.put_scaled(row.cross_m, 13, TANGENT_M)
    bits.put(row.ura_class, 3)
    bits.put(row.ura_value, 3)


def _clock(bits: _Bits, row: Clock) -> None:
    bits.put(row.iod_corr, 3)
    bits.put_scaled(row.c0_m, 15, CLOCK_M)


def code_biases(
    second: int, iod_ssr: int, rows: Sequence[tuple[int, Sequence[tuple[int, float]]]]
) -> NDArray[np.uint8]:
    """Type 3: slots, each with its signal modes and biases in metres."""
    bits = _head(3, second, iod_ssr)
    bits.put(len(rows), 5)
    for slot, signals in rows:
        bits.put(slot, 9)
        bits.put(len(signals), 4)
        for mode, bias in signals:
            bits.put(mode, 4)
            bits.put_scaled(bias, 12, BIAS_M)
    return bits.message()


def clocks(second: int, iod_ssr: int, iodp: int, part: int, rows: Sequence[Clock]) -> NDArray[np.uint8]:
    """Type 4: places 23 part to 23 part + 22 of the mask; those not given are not available."""
    bits = _head(4, second, iod_ssr)
    bits.put(iodp, 4)
    bits.put(part, 5)
    missing = [Clock(0, float("nan"))] * (CLOCKS_A_MESSAGE - len(rows))
    for row in (*rows, *missing):
        _clock(bits, row)
    return bits.message()


def accuracies(
    second: int, iod_ssr: int, iodp: int, part: int, rows: Sequence[tuple[int, int]]
) -> NDArray[np.uint8]:
    """Type 5: classes and values from place 70 part of the mask on."""
    bits = _head(5, second, iod_ssr)
    bits.put(iodp, 4)
    bits.put(part, 3)
    for pair in rows:
        for value in pair:
            bits.put(value, 3)
    return bits.message()


def mixed(
    second: int,
    iod_ssr: int,
    clock_rows: Sequence[Clock],
    orbit_rows: Sequence[Orbit],
    iodp: int | None = None,
    first: int = 0,
) -> NDArray[np.uint8]:
    """Type 6 (clocks from place ``first`` of the mask ``iodp``), or 7 (clocks by slot) without a mask."""
    bits = _Bits(7 if iodp is None else 6)
    bits.put(len(clock_rows), 5)
    bits.put(len(orbit_rows), 3)
    if clock_rows:
        for value, width in ((second, 17), (0, 4), (iod_ssr, 2)):
            bits.put(value, width)
        if iodp is not None:
            bits.put(iodp, 4)
            bits.put(first, 9)
        for row in clock_rows:
            if iodp is None:
                bits.put(row.slot, 9)
            _clock(bits, row)
    if orbit_rows:
        for value, width in ((second, 17), (0, 4), (iod_ssr, 2)):
            bits.put(value, width)
        for item in orbit_rows:
            _orbit(bits, item)
    return bits.message()
