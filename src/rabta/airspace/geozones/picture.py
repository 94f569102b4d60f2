"""A map of zones as a PNG: prohibited, with authorisation, others; one pixel a cell of a grid."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.geozones.model import Area, Kind, Zone
from rabta.airspace.volumes import Circle, Polygon
from rabta.airspace.volumes.volume import METRES_A_DEGREE

Box = tuple[float, float, float, float]
COLOURS = {
    Kind.FREE: (140, 190, 140),
    Kind.USPACE: (110, 150, 210),
    Kind.CONDITIONAL: (240, 215, 110),
    Kind.AUTHORIZATION: (240, 160, 60),
    Kind.PROHIBITED: (200, 50, 50),
}
GROUND = (245, 245, 240)


def pixels(zones: Iterable[Zone], box: Box, wide: int = 1_200) -> NDArray[np.uint8]:
    """Colour of the strictest zone at each pixel, at any height and time; shape (row, column, 3).

    Parameters
    ----------
    zones : iterable of Zone
    box : tuple of float
        South, west, north, east, degrees.
    wide : int
        Pixels from west to east; those from north to south keep the middle's proportions.
    """
    south, west, north, east = box
    tall = max(round(wide * (north - south) / ((east - west) * np.cos(np.radians((south + north) / 2.0)))), 1)
    lat = north - (np.arange(tall) + 0.5) * (north - south) / tall
    lon = west + (np.arange(wide) + 0.5) * (east - west) / wide
    rank = np.full((tall, wide), -1, np.int8)
    order = list(COLOURS)
    for zone in zones:
        for area in (one for layer in zone.layers for one in layer.areas):
            _paint(rank, area, lat, lon, order.index(zone.kind))
    table = np.array([*COLOURS.values(), GROUND], np.uint8)
    return table[rank]


def _paint(
    rank: NDArray[np.int8], area: Area, lat: NDArray[np.float64], lon: NDArray[np.float64], k: int
) -> None:
    """Raise the rank of the pixels of an area."""
    import shapely

    south, west, north, east = area.outline.box
    rows = np.flatnonzero((lat >= south) & (lat <= north))
    columns = np.flatnonzero(((lon - west) % 360.0) <= east - west)
    if not rows.size or not columns.size:
        return
    y, x = np.meshgrid(lat[rows], west + (lon[columns] - west) % 360.0, indexing="ij")
    outline = area.outline
    if isinstance(outline, Circle):
        far = np.hypot(
            y - outline.lat_deg, ((x - outline.lon_deg + 180.0) % 360.0 - 180.0) * np.cos(np.radians(y))
        )
        inside = far * METRES_A_DEGREE <= outline.radius_m
    else:
        turned = _turned(outline, west)
        holes = [_turned(one, west) for one in area.holes]
        inside = shapely.contains_xy(shapely.Polygon(turned, holes), x, y)
    held = rank[np.ix_(rows, columns)]
    rank[np.ix_(rows, columns)] = np.where(inside & (held < k), k, held)


def _turned(ring: Polygon, west: float) -> list[tuple[float, float]]:
    """Longitude and latitude of corners, all east of the box's west, which rounding may have moved."""
    return [(west + (lon - west + 1e-6) % 360.0 - 1e-6, lat) for lat, lon in ring.corners]


def box_of(zones: Iterable[Zone]) -> Box:
    """Box of all zones with a margin."""
    boxes = np.array([area.outline.box for zone in zones for layer in zone.layers for area in layer.areas])
    if not boxes.size:
        return 0.0, 0.0, 1.0, 1.0
    margin = 0.02 * float(np.ptp(boxes[:, [1, 3]]))
    return (float(boxes[:, 0].min()) - margin, float(boxes[:, 1].min()) - margin,
            float(boxes[:, 2].max()) + margin, float(boxes[:, 3].max()) + margin)  # fmt: skip
