"""RTCM 3: the standard's own example, a round trip of every system, damage, nothing invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt import gnsstime, rinex
from rabta.pnt.records import Navigation, Observations, SystemObservations
from rabta.pnt.signals import frequency_hz
from rabta.pnt.streams import ephemerides, frames, msmwriter, rtcm, signals

# RTCM 10403.3 section 4.2: a complete message 1005 with what it says
EXAMPLE = bytes.fromhex("d300133ed7d30202980edeef34b4bd62ac0941986f33360b98")
NOW = int(gnsstime.from_week(2320, 432_123.4))
NAV4 = "data/gnss/nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"


def test_the_standards_example():
    stream = rtcm.read(EXAMPLE, NOW)
    assert stream.counts == {1005: 1}
    assert stream.station.number == 2003
    np.testing.assert_allclose(
        stream.station.position_m, [1114104.5999, -4850729.7108, 3975521.4643], atol=5e-5
    )


def _system(letter, codes, prns, rng, lock=0):
    rows = len(prns)
    values = np.empty((rows, 4 * len(codes)))
    ranges = rng.uniform(1.9e7, 4.1e7, rows)
    rates = rng.uniform(-900, 900, rows)
    for i, code in enumerate(codes):
        hertz = np.array([frequency_hz(letter, code[0], slot=prn % 7 - 3) for prn in prns])
        metres = ranges + rng.uniform(-60, 60, rows)
        values[:, 4 * i] = metres
        values[:, 4 * i + 1] = (metres + rng.uniform(-20, 20, rows)) * hertz / 299_792_458.0
        values[:, 4 * i + 2] = -(rates + rng.uniform(-0.4, 0.4, rows)) * hertz / 299_792_458.0
        values[:, 4 * i + 3] = rng.uniform(20, 55, rows)
    names = tuple(kind + code for code in codes for kind in "CLDS")
    flags = np.zeros(values.shape, dtype=np.uint8)
    return SystemObservations(
        names, np.zeros(rows, np.int32), np.array(prns, np.int16), values, flags + lock, flags
    )


CODES = {
    "G": ("1C", "1W", "2L", "2W", "5Q"),
    "R": ("1C", "2C"),
    "E": ("1C", "5Q", "7Q", "6C"),
    "C": ("2I", "6I", "7I", "1P", "5P"),
    "J": ("1C", "2L", "5Q"),
    "S": ("1C",),
    "I": ("5A",),
}


def _observations(seed=3):
    rng = np.random.default_rng(seed)
    prns = {"R": range(1, 10), "C": (1, 6, 20, 33, 45, 59, 60), "J": (1, 2, 7), "S": (23, 28), "I": (2, 10)}
    parts = {k: _system(k, codes, tuple(prns.get(k, range(1, 12))), rng) for k, codes in CODES.items()}
    header = {"glonass_slots": {f"R{prn:02d}": prn % 7 - 3 for prn in range(1, 25)}}
    return Observations(np.array([NOW]), np.zeros(1, np.uint8), parts, header)


@pytest.mark.parametrize(("digit", "metre", "rate"), [(7, 2.9e-4, 5.1e-5), (4, 9e-3, None)])
def test_observations_come_back(digit, metre, rate):
    """To half of the least bit: 2^-30 ms of range in MSM7 (10403.3 section 3.5.16), 2^-25 ms in MSM4."""
    sent = _observations()
    data = msmwriter.write(sent, digit, 17)
    slots = {prn: prn % 7 - 3 for prn in range(1, 25)}
    got = rtcm.read(data, NOW - 200_000 * 10**9, slots).observations
    np.testing.assert_array_equal(got.times, sent.times)
    assert set(got.systems) == set(CODES)
    for letter, part in sent.systems.items():
        back = got.systems[letter]
        np.testing.assert_array_equal(back.prn, part.prn)
        for code in CODES[letter]:
            hertz = np.array([frequency_hz(letter, code[0], slot=prn % 7 - 3) for prn in part.prn])
            np.testing.assert_allclose(back.column("C" + code), part.column("C" + code), atol=metre)
            wave = 299_792_458.0 / hertz
            error = (back.column("L" + code) - part.column("L" + code)) * wave
            assert np.abs(error).max() <= metre
            np.testing.assert_allclose(back.column("S" + code), part.column("S" + code), atol=0.501)
            if rate:
                error = (back.column("D" + code) - part.column("D" + code)) * wave
                assert np.abs(error).max() <= rate
            else:
                assert np.isnan(back.column("D" + code)).all()


def test_loss_of_lock_and_half_cycles():
    rng = np.random.default_rng(1)
    first, second = _system("G", ("1C",), (5,), rng), _system("G", ("1C",), (5,), rng, lock=3)
    parts = [
        Observations(np.array([NOW + i * 10**9]), np.zeros(1, np.uint8), {"G": s})
        for i, s in enumerate((first, second))
    ]
    got = rtcm.read(b"".join(msmwriter.write(part) for part in parts), NOW).observations.systems["G"]
    np.testing.assert_array_equal(got.lock[:, got.codes.index("L1C")], [0, 3])


def test_a_stream_over_the_end_of_the_week():
    """Time fields fall back to zero, GLONASS's at another time than GPS's."""
    end = int(gnsstime.from_week(2321, -1.5))
    sent = [
        Observations(np.array([end + i * 10**9]), np.zeros(1, np.uint8), _observations(i).systems)
        for i in range(4)
    ]
    got = rtcm.read(b"".join(msmwriter.write(part) for part in sent), end - 3000 * 10**9).observations
    np.testing.assert_array_equal(got.times, end + np.arange(4) * 10**9)


def test_glonass_without_frequency_numbers_has_no_phase():
    sent = _observations()
    bare = Observations(sent.times, sent.flags, {"R": sent.systems["R"]})
    stream = rtcm.read(msmwriter.write(bare), NOW)
    assert np.isnan(stream.observations.systems["R"].column("L1C")).all()
    assert np.isfinite(stream.observations.systems["R"].column("C1C")).all()


def test_every_epoch_needs_a_week_from_somewhere():
    stream = rtcm.read(msmwriter.write(_observations()))
    assert any("taken to be this computer's" in note for note in stream.notes)


@pytest.mark.shared
def test_ephemerides_come_back(shared):
    rows = rinex.navigation(shared / NAV4).ephemerides
    kinds = (
        ("G", "LNAV"),
        ("J", "LNAV"),
        ("C", "D1"),
        ("C", "D2"),
        ("E", "INAV"),
        ("E", "FNAV"),
        ("R", "FDMA"),
    )
    named = np.array([(str(r["system"]), str(r["kind"])) in kinds for r in rows])
    chosen = rows[named][::5]
    data = rtcm.ephemeris_messages(Navigation(chosen))
    moment = int(gnsstime.from_calendar("2026-03-09T12:00"))
    back = rtcm.read(data, moment).navigation.ephemerides
    loose = {"sent", "health", "integrity_flags", "data_source", "fit_h", "tgd2", "t_op", "af2", "l2_flag"}
    found = {
        (str(r["system"]), int(r["prn"]), str(r["kind"]), int(r["toe"]), int(r["iode"])): r for r in back
    }
    for row in chosen:
        key = tuple(row[name] for name in ("system", "prn", "kind", "toe", "iode"))
        got = found[str(key[0]), int(key[1]), str(key[2]), int(key[3]), int(key[4])]
        if row["kind"] == "FDMA" and np.isnan(row["status"]):
            continue
        for name in set(back.dtype.names) - loose:
            if back.dtype[name].kind != "f":
                assert got[name] == row[name], (key, name)
            elif not (np.isnan(got[name]) and np.isnan(row[name])):
                assert f"{got[name]:.12e}" == f"{row[name]:.12e}", (key, name)
    assert chosen.size > 1200


def test_ephemerides_that_rtcm_has_no_message_for():
    from rabta.pnt.records import empty_ephemerides

    row = empty_ephemerides(1)
    row["system"], row["kind"], row["prn"] = "C", "CNV1", 20
    with pytest.raises(RabtaError, match="no message for this ephemeris"):
        ephemerides.write(row[0])
    assert rtcm.ephemeris_messages(Navigation(row)) == b""


def test_station_messages():
    position = np.array([1114104.5999, -4850729.7108, 3975521.4643])
    texts = ("TRM59800.00     NONE", "123", "REC", "2.1", "8")
    station = rtcm.Station(77, position, 1.5, *texts, {"1C": 1.24, "2P": -3.0})
    back = rtcm.read(rtcm.station_messages(station), NOW).station
    np.testing.assert_allclose(back.position_m, station.position_m, atol=5e-5)
    assert (back.number, back.height_m, back.antenna, back.antenna_serial) == (
        77,
        1.5,
        "TRM59800.00     NONE",
        "123",
    )
    assert (back.receiver, back.firmware, back.receiver_serial) == ("REC", "2.1", "8")
    assert dict(back.glonass_bias_m) == {"1C": 1.24, "2P": -3.0}


def test_what_is_damaged_is_skipped_and_said():
    data = msmwriter.write(_observations())
    whole = rtcm.read(data, NOW)
    count = sum(whole.counts.values())
    broken = bytearray(b"noise\xd3" + data + EXAMPLE[:20])
    broken[100] ^= 4
    stream = rtcm.read(bytes(broken), NOW)
    assert sum(stream.counts.values()) == count - 1
    assert "bytes 0 to" in stream.notes[0]
    with pytest.raises(RabtaError, match="no RTCM 3 message"):
        rtcm.read(b"\xd3\x00\x00nothing")


def test_a_message_that_promises_more_than_it_holds():
    payload = frames.split(msmwriter.write(_observations())).payload(0)
    stream = rtcm.read(frames.frame(payload[:60]), NOW)
    assert any("shorter than its masks say" in note for note in stream.notes)
    assert not stream.observations.times.size


def test_signal_tables_name_only_known_signals():
    for letter in CODES:
        for code in signals.table(letter)[1:]:
            assert code == "" or frequency_hz(letter, code[0]) > 1e9


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4095), st.binary(max_size=120)), max_size=6))
def test_any_payload_is_read_without_harm(messages):
    data = b"".join(frames.frame((kind << 4).to_bytes(2, "big") + body) for kind, body in messages)
    known = [1005, 1006, 1033, 1230, *ephemerides.KINDS, 1074, 1077, 1087, 1097, 1127]
    data += b"".join(frames.frame((known[k % 15] << 4).to_bytes(2, "big") + body) for k, body in messages)
    try:
        stream = rtcm.read(data, NOW)
    except RabtaError:
        return
    assert sum(stream.counts.values()) == 2 * len(messages)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(raw):
    try:
        rtcm.read(raw, NOW)
    except RabtaError:
        return
