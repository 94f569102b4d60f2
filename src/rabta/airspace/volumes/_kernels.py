"""Which of many volumes meet one: a hash of cells and times, and the exact test on the plane.

The rule is `rabta.airspace.volumes.meeting.meet`, in Python; where rounding could decide, it is asked
(`tests/contract/test_airspace_kernels.py` holds the two together).
"""

# ruff: noqa: C901, PLR0912, ARG001, PLW3301, SIM110 (kernels: one piece, one list of arrays, no generators)

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.geo import WGS84_A_M, WGS84_E2
from rabta.jit import inline, kernel

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Small = NDArray[np.int32]

SOUTH, WEST, NORTH, EAST, LOWER, UPPER, START, END, RADIUS, FIELDS = range(10)  # columns of a volume
FIRST, COUNT, OWN, STAMP, SPANS = range(
    5
)  # its corners, the first of its entries, the last query that saw it
ROW, NEXT, BEFORE, SAME, ENTRY = range(5)  # columns of an entry in a bucket; SAME: the row's next entry
FREE, USED, ASKED, CORNERS, LEVEL = range(5)  # of the whole: entries, queries, corners; volumes by level
LEVELS = 11
FINEST_DEG = 1.0 / 128.0  # 0.87 km: about the S2 cell of level 13 that other services notify by
WIDEST = 4  # cells across a volume, at its level
SLOT_S = 900.0
LONGEST = 12  # slots: what lasts longer is looked at always
ALWAYS = -(2**40)
SURE_M = 1e-5  # two ways to compute on the plane differ by less; between circles see `_circles`
MOST_EDGES = 20_000  # pairs of edges beyond which the rule in Python is quicker
NO, YES, ASK = 0, 1, 2

WHOLE = "f8[:,::1], i8[:,::1], f8[:,::1], i4[::1], i4[:,::1], i8[::1]"


@inline
def _level(field: Array, row: int) -> int:
    across = max(field[row, NORTH] - field[row, SOUTH], field[row, EAST] - field[row, WEST])
    level, side = 0, FINEST_DEG * WIDEST
    while across > side and level < LEVELS - 1:
        level += 1
        side *= 2.0
    return level


@inline
def _slots(field: Array, row: int) -> tuple[int, int]:
    start, end = field[row, START], field[row, END]
    if not (end - start <= LONGEST * SLOT_S) or abs(start) > 1e14:
        return ALWAYS, ALWAYS
    return math.floor(start / SLOT_S), math.floor(end / SLOT_S)


@inline
def _bucket(level: int, row: int, column: int, slot: int, most: int) -> int:
    column = column % (round(360.0 / FINEST_DEG) >> level)
    mixed = np.uint64(level) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(row + (1 << 20))
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(column)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x94D049BB133111EB) + np.uint64(slot + (1 << 41))
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(most - 1))  # type: ignore[return-value]


@kernel("void(f8[:,::1], f8[:,::1])")
def placed(places: Array, out: Array) -> None:
    """Earth-fixed coordinates (columns 0 to 2) of latitudes and longitudes, which are kept in 3 and 4."""
    for k in range(places.shape[0]):
        lat, lon = math.radians(places[k, 0]), math.radians(places[k, 1])
        n = WGS84_A_M / math.sqrt(1.0 - WGS84_E2 * math.sin(lat) ** 2)
        out[k, 0] = n * math.cos(lat) * math.cos(lon)
        out[k, 1] = n * math.cos(lat) * math.sin(lon)
        out[k, 2] = n * (1.0 - WGS84_E2) * math.sin(lat)
        out[k, 3], out[k, 4] = places[k, 0], places[k, 1]


