"""PPP-B2b: every field beside cssrlib's, issues of data, corrected states, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.geo import ecef_from_geodetic
from rabta.pnt import b2b, gnsstime, rinex
from rabta.pnt.b2b import biases, chain, encode, frames
from rabta.pnt.orbits import states
from rabta.pnt.signals import LIGHT_M_S
from rabta.verify.pnt import b2b as suite

PEER = json.loads((Path(__file__).parent / "cssrlib.json").read_text(encoding="utf-8"))["files"]
LOGS = ("b2b_2023-189/bdsb2b_189e.txt.gz", "b2b_2025-233/233h_bdsb2b.txt.gz")
NOW = int(gnsstime.from_week(2380, 370_800))
SECOND = 370_800 % 86_400 - 14  # of the BDT day


def _frames(*messages, prn=59, step=1):
    data = np.stack(messages)
    times = NOW + np.arange(len(data)) * step * 10**9
    return b2b.Frames(times, np.full(len(data), prn, np.int16), data, np.arange(len(data), dtype=np.int32))


@pytest.mark.shared
@pytest.mark.parametrize("name", LOGS)
def test_every_field_of_an_hour_is_what_cssrlib_reads(shared, name):
    log = frames.read(shared / "data/gnss" / name)
    assert log.failed == 0
    assert not log.notes
    messages = b2b.decode(log)
    for sender, expected in PEER[Path(name).name].items():
        lines = suite.canonical(messages, int(sender[1:]))
        assert len(lines) == expected["lines"]
        assert suite.digest(lines) == expected["sha256"], sender


def test_suite():
    assert all(row.passed for row in suite.rows(None))


@pytest.mark.shared
def test_the_time_scale_of_a_log_is_found(shared):
    """One log's seconds are BDT, the other's GPS time; the epochs of clocks are 6 to 8 s old in both."""
    for name, scale, hour in ((LOGS[0], "bdt", "2023-07-08T04:00"), (LOGS[1], "gps", "2025-08-21T07:00")):
        log = frames.read(shared / "data/gnss" / name)
        assert log.scale == scale
        start = gnsstime.from_calendar(hour)
        assert abs(log.received[0] - start) < 5 * 10**9
        messages = b2b.decode(log)
        age = (log.received - messages.epoch)[log.kind == 4] / 1e9
        assert age.min() >= 6
        assert age.max() <= 8


def test_a_shipped_mask_is_written_alike():
    message = np.frombuffer(bytes.fromhex(suite.MESSAGES[0]), dtype=np.uint8).copy()
    slots = [int(slot) for slot in suite.FOUR[0].split(" ")[3].split(",")]
    ours = encode.mask(int(frames.epoch_seconds(message[None])[0]), 1, 2, slots)
    message[3] &= 0x1F  # reserved bits, which the sender uses
    np.testing.assert_array_equal(ours[:57], message[:57])
    assert frames.crc_holds(ours[None]).all()


def test_all_types_come_back():
    nan = float("nan")
    orbit = [
        encode.Orbit(21, 777, 5, 1.2544, -2.6304, 0.0064, 3, 4),
        encode.Orbit(68, 83, 1, nan, nan, nan, 7, 7),
    ]
    clock = [encode.Clock(5, -0.3968), encode.Clock(1, 26.2112), encode.Clock(2, nan)]
    sent = [
        encode.mask(SECOND, 2, 3, (21, 68, 174)),
        encode.orbits(SECOND, 2, orbit),
        encode.code_biases(SECOND, 2, [(21, [(0, 4.114), (12, nan)]), (68, [(0, -1.7), (2, 0.017)])]),
        encode.clocks(SECOND, 2, 3, 0, clock),
        encode.accuracies(SECOND, 2, 3, 0, [(1, 2), (7, 7)]),
        encode.mixed(SECOND, 2, clock, orbit, iodp=3, first=1),
        encode.mixed(SECOND, 2, [encode.Clock(3, 0.5, slot=68)], orbit),
        encode.mixed(SECOND, 2, [], orbit),
    ]
    messages = b2b.decode(_frames(*sent))
    assert (messages.epoch == gnsstime.from_week(2380, 370_800)).all()
    np.testing.assert_array_equal(np.flatnonzero(messages.masks.slots[0]) + 1, [21, 68, 174])
    orbits = messages.orbits
    np.testing.assert_array_equal(orbits.frame, [1, 1, 5, 5, 6, 6, 7, 7])
    np.testing.assert_array_equal(orbits.slot, [21, 68] * 4)
    np.testing.assert_array_equal(orbits.iodn[:2], [777, 83])
    np.testing.assert_allclose(orbits.radial_m, [1.2544, nan] * 4)
    np.testing.assert_allclose(orbits.along_m, [-2.6304, nan] * 4)
    np.testing.assert_array_equal(orbits.ura_class, [3, 7] * 4)
    clocks = messages.clocks
    np.testing.assert_allclose(clocks.c0_m[:3], [-0.3968, 26.2112, nan])
    assert np.isnan(clocks.c0_m[3:23]).all()
    np.testing.assert_array_equal(clocks.frame[23:], [5, 5, 5, 6])
    np.testing.assert_array_equal(clocks.place[23:], [1, 2, 3, -1])
    np.testing.assert_array_equal(clocks.slot[23:], [0, 0, 0, 68])
    np.testing.assert_array_equal(clocks.iodp[23:], [3, 3, 3, -1])
    np.testing.assert_array_equal(messages.biases.slot, [21, 21, 68, 68])
    np.testing.assert_allclose(messages.biases.bias_m, [4.114, nan, -1.7, 0.017])
    np.testing.assert_array_equal(messages.accuracies.ura_class[:3], [1, 7, 0])


def test_user_range_accuracy():
    """BDS-SIS-ICD-PPP-B2b-1.0: 3^class (1 + value / 4) - 1 mm."""
    np.testing.assert_allclose(biases.ura_m([1, 2, 7], [0, 7, 6]), [0.002, 0.02375, 5.4665], rtol=1e-6)


def _corrections(*messages, **more):
    return b2b.corrections(b2b.decode(_frames(*messages, **more)))


def test_orbit_and_clock_go_together_only_by_their_issues():
    mask = encode.mask(SECOND, 1, 4, (21, 68))
    old, new = encode.Orbit(21, 8, 2, 0.16, 0, 0), encode.Orbit(21, 9, 3, 0.32, 0, 0)
    first = encode.clocks(SECOND, 1, 4, 0, [encode.Clock(2, 1.6), encode.Clock(0, 0.8)])
    second = encode.clocks(SECOND, 1, 4, 0, [encode.Clock(3, 3.2)])
    other = encode.clocks(SECOND, 2, 4, 0, [encode.Clock(3, 4.8)])  # another IOD SSR: of no mask
    sent = [mask, encode.orbits(SECOND, 1, [old]), first, second, encode.orbits(SECOND, 1, [new]), other]
    found = _corrections(*sent)
    times = NOW + np.arange(7) * 10**9
    rows = found.at("C", 21, times)
    np.testing.assert_array_equal(rows < 0, [True, True, False, False, False, False, False])
    # at 3 s a clock of an issue whose orbit is not there yet: the pair before holds on
    np.testing.assert_array_equal(found.iodn[rows[2:]], [8, 8, 9, 9, 9])
    np.testing.assert_allclose(found.c0_m[rows[2:]], [1.6, 1.6, 3.2, 3.2, 3.2])
    np.testing.assert_allclose(found.offset_m[rows[2:], 0], [0.16, 0.16, 0.32, 0.32, 0.32])
    assert (found.at("G", 5, times) < 0).all()  # a clock but no orbit
    assert found.at("C", 21, NOW + 60 * 10**9)[0] < 0  # too old
    assert b2b.corrected(found, int(times[5])) == ["C21"]


def test_a_new_orbit_of_the_same_issue_is_used_at_once():
    mask = encode.mask(SECOND, 1, 4, (21,))
    clock = encode.clocks(SECOND, 1, 4, 0, [encode.Clock(2, 1.6)])
    orbits = [encode.orbits(SECOND, 1, [encode.Orbit(21, 8, 2, radial, 0, 0)]) for radial in (0.16, 0.32)]
    found = _corrections(mask, orbits[0], clock, orbits[1])
    rows = found.at("C", 21, NOW + np.array([2, 3]) * 10**9)
    np.testing.assert_allclose(found.offset_m[rows, 0], [0.16, 0.32])


def test_a_later_accuracy_replaces_the_orbits_own():
    mask = encode.mask(SECOND, 1, 4, (21, 68))
    orbit = encode.orbits(SECOND, 1, [encode.Orbit(21, 8, 2, 0.16, 0, 0, 3, 4)])
    clock = encode.clocks(SECOND, 1, 4, 0, [encode.Clock(2, 1.6)])
    accuracy = encode.accuracies(SECOND, 1, 4, 0, [(4, 0), (7, 7)])
    found = _corrections(mask, orbit, clock, accuracy, clock)
    rows = found.at("C", 21, NOW + np.array([2, 4]) * 10**9)
    np.testing.assert_allclose(found.ura_m[rows], [0.053, 0.080])


def test_each_sender_is_a_chain_of_its_own():
    mask, clock = encode.mask(SECOND, 1, 4, (21,)), encode.clocks(SECOND, 1, 4, 0, [encode.Clock(2, 1.6)])
    orbit = encode.orbits(SECOND, 1, [encode.Orbit(21, 8, 2, 0.16, 0, 0)])
    log = _frames(mask, clock, orbit)
    log.prn[1] = 60
    messages = b2b.decode(log)
    assert not b2b.corrections(messages, 59).slot.size
    assert not b2b.corrections(messages, 60).slot.size
    with pytest.raises(RabtaError, match="C59, C60"):
        b2b.corrections(messages, 61)


def _navigation(shared):
    return rinex.navigation(shared / "data/gnss/b2b_2025-233/233h_rnx.nav.gz").ephemerides


@pytest.mark.shared
def test_corrected_states(shared):
    """The offset in its own axes is what was sent, and the clock's is C0 / c."""
    log = frames.read(shared / "data/gnss" / LOGS[1])
    found, ephemerides = b2b.corrections(b2b.decode(log)), _navigation(shared)
    time = int(log.received[0]) + 1800 * 10**9
    names = b2b.corrected(found, time)
    assert {"C21", "C22", "G10", "G25"} <= set(names)
    system, prn = [n[0] for n in names], [int(n[1:]) for n in names]
    got = b2b.corrected_states(found, ephemerides, system, prn, np.full(len(names), time))
    there = np.flatnonzero(got.correction >= 0)
    assert {str(ephemerides["kind"][i]) for i in got.ephemeris[there]} == {"CNV1", "LNAV"}
    plain = states(ephemerides, got.ephemeris[there], np.full(there.size, time))
    shift = got.states.position_m[there] - plain.position_m
    sent = found.offset_m[got.correction[there]]
    np.testing.assert_allclose(np.linalg.norm(shift, axis=1), np.linalg.norm(sent, axis=1), rtol=1e-6)
    radial = plain.position_m / np.linalg.norm(plain.position_m, axis=1, keepdims=True)
    np.testing.assert_allclose((shift * radial).sum(axis=1), -sent[:, 0], atol=1e-6)
    forward = plain.velocity_m_s / np.linalg.norm(plain.velocity_m_s, axis=1, keepdims=True)
    np.testing.assert_allclose((shift * forward).sum(axis=1), -sent[:, 1], atol=0.05)
    clock = (got.states.clock_s[there] - plain.clock_s) * LIGHT_M_S
    np.testing.assert_allclose(clock, -found.c0_m[got.correction[there]], atol=1e-6)
    for i in there:  # BeiDou by IODC of B-CNAV1, GPS by IODE of LNAV
        row = ephemerides[got.ephemeris[i]]
        assert int(row["iode"]) == found.iodn[got.correction[i]] & 255


