"""Protection levels measured: speed beside sidereon, levels of real epochs, faults injected in real ranges.

Usage: python bench/araim.py [--sidereon FOLDER] [--files FOLDER]
FOLDER of sidereon is one that holds the package; without it the peer is left out, and the result says so.
FOLDER of files holds esbc, bele, nagoya and wettzell; without it nothing real is measured. One thread, CPU
seconds, the least of three runs. Results go to bench/results/araim.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import geo, jit
from rabta.pnt import position, rinex
from rabta.pnt.integrity import araim, exclusion, ism, protect

RESULTS = Path(__file__).parent / "results" / "araim.json"
TARGET = {"order 1, user-epochs a CPU-s": 10_000, "order 2, user-epochs a CPU-s": 2_000, "found": 0.999}
SAME = {name: ism.Support(1e-5, 1e-4, 1.0, 0.67, 0.75) for name in "GC"}
ESBC_NAV = "ESBC00DNK_R_20201770000_01D_MN.rnx.gz"
STATIONS = {
    "ESBC 2020-177": (
        "esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz", f"esbc/{ESBC_NAV}",
        (3582104.9497, 532590.2042, 5232755.3686),
    ),
    "BELE 2024-010": (
        "bele/BELE00BRA_R_20240100000_01D_30S_MO.crx.gz", "bele/BRDC00IGS_R_20240100000_01D_MN.rnx.gz",
        (4228139.0493, -4772752.2152, -155761.0640),
    ),
    "Nagoya 2024-06-24": (
        "nagoya/rover.obs.gz", "nagoya/base.nav", (-3817681.3807, 3562839.9785, 3650158.3760)
    ),
    "WTZR 2020-177": (
        "wettzell/WTZR00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz", f"wettzell/{ESBC_NAV}",
        (4075580.3890, 931854.0911, 4801568.4050),
    ),
    "WTZZ 2020-177": (
        "wettzell/WTZZ00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz", f"wettzell/{ESBC_NAV}",
        (4075579.4068, 931853.4377, 4801569.4754),
    ),
}  # fmt: skip
CHOICES = [(mode, systems) for mode in ("single", "iono-free") for systems in ("G", "C", "GC")]


def least(job: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def sky(users: int, gps: int, beidou: int) -> araim.Geometry:
    """Random satellites above ten degrees."""
    rng = np.random.default_rng(1)
    count = gps + beidou
    azimuth = rng.uniform(0, 2 * np.pi, (users, count))
    up = rng.uniform(math.sin(math.radians(10.0)), 1.0, (users, count))
    level = np.sqrt(1 - up**2)
    unit = np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, up], axis=-1)
    kind = np.array(["G"] * gps + ["C"] * beidou)
    return araim.Geometry(unit, kind, ism.local_m(ism.elevation_deg(unit)))


def speed() -> dict[str, Any]:
    """User-epochs a CPU second."""
    out: dict[str, Any] = {}
    every = replace(araim.LPV_200, p_threshold=0.0)
    for name, gps, beidou in (("11 GPS + 18 BeiDou", 11, 18), ("8 GPS + 10 BeiDou", 8, 10)):
        given = sky(4000, gps, beidou)
        for order in (1, 2):
            found = araim.protection(given, SAME, order, allocation=every)
            taken = least(
                lambda given=given, order=order: araim.protection(given, SAME, order, allocation=every)
            )
            out[f"{name}, order {order}"] = {
                "user-epochs a CPU-s": 4000 / taken, "positions each": float(found.modes.mean()),
                "p_left": float(np.median(found.p_left)), "vpl_median_m": _finite(np.median(found.vpl_m)),
            }  # fmt: skip
    return out


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def peer(folder: str) -> dict[str, Any]:
    """Sidereon on the same geometry and support: its levels and ours, its speed."""
    sys.path.append(folder)
    import sidereon as s

    out: dict[str, Any] = {}
    letters = {"G": s.GnssSystem.GPS, "C": s.GnssSystem.BEIDOU}
    budget = s.IntegrityAllocation.lpv_200()
    for name, gps, beidou in (("11 GPS + 18 BeiDou", 11, 18), ("5 GPS + 6 BeiDou", 5, 6)):
        given = sky(300, gps, beidou)
        jobs = []
        for k in range(300):
            names = [f"{x}{i + 1:02d}" for i, x in enumerate(given.kind.tolist())]
            rows, held = [], []
            for i, x in enumerate(given.kind.tolist()):
                e, n, u = given.unit[k, i]
                rows.append(s.AraimRow(names[i], np.array([u, e, n]), math.asin(u), letters[x]))
                local, p = float(given.sigma_m[k, i]), SAME[x]
                held.append(
                    s.SatelliteIsm.new_with_effective_sigmas(
                        names[i], p.sigma_ura_m, p.sigma_ure_m, p.b_nom_m, p.p_sat,
                        math.hypot(local, p.sigma_ura_m), math.hypot(local, p.sigma_ure_m),
                    )
                )  # fmt: skip
            geometry = s.AraimGeometry(rows, s.Wgs84Geodetic(0.0, 0.0, 0.0), list(letters.values()))
            model = s.SatelliteIsmModel(1.0, 0.67, 0.75, 1e-5)
            whole = [s.ConstellationIsm(letter, 1e-4, model) for letter in letters.values()]
            jobs.append((geometry, s.Ism(whole, held)))
        theirs = [s.araim(a, b, budget) for a, b in jobs]
        taken = least(lambda jobs=jobs: [s.araim(a, b, budget) for a, b in jobs])
        ours = araim.protection(given, SAME, 1)
        fine = np.array([t.available and math.isfinite(t.vpl_m) for t in theirs]) & np.isfinite(ours.vpl_m)
        gap = np.array([(t.vpl_m, t.hpl_m, t.emt_m, t.sigma_acc_v_m) for t in theirs])[fine]
        mine = np.stack([ours.vpl_m, ours.hpl_m, ours.emt_m, ours.sigma_acc_m[:, 1]], -1)[fine]
        sizes = [len(t.fault_modes) for t in theirs]
        apart = np.abs(gap - mine).max(0).tolist() if fine.any() else None
        out[name] = {
            "user-epochs a CPU-s": 300 / taken, "positions each": float(np.mean(sizes)),
            "available": float(np.mean([t.available for t in theirs])), "compared": int(fine.sum()),
            "largest difference of VPL, HPL, EMT, sigma_acc, m": apart,
        }  # fmt: skip
    return out


def real(files: Path) -> dict[str, Any]:
    """Levels against the true errors of every epoch."""
    out: dict[str, Any] = {}
    for name, (o, n, place) in STATIONS.items():
        obs, nav, truth = rinex.observations(files / o), rinex.navigation(files / n), np.array(place)
        lat, lon, _ = geo.geodetic_from_ecef(truth)
        for mode, systems in CHOICES:
            solution = position.solve(obs, nav, position.Options(systems=systems, mode=mode))
            found = protect.protect(solution)
            told = protect.summary(found, (found.position_m - truth) @ geo.east_north_up(lat, lon).T)
            own = (solution.position_m - truth) @ geo.east_north_up(lat, lon).T
            fix = np.maximum(
                np.hypot(own[:, 0], own[:, 1]) / found.fix_hpl_m, np.abs(own[:, 2]) / found.fix_vpl_m
            )
            told["fixes beyond their levels"] = int(np.nansum(fix > 1.0))
            keep = ("epochs", "protected", "hpl_median_m", "vpl_median_m", "below_40_50", "misleading")
            more = ("largest_ratio", "alarms", "epochs_with_faults", "available", "fixes beyond their levels")
            out[f"{name}, {mode}, {systems}"] = {key: told[key] for key in (*keep, *more)}
    return out


def _fault(given: araim.Geometry, epochs: np.ndarray, faults: np.ndarray | None) -> araim.Geometry:
    """Some epochs with other residuals."""
    names = ("unit", "kind", "sigma_m", "clock", "mapping", "slack_m", "residual_m")
    taken = {name: np.array(getattr(given, name)[epochs]) for name in names}
    if faults is not None:
        taken["residual_m"] = faults
    return replace(given, **taken)


def injected(files: Path, count: int = 20_000) -> dict[str, Any]:
    """Faults of one and two satellites in real ranges: sizes in thresholds of the most telling test."""
    out: dict[str, Any] = {}
    table, every = ism.load("open"), replace(araim.FIX, p_threshold=0.0)
    for name in ("ESBC 2020-177", "BELE 2024-010", "Nagoya 2024-06-24"):
        o, n, _ = STATIONS[name]
        obs, nav = rinex.observations(files / o), rinex.navigation(files / n)
        for mode in ("single", "iono-free"):
            solution = position.solve(obs, nav, position.Options(systems="GC", mode=mode))
            given, _ = protect.from_rows(solution.rows, solution.position_m)
            clean = araim.protection(given, table, 2, allocation=every)
            for size in (1, 2):
                rng = np.random.default_rng(size)
                epochs = rng.integers(0, obs.times.size, count)
                residual = np.array(given.residual_m[epochs])
                fault, who = np.zeros_like(residual), []
                for k in range(count):
                    who.append(rng.choice(np.flatnonzero(np.isfinite(residual[k])), size, replace=False))
                    fault[k, who[-1]] = rng.normal(size=size)
                pure = np.where(np.isfinite(residual), fault, np.nan)
                ratio = araim.protection(_fault(given, epochs, pure), table, 2, allocation=every).alarm
                fine = ratio > 1e-6
                told: dict[str, Any] = {"clean epochs with an alarm": int((clean.alarm > 1.0).sum())}
                for factor in (1.0, 1.25, 1.5, 2.0):
                    grown = residual + fault * (factor / np.maximum(ratio, 1e-6))[:, None]
                    levels = araim.protection(_fault(given, epochs, grown), table, 2, allocation=every)
                    told[f"found at {factor} thresholds"] = float((levels.alarm[fine] > 1.0).mean())
                told |= _excluded(_fault(given, epochs[:300], grown[:300]), who, table, every)
                told["median fault at 1.5 thresholds, m"] = float(
                    np.median(np.abs(fault * (1.5 / np.maximum(ratio, 1e-6))[:, None]).max(1)[fine])
                )
                out[f"{name}, {mode}, {size} satellite{'s' * (size > 1)}"] = told
    return out


def _excluded(
    given: araim.Geometry, who: list[Any], table: ism.Ism, every: araim.Allocation
) -> dict[str, Any]:
    """What is left out of 300 epochs with faults of two thresholds."""
    levels = araim.protection(given, table, 2, allocation=every)
    begin = time.process_time()
    found = exclusion.exclude(given, table, levels, 2, every)
    spent = time.process_time() - begin
    right = [set(found.excluded.get(k, [])) == set(who[k].tolist()) for k in range(300)]
    return {
        "300 at 2 thresholds: left out exactly these": float(np.mean(right)),
        "alarm stands": float(found.alarm.mean()), "CPU-ms an exclusion": 1e3 * spent / 300,
        "median VPL after, m": _finite(np.median(found.levels.vpl_m[~found.alarm])),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sidereon")
    parser.add_argument("--files", type=Path)
    asked = parser.parse_args()
    jit.set_threads(1)
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    out: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "target": TARGET,
        "ours": speed(),
        "sidereon 3.0.4": peer(asked.sidereon) if asked.sidereon else "left out: no --sidereon",
        "real epochs": real(asked.files) if asked.files else "left out: no --files",
        "injected": injected(asked.files) if asked.files else "left out: no --files",
    }
    RESULTS.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
