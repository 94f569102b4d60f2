"""``rabta keys token``: signing keys in a PKCS#11 token."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.security.keystore.token import Token, TokenSigner

MOST = 1 << 24

app = typer.Typer(help="Signing keys in a PKCS#11 token.", no_args_is_help=True)

Label = Annotated[str, typer.Argument(help="Label of the token")]
Name = Annotated[str, typer.Argument(help="Name of the key")]
Module = Annotated[
    Path, typer.Option(envvar="RABTA_PKCS11", help="The maker's PKCS#11 library, or RABTA_PKCS11")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]


@app.callback()
def group() -> None:
    """Signing keys in a PKCS#11 token; its PIN is asked for or comes from RABTA_PIN."""


def opened(module: Path, label: str) -> Token:
    """Open a token with the PIN of the environment or of the terminal; never of an argument."""
    from rabta.security.keystore.token import PIN, Token

    pin = os.environ.get(PIN)
    if pin is None:
        if not sys.stdin.isatty():
            raise RabtaError("the token needs its PIN", key=PIN, expected="the variable or a terminal")
        import getpass

        pin = getpass.getpass("PIN: ")
    return Token(module, label, pin)


@app.command()
def new(label: Label, name: Name, module: Module, json_: Json = False) -> None:
    """Make a composite signing key (ML-DSA-87 and Ed25519) in a token."""
    with opened(module, label) as token:
        _say(token.create(name), json_)


@app.command()
def show(
    label: Label,
    module: Module,
    name: Annotated[str | None, typer.Argument(help="Name of a key; all where none is given")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write its public key to")] = None,
    json_: Json = False,
) -> None:
    """Show the signing keys of a token, or the public key of one."""
    with opened(module, label) as token:
        if name is None:
            print(json.dumps(token.names(), ensure_ascii=False) if json_ else "\n".join(token.names()))
            return
        signer = token.open(name)
    if out:
        _write(out, signer.public.raw)
    _say(signer, json_)


@app.command()
def sign(
    label: Label,
    name: Name,
    file: Annotated[Path, typer.Argument(help="File to sign")],
    context: Annotated[str, typer.Option(help="What the signature is for, as the verifier expects it")],
    out: Annotated[Path, typer.Option("--out", help="Signature to write, 4,691 bytes")],
    module: Module,
) -> None:
    """Sign a file with a key of a token."""
    try:
        with file.open("rb") as stream:
            message = stream.read(MOST + 1)
    except OSError as error:
        raise RabtaError(f"the file cannot be read: {error.strerror}", file=file) from None
    if len(message) > MOST:
        raise RabtaError("the file is too long", file=file, expected=f"at most {MOST} bytes")
    with opened(module, label) as token:
        _write(out, token.open(name).sign(message, context.encode()))
    print(f"signature: {out}")


def _write(path: Path, raw: bytes) -> None:
    try:
        path.write_bytes(raw)
    except OSError as error:
        problem = f"the file cannot be written: {error.strerror}"
        raise RabtaError(problem, file=path, exit_code=EXIT_SYSTEM) from None


def _say(signer: TokenSigner, as_json: bool) -> None:
    told = {"name": signer.name, "sha384": hashlib.sha384(signer.public.raw).hexdigest()}
    print(
        json.dumps(told, ensure_ascii=False) if as_json else "\n".join(f"{k}: {v}" for k, v in told.items())
    )
