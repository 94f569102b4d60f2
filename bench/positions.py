"""Single-point positions measured: accuracy, availability and speed beside RTKLIB in the same run.

Usage: python bench/positions.py --files FOLDER [--rnx2rtkp PROGRAM]
FOLDER holds RINEX observations and navigation under their own names (see ``CASES``), plain or packed, in
itself or in folders below it. RTKLIB (Debian's ``rtklib``, 2.4.3) is left out where it is not installed, and
the result says so. CPU seconds, least of several runs. Results go to bench/results/positions.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rabta.pnt import position, rinex
from rabta.pnt.gnsstime import from_calendar
from rabta.pnt.position import Options, accuracy
from rabta.pnt.text import lines

RESULTS = Path(__file__).parent / "results" / "positions.json"
ESBC = (
    "ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz", ("ESBC00DNK_R_20201770000_01D_MN.rnx.gz",),
    "3582104.9497,532590.2042,5232755.3686",
)  # fmt: skip
BELE = (
    "BELE00BRA_R_20240100000_01D_30S_MO.crx.gz", ("BRDC00IGS_R_20240100000_01D_MN.rnx.gz",),
    "4228139.0493,-4772752.2152,-155761.0640",
)  # fmt: skip
NAGOYA = ("rover.obs.gz", ("base.nav",), "-3817681.3807,3562839.9785,3650158.3760")
HONG_KONG = ("COM3_190428_124409.obs.gz", ("hksc1180.19b", "hksc1180.19n"), "groundTruth_TST.csv")
CASES: tuple[tuple[str, tuple[str, tuple[str, ...], str], str, str], ...] = (
    *((f"ESBC {s} {m}", ESBC, s, m) for s in ("G", "C", "GC") for m in ("single", "iono-free", "auto")),
    *((f"BELE {s} {m}", BELE, s, m) for s in ("G", "C", "GC") for m in ("single", "iono-free", "auto")),
    *((f"Nagoya {s} {m}", NAGOYA, s, m) for s in ("G", "C", "GC") for m in ("single", "iono-free", "auto")),
    *((f"Hong Kong drive {s} single", HONG_KONG, s, "single") for s in ("G", "C", "GC")),
)
NAVSYS = {"G": 1, "C": 32, "GC": 33}
CONF = """pos1-posmode =single
pos1-frequency ={frequency}
pos1-elmask =10
pos1-ionoopt ={ionosphere}
pos1-tropopt =saas
pos1-sateph =brdc
pos1-navsys ={navsys}
out-solformat =xyz
out-timesys =gpst
out-timeform =tow
"""


def least(job: Callable[[], object], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    cpus = []
    for _ in range(times):
        cpu = time.process_time()
        job()
        cpus.append(time.process_time() - cpu)
    return min(cpus)


def find(folder: Path, name: str) -> Path:
    """A file of that name in the folder or below it."""
    return next(iter(sorted(folder.rglob(name))))


def figures(errors: accuracy.Accuracy) -> dict[str, float | None]:
    """Accuracy and availability together, rounded to centimetres."""
    told = errors.summary()
    keys = ("availability", "h50_m", "h95_m", "v95_m", "rms_3d_m", "largest_3d_m")
    return {
        key: round(told[key], 4 if key == "availability" else 2) if np.isfinite(told[key]) else None
        for key in keys
    }


def ours(
    folder: Path, files: tuple[str, tuple[str, ...], str], systems: str, mode: str
) -> dict[str, float | None]:
    """Accuracy of our positions."""
    obs = rinex.observations(find(folder, files[0]))
    nav = rinex.merge([rinex.navigation(find(folder, name)) for name in files[1]])
    found = position.solve(obs, nav, Options(systems=systems, mode=mode))
    return figures(accuracy.compare(found.times, found.position_m, truth(folder, files[2])))


def truth(folder: Path, given: str) -> accuracy.Truth:
    """Truth of a case: coordinates, or a file of the folder."""
    return accuracy.truth(find(folder, given) if given.endswith(".csv") else given)


def unpacked(folder: Path, name: str, where: Path) -> Path:
    """Plain copy of a file for RTKLIB."""
    copy = where / name.replace(".crx", ".rnx").removesuffix(".gz")
    if not copy.is_file():
        copy.write_bytes(lines(find(folder, name)).raw)
    return copy


def theirs(
    program: str, folder: Path, files: tuple[str, tuple[str, ...], str], systems: str, mode: str, where: Path
) -> tuple[accuracy.Accuracy, float]:
    """Accuracy of RTKLIB's positions on the same files, and its CPU seconds."""
    single = mode == "single"
    conf = where / "spp.conf"
    text = CONF.format(
        frequency="l1" if single else "l1+l2",
        ionosphere="brdc" if single else "dual-freq",
        navsys=NAVSYS[systems],
    )
    conf.write_text(text, encoding="utf-8")
    plain = [unpacked(folder, name, where) for name in (files[0], *files[1])]
    out = where / "out.pos"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "-k", conf, "-o", out, *plain], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows = [line.split() for line in out.read_text().splitlines() if line and line[0] != "%"]
    obs = rinex.observations(find(folder, files[0]))
    place = np.full((obs.times.size, 3), np.nan)
    if rows:
        table = np.array([[float(x) for x in row[:5]] for row in rows])
        start = int(from_calendar("1980-01-06"))
        when = start + np.round((table[:, 0] * 604_800 + table[:, 1]) * 1e3).astype(np.int64) * 1_000_000
        at = np.clip(np.searchsorted(obs.times, when - 10**7), 0, obs.times.size - 1)
        place[at] = table[:, 2:5]
    return accuracy.compare(obs.times, place, truth(folder, files[2])), cpu


