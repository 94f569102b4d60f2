"""Delays: closed forms, fibre, and city pairs over the plus-grid of one Starlink shell.

The city pairs follow Hypatia's shell S1 (Kassing et al., IMC 2020; paper/satellite_networks_state,
main_starlink_550.py): 72 planes of 22, 53 degrees, 15.19 revolutions a day, odd planes half a slot ahead,
epoch 2000-01-01, with true elevations of at least 25 degrees over one revolution in steps of 10 s. Theirs are
figures of an independent implementation with shortest paths by scipy (least, median, 99th percentile, most).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.space import propagate
from rabta.space.network import topology
from rabta.transport import latency, mesh
from rabta.transport.gateways import Fleet, Landing, Sites
from rabta.units import SPEED_OF_LIGHT_M_S
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
CLOSED = "4 h / c; law of cosines at the elevation on a sphere of 6371 km"
FIBRE = "Geodesics Lahore-Karachi, Karachi-London, Karachi-New York at c / 1.468, there and back"
PAIRS = "Hypatia shell S1, shortest path over the plus-grid by an independent scipy implementation"
CITIES = {  # as in Hypatia's list of the 100 most populous cities
    "Lahore": (31.5497222, 74.3436111),
    "Karachi": (24.9056, 67.0822),
    "Riyadh": (24.690466, 46.709566),
    "Singapore": (1.28967, 103.85007),
    "London": (51.50853, -0.12574),
    "New York": (40.717042, -74.003663),
}
EXPECTED = {  # ms: least, median, 99th percentile, most
    ("Lahore", "Karachi"): (9.8, 10.2, 11.6, 12.1),
    ("Karachi", "Riyadh"): (19.8, 22.6, 34.5, 36.6),
    ("Karachi", "Singapore"): (39.4, 46.4, 51.4, 52.4),
    ("Karachi", "London"): (47.2, 48.8, 50.0, 50.1),
    ("Karachi", "New York"): (91.8, 97.9, 102.0, 103.0),
}
STATISTICS = ("least", "median", "99th percentile", "most")
TOLERANCE_MS = (0.2, 0.3, 1.0, 1.5)  # rounding to 0.1 ms, then the phase of the revolution in the tails
MIN_SINE = float(np.sin(np.radians(25.0)))


@suite("transport", "Delays by bent pipe, fibre and inter-satellite links")
def transport(files: Path | None) -> list[Row]:
    """Closed forms first, then city pairs."""
    del files
    return [*_closed_forms(), *_city_pairs()]


def _closed_forms() -> list[Row]:
    rows = []
    for name, elevation, altitude, theirs, tolerance in (
        ("bent pipe, 550 km at the zenith", 90.0, 550e3, 7.34, 0.005),
        ("bent pipe, 550 km at 25 degrees on both legs", 25.0, 550e3, 14.99, 0.01),
        ("bent pipe, 1200 km at the zenith", 90.0, 1200e3, 16.0, 0.05),
    ):
        leg = latency.slant_range_m(elevation, altitude)
        rows.append(Row(f"{name} (ms)", float(latency.bent_pipe_ms(leg, leg)), theirs, tolerance, CLOSED))
    for length, theirs in ((1026.0, 10.0), (6317.0, 61.9), (11_698.0, 114.6)):
        ours = 2e3 * float(latency.fibre_s(length))
        rows.append(Row(f"fibre of {length:.0f} km (ms)", ours, theirs, 0.055, FIBRE))
    return rows


def _city_pairs() -> list[Row]:
    import pandas as pd

    times = np.datetime64("2000-01-01", "ns") + np.arange(569) * np.timedelta64(10, "s")
    table = shell()
    position = propagate.positions(table, times)
    owner = pd.DataFrame({"system": ["S1"], "isl": [True], "isl_links": [4]})
    network = mesh.network(table, owner, times[0])
    # planes stand half a slot apart, so either neighbour is as near; the script's grid joins equal numbers
    links = mesh.neighbours(replace(network, edges=topology.grid(72, 22, shift=0)))
    rows = []
    for (a, b), theirs in EXPECTED.items():
        ours = _statistics(round_trips_ms(position, links, CITIES[a], CITIES[b]))
        for name, mine, other, tolerance in zip(STATISTICS, ours, theirs, TOLERANCE_MS, strict=True):
            rows.append(Row(f"{a} to {b}, {name} (ms)", mine, other, tolerance, PAIRS))
    return rows


def _statistics(values: F8) -> tuple[float, float, float, float]:
    found = np.percentile(values, [0.0, 50.0, 99.0, 100.0])
    return (float(found[0]), float(found[1]), float(found[2]), float(found[3]))


def shell() -> pd.DataFrame:
    """Hypatia's shell S1 as a table of satellites."""
    import pandas as pd

    plane, slot = (a.ravel() for a in np.indices((72, 22)))
    columns = {
        "name": [f"{p}-{s}" for p, s in zip(plane, slot, strict=True)],
        "constellation": "S1",
        "shell": "S1",
        "orbit": "leo",
        "system": 0,
        "min_elevation_deg": 25.0,
        "norad": 0,
        "epoch_jd": 2_451_544.5,
        "inclination_deg": 53.0,
        "raan_deg": plane * 5.0,
        "eccentricity": 1e-7,
        "argp_deg": 0.0,
        "mean_anomaly_deg": np.mod((slot + 0.5 * (plane % 2)) * 360.0 / 22.0, 360.0),
        "mean_motion_rev_day": 15.19,
        "bstar": 0.0,
    }
    return pd.DataFrame(columns)


def round_trips_ms(
    position: NDArray[np.float32],
    links: NDArray[np.int32],
    first: tuple[float, float],
    second: tuple[float, float],
) -> F8:
    """Shortest round trip between two cities in every step, over any satellites above 25 degrees."""
    near, _ = _view(position, first)
    far, _ = _view(position, second)
    link = np.where(far, 0, -1).astype(np.int32)
    site = geo.ecef_from_geodetic(*second)[None]
    place = Sites(site, site, np.ones(1, np.int64), np.ones(1), np.zeros(1), np.ones((1, 1), np.uint8))
    none = np.zeros(position.shape[1], np.int32)
    fleet = Fleet(position, none, none, np.array([MIN_SINE]))
    rest = latency.onward_s(fleet, Landing(link, link, np.ones((1, 1, 1))), place, links, near.view(np.uint8))
    up = np.where(near, _view(position, first)[1], np.inf) / SPEED_OF_LIGHT_M_S
    return np.asarray(2e3 * (up + rest).min(axis=1))


def _view(position: NDArray[np.float32], city: tuple[float, float]) -> tuple[NDArray[np.bool_], F8]:
    """Which satellites a city sees, and their slant ranges (m)."""
    away = position.astype(np.float64) - geo.ecef_from_geodetic(*city)
    length = np.linalg.norm(away, axis=-1)
    return away @ geo.east_north_up(*city)[2] >= MIN_SINE * length, length
