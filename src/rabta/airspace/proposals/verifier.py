"""Whether volumes are free, by a way of its own: boxes as arrays, then the exact rule for what is left.

It shares nothing with `rabta.airspace.volumes.Index` but the rule of two volumes, so that an error of the one
does not pass the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.volumes import Volume, meet

Array = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)
LEAST = 64
TIME = 3  # row of the lower bound
SPARE_DEG = 1e-9


class Verifier(Generic[Name]):
    """All volumes of names, in arrays that grow.

    Examples
    --------
    >>> from rabta.airspace.volumes import Circle
    >>> held = Verifier()
    >>> held.add("a", [Volume(Circle(33.7, 73.0, 100.0), 0.0, 100.0, 0.0, 60.0)])
    >>> held.meeting([Volume(Circle(33.7, 73.001, 100.0), 50.0, 60.0, 60.0, 90.0)])
    {'a'}
    """

    def __init__(self) -> None:
        self._box = np.zeros((8, LEAST))
        self._held: list[tuple[Name, Volume]] = []
        self._gone: set[Name] = set()

    def add(self, name: Name, volumes: Sequence[Volume]) -> None:
        """Add the volumes of a name that is not there yet."""
        need = len(self._held) + len(volumes)
        room = self._box.shape[1]
        if need > room:
            more = np.zeros((8, max(2 * room, need)))
            more[:, :room] = self._box
            self._box = more
        for one in volumes:
            self._box[:, len(self._held)] = _box(one)
            self._held.append((name, one))

    def meeting(self, volumes: Iterable[Volume]) -> set[Name]:
        """Names whose volumes meet one of these."""
        found: set[Name] = set()
        for volume in volumes:
            for row in self._near(_box(volume)):
                name, other = self._held[row]
                if name not in found and meet(volume, other):
                    found.add(name)
        return found

    def _near(self, one: Array) -> list[int]:
        """Rows whose boxes meet one; by time first, which leaves the fewest."""
        held = self._box[:, : len(self._held)]
        rows = np.flatnonzero((held[TIME] <= one[TIME + 4]) & (held[TIME + 4] >= one[TIME]))
        for k in range(TIME):
            low, high = held[k, rows], held[k + 4, rows]
            rows = rows[(low <= one[k + 4]) & (high >= one[k])]
        found: list[int] = rows.tolist()
        return found


def _box(volume: Volume) -> Array:
    """Lower then upper bounds of latitude, longitude, height and time; longitudes must not go round."""
    south, west, north, east = volume.outline.box
    return np.array([south - SPARE_DEG, west - SPARE_DEG, volume.lower_m, volume.start_s,
                     north + SPARE_DEG, east + SPARE_DEG, volume.upper_m, volume.end_s])  # fmt: skip
