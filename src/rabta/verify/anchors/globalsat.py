"""Published figures of globalsat recomputed, and the defects that they carry.

Source of formulas and figures: Osoro and Oughton, "A Techno-Economic Framework for Satellite Networks
Applied to Low Earth Orbit Constellations: Assessing Starlink, OneWeb and Kuiper", IEEE Access 9, 2021
(10.1109/ACCESS.2021.3119634), and the inputs of its open repository (MIT) at the commit of the paper and
at its last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.plan.finance import annuity
from rabta.verify import Row, suite
from rabta.verify.anchors import printed

Array = NDArray[np.float64]

PAPER = "IEEE Access 9 (2021), 10.1109/ACCESS.2021.3119634; repository at daa038b"
LAST = "repository at fcda0bd (2022-07)"
EARTH_KM2 = 510e6
LIGHT_M_S = 3e8
BOLTZMANN = 1.38e-23
NOISE_K = 290.0
NOISE_HZ = 0.25e9
OTHER_LOSSES_DB = 0.53
POWER_DBW = 30.0
EFFICIENCY = 0.6
MEAN, SPREAD, DRAWS, SEED = 2.0, 10.0, 100, 42
CHANNELS = 8
OVERBOOKING = 20.0

# C/N in dB and spectral efficiency in bit/s/Hz in the order of the source, which is not sorted (DVB-S2X)
TABLE = np.array(
    [
        (5.12, 1.647211),
        (5.96, 1.972253),
        (6.54, 1.972253),
        (6.83, 2.104850),
        (7.50, 2.193247),
        (7.79, 2.281645),
        (7.40, 2.370043),
        (8.00, 2.370043),
        (8.37, 2.458441),
        (8.42, 2.524739),
        (9.26, 2.635236),
        (9.70, 2.745734),
        (10.64, 2.856231),
        (11.98, 3.077225),
        (11.09, 3.386618),
        (11.74, 3.291954),
        (12.16, 3.510192),
        (13.04, 3.620536),
        (13.97, 3.841226),
        (14.80, 4.206428),
        (15.46, 4.338659),
        (15.86, 4.603122),
        (16.54, 4.735354),
        (17.72, 4.936639),
        (18.52, 5.163248),
        (16.97, 5.355556),
        (17.23, 5.065690),
        (18.00, 5.241514),
        (18.58, 5.417338),
        (18.83, 5.593162),
        (19.56, 5.768987),
    ]
)


@dataclass(frozen=True)
class Inputs:
    """Inputs of one constellation."""

    satellites: int
    altitude_km: float
    frequency_hz: float
    bandwidth_hz: float
    dish_m: float
    receiver_db: float
    rain_db: float
    polarisations: int = 1


@dataclass(frozen=True)
class Figures:
    """What globalsat prints, means over the draws."""

    distance_km: float
    area_km2: float
    cnr_db: float
    efficiency: float
    channel_mbps: float
    aggregate_mbps: float
    mbps_km2: float

    def per_user(self, users_km2: float) -> float:
        """Mbit/s of an active user, one in twenty being active."""
        return self.mbps_km2 / (users_km2 / OVERBOOKING)


def fades(frequency_hz: float) -> Array:
    """Excess loss in dB: the source's lognormal draws with its seed (first two digits of 42 f 100)."""
    variance = np.log10(1.0 + (SPREAD / MEAN) ** 2)
    seed = int(str(SEED * frequency_hz * 100)[:2])
    draws = np.random.RandomState(seed)  # the published figures come from this generator
    return np.asarray(draws.lognormal(np.log10(MEAN) - variance / 2.0, np.sqrt(variance), DRAWS))


