"""Navigation files of all versions and kinds, whole and damaged."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt import rinex
from rabta.pnt.gnsstime import NS, from_calendar, from_utc, from_week
from rabta.pnt.records import Navigation


def head(text: str, label: str) -> str:
    return f"{text:<60}{label}\n"


def file(
    body: str, version: str = "4.02", lines: str = "", kind: str = "NAVIGATION DATA", system: str = "M"
) -> bytes:
    top = head(f"     {version:<15}{kind:<20}{system}", "RINEX VERSION / TYPE")
    return (top + lines + head("", "END OF HEADER") + body).encode()


# From the hour 2025-233: the same C19 as CNV1 to CNV3 would be long; here one record of each shape
LNAV = """G02 2022 06 08 10 00 00-6.528543308377E-04 3.410605131648E-13 0.000000000000E+00
     9.600000000000E+01 3.384375000000E+01 4.106242470052E-09-2.157708626665E+00
     1.812353730202E-06 2.041313482914E-02 9.221956133842E-06 5.153679471970E+03
     2.952000000000E+05 3.594905138016E-07 2.277502707678E+00 2.756714820862E-07
     9.659928182326E-01 2.033437500000E+02-1.414485730254E+00-7.679605600684E-09
     5.857386840816E-11 1.000000000000E+00 2.213000000000E+03 0.000000000000E+00
     2.800000000000E+00 0.000000000000E+00-1.769512891769E-08 9.600000000000E+01
     2.880180000000E+05 4.000000000000E+00
"""
CNV3 = """C38 2025 08 21 05 00 00 2.429392188787E-04 2.092548356813E-12 0.000000000000E+00
    -8.387088775635E-03-4.558984375000E+01 1.335591347026E-09-1.565028565264E+00
    -1.410022377968E-06 2.342335996218E-03-1.571699976921E-05 6.493309007824E+03
     3.636000000000E+05-2.533197402954E-07 1.311052938937E+00-1.164153218269E-07
     1.016347280681E+00 7.396562500000E+02-2.569752275697E+00-2.975838241322E-09
    -4.303750697063E-11 3.128182059151E-14 2.000000000000E+00 3.666000000000E+05
     0.000000000000E+00-5.000000000000E+00-1.000000000000E+00-1.000000000000E+00
     2.000000000000E+00 0.000000000000E+00 0.000000000000E+00-4.889443516731E-09
     3.671860000000E+05
"""


def cell(value: float) -> str:
    return f"{value:19.12E}"


def shaped(first: str, *rows: tuple[float, ...]) -> str:
    """A record of given numbers: the first line's three, then four a line; NaN is a blank."""
    texts = ["".join(cell(x) if np.isfinite(x) else " " * 19 for x in row).rstrip() for row in rows]
    return f"{first}{texts[0]}\n" + "".join(f"    {text}\n" for text in texts[1:])


KEPLER = ((1e-6, 0.01, 2e-6, 5153.5), (352800.0, 1e-7, 1.0, -1e-7), (0.96, 200.0, -1.4, -8e-9))
NAN = float("nan")


def test_lnav() -> None:
    nav = rinex.navigation(file("> EPH G02 LNAV\n" + LNAV))
    row = nav.ephemerides[0]
    assert nav.notes == ()
    assert (row["system"], row["prn"], row["kind"], row["iode"], row["iodc"]) == ("G", 2, "LNAV", 96, 96)
    assert (
        row["toc"]
        == row["toe"]
        == int(from_calendar("2022-06-08T10:00:00"))
        == int(from_week(2213, 295200.0))
    )
    assert row["sent"] == int(from_week(2213, 288018.0))
    assert row["sqrt_a"] == 5153.679471970
    assert row["af0"] == -6.528543308377e-04
    assert (row["tgd1"], row["accuracy_m"], row["fit_h"], row["health"]) == (
        -1.769512891769e-08,
        2.8,
        4.0,
        0.0,
    )
    assert np.isnan(row["tgd_b1cp"])


