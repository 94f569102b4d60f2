"""Visibility windows by other packages, run by `bench/windows.py` under an interpreter that has them.

Usage: python bench/peers/windows.py REQUEST.json
The request holds element lines, sites, the start and the hours; the answer on standard output has CPU seconds
and the edges that each package finds. A package that is not there answers with the reason.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LEAST_DEG = 25.0


def brahe(ask: dict[str, Any]) -> dict[str, Any]:
    """``location_accesses``: steps of a minute, edges to 10 ms, one thread, no Earth orientation data."""
    import brahe as bh

    bh.set_global_eop_provider(bh.StaticEOPProvider.from_zero())
    satellites = [bh.SGPPropagator.from_tle(*lines, 60.0) for lines in ask["lines"]]
    for at, satellite in enumerate(satellites):
        satellite.set_name(str(at)) if hasattr(satellite, "set_name") else None
    places = [bh.PointLocation(lon, lat, 0.0) for lat, lon in ask["sites"]]
    moment = datetime.fromisoformat(ask["start"])
    start = bh.Epoch.from_datetime(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, 0.0, 0.0, bh.TimeSystem.UTC
    )
    config = bh.AccessSearchConfig(initial_time_step=60.0, time_tolerance=0.01, parallel=False)
    least = bh.ElevationConstraint(LEAST_DEG)
    found, cpu = [], time.process_time()
    for site, place in enumerate(places):
        for row, satellite in enumerate(satellites):
            windows = bh.location_accesses(
                place, satellite, start, start + 3600.0 * ask["hours"], least, config=config
            )
            found += [(site, row, w.window_open - start, w.window_close - start) for w in windows]
    return {"cpu_s": time.process_time() - cpu, "windows": found, "version": bh.__version__}


def skyfield(ask: dict[str, Any]) -> dict[str, Any]:
    """``find_events``, with UT1 as UTC as its built-in table has it."""
    import skyfield
    from skyfield.api import EarthSatellite, load, wgs84

    scale = load.timescale(builtin=True)
    begin = datetime.fromisoformat(ask["start"]).replace(tzinfo=UTC)
    start, end = scale.from_datetime(begin), scale.from_datetime(begin + timedelta(hours=ask["hours"]))
    satellites = [EarthSatellite(*lines, "", scale) for lines in ask["lines"]]
    found, cpu = [], time.process_time()
    for site, (lat, lon) in enumerate(ask["sites"]):
        place = wgs84.latlon(lat, lon)
        for row, satellite in enumerate(satellites):
            times, kinds = satellite.find_events(place, start, end, altitude_degrees=LEAST_DEG)
            seconds = [(t - start) * 86_400.0 for t in times]
            rises = [s for s, kind in zip(seconds, kinds, strict=True) if kind == 0]
            sets = [s for s, kind in zip(seconds, kinds, strict=True) if kind == 2]
            if sets and (not rises or sets[0] < rises[0]):
                rises.insert(0, 0.0)
            if len(sets) < len(rises):
                sets.append(3600.0 * ask["hours"])
            found += [(site, row, a, b) for a, b in zip(rises, sets, strict=True)]
    return {"cpu_s": time.process_time() - cpu, "windows": found, "version": skyfield.__version__}


def main() -> None:
    """Answer for every package."""
    ask = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    jobs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"brahe": brahe, "skyfield": skyfield}
    answers: dict[str, dict[str, Any]] = {}
    for name, job in jobs.items():
        try:
            answers[name] = job(ask)
        except ImportError as error:
            answers[name] = {"skipped": str(error)}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
