"""``rabta pnt``: navigation beyond one position: files, samples, integrity, attacks, service."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Navigation: read files and samples, prove integrity, find lies, map the service.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Navigation: read files and samples, prove integrity, find lies, map the service."""
