"""``rabta modem``: bytes to IQ samples, over a satellite's pass, and back."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Software modem: bytes to IQ samples, over a satellite's pass, and back.", no_args_is_help=True
)
