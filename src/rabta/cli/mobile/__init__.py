"""``rabta mobile``: what an operator of cells would simulate."""

from __future__ import annotations

import typer

from rabta.cli.mobile import cells, city, sensing

app = typer.Typer(
    help="Cells, on the ground and from above: simulate what an operator would.", no_args_is_help=True
)
app.command("cells")(cells.cells)
app.command("city")(city.city)
app.command("sensing")(sensing.sensing)


@app.callback()
def group() -> None:
    """Cells, on the ground and from above: simulate what an operator would."""
