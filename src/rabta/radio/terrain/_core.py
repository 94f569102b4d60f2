"""Compiled formulas of one path, shared by ITU-R P.1812-7 and P.452-18; in NumPy: `reference`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
LIGHT = 0.2998  # wavelength in metres times GHz, as ITU-R P.2001 rounds the speed of light
FAR = 1e300


@inline
def knife(v: float) -> float:
    """Loss of a single edge. ITU-R P.526-15, equation (31)."""
    if v <= -0.78:
        return 0.0
    return 6.9 + 20.0 * math.log10(math.sqrt((v - 0.1) ** 2 + 1.0) + v - 0.1)


@inline
def whole(edge: float, dn: float) -> float:
    """Bullington loss of a path from that of its one edge. ITU-R P.1812-7, equation (21)."""
    return edge + (1.0 - math.exp(-edge / 6.0)) * (10.0 + 0.02 * dn)


@inline
def crossing(steep_t: float, steep_r: float, dn: float, ht: float, hr: float) -> float:
    """Parameter of the edge where the horizon rays of both ends meet. P.1812-7, equations (18) and (19)."""
    x = (hr - ht + steep_r * dn) / (steep_t + steep_r)
    clear = ht + steep_t * x - (ht * (dn - x) + hr * x) / dn
    return clear * math.sqrt(0.002 * dn / (x * (dn - x)))


@kernel("float64(float64)")
def inverse_normal(x: float) -> float:
    """Inverse complementary cumulative normal distribution. P.1812-7, attachment 2 to annex 1."""
    x = min(max(x, 0.000001), 0.999999)
    t = math.sqrt(-2.0 * math.log(min(x, 1.0 - x)))
    top = (0.010328 * t + 0.802853) * t + 2.515516698
    value = t - top / (((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0)
    return value if x <= 0.5 else -value


@kernel("UniTuple(float64, 14)(f8[::1], f8[::1], f8[::1], f8, f8, f8, f8, f8)")
def scan(d: F8, h: F8, c: F8, bare: float, hts: float, hrs: float, ae: float, ab: float) -> tuple[float, ...]:
    """What one walk over the profile finds.

    Two integrals of the smooth surface; highest obstruction and its slopes; steepest slopes to the bare
    ground from either end (less curvature) and where; those over the clutter for two Earth radii; and
    whether there is clutter. The ground within ``bare`` km of an end counts without clutter.
    """
    n, dn = d.size, d[d.size - 1]
    ce, cb, rise = 500.0 / ae, 500.0 / ab, (hrs - hts) / dn
    v1, v2, hobs, aobt, aobr = 0.0, 0.0, -FAR, -FAR, -FAR
    up, back, up_at, back_at = -FAR, -FAR, 0, 0
    te, re, tb, rb, covered = -FAR, -FAR, -FAR, -FAR, 0.0
    x0, y0 = d[0], h[0]
    for i in range(1, n - 1):
        x, y = d[i], h[i]
        v1 += (x - x0) * (y + y0)
        v2 += (x - x0) * (y * (2.0 * x + x0) + y0 * (x + 2.0 * x0))
        x0, y0 = x, y
        r = dn - x
        inverse = 1.0 / (x * r)
        it, ir = r * inverse, x * inverse
        over = y - hts - rise * x
        hobs, aobt, aobr = max(hobs, over), max(aobt, over * it), max(aobr, over * ir)
        a, b = (y - hts) * it, (y - hrs) * ir
        if a - ce * x > up:
            up, up_at = a - ce * x, i
        if b - ce * r >= back:
            back, back_at = b - ce * r, i
        if c[i] != 0.0 and x >= bare and x <= dn - bare:
            covered = 1.0
            a += c[i] * it
            b += c[i] * ir
        te, re = max(te, a - ce * x), max(re, b - ce * r)
        tb, rb = max(tb, a - cb * x), max(rb, b - cb * r)
    x, y = dn, h[n - 1]
    v1 += (x - x0) * (y + y0)
    v2 += (x - x0) * (y * (2.0 * x + x0) + y0 * (x + 2.0 * x0))
    ee, eb = ce * dn, cb * dn
    ends = (up, float(up_at), back, float(back_at))
    return (v1, v2, hobs, aobt, aobr, *ends, te + ee, re + ee, tb + eb, rb + eb, covered)


@kernel("UniTuple(float64, 2)(f8[::1], f8[::1], f8[::1], f8, f8, f8, f8)")
def worst(d: F8, h: F8, c: F8, bare: float, hts: float, hrs: float, radius: float) -> tuple[float, float]:
    """Largest diffraction parameter of a path, times the root of the wavelength, and where.

    ITU-R P.1812-7, equations (15) and (81); of equal points the last.
    """
    n, dn = d.size, d[d.size - 1]
    ce, rise, found, at = 500.0 / radius, (hrs - hts) / d[d.size - 1], -FAR, 0
    for i in range(1, n - 1):
        x = d[i]
        y = h[i] + c[i] if x >= bare and x <= dn - bare else h[i]
        q = x * (dn - x)
        v = (y + ce * q - hts - rise * x) / math.sqrt(q)
        if v >= found:
            found, at = v, i
    return found * math.sqrt(0.002 * dn), float(at)


@kernel("int64(f8[::1], f8)")
def from_here(d: F8, x: float) -> int:
    """First inner point of a profile at or beyond ``x``; the last inner point if there is none."""
    low, high = 1, d.size - 2
    while low < high:
        middle = (low + high) // 2
        if d[middle] >= x:
            high = middle
        else:
            low = middle + 1
    return low


@kernel("int64(f8[::1], f8, f8, f8)")
def least_clear(d: F8, a: float, b: float, c: float) -> int:
    """First inner point where the diffraction parameter over a smooth Earth does not grow any more.

    Along the path it has one maximum: its slope, in ``s = x / (dn - x)``, is a sum of two falling terms
    wherever they differ in sign.
    """
    dn, low, high = d[d.size - 1], 1, d.size - 2
    while low < high:
        middle = (low + high) // 2
        s = d[middle] / (dn - d[middle])
        if c * dn * (1.0 - s) / (1.0 + s) ** 2 + (a / s - b) / dn <= 0.0:
            high = middle
        else:
            low = middle + 1
    return low


@kernel("float64(f8[::1], f8, f8, f8, f8)")
def smooth(d: F8, a: float, b: float, radius: float, wavelength: float) -> float:
    """Bullington loss over ground of height zero at the profile's points, antennas ``a`` and ``b`` m above.

    ITU-R P.1812-7, section 4.3.1. Slopes and parameters have one maximum along the path, so that
    bisection finds the points which a walk would.
    """
    dn, c = d[d.size - 1], 500.0 / radius
    i = from_here(d, math.sqrt(a / c))
    j = max(i - 1, 1)
    steep = max(c * (dn - d[i]) - a / d[i], c * (dn - d[j]) - a / d[j])
    if steep >= (b - a) / dn:
        i = from_here(d, dn - math.sqrt(b / c))
        j = max(i - 1, 1)
        back = max(c * d[i] - b / (dn - d[i]), c * d[j] - b / (dn - d[j]))
        v = crossing(steep, back, dn, a, b)
    else:
        i = least_clear(d, a, b, c)
        j = max(i - 1, 1)
        qi, qj = d[i] * (dn - d[i]), d[j] * (dn - d[j])
        vi = (c * qi - a - (b - a) * d[i] / dn) / math.sqrt(qi)
        vj = (c * qj - a - (b - a) * d[j] / dn) / math.sqrt(qj)
        v = max(vi, vj) * math.sqrt(0.002 * dn)
    return whole(knife(v / math.sqrt(wavelength)), dn)


@kernel("UniTuple(float64, 2)(f8, f8, f8, f8)")
def clearance(dn: float, a: float, b: float, radius: float) -> tuple[float, float]:
    """Where a ray comes nearest to a smooth Earth (km), and its height (m). P.1812-7, equations (23, 24)."""
    c, m = (a - b) / (a + b), 250.0 * dn * dn / (radius * (a + b))
    angle = math.acos(1.5 * c * math.sqrt(3.0 * m / (m + 1.0) ** 3))
    near = 0.5 * dn * (1.0 + 2.0 * math.sqrt((m + 1.0) / (3.0 * m)) * math.cos((math.pi + angle) / 3.0))
    rest = dn - near
    high = (a - 500.0 * near * near / radius) * rest + (b - 500.0 * rest * rest / radius) * near
    return near, high / dn


@kernel("float64(f8, f8, f8, f8, f8)")
def smooth_closed(dn: float, a: float, b: float, radius: float, wavelength: float) -> float:
    """Bullington loss over a smooth Earth without a profile. P.1812-7, attachment 4 to annex 1."""
    c = 500.0 / radius
    if dn < math.sqrt(2.0 * radius) * (math.sqrt(0.001 * a) + math.sqrt(0.001 * b)):
        near, clear = clearance(dn, a, b, radius)
        v = -clear * math.sqrt(0.002 * dn / (near * (dn - near)))
    else:
        steep, back = c * dn - 2.0 * math.sqrt(c * a), c * dn - 2.0 * math.sqrt(c * b)
        v = crossing(steep, back, dn, a, b)
    return whole(knife(v / math.sqrt(wavelength)), dn)


@kernel("float64(f8, b1, f8, f8, f8, f8, f8, f8)")
def first_term(
    f: float,
    vertical: bool,
    dn: float,
    radius: float,
    permittivity: float,
    siemens: float,
    a: float,
    b: float,
) -> float:
    """First term of the residue series over one kind of ground. P.1812-7, equations (29) to (36)."""
    loss = (18.0 * siemens / f) ** 2
    k2 = (0.036 / np.cbrt(radius * f)) ** 2 / math.sqrt((permittivity - 1.0) ** 2 + loss)
    if vertical:
        k2 *= permittivity * permittivity + loss
    beta = (1.0 + 1.6 * k2 + 0.67 * k2 * k2) / (1.0 + 4.5 * k2 + 1.53 * k2 * k2)
    x = 21.88 * beta * np.cbrt(f / (radius * radius)) * dn
    scale = 0.9575 * beta * beta * np.cbrt(f * f / radius)
    if x >= 1.6:
        total = -11.0 - 10.0 * math.log10(x) + 17.6 * x
    else:
        total = 20.0 * math.log10(x) + 5.6488 * x**1.425
    for height in (a, b):
        y = scale * height
        if y > 2.0:
            gain = 17.6 * math.sqrt(y - 1.1) - 5.0 * math.log10(y - 1.1) - 8.0
        else:
            gain = 20.0 * math.log10(y + 0.1 * y * y * y)
        total -= max(gain, 2.0 + 10.0 * math.log10(k2))
    return float(total)


@kernel("float64(f8, b1, f8, f8, f8, f8, f8)")
def over_ground(f: float, vertical: bool, dn: float, radius: float, sea: float, a: float, b: float) -> float:
    """First term over land and sea by their parts of the path. P.1812-7, equation (28)."""
    total = 0.0
    if sea < 1.0:
        total += (1.0 - sea) * first_term(f, vertical, dn, radius, 22.0, 0.003, a, b)
    if sea > 0.0:
        total += sea * first_term(f, vertical, dn, radius, 80.0, 5.0, a, b)
    return total


@kernel("float64(f8, b1, f8, f8, f8, f8, f8)")
def sphere(f: float, vertical: bool, dn: float, radius: float, sea: float, a: float, b: float) -> float:
    """Diffraction loss over a spherical Earth. ITU-R P.1812-7, section 4.3.2; P.526-15, section 3.2."""
    reach = math.sqrt(a) + math.sqrt(b)
    if dn >= math.sqrt(0.002 * radius) * reach:
        return over_ground(f, vertical, dn, radius, sea, a, b)
    near, clear = clearance(dn, a, b, radius)
    wanted = 17.456 * math.sqrt(near * (dn - near) * LIGHT / f / dn)
    if clear > wanted:
        return 0.0
    loss = over_ground(f, vertical, dn, 500.0 * (dn / reach) ** 2, sea, a, b)
    return max((1.0 - clear / wanted) * loss, 0.0)


@kernel("float64(f8[::1], f8[::1], f8[::1], f8, f8, f8, f8, f8, f8, f8, f8)")
def bullington(
    d: F8, h: F8, c: F8, bare: float, hts: float, hrs: float, radius: float, steep: float, back: float,
    wavelength: float, known: float,
) -> float:  # fmt: skip
    """Bullington loss over the profile from its steepest slopes. ITU-R P.1812-7, section 4.3.1.

    ``known`` is the largest diffraction parameter times the root of the wavelength where a caller has it.
    """
    dn = d[d.size - 1]
    if steep >= (hrs - hts) / dn:
        v = crossing(steep, back, dn, hts, hrs)
    elif known > -FAR:
        v = known
    else:
        v = worst(d, h, c, bare, hts, hrs, radius)[0]
    return whole(knife(v / math.sqrt(wavelength)), dn)


@kernel("float64(f8, f8, f8, f8, f8, f8, f8, f8, f8, f8)")
def ducting_time(
    p: float, dn: float, ae: float, inland: float, hte: float, hre: float, hm: float, b0: float,
    dlt: float, dlr: float,
) -> float:  # fmt: skip
    """Time dependence of ducting, A(p). ITU-R P.1812-7, equations (53) to (56)."""
    rough = math.exp(-4.6e-5 * (hm - 10.0) * (43.0 + 6.0 * min(dn - dlt - dlr, 40.0))) if hm > 10.0 else 1.0
    tau = 1.0 - math.exp(-4.12e-4 * inland**2.41)
    alpha = max(-0.6 - 3.5e-9 * dn**3.1 * tau, -3.4)
    curve = 500.0 / ae * dn * dn / (math.sqrt(hte) + math.sqrt(hre)) ** 2
    beta = b0 * min(curve**alpha, 1.0) * rough
    low = math.log10(beta)
    power = 1.076 / (2.0058 - low) ** 1.012
    power *= math.exp(-(9.51 - 4.8 * low + 0.198 * low * low) * 1e-6 * dn**1.13)
    return float(-12.0 + (1.2 + 3.7e-3 * dn) * math.log10(p / beta) + 12.0 * (p / beta) ** power)


@kernel("float64(f8, f8, f8, f8)")
def shielding(f: float, angle: float, horizon: float, root: float) -> float:
    """Loss of a terminal behind its horizon. ITU-R P.1812-7, equation (48)."""
    above = angle - 0.1 * horizon
    if above <= 0.0:
        return 0.0
    return 20.0 * math.log10(1.0 + 0.361 * above * math.sqrt(f * horizon)) + 0.264 * above * root


@kernel("float64(f8, f8, f8, f8)")
def coupling(sea: float, coast: float, horizon: float, height: float) -> float:
    """Coupling to a duct over the sea. ITU-R P.1812-7, equation (49)."""
    if sea < 0.75 or coast > horizon or coast > 5.0:
        return 0.0
    return -3.0 * math.exp(-0.25 * coast * coast) * (1.0 + math.tanh(0.07 * (50.0 - height)))


@kernel("UniTuple(float64, 5)(f8[::1], u1[::1])")
def zones(d: F8, z: NDArray[np.uint8]) -> tuple[float, float, float, float, float]:
    """Part of the path over sea, longest land and inland sections (km), land before the sea at either end.

    ITU-R P.1812-7, sections 3.6 and 4.1. A point stands for the ground half way to its neighbours.
    """
    n, total = d.size, d[d.size - 1]
    water, land, inland, land_from, inland_from, wet = 0.0, 0.0, 0.0, 0.0, 0.0, 0
    coast_t, coast_r = -1.0, 0.0
    for i in range(n):
        begin = 0.0 if i == 0 else 0.5 * (d[i - 1] + d[i])
        end = total if i == n - 1 else 0.5 * (d[i] + d[i + 1])
        if z[i] == 1:
            water += end - begin
            wet += 1
            land, land_from = max(land, begin - land_from), end
            coast_t = begin if coast_t < 0.0 else coast_t
            coast_r = total - end
        if z[i] != 4:
            inland, inland_from = max(inland, begin - inland_from), end
    land, inland = max(land, total - land_from), max(inland, total - inland_from)
    share = 1.0 if wet == n else water / total
    return share, land, inland, total if wet == 0 else coast_t, total if wet == 0 else coast_r


@kernel("float64(f8, f8, f8)")
def ducting_percent(latitude: float, land: float, inland: float) -> float:
    """Time with steep refractivity in the lowest 100 m, beta_0. ITU-R P.1812-7, equations (2) to (5)."""
    lat = abs(latitude)
    tau = 1.0 - math.exp(-4.12e-4 * inland**2.41)
    mu1 = min((10.0 ** (-land / (16.0 - 6.6 * tau)) + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2, 1.0)
    if lat <= 70.0:
        return float(10.0 ** (1.67 - 0.015 * lat) * mu1 * mu1 ** (-0.935 + 0.0176 * lat))
    return float(4.17 * mu1 * mu1**0.3)


@kernel("float64(f8, f8, f8)")
def annual_percent(worst_month: float, latitude: float, sea: float) -> float:
    """Time of the average year that stands for one of the worst month. ITU-R P.452-18, equation (1)."""
    twist = abs(math.cos(2.0 * math.radians(latitude))) ** 0.7
    climate = math.sqrt(1.1 + twist if abs(latitude) <= 45.0 else 1.1 - twist)
    slope = 0.816 + 0.078 * sea
    annual = 10.0 ** ((math.log10(worst_month * climate) - 0.186 * sea - 0.444) / slope)
    # an average year has no more of it than its worst month; near 50 % the fit passes that
    return float(min(max(annual, worst_month / 12.0), worst_month))


@kernel("float64(f8, f8, f8)")
def blend(value: float, middle: float, width: float) -> float:
    """Weight that falls from 1 to 0 around a middle. ITU-R P.1812-7, equations (57) and (58)."""
    return 0.5 * (1.0 - math.tanh(3.0 * width * (value - middle) / middle))


@kernel("float64(f8[::1], f8, b1)")
def places(q: F8, clutter: float, at_sea: bool) -> float:
    """What buildings and the choice of places add to the median of places. P.1812-7, sections 4.7 to 4.9."""
    f, percent, height, width, entry, spread = q[0], q[2], q[4], q[15], q[16], q[17]
    sigma = (0.024 * f + 0.52) * width**0.28
    sigma *= min(max(1.0 - (height - clutter) / 10.0, 0.0), 1.0)
    if at_sea:
        sigma = 0.0
    return float(entry - inverse_normal(0.01 * percent) * math.sqrt(sigma * sigma + spread * spread))
