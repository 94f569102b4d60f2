"""The next epoch: who is revoked, for officers to sign."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabta.cli.audit._common import content, say, write
from rabta.cli.keys.issuing import Json, Out

if TYPE_CHECKING:
    from rabta.security.identity.credential import Claims

MOST_HEADER = 1 << 26
MOST_REVOKED = 3500
"""Revoked that a statement holds with its signatures, within what a log takes as an entry (65,535 bytes)."""


def draft(
    number: Annotated[int, typer.Argument(help="Number of the epoch, above the one before")],
    out: Out,
    revoke: Annotated[list[Path] | None, typer.Option(help="Credential or bundle to revoke; repeat")] = None,
    after: Annotated[Path | None, typer.Option(help="Statement before, whose revoked are kept")] = None,
    root_: Annotated[Path | None, typer.Option("--root", help="Root, to check the statement before")] = None,
    drop: Annotated[
        list[Path] | None,
        typer.Option(help="Revoked credential that has expired by this epoch: leave it out"),
    ] = None,
    header: Annotated[
        Path | None, typer.Option(help="Group header of this epoch, of rabta overlay group header")
    ] = None,
    json_: Json = False,
) -> None:
    """Draft an epoch: officers sign it, ``rabta keys issue`` joins and logs it. Epochs expire and revoke."""
    from rabta.errors import RabtaError
    from rabta.security.identity import epochs
    from rabta.security.identity.roots import RootPolicy

    gone = epochs.short(_identifier(path) for path in revoke or [])
    if after is not None:
        if root_ is None:
            raise RabtaError("the statement before is checked by the root", key="--root", expected="its file")
        before = epochs.read(content(after), RootPolicy.decode(content(root_)))
        if before.number >= number:
            raise RabtaError(
                "epochs only go up", key="number", value=number, expected=f"above {before.number}"
            )
        gone |= before.revoked
    gone -= epochs.short(_expired(path, number) for path in drop or [])
    if len(gone) > MOST_REVOKED:
        raise RabtaError(
            "more are revoked than one statement holds", key="--revoke", value=len(gone),
            expected=f"at most {MOST_REVOKED}: --drop expired ones, leave many to the group's header",
        )  # fmt: skip
    group = b"" if header is None else _group(header, number, revoke or [])
    made = epochs.Epoch(number, gone, group, time=int(time.time()))
    write(out, made.encode())
    told = {"epoch": number, "revoked": len(gone), "draft": str(out)}
    say(told | ({"header": group.hex()} if group else {}), json_)


def _group(header: Path, number: int, revoke: list[Path]) -> bytes:
    """Hash of a group's header, where it is this epoch's and leaves out those who are revoked with it."""
    from rabta.errors import RabtaError
    from rabta.security.groups.header import parse

    found = parse(content(header, MOST_HEADER))
    if found.epoch != number:
        raise RabtaError("a group header of another epoch", key="--header", file=header, value=found.epoch,
                         expected=str(number))  # fmt: skip
    for path in revoke:
        claims = _claims(path)
        if claims.device >= 0 and found.covers(claims.device):
            raise RabtaError(f"the group header still gives the key to {claims.name}", key="--header",
                             file=header, expected="one made with --revoke of the same")  # fmt: skip
    return found.leaf()


def _credential(path: Path) -> bytes:
    """Credential of a file, by itself or in a bundle."""
    from rabta.security.core import Rejected
    from rabta.security.identity.issue import Bundle

    raw = content(path)
    try:
        return Bundle.decode(raw).credential
    except Rejected:
        return raw


def _identifier(path: Path) -> bytes:
    from rabta.security.identity.credential import identifier

    return identifier(_credential(path))


def _claims(path: Path) -> Claims:
    """What a credential claims; nothing of it is verified here, for it is to be revoked."""
    from rabta.security.identity import cose
    from rabta.security.identity.credential import CREDENTIAL, Claims

    return Claims.decode(cose.parse(_credential(path), CREDENTIAL).payload)


def _expired(path: Path, number: int) -> bytes:
    """Identifier of a credential that does not hold any more in an epoch."""
    from rabta.errors import RabtaError

    claims = _claims(path)
    if claims.last >= number:
        raise RabtaError("a credential that still holds must stay revoked", key="--drop", file=path,
                         value=f"last epoch {claims.last}", expected=f"below {number}")  # fmt: skip
    return _identifier(path)
