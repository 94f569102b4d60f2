"""Choice of ephemerides, states, group delays and precise orbits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt import orbits, rinex
from rabta.pnt.gnsstime import NS, from_calendar
from rabta.pnt.orbits.constants import EARTH_ROTATION, LIGHT_M_S
from rabta.pnt.records import empty_ephemerides
from rabta.verify.pnt import orbits as suite

T0 = int(from_calendar("2026-03-09T12:00:00"))
HOUR = 3600 * NS


def table(*rows: tuple[str, int, str, float]) -> np.ndarray:
    """Ephemerides of (system, number, message, hours from T0), healthy."""
    made = empty_ephemerides(len(rows))
    for k, (system, prn, kind, hours) in enumerate(rows):
        made[k]["system"], made[k]["prn"], made[k]["kind"] = system, prn, kind
        made[k]["toe"] = made[k]["toc"] = made[k]["sent"] = T0 + round(hours * HOUR)
        made[k]["health"] = 0.0
    return made


def test_nearest_reference_time() -> None:
    e = table(("C", 21, "D1", -1), ("C", 21, "D1", 0), ("C", 21, "D1", 1), ("C", 22, "D1", 0))
    when = T0 + np.array([-0.6, -0.4, 0.4, 0.5, 0.6, 2.9, 3.1]) * HOUR
    assert orbits.select(e, "C", 21, when.astype(np.int64)).tolist() == [0, 1, 1, 2, 2, 2, -1]
    assert orbits.select(e, "C", 23, [T0]).tolist() == [-1]
    assert orbits.select(e, "G", 21, [T0]).tolist() == [-1]


def test_a_message_holds_longer_after_than_before() -> None:
    e = table(("C", 21, "D1", 0), ("E", 5, "INAV", 0), ("G", 5, "LNAV", 0))
    hours = np.array([-2.1, -1.1, -0.9, -0.4, 1.9, 2.1, 3.9, 4.1])
    when = (T0 + hours * HOUR).astype(np.int64)
    assert (orbits.select(e, "C", 21, when) >= 0).tolist() == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert (orbits.select(e, "E", 5, when) >= 0).tolist() == [
        False,
        False,
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert (orbits.select(e, "G", 5, when) >= 0).tolist() == [
        False,
        True,
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_health_counts_for_each_message_alone() -> None:
    e = table(("C", 46, "D1", 0), ("C", 46, "CNV2", 0))
    e["health"][0] = 1.0
    assert orbits.select(e, "C", 46, [T0]).tolist() == [1]
    assert orbits.select(e, "C", 46, [T0], health=False).tolist() == [0]
    e["integrity_flags"][1] = 0b100.__float__()  # DIF: the error is beyond the accuracy predicted
    assert orbits.select(e, "C", 46, [T0]).tolist() == [-1]
    e["integrity_flags"][1] = 1.0  # AIF alone: SISMAI does not hold, the message does
    assert orbits.select(e, "C", 46, [T0]).tolist() == [1]


def test_galileo_without_accuracy_prediction_is_not_used() -> None:
    e = table(("E", 14, "INAV", 0))
    e["accuracy_m"] = -1.0
    assert orbits.select(e, "E", 14, [T0]).tolist() == [-1]


def test_only_what_had_been_sent() -> None:
    e = table(("C", 21, "D1", 0), ("C", 21, "D1", 1))
    when = [T0 + round(0.9 * HOUR)]
    assert orbits.select(e, "C", 21, when).tolist() == [1]
    assert orbits.select(e, "C", 21, when, sent_before=True).tolist() == [0]


def test_of_equal_reference_times_the_one_sent_last() -> None:
    e = table(("G", 5, "LNAV", 0), ("G", 5, "LNAV", 0), ("G", 5, "LNAV", 0))
    e["sent"] = [T0 - HOUR, T0 + HOUR, T0 - 2 * HOUR]
    assert orbits.select(e, "G", 5, [T0]).tolist() == [1]


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(RabtaError, match="no such message"):
        orbits.select(table(("C", 1, "D2", 0)), "C", 1, [T0], kinds={"C": ("D3",)})
    with pytest.raises(RabtaError, match="no such ephemeris"):
        orbits.states(table(("C", 1, "D2", 0)), [3], [T0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.floats(-6, 6), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 4), st.floats(-7, 7),
)  # fmt: skip
def test_choice_is_what_a_search_would_find(rows: list, prn: int, hours: float) -> None:
    e = table(*(("C", n, "D1", round(h * 60) / 60) for n, h, _ in rows))
    e["health"] = [0.0 if good else 1.0 for _, _, good in rows]
    when = T0 + round(hours * 60) * 60 * NS
    late = (when - e["toe"]) / HOUR
    fits = (e["prn"] == prn) & (late >= -1.0) & (late <= 2.0)
    found = int(orbits.select(e, "C", prn, [when])[0])
    if not fits.any():
        assert found == -1
    else:
        nearest = np.abs(late[fits]).min()
        same = fits & (np.abs(late) == nearest)
        assert found in np.flatnonzero(same) or (found == -1 and (e["health"][same] == 1.0).any())


def test_states_beside_peers() -> None:
    rows = suite.rows(None)
    assert len(rows) >= 30
    assert [row.name for row in rows if row.status == "FAIL"] == []


def test_own_clock_is_what_the_satellite_shows() -> None:
    e, line = suite.vectors()[4]
    when = int(line["when"])
    true = orbits.states(e, [0], [when])
    polynomial = float(orbits.states(e, [0], [when]).clock_s[0])
    shown = orbits.states(e, [0], [when], [polynomial], own_clock=True)
    np.testing.assert_allclose(shown.position_m, true.position_m, atol=1e-3)


def test_geo_frame_goes_by_the_orbit() -> None:
    kinds = {(line["system"], int(line["prn"]), line["kind"]): e for e, line in suite.vectors()}
    assert orbits.is_geo(kinds["C", 60, "D2"])[0]
    assert orbits.is_geo(kinds["C", 3, "D2"])[0]
    assert not orbits.is_geo(kinds["C", 39, "D1"])[0]
    inclined = kinds["C", 39, "D1"].copy()
    inclined["kind"] = "D2"  # as a reader may name it by its number
    assert not orbits.is_geo(inclined)[0]


def test_group_delays() -> None:
    e = table(
        ("C", 21, "D1", 0),
        ("C", 21, "CNV1", 0),
        ("G", 5, "LNAV", 0),
        ("E", 5, "INAV", 0),
        ("E", 5, "FNAV", 0),
    )
    e["tgd1"] = [4e-9, np.nan, -1e-9, 2e-9, 2e-9]
    e["tgd2"] = [6e-9, np.nan, np.nan, 3e-9, 3e-9]
    e["tgd_b1cp"][1], e["isc_b1cd"][1], e["tgd_b2ap"][1] = 5e-9, 1e-9, 7e-9
    assert orbits.group_delay(e, [0, 0, 0], "C2I").tolist() == [4e-9] * 3
    assert orbits.group_delay(e, [0], "2X")[0] == 4e-9  # the same signal, tracked on both components
    assert orbits.group_delay(e, [0, 1], "6I").tolist() == [0.0, 0.0]  # all BeiDou clocks are B3I's
    assert np.isnan(orbits.group_delay(e, [0, -1], "1P")).all()
    assert orbits.group_delay(e, [1], "1P")[0] == 5e-9
    assert orbits.group_delay(e, [1], "1D")[0] == pytest.approx(6e-9)
    both = orbits.complete(e)
    assert orbits.group_delay(both, [0], "5P")[0] == 7e-9
    assert orbits.group_delay(both, [1], "2I")[0] == 4e-9
    assert np.isnan(e["tgd1"][1])  # the table itself is left alone
    gps, galileo = (1575.42 / 1227.60) ** 2, (1575.42 / 1176.45) ** 2
    assert orbits.group_delay(e, [2], "1C")[0] == -1e-9
    assert orbits.group_delay(e, [2], "2W")[0] == pytest.approx(-gps * 1e-9)
    assert np.isnan(orbits.group_delay(e, [2], "5Q")[0])
    assert orbits.pair_delay(e, [2], "1C", "2W", "G")[0] == pytest.approx(0.0, abs=1e-20)
    assert orbits.pair_delay(e, [4], "1C", "5Q", "E")[0] == pytest.approx(0.0, abs=1e-20)
    assert orbits.pair_delay(e, [3], "1C", "7Q", "E")[0] == pytest.approx(0.0, abs=1e-20)
    assert orbits.group_delay(e, [4], "5Q")[0] == pytest.approx(galileo * 2e-9)


def test_pair_of_b1i_and_b3i() -> None:
    """BDS-SIS-ICD-B3I-1.0 section 7.3: the pair's delay is f1^2 / (f1^2 - f3^2) TGD1."""
    e = table(("C", 21, "D1", 0))
    e["tgd1"] = 10e-9
    one, three = 1561.098**2, 1268.52**2
    assert orbits.pair_delay(e, [0], "2I", "6I", "C")[0] == pytest.approx(one / (one - three) * 10e-9)


