"""Tracking: a delay lock loop and a phase lock loop that follow one satellite's code and carrier.

Loops: third-order phase lock and first-order delay lock aided by the carrier, as in Kaplan and Hegarty,
Understanding GPS/GNSS, 3rd ed., section 8.6 (table 8.9 for the filter's coefficients).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.baseband import _kernels, codes
from rabta.pnt.baseband.codes import Signal
from rabta.pnt.baseband.generate import density
from rabta.pnt.baseband.samples import Complex, baseband
from rabta.pnt.baseband.window import slots
from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]
Phasors = NDArray[np.complex128]

COMPANION = {"B1CP": "B1CD", "B2AP": "B2AD"}
"""Data components a quarter turn behind a pilot: they are summed with its loops."""


@dataclass(frozen=True)
class Loops:
    """Settings of a channel.

    Attributes
    ----------
    phase_hz, delay_hz : float
        Noise bandwidths; left at 0, 10 Hz (18 Hz for codes of 1 ms) and 1 Hz.
    spacing_chips : float
        Early and late replicas from the prompt one; left at 0, 0.15 with a subcarrier, else 0.3.
    settle_s : float
        While the loops settle, the delay's bandwidth is four times as wide and frequency is locked too.
    """

    phase_hz: float = 0.0
    delay_hz: float = 1.0
    spacing_chips: float = 0.0
    settle_s: float = 0.1


@dataclass(frozen=True)
class Track:
    """What a channel gives each code period.

    Attributes
    ----------
    start_s : ndarray, shape (period,)
        When the period begins, in the receiver's time after the first sample: the code phase.
    carrier_cycles : ndarray, shape (period,)
        Carrier phase then, from the first period on.
    doppler_hz : ndarray, shape (period,)
    prompt : ndarray of complex128, shape (period,)
        In units of noise: its noise has unit power. Of a pilot, the secondary code is off once it is known.
    data : ndarray of complex128, shape (period,)
        Prompts of the data component, turned so that symbols are real; empty where there is none.
    cn0_dbhz : ndarray, shape (period,)
        Of the component, over the last half second.
    phase_lock : ndarray, shape (period,)
        Mean cosine of twice the phase error over that time: 1 for none, 0 for no lock.
    overlay : ndarray of int64, shape (period,)
        Chip of the secondary code in this period, -1 while it is not known.
    side_peak : bool
        Whether the loop sits on a side peak of a subcarrier.
    """

    signal: str
    prn: int
    start_s: Array
    carrier_cycles: Array
    doppler_hz: Array
    prompt: Phasors
    data: Phasors
    cn0_dbhz: Array
    phase_lock: Array
    overlay: NDArray[np.int64]
    side_peak: bool

    @property
    def locked(self) -> bool:
        """Whether code and carrier are followed at the end."""
        return bool(self.cn0_dbhz[-1] > 25.0 and self.phase_lock[-1] > 0.4 and not self.side_peak)

    def code_minus_carrier_m(self) -> Array:
        """Range by the code less range by the carrier, without its mean: noise, multipath and ionosphere."""
        signal = codes.find(self.signal)
        periods = np.arange(self.start_s.size) * signal.period_s
        code = (self.start_s - periods) * LIGHT_M_S
        carrier = -self.carrier_cycles / signal.carrier_hz * LIGHT_M_S
        difference: Array = code - carrier
        return np.asarray(difference - difference.mean())


@dataclass
class _State:
    """Where the loops are: sample at which the period begins, carrier phase there, and the filters."""

    position: float
    phase: float
    velocity: float
    acceleration: float = 0.0
    carrier: float = 0.0
    noise: float = 1.0
    power: float = 0.0
    twice: complex = 0.0j
    last: complex = 0.0j
    known: int = -1
    polarity: float = 1.0
    early_sum: float = 0.0
    prompt_sum: float = 0.0
    seen: list[complex] = field(default_factory=list)


def run(
    values: ArrayLike,
    rate_hz: float,
    signal: str,
    prn: int,
    *,
    doppler_hz: float,
    delay_s: float,
    if_hz: float = 0.0,
    loops: Loops | None = None,
) -> Track:
    """Follow a satellite that a search has found, to the end of the samples.

    Parameters
    ----------
    values : array_like, shape (sample,)
    doppler_hz, delay_s : float
        As `acquire.search` gives them.

    Raises
    ------
    RabtaError
        Where less than two code periods are left.
    """
    samples, rate = baseband(values, rate_hz, if_hz)
    what = codes.find(signal)
    channel = _Channel(samples, rate, what, prn, loops or Loops())
    periods = int(
        (samples.size / rate - delay_s) / what.period_s * (1.0 + doppler_hz / what.carrier_hz) - 1e-6
    )
    if periods < 2 or delay_s < 0.0:
        raise RabtaError(
            "too few samples to follow a code", key="delay_s", value=delay_s,
            expected=f"two periods of {what.period_s} s before {samples.size / rate:.6f} s",
        )  # fmt: skip
    return channel.follow(doppler_hz, delay_s, periods)


class _Channel:
    """Replicas and settings of one satellite, and the steps of its loops."""

    def __init__(self, samples: Complex, rate: float, signal: Signal, prn: int, loops: Loops) -> None:
        self.samples, self.rate, self.signal, self.prn, self.loops = samples, rate, signal, prn, loops
        self.table = slots(signal, prn)
        self.per_chip = self.table.size / signal.length
        self.spacing = loops.spacing_chips or (0.15 if signal.boc else 0.3)
        far = signal.length / 3.0
        self.taps = -self.per_chip * np.array([-self.spacing, 0.0, self.spacing, -0.5, 0.5, far])
        self.overlay = codes.secondary(signal.name, prn).astype(np.float64)
        companion = COMPANION.get(signal.name)
        self.data_table = slots(codes.find(companion), prn) if companion else None
        bandwidth = loops.phase_hz or min(18.0, 0.1 / signal.period_s)
        self.w = bandwidth / 0.7845  # noise bandwidth of a third-order loop

    def follow(self, doppler: float, delay: float, periods: int) -> Track:
        """Run the loops over whole code periods."""
        state = _State(delay * self.rate, 0.0, doppler)
        # noise power of a sum over one period, spectrum weighted as the code weights it
        count = self.rate * self.signal.period_s
        state.noise = density(self.samples, self.rate, self.signal.name, self.prn) * self.rate * count
        rows = np.zeros((periods, 6))
        prompts, data = np.zeros(periods, complex), np.zeros(periods, complex)
        known = np.full(periods, -1, dtype=np.int64)
        done = 0
        for k in range(periods):
            rows[k, :3] = state.position / self.rate, state.carrier, state.velocity
            sums, extra = self._sums(state)
            if sums is None:
                break
            prompts[k], data[k] = self._update(state, sums, extra, k)
            rows[k, 3:5] = self._quality(state, k)
            known[k] = (state.known - 1) % self.overlay.size if state.known >= 0 else -1
            done = k + 1
        if self.data_table is None:
            data = data[:0]
        return self._track(rows[:done], prompts[:done], data[:done], known[:done], state)

    def _track(
        self, rows: Array, prompts: Phasors, data: Phasors, known: NDArray[np.int64], s: _State
    ) -> Track:
        self._back(prompts, known, s)
        side = self.signal.boc and s.early_sum > s.prompt_sum
        return Track(
            self.signal.name, self.prn, rows[:, 0], rows[:, 1], rows[:, 2], prompts,
            data * s.polarity if s.known >= 0 else data, rows[:, 3], rows[:, 4], known, bool(side),
        )  # fmt: skip

    def _back(self, prompts: Phasors, known: NDArray[np.int64], state: _State) -> None:
        """Take the secondary code off the periods before it was known."""
        if state.known < 0:
            return
        first = int(np.argmax(known >= 0))
        index = (known[first] - np.arange(first, 0, -1)) % self.overlay.size
        prompts[:first] *= self.overlay[index] * state.polarity
        known[:first] = index

    def _sums(self, s: _State) -> tuple[Phasors | None, complex]:
        """Sums of this period at all taps, and the data component's; none where the samples end."""
        scale = 1.0 + s.velocity / self.signal.carrier_hz
        length = self.signal.period_s / scale * self.rate
        first, last = int(np.ceil(s.position - 1e-9)), int(np.ceil(s.position + length - 1e-9))
        if last > self.samples.size:
            return None, 0.0j
        step = self.table.size / length
        run = (np.array([first]), np.array([last - first]))
        phase = np.array([s.phase + (first - s.position) * s.velocity / self.rate])
        start = np.array([(first - s.position) * step])
        out = np.empty((1, self.taps.size), dtype=np.complex128)
        turn = s.velocity / self.rate
        _kernels.correlate(self.samples, *run, phase, turn, self.table, start, step, self.taps, out)
        extra = 0.0j
        if self.data_table is not None:
            one = np.empty((1, 1), dtype=np.complex128)
            _kernels.correlate(
                self.samples, *run, phase, turn, self.data_table, start, step, np.zeros(1), one
            )
            extra = complex(one[0, 0])
        return out[0], extra

    def _update(self, s: _State, sums: Phasors, extra: complex, k: int) -> tuple[complex, complex]:
        """Discriminators and loop filters; the prompt and data sums in units of noise."""
        t = self.signal.period_s
        sign = self._secondary(s, complex(sums[1]))
        prompt = complex(sums[1]) * sign
        error = self._phase_error(s, prompt)
        settling = k * t < self.loops.settle_s
        if k == 0:  # the loop begins where the carrier is
            s.phase += error
            turned = np.exp(-2j * np.pi * error)
            prompt, extra, error = prompt * turned, extra * turned, 0.0
        elif settling:
            twice = (prompt * s.last.conjugate()) ** 2
            s.velocity += 0.1 * float(np.angle(twice)) / (4.0 * np.pi * t)
        s.last = prompt
        w = self.w
        s.acceleration += t * w**3 * error
        s.velocity += t * (s.acceleration + 1.1 * w**2 * error)
        moved = t / (1.0 + s.velocity / self.signal.carrier_hz) * (s.velocity + 2.4 * w * error)
        s.phase += moved
        s.carrier += moved
        self._advance(s, sums, settling)
        scale = s.noise**-0.5
        return prompt * scale, 1j * extra * scale  # the pilot leads by a quarter turn

    def _advance(self, s: _State, sums: Phasors, settling: bool) -> None:
        """Move to the next period by the carrier's Doppler and the delay lock loop."""
        t, size = self.signal.period_s, np.abs(sums)
        slope = 1.0 / 3.0 if self.signal.boc else 1.0
        gap = (slope - self.spacing) if self.signal.boc else (1.0 - self.spacing)
        error = gap * (size[0] - size[2]) / max(size[0] + size[2], 1e-30)  # chips; early larger: we are late
        gain = min(0.5, 4.0 * self.loops.delay_hz * t * (4.0 if settling else 1.0))
        scale = 1.0 + s.velocity / self.signal.carrier_hz
        s.position += (t / scale - gain * error / self.signal.chip_hz) * self.rate
        s.noise += t / (1.0 + t) * (float(size[5]) ** 2 - s.noise)
        s.early_sum += float(max(size[3], size[4]))
        s.prompt_sum += float(size[1])

    def _phase_error(self, s: _State, prompt: complex) -> float:
        """Phase error in cycles: of four quadrants where the sign is known, else of two."""
        if self.signal.pilot and s.known >= 0:
            return float(np.arctan2(prompt.imag, prompt.real)) / (2.0 * np.pi)
        return float(np.arctan(prompt.imag / prompt.real)) / (2.0 * np.pi) if prompt.real != 0.0 else 0.25

    def _secondary(self, s: _State, prompt: complex) -> float:
        """Sign of the secondary code's chip in this period; looks for the code while it is not known."""
        if not self.signal.pilot:
            return 1.0
        if s.known < 0:
            s.seen.append(prompt)
            found = find_overlay(np.array(s.seen), self.overlay)
            if found is None:
                return 1.0
            s.known, s.polarity = found
            return float(self.overlay[(s.known - 1) % self.overlay.size] * s.polarity)
        s.known = (s.known + 1) % self.overlay.size
        return float(self.overlay[(s.known - 1) % self.overlay.size] * s.polarity)

    def _quality(self, s: _State, k: int) -> tuple[float, float]:
        """C/N0 and phase lock of the last half second."""
        span = min(k + 1, max(1, round(0.5 / self.signal.period_s)))
        size = abs(s.last) ** 2
        s.power += (size - s.power) / span
        s.twice += (s.last**2 - s.twice) / span
        ratio = max(s.power / s.noise - 1.0, 1e-3)
        return 10.0 * np.log10(ratio / self.signal.period_s), float(s.twice.real / max(s.power, 1e-30))


LEAST = 48
"""Periods after which a secondary code is looked for."""


def find_overlay(prompts: Phasors, overlay: Array) -> tuple[int, float] | None:
    """Chip of a secondary code that follows the last prompt, and its polarity; none if no place fits.

    Four fifths of the prompts' sum must agree: of 48 random signs that happens at one of 1,800 places with a
    probability of 1e-5.
    """
    if overlay.size == 1 or prompts.size < LEAST or prompts.size % 8:
        return None
    real = prompts[-min(prompts.size, 2 * LEAST) :].real
    ring = np.concatenate([overlay, overlay, overlay[:1]])
    span = min(real.size, overlay.size)
    real = real[-span:]
    windows = np.lib.stride_tricks.sliding_window_view(ring, span)[: overlay.size]
    match = windows @ real
    best = int(np.argmax(np.abs(match)))
    if abs(match[best]) < 0.8 * np.abs(real).sum():
        return None
    return (best + span) % overlay.size, float(np.sign(match[best]))
