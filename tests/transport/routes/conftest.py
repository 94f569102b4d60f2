"""A small joined network: one shell with lasers, one of transparent satellites, two gateways, some fibre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rabta.space import orbits, walker
from rabta.space.propagate import constants, moving
from rabta.transport.ground import denied
from rabta.transport.routes import joined
from rabta.transport.routes.joined import Tables

START = np.datetime64("2026-01-13T00:00", "ns")
JD = 2_461_053.5


def shell(planes: int, each: int, name: str, system: int, phasing: int = 1) -> pd.DataFrame:
    columns = walker.walker(550.0, 53.0, planes, each, phasing=phasing, epoch_jd=JD)
    names = walker.labels(planes, each, f"{name} ")
    mark = {"constellation": name, "shell": name, "orbit": "leo", "system": system, "norad": 0}
    return pd.DataFrame(
        {"name": names, **mark, "min_elevation_deg": 25.0, "longitude_deg": np.nan, **columns}
    )


def systems(isl: tuple[bool, ...] = (True, False)) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "system": ["laser", "pipe"][: len(isl)],
            "operator": ["L", "P"][: len(isl)],
            "kind": "broadband",
            "orbit": "leo",
            "terminal_class": "consumer",
            "isl": isl,
            "isl_links": [4, 0][: len(isl)],
            "capacity_gbps": 10.0,
            "gateway_min_elevation_deg": 25.0,
        }
    )


NODES = [  # name, kind, latitude, longitude, country
    ("Lahore", "fibre", 31.55, 74.34, "PK"),
    ("Karachi", "exchange", 24.86, 67.01, "PK"),
    ("Marseille", "abroad", 43.3, 5.37, "FR"),
    ("Karachi LEO", "gateway", 25.0, 67.2, "PK"),
]
SPANS = [
    ("trunk", "fibre", 0, 1, 14.3 / 2),
    ("sea", "submarine", 1, 2, 93.0 / 2),
    ("feeder", "feeder", 1, 3, 0.2),
]
ENDS = [
    ("Lahore", "home", 31.55, 74.34, 0),
    ("Karachi", "home", 24.86, 67.01, 1),
    ("Marseille", "abroad", 43.3, 5.37, 2),
]


def tables(satellites: pd.DataFrame | None = None, isl: tuple[bool, ...] = (True, False)) -> Tables:
    fleet = [shell(24, 24, "laser", 0), shell(12, 24, "pipe", 1, 3)]
    nodes = pd.DataFrame(NODES, columns=["name", "kind", "lat_deg", "lon_deg", "country"])
    spans = pd.DataFrame(SPANS, columns=["name", "kind", "from_node", "to_node", "delay_ms"])
    ends = pd.DataFrame(ENDS, columns=["name", "kind", "lat_deg", "lon_deg", "node"])
    gateways = pd.DataFrame(
        {
            "name": ["Karachi LEO", "Lonely"],
            "lat_deg": [25.0, 35.0],
            "lon_deg": [67.2, 50.0],
            "height_m": 0.0,
            "country": ["PK", "IR"],
            "antennas": 8,
            "capacity_gbps": 100.0,
            "systems": "*",
            "exchange_km": 10.0,
            "status": "operating",
        }
    )
    return Tables(
        pd.concat(fleet, ignore_index=True) if satellites is None else satellites,
        systems(isl),
        gateways,
        nodes.assign(height_m=0.0, owner="N", demand_mbps=[100.0, 200.0, 0.0, 0.0]),
        spans.assign(
            owner=["T", "C, D", "T"],
            group=["trunk", "CABLE", "feeder"],
            status="operating",
            capacity_mbps=1e3,
        ),
        ends.assign(country=["PK", "PK", "FR"], people=[2, 1, 0], cell=-1, access_km=0.0),
    )


def deny(given: Tables, *names: str) -> Tables:
    """The tables as the stages leave them when some names are denied: no such satellites, spans shut."""
    gone = given.systems["system"].isin(names) | given.systems["operator"].isin(names)
    lost = given.satellites["system"].isin(np.flatnonzero(gone))
    shut = denied.spans(given.nodes, given.spans, names)
    spans = given.spans.assign(
        status=given.spans["status"].mask(shut, "denied"),
        capacity_mbps=given.spans["capacity_mbps"].mask(shut, 0.0),
    )
    return replace(given, satellites=given.satellites[~lost].reset_index(drop=True), spans=spans)


def positions(given: Tables, steps: int, step_s: float = 60.0) -> np.ndarray:
    times = START + (np.arange(steps) * step_s * 1e9).astype("timedelta64[ns]")
    states, _ = orbits.states(constants(moving(given.satellites)), times)
    return joined.places(given, np.moveaxis(states, -1, 0))


@pytest.fixture(scope="session")
def small() -> Tables:
    """The small network."""
    return tables()


@pytest.fixture(scope="session")
def make() -> Callable[..., Tables]:
    """The small network with changes."""
    return tables


@pytest.fixture(scope="session")
def without() -> Callable[..., Tables]:
    """Some tables with names denied."""
    return deny


@pytest.fixture(scope="session")
def fly() -> Callable[..., np.ndarray]:
    """Positions of its satellites."""
    return positions


@pytest.fixture(scope="session")
def walk() -> Callable[..., pd.DataFrame]:
    """A shell."""
    return shell
