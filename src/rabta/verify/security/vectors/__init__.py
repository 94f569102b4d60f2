"""Suite ``vectors``: every public test vector of the cryptography that the overlay rests on."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

from rabta.errors import RabtaError
from rabta.verify import Row, suite
from rabta.verify.security.vectors.tally import Tally

FOLDER = "wycheproof"
PACKAGE = "cryptography_vectors"


@suite(
    "vectors",
    "Security: public test vectors of AEADs, HKDF, X25519, Ed25519, ML-KEM, ML-DSA and HPKE",
    needs=f"a folder {FOLDER} with its files, as NAME_test.json or NAME.json.gz",
    marks=(FOLDER, "aes_gcm*.json*"),
)
def rows(files: Path | None) -> list[Row]:
    """Examples of the standards, known answers of ``cryptography-vectors`` where installed, Wycheproof."""
    from rabta.verify.security.vectors import shipped, wycheproof

    tallies = shipped.run() + installed()
    if files is not None:
        tallies += wycheproof.run(folder_of(files))
    found = [row for one in tallies for row in one.rows()]
    if files is not None:
        found.append(_total(tallies, "Wycheproof", "Wycheproof: vectors run in whole"))
    if not installed_at():
        found.append(_absent("HPKE, ML-KEM and ML-DSA: the package cryptography-vectors is not installed"))
    if files is None:
        found.append(_absent("Wycheproof: no --files"))
    return [*found, _total(tallies, "", "public vectors run in whole, each counted once")]


def folder_of(files: Path) -> Path:
    """Folder of Wycheproof's files: the one given or the one below it."""
    for folder in (files / FOLDER, files):
        if any(folder.glob("aes_gcm*.json*")):
            return folder
    raise RabtaError(
        "no files of Wycheproof", file=files, value=FOLDER, expected=f"a folder that holds {FOLDER}"
    )


def installed_at() -> Path | None:
    """Folder of the package of known answers; None where it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    return Path(found.origin).parent if found and found.origin else None


def installed() -> list[Tally]:
    """Vectors of the installed package, none without it."""
    from rabta.verify.security.vectors import hpke, known

    folder = installed_at()
    return known.run(folder / "asymmetric") + hpke.run(folder / "HPKE") if folder else []


def _absent(what: str) -> Row:
    return Row(f"not run: {what}", 0.0, 1.0, math.nan, "say where the files are", gate=False)


def _total(tallies: list[Tally], start: str, name: str) -> Row:
    counted = [one for one in tallies if one.once and one.name.startswith(start)]
    passed, count = sum(one.passed for one in counted), sum(one.count for one in counted)
    return Row(name, float(passed), float(count), 0.0, "the rows above")
