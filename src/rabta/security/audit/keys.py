"""Key files of logs and witnesses: a name and a seed for each kind of signature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rabta.security.audit.notes import COSIGNED_MLDSA44, ED25519, KINDS, SEED_BYTES, Signing
from rabta.security.core import Rejected
from rabta.security.keystore import files

KIND = "audit key"
LOG = (ED25519, COSIGNED_MLDSA44)
"""Kinds of a log's signatures."""
WITNESS = (COSIGNED_MLDSA44,)
"""Kinds of a witness's signatures."""


def generate(name: str, kinds: Sequence[int]) -> tuple[Signing, ...]:
    """Return new keys of one name."""
    return tuple(Signing.generate(name, kind) for kind in kinds)


def save(
    path: Path, keys: Sequence[Signing], passphrase: str | None = None, *, overwrite: bool = False
) -> None:
    """Write keys of one name; errors as of `keystore.files.save`."""
    fields = {"name": keys[0].name, "seeds": {key.kind: key.seed for key in keys}}
    files.save(path, KIND, fields, passphrase, overwrite=overwrite)


def load(path: Path, passphrase: str | None = None) -> tuple[Signing, ...]:
    """Return the keys of a file; errors as of `keystore.files.load`."""
    fields = files.load(path, KIND, passphrase)
    name, seeds = fields.get("name"), fields.get("seeds")
    if not isinstance(name, str) or not isinstance(seeds, dict) or not seeds or len(fields) != 2:
        raise Rejected("malformed", "the file holds no keys of a log or witness", file=path)
    for kind, seed in seeds.items():
        if kind not in KINDS or not isinstance(seed, bytes) or len(seed) != SEED_BYTES:
            raise Rejected("malformed", "the file holds no keys of a log or witness", file=path)
    return tuple(Signing(name, kind, seed) for kind, seed in seeds.items())
