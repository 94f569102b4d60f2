"""``rabta pnt files``: what files of receivers and analysis centres hold; RINEX to another version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from rabta.pnt.records import Navigation, Observations

_SHOWN = 20  # notes that are printed; JSON holds all


def files(
    paths: Annotated[list[Path], typer.Argument(help="RINEX, SP3, CLK, ANTEX, IONEX, SINEX; also packed")],
    write: Annotated[
        Path | None, typer.Option(help="Write RINEX here; several navigation files are merged")
    ] = None,
    version: Annotated[float, typer.Option(help="RINEX version to write: 3.05 or 4.02")] = 4.02,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Kind, version, times, satellites, codes and records of files, and what in them cannot be used."""
    from rabta.cli.pnt import _content

    found, things = [], []
    for path in paths:
        told, thing = _content.describe(path)
        found.append(told)
        things.append(thing)
    said = [] if write is None else list(_write(things, write, version))
    if json_:
        print(
            json.dumps(found if write is None else {"files": found, "not_written": said}, ensure_ascii=False)
        )
        return
    for told in found:
        _print(told)
    if write is not None:
        print(f"wrote {write}, RINEX {version:.2f}")
        for text in said:
            print(f"  not written: {text}")


def _write(things: list[Observations | Navigation | None], path: Path, version: float) -> tuple[str, ...]:
    """Write one observation file or all navigation files as one; returns what the version cannot hold."""
    from rabta.pnt import rinex
    from rabta.pnt.records import Navigation, Observations

    navs = [thing for thing in things if isinstance(thing, Navigation)]
    if navs and len(navs) == len(things):
        return rinex.write_navigation(rinex.merge(navs), path, version)
    if len(things) == 1 and isinstance(things[0], Observations):
        return rinex.write_observations(things[0], path, version)
    raise RabtaError(
        "these files cannot be written as one RINEX file",
        key="--write",
        expected="one observation file, or navigation files alone",
        exit_code=EXIT_USAGE,
    )


def _print(told: dict[str, Any]) -> None:
    version = f", version {told['version']}" if "version" in told else ""
    print(f"{told['file']}: {told['kind']}{version}")
    for key, value in told.items():
        if key in ("file", "kind", "version", "notes", "systems", "satellites") or value in (None, {}, 0):
            continue
        print(f"  {key.replace('_', ' ')}: {_value(value)}")
    for letter, one in told.get("systems", {}).items():
        names = one["satellites"]
        print(f"  {letter}: {one['rows']:,} rows, {len(names)} satellites: {' '.join(names)}")
        print(f"     {', '.join(f'{code} {count:,}' for code, count in one['values'].items())}")
    for letter, names in told.get("satellites", {}).items():
        print(f"  {letter}: {len(names)} satellites: {' '.join(names)}")
    notes = told["notes"]
    for note in notes[:_SHOWN]:
        print(f"  note: {note}")
    if len(notes) > _SHOWN:
        print(f"  and {len(notes) - _SHOWN} more notes; --json has them all")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items())
    if isinstance(value, list | tuple):
        return " ".join(f"{x:.4f}" if isinstance(x, float) else str(x) for x in value[:12])
    return f"{value:,}" if isinstance(value, int) else str(value)
