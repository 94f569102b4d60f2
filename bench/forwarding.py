"""Forwarding state measured: beside SciPy's Dijkstra, and beside Hypatia's satgenpy where it is given.

Usage: python bench/forwarding.py --cities FILE [--catalogue FILE] [--sites FILE]
                                  [--satgenpy DIR --python EXE]

``--cities`` is Hypatia's list of a hundred cities, ``--sites`` its list of a thousand, ``--catalogue`` has
element sets of real satellites. ``--satgenpy`` is the folder of satgenpy in a checkout of snkas/hypatia and
``--python`` an interpreter with its requirements (or the variables SATGENPY and SATGENPY_PYTHON); it then
runs in a temporary folder. What is not given is left out, and the result says so; without ``--cities``
nothing runs. Results go to bench/results/forwarding.json. Seconds are the least of several runs; CPU
seconds, as machines are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from rabta import jit
from rabta.space import elements, propagate
from rabta.space.network import hypatia, topology
from rabta.space.network.forwarding import State, Trees, forward, routes, states
from rabta.space.network.geometry import Rule, Scene, Sites, correct, scene, scene_reference
from rabta.space.network.hypatia import KUIPER_630, STARLINK_550, TELESAT_1015, Published
from rabta.space.network.study import study
from rabta.space.network.topology import Network

RESULTS = Path(__file__).parent / "results" / "forwarding.json"
EDGE_M = 100.0
FIELDS = ("metres", "entry", "table")

# run by the interpreter of --python; prints the CPU seconds of each step
PEER = """
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
import satgen, exputil
from satgen.dynamic_state.generate_dynamic_state import generate_dynamic_state_at
d, steps = sys.argv[2], int(sys.argv[3])
stations = satgen.read_ground_stations_extended(d + "/ground_stations.txt")
tles = satgen.read_tles(d + "/tles.txt")
links = satgen.read_isls(d + "/isls.txt", len(tles["satellites"]))
limits = exputil.PropertiesConfig(d + "/description.txt")
gsl, isl = (float(limits.get_property_or_fail(k)) for k in ("max_gsl_length_m", "max_isl_length_m"))
ports = [{"number_of_interfaces": 1, "aggregate_max_bandwidth": 1.0}]
ports *= len(tles["satellites"]) + len(stations)
os.makedirs(d + "/peer")
out, before = [], None
for k in range(steps):
    start = time.process_time()
    before = generate_dynamic_state_at(
        d + "/peer", tles["epoch"], k * 100_000_000, tles["satellites"], stations, links, ports, gsl, isl,
        "algorithm_free_one_only_over_isls", before, False)
    out.append(time.process_time() - start)
print(json.dumps(out))
"""


def cpu(job: Callable[[], object], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    found = []
    for _ in range(times):
        start = time.process_time()
        job()
        found.append(time.process_time() - start)
    return min(found)


def steps(count: int, milliseconds: int = 100, start: np.datetime64 = hypatia.EPOCH) -> Any:
    """Instants from a start."""
    return start + np.arange(count) * np.timedelta64(milliseconds, "ms")


def per_step(net: Network, sites: Sites, times: Any, rule: Rule, repeats: int = 3) -> dict[str, float]:
    """CPU milliseconds a step of the whole, of SGP4, links and views, and the trees; with tables."""
    count = len(times)

    def whole() -> None:
        for _ in states(net, sites, times, rule, tables=True):
            pass

    goals = np.arange(len(sites.names), dtype=np.int32)
    part = times[: min(count, 50 if net.size < 5000 else 8)]
    view = scene(net, sites, part, rule)
    trees = Trees.to(goals, net.size)
    routes(net, cut(view, slice(1)), trees, fresh=True, tables=True)
    kept = trees.up.copy(), trees.order.copy()

    def warm() -> None:
        trees.up[:], trees.order[:] = kept
        routes(net, view, trees, fresh=False, tables=True)

    def fresh() -> None:
        routes(net, cut(view, slice(1)), Trees.to(goals, net.size), fresh=True, tables=True)

    scale = 1e3 / len(part)
    return {
        "whole_ms": cpu(whole, repeats) / count * 1e3,
        "links_and_views_ms": cpu(lambda: scene(net, sites, part, rule), repeats) * scale,
        "trees_kept_ms": cpu(warm, repeats) * scale,
        "trees_afresh_ms": cpu(fresh, repeats) * 1e3,
    }


def cut(view: Scene, part: slice) -> Scene:
    """Some steps of a scene."""
    return Scene(view.length_m[part], view.count[part], view.seen[part], view.range_m[part])


def by_scipy(net: Network, sites: Sites, times: Any, rule: Rule) -> NDArray[np.float64]:
    """One step with NumPy's geometry and one call of SciPy's Dijkstra for all sites: metres of all pairs.

    Sites have arcs up and none down, so no path runs through one; the last hop is added afterwards.
    """
    view, size, many = scene_reference(net, sites, times, rule), net.size, len(sites.names)
    length = view.length_m[0, net.arcs[2][:, 0]]
    ends, length = net.edges[np.isfinite(length)], length[np.isfinite(length)]
    used = np.arange(view.seen.shape[2]) < view.count[0][:, None]
    site, seen, metres = np.nonzero(used)[0], view.seen[0][used], view.range_m[0][used]
    tail, head = np.concatenate([ends, ends[:, ::-1], np.stack([size + site, seen], axis=1)]).T
    weight = np.concatenate([length, length, metres])
    graph = sparse.csr_matrix((weight, (tail, head)), shape=(size + many,) * 2)
    far = dijkstra(graph, indices=np.arange(size, size + many))
    out = np.full((many, many), np.inf)
    seeing, first = np.unique(site, return_index=True)
    out[:, seeing] = np.minimum.reduceat(far[:, seen] + metres, first, axis=1)
    np.fill_diagonal(out, 0.0)
    return out


def beside_scipy(net: Network, sites: Sites, times: Any, rule: Rule, own_ms: float) -> dict[str, float]:
    """CPU milliseconds of SciPy's step, as a multiple of ours, and how far its lengths lie from ours."""
    ours = forward(net, sites, times[:1], rule).metres[0]
    known = by_scipy(net, sites, times[:1], rule)
    taken = cpu(lambda: by_scipy(net, sites, times[:1], rule), 3) * 1e3
    both = np.isfinite(known) & np.isfinite(ours)
    apart = np.abs(ours[both] - known[both]) / np.maximum(known[both], 1.0)
    return {
        "cpu_ms_a_step": taken,
        "times_ours": taken / own_ms,
        "worst_relative_difference": float(apart.max(initial=0.0)),
        "only_one_connects": int((np.isfinite(known) != np.isfinite(ours)).sum()),
    }


