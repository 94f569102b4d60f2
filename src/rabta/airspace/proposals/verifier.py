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
        self._box = np.zeros((LEAST, 8))
        self._held: list[tuple[Name, Volume]] = []
        self._gone: set[Name] = set()

    def add(self, name: Name, volumes: Sequence[Volume]) -> None:
        """Add the volumes of a name that is not there yet."""
        need = len(self._held) + len(volumes)
        if need > len(self._box):
            more = np.zeros((max(2 * len(self._box), need), 8))
            more[: len(self._box)] = self._box
            self._box = more
        for one in volumes:
            self._box[len(self._held)] = _box(one)
            self._held.append((name, one))

    def meeting(self, volumes: Iterable[Volume]) -> set[Name]:
        """Names whose volumes meet one of these."""
        found: set[Name] = set()
        held = self._box[: len(self._held)]
        for volume in volumes:
            one = _box(volume)
            near = (held[:, :4] <= one[4:]).all(axis=1) & (held[:, 4:] >= one[:4]).all(axis=1)
            for row in np.flatnonzero(near).tolist():
                name, other = self._held[row]
                if name not in found and meet(volume, other):
                    found.add(name)
        return found


def _box(volume: Volume) -> Array:
    """Lower then upper bounds of latitude, longitude, height and time; longitudes must not go round."""
    south, west, north, east = volume.outline.box
    return np.array([south - SPARE_DEG, west - SPARE_DEG, volume.lower_m, volume.start_s,
                     north + SPARE_DEG, east + SPARE_DEG, volume.upper_m, volume.end_s])  # fmt: skip
