"""Hexagonal cells: geometry, reach and what a sector carries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile import access, cells, equipment

FWA = equipment.site("fwa-3500-2600")
MACRO = equipment.site("macro-2600-700")
COMMUNITY = equipment.site("community-700")
ALL = [FWA, MACRO, COMMUNITY]


def test_users_fill_the_hexagon() -> None:
    users = cells.users(100)
    step = 1.0 / 100
    assert users.size * step**2 == pytest.approx(cells.HEXAGON, rel=0.01)
    assert np.abs(users.mean()) < 1e-3
    assert np.abs(users).max() <= 1.0


def test_every_user_is_nearest_to_the_middle_site() -> None:
    distance = np.abs(cells.users()[:, None] - cells.sites()[None, :])
    assert np.all(distance.argmin(axis=1) == 0)


def test_two_rings_of_sites() -> None:
    away = np.sort(np.abs(cells.sites()))
    np.testing.assert_allclose(away, [0.0] + [np.sqrt(3)] * 6 + [3.0] * 6 + [2 * np.sqrt(3)] * 6)


def test_sector_pattern() -> None:
    # TR 38.901, table 7.3-1: -3 dB at half the beamwidth, never under -30 dB
    np.testing.assert_allclose(cells.sector_pattern_db([0.0, 32.5, -32.5, 180.0, 360.0]), [0, -3, -3, -30, 0])


def test_noise() -> None:
    # -174 dBm/Hz + 10 log10(20 MHz) + 7 dB = -93.99 dBm
    assert cells.noise_dbm(20.0, 7.0) == pytest.approx(-93.99, abs=0.01)


@pytest.mark.parametrize("site", ALL)
def test_reach_closes_the_budget_at_the_edge(site: equipment.Site) -> None:
    for hills in (0.0, 12.0):
        reach = float(cells.reach_m(site, 10.0, hills))
        allowed = [cells.allowed_loss_db(site, band, 10.0) - hills for band in site.bands]
        spent = [float(cells.median_loss_db(reach, site, band.frequency_ghz)) for band in site.bands]
        assert max(a - s for a, s in zip(allowed, spent, strict=True)) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("site", ALL)
def test_hills_and_higher_rates_shorten_the_reach(site: equipment.Site) -> None:
    reach = cells.reach_m(site, 10.0, [0.0, 5.0, 10.0, 20.0])
    assert np.all(np.diff(reach) < 0)
    assert cells.reach_m(site, 2.0, 0.0) >= reach[0]


def test_impossible_edge_rate_has_no_reach() -> None:
    assert cells.edge_sinr_db(COMMUNITY.bands[0], 1e4) == np.inf
    assert float(cells.reach_m(COMMUNITY, 1e4, 0.0)) == pytest.approx(cells.NEAREST_M)


def test_lone_small_cell_reaches_the_highest_mcs() -> None:
    # Without interference every user of a small cell is on the best MCS and on all layers.
    alone = replace(MACRO, neighbour_load=0.0)
    assert cells.sector_rate_mbps(alone, 300.0, 0.0) > cells.sector_rate_mbps(MACRO, 300.0, 0.0)
    best = 4 * 7.40625 * 162 * 12 * 28e3 * 0.75 * 0.86 / 1e6
    best += 2 * 7.40625 * 52 * 12 * 14e3 * 0.86 / 1e6
    assert cells.sector_rate_mbps(alone, 300.0, 0.0) == pytest.approx(best)


def test_average_efficiency_is_near_the_rural_requirement() -> None:
    # Report ITU-R M.2410: 3.3 bit/s/Hz and sector on average in rural areas (1,732 m between sites).
    mhz = sum(band.occupied_mhz * band.down_share for band in FWA.bands)
    assert cells.sector_rate_mbps(FWA, 1000.0, 0.0) / mhz == pytest.approx(3.3, rel=0.4)


def test_table_interpolates_what_it_was_made_from() -> None:
    table = cells.sector_table(COMMUNITY)
    np.testing.assert_allclose(table.at(table.radius_m[3], table.hills_db[2]), table.rate_mbps[3, 2])
    middle = table.at(1500.0, 7.0)
    assert middle == pytest.approx(cells.sector_rate_mbps(COMMUNITY, 1500.0, 7.0), rel=0.1)


@pytest.mark.parametrize("site", ALL)
def test_reach_over_hills_is_where_the_whole_loss_is_allowed(site: equipment.Site) -> None:
    bands = len(site.bands)
    flat = cells.Hills.everywhere(np.array([0.0, 12.0]), bands)
    np.testing.assert_allclose(
        cells.reach_over_m(site, 10.0, flat),
        [float(cells.reach_m(site, 10.0, h)) for h in (0.0, 12.0)],
        rtol=1e-4,
    )
    rising = cells.Hills(np.array([2000.0, 10000.0]), np.tile([10.0, 30.0], (1, bands, 1)))
    found = cells.reach_over_m(site, 10.0, rising)
    spare = [
        cells.allowed_loss_db(site, band, 10.0)
        - float(cells.median_loss_db(found[0], site, band.frequency_ghz))
        - rising.at(found)[0, k]
        for k, band in enumerate(site.bands)
    ]
    assert max(spare) == pytest.approx(0.0, abs=0.05) or found[0] > 9990.0


def test_hills_grow_from_the_mast() -> None:
    hills = cells.Hills(np.array([1000.0, 3000.0]), np.array([[[10.0, 20.0]]]))
    assert [hills.at(np.array([r]))[0, 0] for r in (0.0, 500.0, 1000.0, 2000.0, 9000.0)] == [0, 5, 10, 15, 20]


def test_hills_take_rate_from_a_cell_of_the_same_size() -> None:
    table = cells.sector_table(MACRO)
    assert np.all(np.diff(table.rate_mbps, axis=1) <= 1e-9)
    assert table.rate_mbps[-1, 0] > 2 * table.rate_mbps[-1, 4]


def test_sites_follow_area_then_load() -> None:
    area = np.full(4, 36.0)
    load = np.array([0.0, 1.0, 2000.0, 20000.0])
    got = access.terrestrial(FWA, area, load, np.zeros(4), 10.0)
    assert got.sites.tolist()[:2] == [0.0, 1.0]
    assert got.sites[3] > got.sites[2] >= 2
    table = cells.sector_table(FWA)
    # Enough sites: the load fits, so each household gets at least its rate until the backhaul binds.
    assert got.sites[2] * 3 * table.rate_mbps.max() >= load[2]
    assert got.rate_mbps[2] >= 10.0
    assert got.rate_mbps[3] >= 10.0 - 1e-9


def test_rate_falls_with_density() -> None:
    load = np.array([1.0, 300.0, 700.0, 5000.0])
    got = access.terrestrial(MACRO, np.full(4, 36.0), load, np.zeros(4), 10.0)
    assert got.rate_mbps[0] > 4 * got.rate_mbps[1:3].max()
    assert got.rate_mbps[1:3].min() >= 10.0
    assert got.sites[3] >= 5000.0 / MACRO.backhaul_mbps


def test_thin_backhaul_takes_more_sites() -> None:
    thin = replace(FWA, backhaul_mbps=100.0)
    got = access.terrestrial(thin, np.full(2, 36.0), np.array([50.0, 950.0]), np.zeros(2), 10.0)
    assert got.sites.tolist() == [1.0, 10.0]
    assert got.rate_mbps == pytest.approx([20.0, 10.0 * 1000.0 / 950.0])


def test_covering_sites() -> None:
    # A hexagon of 5 km radius has 64.95 km2.
    assert access.covering_sites([1.0, 64.0, 66.0], 5000.0).tolist() == [1.0, 1.0, 2.0]


def test_wrong_equipment_names_the_key(tmp_path, monkeypatch) -> None:
    text = (equipment.catalog.entry("radios", "community-700").path).read_text(encoding="utf-8")
    folder = tmp_path / "radios"
    folder.mkdir()
    (folder / "odd.toml").write_text(
        text.replace("height_m = 18.0", 'height_m = "tall"', 1), encoding="utf-8"
    )
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError) as caught:
        equipment.site("odd")
    assert caught.value.key == "height_m"
