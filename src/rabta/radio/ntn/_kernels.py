"""Compiled kernels: large-scale links to many satellites, and fading of many links."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
BLOCK = 512
TURN = 2.0 * math.pi
DECIBEL = math.log(10.0) / 20.0  # of an amplitude


@inline
def _uniform(key: np.uint64, number: int) -> float:
    """`rabta.radio.ntn.field.uniform`."""
    z = key + np.uint64(number + 1) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


@inline
def _cosine(turns: float) -> float:
    """Cosine of a number of turns, to 7e-10: a polynomial, which the compiler makes into vectors."""
    x = turns - math.floor(turns + 0.5)
    y = (0.25 - abs(x)) * TURN
    z = y * y
    series = (1.6059043836821613e-10 * z - 2.5052108385441720e-8) * z + 2.7557319223985893e-6
    series = (series * z - 1.9841269841269841e-4) * z + 8.3333333333333333e-3
    return y * ((series * z - 1.6666666666666667e-1) * z + 1.0)


@inline
def _normal(key: np.uint64, number: int) -> float:
    """`rabta.radio.ntn.field.normal`."""
    radius = math.sqrt(-2.0 * math.log(_uniform(key, 2 * number)))
    return radius * _cosine(_uniform(key, 2 * number + 1))


@kernel("void(f8[::1], f8[::1], f8[::1], f8[::1], f8[:,::1], f8[::1], i8)")
def _add_waves(x: F8, y: F8, z: F8, inverse: F8, wave: F8, out: F8, count: int) -> None:
    """Field of one stream at ``count`` places, `rabta.radio.ntn.field.evaluate`."""
    for i in range(count):
        out[i] = 0.0
    for w in range(wave.shape[0]):
        a, b, c, phase = wave[w, 0], wave[w, 1], wave[w, 2], wave[w, 3]
        for i in range(count):
            out[i] += _cosine((a * x[i] + b * y[i] + c * z[i]) * inverse[i] + phase)
    scale = math.sqrt(2.0 / wave.shape[0])
    for i in range(count):
        out[i] *= scale


@kernel(
    "void(i8, i8, f4[:,::1], f4[:,::1], i8[::1], i8[::1], f8[:,::1], f8[:,::1], f8[:,::1], f8[:,:,::1], "
    "f8[:,::1], f8[::1], u8[:,::1], f8[:,:,:,::1], f8, f8, f8[::1], f8[::1], b1[:,::1], f4[:,::1], f4[:,::1])"
)
def large_scale(
    first: int,
    last: int,
    elevation: F4,
    distance: F4,
    scenario: I8,
    number: I8,
    place: F8,
    limit: F8,
    clutter: F8,
    sigma: F8,
    correlation: F8,
    los_correlation: F8,
    key: U8,
    wave: F8,
    constant: float,
    zenith_gas: float,
    flicker: F8,
    ionosphere: F8,
    los: NDArray[np.bool_],
    shadow: F4,
    loss: F4,
) -> None:
    """`rabta.radio.ntn.largescale.draw_reference`, for the blocks from ``first`` to ``last``.

    A block is up to 512 places of one satellite; blocks are counted satellite by satellite.
    """
    there = np.empty((4, BLOCK))
    state, fade = np.empty(BLOCK), np.empty(BLOCK)
    blocks = (scenario.size + BLOCK - 1) // BLOCK
    for task in range(first, last):
        s, start = task // blocks, task % blocks * BLOCK
        count = min(BLOCK, scenario.size - start)
        if wave.shape[2] > 0:
            for i in range(count):
                for axis in range(3):
                    there[axis, i] = place[start + i, axis]
                there[3, i] = 1.0 / los_correlation[scenario[start + i]]
            _add_waves(there[0], there[1], there[2], there[3], wave[s, 0], state, count)
        else:
            for i in range(count):
                state[i] = _normal(key[s, 0], number[start + i])
        for i in range(count):
            g = start + i
            seen = float(elevation[s, g])
            row = math.floor(seen / 10.0 + 0.5) - 1 if seen >= 10.0 else -1
            clear = row >= 0 and state[i] < limit[scenario[g], row]
            los[s, g] = clear
            there[3, i] = 1.0 / correlation[scenario[g], 1 if clear else 0]
        if wave.shape[2] > 0:
            _add_waves(there[0], there[1], there[2], there[3], wave[s, 1], fade, count)
        else:
            for i in range(count):
                fade[i] = _normal(key[s, 1], number[start + i])
        for i in range(count):
            g = start + i
            seen = float(elevation[s, g])
            if not seen >= 10.0:
                shadow[s, g] = np.nan
                loss[s, g] = np.nan
                continue
            row = math.floor(seen / 10.0 + 0.5) - 1
            clear = los[s, g]
            shadow[s, g] = sigma[scenario[g], 1 if clear else 0, row] * fade[i]
            total = constant + 20.0 * math.log10(float(distance[s, g]) * 1e3)
            total += zenith_gas / math.sin(seen * TURN / 360.0) + flicker[row] + ionosphere[g]
            if not clear:
                total += clutter[scenario[g], row]
            loss[s, g] = total + shadow[s, g]


@inline
def _shuffle(key: np.uint64, number: int, order: I8, first: int, last: int) -> None:
    """Fisher and Yates over ``order[first:last]``, `rabta.radio.ntn.fading.coupling`."""
    for j in range(last - 1, first, -1):
        i = first + int(_uniform(key, number + j) * (j - first + 1))
        order[i], order[j] = order[j], order[i]


@kernel("void(i8, i8, f8[:,::1], i8[::1], f8[:,::1], f8[:,:,:,::1], f8[:,::1])")
def fields_at(first: int, last: int, place: F8, stream: I8, correlation: F8, wave: F8, out: F8) -> None:
    """`rabta.radio.ntn.field.evaluate` for every link and parameter; each satellite has its own waves."""
    scale = math.sqrt(2.0 / wave.shape[2])
    for i in range(first, last):
        for p in range(out.shape[1]):
            x, y, z = (
                place[i, 0] / correlation[i, p],
                place[i, 1] / correlation[i, p],
                place[i, 2] / correlation[i, p],
            )
            total = 0.0
            for w in range(wave.shape[2]):
                a = wave[stream[i], p, w]
                total += _cosine(a[0] * x + a[1] * y + a[2] * z + a[3])
            out[i, p] = scale * total


@kernel(
    "void(i8, i8, u8[::1], b1[::1], f8[:,::1], f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f8[::1], "
    "i8[:,::1], c16[::1], c16[::1], f4[:,::1], c8[:,:,::1])"
)
def fade(
    first: int,
    last: int,
    key: U8,
    los: NDArray[np.bool_],
    table: F8,
    spread: F8,
    angle: F8,
    velocity: F8,
    doppler: F8,
    times: F8,
    offset: F8,
    group: I8,
    receive: NDArray[np.complex128],
    transmit: NDArray[np.complex128],
    delay: F4,
    out: NDArray[np.complex64],
) -> None:
    """`rabta.radio.ntn.fading.fade_reference`: TR 38.901, clause 7.5, steps 5 to 11, of every link.

    ``spread`` holds K in dB, delay spread, ASA and ZSA; ``angle`` the direction to the satellite in degrees
    (azimuth, zenith), the phase of the direct ray in turns and the two scale factors of angles; ``velocity``
    is in wavelengths a second; ``table`` holds what `fading` names.
    """
    late, power, strength = np.empty(8), np.empty(8), np.empty(8)
    order, taps = np.empty(offset.size, np.int64), np.empty(offset.size, np.int64)
    rays = offset.size
    r0, r1, t0, t1 = receive[0], receive[1], transmit[0], transmit[1]
    for i in range(first, last):
        k, decay, clusters = spread[i, 0], table[i, 0], int(table[i, 1])
        narrow = 1.0
        if los[i]:  # equation (7.5-3)
            narrow = max(0.7705 - 0.0433 * k + 0.0002 * k * k + 0.000017 * k * k * k, 0.05)
        for n in range(clusters):
            late[n] = -decay * spread[i, 1] * math.log(_uniform(key[i], 256 * n))
        late[:clusters].sort()
        earliest, total = late[0], 0.0
        for n in range(clusters):
            late[n] -= earliest
            shadow = table[i, 4] * _normal(key[i], 128 * n + 1)
            power[n] = math.exp(-late[n] * (decay - 1.0) / (decay * spread[i, 1])) * 10.0 ** (-shadow / 10.0)
            total += power[n]
        top, second, best = 0, -1, 0.0
        for n in range(clusters):
            power[n] /= total
            if power[n] > power[top]:
                top = n
        for n in range(clusters):  # 25 dB under the strongest: gone
            if power[n] < power[top] * 10.0**-2.5:
                power[n] = 0.0
            if n != top and (second < 0 or power[n] > power[second]):
                second = n
        share = 10.0 ** (k / 10.0) / (10.0 ** (k / 10.0) + 1.0) if los[i] else 0.0
        for n in range(clusters):
            strength[n] = (1.0 - share) * power[n] + (share if n == 0 else 0.0)
            best = max(best, strength[n])
        wide, tall = angle[i, 3], angle[i, 4]
        if los[i]:
            wide *= 1.1035 - 0.028 * k - 0.002 * k * k + 0.0001 * k * k * k
            tall *= 1.3086 + 0.0339 * k - 0.0077 * k * k + 0.0002 * k * k * k
        aim_a, aim_z = 0.0, 0.0
        for tap in range(delay.shape[1]):
            delay[i, tap] = 0.0
            for t in range(times.size):
                out[i, tap, t] = 0.0
        next_tap = 7
        for n in range(clusters):
            base = 128 * n
            ratio = math.log(max(strength[n] / best, 1e-6))
            left = 1.0 if _uniform(key[i], 2 * (base + 2)) < 0.5 else -1.0
            down = 1.0 if _uniform(key[i], 2 * (base + 2) + 1) < 0.5 else -1.0
            azimuth = left * 2.0 * (spread[i, 2] / 1.4) * math.sqrt(-ratio) / wide
            azimuth += spread[i, 2] / 7.0 * _normal(key[i], base + 3)
            zenith = down * -spread[i, 3] * ratio / tall
            zenith += spread[i, 3] / 7.0 * _normal(key[i], base + 4)
            if n == 0 and los[i]:
                aim_a, aim_z = azimuth, zenith
            azimuth += angle[i, 0] - aim_a
            zenith += angle[i, 1] - aim_z
            split = n in (top, second)
            home = 1 if n == top else 4
            for m in range(rays):
                order[m] = m
                taps[m] = home + group[1, m] if split else next_tap
            if split:  # step 8: rays are coupled within the parts that step 11 sets apart
                for m in range(rays):
                    order[m] = group[2, m]
                for part in range(3):
                    _shuffle(key[i], 2 * (base + 80), order, group[0, part], group[0, part + 1])
                    delay[i, home + part] = late[n] / narrow + 1.28e-9 * part * table[i, 5]
            else:
                _shuffle(key[i], 2 * (base + 80), order, 0, rays)
                delay[i, next_tap] = late[n] / narrow
                next_tap += 1
            if power[n] == 0.0:
                continue
            gain = math.sqrt((1.0 - share) * power[n] / rays)
            for m in range(rays):
                own = group[2, m] if split else m
                a = (azimuth + table[i, 6] * offset[own]) / 360.0
                z = (zenith + table[i, 7] * offset[order[m]]) / 360.0
                flat = abs(_cosine(z - 0.25))
                hertz = velocity[i, 0] * flat * _cosine(a) + velocity[i, 1] * flat * _cosine(a - 0.25)
                hertz += velocity[i, 2] * _cosine(z) + doppler[i]
                cross = math.exp(-DECIBEL * (table[i, 2] + table[i, 3] * _normal(key[i], base + 8 + m)))
                u = 2 * (base + 32 + 2 * m)
                p0, p1 = _uniform(key[i], u), _uniform(key[i], u + 1)
                p2, p3 = _uniform(key[i], u + 2), _uniform(key[i], u + 3)
                e0 = complex(_cosine(p0), _cosine(p0 - 0.25))
                e1 = complex(_cosine(p1), _cosine(p1 - 0.25)) * cross
                e2 = complex(_cosine(p2), _cosine(p2 - 0.25)) * cross
                e3 = complex(_cosine(p3), _cosine(p3 - 0.25))
                ray = gain * (r0 * (e0 * t0 + e1 * t1) + r1 * (e2 * t0 + e3 * t1))
                tap = taps[own]
                for t in range(times.size):
                    turn = hertz * times[t]
                    out[i, tap, t] += np.complex64(ray * complex(_cosine(turn), _cosine(turn - 0.25)))
        if los[i]:
            a, z = angle[i, 0] / 360.0, angle[i, 1] / 360.0
            flat = abs(_cosine(z - 0.25))
            hertz = velocity[i, 0] * flat * _cosine(a) + velocity[i, 1] * flat * _cosine(a - 0.25)
            hertz += velocity[i, 2] * _cosine(z) + doppler[i]
            direct = math.sqrt(share) * (r0 * t0 - r1 * t1)
            for t in range(times.size):
                turn = hertz * times[t] + angle[i, 2]
                out[i, 0, t] = np.complex64(direct * complex(_cosine(turn), _cosine(turn - 0.25)))
