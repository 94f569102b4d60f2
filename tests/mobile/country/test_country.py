"""The nation's networks: who has which carrier, where sites and users stand, coverage, rates, phones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile.country import above, coverage, drop, ground, rollouts, service
from rabta.units import to_db

TODAY = "pakistan-today"


def settlements(count: int = 6, sites: int = 3) -> pd.DataFrame:
    """A row of settlements along a parallel, 3 km apart."""
    return pd.DataFrame(
        {
            "lat_deg": 31.0,
            "lon_deg": 72.0 + 0.03 * np.arange(count),
            "cell_row": np.arange(count) // 2,
            "area_km2": 5.0,
            "urban_share": np.linspace(0.0, 1.0, count),
            "people": 1000.0 * np.arange(1, count + 1),
            "sites": sites,
            "sites_4g": max(sites - 1, 0),
        }
    )


def flat(cells: int) -> ground.Relief:
    return ground.Relief(np.zeros((cells, 1, 1), np.float32), np.array([30.0]), np.array([1.0]))


def networks(
    table: pd.DataFrame, name: str = TODAY
) -> tuple[rollouts.Rollout, list[ground.Network], drop.Users]:
    rollout = rollouts.load(name)
    placed, users = drop.sites(table, rollout.shares), drop.users(table, rollout, 1)
    density = (table["people"] / table["area_km2"]).to_numpy()
    size = int(table["cell_row"].max()) + 1
    return (
        rollout,
        [ground.network(o, rollout, placed, users, density, flat(size), 1) for o in range(3)],
        users,
    )


def test_holdings_are_the_spectrum_entry() -> None:
    """Jazz: 2 x 24.8 MHz at 1800 MHz, 70 MHz of TDD at 2600 MHz (catalog entry spectrum/pakistan)."""
    jazz = {c.band: c.mhz["Jazz"] for c in rollouts.load("pakistan-5g-2026").of("Jazz")}
    assert jazz["1800-mhz"] == pytest.approx(24.8)
    assert jazz["2600-mhz"] == 70.0
    assert "850-mhz" not in jazz


@pytest.mark.parametrize("name", list(catalog.names("rollouts")))
def test_every_shipped_roll_out_loads(name: str) -> None:
    found = rollouts.load(name)
    assert found.shares.sum() == pytest.approx(1.0)
    assert found.covered == {"2g": 0.915, "4g": 0.81}
    assert all(0.05 < c.ghz < 100.0 for c in found.carriers)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('band = "1800-mhz"', 'band = "1801-mhz"', "1800-mhz"),
        ('generation = "4g"', 'generation = "4.5g"', "2g, 4g, 5g, 6g"),
        ('sites = "4g"', "sites = 0", "number of sites"),
        ("power_dbm_mhz = 36.0", "power_dbm_mhz = nan", "power_dbm_mhz"),
        ("[[operators]]", "[[nobody]]", "operators"),
    ],
)
def test_a_wrong_roll_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    text = (catalog.SHIPPED / "rollouts" / f"{TODAY}.toml").read_text(encoding="utf-8")
    folder = tmp_path / "catalog" / "rollouts"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RabtaError, match=message):
        rollouts.load("mine")


def test_sites_keep_their_number_and_go_to_operators_by_share() -> None:
    table = settlements(400, 7)
    placed = drop.sites(table, np.array([0.5, 0.3, 0.2]))
    assert len(placed.lat) == 2800
    assert np.bincount(placed.operator) / 2800 == pytest.approx([0.5, 0.3, 0.2], abs=0.002)
    assert placed.has_4g.sum() == 2400


def test_people_are_shared_out_without_loss_and_stay_in_their_cell() -> None:
    table = settlements(40)
    users = drop.users(table, rollouts.load(TODAY), 1)
    assert users.people.sum() == pytest.approx(table["people"].sum())
    held = np.bincount(users.cell, users.people)
    assert held == pytest.approx(table.groupby("cell_row")["people"].sum().to_numpy())
    home = drop.directions(*np.radians(table[["lat_deg", "lon_deg"]].to_numpy().T))
    away = (
        np.linalg.norm(drop.directions(users.lat, users.lon)[:, None] - home, axis=-1).min(axis=1)
        * drop.EARTH_M
    )
    assert away.max() <= np.sqrt(5e6 / np.pi) * 1.001


def test_5g_goes_to_the_densest_places() -> None:
    table = settlements(30, 20)
    rollout = rollouts.load("pakistan-5g-2026")
    placed = drop.sites(table, rollout.shares)
    carrier = next(c for c in rollout.carriers if c.band == "3500-mhz")
    own = placed.operator == 0
    few = rollouts.Carrier(**{**vars(carrier), "sites": 5})
    chosen = drop.has(few, own, placed, table["people"].to_numpy())
    assert chosen.sum() == 5
    assert placed.settlement[chosen].min() >= placed.settlement[own & placed.has_4g & ~chosen].max() - 1


def test_a_single_site_is_the_only_neighbour_and_is_weaker_farther_away() -> None:
    table = settlements(3, 1).assign(sites=[1, 0, 0], sites_4g=[1, 0, 0], urban_share=0.0)
    _, nets, users = networks(table)
    net = next(n for n in nets if n.count)
    assert (net.near[:, 0] == 0).all()
    assert (net.near[:, 1:] == -1).all()
    level = to_db(net.received[:, 0, 0].astype(float))
    by_place = [
        level[np.isclose(np.degrees(users.lon), 72.0 + 0.03 * i, atol=0.014)].mean() for i in range(3)
    ]
    assert by_place[0] > by_place[1] + 10.0 > by_place[2] + 10.0


def test_threshold_meets_the_published_share() -> None:
    table = settlements(60, 1).assign(sites=lambda t: (np.arange(len(t)) % 4 == 0) * 3)
    table["sites_4g"] = table["sites"]
    _rollout, nets, users = networks(table)
    found = coverage.calibrate(nets, users, {"2g": 0.9, "4g": 0.6})
    share = (found.any * users.people).sum(axis=1) / users.people.sum()
    largest = users.people.max() / users.people.sum()
    assert 0.9 <= share[0] <= 0.9 + 2 * largest
    assert 0.6 <= share[1] <= 0.6 + 2 * largest
    by_cell = coverage.by_cell(found.any, users, 30)
    lived = np.bincount(users.cell, users.people, 30)
    assert (by_cell[:, 1] * lived).sum() / lived.sum() == pytest.approx(share[1])


def test_customers_choose_among_those_who_cover_them() -> None:
    level = np.full((3, 4, 4), -160.0)
    level[:, 1] = [[-90, -90, -160, -160], [-95, -160, -80, -160], [-85, -160, -160, -160]]
    found = coverage.Coverage(level, np.full(4, -100.0))
    part = service.customers(found, np.array([0.5, 0.3, 0.2]), roaming=False)
    assert pytest.approx(np.array([[0.5, 0.3, 0.2], [1, 0, 0], [0, 1, 0], [0, 0, 0]])) == part.T
    roam = service.customers(found, np.array([0.5, 0.3, 0.2]), roaming=True)
    assert pytest.approx(np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 0]])) == roam.T


def test_more_demand_makes_everybody_slower_and_less_is_carried_than_asked() -> None:
    table = settlements(12, 2)
    rollout, nets, users = networks(table)
    found = coverage.calibrate(nets, users, rollout.covered)
    part = service.customers(found, rollout.shares, roaming=False)
    demand = np.outer(np.ones(6), [0.0, 20.0, 200.0, 5000.0])
    day = service.day(nets, users, part, demand, 10.0)
    assert (np.diff(day.hours["mean_mbps"]) < 0.0).all()
    assert (np.diff(day.hours["load"]) > 0.0).all()
    assert (day.hours["carried_mbps"] <= day.hours["asked_mbps"] + 1e-6).all()
    assert day.hours["carried_mbps"][3] < 0.9 * day.hours["asked_mbps"][3]
    assert day.load.max() <= 1.0


def test_a_phone_under_a_satellite_has_the_link_budget_of_tr_38_821() -> None:
    """Study case 9: 34 dBW/MHz from 600 km at 30 degrees, 2 GHz, losses 5.3 dB: C/N 6.6 dB."""
    link = above.Phones(2.0, 30.0, 34.0, 1)
    cn = above.carrier_to_noise_db(link, np.array([1075.0e3]), np.array([5.3]))
    assert cn[0] == pytest.approx(6.6, abs=0.05)


def test_beams_are_taken_in_turns() -> None:
    satellite = np.array([[0, 0, 0, 1, -1]], dtype=np.int32)
    assert above._turns(satellite, 2)[0] == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1.0, 0.0])


def test_the_day_of_a_patch_counts_gaps_and_changes() -> None:
    satellite = np.array([[0], [0], [1], [-1], [-1], [1], [1]], dtype=np.int32)
    day = above.summarise(satellite, np.where(satellite >= 0, 2.0, 0.0), 600.0)
    assert day.available[0] == pytest.approx(5 / 7)
    assert day.handovers_per_hour[0] == pytest.approx(1.0)
    assert day.longest_gap_s[0] == 1200.0
    assert day.mean_mbps[0] == 2.0


def test_the_unserved_by_coverage_are_outside_4g_and_without_a_line() -> None:
    from rabta import scenario
    from rabta.mobile.country import stages
    from rabta.twin import Twin, wrap

    cells = pd.DataFrame({"fixed_today_share": [0.0, 0.5, 0.2]})
    share = np.array([[0.9, 0.8, 0.0, 0.0], [0.4, 0.0, 0.3, 0.0], [np.nan] * 4])
    given = Twin(
        scenario.validate({}), np.zeros(0, "datetime64[ns]"), {"cells": cells},
        {"mobile_cover_share": wrap("mobile_cover_share", share)},
    )  # fmt: skip
    found = stages.unserved(given)["unserved_share"]
    assert found == pytest.approx([0.2, 0.7 * 0.5, 0.8], rel=1e-6)


@pytest.mark.parametrize("named", ["", TODAY])
def test_a_nation_without_sites_has_no_networks_unless_they_are_asked_for(named: str) -> None:
    from rabta import scenario
    from rabta.mobile.country import stages
    from rabta.twin import Twin

    tables = {"cells": pd.DataFrame({"rough_m": [1.0] * 3}), "settlements": settlements(6, 0)}
    given = Twin(scenario.validate({"mobile": {"rollout": named}}), np.zeros(0, "datetime64[ns]"), tables, {})
    if named:
        with pytest.raises(RabtaError, match="cells with no site"):
            stages.covering(given)
        return
    found = stages.covering(given) | stages.rates(given)
    assert np.isnan(found["mobile_cover_share"]).all()
    assert np.isnan(found["mobile_rate_mbps"]).all()
    assert found["mobile_coverage"].empty
    assert found["mobile_hours"].empty


def test_an_unknown_roll_out_is_refused_with_the_nearest() -> None:
    from rabta import scenario
    from rabta.mobile.country import stages

    with pytest.raises(RabtaError, match="pakistan-today"):
        stages.rollout_of(scenario.validate({"mobile": {"rollout": "pakistan-tody"}}))
    assert stages.rollout_of(scenario.validate({"nation": {"name": "nepal"}})) is None