@kernel(f"i8(i8, {WHOLE})")
def insert(
    row: int, field: Array, span: Ints, corners: Array, heads: Small, entries: Small, whole: Ints
) -> int:
    """Put a row into its buckets; 0, or the number of entries that it needs where there is no room."""
    level = _level(field, row)
    side = FINEST_DEG * 2.0**level
    south, north = math.floor(field[row, SOUTH] / side), math.floor(field[row, NORTH] / side)
    west, east = math.floor(field[row, WEST] / side), math.floor(field[row, EAST] / side)
    first, last = _slots(field, row)
    need = (north - south + 1) * (east - west + 1) * (last - first + 1)
    if whole[USED] + need > entries.shape[0]:
        return int(need)
    whole[LEVEL + level] += 1
    span[row, OWN] = -1
    for y in range(south, north + 1):
        for x in range(west, east + 1):
            for slot in range(first, last + 1):
                entry = whole[FREE]
                whole[FREE] = entries[entry, NEXT]
                whole[USED] += 1
                bucket = _bucket(level, y, x, slot, heads.shape[0])
                entries[entry, ROW] = row
                entries[entry, NEXT] = heads[bucket]
                entries[entry, BEFORE] = -bucket - 1
                entries[entry, SAME] = span[row, OWN]
                if heads[bucket] >= 0:
                    entries[heads[bucket], BEFORE] = entry
                heads[bucket] = entry
                span[row, OWN] = entry
    return 0


@kernel(f"void(i8, {WHOLE})")
def erase(
    row: int, field: Array, span: Ints, corners: Array, heads: Small, entries: Small, whole: Ints
) -> None:
    """Take a row out of its buckets."""
    whole[LEVEL + _level(field, row)] -= 1
    entry = span[row, OWN]
    while entry >= 0:
        following, before, same = entries[entry, NEXT], entries[entry, BEFORE], entries[entry, SAME]
        if before >= 0:
            entries[before, NEXT] = following
        else:
            heads[-before - 1] = following
        if following >= 0:
            entries[following, BEFORE] = before
        entries[entry, NEXT] = whole[FREE]
        whole[FREE] = entry
        whole[USED] -= 1
        entry = same
    span[row, OWN] = -1


@inline
def _boxes(a: Array, i: int, b: Array, j: int) -> Any:
    if a[i, SOUTH] > b[j, NORTH] or b[j, SOUTH] > a[i, NORTH]:
        return False
    return ((b[j, WEST] - a[i, WEST]) % 360.0 <= a[i, EAST] - a[i, WEST]
            or (a[i, WEST] - b[j, WEST]) % 360.0 <= b[j, EAST] - b[j, WEST])  # fmt: skip


@inline
def _cell(angle: float) -> float:
    return FINEST_DEG * math.floor(angle / FINEST_DEG)


@inline
def _share(a: Array, i: int, b: Array, j: int) -> bool:
    """Whether two boxes share a cell of the finest level."""
    if _cell(a[i, SOUTH]) > _cell(b[j, NORTH]) or _cell(b[j, SOUTH]) > _cell(a[i, NORTH]):
        return False
    a_west, b_west = _cell(a[i, WEST]), _cell(b[j, WEST])
    return ((b_west - a_west) % 360.0 <= _cell(a[i, EAST]) - a_west
            or (a_west - b_west) % 360.0 <= _cell(b[j, EAST]) - b_west)  # fmt: skip


@kernel("void(f8[:,::1], i8, i8, f8, f8, f8[:,::1])")
def flatten(corners: Array, first: int, count: int, lat_deg: float, lon_deg: float, out: Array) -> None:
    """Coordinates on the plane that touches at a place (see `plane.project`)."""
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    sin_lat, cos_lat, sin_lon, cos_lon = math.sin(lat), math.cos(lat), math.sin(lon), math.cos(lon)
    w2 = 1.0 - WGS84_E2 * sin_lat * sin_lat
    n = WGS84_A_M / math.sqrt(w2)
    radius = WGS84_A_M * math.sqrt(1.0 - WGS84_E2) / w2
    at_x, at_y, at_z = n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * (1.0 - WGS84_E2) * sin_lat
    for k in range(count):
        x, y, z = corners[first + k, 0] - at_x, corners[first + k, 1] - at_y, corners[first + k, 2] - at_z
        level = cos_lon * x + sin_lon * y
        down = radius + cos_lat * level + sin_lat * z
        scale = radius / down if down > 0.0 else math.nan
        out[k, 0] = (cos_lon * y - sin_lon * x) * scale
        out[k, 1] = (cos_lat * z - sin_lat * level) * scale