@pytest.mark.shared
def test_corrections_are_of_the_size_of_broadcast_errors_and_smooth(shared):
    """PPP-B2b's orbit corrections are below some metres; clocks move by centimetres in 6 s."""
    for name in LOGS:
        log = frames.read(shared / "data/gnss" / name)
        found = b2b.corrections(b2b.decode(log))
        assert np.abs(found.offset_m).max() < 6.0
        assert np.median(np.linalg.norm(found.offset_m, axis=1)) < 2.0
        for slot in np.unique(found.slot):
            part = found.slot == slot
            same = np.diff(found.iodn[part]) == 0
            step = np.abs(np.diff(found.c0_m[part]))[same]
            assert step.size == 0 or np.quantile(step, 0.99) < 0.12, slot


@pytest.mark.shared
def test_a_change_of_the_broadcast_issue_is_not_seen_in_corrected_satellites(shared):
    """Eight BeiDou satellites change from issue 18 to 19: clocks jump by up to 57 cm, corrected ones do not.

    With the opposite sign of a correction, or another's issue, jumps would double instead.
    """
    log = frames.read(shared / "data/gnss" / LOGS[1])
    found = b2b.handovers(b2b.corrections(b2b.decode(log)), _navigation(shared))
    assert {"C21", "C22", "C36", "C38", "C39", "C42", "C45"} <= set(found.satellite)
    assert np.abs(found.clock).max() > 0.4
    assert found.orbit.max() > 0.08
    assert found.corrected_orbit.max() < 0.015
    assert np.abs(found.corrected_clock).max() < 0.012


