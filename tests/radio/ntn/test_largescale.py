"""Large-scale links to satellites, against 3GPP TR 38.811 and the test cases of ns-3."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.radio.ntn import field, largescale, tables

# ns-3, src/propagation/test, NTN path loss with line of sight straight up: received power in dB for no
# antenna gain, the same in all four surroundings; rows GEO, LEO-600, LEO-1200, columns 20, 30, 2 GHz.
NS3 = [
    [-209.915, -213.437, -191.744],
    [-174.404, -177.925, -156.233],
    [-180.424, -183.946, -162.253],
]
# TR 38.811, table 6.6.1-1 at 10, 50 and 90 degrees, and tables 6.6.2-1 to -3 at 10 and 90 degrees:
# sigma with and without line of sight and clutter, S band and Ka band.
LOS = {
    "dense-urban": (28.2, 53.7, 98.1),
    "urban": (24.6, 72.6, 99.2),
    "suburban": (78.2, 93.5, 99.8),
    "rural": (78.2, 93.5, 99.8),
}
FADES = {
    ("dense-urban", 10.0): (3.5, 15.5, 34.3, 2.9, 17.1, 44.3),
    ("dense-urban", 90.0): (1.2, 9.2, 25.5, 0.6, 12.3, 32.9),
    ("urban", 10.0): (4.0, 6.0, 34.3, 4.0, 6.0, 44.3),
    ("urban", 90.0): (4.0, 6.0, 25.5, 4.0, 6.0, 32.9),
    ("suburban", 10.0): (1.79, 8.93, 19.52, 1.9, 10.7, 29.5),
    ("rural", 90.0): (0.72, 11.52, 16.3, 0.4, 10.8, 16.8),
}


@pytest.mark.parametrize("scenario", tables.SCENARIOS)
def test_ns3_cases_straight_up(scenario: str) -> None:
    altitude = np.array([35786.0, 600.0, 1200.0])[:, None]
    loss = largescale.path_loss_db(90.0, altitude, [20.0, 30.0, 2.0], scenario, True, gases="figure")
    # ns-3 rounds the ionosphere's 1.1 / sqrt(2) 4^1.5 = 6.2225 to 6.22
    loss = loss - np.array([0.0, 0.0, (1.1 / np.sqrt(2.0) * 8.0 - 6.22) / 2.0**1.5])
    np.testing.assert_allclose(-loss, NS3, atol=6e-4)


@pytest.mark.parametrize("scenario", tables.SCENARIOS)
def test_line_of_sight_is_the_tables(scenario: str) -> None:
    np.testing.assert_allclose(
        100.0 * largescale.los_probability([10.0, 50.0, 90.0], scenario), LOS[scenario], rtol=1e-12
    )


@pytest.mark.parametrize(("scenario", "elevation"), FADES)
def test_shadowing_and_clutter_are_the_tables(scenario: str, elevation: float) -> None:
    found = []
    for ghz in (2.0, 28.0):
        found += [
            float(largescale.shadowing_sigma_db(elevation, ghz, scenario, los)) for los in (True, False)
        ]
        found.append(float(largescale.clutter_db(elevation, ghz, scenario)))
    assert found == list(FADES[scenario, elevation])
    assert float(largescale.clutter_db(elevation, 28.0, scenario, los=True)) == 0.0


def test_elevation_goes_to_the_nearest_reference_angle() -> None:
    # TR 38.811, clause 6.6.1; 14.9 degrees is 10's, 15 and 24.9 are 20's
    assert tables.elevation_index([10.0, 14.9, 15.0, 24.9, 90.0]).tolist() == [0, 0, 1, 1, 8]


def test_scintillation() -> None:
    # TR 38.821, table 6.1.3.2-1: 2.2 dB in S band, 0.3 dB in Ka band at 30 degrees, 1.1 dB at 12.5
    assert float(largescale.scintillation_db(30.0, 2.0)) == pytest.approx(2.2, abs=0.01)
    assert float(largescale.scintillation_db(30.0, 20.0)) == 0.30
    assert float(largescale.scintillation_db(12.5, 20.0)) == 1.08
    assert float(largescale.scintillation_db(30.0, 2.0, magnetic_latitude_deg=25.0)) == 0.0


def test_own_gases_are_near_the_figure() -> None:
    # P.676, figure 6, away from the lines, where a reading of the figure is good to a tenth or so
    ghz = np.array([10.0, 20.0, 30.0, 40.0])
    ours, figure = largescale.zenith_gas_db(ghz), largescale.zenith_gas_db(ghz, "figure")
    np.testing.assert_allclose(ours, figure, rtol=0.2)


def test_ku_band_is_a_table_of_one_band_or_our_own_mixture() -> None:
    s, ka = (float(largescale.clutter_db(30.0, ghz, "rural")) for ghz in (2.0, 28.0))
    assert float(largescale.clutter_db(30.0, 12.0, "rural")) == ka
    mixed = float(largescale.clutter_db(30.0, 12.0, "rural", interpolate=True))
    assert s < mixed < ka
    assert float(largescale.clutter_db(30.0, 3.0, "rural", interpolate=True)) == s
    assert float(largescale.clutter_db(30.0, 20.0, "rural", interpolate=True)) == ka


def ground(count: int, size_m: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(5)
    return np.stack([*rng.uniform(0.0, size_m, (2, count)), np.zeros(count)], axis=1)


@pytest.mark.parametrize("position", [False, True])
@pytest.mark.parametrize("scenario", ["dense-urban", "rural"])
def test_draws_have_the_statistics_of_the_tables(scenario: str, position: bool) -> None:
    place = ground(2000, 50e3) if position else None
    links = largescale.draw(np.full((200, 2000), 30.0), 1075.0, 2.0, scenario, seed=11, position_m=place)
    share = float(largescale.los_probability(30.0, scenario))
    assert links.los.mean() == pytest.approx(share, abs=0.01)
    for los in (True, False):
        drawn = links.shadowing_db[links.los == los]
        sigma = float(largescale.shadowing_sigma_db(30.0, 2.0, scenario, los))
        assert drawn.std() == pytest.approx(sigma, rel=0.02)
        assert drawn.mean() == pytest.approx(0.0, abs=0.05 * sigma)
    median = np.where(
        links.los,
        *(float(largescale.path_loss_db(30.0, 1075.0, 2.0, scenario, los)) for los in (True, False)),
    )
    np.testing.assert_allclose(links.loss_db, median + links.shadowing_db, atol=1e-4)


def test_shadowing_is_correlated_as_the_report_says() -> None:
    # exp(-d / 37 m) with line of sight in rural areas: TR 38.811, tables 6.7.2-7a and -7b
    offsets = np.array([0.0, 10.0, 37.0, 100.0])
    place = np.stack([offsets, np.zeros(4), np.zeros(4)], axis=1)
    drawn = [
        largescale.draw(np.full((500, 4), 90.0), 600.0, 2.0, "rural", seed=s, position_m=place)
        for s in range(40)
    ]
    fade = np.concatenate([links.shadowing_db[links.los.all(axis=1)] for links in drawn])
    correlation = np.corrcoef(fade.T)[0]
    np.testing.assert_allclose(correlation, np.exp(-offsets / 37.0), atol=0.03)


def test_draws_depend_on_no_order() -> None:
    el, km, place = np.full((6, 700), 40.0), np.full((6, 700), 900.0), ground(700, 3e3)
    whole = largescale.draw(el, km, 20.0, "urban", seed=2, position_m=place)
    part = largescale.draw(
        el[2:4, 600:], km[2:4, 600:], 20.0, "urban", seed=2, satellite=[2, 3], position_m=place[600:]
    )
    np.testing.assert_array_equal(part.loss_db, whole.loss_db[2:4, 600:])
    alone = largescale.draw(el, km, 20.0, "urban", seed=2)
    some = largescale.draw(el[:, :5], km[:, :5], 20.0, "urban", seed=2, place=np.arange(40, 45))
    np.testing.assert_array_equal(some.loss_db, alone.loss_db[:, 40:45])
    other = largescale.draw(el, km, 20.0, "urban", seed=3, position_m=place)
    assert np.abs(other.shadowing_db - whole.shadowing_db).max() > 1.0


def test_low_satellites_are_refused_or_skipped() -> None:
    with pytest.raises(RabtaError, match=r"(?s)elevation_deg.*10 to 90"):
        largescale.draw([[9.9]], [[1000.0]], 20.0, "urban")
    links = largescale.draw([[9.9, 10.0]], 1000.0, 20.0, "urban", below="skip")
    assert np.isnan(links.loss_db[0, 0])
    assert not links.los[0, 0]
    assert np.isfinite(links.loss_db[0, 1])
    for choice, wrong in (("skip", 91.0), ("refuse", np.nan), ("ignore", 45.0)):
        with pytest.raises(RabtaError, match=r"elevation_deg|refuse"):
            largescale.draw([[wrong]], 1000.0, 20.0, "urban", below=choice)
    assert np.isnan(largescale.draw([[np.nan]], 1000.0, 20.0, "urban", below="skip").loss_db).all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"scenario": "sub-urban"}, "suburban"),
        ({"frequency_ghz": 0.1}, "0.5 to 100"),
        ({"frequency_ghz": float("nan")}, "0.5 to 100"),
        ({"distance_km": -1.0}, "distance_km"),
        ({"gases": "P676"}, "P.676"),
        ({"position_m": np.zeros((3, 3))}, "position_m"),
    ],
)
def test_wrong_input_is_refused_by_name(change: dict[str, object], match: str) -> None:
    given: dict[str, object] = {"elevation_deg": [[45.0]], "distance_km": 900.0, "frequency_ghz": 2.0}
    with pytest.raises(RabtaError, match=match):
        largescale.draw(**{**given, "scenario": "urban", **change})  # type: ignore[arg-type]


def test_the_sum_of_waves_is_nearly_gaussian() -> None:
    wave = field.waves(field.keys(1, np.arange(4000)))
    values = field.evaluate(np.full((4000, 3), 0.7), wave)
    assert values.std() == pytest.approx(1.0, abs=0.03)
    assert np.mean(values**4) / np.mean(values**2) ** 2 == pytest.approx(3.0, abs=0.25)


def test_indoors_adds_the_entry_loss() -> None:
    # ITU-R P.2109-2, equation (10): the median of the horizontal loss, and 0.212 dB a degree of elevation
    out, inside = (
        float(largescale.path_loss_db(50.0, 900.0, 2.0, "urban", True, building=kind))
        for kind in (None, "traditional")
    )
    median = 12.64 + 3.72 * np.log10(2.0) + 0.96 * np.log10(2.0) ** 2 + 0.212 * 50.0
    assert inside - out == pytest.approx(median, abs=1.0)
    with pytest.raises(RabtaError, match="traditional"):
        largescale.path_loss_db(50.0, 900.0, 2.0, "urban", True, building="traditionell")