def test_cnv3_keeps_beidou_time() -> None:
    row = rinex.navigation(file("> EPH C38 CNV3\n" + CNV3)).ephemerides[0]
    assert row["toc"] == int(from_calendar("2025-08-21T05:00:00")) + 14 * NS
    assert row["toe"] == row["toc"]  # 363600 s of the week is Thursday 05:00
    assert row["t_op"] == row["toe"] + 3000 * NS
    assert row["sent"] == row["toe"] + 3586 * NS
    assert (row["a_dot"], row["delta_n_dot"]) == (-8.387088775635e-03, 3.128182059151e-14)
    assert (row["satellite_type"], row["sisai_ocb"], row["sismai"]) == (2.0, -5.0, 2.0)
    assert row["tgd_b2bi"] == -4.889443516731e-09
    assert row["iode"] == row["iodc"] == -1


@pytest.mark.parametrize("kind", ["CNV1", "CNV2"])
def test_cnv1_and_cnv2(kind: str) -> None:
    isc = (1e-9, NAN, 2e-9, 3e-9) if kind == "CNV1" else (NAN, 1e-9, 2e-9, 3e-9)
    tail = (NAN, NAN)
    rows = (
        *(
            (1e-4, 1e-12, 0.0),
            (0.01, 30.0, 4e-9, 0.5),
            *KEPLER,
            (1e-11, 1e-14, 3.0, 352800.0),
            (0.0, 1.0, 2.0, 3.0),
        ),
        *(isc, (1.0, 0.0, 0.0, 9.0), (353000.0, *tail, 7.0)),
    )
    row = rinex.navigation(
        file(f"> EPH C21 {kind}\n" + shaped("C21 2026 03 09 02 00 00", *rows))
    ).ephemerides[0]
    assert (row["kind"], row["satellite_type"], row["iode"], row["iodc"]) == (kind, 3.0, 7, 9)
    assert row["isc_b1cd" if kind == "CNV1" else "isc_b2ad"] == 1e-9
    assert np.isnan(row["isc_b2ad" if kind == "CNV1" else "isc_b1cd"])
    assert (row["tgd_b1cp"], row["tgd_b2ap"]) == (2e-9, 3e-9)
    assert [row[f"sisai_{n}"] for n in ("oe", "ocb", "oc1", "oc2")] == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(("system", "kind"), [("G", "CNAV"), ("J", "CNAV"), ("G", "CNV2")])
def test_modern_gps(system: str, kind: str) -> None:
    more = ((6e-9, 7e-9, NAN, NAN),) if kind == "CNV2" else ()
    rows = (
        *(
            (1e-4, 1e-12, 0.0),
            (0.01, 30.0, 4e-9, 0.5),
            *KEPLER,
            (1e-11, 1e-14, -9.0, 3.0),
            (-1.0, 0.0, 5e-9, 7.0),
        ),
        *((1e-9, 2e-9, 3e-9, 4e-9), *more, (94000.0, 2408.0, 1.0)),
    )
    text = f"> EPH {system}04 {kind}\n" + shaped(f"{system}04 2026 03 09 02 00 00", *rows)
    row = rinex.navigation(file(text)).ephemerides[0]
    assert row["toe"] == row["toc"] == int(from_calendar("2026-03-09T02:00:00"))
    assert row["t_op"] == int(from_week(2408, 352800.0))  # the week before
    assert [row[f"isc_{n}"] for n in ("l1ca", "l2c", "l5i5", "l5q5")] == [1e-9, 2e-9, 3e-9, 4e-9]
    assert [row[f"sisai_{n}"] for n in ("oe", "ocb", "oc1", "oc2")] == [-1.0, -9.0, 3.0, 7.0]
    assert row["tgd1"] == 5e-9
    if kind == "CNV2":
        assert (row["isc_l1cd"], row["isc_l1cp"]) == (6e-9, 7e-9)


