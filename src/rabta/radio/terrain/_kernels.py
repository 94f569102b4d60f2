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


@kernel("UniTuple(float64, 2)(f8, f8, f8, f8, f8)")
def ahead(lat: float, lon: float, east: float, north: float, arc: float) -> tuple[float, float]:
    """Latitude and longitude (rad) an arc ahead; the bearing by its parts to east and north."""
    sine = math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * north
    turn = math.atan2(east * math.sin(arc) * math.cos(lat), math.cos(arc) - math.sin(lat) * sine)
    return math.asin(min(max(sine, -1.0), 1.0)), lon + turn


@kernel("b1(i2[:,::1], u1[:,::1], f8[::1], f8, f8, f8, f8, f8[::1], f8[::1], u1[::1])")
def walk(
    heights: NDArray[np.int16], ground: NDArray[np.uint8], grid: F8, lat: float, lon: float, east: float,
    north: float, d: F8, h: F8, z: NDArray[np.uint8],
) -> bool:  # fmt: skip
    """Heights (bilinear) and zones (nearest) at distances along a great circle; false where the raster ends.

    ``grid`` is north edge, west edge and step in degrees; the start is in radians. Over each 50 km the circle
    is a parabola through three exact points in latitude and longitude, which is 0.2 m off at most.
    """
    n, rows, cols = d.size, heights.shape[0], heights.shape[1]
    total, pieces, scale = d[n - 1], int(d[n - 1] / 50.0) + 1, 180.0 / math.pi / grid[2]
    top, left, piece = grid[0] / grid[2] - 0.5, grid[1] / grid[2] + 0.5, -1
    y0, y1, y2, x0, x1, x2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        at = d[i] / total * pieces
        k = min(int(at), pieces - 1)
        if k != piece:
            piece, part = k, total / pieces / 6371.0
            a = ahead(lat, lon, east, north, k * part)
            b = ahead(lat, lon, east, north, (k + 0.5) * part)
            c = ahead(lat, lon, east, north, (k + 1) * part)
            y0, y1, y2 = a[0], 4.0 * b[0] - 3.0 * a[0] - c[0], 2.0 * (a[0] + c[0]) - 4.0 * b[0]
            x0, x1, x2 = a[1], 4.0 * b[1] - 3.0 * a[1] - c[1], 2.0 * (a[1] + c[1]) - 4.0 * b[1]
        at -= k
        y = top - scale * (y0 + at * (y1 + at * y2))
        x = scale * (x0 + at * (x1 + at * x2)) - left
        if not (0.0 <= y <= rows - 1.0 and 0.0 <= x <= cols - 1.0):
            return False
        r, q = min(int(y), rows - 2), min(int(x), cols - 2)
        fy, fx = y - r, x - q
        nw, ne, sw, se = heights[r, q], heights[r, q + 1], heights[r + 1, q], heights[r + 1, q + 1]
        if min(nw, ne, sw, se) == -32768:
            return False
        h[i] = (nw * (1.0 - fx) + ne * fx) * (1.0 - fy) + (sw * (1.0 - fx) + se * fx) * fy
        z[i] = ground[r + int(fy + 0.5), q + int(fx + 0.5)]
        if z[i] == 1:
            h[i] = max(h[i], 0.0)
    return True


@kernel(
    "void(i8, i8, i2[:,::1], u1[:,::1], f8[::1], f8[:,::1], f8[:,::1], i8[:,::1], f8[::1], f8[::1], u1[::1], "
    "b1[::1])"
)
def walks(
    begin: int, end: int, heights: NDArray[np.int16], ground: NDArray[np.uint8], grid: F8, start: F8,
    bearing: F8, at: NDArray[np.int64], d: F8, h: F8, z: NDArray[np.uint8], found: NDArray[np.bool_],
) -> None:  # fmt: skip
    """`walk` for many paths: ``at`` holds where the points of each begin, and how many they are."""
    for i in range(begin, end):
        a, b = at[i, 0], at[i, 0] + at[i, 1]
        found[i] = walk(
            heights,
            ground,
            grid,
            start[i, 0],
            start[i, 1],
            bearing[i, 0],
            bearing[i, 1],
            d[a:b],
            h[a:b],
            z[a:b],
        )


