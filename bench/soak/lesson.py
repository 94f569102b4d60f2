"""A video lesson in villages of Chagai and of Gilgit-Baltistan over the planned network.

Usage: python bench/soak/lesson.py [--count 900] [--source tiny] [--to Marseille] [--seed 1] [--out FOLDER]

The count is seconds. In each of the two, one village is that of the middle household that the plan serves and
one that of the middle household that it serves by satellite. Three emulations run at the same time, each with
all villages: the network whole, and without the cable and without the gateway that carry most of their ways,
lost after a third of the time. Each village plays an adaptive lesson from servers abroad over real TCP, with
the access that the plan gives its household. The result goes to bench/results/soak_lesson.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rabta.cli.emulate import subrun, work
from rabta.emulate.subrun.access import Span
from rabta.emulate.subrun.build import Asked, Subrun, build
from rabta.emulate.subrun.named import wishes
from rabta.emulate.subrun.source import Source
from rabta.transport.failures.elements import CABLE_SPANS

RESULTS = Path(__file__).parents[1] / "results" / "soak_lesson.json"
VILLAGES = "Chagai,Chagai/leo_terminal,Gilgit-Baltistan,Gilgit-Baltistan/leo_terminal"
HOST = ("technology", "hexagon", "down_mbps", "rtt_ms", "changes")
KEPT = (
    "start_s",
    "watched_s",
    "stalls",
    "stalled_s",
    "bitrate_kbps",
    "changes",
    "failed_requests",
    "opinion",
)


def busiest(found: Subrun, source: Source, from_s: float) -> tuple[str, str]:
    """Cable and gateway on the ways of most of the time from a second on."""
    spans = source.tables["spans"]
    cables = spans["group"].astype(str).where(spans["kind"].isin(CABLE_SPANS)).to_dict()
    gateways = set(source.tables["gateways"]["name"].astype(str))
    over: dict[str, float] = defaultdict(float)
    landed: dict[str, float] = defaultdict(float)
    for leg in (leg for host in found.hosts for leg in host.way.legs):
        length = max(leg.end_s - max(leg.begin_s, from_s), 0.0)
        for group in {cables[row] for row in leg.spans if isinstance(cables.get(row), str)}:
            over[group] += length
        for name in gateways & set(leg.path):
            landed[name] += length
    return max(over, key=over.__getitem__), max(landed, key=landed.__getitem__)


def carried(name: str, asked: Asked, source_name: str, seed: int, folder: Path) -> dict[str, Any]:
    """One emulation."""
    source, cpu = subrun.source(source_name), time.process_time()
    found = build(source, asked)
    built, seconds = time.process_time() - cpu, asked.span.length_s
    result = work.carried_out(
        folder / name, found.course, subrun.activities(found, "lesson", seconds), seconds, seed=seed,
        capture=False, quiet=True, live="off", about=found.about,
    )  # fmt: skip
    engine = result["engine"]
    return {
        "without": found.about["without"],
        "lessons": {
            one["from"]: one["failed"] if "failed" in one else {key: one["summary"][key] for key in KEPT}
            for one in result["activities"]
        },
        "hosts": {
            host["name"]: {key: host[key] for key in HOST}
            for host in found.about["hosts"]
        },
        "figures": {host["name"]: host["figures"] for host in found.about["hosts"]},
        "packets": engine["read"], "late_mean_us": round(engine["late_mean_ns"] / 1e3, 1),
        "stood_still": result["stood_still"], "ended_early": result["ended_early"],
        "subrun_cpu_s": round(built, 1),
    }  # fmt: skip


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=900)
    parser.add_argument("--source", default="tiny")
    parser.add_argument("--to", default="Marseille")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--cable", default="", help="Lost in the second case; the busiest if left out")
    parser.add_argument("--gateway", default="", help="Lost in the third")
    asked = parser.parse_args()
    source, seconds = subrun.source(asked.source), float(asked.count)
    at = round(seconds / 3.0)
    whole = Asked(wishes(VILLAGES), asked.to, Span(source.begin, seconds))
    cable, gateway = asked.cable, asked.gateway
    if not (cable and gateway):
        found = busiest(build(source, whole), source, float(at))
        cable, gateway = cable or found[0], gateway or found[1]
    cases = {"whole": (), "cable": (f"cable:{cable}@{at}",), "gateway": (f"gateway:{gateway}@{at}",)}
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor(3, get_context("spawn")) as pool:
        folder = asked.out or Path(made)
        jobs = {
            name: pool.submit(
                carried,
                name,
                Asked(whole.hosts, asked.to, whole.span, lost),
                asked.source,
                asked.seed,
                folder,
            )
            for name, lost in cases.items()
        }
        result = {
            "seconds": asked.count, "source": asked.source, "servers": asked.to,
            "start": str(whole.span.start.astype("datetime64[s]")),
            "cases": {name: job.result() for name, job in jobs.items()},
            "cores": os.cpu_count(), "seed": asked.seed, "date": datetime.now(UTC).date().isoformat(),
            "command": f"python bench/soak/lesson.py --count {asked.count} --source {asked.source}",
        }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
