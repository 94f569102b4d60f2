"""``rabta pnt``: navigation beyond one position: files, samples, integrity, attacks, service."""

from __future__ import annotations

import typer

from rabta.cli.pnt.b2b import b2b
from rabta.cli.pnt.files import files
from rabta.cli.pnt.holdover import holdover
from rabta.cli.pnt.integrity import integrity
from rabta.cli.pnt.samples import samples
from rabta.cli.pnt.sky import fleet, sky
from rabta.cli.pnt.stream import stream
from rabta.cli.pnt.watch import watch

app = typer.Typer(
    help="Navigation: read files and samples, prove integrity, find lies, map the service.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Navigation: read files and samples, prove integrity, find lies, map the service."""


app.command()(b2b)
app.command()(files)
app.command()(stream)
app.command()(integrity)
app.command()(holdover)
app.command()(samples)
app.command()(sky)
app.command()(fleet)
app.command()(watch)
