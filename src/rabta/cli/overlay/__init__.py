"""``rabta overlay``: the secure overlay."""

from __future__ import annotations

import typer

from rabta.cli.overlay import bundles

app = typer.Typer(help="Secure overlay: sessions, bundles.", no_args_is_help=True)
app.add_typer(bundles.app, name="bundles")
