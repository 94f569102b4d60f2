"""Vectors of HPKE (RFC 9180) and of its post-quantum KEMs (draft-ietf-hpke-pq).

Two things are run: the key schedule and every encryption of a vector, with our own `Suite.extract` and
`Suite.expand`; and the library's `hpke.Suite`, which opens the first encryption from the recipient's key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rabta.security.core import CI, NS, Suite
from rabta.verify.security.vectors.tally import Case, Tally, Verdict, raw, tally

SOURCES = {
    "test-vectors.json": "RFC 9180, appendix A, the whole machine-readable set",
    "hpke-pq-test-vectors.json": "draft-ietf-hpke-pq, its test vectors",
}
KDFS = {1: CI, 2: NS}  # HKDF-SHA256 and HKDF-SHA384: those of the overlay's suites
AEADS = {1: ("AESGCM", 16), 2: ("AESGCM", 32), 3: ("ChaCha20Poly1305", 32)}
LIBRARY_KDFS = {1: "HKDF_SHA256", 2: "HKDF_SHA384", 3: "HKDF_SHA512", 16: "SHAKE128", 17: "SHAKE256"}
LIBRARY_AEADS = {1: "AES_128_GCM", 2: "AES_256_GCM", 3: "CHACHA20_POLY1305"}
EXPORT_ONLY = 0xFFFF
NONCE_BYTES = 12


def _two_bytes(number: int) -> bytes:
    return number.to_bytes(2, "big")


class Schedule:
    """RFC 9180, 5.1: from the KEM's secret to key, nonce and exporter secret, through a suite's HKDF."""

    def __init__(self, hkdf: Suite, case: Case) -> None:
        self.hkdf, self.case = hkdf, case
        self.suite_id = b"HPKE" + b"".join(_two_bytes(case[name]) for name in ("kem_id", "kdf_id", "aead_id"))

    def extract(self, salt: bytes, label: bytes, secret: bytes) -> bytes:
        """LabeledExtract."""
        return self.hkdf.extract(salt, b"HPKE-v1" + self.suite_id + label + secret)

    def expand(self, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
        """LabeledExpand."""
        return self.hkdf.expand(key, _two_bytes(length) + b"HPKE-v1" + self.suite_id + label + info, length)

    def secrets(self) -> tuple[bytes, bytes, bytes]:
        """Key, base nonce and exporter secret."""
        info, psk, psk_id, shared = raw(self.case, "info", "psk", "psk_id", "shared_secret")
        context = (
            bytes([self.case["mode"]])
            + self.extract(b"", b"psk_id_hash", psk_id)
            + self.extract(b"", b"info_hash", info)
        )
        secret = self.extract(shared, b"secret", psk)
        sizes = (
            (0, 0) if self.case["aead_id"] == EXPORT_ONLY else (AEADS[self.case["aead_id"]][1], NONCE_BYTES)
        )
        return (
            self.expand(secret, b"key", context, sizes[0]) if sizes[0] else b"",
            self.expand(secret, b"base_nonce", context, sizes[1]) if sizes[1] else b"",
            self.expand(secret, b"exp", context, self.hkdf.hash_bytes),
        )


def schedule(case: Case) -> Verdict:
    """Keys, every encryption and every export of a vector, by our HKDF."""
    from cryptography.hazmat.primitives.ciphers import aead

    if case["kdf_id"] not in KDFS:
        return "a KDF that no suite of the overlay has"
    one = Schedule(KDFS[case["kdf_id"]], case)
    key, nonce, exporter = one.secrets()
    if (key, nonce, exporter) != raw(case, "key", "base_nonce", "exporter_secret"):
        return False
    for item in case["exports"]:
        context, expected = raw(item, "exporter_context", "exported_value")
        if one.expand(exporter, b"sec", context, item["L"]) != expected:
            return False
    if case["aead_id"] == EXPORT_ONLY:
        return True
    cipher = getattr(aead, AEADS[case["aead_id"]][0])(key)
    return all(_sealed(cipher, nonce, item) for item in case["encryptions"])


def _sealed(cipher: Any, base: bytes, item: Case) -> bool:
    nonce, aad, body, message = raw(item, "nonce", "aad", "ct", "pt")
    number = int.from_bytes(base, "big") ^ int.from_bytes(nonce, "big")
    return number < 1 << 16 and cipher.encrypt(nonce, message, aad) == body


def _keys() -> dict[int, tuple[str, Callable[[bytes], Any]]]:
    """KEMs that the library has: its name and how a private key is read (ids of the IANA registry)."""
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519

    def curve(kind: Any) -> Callable[[bytes], Any]:
        return lambda secret: ec.derive_private_key(int.from_bytes(secret, "big"), kind())

    def hybrid(kind: str, kem: Any, other: Callable[[bytes], Any], size: int) -> Callable[[bytes], Any]:
        def read(seed: bytes) -> Any:
            wide = hashlib.shake_256(seed).digest(64 + size)
            return getattr(hpke, f"{kind}PrivateKey")(kem.from_seed_bytes(wide[:64]), other(wide[64:]))

        return read

    plain = x25519.X25519PrivateKey.from_private_bytes
    return {
        0x10: ("P256", curve(ec.SECP256R1)),
        0x11: ("P384", curve(ec.SECP384R1)),
        0x12: ("P521", curve(ec.SECP521R1)),
        0x20: ("X25519", plain),
        0x41: ("MLKEM768", mlkem.MLKEM768PrivateKey.from_seed_bytes),
        0x42: ("MLKEM1024", mlkem.MLKEM1024PrivateKey.from_seed_bytes),
        0x51: ("MLKEM1024_P384", hybrid("MLKEM1024P384", mlkem.MLKEM1024PrivateKey, curve(ec.SECP384R1), 48)),
        0x647A: ("MLKEM768_X25519", hybrid("MLKEM768X25519", mlkem.MLKEM768PrivateKey, plain, 32)),
    }


def opened(case: Case) -> Verdict:
    """Open the first encryption with the library, from the recipient's private key."""
    from cryptography.hazmat.bindings._rust import openssl
    from cryptography.hazmat.primitives import hpke

    kems, engine = _keys(), getattr(openssl, "hpke", None)
    read = getattr(engine, "_decrypt_with_aad", None)  # the public face takes no associated data
    kem = kems.get(case["kem_id"], ("",))[0]
    if case["mode"]:
        return "a mode other than base, which the library lacks"
    if case["aead_id"] == EXPORT_ONLY:
        return "export only, which the library lacks"
    if read is None or not hasattr(hpke.KEM, kem) or case["kdf_id"] not in LIBRARY_KDFS:
        return "a KEM or KDF that the library lacks"
    suite = hpke.Suite(
        getattr(hpke.KEM, kem),
        getattr(hpke.KDF, LIBRARY_KDFS[case["kdf_id"]]),
        getattr(hpke.AEAD, LIBRARY_AEADS[case["aead_id"]]),
    )
    item = case["encryptions"][0]
    secret, enc, info = raw(case, "skRm", "enc", "info")
    body, aad, message = raw(item, "ct", "aad", "pt")
    return bool(read(suite, enc + body, kems[case["kem_id"]][1](secret), info, aad) == message)


def run(folder: Path) -> list[Tally]:
    """Both files of the package's folder ``HPKE``."""
    found = []
    for name, source in SOURCES.items():
        every = json.loads((folder / name).read_bytes())
        title = "HPKE-PQ" if "pq" in name else "HPKE"
        found.append(tally(f"{title}: key schedule and encryptions by our HKDF", source, every, schedule))
        found.append(tally(f"{title}: opened by the library", source, every, opened, once=False))
    return found
