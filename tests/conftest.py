"""Fixtures shared by all tests, and the rule that reference inputs which are present must be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long a draw takes is the machine's business
settings.register_profile("rabta", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("rabta")

SHARED = Path(os.environ.get("RABTA_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of read-only reference inputs beside the checkout; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"reference inputs not found at {SHARED} (set RABTA_SHARED)")
    return SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    """In CI a test that needs the reference inputs may not skip while they are present."""
    report = yield
    needs = item.get_closest_marker("shared") is not None
    if os.environ.get("CI") and needs and report.skipped and SHARED.is_dir():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped although the reference inputs are present"
    return report
