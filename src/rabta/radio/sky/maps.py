"""Digital maps of the ITU-R, read at run time from the ``itur`` wheel or from a folder of the user's.

The maps may not be redistributed, so none is shipped. A folder (argument, or ``$RABTA_ITU_MAPS``) goes before
the wheel; in it a map may lie as NumPy archive under the wheel's name (``840/v9_l_5.npz``) or as the ITU
itself publishes it: ``L_5.TXT``, in any folder below or in zips within zips.
"""

from __future__ import annotations

import importlib.util
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]

FOLDER_VARIABLE = "RABTA_ITU_MAPS"


@dataclass(frozen=True)
class Frame:
    """Where a family of maps begins and ends: first and last row's latitude, first column's longitude."""

    recommendation: str
    first_deg: float
    last_deg: float
    west_deg: float
    span_deg: float = 360.0


@dataclass(frozen=True)
class Family:
    """Maps of one kind: their names in the wheel and at the ITU, and their frame in each.

    ``{}`` stands for the percentage (``01`` for 0.1) or the month.
    """

    wheel: str
    own: str
    frame: Frame
    own_frame: Frame | None = None

    def names(self, stem: str) -> tuple[str, str]:
        """Name in the wheel's layout and name of the ITU's own file."""
        return self.wheel.format(stem), self.own.format(stem)


_P840_9 = Frame("ITU-R P.840-9", -90.0, 90.0, -180.0)
_SURFACE = Frame("ITU-R P.2145-0", -90.0, 90.0, -180.0)
_P836 = Frame("ITU-R P.836-6", 90.0, -90.0, 0.0)
_P840_8 = Frame("ITU-R P.840-8", 90.0, -90.0, 0.0)
_P453 = Frame("ITU-R P.453-14", -90.0, 90.0, -180.0)
_P1510 = Frame("ITU-R P.1510-1", -90.0, 90.0, -180.0)

FAMILIES = {
    "rain_rate": Family("837/v7_r001", "R001.TXT", Frame("ITU-R P.837-7", -90.0, 90.0, -180.0)),
    "rain_month": Family(
        "837/v7_mt_month{}", "MT_Month{}.TXT", Frame("ITU-R P.837-7", -90.125, 90.125, -180.125, 360.25)
    ),
    "isotherm": Family("839/v4_esa0height", "h0.txt", Frame("ITU-R P.839-4", 90.0, -90.0, 0.0)),
    "temperature": Family("1510/v1_t_annual", "T_Annual.TXT", _P1510),
    "temperature_month": Family("1510/v1_t_month{}", "T_Month{}.TXT", _P1510),
    "wet": Family("453/v13_nwet_annual_{}", "NWET_Annual_{}.TXT", _P453),
    "vapour_density": Family("836/v6_rho_{}", "RHO_{}_v4.txt", _P836),
    "vapour_content": Family("836/v6_v_{}", "V_{}_v4.txt", _P836),
    "vapour_scale": Family("836/v6_vsch_{}", "VSCH_{}_v4.txt", _P836),
    "vapour_height": Family(
        "836/v6_topo_0dot5", "TOPO_0DOT5.txt", Frame("ITU-R P.836-6", 90.5, -90.5, -0.5, 361.0)
    ),
    "height": Family("1511/v2_topo", "TOPO.dat", Frame("ITU-R P.1511-2", 90.125, -90.125, -180.125, 360.25)),
    "height_old": Family(
        "1511/v1_topo_0dot5", "TOPO_0DOT5.txt", Frame("ITU-R P.1511-1", 90.5, -90.5, -0.5, 361.0)
    ),
    "liquid": Family("840/v9_l_{}", "L_{}.TXT", Frame("ITU-R P.840-9", 90.0, -90.0, 0.0), _P840_9),
    "liquid_mean": Family("840/v9_ml", "mL.TXT", Frame("ITU-R P.840-9", 90.0, -90.0, 0.0), _P840_9),
    "liquid_sigma": Family("840/v9_sl", "sL.TXT", Frame("ITU-R P.840-9", 90.0, -90.0, 0.0), _P840_9),
    "liquid_share": Family("840/v9_pl", "PL.TXT", Frame("ITU-R P.840-9", 90.0, -90.0, 0.0), _P840_9),
    "reduced_liquid": Family("840/v7_lred_{}", "Lred_{}_v4.txt", _P840_8),
}  # fmt: skip
SURFACE_VARIABLES = {"P": "PSCH", "T": "TSCH", "RHO": "VSCH", "V": "VSCH"}


