"""Start of SDP4: lunisolar terms and the resonances of 12- and 24-hour orbits.

Sources: Hoots and Roehrich, Spacetrack Report No. 3 (1980), section 10 (deep-space equations); Hujsak,
Spacetrack Report No. 1 (1979); Vallado, Crawford, Hujsak and Kelso, AIAA 2006-6753, appendix C (``dscom``,
``dsinit``). Angles in radians, times in minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.space.orbits._layout import XKE

F8 = NDArray[np.float64]
Columns = dict[str, F8]
Pulls = tuple[Any, Any, Any, Any, Any, Any, float]

TURN = 2.0 * np.pi
SUN_ECC, MOON_ECC = 0.01675, 0.05490
SUN_MOTION, MOON_MOTION = 1.19459e-5, 1.5835218e-4  # radians a minute
SUN_PULL, MOON_PULL = 2.9864797e-6, 4.7968065e-7
SUN_SIN_I, SUN_COS_I = 0.39785416, 0.91744867
SUN_COS_G, SUN_SIN_G = 0.1945905, -0.98088458
EARTH_SPIN = 4.37526908801129966e-3  # radians a minute
FLAT = 5.2359877e-2  # 3 degrees: below it the solar and lunar node rates are left out
Q22, Q31, Q33 = 1.7891679e-6, 2.1460748e-6, 2.2123015e-7
ROOT22, ROOT32, ROOT44, ROOT52, ROOT54 = 1.7891679e-6, 3.7393792e-7, 7.3636953e-9, 1.1428639e-7, 2.1765803e-9


def constants(c: Columns) -> Columns:
    """Constants of SDP4 for columns made by `rabta.space.orbits.near.constants`, with ``day`` since 1950."""
    day = c["day"] + 18_261.5  # since 1900 January 0.5
    moon = _moon(day)
    found: Columns = {}
    rates = []
    for name, body in (("sun", _sun(c)), ("moon", _moon_plane(c, moon))):
        terms = _third_body(c, *body)
        found |= {f"{name}_{key}": value for key, value in _periodic(c, terms, name).items()}
        rates.append(_rates(c, terms, SUN_MOTION if name == "sun" else MOON_MOTION))
    found["sun_z"] = np.fmod(6.2565837 + 0.017201977 * day, TURN)
    found["moon_z"] = np.fmod(4.7199672 + 0.22997150 * day - moon["gam"], TURN)
    for key in ("dedt", "didt", "dmdt", "domdt", "dnodt"):
        found[key] = rates[0][key] + rates[1][key]
    return found | _resonance(c | found)


def _moon(day: F8) -> Columns:
    """Node and perigee of the Moon's orbit on the equator of date."""
    node = np.fmod(4.5236020 - 9.2422029e-4 * day, TURN)
    cos_i = 0.91375164 - 0.03568096 * np.cos(node)
    sin_i = np.sqrt(1.0 - cos_i**2)
    sin_h = 0.089683511 * np.sin(node) / sin_i
    cos_h = np.sqrt(1.0 - sin_h**2)
    gam = 5.8351514 + 0.0019443680 * day
    y = 0.39785416 * np.sin(node) / sin_i
    x = cos_h * np.cos(node) + 0.91744867 * sin_h * np.sin(node)
    angle = gam + np.arctan2(y, x) - node
    return {"gam": gam, "sin_i": sin_i, "cos_i": cos_i, "sin_h": sin_h, "cos_h": cos_h, "g": angle}


def _sun(c: Columns) -> Pulls:
    """Sine and cosine of the Sun's perigee, inclination and node from the satellite's, and its pull."""
    node = c["nodeo"]
    return SUN_SIN_G, SUN_COS_G, SUN_SIN_I, SUN_COS_I, np.sin(node), np.cos(node), SUN_PULL


def _moon_plane(c: Columns, moon: Columns) -> Pulls:
    """Same of the Moon."""
    sin_n, cos_n = np.sin(c["nodeo"]), np.cos(c["nodeo"])
    cos_h = moon["cos_h"] * cos_n + moon["sin_h"] * sin_n
    sin_h = sin_n * moon["cos_h"] - cos_n * moon["sin_h"]
    return np.sin(moon["g"]), np.cos(moon["g"]), moon["sin_i"], moon["cos_i"], sin_h, cos_h, MOON_PULL


