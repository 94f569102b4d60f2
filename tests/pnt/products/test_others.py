"""Antennas, maps of the ionosphere and stations, whole and damaged."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import from_calendar, from_utc
from rabta.pnt.products import antex, ionex, sinex


def row(text: str, label: str) -> str:
    return f"{text:<60}{label}\n"


def antenna(type_: str, serial: str, bands: str, step: float, valid: str = "") -> str:
    """An antenna of ANTEX 1.4 (section 4): angles 0 to 20 by 10 degrees."""
    text = row("", "START OF ANTENNA") + row(f"{type_:<20}{serial:<20}", "TYPE / SERIAL NO")
    text += row(f"  {step:6.1f}", "DAZI") + row("     0.0  20.0  10.0", "ZEN1 / ZEN2 / DZEN")
    text += row(f"{len(bands.split()):6d}", "# OF FREQUENCIES") + valid
    for band in bands.split():
        text += row(f"   {band}", "START OF FREQUENCY") + row(
            "      1.25     -0.50    160.25", "NORTH / EAST / UP"
        )
        text += "   NOAZI    0.00   -0.50   -1.25\n"
        azimuths = np.arange(round(360 / step) + 1) * step if step else []
        text += "".join(f"{a:8.1f}    0.00   -0.50{-1.25 - a / 1000:8.2f}\n" for a in azimuths)
        text += row(f"   {band}", "END OF FREQUENCY")
    return text + row("", "END OF ANTENNA")


VALID = row("  2020     1     1     0     0    0.0000000", "VALID FROM")
UNTIL = row("  2022    12    31    23    59   59.9999999", "VALID UNTIL")
ANTEX = (
    row("     1.4            M", "ANTEX VERSION / SYST") + row("A", "PCV TYPE / REFANT")
    + row("", "END OF HEADER")
    + antenna("BEIDOU-3M CAST", "C21", "C01 C02 C06", 0.0, VALID + UNTIL)
    + antenna("BEIDOU-3M CAST", "C21", "C02", 0.0, VALID.replace("2020", "2023"))
    + antenna("LEIAR25.R3      LEIT", "", "G01 G02 C02", 90.0)
)  # fmt: skip


def test_antex() -> None:
    found = antex.read(ANTEX.encode())
    assert found.types() == ("LEIAR25.R3      LEIT",)
    assert found.satellites() == ("C21",)
    mine = found.receiver("LEIAR25.R3 LEIT")
    assert set(mine.patterns) == {"G1", "G2", "C2"}
    np.testing.assert_allclose(mine.patterns["C2"].offset_m, [1.25e-3, -0.5e-3, 160.25e-3])
    np.testing.assert_allclose(mine.patterns["C2"].zenith_m, [0.0, -0.5e-3, -1.25e-3])
    np.testing.assert_allclose(mine.azimuths_deg, [0.0, 90.0, 180.0, 270.0, 360.0])
    assert mine.patterns["G1"].azimuth_m is not None
    assert mine.patterns["G1"].azimuth_m[4, 2] == pytest.approx(-1.61e-3)
    assert len(found.satellite("C21", int(from_calendar("2021-01-01"))).patterns) == 3
    assert len(found.satellite("C21", int(from_calendar("2024-01-01"))).patterns) == 1
    assert found.notes == ()


def test_antex_refuses_another_radome_and_time() -> None:
    found = antex.read(ANTEX.encode())
    with pytest.raises(RabtaError, match="LEIAR25"):
        found.receiver("LEIAR25.R3 NONE")
    with pytest.raises(RabtaError, match="no antenna of this satellite"):
        found.satellite("C21", int(from_calendar("2019-01-01")))
    with pytest.raises(RabtaError, match="no antenna of this satellite"):
        found.satellite("C22", 0)
    cut = antex.read(ANTEX[: ANTEX.rindex("     0.0")].encode())
    with pytest.raises(RabtaError, match="cut short"):
        cut.receiver("LEIAR25.R3 LEIT")


def ionex_text(rms: bool = False) -> str:
    """Two maps of 3 latitudes by 18 longitudes (IONEX 1.1, section 3)."""
    text = row("     1.1            IONOSPHERE MAPS     GNSS", "IONEX VERSION / TYPE")
    text += row("  3600", "INTERVAL") + row("COSZ", "MAPPING FUNCTION") + row("  6371.0", "BASE RADIUS")
    text += row("   450.0 450.0   0.0", "HGT1 / HGT2 / DHGT") + row(
        "    10.0 -10.0 -10.0", "LAT1 / LAT2 / DLAT"
    )
    text += row("  -170.0 170.0  20.0", "LON1 / LON2 / DLON") + row("    -1", "EXPONENT")
    text += row("   C21    -3.125     0.010", "PRN / BIAS / RMS") + row("", "END OF HEADER")
    for kind in ("TEC", "RMS") if rms else ("TEC",):
        for hour in (0, 1):
            text += row(f"{hour + 1:6d}", f"START OF {kind} MAP")
            text += row(f"  2024     1    10{hour:6d}     0     0", "EPOCH OF CURRENT MAP")
            for latitude in (10.0, 0.0, -10.0):
                text += row(f"  {latitude:6.1f}-170.0 170.0  20.0 450.0", "LAT/LON1/LON2/DLON/H")
                cells = [f"{int(100 + latitude + 10 * hour + k):5d}" for k in range(17)] + [" 9999"]
                text += "".join(cells[:16]) + "\n" + "".join(cells[16:]) + "\n"
            text += row(f"{hour + 1:6d}", f"END OF {kind} MAP")
    return text + row("", "END OF FILE")


def test_ionex() -> None:
    maps = ionex.read(ionex_text(rms=True).encode())
    assert maps.notes == ()
    assert maps.times.tolist() == from_utc(["2024-01-10T00:00:00", "2024-01-10T01:00:00"]).tolist()
    assert maps.latitudes_deg.tolist() == [10.0, 0.0, -10.0]
    assert maps.longitudes_deg[[0, -1]].tolist() == [-170.0, 170.0]
    assert maps.tec_tecu.shape == (2, 3, 18) == maps.rms_tecu.shape
    assert maps.tec_tecu[1, 0, 16] == pytest.approx(13.6)
    assert np.isnan(maps.tec_tecu[:, :, 17]).all()
    assert (maps.height_m, maps.radius_m) == (450e3, 6371e3)
    assert maps.header["dcb_ns"] == {"C21": -3.125}
    assert np.isnan(ionex.read(ionex_text().encode()).rms_tecu).all()


def test_ionex_damage() -> None:
    text = ionex_text()
    broken = ionex.read(text.replace("  111", "  1x1", 1).encode())
    assert "cannot be read" in broken.notes[0]
    assert np.isnan(broken.tec_tecu[0, 0]).all()
    assert np.isfinite(broken.tec_tecu[0, 1, :17]).all()
    with pytest.raises(RabtaError, match="several heights"):
        ionex.read(text.replace("   450.0 450.0   0.0", "   250.0 450.0  50.0").encode())
    with pytest.raises(RabtaError, match="makes no sense"):
        ionex.read(text.replace("    10.0 -10.0 -10.0", "    10.0 -10.0   0.0").encode())


SINEX = """%=SNX 2.02 RAB 24:001:00000 IGS 24:001:00000 24:002:00000 P 00006 2 S
+SITE/ECCENTRICITY
 WTZR  A    1 P 95:040:00000 00:000:00000 UNE   0.0710   0.0020   0.0010
