"""The economics suites pass, and would fail on wrong inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rabta import verify
from rabta.verify.anchors import giga, globalsat, inframapkit, pakistan, pysim5g, pytal, saleos


@pytest.mark.parametrize(("name", "least"), [("globalsat", 48), ("saleos", 58)])
def test_every_published_figure_is_met(name: str, least: int) -> None:
    rows = verify.run(name)
    assert len(rows) >= least
    assert [f"{row.name}: {row.ours} for {row.theirs}" for row in rows if not row.passed] == []
    assert all(row.source for row in rows)
    assert len({row.name for row in rows}) == len(rows)


def test_wrong_input_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(globalsat.OF_PAPER["Starlink"], altitude_km=560.0)
    monkeypatch.setitem(globalsat.OF_PAPER, "Starlink", wrong)
    wrong_rows = failed("globalsat")
    assert "Starlink: slant distance, km" in wrong_rows
    assert not any(name.startswith("Kuiper") for name in wrong_rows)


def test_wrong_launch_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(saleos.LAUNCH_KG, "falcon9", (22e6, 48e6))
    assert "mean of the nine low-orbit cells, kg CO2e by subscriber and year" in failed("saleos")


def failed(name: str) -> list[str]:
    return [row.name for row in verify.run(name) if not row.passed]


def test_wrong_detour_of_a_cable_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giga, "DETOUR", 1.0)
    assert "fibre: total of five years, US$" in failed("giga")
    assert "cellular: total of five years, US$" not in failed("giga")


def test_wrong_length_of_a_cable_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inframapkit, "EXPANSION", 1.2)
    wrong = failed("inframapkit")
    assert "fibre, 865 Mbit/s: profit of year 1, US$" in wrong
    assert "fibre, 415 Mbit/s: profit of year 1, US$" not in wrong  # has no cable


def test_wrong_code_rate_and_radius_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    table = list(pysim5g.TABLE["4G"])
    table[13] = (pysim5g.QAM64, 973, "5.1152")  # as misprinted in its script
    monkeypatch.setitem(pysim5g.TABLE, "4G", tuple(table))
    assert failed("pysim5g") == ["4G, at 21 dB: bit/s/Hz"]
    monkeypatch.setattr(pysim5g, "RADIUS_KM", 0.26)
    assert len(failed("pysim5g")) == 45


def test_no_efficiency_below_the_first_index() -> None:
    assert pysim5g.efficiency("5G", -6.71) == 0.0
    assert pysim5g.efficiency("5G", -6.7) == pytest.approx(0.15234, abs=5e-6)


def test_nothing_is_renewed_at_the_end_of_the_plan() -> None:
    """Hardware of five years in a plan of ten is bought twice, at 0 % for twice its price."""
    bare = inframapkit.Technology(1000.0, 5, 0.0)
    assert bare.present_usd(0.0, 10) == 2000.0
    assert bare.ownership_usd(10) == 3000.0  # as documented


def test_wrong_price_of_a_generator_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    items = pytal.PRICES.items | {"generator 5G": 15_000.0}
    monkeypatch.setattr(pytal, "PRICES", replace(pytal.PRICES, items=items))
    wrong = [row.name for row in pytal._case_rows() if not row.passed]
    assert len(wrong) == 8
    assert all(name.startswith("5G") for name in wrong)


def test_groups_of_sites_cost_what_sites_cost_one_by_one() -> None:
    region = pytal.Region(2.0, "urban", 4, 3, 0.5, 5)
    strategy = pytal.Strategy("4G", "epc", "fiber")
    single = sum(
        pytal.site_usd(region, strategy, pytal.PRICES, pytal.MONEY, new=i > 3, linked=i <= 5)
        for i in range(1, 8)
    )
    assert pytal.network_usd(region, strategy, pytal.PRICES, pytal.MONEY) == pytest.approx(single, rel=1e-12)


def test_density_of_sites_carries_the_demand_it_was_asked_for() -> None:
    for generation, mhz in (("4G", 2 * 5.0), ("5G", 3 * 14.0)):
        sites = pakistan.sites_km2(20.0, generation)
        assert sites * 3 * pakistan.median_efficiency(generation) * mhz == pytest.approx(20.0)
    assert pakistan.sites_km2(1e9, "4G") == pysim5g.sites_km2(0.4)


def test_costs_of_pakistan_are_not_theirs_by_the_factor_that_is_documented() -> None:
    rows = [row for row in verify.run("pytal") if row.name.startswith("not comparable")]
    assert len(rows) == 12
    assert {row.status for row in rows} == {"shown"}
    factors = [row.ours / row.theirs for row in rows]
    assert min(factors) == pytest.approx(2.5, rel=0.05)
    assert max(factors) == pytest.approx(7.4, rel=0.05)


def test_strategies_of_pakistan_are_ordered_as_published() -> None:
    ours = pakistan.costs_bn(pakistan.districts(None))
    for scenario, published in pakistan.PUBLISHED.items():
        mine = [ours[scenario, name] for name in pakistan.STRATEGIES]
        assert np.argsort(mine).tolist() == np.argsort(published).tolist(), scenario


def test_densest_districts_hold_the_share_that_has_4g() -> None:
    found = pakistan.districts(None)
    share = sum(d.people for d in found if d.covered) / sum(d.people for d in found)
    assert pakistan.COVERED_4G <= share < pakistan.COVERED_4G + 0.03


def test_suites_of_packages_below_are_found() -> None:
    assert {"globalsat", "itm", "itu"} <= set(verify.suites())


def test_noise_is_the_published_constant() -> None:
    assert globalsat.noise_dbm(0.25e9) == pytest.approx(-89.998, abs=5e-4)


@pytest.mark.parametrize("inclination", [53.0, 70.0])
def test_density_of_a_shell_averages_to_one_over_the_sphere(inclination: float) -> None:
    edges = np.linspace(0.0, 1.0, 200_001)[:-1] * np.sin(np.radians(inclination))
    sine = edges + 0.5 * (edges[1] - edges[0])
    latitude = np.degrees(np.arcsin(sine))
    values = np.array([globalsat.density(inclination, phi) for phi in latitude[::100]])
    weights = np.interp(latitude, latitude[::100], values)
    # the integral over sin(latitude) of the density is the whole fleet; the edge is an integrable singularity
    assert weights.mean() * np.sin(np.radians(inclination)) == pytest.approx(1.0, abs=0.05)


def test_search_takes_the_first_step_of_the_unsorted_table() -> None:
    cnr = np.array([0.0, 5.5, 7.45, 12.5, 30.0])
    assert globalsat.efficiency(cnr).tolist() == [1.647211, 1.647211, 2.10485, 3.510192, 5.768987]
    assert saleos.efficiency(np.array([-5.0, -2.0, 8.41, 30.0])).tolist() == [
        0.434841,
        0.434841,
        2.062148,
        5.900855,
    ]


def test_one_draw_of_the_repository(tmp_path: Path) -> None:
    """First committed draw of Starlink: capacity 15,470,345.3724 Mbit/s (interim_results_capacity.csv)."""
    draw = {
        "constellation": "Starlink",
        "number_of_satellites": 4425,
        "altitude_km": 548,
        "elevation_angle": 26,
        "dl_frequency_hz": 11_621_032_232,
        "power_dbw": 30,
        "receiver_gain_db": 27,
        "earth_atmospheric_losses_db": 8,
        "antenna_diameter_m": 0.5693870762139424,
        "speed_of_light": 3e8,
        "antenna_efficiency": 0.6,
        "all_other_losses_db": 0.53,
        "number_of_beams": 8,
        "number_of_channels": 6,
        "polarization": 1,
        "dl_bandwidth_hz": 250e6,
    }
    capacity, per_hz = saleos.draw_capacity_mbps(pd.DataFrame([draw]))
    assert per_hz[0] == 0.434841
    assert capacity[0] == pytest.approx(15_470_345.3724, rel=1e-6)
    path = tmp_path / saleos.DRAWS_FILE
    pd.DataFrame([draw]).to_csv(path, index=False)
    rows = [row for row in verify.run("saleos", tmp_path) if "draws" in row.name]
    assert len(rows) == 12
    assert not any(row.passed for row in rows)  # one draw is not the mean of a hundred
