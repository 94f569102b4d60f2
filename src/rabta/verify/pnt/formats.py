"""Suite ``formats``: files of receivers and analysis centres read, and written back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from rabta.pnt import rinex
from rabta.pnt.gnsstime import WEEK_S, week_seconds
from rabta.pnt.products import clk, sinex, sp3
from rabta.pnt.records import Observations
from rabta.pnt.text import load
from rabta.verify import Row, suite

DAY = "nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"
STATION = "esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz"
ORBITS = "esbc/GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz"
CLOCKS = "esbc/GRG0MGXFIN_20201770000_01D_30S_CLK.CLK.gz"
WEEKLY = "igs20P2131_wocov.snx.gz"
EXAMPLE_SOURCE = "RINEX 2.10, table A8: the example of a navigation file"
LINES = "lines of the file itself, counted by their marks"
COUNTS = {
    ("C", "D1"): 963,
    ("C", "D2"): 194,
    ("C", "CNV1"): 1246,
    ("C", "CNV2"): 2177,
    ("C", "CNV3"): 700,
    ("G", "LNAV"): 418,
    ("E", "INAV"): 2944,
    ("R", "FDMA"): 1370,
}
EXAMPLE = (
    "     2.10           N: GPS NAV DATA                         RINEX VERSION / TYPE\n"
    "     .1676D-07   .2235D-07  -.1192D-06  -.1192D-06          ION ALPHA\n"
    "     .1208D+06   .1310D+06  -.1310D+06  -.1966D+06          ION BETA\n"
    "                                                            END OF HEADER\n"
    " 6 90  8  2 17 51 44.0 -.839701388031D-03 -.165982783074D-10  .000000000000D+00\n"
    "     .910000000000D+02  .934062500000D+02  .116040547840D-08  .162092304801D+00\n"
    "     .484101474285D-05  .626740418375D-02  .652112066746D-05  .515365489006D+04\n"
    "     .409904000000D+06 -.242143869400D-07  .329237003460D+00 -.596046447754D-07\n"
    "     .111541663136D+01  .326593750000D+03  .206958726335D+01 -.638312302555D-08\n"
    "     .307155651409D-09  .000000000000D+00  .551000000000D+03  .000000000000D+00\n"
    "     .000000000000D+00  .000000000000D+00  .000000000000D+00  .910000000000D+02\n"
    "     .406800000000D+06\n"
)


@suite(
    "formats",
    "Navigation: files of receivers and analysis centres, read and written",
    needs=f"{DAY}, {STATION}",
)
def rows(files: Path | None) -> list[Row]:
    """The standard's example; what published files hold, from ``--files`` where given."""
    found = _example()
    readers = ((DAY, _day), (STATION, _station), (CLOCKS, _centre), (WEEKLY, _weekly))
    for name, part in readers:
        path = None if files is None else files / name
        if path is not None and path.is_file():
            found += part(path)
    return found


def _example() -> list[Row]:
    nav = rinex.navigation(EXAMPLE.encode())
    row = nav.ephemerides[0]
    week, seconds = week_seconds(row["toe"])
    sent = (int(row["sent"]) - int(row["toe"])) / 1e9
    numbers = (
        ("week of ephemeris", float(week), 551.0),
        ("seconds of ephemeris", float(seconds), 409_904.0),
        ("clock's epoch in the same week, s", float(row["toc"] / 1e9 - 551 * WEEK_S), 409_904.0),
        ("sent, s after the ephemeris", sent, 406_800.0 - 409_904.0),
        ("clock, s", float(row["af0"]), -0.839701388031e-3),
        ("root of the axis, sqrt(m)", float(row["sqrt_a"]), 5153.65489006),
        ("rate of the node, rad/s", float(row["omega_dot"]), -0.638312302555e-8),
        ("ionosphere, alpha 1", nav.ionosphere[0].coefficients[0], 0.1676e-7),
        ("ionosphere, beta 4", nav.ionosphere[0].coefficients[7], -196_600.0),
    )
    again = rinex.navigation(rinex.navigation_text(nav)[0].encode())
    same = float(again.ephemerides.tobytes() == nav.ephemerides.tobytes())
    found = [
        Row(f"example of 1990: {name}", ours, theirs, 0.0, EXAMPLE_SOURCE) for name, ours, theirs in numbers
    ]
    return [*found, Row("the example as RINEX 4.02 and back: the same", same, 1.0, 0.0, "by definition")]


