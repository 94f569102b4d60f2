"""``rabta overlay log``: what a node wrote to its audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

SHORT = 16


def log(
    folder: Annotated[Path, typer.Argument(help="Folder of the log")],
    first: Annotated[int, typer.Option(help="First entry")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, whole identifiers")] = False,
) -> None:
    """Print a node's leaves: entry, what happened, the peer's identifier, details.

    As far as the newest checkpoint goes. Names of refused peers were claimed, not proven. Who does not trust
    the folder checks it first: rabta audit check.
    """
    from rabta.security.audit.log import Log

    with Log.open(folder) as kept:
        raws = kept.entries(min(first, kept.size), kept.size)
    for number, raw in enumerate(raws, first):
        kind, peer, detail = _leaf(raw)
        if json_:
            told = {"entry": number, "kind": kind, "peer": peer, "detail": detail}
            print(json.dumps(told, ensure_ascii=False))
        else:
            print(f"{number}: {kind} {peer[:SHORT]} {detail}".rstrip())


def _leaf(raw: bytes) -> tuple[str, str, str]:
    """Kind, peer and details of a leaf; other entries of the log show as such."""
    from rabta.security.core import Rejected, cbor

    try:
        found = cbor.decode(raw)
    except Rejected:
        found = None
    if not isinstance(found, list) or [type(one) for one in found] != [str, bytes, bytes, str]:
        return "other", "", f"{len(raw)} bytes"
    kind, _, peer, detail = found
    return _printable(kind), peer.hex(), _printable(detail)


def _printable(text: str) -> str:
    """Text without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
