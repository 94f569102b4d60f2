"""UBX: messages made here, read as arrays and, beside them, by pyubx2."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt import gnsstime, rinex
from rabta.pnt.messages import d1d2, galileo, glonass, lnav
from rabta.pnt.messages.fields import number
from rabta.pnt.streams import ubx

pyubx2 = pytest.importorskip("pyubx2")

WEEK, TOW = 2409, 129_600.25
NAV4 = "data/gnss/nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"


def _message(kind, payload):
    body = bytes(kind) + struct.pack("<H", len(payload)) + payload
    return b"\xb5\x62" + body + ubx._sum(body)


def _raw(cells, tow=TOW):
    """RXM-RAWX of cells (gnss, satellite, signal, slot byte, range, phase, doppler, lock, C/N0, status)."""
    head = struct.pack("<dHbBBBH", tow, WEEK, 18, len(cells), 1, 1, 0)
    rows = [
        struct.pack("<ddfBBBBHBBBBBB", r, p, d, g, s, i, f, k, c, 1, 1, 1, t, 0)
        for g, s, i, f, r, p, d, k, c, t in cells
    ]
    return _message(b"\x02\x15", head + b"".join(rows))


CELLS = [
    (0, 5, 0, 0, 2.1e7, 1.1e8, -1234.5, 64500, 45, 7),
    (0, 5, 3, 0, 2.1e7 + 3, 8.6e7, -960.25, 400, 41, 7),
    (3, 21, 0, 0, 2.5e7, 1.3e8, 500.0, 64500, 47, 7),
    (3, 21, 5, 0, 2.5e7 + 1, 1.31e8, 501.0, 64500, 44, 3),
    (3, 60, 1, 0, 3.8e7, 2.0e8, 1.0, 100, 40, 1),
    (6, 9, 0, 5, 2.2e7, 1.2e8, 10.0, 64500, 44, 7),
    (2, 4, 1, 0, 2.3e7, 1.25e8, 20.0, 64500, 44, 7),
    (1, 128, 0, 0, 3.9e7, 2.05e8, 2.0, 64500, 39, 7),
]


def test_observations():
    later = [(*cell[:7], 0 if cell[1] == 5 else cell[7], *cell[8:]) for cell in CELLS]
    got = ubx.read(_raw(CELLS) + _raw(later, TOW + 1)).observations
    np.testing.assert_array_equal(got.times, gnsstime.from_week(WEEK, np.array([TOW, TOW + 1])))
    beidou, gps = got.systems["C"], got.systems["G"]
    assert beidou.column("C2I")[:2].tolist() == [2.5e7, 3.8e7]
    assert beidou.column("L1P")[0] == 1.31e8
    assert np.isnan(beidou.column("L2I")[1])  # phase not valid
    assert beidou.lock[0, beidou.codes.index("L1P")] == 2  # half cycle not known
    assert gps.lock[:, gps.codes.index("L1C")].tolist() == [0, 1]
    assert got.systems["S"].prn.tolist() == [28, 28]
    assert got.header["glonass_slots"] == {9: -2}


def test_the_same_as_pyubx2():
    frame = _raw(CELLS)
    parsed = pyubx2.UBXReader.parse(frame)
    got = ubx.read(frame).observations
    for i, cell in enumerate(CELLS, start=1):
        letter = ubx.SYSTEMS[cell[0]]
        code = ubx.SIGNALS[letter][cell[2]]
        part = got.systems[letter]
        row = int(np.flatnonzero(part.prn == cell[1] - 100 * (letter == "S"))[0])
        assert part.column("C" + code)[row] == getattr(parsed, f"prMes_{i:02d}")
        assert part.column("S" + code)[row] == getattr(parsed, f"cno_{i:02d}")
        assert part.column("D" + code)[row] == pytest.approx(getattr(parsed, f"doMes_{i:02d}"))


def _subframe(gnss, satellite, signal, words, slot=0):
    head = struct.pack("<BBBBBBBB", gnss, satellite, signal, slot, len(words), 1, 2, 0)
    return _message(b"\x02\x13", head + struct.pack(f"<{len(words)}I", *words))


def _words(bits, size):
    padded = np.zeros(-(-bits.size // size) * size, dtype=np.uint8)
    padded[: bits.size] = bits
    return [number(part) for part in padded.reshape(-1, size)]


@pytest.mark.shared
def test_subframes(shared):
    """Records of a published day as u-blox would hand them over: each comes back with the numbers it has."""
    rows = rinex.navigation(shared / NAV4).ephemerides
    want = {("G", "LNAV"): [], ("C", "D1"): [], ("C", "D2"): [], ("E", "INAV"): [], ("R", "FDMA"): []}
    for row in rows[::7]:
        key = (str(row["system"]), str(row["kind"]))
        if key in want and len(want[key]) < 2 and not (key[0] == "R" and np.isnan(row["status"])):
            want[key].append(row)
    data = _raw(CELLS[:1], float(gnsstime.week_seconds(rows["toe"][0])[1]))
    for row in (r for part in want.values() for r in part):
        prn, kind = int(row["prn"]), str(row["kind"])
        if kind == "LNAV":
            data += b"".join(_subframe(0, prn, 0, _words(bits, 30)) for bits in lnav.encode(row))
        elif kind in ("D1", "D2"):
            parts = d1d2.encode_d1(row) if kind == "D1" else d1d2.encode_d2(row)
            data += b"".join(_subframe(3, prn, 0, _words(bits, 30)) for bits in parts)
        elif kind == "INAV":
            for word in galileo.encode(row).values():
                even, odd = galileo.page(word)
                data += _subframe(2, prn, 1, _words(even, 128 // 4) + _words(odd, 128 // 4))
        else:
            slot = int(row["slot"]) + 7
            data += b"".join(_subframe(6, prn, 0, _words(b, 32), slot) for b in glonass.encode(row).values())
    found = ubx.read(data).navigation
    assert found.ephemerides.size == sum(len(part) for part in want.values())
    assert {message.model for message in found.ionosphere} >= {"klobuchar"}
    for row in (r for part in want.values() for r in part):
        back = found.ephemerides[
            (found.ephemerides["prn"] == row["prn"]) & (found.ephemerides["kind"] == row["kind"])
        ]
        assert (back["toe"] == row["toe"]).any()
        name = "x" if row["kind"] == "FDMA" else "m0"
        assert np.min(np.abs(back[name] - row[name])) <= 1e-12 * abs(row[name])


def test_fixes_and_front_end():
    date = {"year": 2026, "month": 3, "day": 9, "hour": 12, "min": 0, "second": 18, "nano": 250}
    place = {"lon": 67.01, "lat": 24.86, "height": 12_345, "velN": 1500, "velE": -200, "velD": 10}
    state = {
        "validDate": 1,
        "validTime": 1,
        "fixType": 3,
        "numSV": 17,
        "hAcc": 1500,
        "vAcc": 2500,
        "pDOP": 1.23,
    }
    pvt = pyubx2.UBXMessage("NAV", "NAV-PVT", pyubx2.GET, **date, **place, **state)
    rf = struct.pack("<BBxx", 0, 1) + struct.pack(
        "<BBBBIxxxxHHBbBbBxxx", 0, 2, 2, 1, 0, 90, 5000, 128, 1, 100, 1, 100
    )
    log = ubx.read(pvt.serialize() + _message(b"\x0a\x38", rf))
    assert log.counts == {"MON-RF": 1, "NAV-PVT": 1}
    np.testing.assert_allclose(log.fixes.position_deg_m[0], [24.86, 67.01, 12.345], atol=1e-6)
    np.testing.assert_allclose(log.fixes.velocity_m_s[0], [1.5, -0.2, 0.01])
    assert log.fixes.times[0] == gnsstime.from_utc("2026-03-09T12:00:18") + 250
    assert log.front_end.times[0] == log.fixes.times[0]
    assert log.front_end.agc[0] == pytest.approx(5000 / 8191)
    assert log.front_end.jamming[0] == pytest.approx(128 / 255)
    assert log.front_end.state[0] == 2


def test_damage_is_said():
    frame = _raw(CELLS)
    bad = bytearray(frame)
    bad[20] ^= 1
    log = ubx.read(b"text" + bytes(bad) + frame)
    assert log.counts == {"RXM-RAWX": 1}
    assert "are not UBX" in log.notes[0]
    short = _message(b"\x02\x15", frame[6:-2][:40])
    assert "not as long as they say" in ubx.read(short + frame).notes[0]
    with pytest.raises(RabtaError, match="no UBX message"):
        ubx.read(b"nothing")
    assert ubx.read(b"$G\xf6\xff,\n$\x80\x81\n" + frame).counts == {"RXM-RAWX": 1}
    with pytest.raises(RabtaError, match="no such time"):
        gnsstime.parse("garbage")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(ubx._NAMES)), st.binary(max_size=150)), min_size=1, max_size=4)
)
def test_any_payload_is_read_without_harm(rows):
    log = ubx.read(b"".join(_message(kind, payload) for kind, payload in rows))
    assert sum(log.counts.values()) == len(rows)
