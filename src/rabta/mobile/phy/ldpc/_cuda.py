"""The decoder of `_kernels` on a GPU: a block of threads a word, a thread for each of the Z lanes.

Imported only where a GPU is used. Within a row no column comes twice, so the threads meet between rows only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.jit import cuda as compiler
from rabta.mobile.phy.ldpc.graphs import Graph

cuda = compiler()

TOP, FAR = 16383, 32000


@cuda.jit  # type: ignore[untyped-decorator]
def _decode(  # noqa: C901
    first: Any, column: Any, shift: Any, size: int, iterations: int, values: Any, messages: Any, used: Any
) -> None:
    """Layered scaled min-sum of the word of this block, in place; `reference.decode`."""
    w, z = cuda.blockIdx.x, cuda.threadIdx.x
    rows = first.shape[0] - 1
    for e in range(messages.shape[1]):
        messages[w, e, z] = 0
    needed = iterations + 1
    for turn in range(iterations):
        for r in range(rows):
            least, next_, odd = FAR, FAR, False
            for e in range(first[r], first[r + 1]):
                v = int(values[w, column[e] * size + (z + shift[e]) % size]) - int(messages[w, e, z])
                odd ^= v < 0
                next_ = min(max(abs(v), least), next_)
                least = min(abs(v), least)
            for e in range(first[r], first[r + 1]):
                at = column[e] * size + (z + shift[e]) % size
                v = int(values[w, at]) - int(messages[w, e, z])
                t = next_ if abs(v) <= least else least
                t = (t >> 1) + (t >> 2)
                if odd != (v < 0):
                    t = -t
                messages[w, e, z] = t
                values[w, at] = max(min(v + t, TOP), -TOP)
            cuda.syncthreads()
        wrong = 0
        for r in range(rows):
            odd = False
            for e in range(first[r], first[r + 1]):
                odd ^= values[w, column[e] * size + (z + shift[e]) % size] < 0
            wrong |= 1 if odd else 0
        if not cuda.syncthreads_or(wrong):
            needed = turn + 1
            break
    if z == 0:
        used[w] = needed


def decode(
    graph: Graph, words: NDArray[np.int16], iterations: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Bits of words and the iterations needed, as `coding.decode` gives them."""
    tables = [cuda.to_device(part.astype(np.int32)) for part in (graph.first, graph.column, graph.shift)]
    values = cuda.to_device(words)
    messages = cuda.device_array((len(words), len(graph.column), graph.size), dtype=np.int16)
    used = cuda.device_array(len(words), dtype=np.int64)
    _decode[len(words), graph.size](*tables, graph.size, iterations, values, messages, used)
    return (values.copy_to_host() < 0).astype(np.uint8), used.copy_to_host()
