"""Masks of power: what satellites lay on the ground, and what stations send beside their own satellite.

S.1503-4, part C4: tables at latitudes, of which the nearest counts; between their points by interpolation,
beyond them the last value. Read from the XML that administrations file, or from the catalog.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.space import constellations

F8 = NDArray[np.float64]

KINDS = {"alpha": 0.0, "x": 1.0, "azimuth": 2.0}  # by the second coordinate; the numbers are the kernels'
DEFAULT_KHZ = 40.0


@dataclass(frozen=True)
class PfdMask:
    """Power flux-density at the ground by the satellite's latitude and two angles.

    Attributes
    ----------
    kind : str
        ``alpha`` or ``x`` with the difference of longitude to the arc's point, or ``azimuth`` with elevation.
    latitudes, first, second : ndarray
        Axes, increasing, deg.
    values : ndarray, shape (latitude, first, second)
        dB(W/m2) in ``bandwidth_khz``.
    """

    kind: str
    latitudes: F8
    first: F8
    second: F8
    values: F8
    bandwidth_khz: float = DEFAULT_KHZ

    def scaled(self, bandwidth_khz: float) -> F8:
        """Values in another bandwidth, for constant density. S.1503-4, C4.1."""
        return np.ascontiguousarray(self.values + 10.0 * math.log10(bandwidth_khz / self.bandwidth_khz))

    def at(
        self, latitude: ArrayLike, one: ArrayLike, two: ArrayLike, bandwidth_khz: float | None = None
    ) -> F8:
        """Values at angles. S.1503-4, D5.1.5.

        Examples
        --------
        >>> table = np.array([[[-170.0], [-160.0]]])
        >>> mask = PfdMask("alpha", np.zeros(1), np.array([0.0, 4.0]), np.zeros(1), table)
        >>> mask.at(51.0, [2.0, 90.0], 0.0).tolist()
        [-165.0, -160.0]
        """
        values = self.values if bandwidth_khz is None else self.scaled(bandwidth_khz)
        lat, x, y = np.broadcast_arrays(np.asarray(latitude, float), one, two)
        table = np.abs(self.latitudes - lat[..., None]).argmin(axis=-1)
        i, p = _between(self.first, x)
        j, q = _between(self.second, y)
        i2, j2 = np.minimum(i + 1, len(self.first) - 1), np.minimum(j + 1, len(self.second) - 1)
        low = (1.0 - p) * values[table, i, j] + p * values[table, i2, j]
        high = (1.0 - p) * values[table, i, j2] + p * values[table, i2, j2]
        return np.asarray((1.0 - q) * low + q * high)


def _between(axis: F8, value: NDArray[Any]) -> tuple[NDArray[np.int64], F8]:
    if len(axis) == 1:
        return np.zeros(value.shape, dtype=np.int64), np.zeros(value.shape)
    row = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, len(axis) - 2)
    return row, np.clip((value - axis[row]) / (axis[row + 1] - axis[row]), 0.0, 1.0)


@dataclass(frozen=True)
class EirpMask:
    """EIRP by the station's latitude and an angle: off an earth station's axis, or off a satellite's nadir.

    Attributes
    ----------
    values : ndarray, shape (latitude, angle)
        dBW in ``bandwidth_khz``.
    """

    latitudes: F8
    angles: F8
    values: F8
    bandwidth_khz: float = DEFAULT_KHZ

    def scaled(self, bandwidth_khz: float) -> F8:
        """Values in another bandwidth, for constant density."""
        return np.ascontiguousarray(self.values + 10.0 * math.log10(bandwidth_khz / self.bandwidth_khz))

    def at(self, latitude: ArrayLike, angle: ArrayLike, bandwidth_khz: float | None = None) -> F8:
        """Values at angles. S.1503-4, D5.2.7."""
        values = self.values if bandwidth_khz is None else self.scaled(bandwidth_khz)
        lat, phi = np.broadcast_arrays(np.asarray(latitude, float), angle)
        table = np.abs(self.latitudes - lat[..., None]).argmin(axis=-1)
        i, p = _between(self.angles, phi)
        return np.asarray(
            (1.0 - p) * values[table, i] + p * values[table, np.minimum(i + 1, len(self.angles) - 1)]
        )


Mask = PfdMask | EirpMask


def held(
    level_db: float, avoidance_deg: float, drop_db: float, bandwidth_khz: float = DEFAULT_KHZ
) -> PfdMask:
    """Mask of a system that holds its power flux-density constant, and lowers it towards places in its zone.

    Parameters
    ----------
    level_db : float
        At places that a satellite may serve, dB(W/m2) in the bandwidth.
    drop_db : float
        How much less at places that see it within the angle: side lobes of its beams.
    """
    edge = max(avoidance_deg, 0.0)
    if edge == 0.0 or drop_db == 0.0:
        return PfdMask(
            "alpha", np.zeros(1), np.zeros(1), np.zeros(1), np.full((1, 1, 1), level_db), bandwidth_khz
        )
    first = np.array([-edge, -edge + 1e-6, edge - 1e-6, edge])
    values = level_db - drop_db * np.array([0.0, 1.0, 1.0, 0.0])
    return PfdMask("alpha", np.zeros(1), first, np.zeros(1), values[None, :, None], bandwidth_khz)


def of_constellation(name: str, drop_db: float = 30.0, avoidance_deg: float | None = None) -> PfdMask:
    """Modelled mask of a constellation of the catalog, from its downlink's density and filed angle.

    The level is the power flux-density that the entry states, or that of its EIRP density straight down from
    its lowest shell; towards places within the angle to the arc it is lower by side lobes of ``drop_db``.
    """
    made = constellations.load(catalog.entry("constellations", name))
    link = made.downlink
    level = link.pfd_dbw_m2_mhz
    if level is None:
        lowest = 1e3 * min(shell.altitude_km for shell in made.shells)
        level = link.eirp_density_dbw_mhz - 10.0 * math.log10(4.0 * math.pi * lowest**2)
    edge = made.gso_avoidance_deg or 0.0 if avoidance_deg is None else avoidance_deg
    return held(level, edge, drop_db, 1000.0)


def of_catalog(name: str) -> dict[str, Mask]:
    """Masks of an entry of the catalog by part: ``down``, ``up`` and ``between``, as far as it has them."""
    entry = catalog.entry("masks", name)
    found: dict[str, Mask] = {}
    for part in ("down", "up", "between"):
        if part in entry.data:
            found[part] = _of_table(entry.data[part], entry.path)
    if not found:
        raise RabtaError("no mask in the entry", file=entry.path, expected="a part down, up or between")
    return found


def _of_table(data: dict[str, Any], path: Path) -> Mask:
    try:
        lats, khz = np.array(data["latitudes"], float), float(data["bandwidth_khz"])
        values = np.array(data["values_db"], float)
        if "angles" in data:
            return checked(EirpMask(lats, np.array(data["angles"], float), values, khz), path)
        first, second = np.array(data["first"], float), np.array(data["second"], float)
        return checked(PfdMask(str(data["kind"]), lats, first, second, values, khz), path)
    except (KeyError, TypeError, ValueError) as error:
        raise RabtaError(
            "damaged mask", file=path, value=str(error), expected="axes and a table of numbers"
        ) from error


def checked(mask: Mask, path: Path | None = None) -> Mask:
    """The mask itself, or a refusal of what is wrong in it."""
    if isinstance(mask, PfdMask):
        axes: tuple[tuple[str, F8], ...] = (
            ("latitude", mask.latitudes), (mask.kind, mask.first), ("second", mask.second),
        )  # fmt: skip
        if mask.kind not in KINDS:
            raise RabtaError(
                "no such kind of mask", file=path, value=mask.kind, expected=nearest(mask.kind, KINDS)
            )
    else:
        axes = (("latitude", mask.latitudes), ("angle", mask.angles))
    for name, axis in axes:
        if axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all() or (np.diff(axis) <= 0.0).any():
            raise RabtaError(
                "axis of a mask that does not rise", file=path, key=name, expected="increasing numbers"
            )
    if mask.values.shape != tuple(len(axis) for _, axis in axes) or not np.isfinite(mask.values).all():
        raise RabtaError("table of a mask does not fit its axes", file=path, value=mask.values.shape)
    if not (math.isfinite(mask.bandwidth_khz) and mask.bandwidth_khz > 0.0):
        raise RabtaError("bandwidth of a mask", file=path, value=mask.bandwidth_khz, expected="above zero")
    return mask


def read_xml(path: Path) -> list[Mask]:
    """Masks of a file in the form of S.1503-4, C4.2 to C4.4.

    Raises
    ------
    RabtaError
        Where the file is damaged, declares entities, or has a form that is not supported (earth stations'
        masks by azimuth and elevation).
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RabtaError("cannot read the mask", file=path, value=str(error)) from error
    if "<!" in text.replace("<!--", ""):
        raise RabtaError(
            "declarations in a mask", file=path, expected="plain XML without <!DOCTYPE or <!ENTITY"
        )
    try:
        root = ET.fromstring(text)  # noqa: S314 (no declarations, see above)
    except ET.ParseError as error:
        raise RabtaError(
            "not XML", file=path, value=str(error), expected="a file as in S.1503-4, C4.2"
        ) from error
    found = [
        _element(node, path)
        for node in root.iter()
        if node.tag in {"pfd_mask", "eirp_mask_es", "eirp_mask_ss"}
    ]
    if not found:
        raise RabtaError("no mask in the file", file=path, expected="pfd_mask, eirp_mask_es or eirp_mask_ss")
    return found


