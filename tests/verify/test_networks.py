"""The suite of networks: each row follows from what it is given, and wrong layers fail or are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rabta.errors import RabtaError
from rabta.verify import Row, networks


def rows_of(found: list[Row]) -> dict[str, Row]:
    return {row.name: row for row in found}


def cells() -> pd.DataFrame:
    """Five cells on the cable's way, one of them without service."""
    place = [(33.6, 73.05), (34.33, 73.2), (34.91, 73.65), (35.92, 74.31), (36.85, 75.428)]
    provinces = ["Punjab", "Khyber Pakhtunkhwa", "Khyber Pakhtunkhwa", *["Gilgit-Baltistan"] * 2]
    return pd.DataFrame(
        {
            "lat_deg": [p[0] for p in place],
            "lon_deg": [p[1] for p in place],
            "province": provinces,
            "people": [500, 310, 105, 45, 40],
            "mobile_today": ["4g", "3g", "2g", "none", "none"],
            "sites": [600.0, 390.0, 10.0, 0.0, 0.0],
            "sites_4g": [600.0, 362.0, 0.0, 0.0, 0.0],
        }
    )


def test_coverage_counts_people_by_their_cell() -> None:
    found = rows_of(networks.coverage(cells()))
    assert found["people with cellular coverage, % (calibrated)"].ours == pytest.approx(91.5)
    assert found["people with 3G or 4G coverage, % (calibrated)"].ours == pytest.approx(81.0)
    assert all(row.passed for row in found.values())
    worse = cells().assign(mobile_today="2g")
    assert not rows_of(networks.coverage(worse))["people with 3G or 4G coverage, % (calibrated)"].passed


def test_shares_of_sites_are_of_the_four_provinces() -> None:
    frame = cells()
    frame.loc[2:, "province"] = ["Sindh", "Balochistan", "Islamabad"]
    frame["sites"] = [240.0, 65.0, 105.0, 30.0, 5.0]
    frame["sites_4g"] = 0.962 * frame["sites"]
    found = rows_of(networks.sites(frame))
    shares = [row for name, row in found.items() if name.startswith("sites, ")]
    assert [row.difference for row in shares] == pytest.approx([0.0] * 4, abs=1e-9)
    assert found["cell sites with 4G, % (set)"].passed
    assert not found["cell sites (set)"].passed


def test_the_cable_is_measured_along_the_network_by_province(tmp_path: Path) -> None:
    path = tmp_path / "backbone.parquet"
    steps = [70.0, 250.0, 200.0, 290.0]
    edges = {"from_row": [0, 1, 2, 3], "to_row": [1, 2, 3, 4], "route_km": steps}
    pd.DataFrame(edges).to_parquet(path)
    found = rows_of(networks.cable(cells(), path))
    assert found["cable Rawalpindi - Khunjerab, km"].ours == pytest.approx(sum(steps))
    assert found["in Khyber Pakhtunkhwa, km"].ours == pytest.approx(320.0)
    assert found["in Gilgit-Baltistan, km"].ours == pytest.approx(490.0)
    pd.DataFrame({**edges, "to_row": [1, 2, 3, 9]}).to_parquet(path)
    with pytest.raises(RabtaError, match="not there"):
        networks.cable(cells(), path)


def test_cables_and_spectrum_agree_with_the_published_totals() -> None:
    found = [*networks.international(), *networks.spectrum()]
    assert len(found) == 10
    assert [row.name for row in found if not row.passed] == []
    assert np.isfinite([row.ours for row in found]).all()