@kernel(
    "void(i8, i8, i2[:,::1], u1[:,::1], f8[::1], f8, f8, f8[:,::1], f8[:,::1], f8, i8, f8[::1], f8[:,::1], "
    "f8[:,::1], b1, f8[::1])"
)
def coverage(
    begin: int, end: int, heights: NDArray[np.int16], ground: NDArray[np.uint8], grid: F8, lat: float,
    lon: float, bearing: F8, receiver: F8, spacing: float, least: int, query: F8, oxygen: F8, water: F8,
    p452: bool, out: F8,
) -> None:  # fmt: skip
    """Loss from one transmitter to many places; NaN where the path leaves the raster.

    ``receiver`` holds distance (km) and latitude (degrees) of the middle of the path, ``bearing`` its parts
    to east and north. Points are at most ``spacing`` km apart, at least ``least`` of them.
    """
    most = 0
    for i in range(begin, end):
        most = max(most, int(receiver[i, 0] / spacing) + 2)
    most = max(most, least)
    d, h, c, z = np.empty(most), np.empty(most), np.zeros(most), np.empty(most, np.uint8)
    row, zone, q, last, moist, dry = np.empty(24), np.zeros(6), query.copy(), -1.0, 0.0, 0.0
    for i in range(begin, end):
        n = max(int(receiver[i, 0] / spacing) + 2, least)
        for k in range(n):
            d[k] = receiver[i, 0] * k / (n - 1)
        out[i] = math.nan
        if not walk(heights, ground, grid, lat, lon, bearing[i, 0], bearing[i, 1], d[:n], h[:n], z[:n]):
            continue
        q[6] = receiver[i, 1]
        zone[0], zone[1], zone[2], zone[3], zone[4] = _core.zones(d[:n], z[:n])
        zone[5] = 1.0 if z[n - 1] == 1 else 0.0
        if p452 and zone[0] != last:
            last = zone[0]
            moist = gas(oxygen, water, q[0], q[12], 7.5 + 2.5 * last, q[13])
            dry = gas(oxygen, water, q[0], q[12], 3.0, q[13])
        path(d[:n], h[:n], c[:n], q, zone, q[1], moist, dry, p452, row)
        out[i] = row[0]


@kernel(
    "void(i8, i8, i2[:,::1], u1[:,::1], f8[::1], f8[:,::1], f8[:,:,::1], f8[:,::1], f8[::1], i8, f8[:,:,::1])"
)
def radials(  # noqa: C901 (kernels: long loops stay in one compiled function)
    begin: int, end: int, heights: NDArray[np.int16], ground: NDArray[np.uint8], grid: F8, place: F8,
    weight: F8, query: F8, d: F8, stride: int, out: F8,
) -> None:  # fmt: skip
    """Weighted median over rays of what terrain adds to level ground, from each place to each distance.

    ``place`` is latitude and longitude (rad), delta N and N0. Rays go to as many azimuths as ``weight``
    (place, azimuth, distance) has; receivers stand at each ``stride``-th point of ``d`` beyond the first.
    ``out`` is (place, row of ``query``, distance); rays end where the raster ends; NaN where none is inside.
    """
    n, bands, azimuths, ends = d.size, query.shape[0], weight.shape[1], weight.shape[2]
    h, c, z, level = np.empty(n), np.zeros(n), np.empty(n, np.uint8), np.zeros(n)
    row, zone, flat, dry = np.empty(24), np.zeros(6), np.zeros(6), np.full(n, 4, np.uint8)
    found, heavy, passed, q = np.empty((ends, bands, azimuths)), np.empty((ends, azimuths)), 0.0, query.copy()
    level_db = np.empty((bands, ends))
    for i in range(begin, end):
        for b in range(bands):
            q[b, 6], q[b, 9], q[b, 10] = math.degrees(place[i, 0]), place[i, 2], place[i, 3]
            for e in range(ends):
                m = (e + 1) * stride + 1
                flat[0], flat[1], flat[2], flat[3], flat[4] = _core.zones(d[:m], dry[:m])
                path(d[:m], level[:m], c[:m], q[b], flat, q[b, 1], 0.0, 0.0, False, row)
                level_db[b, e] = row[0]
        count = 0
        for k in range(azimuths):
            angle = 2.0 * math.pi * k / azimuths
            east, north = math.sin(angle), math.cos(angle)
            if not walk(heights, ground, grid, place[i, 0], place[i, 1], east, north, d, h, z):
                continue
            for e in range(ends):
                m = (e + 1) * stride + 1
                zone[0], zone[1], zone[2], zone[3], zone[4] = _core.zones(d[:m], z[:m])
                zone[5] = 1.0 if z[m - 1] == 1 else 0.0
                for b in range(bands):
                    path(d[:m], h[:m], c[:m], q[b], zone, q[b, 1], 0.0, 0.0, False, row)
                    found[e, b, count] = row[0] - level_db[b, e]
                heavy[e, count] = weight[i, k, e]
            count += 1
        for e in range(ends):
            half = 0.5 * heavy[e, :count].sum()
            for b in range(bands):
                out[i, b, e] = math.nan
                passed = 0.0
                for at in np.argsort(found[e, b, :count]):
                    passed += heavy[e, at]
                    if passed >= half:
                        out[i, b, e] = found[e, b, at]
                        break
