"""``rabta run``: from a scenario to a run folder and its report."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import EXIT_INTERRUPTED, EXIT_USAGE, RabtaError

INTERRUPTED = "interrupted: finished parts are kept, the same command resumes"


def run(
    scenario: Annotated[str, typer.Argument(help="Name or file of a scenario")] = "pakistan",
    resolution: Annotated[int | None, typer.Option(help="H3 resolution of the cells (4 to 7)")] = None,
    hours: Annotated[float | None, typer.Option(help="Length of the simulated span")] = None,
    step: Annotated[float | None, typer.Option(help="Seconds between instants")] = None,
    constellation: Annotated[list[str] | None, typer.Option(help="Catalog entry; repeat for several")] = None,
    catalogue: Annotated[
        str | None, typer.Option(help="TLE or OMM file, folder or URL of real satellites")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any key, as in --set plan.floor_mbps=20")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
    workers: Annotated[int, typer.Option(help="Local processes; results are the same bits")] = 1,
    dask: Annotated[str, typer.Option(help="Dask: local:N, or a scheduler's address")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
) -> None:
    """Simulate, plan and report; prints a summary and the report's path."""
    from rabta import run as runs_
    from rabta import scenario as scenarios
    from rabta.engine.progress import Lines

    options = {
        "nation.resolution": resolution,
        "time.hours": hours,
        "time.step_s": step,
        "space.constellations": constellation or None,
        "space.catalogue": catalogue,
    }
    overrides = {key: value for key, value in options.items() if value is not None}
    overrides |= parse_settings(set_ or [])
    job = runs_.Job(scenarios.load(scenarios.find(scenario), overrides))
    with Lines() as progress:
        try:
            done = job.run(runs, progress=progress, workers=workers, dask=dask)
        except KeyboardInterrupt:
            raise RabtaError(INTERRUPTED, exit_code=EXIT_INTERRUPTED) from None
    print_summary(done, json_=json_)


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """Values of ``key=value`` texts; the value is TOML, or a plain text.

    Examples
    --------
    >>> parse_settings(["plan.years=5", "name=test"])
    {'plan.years': 5, 'name': 'test'}
    """
    found: dict[str, Any] = {}
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator or not key.strip():
            raise RabtaError(
                "not a setting", key="--set", value=setting, expected="key=value", exit_code=EXIT_USAGE
            )
        try:
            found[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = text
    return found


def print_summary(done: Any, *, json_: bool) -> None:
    """Closing table, or the same figures as JSON."""
    summary = done.summary()
    if json_:
        print(json.dumps(record(done), ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=done.provenance["title"], show_header=False, title_justify="left")
    for label, value in summary.items():
        table.add_row(label, str(value))
    console = Console()
    console.print(table)
    minutes = f"{done.provenance['wall_s']:.1f} s, {done.provenance['peak_memory_mb']} MB at most"
    console.print(f"{minutes}\nreport: {done.report}", highlight=False, soft_wrap=True)


def record(done: Any) -> dict[str, Any]:
    """A run as plain data: places, headline and plan figures with units, the mix."""
    figures = done.tables["plan_summary"]
    return {
        "run": str(done.folder),
        "report": str(done.report),
        "wall_s": done.provenance["wall_s"],
        "peak_memory_mb": done.provenance["peak_memory_mb"],
        "headline": done.headline(),
        "figures": {row.key: {"value": row.value, "unit": row.unit} for row in figures.itertuples()},
        "mix": json.loads(done.tables["plan_mix"].to_json(orient="records")),
    }
