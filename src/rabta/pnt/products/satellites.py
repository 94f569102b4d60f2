"""Satellites' names in product files, and their records on a grid of times and satellites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.gnsstime import Instants
from rabta.pnt.records import SYSTEMS
from rabta.pnt.text import Lines, Notes

Index = NDArray[np.int64]

_TIMES = {"GPS": "G", "GAL": "G", "QZS": "G", "IRN": "G", "GLO": "R", "UTC": "R", "BDT": "C", "BDS": "C"}


def names(text: Lines, rows: Index, at: int) -> NDArray[np.str_]:
    """Satellites' names at a column of lines, as in ``C05``; empty where there is none.

    Files of old know only GPS and leave its letter blank.
    """
    letter = text.column(at)[rows]
    tens, ones = text.column(at + 1)[rows], text.column(at + 2)[rows]
    letter = np.where(letter == 32, np.uint8(ord("G")), letter)
    tens = np.where(tens == 32, np.uint8(48), tens)
    known = np.isin(letter, np.frombuffer(SYSTEMS.encode(), np.uint8))
    known &= (tens >= 48) & (tens <= 57) & (ones >= 48) & (ones <= 57) & ((tens > 48) | (ones > 48))
    name = np.stack([letter, tens, ones], axis=-1).astype(np.uint8)
    plain = (
        np.ascontiguousarray(name).view("S3").reshape(-1).astype("U3", copy=False) if known.all() else None
    )
    if plain is not None:
        return np.asarray(plain)
    kept = np.where(known[:, None], name, np.uint8(0))
    return np.ascontiguousarray(kept).view("S3").reshape(-1).astype("U3")


def grid(times: Instants, satellite: NDArray[np.str_]) -> tuple[Instants, tuple[str, ...], Index, Index]:
    """Times and satellites of records, each once and in order, and the place of every record."""
    instants, row = np.unique(times, return_inverse=True)
    satellites, column = np.unique(satellite, return_inverse=True)
    order = sorted(range(satellites.size), key=lambda k: (SYSTEMS.index(satellites[k][0]), satellites[k]))
    rank = np.empty(satellites.size, np.int64)
    rank[order] = np.arange(satellites.size)
    return instants, tuple(str(satellites[k]) for k in order), row, rank[column]


def read_names(text: Lines) -> tuple[str, ...]:
    """Satellites that the header of an SP3 file lists."""
    found: list[str] = []
    for line in range(min(len(text), 40)):
        row = text.text(line)
        if row[:2] == "+ ":
            parts = [row[k : k + 3] for k in range(9, 60, 3)]
            found += [
                p.replace(" ", "0" if p[0] != " " else "G", 1) for p in parts if p.strip() not in ("", "0")
            ]
    return tuple(found)


def time_letter(name: str, notes: Notes) -> str:
    """Letter of the system whose time a file keeps; G for all that run with GPS time."""
    letter = _TIMES.get(name.strip().upper())
    if letter is None:
        notes.add(0, f"a time system that is not known ({name.strip()}): read as GPS time")
    return letter or "G"
