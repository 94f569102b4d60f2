"""Which receiver clock each row has: one a system, and delays of signals and generations against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.position.weights import BEIDOU2_LAST

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Receivers see BeiDou-2 and BeiDou-3 apart by up to some metres on B1I and B3I, each receiver type otherwise
# (Jiao et al., Remote Sens. 11 (2019); Mi et al., GPS Solut. 25 (2021)): a delay that is estimated.
GENERATION_M = {"single": 1.0, "auto": 2.0, "iono-free": 3.0}
SIGNAL_M = 10.0  # between signals of different bands: the receiver's own delays, tens of nanoseconds


def generation(system: NDArray[np.str_], prn: Index) -> NDArray[np.str_]:
    """Letters of systems with BeiDou's generations apart: ``C2`` for C01 to C16, else the letter."""
    return np.where((system == "C") & (prn <= BEIDOU2_LAST), "C2", system.astype("U2"))


def groups(columns: Mapping[str, NDArray[Any]], mode: str) -> tuple[tuple[str, ...], Index, Index, Array]:
    """Groups of rows with one receiver delay: names, each row's, each one's system clock and tie to it."""
    family = generation(columns["system"], columns["prn"])
    letters, which = np.unique(family, return_inverse=True)
    first, code = np.unique(columns["codes"], return_inverse=True)
    code = code.reshape(columns["codes"].shape)
    key = which.reshape(-1) * first.size + code[:, 0]
    if mode == "iono-free":
        key = key * first.size + code[:, 1]
    used, one, group = np.unique(key, return_index=True, return_inverse=True)
    signals = [
        "+".join(c for c in row if c) for row in columns["codes"][one, : 2 if mode == "iono-free" else 1]
    ]
    names = [f"{family[i]} {signal}" for i, signal in zip(one.tolist(), signals, strict=True)]
    count = np.bincount(group.reshape(-1), minlength=used.size)
    parents, parent = np.unique(columns["system"][one], return_inverse=True)
    tie = np.zeros(used.size)
    for p in range(parents.size):
        mine = np.flatnonzero(parent.reshape(-1) == p)
        main = mine[np.argmax(count[mine])]
        for g in mine.tolist():
            other = names[g].split()[1] != names[main].split()[1]
            older = names[g].split()[0] != names[main].split()[0]
            tie[g] = np.hypot(SIGNAL_M * other, GENERATION_M[mode] * older)
    return tuple(names), group.reshape(-1).astype(np.int64), parent.reshape(-1).astype(np.int64), tie
