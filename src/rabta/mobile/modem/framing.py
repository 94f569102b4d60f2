"""One face for both ways to make frames of bytes: the downlink of 5G NR, and DVB-S2(X)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.mobile.modem.dvb import frames as dvb
from rabta.mobile.modem.dvb import modcods as dvb_modcods
from rabta.mobile.modem.dvb import shaping
from rabta.mobile.modem.nr import frames as nr
from rabta.mobile.modem.nr import slots
from rabta.mobile.phy.link import tables
from rabta.radio import modcods
from rabta.radio.itu import check_range
from rabta.radio.modcods import Waveform

Samples = NDArray[np.complex64]
Source = Callable[[int, int], Samples]
Field = tuple[str, bytes]
"""Modcod and bytes of a frame."""

NAMES = ("nr", "dvb-s2x", "dvb-s2")
GROUP = 16
"""Frames of DVB that are made, or heard, at once."""
KNOT_S = 0.1  # between which an expected frequency runs straight
SYMBOL_RATES = (1e3, 1e9)
HARDLY = 1e-3
"""Share of NR's blocks that may be lost at what `Framing.need_db` says."""


@dataclass(frozen=True)
class Heard:
    """A frame as it was received.

    Attributes
    ----------
    modcod : str
        Empty where even that was not understood.
    ok : bool
    data : bytes
        Of a good frame.
    es_n0_db, frequency_hz, start : float
        Estimates; the start counts in samples.
    """

    modcod: str
    ok: bool
    data: bytes
    es_n0_db: float
    frequency_hz: float
    start: float


@dataclass(frozen=True)
class Hint:
    """What a receiver knows before it listens.

    Attributes
    ----------
    expected : callable, optional
        Doppler shift (Hz) and its rate (Hz/s) at a sample, by the orbit that the receiver knows; nothing is
        known if left out.
    widest_hz : float
        How far from there the carrier may be.
    carrier_hz : float
        A Doppler shift stretches time by its share of the carrier; unknown if left out.
    """

    expected: Callable[[float], tuple[float, float]] | None = None
    widest_hz: float = 60e3
    carrier_hz: float = np.inf

    def at(self, sample: float) -> tuple[float, float]:
        """Shift and rate where the carrier is expected."""
        return (0.0, 0.0) if self.expected is None else self.expected(sample)


class Framing(Protocol):
    """How bytes become samples."""

    @property
    def name(self) -> str:
        """One of `NAMES`."""

    @property
    def waveform(self) -> Waveform:
        """Modcods in use, each with the Es/N0 that it needs."""

    @property
    def sample_rate(self) -> float:
        """Samples a second."""

    @property
    def bandwidth_hz(self) -> float:
        """Over which the power is spread: Es/N0 is the ratio of densities within it."""

    @property
    def power(self) -> float:
        """Mean power of the samples."""

    def capacity(self, modcod: str) -> int:
        """Bytes of a frame."""

    def need_db(self, modcod: str) -> float:
        """Es/N0 at which hardly a frame is lost, by the code's own curve or the standard's table."""

    def frame_s(self, modcod: str) -> float:
        """Duration of a frame."""

    def send(self, fields: Sequence[Field]) -> Iterator[Samples]:
        """Samples of frames, part by part."""

    def hear(self, source: Source, total: int, hint: Hint) -> Iterator[Heard]:
        """Frames of samples, in order."""

    def settings(self) -> dict[str, Any]:
        """What a receiver has to be told, as `of_settings` reads it."""


@dataclass(frozen=True)
class Nr:
    """Downlink of 5G NR.

    Attributes
    ----------
    layout : Layout
    """

    layout: slots.Layout

    name = "nr"

    @cached_property
    def waveform(self) -> Waveform:
        """MCS table 1 of TS 38.214, those that need more Es/N0 for more bits."""
        return modcods.load("nr-64qam")

    @property
    def sample_rate(self) -> float:
        """Samples a second."""
        return self.layout.carrier.sample_rate

    @property
    def bandwidth_hz(self) -> float:
        """All subcarriers."""
        return self.layout.carrier.subcarriers * self.layout.carrier.spacing_hz

    @property
    def power(self) -> float:
        """Of a full grid with elements of energy 1."""
        return self.layout.power

    def capacity(self, modcod: str) -> int:
        """Bytes of a slot's transport block."""
        return nr.capacity(self.layout, mcs_of(modcod))

    def need_db(self, modcod: str) -> float:
        """One block in a thousand is lost, in white noise: `rabta.mobile.phy.link.tables`."""
        mcs = mcs_of(modcod)
        return tables.threshold_db(slots.TABLE, mcs, HARDLY, self.layout.format(mcs).bits)

    def frame_s(self, modcod: str) -> float:  # noqa: ARG002 (slots are alike)
        """A slot, with its share of the synchronisation block."""
        period = self.layout.period
        return 1e-3 / self.layout.carrier.slots_per_subframe * period / (period - 1)

    def send(self, fields: Sequence[Field]) -> Iterator[Samples]:
        """Samples slot by slot; an empty slot at the end lets the last one be followed."""
        yield from nr.transmit([(mcs_of(name), data) for name, data in fields], self.layout)

    def hear(self, source: Source, total: int, hint: Hint) -> Iterator[Heard]:
        """Slots with data."""
        found = nr.receive(
            source, self.layout, total=total, expected=hint.at, widest_hz=hint.widest_hz,
            carrier_hz=hint.carrier_hz,
        )  # fmt: skip
        for frame in found:
            name = modcod_of(frame.mcs) if frame.mcs >= 0 else ""
            yield Heard(name, frame.ok, frame.data, frame.snr_db, frame.frequency_hz, frame.start)

    def settings(self) -> dict[str, Any]:
        """Channel and cell."""
        carrier = self.layout.carrier
        return {
            "framing": self.name, "blocks": carrier.blocks, "spacing_khz": carrier.spacing_khz,
            "cell": self.layout.cell,
        }  # fmt: skip