def speed(folder: Path) -> dict[str, Any]:
    """Epochs a CPU-second over ESBC's day: solving alone, and from the files."""
    observations, navigation = find(folder, ESBC[0]), find(folder, ESBC[1][0])
    obs, nav = rinex.observations(observations), rinex.navigation(navigation)
    found: dict[str, Any] = {}
    for systems in ("G", "GC", "GEC"):
        for mode in ("single", "auto"):
            rate = obs.times.size / least(
                partial(position.solve, obs, nav, Options(systems=systems, mode=mode))
            )
            found[f"{systems} {mode}, epochs a CPU-second"] = round(rate)
    with tempfile.TemporaryDirectory() as name:
        plain = unpacked(folder, ESBC[0], Path(name))
        for systems in ("G", "GC"):
            options = Options(systems=systems, mode="single")

            def job(o: Options = options) -> object:
                return position.solve(rinex.observations(plain), rinex.navigation(navigation), o)

            found[f"{systems} single from plain files, epochs a CPU-second"] = round(
                obs.times.size / least(job)
            )
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--rnx2rtkp", default="rnx2rtkp")
    asked = parser.parse_args()
    program = shutil.which(asked.rnx2rtkp)
    told: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
        "peer": "RTKLIB 2.4.3 (Debian), rnx2rtkp" if program else "rnx2rtkp is not installed: no peer",
        "speed": speed(asked.files),
        "cases": {},
    }
    with tempfile.TemporaryDirectory() as name:
        for title, files, systems, mode in CASES:
            case: dict[str, Any] = {"ours": ours(asked.files, files, systems, mode)}
            if program and mode != "auto":
                errors, cpu = theirs(program, asked.files, files, systems, mode, Path(name))
                case["rtklib"] = {**figures(errors), "cpu_s": round(cpu, 2)}
                if files is ESBC and mode == "single":
                    rate = errors.enu_m.shape[0] / cpu
                    told["speed"][f"RTKLIB {systems} single from plain files, epochs a CPU-second"] = round(
                        rate
                    )
            told["cases"][title] = case
            print(title, case, flush=True)
    print(json.dumps(told["speed"], indent=1))
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
