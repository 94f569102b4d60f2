"""``rabta verify``: published numbers against ours."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from rabta.verify import Row


def verify(
    suite: Annotated[
        str | None, typer.Argument(help="Suite or domain (space, radio, transport) to run; all if left out")
    ] = None,
    files: Annotated[Path | None, typer.Option(help="Folder of reference files for the suite")] = None,
    failures: Annotated[bool, typer.Option("--failures", help="Print only rows that fail or miss")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Recompute published numbers; exit code 1 when a row fails. A prediction that misses is no failure."""
    from rabta import verify as verify_

    if files is not None and suite is None:
        known = ", ".join(s.name for s in verify_.suites().values() if s.needs)
        raise RabtaError("--files needs a suite", expected=f"one of {known}", exit_code=EXIT_USAGE)
    known_suites = verify_.suites()
    names = verify_.members(suite) if suite else list(known_suites)
    needy = [name for name in names if known_suites[name].needs]
    if files is not None and not needy:
        raise RabtaError("the suite takes no files", key="suite", value=suite, exit_code=EXIT_USAGE)
    alone = len(names) == 1
    if files is not None:
        needy = [name for name in needy if alone or known_suites[name].takes(files)]
    if files is not None and not needy:
        raise RabtaError("no suite finds its files there", file=files, key="suite", value=suite)
    results = {name: verify_.run(name, files if name in needy else None) for name in names}
    if json_:
        print(
            json.dumps({"suites": {name: record(rows) for name, rows in results.items()}}, ensure_ascii=False)
        )
    else:
        for name, rows in results.items():
            _print(verify_.suites()[name], rows, failures=failures)
    if any(row.status == "FAIL" for rows in results.values() for row in rows):
        raise typer.Exit(1)


def record(rows: list[Row]) -> dict[str, Any]:
    """Rows of a suite as plain data."""
    fields = ("name", "ours", "theirs", "difference", "tolerance", "passed", "gate", "status", "source")
    return {
        **counts(rows),
        "rows": [{field: _finite(getattr(row, field)) for field in fields} for row in rows],
    }


def counts(rows: list[Row]) -> dict[str, int]:
    """Rows by what became of them; predictions that miss, and rows that compare nothing, are no failures."""
    words = {"passed": "ok", "failed": "FAIL", "missed": "miss", "shown": "shown"}
    return {word: sum(row.status == status for row in rows) for word, status in words.items()}


def _finite(value: Any) -> Any:
    """JSON has no NaN or infinity; they become null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(suite: Any, rows: list[Row], *, failures: bool) -> None:
    found = counts(rows)
    shown = ", ".join(f"{n} {word}" for word, n in found.items() if n or word in ("passed", "failed"))
    needs = f"  (with --files: {suite.needs})" if suite.needs else ""
    print(f"\n{suite.name}: {suite.title}: {shown}{needs}")
    for row in rows:
        if not failures or row.status in ("FAIL", "miss"):
            numbers = f"ours {row.ours:<12.6g} theirs {row.theirs:<12.6g} diff {row.difference:<+11.3g}"
            print(f"  {row.status:<5} {row.name:<56} {numbers} tol {row.tolerance:<8.2g} [{row.source}]")
