"""InterUSS's qualifier on F3548-21: discovery, and a service in both tested roles."""

from __future__ import annotations

import pytest
from tests.airspace.conftest import supplier
from tests.airspace.qualifier.conftest import qualified

pytestmark = pytest.mark.slow


def test_discovery_of_f3548(tree, pair, tokens_at, shared, tmp_path):
    text = (shared / "validation/interuss/qualifier_dss_probing.yaml").read_text()
    text = text.replace("http://127.0.0.1:18082", pair[0]).replace("http://127.0.0.1:18083", pair[1])
    passed, failed = qualified(tree, "rabta_f3548", text, tokens_at, tmp_path / "out")
    assert not failed
    assert len(passed) >= 1_900  # 1,922 on 2026-11-23


def test_services_of_f3548(tree, pair, mock, authority, tokens_at, shared, tmp_path):
    """Our service in both tested roles, InterUSS's own beside it, over both instances of discovery."""
    text = (shared / "validation/interuss/qualifier_f3548_21.yaml").read_text()
    with (
        supplier(authority, tmp_path / "one", pair[0], tokens_at, "uss1") as (_, first),
        supplier(authority, tmp_path / "two", pair[1], tokens_at, "uss2") as (_, second),
    ):
        ports = ("18082", "18083", "18074", "18094", "18095")
        for port, address in zip(ports, (*pair, first, second, mock), strict=True):
            text = text.replace(f"http://127.0.0.1:{port}", address)
        passed, failed = qualified(tree, "rabta_services", text, tokens_at, tmp_path / "out", validated=False)
    assert not failed
    assert len(passed) >= 6_800  # 6,883 on 2026-11-23
