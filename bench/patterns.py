"""Beams and constellations measured: sums of many beams, array gains, two constellations over a place.

Usage: python bench/patterns.py [--pycraf PYTHON]
PYTHON is an interpreter with pycraf; without it the peer is left out, and the result says so. Results go to
bench/results/patterns.json; CPU seconds are the least of several.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.radio.interference import inline
from rabta.radio.patterns import arrays, earth, shapes
from rabta.radio.patterns.beams import _kernels, downlink, layouts

RESULTS = Path(__file__).parent / "results" / "patterns.json"
POINTS = 1_000_000
PEER = """
import time
import numpy as np
from astropy import units as u
from pycraf import antenna, conversions as cnv
rng = np.random.default_rng(1)
az, el = rng.uniform(-90, 90, N) * u.deg, rng.uniform(-60, 60, N) * u.deg
best = 1e9
for _ in range(3):
    begin = time.process_time()
    antenna.imt2020_composite_pattern(az, el, 10 * u.deg, -5 * u.deg, 5 * cnv.dB, 30 * cnv.dB, 30 * cnv.dB,
        65 * u.deg, 65 * u.deg, 0.5 * cnv.dimless, 0.5 * cnv.dimless, 8, 8)
    best = min(best, time.process_time() - begin)
print(best)
"""


def least(job: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def beam_sums() -> dict[str, float]:
    """Pairs of user and beam a CPU second: compiled and in NumPy."""
    layout = layouts.hexagonal(4.4127, tiers=6)
    users, serving = layouts.cell_points(layout, 200)
    dish = shapes.Aperture(2.0, 2.0, 30.0)
    table, step = downlink.pattern_table(dish, 4.4127)
    few, mine = layouts.unit(users[:4000]), serving[:4000]
    ones = np.ones(len(layout))
    arguments = (few, mine, layouts.unit(layout.uv), layout.colour, ones, layout.coupling(), table, step)
    compiled = least(lambda: downlink.sums(layout, users, serving, dish, 4.4127))
    plain = least(lambda: _kernels.beam_sums_reference(*arguments))
    pairs = len(users) * len(layout)
    return {"pairs_a_cpu_s": pairs / compiled, "numpy_pairs_a_cpu_s": len(few) * len(layout) / plain}


def array_gain() -> float:
    """CPU seconds for a million gains of 8 x 8 elements."""
    rng = np.random.default_rng(1)
    az, el = rng.uniform(-90.0, 90.0, POINTS), rng.uniform(-60.0, 60.0, POINTS)
    beam = arrays.Planar(element=arrays.Element(5.0), steer_azimuth_deg=10.0, steer_elevation_deg=-5.0)
    return least(lambda: beam.gain_dbi(az, el))


def constellations() -> float:
    """Satellites and steps a CPU second: 1,440 steps, 650 wanted and 1,600 other satellites."""
    rng = np.random.default_rng(1)
    wanted, other = (
        height * raw / np.linalg.norm(raw, axis=2, keepdims=True)
        for height, raw in (
            (7.578e6, rng.normal(size=(1440, 650, 3))),
            (6.928e6, rng.normal(size=(1440, 1600, 3))),
        )
    )
    dish = earth.S1428(0.6, 12.0)
    link = {"wanted_eirp_dbw_mhz": 10.0, "other_eirp_dbw_mhz": 10.0, "noise_k": 200.0, "frequency_ghz": 12.0}
    seconds = least(lambda: inline.series(30.0, 70.0, wanted, other, dish, **link))
    return 1440 * 2250 / seconds


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pycraf")
    peer = parser.parse_args().pycraf
    jit.set_threads(1)
    ours = array_gain()
    result: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "threads": 1,
        "beams": beam_sums(),
        "array_cpu_s_a_million": ours,
        "satellite_steps_a_cpu_s": constellations(),
        "pycraf": "left out",
    }
    if peer:
        done = subprocess.run(
            [peer, "-c", PEER.replace("N)", f"{POINTS})")], capture_output=True, text=True, check=True
        )
        result["pycraf"] = {"array_cpu_s_a_million": float(done.stdout), "ratio": float(done.stdout) / ours}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
