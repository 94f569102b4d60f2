"""TR 38.901 against its own tables, ns-3's stored numbers, and what a draw must show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile import pathloss
from rabta.mobile.system import layouts, losses

# ns-3, three-gpp-propagation-loss-model test suite: RMa at 5 GHz, 35 m and 1.5 m
NS3 = {(True, 100.0): 87.2965, (True, 1000.0): 108.5577, (False, 100.0): 95.7718, (False, 1000.0): 133.5223}


@pytest.mark.parametrize(("where", "loss"), NS3.items())
def test_rural(where: tuple[bool, float], loss: float) -> None:
    assert losses.path_loss_db("RMa", where[1], 5.0, where[0], base_m=35.0) == pytest.approx(loss, abs=1e-4)


def test_walls_agree_with_the_national_model() -> None:
    assert losses.wall_db(2.1, False) == pytest.approx(float(pathloss.entry_loss_db(2.1)), abs=1e-9)


def test_breakpoint_is_continuous() -> None:
    # UMa, 25 and 1.5 m at 2 GHz: 4 x 24 x 0.5 x 2e9 / 3e8 = 320 m
    near, far = losses.path_loss_db("UMa", [319.999, 320.001], 2.0, True)
    assert near == pytest.approx(far, abs=1e-3)


def test_office_line_of_sight() -> None:
    # table 7.4.2-1, open office: exp(-(d - 5) / 70.8) up to 49 m, then 0.54 exp(-(d - 49) / 211.7)
    found = losses.los_probability("InH", [3.0, 40.0, 100.0], 1.0)
    np.testing.assert_allclose(found, [1.0, np.exp(-35.0 / 70.8), 0.54 * np.exp(-51.0 / 211.7)])


def test_surroundings_of_low_users_are_low() -> None:
    draw = np.linspace(0.0, 0.999, 50)
    assert (losses.environment_heights(200.0, 1.5, draw) == 1.0).all()
    high = losses.environment_heights(200.0, 22.5, draw)
    assert set(high) <= {1.0, 12.0, 15.0, 18.0, 21.0}
    # 1 / (1 + C), C = (0.95)^1.5 1.25 x 8 exp(-4/3)
    lift = 0.95**1.5 * 1.25 * 8.0 * np.exp(-4.0 / 3.0)
    assert (high == 1.0).mean() == pytest.approx(1.0 / (1.0 + lift), abs=0.03)


def _links(spatial: bool, correlation: float, spread: float = 400.0) -> tuple[losses.Links, layouts.Users]:
    plan = layouts.hexagonal(500.0, rings=0, wrap=False)
    place = np.column_stack([np.full(4000, 60.0), np.linspace(0.0, spread, 4000), np.full(4000, 1.5)])
    users = layouts.Users(place, np.zeros(4000, bool), np.zeros(4000))
    seen = layouts.paths(plan, place)
    twice = layouts.Geometry(
        *(np.repeat(part, 2, axis=1) for part in (seen.distance_m, seen.azimuth_deg, seen.elevation_deg))
    )
    found = losses.draw(
        "UMi", twice, users, [10.0, 10.0], 3.5, spatial=spatial, site_correlation=correlation, seed=4
    )
    return found, users


def test_drawn_sight_is_as_probable_as_printed() -> None:
    found, users = _links(False, 0.0)
    d = np.hypot(users.position_m[:, 0], users.position_m[:, 1])
    assert found.los[:, 0].mean() == pytest.approx(losses.los_probability("UMi", d).mean(), abs=0.03)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_shadowing_of_two_sites(correlation: float) -> None:
    found, users = _links(False, correlation)
    d = np.hypot(users.position_m[:, 0], users.position_m[:, 1])
    median = losses.path_loss_db("UMi", d[:, None], 3.5, found.los, base_m=10.0)
    fade = (found.loss_db - median) / losses.shadowing_db("UMi", d[:, None], 3.5, found.los)
    assert fade.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(fade.T)[0, 1] == pytest.approx(correlation, abs=0.06)


def test_shadowing_changes_over_the_ground() -> None:
    # neighbours 0.1 m apart are nearly alike; without positions they are not
    for spatial, limit in ((True, 0.15), (False, 0.5)):
        found, _ = _links(spatial, 0.0)
        same = found.los[1:, 0] == found.los[:-1, 0]
        step = np.abs(np.diff(found.loss_db[:, 0]))[same] / 4.0
        assert (np.median(step) < limit) == spatial


def test_entry_is_one_draw_a_user() -> None:
    plan = layouts.hexagonal(500.0)
    users = layouts.drop(plan, 200, indoor=1.0, seed=2)
    entry = losses.entry_db(users, 6.0, high_share=0.5, seed=2)
    theirs = losses.wall_db(6.0, [False, True]).mean() + 0.5 * 25.0 / 3.0
    assert entry.mean() == pytest.approx(theirs, abs=0.6)
    assert (losses.entry_db(layouts.drop(plan, 5, indoor=0.0), 6.0) == 0.0).all()


def test_rural_buildings_have_walls_of_low_loss_only() -> None:
    # TR 38.901, clause 7.4.3.1: only the low-loss model is applicable to RMa; table 7.8-1: UMa half and half
    plan = layouts.hexagonal(1732.0)
    users = layouts.drop(plan, 200, indoor=1.0, depth_m=10.0, floors=False, seed=2)
    seen = layouts.within(layouts.paths(plan, users.position_m), 5000.0)
    base = plan.position_m[:, 2]
    ghz = 3.5
    low, high = losses.wall_db(ghz, [False, True])
    for scenario, mean in (("RMa", low), ("UMa", (low + high) / 2.0)):
        own = losses.draw(scenario, seen, users, base, ghz, seed=2).loss_db
        none = losses.draw(scenario, seen, users, base, ghz, high_share=0.0, seed=2).loss_db
        more = (own - none).mean()
        assert more == pytest.approx(mean - low, abs=0.5)
    assert losses.HIGH_SHARE["RMa"] == 0.0


@settings(max_examples=60, deadline=None)
@given(
    scenario=st.sampled_from(losses.SCENARIOS[:3]),
    d=st.floats(10.0, 5000.0),
    h=st.floats(1.5, 22.5),
    ghz=st.floats(0.5, 30.0),
)
def test_out_of_sight_never_loses_less(scenario: str, d: float, h: float, ghz: float) -> None:
    clear, hidden = losses.path_loss_db(scenario, d, ghz, [True, False], base_m=35.0, height_m=h)
    assert hidden >= clear > 0.0


@pytest.mark.parametrize(
    ("scenario", "d", "ghz", "words"),
    [
        ("UMb", 100.0, 2.0, "did you mean 'UMa'|did you mean 'UMi'"),
        ("UMa", 5001.0, 2.0, "distance_m"),
        ("UMa", 100.0, 140.0, "0.5 to 100"),
        ("RMa", 100.0, 31.0, "0.5 to 30"),
        ("InH", 151.0, 6.0, "distance_m"),
        ("UMa", np.nan, 6.0, "distance_m"),
    ],
)
def test_refused(scenario: str, d: float, ghz: float, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        losses.path_loss_db(scenario, d, ghz, True)
