"""Clutter, buildings, streets, woods and hops: published values, physics at the edges, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import verify
from rabta.errors import RabtaError
from rabta.radio.local import building, clutter, hops, street, vegetation

shares = st.floats(0.01, 99.99)


def test_every_quoted_value_is_met() -> None:
    rows = verify.run("local")
    assert len(rows) > 60
    assert [row.name for row in rows if row.gate and not row.passed] == []


@given(ghz=st.floats(0.5, 67.0), km=st.floats(0.25, 100.0), percent=shares)
def test_terrestrial_clutter_stops_growing_at_two_kilometres(ghz: float, km: float, percent: float) -> None:
    """P.2108-1, 3.2: the loss at a distance is at most that at 2 km."""
    assert clutter.terrestrial_db(ghz, km, percent) <= clutter.terrestrial_db(ghz, 2.0, percent) + 1e-9
    assert clutter.terrestrial_db(ghz, km, 50.0) <= clutter.terrestrial_db(ghz, km, 60.0)


@given(ghz=st.floats(10.0, 100.0), low=st.floats(0.0, 89.0), percent=st.floats(20.0, 99.0))
def test_slant_clutter_falls_with_elevation_and_ends_at_the_zenith(
    ghz: float, low: float, percent: float
) -> None:
    high = clutter.slant_db(ghz, low + 1.0, percent)
    assert high <= clutter.slant_db(ghz, low, percent) + 1e-9
    assert clutter.slant_db(ghz, 90.0, 50.0) == pytest.approx(0.0, abs=1e-12)


def test_terminal_above_the_clutter_loses_nothing() -> None:
    for name in clutter.CLUTTER:
        assert clutter.terminal_correction_db(0.9, [20.0, 30.0], name).tolist() == [0.0, 0.0]


@given(ghz=st.floats(0.08, 100.0), percent=shares, degrees=st.floats(-90.0, 90.0))
def test_entry_loss_grows_with_the_share_of_places(ghz: float, percent: float, degrees: float) -> None:
    for kind in building.BUILDINGS:
        one, more = building.entry_loss_db(ghz, [percent, min(percent + 1.0, 99.995)], kind, degrees)
        assert more >= one
        assert one > -3.0  # P.2109-2: the constant term C


def test_street_level_joins_at_the_end_of_sight() -> None:
    """P.1411-12, 4.3.1, step 8: between sight and no sight the loss is interpolated."""
    end = 79.2 - 70.0 * 0.5
    edges = np.array([end - 1e-6, end + 1e-6, end + 20.0 - 1e-6, end + 20.0 + 1e-6])
    loss = street.street_level_db(1.0, edges, 50.0)
    assert loss[0] == pytest.approx(loss[1], abs=1e-4)
    assert loss[2] == pytest.approx(loss[3], abs=1e-4)
    assert loss[3] > loss[0] + 10.0


def test_canyon_slopes_are_20_and_40_db_a_decade() -> None:
    breakpoint_m = 4.0 * 5.0 * 1.5 / (299792458.0 / 1.8e9)
    near = street.canyon_db(1.8, breakpoint_m * np.array([0.1, 1.0]), 5.0, 1.5)[0]
    far = street.canyon_db(1.8, breakpoint_m * np.array([1.0, 5.0]), 5.0, 1.5)[0]
    assert np.diff(near)[0] == pytest.approx(20.0)
    assert np.diff(far)[0] == pytest.approx(40.0 * np.log10(5.0))


@given(p0=st.floats(0.01, 1000.0), low=st.floats(0.0, 60.0), factor=st.floats(0.0, 10.8))
def test_fades_are_rarer_when_deeper_and_join(p0: float, low: float, factor: float) -> None:
    one, more = hops.multipath_percent([low, low + 0.5], p0, factor)
    assert more <= one * (1.0 + 1e-9)
    joint = 25.0 + 1.2 * np.log10(p0)
    sides = hops.multipath_percent([joint - 1e-7, joint + 1e-7], p0, factor)
    assert sides[0] == pytest.approx(sides[1], rel=1e-6)


@given(km=st.floats(1.0, 60.0), ghz=st.floats(4.0, 100.0), percent=st.floats(0.0011, 0.99))
def test_rain_share_is_the_inverse_of_rain_attenuation(km: float, ghz: float, percent: float) -> None:
    margin = hops.rain_db(km, ghz, 63.6, percent)
    assert hops.rain_percent(margin, km, ghz, 63.6) == pytest.approx(percent, rel=1e-6)


def test_rain_share_is_bounded_where_the_method_ends() -> None:
    assert hops.rain_percent([1e-3, 1e3], 20.0, 18.0, 63.6).tolist() == pytest.approx([1.0, 0.001])
    assert hops.rain_percent(20.0, 20.0, 18.0, 0.0) == pytest.approx(0.001)


def test_rain_on_hops_is_that_of_an_independent_package() -> None:
    """itur 0.4.0 (MIT), P.530-17 long-term rain attenuation with a given R0.01, which -18 keeps.

    At 0.01 % only: at other shares of time itur raises the logarithm, not the frequency, to 0.8.
    """
    itu530 = pytest.importorskip("itur.models.itu530")
    for km, ghz, tilt in ((20.0, 18.0, 90.0), (0.05, 38.0, 0.0), (45.0, 11.0, 45.0)):
        theirs = itu530.rain_attenuation(28.7, 77.3, km, ghz, 0.0, 0.01, tau=tilt, R001=63.6).value
        assert hops.rain_db(km, ghz, 63.6, 0.01, tilt) == pytest.approx(float(theirs), rel=1e-4)


def test_short_hops_have_no_multipath() -> None:
    """P.530-18, 2.3: multipath need only be reckoned with beyond 5 km."""
    assert hops.quick_occurrence_percent([4.9, 5.1], 18.0, 300.0, 300.0, dn1=-300.0)[0] == 0.0
    share = hops.unavailability_percent(30.0, 4.0, 18.0, 300.0, 300.0, 31.0, rain_mmh=60.0, dn1=-300.0)
    assert share == pytest.approx(float(hops.rain_percent(30.0, 4.0, 18.0, 60.0)))


def test_detailed_rule_is_that_of_an_independent_package() -> None:
    """itur 0.4.0: P.530-17 equations (4) and (7), with its own dN1 and roughness at the place."""
    itu530 = pytest.importorskip("itur.models.itu530")
    from itur.models.itu453 import DN65

    place = (31.5, 74.3)
    theirs = itu530.multipath_loss_for_A(*place, 300.0, 350.0, 40.0, 7.0, 30.0).value
    rough = (
        itu530.s_a(*place).value if hasattr(itu530, "s_a") else itu530._ITU530_17_.s_a(*map(np.array, place))
    )
    ours = hops.quick_occurrence_percent(
        40.0, 7.0, 300.0, 350.0, dn1=float(DN65(*place, 1).value), roughness_m=float(np.ravel(rough)[0])
    )
    assert float(ours) * 1e-3 == pytest.approx(float(np.ravel(theirs)[0]), rel=1e-6)


REFUSED = (
    lambda: clutter.terrestrial_db(70.0, 1.0),
    lambda: clutter.terrestrial_db(10.0, 0.2),
    lambda: clutter.slant_db(9.0, 30.0),
    lambda: clutter.slant_db(20.0, -1.0),
    lambda: clutter.slant_db(20.0, 30.0, 100.0),
    lambda: clutter.terminal_correction_db(5.0, 2.0, "urban"),
    lambda: clutter.terminal_correction_db(1.0, 2.0, "urbn"),
    lambda: building.entry_loss_db(0.05),
    lambda: building.entry_loss_db(1.0, 0.0),
    lambda: building.entry_loss_db(1.0, 100.0),
    lambda: building.entry_loss_db(1.0, 50.0, "brick"),
    lambda: street.below_roofs_db(28.0, 700.0, sight=True),
    lambda: street.below_roofs_db(28.0, 100.0, "residential", sight=True),
    lambda: street.over_roofs_db(70.0, 500.0, sight=False),
    lambda: street.street_level_db(5.0, 100.0),
    lambda: street.canyon_db(28.0, 100.0, 5.0, 1.5),
    lambda: street.canyon_db(5.8, 100.0, 5.0, 0.5, road_m=0.6),
    lambda: vegetation.woodland_db(10.0, 5.0),
    lambda: hops.rain_db(70.0, 18.0, 60.0),
    lambda: hops.rain_db(20.0, 18.0, 60.0, 2.0),
    lambda: hops.quick_occurrence_percent(10.0, 1.0, 300.0, 300.0, dn1=-300.0),
    lambda: hops.occurrence_percent(10.0, 50.0, 300.0, 300.0, 200.0, k=1e-4, dn75=60.0),
    lambda: clutter.terrestrial_db(float("nan"), 1.0),
)


@pytest.mark.parametrize("call", REFUSED)
def test_outside_the_range_is_refused_with_the_range(call: object) -> None:
    with pytest.raises(RabtaError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.expected


HEAD = "freqency (GHz),probability (%),building type,elevation angle (deg),building entry loss (dB)"


def test_files_of_the_same_form_are_taken_and_errors_of_ours_show(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}\n25.06,25.0000005,1,15.0,14.9589104353636237\n")
    (tmp_path / "b.csv").write_text("f__ghz,d__km,p,rtn,L_ctt__db\n67,5.4,30.5,0,30.9\n0.24,2,50,3200,0\n")
    (tmp_path / "other.csv").write_text("x\n1\n")
    found = {row.name: row for row in verify.run("local", tmp_path)}
    assert all(row.passed for row in found.values() if row.gate)
    assert "b.csv: refused (0.24, 2, 50)" in found
    (tmp_path / "a.csv").write_text(f"{HEAD}\n25.06,25.0,1,15.0,15.1\n")
    assert not all(row.passed for row in verify.run("local", tmp_path) if row.gate)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2\n",
        f"{HEAD}\n",
        f"{HEAD}\n1,2\n",
        f"{HEAD}\n1,0.5,3,0,1\n",
        f"{HEAD}\n1,x,1,0,1\n",
        f"{HEAD}\nnan,0.5,1,0,1\n",
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(RabtaError):
        verify.run("local", tmp_path)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.csv").write_bytes(HEAD.encode() + b"\n" + data)
    try:
        rows = verify.run("local", folder)
    except RabtaError:
        return
    assert rows
