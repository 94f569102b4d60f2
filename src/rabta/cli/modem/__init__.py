"""``rabta modem``: bytes to IQ samples, over a satellite's pass, and back."""

from __future__ import annotations

import typer

from rabta.cli.modem import files, over, through

app = typer.Typer(
    help="Software modem: bytes to IQ samples, over a satellite's pass, and back.", no_args_is_help=True
)
app.command("send")(files.send)
app.command("channel")(through.channel)
app.command("receive")(files.receive)
app.command("pass")(over.pass_)
app.command("info")(files.info)
