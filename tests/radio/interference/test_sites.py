"""Sites at a border over terrain: levels fit the loss, the largest power keeps the rule."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.interference import borders, sites
from rabta.radio.patterns import sectors, shapes
from rabta.radio.terrain import raster

LAHORE = (np.array([31.55, 31.50, 31.60]), np.array([74.35, 74.20, 74.50]))
BORDER = (np.linspace(31.45, 31.75, 7), np.full(7, 74.58))


@pytest.fixture(scope="module")
def terrain() -> raster.Terrain:
    return raster.load()


def checked(terrain: raster.Terrain, power: object, pattern: shapes.Pattern, **more: str) -> object:
    return sites.check_sites(
        terrain, "rr-3400-3600", LAHORE, 30.0, 90.0, power, pattern, BORDER,  # type: ignore[arg-type]
        frequency_mhz=3500.0, bandwidth_mhz=100.0, **more,
    )  # fmt: skip


def test_largest_power_keeps_the_rule(terrain: raster.Terrain) -> None:
    sector = sectors.Sector(17.0, 3.5)
    first = checked(terrain, 16.0, sector)
    assert first["exceeds"].all()  # type: ignore[index]
    second = checked(terrain, first["largest_power_dbw"], sector)  # type: ignore[index]
    np.testing.assert_allclose(second["level"], -154.5, atol=1e-9)  # type: ignore[index]


def test_level_is_that_of_the_coverage_of_the_same_terrain(terrain: raster.Terrain) -> None:
    """`coverage_db` walks the same ground; it takes refractivity at the transmitter, not midway."""
    found = checked(terrain, 0.0, shapes.Isotropic())
    k = int(found["point"][1])  # type: ignore[index]
    loss = raster.coverage_db(
        terrain, (31.50, 74.20), (BORDER[0][k], BORDER[1][k]), 3.5, 30.0, 3.0,
        recommendation="ITU-R P.452-18", time_percent=20.0,
    )  # fmt: skip
    level = borders.level(borders.rule("rr-3400-3600"), 0.0, loss, 3500.0, 100.0)
    assert found["level"][1] == pytest.approx(float(level), abs=0.1)  # type: ignore[index]


def test_both_recommendations_agree_within_reason(terrain: raster.Terrain) -> None:
    """P.452-18 and P.1812-7 share diffraction and differ in scatter and gas: under 3 dB on bare land."""
    one, other = (
        checked(terrain, 16.0, shapes.Isotropic(), recommendation=name)
        for name in ("ITU-R P.452-18", "ITU-R P.1812-7")
    )
    np.testing.assert_allclose(one["level"], other["level"], atol=3.0)  # type: ignore[index]


def test_wrong_input_is_refused_by_name(terrain: raster.Terrain) -> None:
    with pytest.raises(RabtaError, match=r"P\.452-18"):
        sites.terrain_loss(terrain, 3500.0, 20.0, recommendation="ITU-R P.526")
    loss = sites.terrain_loss(terrain, 60_000.0, 20.0)
    one = [np.array([x]) for x in (31.5, 74.2, 30.0, 31.6, 74.58, 3.0)]
    with pytest.raises(RabtaError, match="frequency_ghz"):
        loss(*one)
    at = borders.AtBorder(
        borders.rule("rr-3400-3600"), np.zeros((2, 3)), np.zeros(3), np.zeros(3), np.zeros(3)
    )
    with pytest.raises(RabtaError, match="power_dbw"):
        sites.exceeding(at, [1.0])
