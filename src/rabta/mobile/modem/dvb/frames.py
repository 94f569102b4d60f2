"""From bytes to IQ samples and back: the whole of DVB-S2(X), frame by frame with its own modcod."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import baseband, constellations, gse, physical, shaping, streams
from rabta.mobile.modem.dvb.baseband import Header
from rabta.mobile.modem.dvb.fec import chain, codes, ldpc
from rabta.mobile.modem.dvb.modcods import DUMMY, Modcod, modcod, of_pls
from rabta.mobile.modem.dvb.receiver import carrier, locate, timing
from rabta.mobile.modem.dvb.streams import Payload

C8 = NDArray[np.complex64]
C16 = NDArray[np.complex128]
F8 = NDArray[np.float64]
Bits = NDArray[np.uint8]

BATCH = 32
"""Frames that are decoded at once."""


@dataclass(frozen=True)
class Frame:
    """A received frame.

    Attributes
    ----------
    modcod : str
        What its header said; ``"dummy"`` for a dummy frame.
    pilots : bool
    ok : bool
        The BCH code found a codeword and the CRC-8 of the baseband header holds.
    data : ndarray of uint8, shape (bit,)
        Data field; empty where not ok.
    header : Header, optional
        Of the baseband frame; None where not ok.
    corrected, iterations : int
        Bits that the BCH code corrected (-1: too many); iterations of the LDPC decoder.
    esn0_db, frequency, phase : float
        Estimates: Es/N0; cycles a symbol; radians at the first symbol.
    start : float
        Instant of the first symbol, in samples.
    """

    modcod: str
    pilots: bool
    ok: bool
    data: Bits
    header: Header | None
    corrected: int
    iterations: int
    esn0_db: float
    frequency: float
    phase: float
    start: float


@dataclass(frozen=True)
class Reception:
    """What a receiver made of a recording.

    Attributes
    ----------
    frames : list of Frame
        In order, dummy frames too.
    drift : float
        Symbols are so much longer than nominal, relative.
    """

    frames: list[Frame]
    drift: float

    def payload(self) -> bytes:
        """Bytes of the data fields of all good frames, in order."""
        fields = [f.data for f in self.frames if f.ok]
        return np.packbits(np.concatenate(fields)).tobytes() if fields else b""

    def packets(self) -> list[bytes]:
        """Packets of a stream of packets that came whole."""
        carrying = [f for f in self.frames if f.modcod != DUMMY]
        return streams.packets((f.header, f.data) if f.header else None for f in carrying)

    def datagrams(self) -> list[gse.Datagram]:
        """Datagrams of an encapsulated stream that came whole."""
        return gse.received(np.packbits(f.data).tobytes() for f in self.frames if f.ok)


def transmit(
    payload: Payload,
    modcods: str | Sequence[str],
    *,
    samples_per_symbol: int = 4,
    roll_off: float = 0.20,
    pilots: bool = True,
    scrambling: int = 0,
    stream: str = "continuous",
) -> C8:
    """Samples of frames that carry a payload; the last frame is filled up with padding.

    Parameters
    ----------
    payload
        By default bytes or a row of bits; see `streams.source`.
    modcods : str or sequence of str
        Of every frame (variable coding and modulation); the last one goes on; ``"dummy"`` is a dummy frame.
    samples_per_symbol : int
        2 or more.
    roll_off : float
        0.35, 0.25, 0.20, 0.15, 0.10 or 0.05.
    pilots : bool
        Blocks of pilots, without which a receiver cannot follow much phase noise.
    scrambling : int
        Number of the scrambling code of the physical layer.
    stream : str
        What the payload is: ``"continuous"``, ``"transport"`` (188-byte packets), ``"packets"`` or ``"gse"``.
        Packets need one more after them, whose CRC-8 they are checked by.

    Returns
    -------
    ndarray of complex64, shape (sample,)
        Mean power 1. The first symbol is `shaping.half_width` symbols after the first sample.

    Examples
    --------
    >>> sent = transmit(b"to everyone", "QPSK 1/2 short")
    >>> receive(sent, samples_per_symbol=4).payload()
    b'to everyone'
    """
    rows = list(
        symbols(payload, modcods, roll_off=roll_off, pilots=pilots, scrambling=scrambling, stream=stream)
    )
    return shaping.shape(np.concatenate(rows), roll_off, samples_per_symbol)


def symbols(
    payload: Payload,
    modcods: str | Sequence[str],
    *,
    roll_off: float = 0.20,
    pilots: bool = True,
    scrambling: int = 0,
    stream: str = "continuous",
) -> Iterator[C16]:
    """Symbols of frames that carry a payload, frame by frame; see `transmit`."""
    source = streams.source(payload, stream, roll_off, isinstance(modcods, str))
    count = 0
    for name in _endless(modcods):
        if source.empty:
            return
        if name == DUMMY:
            yield physical.dummy(scrambling)
            continue
        head, part = source.take(modcod(name).payload)
        yield _frame(replace(head, alternate=count % 2 == 0), part, modcod(name), pilots, scrambling)
        count += 1


def _frame(head: Header, data: Bits, of: Modcod, pilots: bool, scrambling: int) -> C16:
    """Symbols of one frame."""
    code = codes.code(of.code)
    coded = chain.encode(code, baseband.frame(head, data, code.payload))
    return physical.frame(constellations.modulate(coded, of)[0], of, pilots, scrambling)


def _endless(modcods: str | Sequence[str]) -> Iterator[str]:
    """Names of modcods, the last one again and again."""
    named = [modcods] if isinstance(modcods, str) else list(modcods)
    if not named or named[-1] == DUMMY:
        raise RabtaError(
            "no modcod for the payload",
            key="modcods",
            value=str(named),
            expected="a last one that carries data",
        )
    yield from named
    while True:
        yield named[-1]


def receive(
    samples: ArrayLike,
    *,
    samples_per_symbol: float,
    roll_off: float = 0.20,
    scrambling: int = 0,
    iterations: int = ldpc.ITERATIONS,
) -> Reception:
    """Frames of a recording of samples, of which nothing is known but rate, roll-off and scrambling code.

    Frequency offsets may be as large as the band of the samples allows, clocks differ by some hundred
    parts in a million; every frame's modcod is read from its header.

    Parameters
    ----------
    samples : array_like of complex, shape (sample,)
    samples_per_symbol : float
        Nominal; above 1 + roll-off.
    iterations : int
        Of the LDPC decoder, at most.
    """
    row = _checked(samples)
    shaping.check_rate(samples_per_symbol, roll_off)
    coarse = timing.coarse_frequency(row, roll_off, samples_per_symbol)
    flat, phase = timing.derotated(row, coarse)
    when = timing.timing(flat, roll_off, samples_per_symbol)
    received = shaping.matched(flat, when.times, roll_off, samples_per_symbol)
    located = locate.frames(received)
    if not located:
        return Reception([], when.drift)
    made = _decode(carrier.Row(received, phase.at(when.times), scrambling), located, iterations)
    placed = [replace(f, start=float(when.times[int(f.start)])) for f in made]
    return Reception(placed, when.drift)


def _checked(samples: ArrayLike) -> C8:
    """Samples as complex numbers; others are refused."""
    row = np.asarray(samples)
    if row.ndim != 1 or len(row) < 1024 or not np.iscomplexobj(row):
        raise RabtaError(
            "not a row of IQ samples", key="samples", value=f"{row.dtype} {row.shape}",
            expected="at least 1,024 complex numbers",
        )  # fmt: skip
    power = float(np.vdot(row, row).real) / len(row)
    if not np.isfinite(power):
        raise RabtaError("samples that are not finite", key="samples", value="nan or inf", expected="numbers")
    made: C8 = row.astype(np.complex64) * np.float32(1.0 / np.sqrt(power or 1.0))
    return made


def _decode(row: carrier.Row, located: list[locate.Found], iterations: int) -> list[Frame]:
    """Frames in order; those of one modcod are decoded together."""
    made: dict[int, Frame] = {}
    waiting: dict[str, list[tuple[int, carrier.Recovered, bool]]] = {}
    fine = carrier.frequencies(row, located)
    for i, (found, frequency, change) in enumerate(zip(located, *fine, strict=True)):
        of, pilots = of_pls(found.pls) or (None, False)
        here = carrier.recover(row, found, float(frequency), float(change))
        if of is None:
            made[i] = _empty(DUMMY, found, float(frequency))
        elif here is not None:
            waiting.setdefault(of.name, []).append((i, here, pilots))
            if len(waiting[of.name]) >= BATCH:
                made |= _decode_batch(of, waiting.pop(of.name), located, iterations)
    for name, batch in waiting.items():
        made |= _decode_batch(modcod(name), batch, located, iterations)
    return [made[i] for i in sorted(made)]


def _empty(name: str, found: locate.Found, frequency: float) -> Frame:
    """Frame without data."""
    none = np.zeros(0, dtype=np.uint8)
    return Frame(name, False, False, none, None, 0, 0, float("nan"), frequency, 0.0, float(found.start))


def _decode_batch(
    of: Modcod, batch: list[tuple[int, carrier.Recovered, bool]], located: list[locate.Found], iterations: int
) -> dict[int, Frame]:
    """Frames of one modcod by their place."""
    code = codes.code(of.code)
    ratios = np.empty((len(batch), code.bits), dtype=np.float32)

    def soften(k: int) -> None:
        here = batch[k][1]
        ratios[k] = constellations.demodulate(here.data, here.noise_variance, of)

    jit.each(soften, range(len(batch)))
    decoded = chain.decode(code, ratios, iterations)
    made = {}
    for k, (i, r, pilots) in enumerate(batch):
        opened = baseband.opened(decoded.bits[k]) if decoded.ok[k] else None
        header, data = opened if opened else (None, np.zeros(0, dtype=np.uint8))
        made[i] = Frame(
            of.name, pilots, opened is not None, data, header, int(decoded.corrected[k]),
            int(decoded.iterations[k]), r.esn0_db, r.frequency, r.phase, float(located[i].start),
        )  # fmt: skip
    return made