@dataclass
class _Circle:
    """A circular orbit sampled every 15 minutes."""

    times: np.ndarray
    satellites: tuple[str, ...]
    position_m: np.ndarray
    clock_s: np.ndarray


RADIUS, RATE = 26.56e6, 1.4585e-4


def circle(seconds: np.ndarray) -> np.ndarray:
    """Earth-fixed positions on an inclined circle."""
    u, turn = RATE * seconds, EARTH_ROTATION * seconds
    x, y, z = RADIUS * np.cos(u), RADIUS * np.sin(u) * np.cos(0.96), RADIUS * np.sin(u) * np.sin(0.96)
    return np.stack([x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn), z], axis=-1)


def product() -> _Circle:
    seconds = 900.0 * np.arange(97)
    place = np.stack([circle(seconds), circle(seconds + 5000.0)], axis=1)
    clock = np.stack([1e-5 + 1e-11 * seconds, np.full(97, np.nan)], axis=1)
    return _Circle(T0 + (seconds * NS).astype(np.int64), ("G05", "C21"), place, clock)


def test_precise_orbits_between_epochs() -> None:
    seconds = np.random.default_rng(1).uniform(0.0, 86_400.0, 300)
    whole = np.floor(seconds)
    found = orbits.precise(product(), None, "G", 5, T0 + (whole * NS).astype(np.int64), seconds - whole)
    np.testing.assert_allclose(found.position_m, circle(seconds), atol=2e-3)
    speed = (circle(seconds + 0.5) - circle(seconds - 0.5)) / 1.0
    np.testing.assert_allclose(found.velocity_m_s, speed, atol=1e-4)
    np.testing.assert_allclose(found.clock_s, 1e-5 + 1e-11 * seconds, atol=1e-15)  # a circle: r.v is zero


def test_precise_orbits_are_not_extrapolated() -> None:
    when = T0 + np.array([-1, 0, 96 * 900, 96 * 900 + 1]) * NS
    found = orbits.precise(product(), None, "G", 5, when)
    assert np.isfinite(found.position_m[:, 0]).tolist() == [False, True, True, False]
    assert np.isnan(orbits.precise(product(), None, "C", 21, when).clock_s).all()
    assert np.isnan(orbits.precise(product(), None, "E", 1, when).position_m).all()
    assert LIGHT_M_S == 299_792_458.0


@pytest.mark.shared
def test_messages_of_one_satellite_agree(shared: Path) -> None:
    e = rinex.navigation(shared / "data/gnss/nav4" / suite.NAVIGATION).ephemerides
    for kinds in (("D1", "CNV1"), ("D1", "CNV3"), ("CNV1", "CNV2")):
        away, count = suite.apart(e, *kinds, step_s=3600)
        assert count > 500
        assert away < 3.0