_NR_NAMES = [str(name) for name in modcods.load("nr-64qam").names]


_ORDERS = {2: "QPSK", 4: "16QAM", 6: "64QAM"}


def mcs_of(modcod: str) -> int:
    """MCS index of a modcod's name, as ``MCS 7 QPSK``.

    Examples
    --------
    >>> mcs_of("MCS 12 16QAM"), modcod_of(0)
    (12, 'MCS 0 QPSK')
    """
    parts = modcod.split()
    if len(parts) >= 2 and parts[0] == "MCS" and parts[1].isdigit() and int(parts[1]) < slots.steps():
        return int(parts[1])
    raise RabtaError("no such modcod", key="modcod", value=modcod, expected=nearest(modcod, _NR_NAMES))


def modcod_of(mcs: int) -> str:
    """Name of an MCS index."""
    return f"MCS {mcs} {_ORDERS[slots.order(mcs)]}"


@dataclass(frozen=True)
class Dvb:
    """DVB-S2(X).

    Attributes
    ----------
    name : str
        ``dvb-s2x`` or ``dvb-s2``.
    symbol_rate : float
        Symbols a second.
    roll_off : float
    samples_per_symbol : int
    short : bool
        Short frames of 16,200 bits rather than of 64,800.
    """

    name: str
    symbol_rate: float
    roll_off: float = 0.20
    samples_per_symbol: int = 4
    short: bool = False

    @cached_property
    def waveform(self) -> Waveform:
        """Modcods of the catalog that have a frame of their own, by the Es/N0 of their symbols."""
        found = modcods.load(f"{self.name}-short" if self.short else self.name)
        known = set(dvb_modcods.names())
        keep = np.array([name in known for name in found.names])
        spread = 1.0 + float(catalog.entry("waveforms", found.name).data.get("roll_off", 0.0))
        names = tuple(name for name in found.names if name in known)
        threshold = found.threshold_db[keep] + 10.0 * np.log10(spread)
        return Waveform(found.name, threshold, found.bits[keep] * spread, names)

    @property
    def sample_rate(self) -> float:
        """Samples a second."""
        return self.samples_per_symbol * self.symbol_rate

    @property
    def bandwidth_hz(self) -> float:
        """The symbol rate: noise bandwidth of the matched filter."""
        return self.symbol_rate

    @property
    def power(self) -> float:
        """Samples are made with power 1."""
        return 1.0

    def capacity(self, modcod: str) -> int:
        """Bytes of a frame's data field."""
        return dvb_modcods.modcod(modcod).payload // 8

    def need_db(self, modcod: str) -> float:
        """Quasi-error-free: one frame in ten million is lost, by the tables of EN 302 307."""
        wave = self.waveform
        if modcod in wave.names:
            return float(wave.threshold_db[wave.names.index(modcod)])
        raise RabtaError(
            "no such modcod in use", key="modcod", value=modcod, expected=nearest(modcod, wave.names)
        )

    def frame_s(self, modcod: str) -> float:
        """Duration of a frame with pilots."""
        return dvb_modcods.modcod(modcod).length(True) / self.symbol_rate

    def send(self, fields: Sequence[Field]) -> Iterator[Samples]:
        """Samples by groups of frames, whose pulses are added where groups meet."""
        tail = np.zeros(0, dtype=np.complex64)
        for start in range(0, len(fields), GROUP):
            part = fields[start : start + GROUP]
            rows = [self._bits(name, data) for name, data in part]
            made = dvb.transmit(
                np.concatenate(rows), [name for name, _ in part], roll_off=self.roll_off,
                samples_per_symbol=self.samples_per_symbol,
            )  # fmt: skip
            made[: len(tail)] += tail
            symbols = sum(dvb_modcods.modcod(name).length(True) for name, _ in part)
            end = symbols * self.samples_per_symbol
            tail = made[end:].copy()
            yield made[:end]
        yield tail

    def _bits(self, name: str, data: bytes) -> NDArray[np.uint8]:
        size = dvb_modcods.modcod(name).payload
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
        if len(bits) > size:
            raise RabtaError(
                "more bytes than a frame holds", key="data", value=len(data), expected=f"{size // 8}"
            )
        return np.pad(bits, (0, size - len(bits)))

    def hear(self, source: Source, total: int, hint: Hint) -> Iterator[Heard]:
        """Frames of windows that overlap by two; what begins where they do is left to the second."""
        longest = max(dvb_modcods.modcod(str(n)).length(True) for n in self.waveform.names)
        frame = longest * self.samples_per_symbol
        size, overlap = (2 * GROUP + 2) * frame, 2 * frame
        done, at = -1.0, 0
        while at < total:
            count = total - at if total - at <= size + size // 2 else size
            if count < 2048:
                return
            last = at + count >= total
            for found in self._window(source(at, count), at, hint):
                fresh = found.start > done + 45.0 * self.samples_per_symbol
                if fresh and (last or found.start < at + count - overlap):
                    done = found.start
                    yield found
            at += count if last else count - overlap

    def _window(self, samples: Samples, at: int, hint: Hint) -> Iterator[Heard]:
        knots = np.linspace(0, len(samples), max(round(len(samples) / self.sample_rate / KNOT_S), 1) + 1)
        shift = np.array([hint.at(at + float(k))[0] for k in knots])
        turned = samples if hint.expected is None else _straightened(samples, knots, shift / self.sample_rate)
        got = dvb.receive(turned, samples_per_symbol=self.samples_per_symbol, roll_off=self.roll_off)
        for frame in got.frames:
            if frame.modcod == dvb_modcods.DUMMY:
                continue
            data = np.packbits(frame.data[: len(frame.data) // 8 * 8]).tobytes() if frame.ok else b""
            hertz = frame.frequency * self.symbol_rate + float(np.interp(frame.start, knots, shift))
            yield Heard(frame.modcod, frame.ok, data, frame.esn0_db, hertz, at + frame.start)

    def settings(self) -> dict[str, Any]:
        """Symbol rate and pulse."""
        return {
            "framing": self.name, "symbol_rate": self.symbol_rate, "roll_off": self.roll_off,
            "samples_per_symbol": self.samples_per_symbol, "short": self.short,
        }  # fmt: skip


def _straightened(samples: Samples, knots: NDArray[np.float64], cycles: NDArray[np.float64]) -> Samples:
    """Samples without a frequency, in cycles a sample, that runs straight between knots."""
    turns = np.cumsum(np.interp(np.arange(len(samples)), knots, cycles))
    return np.asarray(samples * np.exp(-2j * np.pi * (turns - np.floor(turns))), dtype=np.complex64)


def make(name: str, bandwidth_mhz: float, **settings: Any) -> Framing:
    """Framing by name and bandwidth of its channel.

    Parameters
    ----------
    name : str
        ``nr``, ``dvb-s2x`` or ``dvb-s2``.
    bandwidth_mhz : float
        NR: a channel of TS 38.101-1, 5 to 50 MHz at 15 kHz. DVB: symbol rate times 1 plus roll-off.
    **settings
        Of `slots.layout` or `Dvb`.

    Examples
    --------
    >>> make("dvb-s2x", 6.0).bandwidth_hz, make("nr", 5).sample_rate
    (5000000.0, 7680000.0)
    """
    if name not in NAMES:
        raise RabtaError("no such framing", key="framing", value=name, expected=nearest(name, NAMES))
    if name == "nr":
        return Nr(slots.layout(bandwidth_mhz, **settings))
    if not 0.01 <= bandwidth_mhz <= 1000.0:
        raise RabtaError(
            "no such channel", key="bandwidth_mhz", value=bandwidth_mhz, expected="0.01 to 1000 MHz"
        )
    roll_off = float(settings.pop("roll_off", 0.20))
    shaping.check_rate(settings.get("samples_per_symbol", 4), roll_off)
    return Dvb(name, round(bandwidth_mhz * 1e6 / (1.0 + roll_off), 6), roll_off, **settings)


def of_settings(found: dict[str, Any]) -> Framing:
    """Framing of what a recording says of itself.

    Raises
    ------
    RabtaError
        Where it says nothing, or something that no framing has.
    """
    name = found.get("framing")
    if name not in NAMES:
        raise RabtaError(
            "the recording does not say how its frames are made", key="rabta:framing", value=name,
            expected=f"one of {', '.join(NAMES)}",
        )  # fmt: skip
    try:
        if name == "nr":
            return Nr(slots.fixed(int(found["spacing_khz"]), int(found["blocks"]), int(found["cell"])))
        rate, roll_off = float(found["symbol_rate"]), float(found["roll_off"])
        check_range("rabta:symbol_rate", rate, *SYMBOL_RATES, "a recording")
        whole = int(found["samples_per_symbol"])
        shaping.check_rate(whole, roll_off)
        return Dvb(str(name), rate, roll_off, whole, bool(found["short"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RabtaError(
            "the recording says too little of its frames", key=f"rabta:{name}", value=str(error),
            expected="the settings that rabta modem send writes",
        ) from error  # fmt: skip
