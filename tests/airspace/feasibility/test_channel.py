"""Command links: the compiled channel against TR 36.777's functions, and the closed form against drawn flights."""  # noqa: E501

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rabta.airspace.feasibility import _kernels as k
from rabta.airspace.feasibility import channel, replay
from rabta.errors import RabtaError
from rabta.mobile.country import rollouts
from rabta.radio.air import uav

MIDDLE = (33.7, 73.0)


def made(count, *, spacing_m=1_200.0, urban=True, load=0.5, seed=1):
    """A lattice of sites with jitter around the middle: nothing of the nation's files is needed."""
    random = np.random.default_rng(seed)
    side = math.ceil(math.sqrt(count))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:count]
    place = (grid - (side - 1) / 2.0) * spacing_m + random.normal(0.0, 0.15 * spacing_m, (count, 2))
    return channel.Sites(
        MIDDLE[0] + place[:, 1] / 111_195.0, MIDDLE[1] + place[:, 0] / 111_195.0 / math.cos(math.radians(33.7)),  # noqa: E501
        np.full(count, 25.0 if urban else 35.0), 120.0 * random.random(count), np.full(count, 6.0),
        np.full(count, urban), np.full((count, 24), load), 53.0, 1.8425, -107.0,
    )  # fmt: skip


@pytest.mark.parametrize("urban", [True, False])
@pytest.mark.parametrize("height", [25.0, 30.0, 60.0, 99.0, 120.0, 300.0])
def test_loss_chance_and_spread_are_those_of_the_reference(urban, height):
    # `rabta verify uav` holds the reference to TR 36.777, tables B-1 to B-3
    name, base = ("UMa-AV", 25.0) if urban else ("RMa-AV", 35.0)
    site = np.array([0.0, 0.0, base, 10.0, 6.0, float(urban), 53.0])
    out = np.zeros(8)
    for metres in (30.0, 150.0, 700.0, 2_500.0, 3_999.0):
        k.path(site, metres, 0.0, height, 1.8, channel.patterns(), out)
        assert out[0] == pytest.approx(
            float(uav.path_loss_db(name, metres, height, 1.8, True, base)), abs=1e-9
        )
        chance = float(uav.los_probability(name, metres, height))
        assert out[2] == pytest.approx(chance, abs=1e-12)
        assert out[3] == pytest.approx(
            float(uav.shadowing_db(name, metres, height, 1.8, True, base)), abs=1e-9
        )
        if chance < 1.0:
            hidden = float(uav.path_loss_db(name, metres, height, 1.8, False, base))
            assert out[1] == pytest.approx(hidden, abs=1e-9)
            assert out[4] == float(uav.shadowing_db(name, metres, height, 1.8, False, base))


def test_gain_is_that_of_the_panel_towards_the_place():
    from rabta.mobile.system.received import panel

    site, out = np.array([0.0, 0.0, 25.0, 30.0, 6.0, 1.0, 53.0]), np.zeros(8)
    k.path(site, 1_000.0, 0.0, 112.5, 1.8, channel.patterns(), out)  # due east, 5 degrees up
    wanted = panel(6.0)
    for n, axis in enumerate((30.0, 150.0, 270.0)):
        off = (90.0 - axis + 180.0) % 360.0 - 180.0
        assert out[5 + n] == pytest.approx(float(wanted.gain_dbi(off, 5.0)) - wanted.peak_dbi, abs=0.05)


