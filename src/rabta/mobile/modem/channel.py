"""Samples over a pass: delay and Doppler, level, the receiver's clock and phase noise, noise; by blocks.

Blocks are of one size and every block draws from its own seed, so that what is heard depends neither on how
samples are handed over nor on where a recording is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem.passes import Pass
from rabta.mobile.phy.fading import channel as taps
from rabta.mobile.phy.fading.motion import LENGTH, Track
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Samples = NDArray[np.complex64]
Source = Callable[[int, int], Samples]
"""Samples from a place, so many."""

BLOCK = 1 << 16
MOST_PPM = 20.0
LINEWIDTH_HZ = (0.0, 1e4)


@dataclass(frozen=True)
class Receiver:
    """What the receiver's own parts do.

    Attributes
    ----------
    clock_ppm : float
        One crystal makes carrier and sample clock: both are too fast by so much (the carrier is then heard
        too low).
    linewidth_hz : float
        Of the oscillator: its phase wanders by a variance of 2 pi times this a second.
    fading : str, optional
        Profile of `rabta.mobile.phy.fading.profiles` around the terminal, as ``NTN-TDL-C``.
    delay_spread_s, doppler_hz : float
        Of that profile.
    seed : int
    """

    clock_ppm: float = 0.0
    linewidth_hz: float = 0.0
    fading: str | None = None
    delay_spread_s: float = 30e-9
    doppler_hz: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_range("clock_ppm", self.clock_ppm, -MOST_PPM, MOST_PPM, "a receiver")
        check_range("linewidth_hz", self.linewidth_hz, *LINEWIDTH_HZ, "a receiver")


@dataclass(frozen=True)
class Channel:
    """A pass as samples meet it.

    Attributes
    ----------
    over : Pass
    carrier_hz, sample_rate : float
    bandwidth_hz : float
        Over which the signal spreads its power: Es/N0 is the ratio of densities within it.
    es_n0_db : ndarray, shape (time,)
        At the times of the pass.
    receiver : Receiver
    power : float
        Mean power of the samples while something is sent.
    """

    over: Pass
    carrier_hz: float
    sample_rate: float
    bandwidth_hz: float
    es_n0_db: Array
    receiver: Receiver = field(default_factory=Receiver)
    power: float = 1.0

    def __post_init__(self) -> None:
        check_range("sample_rate", self.sample_rate, 1e3, 1e10, "a channel of samples")
        check_range("bandwidth_hz", self.bandwidth_hz, 1.0, self.sample_rate, "a signal within its samples")
        check_range("power", self.power, 1e-12, 1e12, "a signal")
        if self.es_n0_db.shape != self.over.times_s.shape:
            raise RabtaError(
                "Es/N0 does not fit the pass", key="es_n0_db", value=self.es_n0_db.shape,
                expected=str(self.over.times_s.shape),
            )  # fmt: skip

    @property
    def track(self) -> Track:
        """Delay by the receiver's clock; where that is fast, a delay that falls behind."""
        times, ppm = self.over.times_s, self.receiver.clock_ppm * 1e-6
        return Track.through(times, self.over.delay_s + ppm * times, self.carrier_hz)

    def snr_db(self, times_s: Array) -> Array:
        """Es/N0 at times of reception."""
        return np.interp(times_s, self.over.times_s, self.es_n0_db)

    def arrives(self, sent_s: float) -> float:
        """When what is sent at a time arrives: t - tau(t) = sent."""
        track, at = self.track, sent_s
        for _ in range(5):
            low, high = float(track.knots_s[0]), float(track.knots_s[-1])
            at = sent_s + float(track.delay_s(min(max(at, low), high)))
        return at

    def blocks(
        self, source: Source, total: int, *, sent_s: float, received_s: float, count: int, burst: int = 0
    ) -> Iterator[Samples]:
        """Received samples, block by block.

        The noise has variance 1 a sample; the signal is above it as Es/N0 says.

        Parameters
        ----------
        source : callable
            Of the samples sent, of which there are ``total``; the first one leaves at ``sent_s``.
        received_s : float
            When recording starts.
        count : int
            Samples to record.
        burst : int
            Number of the recording: others draw other noise.
        """
        track = self.track
        self._check_span(track, received_s, count)
        phase = 0.0
        for number, start in enumerate(range(0, count, BLOCK)):
            size = min(BLOCK, count - start)
            begin = received_s + start / self.sample_rate
            rng = np.random.default_rng([self.receiver.seed, burst, number])
            heard = self._carried(source, total, track, sent_s, begin, size)
            wander, phase = self._wander(rng, phase)
            noise = rng.standard_normal((BLOCK, 2)).view(np.complex128)[:size, 0] * np.sqrt(0.5)
            yield (heard * wander[:size] + noise).astype(np.complex64)

    def record(
        self, sent: Samples, *, sent_s: float, early: int = 0, late: int = 0, burst: int = 0
    ) -> tuple[Samples, float]:
        """What is heard of samples that are all at hand, and when the first one was heard.

        Parameters
        ----------
        early, late : int
            Samples recorded before the first and after the last one arrives.
        """
        received = self.arrives(sent_s) - early / self.sample_rate
        parts = self.blocks(
            lambda start, count: sent[start : start + count], len(sent), sent_s=sent_s,
            received_s=received, count=len(sent) + early + late, burst=burst,
        )  # fmt: skip
        return np.concatenate(list(parts)), received

    def _check_span(self, track: Track, received_s: float, count: int) -> None:
        low, high = float(track.knots_s[0]), float(track.knots_s[-1])
        last = received_s + count / self.sample_rate
        if count < 1 or not low <= received_s <= last <= high:
            raise RabtaError(
                "the recording leaves the pass", key="received_s, count",
                value=f"{received_s:.6g} to {last:.6g} s", expected=f"within {low:.6g} to {high:.6g} s",
            )  # fmt: skip

    def _carried(
        self, source: Source, total: int, track: Track, sent_s: float, begin: float, size: int
    ) -> NDArray[np.complex128]:
        """Samples of a block without the receiver's own faults."""
        rate = self.sample_rate
        ends = np.array([begin, min(begin + (size - 1) / rate, float(track.knots_s[-1]))])
        left = (ends - track.delay_s(ends) - sent_s) * rate
        spread = (
            0 if self.receiver.fading is None else int(np.ceil(40.0 * self.receiver.delay_spread_s * rate))
        )
        first = max(int(np.floor(left[0])) - LENGTH - spread, 0)
        last = min(int(np.ceil(left[1])) + LENGTH, total)
        if first >= last:
            return np.zeros(size, dtype=np.complex128)
        given = source(first, last - first).astype(np.complex128)
        out = self._through(given, track, sent_s + first / rate, begin, size)
        at = begin + np.arange(size) / rate
        ratio = 10.0 ** (self.snr_db(at) / 10.0) * self.bandwidth_hz / rate / self.power
        return np.asarray(out * np.sqrt(ratio))

    def _through(
        self, given: NDArray[np.complex128], track: Track, sent_s: float, begin: float, size: int
    ) -> NDArray[np.complex128]:
        """Samples through the delay, and the profile around the terminal where there is one."""
        own, rate = self.receiver, self.sample_rate
        if own.fading is None:
            one = np.ones((1, 1, 1))
            return np.asarray(
                taps.apply(given, rate, [0.0], one, track=track, sent_s=sent_s, received_s=begin, count=size),
                dtype=np.complex128,
            )
        return np.asarray(
            taps.fade(
                given, rate, own.fading, doppler_hz=own.doppler_hz, track=track, sent_s=sent_s,
                received_s=begin, count=size, delay_spread_s=own.delay_spread_s, seed=own.seed,
            ),
            dtype=np.complex128,
        )  # fmt: skip

    def _wander(self, rng: np.random.Generator, phase: float) -> tuple[NDArray[np.complex128], float]:
        """Phase noise of a block, and the phase at its end."""
        if self.receiver.linewidth_hz == 0.0:
            return np.ones(1, dtype=np.complex128).repeat(BLOCK), phase
        step = np.sqrt(2.0 * np.pi * self.receiver.linewidth_hz / self.sample_rate)
        angle = phase + step * np.cumsum(rng.standard_normal(BLOCK))
        return np.exp(1j * angle), float(angle[-1])