@dataclass(frozen=True)
class Grid:
    """One map on a regular grid of the globe; rows go from ``frame.first_deg`` to ``frame.last_deg``."""

    values: Array
    frame: Frame

    def place(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[Array, Array]:
        """Fractional row and column of points."""
        rows, columns = self.values.shape
        f = self.frame
        row = (np.asarray(lat_deg, dtype=np.float64) - f.first_deg) * (
            (rows - 1) / (f.last_deg - f.first_deg)
        )
        margin = (f.span_deg - 360.0) / 2.0
        east = margin + np.mod(np.asarray(lon_deg, dtype=np.float64) - f.west_deg - margin, 360.0)
        return row, east * ((columns - 1) / f.span_deg)

    def corners(
        self, lat_deg: ArrayLike, lon_deg: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """Rows, columns and weights of the four grid points around each point, shape (4, n)."""
        row, column = self.place(lat_deg, lon_deg)
        r = np.clip(row.astype(np.int64), 0, self.values.shape[0] - 2)
        c = np.clip(column.astype(np.int64), 0, self.values.shape[1] - 2)
        down, right = row - r, column - c
        weights = ((1 - down) * (1 - right), down * (1 - right), (1 - down) * right, down * right)
        return np.stack([r, r + 1, r, r + 1]), np.stack([c, c, c + 1, c + 1]), np.stack(weights)

    def bilinear(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """Values at points. ITU-R P.1144-12, Annex 1, section 1b."""
        rows, columns, weights = self.corners(lat_deg, lon_deg)
        return np.asarray((self.values[rows, columns] * weights).sum(axis=0))

    def bicubic(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """Values at points. ITU-R P.1144-12, Annex 1, section 2; the maps read so have a margin for it."""
        row, column = self.place(lat_deg, lon_deg)
        r = np.clip(row.astype(np.int64) - 1, 0, self.values.shape[0] - 4)
        c = np.clip(column.astype(np.int64) - 1, 0, self.values.shape[1] - 4)
        total = np.zeros(np.shape(row))
        for i in range(4):
            for j in range(4):
                total += self.values[r + i, c + j] * _cubic(row - r - i) * _cubic(column - c - j)
        return total


def _cubic(distance: Array) -> Array:
    d = np.abs(distance)
    near = 1.5 * d**3 - 2.5 * d**2 + 1.0
    far = -0.5 * d**3 + 2.5 * d**2 - 4.0 * d + 2.0
    return np.asarray(np.where(d < 1.0, near, np.where(d < 2.0, far, 0.0)))


def stem(percent: float) -> str:
    """How a percentage is written in the names of the maps.

    Examples
    --------
    >>> stem(0.1), stem(5), stem(0.01)
    ('01', '5', '001')
    """
    return f"{percent:g}".replace(".", "")


@dataclass(frozen=True)
class Maps:
    """Where maps are looked for, in this order: the folder, then the wheel."""

    folder: Path | None = None

    @cached_property
    def _index(self) -> dict[str, list[tuple[Path, ...]]]:
        """Files of the folder by lower-case name: path, or path of a zip and the names inside."""
        found: dict[str, list[tuple[Path, ...]]] = {}
        for parts in _walk(self.folder) if self.folder else ():
            found.setdefault(parts[-1].name.lower(), []).append(parts)
        return found

    def has(self, family: str, key: str = "") -> bool:
        """True where the map can be read."""
        return self._find(family, key) is not None

    def grid(self, family: str, key: str = "") -> Grid:
        """One map.

        Raises
        ------
        RabtaError
            Where neither folder nor wheel has it, or the file is damaged.
        """
        return _grid(self, family, key)

    def _find(self, family: str, key: str) -> tuple[Path, ...] | None:
        wheel, own = FAMILIES[family].names(key)
        if self.folder and (self.folder / f"{wheel}.npz").is_file():
            return (self.folder / f"{wheel}.npz",)
        for parts in self._index.get(own.lower(), []):
            return parts
        package = wheel_folder()
        if package and (package / f"{wheel}.npz").is_file():
            return (package / f"{wheel}.npz",)
        return None

    def read(self, family: str, key: str) -> Grid:
        """As `grid`, without the memory of maps read before."""
        kind, parts = FAMILIES[family], self._find(family, key)
        if parts is None:
            wheel, own = kind.names(key)
            raise RabtaError(
                f"no map of {kind.frame.recommendation}",
                file=self.folder,
                value=own,
                expected=f"{wheel}.npz or {own} in the folder of ${FOLDER_VARIABLE}, or the package itur",
            )
        own_file = parts[-1].suffix.lower() != ".npz"
        frame = (kind.own_frame or kind.frame) if own_file else kind.frame
        return Grid(_table(parts) if own_file else _archive(parts[0]), frame)

    def text(self, name: str, below: str = "") -> Array | None:
        """Table of an ITU text file by its name; ``below`` is part of the folder's or zip's name."""
        for parts in self._index.get(name.lower(), []):
            if below.lower() in "/".join(str(p) for p in parts).lower():
                return _table(parts)
        return None


@cache
def _grid(maps: Maps, family: str, key: str) -> Grid:
    return maps.read(family, key)


@cache
def wheel_folder() -> Path | None:
    """Folder of the maps in the ``itur`` package, where it is installed; the package itself is not run."""
    spec = importlib.util.find_spec("itur")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "data"


@cache
def default() -> Maps:
    """Maps of the folder that ``$RABTA_ITU_MAPS`` names, then of the wheel."""
    return of_folder(os.environ.get(FOLDER_VARIABLE))


def of_folder(folder: str | Path | None) -> Maps:
    """Maps of a folder, then of the wheel; a folder that is not there is refused."""
    if not folder:
        return Maps()
    path = Path(folder)
    if not path.is_dir():
        raise RabtaError(
            "no such folder of maps", key=FOLDER_VARIABLE, value=str(folder), expected="a folder"
        )
    return Maps(path)


def _walk(folder: Path) -> Iterator[tuple[Path, ...]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".zip":
            yield from _inside(path)
        elif path.is_file():
            yield (path,)


def _inside(path: Path) -> Iterator[tuple[Path, ...]]:
    """Text files in a zip, and in the zips in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _members(archive, (path,))
    except (zipfile.BadZipFile, OSError) as error:
        raise RabtaError("damaged zip of maps", file=path, expected="the ITU's zip") from error


def _members(archive: zipfile.ZipFile, parents: tuple[Path, ...]) -> Iterator[tuple[Path, ...]]:
    for name in archive.namelist():
        if name.lower().endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as inner:
                yield from _members(inner, (*parents, Path(name)))
        elif not name.endswith("/"):
            yield (*parents, Path(name))


def _bytes(parts: tuple[Path, ...]) -> bytes:
    if len(parts) == 1:
        return parts[0].read_bytes()
    data: str | Path | io.BytesIO = parts[0]
    for part in parts[1:-1]:
        with zipfile.ZipFile(data) as archive:
            data = io.BytesIO(archive.read(part.as_posix()))
    with zipfile.ZipFile(data) as archive:
        return archive.read(parts[-1].as_posix())


def _table(parts: tuple[Path, ...]) -> Array:
    """Numbers of a text file: blanks or commas between, lines of words skipped."""
    where = Path(*parts) if len(parts) == 1 else Path("!".join(str(p) for p in parts))
    try:
        text = _bytes(parts).decode("latin-1").replace(",", " ")
        lines = text.splitlines()
        first = next((i for i, line in enumerate(lines) if _numeric(line)), None)
        table = np.zeros((0, 0)) if first is None else np.loadtxt(lines[first:], ndmin=2)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise RabtaError("damaged map", file=where, expected="rows of equally many numbers") from error
    return _checked(table, where)


def _numeric(line: str) -> bool:
    words = line.split()
    try:
        return bool(words) and all(np.isfinite(float(w)) or w.lower() == "nan" for w in words)
    except ValueError:
        return False


def _archive(path: Path) -> Array:
    try:
        with np.load(path) as archive:
            table = np.asarray(archive[archive.files[0]], dtype=np.float64)
    except (ValueError, OSError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise RabtaError("damaged map", file=path, expected="a NumPy archive of one array") from error
    return _checked(table, path)


def _checked(table: Array, where: Path) -> Array:
    if table.ndim != 2 or min(table.shape) < 2:
        raise RabtaError("damaged map", file=where, value=str(table.shape), expected="a table of numbers")
    return table
