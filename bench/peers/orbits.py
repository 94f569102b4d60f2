"""States by other packages, run by `bench/orbits.py` under an interpreter that has them.

Usage: python bench/peers/orbits.py REQUEST.json
The request holds element lines, the start and seconds after it; the answer on standard output has CPU seconds
and the Earth-fixed positions that each package finds. A package that is not there answers with the reason.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


def brahe(ask: dict[str, Any]) -> dict[str, Any]:
    """Earth-fixed states of each satellite, all instants in one call, no Earth orientation data."""
    import brahe as bh

    bh.set_global_eop_provider(bh.StaticEOPProvider.from_zero())
    satellites = [bh.SGPPropagator.from_tle(*lines, 60.0) for lines in ask["lines"]]
    moment = datetime.fromisoformat(ask["start"])
    start = bh.Epoch.from_datetime(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, 0.0, 0.0, bh.TimeSystem.UTC
    )
    epochs = [start + after for after in ask["seconds"]]
    cpu = time.process_time()
    found = [satellite.states_itrf(epochs) for satellite in satellites]
    cpu = time.process_time() - cpu
    metres = [[[float(x) for x in state[:3]] for state in states] for states in found]
    return {"cpu_s": cpu, "metres": metres, "version": bh.__version__}


def skyfield(ask: dict[str, Any]) -> dict[str, Any]:
    """``at`` of each satellite for all instants, turned Earth-fixed, with UT1 of its built-in table."""
    import numpy as np
    import skyfield
    from skyfield.api import EarthSatellite, load
    from skyfield.framelib import itrs

    scale = load.timescale(builtin=True)
    begin = datetime.fromisoformat(ask["start"]).replace(tzinfo=UTC)
    times = scale.from_datetimes([begin + timedelta(seconds=after) for after in ask["seconds"]])
    satellites = [EarthSatellite(*lines, "", scale) for lines in ask["lines"]]
    cpu = time.process_time()
    found = [satellite.at(times).frame_xyz(itrs).m for satellite in satellites]
    cpu = time.process_time() - cpu
    metres = np.moveaxis(np.array(found), 1, 2).tolist()
    return {"cpu_s": cpu, "metres": metres, "version": skyfield.__version__}


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
