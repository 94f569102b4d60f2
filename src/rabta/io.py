"""Reading and writing files safely: atomic writes, clear errors."""

from __future__ import annotations

import os
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from rabta.errors import RabtaError


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file, or say the file and the line that is wrong."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RabtaError("file not found", file=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RabtaError(f"not valid TOML: {error}", file=path, expected="TOML 1.0, UTF-8") from error


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file whole or not at all."""
    raw = data.encode() if isinstance(data, str) else data
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
