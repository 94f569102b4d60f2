"""Phase centres: signs and directions that the format defines."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import antennas, attitude, bodies
from rabta.pnt.products.antex import Antenna, Pattern

ANGLES, AZIMUTHS = np.arange(0.0, 91.0, 5.0), np.arange(0.0, 361.0, 5.0)
WAVE = 1e-3 * np.cos(np.radians(AZIMUTHS))[:, None] * ANGLES / 90.0
GROUND = Antenna(
    "TEST            NONE", "", 0, 2**62, ANGLES, AZIMUTHS,
    {"C2": Pattern(np.array([0.001, -0.002, 0.090]), 2e-3 * ANGLES / 90.0, 2e-3 * ANGLES / 90.0 + WAVE)},
)  # fmt: skip
SPACE = Antenna(
    "BEIDOU-3M TEST", "C21", 0, 2**62, np.arange(0.0, 15.0), np.empty(0),
    {"C2": Pattern(np.array([-0.2, 0.1, 1.2]), 1e-3 * np.arange(15.0), None)},
)  # fmt: skip


def test_a_higher_phase_centre_shortens_the_range() -> None:
    """Above: 90 mm less; on the horizon to the north and east by the sideways offsets, plus the variation."""
    ours = antennas.correction_m(GROUND, "C2", [0.0, 0.0, 90.0], [90.0, 0.0, 0.0])
    np.testing.assert_allclose(ours, [-0.090, -0.001 + 2e-3 + 1e-3, 0.002 + 2e-3], atol=1e-12)


def test_variation_is_linear_between_nodes() -> None:
    azimuth, elevation = np.array([7.0, 352.0, -8.0]), np.array([33.3, 61.0, 61.0])
    part = antennas.pattern(GROUND, "C2")
    ours = antennas.variation_m(GROUND, part, 90.0 - elevation, azimuth)
    assert ours[1] == pytest.approx(ours[2])
    nodes = np.interp(azimuth % 360.0, AZIMUTHS, np.cos(np.radians(AZIMUTHS)))
    np.testing.assert_allclose(ours, (2e-3 + 1e-3 * nodes) * (90.0 - elevation) / 90.0, atol=1e-12)


def test_satellite_offset_is_the_way_between_both_centres() -> None:
    receiver = geo.ecef_from_geodetic(33.7, 73.1, 500.0)
    satellite = geo.ecef_from_geodetic(20.0, 60.0, 2.15e7)
    axes = attitude.axes(satellite, bodies.sun_m(gnsstime.from_utc("2026-03-09T06:00:00")))
    centre = satellite + SPACE.patterns["C2"].offset_m @ axes
    direct = np.linalg.norm(centre - receiver) - np.linalg.norm(satellite - receiver)
    ours = float(antennas.satellite_m(SPACE, "C2", satellite, axes, receiver))
    nadir = np.degrees(np.arccos((receiver - satellite) @ axes[2] / np.linalg.norm(receiver - satellite)))
    assert 0.0 < nadir < 14.0
    assert ours == pytest.approx(direct + 1e-3 * nadir, abs=1e-6)


def test_a_missing_signal_is_refused_or_replaced_by_name() -> None:
    with pytest.raises(RabtaError, match="C2"):
        antennas.correction_m(GROUND, "C6", 0.0, 90.0)
    assert float(antennas.correction_m(GROUND, "C6", 0.0, 90.0, substitute="C2")) == pytest.approx(-0.090)
