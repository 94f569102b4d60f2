"""HF measured: the nation's emergency net, circuits in batch, ground waves; the ITU-R's software beside.

Usage: python bench/hf.py [--iturhfprop FOLDER]
FOLDER is a checkout of github.com/ITU-R-Study-Group-3/ITU-R-HF whose libraries and program were built in
``P533/Linux``, ``P372/Linux`` and ``ITURHFProp/Linux``, with ``ionos01.bin`` to ``ionos12.bin`` in
``P533/Data``; without it the peer is left out, and the result says so. The peer does one receiver at a time:
its seconds are those of 24 hours and seven frequencies of a path, less those of one hour and frequency (start
and reading). Results go to bench/results/hf.json; CPU seconds are the least of three.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog
from rabta.radio.hf import groundwave, muf, noise, nvis, skywave
from rabta.radio.hf.ionosphere import coefficients

RESULTS = Path(__file__).parent / "results" / "hf.json"
PLACES, PATHS = 23_479, 200
FREQUENCIES = [3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 20.0]
INPUT = """PathName "x"
PathTXName "A"
Path.L_tx.lat 24.86
Path.L_tx.lng 67.01
TXAntFilePath "ISOTROPIC"
TXGOS 0.0
TXBearing 0
PathRXName "B"
Path.L_rx.lat 35.92
Path.L_rx.lng 74.31
RXAntFilePath "ISOTROPIC"
RXGOS 0.0
RXBearing 0
AntennaOrientation "MANUAL"
Path.year 2026
Path.month 1
Path.hour {hours}
Path.SSN 80
Path.frequency {frequencies}
Path.txpower -10.0
Path.BW 3000.0
Path.SNRr 10.0
Path.SNRXXp 90
Path.ManMadeNoise "RURAL"
Path.Modulation "ANALOG"
Path.SorL "SHORTPATH"
RptFileFormat "RPT_E"
LL.lat 35.92
LL.lng 74.31
LR.lat 35.92
LR.lng 74.31
UL.lat 35.92
UL.lng 74.31
UR.lat 35.92
UR.lng 74.31
latinc 1.0
lnginc 1.0
DataFilePath "{data}/"
"""


def least(job: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    """Result, and least CPU seconds of several runs."""
    seconds, found = [], None
    for _ in range(times):
        begin = time.process_time()
        found = job()
        seconds.append(time.process_time() - begin)
    return found, min(seconds)


def places() -> tuple[np.ndarray, np.ndarray]:
    """As many places as the nation has cells, over the grid that it ships."""
    rng = np.random.default_rng(1)
    return rng.uniform(24.0, 36.9, PLACES), rng.uniform(61.5, 77.0, PLACES)


def net(maps: Any, noises: Any) -> dict[str, float]:
    """CPU seconds of the net over the nation, and of one place after the other."""
    wanted = nvis.Net.of(
        catalog.entry("hfnets", "emergency-100w").data, catalog.entry("grounds", "p368").data["kinds"]
    )
    stations = (
        np.array([31.56, 24.86, 34.01, 30.18, 33.72, 34.37, 35.92]),
        np.array([74.34, 67.01, 71.57, 67.0, 73.06, 73.47, 74.31]),
    )
    when = muf.When(1, np.mod(np.arange(24.0) - 5.0, 24.0), 81.0)
    where = places()
    (_, share), cpu = least(lambda: nvis.national(maps, noises, wanted, where, stations, when))
    rows = np.arange(0, PLACES, PLACES // 150)
    lat, lon = (v[rows] for v in where)
    home = nvis.nearest_station(lat, lon, stations)
    control = (stations[0][home], stations[1][home])
    _, true = nvis.answer(maps, noises, wanted, (lat, lon), control, when).best()
    off = np.abs(share[rows] - true)
    return {
        "places": PLACES,
        "cpu_s": cpu,
        "reliability_error_mean": float(off.mean()),
        "reliability_error_p99": float(np.quantile(off, 0.99)),
    }


def batch(maps: Any) -> dict[str, float]:
    """Microseconds of a circuit (one path, hour and frequency: MUF, nine modes, field) in batch."""
    rng = np.random.default_rng(2)
    ends = [rng.uniform(a, b, (PATHS, 1, 1)) for a, b in ((24, 36), (61, 77), (24, 36), (61, 77))]
    path = muf.Path.between(*ends)
    when = muf.When(1, np.arange(24.0)[:, None], 80.0)
    f = np.array(FREQUENCIES)
    _, cpu = least(lambda: skywave.circuit(muf.modes(maps, path, when), f).field_dbuvm())
    return {"circuits": PATHS * 24 * len(f), "us_a_circuit": cpu / (PATHS * 24 * len(f)) * 1e6}


def ground_wave() -> dict[str, float]:
    """Microseconds of a distance over a ground at a frequency, with and without its roots at hand."""
    d = np.geomspace(1.0, 2000.0, 1000)
    ground = groundwave.Ground(22.0, 3e-3)

    def fresh() -> Any:
        groundwave._roots.cache_clear()
        return groundwave.field_dbuvm(3.0, d, ground)

    _, first = least(fresh)
    _, again = least(lambda: groundwave.field_dbuvm(3.0, d, ground))
    return {"distances": len(d), "first_ms": first * 1e3, "again_us_a_distance": again / len(d) * 1e6}


def _run(folder: Path, hours: list[int], frequencies: list[float]) -> float:
    with tempfile.TemporaryDirectory() as work:
        text = INPUT.format(
            hours=", ".join(map(str, hours)),
            frequencies=", ".join(map(str, frequencies)),
            data=folder / "P533" / "Data",
        )
        (Path(work) / "in.txt").write_text(text)
        libraries = ":".join(str(folder / name / "Linux") for name in ("P533", "P372"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [folder / "ITURHFProp" / "Linux" / "ITURHFProp", "-s", "in.txt", "out.txt"],
            cwd=work, env=os.environ | {"LD_LIBRARY_PATH": libraries}, capture_output=True, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if "Calculated Parameters" not in (Path(work) / "out.txt").read_text(encoding="latin-1"):
            raise SystemExit("the peer wrote no result")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peer(folder: Path) -> dict[str, Any]:
    """Microseconds of a circuit of the ITU-R's software."""
    many = min(_run(folder, list(range(1, 25)), FREQUENCIES) for _ in range(3))
    one = min(_run(folder, [1], [5.0]) for _ in range(3))
    return {
        "package": "ITURHFProp 14.2",
        "us_a_circuit": (many - one) / (24 * len(FREQUENCIES) - 1) * 1e6,
        "start_s": one,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iturhfprop", type=Path)
    options = parser.parse_args()
    path = catalog.entry("nations", "pakistan").path.with_suffix("") / coefficients.FILE
    maps, noises = coefficients.Region.read(path), noise.RegionNoise.read(path)
    found = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "net": net(maps, noises),
        "batch": batch(maps),
        "ground_wave": ground_wave(),
        "peer": peer(options.iturhfprop) if options.iturhfprop else "left out: no folder was given",
    }
    if options.iturhfprop:
        found["ratio"] = found["peer"]["us_a_circuit"] / found["batch"]["us_a_circuit"]
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