@pytest.mark.parametrize(
    ("source", "kind"), [(517.0, "INAV"), (513.0, "INAV"), (516.0, "INAV"), (258.0, "FNAV")]
)
def test_galileo_kinds_in_rinex_3(source: float, kind: str) -> None:
    rows = (
        *(
            (1e-4, 1e-12, 0.0),
            (97.0, 30.0, 4e-9, 0.5),
            *KEPLER,
            (1e-11, source, 2209.0),
            (3.12, 0.0, 1e-9, 2e-9),
        ),
        (353000.0,),
    )
    row = rinex.navigation(file(shaped("E05 2022 05 12 02 00 00", *rows), "3.05")).ephemerides[0]
    assert (row["kind"], row["iode"], row["iodc"]) == (kind, 97, 97)
    assert (row["tgd1"], row["tgd2"], row["accuracy_m"]) == (1e-9, 2e-9, 3.12)


@pytest.mark.parametrize(("prn", "kind"), [(3, "D2"), (21, "D1"), (59, "D2"), (46, "D1")])
def test_beidou_kinds_in_rinex_3(prn: int, kind: str) -> None:
    rows = (
        *(
            (1e-4, 1e-12, 0.0),
            (1.0, 30.0, 4e-9, 0.5),
            *KEPLER,
            (1e-11, NAN, 800.0),
            (2.0, 0.0, 1.4e-8, -1e-8),
        ),
        (352000.0, 3.0),
    )
    row = rinex.navigation(file(shaped(f"C{prn:02d} 2021 05 06 02 00 00", *rows), "3.04")).ephemerides[0]
    assert (row["kind"], row["iode"], row["iodc"], row["tgd1"]) == (kind, 1, 3, 1.4e-8)


def test_glonass_keeps_utc_and_kilometres() -> None:
    rows = ((-1e-5, 0.0, 7800.0), (1e4, 1.0, 1e-9, 0.0), (2e4, -2.0, 0.0, -7.0), (-5e3, 3.0, 0.0, 1.0))
    status = (1.0, 0.9999e9, 15.0, 0.0)
    for version, body in (("3.04", rows), ("3.05", (*rows, status))):
        nav = rinex.navigation(file(shaped("R11 2016 12 31 23 45 00", *body), version))
        row = nav.ephemerides[0]
        assert row["toc"] == int(from_utc("2016-12-31T23:45:00"))
        assert (row["x"], row["vy"], row["slot"], row["age_d"]) == (1e7, -2e3, -7.0, 1.0)
        assert np.isnan(row["tgd1"])
        assert (
            row["sent"] == int(from_utc("2017-01-01T02:10:00")) - NS
        )  # 7800 s of the day, counted before the leap


def test_sbas() -> None:
    rows = ((-1e-9, 0.0, 94000.0), (2e4, 0.0, 0.0, 0.0), (3e4, 0.0, 0.0, 4.0), (10.0, 0.0, 0.0, 91.0))
    row = rinex.navigation(file(shaped("S20 2022 05 09 02 00 00", *rows), "3.05")).ephemerides[0]
    assert (row["kind"], row["prn"], row["iode"], row["accuracy_m"], row["z"]) == ("SBAS", 20, 91, 4.0, 1e4)


@pytest.mark.parametrize("reference", [0.0, 1.0])
def test_navic(reference: float) -> None:
    lnav = (
        *(
            (1e-4, 1e-12, 0.0),
            (5.0, 30.0, 4e-9, 0.5),
            *KEPLER,
            (1e-11, NAN, 2409.0),
            (2.0, 0.0, 1e-9),
            (353000.0,),
        ),
    )
    delay = (NAN, 1e-9) if reference else (1e-9, NAN)
    isc = (2e-9, 3e-9) if reference else (NAN, NAN, 2e-9, 3e-9)
    l1nv = (
        *((1e-4, 1e-12, 0.0), (0.01, 30.0, 4e-9, 0.5), KEPLER[0], (6.0, *KEPLER[1][1:]), KEPLER[2]),
        *((1e-11, 1e-14, NAN, reference), (3.0, 0.0, *delay), isc, (353000.0,)),
    )
    text = "> EPH I02 LNAV\n" + shaped("I02 2026 03 12 02 00 00", *lnav)
    text += "> EPH I10 L1NV\n" + shaped("I10 2026 03 12 02 00 00", *l1nv)
    nav = rinex.navigation(file(text))
    assert nav.ephemerides["kind"].tolist() == ["LNAV", "L1NV"]
    assert nav.ephemerides["iode"].tolist() == [5, 6]
    assert nav.ephemerides["toe"][1] == int(from_calendar("2026-03-12T02:00:00"))
    assert nav.ephemerides["isc_l1cd"][1] == 3e-9
    again = rinex.navigation(rinex.navigation_text(nav)[0].encode())
    assert again.ephemerides.tobytes() == nav.ephemerides.tobytes()


