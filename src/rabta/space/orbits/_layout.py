"""Constants of one satellite as a row of numbers: the names and places that both sides of the kernel use."""

from __future__ import annotations

import math

import numpy as np

EARTH_RADIUS_KM = 6378.135  # WGS-72, AIAA 2006-6753, section B
XKE = 60.0 / (EARTH_RADIUS_KM**3 / 398600.8) ** 0.5  # square root of GM, Earth radii^1.5 a minute
J2, J3, J4 = 0.001082616, -0.00000253881, -0.00000165597  # WGS-72
J3OJ2 = J3 / J2

NEAR = (
    "epoch_day",  # of the epoch: whole Julian date, and the part of a day
    "epoch_part",
    "deep",  # 1 where the period is 225 minutes or more
    "simple",  # 1 where the higher drag terms are left out
    "mo",
    "mdot",
    "argpo",
    "argpdot",
    "nodeo",
    "nodedot",
    "nodecf",
    "inclo",
    "ecco",
    "no",
    "ao",
    "c1",
    "d2",
    "d3",
    "d4",
    "bc4",
    "bc5",
    "t2cof",
    "t3cof",
    "t4cof",
    "t5cof",
    "omgcof",
    "xmcof",
    "eta",
    "delmo",
    "sinmao",
    "aycof",
    "xlcof",
)
DEEP = (
    "gsto",
    "dedt",
    "didt",
    "dmdt",
    "domdt",
    "dnodt",
    "resonance",  # 0 none, 1 of 24 hours, 2 of 12 hours
    "xlamo",
    "xfact",
    *(f"term{term}" for term in range(10)),
    *(
        f"{body}_{name}"
        for body in ("sun", "moon")
        for name in ("z", "e2", "e3", "i2", "i3", "l2", "l3", "l4", "g2", "g3", "g4", "h2", "h3")
    ),
)
NAMES = (*NEAR, *DEEP)
AT = {name: place for place, name in enumerate(NAMES)}

BLOCK = 64
(
    T, AM, AX, AY, U, NODE, SI, CI, ECC, CODE,  # of the orbit: time, axis, e cos w, e sin w, ..., error code
    SE, CE, EA, STEP,  # eccentric anomaly: sine, cosine, itself, last step
    X, Y, Z, VX, VY, VZ, THETA,
    RATIO, SSU, CSU, SNOD, CNOD, SINI, COSI, DOT, CROSS,  # of the state, for the velocity
    ARG, MEAN, INCL, AXIS, PE, PI, PL, PG, PH,  # of deep space
) = (place * BLOCK for place in range(39))  # fmt: skip
ROWS = 39
COUNT = len(NAMES)

NEAREST = 6755399441055744.0  # 1.5 x 2^52: adding and taking it away rounds to the nearest whole number
HALF_PI_HIGH, HALF_PI_LOW = 1.57079632673412561417, 6.07710050650619224932e-11  # 33 bits, and the rest
TURN = 2.0 * math.pi
RADIUS_M = EARTH_RADIUS_KM * 1e3
SPEED_MS = EARTH_RADIUS_KM * 1e3 * XKE / 60.0
# Turning rate of the frame: derivative of Greenwich mean sidereal time (Vallado 2013, equation 3-47), rad/s.
SPIN = math.radians((876_600.0 * 3600.0 + 8_640_184.812866) / 36_525.0 / 86_400.0 / 240.0)
NEARLY_CIRCULAR = 0.02  # mean eccentricity below which Kepler's equation is solved by series
SERIES_E2 = 0.03**2  # square of the osculating eccentricity up to which that is exact to 1e-14
SMALLEST_P = 0.1  # semi-latus rectum, Earth radii, above which short-period angles are small
KEPLER = 1e-12
LYDDANE = 0.2  # inclination, rad, below which the node's periodics are applied in Lyddane's form
SUN_ECC2, MOON_ECC2 = 2.0 * 0.01675, 2.0 * 0.05490
SUN_MOTION, MOON_MOTION = 1.19459e-5, 1.5835218e-4
EARTH_SPIN = 4.37526908801129966e-3
STEP_MIN = 720.0
# Terms of the resonances: multiples of the longitude and of the perigee, and phase (dspace).
MULTIPLE = np.array([[1, 2, 3, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 2, 2, 1, 1, 2, 2]], dtype=np.float64)
PERIGEES = np.array([[0] * 10, [2, 0, 1, -1, 2, 0, 1, -1, 1, -1]], dtype=np.float64)
G22, G32, G44, G52, G54 = 5.7686396, 0.95240898, 1.8014998, 1.0508330, 4.4108898
PHASE = np.array(
    [
        [0.13130908, 2.0 * 2.8843198, 3.0 * 0.37448087, 0, 0, 0, 0, 0, 0, 0],
        [G22, G22, G32, G32, G44, G44, G52, G52, G54, G54],
    ]
)

(EPOCH_DAY, EPOCH_PART, IS_DEEP, MO, MDOT, ARGPO, ARGPDOT, NODEO, NODEDOT, NODECF, INCLO, ECCO, NO, AO) = (
    AT[name]
    for name in (
        "epoch_day", "epoch_part", "deep", "mo", "mdot", "argpo", "argpdot", "nodeo", "nodedot", "nodecf",
        "inclo", "ecco", "no", "ao",
    )
)  # fmt: skip
(C1, D2, D3, D4, BC4, BC5, T2, T3, T4, T5, OMGCOF, XMCOF, ETA, DELMO, SINMAO, AYCOF, XLCOF) = (
    AT[name]
    for name in (
        "c1", "d2", "d3", "d4", "bc4", "bc5", "t2cof", "t3cof", "t4cof", "t5cof", "omgcof", "xmcof", "eta",
        "delmo", "sinmao", "aycof", "xlcof",
    )
)  # fmt: skip
GSTO, DEDT, DIDT, DMDT, DOMDT, DNODT, RESONANCE, XLAMO, XFACT, D_FIRST = (
    AT[name]
    for name in (
        "gsto", "dedt", "didt", "dmdt", "domdt", "dnodt", "resonance", "xlamo", "xfact", "term0",
    )
)  # fmt: skip
SUN, MOON = AT["sun_z"], AT["moon_z"]
