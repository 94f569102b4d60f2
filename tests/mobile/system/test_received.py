"""Who serves, ratios by hand, loads that settle, beams beside cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from rabta.errors import RabtaError
from rabta.mobile import nr
from rabta.mobile.system import received, satellites
from rabta.radio.ntn import studies

LEVEL = np.array([[-60.0, -70.0, -80.0], [-90.0, -80.0, -85.0], [-130.0, -130.0, -125.0]])


def test_ratio_by_hand() -> None:
    # (1e-6) / (1e-7 / 2 + 1e-8 + 1e-9)
    found = received.sinr_db(LEVEL[0], 0, -90.0, load=[1.0, 0.5, 1.0])
    assert found == pytest.approx(10.0 * np.log10(1e-6 / (5e-8 + 1e-8 + 1e-9)), abs=1e-4)


def test_channels_apart_hear_nothing() -> None:
    found = received.sinr_db(LEVEL[0], 0, -90.0, channel=[0, 1, 2])
    assert found == pytest.approx(30.0, abs=1e-4)


def test_serving() -> None:
    assert received.serving(LEVEL).tolist() == [0, 1, 2]
    assert received.serving(LEVEL, bias_db=[0.0, 0.0, 6.0]).tolist() == [0, 2, 2]
    assert received.serving(LEVEL, least_dbm=-120.0).tolist() == [0, 1, -1]
    assert received.ground_first(LEVEL, [False, False, True], -120.0).tolist() == [0, 1, -1]
    assert received.ground_first(LEVEL, [False, True, True], -85.0).tolist() == [0, 1, -1]


def test_noise() -> None:
    # k T B at 290 K is -173.975 dBm/Hz
    assert received.noise_dbm(1.0, 0.0) == pytest.approx(-113.975, abs=1e-3)


def test_loads_settle_where_theory_has_them() -> None:
    # two equal cells: load = demand / (width x bits(ratio(load))); Siomina and Yuan 2012, equation 7
    level = np.array([[-80.0, -93.0], [-93.0, -80.0]])
    width, demand = 20.0, 30.0
    found = received.settle(level, [demand, demand], [width, width], -110.0)

    def rest(load: float) -> float:
        ratio = -10.0 * np.log10(10.0**-1.3 * load + 1e-3)
        return float(load - demand / (width * float(nr.efficiency(ratio))))

    assert found.load[0] == found.load[1]
    assert found.load[0] == pytest.approx(brentq(rest, 1e-3, 1.0), rel=0.05)


def test_balance_moves_users_away_from_a_full_cell() -> None:
    rng = np.random.default_rng(1)
    level = np.column_stack([rng.uniform(-80.0, -70.0, 200), rng.uniform(-82.0, -72.0, 200)])
    level[:150, 0] += 1.0
    plain = received.settle(level, np.full(200, 1.0), [60.0, 60.0], -110.0)
    even = received.settle(level, np.full(200, 1.0), [60.0, 60.0], -110.0, balance=True)
    assert even.asked.max() < plain.asked.max()


def test_powers_of_one_sector() -> None:
    from rabta.mobile.system import layouts

    plan = layouts.hexagonal(500.0, rings=0, azimuths_deg=[30.0], wrap=False)
    away = 300.0 * np.array([np.cos(np.radians(30.0)), np.sin(np.radians(30.0))])
    ground = 25.0 - 300.0 * np.tan(np.radians(4.0))
    seen = layouts.paths(plan, [[*away, ground], [*-away, ground]])
    power = received.powers_dbm(plan, seen, np.full((2, 1), 100.0), 40.0, received.panel(0.0))
    # TR 38.901, table 7.3-1: 8 dBi less 12 (4 / 65)^2; ten rows by half a wavelength; 30 dB less behind
    rows = np.sin(10 * np.pi / 2 * np.sin(np.radians(4.0))) / np.sin(np.pi / 2 * np.sin(np.radians(4.0)))
    front = 40.0 - 100.0 + 8.0 - 12.0 * (4.0 / 65.0) ** 2 + 10.0 * np.log10(rows**2 / 10.0)
    assert power[0, 0] == pytest.approx(front, abs=1e-3)
    assert power[1, 0] == pytest.approx(front + 12.0 * (4.0 / 65.0) ** 2 - 30.0, abs=1e-3)


@pytest.mark.parametrize(("number", "elevation"), [(9, 90.0), (10, 30.0)])
def test_beam_on_its_axis_is_the_link_budget(number: int, elevation: float) -> None:
    body = satellites.of_case(number, elevation_deg=elevation)
    power = satellites.powers_dbm_mhz(body, [[0.0, 0.0, 0.0]], clear=True)
    from rabta.radio import linkbudget

    far = float(linkbudget.slant_range_km(elevation, 600.0))
    theirs = 34.0 + 30.0 - float(linkbudget.free_space_db(far, 2.0))
    assert power[0, 0] == pytest.approx(theirs, abs=1e-3)
    assert power[0].argmax() == 0


def test_beams_meet_halfway() -> None:
    # TR 38.821, table 6.1.1.1-4: neighbours are sqrt(3) sin(width / 2) apart
    body = satellites.of_case(9)
    half = np.degrees(np.arcsin(body.beams.spacing / 2.0))
    turn = np.linspace(0.0, 2.0 * np.pi, 721)
    side = 600e3 * np.tan(np.radians(half))
    ring = np.column_stack([side * np.cos(turn), side * np.sin(turn), np.zeros(721)])
    two = np.sort(satellites.powers_dbm_mhz(body, ring, clear=True), axis=1)[:, -2:]
    fall = body.aperture.gain_dbi(half) - body.aperture.peak_dbi
    axis = satellites.powers_dbm_mhz(body, [[0.0, 0.0, 0.0]], clear=True)[0, 0]
    assert two[:, 0].max() == pytest.approx(axis + fall, abs=0.05)
    assert np.ptp(two[two[:, 0].argmax()]) < 0.05


def test_spectrum_of_beams_and_cells() -> None:
    body = satellites.of_case(10)
    both = satellites.spectrum(3, body.beams, shared=True)
    assert both.share[:3].tolist() == [1.0] * 3
    np.testing.assert_allclose(both.share[3:], 1.0 / 3.0)
    np.testing.assert_allclose(both.overlap[0, 1:], 1.0 / 3.0)
    assert satellites.spectrum(3, body.beams, shared=False).overlap[0, 1:].max() == 0.0
    # a cell's user hears three colours on a third each: in the mean one whole beam of each colour's density
    level = np.full((1, 3 + 3), -100.0)
    found = received.sinr_db(level, [0], -np.inf, channel=[0, 0, 0, 1, 2, 3], overlap=both.overlap)
    assert found[0] == pytest.approx(-10.0 * np.log10(2.0 + 1.0), abs=1e-4)


def test_every_study_case_runs() -> None:
    for number in studies.cases():
        found = satellites.study(number, users_a_beam=5)
        assert np.isfinite(found.sinr_db).all()
        assert (found.sinr_db <= found.sir_db + 1e-9).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: received.sinr_db(LEVEL, [0, 1], -90.0), "one serving cell"),
        (lambda: received.sinr_db(LEVEL, [0, 1, 3], -90.0), "serving"),
        (lambda: received.sinr_db(LEVEL, [0, 1, 2], -90.0, load=2.0), "load"),
        (lambda: received.sinr_db(LEVEL, [0, 1, 2], -90.0, channel=[0, 1, 2], overlap=np.eye(2)), "overlap"),
        (lambda: received.serving(np.zeros((3, 0))), "no cell"),
        (lambda: received.ground_first(LEVEL, [True]), "flags"),
        (lambda: satellites.of_case(31), "study case"),
        (lambda: satellites.of_case(9, elevation_deg=5.0), "elevation_deg"),
        (lambda: satellites.powers_dbm_mhz(satellites.of_case(9), [[0.0, 0.0]]), "positions"),
    ],
)
def test_refused(call: object, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        call()  # type: ignore[operator]
