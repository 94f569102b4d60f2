"""Observations to multiple signal messages 4 and 7."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.records import Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S, frequency_hz
from rabta.pnt.streams import signals
from rabta.pnt.streams.frames import frame
from rabta.pnt.streams.msm import MILLISECOND_M

Floats = NDArray[np.float64]

_MOSCOW_S = 10_800
_NUMBER = {system: 10 * tens for tens, system in signals.SYSTEM_OF.items()}
_MOST_CELLS = 64


class _Bits:
    """Bits of a message as it is written."""

    def __init__(self) -> None:
        self.value, self.count = 0, 0

    def put(self, value: int, bits: int) -> None:
        """Field, negative ones in two's complement."""
        self.value = self.value << bits | value & (1 << bits) - 1
        self.count += bits

    def payload(self) -> bytes:
        """Bytes, zeros behind the last bit."""
        spare = -self.count % 8
        return (self.value << spare).to_bytes((self.count + spare) // 8, "big")


def write(observations: Observations, digit: int = 7, station: int = 0) -> bytes:
    """Messages of all epochs as sent, epoch by epoch.

    Parameters
    ----------
    digit : int
        4 (no Doppler, coarse) or 7.
    station : int
        Station number.

    Notes
    -----
    Lock time is written as the longest where the lock indicator shows no loss, else as zero. What RTCM 3 has
    no signal for is left out.
    """
    if digit not in (4, 7):
        raise RabtaError("no such message", key="digit", value=digit, expected="4 or 7")
    slots = _slots(observations)
    out = []
    bounds = {
        letter: np.searchsorted(part.epoch, np.arange(observations.times.size + 1))
        for letter, part in observations.systems.items()
    }
    for epoch, time in enumerate(observations.times):
        present = [
            s for s in observations.systems if bounds[s][epoch + 1] > bounds[s][epoch] and s in _NUMBER
        ]
        for i, system in enumerate(present):
            rows = np.arange(bounds[system][epoch], bounds[system][epoch + 1])
            part = observations.systems[system]
            more = i < len(present) - 1
            out += [frame(b) for b in _messages(system, part, rows, int(time), digit, station, more, slots)]
    return b"".join(out)


def _slots(observations: Observations) -> dict[int, int]:
    told = observations.header.get("glonass_slots", {})
    return {int(str(k).lstrip("R")): int(v) for k, v in dict(told).items()}


def _time(system: str, time: int) -> int:
    """Time field of a message: see `msm.Cells`."""
    if system == "R":
        utc = gnsstime.to_utc(np.int64(time))
        moscow = np.datetime64(utc.item(), "ns") + np.timedelta64(_MOSCOW_S, "s")
        day = moscow.astype("datetime64[D]")
        number = (int(day.astype(np.int64)) + 4) % 7  # 1970-01-01 was a Thursday, Sunday is 0
        return number << 27 | int((moscow - day) / np.timedelta64(1, "ms"))
    lag = gnsstime.BDT_LAG_S if system == "C" else 0
    return round(time / 1e6 - lag * 1000) % (gnsstime.WEEK_S * 1000)


def _messages(
    system: str,
    part: SystemObservations,
    rows: NDArray[np.int64],
    time: int,
    digit: int,
    station: int,
    more: bool,
    slots: dict[int, int],
) -> Iterator[bytes]:
    """Payloads of one epoch of one system: several where it has more cells than one message holds."""
    codes = sorted(
        {code[1:] for code in part.codes if signals.number(system, code[1:])},
        key=lambda c: signals.number(system, c),
    )
    if not codes:
        return
    most = max(1, _MOST_CELLS // len(codes))
    parts = [rows[i : i + most] for i in range(0, rows.size, most)]
    for i, some in enumerate(parts):
        bits = _Bits()
        for value, width in ((_NUMBER[system] + digit, 12), (station, 12), (_time(system, time), 30)):
            bits.put(value, width)
        bits.put(int(more or i < len(parts) - 1), 1)
        bits.put(0, 18)
        _body(bits, system, part, some, codes, digit, slots)
        yield bits.payload()


def _metres(
    system: str, part: SystemObservations, rows: NDArray[np.int64], codes: list[str], slots: dict[int, int]
) -> dict[str, Floats]:
    """Ranges, phases in metres, rates in m/s, C/N0 and lock, shape (satellite, signal)."""
    found = {kind: np.stack([part.column(kind + c)[rows] for c in codes], axis=1) for kind in "CLDS"}
    lock = [part.codes.index("L" + c) if "L" + c in part.codes else -1 for c in codes]
    found["lock"] = np.stack([part.lock[rows, i] if i >= 0 else np.zeros(rows.size) for i in lock], axis=1)
    slot = np.array([slots.get(int(prn), 0) for prn in part.prn[rows]])
    base = np.array([frequency_hz(system, c[0]) for c in codes])
    step = np.array(
        [{"1": 562_500.0, "2": 437_500.0}.get(c[0], 0.0) if system == "R" else 0.0 for c in codes]
    )
    wave = LIGHT_M_S / (base + step * slot[:, None])
    unknown = np.array([system == "R" and int(prn) not in slots for prn in part.prn[rows]])
    found["L"] = np.where(unknown[:, None], np.nan, found["L"] * wave)
    found["D"] = np.where(unknown[:, None], np.nan, -found["D"] * wave)
    return found


def _body(
    bits: _Bits,
    system: str,
    part: SystemObservations,
    rows: NDArray[np.int64],
    codes: list[str],
    digit: int,
    slots: dict[int, int],
) -> None:
    metres = _metres(system, part, rows, codes, slots)
    prn = part.prn[rows].astype(int) - (19 if system == "S" else 0)
    rough, rate = _rough(metres)
    used = ~(np.isnan(metres["C"]) & np.isnan(metres["L"]))
    used &= ~np.isnan(rough)[:, None]
    keep = used.any(axis=1)
    bits.put(sum(1 << (64 - int(n)) for n in prn[keep]), 64)
    bits.put(sum(1 << (32 - signals.number(system, c)) for c in codes), 32)
    for cell in used[keep].ravel():
        bits.put(int(cell), 1)
    ticks = np.where(keep, np.round(rough / MILLISECOND_M * 1024), 0).astype(np.int64)
    extended = [slots[n] + 7 if system == "R" and n in slots else (15 if system == "R" else 0) for n in prn]
    _put(bits, ticks[keep] >> 10, 8)
    if digit == 7:
        _put(bits, np.array(extended)[keep], 4)
    _put(bits, ticks[keep] & 1023, 10)
    if digit == 7:
        _put(bits, np.where(np.isnan(rate), -8192, np.nan_to_num(rate)).astype(np.int64)[keep], 14)
    fine = {kind: (metres[kind] - rough[:, None])[used] / MILLISECOND_M for kind in "CL"}
    _cells(bits, fine, (metres["D"] - rate[:, None])[used], metres["S"][used], metres["lock"][used], digit)


def _rough(metres: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Rough range of each satellite to 1/1024 ms, and rough rate to 1 m/s, from its first signals."""
    ranges = np.where(np.isnan(metres["C"]), metres["L"], metres["C"])
    first = np.argmax(~np.isnan(ranges), axis=1)
    step = MILLISECOND_M / 1024
    rough = np.round(np.take_along_axis(ranges, first[:, None], axis=1)[:, 0] / step) * step
    beyond = (rough < 0) | (rough >= 255 * MILLISECOND_M)
    first = np.argmax(~np.isnan(metres["D"]), axis=1)
    rate = np.round(np.take_along_axis(metres["D"], first[:, None], axis=1)[:, 0])
    return np.where(beyond, np.nan, rough), np.where(np.abs(rate) > 8191, np.nan, rate)


def _put(bits: _Bits, values: NDArray[np.int64], width: int) -> None:
    for value in values:
        bits.put(int(value), width)


def _fine(values: Floats, step: float, width: int) -> NDArray[np.int64]:
    """Fine fields; the lowest value where there is none or it does not fit."""
    raw = np.round(np.nan_to_num(values / step, nan=np.inf, posinf=2.0**40, neginf=2.0**40))
    top = 1 << (width - 1)
    return np.where(np.abs(raw) < top, raw, -top).astype(np.int64)


def _cells(
    bits: _Bits, fine: dict[str, Floats], rate: Floats, strength: Floats, lock: Floats, digit: int
) -> None:
    wide = digit == 7
    _put(bits, _fine(fine["C"], 2.0**-29 if wide else 2.0**-24, 20 if wide else 15), 20 if wide else 15)
    _put(bits, _fine(fine["L"], 2.0**-31 if wide else 2.0**-29, 24 if wide else 22), 24 if wide else 22)
    held = np.where(lock.astype(int) & 1, 0, 704 if wide else 15)
    _put(bits, held, 10 if wide else 4)
    _put(bits, lock.astype(np.int64) >> 1 & 1, 1)
    level = np.nan_to_num(strength * (16 if wide else 1))
    _put(bits, np.clip(np.round(level), 0, 1023 if wide else 63).astype(np.int64), 10 if wide else 6)
    if wide:
        _put(bits, _fine(rate, 1e-4, 15), 15)
