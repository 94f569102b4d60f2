"""Digital maps of the ITU: forms of files, interpolation, refusals."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.radio.sky import maps, places
from rabta.radio.sky.maps import Frame, Grid, Maps


def plane(frame: Frame, rows: int, columns: int) -> np.ndarray:
    """A map that is linear in latitude and in longitude east of its edge."""
    lat = np.linspace(frame.first_deg, frame.last_deg, rows)[:, None]
    east = np.linspace(0.0, frame.span_deg, columns)
    return 2.0 * lat + 0.5 * east


@pytest.mark.parametrize("family", ["rain_rate", "isotherm", "rain_month", "height", "liquid"])
def test_interpolation_reproduces_a_plane(family: str) -> None:
    frame = maps.FAMILIES[family].frame
    grid = Grid(plane(frame, 41, 81), frame)
    lat, lon = np.array([-61.3, 0.0, 33.7, 71.9]), np.array([-120.4, 0.3, 73.0, 171.2])
    want = 2.0 * lat + 0.5 * np.mod(lon - frame.west_deg, 360.0)
    assert grid.bilinear(lat, lon) == pytest.approx(want, abs=1e-10)
    if family == "height":
        assert grid.bicubic(lat, lon) == pytest.approx(want, abs=1e-10)


def write(folder: Path, name: str, table: np.ndarray, form: str) -> None:
    """A map in one of the forms in which users have it."""
    text = io.StringIO()
    np.savetxt(text, table, fmt="%.6f")
    if form == "text":
        (folder / "any").mkdir()
        (folder / "any" / name).write_text(text.getvalue())
    elif form == "zip in zip":
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr(f"P840/{name}", text.getvalue())
        with zipfile.ZipFile(folder / "R-REC-P.840Part01-0-202308-I!!ZIP-E.zip", "w") as archive:
            archive.writestr("maps.zip", inner.getvalue())
    else:
        (folder / "840").mkdir()
        np.savez(folder / "840" / "v9_l_5.npz", table)


@pytest.mark.parametrize("form", ["text", "zip in zip", "wheel"])
def test_a_folder_of_any_form_is_read(tmp_path: Path, form: str) -> None:
    """The ITU's text goes from south to north and west to east, the wheel's from the north and Greenwich."""
    family = maps.FAMILIES["liquid"]
    frame = family.frame if form == "wheel" else family.own_frame
    assert frame is not None
    write(tmp_path, "L_5.TXT", plane(frame, 37, 73), form)
    found = places.liquid_kg_m2([30.25], [70.5], 5.0, Maps(tmp_path))
    assert found[0] == pytest.approx(2.0 * 30.25 + 0.5 * (70.5 - frame.west_deg), abs=1e-5)


def test_a_map_that_is_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match=r"L_001\.TXT"):
        places.liquid_kg_m2([30.0], [70.0], 0.01, Maps(tmp_path))
    with pytest.raises(RabtaError, match="no such folder of maps"):
        maps.of_folder(tmp_path / "absent")


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_damaged_files_are_refused_by_name(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("maps")
    for name in ("L_5.TXT", "zipped.zip"):
        (folder / name).write_bytes(data)
        with pytest.raises(RabtaError, match=name.split(".")[0] if name.endswith("zip") else "damaged"):
            places.liquid_kg_m2([30.0], [70.0], 5.0, Maps(folder))
        (folder / name).unlink()


def test_rates_of_a_year_solve_their_equation() -> None:
    """P.837-7, Annex 1: the rate found is exceeded for just the percentage asked for."""
    rng = np.random.default_rng(2)
    total, warm = rng.uniform(0.0, 300.0, (50, 12)), rng.uniform(265.0, 305.0, (50, 12))
    rate, share = places.months_of(total, warm)
    found = places.solve_rate(rate, share, 0.1)
    assert (found > 0.0).all()
    assert places.year_percent(rate, share, found) == pytest.approx(0.1, rel=1e-9)
    month = places.month_rate(rate, share, 0.1)
    assert (month.max(axis=1) > found).all()
    assert (month.min(axis=1) < found).all()


def test_a_dry_place_has_no_rain() -> None:
    rate, share = places.months_of(np.zeros((1, 12)), np.full((1, 12), 300.0))
    assert places.solve_rate(rate, share, 0.01)[0] == 0.0
    assert (places.month_rate(rate, share, 0.01) == 0.0).all()


@pytest.mark.parametrize("percent", [0.05, 99.5, float("nan")])
def test_percentages_without_maps_are_refused(percent: float) -> None:
    with pytest.raises(RabtaError, match=r"0.1 to 99"):
        places.reduced_liquid_kg_m2([30.0], [70.0], percent, Maps())


def test_places_off_the_globe_are_refused() -> None:
    with pytest.raises(RabtaError, match="lat_deg"):
        places.points([91.0], [0.0])
