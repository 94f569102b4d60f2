"""The suite of the ground network: its gates hold, and would not with another catalog or graph."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from rabta import catalog, verify
from rabta.verify.anchors import ground


def test_gates_hold_and_every_row_is_finite() -> None:
    rows = verify.run("ground")
    assert [row.name for row in rows if row.status == "FAIL"] == []
    assert all(math.isfinite(row.ours) and math.isfinite(row.theirs) for row in rows)
    assert {row.name for row in rows if row.gate} == {
        "Installed abroad, Tbit/s",
        "Lit abroad, Tbit/s",
        "Lit abroad with SMW6, Tbit/s",
    }


def test_another_catalog_fails_a_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = catalog.entry("cables", "aae-1").path.read_text(encoding="utf-8")
    folder = tmp_path / "catalog" / "cables"
    folder.mkdir(parents=True)
    changed = text.replace(
        "installed_tbps = 4.77\nlit_tbps = 3.58", "installed_tbps = 4.79\nlit_tbps = 2.83", 1
    )
    assert changed != text
    (folder / "aae-1.toml").write_text(changed, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    spans = pd.DataFrame({"kind": ["submarine"], "group": ["aae-1"], "capacity_mbps": [2.83e6]})
    assert [row.status for row in ground._capacity(spans)] == ["FAIL", "FAIL", "FAIL"]


def test_sea_cables_are_as_long_as_published_within_a_tenth() -> None:
    """TW1 about 1,300 km (operator); PEACE 5,800 km to Zafarana (PTA, thenews.com.pk/latest/988928)."""
    rows = {row.name: row for row in ground._sea()}
    for name in ("Karachi to Fujairah, km of TW1", "Karachi to Egypt, km of PEACE"):
        assert rows[name].passed, name