def test_one_site_alone_fades_as_published():
    """In sight without disturbers and shadowing integrated out: P(S < need N), by numbers drawn here."""
    one, out = replace(made(1, load=0.0), eirp_dbm=0.0), np.zeros(8)
    lat, lon = MIDDLE[0] + 2_000.0 / 111_195.0, MIDDLE[1]
    at = channel.Channel(one, MIDDLE)
    place = at.plane([lat], [lon])[0]
    k.path(at.site[0], place[0], place[1], 120.0, one.ghz, channel.patterns(), out)
    # so strong that half of the links hold by 1 dB
    one = replace(one, eirp_dbm=one.noise_dbm - 4.0 + 1.0 + out[0] - out[5:].max())
    ours = channel.Channel(one, MIDDLE).outage([lat], [lon], 120.0)[0, 0]
    random = np.random.default_rng(7)
    level = one.eirp_dbm + out[5:].max() - out[0] + out[3] * random.normal(size=400_000)
    k_factor = 10.0**1.5
    fade = (
        np.hypot(
            math.sqrt(k_factor / (k_factor + 1.0))
            + random.normal(size=400_000) / math.sqrt(2.0 * (k_factor + 1.0)),
            random.normal(size=400_000) / math.sqrt(2.0 * (k_factor + 1.0)),
        )
        ** 2
    )
    # the three sectors share shadowing, the strongest serves
    theirs = float(np.mean(level + 10.0 * np.log10(fade) < one.noise_dbm - 4.0))
    assert 0.05 < theirs < 0.95
    # without disturbers the integrand is a step, at which a quadrature of 12 x 12 nodes is at its worst
    assert ours == pytest.approx(theirs, abs=0.02)


def test_more_load_and_more_need_are_never_better():
    places = ([33.7, 33.705, 33.69], [73.0, 73.004, 72.99])
    light, heavy = (channel.Channel(made(36, load=x), MIDDLE).outage(*places, 60.0)[:, 0] for x in (0.1, 0.9))
    assert (heavy >= light).all()
    assert (heavy > light + 0.01).any()
    needy = channel.Channel(made(36, load=0.1), MIDDLE, need_db=3.0).outage(*places, 60.0)[:, 0]
    assert (needy >= light).all()
    assert (needy > light + 0.01).any()


def test_predicted_outage_is_that_of_flights_that_draw_it():
    """Target: within 2 points over 10,000 flights (bench/command_links.py); here 240, and by height."""
    at = channel.Channel(made(64), MIDDLE)
    begin, end, height = replay.drawn(3_000.0, 240, (30.0, 60.0, 120.0), 3)
    flown = replay.fly(at, begin, end, height, seed=3)
    assert 0.1 < flown.predicted.mean() < 0.9
    assert abs(flown.predicted.mean() - flown.replayed.mean()) < 0.02
    for h in (30.0, 60.0, 120.0):
        error = flown.replayed[height == h] - flown.predicted[height == h]
        spread = error.std() / math.sqrt(len(error))
        assert abs(error.mean()) < 0.02 + 3.0 * spread


def test_replay_is_the_same_for_a_seed_and_another_for_another():
    at = channel.Channel(made(16), MIDDLE)
    begin, end, height = replay.drawn(2_000.0, 6, (60.0,), 1)
    one, same, other = (replay.fly(at, begin, end, height, seed=s).replayed for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_nothing_is_heard_without_sites_and_heights_have_bounds():
    assert (channel.Channel(made(0), MIDDLE).outage([33.7], [73.0], 60.0) == 1.0).all()
    with pytest.raises(RabtaError, match="height_m"):
        channel.Channel(made(4), MIDDLE).outage([33.7], [73.0], 5.0)


def test_sites_of_the_nation_are_those_of_its_roll_out():
    import pandas as pd

    table = pd.DataFrame({"lat_deg": [33.7, 33.8], "lon_deg": [73.0, 73.1], "cell_row": [0, 1], "area_km2": [5.0, 5.0],  # noqa: E501
                          "urban_share": [1.0, 0.0], "people": [9e4, 1e3], "sites": [30, 2], "sites_4g": [30, 1]})  # fmt: skip  # noqa: E501
    plan = rollouts.load("pakistan-today")
    load = np.array([np.full(24, 0.3), np.full(24, np.nan)])
    found = channel.sites(table, plan, "", "1800-mhz", load)
    assert found.operator == "Jazz"
    assert 8 <= len(found) <= 14
    assert set(found.height_m[found.urban]) == {25.0}
    assert found.ghz == pytest.approx(1.8425, abs=0.1)
    assert set(found.load[found.urban].ravel()) == {0.3}
    with pytest.raises(RabtaError, match="band") as refused:
        channel.sites(table, plan, "Jazz", "1900-mhz")
    assert "1800-mhz" in str(refused.value)
