"""A file over a pass, end to end: bursts of samples along it, adapted by the receiver's own reports.

Bursts are sent every few seconds with the exact geometry of their moment; without a gap between them the pass
is simulated as a whole. What is lost is sent again as soon as its report is back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem import pieces, sigmf
from rabta.mobile.modem.budget import Budget, Rain
from rabta.mobile.modem.channel import Channel, Receiver
from rabta.mobile.modem.framing import Field, Framing, Heard, Hint
from rabta.mobile.modem.passes import Pass
from rabta.radio.adaptation.loop import Policy, follow, loop_delay_s
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Samples = NDArray[np.complex64]

EARLY = 256
"""Samples that are recorded before a burst arrives."""
UNHEARD_DB = -40.0
FULL_SCALE = 0.2  # root mean square of integer samples at the strongest moment: 14 dB below full scale
PROBES = 1 << 20  # numbers of the recordings from which reports come
HOPS = 4  # of the adaptation's loop: through the satellite and the gateway, there and back


@dataclass(frozen=True)
class Setup:
    """What is simulated.

    Attributes
    ----------
    framing : Framing
    over : Pass
    budget : Budget
    rain : Rain
    receiver : Receiver
    every_s : float
        Time between the beginnings of bursts; 0 for none between a burst's end and the next.
    frames : int
        Frames a burst.
    margin_db, hysteresis_db : float
        Of the adaptation: `rabta.radio.adaptation.loop.Policy`.
    modcod : str, optional
        One for all bursts instead of adaptation.
    known : bool
        The receiver knows the satellite's orbit and expects its Doppler shift; else it searches all of it.
    orbit_error_s : float
        Along its orbit the satellite is so much behind what the receiver knows.
    datatype : str
        Samples are stored so before they are received.
    """

    framing: Framing
    over: Pass
    budget: Budget
    rain: Rain = field(default_factory=Rain)
    receiver: Receiver = field(default_factory=Receiver)
    every_s: float = 5.0
    frames: int = 19
    margin_db: float = 1.0
    hysteresis_db: float = 0.5
    modcod: str | None = None
    known: bool = True
    orbit_error_s: float = 0.05
    datatype: str = "ci16_le"

    def __post_init__(self) -> None:
        check_range("every_s", self.every_s, 0.0, 600.0, "a simulation")
        check_range("orbit_error_s", self.orbit_error_s, -5.0, 5.0, "a receiver's knowledge")
        if not 1 <= self.frames <= 10_000:
            raise RabtaError("no such burst", key="frames", value=self.frames, expected="1 to 10,000 frames")
        if self.modcod is not None:
            self.framing.need_db(self.modcod)


@dataclass(frozen=True)
class Burst:
    """One burst and what became of it.

    Attributes
    ----------
    second, elevation_deg, range_km, doppler_hz, rate_hz_s : float
        From the beginning of the pass; where the satellite was; Doppler shift and its rate.
    sky_db, es_n0_db, heard_db : float
        Attenuation of the sky, Es/N0 of the budget, and as the receiver estimates it (NaN: nothing heard).
    modcod : str
    above : bool
        The Es/N0 is above what the modcod needs (`Framing.need_db`) and the margin.
    frames, good, wrong : int
        Sent; decoded with their checks right; of these such whose bytes differ from what was sent.
    bits, seconds : float
        Bits of good frames, and the burst's duration.
    shift_hz : float
        Mean error of the receiver's estimate of the frequency.
    """

    second: float
    elevation_deg: float
    range_km: float
    doppler_hz: float
    rate_hz_s: float
    sky_db: float
    es_n0_db: float
    heard_db: float
    modcod: str
    above: bool
    frames: int
    good: int
    wrong: int
    bits: float
    seconds: float
    shift_hz: float


@dataclass(frozen=True)
class Outcome:
    """A pass.

    Attributes
    ----------
    bursts : list of Burst
    file : Whole, optional
        What arrived of the file.
    rounds : int
        How often the file arrived completely.
    loop_s : float
        Delay of the adaptation's loop.
    """

    bursts: list[Burst]
    file: pieces.Whole | None
    rounds: int
    loop_s: float

    def summary(self) -> dict[str, Any]:
        """Sums over the pass."""
        rows = self.bursts
        above = [b for b in rows if b.above]
        seconds = sum(b.seconds for b in rows)
        return {
            "bursts": len(rows),
            "frames": sum(b.frames for b in rows),
            "decoded": sum(b.good for b in rows),
            "wrong": sum(b.wrong for b in rows),
            "frames_above": sum(b.frames for b in above),
            "decoded_above": sum(b.good for b in above),
            "frames_below": sum(b.frames for b in rows if not b.above),
            "decoded_below": sum(b.good for b in rows if not b.above),
            "simulated_s": seconds,
            "mean_mbps": sum(b.bits for b in rows) / seconds / 1e6 if seconds else 0.0,
            "modcods": len({b.modcod for b in rows}),
            "loop_s": self.loop_s,
            "file_complete": None if self.file is None else self.rounds > 0 or self.file.complete,
        }

    def records(self) -> list[dict[str, Any]]:
        """Bursts as plain data."""
        return [asdict(b) for b in self.bursts]


class _Sender:
    """What is still to be sent of a file; of no file, endless noise."""

    def __init__(self, data: bytes | None, seed: int) -> None:
        self.data, self.rng = data, np.random.default_rng([seed, 77])
        self.arrived = np.zeros(0 if data is None else len(data), dtype=bool)
        self.rounds, self.got = 0, False

    def fields(self, framing: Framing, modcod: str, count: int) -> list[Field]:
        """Fields of a burst: first what is missing longest."""
        capacity = framing.capacity(modcod)
        if self.data is None:
            return [(modcod, self.rng.bytes(capacity)) for _ in range(count)]
        open_ = ~self.arrived
        out: list[Field] = []
        at = 0
        for _ in range(count):
            rest = np.flatnonzero(open_[at:])
            at = at + int(rest[0]) if rest.size else 0
            out.append((modcod, pieces.seal(self.data, at, capacity)))
            at = min(at + capacity - pieces.OVERHEAD, len(self.data))
            at = 0 if at == len(self.data) else at
        return out

    def acknowledge(self, heard: list[Heard]) -> int:
        """Take note of what arrived; wrong bytes in frames whose checks held."""
        wrong = 0
        if self.data is None:
            return 0
        for frame in heard:
            piece = pieces.unseal(frame.data) if frame.ok else None
            if piece is None:
                wrong += int(frame.ok)
                continue
            wrong += int(self.data[piece.offset : piece.offset + len(piece.data)] != piece.data)
            self.arrived[piece.offset : piece.offset + len(piece.data)] = True
        self.got |= bool(self.arrived.any())
        if self.arrived.all():
            self.rounds, self.arrived = self.rounds + 1, np.zeros_like(self.arrived)
        return wrong

    def whole(self) -> pieces.Whole | None:
        """The file as far as it arrived in this round."""
        if self.data is None:
            return None
        if self.rounds:
            return pieces.Whole(self.data, [])
        edges = np.flatnonzero(np.diff(np.concatenate([[False], ~self.arrived, [False]]).astype(np.int8)))
        gaps = [(int(a), int(b - a)) for a, b in edges.reshape(-1, 2)]
        kept = np.where(self.arrived, np.frombuffer(self.data, np.uint8), 0).astype(np.uint8)
        return pieces.Whole(kept.tobytes(), gaps)


def run(
    setup: Setup, data: bytes | None = None, progress: Callable[[int, int], None] | None = None
) -> Outcome:
    """Simulate a pass.

    Parameters
    ----------
    data : bytes, optional
        A file; noise if left out.
    progress : callable, optional
        Told after each burst how many seconds of how many are done.
    """
    es_n0, sky = setup.budget.along(setup.over, setup.rain)
    framing, over = setup.framing, setup.over
    channel = Channel(
        over, setup.budget.carrier_hz, framing.sample_rate, framing.bandwidth_hz, es_n0, setup.receiver,
        framing.power,
    )  # fmt: skip
    longest = max(framing.frame_s(str(name)) for name in framing.waveform.names) * setup.frames
    end = max(over.span_s - longest, 1e-9)
    loop = float(loop_delay_s(over.range_m.max() / 1e3, hops=HOPS))
    sender, reports, out = _Sender(data, setup.receiver.seed), [], []
    start, number = 0.0, 0
    while start < end:
        modcod = setup.modcod
        if modcod is None:
            reports.append(_report(setup, channel, start - loop, number))
            modcod = _chosen(framing, reports, setup)
        out.append(_burst(setup, channel, sender, modcod, start, number, sky))
        start, number = start + (setup.every_s or out[-1].seconds), number + 1
        if progress is not None:
            progress(min(round(start), round(end)), round(end))
    return Outcome(out, sender.whole(), sender.rounds, loop)


def _report(setup: Setup, channel: Channel, start: float, number: int) -> float:
    """Es/N0 that the receiver measured when the report left that is now back: on a frame of its own."""
    framing = setup.framing
    first = str(framing.waveform.names[0])
    sent = np.concatenate(list(framing.send([(first, b"")])))
    start = max(start, -0.5)
    heard = _heard(setup, channel, sent, start, PROBES + number)[0]
    level = [h.es_n0_db for h in heard if h.modcod]
    return float(np.median(level)) if level else UNHEARD_DB


def _chosen(framing: Framing, reports: list[float], setup: Setup) -> str:
    """Modcod by the reports so far, the last one of which has just come."""
    step = setup.every_s or 1.0
    rule = Policy(setup.margin_db, setup.hysteresis_db, 0.0, step)
    found = follow(np.array(reports)[:, None], framing.waveform, step, rule)
    return str(framing.waveform.names[max(int(found.used[-1, 0]), 0)])


def _heard(
    setup: Setup, channel: Channel, sent: Samples, start: float, number: int
) -> tuple[list[Heard], float, int]:
    """Frames that are heard of what is sent at a time; when recording began, and its samples."""
    heard, received = channel.record(sent, sent_s=start, early=EARLY, late=EARLY, burst=number)
    samples = stored(heard, channel, setup.datatype)
    known = hint(setup, channel, received)
    frames = list(setup.framing.hear(lambda a, n: samples[a : a + n], len(samples), known))
    return frames, received, len(samples)


def _burst(
    setup: Setup, channel: Channel, sender: _Sender, modcod: str, start: float, number: int, sky: Array
) -> Burst:
    framing = setup.framing
    fields = sender.fields(framing, modcod, setup.frames)
    sent = np.concatenate(list(framing.send(fields)))
    heard, received, count = _heard(setup, channel, sent, start, number)
    good = [h for h in heard if h.ok]
    wrong = sender.acknowledge(heard) + (_different(good, fields) if sender.data is None else 0)
    middle = received + count / 2.0 / framing.sample_rate
    when = np.array([received + h.start / framing.sample_rate for h in heard])
    off = [h.frequency_hz for h in heard] - channel.track.shift_hz(
        np.clip(when, *channel.track.knots_s[[0, -1]])
    )
    level = [h.es_n0_db for h in heard if h.modcod]
    elevation, _, length = channel.over.at(middle)
    es_n0 = float(channel.snr_db(np.array([middle]))[0])
    return Burst(
        second=start, elevation_deg=float(elevation), range_km=float(length) / 1e3,
        doppler_hz=float(channel.track.shift_hz(middle)), rate_hz_s=float(channel.track.rate_hz_s(middle)),
        sky_db=float(np.interp(middle, channel.over.times_s, sky)), es_n0_db=es_n0,
        heard_db=float(np.median(level)) if level else float("nan"), modcod=modcod,
        above=es_n0 >= framing.need_db(modcod) + setup.margin_db, frames=len(fields), good=len(good),
        wrong=wrong, bits=8.0 * sum(len(h.data) for h in good), seconds=len(sent) / framing.sample_rate,
        shift_hz=float(np.mean(off)) if len(heard) else float("nan"),
    )  # fmt: skip


def _different(good: list[Heard], fields: list[Field]) -> int:
    """Good frames that are none of those sent."""
    known = {data for _, data in fields}
    return sum(h.data not in known for h in good)


def stored(samples: Samples, channel: Channel, datatype: str) -> Samples:
    """Samples as a receiver's converter leaves them, at the level of `scale`."""
    kind = sigmf.kind(datatype)
    values, _ = kind.stored(samples * scale(channel, datatype))
    return kind.read(values.tobytes())


