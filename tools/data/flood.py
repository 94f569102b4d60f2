"""Land under water in the last week of August 2022 (UNOSAT, VIIRS, 25 to 31 August 2022)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from tools.data.inputs import Array, Inputs

PUBLISHED_KM2 = 69_015.0  # the product's own total; parts below 1 km2 (1,457 km2 in all) are not in the input
PIECE = 200  # vertices of the largest piece that is laid over cells as a whole


def share(cell_outlines: NDArray[Any], inputs: Inputs) -> Array:
    """Share of each cell that was under water.

    Permanent water is not told from flood, and 375 m pixels miss water in fields narrower than that.

    Parameters
    ----------
    cell_outlines : ndarray of Polygon, shape (cell,)
        Longitude and latitude, degrees.

    Returns
    -------
    ndarray, shape (cell,)
        Between 0 and 1.
    """
    return covered(cell_outlines, inputs.flood())


def covered(cell_outlines: NDArray[Any], water: NDArray[Any]) -> Array:
    """Share of each outline that the polygons cover, counted once where they overlap."""
    whole = shapely.union_all(shapely.make_valid(water))
    pieces = np.asarray([p for part in shapely.get_parts(whole) for p in _split(part)], dtype=object)
    tree = shapely.STRtree(pieces)
    cell, piece = tree.query(cell_outlines, predicate="intersects")
    both = shapely.area(shapely.intersection(cell_outlines[cell], pieces[piece]))
    wet = np.bincount(cell, both, minlength=len(cell_outlines))
    return np.asarray(np.clip(wet / shapely.area(cell_outlines), 0.0, 1.0))


def _split(shape: Any) -> list[Any]:
    """The shape cut along its longer side until no piece is large: overlay is quick on small pieces."""
    if shapely.get_num_coordinates(shape) <= PIECE:
        return [shape]
    west, south, east, north = shapely.bounds(shape)
    x, y = (west + east) / 2, (south + north) / 2
    wide = east - west > north - south
    halves = (
        [(west, south, x, north), (x, south, east, north)]
        if wide
        else [(west, south, east, y), (west, y, east, north)]
    )
    cut = [shapely.intersection(shape, shapely.box(*half)) for half in halves]
    return [
        piece
        for part in cut
        for one in shapely.get_parts(part)
        if shapely.area(one) > 0
        for piece in _split(one)
    ]
