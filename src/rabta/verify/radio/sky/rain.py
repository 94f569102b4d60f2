"""Rain and total attenuation at seven places of Pakistan, beside figures made with the itur package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.nation import layers
from rabta.radio import slantpath
from rabta.radio.slantpath import Climate
from rabta.scenario import Nation
from rabta.verify import Row, suite
from rabta.verify.radio.sky.itu import itur_climate

BANDS_GHZ = (12.0, 20.0, 30.0)
ELEVATION_DEG, PERCENT, DIAMETER_M = 40.0, 0.1, 0.6
FIGURES = "run of itur 0.4.0 over Pakistan, November 2026: 0.1 % of the year, 40 degrees, 0.6 m antenna"
MAPS = "itur 0.4.0, rain_attenuation with its maps P.837-7, P.839-4, P.1511-2, November 2026"


class City(NamedTuple):
    """A place, the values of the ITU maps there, and the published figures."""

    name: str
    lat_deg: float
    lon_deg: float
    height_km: float
    rain_rate_mmh: float
    rain_height_km: float
    temperature_k: float
    n_wet: float
    at_1: tuple[float, float, float]
    """Surface vapour (g/m3), columnar vapour (kg/m2), reduced cloud liquid (kg/m2) exceeded 1 %."""
    at_5: tuple[float, float, float]
    rain_db: tuple[float, float, float]
    published_rate: float
    published_db: tuple[float, float, float]

    def climate(self, air: tuple[float, float, float]) -> Climate:
        """Climate with the vapour and cloud given."""
        head = (self.lat_deg, self.height_km, self.rain_rate_mmh, self.rain_height_km, self.temperature_k)
        return Climate(*(np.array([value]) for value in (*head, *air, self.n_wet)))


# Map values by itur 0.4.0 (P.1511-2, P.837-7, P.839-4, P.1510-1, P.453-13, P.836-6, P.840-7).
CITIES = (
    City("Karachi", 24.86, 67.01, 0.0126, 32.9968, 4.74712, 299.47, 112.937,
         (25.6460, 64.3280, 0.70603), (24.5508, 53.2284, 0.05801), (2.52379, 7.72490, 16.26436),
         33.0, (2.93, 9.64, 18.35)),
    City("Gwadar", 25.12, 62.33, 0.0094, 21.0633, 4.22319, 300.58, 100.230,
         (24.7318, 55.7885, 0.47467), (23.2462, 44.3529, 0.06382), (1.63472, 5.11702, 10.95382),
         21.1, (1.98, 6.72, 12.60)),
    City("Quetta", 30.18, 66.98, 1.7487, 19.7717, 4.52800, 291.46, 30.777,
         (13.8807, 33.3269, 0.53748), (10.6851, 25.2411, 0.18672), (1.06646, 3.40612, 7.28024),
         19.8, (1.30, 4.47, 8.42)),
    City("Islamabad", 33.69, 73.05, 0.5452, 65.4130, 4.63511, 292.70, 62.187,
         (25.3835, 61.7977, 1.15378), (23.7683, 53.7603, 0.28493), (3.47690, 10.35866, 21.35464),
         65.4, (3.92, 12.43, 23.82)),
    City("Lahore", 31.55, 74.34, 0.2142, 62.9972, 4.96821, 297.55, 74.595,
         (24.7506, 66.3164, 1.32213), (23.3166, 58.4852, 0.30660), (3.75674, 11.28161, 23.39755),
         63.0, (4.26, 13.56, 26.20)),
    City("Gilgit", 35.92, 74.31, 2.4068, 7.4774, 5.33128, 270.98, 20.212,
         (14.5338, 28.5084, 0.42782), (14.0329, 25.5479, 0.16396), (0.37019, 1.35900, 3.26073),
         7.5, (0.59, 2.27, 4.20)),
    City("Tharparkar", 24.74, 69.80, 0.0546, 40.3787, 5.14032, 301.48, 79.762,
         (24.3385, 68.8362, 1.56850), (22.5412, 59.9281, 0.18482), (3.06814, 9.32785, 19.53856),
         40.4, (3.63, 11.81, 22.72)),
)  # fmt: skip


@suite("rain", "Rain over Pakistan")
def run(files: Path | None) -> list[Row]:  # noqa: ARG001 - suites share one signature
    """Rain rates, rain attenuation, and totals under the package's rule and under P.618-14's."""
    return [*_rates(), *[row for city in CITIES for row in _attenuation(city)]]


def _rates() -> list[Row]:
    """Rain rate from the maps where they are installed, from the shipped nation otherwise."""
    if importlib.util.find_spec("itur"):
        rates = [float(itur_climate(c.lat_deg, c.lon_deg, 5.0).rain_rate_mmh[0]) for c in CITIES]
        where, tolerance = "map P.837-7", 0.05
    else:
        rates, where, tolerance = shipped_rates(), "tehsil of the nation's data", 1.0
    return [
        Row(f"{c.name}: rain rate 0.01 % of the year, {where}, mm/h", r, c.published_rate, tolerance, FIGURES)
        for c, r in zip(CITIES, rates, strict=True)
    ]


def shipped_rates() -> list[float]:
    """Rain rate of the cell nearest to each city in the shipped nation."""
    cells = layers.load(Nation()).cells
    rate = cells["rain_rate_001_mmh"].to_numpy(dtype=np.float64)
    lat, lon = cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()
    near = [int(np.argmin(geo.great_circle_m(lat, lon, c.lat_deg, c.lon_deg))) for c in CITIES]
    return [float(rate[i]) for i in near]


def totals_db(city: City, air: tuple[float, float, float]) -> NDArray[np.float64]:
    """Total attenuation in the three bands."""
    climate = city.climate(air)
    found = [
        slantpath.attenuation(climate, ghz, ELEVATION_DEG, PERCENT, diameter_m=DIAMETER_M)
        for ghz in BANDS_GHZ
    ]
    return np.array([float(item.total[0]) for item in found])


def _attenuation(city: City) -> list[Row]:
    """Rain alone, then totals: the package freezes gas and cloud at 1 %, P.618-14 at 5 % of the year."""
    climate = city.climate(city.at_5)
    old, new = totals_db(city, city.at_1), totals_db(city, city.at_5)
    rows = []
    for i, ghz in enumerate(BANDS_GHZ):
        found = slantpath.attenuation(climate, ghz, ELEVATION_DEG, PERCENT, diameter_m=DIAMETER_M)
        rain = float(found.rain[0])
        rows.append(Row(f"{city.name} {ghz:g} GHz: rain alone, dB", rain, city.rain_db[i], 0.1, MAPS))
        name = (
            f"{city.name} {ghz:g} GHz: total with gas and cloud at 1 %, dB (P.618-14, at 5 %: {new[i]:.2f})"
        )
        rows.append(Row(name, float(old[i]), city.published_db[i], 0.03, FIGURES))
    return rows
