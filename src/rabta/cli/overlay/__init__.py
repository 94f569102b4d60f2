"""``rabta overlay``: the secure overlay."""

from __future__ import annotations

import typer

from rabta.cli.overlay import bundles, endpoints, groups, logs, simulated

app = typer.Typer(
    help="Secure overlay: sessions over the twin's paths and over UDP, bundles.", no_args_is_help=True
)
app.command("run")(simulated.run)
app.command("node")(endpoints.node)
app.command("listen")(endpoints.listen)
app.command("connect")(endpoints.connect)
app.command("forward")(endpoints.forward)
app.command("log")(logs.log)
app.add_typer(bundles.app, name="bundles")
app.add_typer(groups.app, name="group")
