"""Composite signing keys in files."""

from __future__ import annotations

from pathlib import Path

from rabta.security.core import CompositePrivate, Rejected
from rabta.security.core.composite import SEED_BYTES
from rabta.security.keystore import files

KIND = "signing key"


def save(
    path: Path, key: CompositePrivate, passphrase: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a signing key: its two seeds."""
    fields = {"mldsa": key.mldsa_seed, "ed25519": key.ed25519_seed}
    files.save(path, KIND, fields, passphrase, overwrite=overwrite)


def load(path: Path, passphrase: str | None = None) -> CompositePrivate:
    """Return the signer of a file; errors as of `files.load`."""
    fields = files.load(path, KIND, passphrase)
    if set(fields) != {"mldsa", "ed25519"}:
        raise Rejected("malformed", "the file holds no signing key", file=path)
    for seed in fields.values():
        if not isinstance(seed, bytes) or len(seed) != SEED_BYTES:
            raise Rejected("malformed", "the file holds no signing key", file=path)
    return CompositePrivate(fields["mldsa"], fields["ed25519"])
