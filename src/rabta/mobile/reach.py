"""How far a macro site covers a phone in the open, by technology and relief: link budget and RMa loss.

GSM 900: phone of 33 dBm (class 4) and base station of -104 dBm (3GPP TS 45.005) with 3 dB of diversity; the
way up is the weaker one. UMTS 2100: pilot of 33 dBm, a tenth of 20 W. LTE 1800: 20 W a port over the 600
subcarriers of 10 MHz. The operators' licences ask for -100 dBm of either pilot with 90 % confidence, read
here as nine tenths of the area (three quarters of the edge, 0.674 deviations of the shadowing). Sector
antenna of 15 dBi with its feeder (3GPP TR 36.942), 35 m up (Report ITU-R M.2412, rural); 3 dB for the body.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile import pathloss

MAST_M, USER_M = 35.0, 1.5
GAIN_DBI, BODY_DB = 15.0, 3.0
MARGIN_DB = 0.674 * pathloss.SHADOWING_DB
IRREGULAR_M = 500.0 / pathloss.INTERDECILE  # Okumura's curves for hills end at 500 m between the deciles
LINKS = {
    "2g": (0.925, 33.0 + GAIN_DBI + 104.0 + 3.0 - BODY_DB),
    "3g": (2.14, 33.0 + GAIN_DBI + 100.0 - BODY_DB),
    "4g": (1.84, 43.0 - 10.0 * np.log10(600.0) + GAIN_DBI + 100.0 - BODY_DB),
}
_RANGE_M = np.geomspace(35.0, pathloss.LONGEST_M, 400)


def reach_m(technology: str, relief_m: ArrayLike, margin_db: float = MARGIN_DB) -> NDArray[np.float64]:
    """Radius that a site covers, metres.

    Parameters
    ----------
    technology : str
        ``2g``, ``3g`` or ``4g``: carrier in GHz and what may be lost, in `LINKS`.
    relief_m : array_like
        Standard deviation of the terrain height around the site.
    margin_db : float
        For shadowing.

    Examples
    --------
    >>> (reach_m("2g", [0.0, 50.0]) > reach_m("4g", [0.0, 50.0])).tolist()
    [True, True]
    """
    frequency, budget_db = LINKS[technology]
    seen = pathloss.rma_los_probability(_RANGE_M)
    los = pathloss.rma_los_db(_RANGE_M, frequency, MAST_M, USER_M)
    nlos = pathloss.rma_nlos_db(_RANGE_M, frequency, MAST_M, USER_M)
    loss = np.maximum.accumulate(seen * los + (1.0 - seen) * nlos)
    relief = np.minimum(np.asarray(relief_m, dtype=np.float64), IRREGULAR_M)
    return np.asarray(np.interp(budget_db - margin_db - pathloss.hills_db(relief), loss, _RANGE_M))