@inline
def _apart2(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    long2 = dx * dx + dy * dy
    t = 0.0 if long2 == 0.0 else min(max(((px - ax) * dx + (py - ay) * dy) / long2, 0.0), 1.0)
    ex, ey = px - ax - t * dx, py - ay - t * dy
    return ex * ex + ey * ey


@inline
def _inside(px: float, py: float, shape: Array, count: int) -> bool:
    found = False
    j = count - 1
    for i in range(count):
        if (shape[i, 1] > py) != (shape[j, 1] > py):
            x = shape[j, 0] + (py - shape[j, 1]) * (shape[i, 0] - shape[j, 0]) / (shape[i, 1] - shape[j, 1])
            if px < x:
                found = not found
        j = i
    return found


@kernel("i8(f8[:,::1], i8, f8[:,::1], i8)")
def polygons(a: Array, n: int, b: Array, m: int) -> int:
    """Whether two polygons on the plane share a point: no, yes, or too near to say."""
    near = False
    i0 = n - 1
    for i in range(n):
        ax, ay, bx, by = a[i0, 0], a[i0, 1], a[i, 0], a[i, 1]
        i0 = i
        j0 = m - 1
        for j in range(m):
            cx, cy, dx, dy = b[j0, 0], b[j0, 1], b[j, 0], b[j, 1]
            j0 = j
            if (min(ax, bx) > max(cx, dx) + SURE_M or min(cx, dx) > max(ax, bx) + SURE_M
                    or min(ay, by) > max(cy, dy) + SURE_M or min(cy, dy) > max(ay, by) + SURE_M):  # fmt: skip
                continue
            d2 = min(min(_apart2(ax, ay, cx, cy, dx, dy), _apart2(bx, by, cx, cy, dx, dy)),
                     min(_apart2(cx, cy, ax, ay, bx, by), _apart2(dx, dy, ax, ay, bx, by)))  # fmt: skip
            if d2 <= SURE_M * SURE_M:
                near = True
                continue
            if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy):
                continue  # of one line, but apart: signs would say nothing
            one = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            two = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
            three = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
            four = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
            if one * two < 0.0 and three * four < 0.0:
                return YES
    if near:
        return ASK
    return YES if _inside(a[0, 0], a[0, 1], b, m) or _inside(b[0, 0], b[0, 1], a, n) else NO


@inline
def _flat(shape: Array, count: int) -> bool:
    for k in range(count):
        if math.isnan(shape[k, 0]):
            return False
    return True


@inline
def _circle(radius_m: float, lat_deg: float, shape: Array, count: int) -> int:
    """A circle at the middle of the plane and a polygon."""
    if _inside(0.0, 0.0, shape, count):
        return YES
    least, j = math.inf, count - 1
    for i in range(count):
        least = min(least, _apart2(0.0, 0.0, shape[j, 0], shape[j, 1], shape[i, 0], shape[i, 1]))
        j = i
    radius = WGS84_A_M * math.sqrt(1.0 - WGS84_E2) / (1.0 - WGS84_E2 * math.sin(math.radians(lat_deg)) ** 2)
    beyond = math.sqrt(least) - radius * math.tan(radius_m / radius)
    return ASK if abs(beyond) <= SURE_M else YES if beyond < 0.0 else NO


@inline
def _circles(a_m: float, b_m: float, lat_deg: float, x: float, y: float) -> int:
    """Two circles, the second's centre on the first's plane, whose distances hold to 1 mm in 10 km."""
    radius = WGS84_A_M * math.sqrt(1.0 - WGS84_E2) / (1.0 - WGS84_E2 * math.sin(math.radians(lat_deg)) ** 2)
    far = radius * math.atan(math.hypot(x, y) / radius)
    beyond = far - a_m - b_m
    if far > 50_000.0 or abs(beyond) <= 1e-3 + 1e-6 * far:
        return ASK
    return YES if beyond < 0.0 else NO