-SITE/ECCENTRICITY
+SOLUTION/ESTIMATE
*INDEX _TYPE_ CODE PT SOLN _REF_EPOCH__ UNIT S ___ESTIMATED_VALUE___ __STD_DEV__
     1 STAX   WTZR  A    3 20:316:43200 m    2  4.07558028839302e+06 3.90521e-04
     2 STAY   WTZR  A    3 20:316:43200 m    2  9.31854068459978e+05 1.91753e-04
     3 STAZ   WTZR  A    3 20:316:43200 m    2  4.80156828521145e+06 4.23154e-04
     4 VELX   WTZR  A    3 20:316:43200 m/y  2 -1.55000000000000e-02 1.00000e-04
     5 VELY   WTZR  A    3 20:316:43200 m/y  2  1.72000000000000e-02 1.00000e-04
     6 VELZ   WTZR  A    3 20:316:43200 m/y  2  1.05000000000000e-02 1.00000e-04
     7 STAX   HALF  A    1 20:316:43200 m    2  4.07558028839302e+06 3.90521e-04
-SOLUTION/ESTIMATE
%ENDSNX
"""


def test_sinex() -> None:
    found = sinex.positions(SINEX.encode())
    assert list(found) == ["WTZR"]
    position, epoch, velocity = found["WTZR"]
    assert position.tolist() == [4075580.28839302, 931854.068459978, 4801568.28521145]
    assert epoch == int(from_calendar("2020-11-11T12:00:00"))
    assert velocity is not None
    assert velocity.tolist() == [-0.0155, 0.0172, 0.0105]
    assert sinex.eccentricities(SINEX.encode())["WTZR"].tolist() == [0.002, 0.001, 0.071]
    with pytest.raises(RabtaError, match="cannot be read"):
        sinex.positions(SINEX.replace("4.07558028839302e+06", "4.0755x028839302e+06").encode())


@pytest.mark.shared
def test_real_sinex(shared: Path) -> None:
    found = sinex.positions(shared / "data" / "gnss" / "igs20P2131_wocov.snx.gz")
    assert len(found) == 549
    np.testing.assert_allclose(
        found["WTZR"][0], [4075580.28839, 931854.06846, 4801568.28521], rtol=0, atol=1e-5
    )


READERS = (antex.read, ionex.read, sinex.positions, sinex.eccentricities)


@pytest.mark.parametrize("reader", READERS[:3])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 99, ANTEX[:240].encode(), ionex_text()[:900].encode(), b"%=SNX\n"]
)
def test_nothing_to_use(reader: object, content: bytes) -> None:
    with pytest.raises(RabtaError):
        reader(content)  # type: ignore[operator]


edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=4)), max_size=6)


@given(st.sampled_from((ANTEX, ionex_text(), SINEX)), edits)
@settings(deadline=None, max_examples=300)
def test_damaged(text: str, changes: list[tuple[float, int, bytes]]) -> None:
    data = text.encode()
    for where, drop, piece in changes:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + drop :]
    for reader in READERS:
        with contextlib.suppress(RabtaError):
            found = reader(data)
            if isinstance(found, antex.Antennas):
                for name in found.satellites():
                    with contextlib.suppress(RabtaError):
                        found.satellite(name, int(from_calendar("2021-01-01")))
                for name in found.types():
                    with contextlib.suppress(RabtaError):
                        found.receiver(name)
