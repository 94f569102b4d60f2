"""What belongs together by its issues of data: mask, orbits and clocks of one sender.

A clock's place is a satellite by the mask of the same IODP and IOD SSR; an orbit and a clock of a satellite
may be used together where IOD SSR and IOD Corr agree; the orbit's IODN names the broadcast ephemeris
to correct. Each sender's messages are a chain of their own: senders may differ in IOD SSR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.b2b import biases
from rabta.pnt.b2b.decode import MASK_SLOTS, Accuracies, Clocks, Messages, Orbits
from rabta.pnt.gnsstime import NS, Instants

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
T = TypeVar("T")

# Nominal validity of the interface document, here counted from reception
ORBIT_VALID_S, CLOCK_VALID_S, BIAS_VALID_S = 96.0, 12.0, 86_400.0


@dataclass(frozen=True)
class CodeBiases:
    """Code biases in the order of reception, shape (row,); subtract ``bias_m`` from the pseudorange."""

    available: Instants
    system: NDArray[np.str_]
    prn: NDArray[np.int16]
    code: NDArray[np.str_]
    bias_m: Floats


@dataclass(frozen=True)
class Corrections:
    """Orbit and clock corrections that go together, shape (pair,), of one sender.

    Attributes
    ----------
    sender : int
        BeiDou satellite that sent them.
    slot : ndarray of int64
        PPP-B2b's number of the satellite; ``system`` and ``prn`` say the same. Ascending; within a satellite
        ``available`` ascends.
    available : ndarray of int64
        Instant from which both are known, GPS time in nanoseconds.
    orbit_received, clock_received, orbit_epoch, clock_epoch : ndarray of int64
        Instants of reception, and those that the messages state.
    iodn : ndarray of int64
        Issue of the broadcast ephemeris: IODC of B-CNAV1, of LNAV, IODnav, or GLONASS's tb.
    offset_m : ndarray, shape (pair, 3)
        Radial, along-track, cross-track.
    c0_m : ndarray
        As sent; the corrected clock is the broadcast one less ``c0_m`` / c.
    ura_m : ndarray
        User range accuracy; not a number where undefined.
    code_biases : CodeBiases
    """

    sender: int
    slot: Ints
    system: NDArray[np.str_]
    prn: NDArray[np.int16]
    available: Instants
    orbit_received: Instants
    clock_received: Instants
    orbit_epoch: Instants
    clock_epoch: Instants
    iodn: Ints
    offset_m: Floats
    c0_m: Floats
    ura_m: Floats
    code_biases: CodeBiases

    def at(
        self,
        system: ArrayLike,
        prn: ArrayLike,
        times: ArrayLike,
        orbit_valid_s: float = ORBIT_VALID_S,
        clock_valid_s: float = CLOCK_VALID_S,
    ) -> Ints:
        """Row to use for each satellite and time, shape (n,); -1 where there is none or it is too old.

        Ages are counted from reception.
        """
        slots, when = np.broadcast_arrays(_slots_of(system, prn), np.asarray(times, dtype=np.int64))
        if not self.slot.size:
            return np.full(slots.shape, -1, dtype=np.int64)
        key, start = _keys(self.slot, self.available)
        row = np.searchsorted(key, _key(slots, when, start), side="right") - 1
        row = np.where((row >= 0) & (self.slot[np.maximum(row, 0)] == slots), row, -1)
        fresh = (when - self.orbit_received[row] <= orbit_valid_s * NS) & (
            when - self.clock_received[row] <= clock_valid_s * NS
        )
        return np.where((row >= 0) & fresh, row, -1)

    def bias_m(self, system: ArrayLike, prn: ArrayLike, code: ArrayLike, times: ArrayLike) -> Floats:
        """Code biases of signals such as ``2I``, metres, to subtract from pseudoranges, shape (n,).

        Not a number where none is valid (a day from reception).
        """
        slots, when = np.broadcast_arrays(_slots_of(system, prn), np.asarray(times, dtype=np.int64))
        b = self.code_biases
        if not b.bias_m.size:
            return np.full(np.broadcast_shapes(slots.shape, np.shape(code)), np.nan)
        group = _signal_key(_slots_of(b.system, b.prn), b.code)
        asked, when = np.broadcast_arrays(_signal_key(slots, np.asarray(code, dtype="U2")), when)
        row = _last(asked.ravel(), when.ravel(), group, b.available).reshape(asked.shape)
        valid = (row >= 0) & (when - b.available[row] <= BIAS_VALID_S * NS)
        return np.where(valid, b.bias_m[row], np.nan)


def _slots_of(system: ArrayLike, prn: ArrayLike) -> Ints:
    letters, numbers = np.broadcast_arrays(
        np.atleast_1d(np.asarray(system, dtype="U1")), np.atleast_1d(np.asarray(prn, dtype=np.int64))
    )
    first = np.full(256, 10_000, dtype=np.int64)
    for letter, before in (("C", 0), ("G", 63), ("E", 100), ("R", 137)):
        first[ord(letter)] = before
    return np.asarray(first[letters.astype("U1").view(np.uint32).astype(np.intp) & 255] + numbers)


def _signal_key(slots: Ints, code: NDArray[np.str_]) -> Ints:
    """Number of a slot and a code of two characters."""
    letters = np.ascontiguousarray(code, dtype="U2").view(np.uint32).reshape(*np.shape(code), 2)
    return np.asarray(slots << 14 | (letters[..., 0] & 127).astype(np.int64) << 7 | letters[..., 1] & 127)


def senders(messages: Messages) -> dict[int, int]:
    """How many messages each BeiDou satellite sent that carry something, most first."""
    prn = messages.frames.prn[(messages.frames.kind >= 1) & (messages.frames.kind <= 7)]
    numbers, counts = np.unique(prn, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {int(numbers[i]): int(counts[i]) for i in order}


def corrections(messages: Messages, sender: int | None = None) -> Corrections:
    """Corrections of one sender, the one with most messages unless named.

    Raises
    ------
    RabtaError
        The sender is not in the messages.
    """
    known = senders(messages)
    chosen = next(iter(known), 0) if sender is None else sender
    if chosen not in known and (known or sender is not None):
        expected = ", ".join(f"C{n}" for n in known) or "none in these messages"
        raise RabtaError("no corrections from this satellite", key="sender", value=chosen, expected=expected)
    ours = messages.frames.prn == chosen
    clocks = _only(messages.clocks, ours[messages.clocks.frame])
    orbits = messages.orbits
    there = np.isfinite(orbits.radial_m + orbits.along_m + orbits.cross_m)
    orbits = _only(orbits, ours[orbits.frame] & there)
    slot = _clock_slots(messages, clocks, ours)
    kept = (slot > 0) & (slot <= MASK_SLOTS) & np.isfinite(clocks.c0_m)
    return _paired(messages, chosen, _only(clocks, kept), slot[kept], orbits, ours)


def _only(table: T, keep: NDArray[np.generic]) -> T:
    return type(table)(**{name: column[keep] for name, column in vars(table).items()})


def _clock_slots(messages: Messages, clocks: Clocks, ours: NDArray[np.bool_]) -> Ints:
    """Slot of each clock: by its place, or as the message gives it."""
    return np.where(clocks.place < 0, clocks.slot, _placed(messages, clocks, ours))


def _placed(messages: Messages, clocks: Clocks | Accuracies, ours: NDArray[np.bool_]) -> Ints:
    """Slot of each place by the last mask before it with its IODP and IOD SSR; 0 where there is none."""
    masks = messages.masks
    slots = np.zeros(clocks.place.size, dtype=np.int64)
    members = np.cumsum(masks.slots, axis=1)  # place of a slot in its mask, from 1
    for issue in np.unique(16 * clocks.iod_ssr + clocks.iodp):
        rows = np.flatnonzero((16 * clocks.iod_ssr + clocks.iodp == issue) & (clocks.place >= 0))
        known = np.flatnonzero((16 * masks.iod_ssr + masks.iodp == issue) & ours[masks.frame])
        if not known.size:
            continue
        last = np.searchsorted(masks.frame[known], clocks.frame[rows]) - 1
        for mask in np.unique(last[last >= 0]):
            part = rows[last == mask]
            table = np.flatnonzero(masks.slots[known[mask]]) + 1
            inside = clocks.place[part] < members[known[mask], -1]
            slots[part[inside]] = table[clocks.place[part[inside]]]
    return np.asarray(slots)


_TICK = NS // 1000  # keys count milliseconds


def _key(group: Ints, time: Instants, start: int) -> Ints:
    """Number that sorts by group, then by time; times before ``start`` are before all of the group."""
    ticks = np.clip((time - start) // _TICK + 1, 0, (1 << 40) - 1)
    return (group << 40) | ticks


def _keys(group: Ints, time: Instants) -> tuple[Ints, int]:
    start = int(time.min()) if time.size else 0
    return _key(group, time, start), start


def _paired(
    messages: Messages, sender: int, clocks: Clocks, slot: Ints, orbits: Orbits, ours: NDArray[np.bool_]
) -> Corrections:
    """Every orbit with the last clock of its issue, every clock with the last orbit of its."""
    received = messages.frames.received
    clock_time, orbit_time = received[clocks.frame], received[orbits.frame]
    clock_issue, orbit_issue = _issue(slot, clocks), _issue(orbits.slot, orbits)
    orbit = _last(clock_issue, clock_time, orbit_issue, orbit_time)
    clock = _last(orbit_issue, orbit_time, clock_issue, clock_time)
    known, heard = np.flatnonzero(orbit >= 0), np.flatnonzero(clock >= 0)
    row = np.concatenate([orbit[known], heard])
    used = np.concatenate([known, clock[heard]])
    available = np.maximum(clock_time[used], orbit_time[row])
    order = np.lexsort((orbit_time[row], clock_time[used], available, slot[used]))
    used, row = used[order], row[order]
    system, prn = biases.satellites(slot[used])
    offsets = np.stack([orbits.radial_m[row], orbits.along_m[row], orbits.cross_m[row]], axis=1)
    return Corrections(
        *(sender, slot[used], system, prn, available[order], orbit_time[row], clock_time[used]),
        *(orbits.epoch[row], clocks.epoch[used], orbits.iodn[row], offsets, clocks.c0_m[used]),
        _accuracy(messages, ours, orbits, row, available[order]),
        _code_biases(messages, ours),
    )


def _accuracy(
    messages: Messages, ours: NDArray[np.bool_], orbits: Orbits, row: Ints, available: Instants
) -> Floats:
    """User range accuracy: the orbit's own, or of a type 5 that came after it."""
    received = messages.frames.received
    out = biases.ura_m(orbits.ura_class[row], orbits.ura_value[row])
    table = _only(messages.accuracies, ours[messages.accuracies.frame])
    slot, time = _placed(messages, table, ours), received[table.frame]
    last = _last(orbits.slot[row], available, slot, time)
    newer = (last >= 0) & (time[last] > received[orbits.frame[row]]) if slot.size else last >= 0
    out[newer] = biases.ura_m(table.ura_class[last[newer]], table.ura_value[last[newer]])
    return out


def _issue(slot: Ints, table: Orbits | Clocks) -> Ints:
    return (slot << 5) | (table.iod_ssr << 3) | table.iod_corr


def _last(group: Ints, time: Instants, other: Ints, other_time: Instants) -> Ints:
    """For each event the last of the others of its group that is not after it; -1 where there is none."""
    if not other.size:
        return np.full(group.shape, -1, dtype=np.int64)
    key, start = _keys(other, other_time)
    order = np.argsort(key, kind="stable")
    place = np.searchsorted(key[order], _key(group, time, start), side="right") - 1
    found = order[np.maximum(place, 0)]
    return np.where((place >= 0) & (other[found] == group), found, -1)


def _code_biases(messages: Messages, ours: NDArray[np.bool_]) -> CodeBiases:
    table = messages.biases
    keep = ours[table.frame] & np.isfinite(table.bias_m)
    system, prn = biases.satellites(table.slot[keep])
    codes = biases.codes(system, table.mode[keep])
    named = codes != ""
    received = messages.frames.received[table.frame[keep]]
    bias = table.bias_m[keep]
    return CodeBiases(received[named], system[named], prn[named], codes[named], bias[named])
