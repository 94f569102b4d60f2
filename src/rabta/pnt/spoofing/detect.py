"""Watch a receiver for lies: tests against each other and the past, one decision, alarms.

Every statistic is a normalised difference, standard normal where nothing is wrong; standard deviations are
the error budgets of positions and ranges.
A test is against the largest of its columns, so its threshold is that
of one column's false-alarm rate over their number (Bonferroni). Errors that are larger than budgeted, as in
streets, widen all columns of a test by what its own past shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.signals import LIGHT_M_S
from rabta.pnt.spoofing import satellites as single
from rabta.pnt.spoofing.looks import Look, looks
from rabta.pnt.spoofing.references import DOPPLER_M_S, clock, constant, whole_steps

Array = NDArray[np.float64]

STATES = ("clean", "suspicious", "spoofed", "jammed")
SUSPICIOUS = 0.8
"""Share of a threshold from which an epoch is suspicious."""
PAST_S = (30.0, 900.0)
"""Which past shows how large errors are: not the last seconds, which an attack may have changed."""
GAP_S = 300.0
MOVING_S = 10.0
"""Echoes change within half a wave's way, but a street's walls stay for some seconds of a drive."""
REDUNDANT = 2
"""Satellites more than unknowns that a system alone must have: fewer cannot show an echo."""


@dataclass(frozen=True)
class Options:
    """How to watch.

    Attributes
    ----------
    systems : str
    mask_deg : float
    static : bool
        The receiver does not move: its place is a test too, and so is a single satellite.
    false_alarm : float
        Probability that a test raises an alarm at an epoch where errors are as budgeted.
    hold_s : float
        An alarm's evidence must have lasted so long, or one epoch where epochs are further apart; of a moving
        receiver at least `MOVING_S`.
    agc_db : ndarray, shape (epoch,), optional
        Automatic gain of the front end.
    """

    systems: str = "GEC"
    mask_deg: float = 10.0
    static: bool = True
    false_alarm: float = 1e-7
    hold_s: float = 0.0
    agc_db: Array | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.false_alarm < 0.1:
            raise RabtaError(
                "no such false-alarm rate", key="false_alarm", value=self.false_alarm, expected="0 to 0.1"
            )
        if not self.hold_s >= 0.0:
            raise RabtaError("no such time", key="hold_s", value=self.hold_s, expected="0 s or more")


@dataclass(frozen=True)
class Test:
    """One test of all epochs.

    Attributes
    ----------
    name : str
        ``place``, ``clock``, ``systems``, ``bands``, ``velocity``, ``satellite``, ``code-phase``,
        ``jamming``, ``power``.
    value : ndarray, shape (epoch,)
        Largest normalised difference; NaN where the test could not be made.
    threshold : float
    worst : ndarray of str, shape (epoch,)
        What differs most: an axis, a pair of systems, a satellite.
    decides : bool
        Whether it raises alarms; else it makes epochs suspicious only.
    """

    name: str
    value: Array
    threshold: float
    worst: NDArray[np.str_]
    decides: bool = True


@dataclass(frozen=True)
class Alarm:
    """An alarm with its evidence at the epoch it is raised: each test, value, threshold, what differs."""

    time: int
    since: int
    state: str
    evidence: tuple[tuple[str, float, float, str], ...]


@dataclass(frozen=True)
class Watch:
    """What a watch found.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    state : ndarray of uint8, shape (epoch,)
        Index into `STATES`.
    alarms : tuple of Alarm
    tests : tuple of Test
    oscillator : str
        Class of the receiver's clock by its own past.
    notes : tuple of str
    """

    times: Instants
    state: NDArray[np.uint8]
    alarms: tuple[Alarm, ...]
    tests: tuple[Test, ...]
    oscillator: str = ""
    notes: tuple[str, ...] = field(default=())


def watch(obs: Observations, nav: Navigation, options: Options | None = None) -> Watch:
    """Watch observations, epoch by epoch, each against its past only.

    Raises
    ------
    RabtaError
        Where there is no position at all.
    """
    chosen = options or Options()
    seen = looks(obs, nav, chosen.systems, chosen.mask_deg)
    seconds = (obs.times - obs.times[0]) / NS
    told, kind, steps = _clock(seen[0], obs, seconds, chosen.static)
    columns: list[tuple[str, dict[str, Array], bool]] = [("clock", told, True)]
    if chosen.static:
        columns.append(("place", _places(seen, seconds), True))
    columns += [
        ("systems", _systems(seen, seconds), True),
        ("bands", _bands(seen, seconds), True),
        ("velocity", _velocity(seen[0], seconds), True),
        ("satellite", single.ranges(seen[0].solution, seconds), chosen.static),
        ("code-phase", single.phases(obs, seen[0].solution, seconds), True),
    ]
    strength = single.strength(seen[0].solution, seconds, chosen.agc_db)
    # without the gain, what a moving receiver loses to walls is no jammer
    sure = chosen.static or chosen.agc_db is not None
    columns += [("jamming", {"C/N0": np.maximum(-strength, 0.0)}, sure)]
    columns += [("power", {"C/N0": np.maximum(strength, 0.0)}, False)]
    tests = tuple(
        _test(name, parts, seconds, chosen.false_alarm, decides) for name, parts, decides in columns if parts
    )
    hold = chosen.hold_s if chosen.static else max(chosen.hold_s, MOVING_S)
    state, alarms = _decide(tests, obs.times, seconds, hold)
    notes = (f"{steps} whole-millisecond steps of the clock taken out",) if steps else ()
    return Watch(obs.times, state, alarms, tests, kind, notes)


def _clock(first: Look, obs: Observations, seconds: Array, static: bool) -> tuple[dict[str, Array], str, int]:
    """Clock against its past, anew after resets and long gaps."""
    letter = max(first.clocks_m, key=lambda s: int(np.isfinite(first.clocks_m[s]).sum()))
    values = first.clocks_m[letter]
    broken = (np.diff(seconds, prepend=seconds[0]) > GAP_S) | (obs.flags == 1)
    parts = np.split(np.arange(seconds.size), np.flatnonzero(broken[1:]) + 1)
    z, kind, steps = np.zeros(seconds.size), "", 0
    # in a street's echoes Doppler's errors are not as budgeted: there codes alone tell the clock
    rate = first.solution.clock_rate * (LIGHT_M_S if static else np.nan)
    spread = DOPPLER_M_S * np.maximum(first.solution.dop[:, 3], 1.0)
    for part in parts:
        found = clock(values[part], first.clock_sigma_m[part], seconds[part], rate[part], spread[part])
        z[part], steps = found.z, steps + found.steps
        kind = next((str(k) for k in found.oscillator[::-1] if k), kind)
    return {letter: z}, kind, steps


def _places(seen: list[Look], seconds: Array) -> dict[str, Array]:
    """Each look's place against its past."""
    out: dict[str, Array] = {}
    for look in seen:
        z = constant(look.enu_m, look.sigma_m, seconds)
        out |= {f"{look.name} {axis}": z[:, k] for k, axis in enumerate(("east", "north", "up"))}
    return out


