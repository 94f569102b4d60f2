"""``rabta sensitivity``: what moves a figure of the plan most, one parameter at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_INTERRUPTED, RabtaError, nearest

if TYPE_CHECKING:
    from rabta.plan.costs import Range
    from rabta.plan.pricing import Asked
    from rabta.run import Run
    from rabta.scenario import Scenario
    from rabta.twin import Twin

SHARE = "transport.national_share_percent"
SLOW = ("radio.availability_percent",)  # links over time have to be worked out again
TOP = 15


def sensitivity(
    target: Annotated[str, typer.Argument(help="Scenario, run folder, or the start of a run's name")],
    figure: Annotated[
        str, typer.Option(help="Figure of the plan's summary that answers")
    ] = "npc_per_household_usd",
    full: Annotated[
        bool, typer.Option("--full", help="Run every case through the cache; minutes instead of seconds")
    ] = False,
    rows: Annotated[int, typer.Option(help="Rows to print")] = TOP,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Move each price and assumption to both ends of its range; writes table and report of the run."""
    from rabta import report
    from rabta.cli.run import INTERRUPTED
    from rabta.cli.show import print_table

    done = find(target, runs)
    twin = twin_of(done)
    try:
        table = quick(twin, figure)
        table = in_full(twin.scenario, table, figure) if full else table
    except KeyboardInterrupt:
        raise RabtaError(INTERRUPTED, exit_code=EXIT_INTERRUPTED) from None
    table.to_parquet(done.folder / "tables" / "sensitivity.parquet", index=False)
    report.build(done.folder)
    shown = table.head(rows)
    print_table(shown if json_ else shown.drop(columns=["figure", "source"]), json_=json_)
    if not json_:
        print(f"{figure}; {len(table)} parameters\nreport: {done.report}")


def find(target: str, runs: Path) -> Run:
    """A run that is there, or the scenario's own, run now where it has not been."""
    from rabta import scenario as scenarios
    from rabta.cli.show import find_run
    from rabta.engine.progress import Lines
    from rabta.run import Job, Run

    if (Path(target) / "provenance.json").is_file():
        return Run(Path(target))
    try:
        path = scenarios.find(target)
    except RabtaError:
        return Run(find_run(runs, target))
    with Lines() as progress:
        return Job(scenarios.load(path)).run(runs, progress=progress)


def twin_of(run: Run) -> Twin:
    """Twin of a finished run, from its folder."""
    from rabta import scenario as scenarios
    from rabta.engine.chunks import all_times
    from rabta.twin import Twin

    scenario = scenarios.load(run.folder / "scenario.toml")
    arrays = {str(name): array for name, array in run.arrays.items()}
    return Twin(scenario, all_times(scenario), dict(run.tables), arrays)


def quick(twin: Twin, figure: str) -> Any:
    """Table ``sensitivity`` by planning anew at the satellites' capacities of the run."""
    from rabta.plan import pricing
    from rabta.plan.stages import national_problem

    asked = national_problem(twin)
    known = pricing.Again(asked).at(asked.prices)[0]
    if figure not in known:
        raise RabtaError("no such figure", key="--figure", value=figure, expected=nearest(figure, known))
    priced = pricing.tornado(asked, figure, None).to_dict("records")
    rows: list[Mapping[str, object]] = [{str(k): value for k, value in row.items()} for row in priced]
    rows += pricing.assumed(asked, figure)
    for key, r in others(asked, twin.scenario).items():
        ends = [_moved(twin, key, value, figure) for value in (r.low, r.high)]
        rows.append(pricing.row(key, r, figure, (ends[0], known[figure], ends[1])))
    return pricing.sorted_table(rows, None)


def others(asked: Asked, scenario: Scenario) -> dict[str, Range]:
    """Assumptions that more than the plan reads, around the scenario's own values."""
    from rabta.plan import costs, pricing

    found = {}
    for key, r in costs.assumptions(asked.book).items():
        section, name = key.split(".")
        if name not in pricing.PLAN_KEYS and key not in SLOW:
            found[key] = pricing.around(r, float(getattr(getattr(scenario, section), name)))
    return found


