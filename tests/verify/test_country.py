"""The suite of the country: what is calibrated is shown and gates nothing."""

from __future__ import annotations

import pytest

from rabta.verify.mobile import country


def test_what_is_calibrated_gates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"2g": 0.9, "4g": 0.8, "rsrp": -99.0, "mean": 15.0}
    monkeypatch.setattr(country, "_run", lambda: (figures, dict.fromkeys(country.OOKLA_MBPS, 9.0)))
    rows = {row.name: row.gate for row in country._published()}
    assert not rows["People under 2G or newer, %"]
    assert not rows["People under 3G or 4G, %"]
    assert any(rows.values())