def test_rinex_2() -> None:
    old = (
        LNAV.replace("G02 2022 06 08 10 00 00", " 2 22  6  8 10  0  0.0")
        .replace("\n    ", "\n   ")
        .replace("E", "D")
    )
    alpha = head("     .9313D-08   .1490D-07  -.5960D-07  -.1192D-06", "ION ALPHA")
    beta = head("     .8806D+05   .4915D+05  -.1311D+06  -.3277D+06", "ION BETA")
    utc = head("     .931322574615D-09 .888178419700D-15   233472     2051", "DELTA-UTC: A0,A1,T,W")
    nav = rinex.navigation(file(old, "2.11", alpha + beta + utc, "N: GPS NAV DATA", " "))
    new = rinex.navigation(file("> EPH G02 LNAV\n" + LNAV))
    assert nav.ephemerides.tobytes() == new.ephemerides.tobytes()
    assert nav.ionosphere[0].coefficients == (
        0.9313e-8,
        0.149e-7,
        -0.596e-7,
        -0.1192e-6,
        88060.0,
        49150.0,
        -131100.0,
        -327700.0,
    )
    assert nav.offsets[0].code == "GPUT"
    assert nav.offsets[0].a0 == 0.931322574615e-9


def test_messages_of_rinex_4() -> None:
    ion = (
        "> ION C59 CNVX\n    2026 03 09 01 00 00" + "".join(cell(x) for x in (1.0, 2.0, 3.0)) + "\n    "
        + "".join(cell(x) for x in (4.0, 5.0, 6.0, 7.0)) + "\n    " + cell(8.0) + cell(9.0) + "\n"
    )  # fmt: skip
    ion += (
        "> ION J03 LNAV JAPN\n    2026 03 09 01 00 00" + "".join(cell(x) for x in (1.0, 2.0, 3.0)) + "\n    "
        + "".join(cell(x) for x in (4.0, 5.0, 6.0, 7.0)) + "\n    " + cell(8.0) + "\n"
    )  # fmt: skip
    sto = (
        "> STO C25 CNVX\n    2026 03 08 23 20 00 BDGP\n    "
        + "".join(map(cell, (86430.0, 1e-8, 2e-14, 3e-19)))
        + "\n"
    )
    eop = "> EOP G05 CNVX\n    2026 03 09 00 00 00" + "".join(map(cell, (0.1, 0.2, 0.3))) + "\n" + " " * 23
    eop += (
        "".join(map(cell, (0.4, 0.5, 0.6))) + "\n    " + "".join(map(cell, (90000.0, 0.7, 0.8, 0.9))) + "\n"
    )
    nav = rinex.navigation(file(ion + sto + eop))
    assert nav.notes == ()
    bdgim, klobuchar = nav.ionosphere
    assert (bdgim.model, bdgim.coefficients) == ("bdgim", tuple(float(k) for k in range(1, 10)))
    assert bdgim.sent == int(from_calendar("2026-03-09T01:00:00")) + 14 * NS
    assert (klobuchar.model, klobuchar.area) == ("klobuchar", "JAPN")
    offset, pole = nav.offsets[0], nav.orientation[0]
    assert (offset.code, offset.prn, offset.a2) == ("BDGP", 25, 3e-19)
    assert offset.sent - offset.reference == (24 * 3600 + 30 - 23 * 3600 - 20 * 60) * NS
    assert (pole.xp, pole.yp, pole.dut1) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6), (0.7, 0.8, 0.9))
    again = rinex.navigation(rinex.navigation_text(nav)[0].encode())
    assert (again.ionosphere, again.offsets, again.orientation) == (
        nav.ionosphere,
        nav.offsets,
        nav.orientation,
    )


