"""Echoes and their detection against published examples and closed forms; maps over the ground."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rabta import catalog
from rabta.cli.mobile import app
from rabta.errors import RabtaError
from rabta.mobile.city import picture
from rabta.mobile.sensing import detection, maps, radar
from rabta.radio.terrain.raster import Terrain

PANEL = radar.sensor("nr-3500-panel")


def test_echo_is_the_published_example() -> None:
    """1 kW, 36 dB, 5.65 GHz, 1 m2 at 75 nautical miles: 6.0e-17 W (Electronic warfare deck, example 7-2)."""
    old = replace(
        PANEL,
        frequency_ghz=5.65,
        power_dbm=60.0,
        transmit_gain_dbi=36.0,
        receive_gain_dbi=36.0,
        losses_db=0.0,
    )
    watt = 10.0 ** (float(radar.echo_dbm(old, 75.0 * 1852.0, 0.0)) / 10.0 - 3.0)
    assert watt == pytest.approx(6.0e-17, rel=0.02)


@pytest.mark.parametrize(("wanted", "false"), [(0.5, 1e-4), (0.9, 1e-6), (0.95, 1e-8)])
@pytest.mark.parametrize("looks", [1, 5, 20])
def test_a_steady_target_needs_what_albersheim_says(wanted: float, false: float, looks: int) -> None:
    """Within 0.2 dB of a linear detector; a square-law one is up to 0.2 dB worse (Robertson 1967)."""
    assert detection.required_snr_db(wanted, false, 0, looks) == pytest.approx(
        detection.albersheim_db(wanted, false, looks), abs=0.45
    )


def test_a_fluctuating_target_over_one_look_is_the_closed_form() -> None:
    """SNR = ln P_fa / ln P_d - 1: 21.14 dB for 0.9 and 1e-6."""
    need = 10.0 * np.log10(np.log(1e-6) / np.log(0.9) - 1.0)
    assert detection.required_snr_db(0.9, 1e-6, 1) == pytest.approx(need, abs=1e-6)
    assert need == pytest.approx(21.14, abs=0.01)


@pytest.mark.parametrize(("case", "looks"), [(0, 1), (0, 4), (1, 1), (1, 4)])
def test_probabilities_are_those_of_drawn_echoes(case: int, looks: int) -> None:
    """A square-law detector on 200,000 drawn echoes, four standard deviations."""
    rng, count, snr, false = np.random.default_rng(3), 200_000, 4.0, 1e-2
    size = np.full(count, snr) if case == 0 else rng.exponential(snr, count)
    noise = rng.normal(size=(count, looks)) + 1j * rng.normal(size=(count, looks))
    energy = np.abs(np.sqrt(size)[:, None] + noise / np.sqrt(2.0)) ** 2
    from scipy.special import gammainccinv

    found = float((energy.sum(axis=1) > gammainccinv(looks, false)).mean())
    ours = float(detection.probability(10.0 * np.log10(snr), false, case, looks))
    assert found == pytest.approx(ours, abs=4.0 * np.sqrt(ours * (1.0 - ours) / count))


@settings(max_examples=60, deadline=None)
@given(st.floats(-30, 50), st.floats(0.1, 10), st.sampled_from([0, 1]), st.integers(1, 30))
def test_more_signal_is_never_worse(snr: float, more: float, case: int, looks: int) -> None:
    low, high = detection.probability([snr, snr + more], 1e-6, case, looks)
    assert 0.0 <= low <= high + 1e-12 <= 1.0 + 1e-9


def test_processing_collects_energy_whatever_the_bandwidth() -> None:
    """Four times the distance costs 12.04 dB more than ... 40 log10; twice the share gives 3.01 dB."""
    near = replace(PANEL, spacing_khz=1.0)  # a long prefix: no late echoes
    one, two = radar.snr_db(near, [1000.0, 2000.0], -10.0)
    assert one - two == pytest.approx(40.0 * np.log10(2.0))
    assert float(radar.snr_db(replace(near, share=0.2), 1000.0, -10.0)) - one == pytest.approx(
        10.0 * np.log10(2.0)
    )
    assert float(radar.snr_db(replace(near, bandwidth_mhz=400.0), 1000.0, -10.0)) == pytest.approx(one)


def test_echoes_after_the_prefix_lose_what_misses_their_symbol() -> None:
    assert float(radar.late_db(PANEL, PANEL.clear_range_m)) == pytest.approx(0.0, abs=1e-9)
    half = PANEL.clear_range_m + 0.25 * 299_792_458.0 / 30e3
    assert float(radar.late_db(PANEL, half)) == pytest.approx(20.0 * np.log10(2.0))


def test_resolutions_of_100_mhz_and_of_the_dwell() -> None:
    assert PANEL.resolution_m == pytest.approx(1.499, abs=1e-3)
    assert PANEL.speed_resolution_m_s == pytest.approx(PANEL.wavelength_m / (2.0 * PANEL.dwell_s))
    assert PANEL.beams * PANEL.dwell_s == pytest.approx(PANEL.scan_s)


def test_a_commercial_panel_at_26_ghz_reaches_beyond_500_m() -> None:
    """arXiv 2605.23561: a small aircraft found beyond 500 m by commercial 5G hardware at millimetre waves."""
    panel = radar.sensor("nr-26-panel")
    reach = radar.reach_m(panel, detection.required_snr_db(0.9), radar.TARGETS_DBSM["small-uav"])
    assert 500.0 <= reach <= 1000.0


@pytest.mark.parametrize("name", ["share", "elevation_high_deg", "frequency_ghz"])
def test_a_wrong_sensor_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text = (catalog.SHIPPED / "sensors" / "nr-3500-panel.toml").read_text(encoding="utf-8")
    folder = tmp_path / "catalog" / "sensors"
    folder.mkdir(parents=True)
    lines = [f'{name} = "much"' if line.startswith(f"{name} =") else line for line in text.splitlines()]
    (folder / "mine.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RabtaError, match=name):
        radar.sensor("mine")


def hill(height_m: int) -> Terrain:
    """Level ground with a wall along one meridian, 30 arc-seconds."""
    ground = np.zeros((240, 240), np.int16)
    ground[:, 120] = height_m
    return Terrain(
        ground, np.zeros((240, 240), np.uint8), np.array([32.0, 70.0, 1.0 / 120.0]), np.array([[31.0, 71.0]]),
        np.array([40.0]), np.array([320.0]),
    )  # fmt: skip


def test_a_wall_hides_what_is_behind_it_and_height_brings_it_back() -> None:
    site = (np.array([31.0]), np.array([70.99]), np.array([30.0]))
    away = np.array([71.012, 70.968])  # behind the wall at 71.0, and as far on the other side
    for height, seen in ((60.0, [False, True]), (2000.0, [True, True])):
        point = (np.full(2, 31.0), away, np.full(2, height))
        ends = tuple(np.repeat(v, 2) for v in site)
        assert maps.clear(hill(400), ends, point).tolist() == seen  # type: ignore[arg-type]
    assert maps.clear(None, ends, point).all()  # type: ignore[arg-type]


def test_two_sites_find_what_one_misses() -> None:
    point = (np.array([31.0]), np.array([71.03]), np.array([100.0]))
    one = (np.array([31.0]), np.array([71.0]), np.array([30.0]))
    two = tuple(np.concatenate([v, w]) for v, w in zip(one, (point[0], point[1] + 0.03, one[2]), strict=True))
    steady = maps.Target(spread_db=0.0)
    alone, both = (float(maps.see(PANEL, steady, s, point).probability[0]) for s in (one, two))  # type: ignore[arg-type]
    assert both == pytest.approx(1.0 - (1.0 - alone) ** 2, rel=1e-3)


def test_sites_share_the_draw_of_the_targets_size() -> None:
    """Three sites, one target: the mean over its size of the product of misses, by a fine sum over sizes."""
    target = maps.Target()
    east = np.array([-0.040, 0.048, 0.056])
    site = (np.full(3, 31.0), 71.0 + east, np.full(3, 30.0))
    point = (np.array([31.0]), np.array([71.0]), np.array([100.0]))
    away = np.hypot(np.radians(np.abs(east)) * maps.EARTH_M * np.cos(np.radians(31.0)), 70.0)
    size = np.linspace(-8.0, 8.0, 20_001)
    density = np.exp(-(size**2) / 2.0)
    ratio = radar.snr_db(PANEL, away, target.area_dbsm)[:, None] + target.spread_db * size
    whole = min(1.0, PANEL.sectors * PANEL.azimuth_deg / 360.0)
    miss = 1.0 - whole * detection.probability(ratio, target.false_alarm)
    wanted = 1.0 - float((miss.prod(axis=0) * density).sum() / density.sum())
    apart = 1.0 - float(((miss * density).sum(axis=1) / density.sum()).prod())
    got = float(maps.see(PANEL, target, site, point).probability[0])
    assert got == pytest.approx(wanted, abs=1e-3)
    assert apart - wanted > 0.01  # draws of each site's own would find more


def test_outside_the_field_of_view_nothing_is_seen() -> None:
    above = (np.array([31.0]), np.array([71.0001]), np.array([5000.0]))
    site = (np.array([31.0]), np.array([71.0]), np.array([30.0]))
    found = maps.see(PANEL, maps.Target(), site, above)
    assert found.probability[0] == 0.0
    assert np.isinf(found.error_m[0])


@pytest.mark.parametrize(("scale", "words"), [(0.002, "50 km"), (0.1, "1 km"), (2.0, "50 m")])
def test_maps_have_a_bar_of_true_length_and_the_north(scale: float, words: str) -> None:
    drawn = picture.marks(600.0, 700.0, scale, 160.0)
    metres = float(words.split()[0]) * (1e3 if "km" in words else 1.0)
    assert f">{words}<" in drawn
    assert f"M{600.0 - metres * scale:.1f}," in drawn
    assert ">N<" in drawn


def test_the_command_tells_and_draws(tmp_path: Path) -> None:
    out = tmp_path / "map.svg"
    args = [
        "sensing",
        "Islamabad",
        "--radius",
        "4",
        "--step",
        "1",
        "--height",
        "120",
        "--svg",
        str(out),
        "--json",
    ]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["sites"] > 100
    assert 0.0 < found["heights"][0]["found_share"] <= 1.0
    assert out.read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["Islamabad", "--band", "3501-mhz"], "3500-mhz"),
        (["Islamabad", "--operator", "Jaz"], "Jazz"),
        (["Islamabad", "--radius", "0"], "0.5 to 100 km"),
        (["Islamabad", "--height", "60", "--height", "nan"], "--height"),
        (["Islamabad", "--height", "-5"], "--height"),
        (["Islamabad", "--mast", "-40"], "--mast"),
        (["Islamabad", "--rcs", "nan"], "--rcs"),
        (["geo:38"], "LAT,LON"),
        (["Gilgit", "--radius", "1", "--step", "0.5"], "no site with this band"),
        (["Islamabad", "--sensor", "nr-3500"], "nr-3500-panel"),
    ],
)
def test_wrong_questions_are_refused(args: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["sensing", *args])
    assert isinstance(done.exception, RabtaError)
    assert message in str(done.exception)
