"""Protection of fixes: prepared rows of a constructed sky, and every epoch of real stations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta import geo
from rabta.cli.main import _commands, app
from rabta.errors import RabtaError
from rabta.pnt import position, rinex
from rabta.pnt.integrity import araim, ism, protect
from rabta.pnt.records import empty_ephemerides

if not app.registered_commands:
    _commands()

HERE = geo.ecef_from_geodetic(np.array(33.6), np.array(73.1), np.array(500.0))
STATIONS = {
    "esbc": (
        "esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz",
        "esbc/ESBC00DNK_R_20201770000_01D_MN.rnx.gz",
        (3582104.9497, 532590.2042, 5232755.3686),
    ),
    "bele": (
        "bele/BELE00BRA_R_20240100000_01D_30S_MO.crx.gz",
        "bele/BRDC00IGS_R_20240100000_01D_MN.rnx.gz",
        (4228139.0493, -4772752.2152, -155761.0640),
    ),
    "nagoya": ("nagoya/rover.obs.gz", "nagoya/base.nav", (-3817681.3807, 3562839.9785, 3650158.3760)),
    "wtzr": (
        "wettzell/WTZR00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz",
        "wettzell/ESBC00DNK_R_20201770000_01D_MN.rnx.gz",
        (4075580.3890, 931854.0911, 4801568.4050),
    ),
    "wtzz": (
        "wettzell/WTZZ00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz",
        "wettzell/ESBC00DNK_R_20201770000_01D_MN.rnx.gz",
        (4075579.4068, 931853.4377, 4801569.4754),
    ),
}


def constructed(epochs: int, noise_m: float, seed: int = 0) -> position.Geometry:
    """Rows of 9 GPS and 9 BeiDou satellites in ionosphere-free pairs, seen from `HERE`."""
    rng = np.random.default_rng(seed)
    count = 18
    azimuth = np.linspace(0, 2 * np.pi, count, endpoint=False) * 5
    elevation = np.radians(15.0 + 70.0 * (np.arange(count) * 0.618 % 1.0))
    level = np.cos(elevation)
    enu = np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, np.sin(elevation)], axis=-1)
    lat, lon, _ = geo.geodetic_from_ecef(HERE)
    satellite = np.tile(HERE + 2.2e7 * enu @ geo.east_north_up(lat, lon), (epochs, 1))
    n = epochs * count
    turn = 7.2921151467e-5 * (satellite[:, 0] * HERE[1] - satellite[:, 1] * HERE[0]) / 299_792_458.0
    measured = np.linalg.norm(satellite - HERE, axis=1) + turn + 3e4 + noise_m * rng.normal(size=n)
    first = np.tile(np.arange(count) < 9, epochs)
    measured += np.where(first, 0.0, 12.0)
    zero, nan = np.zeros(n), np.full(n, np.nan)
    pair = ism.L1_HZ**2 / (ism.L1_HZ**2 - ism.L5_HZ**2)
    return position.Geometry(
        times=np.arange(epochs) * 10**9,
        start=np.arange(epochs + 1) * count,
        epoch=np.repeat(np.arange(epochs), count),
        system=np.where(first, "G", "C"),
        prn=np.tile(np.r_[np.arange(1, 10), np.arange(20, 29)], epochs),
        source=np.arange(n),
        ephemeris=zero.astype(int),
        ephemerides=empty_ephemerides(1),
        codes=np.tile(["1C", "5Q"], (n, 1)),
        ranges_m=np.tile(measured[:, None], (1, 2)),
        delays_s=np.zeros((n, 2)),
        frequencies_hz=np.tile([ism.L1_HZ, ism.L5_HZ], (n, 1)),
        shares=np.tile([pair, 1.0 - pair], (n, 1)),
        range_m=measured,
        doppler_m_s=nan,
        cn0=nan,
        satellite_m=satellite,
        satellite_m_s=np.zeros((n, 3)),
        clock_s=zero,
        clock_rate=zero,
        azimuth_deg=np.tile(np.degrees(azimuth) % 360.0, epochs),
        elevation_deg=np.tile(np.degrees(elevation), epochs),
        ionosphere_m=zero,
        troposphere_m=zero,
        sigma_m=np.ones(n),
        group=np.where(first, 0, 1),
        groups=("G 1C+5Q", "C 1P+5P"),
        parent=np.arange(2),
        tie_m=np.zeros(2),
        place_m=np.tile(HERE, (epochs, 1)),
    )


def test_clean_ranges_give_the_place() -> None:
    rows = constructed(3, 0.0)
    found = protect.protect_rows(rows, np.tile(HERE + 2.0, (3, 1)))
    assert np.abs(found.position_m - HERE).max() < 1e-3
    assert (found.hpl_m < 40.0).all()
    assert (found.vpl_m < 50.0).all()
    assert found.excluded == [()] * 3
    away = np.abs(found.fix_vpl_m - found.vpl_m) + np.abs(found.fix_hpl_m - found.hpl_m)
    assert (away > 0.5).all()  # the position given was 3.5 m off


@pytest.mark.parametrize("size_m", [60.0, -60.0, 1e6])
def test_a_faulty_satellite_is_named_and_left_out(size_m: float) -> None:
    rows = constructed(4, 0.5)
    rows.range_m[18 + 11] += size_m  # second epoch, C22
    found = protect.protect_rows(rows, np.tile(HERE, (4, 1)))
    assert found.excluded == [(), ("C22",), (), ()]
    assert not found.alarm.any()
    assert np.linalg.norm(found.position_m[1] - HERE) < 5.0
    assert found.vpl_m[1] > found.vpl_m[0]


def test_a_constellation_that_lies_is_an_alarm_or_left_out() -> None:
    rows = constructed(1, 0.3)
    rows.range_m[:9] += np.linspace(-200.0, 200.0, 9) ** 2 / 100.0
    found = protect.protect_rows(rows, HERE[None])
    gone = {name[0] for name in found.excluded[0]}
    assert found.alarm[0] or gone == {"G"}
    error = np.linalg.norm(found.position_m[0] - HERE)
    assert error < np.hypot(found.hpl_m[0], found.vpl_m[0])


def test_no_fix_no_level() -> None:
    found = protect.protect_rows(constructed(2, 0.1), np.stack([HERE, np.full(3, np.nan)]))
    assert np.isfinite(found.hpl_m[0])
    assert np.isinf(found.hpl_m[1])
    assert not found.available[1]


def test_summary_counts_what_misleads() -> None:
    found = protect.protect_rows(constructed(5, 0.2), np.tile(HERE, (5, 1)))
    error = np.zeros((5, 3))
    error[2, 2] = 1e3
    told = protect.summary(found, error)
    assert told["misleading"] == 1
    assert told["below_40_50"] == 1.0
    assert set(told["available"]) == set(araim.OPERATIONS)


@pytest.mark.shared
@pytest.mark.parametrize("station", list(STATIONS))
@pytest.mark.parametrize("mode", ["single", "iono-free"])
@pytest.mark.parametrize("systems", ["G", "C", "GC"])
def test_no_real_error_beyond_its_level(shared: Path, station: str, mode: str, systems: str) -> None:
    """Levels hold in every epoch, of our position and of the solver's; with both systems they are useful."""
    o, n, place = STATIONS[station]
    folder = shared / "data/gnss"
    obs, nav = rinex.observations(folder / o), rinex.navigation(folder / n)
    solution = position.solve(obs, nav, position.Options(systems=systems, mode=mode))
    found = protect.protect(solution)
    truth = np.array(place)
    lat, lon, _ = geo.geodetic_from_ecef(truth)
    for where, hpl, vpl in (
        (found.position_m, found.hpl_m, found.vpl_m),
        (solution.position_m, found.fix_hpl_m, found.fix_vpl_m),
    ):
        error = (where - truth) @ geo.east_north_up(lat, lon).T
        known = np.isfinite(error[:, 0])
        assert (np.hypot(error[known, 0], error[known, 1]) <= hpl[known]).all()
        assert (np.abs(error[known, 2]) <= vpl[known]).all()
    assert not found.alarm.any()
    if systems == "GC" and mode == "iono-free":
        assert np.median(found.hpl_m) < 25.0
        assert np.median(found.vpl_m) < 40.0


