"""NMEA 0183: sentences of the standard and of receivers, the two files under a spoofer, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.streams import nmea


def _log(*bodies):
    return "".join(f"${body}*{nmea.checksum(body)}\r\n" for body in bodies).encode()


def test_gga_and_rmc():
    """The example of GGA that is everywhere, and its RMC, whose date puts it in GPS time."""
    track = nmea.read(
        _log(
            "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230399,003.1,W",
            "GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",
            "GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1",
            "GPVTG,054.7,T,034.4,M,005.5,N,010.2,K",
        )
    )
    np.testing.assert_allclose(track.position_deg_m[0], [48.1173, 11.516667, 592.3], atol=1e-6)
    assert track.times[0] == gnsstime.from_utc("1999-03-23T12:35:19")
    assert (track.quality[0], track.used[0]) == (1, 8)
    np.testing.assert_allclose(track.dop[0], [2.5, 1.3, 2.1])
    assert track.speed_m_s[0] == pytest.approx(10.2 / 3.6)


def test_beidou_talkers_and_numbers():
    track = nmea.read(
        _log(
            "GNGGA,000033.00,2813.33,S,11259.48,W,4,16,0.8,69.3,M,-16.7,M,,",
            "BDGSV,1,1,02,147,36,197,41,188,70,351,",
            "GBGSV,1,1,01,21,36,197,41,5",
            "GLGSV,1,1,01,70,36,197,41",
        )
    )
    assert track.position_deg_m[0, 0] < 0
    assert track.position_deg_m[0, 1] < 0
    assert list(zip(track.sky_system, track.sky_prn, strict=True)) == [
        ("C", 7),
        ("C", 48),
        ("C", 21),
        ("R", 6),
    ]
    np.testing.assert_allclose(track.sky[:, 2], [41, np.nan, 41, 41])
    assert track.sky_signal.tolist() == ["", "", "5", ""]
    assert track.times[0] == -1  # no sentence tells the date


def test_midnight():
    fix = "00.00,1000.0,N,02000.0,E,1,08,0.9,5,M,0,M,,"
    track = nmea.read(_log("GPZDA,235900.00,31,12,2024,00,00", f"GPGGA,2359{fix}", f"GPGGA,0000{fix}"))
    np.testing.assert_array_equal(np.diff(track.times), [60 * 10**9])


def test_gns():
    track = nmea.read(_log("GNGNS,122310.0,3722.425671,N,12258.856215,W,DAAA,14,0.9,1005.543,6.5,,"))
    np.testing.assert_allclose(track.position_deg_m[0], [37.37376118, -122.98093692, 1012.043], atol=1e-6)
    assert track.quality[0] == 2


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "fixes"), [("spoof_init_-0.5chips", 262), ("spoof_init_-4.0chips_2.0v_prn8", 147)]
)
def test_a_static_receiver_under_a_spoofer(shared, name, fixes):
    """Positions move by at most some metres and every C/N0 stays 41, as was measured with other tools."""
    track = nmea.read(shared / "data/gnss/spoof_nmea" / f"{name}.DAT.gz")
    assert track.second.size == fixes
    assert not track.notes
    assert set(track.sky_system) == {"C"}
    assert np.nanmax(np.abs(np.diff(track.position_deg_m[:, :2], axis=0))) < 2e-4
    assert {1, 2, 3, 4, 5} <= set(track.sky_prn.tolist())  # the GEO satellites over Asia


def test_bad_lines_are_said():
    good = _log("GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,")
    track = nmea.read(
        good + b"$GPGGA,1*00\nrubbish\n" + _log("GPGGA,xx,4807.038,N,01131.000,E,1,08,0.9,5,M,4,M,,")
    )
    assert track.second.size == 1
    assert track.notes == (
        "stream:2: checksum fails",
        "stream:3: not a sentence",
        "stream:4: GPGGA has a field that is not as the standard says",
    )
    with pytest.raises(RabtaError, match="no NMEA 0183"):
        nmea.read(b"rubbish")


FIELDS = st.text(alphabet="0123456789.,-NSEWAV", max_size=60)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(nmea._READERS)), FIELDS), min_size=1, max_size=5))
def test_any_fields_are_read_without_harm(rows):
    track = nmea.read(_log(*(f"GB{name},{fields}" for name, fields in rows)))
    assert track.second.size <= len(rows)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(raw):
    try:
        nmea.read(raw)
    except RabtaError:
        return