def _between(one: Look, other: Look, seconds: Array) -> dict[str, Array]:
    """Places of two looks against each other, and what their past differences were."""
    sigma = np.hypot(one.sigma_m, other.sigma_m)
    z = constant(one.enu_m - other.enu_m, sigma, seconds)
    return {f"{one.name}-{other.name} {axis}": z[:, k] for k, axis in enumerate(("east", "north", "up"))}


def _redundant(look: Look) -> Look:
    """A look without the epochs of too few satellites."""
    few = look.solution.used < 4 + REDUNDANT
    return replace(look, enu_m=np.where(few[:, None], np.nan, look.enu_m))


def _systems(seen: list[Look], seconds: Array) -> dict[str, Array]:
    """Systems against each other: places, and clocks of the common solution."""
    out: dict[str, Array] = {}
    alone = [_redundant(look) for look in seen if len(look.name) == 1]
    for k, one in enumerate(alone):
        for other in alone[k + 1 :]:
            out |= _between(one, other, seconds)
    clocks = seen[0].clocks_m
    letters = list(clocks)
    for k, a in enumerate(letters):
        for b in letters[k + 1 :]:
            sigma = np.sqrt(2.0) * seen[0].clock_sigma_m[:, None]
            out[f"{a}-{b} clock"] = constant((clocks[a] - clocks[b])[:, None], sigma, seconds)[:, 0]
    return out


def _bands(seen: list[Look], seconds: Array) -> dict[str, Array]:
    """Lower band against upper."""
    lower = [look for look in seen if look.name == "lower"]
    if not lower:
        return {}
    out = _between(seen[0], lower[0], seconds)
    sigma = np.hypot(seen[0].clock_sigma_m, lower[0].clock_sigma_m)[:, None]
    for letter in set(seen[0].clocks_m) & set(lower[0].clocks_m):
        apart = seen[0].clocks_m[letter] - lower[0].clocks_m[letter]
        out[f"{letter} clock"] = constant(apart[:, None], sigma, seconds)[:, 0]
    return out


