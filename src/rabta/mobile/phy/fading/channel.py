"""Channels over time: coefficients of taps, their response over frequency, and samples through them.

`response` draws coefficients of many links at given times, `on_grid` turns them into the channel of each
subcarrier, `apply` sends samples through one link. A draw is a function of seed, link, tap and antennas
alone: links and times may be asked for in any parts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.mobile.phy.fading import correlation as antennas
from rabta.mobile.phy.fading.motion import LENGTH, Track, between
from rabta.mobile.phy.fading.profiles import Profile, profile, with_k
from rabta.radio.itu import check_range
from rabta.radio.ntn import field
from rabta.radio.ntn.profiles import DIRECT_SHARE

Array = NDArray[np.float64]
Coefficients = NDArray[np.complex64]

RECOMMENDATION = "3GPP TR 38.901, clause 7.7"
STREAM, RAY_STREAM = 21, 22
WAVES = 32
DOPPLER_HZ = (0.0, 1e6)
PERIOD = 64  # coefficients a period of the largest Doppler, for samples


def response(
    taps: str | Profile,
    times_s: ArrayLike,
    *,
    delay_spread_s: float | None = None,
    doppler_hz: float = 0.0,
    shift_hz: float = 0.0,
    k_db: float | None = None,
    receive: int = 1,
    transmit: int = 1,
    correlation: str | ArrayLike = "low",
    ray: str | ArrayLike = "plane",
    uplink: bool = False,
    links: int | ArrayLike = 1,
    seed: int = 0,
    waves: int = WAVES,
) -> tuple[Array, Coefficients]:
    """Delays, shape (tap,), and coefficients, shape (link, time, tap, receive, transmit), of a profile.

    Parameters
    ----------
    taps : str or Profile
        See `rabta.mobile.phy.fading.profiles`. Cluster lines get level lines of vertical antennas, half a
        wavelength apart, and move along the x axis; `clusters.response` takes any panels.
    times_s : array_like, shape (time,)
    delay_spread_s : float, optional
        100 ns where none is given; profiles with fixed delays take only their own.
    doppler_hz : float
        Largest Doppler of the terminal's motion: the classical spectrum, the direct ray at 0.7 of it.
    shift_hz : float
        Common to all taps, such as a satellite's residual.
    k_db : float, optional
        Another K-factor (clause 7.7.6) for a profile with a direct ray.
    correlation : str or array_like
        Between antennas, of all scattered taps: a level of `correlation.LEVELS` or a matrix in its order.
    ray : str or array_like, shape (receive, transmit)
        The direct ray between antennas: ``plane``, the same at all; ``static``, of full rank as in
        conformance tests; or a matrix, such as of panels that face each other.
    uplink : bool
        The terminal transmits: it has the terminal's share of a named correlation.
    links : int or array_like of int
        How many, or which.
    waves : int
        Waves of a tap: their directions are spread evenly, at random within their sectors, so that the
        correlation over draws is J0 for any number; the power's kurtosis lacks 1 / waves.

    Returns
    -------
    tuple of ndarray
        The first two delays are the same where the profile has a direct ray. Mean power of all taps is 1.

    Notes
    -----
    TR 38.901, clauses 7.7.2, 7.7.3, 7.7.5.2 and 7.7.6. Sum of waves with random directions and phases after
    Clarke; sectors as in Xiao, Zheng and Beaulieu (IEEE Trans. Wireless Commun. 5, 2006).

    Examples
    --------
    >>> delays, h = response("TDL-C", [0.0, 1e-3], delay_spread_s=300e-9, doppler_hz=70.0, receive=2, links=5)
    >>> h.shape, round(float(delays[-1]) * 1e6, 3)
    ((5, 2, 24, 2, 1), 2.596)
    """
    given = profile(taps) if isinstance(taps, str) else taps
    if given.clusters is not None:
        return _clustered(given, times_s, delay_spread_s, doppler_hz, shift_hz, k_db, receive, transmit,
                          correlation, links, seed)  # fmt: skip
    given = given if k_db is None else with_k(given, k_db)
    times = _times(times_s)
    check_range("doppler_hz", doppler_hz, *DOPPLER_HZ, RECOMMENDATION)
    check_range("shift_hz", shift_hz, -1e8, 1e8, RECOMMENDATION)
    antennas.check_sizes(receive, transmit)
    delays = given.delays_s(delay_spread_s)
    which = link_numbers(links)
    half = antennas.root(correlation, receive, transmit, uplink=uplink)
    h = _scattered(given, times, doppler_hz, which, seed, receive * transmit, _waves(waves))
    if half is not None:
        h = np.matmul(h, half.T.astype(np.complex64))
    if given.direct:
        facing = antennas.ray_matrix(ray, receive, transmit).ravel().astype(np.complex64)
        h[:, :, 0] = _ray(given, times, doppler_hz, which, seed)[..., None] * facing
    if shift_hz != 0.0:
        h *= np.exp(2j * np.pi * np.mod(shift_hz * times, 1.0)).astype(np.complex64)[:, None, None]
    return delays, h.reshape(*h.shape[:3], receive, transmit)


def _clustered(
    given: Profile, times_s: ArrayLike, delay_spread_s: float | None, doppler_hz: float, shift_hz: float,
    k_db: float | None, receive: int, transmit: int, correlation: str | ArrayLike, links: int | ArrayLike,
    seed: int,
) -> tuple[Array, Coefficients]:  # fmt: skip
    from rabta.mobile.phy.fading import clusters
    from rabta.mobile.phy.fading.panels import Panel

    if not (isinstance(correlation, str) and correlation == "low"):
        raise RabtaError("antennas of a cluster line are correlated by its directions", key="correlation",
                         value=correlation, expected="low, or a tapped delay line")  # fmt: skip
    return clusters.response(
        given, times_s, delay_spread_s=delay_spread_s, doppler_hz=doppler_hz, shift_hz=shift_hz, k_db=k_db,
        receive=Panel(columns=receive), transmit=Panel(columns=transmit), links=links, seed=seed,
    )  # fmt: skip


def _times(times_s: ArrayLike) -> Array:
    times = np.ascontiguousarray(np.atleast_1d(np.asarray(times_s, dtype=np.float64)))
    if times.ndim != 1 or not np.isfinite(times).all():
        raise RabtaError("no times", key="times_s", value=f"shape {times.shape}", expected="finite, (time,)")
    return times


def _waves(waves: int) -> int:
    check_range("waves", waves, 4, 4096, "this model")
    return int(waves)


def link_numbers(links: int | ArrayLike) -> NDArray[np.int64]:
    """Numbers of links: of the first so many, or as given."""
    which = np.asarray(links)
    if which.dtype.kind not in "iu" or which.min(initial=0) < 0 or (which.ndim == 0 and which < 1):
        raise RabtaError("no links", key="links", value=links, expected="how many, or their numbers from 0")
    return np.arange(int(which)) if which.ndim == 0 else which.astype(np.int64).ravel()


def _scattered(
    given: Profile,
    times: Array,
    doppler_hz: float,
    which: NDArray[np.int64],
    seed: int,
    pairs: int,
    waves: int,
) -> Coefficients:
    """Independent scattered taps, shape (link, time, tap, pair); 0 for the direct ray."""
    from rabta.mobile.phy.fading import _kernels

    amplitude = np.sqrt(given.power)
    if given.direct:
        amplitude[0] = 0.0
    key = scatter_keys(seed, which, amplitude.size, pairs)
    still = times if doppler_hz > 0.0 else times[:1]
    out = np.empty((which.size, still.size, amplitude.size, pairs), dtype=np.complex64)
    jit.each_part(_kernels.scatter, which.size, key, amplitude, waves, doppler_hz, still, out)
    return out if still is times else np.repeat(out, times.size, axis=1)


def scatter_keys(seed: int, which: NDArray[np.int64], taps: int, pairs: int) -> NDArray[np.uint64]:
    """Keys of scattered taps, shape (link, tap * pair)."""
    names = field.keys(seed, STREAM, which[:, None, None], np.arange(taps)[:, None], np.arange(pairs))
    return np.ascontiguousarray(names.reshape(which.size, taps * pairs))


def _ray(
    given: Profile, times: Array, doppler_hz: float, which: NDArray[np.int64], seed: int
) -> Coefficients:
    """Direct ray, shape (link, time), at a random phase."""
    phase = field.uniform(field.keys(seed, RAY_STREAM, which), 0)[:, None]
    turns = np.mod(phase + DIRECT_SHARE * doppler_hz * times, 1.0)
    return np.asarray(np.sqrt(given.power[0]) * np.exp(2j * np.pi * turns), dtype=np.complex64)


def on_grid(delays_s: ArrayLike, coefficients: ArrayLike, frequencies_hz: ArrayLike) -> Coefficients:
    """Channel at frequencies, shape (link, time, frequency, receive, transmit).

    Parameters
    ----------
    delays_s : array_like, shape (tap,)
    coefficients : array_like, shape (link, time, tap, receive, transmit)
    frequencies_hz : array_like, shape (frequency,)
        From the carrier.

    Examples
    --------
    >>> delays, h = response("TDL-A", 0.0, links=3)
    >>> on_grid(delays, h, [0.0, 15e3]).shape
    (3, 1, 2, 1, 1)
    """
    delays = np.asarray(delays_s, dtype=np.float64)
    taps = np.asarray(coefficients, dtype=np.complex64)
    if taps.ndim != 5 or delays.shape != (taps.shape[2],):
        raise RabtaError(
            "delays and coefficients do not fit", key="coefficients", value=f"{delays.shape}, {taps.shape}",
            expected="(tap,) and (link, time, tap, receive, transmit)",
        )  # fmt: skip
    hertz = np.asarray(frequencies_hz, dtype=np.float64).ravel()
    turns = np.mod(np.multiply.outer(delays, hertz), 1.0)
    wave = np.exp(-2j * np.pi * turns).astype(np.complex64)
    links, times, count, receive, transmit = taps.shape
    if receive * transmit == 1:
        return np.asarray((taps.reshape(links * times, count) @ wave).reshape(links, times, -1, 1, 1))
    found = wave.T @ taps.reshape(links * times, count, receive * transmit)
    return np.asarray(found.reshape(links, times, hertz.size, receive, transmit))


def apply(
    samples: ArrayLike,
    sample_rate_hz: float,
    delays_s: ArrayLike,
    coefficients: ArrayLike,
    *,
    times_s: ArrayLike = 0.0,
    track: Track | None = None,
    sent_s: float = 0.0,
    received_s: float | None = None,
    count: int | None = None,
) -> NDArray[np.complexfloating]:
    """Samples of one link through taps that change, shape (receive, sample); (sample,) for one antenna each.

    Parameters
    ----------
    samples : array_like, shape (sample,) or (transmit, sample)
        The first is sent at ``sent_s``; before and after there is nothing.
    delays_s : array_like, shape (tap,)
    coefficients : array_like, shape (time, tap, receive, transmit) or (tap, receive, transmit)
        At ``times_s``, which are even and cover what is received; interpolated by cubics. At 64 times a
        period of the fastest Doppler they are met to -113 dB.
    track : Track, optional
        Delay common to all taps, with the turn of the carrier.
    sent_s, received_s : float
        Times of the first sample sent and received; the latter is the former where nothing is given.
    count : int, optional
        Samples received; as many as are sent where nothing is given.

    Raises
    ------
    RabtaError
        For shapes that do not fit, or coefficients or a track that do not cover the time.

    Notes
    -----
    Values between samples come from 32 around them: within 3e-5 where the signal fills at most 0.8 of the
    sample rate. Parts of a signal, each with 16 samples more at both ends than its delays need, give the
    same as the whole.
    """
    from rabta.mobile.phy.fading import _kernels

    given = np.atleast_2d(np.asarray(samples))
    delays, taps = np.ascontiguousarray(delays_s, dtype=np.float64), np.asarray(coefficients, np.complex128)
    taps = taps[None] if taps.ndim == 3 else taps
    _check_apply(given, sample_rate_hz, delays, taps)
    begin = sent_s if received_s is None else received_s
    check_range("sent_s, received_s", (sent_s, begin), -1e9, 1e9, "this model")
    size = given.shape[1] if count is None else count
    check_range("count", size, 1, 2**31, "this model")
    at, rate = _cover(_times(times_s), taps.shape[0], begin, begin + (size - 1) / sample_rate_hz)
    padded = np.pad(given.astype(np.complex128), ((0, 0), (LENGTH, LENGTH)))
    out = np.empty((taps.shape[2], size), dtype=np.complex128)
    shared = (
        np.ascontiguousarray(padded.real), np.ascontiguousarray(padded.imag), float(sample_rate_hz),
        float(begin), float(sent_s), delays, between(), np.ascontiguousarray(taps), at, rate,
    )  # fmt: skip
    if track is None:
        jit.each_part(_kernels.stay, size, *shared, out)
    else:
        moving = _moving(track, begin, begin + (size - 1) / sample_rate_hz)
        jit.each_part(_kernels.move, size, *shared, *moving, out)
    kept = out.astype(np.complex64) if given.dtype == np.complex64 else out
    return kept[0] if np.asarray(samples).ndim == 1 and kept.shape[0] == 1 else kept


def fade(
    samples: ArrayLike, sample_rate_hz: float, taps: str | Profile, *, doppler_hz: float = 0.0, link: int = 0,
    track: Track | None = None, sent_s: float = 0.0, received_s: float | None = None,
    count: int | None = None, **drawn: Any,
) -> NDArray[np.complexfloating]:  # fmt: skip
    """Samples of one link through a profile: `response` at the times that `apply` needs.

    Parameters
    ----------
    link : int
        Number of the link; parts of one signal have the same.
    track, sent_s, received_s, count
        As of `apply`.
    **drawn
        Of `response`: delay spread, K-factor, antennas, correlation, seed.

    Examples
    --------
    >>> sent = np.exp(0.1j * np.arange(2000))
    >>> whole = fade(sent, 1e6, "NTN-TDL-C", doppler_hz=30.0, seed=4)
    >>> late = fade(sent[900:], 1e6, "NTN-TDL-C", doppler_hz=30.0, seed=4, sent_s=9e-4)
    >>> bool(np.abs(late[100:] - whole[1000:]).max() < 1e-6)
    True
    """
    begin = sent_s if received_s is None else received_s
    size = np.atleast_2d(np.asarray(samples)).shape[1] if count is None else count
    check_range("sample_rate_hz", sample_rate_hz, 1.0, 1e12, "this model")
    check_range("doppler_hz", doppler_hz, *DOPPLER_HZ, RECOMMENDATION)
    times = np.zeros(1)
    if doppler_hz > 0.0:
        rate = PERIOD * doppler_hz
        last = np.ceil((begin + size / sample_rate_hz) * rate)
        times = np.arange(np.floor(begin * rate) - 1.0, last + 3.0) / rate
    delays, h = response(taps, times, doppler_hz=doppler_hz, links=[link], **drawn)
    return apply(samples, sample_rate_hz, delays, h[0], times_s=times, track=track, sent_s=sent_s,
                 received_s=received_s, count=count)  # fmt: skip


def _check_apply(
    given: NDArray[np.complexfloating], rate_hz: float, delays: Array, taps: NDArray[np.complex128]
) -> None:
    check_range("sample_rate_hz", rate_hz, 1.0, 1e12, "this model")
    check_range("delays_s", delays, -10.0, 10.0, "this model")
    if taps.ndim != 4 or delays.shape != (taps.shape[1],) or given.shape != (taps.shape[3], given.shape[-1]):
        raise RabtaError(
            "samples, delays and coefficients do not fit", key="samples, delays_s, coefficients",
            value=f"{given.shape}, {delays.shape}, {taps.shape}",
            expected="(transmit, sample), (tap,), (time, tap, receive, transmit) of one link",
        )  # fmt: skip


def _cover(times: Array, count: int, first: float, last: float) -> tuple[float, float]:
    """Start and rate of the coefficients' times, which are even and cover the samples."""
    if times.size != count or count in (2, 3):
        raise RabtaError("times and coefficients do not fit", key="times_s", value=times.size,
                         expected=f"{count} times: one, or four and more")  # fmt: skip
    if count == 1:
        return float(times[0]), 0.0
    step = float(times[-1] - times[0]) / (count - 1)
    if step <= 0.0 or np.abs(np.diff(times) - step).max() > 1e-6 * step:
        raise RabtaError("coefficients at uneven times", key="times_s", value="uneven", expected="even times")
    slack = 1e-6 * step
    check_range("time of samples", (first, last), times[0] - slack, times[-1] + slack, "the coefficients")
    return float(times[0]), 1.0 / step


def _moving(track: Track, first: float, last: float) -> tuple[Array, Array, float]:
    low, high = float(track.knots_s[0]), float(track.knots_s[-1])
    check_range("time of samples", (first, last), low - 1e-9, high + 1e-9, "the track")
    return np.ascontiguousarray(track.knots_s), np.ascontiguousarray(track.pieces), float(track.carrier_hz)
