"""Total attenuation by other packages, run by `bench/sky.py` under an interpreter that has them.

Usage: python bench/peers/sky.py REQUEST.json
The request holds places, percentages, frequency, elevation and diameter; the answer on standard output has
CPU seconds and the totals that each package finds. A package that is not there answers with the reason;
itu-rs reads its maps from the folder in ``ITU_RS_DATA_DIR``.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def itur(ask: dict[str, Any]) -> dict[str, Any]:
    """All places in one call for each percentage; gas by the approximate method."""
    import itur as package
    import numpy as np

    lat, lon = np.array(ask["lat"]), np.array(ask["lon"])

    def job() -> list[Any]:
        path = ask["ghz"], ask["elevation"]
        found = [
            package.atmospheric_attenuation_slant_path(lat, lon, *path, p, ask["diameter"]).value
            for p in ask["percents"]
        ]
        return np.array(found).T.tolist()

    package.atmospheric_attenuation_slant_path(lat[:5], lon[:5], ask["ghz"], ask["elevation"], 0.1, 1.0)
    return timed(job, "itur")


def itur_exact(ask: dict[str, Any]) -> dict[str, Any]:
    """Gas line by line through the layers, of the first places."""
    import itur as package

    few = list(zip(ask["lat"], ask["lon"], strict=True))[: ask["exact"]]

    def job() -> list[float]:
        return [
            float(
                package.gaseous_attenuation_slant_path(
                    ask["ghz"], ask["elevation"], 7.5, 1013.25, 288.15, mode="exact"
                ).value
            )
            for _ in few
        ]

    job()
    return timed(job, "itur") | {"places": len(few)}


def itu_rs(ask: dict[str, Any]) -> dict[str, Any]:
    """Place by place, as its interface is."""
    import itu_rs as package

    def job() -> list[list[float]]:
        path = ask["ghz"], ask["elevation"]
        return [
            [
                package.atmospheric_attenuation_slant_path(lat, lon, *path, p, ask["diameter"]).total_db
                for p in ask["percents"]
            ]
            for lat, lon in zip(ask["lat"], ask["lon"], strict=True)
        ]

    package.atmospheric_attenuation_slant_path(30.0, 70.0, ask["ghz"], ask["elevation"], 0.1, 1.0)
    return timed(job, "itu-rs")


def timed(job: Any, distribution: str) -> dict[str, Any]:
    """Result of a job with the seconds it took and the package's version."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = job()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    version = importlib.metadata.version(distribution)
    return {"cpu_s": cpu, "wall_s": wall, "found": found, "version": version}


def main() -> int:
    """Run each package that is asked for."""
    ask = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out: dict[str, Any] = {}
    for name in ask["peers"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                out[name] = globals()[name](ask)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a peer is said
                out[name] = {"absent": f"{type(error).__name__}: {error}"}
    print(json.dumps(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
