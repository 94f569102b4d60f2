"""The kernels of this package in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.phy.fading.motion import LENGTH, PHASES, Track, between
from rabta.radio.ntn import field

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


def scatter(
    key: NDArray[np.uint64], amplitude: Array, waves: int, doppler_hz: float, times_s: Array
) -> Complex:
    """Scattered taps, shape (link, time, tap, pair), of keys of shape (link, tap, pair)."""
    number = np.arange(waves)
    angle = 2.0 * np.pi * (number + field.uniform(key[..., None], 2 * number)) / waves
    phase = field.uniform(key[..., None], 2 * number + 1)
    turns = phase[..., None] + doppler_hz * np.cos(angle)[..., None] * times_s
    found = np.exp(2j * np.pi * turns).sum(axis=-2) / np.sqrt(waves)
    return np.asarray(np.moveaxis(found, -1, 1) * amplitude[:, None])


def move(
    samples: Complex, rate_hz: float, received_s: float, sent_s: float, delay_s: Array, taps: Complex,
    times_s: Array, track: Track | None, count: int,
) -> Complex:  # fmt: skip
    """Samples of shape (transmit, sample) through taps of shape (time, tap, receive, transmit)."""
    time = received_s + np.arange(count) / rate_hz
    common, turned = np.zeros(count), np.ones(count, dtype=np.complex128)
    if track is not None:
        common = track.delay_s(time)
        turned = np.exp(-2j * np.pi * track.carrier_hz * (common - track.pieces[3, 0]))
    out = np.zeros((taps.shape[2], count), dtype=np.complex128)
    gain = _between_times(taps, times_s, time)
    for tap, delay in enumerate(delay_s):
        place = (time - sent_s - common - delay) * rate_hz
        for transmit in range(taps.shape[3]):
            value = turned * _between_samples(samples[transmit], place)
            out += gain[:, tap, :, transmit].T * value
    return out


def _between_samples(samples: Complex, place: Array) -> Complex:
    padded = np.pad(samples, 2 * LENGTH)
    at = np.floor(place).astype(np.int64)
    phase = (place - at) * PHASES
    number = np.minimum(phase.astype(np.int64), PHASES - 1)
    share = (phase - number)[:, None]
    row = between()[number] * (1.0 - share) + between()[number + 1] * share
    first = np.clip(at - LENGTH // 2 + 1, -2 * LENGTH, samples.size + LENGTH) + 2 * LENGTH
    return np.asarray((row * padded[first[:, None] + np.arange(LENGTH)]).sum(axis=1))


def _between_times(taps: Complex, times_s: Array, time: Array) -> Complex:
    """Cubics through the four values around each time, shape (time, tap, receive, transmit)."""
    if taps.shape[0] == 1:
        return np.repeat(taps, time.size, axis=0)
    place = (time - times_s[0]) * (times_s.size - 1) / (times_s[-1] - times_s[0])
    first = np.clip(np.floor(place).astype(np.int64) - 1, 0, times_s.size - 4)
    x = place - first
    found = np.zeros((time.size, *taps.shape[1:]), dtype=np.complex128)
    for i in range(4):
        others = [j for j in range(4) if j != i]
        weight = np.prod([(x - j) / (i - j) for j in others], axis=0)
        found += weight[:, None, None, None] * taps[first + i]
    return found
