"""Giga's open cost model: cost of a school by technology, and three defects of it.

Source of formulas and inputs: the public repository of Giga's open cost model (UNICEF and ITU, Apache-2.0)
and its configuration for Rwanda: 20 Mbit/s for five years. The totals are its own output for a school 5 km
from fibre.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rabta.plan.finance import annuity
from rabta.verify import Row, suite
from rabta.verify.anchors import printed

SOURCE = "Giga open cost model, configuration of Rwanda, 20 Mbit/s, five years, fibre 5 km away"
MBPS, YEARS = 20.0, 5
DETOUR = 1.2  # length of cable over distance
RATE = 0.08  # our discount rate for the comparison; the model has none
ITU_USD_MBPS_YEAR = 12.0 + 24.0  # transit and access of ITU's defaults for satellite
HOURS = 8760.0


@dataclass(frozen=True)
class Technology:
    """Inputs in US$: once, once a km, a year and km, a year and Mbit/s; demand for power in W."""

    once: float
    mbps_year: float
    watts: float
    km: float = 0.0
    km_year: float = 0.0

    def capex(self, away_km: float) -> float:
        """First investment, US$."""
        return self.once + self.km * away_km * DETOUR

    def opex_year(self, away_km: float) -> float:
        """Cost of a year, US$, without power."""
        return self.km_year * away_km * DETOUR + self.mbps_year * MBPS

    def total(self, away_km: float, rate: float = 0.0) -> float:
        """Cost of all years, US$."""
        return self.capex(away_km) + self.opex_year(away_km) * annuity(rate, YEARS)


TECHNOLOGIES = {
    "fibre": Technology(0.0, 6.09, 500.0, km=7500.0, km_year=100.0),
    "cellular": Technology(534.0, 120.0, 10.0),
    "point to point": Technology(2000.0 + 2500.0, 240.0, 10.0),
    "satellite": Technology(515.0, 6.0, 200.0),
}
# capex, opex of a year, total
OUTPUT = {
    "fibre": ("45000", "721.8", "48609"),
    "cellular": ("534", "2400", "12534"),
    "point to point": ("4500", "4800", "28500"),
    "satellite": ("515", "120", "1115"),
}
SOLAR_USD_W, GRID_USD_KWH = 3.0, 0.087


def break_even_km(satellite_usd_mbps_year: float) -> float:
    """Distance to fibre beyond which the satellite is cheaper, undiscounted."""
    fibre = TECHNOLOGIES["fibre"]
    satellite = TECHNOLOGIES["satellite"].once + satellite_usd_mbps_year * MBPS * YEARS
    per_km = fibre.total(1.0) - fibre.total(0.0)
    return (satellite - fibre.total(0.0)) / per_km


@suite("giga", "Giga's open cost model: a school by technology")
def giga(_files: Path | None) -> list[Row]:
    """Worked example of four technologies, then what is wrong with it."""
    rows = []
    for name, technology in TECHNOLOGIES.items():
        capex, opex, total = OUTPUT[name]
        rows += [
            printed(f"{name}: first investment, US$", technology.capex(5.0), capex, SOURCE),
            printed(f"{name}: cost of a year, US$", technology.opex_year(5.0), opex, SOURCE),
            printed(f"{name}: total of five years, US$", technology.total(5.0), total, SOURCE),
        ]
    return [*rows, *_discount_rows(), *_power_rows(), *_satellite_rows()]


def _discount_rows() -> list[Row]:
    """The model speaks of present values but adds up years as they are."""
    stated = {"fibre": "0.985", "cellular": "0.807", "point to point": "0.830", "satellite": "0.892"}
    source = "its code adds capex and years of opex; at 8 % a dollar a year over five years is worth 3.993"
    return [
        printed(
            f"defect, {name}: present value at 8 % over its undiscounted total",
            technology.total(5.0, RATE) / float(OUTPUT[name][2]),
            stated[name],
            source,
        )
        for name, technology in TECHNOLOGIES.items()
    ]


def _power_rows() -> list[Row]:
    fibre = TECHNOLOGIES["fibre"]
    source = "its code multiplies US$ by kWh with W; a year has 8,760 h"
    return [
        printed("fibre: solar power for 500 W, US$", SOLAR_USD_W * fibre.watts, "1500", SOURCE),
        printed("fibre: a year of grid power as coded, US$", GRID_USD_KWH * fibre.watts, "43.5", SOURCE),
        printed(
            "defect, fibre: a year of 500 W from the grid over what is charged for it",
            GRID_USD_KWH * fibre.watts / 1e3 * HOURS / 43.5,
            "8.76",
            source,
        ),
    ]


def _satellite_rows() -> list[Row]:
    source = "6 US$/Mbit/s a year of satellite bandwidth; ITU's toolkit takes 12 + 24"
    return [
        printed(
            "defect, satellite: ITU's default price of bandwidth over this one",
            ITU_USD_MBPS_YEAR / TECHNOLOGIES["satellite"].mbps_year,
            "6.0",
            source,
        ),
        printed("defect, satellite: cheaper than fibre from, km", break_even_km(6.0), "0.053", source),
        printed(
            "defect, satellite: the same at ITU's price, km",
            break_even_km(ITU_USD_MBPS_YEAR),
            "0.365",
            source,
        ),
    ]
