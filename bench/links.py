"""Links measured: attenuation of 20,000 sites beside itur, the sky tables, and the links of a national step.

Usage: python bench/links.py [--without-itur]
Results go to bench/results/links.json. Seconds are the least of several runs. Both sides get the same
values of each site (height, rain rate, temperature, vapour); itur still looks up rain height, cloud and
wet refractivity.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog, jit
from rabta.nation import layers
from rabta.radio import downlinks, itu
from rabta.radio.downlinks import Receivers
from rabta.radio.slantpath import Climate
from rabta.scenario import Nation
from rabta.space import constellations

RESULTS = Path(__file__).parent / "results" / "links.json"
SITES, PERCENTS, GHZ, ELEVATION_DEG = 20_000, (0.01, 0.1, 0.3, 0.5, 1.0), 20.0, 45.0
STEPS, SLOTS = 60, 4


def least(job: Callable[[], object], times: int = 5) -> dict[str, float]:
    """Least wall and CPU seconds of several runs."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall_s": min(walls), "cpu_s": min(cpus)}


def sites(cells: Any) -> tuple[Climate, Any]:
    """Random cells of the shipped nation as sites."""
    chosen = cells.sample(SITES, replace=True, random_state=1)
    return Climate.of_cells(chosen), chosen["lon_deg"].to_numpy()


def ours(climate: Climate) -> Callable[[], object]:
    """Total attenuation of every site and percentage."""
    return lambda: downlinks.attenuation_table(climate, GHZ, ELEVATION_DEG, PERCENTS, diameter_m=0.6)


def itur(climate: Climate, lon: Any) -> Callable[[], object]:
    """The same by the itur package, once a percentage."""
    import itur as package

    c = climate
    pressure = itu.standard_pressure_hpa(c.height_km)

    def job() -> None:
        for percent in PERCENTS:
            package.atmospheric_attenuation_slant_path(
                c.lat_deg, lon, GHZ, ELEVATION_DEG, percent, 0.6, hs=c.height_km, rho=c.vapour_g_m3,
                R001=c.rain_rate_mmh, T=c.temperature_k, P=pressure, V_t=c.vapour_kg_m2,
            )  # fmt: skip

    return job


def step_inputs(cells: int, satellites: int) -> tuple[Any, ...]:
    """Slots of a chunk of steps, all filled, at elevations as low-Earth orbits give them."""
    rng = np.random.default_rng(2)
    shape = (STEPS, cells, SLOTS)
    satellite = rng.integers(0, satellites, shape).astype(np.int16)
    elevation = rng.triangular(25.0, 40.0, 90.0, shape).astype(np.float32)
    slant = rng.uniform(5e5, 1.2e6, shape).astype(np.float32)
    return satellite, elevation, slant, np.zeros(satellites, dtype=np.int16)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-itur", action="store_true", help="leave the slow side out")
    asked = parser.parse_args()
    cells = layers.load(Nation()).cells
    climate, lon = sites(cells)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "threads": jit.threads(),
        "sites": SITES, "percentages": len(PERCENTS), "ghz": GHZ,
        "attenuation_ours": least(ours(climate), 7),
    }  # fmt: skip
    systems = constellations.systems([catalog.entry("constellations", n) for n in ("starlink", "paksat-mm1")])
    links = downlinks.of_systems(systems)
    country = Climate.of_cells(cells)
    results["cells"] = len(cells)
    results["sky_tables_two_systems"] = least(lambda: downlinks.sky_tables(country, links, 0.5), 3)
    _, carrier = downlinks.sky_tables(country, links, 0.5)
    inputs, ends = step_inputs(len(cells), 600), Receivers.of(links, 1.0)
    chunk = least(lambda: downlinks.rates(*inputs, carrier, ends), 5)
    results["links_a_step_ms"] = {name: 1e3 * value / STEPS for name, value in chunk.items()}
    if not asked.without_itur:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results["attenuation_itur"] = least(itur(climate, lon), 1)
        for clock in ("wall_s", "cpu_s"):
            ratio = results["attenuation_itur"][clock] / results["attenuation_ours"][clock]
            results[f"itur_over_ours_{clock}"] = round(ratio, 1)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
