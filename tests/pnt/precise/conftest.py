"""A sky, and receivers under it."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.pnt import gnsstime
from rabta.pnt.records import Navigation
from rabta.pnt.service import sky

PLACE = (33.68, 73.05, 540.0)  # Islamabad


@pytest.fixture(scope="session")
def nav() -> Navigation:
    return Navigation(sky.messages("2026-03-09"))


@pytest.fixture(scope="session")
def place() -> np.ndarray:
    return geo.ecef_from_geodetic(*PLACE)


@pytest.fixture(scope="session")
def hour() -> np.ndarray:
    start = int(gnsstime.from_calendar("2026-03-09T06:00:00"))
    return start + np.arange(120) * 30 * gnsstime.NS
