"""The main job end to end on the shipped nation: what a run folder holds, and that its figures agree."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import rabta
from rabta import scenario, schema
from rabta.run import Run

PEOPLE_2023 = 241_499_431  # Pakistan Bureau of Statistics, 2023 census, table 1
PEOPLE_2017_NORTH = 4_045_367 + 1_492_924  # 2017 census: Azad Kashmir, Gilgit-Baltistan


def test_folder_holds_what_the_design_says(tiny: Run) -> None:
    for name in (
        "scenario.toml",
        "provenance.json",
        "arrays.zarr",
        "tables/cells.parquet",
        "report/index.html",
    ):
        assert (tiny.folder / name).exists(), name
    assert [p.name for p in tiny.folder.parent.glob(".*")] == []


def test_scenario_in_the_folder_makes_the_same_run(tiny: Run) -> None:
    written = tomllib.loads((tiny.folder / "scenario.toml").read_text())
    assert scenario.validate(written) == scenario.validate(tiny.provenance["scenario"])


def test_tables_and_arrays_follow_the_schema(tiny: Run) -> None:
    for name, table in tiny.tables.items():
        assert set(schema.tables()[name]) <= set(table.columns), name
    for name, array in tiny.arrays.data_vars.items():
        spec = schema.arrays()[str(name)]
        assert array.dims == spec.dims
        assert array.attrs["units"] == spec.unit
    assert str(tiny.arrays["time"].values[0]).startswith("2026-01-13T16:30")


def test_people_are_the_census(tiny: Run) -> None:
    assert tiny.tables["cells"]["people"].sum() == PEOPLE_2023 + PEOPLE_2017_NORTH


def test_every_number_in_the_plan_is_finite(tiny: Run) -> None:
    plan = tiny.tables["plan"]
    served = plan["households_served"] > 0
    assert np.isfinite(plan.select_dtypes("number")[served]).all(axis=None)
    assert (plan["households_served"] <= plan["households_unserved_today"] + 1e-6).all()


def test_plan_adds_up(tiny: Run) -> None:
    plan, mix = tiny.tables["plan"], tiny.tables["plan_mix"]
    assert mix["households"].sum() == pytest.approx(plan["households_served"].sum(), rel=1e-6)
    assert mix["npc_usd"].sum() == pytest.approx(plan["npc_usd"].sum(), rel=1e-6)
    districts = tiny.tables["districts"]
    assert districts["people"].sum() == PEOPLE_2023 + PEOPLE_2017_NORTH
    assert districts["served_by_plan"].sum() == pytest.approx(plan["households_served"].sum(), rel=1e-6)


def test_sharing_never_beats_its_bound(tiny: Run) -> None:
    arrays = tiny.arrays
    carried, bound = arrays["carried_mbps"].values, arrays["carried_bound_mbps"].values
    assert (carried <= bound * (1 + 1e-5)).all()
    assert (carried <= arrays["offered_mbps"].values * (1 + 1e-5)).all()
    assert arrays["served_mbps"].values.sum(axis=1) == pytest.approx(carried, rel=1e-4)
    assert carried.max() > 0


def test_no_delay_beats_light(tiny: Run) -> None:
    """Up and down through a satellite at 350 km, the lowest shell, takes 4 h/c = 4.7 ms at least."""
    latency = tiny.arrays["latency_ms"].values
    assert np.nanmin(latency) > 4.67


def test_summary_is_plain_data(tiny: Run) -> None:
    assert json.loads(json.dumps(tiny.summary()))


def test_one_price_recomputes_only_the_plan(tiny: Run, workplace: Path) -> None:
    again = rabta.load("tiny", plan={"costs": {"leo_terminal_usd": 200.0}}).run(
        workplace / "runs", cache=workplace / "cache"
    )
    computed = {s["name"] for s in again.provenance["stages"] if not s["cached"]}
    assert computed == {"plan.plan", "plan.districts"}
    assert again.folder != tiny.folder
    before, after = (
        tiny.tables["plan_mix"].set_index("technology"),
        again.tables["plan_mix"].set_index("technology"),
    )
    assert after.loc["leo_terminal", "households"] >= before.loc["leo_terminal", "households"]


def test_same_scenario_gives_the_same_bits(tiny: Run, tmp_path: Path) -> None:
    """A second computation from nothing agrees bit for bit."""
    again = rabta.load("tiny", time={"hours": 0.2}).run(tmp_path / "a", cache=tmp_path / "c1")
    once_more = rabta.load("tiny", time={"hours": 0.2}).run(tmp_path / "b", cache=tmp_path / "c2")
    for name in again.arrays.data_vars:
        assert np.array_equal(again.arrays[name].values, once_more.arrays[name].values, equal_nan=True), name
    for name, table in again.tables.items():
        assert table.equals(once_more.tables[name]), name