def _number(text: str | None, what: str, path: Path) -> float:
    try:
        value = float((text or "").strip().replace("\N{EN DASH}", "-").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RabtaError("no number in a mask", file=path, key=what, value=text, expected="a number")
    return value


def _element(node: ET.Element, path: Path) -> Mask:
    khz = _number(node.get("refbw_khz") or str(DEFAULT_KHZ), "refbw_khz", path)
    tables = [(_number(part.get("a"), "a", path), part) for part in node.findall("by_a")]
    if not tables:
        raise RabtaError("mask without tables", file=path, key=node.tag, expected="by_a")
    lats = np.array(sorted({lat for lat, _ in tables}))
    by_lat = dict(tables)
    if node.tag == "pfd_mask":
        return _pfd_element(node, [by_lat[lat] for lat in lats], lats, khz, path)
    rows = []
    for lat in lats:
        points = {
            _number(p.get("b"), "b", path): _number(p.text, "eirp", path) for p in by_lat[lat].findall("eirp")
        }
        if not points:
            raise RabtaError(
                "form of mask not supported", file=path, key=node.tag, expected="eirp by off-axis angle"
            )
        rows.append(points)
    angles = np.array(sorted(set().union(*rows)))
    values = np.stack([np.interp(angles, sorted(row), [row[b] for b in sorted(row)]) for row in rows])
    return checked(EirpMask(lats, angles, values, khz), path)


def _pfd_element(node: ET.Element, parts: list[ET.Element], lats: F8, khz: float, path: Path) -> Mask:
    kind = (node.get("b_name") or "alpha").strip().lower()
    grids = [_grid(part, path) for part in parts]
    first = np.array(sorted(set().union(*(grid[0] for grid in grids))))
    second = np.array(sorted(set().union(*(grid[1] for grid in grids))))
    tables = [
        PfdMask("alpha", np.zeros(1), g[0], g[1], g[2][None]).at(0.0, first[:, None], second) for g in grids
    ]
    return checked(PfdMask(kind, lats, first, second, np.stack(tables), khz), path)


def _grid(part: ET.Element, path: Path) -> tuple[F8, F8, F8]:
    """Axes and table at one latitude; points left out are filled along the first axis, as C4.2 shows."""
    cells = {}
    for row in part.findall("by_b"):
        b = _number(row.get("b"), "b", path)
        for cell in row.findall("pfd"):
            cells[b, _number(cell.get("c"), "c", path)] = _number(cell.text, "pfd", path)
    if not cells:
        raise RabtaError(
            "mask without values", file=path, key="by_a", value=part.get("a"), expected="by_b with pfd"
        )
    first = np.array(sorted({b for b, _ in cells}))
    second = np.array(sorted({c for _, c in cells}))
    columns = []
    for c in second:
        known = [b for b in first if (b, c) in cells]
        columns.append(np.interp(first, known, [cells[b, c] for b in known]))
    return first, second, np.stack(columns, axis=1)
