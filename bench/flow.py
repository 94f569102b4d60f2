"""Flows measured: concurrent flow of a constellation, flows to any exit, fair allocation; beside HiGHS.

Usage: python bench/flow.py [--cities FILE]

``--cities`` is Hypatia's list of a hundred cities; without it a hundred places are drawn. The constellation
is Starlink's first shell of 1,584 satellites; all 4,950 pairs ask for the same. HiGHS solves a smaller
problem of the same kind in the same run, as the large one is beyond it. Allocation steps are those of
bench/sharing.py. Results go to bench/results/flow.json; seconds of wall and CPU, of one run each after
compilation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import instances
from rabta import jit
from rabta.space.network import hypatia
from rabta.space.network.geometry import Sites, correct, scene
from rabta.transport import sharing as programme
from rabta.transport.flow import anycast, concurrent, fair, graphs
from sharing import CASES

RESULTS = Path(__file__).parent / "results" / "flow.json"
SKIES = {  # what binds: terminals of the cities, or the lasers between satellites
    "cities bind": graphs.Rates(20e3, 20e3, 80e3),
    "lasers bind": graphs.Rates(20e3, 200e3, 1e7),
}


def timed(job: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What a job returns, and its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = job()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return found, {"wall_s": round(wall, 4), "cpu_s": round(cpu, 4)}


def places(file: Path | None) -> Sites:
    """A hundred cities, or as many drawn places."""
    if file:
        return hypatia.read_ground_stations(file)
    rng = np.random.default_rng(1)
    return Sites.of([(f"p{k}", *at) for k, at in enumerate(rng.uniform((-50, -180), (50, 180), (100, 2)))])


def constellation(sites: Sites) -> dict[str, Any]:
    """Max concurrent flow of all pairs of cities over the shell."""
    net = hypatia.published(hypatia.STARLINK_550)
    view = scene(net, sites, hypatia.EPOCH + np.arange(1) * np.timedelta64(1, "s"), correct())
    i, j = np.triu_indices(len(sites.names), 1)
    out: dict[str, Any] = {}
    for name, rates in SKIES.items():
        whole = graphs.together(graphs.sky(net, view, 0, rates), net.size)
        wanted = concurrent.demands(whole.arcs.nodes, whole.site[i], whole.site[j], np.full(i.size, 1e3))
        found, spent = timed(lambda a=whole.arcs, b=wanted: concurrent.solve(a, b, gap=0.01))
        out[name] = {
            "arcs": int(whole.arcs.capacity.size),
            "commodities": int(i.size),
            "factor": round(found.factor, 5),
            "gap_percent": round(found.gap * 100, 3),
            "rounds": found.rounds,
            **spent,
        }
        print(name, out[name], flush=True)
    return out


def beside_highs(nodes: int = 60) -> dict[str, Any]:
    """A drawn planar-like network with all pairs, ours at two gaps and HiGHS."""
    from scipy.spatial import Delaunay

    rng = np.random.default_rng(2)
    corners = Delaunay(rng.random((nodes, 2))).simplices
    ends = np.unique(
        np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0
    )
    net = concurrent.both_ways(nodes, ends, rng.choice([1.0, 2.5, 10.0], len(ends)))
    i, j = np.triu_indices(nodes, 1)
    wanted = concurrent.demands(nodes, i, j, rng.lognormal(0.0, 1.0, i.size))
    optimum, spent = timed(lambda: concurrent.exact(net, wanted))
    out: dict[str, Any] = {"commodities": int(i.size), "highs": {"factor": round(optimum, 6), **spent}}
    for gap in (0.01, 0.001):
        found, ours = timed(lambda g=gap: concurrent.solve(net, wanted, gap=g))
        out[f"ours at {gap:g}"] = {
            "below_optimum_percent": round((1 - found.factor / optimum) * 100, 4),
            "bound_above_percent": round((found.bound / optimum - 1) * 100, 4),
            "highs_over_ours": round(spent["wall_s"] / ours["wall_s"], 1),
            **ours,
        }
    print(out, flush=True)
    return out


def to_exits(nodes: int = 1000, spans: int = 2000, cases: int = 5000) -> dict[str, Any]:
    """Failures of pairs of spans in a network of national size, from the warm start, on one thread."""
    from scipy.spatial import Delaunay

    rng = np.random.default_rng(1)
    corners = Delaunay(rng.random((nodes, 2))).simplices
    ends = np.unique(
        np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0
    )
    ends = ends[rng.permutation(len(ends))[:spans]]
    demand, exits = rng.lognormal(6.0, 1.5, nodes), np.zeros(nodes)
    exits[rng.choice(nodes, 6, replace=False)] = np.inf
    pairs = rng.integers(0, len(ends), (cases, 2)).tolist()
    out: dict[str, Any] = {"nodes": nodes, "spans": len(ends), "cases": cases}
    jit.set_threads(1)
    for name, wave in (("room to spare", 3e5), ("short of capacity", 3e3)):
        net = anycast.prepare(demand, ends, rng.choice([1, 4, 10], len(ends)) * wave, exits)
        for fair_ in (True, False):
            _, spent = timed(lambda n=net, f=fair_: n.without(pairs, fair=f))
            key = f"{name}, {'fair' if fair_ else 'any'} shares"
            out[key] = {"ms_a_case": round(spent["cpu_s"] / cases * 1e3, 4)}
    jit.set_threads(os.cpu_count() or 1)
    print(out, flush=True)
    return out


def allocation() -> dict[str, Any]:
    """Fair allocation of one step of national size: certified gap and time."""
    out: dict[str, Any] = {}
    for name, (total, limits) in CASES.items():
        step = instances.problem([instances.step(minute=2.0, seed=1, total_mbps=total)], limits)
        most = float(programme.share(step).bound[0])
        for kind, job in (("proportional", fair.proportional), ("max-min", fair.max_min)):
            found, spent = timed(lambda j=job, s=step: j(s))
            out[f"{name}, {kind}"] = {
                "gap_percent": round(found.gain * 100, 3),
                "least_share": round(float(found.share[found.reached].min()), 4),
                "least_share_bound": round(found.least_bound, 4),
                "carried_of_the_most_percent": round(float(found.served.sum()) / most * 100, 2),
                **spent,
            }
            print(name, kind, out[f"{name}, {kind}"], flush=True)
    return out


def main() -> None:
    """Measure everything and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=Path)
    sites = places(parser.parse_args().cities)
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {jit.threads()} threads",
        "cells": len(instances.hexagons(87)),
        "allocation": allocation(),
        "flows to any exit": to_exits(),
        "beside HiGHS": beside_highs(),
        "1,584 satellites, 100 cities": constellation(sites),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
