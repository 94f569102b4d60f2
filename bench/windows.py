"""Visibility windows measured: the whole problem, its limits, peers in the same run, and handover rates.

Usage: python bench/windows.py [--catalogue FILE] [--sites FILE] [--peers PYTHON]
The problem is 1,500 satellites x 100 sites x 1 day at 25 degrees. Without files: a Walker shell of 1,500 and
100 places of the shipped nation. PYTHON (or the variable RABTA_PEERS) is an interpreter that has brahe and
skyfield; without it they are left out, and the result says so. Results go to bench/results/windows.json;
seconds are the least of several.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.space import orbits, tle, visibility
from rabta.space.events import handover
from rabta.space.events.windows import Windows, windows
from rabta.space.walker import walker

RESULTS = Path(__file__).parent / "results" / "windows.json"
PEERS = Path(__file__).parent / "peers" / "windows.py"
START = np.datetime64("2026-01-13T00:00:00", "ns")
DAY_S, LEAST_DEG, SATELLITES = 86_400.0, 25.0, 1500
TARGET_CPU_S = 1.0


def least(job: Callable[[], Any], times: int = 5) -> tuple[Any, dict[str, float]]:
    """Result, and least wall and CPU seconds of several runs."""
    walls, cpus, found = [], [], None
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        found = job()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return found, {"wall_s": min(walls), "cpu_s": min(cpus)}


def compile_seconds() -> dict[str, float]:
    """CPU seconds of the kernels' import with an empty cache, and again with a full one."""
    code = (
        "import time, numba, rabta.jit; numba.config.CACHE_DIR = __import__('sys').argv[1]; "
        "t = time.process_time(); import rabta.space.{0}._kernels; print(time.process_time() - t)"
    )
    out: dict[str, float] = {}
    for part in ("orbits", "events"):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", code.format(part), folder]
            first, again = (float(subprocess.check_output(command, text=True)) for _ in range(2))
        out |= {f"{part}_first_s": first, f"{part}_cached_s": again}
    return out


def problem(catalogue: str | None, sites: str | None) -> tuple[dict[str, Any], np.ndarray, list[list[str]]]:
    """Element columns, latitudes and longitudes, and the element lines where there are any."""
    lines: list[list[str]] = []
    if catalogue:
        raw = Path(catalogue).read_bytes()
        columns: dict[str, Any] = {name: part[:SATELLITES] for name, part in tle.parse(raw).items()}
        texts = [text for text in raw.decode().splitlines() if text[:2] in {"1 ", "2 "}]
        lines = [[texts[i].strip(), texts[i + 1].strip()] for i in range(0, 2 * SATELLITES, 2)]
    else:
        columns = dict(walker(550.0, 53.0, 75, 20, epoch_jd=2_461_053.5))
    if sites:
        places = np.loadtxt(sites, delimiter=",", usecols=(2, 3), encoding="utf-8")
    else:
        towns = layers.table(layers.folder(Nation()), "places").nlargest(100, "people")
        places = towns[["lat_deg", "lon_deg"]].to_numpy()
    return columns, places, lines


def misses(own: orbits.Orbits, place: visibility.Ground, found: Windows, pairs: int) -> dict[str, float]:
    """Random pairs on a grid of 0.1 s by SGP4 itself: windows of the grid without one of ours, and edges."""
    rng = np.random.default_rng(7)
    seconds = np.arange(0.0, DAY_S, 0.1)
    times = START + (seconds * 1e9).astype("timedelta64[ns]")
    missed = extra = runs = 0
    worst = 0.0
    for _ in range(pairs):
        site, row = int(rng.integers(len(place.cell_m))), int(rng.integers(len(own)))
        state, _ = orbits.states(own[row : row + 1], times)
        offset = state[0] - place.cell_m[site][:, None]
        sine = place.axes[site, 2] @ offset / np.sqrt((offset**2).sum(axis=0))
        up = np.diff(np.concatenate([[0], sine >= np.sin(np.radians(LEAST_DEG)), [0]]).astype(int))
        first, last = seconds[np.flatnonzero(up > 0)], seconds[np.flatnonzero(up < 0) - 1]
        ours = found.only((found.site == site) & (found.satellite == row))
        middle = (first + last) / 2.0
        hit = [((ours.rise_s <= m) & (ours.set_s >= m)).any() for m in middle]
        missed += len(hit) - int(sum(hit))
        extra += int(((ours.set_s - ours.rise_s) > 0.2).sum()) - int((last - first > 0.15).sum())
        runs += len(hit)
        if len(ours) == len(first):
            worst = max(worst, float(np.max(first - ours.rise_s - 0.1, initial=0.0)))
    return {
        "pairs": pairs,
        "windows_of_the_grid": runs,
        "missed": missed,
        "extra_above_200_ms": extra,
        "edge_beyond_its_grid_cell_s": worst,
    }


def edges(own: orbits.Orbits, place: visibility.Ground, found: Windows, count: int) -> dict[str, float]:
    """Error of random edges against SGP4 itself, ms."""
    rng = np.random.default_rng(8)
    inner = np.flatnonzero((found.rise_s > 1.0) & (found.set_s < DAY_S - 1.0))
    errors = []
    for row in rng.choice(inner, count, replace=False):
        instant = found.rise_s[row] if row % 2 else found.set_s[row]
        times = START + np.round((instant + np.array([-0.02, 0.0, 0.02])) * 1e9).astype("timedelta64[ns]")
        state, _ = orbits.states(own[found.satellite[row] : found.satellite[row] + 1], times)
        offset = state[0] - place.cell_m[found.site[row]][:, None]
        sine = place.axes[found.site[row], 2] @ offset / np.sqrt((offset**2).sum(axis=0))
        rate = (sine[2] - sine[0]) / 0.04
        errors.append(abs((sine[1] - np.sin(np.radians(LEAST_DEG))) / rate) * 1e3)
    return {
        "edges": count,
        "median_ms": float(np.median(errors)),
        "p99_ms": float(np.percentile(errors, 99)),
        "worst_ms": float(np.max(errors)),
        "share_above_10_ms": float(np.mean(np.array(errors) > 10.0)),
    }