def _directions(c: Columns, sg: F8, cg: F8, si: F8, ci: F8, sh: F8, ch: F8) -> tuple[list[F8], list[F8]]:
    """Coefficients a1 to a6 and x1 to x8 of Report 3, section 10 (lists that start at one)."""
    cos_i, sin_i, cos_w, sin_w = c["cosio"], c["sinio"], np.cos(c["argpo"]), np.sin(c["argpo"])
    a1, a3 = cg * ch + sg * ci * sh, -sg * ch + cg * ci * sh
    a7, a8 = -cg * sh + sg * ci * ch, sg * si
    a9, a10 = sg * sh + cg * ci * ch, cg * si
    a2, a4 = cos_i * a7 + sin_i * a8, cos_i * a9 + sin_i * a10
    a5, a6 = -sin_i * a7 + cos_i * a8, -sin_i * a9 + cos_i * a10
    x = [
        a1 * cos_w + a2 * sin_w,
        a3 * cos_w + a4 * sin_w,
        -a1 * sin_w + a2 * cos_w,
        -a3 * sin_w + a4 * cos_w,
        a5 * sin_w,
        a6 * sin_w,
        a5 * cos_w,
        a6 * cos_w,
    ]
    none = np.zeros_like(cos_i)
    return [none, a1, a2, a3, a4, a5, a6], [none, *x]


def _third_body(c: Columns, sg: F8, cg: F8, si: F8, ci: F8, sh: F8, ch: F8, pull: float) -> Columns:
    """Coefficients s and z of one body (Report 3, section 10; ``dscom``)."""
    a, x = _directions(c, sg, cg, si, ci, sh, ch)
    e2 = c["ecco"] ** 2
    beta2 = 1.0 - e2
    z = {
        "z31": 12.0 * x[1] ** 2 - 3.0 * x[3] ** 2,
        "z32": 24.0 * x[1] * x[2] - 6.0 * x[3] * x[4],
        "z33": 12.0 * x[2] ** 2 - 3.0 * x[4] ** 2,
        "z11": -6.0 * a[1] * a[5] + e2 * (-24.0 * x[1] * x[7] - 6.0 * x[3] * x[5]),
        "z12": -6.0 * (a[1] * a[6] + a[3] * a[5])
        + e2 * (-24.0 * (x[2] * x[7] + x[1] * x[8]) - 6.0 * (x[3] * x[6] + x[4] * x[5])),
        "z13": -6.0 * a[3] * a[6] + e2 * (-24.0 * x[2] * x[8] - 6.0 * x[4] * x[6]),
        "z21": 6.0 * a[2] * a[5] + e2 * (24.0 * x[1] * x[5] - 6.0 * x[3] * x[7]),
        "z22": 6.0 * (a[4] * a[5] + a[2] * a[6])
        + e2 * (24.0 * (x[2] * x[5] + x[1] * x[6]) - 6.0 * (x[4] * x[7] + x[3] * x[8])),
        "z23": 6.0 * a[4] * a[6] + e2 * (24.0 * x[2] * x[6] - 6.0 * x[4] * x[8]),
    }
    z["z1"] = 6.0 * (a[1] ** 2 + a[2] ** 2) + (1.0 + e2) * z["z31"]
    z["z2"] = 12.0 * (a[1] * a[3] + a[2] * a[4]) + (1.0 + e2) * z["z32"]
    z["z3"] = 6.0 * (a[3] ** 2 + a[4] ** 2) + (1.0 + e2) * z["z33"]
    s3 = pull / c["no"]
    s4 = s3 * np.sqrt(beta2)
    return z | {
        "s1": -15.0 * c["ecco"] * s4,
        "s2": -0.5 * s3 / np.sqrt(beta2),
        "s3": s3,
        "s4": s4,
        "s5": x[1] * x[3] + x[2] * x[4],
        "s6": x[2] * x[3] + x[1] * x[4],
        "s7": x[2] * x[4] - x[1] * x[3],
    }


def _periodic(c: Columns, b: Columns, name: str) -> Columns:
    """Amplitudes of the long-period lunisolar terms (``dscom``, last part)."""
    ecc = SUN_ECC if name == "sun" else MOON_ECC
    return {
        "e2": 2.0 * b["s1"] * b["s6"],
        "e3": 2.0 * b["s1"] * b["s7"],
        "i2": 2.0 * b["s2"] * b["z12"],
        "i3": 2.0 * b["s2"] * (b["z13"] - b["z11"]),
        "l2": -2.0 * b["s3"] * b["z2"],
        "l3": -2.0 * b["s3"] * (b["z3"] - b["z1"]),
        "l4": -2.0 * b["s3"] * (-21.0 - 9.0 * c["ecco"] ** 2) * ecc,
        "g2": 2.0 * b["s4"] * b["z32"],
        "g3": 2.0 * b["s4"] * (b["z33"] - b["z31"]),
        "g4": -18.0 * b["s4"] * ecc,
        "h2": -2.0 * b["s2"] * b["z22"],
        "h3": -2.0 * b["s2"] * (b["z23"] - b["z21"]),
    }


