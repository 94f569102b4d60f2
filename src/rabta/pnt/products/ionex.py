"""Maps of the ionosphere in IONEX 1 (S. Schaer, W. Gurtner, J. Feltens, "IONEX", version 1.1, 2015)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants, from_calendar, from_utc
from rabta.pnt.text import Lines, Notes, Source, lines

Array = NDArray[np.float64]

LABEL = 60
NONE = 9999  # value of a cell without one
LARGEST = 2000  # cells along one side of a map
WHAT = "an IONEX file"


@dataclass(frozen=True)
class Maps:
    """Maps of total electron content on one shell.

    Attributes
    ----------
    times : ndarray of int64, shape (time,)
        GPS time, ns.
    latitudes_deg : ndarray, shape (latitude,)
        As in the file: usually from north to south.
    longitudes_deg : ndarray, shape (longitude,)
    tec_tecu, rms_tecu : ndarray, shape (time, latitude, longitude)
        NaN where not given.
    height_m, radius_m : float
        Height of the shell above a sphere, and the sphere's radius.
    header : mapping
        ``mapping_function``, ``mask_deg``, ``interval_s``, ``dcb_ns`` by satellite or station.
    """

    times: Instants
    latitudes_deg: Array
    longitudes_deg: Array
    tec_tecu: Array
    rms_tecu: Array
    height_m: float
    radius_m: float
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass
class _Grid:
    latitudes: Array
    longitudes: Array
    exponent: int


def read(source: Source) -> Maps:
    """Read maps of one shell.

    Raises
    ------
    RabtaError
        Where the file is no IONEX file, has maps of several heights, or no map that can be used.
    """
    text = lines(source)
    if text.text(0)[LABEL:].strip() != "IONEX VERSION / TYPE":
        raise RabtaError("not an IONEX file", file=text.at(0), value=text.text(0)[:60].strip(), expected=WHAT)
    if not text.text(0)[:8].strip().startswith("1"):
        raise RabtaError(
            "a version that is not known", file=text.at(0), value=text.text(0)[:8].strip(), expected="1.0"
        )
    notes = Notes(text)
    end, labels = _labels(text)
    height = _floats(text, labels, "HGT1 / HGT2 / DHGT", 3)
    if height[0] != height[1]:
        raise RabtaError(
            "maps of several heights are not read", file=text.name, value=f"{height[0]} to {height[1]} km"
        )
    latitude = _floats(text, labels, "LAT1 / LAT2 / DLAT", 3)
    longitude = _floats(text, labels, "LON1 / LON2 / DLON", 3)
    exponent = labels.get("EXPONENT", (0, "-1"))[1].strip()
    grid = _Grid(
        _axis(text, latitude), _axis(text, longitude), int(exponent) if exponent.lstrip("-").isdigit() else -1
    )
    maps = {kind: _maps(text, end, kind, grid, notes) for kind in ("TEC", "RMS")}
    if not maps["TEC"]:
        raise RabtaError("no map can be used", file=text.name, value=(notes.done() or ("no maps",))[0])
    times = np.array(sorted(maps["TEC"]), np.int64)
    empty = np.full((grid.latitudes.size, grid.longitudes.size), np.nan)
    tec = np.stack([maps["TEC"][t] for t in times.tolist()])
    rms = np.stack([maps["RMS"].get(t, empty) for t in times.tolist()])
    radius = _floats(text, labels, "BASE RADIUS", 1)[0] * 1e3
    header = _header(text, labels, end)
    return Maps(
        times, grid.latitudes, grid.longitudes, tec, rms, height[0] * 1e3, radius, header, notes.done()
    )  # fmt: skip


def _labels(text: Lines) -> tuple[int, dict[str, tuple[int, str]]]:
    found: dict[str, tuple[int, str]] = {}
    for line in range(len(text)):
        row = text.text(line)
        label = row[LABEL:].strip()
        if label == "END OF HEADER":
            return line + 1, found
        found.setdefault(label, (line, row[:LABEL]))
    raise RabtaError("the header has no end", file=text.at(len(text) - 1), expected="a line END OF HEADER")


def _floats(text: Lines, labels: dict[str, tuple[int, str]], name: str, count: int) -> list[float]:
    line, row = labels.get(name, (0, ""))
    try:
        found = [float(x) for x in row.split()[:count]]
    except ValueError:
        found = []
    if len(found) != count or not np.isfinite(found).all():
        raise RabtaError(f"no numbers for {name}", file=text.at(line), value=row.strip())
    return found


def _axis(text: Lines, ends: list[float]) -> Array:
    first, last, step = ends
    cells = (last - first) / step if step else -1.0
    if not 0.0 <= cells <= LARGEST:
        raise RabtaError("a grid that makes no sense", file=text.name, value=f"{first} to {last} by {step}")
    return np.asarray(first + step * np.arange(round(cells) + 1), dtype=np.float64)


def _maps(text: Lines, end: int, kind: str, grid: _Grid, notes: Notes) -> dict[int, Array]:
    """Maps of one kind by time."""
    found: dict[int, Array] = {}
    line, exponent = end, grid.exponent
    while line < len(text):
        row = text.text(line)
        label = row[LABEL:].strip()
        if label == "EXPONENT" and row[:6].strip().lstrip("-").isdigit():
            exponent = int(row[:6])
        if label == f"START OF {kind} MAP":
            line = _one(text, line + 1, kind, exponent, grid, found, notes)
        line += 1
    return found


def _one(
    text: Lines, line: int, kind: str, exponent: int, grid: _Grid, found: dict[int, Array], notes: Notes
) -> int:
    """Read one map; returns the line of its end."""
    top, time, last = line - 1, None, f"END OF {kind} MAP"
    cells = np.full((grid.latitudes.size, grid.longitudes.size), np.nan)
    rows = 0
    while line < len(text):
        row = text.text(line)
        label = row[LABEL:].strip()
        if label == last:
            break
        if label.startswith("START OF"):
            line -= 1
            break
        if label == "EPOCH OF CURRENT MAP":
            time = _date(row)
        elif label == "EXPONENT" and row[:6].strip().lstrip("-").isdigit():
            exponent = int(row[:6])
        elif label == "LAT/LON1/LON2/DLON/H":
            line, values = _row(text, line, grid.longitudes.size)
            at = _latitude(row, grid)
            if values is None or at is None:
                notes.add(line, "a row of a map that cannot be read")
            else:
                cells[at] = values
                rows += 1
        line += 1
    if time is None or rows == 0:
        notes.add(top, f"a {kind} map without a date or values")
    else:
        if rows < grid.latitudes.size:
            notes.add(top, f"a {kind} map of {rows} rows instead of {grid.latitudes.size}")
        found[time] = cells * 10.0 ** max(-9, min(exponent, 9))
    return line


def _latitude(row: str, grid: _Grid) -> int | None:
    try:
        latitude = float(row[2:8])
    except ValueError:
        return None
    near = int(np.argmin(np.abs(grid.latitudes - latitude)))
    return near if abs(grid.latitudes[near] - latitude) < 0.01 else None


def _row(text: Lines, line: int, count: int) -> tuple[int, Array | None]:
    """Values of one latitude, 16 of five characters a line; returns the last line of them."""
    values: list[float] = []
    while len(values) < count and line + 1 < len(text):
        row = text.text(line + 1)
        if row[LABEL:].strip()[:1].isalpha():
            return line, None
        line += 1
        cells = [row[k : k + 5] for k in range(0, min(len(row), 80), 5) if row[k : k + 5].strip()]
        try:
            values += [float(c) for c in cells]
        except ValueError:
            return line, None
        if not cells:
            return line, None
    array = np.array(values)
    if array.size != count:
        return line, None
    return line, np.where(np.abs(array) >= NONE, np.nan, array)


def _date(row: str) -> int | None:
    """Instant of a map: its epochs are in UTC."""
    try:
        year, month, day, hour, minute, second = (int(row[k : k + 6]) for k in range(0, 36, 6))
        base = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "ns")
    except ValueError:
        return None
    if not (0 <= hour <= 24 and 0 <= minute < 60 and 0 <= second < 61) or int(from_calendar(base)) < 0:
        return None
    return int(from_utc(base + np.timedelta64(hour * 3600 + minute * 60 + second, "s")))


def _header(text: Lines, labels: dict[str, tuple[int, str]], end: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, label in (("interval_s", "INTERVAL"), ("mask_deg", "ELEVATION CUTOFF")):
        try:
            found[key] = float(labels[label][1])
        except (KeyError, ValueError):
            continue
    if "MAPPING FUNCTION" in labels:
        found["mapping_function"] = labels["MAPPING FUNCTION"][1].strip()
    biases = {}
    for line in range(end):
        row = text.text(line)
        label = row[LABEL:].strip()
        if label in ("PRN / BIAS / RMS", "STATION / BIAS / RMS"):
            name, value = (row[3:6], row[6:16]) if label[0] == "P" else (row[6:10], row[26:36])
            with contextlib.suppress(ValueError):
                biases[name.strip()] = float(value)
    return found | ({"dcb_ns": biases} if biases else {})
