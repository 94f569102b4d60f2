"""Writing so that what was acknowledged stays, whatever stops the process, the machine or the disk."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.security.keystore.files import sync_folder

MANY = 32
"""From so many files on, one sync of the file system is cheaper than one of each."""


def write_all(handle: int, content: bytes) -> None:
    """Write all bytes; OSError where the disk takes no more."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def put(path: Path, content: bytes) -> None:
    """Write a file in place, not yet durable."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_all(handle, content)
    finally:
        os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Replace a file by another that is whole and durable before it has the name."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        put(temporary, content)
        _sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(root: Path, written: Iterable[Path]) -> None:
    """Make files below a folder durable, with the names of all folders down to them."""
    paths = list(written)
    if len(paths) > MANY and _sync_system(root):
        return
    folders = {folder for path in paths for folder in path.parents if folder.is_relative_to(root)}
    for path in paths:
        _sync_file(path)
    for folder in sorted(folders, key=lambda item: -len(item.parts)):
        sync_folder(folder)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_system(folder: Path) -> bool:
    """Sync the file system of a folder (Linux's syncfs); False where there is no such call."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return False
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if call(handle):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(handle)
    return True


@contextmanager
def told(path: Path, problem: str) -> Iterator[None]:
    """Say a disk's error as one sentence with what was and was not lost."""
    try:
        yield
    except OSError as error:
        raise RabtaError(f"{problem}: {error.strerror}", file=path, exit_code=EXIT_SYSTEM) from None
