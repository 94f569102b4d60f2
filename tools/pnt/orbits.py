"""States of real ephemerides by peers, beside which the suite ``orbits`` puts ours.

Usage: PYTHONPATH=peers python tools/pnt/orbits.py BRD400DLR_S_20260680000_01D_MN.rnx.gz
Peers: RTKLIB-EX 2.5.1 through pyrtklib5 (LNAV, I/NAV, D1, D2, FDMA) and cssrlib 1.2.1 (messages with a
change of the semi-major axis). Writes ``src/rabta/verify/pnt/orbits.csv``.
"""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from rabta.pnt import gnsstime, rinex
from rabta.pnt.gnsstime import NS

OUT = Path(__file__).parents[2] / "src/rabta/verify/pnt/orbits.csv"
WANTED = (
    *(("G", 5, "LNAV"), ("G", 5, "CNAV"), ("E", 11, "INAV"), ("J", 3, "LNAV")),
    *(("C", 21, "D1"), ("C", 13, "D1"), ("C", 39, "D1"), ("C", 3, "D2"), ("C", 60, "D2")),
    *(("C", 21, "CNV1"), ("C", 46, "CNV2"), ("C", 39, "CNV1"), ("C", 27, "CNV3"), ("R", 7, "FDMA")),
)
CASES = (*((s, p, k, k.startswith("CN")) for s, p, k in WANTED), ("C", 60, "D2", True), ("C", 3, "D2", True))
AHEAD_S = {"FDMA": 612.25}
KEPLER = (
    *("sqrt_a", "a_dot", "e", "m0", "delta_n", "delta_n_dot", "omega", "i0", "i_dot", "omega0", "omega_dot"),
    *("cuc", "cus", "crc", "crs", "cic", "cis", "af0", "af1", "af2"),
)
CARTESIAN = ("x", "y", "z", "vx", "vy", "vz", "ax", "ay", "az", "af0", "af1")


def by_rtklib(row: Any, when: int) -> list[float]:
    """X, Y, Z (m) and clock (s) by RTKLIB."""
    import pyrtklib5 as rtk

    def time(instant: int) -> Any:
        week, seconds = gnsstime.week_seconds(instant)
        return rtk.gpst2time(int(week), float(seconds))

    place, clock, spread = rtk.Arr1Ddouble(6), rtk.Arr1Ddouble(2), rtk.Arr1Ddouble(1)
    systems = {"G": rtk.SYS_GPS, "E": rtk.SYS_GAL, "J": rtk.SYS_QZS, "C": rtk.SYS_CMP, "R": rtk.SYS_GLO}
    number = int(row["prn"]) + (192 if row["system"] == "J" else 0)
    if row["system"] == "R":
        g = rtk.geph_t()
        g.sat, g.toe, g.tof = rtk.satno(rtk.SYS_GLO, number), time(int(row["toe"])), time(int(row["toe"]))
        for k, name in enumerate("xyz"):
            g.pos[k], g.vel[k], g.acc[k] = (float(row[p + name]) for p in ("", "v", "a"))
        g.taun, g.gamn = -float(row["af0"]), float(row["af1"])
        rtk.geph2pos(time(when), g, place, clock, spread)
    else:
        e = rtk.eph_t()
        e.sat = rtk.satno(systems[str(row["system"])], number)
        lag = 14 if row["system"] == "C" else 0
        e.toe, e.toc, e.toes = (
            time(int(row["toe"])),
            time(int(row["toc"])),
            (row["toe"] // NS - lag) % 604_800,
        )
        names = (
            "e",
            "M0",
            "deln",
            "omg",
            "i0",
            "idot",
            "OMG0",
            "OMGd",
            "cuc",
            "cus",
            "crc",
            "crs",
            "cic",
            "cis",
        )
        ours = ("e", "m0", "delta_n", "omega", "i0", "i_dot", "omega0", "omega_dot", *KEPLER[11:17])
        for theirs, mine in zip(names, ours, strict=True):
            setattr(e, theirs, float(row[mine]))
        e.A, e.f0, e.f1, e.f2 = float(row["sqrt_a"]) ** 2, *(float(row[f"af{k}"]) for k in range(3))
        rtk.eph2pos(time(when), e, place, clock, spread)
    return [place[0], place[1], place[2], clock[0]]


def by_cssrlib(row: Any, when: int) -> list[float]:
    """X, Y, Z (m) and clock (s) by cssrlib."""
    from cssrlib.ephemeris import eph2pos
    from cssrlib.gnss import Eph, gpst2time, prn2sat, uGNSS

    def time(instant: int) -> Any:
        week, seconds = gnsstime.week_seconds(instant)
        return gpst2time(int(week), float(seconds))

    e = Eph(prn2sat({"G": uGNSS.GPS, "C": uGNSS.BDS}[str(row["system"])], int(row["prn"])))
    lag = 14 if row["system"] == "C" else 0
    e.mode, e.toe, e.toc = 1, time(int(row["toe"])), time(int(row["toc"]))
    e.toes = (int(row["toe"]) // NS - lag) % 604_800
    e.A = float(row["sqrt_a"]) ** 2
    e.Adot, e.delnd = (float(np.nan_to_num(row[name])) for name in ("a_dot", "delta_n_dot"))
    pairs = {"e": "e", "M0": "m0", "deln": "delta_n", "omg": "omega", "i0": "i0", "idot": "i_dot"}
    pairs |= {"OMG0": "omega0", "OMGd": "omega_dot", "af0": "af0", "af1": "af1", "af2": "af2"}
    pairs |= {name: name for name in KEPLER[11:17]}
    for theirs, mine in pairs.items():
        setattr(e, theirs, float(row[mine]))
    place, clock = eph2pos(time(when), e)
    return [*place, clock]


def main() -> None:
    """Write the table."""
    table = rinex.navigation(sys.argv[1]).ephemerides
    names = list(dict.fromkeys([*KEPLER, *CARTESIAN]))
    with OUT.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# Broadcast ephemerides of 2026-03-09 (BRD400DLR), their states by peers; tools/pnt/orbits.py\n"
        )
        write = csv.writer(file, lineterminator="\n")
        write.writerow(
            ["system", "prn", "kind", "toe", "toc", *names, "when", "x_m", "y_m", "z_m", "clock_s", "peer"]
        )
        for system, prn, kind, modern in CASES:
            mine = (table["system"] == system) & (table["prn"] == prn) & (table["kind"] == kind)
            row = table[mine][mine.sum() // 2]
            when = int(row["toe"]) + round(AHEAD_S.get(kind, 3000.5) * NS)
            state = by_cssrlib(row, when) if modern else by_rtklib(row, when)
            values = ["" if not math.isfinite(row[n]) else repr(float(row[n])) for n in names]
            peer = "cssrlib 1.2.1" if modern else "RTKLIB-EX 2.5.1"
            head = [system, prn, kind, int(row["toe"]), int(row["toc"])]
            write.writerow([*head, *values, when, *(repr(float(x)) for x in state), peer])


if __name__ == "__main__":
    np.seterr(all="raise")
    main()
