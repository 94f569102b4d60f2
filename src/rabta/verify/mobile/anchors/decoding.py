"""Block errors of our decoders, to set beside Sionna's: QPSK over white noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.phy.ldpc import coding, graphs
from rabta.mobile.phy.polar import control

Values = NDArray[np.float32]
PART = 2_000
SIGMA = 1.96  # of 95 %


class Point(NamedTuple):
    """Blocks sent at a level in dB, and those in error."""

    level_db: float
    blocks: int
    errors: int


class Threshold(NamedTuple):
    """Level of a block error rate, and half its 95 % interval, dB."""

    level_db: float
    half_db: float


@cache
def stored() -> dict[str, Any]:
    """Sionna's block errors, made by tools/phy/oracle_errors.py."""
    text = (files("rabta.verify.mobile.anchors") / "errors.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def noisy(sent: NDArray[np.uint8], noise: float, rng: np.random.Generator) -> Values:
    """Ratios of bits, two a symbol of unit energy, through noise of variance ``noise``."""
    heard = (1.0 - 2.0 * sent.astype(np.float32)) / np.float32(sqrt(2.0))
    heard += np.float32(sqrt(noise / 2.0)) * rng.standard_normal(sent.shape, dtype=np.float32)
    return np.asarray(np.float32(2.0 * sqrt(2.0) / noise) * heard, dtype=np.float32)


def ldpc_ratios(k: int, n: int, noise: float, blocks: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Graph, information bits and ratios of codewords of ``n`` bits sent from the start of the buffer."""
    graph = graphs.graph(2, graphs.lifting_size(2, k, k))
    size, width = graph.size, graph.systematic * graph.size
    block = np.zeros((blocks, width), dtype=np.uint8)
    block[:, :k] = rng.integers(0, 2, (blocks, k))
    at = np.r_[2 * size : k, width : width + n - k + 2 * size]
    columns = -(-(int(at[-1]) + 1) // size)
    ratios = np.zeros((blocks, columns * size), dtype=np.float32)
    ratios[:, at] = noisy(coding.encode(graph, block)[:, at], noise, rng)
    ratios[:, k:width] = np.inf
    return graph, block, ratios


def ldpc(k: int, n: int, ebno_db: float, blocks: int, seed: int = 1) -> Point:
    """Block errors of base graph 2 after 20 iterations at most."""
    rng, wrong = np.random.default_rng(seed), 0
    noise = 1.0 / (10.0 ** (ebno_db / 10.0) * 2.0 * k / n)
    for _ in range(blocks // PART):
        graph, block, ratios = ldpc_ratios(k, n, noise, PART, rng)
        bits, _ = coding.decode(graph, ratios)
        wrong += int((bits[:, :k] != block[:, :k]).any(axis=1).sum())
    return Point(ebno_db, blocks // PART * PART, wrong)


def polar(way: str, k: int, n: int, esno_db: float, blocks: int, seed: int = 1) -> Point:
    """Block errors of a list of eight."""
    rng, up = np.random.default_rng(seed), way == "uplink"
    bits = rng.integers(0, 2, (blocks, k)).astype(np.uint8)
    sent = (control.encode_up if up else control.encode_down)(bits, n)
    ratios = noisy(sent, 10.0 ** (-esno_db / 10.0), rng)
    found, _ = (control.decode_up if up else control.decode_down)(ratios, k, most=8)
    return Point(esno_db, blocks, int((found != bits).any(axis=1).sum()))


def threshold(points: Sequence[Point], rate: float = 1e-2) -> Threshold:
    """Level of a block error rate, between the two points about it, straight in the logarithm of errors."""
    rows = sorted(points)
    a, b = next((a, b) for a, b in pairwise(rows) if b.errors / b.blocks <= rate <= a.errors / a.blocks)
    high, low = log(a.errors / a.blocks), log(b.errors / b.blocks)
    part = (high - log(rate)) / (high - low)
    slope = (high - low) / (b.level_db - a.level_db)
    spread = sqrt((1.0 - part) ** 2 / a.errors + part**2 / b.errors)
    return Threshold(a.level_db + part * (b.level_db - a.level_db), SIGMA * spread / slope)


def sionnas(k: int, n: int) -> list[Point]:
    """Sionna's points of an LDPC code."""
    return [
        Point(item["ebno_db"], item["blocks"], item["errors"])
        for item in stored()["ldpc"]
        if (item["k"], item["n"]) == (k, n)
    ]
