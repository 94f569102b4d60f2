"""Observation files as receivers write them, whole and damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt import rinex
from rabta.pnt.gnsstime import NS, from_calendar, from_utc


def head(text: str, label: str) -> str:
    return f"{text:<60}{label}\n"


def file3(
    body: str, *lines: str, version: str = "3.04", codes: str | None = None, time: str = "GPS"
) -> bytes:
    """A RINEX 3 file with GPS and BeiDou codes."""
    usual = head("G    4 C1C L1C D1C S1C", "SYS / # / OBS TYPES") + head(
        "C    2 C2I L2I", "SYS / # / OBS TYPES"
    )
    return (
        head(f"     {version:<15}OBSERVATION DATA    M", "RINEX VERSION / TYPE")
        + (usual if codes is None else codes)
        + "".join(lines)
        + head(f"  2024     1    10     0     0    0.0000000     {time}", "TIME OF FIRST OBS")
        + head("", "END OF HEADER")
        + body
    ).encode()


EPOCH = "> 2024 01 10 00 00  0.0000000  0  2\n"
GPS = "G05  20362708.189 7 107006421.12317     -1234.567          45.250\n"
BDS = "C21  23629347.915 8 123045678.98706\n"


def test_values_locks_and_strengths() -> None:
    obs = rinex.observations(file3(EPOCH + GPS + BDS))
    assert obs.notes == ()
    assert obs.times.tolist() == [int(from_calendar("2024-01-10"))]
    gps, bds = obs.systems["G"], obs.systems["C"]
    assert gps.codes == ("C1C", "L1C", "D1C", "S1C")
    np.testing.assert_array_equal(gps.values, [[20362708.189, 107006421.123, -1234.567, 45.25]])
    assert gps.lock.tolist() == [[0, 1, 0, 0]]
    assert gps.strength.tolist() == [[7, 7, 0, 0]]
    assert bds.column("L2I").tolist() == [123045678.987]
    assert bds.lock[0, 1] == 0
    assert bds.strength[0].tolist() == [8, 6]
    assert np.isnan(bds.column("C6I")).all()


def test_blanks_zeros_and_short_lines_are_missing() -> None:
    body = (
        EPOCH.replace("  2\n", "  3\n")
        + "G 5"
        + " " * 16
        + "         0.000\n"
        + BDS[:3]
        + "\n"
        + GPS.replace("G05", "G06")
    )
    obs = rinex.observations(file3(body))
    assert np.isnan(obs.systems["G"].values[0]).all()
    assert np.isnan(obs.systems["C"].values).all()
    assert obs.systems["G"].prn.tolist() == [5, 6]
    assert obs.notes == ()


@pytest.mark.parametrize(
    ("version", "written", "read"),
    [
        ("3.02", "C1I", "C2I"),  # RINEX 3.02 table 9: B1 is band 1
        ("3.02", "C2I", "C2I"),
        ("3.02", "C1X", "C2X"),
        ("3.03", "C2I", "C2I"),
        ("3.04", "C1I", "C2I"),  # no such code since 3.03: can only be B1I
        ("3.04", "C1X", "C1X"),  # B1C
        ("3.05", "C1P", "C1P"),
        ("4.02", "C2X", "C2X"),
        ("4.02", "C1D", "C1D"),
        ("3.04", "X1", "X1"),  # channel number
    ],
)
def test_names_of_b1i(version: str, written: str, read: str) -> None:
    codes = head(f"C    2 {written} L{written[1:]}", "SYS / # / OBS TYPES")
    obs = rinex.observations(file3(EPOCH.replace("  2\n", "  1\n") + BDS, version=version, codes=codes))
    assert obs.systems["C"].codes == (read, "L" + read[1:])
    again = rinex.observations(rinex.observations_text(obs)[0])
    assert again.systems["C"].codes == obs.systems["C"].codes
    assert bool(obs.notes) == (written == "C1I" and version != "3.02")


def test_one_signal_under_two_names() -> None:
    codes = head("C    3 C2I C1I C6I", "SYS / # / OBS TYPES")
    body = "> 2024 01 10 00 00  0.0000000  0  2\n"
    body += f"C21{23629347.915:14.3f}{'':18}{'':2}{23629340.0:12.3f}\n" + f"C22{'':16}{23629347.0:14.3f}\n"
    obs = rinex.observations(file3(body, codes=codes))
    assert obs.systems["C"].codes == ("C2I", "C6I")
    np.testing.assert_array_equal(obs.systems["C"].values, [[23629347.915, 23629340.0], [23629347.0, np.nan]])
    assert "3.02" in obs.notes[0]


def test_more_than_thirteen_codes_and_scale_factors() -> None:
    names = [f"{kind}{band}" for band in ("1C", "2W", "5Q", "2L") for kind in "CLDS"]
    codes = head(f"G   16 {' '.join(names[:13])}", "SYS / # / OBS TYPES")
    codes += head(f"       {' '.join(names[13:])}", "SYS / # / OBS TYPES")
    scale = head("G   10   2 C1C L1C", "SYS / SCALE FACTOR")
    row = "G05" + "".join(f"{k + 1:14.3f}  " for k in range(16)) + "\n"
    obs = rinex.observations(file3(EPOCH.replace("  2\n", "  1\n") + row, scale, codes=codes))
    assert obs.systems["G"].codes == tuple(names)
    np.testing.assert_allclose(obs.systems["G"].values[0], [0.1, 0.2, *range(3, 17)], rtol=0, atol=1e-12)


def test_scale_factor_of_all_codes() -> None:
    scale = head("C  100", "SYS / SCALE FACTOR")
    obs = rinex.observations(file3(EPOCH + GPS + BDS, scale))
    assert obs.systems["C"].column("C2I")[0] == pytest.approx(236293.47915, abs=1e-9)
    assert obs.systems["G"].column("C1C")[0] == 20362708.189


def test_events_and_a_change_of_codes() -> None:
    change = "> 2024 01 10 00 00 10.0000000  4  2\n" + head("G    2 C1C C5Q", "SYS / # / OBS TYPES")
    change += head("G: two codes from here", "COMMENT")
    later = "> 2024 01 10 00 00 30.0000000  1  1       0.000000001234\nG05  20362708.189    20362709.000  \n"
    outside = "> 2024 01 10 00 00 40.0000000  5  0\n"
    obs = rinex.observations(file3(EPOCH + GPS + BDS + change + later + outside))
    gps = obs.systems["G"]
    assert gps.codes == ("C1C", "L1C", "D1C", "S1C", "C5Q")
    np.testing.assert_array_equal(gps.column("C5Q"), [np.nan, 20362709.0])
    np.testing.assert_array_equal(gps.column("L1C"), [107006421.123, np.nan])
    assert obs.flags.tolist() == [0, 1]
    assert obs.header["clock_offset_s"][1] == 1.234e-9
    assert [(epoch, flag) for epoch, flag, _ in obs.header["events"]] == [(1, 4), (2, 5)]
    assert len(obs.notes) == 1
    assert obs.notes[0].endswith(":9: the observation codes change here")


def test_cycle_slip_records_are_left_out() -> None:
    slip = "> 2024 01 10 00 00 30.0000000  6  1\n" + GPS
    obs = rinex.observations(file3(EPOCH + GPS + BDS + slip))
    assert obs.times.size == 1
    assert obs.systems["G"].prn.size == 1
    assert "cycle slips" in obs.notes[0]


@pytest.mark.parametrize(("scale", "shift"), [("GPS", 0), ("GAL", 0), ("QZS", 0), ("BDT", 14), ("GLO", 18)])
def test_time_systems(scale: str, shift: int) -> None:
    obs = rinex.observations(file3(EPOCH + GPS + BDS, time=scale))
    assert int(obs.times[0]) - int(from_calendar("2024-01-10")) == shift * NS


def test_header_facts() -> None:
    lines = [
        head("ESBC00DNK", "MARKER NAME"),
        head("3047937             SEPT POLARX5        5.2.0", "REC # / TYPE / VERS"),
        head("CR5200327016        ASH701945E_M    SCIS", "ANT # / TYPE"),
        head("  3582105.2910   532589.7313  5232754.8054", "APPROX POSITION XYZ"),
        head("        0.2160        0.0010        0.0020", "ANTENNA: DELTA H/E/N"),
        head("    30.000", "INTERVAL"),
        head("  2 R01  1 R02 -4", "GLONASS SLOT / FRQ #"),
        head(" C1C  -71.940 C1P  -71.940", "GLONASS COD/PHS/BIS"),
        head("G L2L  0.25000  02 G05 G06", "SYS / PHASE SHIFT"),
        head("    18    18  1929     7", "LEAP SECONDS"),
        head("C L2I", "SYS / PHASE SHIFT"),
    ]
    found = rinex.observations(file3(EPOCH + GPS + BDS, *lines)).header
    assert found["marker"] == "ESBC00DNK"
    assert (found["receiver"], found["antenna"]) == ("SEPT POLARX5", "ASH701945E_M    SCIS")
    assert found["approx_position_m"] == (3582105.291, 532589.7313, 5232754.8054)
    assert found["antenna_hen_m"] == (0.216, 0.001, 0.002)
    assert found["interval_s"] == 30.0
    assert found["glonass_slots"] == {1: 1, 2: -4}
    assert found["glonass_biases_m"] == {"C1C": -71.94, "C1P": -71.94}
    assert found["phase_shifts"] == {"GL2L G05": 0.25, "GL2L G06": 0.25}
    assert found["leap_seconds"] == 18


# RINEX 2.11 table A7 shows this form: 13 satellites on two lines, seven types on two lines each
OLD = (
    head("     2.11           OBSERVATION DATA    M (MIXED)", "RINEX VERSION / TYPE")
    + head("     7    C1    P1    P2    L1    L2    S1    D1", "# / TYPES OF OBSERV")
    + head("  2005     3    24    13    10   36.0000000     GPS", "TIME OF FIRST OBS")
    + head("", "END OF HEADER")
    + " 05  3 24 13 10 36.0000000  0 13G12G09G06 01G02G03G04R01R02R03E11S20 -.123456789\n"
    + " " * 32
    + "G31\n"
)


def old_rows(count: int) -> str:
    row = "".join(f"{20e6 + k + 0.125:14.3f} 5" for k in range(5))
    return "".join(row + "\n" + f"{40.0 + n:14.3f}  {-100.5:14.3f}\n" for n in range(count))


def test_rinex_2_with_many_satellites_and_types() -> None:
    obs = rinex.observations((OLD + old_rows(13)).encode())
    assert obs.notes == ()
    assert obs.systems["G"].prn.tolist() == [12, 9, 6, 1, 2, 3, 4, 31]
    assert obs.systems["G"].codes == ("C1C", "C1W", "C2W", "L1C", "L2W", "S1C", "D1C")
    assert obs.systems["R"].codes == ("C1C", "C1P", "C2P", "L1C", "L2P", "S1C", "D1C")
    assert obs.systems["E"].codes == ("C1X", "L1X", "S1X", "D1X")
    assert obs.systems["S"].prn.tolist() == [20]
    np.testing.assert_array_equal(obs.systems["G"].values[-1], [*(20e6 + 0.125 + np.arange(5)), 52.0, -100.5])
    assert obs.header["clock_offset_s"].tolist() == [-0.123456789]
    assert int(obs.times[0]) == int(from_calendar("2005-03-24T13:10:36"))


def test_rinex_2_events_and_damage() -> None:
    event = "                            4  1\n" + head("     1    C1", "# / TYPES OF OBSERV")
    later = " 05  3 24 13 11  6.0000000  0  1G12\n  20000001.000\n"
    obs = rinex.observations((OLD + old_rows(13) + event + later + "rubbish in between\n" + later).encode())
    assert obs.systems["G"].column("C1C")[-1] == 20000001.0
    assert obs.times.size == 3
    assert sum("outside of any epoch" in note for note in obs.notes) == 1
    assert any("does not go on" in note for note in obs.notes)


def test_compressed_forms(tmp_path: Path) -> None:
    plain = file3(EPOCH + GPS + BDS)
    path = tmp_path / "a.rnx.gz"
    path.write_bytes(gzip.compress(plain))
    import hatanaka

    crinex = hatanaka.rnx2crx(file3(EPOCH + GPS + BDS, head("x", "PGM / RUN BY / DATE")))
    for source in (path, str(path), crinex, gzip.compress(crinex), plain.replace(b"\n", b"\r\n")):
        obs = rinex.observations(source)
        assert obs.systems["G"].column("C1C").tolist() == [20362708.189]


def test_damage_is_noted_with_its_line_and_the_rest_is_used() -> None:
    shifted = GPS.replace(
        "20362708.189 7", "2036270.189 7"
    )  # a digit is missing: all that follows is shifted
    letters = GPS.replace("G05", "G07").replace("20362708.189", "2036x708.189")
    body = (
        EPOCH.replace("  2\n", "  7\n")
        + shifted
        + letters
        + "X11  1.0\n"
        + BDS
        + GPS.replace("G05", "G08")
        + BDS
    )
    obs = rinex.observations(file3(body + "> 2024 13 10 00 00  0.0000000  0  1\n" + BDS))
    notes = " ".join(obs.notes)
    gps = obs.systems["G"]
    assert np.isnan(gps.values[0]).all()
    np.testing.assert_array_equal(gps.values[1], [np.nan, 107006421.123, -1234.567, 45.25])
    assert np.isfinite(gps.values[2]).all()
    assert obs.systems["C"].prn.tolist() == [21]
    for said in (
        "7: a value that is no number",
        "8: a value",
        "9: a satellite that is not known",
        "6: an epoch with fewer",
    ):
        assert said in notes, said
    assert "12: C21 a second time in one epoch" in notes
    assert "13: an epoch without a date" in notes


def test_a_file_cut_within_a_number_does_not_invent_one() -> None:
    whole = file3(EPOCH + GPS + BDS)
    for cut in range(len(whole) - len(BDS) + 4, len(whole)):
        obs = rinex.observations(whole[:cut])
        if "C" in obs.systems:
            values = obs.systems["C"].values[0]
            right = np.array([23629347.915, 123045678.987])
            assert (np.isnan(values) | (values == right)).all(), cut


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"\x00\xff" * 500, "not a RINEX file"),
        (b"\x1f\x8b rubbish", "damaged"),
        (b"\x1f\x9d rubbish", "cannot unpack"),
        (file3(EPOCH + GPS, version="5.00"), "version"),
        (file3(EPOCH + GPS, version="abc"), "version"),
        (file3(EPOCH + GPS).replace(b"OBSERVATION DATA", b"NAVIGATION DATA "), "another kind"),
        (file3("").replace(b"END OF HEADER", b"END OF NOTHING"), "no end"),
        (file3(""), "nothing in the observation file"),
        (file3(EPOCH + GPS, codes=""), "no observation codes"),
    ],
)
def test_nothing_to_use(content: bytes, said: str) -> None:
    with pytest.raises(RabtaError, match=said):
        rinex.observations(content)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="cannot read"):
        rinex.observations(tmp_path / "absent.rnx")


def test_across_a_leap_second() -> None:
    body = "> 2016 12 31 23 59 60.0000000  0  1\n" + BDS + "> 2017 01 01 00 00  0.0000000  0  1\n" + BDS
    obs = rinex.observations(file3(body, time="GPS"))
    assert np.diff(obs.times).tolist() == [0]  # GPS time has no 60th second: it is the next minute
    assert int(from_utc("2017-01-01")) - int(obs.times[1]) == 18 * NS
