"""``rabta fail``: what happens when some elements of a run's network fail together."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import RabtaError

NEEDED = ("nodes", "spans", "zones", "pools", "systems", "satellites", "gateways", "cells")
MOST_DISTRICTS = 10
DAY = 24.0


def fail(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Cables, landings, gateways, exchanges, spans, districts (power), owners, operators, or the "
            "words foreign-space, foreign-operators, all-cables, westward-cables"
        ),
    ],
    run: Annotated[
        str | None, typer.Option(help="Run folder, or the start of its name; newest if left out")
    ] = None,
    hours: Annotated[
        float | None, typer.Option(help="How long it lasts; the repair if left out, or a day")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Who loses what when these fail together, in the network of a finished run."""
    if hours is not None and not 0.0 <= hours < math.inf:
        raise RabtaError("hours out of range", key="--hours", value=hours, expected="zero or more")
    found = together(_run_folder(runs, run), names, hours)
    if json_:
        print(json.dumps(_plain(found), ensure_ascii=False))
    else:
        _print(found)


def _run_folder(runs: Path, name: str | None) -> Path:
    from rabta.cli.show import find_run

    return find_run(runs, name)


def together(folder: Path, names: list[str], hours: float | None = None) -> dict[str, Any]:
    """Before and after of a set of names, and the districts that lose most, from a run folder."""
    from rabta.run import Run
    from rabta.scenario import load
    from rabta.transport.failures import study as studies
    from rabta.transport.failures.denial import Gone, gone_together

    done = Run(folder)
    missing = [name for name in NEEDED if name not in done.tables]
    if missing:
        raise RabtaError(
            "the run has no ground network",
            file=folder,
            value=", ".join(missing),
            expected="a run made by this version: rabta run pakistan",
        )
    arrays = {name: done.arrays[name].values for name in studies.ARRAYS}
    given = studies.study(load(folder / "scenario.toml"), done.tables, arrays)
    gone = gone_together([given.things.find(name) for name in names], " + ".join(names))
    if hours is None and not gone.repair_hours:
        hours = DAY  # a denial has no end: what one day costs
    before, after = (studies.hub_delays(given, given.edges(some)) for some in (Gone(""), gone))
    return {
        "run": str(folder),
        "before": given.usual,
        "after": studies.failed(given, gone, hours),
        "districts": studies.hit_districts(given, gone, hours, MOST_DISTRICTS),
        "hubs_ms": {name: [value, after[name]] for name, value in before.items()},
        "satellites_gone": list(gone.systems),
    }


def _plain(value: Any) -> Any:
    """The same without NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(found: dict[str, Any]) -> None:
    before, after = found["before"], found["after"]
    print(f"{after['name']} fails, for {after['repair_hours']:g} h ({found['run']})")
    lines = [
        ("people without any way", "people_cut", "", 0),
        ("people without a way to an exchange", "people_cut_home", "", 0),
        ("people without a way abroad", "people_cut_abroad", "", 0),
        ("people in congestion", "people_congested", "", 0),
        ("busy-hour traffic carried", "carried_mbps", " Gbit/s", 1),
        ("round trip to an exchange", "rtt_home_ms", " ms", 2),
        ("round trip abroad", "rtt_abroad_ms", " ms", 2),
        ("satellites can give", "satellite_mbps", " Gbit/s", 1),
    ]
    for label, key, unit, digits in lines:
        scale = 1e-3 if unit == " Gbit/s" else 1.0
        values = (_number(row[key] * scale, unit, digits) for row in (before, after))
        print(f"{label:<38} {' -> '.join(values)}")
    lost, island = after["demand_lost_mbps"] * 1e-3, after["island_mbps"] * 1e-3
    print(
        f"{'traffic lost':<38} {lost:,.1f} Gbit/s: {island:,.1f} cut off, {lost - island:,.1f} in congestion"
    )
    print(f"{'person-hours':<38} {after['person_hours']:,.0f} in {after['districts_hit']} districts")
    print(
        f"{'payments that miss their deadline':<38} {after['payments_missed']:,.0f} (modelled), "
        f"US$ {after['value_at_risk_usd']:,.0f}"
    )
    for name, (one, other) in found["hubs_ms"].items():
        if one != other and not (math.isnan(one) and math.isnan(other)):
            print(f"{'round trip to ' + name:<38} {_number(one, ' ms', 1)} -> {_number(other, ' ms', 1)}")
    for row in found["districts"]:
        print(
            f"  {row['district']}, {row['province']}: {100.0 * row['lost_share']:.1f} % lost, "
            f"{row['people_cut']:,.0f} people cut off, {row['person_hours']:,.0f} person-hours"
        )


def _number(value: float, unit: str, digits: int) -> str:
    return f"{value:,.{digits}f}{unit}" if math.isfinite(value) else "none"