@pytest.mark.shared
def test_command(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/gnss/nagoya"
    files = [str(folder / "rover.obs.gz"), str(folder / "base.nav")]
    truth = "-3817681.3807,3562839.9785,3650158.3760"
    plot, out = tmp_path / "s.svg", tmp_path / "levels.csv"
    args = ["pnt", "integrity", *files, "--systems", "G,C", "--truth", truth, "--plot", str(plot)]
    ran = CliRunner().invoke(app, [*args, "--out", str(out), "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.output)
    assert told["misleading"] == 0
    assert told["protected"] == told["epochs"] == 301
    assert plot.read_text().startswith("<svg")
    assert len(out.read_text().splitlines()) == 302
    ran = CliRunner().invoke(app, ["locate", *files, "--systems", "G,C", "--integrity", "--json"])
    assert json.loads(ran.output)["integrity"]["protected"] == 301


def test_refusals() -> None:
    runner = CliRunner()
    for args, words in (
        (["pnt", "integrity", "a.rnx", "b.rnx", "--operation", "LPV"], "no such operation"),
        (["pnt", "integrity", "a.rnx", "b.rnx", "--plot", "x.svg"], "needs a truth"),
        (["locate", "a.rnx", "b.rnx", "--mode", "rtk", "--integrity"], "single epochs"),
    ):
        ran = runner.invoke(app, args)
        assert isinstance(ran.exception, RabtaError | SystemExit)
        assert words in (ran.output + str(ran.exception))


def test_holdover_command() -> None:
    ran = CliRunner().invoke(
        app, ["pnt", "holdover", "--oscillator", "rubidium", "--limit-us", "1.0", "--json"]
    )
    (row,) = json.loads(ran.output)
    assert 20.0 < row["hours"] < 24.0
