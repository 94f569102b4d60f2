"""Suite ``nr``: NR's codes bit for bit beside Sionna's, and the published base graphs."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from math import hypot, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile.phy import crc
from rabta.mobile.phy.ldpc import coding, graphs, matching
from rabta.mobile.phy.polar import codes, control
from rabta.verify import Row, suite
from rabta.verify.mobile.anchors import decoding

Bits = NDArray[np.uint8]

SIONNA = "Sionna 2.2.0 (Apache-2.0), digests of its outputs, made by tools/phy/oracle.py"
ERRORS = "Sionna 2.2.0, block errors made by tools/phy/oracle_errors.py"
LEVELS_DB = (1.4, 1.5, 1.6)
TABLES = "3GPP TS 38.212, tables 5.3.2-1 to 5.3.2-3"
RELIABILITY = "3GPP TS 38.212, table 5.3.1.2-1"
GRAPHS = {1: (46, 68, 316), 2: (42, 52, 197)}  # rows, columns, edges
SLIP = "tb 3824 7648"


@cache
def stored() -> dict[str, Any]:
    """Sionna's outputs."""
    text = (files("rabta.verify.mobile.anchors") / "coding.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def named(name: str, count: int) -> Bits:
    """Bits that belong to a name: bit 7 of the bytes of the SHA-256 chain of it."""
    out, block = b"", name.encode()
    while len(out) < count:
        block = hashlib.sha256(block).digest()
        out += block
    return np.asarray(np.frombuffer(out[:count], dtype=np.uint8) >> 7, dtype=np.uint8)


def digest(bits: ArrayLike) -> str:
    """Digest of bits in order."""
    return hashlib.sha256(np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes()).hexdigest()[:16]


@suite("nr", "NR's channel codes: LDPC, polar, CRC, segmentation, rate matching, bit for bit")
def rows(_files: Path | None) -> list[Row]:
    """Encode everything again and count what is equal."""
    return [
        *_graphs(), *_checks(), *_codewords(), *_transport(), *_versions(), *_polar(), *_errors(),
    ]  # fmt: skip


def _equal(name: str, same: int, of: int, source: str = SIONNA) -> Row:
    return Row(f"{name}, equal of {of}", float(same), float(of), 0.0, source)


def _graphs() -> list[Row]:
    """Size and edges of the base graphs."""
    found = []
    for number, (lines, columns, edges) in GRAPHS.items():
        graph = graphs.graph(number, 384)
        found += [
            Row(f"Base graph {number}: rows", float(graph.rows), float(lines), 0.0, TABLES),
            Row(f"Base graph {number}: columns", float(graphs.COLUMNS[number]), float(columns), 0.0, TABLES),
            Row(f"Base graph {number}: edges", float(len(graph.column)), float(edges), 0.0, TABLES),
        ]
    return found


def _checks() -> list[Row]:
    """CRC of named words, all six generators."""
    known = stored()["crc"]
    same = sum(
        "".join(map(str, crc.check_bits(named(name, int(name.split()[1])), name.split()[0]))) == bits
        for name, bits in known.items()
    )
    return [_equal("Checks (CRC)", same, len(known))]


def _codeword(name: str, k: int, n: int) -> Bits:
    """Codeword as sent from its start, filler left out."""
    number, size = (int(part) for part in name.split()[1:])
    graph = graphs.graph(number, size)
    block = np.zeros(graph.systematic * size, dtype=np.uint8)
    block[:k] = named(name, k)
    word = coding.encode(graph, block)[0]
    return np.concatenate([word[2 * size : k], word[graph.systematic * size :]])[:n]


def _codewords() -> list[Row]:
    """Codewords of both base graphs and all lifting sizes."""
    known = stored()["ldpc"]
    same = sum(
        digest(_codeword(name, item["k"], item["n"])) == item["digest"] for name, item in known.items()
    )
    return [_equal("LDPC codewords of 2 graphs x 51 lifting sizes", same, len(known))]


def _transport() -> list[Row]:
    """Coded transport blocks: check, segmentation, filler, rate matching, interleaving."""
    known, same = stored()["transport"], 0
    for name, item in known.items():
        size, coded = (int(part) for part in name.split()[1:])
        cut = matching.segments(size, item["rate"])
        sent = matching.encode(named(name, item["k"]), cut, coded, item["order"], 0, item["layers"])
        same += name != SLIP and digest(sent) == item["digest"]
    graph = float(matching.segments(3824, known[SLIP]["rate"]).number)
    why = (
        "TS 38.212, clause 6.2.2: graph 2 up to 3824 bits at a rate of 0.67 or less. Sionna compares the "
        "block with its check, so 3,809 to 3,824 bits go to graph 1"
    )
    return [
        _equal("Coded transport blocks", same, len(known) - 1),
        Row("Base graph of 3,824 bits at rate 0.5", graph, 2.0, 0.0, why),
        Row("The same by Sionna", graph, 1.0, 0.0, why, gate=False),
    ]


def versions(name: str) -> list[Bits]:
    """What is sent of a named code block in each redundancy version."""
    k, n = (int(part) for part in name.split()[1:])
    item = stored()["versions"][name]
    cut = matching.Segments(k - crc.length("CRC16"), "CRC16", item["graph"], item["size"], 1, k)
    block = np.zeros(cut.graph.systematic * cut.size, dtype=np.uint8)
    block[:k] = named(name, k)
    word = coding.encode(cut.graph, block)[0]
    return [word[matching.positions(cut, n, version)] for version in range(4)]


def _versions() -> list[Row]:
    """Rate matching of single code blocks, all redundancy versions."""
    known = stored()["versions"]
    same = sum(
        digest(word) == theirs
        for name, item in known.items()
        for word, theirs in zip(versions(name), item["digests"], strict=True)
    )
    return [_equal("Rate matching in redundancy versions 0 to 3", same, 4 * len(known))]


def _errors() -> list[Row]:
    """Thresholds of the decoders, simulated anew, beside Sionna's of as many blocks."""
    known = decoding.stored()["ldpc"][0]
    k, n, blocks = known["k"], known["n"], known["blocks"]
    theirs = decoding.threshold(decoding.sionnas(k, n))
    ours = decoding.threshold([decoding.ldpc(k, n, level, blocks) for level in LEVELS_DB])
    spread = hypot(ours.half_db, theirs.half_db)
    note = (
        f"{ERRORS}; boxplus, 20 iterations, {blocks} blocks a point; difference known to {spread:.3f} dB "
        "(95 %). Layers need fewer turns than a flood: ours lies below"
    )
    title = "LDPC, 1,000 bits in 2,000: Eb/N0 of BLER 1e-2, dB"
    rows = [Row(title, ours.level_db, theirs.level_db, 0.1, note)]
    for item in decoding.stored()["polar"]:
        way, k, n, level = item["way"], item["k"], item["n"], item["esno_db"]
        point = decoding.polar(way, k, n, level, item["blocks"])
        rate = item["errors"] / item["blocks"]
        tolerance = 2.58 * sqrt(2.0 * rate * (1.0 - rate) / item["blocks"])
        title = f"Polar {way}, {k} bits in {n}, list of 8, {level:g} dB: BLER"
        rows.append(
            Row(title, point.errors / point.blocks, rate, tolerance, f"{ERRORS}; tolerance: 99 % by chance")
        )
    return rows


def _polar() -> list[Row]:
    """Coded control information up and down."""
    known, same = stored()["polar"], 0
    for name, theirs in known.items():
        way, k, n = name.split()
        encode = control.encode_up if way == "uplink" else control.encode_down
        same += digest(encode(named(name, int(k)), int(n))[0]) == theirs
    order = codes.reliability()[:10].tolist() == [0, 1, 2, 4, 8, 16, 32, 3, 5, 64]
    return [
        _equal("Polar codewords, up and down", same, len(known)),
        Row("Reliability order begins as printed", float(order), 1.0, 0.0, RELIABILITY),
    ]
