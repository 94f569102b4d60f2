"""One import under way: features, the cells they go to, what they change, and the report on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.nation.imports.ground import Array, Ground, Objects, Rows
from rabta.nation.imports.readers import Features
from rabta.nation.imports.report import Report

if TYPE_CHECKING:
    import pandas as pd

Reach = Callable[[str, Array], Array]

FEW, MANY = 0.05, 0.5
MOST = 1e12  # more than any nation has of anything
SEVERAL = re.compile(r"\s*[/,;|]\s*")
GENERATIONS = {
    "2g": ("2g", "gsm", "gprs", "edge", "cdma"),
    "3g": ("3g", "umts", "wcdma", "hspa", "hspa+"),
    "4g": ("4g", "lte", "lte-a", "5g", "nr", "5g nr"),
}


@dataclass
class Job:
    """What an import of one layer works on.

    Attributes
    ----------
    cells : DataFrame
        Cells as the nation's file has them; the import puts its columns here.
    tables : dict of DataFrame
        Other tables to write.
    columns : list of str
        Columns of cells that the import replaces.
    nation : str
        Entry of the nations catalog that the layers stand for.
    reach : callable
        Radius of a site in metres by technology and relief.
    """

    path: Path
    features: Features
    ground: Ground
    cells: pd.DataFrame
    report: Report
    reach: Reach | None = None
    keep_totals: bool = False
    nation: str = ""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    what: str = ""

    def error(self, problem: str, key: str, value: object = None, expected: str | None = None) -> RabtaError:
        """Error about the user's file."""
        return RabtaError(problem, file=self.path, key=key, value=value, expected=expected)

    def need(self, column: str) -> pd.Series:
        """Column of the file, or an error that names the nearest one."""
        table = self.features.table
        if column not in table:
            known = nearest(column, [str(name) for name in table.columns])
            raise self.error("missing column", column, expected=f"--column theirs={column}; {known}")
        return table[column]

    def numbers(self, column: str) -> Array:
        """Column as numbers, zero or more; what is no number counts as missing and is NaN."""
        import pandas as pd

        values = self.need(column)
        out = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
        out[~np.isfinite(out)] = np.nan
        wrong = np.flatnonzero((out < 0) | (out > MOST))
        if len(wrong):
            row = int(wrong[0])
            raise self.error("wrong value", column, f"{values.iloc[row]} in row {row}", f"0 to {MOST:g}")
        self.report.lacking(column, int(np.isnan(out).sum()))
        return out

    def generations(self) -> NDArray[np.object_]:
        """Technology of each row as 2g, 3g or 4g (5G counts as 4g); None where it is missing."""
        known = {name: ours for ours, names in GENERATIONS.items() for name in names}
        values = self.need("technology")
        out = np.full(len(values), None, dtype=object)
        for row, value in enumerate(values.tolist()):
            if value is None or value != value or not str(value).strip():  # noqa: PLR0124 - NaN
                continue
            word = str(value).strip().lower()
            if word not in known:
                raise self.error(
                    "unknown technology", "technology", f"{value} in row {row}", nearest(word, known)
                )
            out[row] = known[word]
        self.report.lacking("technology", int(sum(value is None for value in out)))
        return out

    def split(self, column: str) -> Rows:
        """A row for each value of a cell like ``2G/3G/4G``; returns the row that each came from."""
        values = [SEVERAL.split(v.strip()) if isinstance(v, str) else [v] for v in self.need(column).tolist()]
        origin = np.repeat(np.arange(len(values)), [len(parts) for parts in values])
        flat = np.full(len(origin), None, dtype=object)
        flat[:] = [value for parts in values for value in parts]
        self.features.table = self.features.table.iloc[origin].reset_index(drop=True).assign(**{column: flat})
        self.features.geometry = self.geometry()[origin]
        return origin

    def geometry(self) -> Objects:
        """Geometry of every row, or an error that says how to give one."""
        if self.features.geometry is None:
            known = ", ".join(str(name) for name in self.features.table.columns[:12])
            raise self.error(
                "no geometry",
                "lat_deg",
                expected=f"lat_deg and lon_deg (--column theirs=lat_deg); found: {known}",
            )
        return self.features.geometry

    def keep(self, good: NDArray[np.bool_], reason: str) -> None:
        """Drop rows, and count them under a reason."""
        if not good.all():
            self.report.count(reason, int((~good).sum()))
            self.features.table = self.features.table[good].reset_index(drop=True)
            if self.features.geometry is not None:
                self.features.geometry = self.features.geometry[good]

    def clean(self) -> None:
        """Leave out rows without geometry and rows that repeat another in every value."""
        import shapely

        if self.features.geometry is not None:
            self.keep(~shapely.is_missing(self.features.geometry), "without geometry")
        plain = self.features.table.astype(str)
        if self.features.geometry is not None:
            plain["\0shape"] = [bytes(b) for b in shapely.to_wkb(self.features.geometry)]
        self.keep(
            ~plain.duplicated().to_numpy() if len(plain.columns) else np.ones(len(plain), dtype=bool),
            "repeated",
        )
        if not len(self.features.table):
            raise self.error("nothing to import", "rows", value=0, expected="rows with a place")

    def points(self) -> Rows:
        """Row of the cell of each feature (areas and lines by a point on them); rows outside are dropped."""
        import shapely

        shapes = self.geometry()
        lon, lat = shapely.get_coordinates(shapely.point_on_surface(shapes)).T
        self.suspect(lon, lat)
        row, moved = self.ground.of_points(lon, lat)
        self.report.count("moved to the next cell", int(moved.sum()))
        self.keep(row >= 0, "outside the nation")
        return row[row >= 0]

    def suspect(self, lon: Array, lat: Array) -> None:
        """Refuse coordinates that are all outside, saying what they look like; warn where most are."""
        if not len(lon):
            raise self.error("no row is left", "rows", 0, "rows with a place and a value")
        inside = _share_in(self.ground, lon, lat)
        if inside > MANY:
            return
        swapped = _share_in(self.ground, lat, lon)
        far = float(np.mean((np.abs(lon) > 180.0) | (np.abs(lat) > 90.0)))
        hint = f"{1.0 - inside:.0%} of rows lie outside the nation"
        if far > MANY:
            hint = "coordinates are not degrees: state their reference system (--crs EPSG:...)"
        elif swapped > MANY:
            hint = "latitude and longitude are swapped (--column lat=lon_deg --column lon=lat_deg)"
        if inside <= FEW and (far > MANY or swapped > MANY or inside == 0.0):
            first = f"{lon[0]:.6g}, {lat[0]:.6g}" if len(lon) else "none"
            west, south, east, north = self.ground.box
            box = f"{west:.1f} to {east:.1f} E, {south:.1f} to {north:.1f} N"
            raise self.error(hint, "coordinates", f"{first} in the first row", box)
        self.report.warn(hint)


def _share_in(ground: Ground, lon: Array, lat: Array) -> float:
    west, south, east, north = ground.box
    return (
        float(np.mean((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))) if len(lon) else 0.0
    )
