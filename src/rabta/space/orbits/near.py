"""Start of SGP4: from mean elements to the constants of its secular, drag and short-period terms.

Sources: Hoots and Roehrich, Spacetrack Report No. 3 (1980), section 6 (SGP4); Vallado, Crawford, Hujsak and
Kelso, Revisiting Spacetrack Report #3, AIAA 2006-6753, appendix C (``initl``, ``sgp4init``). Angles in
radians, lengths in Earth radii, times in minutes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.space.orbits._layout import EARTH_RADIUS_KM, J2, J3OJ2, J4, XKE

F8 = NDArray[np.float64]
Columns = dict[str, F8]

DEEP_PERIOD_MIN = 225.0
CIRCULAR = 1e-4  # below it the terms that divide by the eccentricity are left out


def unkozai(no_kozai: F8, ecco: F8, inclo: F8) -> tuple[F8, F8]:
    """Brouwer mean motion and semi-major axis of Kozai's mean motion (Report 3, section 6, first lines).

    Returns
    -------
    tuple of ndarray
        Radians a minute; Earth radii.
    """
    cos2, beta2 = np.cos(inclo) ** 2, 1.0 - ecco**2
    first = (XKE / no_kozai) ** (2.0 / 3.0)
    factor = 0.75 * J2 * (3.0 * cos2 - 1.0) / (np.sqrt(beta2) * beta2)
    delta = factor / first**2
    axis = first * (1.0 - delta**2 - delta * (1.0 / 3.0 + 134.0 * delta**2 / 81.0))
    motion = no_kozai / (1.0 + factor / axis**2)
    return motion, (XKE / motion) ** (2.0 / 3.0)


def constants(e: Columns) -> Columns:
    """Constants of SGP4 for ``no_kozai``, ``ecco``, ``inclo``, ``argpo``, ``mo``, ``nodeo`` and ``bstar``."""
    no, ao = unkozai(e["no_kozai"], e["ecco"], e["inclo"])
    c = e | {"no": no, "ao": ao, "cosio": np.cos(e["inclo"]), "sinio": np.sin(e["inclo"])}
    c["deep"] = (2.0 * np.pi / no >= DEEP_PERIOD_MIN).astype(np.float64)
    low = ao * (1.0 - e["ecco"]) < 220.0 / EARTH_RADIUS_KM + 1.0
    c["simple"] = np.where(low, 1.0, c["deep"])
    c |= _drag(c)
    c |= _secular(c)
    c |= _higher_drag(c)
    c["bc4"] = e["bstar"] * c["c4"]
    c["bc5"] = np.where(c["simple"] == 1.0, 0.0, e["bstar"] * c["c5"])
    c["nodecf"] = 3.5 * (1.0 - e["ecco"] ** 2) * c["nodedot1"] * c["c1"]
    c["aycof"], c["xlcof"] = -0.5 * J3OJ2 * c["sinio"], long_period(c["sinio"], c["cosio"])
    return c


def long_period(sine: F8, cosine: F8) -> F8:
    """Coefficient of the long-period term of the mean longitude; guarded at an inclination of 180 degrees."""
    below = np.where(np.abs(cosine + 1.0) > 1.5e-12, 1.0 + cosine, 1.5e-12)
    return np.asarray(-0.25 * J3OJ2 * sine * (3.0 + 5.0 * cosine) / below)


def _fitting(perigee_km: F8) -> tuple[F8, F8]:
    """Density parameters s and (q0 - s)^4, which change below perigees of 156 and 98 km."""
    height = np.where(perigee_km < 98.0, 20.0, np.where(perigee_km < 156.0, perigee_km - 78.0, 78.0))
    return height / EARTH_RADIUS_KM + 1.0, ((120.0 - height) / EARTH_RADIUS_KM) ** 4


def _drag(c: Columns) -> Columns:
    """Drag coefficients C1 to C5 (Report 3, section 6)."""
    ecc, ao, no, beta2 = c["ecco"], c["ao"], c["no"], 1.0 - c["ecco"] ** 2
    s, q4 = _fitting((ao * (1.0 - ecc) - 1.0) * EARTH_RADIUS_KM)
    xi = 1.0 / (ao - s)
    eta = ao * ecc * xi
    eta2, eeta = eta**2, ecc * eta
    psi2 = np.abs(1.0 - eta2)
    coef = q4 * xi**4
    coef1 = coef / psi2**3.5
    con41 = 3.0 * c["cosio"] ** 2 - 1.0
    c2 = coef1 * no * (
        ao * (1.0 + 1.5 * eta2 + eeta * (4.0 + eta2))
        + 0.375 * J2 * xi / psi2 * con41 * (8.0 + 3.0 * eta2 * (8.0 + eta2))
    )  # fmt: skip
    oblate = -3.0 * con41 * (1.0 - 2.0 * eeta + eta2 * (1.5 - 0.5 * eeta)) + 0.75 * c["sinio"] ** 2 * (
        2.0 * eta2 - eeta * (1.0 + eta2)
    ) * np.cos(2.0 * c["argpo"])
    plain = eta * (2.0 + 0.5 * eta2) + ecc * (0.5 + 2.0 * eta2)
    c4 = 2.0 * no * coef1 * ao * beta2 * (plain - J2 * xi / (ao * psi2) * oblate)
    c5 = 2.0 * coef1 * ao * beta2 * (1.0 + 2.75 * (eta2 + eeta) + eeta * eta2)
    c3 = np.where(ecc > CIRCULAR, -2.0 * coef * xi * J3OJ2 * no * c["sinio"] / ecc, 0.0)
    xmcof = np.where(ecc > CIRCULAR, -2.0 / 3.0 * coef * c["bstar"] / eeta, 0.0)
    kept = c["simple"] == 0.0
    return {
        "s": s,
        "xi": xi,
        "eta": eta,
        "c1": c["bstar"] * c2,
        "c4": c4,
        "c5": c5,
        "omgcof": np.where(kept, c["bstar"] * c3 * np.cos(c["argpo"]), 0.0),
        "xmcof": np.where(kept, xmcof, 0.0),
        "delmo": (1.0 + eta * np.cos(c["mo"])) ** 3,
        "sinmao": np.sin(c["mo"]),
    }


def _secular(c: Columns) -> Columns:
    """Secular rates of anomaly, perigee and node by J2, J2^2 and J4 (Report 3, section 6)."""
    no, cos2, beta2 = c["no"], c["cosio"] ** 2, 1.0 - c["ecco"] ** 2
    beta, cos4, p2 = np.sqrt(beta2), cos2**2, (c["ao"] * beta2) ** -2.0
    k1 = 1.5 * J2 * p2 * no
    k2 = 0.5 * k1 * J2 * p2
    k4 = -0.46875 * J4 * p2**2 * no
    mdot = (
        no + 0.5 * k1 * beta * (3.0 * cos2 - 1.0) + 0.0625 * k2 * beta * (13.0 - 78.0 * cos2 + 137.0 * cos4)
    )
    argpdot = (
        -0.5 * k1 * (1.0 - 5.0 * cos2)
        + 0.0625 * k2 * (7.0 - 114.0 * cos2 + 395.0 * cos4)
        + k4 * (3.0 - 36.0 * cos2 + 49.0 * cos4)
    )
    first = -k1 * c["cosio"]
    second = (0.5 * k2 * (4.0 - 19.0 * cos2) + 2.0 * k4 * (3.0 - 7.0 * cos2)) * c["cosio"]
    return {"mdot": mdot, "argpdot": argpdot, "nodedot1": first, "nodedot": first + second}


def _higher_drag(c: Columns) -> Columns:
    """Terms D2 to D4 of the axis and of t^2 to t^5 of the longitude; zero where drag is simple."""
    c1, ao, xi, s = c["c1"], c["ao"], c["xi"], c["s"]
    d2 = 4.0 * ao * xi * c1**2
    step = d2 * xi * c1 / 3.0
    d3 = (17.0 * ao + s) * step
    d4 = 0.5 * step * ao * xi * (221.0 * ao + 31.0 * s) * c1
    t4 = 0.25 * (3.0 * d3 + c1 * (12.0 * d2 + 10.0 * c1**2))
    t5 = 0.2 * (3.0 * d4 + 12.0 * c1 * d3 + 6.0 * d2**2 + 15.0 * c1**2 * (2.0 * d2 + c1**2))
    found = {"d2": d2, "d3": d3, "d4": d4, "t3cof": d2 + 2.0 * c1**2, "t4cof": t4, "t5cof": t5}
    kept = c["simple"] == 0.0
    return {"t2cof": 1.5 * c1} | {name: np.where(kept, value, 0.0) for name, value in found.items()}
