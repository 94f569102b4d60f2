"""The compiled kernels of the sky against their NumPy references."""

from __future__ import annotations

import pytest

from rabta.radio.sky import raypath


@pytest.mark.parametrize("ghz", [1.0, 12.0, 22.235, 30.0, 57.3, 60.0, 94.0, 118.75, 183.31, 350.0, 800.0])
@pytest.mark.parametrize("elevation", [3.0, 10.0, 90.0])
@pytest.mark.parametrize(("height", "vapour"), [(0.0, 7.5), (2.5, 20.0), (0.0, 3.0)])
def test_gas_along_a_ray(ghz: float, elevation: float, height: float, vapour: float) -> None:
    """Within 3e-4 of the Recommendation's 922 layers, which are no closer to the integral themselves."""
    layered = raypath.gas_db_layered(ghz, elevation, height, vapour)
    assert float(raypath.gas_db(ghz, elevation, height, vapour)) == pytest.approx(layered, rel=3e-4)
