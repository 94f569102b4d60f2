"""Cluster lines and panels against Sionna's covariances, the tables and plane waves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.phy.fading import channel, clusters, profiles
from rabta.mobile.phy.fading.panels import CROSSED, Panel, direction
from rabta.radio.patterns.arrays import Element

SIONNA = json.loads((Path(__file__).parent / "sionna.json").read_text(encoding="utf-8"))
CDL = [name for name in profiles.names() if "CDL" in name]


def matching(panel: Panel, places: list[list[float]], *, turned: bool) -> list[int]:
    """Our antennas in Sionna's order; its places are those of the unturned panel."""
    mine = panel.places() * ([-1.0, -1.0, 1.0] if turned else [1.0, 1.0, 1.0])
    size = panel.rows * panel.columns
    slant = (np.arange(panel.antennas) >= size).astype(float)
    rows = np.column_stack([mine, slant])
    return [int(np.abs(rows - place).sum(axis=1).argmin()) for place in places]


@pytest.mark.parametrize("name", list(SIONNA["panels"]))
def test_covariance_of_antennas_as_sionna(name: str) -> None:
    # crossed 2 x 2 with elements of TR 38.901 at the station, vertical and horizontal pairs at the terminal;
    # 4,000 draws each: entries of a normalised covariance differ by at most 5 errors
    theirs = SIONNA["panels"][name]
    base = Panel(2, 2, CROSSED, element=Element())
    hand = Panel(1, 2, (0.0, 90.0), bearing_deg=180.0)
    _, h = clusters.response(name, 0.0, receive=hand, transmit=base, links=4000, seed=1)
    h = h[:, 0]
    for ours, key, panel in (
        (np.einsum("lnrs,lnrt->st", h, h.conj()) / 4000, "sent", base),
        (np.einsum("lnrs,lnts->rt", h, h.conj()) / 4000, "got", hand),
    ):
        order = matching(panel, theirs[f"{key}_places"], turned=key == "got")
        assert sorted(order) == list(range(panel.antennas))
        wanted = np.array(theirs[key]) @ [1.0, 1j]
        found = ours[np.ix_(order, order)]
        scale = np.trace(wanted).real / wanted.shape[0]
        np.testing.assert_allclose(found / scale, wanted / scale, atol=5.0 * np.sqrt(2.0 / 4000) / 4.0)


@pytest.mark.parametrize("name", CDL)
def test_powers(name: str) -> None:
    taps = profiles.profile(name)
    delays, h = clusters.response(name, 0.0, delay_spread_s=50e-9, links=4000, seed=2)
    np.testing.assert_allclose(delays, taps.delay * 50e-9)
    np.testing.assert_allclose((np.abs(h[:, 0, :, 0, 0]) ** 2).mean(axis=0), taps.power, rtol=5.0 / 4000**0.5)


@pytest.mark.parametrize("name", CDL)
@pytest.mark.parametrize("heading", [(0.0, 90.0), (90.0, 90.0), (0.0, 0.0)])
def test_doppler_follows_the_directions_of_arrival(name: str, heading: tuple[float, float]) -> None:
    # correlation of a cluster over time: its rays' Doppler shifts, in closed form
    taps, doppler, lag = profiles.profile(name), 50.0, 2e-3
    _, h = clusters.response(name, [0.0, lag], doppler_hz=doppler, heading_deg=heading, links=4000, seed=3)
    h = h[..., 0, 0].astype(np.complex128)
    found = (h[:, 0].conj() * h[:, 1]).mean(axis=0) / taps.power
    angles = clusters.rays(taps, {}, {})
    azimuth, zenith = angles["aoa"][:, :, None], angles["zoa"][:, None, :]  # coupled at random
    along = direction(azimuth, zenith) @ direction(*heading)
    theirs = np.exp(2j * np.pi * doppler * lag * along).mean(axis=(1, 2))
    np.testing.assert_allclose(found, theirs, atol=5.0 / 4000**0.5)


def test_cross_polarisation() -> None:
    # a vertical antenna sends: the horizontal one gets 1 / XPR of the vertical one's power
    both = Panel(slants_deg=(0.0, 90.0))
    _, h = clusters.response("CDL-B", 0.0, receive=both, links=4000, seed=5)
    power = (np.abs(h[:, 0, :, :, 0]) ** 2).mean(axis=0)
    ratio = 10.0 * np.log10(power[:, 0].sum() / power[:, 1].sum())
    assert ratio == pytest.approx(8.0, abs=0.2)  # table 7.7.1-2


def test_direct_ray_keeps_its_polarisation() -> None:
    both = Panel(slants_deg=(0.0, 90.0))
    _, h = clusters.response("CDL-D", 0.0, k_db=60.0, receive=both, transmit=both, links=3)
    ray = np.abs(h[:, 0, 0])
    np.testing.assert_allclose(ray, np.broadcast_to(np.eye(2), ray.shape), atol=1e-5)


def test_coupling_differs_between_links_and_clusters() -> None:
    _, h = clusters.response("CDL-A", [0.0, 1e-2], doppler_hz=30.0, links=2)
    ratio = h[:, 1] / h[:, 0]
    assert np.abs(ratio[0] - ratio[1]).min() > 1e-6


