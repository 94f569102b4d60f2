"""Sites, sectors and users: hexagonal layouts that wrap around, offices, and sites of tables.

Positions are in metres on a plane, x to the east and y to the north; azimuths in degrees from the x axis,
counterclockwise, as TR 38.901 has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

SECTORS_DEG = (30.0, 150.0, 270.0)  # TR 38.901, table 7.8-1
OFFICE_M = (120.0, 50.0)  # TR 38.901, table 7.2-2
EARTH_M = 6_371_000.0
MOST_RINGS = 30


@dataclass(frozen=True)
class Layout:
    """Sites and their sectors.

    Attributes
    ----------
    position_m : (site, 3) array
        x, y and height above the ground.
    site : (sector,) int array
        Site of each sector.
    azimuth_deg : (sector,) array
        Where each sector looks; the antenna's own tilt comes with its pattern.
    images_m : (image, 2) array
        Shifts under which the layout repeats itself; the first is nought.
    isd_m : float
        Distance of neighbours, NaN where there is no lattice.
    """

    position_m: Array
    site: Indices
    azimuth_deg: Array
    images_m: Array
    isd_m: float = float("nan")

    def __post_init__(self) -> None:
        if self.position_m.ndim != 2 or self.position_m.shape[1] != 3 or not len(self.position_m):
            raise RabtaError(
                "no site", key="position_m", value=self.position_m.shape, expected="(sites, 3), one or more"
            )
        if self.site.shape != self.azimuth_deg.shape or not len(self.site):
            raise RabtaError(
                "a cell needs a site and an azimuth", key="site", value=self.site.shape,
                expected=f"one for each of {len(self.azimuth_deg)} azimuths",
            )  # fmt: skip
        if self.site.min() < 0 or self.site.max() >= len(self.position_m):
            wrong = int(self.site[(self.site < 0) | (self.site >= len(self.position_m))][0])
            raise RabtaError(
                "a cell with no site", key="site", value=wrong, expected=f"0 to {len(self.position_m) - 1}"
            )

    @property
    def sectors(self) -> int:
        """Cells."""
        return len(self.site)


@dataclass(frozen=True)
class Users:
    """Where users are.

    Attributes
    ----------
    position_m : (user, 3) array
    indoor : (user,) bool array
    depth_m : (user,) array
        Way inside the building, nought outdoors.
    """

    position_m: Array
    indoor: NDArray[np.bool_]
    depth_m: Array

    def __len__(self) -> int:
        return len(self.position_m)


@dataclass(frozen=True)
class Geometry:
    """Paths between users and sites, each of shape (user, site), by the nearest image of the site.

    Attributes
    ----------
    distance_m : along the ground.
    azimuth_deg, elevation_deg : of the user as the site sees it.
    """

    distance_m: Array
    azimuth_deg: Array
    elevation_deg: Array


def hexagonal(
    isd_m: float,
    *,
    rings: int = 2,
    height_m: float = 25.0,
    azimuths_deg: ArrayLike = SECTORS_DEG,
    wrap: bool = True,
) -> Layout:
    """Sites in rings around one, with sectors, and without an edge if wrapped.

    Parameters
    ----------
    isd_m : float
        Distance between sites, 1 m to 100 km.
    rings : int
        2 for 19 sites, 57 cells.
    azimuths_deg : array_like
        Of each site's sectors; one 0 for a site that radiates alike all around.

    Notes
    -----
    TR 38.901, tables 7.2-1 and 7.8-1; sectors look at the sides of the site's hexagon, that is at neighbours
    (Report ITU-R M.2412, clause 8.2, as M.2135 before it): these lie at 30, 90 ... degrees. A wrapped cluster
    of N = 3 r (r + 1) + 1 sites repeats at the six shifts of length sqrt(N) isd that tile the plane with it.

    Examples
    --------
    >>> found = hexagonal(500.0)
    >>> found.sectors, len(found.images_m)
    (57, 7)
    """
    check_range("isd_m", isd_m, 1.0, 1e5, "a cellular layout")
    check_range("rings", rings, 0, MOST_RINGS, "a cellular layout")
    span = np.arange(-rings, rings + 1)
    q, r = (axis.ravel() for axis in np.meshgrid(span, span, indexing="ij"))
    ring = np.maximum(np.maximum(np.abs(q), np.abs(r)), np.abs(q + r))
    order = np.lexsort((np.arctan2(r, q), ring))
    order = order[ring[order] <= rings]
    place = _plane(q[order], r[order], isd_m)
    images = np.zeros((1, 2))
    if wrap:
        a, b = rings + 1, rings
        turns = [(a, b), (-b, a + b), (-a - b, a), (-a, -b), (b, -a - b), (a + b, -a)]
        images = np.concatenate([images, _plane(np.array(turns)[:, 0], np.array(turns)[:, 1], isd_m)])
    return _of(np.column_stack([place, np.full(len(place), height_m)]), azimuths_deg, images, isd_m)


def _plane(q: NDArray[np.int64], r: NDArray[np.int64], isd_m: float) -> Array:
    return np.asarray(isd_m * np.stack([np.sqrt(0.75) * q, r + q / 2.0], axis=1))


def _of(position_m: Array, azimuths_deg: ArrayLike, images_m: Array, isd_m: float) -> Layout:
    azimuths = np.atleast_1d(np.asarray(azimuths_deg, dtype=np.float64))
    sites = len(position_m)
    site = np.repeat(np.arange(sites), len(azimuths))
    return Layout(position_m, site, np.tile(azimuths, sites), images_m, isd_m)


def office() -> Layout:
    """Twelve access points under the ceiling of an office, 20 m apart. TR 38.901, table 7.2-2."""
    x, y = np.meshgrid(np.arange(10.0, 120.0, 20.0), [15.0, 35.0])
    place = np.column_stack([x.ravel(), y.ravel(), np.full(12, 3.0)])
    return _of(place, SECTORS_DEG, np.zeros((1, 2)), 20.0)


def from_places(
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    height_m: ArrayLike = 25.0,
    azimuths_deg: ArrayLike = SECTORS_DEG,
    middle: tuple[float, float] | None = None,
) -> Layout:
    """Sites of a table, on a plane that touches the Earth in their middle or in a given one.

    Good to 0.1 % of distances within 200 km; a wider table is refused.
    """
    lat = np.atleast_1d(np.asarray(lat_deg, dtype=np.float64))
    lon = np.atleast_1d(np.asarray(lon_deg, dtype=np.float64))
    if lat.shape != lon.shape or not len(lat):
        raise RabtaError(
            "no site", key="lat_deg, lon_deg", value=(lat.shape, lon.shape),
            expected="as many latitudes as longitudes, one or more",
        )  # fmt: skip
    check_range("lat_deg", lat, -89.0, 89.0, "a table of sites")
    check_range("lon_deg", lon, -360.0, 360.0, "a table of sites")
    here = middle or (float(lat.mean()), float(lon.mean()))
    place = plane_m(lat, lon, *here)
    check_range("distance from the middle, m", np.hypot(*place.T), 0.0, 2e5, "a table of sites")
    tall = np.broadcast_to(np.asarray(height_m, dtype=np.float64), lat.shape)
    return _of(np.column_stack([place, tall]), azimuths_deg, np.zeros((1, 2)), float("nan"))


def plane_m(lat_deg: ArrayLike, lon_deg: ArrayLike, middle_lat: float, middle_lon: float) -> Array:
    """Places as x to the east and y to the north of a middle, shape (..., 2)."""
    lat, lon = np.radians(lat_deg), np.radians(np.asarray(lon_deg, dtype=np.float64) - middle_lon)
    return np.asarray(
        EARTH_M * np.stack([lon * np.cos(np.radians(middle_lat)), lat - np.radians(middle_lat)], axis=-1)
    )


def drop(
    layout: Layout,
    each: int,
    *,
    indoor: float = 0.8,
    depth_m: float = 25.0,
    nearest_m: float = 35.0,
    floors: bool = True,
    even_depth: bool = False,
    seed: int = 0,
) -> Users:
    """Users spread evenly over the hexagons of all sites.

    Parameters
    ----------
    each : int
        Users of a site's hexagon.
    indoor : float
        Share in buildings; their depth is the lesser of two even draws up to ``depth_m``.
    nearest_m : float
        Nobody stands nearer to a site.
    floors : bool
        Users in buildings stand on floors: of 4 to 8, each 3 m high; else all are at 1.5 m.
    even_depth : bool
        The drop of TR 36.873, with which 3GPP calibrated in 2016: the way inside is one even draw, no longer
        than that to the site, and users in buildings may stand at any distance from it.

    Notes
    -----
    TR 36.873, table 6-1; TR 38.901, tables 7.2-1, 7.4.3-2 and 7.8-1.
    """
    check_range("indoor", indoor, 0.0, 1.0, "a share")
    check_range("each", each, 1, 10_000_000, "a drop of users")
    check_range("nearest_m", nearest_m, 0.0, 0.49 * layout.isd_m, "a hexagon")
    rng = np.random.default_rng(seed)
    sites = len(layout.position_m)
    place = layout.position_m[np.repeat(np.arange(sites), each), :2]
    inside = rng.random(len(place)) < indoor
    step = _hexagon(rng, sites * each, layout.isd_m, nearest_m)
    if even_depth:
        step = np.where(inside[:, None], _hexagon(rng, sites * each, layout.isd_m, 0.0), step)
    place = place + step
    storeys = rng.integers(4, 9, len(place))
    level = 1 + np.floor(rng.random(len(place)) * storeys)
    height = np.where(inside & floors, 3.0 * (level - 1.0), 0.0) + 1.5
    two = rng.uniform(0.0, depth_m, (2, len(place)))
    deep = two.min(axis=0)
    if even_depth:
        deep = two[0] * np.minimum(1.0, np.hypot(step[:, 0], step[:, 1]) / depth_m)
    return Users(np.column_stack([place, height]), inside, np.where(inside, deep, 0.0))


def _hexagon(rng: np.random.Generator, count: int, isd_m: float, nearest_m: float) -> Array:
    found = np.empty((0, 2))
    while len(found) < count:
        side = isd_m / np.sqrt(3.0)
        xy = rng.uniform(-side, side, (2 * count + 100, 2))
        y, x = np.abs(xy).T
        inside = (x <= isd_m / 2.0) & (x / np.sqrt(3.0) + y <= side) & (np.hypot(x, y) >= nearest_m)
        found = np.concatenate([found, xy[inside]])
    return found[:count]


def scatter(
    layout: Layout,
    count: int,
    radius_m: float,
    *,
    indoor: float = 0.5,
    depth_m: float = 10.0,
    nearest_m: float = 10.0,
    seed: int = 0,
) -> Users:
    """Users spread evenly over a disc around the middle of any layout, at 1.5 m; none beside a site."""
    check_range("radius_m", radius_m, 1.0, 2e6, "a disc")
    check_range("count", count, 1, 100_000_000, "a drop of users")
    check_range("indoor", indoor, 0.0, 1.0, "a share")
    rng = np.random.default_rng(seed)
    way, turn = radius_m * np.sqrt(rng.random(count)), rng.uniform(0.0, 2.0 * np.pi, count)
    place = np.column_stack([way * np.cos(turn), way * np.sin(turn)])
    for site in layout.position_m[:, :2]:
        step = place - site
        near = np.hypot(step[:, 0], step[:, 1])
        push = np.where(near < nearest_m, nearest_m / np.maximum(near, 1e-6), 1.0)
        place = site + step * push[:, None]
    inside = rng.random(count) < indoor
    deep = np.where(inside, rng.uniform(0.0, depth_m, (2, count)).min(axis=0), 0.0)
    return Users(np.column_stack([place, np.full(count, 1.5)]), inside, deep)


def drop_office(count: int, *, height_m: float = 1.0, seed: int = 0) -> Users:
    """Users spread evenly over the office. TR 38.901, table 7.2-2."""
    check_range("count", count, 1, 100_000_000, "a drop of users")
    rng = np.random.default_rng(seed)
    place = rng.random((count, 2)) * np.array(OFFICE_M)
    outside = np.zeros(count, dtype=bool)  # nobody is behind an outer wall of the access point's building
    return Users(np.column_stack([place, np.full(count, height_m)]), outside, np.zeros(count))


def paths(layout: Layout, position_m: ArrayLike) -> Geometry:
    """Distances and directions between places (user, 3) and sites, each by the nearest image."""
    place = np.asarray(position_m, dtype=np.float64)
    if place.ndim != 2 or place.shape[1] != 3:
        raise RabtaError("positions do not fit", key="position_m", value=place.shape, expected="(users, 3)")
    step = place[:, None, :2] - layout.position_m[None, :, :2]
    best, square = step, (step**2).sum(axis=-1)
    for shift in layout.images_m[1:]:
        other = step - shift
        far = (other**2).sum(axis=-1)
        nearer = far < square
        best, square = np.where(nearer[..., None], other, best), np.where(nearer, far, square)
    distance = np.sqrt(square)
    rise = place[:, None, 2] - layout.position_m[None, :, 2]
    return Geometry(
        distance,
        np.degrees(np.arctan2(best[..., 1], best[..., 0])),
        np.degrees(np.arctan2(rise, np.maximum(distance, 1e-9))),
    )


def within(geometry: Geometry, farthest_m: float) -> Geometry:
    """The same paths, none longer than a model's range: the caller drops those that were."""
    return Geometry(np.minimum(geometry.distance_m, farthest_m), geometry.azimuth_deg, geometry.elevation_deg)
