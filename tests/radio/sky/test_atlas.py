"""The atlas of a nation's sky: its months, its kernel, its command."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.errors import RabtaError
from rabta.nation import layers
from rabta.radio.sky import atlas, places
from rabta.radio.sky.atlas import Places, Plan
from rabta.radio.slantpath import Climate
from rabta.scenario import Nation


def made(count: int = 40) -> Places:
    """Places of made-up climate, some dry in some months, some far west."""
    rng = np.random.default_rng(5)
    low = np.array([5.0, 0.0, 5.0, 2.0, 265.0, 2.0, 2.0, 0.0, 10.0])
    high = np.array([60.0, 5.5, 120.0, 5.5, 303.0, 26.0, 75.0, 2.0, 130.0])
    climate = Climate(*(low + (high - low) * rng.random((count, 9))).T)
    rain = rng.uniform(0.0, 250.0, (count, 12)) * (rng.random((count, 12)) > 0.2)
    rate, share = places.months_of(rain, rng.uniform(270.0, 305.0, (count, 12)))
    return Places(climate, rng.uniform(-20.0, 120.0, count), rate, share, "made up")


def test_elevation_of_published_pointings() -> None:
    """Under the satellite 90 degrees; at the limb, 81.3 degrees of arc away, the horizon."""
    assert float(atlas.elevation_deg(0.0, 66.0, 66.0)) == pytest.approx(90.0)
    assert float(atlas.elevation_deg(0.0, 66.0 + 81.3, 66.0)) == pytest.approx(0.0, abs=0.02)


def test_kernel_against_its_reference() -> None:
    plan = Plan(bands_ghz=(2.0, 12.0, 30.0), slots_deg=(38.0, 101.4))
    at = made()
    reference, found = atlas.totals_reference(at, plan), atlas.compute(at, plan)
    low = np.isnan(reference)
    assert low.any()
    assert (found[low] == atlas.UNKNOWN).all()
    assert np.abs(reference[~low] - found[~low] / 100.0).max() <= 0.00501


def test_months_add_up_to_the_year() -> None:
    """Whatever is exceeded for a share of the year, the months' shares of it make that share."""
    at = made(20)
    percents = np.array([0.5, 0.05])
    rain = np.stack([places.solve_rate(at.rate, at.share, p) for p in percents])
    assert (rain > 0.0).all()
    for q, percent in enumerate(percents):
        depth = (np.log(rain[q])[:, None] + 0.7938 - np.log(at.rate)) / 1.26
        own = at.share * 0.5 * np.vectorize(__import__("math").erfc)(depth / np.sqrt(2.0))
        assert own @ places.DAYS / places.YEAR == pytest.approx(percent, rel=1e-9)
        for place in range(20):
            month = int(np.argmax(own[place]))
            one = slice(place, place + 1)
            found = atlas.equivalent_percent(at.rate[one], at.share[one], own[place, month : month + 1])
            assert found[month, 0, 0] == pytest.approx(percent, rel=1e-6)


def test_the_year_lies_between_its_months() -> None:
    values = atlas.compute(made(), Plan(bands_ghz=(20.0,), slots_deg=(66.0,)))[:, 0, 0]
    seen = values[(values >= 0).all(axis=(1, 2))].astype(int)
    assert (seen[:, 1:].max(axis=1) >= seen[:, 0] - 1).all()
    assert (seen[:, 1:].min(axis=1) <= seen[:, 0] + 1).all()


def test_a_dry_month_has_no_rain() -> None:
    at = made(5)
    at.share[:, 3] = 0.0
    assert (atlas.equivalent_percent(at.rate, at.share, np.array([0.1]))[3] == 0.0).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bands_ghz": (60.0,)}, "1 to 55"),
        ({"availabilities": (99.99,)}, "95 to 99.987"),
        ({"availabilities": (float("nan"),)}, "95 to 99.987"),
        ({"slots_deg": (500.0,)}, "-180 to 360"),
        ({"diameter_m": 0.0}, "0.05 to 40"),
    ],
)
def test_plans_out_of_range_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(RabtaError, match=words.replace(".", r"\.")):
        Plan(**change)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pakistan() -> layers.Layers:
    return layers.load(Nation())


def test_shipped_months_are_those_of_the_maps(pakistan: layers.Layers) -> None:
    """One value a tehsil is near the map's own at most points, with the same monsoon."""
    pytest.importorskip("itur")
    lat, lon, inside, row = atlas.grid(pakistan, 0.5)
    i, j = np.unravel_index(inside, (lat.size, lon.size))
    assert 250 < inside.size < 400
    shipped = atlas.of_nation(Nation(), pakistan, row, lat[i], lon[j])
    own = places.rain_months(lat[i], lon[j])
    assert np.corrcoef(shipped.share.ravel(), own[1].ravel())[0, 1] > 0.95
    assert np.median(np.abs(shipped.rate / own[0] - 1.0)) < 0.05


def test_a_folder_without_months_is_refused(tmp_path: Path, pakistan: layers.Layers) -> None:
    with pytest.raises(RabtaError, match="climate_months"):
        atlas._months(Nation(data=str(tmp_path)), pakistan.cells)


def test_command(tmp_path: Path) -> None:
    import typer
    import xarray as xr

    from rabta.cli import atlas as command

    app = typer.Typer()
    app.command()(command.atlas)
    out, picture = tmp_path / "a.zarr", tmp_path / "a.svg"
    options = ["--out", str(out), "--step", "1", "--band", "20", "--band", "12", "--picture", str(picture)]
    result = CliRunner().invoke(app, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    with xr.open_zarr(out, consolidated=False) as found:
        values = found["attenuation"].sel(band=20.0, period=0, slot=38.0)
        assert float(values.max()) > float(values.sel(availability=99.0).max()) > 1.0
        assert bool(values.isnull().any())
        assert "shipped with pakistan" in found.attrs["source"]
    shapes = ET.fromstring(picture.read_text())
    assert len(shapes.findall(".//{http://www.w3.org/2000/svg}g")) == 4
    assert "nan" not in picture.read_text()


def test_command_writes_netcdf_and_refuses_others(tmp_path: Path) -> None:
    import typer

    from rabta.cli import atlas as command

    app = typer.Typer()
    app.command()(command.atlas)
    out = tmp_path / "a.nc"
    result = CliRunner().invoke(
        app, ["--out", str(out), "--step", "1", "--band", "12"], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert out.read_bytes()[:3] == b"CDF"
    with pytest.raises(RabtaError, match="zarr"):
        CliRunner().invoke(app, ["--out", "a.png"], catch_exceptions=False)


def test_records_say_where_the_months_come_from() -> None:
    folder = layers.folder(Nation())
    records = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    assert any(r["file"] == "climate_months.parquet" and "P.837-7" in r["source"] for r in records)
    assert {f.name for f in fields(Climate)} >= {"rain_rate_mmh"}