def _day(path: Path) -> list[Row]:
    nav = rinex.navigation(path)
    kinds = Counter(zip(nav.ephemerides["system"].tolist(), nav.ephemerides["kind"].tolist(), strict=True))
    marks = [line for line in load(path)[0].split(b"\n") if line[:1] == b">"]
    found = [
        Row(f"2026-068: records {kind} of {system}", float(kinds[system, kind]), float(count), 0.0, LINES)
        for (system, kind), count in COUNTS.items()
    ]
    everything = nav.ephemerides.size + len(nav.ionosphere) + len(nav.offsets) + len(nav.orientation)
    found.append(Row("2026-068: records of all kinds", float(everything), float(len(marks)), 0.0, LINES))
    ionosphere = [one for one in nav.ionosphere if one.system == "C"]
    found.append(Row("2026-068: ionosphere of BeiDou", float(len(ionosphere)), 24.0, 0.0, LINES))
    bdgim = sum(one.model == "bdgim" for one in ionosphere)
    found.append(Row("2026-068: of these BDGIM", float(bdgim), 11.0, 0.0, LINES))
    again = rinex.navigation(rinex.navigation_text(nav)[0].encode())
    same = sum(a.tobytes() == b.tobytes() for a, b in zip(nav.ephemerides, again.ephemerides, strict=False))
    source = "read, written as RINEX 4.02 and read: all bits"
    return [
        *found,
        Row("2026-068: ephemerides that come back", float(same), float(nav.ephemerides.size), 0.0, source),
    ]


def _body(raw: bytes) -> list[bytes]:
    return [line.rstrip() for line in raw[raw.index(b"END OF HEADER") :].split(b"\n")[1:]]


def _station(path: Path) -> list[Row]:
    raw = load(path)[0]
    obs = rinex.observations(raw)
    theirs = _body(raw)
    epochs = sum(line[:1] == b">" for line in theirs)
    satellites = sum(len(line) > 3 for line in theirs) - epochs
    text, _ = rinex.observations_text(obs)
    equal = sum(a == b for a, b in zip(theirs, _body(text), strict=False))
    count = sum(one.prn.size for one in obs.systems.values())
    name = "ESBC 2020-177"
    return [
        Row(f"{name}: epochs", float(obs.times.size), float(epochs), 0.0, LINES),
        Row(f"{name}: satellites at epochs", float(count), float(satellites), 0.0, LINES),
        Row(
            f"{name}: lines equal when written again",
            float(equal),
            float(len(theirs)),
            0.0,
            "the file itself",
        ),
        Row(
            f"{name}: ranges of B1I, km",
            _kilometres(obs),
            _by_hand(theirs),
            1e-3,
            "the text, added up by hand",
        ),
    ]


def _kilometres(obs: Observations) -> float:
    return float(np.nansum(obs.systems["C"].column("C2I"))) / 1e3


def _by_hand(text: list[bytes]) -> float:
    """Sum of the first column of BeiDou's lines: C2I in this file."""
    cells = (line[3:17].strip() for line in text if line[:1] == b"C")
    return sum(round(float(cell) * 1000) for cell in cells if cell) / 1e6


def _centre(path: Path) -> list[Row]:
    """One centre's clocks in its two files: SP3 has them to 1e-12 s."""
    clocks, orbits = clk.read(path), sp3.read(path.with_name(Path(ORBITS).name))
    at = np.searchsorted(clocks.times, orbits.times)
    columns = np.array([clocks.satellites.index(name) for name in orbits.satellites])
    largest = float(np.nanmax(np.abs(clocks.bias_s[at][:, columns] - orbits.clock_s)))
    lines = sum(line[:3] == b"AS " for line in load(path)[0].split(b"\n"))
    return [
        Row("GRG 2020-177: clocks", float(np.isfinite(clocks.bias_s).sum()), float(lines), 0.0, LINES),
        Row(
            "GRG 2020-177: clocks of CLK less those of SP3, ns", largest * 1e9, 0.0, 1e-3, "SP3's last digit"
        ),
    ]


def _weekly(path: Path) -> list[Row]:
    found = sinex.positions(path)
    position = found["WTZR"][0]
    source = "igs20P2131, SOLUTION/ESTIMATE, as it is printed"
    theirs = (4.07558028839302e06, 9.31854068459978e05, 4.80156828521145e06)
    rows_ = [
        Row(f"WTZR: {axis}, m", float(a), b, 0.0, source)
        for axis, a, b in zip("XYZ", position, theirs, strict=True)
    ]
    return [*rows_, Row("stations of the week", float(len(found)), 549.0, 0.0, LINES)]
