"""``rabta sensitivity`` on a real run: quickly, and its ends against real runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rabta import schema
from rabta.cli import sensitivity
from rabta.engine.cache import read_table
from rabta.run import Run


def test_table_and_report_of_the_run(tiny: Run, capsys: pytest.CaptureFixture[str]) -> None:
    page = tiny.report.stat().st_mtime_ns
    sensitivity.sensitivity(str(tiny.folder), rows=5, json_=True)
    shown = json.loads(capsys.readouterr().out)
    assert len(shown) == 5
    table = read_table(tiny.folder / "tables" / "sensitivity.parquet")
    assert list(table.columns) == list(schema.tables()["sensitivity"])
    assert len(table) > 50
    assert tiny.report.stat().st_mtime_ns > page
    ends = table[["figure_low", "figure_base", "figure_high"]].to_numpy()
    assert (np.diff(ends.max(axis=1) - ends.min(axis=1)) <= 0).all()
    moved = table.set_index("parameter")
    for key in ("demand.adoption_percent", "plan.floor_mbps", "plan.discount_percent"):
        row = moved.loc[key]
        assert row["figure_low"] != row["figure_high"], key


def test_ends_of_an_assumption_are_near_what_real_runs_give(
    tiny: Run, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adoption moves demand, access and sharing; the satellites' capacity, held in the quick way, hardly."""
    monkeypatch.setenv("RABTA_CACHE", str(workplace / "cache"))
    monkeypatch.setattr(sensitivity, "TOP", 0)
    figure = "npc_per_household_usd"
    twin = sensitivity.twin_of(tiny)
    table = sensitivity.quick(twin, figure)
    table = table[table["parameter"] == "demand.adoption_percent"]
    monkeypatch.setattr(sensitivity, "SLOW", ())
    full = sensitivity.in_full(twin.scenario, table, figure)
    for end in ("figure_low", "figure_base", "figure_high"):
        assert full[end].iloc[0] == pytest.approx(table[end].iloc[0], rel=0.02), end
