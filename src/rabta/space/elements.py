"""Element files: TLE and OMM from a file, a folder or a URL, checked and made into a satellites table."""

from __future__ import annotations

import hashlib
import os
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray

from rabta import io, schema
from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.space import omm, tle
from rabta.space.interop import shells
from rabta.times import gmst_rad

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".tle", ".2le", ".3le", ".txt", ".xml", ".json", ".csv", ".kvn", ".omm")
MAX_BYTES = 64 * 1024 * 1024
MAX_AGE_S = 7200.0  # CelesTrak refreshes its groups every two hours and asks not to be asked more often
TIMEOUT_S = 30.0
GEOSYNCHRONOUS_REV_DAY = 1.002738
J2000_JD = 2_451_544.5  # 2000-01-01 00:00
RANGES = {
    "inclination_deg": (0.0, 180.0),
    "raan_deg": (-360.0, 360.0),
    "eccentricity": (0.0, 0.999999),
    "argp_deg": (-360.0, 360.0),
    "mean_anomaly_deg": (-360.0, 360.0),
    "mean_motion_rev_day": (0.01, 18.0),
    "bstar": (-10.0, 10.0),
}

Columns = Mapping[str, NDArray[Any]]


def read(source: str, *, max_age_s: float = MAX_AGE_S, epoch_jd: float = J2000_JD) -> pd.DataFrame:
    """Read satellites from TLE or OMM data, or from the shells of a StarPerf or StarryNet file.

    Parameters
    ----------
    source : str
        A file, a folder of files, or an http(s) address, which is kept on disk (see `fetch`).
    max_age_s : float
        Age above which the kept copy of an address is fetched again.
    epoch_jd : float
        Epoch of shells, whose files state none (Julian date, UTC).

    Returns
    -------
    DataFrame
        The ``satellites`` table: moving satellites in the order of the file, then geostationary ones.

    Raises
    ------
    RabtaError
        Names the file, the line and the value of the first thing that is wrong: a bad checksum, a line of
        the wrong length, a truncated file, a field that is not a number or out of range, a satellite that
        is there twice, elements that SGP4 cannot propagate at their own epoch (decayed).
    """
    if is_address(source):
        parts = [_parse(fetch(source, max_age_s=max_age_s), source, epoch_jd)]
    elif (path := Path(source)).is_dir():
        parts = [_parse(p, p, epoch_jd) for p in sorted(path.iterdir()) if p.suffix.lower() in SUFFIXES]
    else:
        parts = [_parse(path, path, epoch_jd)]
    if not sum(len(part["norad"]) for part in parts):
        raise RabtaError("no element sets in the source", file=source, expected="TLE or OMM data")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    _check_unique(columns)
    return table({name: values for name, values in columns.items() if name not in {"line", "file"}})


def table(columns: Columns, **constants: object) -> pd.DataFrame:
    """Make a ``satellites`` table of element columns; other columns get their value or the default.

    Parameters
    ----------
    columns : mapping of ndarray, shape (satellite,)
        Element columns, from `read`'s parsers or from `rabta.space.walker.walker`.
    **constants
        Values for whole columns, such as ``constellation="starlink"``.

    Returns
    -------
    DataFrame
        Moving satellites first, geostationary ones (``orbit == "geo"``) last, else in the given order.
    """
    import pandas as pd

    count = len(columns["mean_motion_rev_day"])
    known: dict[str, object] = {**constants, **columns}
    if "orbit" not in known:
        known["orbit"] = classify(columns)
    known.setdefault(
        "longitude_deg", np.where(np.asarray(known["orbit"]) == "geo", longitude(columns), np.nan)
    )
    frame = pd.DataFrame(
        {
            name: pd.Series(
                known.get(name, spec.default or _empty(spec.type)),
                index=range(count),
                dtype=_dtype(spec.type),
            )
            for name, spec in schema.tables()["satellites"].items()
        }
    )
    return frame.iloc[np.argsort(frame["orbit"].to_numpy() == "geo", kind="stable")].reset_index(drop=True)


def _dtype(kind: str) -> str:
    return "str" if kind == "string" else kind


def _empty(kind: str) -> object:
    return "" if kind == "string" else np.nan


def classify(columns: Columns) -> NDArray[Any]:
    """Kind of orbit of mean elements: leo, meo, igso, geo or heo.

    Geostationary here means kept within 0.5 deg of the equator and drifting under 0.4 deg a day, so that a
    fixed nominal longitude is right to about half a degree; below 2000 km altitude is leo.
    """
    motion, ecc = columns["mean_motion_rev_day"], columns["eccentricity"]
    drift = np.abs(motion - GEOSYNCHRONOUS_REV_DAY)
    geo = (drift < 0.001) & (ecc < 0.005) & (columns["inclination_deg"] < 0.5)
    return np.select(
        [geo, (ecc > 0.25) | (motion < 0.9), drift < 0.1, motion < 11.25],
        ["geo", "heo", "igso", "meo"],
        default="leo",
    )


