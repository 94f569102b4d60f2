"""SGP4/SDP4 propagation of a satellites table to Earth-fixed positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sgp4.api import SGP4_ERRORS as _MESSAGES
from sgp4.api import WGS72, Satrec

if TYPE_CHECKING:
    import pandas as pd

SGP4_ERRORS: dict[int, str] = dict(_MESSAGES)
SGP4_EPOCH_JD = 2_433_281.5  # 1949-12-31T00:00, from which sgp4init counts days
REV_DAY = 2.0 * np.pi / 1440.0


def satrecs(columns: Mapping[str, NDArray[Any]] | pd.DataFrame) -> list[Satrec]:
    """SGP4 satellite records (WGS-72, improved mode) of element columns.

    Parameters
    ----------
    columns : mapping or DataFrame
        Element columns of the ``satellites`` table.

    Notes
    -----
    The epoch is one double of days, so it is rounded to 20 us: 0.15 m along track in low orbit, well under
    the 0.86 ms step of a TLE epoch.
    """
    radians = [
        np.radians(np.asarray(columns[f"{name}_deg"], dtype=np.float64))
        for name in ("argp", "inclination", "mean_anomaly", "raan")
    ]
    argp, inclination, anomaly, node = (values.tolist() for values in radians)
    epoch, bstar, ecc, motion = (
        values.tolist()
        for values in (
            np.asarray(columns["epoch_jd"], dtype=np.float64) - SGP4_EPOCH_JD,
            np.asarray(columns["bstar"], dtype=np.float64),
            np.asarray(columns["eccentricity"], dtype=np.float64),
            np.asarray(columns["mean_motion_rev_day"], dtype=np.float64) * REV_DAY,
        )
    )
    out = []
    for row in range(len(epoch)):
        record = Satrec()
        record.sgp4init(
            WGS72, "i", 0, epoch[row], bstar[row], 0.0, 0.0, ecc[row], argp[row],
            inclination[row], anomaly[row], motion[row], node[row],
        )  # fmt: skip
        out.append(record)
    return out