@pytest.mark.shared
def test_coverage_of_places(shared):
    log = frames.read(shared / "data/gnss" / LOGS[1])
    found, ephemerides = b2b.corrections(b2b.decode(log)), _navigation(shared)
    lat, lon = np.array([33.7, 24.9, -30.0]), np.array([73.1, 67.0, -110.0])
    times = log.received[0] + np.array([900, 1800, 2700]) * 10**9
    cover = b2b.coverage(found, ephemerides, ecef_from_geodetic(lat, lon), times)
    assert cover.systems == ("C", "G")
    total = cover.count.sum(axis=2)
    assert (total[:, :2] >= 4).all()
    assert (total[:, 2] <= 2).all()  # the far side of the service's area
    assert np.nanmax(cover.accuracy_m) < 5.5


def test_code_biases():
    first = encode.code_biases(SECOND, 1, [(21, [(0, 4.114), (12, 0.0)]), (68, [(0, -1.7)])])
    second = encode.code_biases(SECOND, 1, [(21, [(0, 3.4)])])
    found = _corrections(first, second)
    got = found.bias_m(["C", "G", "C", "C"], [21, 5, 21, 21], ["2I", "1C", "5P", "6I"], NOW)
    np.testing.assert_allclose(got, [4.114, -1.7, np.nan, 0.0])
    times = NOW + np.array([-1, 0, 1, 90_000]) * 10**9
    np.testing.assert_allclose(found.bias_m("C", 21, "2I", times), [np.nan, 4.114, 3.4, np.nan])


