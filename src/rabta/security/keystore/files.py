"""Key files: strict CBOR, readable by their owner alone, sealed with a passphrase where one is given.

A file is a map of magic, version, kind and either the fields with their SHA-256 or, sealed, the parameters of
Argon2id (RFC 9106) and the fields under AES-256-GCM with the head as associated data. It is written under
another name, with mode 0600 from its creation, synced, and only then gets its name.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path
from typing import Any

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.security.core import Rejected, cbor

MAGIC = "rabta key"
VERSION = 1
MOST = 1 << 20
"""Longest key file that is read, bytes."""

SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
COST = (3, 4, 1 << 16)
"""Passes, lanes and KiB of memory: the second choice of RFC 9106, 4."""
MOST_COST = (16, 16, 1 << 20)

Fields = dict[str, Any]


def save(
    path: Path, kind: str, fields: Fields, passphrase: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a key file, whole or not at all.

    Parameters
    ----------
    kind : str
        What the file is, as ``"audit log"``; `load` asks for the same.
    fields : dict
        Names and values of plain types (integers, bytes, text, lists, maps).
    passphrase : str, optional
        Seals the file.

    Raises
    ------
    RabtaError
        If the file is there and not to be overwritten, or the disk refuses it; what was there stays.
    """
    head = {"magic": MAGIC, "version": VERSION, "kind": kind}
    body = cbor.encode(fields)
    whole = {**head, **(_plain(body) if passphrase is None else _sealed(head, body, passphrase))}
    write(path, cbor.encode(whole), overwrite=overwrite)


def write(path: Path, content: bytes, *, overwrite: bool = False) -> None:
    """Write a private file (mode 0600 from its creation) under another name, sync it, give it its name."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        _create(temporary, content)
        if overwrite:
            temporary.replace(path)
        else:
            os.link(temporary, path, follow_symlinks=False)  # fails where the name is taken
        sync_folder(path.parent)
    except FileExistsError:
        raise RabtaError(
            "a key file is there already", file=path, expected="another name, or to overwrite it"
        ) from None
    except OSError as error:
        raise RabtaError(
            f"the key file cannot be written: {error.strerror}", file=path, exit_code=EXIT_SYSTEM
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _create(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        done = 0
        while done < len(content):
            done += os.write(handle, content[done:])
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load(path: Path, kind: str, passphrase: str | None = None) -> Fields:
    """Fields of a key file.

    Raises
    ------
    RabtaError
        If it is absent, a link, another user's, readable by others, or of another kind.
    Rejected
        With the reason ``"malformed"`` (damaged, truncated), ``"version"`` (written by a newer Rabta) or
        ``"mac"`` (wrong passphrase or changed).
    """
    whole = _head(path, read(path), kind)
    if "body" in whole:
        if passphrase is not None:
            raise RabtaError("the key file is not sealed, though a passphrase is given", file=path)
        body, digest = _typed(path, whole, body=bytes, sha256=bytes)
        if not hmac.compare_digest(hashlib.sha256(body).digest(), digest):
            raise Rejected("malformed", "the key file is damaged", file=path)
    else:
        body = _unsealed(path, whole, passphrase)
    fields = cbor.decode(body)
    if not isinstance(fields, dict):
        raise Rejected("malformed", "the key file holds no fields", file=path)
    return fields


def sealed(path: Path, kind: str) -> bool:
    """Whether a key file needs a passphrase; errors as of `load`."""
    return "body" not in _head(path, read(path), kind)


def read(path: Path) -> bytes:
    """Bytes of a private file, after its owner and permissions were checked on the open file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise RabtaError("no such key file", file=path) from None
    except OSError as error:
        link = path.is_symlink()
        problem = "the key file is a symbolic link" if link else f"the key file: {error.strerror}"
        raise RabtaError(problem, file=path, expected="a regular file" if link else None) from None
    try:
        _private(path, os.fstat(handle))
        with os.fdopen(handle, "rb", closefd=False) as stream:
            content = stream.read(MOST + 1)
    finally:
        os.close(handle)
    if len(content) > MOST:
        raise Rejected("malformed", "the key file is too long", file=path)
    return content


def _private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise RabtaError("the key file is no regular file", file=path)
    if status.st_uid != os.geteuid():
        raise RabtaError("the key file belongs to another user", file=path, expected="your own file")
    if status.st_mode & 0o077:
        raise RabtaError(
            "the key file is open to other users",
            file=path,
            value=f"mode {stat.S_IMODE(status.st_mode):04o}",
            expected=f"mode 0600: chmod 600 {path}",
        )


def _head(path: Path, raw: bytes, kind: str) -> Fields:
    try:
        whole = cbor.decode(raw, most=MOST)
    except Rejected:
        raise Rejected("malformed", "the key file is damaged or none of ours", file=path) from None
    if not isinstance(whole, dict) or whole.get("magic") != MAGIC:
        raise Rejected("malformed", "this is no key file", file=path)
    version = whole.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        known = f"version {VERSION} or a newer Rabta"
        raise Rejected("version", "the key file is of a newer version", file=path, expected=known)
    if whole.get("kind") != kind:
        raise RabtaError("the key file is of another kind", file=path, value=whole.get("kind"), expected=kind)
    return whole


def _typed(path: Path, whole: Fields, **types: type) -> list[Any]:
    """Fields of the given types and no others."""
    names = {"magic", "version", "kind", *types}
    if set(whole) != names or not all(type(whole[name]) is kind for name, kind in types.items()):
        raise Rejected("malformed", "the key file is damaged", file=path)
    return [whole[name] for name in types]


def _plain(body: bytes) -> Fields:
    return {"body": body, "sha256": hashlib.sha256(body).digest()}


def _sealed(head: Fields, body: bytes, passphrase: str) -> Fields:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not passphrase:
        raise RabtaError("the passphrase is empty", expected="one that is not, or none")
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    seal = {"cost": list(COST), "salt": salt, "nonce": nonce}
    cipher = AESGCM(_stretched(passphrase, salt, COST))
    return {**seal, "sealed": cipher.encrypt(nonce, body, cbor.encode({**head, **seal}))}


def _unsealed(path: Path, whole: Fields, passphrase: str | None) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cost, salt, nonce, sealed = _typed(path, whole, cost=list, salt=bytes, nonce=bytes, sealed=bytes)
    if passphrase is None:
        raise RabtaError("the key file is sealed", file=path, expected="its passphrase")
    if not _bearable(cost) or (len(salt), len(nonce)) != (SALT_BYTES, NONCE_BYTES) or len(sealed) < 16:
        raise Rejected("malformed", "the key file is damaged", file=path)
    head = {name: item for name, item in whole.items() if name != "sealed"}
    try:
        cipher = AESGCM(_stretched(passphrase, salt, tuple(cost)))
        return cipher.decrypt(nonce, sealed, cbor.encode(head))
    except InvalidTag:
        raise Rejected("mac", "wrong passphrase, or a changed key file", file=path) from None


def _bearable(cost: list[Any]) -> bool:
    """Whether Argon2id's parameters are numbers that this machine can be asked for."""
    return (
        len(cost) == 3
        and all(type(item) is int for item in cost)
        and all(1 <= item <= most for item, most in zip(cost, MOST_COST, strict=True))
        and cost[2] >= 8 * cost[1]
    )


def _stretched(passphrase: str, salt: bytes, cost: tuple[int, ...]) -> bytes:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    passes, lanes, memory = cost
    kdf = Argon2id(salt=salt, length=KEY_BYTES, iterations=passes, lanes=lanes, memory_cost=memory)
    return kdf.derive(passphrase.encode())
