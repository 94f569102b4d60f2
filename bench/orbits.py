"""SGP4 and SDP4 measured: states for each CPU-second beside the sgp4 package in the same run, and the error.

Usage: python bench/orbits.py [--catalogue FILE] [--deep FILE]
Without files: Walker shells. Results go to bench/results/orbits.json; seconds are the least of several runs.
The package gives TEME states; turning them Earth-fixed costs more, and is measured as the second figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sgp4
from sgp4.api import SatrecArray

from rabta import jit
from rabta.space import orbits, propagate, tle
from rabta.space.frames import earth_fixed
from rabta.space.walker import walker
from rabta.times import gmst_rad, julian_date

RESULTS = Path(__file__).parent / "results" / "orbits.json"
STEPS = 200


def least(job: Callable[[], object], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    cpus = []
    for _ in range(times):
        cpu = time.process_time()
        job()
        cpus.append(time.process_time() - cpu)
    return min(cpus)


def error(own: orbits.Orbits, records: SatrecArray, times: Any) -> dict[str, Any]:
    """Largest difference of position and velocity in the TEME frame, and differing error codes."""
    day, part = julian_date(times)
    codes, place, speed = records.sgp4(day, part)
    found, mine = orbits.states_at(own, day, part, np.zeros_like(part), velocity=True)
    spin = 7.292115855e-5
    found[:, 3] -= spin * found[:, 1]
    found[:, 4] += spin * found[:, 0]
    good = (codes == 0) & (mine == 0)
    apart = np.concatenate([place, speed], axis=2).swapaxes(1, 2) * 1e3 - found
    return {
        "largest_mm": float(np.abs(apart[:, :3]).max(axis=1)[good].max() * 1e3),
        "largest_um_a_second": float(np.abs(apart[:, 3:]).max(axis=1)[good].max() * 1e6),
        "codes_that_differ": int((codes != mine).sum()),
        "codes": int((codes != 0).sum()),
    }


def measure(columns: dict[str, Any], hours: float) -> dict[str, Any]:
    """Rates of the package and of ours on one set."""
    start = np.datetime64(int((np.median(columns["epoch_jd"]) - 2_440_587.5) * 86_400e9), "ns")
    times = start + (np.linspace(0.0, hours, STEPS) * 3600e9).astype("timedelta64[ns]")
    day, part = julian_date(times)
    angle = gmst_rad(day, part)
    records, own = SatrecArray(propagate.satrecs(columns)), orbits.prepare(columns)
    million = len(own) * STEPS / 1e6

    def turned() -> object:
        codes, place, _ = records.sgp4(day, part)
        return earth_fixed(place, codes, times)

    rates = {
        "package_teme": million / least(lambda: records.sgp4(day, part)),
        "package_earth_fixed": million / least(turned),
        "ours_positions_and_velocities": million
        / least(lambda: orbits.states_at(own, day, part, angle, velocity=True)),
        "ours_positions": million / least(lambda: orbits.states_at(own, day, part, angle)),
        "ours_positions_float32": million / least(lambda: orbits.positions(own, times)),
    }
    return {
        "satellites": len(own),
        "deep": int((own.table[:, 2] != 0).sum()),
        "hours": hours,
        "prepare_cpu_s": least(lambda: orbits.prepare(columns)),
        "million_states_a_cpu_second": rates,
        "times_the_package": rates["ours_positions_and_velocities"] / rates["package_teme"],
        "positions_times_the_package": rates["ours_positions"] / rates["package_earth_fixed"],
        "error": error(own, records, times),
    }


def same_bits(columns: dict[str, Any]) -> bool:
    """True where one thread and all give the same bits."""
    own = orbits.prepare(columns)
    start = np.datetime64(int((np.median(columns["epoch_jd"]) - 2_440_587.5) * 86_400e9), "ns")
    times, every = start + np.arange(100) * np.timedelta64(60, "s"), jit.threads()
    all_, _ = orbits.states(own, times, velocity=True)
    jit.set_threads(1)
    one, _ = orbits.states(own, times, velocity=True)
    jit.set_threads(every)
    return bool(np.array_equal(all_, one, equal_nan=True))


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", help="TLE file of low orbits")
    parser.add_argument("--deep", nargs="*", default=[], help="TLE files with deep-space orbits")
    given = parser.parse_args()
    sets = {Path(name).stem: dict(tle.parse(Path(name).read_bytes())) for name in given.deep}
    if given.catalogue:
        sets = {Path(given.catalogue).stem: dict(tle.parse(Path(given.catalogue).read_bytes()))} | sets
    sets = sets or {"shell": dict(walker(550.0, 53.0, 72, 22, epoch_jd=2_461_053.5))}
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "package": f"sgp4 {sgp4.__version__}",
        "sets": {name: measure(columns, 72.0) for name, columns in sets.items()},
        "same_bits_with_one_thread": all(same_bits(columns) for columns in sets.values()),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
