"""Encode and decode code blocks of NR's LDPC codes, with early stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.ldpc import _kernels
from rabta.mobile.phy.ldpc.graphs import COLUMNS, Graph
from rabta.mobile.phy.ldpc.reference import TOP

Bits = NDArray[np.uint8]
Values = NDArray[np.float32]

SCALE = 16.0
"""Steps of a decoder's value in one unit of log-likelihood ratio."""
ITERATIONS = 20


def encode(graph: Graph, bits: ArrayLike) -> Bits:
    """Codewords of blocks of systematic bits (filler bits as zeros): TS 38.212, clause 5.3.2.

    Parameters
    ----------
    bits : array_like of 0 and 1, shape (block, systematic columns x Z)

    Returns
    -------
    ndarray of uint8, shape (block, columns x Z)
        The first two columns, which are never sent, included.
    """
    blocks = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    wanted = graph.systematic * graph.size
    if blocks.shape[1] != wanted:
        raise RabtaError("wrong block length", key="bits", value=blocks.shape[1], expected=str(wanted))
    words = np.zeros((len(blocks), COLUMNS[graph.number] * graph.size), dtype=np.uint8)
    words[:, :wanted] = blocks
    g = graph
    _kernels.encode(g.first, g.column, g.shift, np.uint64(g.size), np.uint64(g.systematic), words)
    return words


def decode(graph: Graph, ratios: ArrayLike, iterations: int = ITERATIONS) -> tuple[Bits, NDArray[np.int64]]:
    """Decide the bits of words from log-likelihood ratios, positive for a zero.

    Parameters
    ----------
    ratios : array_like, shape (word, columns x Z)
        0 for bits that were not sent, infinite for known ones. May be shorter by whole parity columns at the
        end: then the rows that only they are in are left out, which is faster and no worse.
    iterations : int
        At most so many; a word that passes every parity check stops earlier.

    Returns
    -------
    bits : ndarray of uint8, shape (word, columns x Z)
    used : ndarray of int, shape (word,)
        Iterations, or one more than allowed where no codeword was found.
    """
    values = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    graph = _short(graph, values.shape[1])
    words = np.clip(np.rint(values * np.float32(SCALE)), -TOP, TOP).astype(np.int16)
    rows = np.diff(graph.first.astype(np.int64))
    messages = np.empty((len(graph.column), graph.size), dtype=np.int16)
    sums = np.empty((int(rows.max()), graph.size), dtype=np.int16)
    scratch = np.empty((3, graph.size), dtype=np.int16)
    used = np.empty(len(words), dtype=np.int64)
    for i, word in enumerate(words):
        used[i] = _kernels.decode(
            graph.first, graph.column, graph.shift, np.uint64(graph.size), iterations, word, messages, sums,
            scratch,
        )  # fmt: skip
    return (words < 0).astype(np.uint8), used


def _short(graph: Graph, length: int) -> Graph:
    """Graph without the rows whose own parity column is missing."""
    columns, rest = divmod(length, graph.size)
    least = graph.systematic + 4
    if rest or not least <= columns <= COLUMNS[graph.number]:
        most = COLUMNS[graph.number] * graph.size
        raise RabtaError(
            "wrong word length", key="ratios", value=length,
            expected=f"a multiple of {graph.size} from {least * graph.size} to {most}",
        )  # fmt: skip
    return graph.cut(columns - graph.systematic)
