"""Files of receivers and centres measured: RINEX read and written beside RTKLIB, sidereon and cssrlib.

Usage: python bench/gnss_formats.py --files DIR [--peers DIR]

``--files`` holds ``esbc`` and ``nav4`` as the suite ``formats`` reads them; ``--peers`` is a folder with
pyrtklib5, sidereon and cssrlib (pip install --target), each run in a process of its own on the same unpacked
files. Results go to bench/results/gnss_formats.json. CPU seconds, the least of several runs, children
included, since machines are shared; what peers read is compared number by number where they let it out.
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
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.pnt import rinex
from rabta.pnt.products import clk, sp3
from rabta.pnt.text import load

RESULTS = Path(__file__).parent / "results" / "gnss_formats.json"
STATION = "esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz"
DAY = "nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"
ORBITS = "esbc/GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz"
CLOCKS = "esbc/GRG0MGXFIN_20201770000_01D_30S_CLK.CLK.gz"
RUNS = 7

# each prints JSON with CPU seconds and what was read
RTKLIB = """
import sys, time, json
import pyrtklib5 as r
best = 1e9
for _ in range(3):
    nav, obs, sta = r.nav_t(), r.obs_t(), r.sta_t()
    start = time.process_time()
    r.readrnx(sys.argv[1], 1, "", obs, nav, sta)
    best = min(best, time.process_time() - start)
total, count, number = 0.0, 0, r.Arr1Dint(1)
for i in range(obs.n):
    o = obs.data[i]
    if r.satsys(o.sat, number) == r.SYS_CMP and o.P[0] > 0.0:
        total += o.P[0]
        count += 1
print(json.dumps({"seconds": best, "rows": obs.n, "beidou_ranges": count, "beidou_km": total / 1e3}))
"""
SIDEREON_OBS = """
import sys, time, json
import sidereon
best = 1e9
text = open(sys.argv[1]).read()
for _ in range(3):
    start = time.process_time()
    obs = sidereon.parse_rinex_obs(text)
    best = min(best, time.process_time() - start)
print(json.dumps({"seconds": best, "epochs": obs.epoch_count}))
"""
SIDEREON_NAV = """
import sys, time, json
import sidereon
best = 1e9
text = open(sys.argv[1]).read()
for _ in range(3):
    start = time.process_time()
    records = sidereon.parse_rinex_nav_records(text)
    best = min(best, time.process_time() - start)
kinds = {}
for record in records:
    name = str(getattr(record, "satellite", getattr(record, "sat", "")))
    kinds[name[:1]] = kinds.get(name[:1], 0) + 1
print(json.dumps({"seconds": best, "records": len(records), "by_system": kinds}))
"""
CSSRLIB = """
import sys, time, json
from cssrlib.rinex import rnxdec
from cssrlib.gnss import Nav, sat2id
best = 1e9
for _ in range(2):
    nav = Nav()
    start = time.process_time()
    rnxdec().decode_nav(sys.argv[1], nav)
    best = min(best, time.process_time() - start)
rows = []
for e in nav.eph:
    name = sat2id(e.sat)
    if name[0] == "C":
        numbers = [e.af0, e.af1, e.e, e.M0, e.OMG0, e.omg, e.i0, e.deln, e.crs, e.cus]
        rows.append([name, int(e.mode), e.toc.time, *[float(x) for x in numbers]])
print(json.dumps({"seconds": best, "records": len(nav.eph) + len(nav.geph), "beidou": rows}))
"""
FIELDS = ("af0", "af1", "e", "m0", "omega0", "omega", "i0", "delta_n", "crs", "cus")


def cpu() -> float:
    """CPU seconds of this process and its children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def least(call: Callable[[], Any], runs: int = RUNS) -> float:
    """Least CPU seconds of several runs."""
    found = []
    for _ in range(runs):
        start = cpu()
        call()
        found.append(cpu() - start)
    return min(found)


