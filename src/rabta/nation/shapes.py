"""Shapes: cells dissolved into the polygons of districts, provinces or any other column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from shapely.geometry.base import BaseGeometry


def dissolve(cells: pd.DataFrame, column: str) -> dict[str, BaseGeometry]:
    """Polygon of each value of a column, in longitude and latitude.

    Cells of one value are joined along their common edges by H3 itself, so neighbours share the very same
    corners: the polygons touch without gaps or overlaps.

    Parameters
    ----------
    cells : DataFrame
        With ``cell`` and the column; all cells of one resolution.

    Examples
    --------
    >>> import h3, pandas
    >>> names = h3.grid_disk(h3.latlng_to_cell(31.55, 74.34, 6), 1)
    >>> shapes = dissolve(pandas.DataFrame({"cell": names, "district": "Lahore"}), "district")
    >>> len(shapes["Lahore"].exterior.coords) - 1  # seven hexagons have eighteen outer corners
    18
    """
    import h3
    from shapely.geometry import shape

    names = cells["cell"].to_numpy()
    labels, code = np.unique(cells[column].to_numpy().astype(str), return_inverse=True)
    order = np.argsort(code, kind="stable")
    parts = np.split(names[order], np.cumsum(np.bincount(code))[:-1])
    return {
        str(label): shape(h3.cells_to_geo(part.tolist())) for label, part in zip(labels, parts, strict=True)
    }


def outlines(cells: pd.DataFrame, column: str, tolerance_deg: float) -> dict[str, BaseGeometry]:
    """Dissolved polygons with fewer corners; neighbours keep one common line.

    Parameters
    ----------
    tolerance_deg : float
        Corners may move by about this much.
    """
    import shapely

    shapes = dissolve(cells, column)
    simple = shapely.coverage_simplify(list(shapes.values()), tolerance_deg)
    return dict(zip(shapes, simple, strict=True))
