"""``rabta show`` and ``rabta report``: what a run found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError, nearest


def show(
    run: Annotated[
        str | None, typer.Argument(help="Run folder or the start of its name; newest if left out")
    ] = None,
    table: Annotated[str | None, typer.Option(help="Table to print, as in --table districts")] = None,
    rows: Annotated[int, typer.Option(help="Rows to print")] = 20,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Print a run's summary, or one of its tables."""
    from rabta.cli.run import print_summary
    from rabta.run import Run

    done = Run(find_run(runs, run))
    if table is None:
        print_summary(done, json_=json_)
        return
    if table not in done.tables:
        raise RabtaError(
            "no such table in the run", key="--table", value=table, expected=nearest(table, done.tables)
        )
    print_table(done.tables[table].head(rows), json_=json_)


def report(
    run: Annotated[
        str | None, typer.Argument(help="Run folder or the start of its name; newest if left out")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
) -> None:
    """Write a run's report again, with what was emulated in its folder since."""
    from rabta.report import build

    typer.echo(build(find_run(runs, run)))


def find_run(runs: Path, name: str | None) -> Path:
    """Run folder by path, by the start of its name, or the newest."""
    if name is not None and (Path(name) / "provenance.json").is_file():
        return Path(name)
    found = [p.parent for p in runs.glob("[!.]*/provenance.json")]
    match = [p for p in found if name is None or p.name.startswith(name)]
    if match:
        return max(match, key=lambda p: p.stat().st_mtime)
    known = (
        nearest(name or "", [p.name for p in found]) if found else "a run; make one with: rabta run pakistan"
    )
    raise RabtaError("no such run", file=runs, value=name, expected=known, exit_code=EXIT_USAGE)


def print_table(frame: Any, *, json_: bool) -> None:
    """A table as text or as JSON records."""
    if json_:
        print(json.dumps(json.loads(frame.to_json(orient="records")), ensure_ascii=False))
    else:
        print(frame.to_string(index=False))
