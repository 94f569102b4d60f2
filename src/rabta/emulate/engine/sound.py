"""Whether the parts of a course fit each other, as of a file that may be damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rabta.emulate.engine.course import GATE_PIECE, PIECE

FARTHEST_NS = 1e15
LONGEST_NS = 10**15  # eleven days


def fault(parts: Mapping[str, Any]) -> str:
    """Name what is wrong with the parts of a course, in words; empty where all is right.

    Parameters
    ----------
    parts : mapping
        As the fields of `Course`, of any type and shape.
    """
    hosts, gates = _count(parts.get("hosts")), _count(parts.get("gates"))
    if hosts < 1 or gates < 0:
        return "no names of hosts or gates"
    ends, first, gate_first = (parts.get(name) for name in ("ends", "first", "gate_first"))
    paths = len(ends) if isinstance(ends, np.ndarray) and ends.ndim else 0
    checks = (
        ("ends", _whole(ends, (paths, 2), 0, hosts - 1)),
        ("first", _rows(first, paths, parts.get("pieces"))),
        ("gate_first", _rows(gate_first, gates, parts.get("gate_pieces"))),
        ("pieces", _real(parts.get("pieces"), PIECE, -FARTHEST_NS)),
        ("pieces", _chances(parts.get("pieces"))),
        ("gate_pieces", _real(parts.get("gate_pieces"), GATE_PIECE, 0.0)),
        *((name, _real(parts.get(name), 0, 0.0, paths)) for name in ("jitter", "frame")),
        *((name, _real(parts.get(name), 0, 0.0, gates)) for name in ("queue", "overhead")),
        *((name, _whole(parts.get(name), (paths,), -1, gates - 1)) for name in ("up", "down")),
        ("length_ns", _whole(parts.get("length_ns"), (), 1, LONGEST_NS)),
    )
    return next((f"{name} is damaged" for name, good in checks if not good), "")


def _count(names: object) -> int:
    """Number of different names; negative where they are none."""
    if not isinstance(names, np.ndarray) or names.ndim != 1 or names.dtype.kind != "U":
        return -1
    return int(names.size) if np.unique(names).size == names.size else -1


def _whole(values: object, shape: tuple[int, ...], low: int, high: int) -> bool:
    return (
        isinstance(values, np.ndarray)
        and values.dtype == np.int64
        and values.shape == shape
        and bool(((values >= low) & (values <= high)).all())
    )


def _rows(first: object, count: int, table: object) -> bool:
    """Whether each of some things has one row of a table at least, in their order."""
    if not isinstance(first, np.ndarray) or not isinstance(table, np.ndarray) or table.ndim != 2:
        return False
    good = first.dtype == np.int64 and first.shape == (count + 1,)
    return good and first[0] == 0 and first[-1] == len(table) and bool((np.diff(first) >= 1).all())


def _real(values: object, wide: int, low: float, count: int | None = None) -> bool:
    """Whether values are finite numbers of a shape and within bounds; `wide` 0 is one value each."""
    if not isinstance(values, np.ndarray) or values.dtype != np.float64:
        return False
    shape = (len(values) if count is None else count, wide) if wide else (count,)
    if values.shape != shape:
        return False
    return bool((np.isfinite(values) & (values >= low) & (values <= FARTHEST_NS)).all())


def _chances(pieces: object) -> bool:
    """Whether chances of a path's pieces lie between nought and one, and slopes below one."""
    if not isinstance(pieces, np.ndarray) or pieces.ndim != 2 or pieces.shape[1] != PIECE:
        return False
    chances = pieces[:, 3:]
    return bool(((chances >= 0.0) & (chances <= 1.0)).all() and (np.abs(pieces[:, 2]) < 1.0).all())
