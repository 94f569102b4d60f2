"""``rabta mobile``: what an operator of cells would simulate."""

from __future__ import annotations

import typer

from rabta.cli.mobile import bler, cells, city, corridor, handover, sensing, timing

app = typer.Typer(
    help="Cells, on the ground and from above: simulate what an operator would.", no_args_is_help=True
)
app.command("bler")(bler.bler)
app.command("cells")(cells.cells)
app.command("city")(city.city)
app.command("sensing")(sensing.sensing)
app.command("corridor")(corridor.corridor)
app.command("handover")(handover.handover)
app.command("timing")(timing.timing)


@app.callback()
def group() -> None:
    """Cells, on the ground and from above: simulate what an operator would."""