def test_header_of_rinex_3() -> None:
    lines = (
        head("BDSA   3.8184E-08 -6.7055E-08 -2.9802E-07  5.9605E-07 W 02", "IONOSPHERIC CORR")
        + head("BDSB   1.1059E+05  2.2938E+05 -1.9005E+06  1.9005E+06 W 02", "IONOSPHERIC CORR")
        + head("GAL    2.8250e+01  7.8125e-03  1.0071e-02  0.0000E+00", "IONOSPHERIC CORR")
        + head("GPSA   4.6566e-09  1.4901e-08 -5.9605e-08 -1.1921E-07", "IONOSPHERIC CORR")
        + head("BDUT  1.0244548321D-08-2.042810365D-14  85985  695", "TIME SYSTEM CORR")
        + head("     4     4   573     6", "LEAP SECONDS")
    )
    nav = rinex.navigation(file("", "3.02", lines, system="C"))
    found = [(m.system, m.model, m.prn) for m in nav.ionosphere]
    assert found == [("C", "klobuchar", 2), ("E", "nequick-g", 0)]
    assert nav.offsets[0].reference == int(from_week(695 + 1356, 85985.0)) + 14 * NS
    assert nav.leap_seconds == 18  # BeiDou counts from its own start
    assert "half of the ionosphere coefficients of G" in nav.notes[0]


def test_week_rollover() -> None:
    late = LNAV.replace("2022 06 08 10 00 00", "2022 06 11 23 59 44").replace(
        "2.952000000000E+05", "0.000000000000E+00"
    )
    row = rinex.navigation(file("> EPH G02 LNAV\n" + late)).ephemerides[0]
    assert row["toe"] == int(from_calendar("2022-06-12")) == int(from_week(2214, 0.0))
    old = rinex.navigation(
        file("> EPH G02 LNAV\n" + LNAV.replace("2.213000000000E+03", "1.650000000000E+02"))
    )
    assert old.ephemerides["toe"][0] == int(from_week(2213, 295200.0))  # a week modulo 1024 does no harm


def test_a_file_says_another_version_than_it_is() -> None:
    for version, body in (("3.04", "> EPH G02 LNAV\n" + LNAV), ("4.00", LNAV)):
        nav = rinex.navigation(file(body, version))
        assert nav.ephemerides.size == 1
        assert "the header says version" in nav.notes[0]


def test_damage_is_noted_and_the_rest_is_used() -> None:
    wrong = LNAV.replace("5.153679471970E+03", "5.15367947197xE+03").replace("G02", "G03")
    short = LNAV[: LNAV.rindex("     2.8")].replace("G02", "G04")
    nothing = LNAV.replace("5.153679471970E+03", "0.000000000000E+00").replace("G02", "G05")
    undated = LNAV.replace("2022 06 08", "2022 06 31").replace("G02", "G06")
    body = "rubbish\n" + wrong + LNAV + short + nothing + undated + LNAV.replace("G02", "G07")
    nav = rinex.navigation(file(body, "3.05"))
    assert nav.ephemerides["prn"].tolist() == [2, 7]
    said = " ".join(nav.notes)
    for text in (
        ":3: a line that begins no record",
        "no number for sqrt_a",
        "cut short",
        "no orbit",
        "without satellite or date",
    ):
        assert text in said, text


