"""SGP4 and SDP4 measured: states for each CPU-second beside the sgp4 package in the same run, and the error.

Usage: python bench/orbits.py [--catalogue FILE] [--deep FILE] [--peers PYTHON]
Without files: Walker shells. Results go to bench/results/orbits.json; seconds are the least of several runs.
The package gives TEME states; turning them Earth-fixed costs more, and is measured as the second figure.
PYTHON (or the variable RABTA_PEERS) is an interpreter that has brahe and skyfield; without it, or without a
catalogue, they are left out, and the result says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
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
PEERS = Path(__file__).parent / "peers" / "orbits.py"
STEPS, SAMPLE, HOURS = 200, 40, 72.0


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


def element_lines(catalogue: str | None) -> list[list[str]]:
    """Both lines of some elements spread over the catalogue."""
    if not catalogue:
        return []
    texts = [t.strip() for t in Path(catalogue).read_text().splitlines() if t[:2] in {"1 ", "2 "}]
    pairs = [texts[at : at + 2] for at in range(0, len(texts), 2)]
    return pairs[:: max(len(pairs) // SAMPLE, 1)][:SAMPLE]


def beside_peers(python: str | None, lines: list[list[str]], rate: float) -> dict[str, Any]:
    """Earth-fixed positions of some satellites by peers: rates, ratios, and how far they lie from ours."""
    if not python or not lines:
        return {"skipped": "no interpreter with brahe and skyfield (--peers), or no elements (--catalogue)"}
    own = orbits.prepare(dict(tle.parse("\n".join(line for pair in lines for line in pair).encode())))
    start = np.datetime64("2026-01-13T00:00:00", "ns")
    seconds = np.round(np.linspace(0.0, HOURS * 3600.0, STEPS))
    ask = {"lines": lines, "start": str(start)[:19], "seconds": seconds.tolist()}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(ask, file)
        file.flush()
        answers = json.loads(subprocess.check_output([python, str(PEERS), file.name], text=True))
    ours, _ = orbits.states(own, start + (seconds * 1e9).astype("timedelta64[ns]"))
    out: dict[str, Any] = {}
    for name, answer in answers.items():
        if "skipped" in answer:
            out[name] = answer
            continue
        apart = np.linalg.norm(np.array(answer["metres"]).swapaxes(1, 2) - ours[:, :3], axis=1)
        theirs = len(lines) * STEPS / 1e6 / answer["cpu_s"]
        out[name] = {"version": answer["version"], "million_states_a_cpu_second": theirs}
        out[name] |= {"ours_times_theirs": rate / theirs, "median_apart_m": float(np.nanmedian(apart))}
        out[name] |= {"largest_apart_m": float(np.nanmax(apart))}
    return out


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
    parser.add_argument("--peers", default=os.environ.get("RABTA_PEERS"))
    given = parser.parse_args()
    sets = {Path(name).stem: dict(tle.parse(Path(name).read_bytes())) for name in given.deep}
    if given.catalogue:
        sets = {Path(given.catalogue).stem: dict(tle.parse(Path(given.catalogue).read_bytes()))} | sets
    sets = sets or {"shell": dict(walker(550.0, 53.0, 72, 22, epoch_jd=2_461_053.5))}
    measured = {name: measure(columns, HOURS) for name, columns in sets.items()}
    rate = next(iter(measured.values()))["million_states_a_cpu_second"]["ours_positions"]
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "package": f"sgp4 {sgp4.__version__}",
        "sets": measured,
        "peers": beside_peers(given.peers, element_lines(given.catalogue), rate),
        "same_bits_with_one_thread": all(same_bits(columns) for columns in sets.values()),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
