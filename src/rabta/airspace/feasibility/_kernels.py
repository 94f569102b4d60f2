"""Command links of small aircraft, compiled: what cells give at places, outage in closed form, its replay.

Channel: 3GPP TR 36.777 V15.0.0, tables B-1 to B-3, for users above 22.5 m (`rabta.radio.air.uav` is the
reference). `outage` and `replay` share nothing but geometry: the one integrates, the other draws.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rabta.jit import inline, kernel

# ruff: noqa: C901, PLR0912, PLR0915, NPY002 (kernels: long loops in one compiled function, its own draws)

DECIBEL = math.log(10.0) / 10.0
GONE = -400.0
# columns of `site`
X, Y, HEIGHT, AZIMUTH, TILT, URBAN, EIRP = range(7)
# columns of `top`
ROW, SEEN_DB, HIDDEN_DB, CHANCE, SEEN_SIGMA, HIDDEN_SIGMA, RATIO = range(7)
# `rule`
GHZ, NOISE_MW, NEED, K_FACTOR = range(4)
REACH_RURAL_M, REACH_URBAN_M = 10_000.0, 4_000.0
HORIZON = math.sqrt(2.0 * 4.0 / 3.0 * 6_371_000.0)
LEAST = 1e-7


@inline
def chance_seen(urban: Any, d: Any, log_h: Any, h: Any) -> Any:
    """Table B-1."""
    if urban:
        if h > 100.0:
            return 1.0
        p, near = 4300.0 * log_h - 3800.0, max(460.0 * log_h - 700.0, 18.0)
    else:
        if h > 40.0:
            return 1.0
        p, near = max(15021.0 * log_h - 16053.0, 1000.0), max(1350.8 * log_h - 1602.0, 18.0)
    if d <= near:
        return 1.0
    share = near / d
    return share + math.exp(-d / p) * (1.0 - share)


@inline
def loss_db(urban: Any, log_d: Any, log_h: Any, ghz: Any, seen: Any) -> Any:
    """Table B-2."""
    free = 20.0 * math.log10(40.0 * math.pi * ghz / 3.0)
    if urban:
        if seen:
            return 28.0 + 22.0 * log_d + 20.0 * math.log10(ghz)
        return -17.5 + (46.0 - 7.0 * log_h) * log_d + free
    clear = max(23.9 - 1.8 * log_h, 20.0) * log_d + free
    if seen:
        return clear
    return max(clear, -12.0 + (35.0 - 5.3 * log_h) * log_d + free)


@inline
def sigma_db(urban: Any, h: Any, seen: Any) -> Any:
    """Table B-3."""
    if not seen:
        return 6.0
    return 4.64 * math.exp(-0.0066 * h) if urban else 4.2 * math.exp(-0.0046 * h)


@inline
def below(z: Any) -> Any:
    """Standard normal distribution."""
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@kernel("void(f8[::1], f8, f8, f8, f8, f4[:,:,::1], f8[::1])")
def path(site: Any, x: Any, y: Any, h: Any, ghz: Any, pattern: Any, out: Any) -> None:
    """Of one site at one place: loss seen and hidden, chance, both deviations, gains of three sectors (8)."""
    dx, dy = x - site[X], y - site[Y]
    d = math.hypot(dx, dy)
    urban = site[URBAN] > 0.5
    reach = REACH_URBAN_M if urban else REACH_RURAL_M
    within = min(d, reach)
    log_h = math.log10(h)
    log_d = math.log10(max(math.hypot(within, h - site[HEIGHT]), 1.0))
    more = 20.0 * math.log10(d / within) if d > within else 0.0
    out[0] = loss_db(urban, log_d, log_h, ghz, True) + more
    out[1] = loss_db(urban, log_d, log_h, ghz, False) + more
    out[2] = chance_seen(urban, within, log_h, h)
    out[3] = sigma_db(urban, h, True)
    out[4] = sigma_db(urban, h, False)
    up = math.degrees(math.atan2(h - site[HEIGHT], max(d, 1e-3)))
    level = round(2.0 * (up + 90.0))
    bearing = math.degrees(math.atan2(dx, dy))
    for k in range(3):
        off = (bearing - site[AZIMUTH] - 120.0 * k + 540.0) % 360.0
        out[5 + k] = pattern[int(site[TILT]), level, round(off)]


@kernel("void(i8, i8, f8[:,::1], f8[:,::1], f8[:,::1], f4[:,:,::1], f8[::1], f8[:,:,::1], f8[:,::1])")
def gather(
    first: Any, last: Any, place: Any, site: Any, load: Any, pattern: Any, rule: Any, top: Any, rest: Any
) -> None:
    """Strongest sites at places (point, kept, 7), and mean power of all others by hour (point, hour), mW."""
    kept, hours = top.shape[1], rest.shape[1]
    held = np.zeros(8)
    mean = np.zeros(site.shape[0])
    rank = np.zeros(kept)
    for p in range(first, last):
        x, y, h = place[p, 0], place[p, 1], place[p, 2]
        top[p, :, :] = 0.0
        top[p, :, ROW] = -1.0
        rank[:] = -1.0
        for j in range(site.shape[0]):
            mean[j] = 0.0
            far = HORIZON * (math.sqrt(h) + math.sqrt(site[j, HEIGHT]))
            if math.hypot(x - site[j, X], y - site[j, Y]) > far:
                continue
            path(site[j], x, y, h, rule[GHZ], pattern, held)
            best = max(held[5], held[6], held[7])
            total = 0.0
            for k in range(3):
                total += math.exp(DECIBEL * held[5 + k])
            ratio = total / math.exp(DECIBEL * best)
            seen, hidden = site[j, EIRP] + best - held[0], site[j, EIRP] + best - held[1]
            c = held[2]
            a = math.exp(DECIBEL * seen + 0.5 * (DECIBEL * held[3]) ** 2)
            b = math.exp(DECIBEL * hidden + 0.5 * (DECIBEL * held[4]) ** 2)
            power = c * a + (1.0 - c) * b
            mean[j] = ratio * power
            if power <= rank[kept - 1]:
                continue
            at = kept - 1
            while at > 0 and rank[at - 1] < power:
                rank[at] = rank[at - 1]
                top[p, at, :] = top[p, at - 1, :]
                at -= 1
            rank[at] = power
            top[p, at, ROW], top[p, at, SEEN_DB], top[p, at, HIDDEN_DB] = j, seen, hidden
            top[p, at, CHANCE], top[p, at, SEEN_SIGMA], top[p, at, HIDDEN_SIGMA] = c, held[3], held[4]
            top[p, at, RATIO] = ratio
        for j in range(kept):
            if top[p, j, ROW] >= 0.0:
                mean[int(top[p, j, ROW])] = 0.0
        for t in range(hours):
            rest[p, t] = 0.0
        for j in range(site.shape[0]):
            if mean[j] > 0.0:
                for t in range(hours):
                    rest[p, t] += mean[j] * load[j, t]


@kernel(
    "void(i8, i8, f8[:,:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[:,::1], f8[:,:,::1], f8[::1], f8[:,::1])"
)
def outage(
    first: Any, last: Any, top: Any, rest: Any, load: Any, rule: Any, node: Any, fade: Any, spread: Any,
    out: Any,
) -> None:  # fmt: skip
    """Probability that SINR is below the need at places and hours; see `channel.outage` for the model.

    ``node`` (2, n): abscissas and weights of the normal distribution. ``fade`` (2, 2, m): power gains and
    weights, seen and hidden. ``spread`` (2,): their variances.
    """
    kept, hours = top.shape[1], out.shape[1]
    mean, square = np.zeros(kept), np.zeros(kept)
    for p in range(first, last):
        total = 0.0
        for t in range(hours):
            out[p, t] = 0.0
        for i in range(kept):
            if top[p, i, ROW] < 0.0:
                continue
            row = int(top[p, i, ROW])
            for state in range(2):
                share = top[p, i, CHANCE] if state == 0 else 1.0 - top[p, i, CHANCE]
                if share < LEAST:
                    continue
                for q in range(node.shape[1]):
                    x = top[p, i, SEEN_DB + state] + top[p, i, SEEN_SIGMA + state] * node[0, q]
                    weight = share * node[1, q]
                    for j in range(kept):
                        if j == i or top[p, j, ROW] < 0.0:
                            continue
                        whole = one = two = 0.0
                        for other in range(2):
                            c = top[p, j, CHANCE] if other == 0 else 1.0 - top[p, j, CHANCE]
                            if c < LEAST:
                                continue
                            m = DECIBEL * top[p, j, SEEN_DB + other]
                            s = DECIBEL * top[p, j, SEEN_SIGMA + other]
                            z = (DECIBEL * x - m) / s
                            whole += c * below(z)
                            one += c * math.exp(m + 0.5 * s * s) * below(z - s)
                            two += (
                                c * math.exp(2.0 * (m + s * s)) * below(z - 2.0 * s) * (1.0 + spread[other])
                            )
                        if whole < LEAST:
                            weight = 0.0
                            break
                        weight *= whole
                        if weight < LEAST * LEAST:
                            weight = 0.0
                            break
                        mean[j] = top[p, j, RATIO] * one / whole
                        square[j] = top[p, j, RATIO] ** 2 * two / whole
                    if weight < LEAST:
                        continue
                    total += weight
                    power = math.exp(DECIBEL * x)
                    for t in range(hours):
                        sum_, var = rest[p, t], 0.0
                        for j in range(kept):
                            if j == i or top[p, j, ROW] < 0.0:
                                continue
                            busy = load[int(top[p, j, ROW]), t]
                            sum_ += busy * mean[j]
                            var += busy * busy * (square[j] - mean[j] * mean[j])
                        own = load[row, t] * (top[p, i, RATIO] - 1.0)
                        wide = math.log(1.0 + var / (sum_ * sum_)) if sum_ > 0.0 else 0.0
                        middle = math.log(max(sum_, 1e-40)) - 0.5 * wide
                        lost = 0.0
                        for g in range(fade.shape[2]):
                            room = power * (fade[state, 0, g] / rule[NEED] - own) - rule[NOISE_MW]
                            if room <= 0.0:
                                lost += fade[state, 1, g]
                            elif wide > 1e-12:
                                lost += fade[state, 1, g] * below((middle - math.log(room)) / math.sqrt(wide))
                            elif room < sum_:
                                lost += fade[state, 1, g]
                        out[p, t] += weight * lost
        for t in range(hours):
            out[p, t] = out[p, t] / total if total > 0.0 else 1.0


@inline
def gain(k_factor: Any) -> Any:
    """Power of a Rician path of mean one; Rayleigh for a factor of zero."""
    a = math.sqrt(k_factor / (k_factor + 1.0)) + np.random.normal() * math.sqrt(0.5 / (k_factor + 1.0))
    b = np.random.normal() * math.sqrt(0.5 / (k_factor + 1.0))
    return a * a + b * b


@kernel(
    "void(i8, i8, f8[:,:,::1], i8[::1], i8[::1], f8[:,::1], f8[:,::1], f4[:,:,::1], f8[::1], f8, f8[:,::1],"
    " i8, f8[::1])"
)
def replay(
    first: Any, last: Any, way: Any, count: Any, hour: Any, site: Any, load: Any, pattern: Any, rule: Any,
    radius: Any, alike: Any, seed: Any, out: Any,
) -> None:  # fmt: skip
    """Fly drawn flights: share of each one's steps in which its SINR is below the need.

    Every site within a radius has its own line of sight and shadowing, each a Gaussian process along the
    track, and each of its sectors fading of its own at every step; those beyond count with their mean.
    ``alike`` (2, 3): metres over which sight, shadowing seen and hidden stay alike; rural, urban.
    """
    sites = site.shape[0]
    near = np.zeros(sites, np.int64)
    sight, seen_z, hidden_z = np.zeros(sites), np.zeros(sites), np.zeros(sites)
    held, level = np.zeros(8), np.zeros(3)
    for f in range(first, last):
        np.random.seed((seed * 1_000_003 + f) % 4_294_967_296)
        steps, t = count[f], hour[f]
        mx, my, h = way[f, steps // 2, 0], way[f, steps // 2, 1], way[f, 0, 2]
        found, beyond = 0, 0.0
        for j in range(sites):
            d = math.hypot(mx - site[j, X], my - site[j, Y])
            if d <= radius:
                near[found] = j
                sight[found], seen_z[found] = np.random.normal(), np.random.normal()
                hidden_z[found] = np.random.normal()
                found += 1
            elif d <= HORIZON * (math.sqrt(h) + math.sqrt(site[j, HEIGHT])):
                path(site[j], mx, my, h, rule[GHZ], pattern, held)
                for k in range(3):
                    power = site[j, EIRP] + held[5 + k]
                    beyond += load[j, t] * (
                        held[2] * math.exp(DECIBEL * (power - held[0]) + 0.5 * (DECIBEL * held[3]) ** 2)
                        + (1.0 - held[2])
                        * math.exp(DECIBEL * (power - held[1]) + 0.5 * (DECIBEL * held[4]) ** 2)
                    )
        lost = 0
        for n in range(steps):
            x, y = way[f, n, 0], way[f, n, 1]
            moved = math.hypot(x - way[f, n - 1, 0], y - way[f, n - 1, 1]) if n > 0 else 0.0
            serving, signal, faded, sum_ = GONE, 0.0, 0.0, 0.0
            for a in range(found):
                j = near[a]
                kind = 1 if site[j, URBAN] > 0.5 else 0
                if moved > 0.0:
                    r = math.exp(-moved / alike[kind, 0])
                    sight[a] = r * sight[a] + math.sqrt(1.0 - r * r) * np.random.normal()
                    r = math.exp(-moved / alike[kind, 1])
                    seen_z[a] = r * seen_z[a] + math.sqrt(1.0 - r * r) * np.random.normal()
                    r = math.exp(-moved / alike[kind, 2])
                    hidden_z[a] = r * hidden_z[a] + math.sqrt(1.0 - r * r) * np.random.normal()
                path(site[j], x, y, h, rule[GHZ], pattern, held)
                seen = below(sight[a]) < held[2]
                loss = held[0] + held[3] * seen_z[a] if seen else held[1] + held[4] * hidden_z[a]
                k_factor = rule[K_FACTOR] if seen else 0.0
                for k in range(3):
                    level[k] = site[j, EIRP] + held[5 + k] - loss
                    power = math.exp(DECIBEL * level[k]) * gain(k_factor)
                    if level[k] > serving:
                        sum_ += faded
                        serving, signal, faded = level[k], power, load[j, t] * power
                    else:
                        sum_ += load[j, t] * power
            if signal < rule[NEED] * (sum_ + beyond + rule[NOISE_MW]):
                lost += 1
        out[f] = lost / max(steps, 1)
