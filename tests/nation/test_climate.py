"""Climate of each cell from the ITU-R maps, beside the shipped value of its tehsil."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.nation import climate, layers, stages
from rabta.scenario import validate
from rabta.twin import Twin


def test_cells_from_the_maps_average_to_the_shipped_tehsils() -> None:
    pytest.importorskip("itur")
    scenario = validate({"nation": {"resolution": 5, "climate": "itur"}})
    fine = stages.load(Twin(scenario, np.array([], dtype="datetime64[ns]")))["cells"]
    scenario = validate({"nation": {"resolution": 5}})
    shipped = stages.load(Twin(scenario, np.array([], dtype="datetime64[ns]")))["cells"]
    for column in ("rain_rate_001_mmh", "rain_height_km", "temperature_k", "n_wet"):
        means = [np.average(frame[column], weights=frame["people"]) for frame in (fine, shipped)]
        assert means[0] == pytest.approx(means[1], rel=0.02), column
        assert not np.array_equal(fine[column], shipped[column])


def test_known_point() -> None:
    """R0.01 and P0 at New Delhi in the ITU's validation sheets for P.837-7 (Rev 8.3.0)."""
    pytest.importorskip("itur")
    found = climate.of_points(np.array([28.717]), np.array([77.3]), np.array([209.4]))
    assert found["rain_rate_001_mmh"][0] == pytest.approx(63.5972464, rel=1e-6)
    assert found["rain_percent"][0] == pytest.approx(1.07089363, rel=1e-6)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "itur.models", None)
    with pytest.raises(RabtaError, match="needs the package itur"):
        climate.of_points(np.zeros(1), np.zeros(1), np.zeros(1))


def test_shipped_is_the_default() -> None:
    assert layers.load(validate({}).nation).cells["rain_rate_001_mmh"].gt(0).all()
