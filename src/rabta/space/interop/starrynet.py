"""Positions as StarryNet's own observer writes them: a file a second, a line a satellite.

Format: SpaceNetLab/StarryNet, ``sn_observer.py``: ``position/<second>.txt`` with latitude (deg), longitude
(deg) and height (km) over the WGS84 ellipsoid, separated by commas, six decimals.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.io import write_atomic


def geodetic(position_m: NDArray[np.floating]) -> NDArray[np.float64]:
    """Latitude (deg), longitude (deg) and height (m) over WGS84 of Earth-fixed places.

    Parameters
    ----------
    position_m : ndarray, shape (..., 3)

    Examples
    --------
    >>> geodetic(np.array([6_378_137.0 + 550e3, 0.0, 0.0])).round(6).tolist()
    [0.0, 0.0, 550000.0]
    """
    from pyproj import Transformer

    # EPSG:4978 is geocentric WGS84, EPSG:4979 geodetic with height
    turn = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
    x, y, z = np.moveaxis(np.asarray(position_m, dtype=np.float64), -1, 0)
    lon, lat, height = turn.transform(x, y, z)
    return np.stack([lat, lon, height], axis=-1)


def write_positions(folder: Path, position_m: NDArray[np.floating], first: int = 0) -> list[Path]:
    """Write ``position/<second>.txt`` for each second.

    Parameters
    ----------
    position_m : ndarray, shape (time, satellite, 3)
        Earth-fixed, one row a second.
    first : int
        Second of the first row.
    """
    where = folder / "position"
    where.mkdir(parents=True, exist_ok=True)
    written = []
    for step, rows in enumerate(geodetic(position_m)):
        lines = [f"{lat:f},{lon:f},{height / 1e3:f}\n" for lat, lon, height in rows.tolist()]
        written.append(where / f"{first + step}.txt")
        write_atomic(written[-1], "".join(lines).encode())
    return written
