"""Precise orbits and clocks, whole and damaged."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import NS, from_calendar, from_utc
from rabta.pnt.products import clk, sp3

# Shapes of the format's own examples (SP3-d, 2016, appendix): own numbers
SP3 = """#dP2024  1 10  0  0  0.00000000       2 ORBIT IGS20 FIT  RAB
## 2296 259200.00000000   900.00000000 60319 0.0000000000000
+    3   G01C21R05  0  0  0  0  0  0  0  0  0  0  0  0  0  0
++         2  3  4  0  0  0  0  0  0  0  0  0  0  0  0  0  0
%c M  cc GPS ccc cccc cccc cccc cccc ccccc ccccc ccccc ccccc
%f  1.2500000  1.025000000  0.00000000000  0.000000000000000
/* a comment
*  2024  1 10  0  0  0.00000000
PG01  15402.861499  21607.418873   -992.500000    133.123456  9  9  8 149     MP
PC21 -11562.163582  14053.114306  23345.128269 999999.999999
PR05      0.000000      0.000000      0.000000 999999.999999
*  2024  1 10  0 15  0.00000000
PG01  15400.861499  21600.418873   -900.500000    133.223456              EP
PC21 -11560.163582  14050.114306  23340.128269     -4.500000
PR05  11560.163582  14050.114306  13340.128269     10.000000
EOF
"""
CLK = """     3.00           CLOCK DATA          M                   RINEX VERSION / TYPE
   GPS                                                      TIME SYSTEM ID
RAB  made here                                              ANALYSIS CENTER
                                                            END OF HEADER
AR WTZR 2024 01 10 00 00  0.000000  1   -0.123456789012E-07
AS G01  2024 01 10 00 00  0.000000  2   -0.884707516318E-03  0.337986288247E-10
AS C21  2024 01 10 00 00  0.000000  1    0.100000000000E-03
AS G01  2024 01 10 00 00 30.000000  2   -0.884707500000E-03  0.337986288247E-10
"""


def clk304() -> str:
    """The same in version 3.04: names of nine characters, labels from column 65."""
    rows = CLK.splitlines()
    head = [f"{row[:60]:<65}{row[60:]}".replace("3.00", "3.04") for row in rows[:4]]
    return "\n".join([*head, *(f"{row[:7]}     {row[7:]}" for row in rows[4:])]) + "\n"


def test_sp3() -> None:
    orbits = sp3.read(SP3.encode())
    assert orbits.notes == ()
    assert orbits.satellites == ("G01", "R05", "C21")
    assert orbits.times[0] == int(from_calendar("2024-01-10"))
    assert np.diff(orbits.times).tolist() == [900 * NS]
    np.testing.assert_allclose(
        orbits.position_m[0, 0], [15402861.499, 21607418.873, -992500.0], rtol=0, atol=1e-6
    )
    assert orbits.clock_s[0, 0] == pytest.approx(133.123456e-6, abs=1e-18)
    assert np.isnan(orbits.clock_s[0, 1:]).all()
    assert np.isnan(orbits.position_m[0, 1]).all()
    assert orbits.flags[0].tolist() == [sp3.MANEUVER | sp3.PREDICTED, 0, 0]
    assert orbits.flags[1].tolist() == [sp3.CLOCK_EVENT | sp3.CLOCK_PREDICTED, 0, 0]
    assert orbits.velocity_m_s is None
    assert (orbits.header["frame"], orbits.header["interval_s"]) == ("IGS20", 900.0)


def test_sp3_a_velocities_and_time() -> None:
    old = (
        SP3.replace("#d", "#a")
        .replace(" cc GPS ", " cc ccc ")
        .replace("PG01", "P  1")
        .replace("C21R05", " 0 0  ")
    )
    assert sp3.read(old.encode()).satellites[0] == "G01"
    row = "PC21 -11562.163582  14053.114306  23345.128269 999999.999999\n"
    moving = SP3.replace(row, row + "VC21  10000.000000 -20000.000000      1.000000 999999.999999\n")
    moving = moving.replace(" cc GPS ", " cc BDT ")
    orbits = sp3.read(moving.encode())
    assert orbits.times[0] == int(from_calendar("2024-01-10")) + 14 * NS
    assert orbits.velocity_m_s is not None
    np.testing.assert_allclose(orbits.velocity_m_s[0, 2], [1000.0, -2000.0, 0.1])
    assert np.isnan(orbits.velocity_m_s[1]).all()
    utc = sp3.read(SP3.replace(" cc GPS ", " cc UTC ").encode())
    assert utc.times[0] == int(from_utc("2024-01-10"))


def test_sp3_damage_is_noted() -> None:
    text = (
        SP3.replace("PC21 -11562.163582", "PC21 -1156x.163582")
        .replace("EOF\n", "")
        .replace("PR05  11560", "PX05  11560")
    )
    orbits = sp3.read(text.encode())
    said = " ".join(orbits.notes)
    assert ":10: a position that cannot be read" in said
    assert ":15: a position" in said
    assert "cut short" in said
    assert np.isnan(orbits.position_m[0, orbits.satellites.index("C21")]).all()


def test_clk() -> None:
    for text in (CLK, clk304()):
        clocks = clk.read(text.encode())
        assert clocks.satellites == ("G01", "C21")
        np.testing.assert_array_equal(clocks.bias_s, [[-0.884707516318e-3, 1e-4], [-0.8847075e-3, np.nan]])
        np.testing.assert_array_equal(clocks.sigma_s[0], [0.337986288247e-10, np.nan])
        assert clocks.times[1] - clocks.times[0] == 30 * NS
        receivers = clk.read(text.encode(), receivers=True)
        assert receivers.satellites == ("WTZR",)
        assert receivers.bias_s[0, 0] == -0.123456789012e-7


@pytest.mark.parametrize("reader", [sp3.read, clk.read])
@pytest.mark.parametrize(
    "content", [b"", b"#", b"\x00" * 99, b"#dP2024\n*\n", CLK[: CLK.index("AR")].encode()]
)
def test_nothing_to_use(reader: object, content: bytes) -> None:
    with pytest.raises(RabtaError):
        reader(content)  # type: ignore[operator]


edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=4)), max_size=6)


@given(st.sampled_from((SP3, CLK, clk304())), edits)
@settings(deadline=None, max_examples=300)
def test_damaged(text: str, changes: list[tuple[float, int, bytes]]) -> None:
    data = text.encode()
    for where, drop, piece in changes:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + drop :]
    for reader in (sp3.read, clk.read):
        with contextlib.suppress(RabtaError):
            found = reader(data)
            assert (np.diff(found.times) > 0).all()
            assert len(set(found.satellites)) == len(found.satellites)


@pytest.mark.shared
def test_real_orbits_and_clocks_agree(shared: Path) -> None:
    """The centre's clocks are given in both files: SP3 to 1e-12 s, CLK to 1e-15 s."""
    folder = shared / "data" / "gnss" / "esbc"
    orbits = sp3.read(folder / "GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz")
    clocks = clk.read(folder / "GRG0MGXFIN_20201770000_01D_30S_CLK.CLK.gz")
    assert orbits.position_m.shape == (96, 75, 3)
    assert clocks.bias_s.shape == (2880, 75)
    assert set(orbits.header["satellites"]) == set(orbits.satellites) == set(clocks.satellites)
    rows = np.searchsorted(clocks.times, orbits.times)
    columns = [clocks.satellites.index(name) for name in orbits.satellites]
    difference = clocks.bias_s[np.ix_(rows, columns)] - orbits.clock_s
    assert np.nanmax(np.abs(difference)) < 1e-12
