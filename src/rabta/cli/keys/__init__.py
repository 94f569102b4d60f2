"""``rabta keys``: who a node is, from the officers' root to a bundle that peers accept."""

from __future__ import annotations

import typer

from rabta.cli.keys import token
from rabta.cli.keys.epochs import draft
from rabta.cli.keys.files import check, show
from rabta.cli.keys.issuing import bundle, issue, officer, request, root, rotate, sign

app = typer.Typer(
    help="Keys: officers and their root, nodes' requests and credentials, epochs that revoke.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Keys: officers and their root, nodes' requests and credentials, epochs that revoke."""


for command in (officer, root, rotate, request, sign, issue, bundle, show, check):
    app.command()(command)
app.command("epoch")(draft)
app.add_typer(token.app, name="token")