def efficiency(cnr_db: Array, table: Array = TABLE) -> Array:
    """Spectral efficiency by the source's search: the first step that holds the C/N.

    Each row is a step up to the next row's C/N; from the last row's C/N on, the last value holds.
    """
    level, value = table[:, 0], table[:, 1]
    holds = (cnr_db[:, None] >= level[:-1]) & (cnr_db[:, None] < level[1:])
    found = np.where(cnr_db < level[0], value[0], value[np.argmax(holds, axis=1)])
    found = np.where((cnr_db >= level[-1]) & ~(holds[:, 0]), value[-1], found)
    return np.asarray(
        np.where(holds.any(axis=1) | (cnr_db < level[0]) | (cnr_db >= level[-1]), found, np.nan)
    )


def noise_dbm(bandwidth_hz: float) -> float:
    """Thermal noise; the source writes dBm here and compares it with dBW."""
    return float(10 * np.log10(BOLTZMANN * NOISE_K * 1000.0) + 10 * np.log10(bandwidth_hz))


def figures(given: Inputs, noise_hz: float = NOISE_HZ) -> Figures:
    """Everything that globalsat prints for one constellation."""
    area = EARTH_KM2 / given.satellites
    distance = float(np.hypot(np.sqrt(area) / 2.0, given.altitude_km))
    loss = 20 * np.log10(distance) + 20 * np.log10(given.frequency_hz / 1e6) + 32.44
    gain = 10 * np.log10(EFFICIENCY * (np.pi * given.dish_m * given.frequency_hz / LIGHT_M_S) ** 2)
    received = POWER_DBW + gain + given.receiver_db - loss - given.rain_db - OTHER_LOSSES_DB
    cnr = received - fades(given.frequency_hz) - noise_dbm(noise_hz)
    mean = float(efficiency(cnr).mean())
    channel = mean * given.bandwidth_hz / 1e6
    aggregate = channel * CHANNELS * given.polarisations
    return Figures(distance, area, float(cnr.mean()), mean, channel, aggregate, aggregate / area)


OF_PAPER = {
    "Starlink": Inputs(5040, 550.0, 13.5e9, 0.5e9, 0.70, 38.0, 12.0),
    "OneWeb": Inputs(720, 1200.0, 13.5e9, 0.25e9, 0.75, 38.0, 12.0),
    "Kuiper": Inputs(3240, 610.0, 17.7e9, 0.25e9, 1.0, 39.0, 12.0),
}
# its sweep in steps of 60 ends above the fleets that it names, 4,425 and 3,236 satellites
OF_LAST = {
    "Starlink": Inputs(4440, 545.0, 13.5e9, 0.5e9, 0.60, 30.0, 10.0, 2),
    "OneWeb": Inputs(720, 1195.0, 13.5e9, 0.25e9, 0.65, 30.0, 15.0, 2),
    "Kuiper": Inputs(3240, 605.0, 17.7e9, 0.25e9, 0.9, 31.0, 15.0, 2),
}
# in the order of NAMES
PRINTED = {
    "Starlink": (
        "572.536",
        "101190.5",
        "11.576",
        "3.1544",
        "1577.20",
        "12617.62",
        "0.1247",
        "24.938",
        "2.494",
        "49.877",
    ),
    "OneWeb": (
        "1271.646",
        "708333.3",
        "5.244",
        "1.7935",
        "448.37",
        "3586.96",
        "0.0051",
        "1.013",
        "0.101",
        "2.026",
    ),
    "Kuiper": (
        "641.445",
        "157407.4",
        "14.574",
        "4.0527",
        "1013.18",
        "8105.42",
        "0.0515",
        "10.299",
        "1.030",
        "20.597",
    ),
}
NAMES = (
    "slant distance, km",
    "area of a satellite, km2",
    "C/N, dB",
    "spectral efficiency, bit/s/Hz",
    "channel, Mbit/s",
    "satellite, Mbit/s",
    "capacity, Mbit/s/km2",
    "per user at 0.1 users/km2, Mbit/s",
    "per user at 1.0 users/km2, Mbit/s",
    "per user at 0.05 users/km2, Mbit/s",
)
ABSTRACT = {"Starlink": ("24.94", "2.49"), "OneWeb": ("1.01", "0.10"), "Kuiper": ("10.30", "1.03")}
DRIFTED = {"Starlink": "22.94", "OneWeb": "1.86", "Kuiper": "8.37"}
# first investment (launch, ground stations, spectrum, fees, digital), yearly cost, total of five years at 5 %
MONEY = {
    "Starlink": (428_130_000.0, 133_750_000.0, 1_036_150_880.0),
    "OneWeb": (904_610_000.0, 133_750_000.0, 1_512_630_880.0),
    "Kuiper": (347_700_000.0, 187_500_000.0, 1_200_065_720.0),
}
# relative density of satellites of a shell at a latitude: inclination, latitude, factor to two digits
DENSITY = ((53.0, 24.0, 0.93), (53.0, 30.0, 1.02), (53.0, 37.0, 1.21), (51.9, 24.0, 0.95), (51.9, 37.0, 1.26))


