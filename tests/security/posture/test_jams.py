"""Jammers: free space by hand, monotonic, places, and what is refused."""

from __future__ import annotations

import h3
import numpy as np
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio.interference import jammers
from rabta.scenario import validate
from rabta.security.posture.jams import reach, stages
from rabta.security.posture.jams.victims import Victim, side_dbi


def flat(count: int = 40) -> reach.Ground:
    """Cells on the equator, 2 km apart, without terrain."""
    lon = np.arange(count) * 2.0 / 111.195
    return reach.Ground(np.zeros(count), lon, np.full(count, 4.0), None)


def navigation(count: int = 40, limit: float = 35.0) -> Victim:
    return Victim("gnss-l1", jammers.GPS_L1_GHZ, 1.5, 2.046, np.full(count, -158.5), np.zeros(count), limit)


def test_j_s_is_that_of_the_handbook() -> None:
    """TP 8347: 32.45 + 20 log10(1575.42) + 20 log10(10) = 116.4 dB at 10 km."""
    jammer = reach.Jammer("j", 0.0, 2.0, 3000.0, ("gnss-l1",))
    found = reach.reach(jammer, navigation(), flat(), np.zeros(1), np.zeros(1))
    assert found.js_db[5] == pytest.approx(-116.4 + 158.5, abs=0.02)
    assert found.one[0].sum() == pytest.approx(reach.free_space_km(jammer, navigation()) / 2.0, abs=1.0)
    assert found.farthest_km <= reach.free_space_km(jammer, navigation())
    assert np.isnan(found.js_db[-1])  # 6 dB under the limit in free space: not in reach


def test_a_wider_jammer_is_weaker_in_the_band() -> None:
    wide = reach.Jammer("j", 10.0, 20.46, 10.0, ())
    assert reach.power_dbw(wide, navigation()) == pytest.approx(0.0)


def test_more_power_never_reaches_less_and_the_horizon_ends_it() -> None:
    people = np.ones(40)
    last = 0.0
    for eirp in (-10.0, 0.0, 10.0, 40.0):
        jammer = reach.Jammer("j", eirp, 2.0, 10.0, ())
        found = reach.reach(jammer, navigation(), flat(), np.zeros(1), np.zeros(1))
        row = reach.row(jammer, navigation(), found, people, np.full(40, 4.0))
        assert row["people"] >= last
        assert row["people_one"] == row["people"]
        last = row["people"]
    assert row["farthest_km"] <= jammers.radio_horizon_km(10.0, 1.5)


def test_places_add_up_and_the_best_place_is_one_of_them() -> None:
    jammer, ground = reach.Jammer("j", 0.0, 2.0, 3000.0, ()), flat()
    both = reach.reach(jammer, navigation(), ground, np.zeros(2), ground.lon[[0, 39]])
    row = reach.row(jammer, navigation(), both, np.ones(40), ground.area_km2)
    assert row["people"] == 2 * row["people_one"]


def test_no_service_is_not_jammed() -> None:
    victim = navigation()
    victim.signal_dbw[3:] = np.nan
    found = reach.reach(reach.Jammer("j", 0.0, 2.0, 3000.0, ()), victim, flat(), np.zeros(1), np.zeros(1))
    assert found.one[0].sum() == 3
    assert np.isnan(found.js_db[3:]).all()


def test_border_is_the_outermost_ring() -> None:
    middle = h3.latlng_to_cell(30.0, 70.0, 5)
    cells = sorted(h3.grid_disk(middle, 3))
    edge = {cells[i] for i in reach.border(cells)}
    assert edge == set(h3.grid_ring(middle, 3))
    lat, lon = np.array([h3.cell_to_latlng(c) for c in sorted(edge)]).T
    kept = reach.thinned(lat, lon, 40.0)
    assert 2 <= len(kept) < len(edge)


def test_side_lobes_are_those_of_s_465() -> None:
    """ITU-R S.465-6: 32 - 25 log10 of the angle, -10 dBi from 48 degrees."""
    terminal = catalog.entry("terminals", "leo-flat-panel").data
    assert side_dbi(terminal, np.array([10.0, 25.0, 60.0])) == pytest.approx([7.0, -2.949, -10.0], abs=1e-3)


def test_fine_cells_take_their_parents_value() -> None:
    parent = h3.latlng_to_cell(30.0, 70.0, 6)
    fine = sorted(h3.cell_to_children(parent, 7))
    people = np.arange(len(fine), dtype=np.float64)
    rows, of = stages.coarse(fine, people)
    assert rows.tolist() == [len(fine) - 1]
    assert (of == 0).all()


def test_a_jammer_that_the_catalog_lacks_is_refused() -> None:
    with pytest.raises(RabtaError, match="gnss-vehicle"):
        reach.of_catalog("gnss-vehicel")
    given = reach.of_catalog("gnss-vehicle", eirp_dbw=33.0, place=(31.0, 74.0))
    assert given.eirp_dbw == 33.0
    assert given.where == "31 74"
    assert given.height_m == 6.0


def test_a_jammer_far_away_is_refused_and_wrong_names_before_any_stage() -> None:
    far = reach.of_catalog("gnss-vehicle", place=(40.0, 0.0))
    with pytest.raises(RabtaError, match="at most 80 km"):
        reach.study([far], {"gnss-l1": navigation()}, flat(), np.ones(40), np.arange(2), 40.0)
    for section in (
        {"border_jammers": ["gnss-vehicel"]},
        {"ministries": "pakistn"},
        {"equipment": "pakistn"},
    ):
        with pytest.raises(RabtaError, match=r"gnss-vehicle|pakistan"):
            validate({"security": section})