@inline
def _meet(
    a: Array,
    i: int,
    a_corners: Array,
    a_first: int,
    n: int,
    b: Array,
    j: int,
    b_corners: Array,
    b_first: int,
    m: int,
    left: Array,
    right: Array,
) -> int:
    """Whether two outlines share a point: no, yes, or ask the rule."""
    if n * m > MOST_EDGES or n > left.shape[0] or m > right.shape[0]:
        return ASK
    if a[i, RADIUS] > 0.0:
        lat, lon = a_corners[a_first, 3], a_corners[a_first, 4]
        flatten(b_corners, b_first, m, lat, lon, right)
        if not _flat(right, m):
            return ASK
        if b[j, RADIUS] > 0.0:
            return _circles(a[i, RADIUS], b[j, RADIUS], lat, right[0, 0], right[0, 1])
        return _circle(a[i, RADIUS], lat, right, m)
    if b[j, RADIUS] > 0.0:
        lat, lon = b_corners[b_first, 3], b_corners[b_first, 4]
        flatten(a_corners, a_first, n, lat, lon, left)
        return _circle(b[j, RADIUS], lat, left, n) if _flat(left, n) else ASK
    lat = (max(a[i, SOUTH], b[j, SOUTH]) + min(a[i, NORTH], b[j, NORTH])) / 2.0
    east_by = (b[j, WEST] - a[i, WEST] + 180.0) % 360.0 - 180.0
    west = max(0.0, east_by)
    east = min(a[i, EAST] - a[i, WEST], east_by + b[j, EAST] - b[j, WEST])
    lon = a[i, WEST] + (west + east) / 2.0
    flatten(a_corners, a_first, n, lat, lon, left)
    flatten(b_corners, b_first, m, lat, lon, right)
    return polygons(left, n, right, m) if _flat(left, n) and _flat(right, m) else ASK


@inline
def _rule(
    one: Array,
    places: Array,
    only_near: bool,
    row: int,
    field: Array,
    span: Ints,
    corners: Array,
    left: Array,
    right: Array,
) -> int:
    if (one[0, START] > field[row, END] or field[row, START] > one[0, END]
            or one[0, LOWER] > field[row, UPPER] or field[row, LOWER] > one[0, UPPER]):  # fmt: skip
        return NO
    if only_near:
        return YES if _share(one, 0, field, row) else NO
    if not _boxes(one, 0, field, row):
        return NO
    return _meet(one, 0, places, 0, places.shape[0], field, row, corners, span[row, FIRST], span[row, COUNT],
                 left, right)  # fmt: skip


@inline
def _probes(one: Array) -> Any:
    """Buckets of the finest level that a volume would look into; too many to count are many."""
    if not (one[0, END] - one[0, START] < 1e9) or abs(one[0, START]) > 1e14:
        return 1e18
    return (((one[0, NORTH] - one[0, SOUTH]) / FINEST_DEG + 2.0)
            * ((one[0, EAST] - one[0, WEST]) / FINEST_DEG + 2.0)
            * ((one[0, END] - one[0, START]) / SLOT_S + 3.0))  # fmt: skip


@kernel(f"i8(f8[:,::1], f8[:,::1], b1, i8, i8[::1], f8[:,:,::1], {WHOLE})")
def search(
    one: Array,
    places: Array,
    only_near: bool,
    rows: int,
    out: Ints,
    room: Array,
    field: Array,
    span: Ints,
    corners: Array,
    heads: Small,
    entries: Small,
    whole: Ints,
) -> int:
    """Rows that meet a volume (or share a finest cell with it), twice the row; and one more to ask the rule.

    Returns their number, which may exceed the room of `out`: the first that fit are there.
    """
    left, right, found = room[0], room[1], 0
    if _probes(one) > rows:
        for row in range(rows):
            if span[row, COUNT] == 0:
                continue
            said = _rule(one, places, only_near, row, field, span, corners, left, right)
            if said != NO:
                if found < out.shape[0]:
                    out[found] = 2 * row + said - YES
                found += 1
        return found
    whole[ASKED] += 1
    first, last = math.floor(one[0, START] / SLOT_S), math.floor(one[0, END] / SLOT_S)
    for level in range(LEVELS):
        if whole[LEVEL + level] == 0:
            continue
        side = FINEST_DEG * 2.0**level
        for y in range(math.floor(one[0, SOUTH] / side), math.floor(one[0, NORTH] / side) + 1):
            for x in range(math.floor(one[0, WEST] / side), math.floor(one[0, EAST] / side) + 1):
                for slot in range(first - 1, last + 1):
                    at = ALWAYS if slot < first else slot
                    entry = heads[_bucket(level, y, x, at, heads.shape[0])]
                    while entry >= 0:
                        row = entries[entry, ROW]
                        entry = entries[entry, NEXT]
                        if span[row, STAMP] == whole[ASKED]:
                            continue
                        span[row, STAMP] = whole[ASKED]
                        said = _rule(one, places, only_near, row, field, span, corners, left, right)
                        if said != NO:
                            if found < out.shape[0]:
                                out[found] = 2 * row + said - YES
                            found += 1
    return found
