"""Compiled kernels: the loss of ITU-R P.1812-7 and P.452-18 for many paths, and over a raster of heights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.radio._kernels import oxygen_specific, water_specific_pair
from rabta.radio.terrain import _core

F8 = NDArray[np.float64]
FAR = 1e300


@kernel("float64(f8[:,::1], f8[:,::1], f8, f8, f8, f8)")
def gas(oxygen: F8, water: F8, f: float, dry_hpa: float, vapour_g_m3: float, temperature_k: float) -> float:
    """Specific attenuation of the air in dB/km."""
    dry = oxygen_specific(oxygen, f, dry_hpa, vapour_g_m3, temperature_k)
    return dry + water_specific_pair(water, f, f, dry_hpa, vapour_g_m3, temperature_k)[0]


@kernel("UniTuple(float64, 6)(f8[::1], f8[::1], f8[::1], f8, f8, f8, f8, f8, f8[::1])")
def geometry(
    d: F8, h: F8, c: F8, bare: float, hts: float, hrs: float, ae: float, ab: float, out: F8
) -> tuple[float, ...]:
    """Horizons, angles and smooth surfaces of a path. P.1812-7, attachment 1 to annex 1, sections 4 and 5.

    Returns the steepest slopes over the clutter from either end for both Earth radii, the largest diffraction
    parameter where it is known already, and the steepest slope over the bare ground.
    """
    n, dn = d.size, d[d.size - 1]
    v1, v2, hobs, aobt, aobr, up, up_at, back, back_at, te, re, tb, rb, covered = _core.scan(
        d, h, c, bare, hts, hrs, ae, ab
    )
    direct = 1000.0 * math.atan((hrs - hts) / (1000.0 * dn) - dn / (2.0 * ae))
    angle_t, angle_r = 1000.0 * math.atan(0.001 * up), 1000.0 * math.atan(0.001 * back)
    seen, known = angle_t <= direct, -FAR
    first, last = int(up_at), int(back_at)
    if seen:
        angle_t, angle_r = direct, 1000.0 * math.atan((hts - hrs) / (1000.0 * dn) - dn / (2.0 * ae))
        v, at = _core.worst(d, h, c, FAR, hts, hrs, ae)
        known = v if covered == 0.0 else known
        first, last = int(at), int(at)
    hst, hsr = (2.0 * v1 * dn - v2) / (dn * dn), (v2 - v1 * dn) / (dn * dn)
    hstd, hsrd = hst, hsr
    if hobs > 0.0:
        hstd, hsrd = hst - hobs * aobt / (aobt + aobr), hsr - hobs * aobr / (aobt + aobr)
    hst, hsr = min(hst, h[0]), min(hsr, h[n - 1])
    hm, slope = -FAR, (hsr - hst) / dn
    for i in range(first, last + 1):
        hm = max(hm, h[i] - hst - slope * d[i])
    out[11], out[12], out[13], out[14] = d[first], dn - d[last], angle_t, angle_r
    out[15], out[16], out[17] = 1000.0 * dn / ae + angle_t + angle_r, hts - hst, hrs - hsr
    out[18], out[19], out[20] = hm, min(hstd, h[0]), min(hsrd, h[n - 1])
    out[23] = 1.0 if seen else 0.0
    return te, re, tb, rb, known, up + 500.0 / ae * dn


@kernel("UniTuple(float64, 2)(f8[::1], f8[::1], f8[::1], f8, f8, f8, f8, b1, f8, f8, f8, f8, f8, f8, f8, b1)")
def diffraction(
    d: F8, h: F8, c: F8, bare: float, hts: float, hrs: float, f: float, vertical: bool, radius: float,
    steep: float, back: float, known: float, sea: float, a: float, b: float, closed: bool,
) -> tuple[float, float]:  # fmt: skip
    """Delta-Bullington loss, and that of the sphere, for antennas ``a`` and ``b`` m over the smooth surface.

    ITU-R P.1812-7, section 4.3.4; P.526-15, section 4.5.
    """
    dn, wavelength = d[d.size - 1], 0.2998 / f
    edge = _core.bullington(d, h, c, bare, hts, hrs, radius, steep, back, wavelength, known)
    if closed:
        level = _core.smooth_closed(dn, a, b, radius, wavelength)
    else:
        level = _core.smooth(d, a, b, radius, wavelength)
    sphere = _core.sphere(f, vertical, dn, radius, sea, a, b)
    return edge + max(sphere - level, 0.0), sphere


@kernel("float64(f8[::1], f8[::1], f8, f8, f8, f8, f8[::1])")
def ducting(q: F8, z: F8, p: float, dn: float, hts: float, hrs: float, out: F8) -> float:
    """Loss by ducting and layer reflection without gases. ITU-R P.1812-7, section 4.5."""
    f, root, sea, ae, dlt, dlr = q[0], np.cbrt(q[0]), z[0], out[10], out[11], out[12]
    total = 102.45 + 20.0 * math.log10(f) + 20.0 * math.log10(dlt + dlr)
    if f < 0.5:
        total += 45.375 - 137.0 * f + 92.5 * f * f
    total += _core.shielding(f, out[13], dlt, root) + _core.shielding(f, out[14], dlr, root)
    total += _core.coupling(sea, z[3], dlt, hts) + _core.coupling(sea, z[4], dlr, hrs)
    bend = 1000.0 * dn / ae + min(out[13], 0.1 * dlt) + min(out[14], 0.1 * dlr)
    time = _core.ducting_time(p, dn, ae, z[2], out[16], out[17], out[18], out[21], dlt, dlr)
    return float(total + 5e-5 * ae * root * bend + time)


@kernel("float64(f8, f8, f8, f8)")
def scatter(f: float, dn: float, theta: float, n0: float) -> float:
    """Loss by troposcatter without time, gases and coupling. ITU-R P.1812-6, equation (44)."""
    spread = 25.0 * math.log10(f) - 2.5 * math.log10(0.5 * f) ** 2 + 20.0 * math.log10(dn)
    return float(spread + 0.573 * theta - 0.15 * n0)


@kernel("float64(f8, f8, f8, f8)")
def softer(a: float, b: float, scale: float, sign: float) -> float:
    """Smooth larger (``sign`` 1) or smaller (-1) of two losses: scale x log of the sum of exponentials."""
    low = min(a, b) if sign < 0.0 else max(a, b)
    total = math.exp(sign * (a - low) / scale) + math.exp(sign * (b - low) / scale)
    return low + sign * scale * math.log(total)


@kernel("float64(f8, f8, f8, f8, f8, f8[::1])")
def combined(dn: float, shade: float, weight: float, sea: float, p: float, out: F8) -> float:
    """Loss for p % of the time and half of the places from its parts. ITU-R P.1812-7, section 4.6."""
    free, los_p, los_b, median, diffracted = out[1], out[2], out[3], out[5], out[6]
    by_edges = los_p + diffracted
    least = los_p + (1.0 - sea) * diffracted
    if p >= out[21]:
        least = free + median + (los_b + (1.0 - sea) * diffracted - free - median) * weight
    either = softer(out[8], los_p, 2.5, 1.0)
    if either > by_edges:
        either = by_edges
    else:
        either += (by_edges - either) * _core.blend(dn, 20.0, 0.5)
    clear = either + (least - either) * shade
    return softer(out[7], clear, 5.0 / math.log(10.0), -1.0)


@kernel("void(f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8, f8, f8, b1, f8[::1])")
def path(d: F8, h: F8, c: F8, q: F8, z: F8, p: float, moist: float, dry: float, p452: bool, out: F8) -> None:
    """Every part of the loss of one path; in NumPy: `rabta.radio.terrain.reference.parts`.

    ``q`` is a row of `rabta.radio.terrain.profile.QUERY`, ``z`` what `zones` returns and whether the receiver
    is at sea, ``moist`` and ``dry`` the specific attenuation of the air near the ground and on the way of
    scatter (dB/km, P.452 only); ``out`` are columns of `rabta.radio.terrain.profile.PARTS`.
    """
    dn, f, vertical, sea = d[d.size - 1], q[0], q[5] > 0.5, z[0]
    hts, hrs, bare = h[0] + q[3], h[d.size - 1] + q[4], 0.05 if p452 else 0.0
    ae, ab, b0 = 6371.0 * 157.0 / (157.0 - q[9]), 3.0 * 6371.0, _core.ducting_percent(q[6], z[1], z[2])
    out[10], out[21], out[22] = ae, b0, p
    te, re, tb, rb, known, steep = geometry(d, h, c, bare, hts, hrs, ae, ab, out)
    # Line of sight, section 4.2
    straight = math.sqrt(dn * dn + (0.001 * (hts - hrs)) ** 2)
    out[1] = 92.4 + 20.0 * math.log10(f) + 20.0 * math.log10(straight) + moist * straight
    focus = 2.6 * (1.0 - math.exp(-0.1 * (out[11] + out[12])))
    out[2], out[3] = out[1] + focus * math.log10(p / 50.0), out[1] + focus * math.log10(b0 / 50.0)
    # Diffraction, section 4.3
    a, b, closed = hts - out[19], hrs - out[20], q[18] > 0.5
    median, sphere = diffraction(
        d, h, c, bare, hts, hrs, f, vertical, ae, te, re, known, sea, a, b, closed
    )  # fmt: skip
    weight = 1.0
    if p > b0:
        weight = _core.inverse_normal(0.01 * p) / _core.inverse_normal(0.01 * b0)
    out[4], out[5], out[6] = sphere, median, median
    if p != 50.0:
        bent = diffraction(d, h, c, bare, hts, hrs, f, vertical, ab, tb, rb, -FAR, sea, a, b, closed)
        out[6] = median + weight * (bent[0] - median)
    # Troposcatter, section 4.4 (edition 6, to which the ITU sends users of edition 7), and ducting
    out[7] = scatter(f, dn, out[15], q[10])
    if p452:
        out[7] += 190.0 + 0.051 * math.exp(0.055 * q[11]) + dry * dn - 10.1 * math.log10(50.0 / p) ** 0.7
        out[7] = max(out[7], out[1])
    else:
        out[7] += 190.1 - 10.125 * math.log10(50.0 / p) ** 0.7
    out[8] = ducting(q, z, p, dn, hts, hrs, out) + moist * dn
    # P.1812-7 weighs by the angle of the path, P.452-18 by the steepest slope over the straight one
    hidden = steep - (hrs - hts) / dn + 0.3 if p452 else out[15]
    out[9] = combined(dn, _core.blend(hidden, 0.3, 0.8), weight, sea, p, out)
    out[0] = out[9]
    if not p452:
        out[0] = max(out[2], out[9] + _core.places(q, c[d.size - 1], z[5] > 0.5))


@kernel(
    "void(i8, i8, f8[::1], f8[::1], f8[::1], u1[::1], i8[:,::1], i8[::1], i8[::1], f8[:,::1], f8[:,::1], "
    "f8[:,::1], b1, f8[:,::1])"
)
def paths(
    begin: int, end: int, d: F8, h: F8, c: F8, z: NDArray[np.uint8], at: NDArray[np.int64],
    profile: NDArray[np.int64], query: NDArray[np.int64], q: F8, oxygen: F8, water: F8, p452: bool, out: F8,
) -> None:  # fmt: skip
    """Items ``begin`` to ``end``: each is a profile (a row of ``at``) and a row of ``q``.

    ``at`` holds where a profile's distances, heights, clutter and zones begin, and how many points it has.
    """
    row, zone = np.empty(24), np.empty(6)
    last_f, last_p, last_t, last_rho = -1.0, 0.0, 0.0, 0.0
    moist, dry = 0.0, 0.0
    for item in range(begin, end):
        k, r = profile[item], q[query[item]]
        n = at[k, 4]
        x, ground = d[at[k, 0] : at[k, 0] + n], z[at[k, 3] : at[k, 3] + n]
        zone[0], zone[1], zone[2], zone[3], zone[4] = _core.zones(x, ground)
        zone[3] = zone[3] if math.isnan(r[7]) else r[7]
        zone[4] = zone[4] if math.isnan(r[8]) else r[8]
        zone[5] = 1.0 if ground[n - 1] == 1 else 0.0
        p = _core.annual_percent(r[1], r[6], zone[0]) if r[14] > 0.5 else r[1]
        rho = 7.5 + 2.5 * zone[0]
        if p452 and (r[0] != last_f or r[12] != last_p or r[13] != last_t or rho != last_rho):
            moist = gas(oxygen, water, r[0], r[12], rho, r[13])
            dry = gas(oxygen, water, r[0], r[12], 3.0, r[13])
            last_f, last_p, last_t, last_rho = r[0], r[12], r[13], rho
        heights, cover = h[at[k, 1] : at[k, 1] + n], c[at[k, 2] : at[k, 2] + n]
        path(x, heights, cover, r, zone, p, moist, dry, p452, row)
        out[item, 0] = row[0]
        for j in range(1, out.shape[1]):
            out[item, j] = row[j] if j < 24 else zone[j - 24]
