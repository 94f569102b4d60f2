"""Keys, policies, files and answers of the commands."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.security.audit.notes import Signing
    from rabta.security.audit.policy import Policy

PASSPHRASE = "RABTA_PASSPHRASE"  # noqa: S105 (the name of a variable)
MOST = 1 << 20


def say(told: dict[str, Any], as_json: bool) -> None:
    """Print fields, as JSON or one a line."""
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for name, item in told.items():
        if isinstance(item, list):
            print(f"{name}: {len(item)}" if not item else f"{name}:")
            print("".join(f"  {line}\n" for line in item), end="")
        else:
            print(f"{name}: {item}")


def passphrase() -> str:
    """Passphrase of the environment or asked for; never an argument, which others could see."""
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise RabtaError(
            "the key file needs a passphrase", key=PASSPHRASE, expected="the variable or a terminal"
        )
    import getpass

    return getpass.getpass("passphrase: ")


def keys(path: Path, sealed: bool) -> tuple[Signing, ...]:
    """Keys of a log or witness from their file."""
    from rabta.security.audit import keys as stored

    return stored.load(path, passphrase() if sealed else None)


def content(path: Path, most: int = MOST) -> bytes:
    """Bytes of a file that someone gave."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(most + 1)
    except OSError as error:
        raise RabtaError(f"the file cannot be read: {error.strerror}", file=path) from None
    if len(raw) > most:
        raise RabtaError("the file is too long", file=path, expected=f"at most {most} bytes")
    return raw


def write(path: Path, raw: bytes) -> None:
    """Write a file that holds nothing secret."""
    try:
        path.write_bytes(raw)
    except OSError as error:
        raise RabtaError(
            f"the file cannot be written: {error.strerror}", file=path, exit_code=EXIT_SYSTEM
        ) from None


def policy_of(path: Path) -> Policy:
    """Policy of a TOML file: ``origin``, ``quorum``, ``log`` and ``witnesses`` (verifier keys)."""
    import tomllib

    from rabta.security.audit.policy import Policy
    from rabta.security.core import Rejected

    try:
        return Policy.of(tomllib.loads(content(path).decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise RabtaError("the policy is no TOML", file=path) from None
    except Rejected as error:
        raise RabtaError(f"the policy: {error.problem}", file=path, expected=error.expected) from None
