"""The fibre backbone of the cells, brought down to the nodes that matter and the spans between them.

Cells in which just two cables meet and where nothing enters are passed through: the chain becomes one span,
as long as its cables together.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Chains:
    """Spans between kept cells.

    Attributes
    ----------
    cell : ndarray of int64, shape (node,)
        Cells that are kept, rising.
    ends : ndarray of int64, shape (span, 2)
        Rows of `cell`.
    km : ndarray, shape (span,)
    """

    cell: I8
    ends: I8
    km: F8


def contract(from_row: I8, to_row: I8, route_km: F8, keep: I8) -> Chains:
    """Chains between the kept cells, junctions and ends of a backbone.

    Parameters
    ----------
    from_row, to_row : ndarray of int64, shape (edge,)
        Cells at the ends of each cable.
    route_km : ndarray, shape (edge,)
    keep : ndarray of int64
        Cells that stay nodes whatever the number of their cables; one that no cable reaches is dropped.

    Examples
    --------
    >>> made = contract(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([1.0, 2.0, 4.0]), np.array([2]))
    >>> made.cell.tolist(), made.ends.tolist(), made.km.tolist()
    ([0, 2, 3], [[0, 1], [1, 2]], [3.0, 4.0])
    """
    distinct = from_row != to_row
    a, b, km = from_row[distinct], to_row[distinct], route_km[distinct]
    cables: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for edge, (one, other) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        cables[one].append((edge, other))
        cables[other].append((edge, one))
    wanted = set(keep.tolist())
    kept = {cell for cell, held in cables.items() if len(held) != 2 or cell in wanted}
    kept |= _one_of_each_ring(cables, kept)
    used = np.zeros(a.size, dtype=bool)
    found = []
    for cell in sorted(kept):
        for edge, onward in cables[cell]:
            if not used[edge]:
                found.append((cell, *_walk(cables, kept, edge, onward, km, used)))
    found = [row for row in found if row[0] != row[1]]  # a ring back to its only node carries nothing
    cells = np.array(sorted(kept), dtype=np.int64)
    ends = np.array([row[:2] for row in found], dtype=np.int64).reshape(-1, 2)
    return Chains(cells, np.searchsorted(cells, ends), np.array([row[2] for row in found], dtype=np.float64))


def _walk(
    cables: dict[int, list[tuple[int, int]]],
    kept: set[int],
    edge: int,
    cell: int,
    km: F8,
    used: NDArray[np.bool_],
) -> tuple[int, float]:
    """Kept cell at the other end of the chain that begins with an edge, and the chain's length."""
    used[edge], length = True, float(km[edge])
    while cell not in kept:
        (first, one), (second, other) = cables[cell]
        edge, cell = (second, other) if first == edge else (first, one)
        used[edge], length = True, length + float(km[edge])
    return cell, length


def _one_of_each_ring(cables: dict[int, list[tuple[int, int]]], kept: set[int]) -> set[int]:
    """The lowest cell of every ring on which no cell is kept."""
    seen, out = set(kept), set()
    for start in sorted(cables):
        if start in seen:
            continue
        reached, todo, closed = {start}, [start], True
        while todo:
            for _, onward in cables[todo.pop()]:
                closed &= onward not in kept
                if onward not in reached and onward not in kept:
                    reached.add(onward)
                    todo.append(onward)
        seen |= reached
        out |= {start} if closed else set()
    return out
