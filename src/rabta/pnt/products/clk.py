"""Precise clocks in RINEX CLK 2 and 3 (IGS, "RINEX extensions to handle clock information", 1999 to 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants
from rabta.pnt.products.satellites import grid, names, time_letter
from rabta.pnt.text import Lines, Notes, Source, lines
from rabta.pnt.text._kernels import columns
from rabta.pnt.text.dates import gps_time, in_columns

Array = NDArray[np.float64]
Index = NDArray[np.int64]

LABEL_OLD, LABEL_NEW = 60, 65  # column of header labels before and since 3.04
WHAT = "a RINEX clock file (kind C)"


@dataclass(frozen=True)
class Clocks:
    """Clocks of satellites, or of receivers, at times.

    Attributes
    ----------
    times : ndarray of int64, shape (time,)
        GPS time, ns.
    satellites : tuple of str
        As in ``C21``; of receivers their names.
    bias_s, sigma_s : ndarray, shape (time, satellite)
        Clock minus system time, and what the file says of its error; NaN where not given.
    """

    times: Instants
    satellites: tuple[str, ...]
    bias_s: Array
    sigma_s: Array
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(source: Source, receivers: bool = False) -> Clocks:
    """Read satellites' clocks (``AS`` records), or receivers' (``AR``).

    Raises
    ------
    RabtaError
        Where the file is no clock file, or holds no clock that can be used.
    """
    text = lines(source)
    top = text.text(0)
    if "RINEX VERSION / TYPE" not in top or (
        top[20:22].upper().strip()[:1] not in ("C",) and "CLOCK" not in top
    ):
        raise RabtaError("not a clock file", file=text.at(0), value=top[:60].strip(), expected=WHAT)
    notes = Notes(text)
    end, header = _header(text)
    kind = np.frombuffer(b"AR" if receivers else b"AS", np.uint8)
    rows = np.flatnonzero((text.column(0) == kind[0]) & (text.column(1) == kind[1]))
    rows = rows[rows >= end]
    shift = 5 if header["version"] >= 3.04 - 1e-6 else 0  # names of nine characters since 3.04
    at = tuple(k + shift for k in (8, 13, 16, 19, 22))
    dates, dated = in_columns(text, rows, at, (4, 2, 2, 2, 2), (24 + shift, 10))
    values, status = np.empty((rows.size, 2)), np.empty((rows.size, 2), np.uint8)
    columns(text.data, text.first[rows], text.last[rows], 40 + shift, 20, 19, values, status)
    name = _receivers(text, rows, 9 if shift else 4) if receivers else names(text, rows, 3)
    good = dated & (status[:, 0] == 1) & (status[:, 1] != 2) & (name != "")
    for line in rows[~good].tolist():
        notes.add(line, f"a clock that cannot be read: {text.text(line)[:40]!r}")
    if not good.any():
        raise RabtaError("no clock can be used", file=text.name, value=(notes.done() or ("no records",))[0])
    times = gps_time(dates[good], time_letter(str(header.get("time_system", "GPS")), notes))
    return _arrange(times, name[good], values[good], receivers, header, notes)


def _arrange(
    times: Instants,
    name: NDArray[np.str_],
    values: Array,
    receivers: bool,
    header: dict[str, Any],
    notes: Notes,
) -> Clocks:
    if receivers:
        instants, row = np.unique(times, return_inverse=True)
        every, column = np.unique(name, return_inverse=True)
        known = tuple(str(one) for one in every)
    else:
        instants, known, row, column = grid(times, name)
    bias, sigma = np.full((instants.size, len(known)), np.nan), np.full((instants.size, len(known)), np.nan)
    bias[row, column], sigma[row, column] = values[:, 0], values[:, 1]
    return Clocks(instants, known, bias, sigma, header, notes.done())


def _receivers(text: Lines, rows: Index, width: int) -> NDArray[np.str_]:
    return np.array([text.text(line)[3 : 3 + width].strip() for line in rows.tolist()], dtype=f"U{width}")


def _header(text: Lines) -> tuple[int, dict[str, Any]]:
    try:
        found: dict[str, Any] = {"version": float(text.text(0)[:9])}
    except ValueError:
        raise RabtaError("a clock file without a version", file=text.at(0), value=text.text(0)[:9]) from None
    if not 2.0 <= found["version"] < 4.0:
        raise RabtaError(
            "a version that is not known", file=text.at(0), value=found["version"], expected="2 or 3"
        )
    label = LABEL_NEW if found["version"] >= 3.04 - 1e-6 else LABEL_OLD
    for line in range(1, len(text)):
        row = text.text(line)
        name = row[label:].strip()
        if row.rstrip().endswith("END OF HEADER"):
            return line + 1, found
        if name == "TIME SYSTEM ID":
            found["time_system"] = row[3:6].strip() or "GPS"
        elif name == "ANALYSIS CENTER":
            found["agency"] = row[:3].strip()
        elif name == "LEAP SECONDS" and row[:6].strip().isdigit():
            found["leap_seconds"] = int(row[:6])
        elif name == "SYS / PCVS APPLIED":
            found.setdefault("pcvs", []).append(row[:label].strip())
    raise RabtaError("the header has no end", file=text.at(len(text) - 1), expected="a line END OF HEADER")
