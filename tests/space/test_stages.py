"""The stages on a small twin: what they write fits the schema, and the scenario's switches work."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rabta import schema
from rabta.scenario import validate
from rabta.space import elements, stages, walker
from rabta.twin import Twin, wrap

from .samples import LEO


def twin(**space: object) -> Twin:
    made = Twin(
        validate({"name": "small", "space": space}),
        np.datetime64("2026-01-13T00:00:00", "ns") + np.arange(3) * np.timedelta64(60, "s"),
    )
    shell = elements.table(walker.walker(550.0, 53.0, 72, 22, phasing=39, epoch_jd=2_461_053.5))
    fixed = walker.walker(35_786.0, 0.0, 1, 2, epoch_jd=2_461_053.5)
    geo = elements.table(fixed, orbit=["geo", "geo"], longitude_deg=[38.2, 150.0], min_elevation_deg=10.0)
    cells = {"lat_deg": [33.68, 24.86], "lon_deg": [73.05, 67.01], "elevation_m": [500.0, 10.0]}
    made.tables = {"satellites": pd.concat([shell, geo], ignore_index=True), "cells": pd.DataFrame(cells)}
    kinds = {"kind": "broadband", "orbit": ["leo"], "terminal_class": "consumer"}
    made.tables["systems"] = pd.DataFrame(kinds)
    horizon = np.zeros((2, 36))
    horizon[0] = 60.0
    made.arrays["horizon_deg"] = wrap("horizon_deg", horizon)
    made.arrays |= {name: wrap(name, value) for name, value in stages.propagate(made).items()}
    return made


def test_outputs_fit_the_schema() -> None:
    made = twin()
    outputs = stages.visibility(made) | stages.geo(made)
    for name, value in outputs.items():
        assert np.asarray(value).dtype == np.float64 or np.asarray(value).dtype == schema.arrays()[name].dtype
        assert wrap(name, value).dims == schema.arrays()[name].dims
    assert made.values("satellite_position_m").shape == (3, 1584, 3)
    assert outputs["geo_elevation_deg"].shape == (2, 2)


def test_terrain_can_be_switched_off() -> None:
    with_terrain = stages.visibility(twin())["visible_count"]
    without = stages.visibility(twin(terrain=False))["visible_count"]
    assert with_terrain[:, 0].sum() < without[:, 0].sum()
    np.testing.assert_array_equal(with_terrain[:, 1], without[:, 1])


def test_least_elevation_of_the_scenario_wins() -> None:
    low = stages.visibility(twin(terrain=False, min_elevation_deg=5.0))["visible_count"]
    high = stages.visibility(twin(terrain=False, min_elevation_deg=60.0))["visible_count"]
    assert low.min() > high.max()


@pytest.mark.parametrize("slots", [1, 7])
def test_slots_of_the_scenario(slots: int) -> None:
    assert stages.visibility(twin(slots=slots))["slot_satellite"].shape == (3, 2, slots)


def test_geostationary_satellites_behind_terrain_or_the_horizon_are_not_clear() -> None:
    clear = stages.geo(twin())["geo_clear"]
    assert clear.tolist() == [[False, False], [True, False]]  # 38.2 E stands at 37 deg; 150 E is under
    assert stages.geo(twin(terrain=False))["geo_clear"].tolist() == [[True, False], [True, False]]


def test_element_file_enters_the_cache_key(tmp_path: Path) -> None:
    path = tmp_path / "sets.tle"
    path.write_text("\n".join(LEO))
    (tmp_path / "notes.md").write_text("not elements")
    for source in (path, tmp_path):
        scenario = validate({"name": "small", "space": {"catalogue": str(source)}})
        assert list(stages._element_files(scenario)) == [path]
    assert list(stages._element_files(validate({"name": "small"}))) == []


def test_kept_copy_of_an_address_enters_the_cache_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elements, "fetch", lambda url: tmp_path / "kept")
    scenario = validate({"name": "small", "space": {"catalogue": "https://example.org/sets.tle"}})
    assert list(stages._element_files(scenario)) == [tmp_path / "kept"]


def mixed() -> Twin:
    """Every second satellite belongs to a system for phones."""
    made = twin(terrain=False)
    satellites = made.tables["satellites"]
    satellites["system"] = np.where(satellites["orbit"] == "geo", 0, np.arange(len(satellites)) % 2)
    made.tables["systems"] = pd.DataFrame(
        {
            "orbit": ["leo", "leo"],
            "kind": ["broadband", "direct_to_device"],
            "terminal_class": ["consumer", "handset"],
        }
    )
    return made


def test_satellites_for_phones_take_no_slot() -> None:
    found, whole = stages.visibility(mixed()), stages.visibility(twin(terrain=False))
    used = found["slot_satellite"][found["slot_satellite"] >= 0]
    assert used.size > 0
    assert (used % 2 == 0).all()
    assert found["device_count"].min() > 0
    total = found["visible_count"].astype(int) + found["device_count"]
    np.testing.assert_array_equal(total, whole["visible_count"])
    assert not whole["device_count"].any()


def test_firms_systems_serve_only_where_homes_have_none() -> None:
    made = mixed()
    made.tables["systems"]["kind"] = "broadband"
    made.tables["systems"]["terminal_class"] = ["enterprise", "consumer"]
    used = stages.visibility(made)["slot_satellite"]
    assert (used[used >= 0] % 2 == 1).all()
    made.tables["systems"]["terminal_class"] = "enterprise"
    used = stages.visibility(made)["slot_satellite"]
    assert set(np.unique(used[used >= 0] % 2)) == {0, 1}


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ((), {0, 1}),
        (("foreign-space",), {1}),
        (("foreign-operators",), {1}),
        (("SpaceX",), {1}),
        (("starlink-gen1-filed",), {1}),
        (("paksat-mm1", "smw4"), {0}),
        (("foreign-space", "paksat-mm1"), set()),
    ],
)
def test_denied_systems_keep_their_row_and_have_no_satellites(names: tuple[str, ...], left: set[int]) -> None:
    """Whatever is left, down to nothing, goes through the stages that place, propagate and see satellites."""
    chosen = {"constellations": ["starlink-gen1-filed", "paksat-mm1"], "slots": 2}
    given = validate({"space": chosen, "transport": {"denied": names}})
    made = Twin(given, twin().times)
    made.tables = {"cells": twin().table("cells")} | stages.constellation(made)
    made.arrays["horizon_deg"] = wrap("horizon_deg", np.zeros((2, 36)))
    assert len(made.table("systems")) == 2
    assert set(made.table("satellites")["system"]) == left
    made.arrays |= {name: wrap(name, value) for name, value in stages.propagate(made).items()}
    seen = stages.visibility(made)
    assert (seen["visible_count"].max() > 0) == (0 in left)
    assert ((seen["slot_satellite"] >= 0).any()) == (0 in left)
    assert stages.geo(made)["geo_clear"].shape == (2, 1 if 1 in left else 0)
    for name, value in seen.items():
        assert np.isfinite(np.asarray(value, dtype=float)).all(), name
