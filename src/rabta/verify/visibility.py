"""Visible satellites: Walker shells against a closed form, cities under a real catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.geo import WGS84_A_M, east_north_up
from rabta.space import elements, propagate, visibility
from rabta.space.walker import walker
from rabta.units import GM_EARTH_M3_S2
from rabta.verify import Row, reference, suite

Array = NDArray[np.float64]

LATITUDES_DEG = (0, 20, 25, 30, 35, 40, 45, 50, 53, 55, 60, 70, 90)
# name: altitude km, inclination, planes, satellites in each, phasing, spread of nodes, least elevation
SHELLS: dict[str, tuple[float, float, int, int, int, float, float]] = {
    "Starlink 550 km": (550.0, 53.0, 72, 22, 39, 360.0, 25.0),
    "Kuiper 630 km": (630.0, 51.9, 34, 34, 0, 360.0, 30.0),
    "Telesat 1015 km": (1015.0, 98.98, 27, 13, 0, 360.0, 10.0),
    "OneWeb 1200 km": (1200.0, 87.9, 12, 49, 0, 180.0, 25.0),
}
MEANS: dict[str, tuple[float, ...]] = {
    "Starlink 550 km": (6.9, 7.6, 8.2, 8.9, 10.0, 12.0, 18.1, 19.2, 16.5, 13.8, 3.8, 0, 0),
    "Kuiper 630 km": (4.6, 5.1, 5.4, 5.9, 6.8, 8.2, 12.8, 12.4, 10.0, 7.7, 0, 0, 0),
    "Telesat 1015 km": (8.2, 8.8, 9.2, 9.7, 10.2, 11.0, 12.2, 13.8, 14.7, 15.9, 20.3, 26.8, 38.9),
    "OneWeb 1200 km": (6.7, 7.1, 7.4, 7.8, 8.1, 8.8, 9.5, 10.6, 11.4, 11.9, 13.8, 21.7, 49.4),
}
MEANS_SOURCE = (
    "Sampled means to one decimal: spherical Earth, two-body orbits, 100 min by 2 min x 18 longitudes"
)
CLOSED_SOURCE = "Closed form: satellites x cap integral of the latitude density of circular orbits"
HALF_DIGIT = 0.051
EARTH_RATE_RAD_S = 7.2921159e-5  # mean rotation rate, IERS Conventions 2010, table 1.2

CATALOGUE = "starlink_2026-01-13.tle"
CITIES_SOURCE = (
    "9,341 element sets of 2026-01-13, 25 deg, 24 h from midnight UTC by 2 min, independent script"
)
# name: latitude, longitude, mean, least and most satellites (NaN where not given)
CITIES: dict[str, tuple[float, float, float, float, float]] = {
    "Karachi": (24.86, 67.01, 43.9, 27, 62),
    "Lahore": (31.55, 74.34, 51.7, np.nan, np.nan),
    "Islamabad": (33.68, 73.05, 56.4, 38, 80),
    "Quetta": (30.18, 66.99, 49.4, np.nan, np.nan),
    "Gilgit": (35.92, 74.31, 65.8, np.nan, np.nan),
    "Gwadar": (25.12, 62.33, 44.1, np.nan, np.nan),
}


@suite("visibility", "Satellites in view", needs=CATALOGUE)
def visible(files: Path | None) -> list[Row]:
    """Mean satellites in view of four Walker shells by latitude, and of Pakistani cities today.

    Our engine proper (SGP4, ellipsoid) differs from the spherical table by up to 0.4 at 45 to 60 deg: the
    frozen orbit flies lower in the north. The table is therefore met with two-body orbits over a sphere.
    """
    rows = [row for name in SHELLS for row in _shell_rows(name)]
    catalogue = reference(files, CATALOGUE)
    return rows + (_city_rows(catalogue) if catalogue else [])


def _shell_rows(name: str) -> list[Row]:
    mean = sampled_mean(name, steps=50, step_s=120.0, longitudes=18)
    rows = [
        Row(f"{name}, latitude {lat}", float(ours), theirs, HALF_DIGIT, MEANS_SOURCE)
        for lat, ours, theirs in zip(LATITUDES_DEG, mean, MEANS[name], strict=True)
    ]
    long_mean, exact = (
        sampled_mean(name, steps=400, step_s=211.0, longitudes=36, phasing=1),
        closed_mean(name),
    )
    worst = int(np.argmax(np.abs(long_mean - exact)))
    text = f"{name}, one day against the closed form, worst latitude {LATITUDES_DEG[worst]}"
    return [*rows, Row(text, float(long_mean[worst]), float(exact[worst]), 0.005, CLOSED_SOURCE)]


def sampled_mean(
    name: str, *, steps: int, step_s: float, longitudes: int, phasing: int | None = None
) -> Array:
    """Mean satellites in view by latitude, by our Walker generator and visibility kernel.

    With phasing 0 all planes cross the pole together; 1 spreads them, so that few samples give the mean.
    """
    altitude, inclination, planes, each, own, spread, least = SHELLS[name]
    pattern = own if phasing is None else phasing
    shell = walker(altitude, inclination, planes, each, phasing=pattern, spread_deg=spread)
    positions = _two_body(shell, WGS84_A_M + altitude * 1e3, step_s * np.arange(steps, dtype=np.float64))
    lat = np.repeat(np.array(LATITUDES_DEG, dtype=np.float64), longitudes)
    lon = np.tile(np.arange(longitudes) * 360.0 / longitudes, len(LATITUDES_DEG))
    axes = np.ascontiguousarray(east_north_up(lat, lon))
    flat = np.zeros((len(lat), visibility.AZIMUTHS), dtype=np.float32)
    sphere = visibility.Ground(np.ascontiguousarray(axes[:, 2] * WGS84_A_M), axes, flat)
    counts = visibility.visible(sphere, positions, least, 1).visible_count
    return np.asarray(counts.mean(axis=0).reshape(-1, longitudes).mean(axis=1))


def _two_body(shell: dict[str, Array], radius_m: float, seconds: Array) -> NDArray[np.float32]:
    """Earth-fixed positions of circular two-body orbits, shape (time, satellite, 3)."""
    rate = float(np.sqrt(GM_EARTH_M3_S2 / radius_m**3))
    along = np.radians(shell["mean_anomaly_deg"]) + rate * seconds[:, None]
    node = np.radians(shell["raan_deg"]) - EARTH_RATE_RAD_S * seconds[:, None]
    tilt = np.radians(shell["inclination_deg"])
    across = np.sin(along) * np.cos(tilt)
    x = np.cos(node) * np.cos(along) - np.sin(node) * across
    y = np.sin(node) * np.cos(along) + np.cos(node) * across
    return (radius_m * np.stack([x, y, np.sin(along) * np.sin(tilt)], axis=-1)).astype(np.float32)


def closed_mean(name: str, points: int = 100_000) -> Array:
    """Mean satellites in view by latitude over a sphere, without sampling orbits.

    A satellite's argument of latitude is uniform in time and its longitude uniform over the Earth, so the
    chance to stand inside the cap of Earth-central radius L about latitude p is the mean over u of
    ``arccos((cos L - sin p sin s) / (cos p cos s)) / pi`` with ``sin s = sin i sin u``.
    """
    altitude, inclination, planes, each, _, _, least = SHELLS[name]
    elevation = np.radians(least)
    cap = np.arccos(WGS84_A_M / (WGS84_A_M + altitude * 1e3) * np.cos(elevation)) - elevation
    u = (np.arange(points) + 0.5) / points * 2.0 * np.pi
    sine = np.sin(np.radians(inclination)) * np.sin(u)
    cosine = np.sqrt(1.0 - sine**2)
    lat = np.radians(LATITUDES_DEG)[:, None]
    half = (np.cos(cap) - np.sin(lat) * sine) / np.maximum(np.cos(lat) * cosine, 1e-12)
    return np.asarray(planes * each * np.arccos(np.clip(half, -1.0, 1.0)).mean(axis=1) / np.pi)


def _city_rows(catalogue: Path) -> list[Row]:
    lat, lon, mean, least, most = np.array(list(CITIES.values())).T
    times = np.datetime64("2026-01-13T00:00:00", "ns") + np.arange(720) * np.timedelta64(120, "s")
    positions = propagate.positions(elements.read(str(catalogue)), times)
    found = visibility.visible(visibility.ground(lat, lon), positions, 25.0, 1).visible_count
    ours = {"mean": found.mean(axis=0), "least": found.min(axis=0), "most": found.max(axis=0)}
    theirs = {"mean": mean, "least": least, "most": most}
    return [
        Row(f"{city}, {kind} in view", float(ours[kind][i]), float(theirs[kind][i]), tolerance, CITIES_SOURCE)
        for kind, tolerance in (("mean", 0.1), ("least", 0.0), ("most", 0.0))
        for i, city in enumerate(CITIES)
        if np.isfinite(theirs[kind][i])
    ]