def edge_of_range(view: Scene, step: int, rule: Rule) -> int:
    """Site and satellite pairs so near to the longest ground link that rounding decides on them."""
    used = np.arange(view.seen.shape[2]) < view.count[step][:, None]
    return int((np.abs(view.range_m[step][used] - rule.ground_m) < EDGE_M).sum())


def walked(net: Network, view: Scene, step: int, hops: NDArray[np.int64]) -> NDArray[np.float64]:
    """Metres from every node to every site by following a table of next hops; infinity where it ends."""
    size, (nodes, many) = net.size, hops.shape
    length = np.full((nodes, nodes), np.inf)
    metres = view.length_m[step, net.arcs[2][:, 0]]
    length[net.edges[:, 0], net.edges[:, 1]] = length[net.edges[:, 1], net.edges[:, 0]] = metres
    for site in range(many):
        own = slice(view.count[step, site])
        seen, metres = view.seen[step, site, own], view.range_m[step, site, own]
        length[size + site, seen] = length[seen, size + site] = metres
    goal = np.arange(many)
    at, out = np.repeat(np.arange(nodes)[:, None], many, axis=1), np.zeros((nodes, many))
    for _ in range(nodes):
        going = at != size + goal
        if not going.any():
            break
        following = np.where(going, hops[at, goal], at)
        out += np.where(going, np.where(following < 0, np.inf, length[at, following]), 0.0)
        at = np.where(following < 0, size + goal, following)
    return out


def by_satgenpy(
    folder: Path, python: str, net: Network, sites: Sites, planes: int, rule: Rule
) -> dict[str, Any]:
    """CPU seconds a step of satgenpy, and how much of its forwarding state is ours."""
    count = 3
    view = scene(net, sites, steps(count), rule)
    near = scene(net, sites, steps(count), replace(rule, ground_m=rule.ground_m + EDGE_M))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        hypatia.write_network(place, net, sites, rule, planes)
        command = [python, "-c", PEER, str(folder), name, str(count)]
        text = subprocess.check_output(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True)
        files = [place / "peer" / f"fstate_{k * 100_000_000}.txt" for k in range(count)]
        theirs, _ = hypatia.read_fstate(files, net.size, len(sites.names))
        made = forward(net, sites, steps(count), rule, tables=True)
        own = hypatia.write_fstate(place / "own", net, [made], steps(count))
        ours, _ = hypatia.read_fstate(own, net.size, len(sites.names))
        first = own[0].read_bytes() == files[0].read_bytes()
    worst = [
        float(np.nan_to_num(walked(net, view, k, theirs[k]) - walked(net, view, k, ours[k])).max())
        for k in range(count)
    ]
    taken = json.loads(text.splitlines()[-1])
    return {
        "cpu_s_a_step": min(taken),
        "first_file_the_same_to_the_byte": first,
        "entries": int(theirs[0].size),
        "entries_different_by_step": (ours != theirs).sum(axis=(1, 2)).tolist(),
        "sights_within_100_m_of_the_range_by_step": [edge_of_range(near, k, rule) for k in range(count)],
        "their_path_longer_by_at_most_m_by_step": worst,
    }


