"""LDPC codes in plain NumPy: what the kernels are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.phy.ldpc.graphs import Graph

Bits = NDArray[np.uint8]
Values = NDArray[np.int16]

TOP = 16383


def matrix(graph: Graph) -> NDArray[np.uint8]:
    """Parity-check matrix in full, shape (rows Z, columns Z): TS 38.212, clause 5.3.2."""
    size, columns = graph.size, int(graph.column.max()) + 1
    out = np.zeros((graph.rows * size, columns * size), dtype=np.uint8)
    z = np.arange(size)
    for row in range(graph.rows):
        for edge in range(int(graph.first[row]), int(graph.first[row + 1])):
            column, shift = int(graph.column[edge]), int(graph.shift[edge])
            out[row * size + z, column * size + (z + shift) % size] = 1
    return out


def syndrome(graph: Graph, words: Bits) -> Bits:
    """Parity checks of words, shape (word, rows Z); zero for codewords."""
    size = graph.size
    parts = words.reshape(len(words), -1, size)
    out = np.zeros((len(words), graph.rows, size), dtype=np.uint8)
    for row in range(graph.rows):
        for edge in range(int(graph.first[row]), int(graph.first[row + 1])):
            out[:, row] ^= np.roll(parts[:, graph.column[edge]], -int(graph.shift[edge]), axis=1)
    return out.reshape(len(words), -1)


def decode(graph: Graph, values: Values, iterations: int) -> tuple[Values, int]:
    """Layered min-sum, scaled by three quarters, of one word; values after it and iterations needed.

    The scaling of min-sum is that of Chen and Fossorier, IEEE Communications Letters 6 (2002) 208.
    """
    size, edges = graph.size, len(graph.column)
    value = values.astype(np.int64).reshape(-1, size).copy()
    message = np.zeros((edges, size), dtype=np.int64)
    for turn in range(iterations):
        for row in range(graph.rows):
            _layer(graph, row, value, message)
        signs = (value < 0).astype(np.uint8).reshape(1, -1)
        if not syndrome(graph, signs).any():
            return value.reshape(-1).astype(np.int16), turn + 1
    return value.reshape(-1).astype(np.int16), iterations + 1


def _layer(graph: Graph, row: int, value: NDArray[np.int64], message: NDArray[np.int64]) -> None:
    edges = range(int(graph.first[row]), int(graph.first[row + 1]))
    turned = [np.roll(value[graph.column[e]], -int(graph.shift[e])) - message[e] for e in edges]
    size = np.abs(turned)
    order = np.sort(size, axis=0)
    sign = np.bitwise_xor.reduce([v < 0 for v in turned], axis=0)
    for k, e in enumerate(edges):
        least = np.where(size[k] <= order[0], order[1], order[0])
        least = (least >> 1) + (least >> 2)
        message[e] = np.where(sign ^ (turned[k] < 0), -least, least)
        new = np.clip(turned[k] + message[e], -TOP, TOP)
        value[graph.column[e]] = np.roll(new, int(graph.shift[e]))
