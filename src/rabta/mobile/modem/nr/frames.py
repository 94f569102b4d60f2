"""From bytes to samples of a downlink and back: slots with their own MCS, what a terminal takes of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem.nr import control, receiver
from rabta.mobile.modem.nr.control import Word
from rabta.mobile.modem.nr.receiver import Slot, Source
from rabta.mobile.modem.nr.slots import RNTI, Layout, coded
from rabta.mobile.phy.link import chain
from rabta.mobile.phy.waveform import qam, scrambling

C8 = NDArray[np.complex64]

BATCH = 64
"""Slots that are decoded at once."""
SOON = 3
"""Slots that are searched first: a burst begins with its synchronisation block."""


@dataclass(frozen=True)
class Frame:
    """A slot as it was received.

    Attributes
    ----------
    mcs : int
        What its control said; -1 where control was not understood.
    ok : bool
        The transport block's check holds.
    data : bytes
        Of the transport block; empty where not ok.
    slot : int
        As control numbers it.
    snr_db, frequency_hz, start : float
        Es/N0, frequency that the signal had too much, first sample.
    """

    mcs: int
    ok: bool
    data: bytes
    slot: int
    snr_db: float
    frequency_hz: float
    start: float


def capacity(layout: Layout, mcs: int) -> int:
    """Bytes of a slot's transport block."""
    return layout.format(mcs).bits // 8


def transmit(fields: Sequence[tuple[int, bytes]], layout: Layout, *, first: int = 0) -> Iterator[C8]:
    """Samples of slots, one by one; synchronisation blocks come between as their period asks.

    Parameters
    ----------
    fields : sequence of (int, bytes)
        MCS index and bytes of each transport block, no longer than `capacity`; zeros fill it up.
    first : int
        Number of the first slot; 0 begins with a synchronisation block.
    """
    slot = first
    for group in _alike(fields):
        form = layout.format(group[0][0])
        bits = np.stack([_bits(data, form.bits) for _, data in group])
        for row, words in zip(coded(bits, form, layout.cell), group, strict=True):
            if layout.holds_block(slot):
                yield _block(layout, slot)
                slot += 1
            word = control.encode(Word(words[0], slot), layout.cell)
            grid = layout.data_grid(slot, word, row, form.order)
            yield layout.samples(grid, slot).astype(np.complex64)
            slot += 1


def _block(layout: Layout, slot: int) -> C8:
    grid = layout.block_grid(0, control.broadcast(Word(0, slot), layout.cell))
    return np.asarray(layout.samples(grid, slot), dtype=np.complex64)


