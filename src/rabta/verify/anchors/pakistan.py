"""pytal's twelve costs of Pakistan, by its rules and our regions.

None of the twelve can be recomputed from the repository: it lacks the capacity by density of sites (a run
of pysim5g), people and night lights by region (WorldPop, GADM, VIIRS), the count of towers, and the core
network with the distances to it. Prices, speeds, carriers, subscribers, smartphones, 4G coverage and the
kinds of backhaul are its own. What stands in place of the rest is ours and is named. Our costs come out
2.5 to 7.4 times theirs: the twelve rows print both and are no agreement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from rabta.mobile import cells as radio
from rabta.nation import layers
from rabta.plan.finance import annuity
from rabta.scenario import Nation
from rabta.verify import Row
from rabta.verify.anchors import printed, pysim5g
from rabta.verify.anchors.pytal import (
    PRICES,
    SPECTRUM,
    Economy,
    Prices,
    Region,
    Strategy,
    network_usd,
    phones_percent,
)

OPTIONS = "scripts/options.py and run.py at e7ccc1f"
FIGURE = "figures/baseline_tech_country_costs.png at e7ccc1f, two significant digits"
OPERATORS = 4
MONEY = Economy(years=10, rate=0.05, capital=0.15)
YEARS = 11  # 2020 to 2030
OVERBOOKING = 20.0
RADII_KM = np.arange(400, 30_400, 1000) / 1e3
COVERED_4G = 0.67  # of the people, in the densest regions
TAX, PROFIT, ADMINISTRATION = 0.30, 0.20, 0.20
USD_MHZ_COVERAGE, USD_MHZ_CAPACITY = 0.05, 0.025
PEOPLE_2018 = 212_215_030.0  # vis/population_2018.csv
# downlink MHz of each carrier as the source counts it, and MHz it pays for below and above 1 GHz
CARRIERS = {"4G": (10.0, 5.0), "5G": (5.0, 14.0, 14.0)}
PAID_MHZ = {"4G": (20.0, 10.0), "5G": (10.0, 40.0)}
# Mbit/s of a user: urban, suburban, rural
SPEED = {"S1": (25.0, 10.0, 2.0), "S2": (200.0, 50.0, 5.0), "S3": (400.0, 100.0, 10.0)}
# share of subscribers in 2020, World Bank survey (smartphones/data_inputs at d87ac6e); it grows by 4 % a year
SMARTPHONES = {"urban": 0.33, "suburban": 0.33, "rural": 0.16}
SMARTPHONE_GROWTH = 0.04
# share of today's sites whose backhaul serves, South and South-East Asia in 2025 (vis/backhaul/data_inputs)
LINKED = {"microwave": 0.78 + 0.17, "fiber": 0.17}
GEOTYPES = ("urban", "suburban", "rural")
STRATEGIES = {
    "4G W": Strategy("4G", "epc", "microwave"),
    "4G F": Strategy("4G", "epc", "fiber"),
    "5G NSA W": Strategy("5G", "nsa", "microwave"),
    "5G SA F": Strategy("5G", "sa", "fiber"),
}
PUBLISHED = {
    "S1": (27.0, 70.0, 13.0, 58.0),
    "S2": (110.0, 220.0, 67.0, 310.0),
    "S3": (220.0, 360.0, 100.0, 560.0),
}
# ours, in place of what is missing
SITES_TODAY = 57_063.0  # PTA, December 2024
ARPU = 2.0  # US$ a month: the source's middle value, everywhere
EXPONENT = 3.908  # of distance: TR 38.901 UMa, no line of sight
LOAD = 0.5  # of the interferers


@dataclass(frozen=True)
class District:
    """People, land, units below it, each taken to hold one node of the network, and whether 4G is there."""

    people: float
    area_km2: float
    nodes: int
    covered: bool = False

    @property
    def geotype(self) -> str:
        """Urban above 5,000 people/km2, suburban above 1,000."""
        density = self.people / self.area_km2
        return "urban" if density > 5000.0 else "suburban" if density > 1000.0 else "rural"


def districts(files: Path | None) -> list[District]:
    """Districts of the nation's layers."""
    table = layers.load(Nation(data=str(files)) if files else Nation()).cells
    grouped = table.groupby(["province", "district"], observed=True)
    found = [
        District(float(group["people"].sum()), float(group["area_km2"].sum()), group["tehsil"].nunique())
        for _, group in grouped
    ]
    found.sort(key=lambda district: district.people / district.area_km2, reverse=True)
    before = np.cumsum([0.0, *(district.people for district in found)])
    covered = before[:-1] < COVERED_4G * before[-1]
    return [replace(district, covered=bool(at)) for district, at in zip(found, covered, strict=True)]


@lru_cache
def median_efficiency(generation: str) -> float:
    """Bit/s/Hz of the median user of a hexagonal network that interference limits."""
    away = np.abs(radio.users()[:, None] - radio.sites()[None, :])
    power = away**-EXPONENT
    sinr = 10.0 * np.log10(power[:, 0] / (LOAD * power[:, 1:].sum(axis=1)))
    return pysim5g.efficiency(generation, float(np.median(sinr)))


def sites_km2(demand_mbps_km2: float, generation: str) -> float:
    """Sites that carry a demand: every carrier counted at the width of the last, as the source does."""
    carriers = CARRIERS[generation]
    densities = np.array([pysim5g.sites_km2(radius) for radius in RADII_KM[::-1]])
    carried = densities * pysim5g.SECTORS * median_efficiency(generation) * len(carriers) * carriers[-1]
    return float(np.interp(demand_mbps_km2, carried, densities))