def test_draws_do_not_depend_on_parts() -> None:
    asked: dict[str, Any] = {
        "doppler_hz": 20.0,
        "receive": Panel(columns=2),
        "transmit": Panel(2, 1, CROSSED),
        "seed": 4,
    }
    _, whole = clusters.response("CDL-E", np.arange(5) * 1e-3, links=300, **asked)
    _, some = clusters.response("CDL-E", np.arange(3, 5) * 1e-3, links=[299, 12], **asked)
    np.testing.assert_allclose(some, whole[[299, 12], 3:], atol=1e-6)


def test_response_of_channel_takes_cluster_lines() -> None:
    delays, h = channel.response("NTN-CDL-C", [0.0, 1e-3], doppler_hz=5.0, receive=2, links=3, seed=6)
    again, g = clusters.response(
        "NTN-CDL-C", [0.0, 1e-3], doppler_hz=5.0, receive=Panel(columns=2), links=3, seed=6
    )
    np.testing.assert_array_equal(delays, again)
    np.testing.assert_array_equal(h, g)


def test_angles_are_scaled() -> None:
    # TR 38.901, clause 7.7.5.1: around the mean; for narrow angles the spread is then the wanted one
    taps = profiles.profile("CDL-B")
    power = np.repeat(taps.power[:, None] / 20.0, 20, axis=1)
    found = clusters.rays(taps, {"aod": 5.0, "zoa": 2.0}, {"aod": -30.0, "zoa": 95.0})
    for name, spread, mean in (("aod", 5.0, -30.0), ("zoa", 2.0, 95.0)):
        ours = clusters.angular_spread(power, found[name])
        assert ours[0] == pytest.approx(spread, rel=0.02)
        assert ours[1] == pytest.approx(mean, abs=0.2)
    plain = clusters.rays(taps, {}, {})
    np.testing.assert_array_equal(found["aoa"], plain["aoa"])
    same = clusters.rays(taps, {"aoa": clusters.angular_spread(power, plain["aoa"])[0]}, {})
    np.testing.assert_allclose(np.cos(np.radians(same["aoa"] - plain["aoa"])), 1.0, atol=1e-9)


def test_angular_spread_of_annex_a() -> None:
    # two equal rays 2 a apart: sqrt(-2 ln cos a)
    spread, mean = clusters.angular_spread(np.ones(2), np.array([350.0, 30.0]))
    assert spread == pytest.approx(np.degrees(np.sqrt(-2.0 * np.log(np.cos(np.radians(20.0))))))
    assert mean == pytest.approx(10.0)


def test_panels_turn() -> None:
    # a panel turned by 180 degrees sees behind what the other sees before it
    before, behind = Panel(element=Element()), Panel(element=Element(), bearing_deg=180.0)
    np.testing.assert_allclose(before.fields(20.0, 80.0), behind.fields(200.0, 80.0), atol=1e-12)
    assert np.linalg.norm(before.fields(0.0, 90.0)) ** 2 == pytest.approx(10.0**0.8)  # 8 dBi, table 7.3-1
    tilted = Panel(element=Element(), downtilt_deg=10.0)
    assert np.linalg.norm(tilted.fields(0.0, 100.0)) ** 2 == pytest.approx(10.0**0.8)
    rolled = Panel(roll_deg=90.0)  # vertical antennas become horizontal
    np.testing.assert_allclose(np.abs(rolled.fields(0.0, 90.0)), [[0.0, 1.0]], atol=1e-12)


def test_fields_keep_their_power_under_every_turn() -> None:
    rng = np.random.default_rng(1)
    for a, b, c, slant in rng.uniform(-90.0, 90.0, (20, 4)):
        turned = Panel(slants_deg=(slant,), bearing_deg=a, downtilt_deg=b, roll_deg=c)
        azimuth, zenith = rng.uniform(-180.0, 180.0, 50), rng.uniform(0.0, 180.0, 50)
        np.testing.assert_allclose((turned.fields(azimuth, zenith) ** 2).sum(axis=-1), 1.0, atol=1e-9)


def test_steering_points() -> None:
    panel = Panel(4, 4, CROSSED)
    weight = panel.steering(25.0, 80.0)
    gain = np.abs(panel.phases(25.0, 80.0) @ weight) ** 2
    assert gain == pytest.approx(16.0)
    assert (np.abs(panel.phases(np.linspace(-80.0, 80.0, 99), 95.0) @ weight) ** 2).max() < 16.0


def test_wrong_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="CDL-A"):
        clusters.response("TDL-A", 0.0)
    with pytest.raises(RabtaError, match="no such angle"):
        clusters.response("CDL-A", 0.0, spreads_deg={"asa": 3.0})
    with pytest.raises(RabtaError, match="without a spread"):
        clusters.response("NTN-CDL-A", 0.0, spreads_deg={"aod": 3.0})
    with pytest.raises(RabtaError, match="spreads_deg"):
        clusters.response("CDL-A", 0.0, spreads_deg={"aoa": -3.0})
    with pytest.raises(RabtaError, match="slants"):
        Panel(slants_deg=())
    with pytest.raises(RabtaError, match="rows"):
        Panel(rows=0)
