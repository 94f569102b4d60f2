"""The sub-run that a command line asks for: named hosts of a finished run, or of a scenario's stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from rabta.emulate.plan import Activity
    from rabta.emulate.subrun.build import Subrun
    from rabta.emulate.subrun.source import Source
    from rabta.emulate.ways import Access

RUNS = Path("runs")


def source(name: str) -> Source:
    """What a run's folder holds; what it lacks, and all of a scenario, comes from the stages and their cache.

    Raises
    ------
    RabtaError
        Of a name that is neither, and of a folder whose arrays do not fit its scenario any more.
    """
    from rabta.emulate.subrun.source import ARRAYS, TABLES, Source
    from rabta.scenario import find, load

    folder = next((one for one in (Path(name), RUNS / name) if (one / "provenance.json").is_file()), None)
    scenario = load(folder / "scenario.toml" if folder else find(name))
    tables, arrays = _held(folder) if folder else ({}, {})
    lacking = [one for one in (*TABLES, *ARRAYS) if one not in tables and one not in arrays]
    if lacking:
        from rabta.cli.events import joint

        twin = joint.evaluated(scenario, tuple(lacking))
        tables |= {one: twin.table(one) for one in TABLES if one in lacking}
        arrays |= {one: twin.values(one) for one in ARRAYS if one in lacking}
    cells = len(tables["cells"])
    for one in ("cell_node", "busy_demand_mbps", "access_rate_mbps"):
        if arrays[one].shape[0] != cells:
            raise RabtaError("a run of another version", file=folder or Path(name), key=one,
                             value=arrays[one].shape[0], expected=f"{cells} cells; run it again")  # fmt: skip
    return Source(str(folder or name), scenario, tables, arrays)


def _held(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tables and arrays of a run's folder that a sub-run reads."""
    from rabta.emulate.subrun.source import ARRAYS, TABLES
    from rabta.engine.cache import read_table
    from rabta.run import Run

    places = {one: folder / "tables" / f"{one}.parquet" for one in TABLES}
    tables = {one: read_table(path) for one, path in places.items() if path.is_file()}
    stored = Run(folder).arrays
    return tables, {one: stored[one] for one in ARRAYS if one in stored}


def build(
    name: str,
    hosts: str,
    to: str,
    seconds: float,
    start: str | None,
    without: Sequence[str],
    *,
    spare: bool,
    queue_ms: float,
    gap_ms: float,
    reroute_s: float,
    plain: bool,
) -> Subrun:
    """The sub-run of a list of hosts."""
    import numpy as np

    from rabta.emulate.subrun import build as builder
    from rabta.emulate.subrun.access import Span
    from rabta.emulate.subrun.named import wishes
    from rabta.times import parse_utc

    for key, value, most in (
        ("--queue", queue_ms, 1e4),
        ("--gap", gap_ms, 1e4),
        ("--reroute", reroute_s, 600.0),
    ):
        if not 0.0 <= value <= most:
            raise RabtaError(
                "out of range", key=key, value=value, expected=f"0 to {most:g}", exit_code=EXIT_USAGE
            )
    wanted, given = wishes(hosts), source(name)
    begin = given.begin if start is None else np.datetime64(parse_utc(start).replace(tzinfo=None), "ns")
    return builder.build(given, builder.Asked(
        wanted, to, Span(begin, seconds), without, spare=spare, queue_s=queue_ms / 1e3, gap_s=gap_ms / 1e3,
        reroute_s=reroute_s, plain=plain,
    ))  # fmt: skip


def under(
    name: str,
    over: str,
    hosts: str,
    to: str,
    seconds: float,
    start: str | None,
    access: Access,
    step_ms: float,
) -> Subrun:
    """Users of a list and their server under a constellation, with the access that was asked for."""
    import numpy as np

    from rabta.emulate.feed.sky import LEAST_STEP_S, MOST_STEP_S
    from rabta.emulate.subrun import over as builder
    from rabta.emulate.subrun.access import Span
    from rabta.emulate.subrun.named import wishes
    from rabta.times import parse_utc

    if not LEAST_STEP_S <= step_ms / 1e3 <= MOST_STEP_S:
        raise RabtaError("out of range", key="--step", value=step_ms, exit_code=EXIT_USAGE,
                         expected=f"{1e3 * LEAST_STEP_S:g} to {1e3 * MOST_STEP_S:g} ms")  # fmt: skip
    wanted, given = wishes(hosts), source(name)
    begin = given.begin if start is None else np.datetime64(parse_utc(start).replace(tzinfo=None), "ns")
    span = Span(begin, seconds)
    return builder.build(given, builder.Under(over, wanted, to, span, access, step_ms / 1e3))


def activities(found: Subrun, traffic: str, seconds: float) -> tuple[Activity, ...]:
    """Every kind of traffic for every user."""
    from rabta.cli.emulate import work

    return tuple(
        one for user in found.users for one in work.activities(traffic, user, found.server.name, seconds)
    )


def tell(found: Subrun) -> None:
    """Print what the plan gives each host, and what is assumed."""
    for host in found.about["hosts"]:
        rtt = host["rtt_ms"]
        between = (
            "no way"
            if rtt["mean"] is None
            else f"{rtt['least']} to {rtt['most']} ms, {rtt['mean']} in the mean"
        )
        print(
            f"{host['name']} ({host['hexagon']}, {host['how']}): {host['technology']}, "
            f"{len(host['users'])} users"
        )
        rates = [rate for _, rate in host["down_mbps"]]
        print(
            f"  {min(rates):g} to {max(rates):g} Mbit/s down; round trip {between}; {host['changes']} changes"
        )
        assumed = [f"{one['what']} {_said(one['value'])} {one['unit']}"
                   for one in host["figures"] if one["assumed"]]  # fmt: skip
        print(f"  assumed: {', '.join(assumed)}")
    for one in found.about["without"]:
        print(
            f"  lost: {one['name']} from {one['from_s']:g} s on"
            + (f" to {one['to_s']:g} s" if one["to_s"] else "")
        )


def _said(value: float | list[float]) -> str:
    """A figure in words: a number, or from one to another.

    Examples
    --------
    >>> _said(0.1), _said([30.0, 50.0])
    ('0.1', '30 to 50')
    """
    return " to ".join(f"{one:g}" for one in value) if isinstance(value, list) else f"{value:g}"
