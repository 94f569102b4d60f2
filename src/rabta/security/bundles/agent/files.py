"""Files of delivered bundles: named by what a stranger cannot choose, whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rabta.security.bundles.codec import Bundle, scan

MOST_LETTERS = 80


def name_of(item: Bundle) -> str:
    """File name of a bundle: something to read, and 16 hexadecimal digits of identifier and payload.

    The first part alone would let sources with long or similar names collide.
    """
    source, created, sequence, *_ = item.primary.identifier
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in source)
    whole = scan.array(scan.tstr(source), scan.uint(created), scan.uint(sequence), scan.bstr(item.payload))
    tail = f"_{created}_{sequence}"
    return f"{plain[: MOST_LETTERS - len(tail)]}{tail}_{hashlib.sha256(whole).hexdigest()[:16]}"


def write(path: Path, payload: bytes) -> Path:
    """Whole or not at all, mode 0600, on disk when it returns; what lies at its names is never written to.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # of a crash
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)  # a link there is replaced, not followed
    _synchronise(path.parent)
    return path


def _synchronise(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
