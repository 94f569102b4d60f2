"""Limits of Article 22 of the Radio Regulations, and the verdict of S.1503-4, part D7.1.

The tables are entries of the catalog's kind ``epfd``: levels of EPFD and the share of the time for which they
may be exceeded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError

F8 = NDArray[np.float64]

BIN_DB = 0.1
SAME = 1e-6


@dataclass(frozen=True)
class Limit:
    """One row of a table: what one reference antenna may receive.

    Attributes
    ----------
    table, direction, service : str
        Its table, ``down``, ``up`` or ``between``, and whom it protects.
    low_ghz, high_ghz, bandwidth_khz : float
        Where it holds.
    diameter_m, beamwidth_deg, near_lobe_db : float
        Reference antenna: the dish on the ground, or the beam and side lobes of the satellite (0 where not).
    pattern : str
        Its Recommendation.
    levels_db, percent : ndarray
        Levels, rising, and the share of the time (%) for which each may be exceeded.
    ramp : tuple of (float, float)
        Levels for all of the time by latitude, where the table has them (RR 22.5C.4).
    """

    table: str
    direction: str
    service: str
    low_ghz: float
    high_ghz: float
    bandwidth_khz: float
    diameter_m: float
    beamwidth_deg: float
    near_lobe_db: float
    pattern: str
    levels_db: F8
    percent: F8
    regions: tuple[int, ...] = (1, 2, 3)
    ramp: tuple[tuple[float, float], ...] = ()

    @property
    def least_percent(self) -> float | None:
        """Smallest share of the time above zero."""
        above = self.percent[self.percent > 0.0]
        return float(above.min()) if len(above) and above.min() < 100.0 else None

    def always_db(self, lat_deg: float = 0.0) -> float:
        """Level that is never to be exceeded at a latitude."""
        if not self.ramp:
            return float(self.levels_db.max())
        lats, levels = zip(*self.ramp, strict=True)
        return float(np.interp(abs(lat_deg), lats, levels))

    def at(self, percent: ArrayLike) -> F8:
        """Level that may be exceeded for so much of the time: straight in dB over the logarithm of the time.

        RR 22.5C.5: points are joined on a plot that is linear in dB and logarithmic in percent.
        """
        rising = np.argsort(self.percent, kind="stable")
        points = self.percent[rising], self.levels_db[rising]
        above = points[0] > 0.0
        if not above.any():
            return np.full(np.shape(percent), self.levels_db.max())
        least = np.log10(np.maximum(np.asarray(percent, dtype=np.float64), 1e-30))
        found = np.interp(least, np.log10(points[0][above]), points[1][above])
        below = least < np.log10(points[0][above].min())
        return np.where(below, self.levels_db.max(), found)


def table() -> list[Limit]:
    """Every row of every table of the catalog, once a band."""
    return [limit for entry in catalog.entries("epfd") for limit in _rows(entry)]


def _rows(entry: catalog.Entry) -> list[Limit]:
    try:
        return [_row(entry, band, row) for band in entry.data["bands"] for row in entry.data["limits"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RabtaError("damaged table of limits", file=entry.path, value=str(error)) from error


def _row(entry: catalog.Entry, band: dict[str, object], row: dict[str, object]) -> Limit:
    levels = np.array(row["levels_db"], dtype=np.float64)
    percent = np.array(row["percent"], dtype=np.float64)
    if levels.shape != percent.shape or (np.diff(levels) < 0.0).any() or (np.diff(percent) > 0.0).any():
        raise ValueError("levels must rise while percent falls")
    ramp = entry.data.get("ramp", []) if row.get("by_latitude") else []
    return Limit(
        table=str(entry.data["table"]),
        direction=str(entry.data["direction"]),
        service=str(band.get("service", entry.data["service"])),
        low_ghz=float(str(band["low_ghz"])),
        high_ghz=float(str(band["high_ghz"])),
        bandwidth_khz=float(str(row["bandwidth_khz"])),
        diameter_m=float(str(row.get("diameter_m", 0.0))),
        beamwidth_deg=float(str(row.get("beamwidth_deg", 0.0))),
        near_lobe_db=float(str(row.get("near_lobe_db", 0.0))),
        pattern=str(row["pattern"]),
        levels_db=levels,
        percent=percent,
        regions=tuple(int(r) for r in band["regions"]),  # type: ignore[attr-defined]
        ramp=tuple((float(lat), float(level)) for lat, level in ramp),
    )


def find(
    frequency_ghz: float, direction: str = "down", *, region: int = 3, service: str | None = None,
    bandwidth_khz: float | None = None,
) -> list[Limit]:  # fmt: skip
    """Rows that hold at a frequency; refused by name where there is none.

    Parameters
    ----------
    region : int
        Of the ITU; Pakistan is in region 3.
    service : str, optional
        ``fixed`` or ``broadcasting``; both if left out.
    bandwidth_khz : float, optional
        Reference bandwidth; the narrowest that is there if left out.

    Examples
    --------
    >>> [limit.diameter_m for limit in find(11.2)]
    [0.6, 1.2, 3.0, 10.0]
    """
    every = [limit for limit in table() if limit.direction == direction and region in limit.regions]
    rows = [r for r in every if r.low_ghz <= frequency_ghz <= r.high_ghz and service in (None, r.service)]
    if not rows:
        bands = sorted({(r.low_ghz, r.high_ghz) for r in every})
        known = ", ".join(f"{low:g}-{high:g}" for low, high in bands)
        raise RabtaError(
            f"Article 22 has no limit {direction} there", key="frequency_ghz", value=frequency_ghz,
            expected=f"GHz in region {region}: {known}",
        )  # fmt: skip
    asked = bandwidth_khz or min(r.bandwidth_khz for r in rows)
    chosen = [r for r in rows if r.bandwidth_khz == asked]
    if not chosen:
        widths = ", ".join(f"{w:g}" for w in sorted({r.bandwidth_khz for r in rows}))
        raise RabtaError("no such reference bandwidth", key="bandwidth_khz", value=asked, expected=widths)
    return sorted(chosen, key=lambda r: (r.diameter_m, r.beamwidth_deg))


def rounded_down(level_db: ArrayLike) -> F8:
    """Levels to the lower tenth of a dB. S.1503-4, D1.4 and D7.1.3."""
    return np.asarray(np.floor(np.asarray(level_db, dtype=np.float64) / BIN_DB + SAME) * BIN_DB)


@dataclass(frozen=True)
class Verdict:
    """Comparison with a limit.

    Attributes
    ----------
    points : tuple of (level dB, percent allowed, percent found, passed)
        The specification points, D7.3.2.
    margin_db : float
        Least distance below the complete curve of the limit; negative where it is crossed.
    """

    points: tuple[tuple[float, float, float, bool], ...]
    margin_db: float

    @property
    def passed(self) -> bool:
        """True where every point holds."""
        return all(point[3] for point in self.points)


def compare(levels_db: F8, exceeded: F8, limit: Limit, lat_deg: float = 0.0) -> Verdict:
    """Verdict on a distribution of EPFD. S.1503-4, D7.1.3 and D7.1.4.

    Parameters
    ----------
    levels_db, exceeded : ndarray
        Rising levels a tenth of a dB apart, and the share of the time (%) for which each is exceeded.
    """
    points = []
    for level, allowed in zip(limit.levels_db, limit.percent, strict=True):
        at = min(level, limit.always_db(lat_deg)) if allowed == 0.0 else level
        row = int(np.searchsorted(levels_db, float(rounded_down(at)) + BIN_DB / 2.0)) - 1
        found = 100.0 if row < 0 else float(exceeded[row])
        points.append((float(at), float(allowed), found, found <= allowed + 1e-12))
    return Verdict(tuple(points), _margin(levels_db, exceeded, limit, lat_deg))


def _margin(levels_db: F8, exceeded: F8, limit: Limit, lat_deg: float) -> float:
    if not (exceeded > 0.0).any():
        return math.inf
    seen = exceeded > 0.0
    allowed = limit.at(exceeded[seen])
    top = levels_db[np.flatnonzero(seen)[-1]] + BIN_DB
    return float(min((allowed - levels_db[seen]).min(), limit.always_db(lat_deg) - top))
