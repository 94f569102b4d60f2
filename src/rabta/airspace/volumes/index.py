"""Volumes by where and when they are: a hash of cells and times, coarser for what is larger.

Cells are squares of latitude and longitude whose side doubles from level to level; a volume lies in the
cells of the level at which it covers few of them. So a query looks at few cells of each level in use, and
adding and removing are as cheap. What a cell holds is tested exactly by a kernel; where rounding could
decide, `meet` does.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.volumes import _kernels as k
from rabta.airspace.volumes.meeting import boxes_meet, meet
from rabta.airspace.volumes.volume import Circle, Volume

LARGEST_EXACT = 256  # corners of a polygon that the kernel tests
LEAST = 64

Name = TypeVar("Name", bound=Hashable)
Row = tuple[NDArray[np.float64], NDArray[np.float64]]


class Index(Generic[Name]):
    """Volumes by name; for one thread at a time.

    Examples
    --------
    >>> from rabta.airspace.volumes import Circle
    >>> index = Index()
    >>> index.add("a", [Volume(Circle(33.7, 73.0, 100.0), 0.0, 100.0)])
    >>> index.meeting([Volume(Circle(33.7, 73.001, 100.0), 50.0, 60.0)])
    {'a'}
    """

    def __init__(self) -> None:
        self._volumes: dict[Name, list[Volume]] = {}
        self._rows: dict[Name, list[int]] = {}
        self._names: list[tuple[Name, Volume] | None] = []  # by row
        self._free: list[int] = []
        self._field = np.zeros((LEAST, k.FIELDS))
        self._span = np.zeros((LEAST, k.SPANS), np.int64)
        self._corners = np.zeros((LEAST, 5))
        self._dead = 0  # corners of rows that are gone
        self._whole = np.zeros(k.LEVEL + k.LEVELS, np.int64)
        self._out = np.zeros(LEAST, np.int64)
        self._room = np.zeros((2, LARGEST_EXACT, 2))
        self._buckets(LEAST)

    def __len__(self) -> int:
        return len(self._volumes)

    def __contains__(self, name: object) -> bool:
        return name in self._volumes

    def volumes(self, name: Name) -> list[Volume]:
        """Volumes of a name."""
        return self._volumes[name]

    def add(self, name: Name, volumes: list[Volume]) -> None:
        """Put a name at its volumes, in place of where it was."""
        self.remove(name)
        self._volumes[name] = volumes
        self._rows[name] = [self._put(name, one) for one in volumes]

    def remove(self, name: Name) -> None:
        """Forget a name; nothing happens where it is not known."""
        if self._volumes.pop(name, None) is None:
            return
        for row in self._rows.pop(name):
            k.erase(row, *self._arrays())
            self._dead += int(self._span[row, k.COUNT])
            self._span[row, k.COUNT] = 0
            self._names[row] = None
            self._free.append(row)

    def meeting(self, volumes: list[Volume]) -> set[Name]:
        """Names whose volumes meet one of these: exactly."""
        return self._found(volumes, near=False)

    def hits(self, volume: Volume) -> list[tuple[Name, Volume]]:
        """Volumes that meet one, with their names: exactly."""
        held = [(self._names[told >> 1], told & 1) for told in self._search(volume, near=False)]
        return [one for one, doubt in held if one is not None and not (doubt and not meet(volume, one[1]))]

    def near(self, volumes: list[Volume]) -> set[Name]:
        """Names that share a finest cell, height and time with one of these: what notifications go by."""
        return self._found(volumes, near=True)

    def _found(self, volumes: list[Volume], *, near: bool) -> set[Name]:
        found: set[Name] = set()
        names = self._names
        for volume in volumes:
            for told in self._search(volume, near=near):
                held = names[told >> 1]
                if held is not None and held[0] not in found and not (told & 1 and not meet(volume, held[1])):
                    found.add(held[0])
        return found

    def _search(self, volume: Volume, *, near: bool) -> list[int]:
        """What the kernel tells of rows: twice the row, and one more where the rule must be asked."""
        if not self._volumes:
            return []
        one, places = packed(volume)
        count = k.search(one, places, near, len(self._names), self._out, self._room, *self._arrays())
        if count > len(self._out):
            self._out = np.zeros(2 * count, np.int64)
            k.search(one, places, near, len(self._names), self._out, self._room, *self._arrays())
        return self._out[:count].tolist() if count else []

    def _arrays(self) -> tuple[Any, ...]:
        return self._field, self._span, self._corners, self._heads, self._entries, self._whole

    def _put(self, name: Name, volume: Volume) -> int:
        one, places = packed(volume)
        if self._free:
            row = self._free.pop()
            self._names[row] = (name, volume)
        else:
            row = len(self._names)
            self._names.append((name, volume))
            if row == len(self._field):
                self._field, self._span = _doubled(self._field), _doubled(self._span)
        self._field[row] = one[0]
        first = self._corner_room(len(places))
        self._corners[first : first + len(places)] = places
        self._span[row] = first, len(places), -1, 0
        self._whole[k.CORNERS] = first + len(places)
        need = k.insert(row, *self._arrays())
        if need:
            self._buckets(int(self._whole[k.USED] + need), but=row)
            k.insert(row, *self._arrays())
        return row

    def _corner_room(self, count: int) -> int:
        """Where the next corners go; those of rows that are gone are dropped when they are most."""
        used = int(self._whole[k.CORNERS])
        if used + count <= len(self._corners):
            return used
        if 2 * self._dead < used:
            self._corners = _doubled(self._corners, used + count)
            return used
        live = [row for row in range(len(self._names)) if self._span[row, k.COUNT]]
        kept = np.zeros_like(self._corners)
        used = self._dead = 0
        for row in live:
            first, size = self._span[row, k.FIRST], int(self._span[row, k.COUNT])
            kept[used : used + size] = self._corners[first : first + size]
            self._span[row, k.FIRST] = used
            used += size
        self._corners = kept if used + count <= len(kept) else _doubled(kept, used + count)
        return used

    def _buckets(self, least: int, but: int = -1) -> None:
        """New buckets with room, and every row in them again, but one."""
        size = 1 << max(math.ceil(math.log2(1.5 * least)), 6)
        self._heads = np.full(size, -1, np.int32)
        self._entries = np.full((size, k.ENTRY), -1, np.int32)
        self._entries[:-1, k.NEXT] = np.arange(1, size)
        self._whole[[k.FREE, k.USED]] = 0
        self._whole[k.LEVEL :] = 0
        for row, held in enumerate(self._names):
            if held is not None and row != but:
                k.insert(row, *self._arrays())


def packed(volume: Volume) -> Row:
    """Box, heights, instants and radius of a volume, and its corners or centre, for the kernels."""
    held = volume._hints.get("packed")
    if held is None:
        outline = volume.outline
        round_ = isinstance(outline, Circle)
        given = [(outline.lat_deg, outline.lon_deg)] if isinstance(outline, Circle) else outline.corners
        one = np.array([[*outline.box, volume.lower_m, volume.upper_m, volume.start_s, volume.end_s,
                         outline.radius_m if isinstance(outline, Circle) else 0.0]])  # fmt: skip
        places = np.empty((1 if round_ else len(given), 5))
        k.placed(np.array(given), places)
        held = volume._hints["packed"] = (one, places)
    return held  # type: ignore[return-value]


def near(a: Volume, b: Volume) -> bool:
    """Whether two volumes meet when their boxes share a cell of the finest level."""
    if a.start_s > b.end_s or b.start_s > a.end_s or a.lower_m > b.upper_m or b.lower_m > a.upper_m:
        return False
    return boxes_meet(_widened(a), _widened(b))


def _widened(volume: Volume) -> tuple[float, float, float, float]:
    """Box from the corner of its first cell to that of its last."""
    south, west, north, east = volume.outline.box
    side = k.FINEST_DEG
    return (side * math.floor(south / side), side * math.floor(west / side),
            side * math.floor(north / side), side * math.floor(east / side))  # fmt: skip


def _doubled(held: NDArray[Any], least: int = 0) -> NDArray[Any]:
    """Array with at least twice the rows."""
    more = np.zeros((max(2 * len(held), least), *held.shape[1:]), held.dtype)
    more[: len(held)] = held
    return more