def _rates(c: Columns, b: Columns, motion: float) -> Columns:
    """Secular rates by one body (``dsinit``, first part)."""
    sin_i, incl = c["sinio"], c["inclo"]
    flat = (incl < FLAT) | (incl > np.pi - FLAT)
    node = np.where(flat, 0.0, -motion * b["s2"] * (b["z21"] + b["z23"]))
    node = np.where(sin_i != 0.0, node / sin_i, node)
    return {
        "dedt": b["s1"] * motion * b["s5"],
        "didt": b["s2"] * motion * (b["z11"] + b["z13"]),
        "dmdt": -motion * b["s3"] * (b["z1"] + b["z3"] - 14.0 - 6.0 * c["ecco"] ** 2),
        "domdt": b["s4"] * motion * (b["z31"] + b["z33"] - 6.0) - c["cosio"] * node,
        "dnodt": node,
    }


def _resonance(c: Columns) -> Columns:
    """Kind, coefficients and start of the resonance (``dsinit``, second part)."""
    no, ecc = c["no"], c["ecco"]
    day = (no > 0.0034906585) & (no < 0.0052359877)
    half = (no >= 8.26e-3) & (no <= 9.24e-3) & (ecc >= 0.5)
    one, two = _of_24_hours(c), _of_12_hours(c)
    spin = np.fmod(c["gsto"], TURN)
    apsis = c["argpdot"] + c["nodedot"]
    out = {
        "resonance": np.where(day, 1.0, np.where(half, 2.0, 0.0)),
        "xlamo": np.where(
            half,
            np.fmod(c["mo"] + 2.0 * c["nodeo"] - 2.0 * spin, TURN),
            np.fmod(c["mo"] + c["nodeo"] + c["argpo"] - spin, TURN),
        ),
        "xfact": np.where(
            half,
            c["mdot"] + c["dmdt"] + 2.0 * (c["nodedot"] + c["dnodt"] - EARTH_SPIN) - no,
            c["mdot"] + apsis - EARTH_SPIN + c["dmdt"] + c["domdt"] + c["dnodt"] - no,
        ),
    }
    zero = np.zeros_like(no)
    for term in range(10):
        early = one[term] if term < len(one) else zero
        out[f"term{term}"] = np.where(day, early, np.where(half, two[term], 0.0))
    return out


def _of_24_hours(c: Columns) -> list[F8]:
    """Synchronous resonance by J22, J31 and J33 (Report 3, section 10)."""
    ratio, e2, cos_i = (c["no"] / XKE) ** (2.0 / 3.0), c["ecco"] ** 2, c["cosio"]
    base = 3.0 * (c["no"] * ratio) ** 2
    g200, g310 = 1.0 + e2 * (-2.5 + 0.8125 * e2), 1.0 + 2.0 * e2
    g300 = 1.0 + e2 * (-6.0 + 6.60937 * e2)
    f220 = 0.75 * (1.0 + cos_i) ** 2
    f311 = 0.9375 * c["sinio"] ** 2 * (1.0 + 3.0 * cos_i) - 0.75 * (1.0 + cos_i)
    f330 = 1.875 * (1.0 + cos_i) ** 3
    return [
        base * f311 * g310 * Q31 * ratio,
        2.0 * base * f220 * g200 * Q22,
        3.0 * base * f330 * g300 * Q33 * ratio,
    ]