def test_logs_that_are_damaged(tmp_path):
    good = f"2380 370817 60 34 64 {suite.MESSAGES[0]}000000"
    bad = good.replace("1ffefffe", "1ffeffff")
    text = "\n".join(
        ["week tow", good, bad, good[:60], "", good.replace("370817", "-5"), "2380 370818 60 34"]
    )
    path = tmp_path / "log.txt"
    path.write_text(text, encoding="ascii")
    log = frames.read(path)
    assert log.prn.size == 1
    assert log.failed == 1
    assert f"{path}:3: CRC fails" in log.notes
    assert f"{path}:4: not a PPP-B2b message" in log.notes
    weeks_of_bdt = frames.read(good.replace("2380", str(2380 - 1356)).encode(), scale="gps")
    np.testing.assert_array_equal(weeks_of_bdt.received, frames.read(good.encode(), scale="gps").received)
    frames.write(log, tmp_path / "again.txt")
    again = frames.read(tmp_path / "again.txt", scale="gps")
    np.testing.assert_array_equal(again.data, log.data)
    np.testing.assert_array_equal(again.received, log.received)
    with pytest.raises(RabtaError, match="no PPP-B2b message"):
        frames.read(b"nothing")
    with pytest.raises(RabtaError, match="damaged"):
        frames.read(b"\x1f\x8bnothing")


def test_nothing_is_invented_of_nothing():
    empty = _frames(encode.mask(SECOND, 1, 1, ()))
    found = b2b.corrections(b2b.decode(empty))
    assert b2b.corrected(found, NOW) == []
    assert (found.at(["C"], [21], [NOW]) == -1).all()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.binary(min_size=61, max_size=61), min_size=1, max_size=12), st.integers(0, 7))
def test_any_bits_are_read_without_harm(rows, kind):
    data = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(-1, 61).copy()
    data[:, 0] = data[:, 0] & 3 | kind << 2
    messages = b2b.decode(_frames(*data))
    found = b2b.corrections(messages)
    assert ((found.slot >= 1) & (found.slot <= 174)).all()
    assert np.isnan(found.bias_m("C", 3, "9Z", NOW)).all()
    assert np.isfinite(found.offset_m).all()
    assert chain.senders(messages) == ({59: len(rows)} if kind else {})


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400))
def test_any_file_is_refused_or_read(raw):
    try:
        log = frames.read(raw)
    except RabtaError:
        return
    assert log.data.shape[1] == 61
