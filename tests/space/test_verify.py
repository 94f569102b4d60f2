"""The suites pass, and a wrong propagator or kernel would not."""

from pathlib import Path

import numpy as np
import pytest

from rabta import verify
from rabta.verify import visibility as suite


def test_sgp4_suite() -> None:
    rows = verify.run("sgp4")
    assert len(rows) == 35
    assert [row.name for row in rows if not row.passed] == []
    assert rows[-1].ours == 667


@pytest.mark.shared
def test_visibility_suite(shared: Path) -> None:
    rows = verify.run("visibility", shared / "data" / "catalogues")
    assert len(rows) == 4 * 13 + 4 + 10
    assert [f"{row.name}: {row.ours} {row.theirs}" for row in rows if not row.passed] == []


def test_suite_without_files_leaves_out_the_cities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "_shell_rows", lambda name: [])
    assert suite.visible(None) == []


def test_closed_form_gives_the_whole_constellation_for_the_whole_sky(monkeypatch: pytest.MonkeyPatch) -> None:
    # A cap of a hemisphere about any place holds half of the satellites of a symmetric constellation.
    far = (1e9, 53.0, 10, 10, 0, 360.0, 0.0)
    monkeypatch.setitem(suite.SHELLS, "far", far)
    np.testing.assert_allclose(suite.closed_mean("far"), 50.0, rtol=1e-3)