def scale(channel: Channel, datatype: str) -> np.float32:
    """Level that puts the strongest moment of a pass at its place below full scale."""
    if sigmf.kind(datatype).dtype.kind == "f":
        return np.float32(1.0)
    strongest = 10.0 ** (float(channel.es_n0_db.max()) / 10.0) * channel.bandwidth_hz / channel.sample_rate
    return np.float32(FULL_SCALE / np.sqrt(1.0 + strongest))


def hint(setup: Setup, channel: Channel, received_s: float) -> Hint:
    """What the receiver expects: the Doppler shift of the orbit that it knows, or nothing."""
    carrier = channel.carrier_hz
    crystal = abs(setup.receiver.clock_ppm) * 1e-6 * carrier
    track = channel.over.track(carrier)
    if not setup.known:
        greatest = float(np.abs(track.shift_hz(track.knots_s)).max())
        return Hint(None, 1.1 * greatest + crystal + 1e3, carrier)

    def expected(sample: float) -> tuple[float, float]:
        at = received_s + sample / channel.sample_rate + setup.orbit_error_s
        at = float(np.clip(at, track.knots_s[0], track.knots_s[-1]))
        return float(track.shift_hz(at)), float(track.rate_hz_s(at))

    return Hint(expected, crystal + 5e3 + abs(setup.orbit_error_s) * 2e-6 * carrier, carrier)
