"""Power flux-density of satellites at the ground against Article 21 of the Radio Regulations, Table 21-4."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.space import constellations
from rabta.space.constellations import Constellation

Array = NDArray[np.float64]

RECOMMENDATION = "Radio Regulations, Article 21, Table 21-4"
RANGES = {"elevation_deg": (0.0, 90.0), "satellites": (1.0, 1000.0)}
EARTH_KM = 6378.145  # S.1503-4's sphere
GSO_KM = 35_786.0
STEP_DEG = 0.5


@dataclass(frozen=True)
class Limit:
    """One row of the table.

    Attributes
    ----------
    orbit : str
        ``gso`` or ``ngso``.
    low_db, high_db : float
        dB(W/m2) in ``reference_mhz`` up to 5 degrees and from 25 degrees on.
    scaled : bool
        Whether the system's size lowers ``low_db`` (No. 21.16.6).
    checked : bool
        Whether a text was read.
    """

    name: str
    words: str
    source: str
    checked: bool
    low_mhz: float
    high_mhz: float
    orbit: str
    reference_mhz: float
    low_db: float
    high_db: float
    scaled: bool


@cache
def limits() -> dict[str, Limit]:
    """All rows by name, from the catalog entry ``criteria/article21``."""
    entry = catalog.entry("criteria", "article21")
    try:
        return {str(row["name"]): Limit(**row) for row in entry.data["limits"]}
    except TypeError as error:
        raise RabtaError(
            "a limit of power flux-density with wrong keys", file=entry.path, key="limits", value=error
        ) from error


def limit(name: str) -> Limit:
    """One row; an unknown name is refused with the nearest."""
    if name not in limits():
        raise RabtaError("no such limit", key="limit", value=name, expected=nearest(name, limits()))
    return limits()[name]


def holds(low_mhz: float, high_mhz: float, orbit: str = "ngso") -> list[Limit]:
    """Rows that hold in some part of a band; none where the table sets no limit that is known here."""
    if orbit not in ("gso", "ngso"):
        raise RabtaError("no such orbit", key="orbit", value=orbit, expected="gso or ngso")
    rows = limits().values()
    return [r for r in rows if r.orbit == orbit and r.low_mhz < high_mhz and low_mhz < r.high_mhz]


def size_db(satellites: ArrayLike) -> Array:
    """X of a system of so many satellites, No. 21.16.6: for 1 to 1,000 of them.

    Examples
    --------
    >>> size_db([50, 288, 1000]).round(2).tolist()
    [0.0, 10.0, 20.32]
    """
    check_range("satellites", satellites, *RANGES["satellites"], "Radio Regulations, No. 21.16.6")
    n = np.asarray(satellites, dtype=np.float64)
    return np.asarray(np.where(n <= 288.0, 5.0 / 119.0 * np.maximum(n - 50.0, 0.0), (n + 402.0) / 69.0))


def limit_dbw_m2(row: Limit, elevation_deg: ArrayLike, satellites: ArrayLike = 1.0) -> Array:
    """Limit by angle of arrival, dB(W/m2) in the row's bandwidth.

    Examples
    --------
    >>> limit_dbw_m2(limit("ku-ngso"), [3.0, 15.0, 60.0]).tolist()
    [-126.0, -121.0, -116.0]
    """
    check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    low = row.low_db - (size_db(satellites) if row.scaled else 0.0)
    rise = np.clip((np.asarray(elevation_deg, dtype=np.float64) - 5.0) / 20.0, 0.0, 1.0)
    return np.asarray(low + (row.high_db - low) * rise)


def excess_db(
    row: Limit,
    elevation_deg: ArrayLike,
    pfd_dbw_m2: ArrayLike,
    bandwidth_mhz: float = 1.0,
    satellites: ArrayLike = 1.0,
) -> Array:
    """How far flux of constant density exceeds the limit; at most 0 where it keeps it.

    Parameters
    ----------
    pfd_dbw_m2 : array_like
        In ``bandwidth_mhz``, broadcast against the elevations.
    """
    check_range("bandwidth_mhz", bandwidth_mhz, 1e-3, 1e4, RECOMMENDATION)
    own = np.asarray(pfd_dbw_m2, dtype=np.float64) + 10.0 * np.log10(row.reference_mhz / bandwidth_mhz)
    return np.asarray(own - limit_dbw_m2(row, elevation_deg, satellites))


def slant_km(elevation_deg: ArrayLike, altitude_km: ArrayLike) -> Array:
    """Distance from the ground to a satellite over a sphere."""
    sine = np.sin(np.radians(np.asarray(elevation_deg, dtype=np.float64)))
    orbit = EARTH_KM + np.asarray(altitude_km, dtype=np.float64)
    return np.asarray(np.sqrt(orbit**2 - EARTH_KM**2 * (1.0 - sine**2)) - EARTH_KM * sine)


def article21(names: list[str] | None = None) -> pd.DataFrame:
    """Downlinks of the catalog's constellations against the table, over all angles they are used at.

    A satellite of the lowest shell sends the EIRP density at each angle from the least elevation up, in free
    space; where the entry states a flux that is held at the ground, no more than that. Side lobes below the
    least elevation are not in the catalog and so not in here.

    Returns
    -------
    DataFrame
        ``constellation, limit, checked, satellites, size_capped``, and at the worst angle ``elevation_deg,
        pfd_dbw_m2_mhz, excess_db``. Systems beyond the size for which No. 21.16.6 states X are held to that
        of 1,000 satellites (``size_capped``). ``limit`` is empty and ``excess_db`` NaN where no row is known.
    """
    found = []
    for name in names or catalog.names("constellations"):
        made = constellations.load(catalog.entry("constellations", name))
        found += [{"constellation": name, **row} for row in _checked(made)]
    return pd.DataFrame(found)


def _checked(made: Constellation) -> list[dict[str, object]]:
    link = made.downlink
    altitude = min(shell.altitude_km for shell in made.shells)
    satellites = sum(shell.satellites for shell in made.shells)
    counted = min(float(satellites), RANGES["satellites"][1])
    least = min(shell.min_elevation_deg for shell in made.shells)
    elevation = np.linspace(least, 90.0, 1 + int(np.ceil((90.0 - least) / STEP_DEG)))
    flux = link.eirp_density_dbw_mhz - 10.0 * np.log10(4e6 * np.pi * slant_km(elevation, altitude) ** 2)
    if link.pfd_dbw_m2_mhz is not None:
        flux = np.minimum(flux, link.pfd_dbw_m2_mhz)
    centre, half = link.frequency_ghz * 1e3, link.spectrum_mhz / 2.0
    rows = holds(centre - half, centre + half, "gso" if abs(altitude - GSO_KM) < 100.0 else "ngso")
    common: dict[str, object] = {"satellites": satellites}
    if not rows:
        worst = int(flux.argmax())
        at = {"elevation_deg": elevation[worst], "pfd_dbw_m2_mhz": flux[worst], "excess_db": np.nan}
        return [{"limit": "", "checked": False, **common, "size_capped": False, **at}]
    return [_worst(row, elevation, flux, counted, common) for row in rows]


def _worst(
    row: Limit, elevation: Array, flux: Array, counted: float, common: dict[str, object]
) -> dict[str, object]:
    over = excess_db(row, elevation, flux, 1.0, counted)
    k = int(over.argmax())
    at = {"elevation_deg": elevation[k], "pfd_dbw_m2_mhz": flux[k], "excess_db": over[k]}
    capped = row.scaled and common["satellites"] != counted
    return {"limit": row.name, "checked": row.checked, **common, "size_capped": capped, **at}
