"""Compiled P.528-5; `tests/contract/test_air_kernels.py` holds it to `rabta.radio.air.reference`.

Equation numbers are those of Annex 2. What depends on neither distance nor time is made once, by `site`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.radio.air._rays import MOST_LAYERS, absorb, bend, cubics, layers, lowest, slant
from rabta.radio.air._terms import combine, diffraction, long_term, ratio_at_99, reflection, short_term

Array = NDArray[np.float64]

EARTH, EFFECTIVE = 6371.0, 9257.0  # km
LIGHT = 0.2997925  # Gm/s: km MHz
N_S = 341.0
DISTANCE_KM = 1e-3
LINE_OF_SIGHT, DIFFRACTION, SCATTER = 1.0, 2.0, 3.0

# Rows of a terminal: height, horizon's distance, angle and ray, gases, central angle, effective height, rest.
HEIGHT, HORIZON, GRAZING, RAY, GAS, ANGLE, LIFTED, REST = range(8)
# Rows of a site.
D_ML, D_0, LOSS_0, LOSS_ML, PSI_LIMIT, SLOPE, START, CROSSING, CASE, K_EDGE, DOUBTFUL, WAVE = range(12)


@kernel("void(float64[:,::1], float64[:,::1], float64[:,::1], float64, float64[:,::1], float64[::1])")
def terminal(index: Array, gamma: Array, grid: Array, h: float, air: Array, out: Array) -> None:
    """Geometry of a terminal: section 4."""
    count = layers(index, gamma, grid, 0.0, h, air)
    out[HEIGHT] = h
    out[RAY], out[GAS] = slant(air, count, 1.0)
    bending, zenith = bend(air, count, 1.0)
    out[GRAZING] = math.pi / 2.0 - zenith
    out[HORIZON] = EARTH * (out[GRAZING] + bending)
    out[ANGLE] = out[HORIZON] / EFFECTIVE
    out[LIFTED] = EFFECTIVE / math.cos(out[ANGLE]) - EFFECTIVE
    out[REST] = h - out[LIFTED]


@kernel("UniTuple(float64, 8)(float64[:,::1], float64)")
def optics(ends: Array, psi: float) -> tuple[float, float, float, float, float, float, float, float]:
    """Rays over the reflecting point at a grazing angle: section 7.

    Distance, direct and reflected length, their difference, elevation at the low end, D1, D2, Earth radius.
    """
    cosine, tangent = math.cos(psi), math.tan(psi)
    earth = EARTH / (1.0 + (EARTH / EFFECTIVE - 1.0) * cosine)
    share = (earth - EARTH) / (EFFECTIVE - EARTH)
    h1, h2 = ends[0, HEIGHT] - ends[0, REST] * share, ends[1, HEIGHT] - ends[1, REST] * share
    z1, z2 = earth + h1, earth + h2
    t1, t2 = math.acos(earth * cosine / z1) - psi, math.acos(earth * cosine / z2) - psi
    d1, d2 = z1 * math.sin(t1), z2 * math.sin(t2)
    if psi <= 1.56:
        h1, h2 = d1 * tangent, d2 * tangent
    both = d1 + d2
    alpha = math.atan2(h2 - h1, both) if both > 0.0 else math.pi / 2.0
    direct = max(abs(z1 - z2), both / math.cos(alpha))
    reflected = both / cosine
    total = direct + reflected
    difference = 4.0 * h1 * h2 / total if total > 0.0 else 0.0
    return max(earth * (t1 + t2), 0.0), direct, reflected, difference, alpha - t1, d1, d2, earth


@kernel("float64(float64[:,::1], float64)")
def grazing_at(ends: Array, d: float) -> float:
    """Grazing angle of the path of a given distance, to within a metre of it.

    The tables of the Recommendation were made with this bisection and this tolerance; with the exact angle
    the absorption of rays that graze the air between two aircraft differs by up to 0.16 dB.
    """
    psi = math.pi / 2.0
    if d <= 0.0:
        return psi
    step = -math.pi / 4.0
    while True:
        psi += step
        found = optics(ends, psi)[0]
        step = abs(step) / 2.0 if found > d else -abs(step) / 2.0
        if abs(d - found) <= DISTANCE_KM or abs(step) <= 1e-12:
            return psi


@kernel("float64(float64[:,::1], float64)")
def grazing_of(ends: Array, difference: float) -> float:
    """Grazing angle at which the reflected ray is longer by a given amount: bisection, then secants."""
    low, high = 0.0, math.pi / 2.0
    below, above = -difference, 2.0 * ends[0, HEIGHT] - difference  # straight down, twice the height
    side = 0
    psi = 0.5 * high
    for i in range(200):
        error = optics(ends, psi)[3] - difference
        if abs(error) < 1e-10 * difference or high - low < 1e-15:
            return psi
        if error > 0.0:
            if side == 1:
                below *= 0.5
            high, above, side = psi, error, 1
        else:
            if side == -1:
                above *= 0.5
            low, below, side = psi, error, -1
        psi = 0.5 * (low + high) if i < 8 else (low * above - high * below) / (above - below)
    return psi


@kernel("UniTuple(float64, 6)(float64[:,::1], float64[::1], float64, float64, int64)")
def sight(
    ends: Array, place: Array, f: float, psi: float, vertical: int
) -> tuple[float, float, float, float, float, float]:
    """Loss of the line of sight against free space: section 8.

    Loss, reflection factor, distance, direct ray, difference of rays, elevation.
    """
    d, direct, reflected, difference, elevation, d1, d2, earth = optics(ends, psi)
    strength, phase = reflection(psi, f, vertical)
    spread, sine = 1.0, math.sin(psi)
    if math.tan(psi) < 0.1 and sine > 0.0:
        r = d1 * d2 / (math.cos(psi) * (d1 + d2))
        spread = 1.0 + 2.0 * r * (1.0 + sine * sine) / (earth * sine) + (2.0 * r / earth) ** 2
        spread = 1.0 / math.sqrt(spread)
    elif sine <= 0.0:
        spread = 0.0
    factor = strength * spread * (min(direct / reflected, 1.0) if reflected > 0.0 else 1.0)
    loss = 0.0
    if d > place[D_0]:
        rise = (place[LOSS_ML] - place[LOSS_0]) / (place[D_ML] - place[D_0])
        loss = (d - place[D_0]) * rise + place[LOSS_0]
    elif psi <= place[PSI_LIMIT]:
        lag = 2.0 * math.pi * difference / place[WAVE] + phase
        real, imaginary = 1.0 + factor * math.cos(lag), factor * math.sin(lag)
        power = min(real * real + imaginary * imaginary, 1.0)
        loss = 10.0 * math.log10(max(power, 1e-30))
    return loss, factor, d, direct, difference, elevation


@kernel("UniTuple(float64, 3)(float64[:,::1], float64, float64)")
def scatter(ends: Array, d: float, f: float) -> tuple[float, float, float]:
    """Troposcatter loss in dB, scattering angle, height of the common volume: section 11."""
    between = d - ends[0, HORIZON] - ends[1, HORIZON]
    if between <= 0.0:
        return 0.0, 0.0, 0.0
    z = 0.5 * between
    a_m = 1.0 / EARTH
    fall = a_m - 1.0 / EFFECTIVE
    scale = N_S * 1e-6 / fall
    q_o = a_m - fall
    q_a = a_m - fall * math.exp(-min(35.0, z * z / (8.0 * EFFECTIVE) / scale))
    q_b = a_m - fall * math.exp(-min(35.0, z * z / (2.0 * EFFECTIVE) / scale))
    q_2a = a_m - fall * math.exp(-min(35.0, (7.0 * q_o + 6.0 * q_a - q_b) * z * z / 96.0 / scale))
    q_2b = a_m - fall * math.exp(-min(35.0, (q_o + 2.0 * q_a) * z * z / 6.0 / scale))
    h = (q_o + 2.0 * q_2a) * z * z / 6.0
    theta = 2.0 * (q_o + 4.0 * q_2a + q_2b) * z / 6.0
    e1 = 5.67e-6 * N_S**2 - 0.00232 * N_S + 0.031
    e2 = 0.0002 * N_S**2 - 0.06 * N_S + 6.6
    gamma = 0.1424 * (1.0 + e1 * math.exp(-min(35.0, (h / 4.0) ** 6)))
    efficiency = 83.1 - e2 / (1.0 + 0.07716 * h * h)
    efficiency += 40.0 * math.log10(0.1424 / gamma) + 20.0 * gamma * h / math.log(10.0)
    r1, r2 = ends[0, LIFTED], ends[1, LIFTED]
    x1 = r1 * r1 + 4.0 * (EFFECTIVE + r1) * EFFECTIVE * math.sin(ends[0, ANGLE] / 2.0) ** 2
    x2 = r2 * r2 + 4.0 * (EFFECTIVE + r2) * EFFECTIVE * math.sin(ends[1, ANGLE] / 2.0) ** 2
    l1, l2 = math.sqrt(x1) + z, math.sqrt(x2) + z
    s, eta = (l1 - l2) / (l1 + l2), gamma * theta * (l1 + l2) / 2.0
    kappa = f / 0.0477
    p1, p2 = 2.0 * kappa * theta * r1, 2.0 * kappa * theta * r2
    v1, v2 = ((1.0 + s) ** 2 * eta) ** 2, ((1.0 - s) ** 2 * eta) ** 2
    pp1, pp2 = p1 * p1, p2 * p2
    q1, q2 = v1 + pp1, v2 + pp2
    b = 6.0 + 8.0 * s * s
    b += 8.0 * (1.0 - s) * v1 * pp1 / (q1 * q1) + 8.0 * (1.0 + s) * v2 * pp2 / (q2 * q2)
    b += 2.0 * (1.0 - s * s) * (1.0 + 2.0 * v1 / q1) * (1.0 + 2.0 * v2 / q2)
    root = math.sqrt(2.0)
    c = 12.0 * ((p1 + root) / p1) ** 2 * ((p2 + root) / p2) ** 2 * (p1 + p2) / (p1 + p2 + 2.0 * root)
    volume = ((1.0 - s * s) ** 2 * eta + b) * eta * q1 * q2 / (pp1 * pp2) + c
    loss = efficiency + 10.0 * math.log10(volume) + 10.0 * math.log10(kappa * theta**3 / (l1 + l2))
    return loss, theta, h


@kernel(
    "UniTuple(float64, 7)(float64[:,:,::1], float64[:,::1], float64[::1], float64[:,::1], float64[:,::1], "
    "float64[:,::1], float64[:,::1], float64[::1], float64[::1], int64, float64, float64, float64, int64)"
)
def seen(
    air: NDArray[np.float64],
    ends: Array,
    place: Array,
    index: Array,
    gamma: Array,
    grid: Array,
    curves: Array,
    ratios: Array,
    percents: Array,
    count: int,
    d: float,
    f: float,
    p: float,
    vertical: int,
) -> tuple[float, float, float, float, float, float, float]:
    """Line of sight: sections 6 and 13. Total, free space, gases, mode, elevation, K, distance."""
    psi = grazing_at(ends, d)
    loss, factor, _, direct, difference, elevation = sight(ends, place, f, psi, vertical)
    if elevation < 0.0:
        h = lowest(index, grid, ends[0, HEIGHT], math.cos(elevation))
        n = layers(index, gamma, grid, h, ends[0, HEIGHT], air[1])
        length, gas = slant(air[1], n, 1.0)
        n = layers(index, gamma, grid, h, ends[1, HEIGHT], air[1])
        rest = slant(air[1], n, 1.0)
        length, gas = length + rest[0], gas + rest[1]
    else:
        length, gas = slant(air[0], count, math.cos(elevation))
    free = 20.0 * math.log10(direct * f) + 32.45
    share = 1.0
    if elevation >= 1.0:
        share = 0.0
    elif elevation > 0.0:
        share = max(0.5 - math.atan(20.0 * math.log10(32.0 * elevation)) / math.pi, 0.0)
    value, median, limit = long_term(ends[0, HORIZON] + ends[1, HORIZON], d, f, p, share, loss)
    near = 0.1 if limit >= 9.0 else 1.0
    if 0.0 < limit < 9.0:
        near = (1.1 + 0.9 * math.cos(limit / 9.0 * math.pi)) / 2.0
    wave = place[WAVE]
    lobe = 1.0
    if difference <= wave / 6.0:
        lobe = 0.1
    elif difference < wave / 2.0:
        lobe = 0.5 * (1.1 - 0.9 * math.cos(3.0 * math.pi / wave * (difference - wave / 6.0)))
    rough = ratios[0]
    if length > 0.0:
        rough = ratio_at_99(curves, ratios, 10.0 * math.log10(f * length**3) - 84.26)
    power = (factor * lobe * near) ** 2 + 1e-4 + 10.0 ** (rough / 10.0)
    k = max(10.0 * math.log10(power), -40.0)
    fading = short_term(curves, ratios, percents, k, p)
    total = free + gas - loss - combine(value, median, fading, p)
    return total, free, gas, LINE_OF_SIGHT, elevation, k, 0.0


@kernel("void(float64[:,::1], float64[::1], float64, float64, float64)")
def cross(ends: Array, place: Array, f: float, slope: float, start: float) -> None:
    """Where troposcatter takes over from diffraction: step 6 of section 3."""
    d_ml, now, k = place[D_ML], 0.0, 0
    at_horizon = slope * d_ml + start
    place[SLOPE], place[START], place[CASE], place[DOUBTFUL] = slope, start, 0.0, 1.0
    for i in range(100):
        before, d = now, d_ml + 3.0 + i
        now = scatter(ends, d, f)[0]
        k += 1 if now >= 20.0 else 0
        if now < 20.0 or k <= 1 or now - before > slope:
            continue
        place[CROSSING], place[DOUBTFUL] = d, 0.0
        if before >= slope * (d - 1.0) + start:
            place[CASE] = 1.0
        else:
            place[CASE] = 2.0
            place[SLOPE] = (before - at_horizon) / (d - 1.0 - d_ml)
            place[START] = before - place[SLOPE] * (d - 1.0)
        return
    place[CROSSING] = d_ml + 102.0


@kernel("void(float64[:,::1], float64[::1])")
def settle(ends: Array, place: Array) -> None:
    """Move d_0 to a distance that `grazing_at` finds: metre by metre, inside the horizon."""
    d = place[D_0]
    while True:
        found = optics(ends, grazing_at(ends, d))[0]
        if found >= place[D_0] or d + DISTANCE_KM >= place[D_ML]:
            place[D_0] = found
            return
        d += DISTANCE_KM


@kernel("void(float64[:,::1], float64[::1], float64, int64)")
def site(ends: Array, place: Array, f: float, vertical: int) -> None:
    """What does not depend on distance: steps 2 and 3 of section 3, and d_0 of section 6."""
    d1, d2 = ends[0, HORIZON], ends[1, HORIZON]
    d_ml = d1 + d2
    place[D_ML], place[WAVE] = d_ml, LIGHT / f
    reach = (EFFECTIVE * EFFECTIVE / f) ** (1.0 / 3.0)
    d3, d4 = d_ml + 0.5 * reach, d_ml + 1.5 * reach
    a3, a4 = diffraction(d1, d2, d3, f, vertical), diffraction(d1, d2, d4, f, vertical)
    slope = (a4 - a3) / (d4 - d3)
    start = a4 - slope * d4
    place[LOSS_ML] = -(slope * d_ml + start)
    none = -start / slope
    place[PSI_LIMIT] = grazing_of(ends, place[WAVE] / 2.0)
    sixth = optics(ends, grazing_of(ends, place[WAVE] / 6.0))[0]
    if d1 >= none or none >= d_ml:
        place[D_0] = d1 if d1 > sixth or sixth > d_ml else sixth
    elif none < sixth < d_ml:
        place[D_0] = sixth
    else:
        place[D_0] = none
    settle(ends, place)
    place[LOSS_0] = 0.0
    place[LOSS_0] = sight(ends, place, f, grazing_at(ends, place[D_0]), vertical)[0]
    cross(ends, place, f, slope, start)


@kernel(
    "UniTuple(float64, 7)(float64[:,:,::1], float64[:,::1], float64[::1], float64[:,::1], float64[:,::1], "
    "float64[:,::1], float64[:,::1], float64[::1], float64[::1], float64, float64, float64)"
)
def beyond(
    air: NDArray[np.float64],
    ends: Array,
    place: Array,
    index: Array,
    gamma: Array,
    grid: Array,
    curves: Array,
    ratios: Array,
    percents: Array,
    d: float,
    f: float,
    p: float,
) -> tuple[float, float, float, float, float, float, float]:
    """Beyond the horizon: steps 7 and later of section 3. As `seen`."""
    smooth = place[SLOPE] * d + place[START]
    loss, theta, volume = scatter(ends, d, f)
    mode = SCATTER
    if d < place[CROSSING] or (place[CASE] == 1.0 and loss > smooth):
        loss, mode = smooth, DIFFRACTION
    value, median, _ = long_term(ends[0, HORIZON] + ends[1, HORIZON], d, f, p, 1.0, -loss)
    k = place[K_EDGE]
    if theta > 0.0:
        k = min(theta / 0.02617993878, 1.0) * (20.0 - k) + k
    length, gas = 0.0, 0.0
    if volume > 0.0:
        n = layers(index, gamma, grid, 0.0, volume, air[1])
        length, gas = slant(air[1], n, 1.0)
    gas = ends[0, GAS] + ends[1, GAS] + 2.0 * gas
    free = 20.0 * math.log10((ends[0, RAY] + ends[1, RAY] + 2.0 * length) * f) + 32.45
    total = free + gas + loss - combine(value, median, short_term(curves, ratios, percents, k, p), p)
    return total, free, gas, mode, -ends[0, GRAZING], k, 0.0


@kernel(
    "void(int64, int64, int64[::1], float64[:,::1], int64[::1], float64[:,::1], float64[:,::1], "
    "float64[:,::1], int64[::1], float64[:,:,::1], float64[:,::1], float64[::1], float64[:,::1], "
    "float64[::1], float64[::1], float64[:,::1])"
)
def losses(
    first: int,
    last: int,
    edges: NDArray[np.int64],
    sites: Array,
    polarisation: NDArray[np.int64],
    paths: Array,
    index: Array,
    grid: Array,
    counts: NDArray[np.int64],
    lines: NDArray[np.float64],
    state: Array,
    centres: Array,
    curves: Array,
    ratios: Array,
    percents: Array,
    out: Array,
) -> None:
    """Every path of the sites first to last: `rabta.radio.air.p528.transmission_loss`."""
    air = np.empty((2, 3, MOST_LAYERS))
    ends, place = np.empty((2, 8)), np.empty(12)
    absorption, gamma = np.empty(state.shape[1]), np.empty((counts.sum(), 4))
    frequency = 0.0
    for s in range(first, last):
        f, h1, h2 = sites[s, 0], sites[s, 1], sites[s, 2]
        if f != frequency:
            absorb(lines, state, centres, f / 1000.0, absorption)
            cubics(absorption, counts, gamma)
            frequency = f
        terminal(index, gamma, grid, h1, air[0], ends[0])
        terminal(index, gamma, grid, h2, air[0], ends[1])
        site(ends, place, f, polarisation[s])
        count = layers(index, gamma, grid, h1, h2, air[0])
        ready = False
        for i in range(edges[s], edges[s + 1]):
            d, p = paths[i, 0], paths[i, 1]
            if d == 0.0 and h1 == h2:
                result = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
            elif place[D_ML] - d > 0.001:
                result = seen(
                    air, ends, place, index, gamma, grid, curves, ratios, percents,
                    count, d, f, p, polarisation[s],
                )  # fmt: skip
            else:
                if not ready:
                    place[K_EDGE] = seen(
                        air, ends, place, index, gamma, grid, curves, ratios, percents,
                        count, place[D_ML] - 1.0, f, p, polarisation[s],
                    )[5]  # fmt: skip
                    ready = True
                result = beyond(air, ends, place, index, gamma, grid, curves, ratios, percents, d, f, p)
            for j in range(5):
                out[i, j] = result[j]
            out[i, 5] = place[DOUBTFUL] if result[3] > LINE_OF_SIGHT else 0.0
