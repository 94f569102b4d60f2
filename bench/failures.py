"""Failures measured: every element and every pair of the national network, beside a maximum flow for each.

Usage: python bench/failures.py [--run RUN]
The network is built from the nation's layers at resolutions 6 (as in ``rabta run pakistan``) and 7; with a
run folder the whole stage of that run is timed as well. The peer is SciPy's ``maximum_flow`` (Dinic) on
the same network, a new matrix and flow for each pair of a random sample; it answers the loss alone, ours the
people cut off as well. Both are timed in the same process, on one thread; ours on all threads too. Values of
the sample must agree to the last unit (here 1 Mbit/s: SciPy's capacities are 32-bit). Results go to
bench/results/failures.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from rabta import jit, scenario, schema
from rabta.nation import stages as nation
from rabta.run import Run
from rabta.transport import stages as transport
from rabta.transport.failures import results
from rabta.transport.failures import study as studies
from rabta.transport.failures.cuts import cases, graph
from rabta.transport.failures.elements import PAIRED, elements, repairs
from rabta.transport.ground import stages as ground
from rabta.twin import Twin, wrap

RESULTS = Path(__file__).parent / "results" / "failures.json"
SAMPLE, SEED, MBPS = 300, 1, 1.0


def tables(resolution: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``nodes`` and ``spans`` of the nation."""
    chosen = scenario.load(scenario.find("pakistan"), {"nation.resolution": resolution})
    twin = Twin(chosen, np.zeros(0, "datetime64[ns]"))
    for stage in (nation.load, nation.unserved, nation.demand, transport.gateways, ground.network):
        for name, value in stage(twin).items():
            if name in schema.tables():
                twin.tables[name] = value
            else:
                twin.arrays[name] = wrap(name, value)
    return twin.table("nodes"), twin.table("spans")


class Peer:
    """SciPy's maximum flow with pairs of elements left out of one prepared matrix."""

    def __init__(self, net: graph.Network) -> None:
        source, most = net.demand.size, int(net.demand.sum())
        self.tail = np.concatenate([net.tail, net.head, np.full(source, source)])
        self.head = np.concatenate([net.head, net.tail, np.arange(source)])
        self.room = np.minimum(np.concatenate([net.limit[0], net.limit[1], net.demand]), most).astype(
            np.int32
        )
        self.edge = np.concatenate([np.arange(net.tail.size)] * 2 + [np.full(source, -1)])
        self.net, self.source = net, source

    def delivered(self, gone: np.ndarray) -> int:
        """Units that reach exits."""
        room = np.where(np.isin(self.edge, gone), 0, self.room)
        some = room > 0
        shape = (self.source + 1, self.source + 1)
        matrix = csr_array((room[some], (self.tail[some], self.head[some])), shape=shape)
        matrix.sum_duplicates()
        return int(maximum_flow(matrix, self.source, self.net.sink).flow_value)


def measure(net: graph.Network, items: list[Any]) -> dict[str, Any]:
    """Seconds of all singles and pairs, alone and beside the peer."""
    given, _ = cases.cases(net, [(item.nodes, item.spans) for item in items])
    base = cases.whole(net)
    timed: dict[str, Any] = {}
    for threads in sorted({1, jit.threads()}):
        jit.set_threads(threads)
        wall, cpu = time.perf_counter(), time.process_time()
        alone = cases.singles(base, given)
        singles = time.perf_counter() - wall
        counted, total = cases.Counted(), 0
        for block in cases.pairs(base, given, alone, counted):
            total += int(np.triu(block.loss, int(block.rows[0]) + 1).sum())
        timed[f"{threads}_threads"] = {
            "singles_s": round(singles, 4),
            "all_wall_s": round(time.perf_counter() - wall, 3),
            "all_cpu_s": round(time.process_time() - cpu, 3),
            "sum_of_losses": total,
        }
    return {
        "nodes": net.nodes,
        "spans": net.spans,
        "elements": given.size,
        "pairs": counted.pairs,
        "pairs_anew": counted.anew,
        **timed,
    }


def against_peer(net: graph.Network, items: list[Any]) -> dict[str, Any]:
    """Time of a pair by SciPy over ours, on a sample; the losses must be the same."""
    threads = jit.threads()
    jit.set_threads(1)
    given, _ = cases.cases(net, [(item.nodes, item.spans) for item in items])
    base = cases.whole(net)
    alone = cases.singles(base, given)
    began, kept = time.process_time(), []
    kept.extend(block.loss for block in cases.pairs(base, given, alone))
    jit.set_threads(threads)
    ours = (time.process_time() - began) / max(given.size * (given.size - 1) / 2, 1)
    loss = np.concatenate(kept)
    rng = np.random.default_rng(SEED)
    peer, wrong, spent = Peer(net), 0, 0.0
    for _ in range(SAMPLE):
        a, b = np.sort(rng.choice(given.size, 2, replace=False))
        gone = np.union1d(*(given.lost[given.first[k] : given.first[k + 1]] for k in (a, b)))
        began = time.process_time()
        theirs = peer.delivered(gone)
        spent += time.process_time() - began
        wrong += int(base.delivered - theirs != loss[a, b])
    return {
        "sample": SAMPLE,
        "different": wrong,
        "scipy_us_a_pair": round(spent / SAMPLE * 1e6, 1),
        "ours_us_a_pair": round(ours * 1e6, 3),
        "ratio": round(spent / SAMPLE / ours, 0),
    }


def whole_stage(folder: Path) -> dict[str, float]:
    """Seconds of all tables of a run: denials, shares and districts beside the kernels."""
    run = Run(folder)
    arrays = {name: run.arrays[name].to_numpy() for name in studies.ARRAYS}
    given = studies.study(scenario.load(folder / "scenario.toml"), run.tables, arrays)
    results.tables(given, 2, ())  # compiled and read
    began, cpu = time.perf_counter(), time.process_time()
    results.tables(given, 2, ())
    return {"wall_s": round(time.perf_counter() - began, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def main() -> None:
    """Measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    folder = parser.parse_args().run
    found: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {jit.threads()} threads",
        "target": "all N-1 and N-2 of the national backbone, cables and gateways in at most 60 s",
    }
    share, how = studies.home_share("pakistan"), repairs("pakistan", 24.0)
    for resolution in (6, 7):
        nodes, spans = tables(resolution)
        items = [item for item in elements(nodes, spans, how) if item.kind in PAIRED]
        fine, coarse = (
            graph.network(nodes, spans, share, unit, studies.hubs(nodes)) for unit in (graph.UNIT_MBPS, MBPS)
        )
        measure(fine, items)  # compiled and read
        found[f"resolution_{resolution}"] = {
            **measure(fine, items),
            "against_scipy": against_peer(coarse, items),
        }
    if folder:
        found["whole_stage"] = {"run": folder.name, **whole_stage(folder)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