def longitude(columns: Columns) -> NDArray[np.float64]:
    """Mean longitude at epoch, degrees east from -180 to 180 (meaningful for geostationary satellites)."""
    inertial = columns["raan_deg"] + columns["argp_deg"] + columns["mean_anomaly_deg"]
    rotation = np.degrees(gmst_rad(columns["epoch_jd"]))
    return np.asarray(np.mod(inertial - rotation + 180.0, 360.0) - 180.0)


def _parse(path: Path, file: object, epoch_jd: float) -> dict[str, NDArray[Any]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RabtaError(f"cannot read the file: {error.strerror}", file=file) from error
    return parse(raw, file, epoch_jd)


def parse(raw: bytes, file: object = None, epoch_jd: float = J2000_JD) -> dict[str, NDArray[Any]]:
    """Element columns of the content of one TLE, OMM or shell file, every value checked (see `read`)."""
    head = raw[:4096].decode("utf-8", "replace")
    if tool := shells.recognise(head):
        columns = shells.parse(_text(raw, file), tool, epoch_jd, file)
    elif spelling := omm.recognise(head):
        columns = omm.parse(_text(raw, file), spelling, file)
    else:
        columns = tle.parse(raw.removeprefix(b"\xef\xbb\xbf"), file)
    columns["file"] = np.full(len(columns["norad"]), str(file), dtype=object)
    _check_ranges(columns, file)
    _check_alive(columns, file)
    return columns


def _text(raw: bytes, file: object) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RabtaError(f"not UTF-8 text: {error.reason}", file=file, key=f"byte {error.start}") from error


def _check_ranges(columns: Columns, file: object) -> None:
    for name, (low, high) in RANGES.items():
        values = columns[name].astype(np.float64)
        bad = ~((values >= low) & (values <= high))  # NaN is bad too
        if bad.any():
            row = int(bad.argmax())
            raise RabtaError(
                "element out of range",
                file=file,
                key=f"line {columns['line'][row]}, {columns['name'][row]}, {name}",
                value=values[row],
                expected=f"{low:g} to {high:g}",
            )


def _check_alive(columns: Columns, file: object) -> None:
    from rabta.space.propagate import SGP4_ERRORS, satrecs

    for row, satrec in enumerate(satrecs(columns)):
        code = satrec.error or satrec.sgp4_tsince(0.0)[0]
        if code:
            raise RabtaError(
                "elements that SGP4 cannot propagate at their own epoch",
                file=file,
                key=f"line {columns['line'][row]}",
                value=f"{columns['name'][row]} ({columns['norad'][row]}): {SGP4_ERRORS.get(code, code)}",
                expected="an orbit above the surface; remove decayed satellites",
            )


def _check_unique(columns: Columns) -> None:
    norad = columns["norad"]
    order = np.argsort(norad, kind="stable")
    twice = (np.diff(norad[order]) == 0) & (norad[order][1:] > 0)
    if twice.any():
        at = int(twice.argmax())
        first, second = order[at], order[at + 1]
        raise RabtaError(
            "satellite that is there twice",
            file=columns["file"][second],
            key=f"line {columns['line'][second]}",
            value=f"{columns['name'][second]} ({norad[second]})",
            expected=f"each number once; also at line {columns['line'][first]} of {columns['file'][first]}",
        )


def is_address(source: str) -> bool:
    """True where the source is to be fetched."""
    return source.startswith(("http://", "https://"))


def fetch(url: str, *, max_age_s: float = MAX_AGE_S, timeout_s: float = TIMEOUT_S) -> Path:
    """Copy an http(s) address to the cache folder, unless the kept copy is fresh.

    The folder is ``$XDG_CACHE_HOME/rabta/elements`` (``~/.cache`` by default). Where the network fails and
    an old copy exists, the old copy is used and a warning says its age.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rabta" / "elements"
    kept = folder / hashlib.sha256(url.encode()).hexdigest()[:32]
    age = time.time() - kept.stat().st_mtime if kept.exists() else None
    if age is not None and age <= max_age_s:
        return kept
    try:
        data = _download(url, timeout_s)
    except RabtaError as error:
        if age is None or error.exit_code != EXIT_SYSTEM:
            raise
        warnings.warn(f"{url}: using the copy of {age / 3600:.1f} h ago ({error.problem})", stacklevel=2)
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    io.write_atomic(kept, data)
    return kept


def _download(url: str, timeout_s: float) -> bytes:
    if not is_address(url):
        raise RabtaError("not a web address", key="catalogue", value=url, expected="http:// or https://")
    request = urllib.request.Request(url, headers={"User-Agent": "rabta"})  # noqa: S310  (scheme checked)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:  # noqa: S310  (scheme checked)
            data: bytes = reply.read(MAX_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the reply's socket
        raise RabtaError(f"cannot fetch: {error}", file=url, exit_code=EXIT_SYSTEM) from error
    if len(data) > MAX_BYTES:
        raise RabtaError("reply is too large", file=url, expected=f"at most {MAX_BYTES} bytes")
    return data