def _moved(twin: Twin, key: str, value: float, figure: str) -> float:
    from rabta.plan import pricing
    from rabta.plan.stages import national_problem

    asked = national_problem(elsewhere(twin, key, value))
    return pricing.Again(asked).at(asked.prices)[0][figure]


def elsewhere(twin: Twin, key: str, value: float) -> Twin:
    """The twin with one assumption moved, as far as stages without time go; satellites keep their capacity.

    The nation's share of the satellites scales that capacity.
    """
    from rabta import stage as stages
    from rabta.engine.work import at_once
    from rabta.run import all_stages
    from rabta.twin import wrap

    scenario = changed(twin.scenario, {key: value})
    made = replace(twin, scenario=scenario, tables=dict(twin.tables), arrays=dict(twin.arrays))
    if key == SHARE:
        _scale(made, value / twin.scenario.transport.national_share_percent)
        return made
    moved: set[str] = set()
    for item in stages.order(stages.select(all_stages(), scenario.providers)):
        reads = any(key == name or key.startswith(f"{name}.") for name in item.params)
        over_time = item.chunked or item.name.startswith("plan.")
        if over_time or not (reads or moved & set(item.reads)):
            continue
        for name, output in at_once(item, made).items():
            moved.add(name)
            if name in made.tables:
                made.tables[name] = output
            else:
                made.arrays[name] = wrap(name, output)
    return made


def _scale(twin: Twin, by: float) -> None:
    column = "satellite_capacity_mbps"
    for name in ("zones", "pools"):
        twin.tables[name] = twin.tables[name].assign(**{column: twin.tables[name][column] * by})
    for name in ("zone_capacity_mbps", "pool_capacity_mbps"):
        twin.arrays[name] = twin.arrays[name] * by


def changed(scenario: Scenario, settings: dict[str, float]) -> Scenario:
    """The scenario with dotted keys set."""
    from rabta import scenario as scenarios

    whole = scenario.model_dump(mode="json")
    for key, value in settings.items():
        *sections, name = key.split(".")
        node = whole
        for section in sections:
            node = node[section]
        node[name] = value
    return scenarios.validate(whole)


def in_full(scenario: Scenario, table: Any, figure: str) -> Any:
    """The widest rows and all assumptions by real runs; the other rows are left out."""
    from rich.progress import track

    from rabta.plan import costs, pricing

    rows = {str(row["parameter"]): row for row in table.to_dict("records")}
    slow = costs.assumptions(scenario.nation.name)
    for key in SLOW:
        section, name = key.split(".")
        known = pricing.around(slow[key], float(getattr(getattr(scenario, section), name)))
        rows[key] = pricing.row(key, known, figure, (0.0, 0.0, 0.0))
    wanted = [*list(rows)[:TOP], *(key for key in list(rows)[TOP:] if not key.startswith("plan.costs."))]
    base = _run(scenario, figure)
    found = []
    for key in track(wanted, description="what-if runs"):
        ends = [_run(changed(scenario, {key: float(rows[key][end])}), figure) for end in ("low", "high")]
        found.append({**rows[key], "figure_low": ends[0], "figure_base": base, "figure_high": ends[1]})
    return pricing.sorted_table(found, None)


def _run(scenario: Scenario, figure: str) -> float:
    import tempfile

    from rabta.engine.cache import Cache, default_folder
    from rabta.engine.evaluate import Engine
    from rabta.engine.progress import Silent
    from rabta.run import all_stages

    with tempfile.TemporaryDirectory(prefix="rabta-") as folder:
        store = Path(folder) / "arrays.zarr"
        twin = Engine(scenario, all_stages(), Cache(default_folder()), store, Silent()).run()
        found = twin.tables["plan_summary"].set_index("key")["value"]
        return float(found[figure])
