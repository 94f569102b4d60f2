"""Suite ``logs``: Merkle trees, proofs, notes, cosignatures and tile paths against published vectors."""

from __future__ import annotations

import base64
import json
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rabta.security.audit import proofs
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.log.tiles import needed, path_of
from rabta.security.audit.notes import Key, Note
from rabta.security.audit.tree import EMPTY, Tree, leaf_hash, node_hash
from rabta.security.core import Rejected
from rabta.verify import Row, suite

ARCHIVE = "transparency-dev-testdata.tar.gz"
TORCHWOOD = "mldsa.txt"
MOST = 1 << 20
MERKLE = "transparency-dev/merkle at 417fb0c3, testdata"

LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Leaves and roots of sizes 1 to 8 of the reference implementation of RFC 6962
(google/certificate-transparency, ``merkle_tree_test``)."""

NOTE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
EMPTY_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
TILES = (
    (0, 1234067, 256, "tile/0/x001/x234/067"),
    (0, 0, 256, "tile/0/000"),
    (1, 999, 256, "tile/1/999"),
    (1, 1000, 256, "tile/1/x001/000"),
    (63, 123456789, 7, "tile/63/x123/x456/789.p/7"),
    ("entries", 273, 112, "tile/entries/273.p/112"),
)


@suite(
    "logs",
    "Security: Merkle proofs, signed notes and tiles of the audit log against public vectors",
    needs=f"a folder merkle with {ARCHIVE}; {TORCHWOOD} beside it where there is one",
    marks=("merkle", ARCHIVE),
)
def rows(files: Path | None) -> list[Row]:
    """Vectors that ship, and those of transparency-dev where ``--files`` names them."""
    found = [_roots(), _rfc(), _notes(), _tampered(), _tiles(), _partials()]
    if files is not None:
        found += merkle(_archive(files)) + torchwood(files / TORCHWOOD)
    return found


def torchwood(path: Path) -> list[Row]:
    """An ML-DSA-44 cosignature of another implementation, where its test file is there."""
    if not path.is_file():
        return [Row(f"not run: {TORCHWOOD}", 0.0, 1.0, math.nan, "FiloSottile/torchwood", gate=False)]
    text = path.read_text(encoding="utf-8")
    key = Key.parse(next(word for word in text.split() if word.count("+") >= 2 and len(word) > 1000))
    raw = text.split("old 0\n\n")[1].split("```")[0].encode()
    changed = raw.replace(b"\n1\n", b"\n2\n", 1)
    verdicts = [_signed(raw, key), not _signed(changed, key), Note.parse(raw).encode() == raw]
    source = "FiloSottile/torchwood, cmd/litewitness/testdata/mldsa.txt"
    return [_count("ML-DSA-44 cosignature of torchwood", verdicts, source)]


def _archive(files: Path) -> Path:
    from rabta.errors import RabtaError

    for path in (files / "merkle" / ARCHIVE, files / ARCHIVE):
        if path.is_file():
            return path
    raise RabtaError(
        "no such reference file", file=files, value=ARCHIVE, expected=f"a folder merkle with {ARCHIVE}"
    )


def _count(name: str, verdicts: list[bool], source: str) -> Row:
    return Row(name, float(sum(verdicts)), float(len(verdicts)), 0.0, source)


def _roots() -> Row:
    tree = Tree()
    tree.extend([bytes.fromhex(leaf) for leaf in LEAVES])
    verdicts = [tree.root(size + 1).hex() == root for size, root in enumerate(ROOTS)]
    source = "reference implementation of RFC 6962, merkle_tree_test: 8 leaves"
    return _count("roots of sizes 0 to 8", [tree.root(0) == EMPTY, *verdicts], source)


def _rfc() -> Row:
    """Proofs that RFC 6962, 2.1.3 writes out for its tree of seven leaves d0 to d6."""
    tree = Tree()
    tree.extend([b"d%d" % number for number in range(7)])
    _, b, c, d, _, f = (leaf_hash(b"d%d" % number) for number in range(6))
    node = tree.node
    g, h, i, j = node(1, 0), node(1, 1), node(1, 2), leaf_hash(b"d6")
    k, l = node(2, 0), node_hash(i, j)  # noqa: E741 (the letters of the RFC)
    verdicts = [
        proofs.inclusion(node, 0, 7) == [b, h, l],
        proofs.inclusion(node, 3, 7) == [c, g, l],
        proofs.inclusion(node, 4, 7) == [f, j, k],
        proofs.inclusion(node, 6, 7) == [i, k],
        proofs.consistency(node, 3, 7) == [c, d, g, l],
        proofs.consistency(node, 4, 7) == [l],
        proofs.consistency(node, 6, 7) == [i, j, k],
    ]
    return _count("proofs written out for seven leaves", verdicts, "RFC 6962, 2.1.3")


def _notes() -> Row:
    verdicts = [
        list(Note.parse(note.encode()).times([Key.parse(key)])) == [Key.parse(key)]
        for note, key in ((NOTE, NOTE_KEY), (PETER_NOTE, PETER))
    ]
    verdicts += [Key.parse(key).text == key for key in (NOTE_KEY, PETER, EMPTY_KEY)]
    verdicts += [Note.parse(note.encode()).encode() == note.encode() for note in (NOTE, PETER_NOTE)]
    source = "examples of C2SP signed-note and of golang.org/x/mod/sumdb/note; key of sum.golang.org"
    return _count("notes and verifier keys", verdicts, source)


def _tampered() -> Row:
    """Every byte of the examples changed: refused, or for bytes of the key's name or identifier, unknown."""
    verdicts = []
    for note, text in ((NOTE, NOTE_KEY), (PETER_NOTE, PETER)):
        raw = note.encode()
        for at in range(len(raw)):
            changed = bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]])
            verdicts.append(not _signed(changed, Key.parse(text)))
    return _count("examples of notes with a bit changed are not taken", verdicts, "C2SP signed-note")