def _alike(fields: Sequence[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Neighbours of one MCS, at most `BATCH`: these are encoded together."""
    group: list[tuple[int, bytes]] = []
    for field in fields:
        if group and (field[0] != group[0][0] or len(group) == BATCH):
            yield group
            group = []
        group.append(field)
    if group:
        yield group


def _bits(data: bytes, size: int) -> NDArray[np.uint8]:
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    if len(bits) > size:
        raise RabtaError(
            "more bytes than a transport block holds", key="data", value=len(data), expected=f"{size // 8}"
        )
    return np.pad(bits, (0, size - len(bits)))


def receive(
    samples: ArrayLike | Source,
    layout: Layout,
    *,
    total: int | None = None,
    expected: Callable[[float], tuple[float, float]] | None = None,
    widest_hz: float = 5e3,
    carrier_hz: float = np.inf,
) -> Iterator[Frame]:
    """Transport blocks of a recording, in order.

    Parameters
    ----------
    samples : array_like of complex, or callable
        The samples, or a function (start, count) of them; ``total`` says how many there are.
    expected : callable, optional
        Frequency (Hz) and its rate (Hz/s) at a sample, where the carrier is expected: a terminal that knows
        the satellite's orbit expects its Doppler shift; none if left out.
    widest_hz : float
        How far from there the carrier is searched for.
    carrier_hz : float
        A Doppler shift stretches time by its share of the carrier; unknown if left out, and then followed.

    Yields
    ------
    Frame
        Of each slot with data from the first synchronisation block on; where the signal is lost, it is
        searched for again.
    """
    row, count = _source(samples, total, carrier_hz)
    period = sum(layout.carrier.samples(slot=slot) for slot in range(layout.period))
    at = 0
    while at + layout.carrier.samples() < count:
        middle, rate = expected(at) if expected is not None else (0.0, 0.0)
        for span in (SOON * layout.carrier.samples(), period + 2 * layout.carrier.samples()):
            part = row(at, min(span, count - at))
            found = receiver.acquire(part, layout, middle_hz=middle, widest_hz=widest_hz)
            if found is not None:
                break
        if found is None:
            at += max(period, 1)
            continue
        found.at += at - period * max(round(found.at) // period, 0)  # the first block, not the best
        found.rate_hz = rate * 1e-3 / layout.carrier.slots_per_subframe
        at = yield from _followed(row, count, layout, found)


class _Row:
    """Samples at hand as a source."""

    def __init__(self, samples: C8, carrier_hz: float) -> None:
        self.samples, self.carrier_hz = samples, carrier_hz

    def __call__(self, start: int, count: int) -> C8:
        return self.samples[start : start + count]


class _Read:
    """A function as a source."""

    def __init__(self, read: Source, carrier_hz: float) -> None:
        self.read, self.carrier_hz = read, carrier_hz

    def __call__(self, start: int, count: int) -> C8:
        return self.read(start, count)


def _source(samples: ArrayLike | Source, total: int | None, carrier_hz: float) -> tuple[_Row | _Read, int]:
    if callable(samples):
        if total is None:
            raise RabtaError("a source without its length", key="total", expected="the number of samples")
        return _Read(samples, carrier_hz), total
    row = np.asarray(samples)
    if row.ndim != 1 or not np.iscomplexobj(row) or not np.isfinite(row).all():
        raise RabtaError(
            "not a row of IQ samples", key="samples", value=f"{row.dtype} {row.shape}",
            expected="finite complex numbers",
        )  # fmt: skip
    return _Row(row.astype(np.complex64), carrier_hz), len(row)


def _followed(
    row: _Row | _Read, count: int, layout: Layout, state: receiver.State
) -> Generator[Frame, None, int]:
    """Frames from a state on; returns where they end: the recording, or what is understood of it."""
    waiting: list[Slot] = []
    missed = 0
    for slot in receiver.follow(row, count, layout, state):
        waiting.append(slot)
        if len(waiting) == BATCH:
            part = decoded(waiting, layout)
            yield from part
            waiting, missed = [], _missed(part, missed)
            if missed >= BATCH:
                return int(state.at)
    yield from decoded(waiting, layout)
    return count


def _missed(part: list[Frame], before: int) -> int:
    """Slots since control was last understood."""
    for behind, frame in enumerate(reversed(part)):
        if frame.mcs >= 0:
            return behind
    return before + len(part)


def decoded(heard: Sequence[Slot], layout: Layout) -> list[Frame]:
    """Frames of slots; those of one MCS are decoded together."""
    if not heard:
        return []
    words = control.decode(np.stack([slot.control for slot in heard]), layout.cell)
    out: dict[int, Frame] = {}
    for mcs in {word.mcs for word in words if word is not None and word.mcs < 29}:
        rows = [i for i, word in enumerate(words) if word is not None and word.mcs == mcs]
        out |= _of_mcs(heard, words, rows, mcs, layout)
    for i, slot in enumerate(heard):
        if i not in out:
            out[i] = Frame(-1, False, b"", -1, slot.snr_db, slot.frequency_hz, slot.start)
    return [out[i] for i in range(len(heard))]


def _of_mcs(
    heard: Sequence[Slot], words: list[Word | None], rows: list[int], mcs: int, layout: Layout
) -> dict[int, Frame]:
    form = layout.format(mcs)
    ratios = np.stack([qam.demodulate(heard[i].symbols, heard[i].variance, form.order) for i in rows])
    got = chain.receive(ratios, form, c_init=scrambling.downlink(RNTI, layout.cell))
    out = {}
    for i, bits, good in zip(rows, got.bits, got.good, strict=True):
        slot, word = heard[i], words[i]
        data = np.packbits(bits[: form.bits // 8 * 8]).tobytes() if good else b""
        number = word.slot if word is not None else -1
        out[i] = Frame(mcs, bool(good), data, number, slot.snr_db, slot.frequency_hz, slot.start)
    return out