def starlink(args: argparse.Namespace, sites: Sites) -> dict[str, Any]:
    """Starlink's 1,584 satellites and 100 cities, beside the peers."""
    net, rule = hypatia.published(STARLINK_550), STARLINK_550.rule
    out: dict[str, Any] = {
        "satellites": net.size,
        "sites": len(sites.names),
        "compat": per_step(net, sites, steps(200), rule),
        "correct": per_step(net, sites, steps(200), correct()),
        "correct_steps_of_15_s": per_step(net, sites, steps(50, 15_000), correct()),
    }
    out["scipy"] = beside_scipy(net, sites, steps(1), rule, out["compat"]["whole_ms"])
    if args.satgenpy:
        peer = by_satgenpy(args.satgenpy, args.python, net, sites, STARLINK_550.planes, rule)
        out["satgenpy"] = peer
        out["satgenpy_over_ours"] = peer["cpu_s_a_step"] * 1e3 / out["compat"]["whole_ms"]
    return out


def smaller(args: argparse.Namespace, sites: Sites, shell: Published) -> dict[str, Any]:
    """Another published shell and 100 cities, beside the peers."""
    net, rule = hypatia.published(shell), shell.rule
    out: dict[str, Any] = {"satellites": net.size, "compat": per_step(net, sites, steps(200), rule)}
    out["scipy"] = beside_scipy(net, sites, steps(1), rule, out["compat"]["whole_ms"])
    if args.satgenpy:
        peer = by_satgenpy(args.satgenpy, args.python, net, sites, shell.planes, rule)
        out["satgenpy"] = peer
        out["satgenpy_over_ours"] = peer["cpu_s_a_step"] * 1e3 / out["compat"]["whole_ms"]
    return out


def real(catalogue: Path, sites: Sites) -> dict[str, Any]:
    """A real catalogue, four links a satellite to its nearest, true geometry from 25 degrees."""
    table = elements.read(str(catalogue))
    start = np.datetime64("2026-01-13T00:00:00", "ns")
    columns = {name: table[name].to_numpy(dtype=np.float64) for name in propagate.ELEMENTS}
    begin = time.process_time()
    edges = topology.companions(columns, start, lasers=4)
    linked = time.process_time() - begin
    net = Network(
        columns,
        tuple(table["name"]),
        np.zeros(len(table), np.int32),
        ("all",),
        edges,
        np.full(len(table), 25.0),
    )
    state = forward(net, sites, steps(1, 100, start), correct())
    second = per_step(net, sites, steps(20, 1000, start), correct(), 2)
    return {
        "satellites": net.size,
        "links": len(edges),
        "linking_cpu_s": linked,
        "sites": len(sites.names),
        "pairs_connected": float(np.isfinite(state.metres).mean()),
        "steps_of_100_ms": per_step(net, sites, steps(50, 100, start), correct(), 2),
        "steps_of_1_s": second,
        "scipy": beside_scipy(net, sites, steps(1, 100, start), correct(), second["whole_ms"]),
    }


def paper(sites: Sites) -> dict[str, Any]:
    """The paper's runs: 2,000 steps of all pairs of three constellations, statistics included."""
    out: dict[str, Any] = {"threads": jit.threads()}
    wall, taken = time.perf_counter(), time.process_time()
    for shell in (KUIPER_630, STARLINK_550, TELESAT_1015):
        begin = time.perf_counter(), time.process_time()
        study(hypatia.published(shell), sites, steps(2000), shell.rule)
        out[shell.name] = {"wall_s": time.perf_counter() - begin[0], "cpu_s": time.process_time() - begin[1]}
    return out | {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - taken}


def identical(sites: Sites) -> bool:
    """Whether one and two threads give the same to the last bit."""
    made: list[State] = []
    for count in (1, 2):
        jit.set_threads(min(count, os.cpu_count() or 1))
        made.append(forward(hypatia.published(STARLINK_550), sites, steps(100, 1000), correct(), tables=True))
    return all(np.array_equal(getattr(made[0], name), getattr(made[1], name)) for name in FIELDS)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cities", type=Path)
    parser.add_argument("--sites", type=Path)
    parser.add_argument("--catalogue", type=Path)
    given = os.environ.get("SATGENPY")
    parser.add_argument("--satgenpy", type=Path, default=Path(given) if given else None)
    parser.add_argument("--python", default=os.environ.get("SATGENPY_PYTHON"))
    args = parser.parse_args()
    if args.satgenpy and not args.python:
        parser.error("--satgenpy needs --python (or the variable SATGENPY_PYTHON)")
    missing = [] if args.satgenpy else ["satgenpy: no --satgenpy or variable SATGENPY"]
    missing += [] if args.catalogue else ["real satellites: no --catalogue"]
    if not args.cities:
        print("forwarding: not run, it needs --cities")
        return
    sites = hypatia.read_ground_stations(args.cities)
    jit.set_threads(1)
    out: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "threads": 1,
        "missing": missing,
        "starlink": starlink(args, sites),
        "kuiper": smaller(args, sites, KUIPER_630),
        "telesat": smaller(args, sites, TELESAT_1015),
    }
    if args.catalogue:
        many = hypatia.read_ground_stations(args.sites) if args.sites else sites
        out["real"] = real(args.catalogue, many)
    out["one_and_two_threads_identical"] = identical(sites)
    out["paper"] = paper(sites)
    RESULTS.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
