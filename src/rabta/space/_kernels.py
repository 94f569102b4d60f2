"""Compiled kernels: Earth rotation of propagated states, and the best satellites of every cell.

The NumPy references are `rabta.space.frames.earth_fixed_reference` and
`rabta.space.visibility.visible_reference`. The kernels keep their order of arithmetic, so that the
selected satellites are the same to the last bit, whatever the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel, prange

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
ARC_M, ROUNDS = 42_164_170.0, 4  # as rabta.space.network.gso


@kernel("void(f8[:,:,::1], u1[:,::1], f8[::1], f8[::1], f4[:,:,::1])", parallel=True)
def rotate(teme_km: F8, errors: NDArray[np.uint8], cosine: F8, sine: F8, out_m: F4) -> None:
    """Turn TEME states ``[satellite, time, 3]`` into Earth-fixed ``[time, satellite, 3]``; NaN on error."""
    for t in prange(out_m.shape[0]):
        c, s = cosine[t] * 1e3, sine[t] * 1e3
        for k in range(out_m.shape[1]):
            if errors[k, t] != 0:
                out_m[t, k, :] = np.nan
            else:
                x, y = teme_km[k, t, 0], teme_km[k, t, 1]
                out_m[t, k, 0] = c * x + s * y
                out_m[t, k, 1] = c * y - s * x
                out_m[t, k, 2] = 1e3 * teme_km[k, t, 2]


@kernel("void(f4[:,:,::1], f8[::1], f8[::1], f8, f8, i4[:,::1], f8[:,:,::1], i4[::1])", parallel=True)
def cull(
    satellites: F4,
    min_elevation: F8,
    centre: F8,
    spread: float,
    lowest_m: float,
    rows: NDArray[np.int32],
    reach: F8,
    counts: NDArray[np.int32],
) -> None:
    """List, for each step, the satellites that any cell may see, and how far from nadir each is seen.

    ``reach`` is cosine and sine of the Earth-central angle at the satellite's least elevation, made safe for
    the deflection of the geodetic from the geocentric vertical (0.1924 deg at most) and for the lowest cell.
    """
    deflection = math.radians(0.2)
    for t in prange(satellites.shape[0]):
        found = 0
        for k in range(satellites.shape[1]):
            x, y, z = float(satellites[t, k, 0]), float(satellites[t, k, 1]), float(satellites[t, k, 2])
            radius = math.sqrt(x * x + y * y + z * z)
            if not radius > lowest_m:  # below the ground, or NaN
                continue
            low = min_elevation[k] - deflection
            angle = math.acos(lowest_m / radius * math.cos(low)) - low
            cosine = (x * centre[0] + y * centre[1] + z * centre[2]) / radius
            if cosine >= math.cos(min(angle + spread, math.pi)):
                rows[t, found] = k
                reach[t, found, 0], reach[t, found, 1] = math.cos(angle), math.sin(angle)
                found += 1
        counts[t] = found


@inline
def _candidates(
    position: F4,
    rows: NDArray[np.int32],
    reach: F8,
    centre: F8,
    spread: float,
    near: NDArray[np.int64],
    place: F8,
) -> int:
    """Of the listed satellites, copy those that some cell of a block may see; their number."""
    found = 0
    wide, narrow = math.cos(spread), math.sin(spread)
    for j in range(rows.size):
        x, y, z = float(position[rows[j], 0]), float(position[rows[j], 1]), float(position[rows[j], 2])
        limit = reach[j, 0] * wide - reach[j, 1] * narrow  # cosine of the sum; a block is small
        if x * centre[0] + y * centre[1] + z * centre[2] >= limit * math.sqrt(x * x + y * y + z * z):
            near[found] = rows[j]
            place[0, found], place[1, found], place[2, found] = x, y, z
            found += 1
    return found


@inline
def _elevations(place: F8, cell: F8, up: F8, sine: F8, length: F8) -> None:
    """Sine of the elevation and slant range of every candidate from one cell."""
    for j in range(sine.size):
        dx, dy, dz = place[0, j] - cell[0], place[1, j] - cell[1], place[2, j] - cell[2]
        length[j] = math.sqrt(dx * dx + dy * dy + dz * dz)
        sine[j] = (dx * up[0] + dy * up[1] + dz * up[2]) / length[j]


@inline
def _hidden(place: F8, j: int, cell: F8, axes: F8, sine: float, horizon_deg: F4) -> bool:
    """True where the terrain at the satellite's azimuth stands above it.

    The horizon is linear between samples 10 degrees apart, the first at north.
    """
    dx, dy, dz = place[0, j] - cell[0], place[1, j] - cell[1], place[2, j] - cell[2]
    east = dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2]
    north = dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2]
    position = math.degrees(math.atan2(east, north)) / 10.0
    if position < 0.0:
        position += 36.0
    low = int(position)
    part = position - low
    first, second = float(horizon_deg[low % 36]), float(horizon_deg[(low + 1) % 36])
    return sine < math.sin(math.radians(first + (second - first) * part))


@inline
def _touches(x: float, y: float, z: float, length: float, arc: F8, cosine_keep: float) -> bool:
    """True where the nearest point of the arc above the horizon is nearer than an angle (Newton's method)."""
    away, high, half = arc[0], arc[1], arc[2]
    flat = math.sqrt(x * x + y * y)
    ahead, aside = (x / flat, y / flat) if flat > 0.0 else (0.0, 0.0)
    way = math.sqrt(ARC_M * ARC_M - (away * aside) ** 2) - away * ahead
    point = min(max(math.atan2(way * aside, away + way * ahead), -half), half)
    both = ARC_M * ARC_M + away * away + high * high
    for _ in range(ROUNDS):
        cosine, sine = math.cos(point), math.sin(point)
        toward = x * (ARC_M * cosine - away) + y * ARC_M * sine - z * high
        square = both - 2.0 * ARC_M * away * cosine
        turn = ARC_M * (y * cosine - x * sine)
        slope = turn * square - toward * ARC_M * away * sine
        bend = -ARC_M * (x * cosine + y * sine) * square + ARC_M * away * (turn * sine - toward * cosine)
        if bend < 0.0:
            point = min(max(point - slope / bend, -half), half)
    cosine, sine = math.cos(point), math.sin(point)
    toward = x * (ARC_M * cosine - away) + y * ARC_M * sine - z * high
    near: bool = toward > cosine_keep * length * math.sqrt(both - 2.0 * ARC_M * away * cosine)
    return near


@inline
def near_arc(
    dx: float, dy: float, z: float, length: float, axis_x: float, axis_y: float, arc: F8, keep: F8
) -> bool:
    """True where a satellite at an offset from a place is nearer to the geostationary arc than it may be.

    ``axis_x`` and ``axis_y`` are the place's distance from the Earth's axis in the frame of the offset;
    ``arc`` is a row of `rabta.space.network.gso.arc_table`, ``keep`` one of ``avoidance_table``.

    Declinations differ by no more than the angle does, and the arc climbs by less than 0.02 degrees of
    declination for each of hour angle. So the angle is at most that to the arc's point of the same hour
    angle, where this is in view, and at least 0.999 of it; what is between is looked for.
    """
    away, high = arc[0], arc[1]
    if arc[2] < 0.0 or keep[0] > 1.0:
        return False
    if z > length * (arc[5] * keep[0] + arc[6] * keep[1]):
        return False
    if z < length * (arc[3] * keep[0] - arc[4] * keep[1]):
        return False
    x, y = (dx * axis_x + dy * axis_y) / away, (dy * axis_x - dx * axis_y) / away
    flat = math.sqrt(x * x + y * y)
    ahead, aside = (x / flat, y / flat) if flat > 0.0 else (0.0, 0.0)
    way = math.sqrt(ARC_M * ARC_M - (away * aside) ** 2) - away * ahead
    toward = flat * way - z * high
    scale = length * math.sqrt(way * way + high * high)
    if toward < keep[2] * scale:
        return False
    if toward > keep[0] * scale and away + way * ahead > ARC_M * arc[7]:
        return True
    return _touches(x, y, z, length, arc, keep[0])


@inline
def _at_arc(place: F8, j: int, cell: F8, length: float, arc: F8, keep: F8) -> bool:
    """True where a candidate stands too near to the geostationary arc."""
    dx, dy, dz = place[0, j] - cell[0], place[1, j] - cell[1], place[2, j] - cell[2]
    return near_arc(dx, dy, dz, length, cell[0], cell[1], arc, keep)


@inline
def _insert(top: F8, which: NDArray[np.int64], kept: int, sine: float, j: int) -> int:
    """Put a satellite among the best, after those of the same elevation; how many are kept now."""
    if kept == top.size and sine <= top[kept - 1]:
        return kept
    slot = kept if kept < top.size else kept - 1
    kept = slot + 1
    while slot > 0 and top[slot - 1] < sine:
        top[slot], which[slot] = top[slot - 1], which[slot - 1]
        slot -= 1
    top[slot], which[slot] = sine, j
    return kept


@kernel(
    "void(f4[:,:,::1], i4[:,::1], f8[:,:,::1], i4[::1], f8[::1], i8[::1], i8[::1], f8[:,::1], f8[::1],"
    "f8[:,::1], f8[:,:,::1], f8[::1], f4[:,::1], f8[:,::1], f8[:,::1],"
    "u1[:,::1], i2[:,:,::1], f4[:,:,::1], f4[:,:,::1], f4[:,::1])",
    parallel=True,
)
def best_slots(
    satellites: F4,
    rows: NDArray[np.int32],
    reach: F8,
    counts: NDArray[np.int32],
    min_sine: F8,
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
    block_centre: F8,
    block_spread: F8,
    cell_m: F8,
    axes: F8,
    worst_sine: F8,
    horizon_deg: F4,
    arc: F8,
    keep: F8,
    visible_count: NDArray[np.uint8],
    slot_satellite: NDArray[np.int16],
    slot_elevation_deg: F4,
    slot_range_m: F4,
    best_elevation_deg: F4,
) -> None:
    """Best satellites by elevation, for all steps and blocks of neighbouring cells.

    A block first drops the satellites that none of its cells can see; a cell then takes two dot products and
    one square root for each that is left, and the azimuth only where its terrain could matter. ``arc`` and
    ``keep`` are by cell and by satellite, see `near_arc`. The outputs come filled with "none".
    """
    blocks, slots, keeps = starts.size - 1, slot_satellite.shape[2], keep.shape[0] > 0
    for task in prange(satellites.shape[0] * blocks):
        t, b = task // blocks, task % blocks
        listed = counts[t]
        near = np.empty(listed, np.int64)
        place = np.empty((3, listed))
        found = _candidates(
            satellites[t], rows[t, :listed], reach[t], block_centre[b], block_spread[b], near, place
        )
        sine, length, top = np.empty(found), np.empty(found), np.empty(slots)
        which = np.empty(slots, np.int64)
        for at in range(starts[b], starts[b + 1]):
            c = order[at]
            _elevations(place, cell_m[c], axes[c, 2], sine, length)
            seen, kept = 0, 0
            for j in range(found):
                if not sine[j] >= min_sine[near[j]]:
                    continue
                if sine[j] < worst_sine[c] and _hidden(place, j, cell_m[c], axes[c], sine[j], horizon_deg[c]):
                    continue
                if keeps and _at_arc(place, j, cell_m[c], length[j], arc[c], keep[near[j]]):
                    continue
                seen += 1
                kept = _insert(top, which, kept, sine[j], j)
            visible_count[t, c] = min(seen, 255)
            for slot in range(kept):
                slot_satellite[t, c, slot] = near[which[slot]]
                slot_elevation_deg[t, c, slot] = math.degrees(math.asin(top[slot]))
                slot_range_m[t, c, slot] = length[which[slot]]
            best_elevation_deg[t, c] = slot_elevation_deg[t, c, 0]