def prices(geotype: str, link_m: float) -> Prices:
    """Prices of its run for Pakistan."""
    at = GEOTYPES.index(geotype)
    items = PRICES.items | {
        "tower": 5000.0,
        "generator 5G": 15_000.0,
        "power 4G": 5000.0,
        "power 5G": 10_000.0,
        "rental": (9600.0, 4000.0, 1000.0)[at],
    }
    microwave = 30_000.0 if link_m < 15_000.0 else 40_000.0 if link_m < 30_000.0 else 80_000.0
    node = {"epc": 40_000.0, "nsa": 40_000.0, "sa": 100_000.0}
    edges = {"regional": 5.0, "core": 5.0}
    return Prices(items, (25.0, 15.0, 5.0)[at], microwave, edges, node)


def region(district: District, people: float, scenario: str, strategy: Strategy) -> Region:
    """Sites that one operator upgrades and builds in a district."""
    speed = SPEED[scenario][GEOTYPES.index(district.geotype)]
    phones = district.people * phones_percent(2030) / 100.0 / OPERATORS
    smart = SMARTPHONES[district.geotype] * (1.0 + SMARTPHONE_GROWTH) ** 10
    demand = phones * smart * speed / OVERBOOKING / district.area_km2
    density = sites_km2(demand, strategy.generation)
    needed = math.ceil(density * district.area_km2)
    standing = SITES_TODAY * district.people / people / OPERATORS
    modern = math.ceil(standing) if strategy.generation == "4G" and district.covered else 0
    new = max(0, round(needed - standing))
    upgraded = max(0, round(min(needed, standing)) - modern)
    links = max(0, new + upgraded - math.floor(LINKED[strategy.backhaul] * standing))
    none = {"regional": 0.0, "core": 0.0}
    area, kind = district.area_km2, district.geotype
    return Region(area, kind, new, upgraded, density, links, district.nodes, none, none)


def financial_usd(district: District, people: float, scenario: str, strategy: Strategy) -> float:
    """Private cost and the state's: subsidy less tax and spectrum (assess.py), of all operators."""
    given = region(district, people, scenario, strategy)
    link_m = math.sqrt(district.area_km2 / district.nodes) / 2.0 * 1000.0
    network = network_usd(given, strategy, prices(district.geotype, link_m), MONEY) if given.sites else 0.0
    paid = spectrum_usd(strategy.generation) * district.people
    private = network * overhead() + paid
    phones = district.people * phones_percent(2025) / 100.0 / OPERATORS
    revenue = ARPU * 12.0 * phones * annuity(0.05, YEARS, first_year=0)
    subsidy = max(0.0, private - revenue)
    return OPERATORS * (private + subsidy - TAX * network - paid)


def overhead() -> float:
    """Private cost without spectrum over the cost of the network: administration, tax and profit."""
    return 1.0 + ADMINISTRATION * annuity(0.05, YEARS, first_year=0) + TAX + PROFIT


def spectrum_usd(generation: str) -> float:
    """US$ that one operator pays by person at baseline prices."""
    low, high = PAID_MHZ[generation]
    return USD_MHZ_COVERAGE * low + USD_MHZ_CAPACITY * high


def rows(files: Path | None) -> list[Row]:
    """What follows from the published figures alone, then the twelve cells on our inputs."""
    return [*_published_rows(), *_cell_rows(districts(files))]


def _published_rows() -> list[Row]:
    """Low prices are a quarter and high ones twice the baseline."""
    paid = OPERATORS * spectrum_usd("5G") * PEOPLE_2018 / 1e9
    low, high = (float(level[0]) for level in SPECTRUM["Pakistan"])
    networks = [(low - 0.25 * paid) / overhead(), (high - 2.0 * paid) / overhead()]
    bands = CARRIERS["4G"], CARRIERS["5G"]
    wrong = [len(band) * band[-1] / sum(band) for band in bands]
    code = "src/pytal/supply.py at e7ccc1f, find_site_density: all carriers at the width of the last"
    return [
        Row(
            "Pakistan, S2 5G NSA W: private cost that spectrum prices add from low to high, US$ bn",
            1.75 * paid,
            high - low,
            1.0,
            f"{OPTIONS}; both costs printed to US$ 1 bn",
        ),
        Row(
            "Pakistan, S2 5G NSA W: network cost implied at low and at high prices, US$ bn",
            networks[0],
            networks[1],
            1.0 / overhead(),
            f"{OPTIONS}; both costs printed to US$ 1 bn",
        ),
        printed("defect, Pakistan, 4G: MHz counted over MHz held", wrong[0], "0.667", code),
        printed("defect, Pakistan, 5G: MHz counted over MHz held", wrong[1], "1.273", code),
    ]


def costs_bn(of: list[District]) -> dict[tuple[str, str], float]:
    """Financial cost in US$ bn by scenario and strategy."""
    people = sum(district.people for district in of)
    return {
        (scenario, name): sum(financial_usd(district, people, scenario, strategy) for district in of) / 1e9
        for scenario in SPEED
        for name, strategy in STRATEGIES.items()
    }


def _cell_rows(of: list[District]) -> list[Row]:
    """Twelve costs that are not comparable, ours beside theirs."""
    ours = costs_bn(of)
    reason = f"{FIGURE}; half of its inputs are not public, so this is no agreement or disagreement"
    return [
        Row(
            f"not comparable, Pakistan, {scenario} {name}: on our inputs, US$ bn",
            ours[scenario, name],
            theirs,
            math.nan,
            reason,
            gate=False,
        )
        for scenario, published in PUBLISHED.items()
        for name, theirs in zip(STRATEGIES, published, strict=True)
    ]
