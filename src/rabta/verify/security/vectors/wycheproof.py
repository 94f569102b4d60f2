"""Wycheproof's files, run against what the overlay uses: `rabta.security.core`, and below it `cryptography`.

Each vector says ``valid``, ``invalid`` or ``acceptable``. An acceptable one (X25519 with a point on the
twist, of small order or not canonical) is refused where its flag says that the secret is zero; otherwise
the secret must be the published one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rabta.errors import RabtaError
from rabta.security.core import CI, NS, HybridPrivate, HybridPublic, Suite
from rabta.security.core.kem import SEED_BYTES
from rabta.security.core.suites import X25519_BYTES
from rabta.verify.security.vectors import signatures
from rabta.verify.security.vectors.tally import Case, Tally, Verdict, raw, refused, tally

SOURCE = "Wycheproof (C2SP/wycheproof, testvectors_v1)"
SUITES = {"768": CI, "1024": NS}


def gcm(case: Case) -> Verdict:
    """AES-GCM: keys of 256 bits through suite NS, others, which it refuses, through the library."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not 8 <= case["ivSize"] // 8 <= 128 and case["result"] == "valid":
        return "nonce outside the library's 8 to 128 bytes (the overlay's are 12)"
    return _aead(NS.aead if len(case["key"]) == 64 else AESGCM, case)


def siv(case: Case) -> Verdict:
    """AES-GCM-SIV, which no suite uses."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

    return _aead(AESGCMSIV, case)


def chacha(case: Case) -> Verdict:
    """ChaCha20-Poly1305 through suite CI."""
    return _aead(CI.aead, case)


def _aead(cipher: Callable[[bytes], Any], case: Case) -> bool:
    key, iv, aad, message, body, tag = raw(case, "key", "iv", "aad", "msg", "ct", "tag")
    if case["result"] != "valid":
        return refused(lambda: cipher(key).decrypt(iv, body + tag, aad))
    one = cipher(key)
    sealed, opened = one.encrypt(iv, message, aad), one.decrypt(iv, body + tag, aad)
    return bool(sealed == body + tag and opened == message)


def hkdf(suite: Suite, case: Case) -> bool:
    """Extract and expand of a suite."""
    secret, salt, info, expected = raw(case, "ikm", "salt", "info", "okm")
    if case["result"] != "valid":
        return refused(lambda: suite.expand(suite.extract(salt, secret), info, case["size"]))
    return suite.expand(suite.extract(salt, secret), info, case["size"]) == expected


def x25519(case: Case) -> bool:
    """Exchange of the hybrid keys."""
    public, private, expected = raw(case, "public", "private", "shared")
    own = HybridPrivate(CI, bytes(SEED_BYTES), private)
    peer = HybridPublic(CI, bytes(CI.kem_public_bytes), public)
    if "ZeroSharedSecret" in case["flags"]:
        return refused(lambda: own.exchange(peer))
    return own.exchange(peer) == expected


def decapsulate(case: Case) -> bool:
    """Decapsulation of the hybrid keys, and the public key of the seed."""
    suite = SUITES[case["parameterSet"].removeprefix("ML-KEM-")]
    seed, public, ciphertext, expected = raw(case, "seed", "ek", "c", "K")
    own = HybridPrivate(suite, seed, bytes(X25519_BYTES))
    if case["result"] != "valid":
        return refused(lambda: own.decapsulate(ciphertext))
    same = not public or own.public.mlkem == public
    return same and own.decapsulate(ciphertext) == expected


def encapsulate(case: Case) -> Verdict:
    """A bad key is refused; what needs a given m cannot run."""
    suite = SUITES[case["parameterSet"].removeprefix("ML-KEM-")]
    (public,) = raw(case, "ek")
    if case["result"] != "valid":
        return refused(lambda: HybridPublic(suite, public, bytes(X25519_BYTES)).encapsulate())
    return "the library draws m itself, so c and K cannot be compared"


def accepted(case: Case) -> bool:
    """A good key is accepted."""
    suite = SUITES[case["parameterSet"].removeprefix("ML-KEM-")]
    (public,) = raw(case, "ek")
    secret, ciphertext = HybridPublic(suite, public, bytes(X25519_BYTES)).encapsulate()
    return len(secret) == 32 and len(ciphertext) == suite.kem_ciphertext_bytes


def generate(case: Case) -> bool:
    """Public key of a seed; the library does not give the expanded private one."""
    suite = SUITES[case["parameterSet"].removeprefix("ML-KEM-")]
    seed, public = raw(case, "seed", "ek")
    return HybridPrivate(suite, seed, bytes(X25519_BYTES)).public.mlkem == public


CHECKS: dict[str, Callable[[Case], Verdict]] = {
    "aes_gcm": gcm,
    "aes_gcm_siv": siv,
    "chacha20_poly1305": chacha,
    "ed25519": signatures.ed25519,
    "hkdf_sha256": partial(hkdf, CI),
    "hkdf_sha384": partial(hkdf, NS),
    **{f"mldsa_{size}_verify": partial(signatures.verify, size) for size in ("44", "65", "87")},
    **{f"mldsa_{size}_sign_seed": partial(signatures.sign, size) for size in ("44", "65", "87")},
    **{f"mlkem_{size}": decapsulate for size in SUITES},
    **{f"mlkem_{size}_encaps": encapsulate for size in SUITES},
    **{f"mlkem_{size}_keygen_seed": generate for size in SUITES},
    "x25519": x25519,
}


def path_of(folder: Path, name: str) -> Path:
    """File of a folder, as the repository names it or compressed; an absent one is an error."""
    for candidate in (f"{name}.json.gz", f"{name}.json", f"{name}_test.json.gz", f"{name}_test.json"):
        if (folder / candidate).is_file():
            return folder / candidate
    raise RabtaError(
        "no such file of Wycheproof", file=folder, value=name, expected=f"{name}_test.json or {name}.json.gz"
    )


def cases(path: Path) -> Iterator[Case]:
    """Vectors of a file, each with what its group says of all of them."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for group in json.loads(content)["testGroups"]:
        shared = {key: value for key, value in group.items() if key != "tests"}
        yield from ({**shared, **test} for test in group["tests"])


def run(folder: Path) -> list[Tally]:
    """Every vector of every file."""
    found = []
    for name, check in CHECKS.items():
        every = list(cases(path_of(folder, name)))
        found.append(tally(f"Wycheproof {name}", SOURCE, every, check))
        if name.endswith("_encaps"):
            valid = [case for case in every if case["result"] == "valid"]
            found.append(tally(f"Wycheproof {name}: key alone", SOURCE, valid, accepted, once=False))
    return found
