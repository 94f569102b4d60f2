"""The main job, measured: cold run, a second run after one price changed, and how cost grows.

Usage: python bench/national.py [--catalogue FILE] [--quick]
Results go to bench/results/national.json, and the growth plot to bench/results/growth.svg.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
RABTA = str(Path(sys.executable).parent / "rabta")


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    """One `rabta run`, timed from outside, with its peak memory."""
    command = [RABTA, "run", *arguments, "--json", "--runs", str(folder / "runs")]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "RABTA_CACHE": str(folder / "cache")}
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    record = json.loads(output.splitlines()[-1])
    provenance = json.loads((Path(record["run"]) / "provenance.json").read_text())
    stages = {s["name"]: round(s["seconds"], 2) for s in provenance["stages"]}
    wall = round(time.perf_counter() - began, 2)
    cpu = round(usage.ru_utime + usage.ru_stime, 2)
    return {"wall_s": wall, "cpu_s": cpu, "peak_memory_mb": usage.ru_maxrss // 1024, "stages_s": stages}


def national(extra: list[str]) -> dict[str, Any]:
    """Cold run and the run after a price change, in one cache."""
    with tempfile.TemporaryDirectory() as name:
        cold = run(Path(name), "pakistan", *extra)
        changed = run(Path(name), "pakistan", *extra, "--set", "plan.costs.leo_terminal_usd=300")
    return {"cold": cold, "after_one_price": changed}


def growth() -> list[dict[str, Any]]:
    """Cold runs over hours, cells and satellites."""
    cases: list[tuple[str, float, list[str]]] = [
        *[("hours", h, ["--hours", str(h), "--resolution", "6"]) for h in (1, 2, 4, 8)],
        *[("resolution", r, ["--hours", "2", "--resolution", str(r)]) for r in (4, 5, 6)],
        *[
            ("constellation", n, ["--hours", "2", "--resolution", "6", "--constellation", name])
            for name, n in (("telesat-lightspeed", 198), ("kuiper", 3236), ("starlink", 9300))
        ],
    ]
    rows = []
    for axis, value, arguments in cases:
        with tempfile.TemporaryDirectory() as name:
            rows.append({"axis": axis, "value": value, **run(Path(name), "pakistan", *arguments)})
        print(axis, value, rows[-1]["wall_s"], "s")
    return rows


def plot(rows: list[dict[str, Any]]) -> str:
    """Wall seconds over each axis, three small charts side by side."""
    axes = {"hours": "hours", "resolution": "H3 resolution", "constellation": "satellites"}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{260 * len(axes)}" height="220" font-size="11">'
    ]
    for i, (axis, title) in enumerate(axes.items()):
        points = [(r["value"], r["wall_s"]) for r in rows if r["axis"] == axis]
        right, top = max(x for x, _ in points), max(y for _, y in points)
        places = [(260 * i + 40 + 190 * x / right, 180 - 140 * y / top, x, y) for x, y in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in places)
        parts.append(f'<text x="{260 * i + 40}" y="20">wall seconds over {title}</text>')
        parts.append(f'<polyline points="{line}" fill="none" stroke="#0072b2" stroke-width="2"/>')
        for x, y, value, wall in places:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0072b2"/>')
            parts.append(f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{wall:.0f}</text>')
            parts.append(f'<text x="{x:.1f}" y="198" text-anchor="middle">{value:g}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalogue", help="element set that replaces the shipped shells")
    parser.add_argument("--quick", action="store_true", help="leave the growth table out")
    options = parser.parse_args()
    path = RESULTS / "national.json"
    record = json.loads(path.read_text()) if path.exists() else {}
    record |= {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }
    if options.catalogue:
        record["catalogue"] = national(["--catalogue", options.catalogue])
    else:
        record["shipped"] = national([])
    if not options.quick:
        record["growth"] = growth()
        (RESULTS / "growth.svg").write_text(plot(record["growth"]))
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps({k: v for k, v in record.items() if k != "growth"}, indent=1))


if __name__ == "__main__":
    main()
