"""Where links begin and end: places, heights, and what follows from them for the choice of a model.

Links are columns: every field of `Links` has one value a link, or one for all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Names = NDArray[np.str_]

AIR_M = 150.0
"""Higher above the ground than this is an aircraft: masts end near it, and P.1812 and P.452 with them."""
SPACE_M = 20_000.0  # P.528 ends here; higher paths are slant paths
EARTH_FACTOR = 4.0 / 3.0
KINDS = ("ground", "air", "space")
ANYTHING = 1e12


@dataclass(frozen=True)
class Links:
    """Links between two ends each; every array has shape (link,).

    Attributes
    ----------
    frequency_ghz : ndarray
        3 kHz to light.
    lat_deg, lon_deg : ndarray, shape (2, link)
    ground_m, above_m : ndarray, shape (2, link)
        Height of the ground above the sea, and of the antenna above the ground.
    percent : ndarray
        Share of the time for which the loss is not exceeded.
    places_percent : ndarray
        Share of places for which it is not exceeded, where a model speaks of places.
    diameter_m : ndarray
        Of the antenna at the lower end; matters for scintillation.
    vertical : ndarray of bool
        Vertical polarisation; the models with circular ones are told so by `tilt_deg`.
    """

    frequency_ghz: Array
    lat_deg: Array
    lon_deg: Array
    ground_m: Array
    above_m: Array
    percent: Array
    places_percent: Array
    diameter_m: Array
    vertical: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        frequency_ghz: object,
        lat_deg: object,
        lon_deg: object,
        ground_m: object,
        above_m: object,
        *,
        percent: object = 50.0,
        places_percent: object = 50.0,
        diameter_m: object = 0.6,
        vertical: object = True,
    ) -> Links:
        """Columns from anything that broadcasts; pairs come as (first, second)."""
        pairs = [np.asarray(v, dtype=np.float64) for v in (lat_deg, lon_deg, ground_m, above_m)]
        single = [
            np.asarray(v, dtype=np.float64) for v in (frequency_ghz, percent, places_percent, diameter_m)
        ]
        shape = np.broadcast_shapes(*(p.shape[1:] for p in pairs), *(s.shape for s in single), (1,))
        two = [np.broadcast_to(p.reshape(2, *p.shape[1:] or (1,)), (2, *shape)) for p in pairs]
        one = [np.broadcast_to(s, shape) for s in single]
        for name, value, low, high in (("frequency_ghz", one[0], 3e-6, 1e6), ("percent", one[1], 1e-5, 1e2)):
            check_range(name, value, low, high, "a link")
        check_range("places_percent", one[2], 1e-3, 100.0 - 1e-3, "a link")
        check_range("diameter_m", one[3], 1e-3, 100.0, "a link")
        check_range("lat_deg", two[0], -90.0, 90.0, "a link")
        check_range("above_m", two[3], 0.0, ANYTHING, "a link")
        upright = np.broadcast_to(np.asarray(vertical, dtype=np.bool_), shape)
        frequency, time, places, diameter = one
        lat, lon, ground, above = two
        return cls(frequency, lat, lon, ground, above, time, places, diameter, upright)

    def __len__(self) -> int:
        return len(self.frequency_ghz)

    def take(self, chosen: NDArray[np.bool_]) -> Links:
        """Some of the links."""
        picked: dict[str, Any] = {
            field.name: getattr(self, field.name)[..., chosen] for field in fields(self)
        }
        return Links(**picked)

    @cached_property
    def height_m(self) -> Array:
        """Height of the antennas above the sea, shape (2, link)."""
        return np.asarray(self.ground_m + self.above_m)

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """Index into `KINDS` of each end, shape (2, link)."""
        space = self.height_m > SPACE_M
        return np.asarray(np.where(space, 2, np.where(self.above_m > AIR_M, 1, 0)))

    @cached_property
    def along_km(self) -> Array:
        """Distance over the ground."""
        (lat1, lat2), (lon1, lon2) = self.lat_deg, self.lon_deg
        return geo.great_circle_m(lat1, lon1, lat2, lon2) / 1e3

    @cached_property
    def _sight(self) -> tuple[Array, Array, Array]:
        """Slant range (m), elevation and azimuth (degrees) of the higher end from the lower."""
        low = np.argmin(self.height_m, axis=0)
        at = np.arange(len(self))
        lat, lon = self.lat_deg[low, at], self.lon_deg[low, at]
        first, second = (
            geo.ecef_from_geodetic(self.lat_deg[e, at], self.lon_deg[e, at], self.height_m[e, at])
            for e in (low, 1 - low)
        )
        east, north, up = np.einsum("lij,lj->il", geo.east_north_up(lat, lon), second - first)
        away = np.sqrt(east**2 + north**2 + up**2)
        sine = np.divide(up, away, out=np.ones_like(up), where=away > 0)
        return away, np.degrees(np.arcsin(np.clip(sine, -1, 1))), np.degrees(np.arctan2(east, north)) % 360.0

    @property
    def range_km(self) -> Array:
        """Straight distance between the antennas."""
        return self._sight[0] / 1e3

    @property
    def elevation_deg(self) -> Array:
        """Elevation of the higher end from the lower, without refraction."""
        return self._sight[1]

    @property
    def azimuth_deg(self) -> Array:
        """Azimuth of the higher end from the lower, clockwise from north."""
        return self._sight[2]

    @cached_property
    def lower(self) -> NDArray[np.int64]:
        """Which end is the lower one: 0 or 1."""
        return np.asarray(np.argmin(self.height_m, axis=0))

    def at_lower(self, pair: Array) -> Array:
        """Values of the lower end of a (2, link) array."""
        return np.asarray(pair[self.lower, np.arange(len(self))])
