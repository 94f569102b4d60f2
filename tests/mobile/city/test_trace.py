"""The tracer itself, where it is installed: free space, two rays, the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.cli.mobile import app
from rabta.errors import RabtaError
from rabta.mobile.city import trace


def _missing() -> str:
    """Why the tracer cannot run here; empty where it can."""
    try:
        trace.interpreter()
        trace.compiler()
    except RabtaError as error:
        return str(error).replace("\n", " ")
    return ""


MISSING = _missing()
needs_tracer = pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: {MISSING}")
LOW = "grid:1x1@1"  # one block of a metre: nothing in the way


def friis_db(distance_m: float, ghz: float) -> float:
    return float(20.0 * np.log10(0.299792458 / (4.0 * np.pi * distance_m * ghz)))


@needs_tracer
@pytest.mark.parametrize("ghz", [0.7, 3.5, 28.0])
def test_free_space_is_friis(ghz: float) -> None:
    """No reflection allowed: the direct ray alone, over 100 m."""
    asked = trace.Request(
        LOW, ghz, ((-60.0, -60.0, 40.0, 0.0),), ((20.0, -60.0, 100.0),), rays=10_000, depth=0, walls="wood",
        ground="wood",
    )  # fmt: skip
    found = trace.trace(asked)
    assert found.link_gain_db[0, 0] == pytest.approx(friis_db(100.0, ghz), abs=0.1)


@needs_tracer
def test_two_rays_over_metal_add_as_in_closed_form() -> None:
    """Vertical field over a perfect conductor: 1/d1 e^{-jkd1} + 1/d2 e^{-jkd2}, reflection coefficient +1."""
    ghz, up, down, away = 3.5, 12.0, 1.5, np.array([60.0, 90.0, 120.0])
    users = tuple((-60.0 + float(x), -70.0, down) for x in away)
    asked = trace.Request(
        LOW, ghz, ((-60.0, -70.0, up, 0.0),), users, rays=400_000, depth=1, walls="wood", ground="metal"
    )
    found = trace.trace(asked).link_gain_db[:, 0]
    wave = 0.299792458 / ghz
    direct, over = np.hypot(away, up - down), np.hypot(away, up + down)
    field = np.exp(-2j * np.pi * direct / wave) / direct + np.exp(-2j * np.pi * over / wave) / over
    theirs = 20.0 * np.log10(np.abs(field) * wave / (4.0 * np.pi))
    assert found == pytest.approx(theirs, abs=0.5)


@needs_tracer
def test_the_command_maps_a_grid_of_streets(tmp_path: Path) -> None:
    picture, arrays = tmp_path / "map.svg", tmp_path / "map.npz"
    args = [
        "city",
        "grid:2x2",
        "--rays",
        "100000",
        "--user",
        "0,60,1.5",
        "--svg",
        str(picture),
        "--out",
        str(arrays),
    ]
    done = CliRunner().invoke(app, [*args, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["modelled"]
    assert 0.1 < found["reached_share"] <= 1.0
    street = friis_db(float(np.hypot(50.0, 23.5)), 3.5)
    assert street - 6.0 < found["links"][0]["gain_db"][0] < street + 6.0
    with np.load(arrays) as file:
        gain, x, y = file["path_gain_db"][0], file["x_m"], file["y_m"]
    middle = gain[np.hypot(x, y) < 12.0]
    corner = gain[np.hypot(x - 80.0, y - 80.0) < 25.0]
    assert np.median(middle) > np.max(corner) + 20.0
    assert picture.read_text(encoding="utf-8").count("<polygon") == 4


@needs_tracer
def test_a_failing_tracer_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "compiler", lambda: str(tmp_path / "libLLVM.so.19"))
    with pytest.raises(RabtaError, match="the tracer failed"):
        trace.trace(trace.Request(LOW, 3.5, ((0.0, 0.0, 10.0, 0.0),), rays=1000))
