"""Ground risk: the intrinsic class of JARUS SORA 2.5, and people under a volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

SOURCE = "JARUS SORA 2.5, main body (JAR-DEL-SRM-SORA-MB-2.5, 2024), table 2"

DIMENSION_M = (1.0, 3.0, 8.0, 20.0, 40.0)
SPEED_M_S = (25.0, 35.0, 75.0, 120.0, 200.0)
PEOPLE_KM2 = (5.0, 50.0, 500.0, 5_000.0, 50_000.0)
CLASSES = (
    (2, 3, 4, 5, 6),
    (3, 4, 5, 6, 7),
    (4, 5, 6, 7, 8),
    (5, 6, 7, 8, 9),
    (6, 7, 8, 9, 10),
    (7, 8, 9, 10, 11),
)
"""By people per km2 (below each bound, then above the last) and by column of dimension and speed."""
OUTSIDE = 7  # the table's last row, beyond two columns, and classes above 7 are not part of the method
LIGHT_KG, LIGHT_M_S = 0.25, 25.0
UNKNOWN = 0


def column(dimension_m: float, speed_m_s: float) -> int:
    """Column of the table: the first whose bounds hold both.

    Raises
    ------
    RabtaError
        For what is larger or faster than the table.
    """
    for k, (largest, fastest) in enumerate(zip(DIMENSION_M, SPEED_M_S, strict=True)):
        if dimension_m <= largest and speed_m_s <= fastest:
            return k
    raise RabtaError("an aircraft beyond the table of ground risk", key="dimension_m, speed_m_s",
                     value=(dimension_m, speed_m_s), expected=f"at most 40 m and 200 m/s ({SOURCE})")  # fmt: skip  # noqa: E501


def intrinsic(
    dimension_m: float, speed_m_s: float, people_km2: ArrayLike, mass_kg: float = np.inf
) -> NDArray[np.int64]:
    """Intrinsic ground risk class; 0 where the density is not known. No mitigation is counted.

    What weighs at most 250 g and flies at most 25 m/s has class 1 everywhere (note of the table).

    Examples
    --------
    >>> intrinsic(1.0, 20.0, [3.0, 400.0, 20_000.0, float("nan")]).tolist()
    [2, 4, 6, 0]
    """
    people = np.asarray(people_km2, dtype=np.float64)
    at = column(dimension_m, speed_m_s)
    row = np.searchsorted(PEOPLE_KM2, np.nan_to_num(people), side="right")
    found = np.asarray(CLASSES, dtype=np.int64)[row, at]
    if mass_kg <= LIGHT_KG and speed_m_s <= LIGHT_M_S:
        found = np.ones_like(found)
    return np.asarray(np.where(np.isnan(people), UNKNOWN, found), dtype=np.int64)