WINDOWS_S = (6.0, 20.0, 40.0)
RATE_M_S = 0.1
"""Standard deviation of what Doppler rates have in common over a window, metres a second."""


def _velocity(first: Look, seconds: Array) -> dict[str, Array]:
    """Change of place and clock against Doppler; epochs further apart than five seconds are left out."""
    found = first.solution
    speed = np.linalg.norm(found.velocity_m_s, axis=1)
    if not np.isfinite(speed).any():
        return {}
    change = np.diff(found.position_m, axis=0)
    letter = max(first.clocks_m, key=lambda s: int(np.isfinite(first.clocks_m[s]).sum()))
    straight, _ = whole_steps(first.clocks_m[letter], seconds)
    step = np.diff(seconds)
    mean = 0.5 * (found.velocity_m_s[1:] + found.velocity_m_s[:-1]) * step[:, None]
    drift = 0.5 * (found.clock_rate[1:] + found.clock_rate[:-1]) * LIGHT_M_S * step
    left = np.column_stack([change - mean, np.diff(straight) - drift])
    left[step > 5.0] = np.nan
    total = np.vstack([np.zeros(4), np.cumsum(np.nan_to_num(left), axis=0)])
    holes = np.concatenate([[0], np.cumsum(~np.isfinite(left).all(axis=1))])
    sigma = np.linalg.norm(first.sigma_m, axis=1)
    out: dict[str, Array] = {}
    for window in WINDOWS_S:
        before = np.searchsorted(seconds, seconds - window)
        fine = (holes == holes[before]) & (seconds - seconds[before] > 0.5 * window)
        noise = np.sqrt(sigma**2 + sigma[before] ** 2 + (RATE_M_S * window) ** 2)
        z = np.where(fine[:, None], (total - total[before]) / noise[:, None], 0.0)
        out[f"place over {window:.0f} s"] = np.abs(np.nan_to_num(z[:, :3])).max(axis=1)
        out[f"clock over {window:.0f} s"] = np.abs(np.nan_to_num(z[:, 3]))
    return out


def _test(name: str, parts: dict[str, Array], seconds: Array, false_alarm: float, decides: bool) -> Test:
    from scipy.stats import norm

    names = np.array(list(parts))
    table = np.abs(np.stack([np.nan_to_num(parts[part]) for part in parts], axis=1))
    worst = table.argmax(axis=1)
    value = table.max(axis=1)
    wide = _widening(value, seconds, float(norm.isf(0.5 / (20.0 * names.size))))
    return Test(name, value / wide, float(norm.isf(0.5 * false_alarm / names.size)), names[worst], decides)


def _widening(value: Array, seconds: Array, expected: float) -> Array:
    """How much larger than budgeted the past's values were: their 95 % quantile over the expected, >= 1."""
    out = np.ones(value.size)
    first = np.searchsorted(seconds, seconds - PAST_S[1])
    last = np.searchsorted(seconds, seconds - PAST_S[0])
    for k in range(value.size):
        if last[k] - first[k] >= 20:
            out[k] = max(1.0, float(np.quantile(value[first[k] : last[k]], 0.95)) / expected)
    return out


def _decide(
    tests: tuple[Test, ...], times: Instants, seconds: Array, hold_s: float
) -> tuple[NDArray[np.uint8], tuple[Alarm, ...]]:
    """States of epochs and alarms: one where a test's evidence has lasted."""
    state = np.zeros(seconds.size, dtype=np.uint8)
    since: dict[str, int] = {}
    alarms: list[Alarm] = []
    raised = False
    for k in range(seconds.size):
        step = seconds[k] - seconds[k - 1] if k else np.inf
        found, jammed = [], False
        for test in tests:
            ratio = test.value[k] / test.threshold
            if ratio > SUSPICIOUS:
                state[k] = max(state[k], 1)
            if ratio <= 1.0 or not test.decides:
                since.pop(test.name, None)
                continue
            begun = since.setdefault(test.name, k)
            if seconds[k] - seconds[begun] + min(step, hold_s) >= hold_s:
                found.append((test.name, float(test.value[k]), test.threshold, str(test.worst[k])))
                jammed |= test.name == "jamming"
        if found:
            state[k] = 3 if jammed and all(name in ("jamming", "satellite") for name, *_ in found) else 2
            if not raised:
                begun = min(since[name] for name, *_ in found)
                alarms.append(Alarm(int(times[k]), int(times[begun]), STATES[state[k]], tuple(found)))
        raised = bool(found)
    return state, tuple(alarms)
