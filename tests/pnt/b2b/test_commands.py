"""``rabta pnt b2b`` and ``rabta pnt stream``."""

import json

import numpy as np
import pytest

from rabta.cli.pnt.b2b import b2b
from rabta.cli.pnt.stream import stream
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.records import Observations, SystemObservations
from rabta.pnt.streams import msmwriter
from rabta.verify.pnt.b2b import MESSAGES

NOW = int(gnsstime.from_calendar("2026-03-09T12:00:00"))


def _log(folder):
    path = folder / "log.txt"
    lines = [f"2380 {370817 + i} 60 34 64 {m}000000\n" for i, m in enumerate(MESSAGES)]
    path.write_text("".join(lines), encoding="ascii")
    return path


def test_b2b(tmp_path, capsys):
    b2b(_log(tmp_path), json_=True)
    found = json.loads(capsys.readouterr().out)
    assert found["messages"] == {"1": 1, "2": 1, "3": 1, "4": 1}
    assert found["senders"] == {"C60": 4}
    assert found["crc_failures"] == 0
    assert {row["satellite"] for row in found["satellites"]} <= {f"C{n:02d}" for n in range(19, 47)}
    b2b(_log(tmp_path))
    assert "corrections of C60" in capsys.readouterr().out
    with pytest.raises(RabtaError, match="no such file"):
        b2b(tmp_path / "absent")


@pytest.mark.shared
def test_b2b_over_places(shared, capsys):
    """An hour with its navigation file, over Islamabad."""
    folder = shared / "data/gnss/b2b_2025-233"
    b2b(folder / "233h_bdsb2b.txt.gz", [folder / "233h_rnx.nav.gz"], at=["33.69,73.06"], json_=True)
    found = json.loads(capsys.readouterr().out)
    assert found["scale"] == "gps"
    assert found["places"][0]["least"] >= 7
    with pytest.raises(RabtaError, match="not a place"):
        b2b(folder / "233h_bdsb2b.txt.gz", [folder / "233h_rnx.nav.gz"], at=["Karachi"])


def _rtcm(folder):
    part = SystemObservations(
        *(("C2I", "L2I"), np.zeros(2, np.int32), np.array([21, 33], np.int16)),
        *(np.full((2, 2), [2.3e7, 1.2e8]), np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8)),
    )
    path = folder / "log.rtcm3"
    path.write_bytes(msmwriter.write(Observations(np.array([NOW]), np.zeros(1, np.uint8), {"C": part})))
    return path


def test_stream_rtcm(tmp_path, capsys):
    stream(_rtcm(tmp_path), near="2026-03-09T11:00", obs=tmp_path / "out.obs", json_=True)
    found = json.loads(capsys.readouterr().out)
    assert found["protocol"] == "rtcm"
    assert found["first_gps"] == "2026-03-09T12:00:00.000"
    assert found["signals"]["C"]["satellites"] == 2
    assert "C21" in (tmp_path / "out.obs").read_text()


def test_stream_nmea(tmp_path, capsys):
    path = tmp_path / "log.nmea"
    path.write_text("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n" * 2)
    stream(path)
    out = capsys.readouterr().out
    assert "NMEA: 2 of GGA" in out
    assert "48.1173" in out
    with pytest.raises(RabtaError, match="rtcm, ubx, nmea"):
        stream(path, protocol="sbf")
