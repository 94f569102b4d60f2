"""`rabta airspace batch` and `traffic`: flights planned at once, and aircraft kept apart in the air."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")]


def batch(
    flights: Annotated[Path, typer.Argument(help="JSON file of flights and rules.")],
    out: Annotated[Path, typer.Option(help="File for the plan.")],
    check: Annotated[bool, typer.Option(help="Check the plan by other programs.")] = True,
    json_: Json = False,
) -> None:
    """Plan many flights in continuous time, none in another's way: delays, layers, lines led aside."""
    from rabta.airspace.batch import checks, deconflict
    from rabta.airspace.batch.flights import read

    given = read(flights)
    with _bar("flights", len(given.flights), json_) as told:
        plan = deconflict.solve(given, each=told)
    said = deconflict.told(plan)
    found: dict[str, Any] = deconflict.summary(plan)
    if check:
        wrong = [*checks.overlaps(said), *checks.outside(said)]
        found["checked"] = {"wrong": wrong[:20], "least_separation": round(checks.closest(said)[0], 4)}
    _write(out, said)
    _tell(found, json_)
    if check and wrong:
        raise typer.Exit(1)


def traffic(
    file: Annotated[
        Path | None, typer.Argument(help="JSON file of aircraft; without it they are drawn.")
    ] = None,
    count: Annotated[int, typer.Option(help="Aircraft to draw.")] = 2_000,
    side_km: Annotated[float, typer.Option(help="Side of the square that they are drawn in.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 1,
    seconds: Annotated[int, typer.Option(help="Seconds to fly.")] = 300,
    radius_m: Annotated[float, typer.Option(help="Horizontal separation.")] = 50.0,
    half_m: Annotated[float, typer.Option(help="Vertical separation.")] = 30.0,
    avoid: Annotated[bool, typer.Option(help="Whether aircraft avoid each other.")] = True,
    json_: Json = False,
) -> None:
    """Fly aircraft for a while: alerts of detect and avoid, losses of separation, changes of plan."""
    from rabta.airspace.tactical import Airspace, Rule, drawn, read
    from rabta.errors import RabtaError

    for key, value, most in (
        ("--count", count, 200_000),
        ("--side-km", side_km, 2_000),
        ("--seconds", seconds, 86_400),
    ):
        if not 0 < value <= most:
            raise RabtaError("an option that cannot be", key=key, value=value, expected=f"1 to {most}")
    given = drawn(count, 1e3 * side_km, seed) if file is None else read(file)
    air = Airspace(given, Rule(radius_m=radius_m, half_m=half_m), avoiding=avoid)
    with _bar("seconds", seconds, json_) as told:
        found = air.run(seconds, told)
    closest = sorted(found.least.items(), key=lambda one: one[1])[:20]
    rows = [{"pair": [given.names[i], given.names[j]], "least_of_separation": round(share, 3),
             "seconds": found.losses[i, j]} for (i, j), share in closest]  # fmt: skip
    _tell({"aircraft": len(given), **found.summary(), "closest": rows}, json_)


def _bar(words: str, total: int, quiet: bool) -> Any:
    """Bar of progress on a terminal's error stream; a function that is told how much is done."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def shown() -> Any:
        console = Console(stderr=True)
        off = quiet or not console.is_terminal
        with Progress(console=console, transient=True, disable=off) as bar:
            task = bar.add_task(words, total=total)
            yield lambda done: bar.update(task, completed=done)

    return shown()


def _write(path: Path, said: dict[str, Any]) -> None:
    from rabta.errors import RabtaError

    try:
        path.write_text(json.dumps(said), encoding="utf-8")
    except OSError as error:
        raise RabtaError("a file that cannot be written", file=path, value=error.strerror) from None


def _tell(found: dict[str, Any], json_: bool) -> None:
    if json_:
        typer.echo(json.dumps(found))
        return
    for key, value in found.items():
        typer.echo(f"{key.replace('_', ' '):32s} {value}")
