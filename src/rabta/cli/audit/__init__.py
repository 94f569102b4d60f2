"""``rabta audit``: an append-only log, its witnesses, and what two nodes make of it when they meet."""

from __future__ import annotations

import typer

from rabta.cli.audit.logs import append, check, checkpoint, key, new, prove
from rabta.cli.audit.views import compare, judge, policy, verify
from rabta.cli.audit.witness import witness

app = typer.Typer(
    help="Audit: keep an append-only log, have it witnessed, prove entries, find split views.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Audit: keep an append-only log, have it witnessed, prove entries, find split views."""


for command in (key, new, append, checkpoint, witness, policy, prove, verify, check, compare, judge):
    app.command()(command)