def _signed(raw: bytes, key: Key) -> bool:
    try:
        return bool(Note.parse(raw).times([key]))
    except Rejected:
        return False


def _tiles() -> Row:
    verdicts = [path_of(level, index, width) == path for level, index, width, path in TILES]
    return _count("paths of tiles", verdicts, "C2SP tlog-tiles: rule and example of index 1234067")


def _partials() -> Row:
    verdicts = [
        needed(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)],
        needed(256) == [(1, 0, 1)],
        needed(0) == [],
        Checkpoint.parse("a\n0\n" + base64.b64encode(EMPTY).decode() + "\n").size == 0,
    ]
    return _count("partial tiles of a size", verdicts, "C2SP tlog-tiles: sizes 70,000 and 256")


def merkle(archive: Path) -> list[Row]:
    """Vectors of inclusion and consistency proofs, good and bad."""
    found: dict[str, list[bool]] = {"inclusion": [], "consistency": []}
    for name, case in cases(archive):
        kind = "consistency" if "size1" in case else "inclusion"
        if kind not in name:
            continue
        found[kind].append(verdict(case) != case["wantErr"])
    out = [_count(f"transparency-dev: {kind} proofs", verdicts, MERKLE) for kind, verdicts in found.items()]
    return [*out, _count("transparency-dev: all", [item for row in found.values() for item in row], MERKLE)]


def cases(archive: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each vector in the archive."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.isfile() or not member.name.endswith(".json") or member.size > MOST:
                continue
            stream = tar.extractfile(member)
            if stream is not None:
                yield member.name, json.load(stream)


def verdict(case: dict[str, Any]) -> bool:
    """Whether our verifier takes a vector."""
    proof = [base64.b64decode(item) for item in case["proof"] or ()]
    raw = {name: base64.b64decode(case.get(name) or "") for name in ("root", "root1", "root2", "leafHash")}
    try:
        if "size1" in case:
            sizes = case["size1"], case["size2"]
            proofs.verify_consistency(*sizes, proof, raw["root1"], raw["root2"])
        else:
            place = case["leafIdx"], case["treeSize"]
            proofs.verify_inclusion(raw["leafHash"], *place, proof, raw["root"])
    except Rejected:
        return False
    return True
