"""``rabta compare``: two runs side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def compare(
    a: Annotated[str, typer.Argument(help="Run folder, or the start of a run's name (the newest)")],
    b: Annotated[str, typer.Argument(help="The run to hold against it")],
    by: Annotated[str, typer.Option(help="Column of the districts that ranks them")] = "npc_usd",
    rows: Annotated[int, typer.Option(help="Districts, pairs or cases to print")] = 10,
    html_: Annotated[Path | None, typer.Option("--html", help="Write one page to this file")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Show what differs between two runs: scenario, figures, mix, satellites, delays, failures, districts."""
    from rabta import io
    from rabta.cli.compare.differences import comparison
    from rabta.cli.compare.shown import page, show
    from rabta.cli.show import find_run
    from rabta.run import Run

    found = comparison(Run(find_run(runs, a)), Run(find_run(runs, b)), by=by, rows=rows)
    if html_ is not None:
        html_.parent.mkdir(parents=True, exist_ok=True)
        io.write_atomic(html_, page(found))
    if json_:
        print(json.dumps(asdict(found), ensure_ascii=False, allow_nan=False))
        return
    show(found)
    if html_ is not None:
        print(f"page: {html_}")