def beside_peers(
    python: str | None, lines: list[list[str]], sites: np.ndarray, found: Windows, own: dict[str, float]
) -> dict[str, Any]:
    """Peers on 40 satellites and 4 sites, for each pair and day, as ratios of CPU time."""
    if not python or not lines:
        return {"skipped": "no interpreter with brahe and skyfield (--peers), or no elements (--catalogue)"}
    rows, few = list(range(0, SATELLITES, SATELLITES // 40))[:40], sites[[0, 4, 20, 60]]
    ask = {
        "lines": [lines[row] for row in rows],
        "sites": few.tolist(),
        "start": str(START)[:19],
        "hours": 24.0,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(ask, file)
        file.flush()
        answers = json.loads(subprocess.check_output([python, str(PEERS), file.name], text=True))
    mine = own["cpu_s"] / (SATELLITES * len(sites))
    out: dict[str, Any] = {}
    for name, answer in answers.items():
        if "skipped" in answer:
            out[name] = answer
            continue
        each = answer["cpu_s"] / (len(rows) * len(few))
        out[name] = {"version": answer["version"], "cpu_us_a_pair_day": 1e6 * each, "times_ours": each / mine}
        out[name] |= differences(answer["windows"], found, rows, [0, 4, 20, 60])
    return out


def differences(
    theirs: list[list[float]], found: Windows, rows: list[int], sites: list[int]
) -> dict[str, Any]:
    """How many of a peer's windows we have too, how many only we have, and how far the edges lie apart."""
    apart, only_they, only_we, lone = [], 0, 0, 0.0
    for site, place in enumerate(sites):
        for at, row in enumerate(rows):
            ours = found.only((found.site == place) & (found.satellite == row))
            part = [(a, b) for s, r, a, b in theirs if (s, r) == (site, at)]
            matched, unmatched = 0, np.ones(len(ours), dtype=bool)
            for a, b in part:
                same = (ours.rise_s < b) & (ours.set_s > a)
                unmatched &= ~same
                if same.sum() == 1:
                    matched += 1
                    apart += [abs(a - ours.rise_s[same][0]), abs(b - ours.set_s[same][0])]
            only_they += len(part) - matched
            only_we += len(ours) - matched
            lone = max(lone, float((ours.set_s - ours.rise_s)[unmatched].max(initial=0.0)))
    return {
        "windows": len(theirs),
        "only_theirs": only_they,
        "only_ours": only_we,
        "longest_of_only_ours_s": lone,
        "median_edge_difference_s": float(np.median(apart)) if apart else None,
        "p95_edge_difference_s": float(np.percentile(apart, 95)) if apart else None,
    }


def handovers(own: orbits.Orbits, lat: float, lon: float) -> dict[str, Any]:
    """Policies over one place and all satellites for six hours."""
    span, place = 6 * 3600.0, visibility.ground(lat, lon)
    seen = windows(own, place, START, span, LEAST_DEG)
    score, out = handover.elevation(own, place, START), {}
    for policy in handover.POLICIES:
        cpu = time.process_time()
        links = handover.serve(seen, policy, score)
        out[policy] = {"cpu_s": time.process_time() - cpu} | asdict(handover.summary(links, 0, span))
    return out


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--catalogue", "--sites"):
        parser.add_argument(option)
    parser.add_argument("--peers", default=os.environ.get("RABTA_PEERS"))
    given = parser.parse_args()
    columns, sites, lines = problem(given.catalogue, given.sites)
    own, place = orbits.prepare(columns), visibility.ground(sites[:, 0], sites[:, 1])
    windows(own[:50], place, START, DAY_S, LEAST_DEG)
    found, spent = least(lambda: windows(own, place, START, DAY_S, LEAST_DEG))
    every = jit.threads()
    jit.set_threads(1)
    alone, one = least(lambda: windows(own, place, START, DAY_S, LEAST_DEG), 2)
    jit.set_threads(every)
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "problem": {"satellites": len(own), "sites": len(sites), "hours": 24, "elevation_deg": LEAST_DEG},
        "catalogue": Path(given.catalogue).name if given.catalogue else "Walker 550 km 53 deg 75 x 20",
        "compile": compile_seconds(),
        "windows": len(found),
        "ours": spent | {"cpu_us_a_pair_day": 1e6 * spent["cpu_s"] / (len(own) * len(sites))},
        "target_cpu_s": TARGET_CPU_S,
        "one_thread": one,
        "same_bits_with_one_thread": all(
            np.array_equal(getattr(alone, name), getattr(found, name))
            for name in ("site", "satellite", "rise_s", "set_s")
        ),
        "grid_of_a_tenth_of_a_second": misses(own, place, found, 300),
        "edges_against_sgp4": edges(own, place, found, 5000),
        "peers": beside_peers(given.peers, lines, sites, found, spent),
        "handover_six_hours": handovers(own, 31.55, 74.34),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