def fine(call: Callable[[], Any], runs: int = RUNS) -> float:
    """Least CPU seconds of several runs of this process alone, by a finer clock."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def peer(folder: Path | None, code: str, path: Path) -> dict[str, Any] | None:
    """What a peer prints; None where it is not there."""
    if folder is None:
        return None
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        print(done.stderr[-300:], file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def observations(files: Path, peers: Path | None, folder: Path) -> dict[str, Any]:
    """A day of a station, 2,880 epochs, six systems."""
    text = load(files / STATION)[0]
    path = folder / "station.rnx"
    path.write_bytes(text)
    obs = rinex.observations(text)
    read = fine(lambda: rinex.observations(text))
    ranges = obs.systems["C"].column("C2I")
    rtklib, sidereon = peer(peers, RTKLIB, path), peer(peers, SIDEREON_OBS, path)
    rows = sum(one.prn.size for one in obs.systems.values())
    found: dict[str, Any] = {
        "epochs": int(obs.times.size),
        "rows": rows,
        "bytes": len(text),
        "read_s": read,
        "read_epochs_a_second": obs.times.size / read,
        "read_compact_gz_s": least(lambda: rinex.observations(files / STATION), 3),
        "write_s": fine(lambda: rinex.observations_text(obs), 3),
        "rtklib_read_s": rtklib and rtklib["seconds"],
        "sidereon_read_s": sidereon and sidereon["seconds"],
    }
    if rtklib:
        ours = float(np.nansum(ranges)) / 1e3
        found["rtklib_rows"] = rtklib["rows"]
        found["b1i_ranges"] = [int(np.isfinite(ranges).sum()), rtklib["beidou_ranges"]]
        found["b1i_sum_difference_m"] = (ours - rtklib["beidou_km"]) * 1e3
        found["ratio_rtklib"] = rtklib["seconds"] / read
    if sidereon:
        found["ratio_sidereon"] = sidereon["seconds"] / read
    return found


def navigation(files: Path, peers: Path | None, folder: Path) -> dict[str, Any]:
    """A day of merged broadcast messages in RINEX 4."""
    text = load(files / DAY)[0]
    path = folder / "day.rnx"
    path.write_bytes(text)
    nav = rinex.navigation(text)
    read = fine(lambda: rinex.navigation(text))
    kinds = Counter(nav.ephemerides["kind"][nav.ephemerides["system"] == "C"].tolist())
    cssrlib, sidereon = peer(peers, CSSRLIB, path), peer(peers, SIDEREON_NAV, path)
    found: dict[str, Any] = {
        "lines": text.count(b"\n"),
        "ephemerides": int(nav.ephemerides.size),
        "beidou": dict(kinds),
        "beidou_records": sum(kinds.values()),
        "read_s": read,
        "write_s": fine(lambda: rinex.navigation_text(nav), 3),
        "cssrlib_read_s": cssrlib and cssrlib["seconds"],
        "cssrlib_records": cssrlib and cssrlib["records"],
        "sidereon_read_s": sidereon and sidereon["seconds"],
        "sidereon_records": sidereon and sidereon["records"],
        "sidereon_by_system": sidereon and sidereon["by_system"],
    }
    if cssrlib:
        found["ratio_cssrlib"] = cssrlib["seconds"] / read
        found["beidou_same_as_cssrlib"] = same(nav.ephemerides, cssrlib["beidou"])
    if sidereon:
        found["ratio_sidereon"] = sidereon["seconds"] / read
    return found


def same(rows: Any, theirs: list[list[Any]]) -> dict[str, int]:
    """How many of the peer's BeiDou records have all numbers of one of ours."""
    ours = Counter(
        (f"C{row['prn']:02d}", *(float(row[name]) for name in FIELDS)) for row in rows[rows["system"] == "C"]
    )
    equal = Counter((row[0], *row[3:]) for row in theirs)
    return {"theirs": sum(equal.values()), "equal": sum((ours & equal).values()), "ours": sum(ours.values())}


def products(files: Path) -> dict[str, float]:
    """A day of precise orbits and 30 s clocks, packed."""
    return {
        "sp3_gz_s": fine(lambda: sp3.read(files / ORBITS), 3),
        "clk_gz_s": fine(lambda: clk.read(files / CLOCKS), 3),
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--peers", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": {
                "system": platform.platform(),
                "cores": os.cpu_count(),
                "python": platform.python_version(),
            },
            "unit": "CPU seconds, least of several runs, one thread",
            "observations": observations(arguments.files, arguments.peers, Path(folder)),
            "navigation": navigation(arguments.files, arguments.peers, Path(folder)),
            "products": products(arguments.files),
        }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
