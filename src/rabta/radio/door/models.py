"""The models behind the door: what each is for, where it holds, and how it is called.

The order is the order of preference: of the models that fit a link, the first is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.radio.door.ends import KINDS, Links
from rabta.radio.door.world import World

Array = NDArray[np.float64]
Parts = dict[str, Array]
"""Parts of a loss in dB by name; they add up to the whole."""
Range = tuple[float, float]

MEASURES: Mapping[str, Callable[[Links], Array]] = {
    "frequency_ghz": lambda links: links.frequency_ghz,
    "distance_km": lambda links: links.along_km,
    "range_km": lambda links: links.range_km,
    "elevation_deg": lambda links: links.elevation_deg,
    "percent": lambda links: links.percent,
    "places_percent": lambda links: links.places_percent,
    "exceeded_percent": lambda links: 100.0 - links.percent,
    "low_m": lambda links: links.above_m.min(axis=0),
    "high_m": lambda links: links.above_m.max(axis=0),
}


@dataclass(frozen=True)
class Model:
    """One way to predict a loss.

    Attributes
    ----------
    recommendation : str
        Document and edition.
    words : str
        What it is, for people.
    kinds : tuple
        Pairs of `KINDS` that it is for, lower end first.
    purposes : tuple of str
        ``service`` (what is wanted to arrive) or ``interference`` (what is not).
    ranges : mapping
        Lowest and highest value of each of `MEASURES` for which it holds.
    predict : callable
        Parts of the loss of the links.
    needs_ground : bool
        Whether terrain must be known along the way.
    if_so : callable, optional
        Which links meet a further condition, such as sight; asked last, of those that fit otherwise.
    condition : str
        What that is, for people.
    """

    recommendation: str
    words: str
    kinds: tuple[tuple[str, str], ...]
    ranges: Mapping[str, Range]
    predict: Callable[[Links, World], Parts]
    purposes: tuple[str, ...] = ("service", "interference")
    environments: tuple[str, ...] = ()
    needs_ground: bool = False
    if_so: Callable[[Links, World], NDArray[np.bool_]] | None = None
    condition: str = "needs terrain of the nation along the way"

    def outside(self, links: Links) -> dict[str, NDArray[np.bool_]]:
        """Which links are outside each range."""
        found = {}
        for name, (low, high) in self.ranges.items():
            value = MEASURES[name](links)
            found[name] = ~((value >= low) & (value <= high))
        return found

    def is_for(self, links: Links, purpose: str) -> NDArray[np.bool_]:
        """Which links it is meant for, whether or not they are in its ranges."""
        pair = np.sort(links.kind, axis=0)
        wanted = [tuple(KINDS.index(kind) for kind in both) for both in self.kinds]
        meant = np.zeros(len(links), dtype=np.bool_)
        for low, high in wanted:
            meant |= (pair[0] == low) & (pair[1] == high)
        return meant & (purpose in self.purposes)

    def fits(self, links: Links, purpose: str) -> NDArray[np.bool_]:
        """Which links it is meant for and holds for."""
        fine = self.is_for(links, purpose)
        for wrong in self.outside(links).values():
            fine = fine & ~wrong
        return fine

    def knows(self, links: Links, world: World, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the links asked for have the terrain that the model needs, and meet its condition."""
        if self.needs_ground and not world.has_terrain:
            return np.zeros_like(asked)
        found = asked.copy()
        if self.needs_ground:
            found &= np.logical_and(*(world.inside(links.lat_deg[i], links.lon_deg[i]) for i in (0, 1)))
        if self.if_so is not None and found.any():
            found[found] = self.if_so(links.take(found), world)
        return found
