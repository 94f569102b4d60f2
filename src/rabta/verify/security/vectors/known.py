"""Known answers of ML-KEM and ML-DSA, as the package ``cryptography-vectors`` carries them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rabta.security.core import CI, NS, HybridPrivate, Suite
from rabta.security.core.suites import X25519_BYTES
from rabta.verify.security.vectors.signatures import keys
from rabta.verify.security.vectors.tally import Case, Tally, raw, tally

KEMS = {"768": CI, "1024": NS}
SIGNATURES = ("44", "65", "87")


def entries(path: Path) -> Iterator[Case]:
    """Blocks of ``name = value`` lines that begin with ``count``."""
    case: Case = {}
    with path.open(encoding="ascii") as lines:
        for line in lines:
            name, _, value = line.strip().partition(" = ")
            if name == "count" and case:
                yield case
                case = {}
            if name:
                case[name] = value
    if case:
        yield case


def mlkem(suite: Suite, case: Case) -> bool:
    """Key of the seed, secret of a true ciphertext, and of a false one (implicit rejection)."""
    seed_d, seed_z, public, true, secret, false, other = raw(case, "d", "z", "pk", "ct", "ss", "ct_n", "ss_n")
    own = HybridPrivate(suite, seed_d + seed_z, bytes(X25519_BYTES))
    return own.public.mlkem == public and own.decapsulate(true) == secret and own.decapsulate(false) == other


def mldsa(size: str, case: Case) -> bool:
    """Key of the seed, and the published signature under it (the library signs hedged, so ours differs)."""
    seed, public, message, signed, context = raw(case, "xi", "pk", "msg", "sm", "ctx")
    other = keys(size, "Private").from_seed_bytes(seed).public_key()
    other.verify(signed[: len(signed) - len(message)], message, context or None)
    return bool(other.public_bytes_raw() == public)


def run(folder: Path) -> list[Tally]:
    """Every answer of the folders ``MLKEM`` and ``MLDSA``."""
    found = []
    for size, suite in KEMS.items():
        every = entries(folder / "MLKEM" / f"kat_MLKEM_{size}.rsp")
        found.append(tally(f"known answers of ML-KEM-{size}", "FIPS 203, KATs", every, partial(mlkem, suite)))
    for size in SIGNATURES:
        every = entries(folder / "MLDSA" / f"kat_MLDSA_{size}_det_pure.rsp")
        found.append(tally(f"known answers of ML-DSA-{size}", "FIPS 204, KATs", every, partial(mldsa, size)))
    return found