def test_cut_anywhere_nothing_is_invented() -> None:
    whole = file("> EPH G02 LNAV\n" + LNAV + "> EPH C38 CNV3\n" + CNV3)
    right = rinex.navigation(whole).ephemerides
    for cut in range(len(whole) - len(CNV3), len(whole)):
        rows = rinex.navigation(whole[:cut]).ephemerides
        assert rows[0] == right[0] or rows[0].tobytes() == right[0].tobytes()
        if rows.size == 2:
            same = {n for n in rows.dtype.names or () if rows[n][1].tobytes() == right[n][1].tobytes()}
            assert set(rows.dtype.names or ()) - same <= {"sent"}, cut


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 300, file(""), file("> EPH G02 XNAV\n" + LNAV), file("> EPH\n")]
)
def test_nothing_to_use(content: bytes) -> None:
    with pytest.raises(RabtaError):
        rinex.navigation(content)


def test_merge_keeps_each_message_once() -> None:
    one = rinex.navigation(file("> EPH G02 LNAV\n" + LNAV))
    later = rinex.navigation(
        file("> EPH G02 LNAV\n" + LNAV.replace("2.880180000000E+05", "2.880480000000E+05"))
    )
    other = rinex.navigation(file("> EPH C38 CNV3\n" + CNV3))
    merged = rinex.merge([one, later, other, one])
    assert merged.ephemerides["prn"].tolist() == [2, 38]
    assert merged.ephemerides["sent"][0] == one.ephemerides["sent"][0]
    with pytest.raises(RabtaError):
        rinex.merge([])


def test_old_version_says_what_it_cannot_hold() -> None:
    nav = rinex.navigation(file("> EPH G02 LNAV\n" + LNAV + "> EPH C38 CNV3\n" + CNV3))
    text, notes = rinex.navigation_text(nav, 3.05)
    assert rinex.navigation(text.encode()).ephemerides.tobytes() == nav.ephemerides[:1].tobytes()
    assert any("CNV3" in note for note in notes)
    assert text.split("END OF HEADER\n")[1] == LNAV
    with pytest.raises(RabtaError, match="not written"):
        rinex.navigation_text(nav, 2.11)
    with pytest.raises(RabtaError, match="no navigation messages"):
        rinex.navigation_text(Navigation(nav.ephemerides[:0]))


def test_rinex_2_of_galileo() -> None:
    rows = (
        *(
            (1e-4, 1e-12, 0.0),
            (97.0, 30.0, 4e-9, 0.5),
            *KEPLER,
            (1e-11, 258.0, 2209.0),
            (3.12, 0.0, 1e-9, 2e-9),
        ),
        (353000.0,),
    )
    body = shaped(" 5 22  5 12  2  0  0.0", *rows).replace("\n    ", "\n   ")
    row = rinex.navigation(file(body, "2.12", kind="L GALILEO NAV DATA", system=" ")).ephemerides[0]
    assert (row["system"], row["prn"], row["kind"], row["tgd2"]) == ("E", 5, "FNAV", 2e-9)


def test_rinex_2_of_glonass_and_odd_letters() -> None:
    body = shaped(
        "11 16 12 31 23 45  0.0",
        (-1e-5, 0.0, 85500.0),
        (1e4, 1.0, 1e-9, 0.0),
        (2e4, -2.0, 0.0, -7.0),
        (-5e3, 3.0, 0.0, 1.0),
    )
    body = body.replace("\n    ", "\n   ")
    row = rinex.navigation(file(body, "2.11", kind="GLONASS NAV DATA", system=" ")).ephemerides[0]
    assert (row["system"], row["prn"], row["kind"], row["slot"]) == ("R", 11, "FDMA", -7.0)
    assert row["toc"] == row["sent"] == int(from_utc("2016-12-31T23:45:00"))
    old = LNAV.replace("G02 2022 06 08 10 00 00", " 2 22  6  8 10  0  0.0").replace("\n    ", "\n   ")
    nav = rinex.navigation(b"\xef\xbb\xbf" + file(old, "2.11", kind="N: GPS NAV DATA", system="X"))
    assert nav.ephemerides["system"].tolist() == ["G"]
