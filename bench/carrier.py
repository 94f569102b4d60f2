"""Carrier phase measured: real-time kinematic and precise points beside RTKLIB, same run, same files.

Usage: python bench/carrier.py --files FOLDER [--rnx2rtkp PROGRAM]
FOLDER holds the files of Nagoya, Wettzell and ESBC under their own names, in itself or below it; Nagoya's
receivers are ``rover.obs.gz`` and ``base.obs.gz``. RTKLIB (Debian's ``rtklib``, 2.4.3) is left out where it
is not installed. CPU seconds: of the solution for ours, of the whole run, reading included, for RTKLIB's.
Results go to bench/results/carrier.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import geo
from rabta.pnt import rinex
from rabta.pnt.precise import ppp, rtk
from rabta.pnt.products import clk, sp3
from rabta.pnt.records import Navigation, Observations
from rabta.verify.pnt.carrier import ESBC, PPP_FILES, WTZR, WTZZ

RESULTS = Path(__file__).parent / "results" / "carrier.json"
NAVSYS = {"G": 1, "C": 32, "GC": 33, "GEC": 41}
CONF = """pos1-posmode ={mode}
pos1-frequency =l1+l2
pos1-elmask =10
pos1-navsys ={navsys}
pos1-sateph ={sateph}
pos1-ionoopt ={ionosphere}
pos1-tropopt ={troposphere}
pos1-tidecorr ={tide}
pos2-armode ={ar}
pos2-arthres =3
out-solformat =xyz
out-timesys =gpst
out-timeform =tow
ant2-postype =xyz
ant2-pos1 ={base[0]}
ant2-pos2 ={base[1]}
ant2-pos3 ={base[2]}
"""


def find(folder: Path, name: str) -> Path:
    """A file of that name in the folder or below it."""
    return next(iter(sorted(folder.rglob(name))))


def timed(job: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    """Result, and the least CPU seconds of several runs."""
    spent, found = [], None
    for _ in range(times):
        start = time.process_time()
        found = job()
        spent.append(time.process_time() - start)
    return found, min(spent)


def plain(path: Path, folder: Path) -> Path:
    """A file as RTKLIB reads it."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".crx" in path.name.lower():
        import hatanaka

        text = hatanaka.decompress(path.read_bytes())
    out = folder / path.name.removesuffix(".gz").replace(".crx", ".rnx").replace("SP3", "sp3").replace(
        "CLK", "clk"
    )
    out.write_bytes(text)
    return out


def rtklib(program: str, conf: str, files: list[Path]) -> tuple[np.ndarray, np.ndarray, float]:
    """Positions, quality marks and CPU seconds of a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.conf").write_text(conf, encoding="utf-8")
        inputs = [str(plain(path, folder)) for path in files]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [program, "-k", str(folder / "c.conf"), "-o", str(folder / "o.pos"), *inputs],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows = [line.split() for line in (folder / "o.pos").read_text().splitlines() if line[:1] != "%"]
    place = np.array([[float(v) for v in row[2:5]] for row in rows]).reshape(-1, 3)
    marks = np.array([int(row[5]) for row in rows], dtype=int)
    return place, marks, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def shown(error: np.ndarray, fixed: np.ndarray, epochs: int) -> dict[str, Any]:
    """Shares and sizes of fixes."""
    right = fixed & (error < 0.05)
    rms = float(np.sqrt((error[right] ** 2).mean())) if right.any() else None
    return {
        "epochs": epochs,
        "fixed_rightly": round(float(right.sum()) / epochs, 4),
        "wrong": int((fixed & ~right).sum()),
        "rms_3d_mm": None if rms is None else round(1e3 * rms, 2),
    }


def pair(
    files: tuple[Path, Path, Path], base: np.ndarray, truth: np.ndarray, systems: str, program: str | None
) -> dict[str, Any]:
    """One baseline, ours and RTKLIB's."""
    (rover, two), _ = timed(lambda: (rinex.observations(files[0]), rinex.observations(files[1])), 1)
    nav: Navigation = rinex.navigation(files[2])
    found, cpu = timed(lambda: rtk.solve(rover, two, base, nav, systems=systems))
    error = np.linalg.norm(found.position_m - truth, axis=1)
    out: dict[str, Any] = {"ours": shown(error, found.fixed, rover.times.size)}
    out["ours"]["epochs_per_cpu_s"] = round(rover.times.size / cpu)
    if program and systems in NAVSYS:
        conf = CONF.format(
            mode="kinematic", navsys=NAVSYS[systems], sateph="brdc", ionosphere="brdc", troposphere="saas",
            tide="off", ar="instantaneous", base=base,
        )  # fmt: skip
        place, marks, peer = rtklib(program, conf, list(files))
        out["rtklib"] = shown(np.linalg.norm(place - truth, axis=1), marks == 1, rover.times.size)
        out["rtklib"]["epochs_per_cpu_s"] = round(rover.times.size / peer)
    return out


def point(folder: Path, program: str | None) -> dict[str, Any]:
    """A day of ESBC, ours and RTKLIB's."""
    paths = [find(folder, name) for name in PPP_FILES]
    obs: Observations = rinex.observations(paths[0])
    nav, orbits, clocks = rinex.navigation(paths[1]), sp3.read(paths[2]), clk.read(paths[3])
    found, cpu = timed(lambda: ppp.solve(obs, nav, orbits, clocks, systems="G"), 1)
    out = {"ours": scatter(found.position_m) | {"cpu_s": round(cpu, 2)}}
    if program:
        conf = CONF.format(
            mode="ppp-static", navsys=1, sateph="precise", ionosphere="dual-freq", troposphere="est-ztd",
            tide="on", ar="off", base=(0, 0, 0),
        )  # fmt: skip
        place, _, peer = rtklib(program, conf, paths)
        out["rtklib"] = scatter(place) | {"cpu_s": round(peer, 2)}
    return out


def scatter(place: np.ndarray) -> dict[str, Any]:
    """Standard deviation after two hours, east, north, up, in centimetres."""
    axes = geo.east_north_up(*geo.geodetic_from_ecef(ESBC)[:2])
    local = ((place - ESBC) @ axes.T)[240:]
    return {"epochs": len(place), "scatter_cm": np.round(100 * np.nanstd(local, axis=0), 2).tolist()}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--rnx2rtkp", default=shutil.which("rnx2rtkp"))
    asked = parser.parse_args()
    folder, program = asked.files, asked.rnx2rtkp
    nagoya = tuple(find(folder, name) for name in ("rover.obs.gz", "base.obs.gz", "base.nav"))
    places = [
        geo.ecef_from_geodetic(*map(float, find(folder, f"{n}_position.txt").read_text().split()))
        for n in ("base", "rover")
    ]
    stations = (
        *(find(folder, f"{n}00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz") for n in ("WTZZ", "WTZR")),
    )
    wettzell = (*stations, find(folder, PPP_FILES[1]))
    told: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "rtklib": "2.4.3 (Debian)" if program else "not installed: left out",
        "nagoya": {s: pair(nagoya, places[0], places[1], s, program) for s in ("C", "G", "GC", "GECJ")},
        "wettzell": {s: pair(wettzell, WTZR, WTZZ, s, program) for s in ("C", "G", "GC", "GEC")},
        "esbc_ppp_gps": point(folder, program),
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
