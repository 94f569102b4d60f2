"""Navigation over a nation measured: users, instants and cases beside whole design matrices in NumPy.

Usage: python bench/service.py
CPU seconds of all threads, least of several runs. Results go to bench/results/service.json.
"""

from __future__ import annotations

import json
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.pnt.service import geometry, sites, sky
from rabta.scenario import Pnt

RESULTS = Path(__file__).parent / "results" / "service.json"


def places() -> geometry.Users:
    """The 270 places of the suite ``coverage``."""
    lat, lon = np.meshgrid(np.arange(23.5, 38.0), np.arange(60.5, 78.0), indexing="ij")
    return geometry.users(lat.ravel(), lon.ravel())


def ours(judge: sky.Judge, who: geometry.Users) -> float:
    """User-instant-cases a CPU second."""
    spent = []
    for _ in range(5):
        start = time.process_time()
        judge.figures(who, 15.0)
        spent.append(time.process_time() - start)
    return len(who.position_m) * judge.sky.hours.size * len(judge.book.cases) / min(spent)


def plain(judge: sky.Judge, who: geometry.Users) -> float:
    """The same by batched design matrices in NumPy: a column a clock, `numpy.linalg.inv`."""
    steps = range(0, judge.sky.hours.size, 24)
    start = time.process_time()
    for t in steps:
        line = judge.sky.position_m[t][None] - who.position_m[:, None]
        line /= np.linalg.norm(line, axis=-1, keepdims=True)
        up = np.einsum("usk,uk->us", line, who.axes[:, 2])
        for keep in judge.keep:
            used = (up > np.sin(np.radians(15.0))) & judge.sky.heard[t] & keep
            clocks = np.eye(7)[judge.satellites.number][:, np.unique(judge.satellites.number[keep])]
            design = np.concatenate(
                [line, np.broadcast_to(clocks, (*line.shape[:2], clocks.shape[1]))], axis=-1
            )
            design = np.nan_to_num(design) * used[..., None]
            normal = design.transpose(0, 2, 1) @ design + 1e-12 * np.eye(design.shape[-1])
            np.linalg.inv(normal)
    return len(who.position_m) * len(steps) * len(judge.keep) / (time.process_time() - start)


def integrity(judge: sky.Judge, who: geometry.Users) -> dict[str, float]:
    """User-epochs of ARAIM of order 2 a CPU second, two operations."""
    out = {}
    for name in ("gps-beidou", "all"):
        start = time.process_time()
        sites.levels(who, judge, judge.book.names.index(name), every=24)
        count = len(who.position_m) * len(judge.sky.hours[::24])
        out[name] = round(2 * count / (time.process_time() - start))
    return out


def main() -> None:
    """Measure and write."""
    judge, who = sky.judge(Pnt(step_min=5.0)), places()
    fast, slow = ours(judge, who), plain(judge, who)
    told: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "users": len(who.position_m),
        "instants": int(judge.sky.hours.size),
        "cases": len(judge.book.cases),
        "user_instant_cases_per_cpu_s": round(fast),
        "numpy_design_matrices_per_cpu_s": round(slow),
        "ratio": round(fast / slow, 1),
        "araim_order_2_user_epochs_per_cpu_s": integrity(judge, who),
        "target_user_instant_cases_per_cpu_s": 150_000,
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
