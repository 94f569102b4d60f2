"""A drive through a street canyon: the filter of `rabta.pnt.tracks` beside RTKLIB's snapshots, same files.

Usage: python bench/tracks.py --files FOLDER
FOLDER holds the Hong Kong drive of 28 April 2019 (COM3_190428_124409.obs.gz, hksc1180.19b, hksc1180.19n,
groundTruth_TST.csv; IPNL-POLYU, GraphGNSSLib's data). RTKLIB's ``rnx2rtkp`` runs where it is installed.
Results go to bench/results/tracks.json: epochs with a fix of those with truth and horizontal errors
together, since a bad fix is worse than none. ``forward`` is causal, ``smoothed`` looks ahead.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np

from rabta import geo
from rabta.pnt import gnsstime, position, rinex, tracks
from rabta.pnt.position import Options

RESULTS = Path(__file__).parent / "results" / "tracks.json"
OBSERVED, EPHEMERIDES, TRUTH = (
    "COM3_190428_124409.obs.gz",
    ("hksc1180.19b", "hksc1180.19n"),
    "groundTruth_TST.csv",
)
SYSTEMS = {"GC": 33, "C": 32, "G": 1}  # RTKLIB's numbers
TARGETS = {"GC": (485, 8.0, 35.0), "C": (475, None, 40.0)}
CONF = """pos1-posmode=single
pos1-frequency=l1
pos1-elmask=10
pos1-ionoopt=brdc
pos1-tropopt=saas
pos1-navsys={systems}
pos1-posopt5={exclude}
out-solformat=xyz
out-timesys=gpst
out-timeform=tow
"""


Truth = tuple[np.ndarray, np.ndarray]


def truth(folder: Path) -> Truth:
    """Instants and Earth-fixed positions of the reference."""
    week, tow, lat, lon, height = np.loadtxt(folder / TRUTH, delimiter=",").T
    return gnsstime.from_week(week, tow), geo.ecef_from_geodetic(lat, lon, height)


def score(times: np.ndarray, places: np.ndarray, reference: Truth) -> dict[str, Any]:
    """Fixes within 50 ms of the reference's epochs, percentiles of their errors."""
    when, where = reference
    lat, lon, _ = geo.geodetic_from_ecef(where[0])
    good = np.isfinite(places[:, 0])
    times, places = times[good], places[good]
    if times.size == 0:
        return {"epochs": 0}
    nearest = np.abs(times[None, :] - when[:, None]).argmin(axis=1)
    have = np.abs(times[nearest] - when) < 50_000_000
    local = (places[nearest] - where)[have] @ geo.east_north_up(lat, lon).T
    flat, up = np.hypot(local[:, 0], local[:, 1]), np.abs(local[:, 2])
    return {
        "epochs": int(have.sum()), "of": int(when.size), "h50_m": float(np.median(flat)),
        "h95_m": float(np.percentile(flat, 95)), "largest_m": float(flat.max()),
        "v95_m": float(np.percentile(up, 95)),
    }  # fmt: skip


def ours(folder: Path, reference: Truth) -> dict[str, Any]:
    """Snapshots, forward and smoothed positions of each choice of systems."""
    obs = rinex.observations(folder / OBSERVED)
    nav = rinex.merge([rinex.navigation(folder / name) for name in EPHEMERIDES])
    found: dict[str, Any] = {}
    for systems in SYSTEMS:
        options = Options(systems=systems, mode="single")
        rows, start = tracks.prepare(obs, nav, options)
        tracks.follow(rows, start)
        alone = position.solve(obs, nav, options)
        row: dict[str, Any] = {"snapshots": score(alone.times, alone.position_m, reference)}
        for smooth in (False, True):
            cpu = time.process_time()
            track = tracks.follow(rows, start, "vehicle", smooth=smooth)
            cpu = time.process_time() - cpu
            places = np.where(track.fixed[:, None], track.position_m, np.nan)
            row[track.method] = score(track.times, places, reference) | {
                "epochs_a_cpu_s": track.times.size / cpu
            }
        if systems in TARGETS:
            row["target"] = dict(zip(("epochs", "h50_m", "h95_m"), TARGETS[systems], strict=True))
        found[systems] = row
    return found


def rtklib(folder: Path, reference: Truth) -> dict[str, Any]:
    """Snapshots of ``rnx2rtkp``, without and with its exclusion of one satellite."""
    if shutil.which("rnx2rtkp") is None:
        return {"absent": "rnx2rtkp is not installed"}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "drive.obs"
        plain.write_bytes(gzip.decompress((folder / OBSERVED).read_bytes()))
        for systems, number in SYSTEMS.items():
            for exclude, name in (("off", "plain"), ("on", "with exclusion")):
                conf, out = Path(scratch) / "rtk.conf", Path(scratch) / "out.pos"
                conf.write_text(CONF.format(systems=number, exclude=exclude))
                names = [str(folder / item) for item in EPHEMERIDES]
                command = ["rnx2rtkp", "-k", str(conf), "-o", str(out), str(plain), *names]
                subprocess.run(command, check=True, capture_output=True)
                lines = [line.split() for line in out.read_text().splitlines() if not line.startswith("%")]
                table = np.array([[float(x) for x in line[:5]] for line in lines]).reshape(-1, 5)
                times = gnsstime.from_week(table[:, 0], table[:, 1])
                found.setdefault(systems, {})[name] = score(times, table[:, 2:], reference)
    return found


def main() -> int:
    """Measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True, help="folder with the drive")
    folder = parser.parse_args().files
    reference = truth(folder)
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
            "load": os.getloadavg()[0], "threads": 1, "python": platform.python_version(),
            "numpy": np.__version__, "numba": numba.__version__,
        },
        "ours": ours(folder, reference),
        "rtklib": rtklib(folder, reference),
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
