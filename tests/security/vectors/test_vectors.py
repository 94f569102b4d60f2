"""Public vectors, and that a broken primitive makes the suite fail."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rabta.cli.verify import verify
from rabta.errors import RabtaError
from rabta.security.core import CI, HybridPrivate, HybridPublic, Rejected, Suite
from rabta.verify import run, suites
from rabta.verify.security import vectors
from rabta.verify.security.vectors import known, shipped, signatures, wycheproof
from rabta.verify.security.vectors.tally import Case, raw, refused, tally

FOLDER = Path("validation/security")


def _failed(tallies: list[Any]) -> set[str]:
    return {one.name for one in tallies if one.passed < one.count}


def test_everything_that_ships_or_is_installed_passes() -> None:
    """Examples of five standards; 2,300 known answers and HPKE where the package of vectors is installed."""
    rows = run("vectors")
    assert not [row.name for row in rows if row.status == "FAIL"]
    by_name = {row.name: row for row in rows}
    assert by_name["known answers of ML-KEM-1024"].ours == 1000
    assert by_name["public vectors run in whole, each counted once"].ours >= 2300


@pytest.mark.shared
def test_every_file_of_wycheproof(shared: Path) -> None:
    """Every vector of every file is counted: as run, or as not run with its reason."""
    folder = shared / FOLDER / "wycheproof"
    tallies = [one for one in wycheproof.run(folder) if one.once]
    assert not _failed(tallies)
    for one in tallies:
        path = wycheproof.path_of(folder, one.name.removeprefix("Wycheproof "))
        published = json.loads(gzip.decompress(path.read_bytes()))["numberOfTests"]
        assert one.count + sum(one.left.values()) == published, one.name
    assert len(tallies) == len(list(folder.glob("*.json.gz")))
    assert sum(sum(one.left.values()) for one in tallies) == 27 + 133 + 133


@pytest.mark.shared
def test_the_suite_takes_the_folder_above(shared: Path) -> None:
    """The folder with sub-folders serves, as does that of the files; at least 4,500 vectors run."""
    rows = run("vectors", shared / FOLDER)
    assert rows[-1].ours == rows[-1].theirs >= 4500
    assert vectors.folder_of(shared / FOLDER / "wycheproof") == shared / FOLDER / "wycheproof"


def test_in_a_domain_a_folder_goes_to_whom_it_is_meant_for(tmp_path: Path) -> None:
    """Suites of one domain read different files, so a folder of one kind is no error of the others."""
    known = suites()
    (tmp_path / "cells.csv").touch()
    assert known["posture"].takes(tmp_path)
    assert not known["vectors"].takes(tmp_path)
    assert not known["bpsec"].takes(tmp_path)
    (tmp_path / "wycheproof").mkdir()
    assert known["vectors"].takes(tmp_path)
    assert not known["protocol"].takes(tmp_path)  # it reads none


def test_a_folder_for_nobody_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no suite finds its files there"):
        verify("security", tmp_path)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no files of Wycheproof"):
        run("vectors", tmp_path)
    (tmp_path / "aes_gcm_test.json").write_text(json.dumps({"testGroups": []}))
    with pytest.raises(RabtaError, match="no such file of Wycheproof"):
        wycheproof.run(tmp_path)


def _expand(self: Suite, key: bytes, label: bytes, length: int = 32) -> bytes:
    return self.mac(key, label + b"\x00").ljust(length, b"\x00")[:length]


def _exchange(self: HybridPrivate, peer: HybridPublic) -> bytes:
    return self._x25519_key.public_key().public_bytes_raw()


class _NoTag:
    """A cipher that does not check the tag."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.true = AESGCM(key)

    def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        return self.true.encrypt(nonce, data, aad)

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        return self.true.encrypt(nonce, data[:-16], aad)[:-16]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "of", "broken", "failing"),
    [
        ("expand", Suite, _expand, {"Wycheproof hkdf_sha256", "Wycheproof hkdf_sha384"}),
        ("exchange", HybridPrivate, _exchange, {"Wycheproof x25519"}),
        (
            "decapsulate",
            HybridPrivate,
            lambda self, ciphertext: bytes(32),
            {"Wycheproof mlkem_768", "Wycheproof mlkem_1024"},
        ),
    ],
)
def test_a_broken_primitive_fails_its_files(
    shared: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    of: type,
    broken: object,
    failing: set[str],
) -> None:
    monkeypatch.setattr(of, name, broken)
    assert _failed(wycheproof.run(shared / FOLDER / "wycheproof")) == failing


def test_a_broken_primitive_fails_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _failed(shipped.run())
    monkeypatch.setattr(Suite, "expand", _expand)
    monkeypatch.setattr(HybridPrivate, "exchange", _exchange)
    assert _failed(shipped.run()) == {"examples of HKDF-SHA256", "examples of X25519"}
    assert any(row.status == "FAIL" for row in run("vectors"))


def test_a_cipher_without_a_tag_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = dict(shipped.GCM[3], result="invalid", flags=(), ivSize=96, tag="00" * 16)
    assert wycheproof.gcm(forged) is True
    monkeypatch.setattr(Suite, "aead", lambda self, key: _NoTag(key))
    assert wycheproof.gcm(forged) is False


def test_a_verifier_that_accepts_all_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    case: Case = dict(shipped.ED25519[1], result="invalid", flags=(), msg="73")
    assert signatures.ed25519(case) is True
    monkeypatch.setattr(signatures, "refused", lambda call: False)
    assert signatures.ed25519(case) is False


def test_a_wrong_answer_fails(tmp_path: Path) -> None:
    """One bit of a published secret turned: the vector fails, the others do not."""
    own = HybridPrivate.generate(CI)
    secret, ciphertext = own.public.encapsulate()
    seed = own.mlkem_seed.hex()
    good = {"d": seed[:64], "z": seed[64:], "pk": own.public.mlkem.hex(), "ct": ciphertext.hex()}
    good |= {"ss": secret.hex(), "ct_n": ciphertext.hex(), "ss_n": secret.hex()}
    bad = dict(good, ss=bytes([secret[0] ^ 1, *secret[1:]]).hex())
    lines = [
        f"count = {i}\n" + "".join(f"{k} = {v}\n" for k, v in c.items()) for i, c in enumerate((good, bad))
    ]
    (tmp_path / "kat").write_text("".join(lines))
    found = tally("kat", "", known.entries(tmp_path / "kat"), lambda case: known.mlkem(CI, case))
    assert (found.passed, found.count) == (1, 2)


def test_only_refusals_count_as_refused() -> None:
    def crash() -> None:
        raise KeyError("a defect, no refusal")

    def refuse() -> None:
        raise Rejected("malformed")

    assert refused(refuse)
    assert not refused(lambda: None)
    with pytest.raises(KeyError):
        refused(crash)


def test_without_the_package_the_suite_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "PACKAGE", "no_such_package_of_vectors")
    rows = run("vectors")
    assert any("not installed" in row.name and row.status == "shown" for row in rows)
    assert raw({"a": "00ff"}, "a", "b") == (b"\x00\xff", b"")
