"""Fast fading of aerial users: the three alternatives of 3GPP TR 36.777 V15.0.0, Annex B.1.

For use with a clustered model of the TR 38.901 kind; alternative 3 is that model with K = 15 dB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.air.uav.model import AERIAL_M, RECOMMENDATION, check_scenario
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

CONSTANT_K_DB = 15.0  # B.1.3


@dataclass(frozen=True)
class Desired:
    """What alternative 1 scales CDL-D to: tables B.1.1-1 and B.1.1-2."""

    asa_deg: float
    asd_deg: float
    zsa_deg: float
    zsd_deg: float
    k_db: float
    delay_spread_s: float


DESIRED = {
    ("RMa-AV", True): Desired(0.2, 0.2, 0.1, 0.1, 20.0, 10e-9),
    ("RMa-AV", False): Desired(0.5, 0.5, 0.2, 0.2, 10.0, 30e-9),
    ("UMa-AV", True): Desired(0.5, 0.5, 0.1, 0.1, 20.0, 10e-9),
    ("UMa-AV", False): Desired(1.0, 1.0, 0.3, 0.3, 10.0, 30e-9),
}

# Tables B.1.2-1 and B.1.2-2: mean a log10(h) + b, deviation c exp(d h); of log10 of s and deg, K in dB.
MODIFIED = {
    ("RMa-AV", "DS", True): (0.0549, -8.0945, 1.1879, -0.0086),
    ("RMa-AV", "DS", False): (-1.3465, -7.0805, 1.5546, 0.0043),
    ("RMa-AV", "ASA", True): (-2.214, -1.1645, 2.5622, -0.00251),
    ("RMa-AV", "ASA", False): (-1.602, 1.439, 1.5316, -0.0056),
    ("RMa-AV", "ASD", True): (-1.431, -0.89, 2.2056, 0.0008),
    ("RMa-AV", "ASD", False): (-1.4633, 0.5212, 1.357, 0.0018),
    ("RMa-AV", "ZSA", True): (-0.2409, -0.1569, 0.7579, -0.0069),
    ("RMa-AV", "ZSA", False): (-1.097, 0.3287, 1.631, -0.0087),
    ("RMa-AV", "ZSD", True): (0.8105, -0.9774, 0.7106, -0.0068),
    ("RMa-AV", "ZSD", False): (-0.869, -1.2355, 1.5851, -0.0079),
    ("RMa-AV", "K", True): (22.55, -4.72, 6.988, 0.01659),
    ("UMa-AV", "DS", True): (-0.31, -6.845, 0.7294, 0.0014),
    ("UMa-AV", "DS", False): (0.0965, -7.503, 0.9745, -0.0045),
    ("UMa-AV", "ASA", True): (-2.4985, -1.602, 1.0389, 0.0085),
    ("UMa-AV", "ASA", False): (-2.266, -2.666, 1.022, 0.009944),
    ("UMa-AV", "ASD", True): (-0.0135, 1.345, 1.0188, -0.0001),
    ("UMa-AV", "ASD", False): (1.17, -0.665, 1.2387, -0.0046),
    ("UMa-AV", "ZSA", True): (-0.2895, 0.225, 0.9576, -0.0018),
    ("UMa-AV", "ZSA", False): (-0.0005, -0.4695, 1.6237, -0.0076),
    ("UMa-AV", "ZSD", True): (-0.2975, -0.5798, 1.0757, 0.0059),
    ("UMa-AV", "ZSD", False): (0.925, -2.725, 1.6421, -0.0092),
    ("UMa-AV", "K", True): (4.217, 5.787, 8.158, 0.0046),
}


def desired(scenario: str, los: bool) -> Desired:
    """K, delay spread and angular spreads of alternative 1; UMi-AV has none tabulated."""
    check_scenario(scenario)
    if (scenario, los) not in DESIRED:
        raise RabtaError(
            "alternative 1 tabulates no spreads", key="scenario", value=scenario, expected="RMa-AV or UMa-AV"
        )
    return DESIRED[scenario, los]


def modified(scenario: str, parameter: str, height_m: ArrayLike, los: bool) -> tuple[Array, Array]:
    """Mean and standard deviation of a large-scale parameter of alternative 2.

    Parameters
    ----------
    parameter : {"DS", "ASA", "ASD", "ZSA", "ZSD", "K"}
        Delay spread as log10 of seconds, angular spreads as log10 of degrees, K in dB (line of sight only).

    Examples
    --------
    >>> [round(float(x), 2) for x in modified("RMa-AV", "K", 100.0, True)]
    [40.38, 36.72]
    """
    check_scenario(scenario)
    key = (scenario, parameter, los)
    if key not in MODIFIED:
        known = [f"{a} {b} {'LOS' if c else 'NLOS'}" for a, b, c in MODIFIED]
        asked = f"{scenario} {parameter} {'LOS' if los else 'NLOS'}"
        raise RabtaError("not tabulated", key="parameter", value=asked, expected=nearest(asked, known))
    check_range("height_m", height_m, AERIAL_M[scenario], 300.0, f"{RECOMMENDATION}, annex B.1")
    h, (a, b, c, d) = np.asarray(height_m, dtype=np.float64), MODIFIED[key]
    return np.asarray(a * np.log10(h) + b), np.asarray(c * np.exp(d * h))