def density(inclination_deg: float, latitude_deg: float) -> float:
    """Satellites per area of a circular shell at a latitude over the mean of the whole sphere.

    2 / (pi sqrt(sin^2 i - sin^2 phi)): a satellite spends time at a latitude in inverse proportion to
    the rate at which it crosses it.
    """
    i, phi = np.radians([inclination_deg, latitude_deg])
    return float(2.0 / (np.pi * np.sqrt(np.sin(i) ** 2 - np.sin(phi) ** 2)))


@suite("globalsat", "globalsat: capacity of Starlink, OneWeb and Kuiper")
def globalsat(_files: Path | None) -> list[Row]:
    """Rows of the paper, of the drifted repository, and of what is wrong with both."""
    return [*_paper_rows(), *_drift_rows(), *_defect_rows()]


def _paper_rows() -> list[Row]:
    rows = []
    for name, given in OF_PAPER.items():
        found = figures(given)
        ours = (
            found.distance_km,
            found.area_km2,
            found.cnr_db,
            found.efficiency,
            found.channel_mbps,
            found.aggregate_mbps,
            found.mbps_km2,
            *(found.per_user(users) for users in (0.1, 1.0, 0.05)),
        )
        texts = PRINTED[name]
        rows += [printed(f"{name}: {NAMES[i]}", ours[i], texts[i], PAPER) for i in range(len(NAMES))]
        for users, text in zip((0.1, 1.0), ABSTRACT[name], strict=True):
            what = f"{name}: abstract, at {users} users/km2"
            rows.append(printed(what, found.per_user(users), text, PAPER))
    return rows


def _drift_rows() -> list[Row]:
    rows = [
        printed(
            f"{name}: drifted inputs, at 0.1 users/km2", figures(given).per_user(0.1), DRIFTED[name], LAST
        )
        for name, given in OF_LAST.items()
    ]
    for name, (capex, opex, total) in MONEY.items():
        ours = capex + opex * annuity(0.05, 5, first_year=0)
        rows.append(Row(f"{name}: cost of ownership, US$", ours, total, 0.5, LAST))
    return rows


def _defect_rows() -> list[Row]:
    starlink = OF_PAPER["Starlink"]
    missed = noise_dbm(starlink.bandwidth_hz) - noise_dbm(NOISE_HZ)
    what = "defect, Starlink: noise of a 500 MHz channel taken over 250 MHz, dB"
    rows = [Row(what, missed, 3.01, 0.005, "10 lg(500/250), thermal noise kTB (ITU-R P.372, equation 8)")]
    right = figures(starlink, starlink.bandwidth_hz).per_user(0.1)
    what = "defect, Starlink: per user at 0.1 users/km2 with its own noise band; published 24.938"
    rows.append(Row(what, right, 24.938, 24.938 * 0.25, PAPER))
    for inclination, latitude, factor in DENSITY:
        what = f"defect, uniform satellites: true density at {latitude:g} N of a {inclination:g} deg shell"
        source = "time spent at a latitude by a circular orbit; Pakistan lies between 24 and 37 N"
        rows.append(Row(what, density(inclination, latitude), factor, 0.005, source))
    return rows
