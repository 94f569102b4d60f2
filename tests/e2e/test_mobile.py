"""The mobile networks in a whole run: coverage, rates, phones, the report."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.run import Run


def test_coverage_is_what_the_regulator_publishes(tiny: Run) -> None:
    """PTA: 91 to 92 % of people under any network, 81 % under 3G or 4G; calibrated over users."""
    people = tiny.tables["cells"]["people"].to_numpy(float)
    share = tiny.arrays["mobile_cover_share"].values
    found = (people[:, None] * share).sum(axis=0) / people.sum()
    assert found[0] == pytest.approx(0.915, abs=0.001)
    assert found[1] == pytest.approx(0.81, abs=0.001)
    assert not found[2:].any()  # no 5G before the auction


def test_rates_fall_in_the_busy_hour(tiny: Run) -> None:
    hours = tiny.tables["mobile_hours"]
    assert hours["median_mbps"].idxmin() == hours["load"].idxmax()
    assert (hours["slow_mbps"] < hours["median_mbps"]).all()
    rate, share = tiny.arrays["mobile_rate_mbps"].values, tiny.arrays["mobile_cover_share"].values[:, 1]
    assert ((rate > 0.0).all(axis=1) == (share > 0.0)).mean() > 0.99


def test_the_unserved_are_the_layers_unless_asked_otherwise(tiny: Run) -> None:
    layer = tiny.tables["cells"]["unserved_today_share"].to_numpy(float)
    assert tiny.arrays["unserved_share"].values == pytest.approx(layer)


def test_without_satellites_for_phones_no_patch_is_served(tiny: Run) -> None:
    assert (tiny.arrays["device_satellite"].values == -1).all()
    assert not tiny.tables["device_service"]["available"].any()
    patches = tiny.tables["patches"]
    people, share = tiny.tables["cells"]["people"], tiny.arrays["mobile_cover_share"].values[:, 1]
    assert patches["uncovered"].sum() == pytest.approx(float((people * (1.0 - share)).sum()), rel=0.001)


def test_the_report_tells_of_them(tiny: Run) -> None:
    page = tiny.report.read_text(encoding="utf-8")
    assert "Who has a mobile signal" in page
    assert "How fast phones are over the day" in page
    assert "Satellites for phones where no site reaches" not in page
    assert np.isfinite(tiny.tables["mobile_coverage"]["threshold_dbm"]).all()