# Eccentricity functions G of the 12-hour terms as cubics, with the eccentricity above which a row holds.
HANSEN: dict[str, tuple[tuple[float, float, float, float, float], ...]] = {
    "g211": (
        (0.0, 3.616, -13.2470, 16.2900, 0.0),
        (0.65, -72.099, 331.819, -508.738, 266.724),
    ),
    "g310": (
        (0.0, -19.302, 117.3900, -228.4190, 156.5910),
        (0.65, -346.844, 1582.851, -2415.925, 1246.113),
    ),
    "g322": (
        (0.0, -18.9068, 109.7927, -214.6334, 146.5816),
        (0.65, -342.585, 1554.908, -2366.899, 1215.972),
    ),
    "g410": (
        (0.0, -41.122, 242.6940, -471.0940, 313.9530),
        (0.65, -1052.797, 4758.686, -7193.992, 3651.957),
    ),
    "g422": (
        (0.0, -146.407, 841.8800, -1629.014, 1083.4350),
        (0.65, -3581.690, 16178.110, -24462.770, 12422.520),
    ),
    "g520": (
        (0.0, -532.114, 3017.977, -5740.032, 3708.2760),
        (0.65, 1464.74, -4664.75, 3763.64, 0.0),
        (0.715, -5149.66, 29936.92, -54087.36, 31324.56),
    ),
    "g533": (
        (0.0, -919.22770, 4988.6100, -9064.7700, 5542.21),
        (0.7, -37995.780, 161616.52, -229838.20, 109377.94),
    ),
    "g521": (
        (0.0, -822.71072, 4568.6173, -8491.4146, 5337.524),
        (0.7, -51752.104, 218913.95, -309468.16, 146349.42),
    ),
    "g532": (
        (0.0, -853.66600, 4690.2500, -8624.7700, 5341.4),
        (0.7, -40023.880, 170470.89, -242699.48, 115605.82),
    ),
}
CLOSED_ABOVE = 0.7  # this one limit belongs to the upper row, the others to the lower


def _hansen(name: str, ecc: F8) -> F8:
    out = np.zeros_like(ecc)
    for above, c0, c1, c2, c3 in HANSEN[name]:
        holds = ecc >= above if above in {0.0, CLOSED_ABOVE} else ecc > above
        out = np.where(holds, c0 + ecc * (c1 + ecc * (c2 + ecc * c3)), out)
    return out


def _inclinations(sine: F8, c: F8) -> Columns:
    """Inclination functions F of the 12-hour terms (Report 3, section 10)."""
    s2, c2 = sine**2, c**2
    f220 = 0.75 * (1.0 + 2.0 * c + c2)
    return {
        "220": f220,
        "221": 1.5 * s2,
        "321": 1.875 * sine * (1.0 - 2.0 * c - 3.0 * c2),
        "322": -1.875 * sine * (1.0 + 2.0 * c - 3.0 * c2),
        "441": 35.0 * s2 * f220,
        "442": 39.3750 * s2**2,
        "522": 9.84375 * sine * (s2 * (1.0 - 2.0 * c - 5.0 * c2) + 0.33333333 * (-2.0 + 4.0 * c + 6.0 * c2)),
        "523": sine
        * (4.92187512 * s2 * (-2.0 - 4.0 * c + 10.0 * c2) + 6.56250012 * (1.0 + 2.0 * c - 3.0 * c2)),
        "542": 29.53125 * sine * (2.0 - 8.0 * c + c2 * (-12.0 + 8.0 * c + 10.0 * c2)),
        "543": 29.53125 * sine * (-2.0 - 8.0 * c + c2 * (12.0 + 8.0 * c - 10.0 * c2)),
    }


def _of_12_hours(c: Columns) -> list[F8]:
    """Half-day resonance of eccentric orbits: D2201, D2211, D3210, ... D5433 (Report 3, section 10)."""
    ecc, ratio = c["ecco"], (c["no"] / XKE) ** (2.0 / 3.0)
    f = _inclinations(c["sinio"], c["cosio"])
    base2 = 3.0 * c["no"] ** 2 * ratio**2
    base3, base4, base5 = base2 * ratio, base2 * ratio**2, base2 * ratio**3
    return [
        base2 * ROOT22 * f["220"] * (-0.306 - (ecc - 0.64) * 0.440),
        base2 * ROOT22 * f["221"] * _hansen("g211", ecc),
        base3 * ROOT32 * f["321"] * _hansen("g310", ecc),
        base3 * ROOT32 * f["322"] * _hansen("g322", ecc),
        2.0 * base4 * ROOT44 * f["441"] * _hansen("g410", ecc),
        2.0 * base4 * ROOT44 * f["442"] * _hansen("g422", ecc),
        base5 * ROOT52 * f["522"] * _hansen("g520", ecc),
        base5 * ROOT52 * f["523"] * _hansen("g532", ecc),
        2.0 * base5 * ROOT54 * f["542"] * _hansen("g521", ecc),
        2.0 * base5 * ROOT54 * f["543"] * _hansen("g533", ecc),
    ]
