"""Events between two places over the whole network: when the best way changes, and to which."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import nearest

if TYPE_CHECKING:
    import numpy as np

    from rabta.transport.routes.changes import Stretch, Watch
    from rabta.transport.routes.joined import Tables
    from rabta.twin import Twin

TABLES = (
    "nodes", "spans", "cell_node", "places", "gateways", "satellites", "systems", "horizon_deg",
    "gateway_factor",
)  # fmt: skip


def study(scenario: Any, from_: str, to: str, *, space_only: bool = False) -> dict[str, Any]:
    """Events between two places as plain data: the question, a summary, and one record an event."""
    import numpy as np

    from rabta.transport.routes import search
    from rabta.transport.routes.changes import Watch

    twin = evaluated(scenario, TABLES)
    tables = _tables(twin, scenario, from_, to)
    begin = np.datetime64(scenario.time.start_utc.replace(tzinfo=None), "ns")
    span = scenario.time.hours * 3600.0
    _warn(tables, begin, span)
    mode = search.SPACE if space_only else search.ALL
    shut = _shut(twin.values("gateway_factor"), scenario.time.step_s)
    watch = Watch(tables, begin, span, mode, scenario.transport.platforms, shut)
    stretches = watch.stretches()
    names = list(tables.ends["name"])
    return {
        "from": names[0],
        "to": names[1],
        "policy": "shortest",
        "over": "satellites" if space_only else "satellites and ground",
        "start": _stamp(begin, 0.0),
        "hours": scenario.time.hours,
        "satellites": watch.graph.network.size,
        "summary": _summary(watch, stretches, span),
        "events": _events(watch, stretches, begin),
    }


def evaluated(scenario: Any, names: tuple[str, ...]) -> Twin:
    """Twin that holds some tables and arrays, from the stages that they need, through the cache."""
    from rabta import stage as stages_
    from rabta.engine.cache import Cache, default_folder
    from rabta.engine.evaluate import Engine
    from rabta.engine.progress import Silent
    from rabta.run import all_stages, check_references

    check_references(scenario)
    kept = stages_.select(all_stages(), scenario.providers)
    writer = {name: item for item in kept for name in item.writes}
    needed, todo = set(), list(names)
    while todo:
        item = writer[todo.pop()]
        if item.name not in needed:
            needed.add(item.name)
            todo += item.reads
    with tempfile.TemporaryDirectory() as folder:
        chosen = [item for item in kept if item.name in needed]
        engine = Engine(scenario, chosen, Cache(default_folder()), Path(folder) / "arrays.zarr", Silent())
        twin = engine.run()
        for name in names:
            if name in twin.arrays:
                twin.arrays[name].load()
    return twin


def _tables(twin: Twin, scenario: Any, from_: str, to: str) -> Tables:
    from rabta import catalog
    from rabta.cli.events.study import refuse
    from rabta.transport.latency import exchange
    from rabta.transport.routes import ends
    from rabta.transport.routes.joined import Tables

    places, nodes = twin.table("places"), twin.table("nodes")
    far = set(nodes.loc[nodes["kind"] == "abroad", "name"].str.casefold())
    towns = set(places["name"].str.casefold())
    for key, name in (("--from", from_), ("--to", to)):
        if name.strip().casefold() not in towns | far:
            known = [*places["name"], *nodes.loc[nodes["kind"] == "abroad", "name"]]
            refuse("no such place", key, name, nearest(name, known))
    if from_.strip().casefold() == to.strip().casefold():
        refuse("both ends are the same place", "--to", to, "another place")
    nation = scenario.nation.name
    home = [name.strip() for name in (from_, to) if name.strip().casefold() in towns]
    abroad = [name.strip() for name in (from_, to) if name.strip() not in home]
    country = str(catalog.entry("nations", nation).data.get("iso", ""))
    some, detour = home or [str(places["name"].iloc[0])], exchange(nation).route_factor
    table = ends.ends(places, nodes, twin.values("cell_node"), some, abroad, country=country, detour=detour)
    order = [table.index[table["name"].str.casefold() == name.strip().casefold()][0] for name in (from_, to)]
    return Tables(
        twin.table("satellites"), twin.table("systems"), twin.table("gateways"), nodes, twin.table("spans"),
        table.loc[order].reset_index(drop=True),
        horizon_deg=twin.values("horizon_deg") if scenario.space.terrain else None,
        use_isl=scenario.transport.use_isl, handoffs=scenario.space.handoffs,
        least_deg=scenario.space.min_elevation_deg, grounded=scenario.transport.denied,
        gso_avoidance=scenario.space.gso_avoidance,
    )  # fmt: skip


def _shut(factor: Any, step_s: float) -> list[tuple[int, float, float]]:
    """Gateways in steps in which rain leaves nothing of them: row, begin and end (s)."""
    import numpy as np

    steps, rows = np.nonzero(np.asarray(factor) <= 0.0)
    return [(int(g), float(t * step_s), float((t + 1) * step_s)) for t, g in zip(steps, rows, strict=True)]


def _warn(tables: Tables, begin: np.datetime64, span: float) -> None:
    """Warn of old elements, as a run does."""
    import warnings

    import numpy as np

    from rabta.space.propagate import moving, stale

    text = stale(moving(tables.satellites), np.array([begin + np.timedelta64(round(span * 5e8), "ns")]))
    if text:
        warnings.warn(text, stacklevel=2)


def _summary(watch: Watch, stretches: list[Stretch], span: float) -> dict[str, Any]:
    import numpy as np

    served = [s for s in stretches if s.nodes]
    gaps = [s.end_s - s.start_s for s in stretches if not s.nodes]
    ends = np.array([(s.first_ms, s.last_ms) for s in served]).reshape(-1, 2)
    return {
        "path_changes": max(0, len(stretches) - 1),
        "per_hour": max(0, len(stretches) - 1) / span * 3600.0,
        "mean_path_s": sum(s.end_s - s.start_s for s in served) / len(served) if served else 0.0,
        "served_share": 1.0 - sum(gaps) / span,
        "outages": len(gaps),
        "outage_s": sum(gaps),
        "least_ms": round(float(ends.min()), 4) if served else None,
        "largest_ms": round(float(ends.max()), 4) if served else None,
        "share_over_space": _over_space(watch, served, span),
    }


def _over_space(watch: Watch, served: list[Stretch], span: float) -> float:
    satellites = watch.graph.network.size
    return sum(s.end_s - s.start_s for s in served if min(s.nodes) < satellites) / span


def _events(watch: Watch, stretches: list[Stretch], begin: np.datetime64) -> list[dict[str, Any]]:
    names, out = watch.graph.names, []
    before: Stretch | None = None
    for s in stretches:
        kind = "start" if before is None else "path change"
        if before is not None and not s.nodes:
            kind = "down"
        elif before is not None and not before.nodes:
            kind = "up"
        event = {
            "time": _stamp(begin, s.start_s),
            "seconds": round(s.start_s, 4),
            "event": kind,
            "cause": s.cause,
            "link": " - ".join(names[n] for n in s.link),
            "rtt_before_ms": _number(before.last_ms if before is not None else float("nan")),
            "rtt_ms": _number(s.first_ms),
            "lasts_s": round(s.end_s - s.start_s, 4),
            "path": [names[n] for n in s.nodes],
        }
        out.append(event)
        before = s
    return out


def _number(value: float) -> float | None:
    return round(value, 4) if value == value else None  # noqa: PLR0124 - NaN


def _stamp(begin: np.datetime64, seconds: float) -> str:
    """Instant to the nearest millisecond, UTC."""
    import numpy as np

    return f"{begin.astype('datetime64[ms]') + np.timedelta64(round(seconds * 1e3), 'ms')}Z"


def print_study(found: dict[str, Any], rows: int) -> None:
    """Print events in words."""
    print(
        f"{found['from']} to {found['to']} over {found['over']}, {found['hours']:g} h from {found['start']}"
    )
    for event in found["events"][:rows]:
        before, after = (
            "-" if value is None else f"{value:.3f}" for value in (event["rtt_before_ms"], event["rtt_ms"])
        )
        why = f"{event['cause']} {event['link']}".strip()
        print(f"{event['time']}  {event['event']:<11}  {before:>8} -> {after:>8} ms  ({why})")
        print(f"    {' > '.join(event['path']) or 'no way'}")
    if len(found["events"]) > rows:
        print(f"... {len(found['events']) - rows} more; --rows or --json shows them")
    s = found["summary"]
    spread = "no way at all" if s["least_ms"] is None else f"{s['least_ms']:.3f} to {s['largest_ms']:.3f} ms"
    print(
        f"{s['path_changes']} changes, {s['per_hour']:.1f} an hour; a path lasts {s['mean_path_s']:.1f} s; "
        f"{spread} at the changes; {100.0 * s['share_over_space']:.1f} % of the time over satellites; "
        f"{s['outages']} outages, {s['outage_s']:.3f} s in all"
    )
