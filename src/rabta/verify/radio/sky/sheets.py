"""The ITU's validation sheets (CG-3M3J-13-ValEx) as CSV: reading them, and one check for each.

A check is a function of a sheet and of the folder's maps, registered under the sheet's name; it gives
quantities as (name, ours, theirs). What cannot be checked for want of maps is said and not passed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rabta.errors import RabtaError
from rabta.radio.sky import maps
from rabta.radio.sky.maps import Maps
from rabta.verify import Row

if TYPE_CHECKING:
    import pandas as pd

SHEET = "ITU-R CG-3M3J-13-ValEx Rev 8.3.0"
OLD_SHEET = "ITU-R CG-3M3J-13-ValEx, sheet of the edition before"
TOLERANCE = 1e-6
MAPS_BELOW = "maps"


class Quantity(NamedTuple):
    """Values of one column of a sheet beside ours; ``counted`` where they are the sheet's own."""

    name: str
    ours: ArrayLike
    theirs: ArrayLike
    tolerance: float = TOLERANCE
    note: str = ""
    counted: bool = True


class Missing(NamedTuple):
    """What a check could not do, and why."""

    name: str
    why: str


Check = Callable[["pd.DataFrame", "Folder"], Iterator[Quantity | Missing]]
CHECKS: dict[str, tuple[str, Check]] = {}


def check(name: str, source: str = SHEET) -> Callable[[Check], Check]:
    """Register the check of one sheet."""

    def register(function: Check) -> Check:
        CHECKS[name] = (source, function)
        return function

    return register


@dataclass(frozen=True)
class Folder:
    """A folder of sheets; maps may lie in its folder ``maps``, or where ``$RABTA_ITU_MAPS`` says."""

    path: Path

    @property
    def maps(self) -> Maps:
        """Maps of the folder, else those of the environment and the wheel."""
        own = self.path / MAPS_BELOW
        return Maps(own) if own.is_dir() else maps.default()

    def has(self, name: str) -> bool:
        """True where the sheet is there."""
        return (self.path / f"{name}.csv").is_file()

    def read(self, name: str) -> pd.DataFrame:
        """One sheet; the second line holds units.

        Raises
        ------
        RabtaError
            Where the file cannot be read, has no rows, or a cell is not a number.
        """
        import pandas as pd

        path = self.path / f"{name}.csv"
        try:
            frame = pd.read_csv(path, skiprows=[1], encoding="latin-1", on_bad_lines="error")
        except (OSError, ValueError) as error:
            raise RabtaError("cannot read a validation sheet", file=path, expected="the ITU's CSV") from error
        if frame.empty:
            raise RabtaError("a validation sheet without values", file=path, expected="the ITU's CSV")
        return _numbers(frame, path)


def _numbers(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Columns as numbers; one that is not numbers is kept for `column` to refuse."""
    import pandas as pd

    named = frame.rename(columns=lambda name: str(name).strip())
    numbers: pd.DataFrame = named.apply(pd.to_numeric, errors="coerce")
    numbers.attrs["file"] = path
    return numbers


def columns(frame: pd.DataFrame, *names: str) -> list[np.ndarray]:
    """Columns as arrays of finite numbers; a column that is absent or damaged is an error by name."""
    found = []
    for name in names:
        where = frame.attrs.get("file")
        if name not in frame:
            raise RabtaError(
                "a validation sheet lacks a column",
                file=where,
                value=name,
                expected=", ".join(str(c) for c in frame.columns),
            )
        values = frame[name].to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            line = int(np.flatnonzero(~np.isfinite(values))[0]) + 3
            raise RabtaError(
                "a validation sheet has a cell that is not a number",
                file=where, key=name, value=f"line {line}", expected="a number",
            )  # fmt: skip
        found.append(values)
    return found


def has_itur() -> bool:
    """True where the package is installed whose maps and mistakes are read."""
    return importlib.util.find_spec("itur") is not None


def rows(path: Path) -> list[Row]:
    """Rows of every sheet in a folder, then how many values there were.

    Raises
    ------
    RabtaError
        Where the folder holds none of the sheets.
    """
    folder, out = Folder(path), []
    if not any(folder.has(name) for name in CHECKS):
        raise RabtaError(
            "no validation sheet in the folder",
            file=path, expected="ITURP838-3_rain_specific_attenuation.csv and so on",
        )  # fmt: skip
    close = total = 0
    for name in sorted(CHECKS):
        if not folder.has(name):
            out.append(_said(f"{name}.csv is not in the folder: 0 values", SHEET))
            continue
        found, good, count = _sheet(folder, name)
        out += found
        close, total = close + good, total + count
    out += [
        _said(f"{p.name}: no check for this sheet", "-")
        for p in sorted(path.glob("ITURP*.csv"))
        if p.stem not in CHECKS
    ]
    return [
        *out,
        Row("values of the ITU's sheets that are reproduced, of all checked", close, total, 0.0, SHEET),
    ]


def _said(text: str, source: str) -> Row:
    return Row(text, 0.0, 0.0, float("nan"), source, gate=False)


def _sheet(folder: Folder, name: str) -> tuple[list[Row], int, int]:
    """Rows of a sheet, values within their tolerance, and values checked."""
    source, function = CHECKS[name]
    out, close, total = [], 0, 0
    for item in function(folder.read(name), folder):
        if isinstance(item, Missing):
            out.append(_said(f"{name}, {item.name}: not checked, {item.why}", source))
            continue
        off = np.abs(np.asarray(item.ours, dtype=np.float64) - np.asarray(item.theirs, dtype=np.float64))
        if item.counted:
            close, total = close + int((off <= item.tolerance).sum()), total + off.size
        text = f"{name}, {item.name}: largest difference of {off.size}"
        out.append(Row(text, float(off.max()), 0.0, item.tolerance, item.note or source))
    return out, close, total
