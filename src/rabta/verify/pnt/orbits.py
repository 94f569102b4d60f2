"""Suite ``orbits``: states from broadcast ephemerides beside peers, other messages and precise orbits.

Fifteen real ephemerides of 2026-03-09, one for each kind of orbit and message, with the states that
RTKLIB-EX and cssrlib give, ship with the package (``orbits.csv``, by ``tools/pnt/orbits.py``).
"""

from __future__ import annotations

import csv
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import orbits
from rabta.pnt.gnsstime import NS
from rabta.pnt.orbits.constants import LIGHT_M_S
from rabta.pnt.records import EPHEMERIS, empty_ephemerides
from rabta.verify import Row, suite

Array = NDArray[np.float64]

NAVIGATION = "BRD400DLR_S_20260680000_01D_MN.rnx.gz"
BROADCAST, PRECISE = "ESBC00DNK_R_20201770000_01D_MN.rnx.gz", "GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz"
AGREE_M = 3.0


@suite(
    "orbits",
    "Navigation: positions and clocks of satellites from their messages",
    needs=f"{NAVIGATION}; {BROADCAST} and {PRECISE}",
)
def rows(files: Path | None) -> list[Row]:
    """Peers' states; with ``--files`` messages of one satellite beside each other, and precise orbits."""
    found = [row for case in vectors() for row in _beside_peer(*case)]
    if files is not None and (files / NAVIGATION).is_file():
        found += _messages(files / NAVIGATION)
    if files is not None and (files / PRECISE).is_file():
        found += _precise(files)
    return found


def vectors() -> list[tuple[NDArray[np.void], dict[str, Any]]]:
    """Ephemerides that ship, each with its peer's state."""
    text = resources(__package__).joinpath("orbits.csv").read_text(encoding="utf-8")
    found = []
    for line in csv.DictReader(row for row in text.splitlines() if not row.startswith("#")):
        table = empty_ephemerides(1)
        for name in set(EPHEMERIS.names or ()) & set(line):
            if line[name] != "":
                kind = EPHEMERIS[name].kind
                table[name] = line[name] if kind == "U" else (int if kind == "i" else float)(line[name])
        found.append((table, dict(line)))
    return found


def _beside_peer(table: NDArray[np.void], line: dict[str, Any]) -> list[Row]:
    state = orbits.states(table, [0], [int(line["when"])])
    theirs = np.array([float(line[name]) for name in ("x_m", "y_m", "z_m")])
    name = f"{line['system']}{int(line['prn']):02d} {line['kind']}, {line['peer'].split()[0]}"
    away = float(np.linalg.norm(state.position_m[0] - theirs))
    wrong = line["peer"].startswith("RTKLIB") and int(line["prn"]) >= 59
    clock = (float(state.clock_s[0]) - float(line["clock_s"])) * LIGHT_M_S
    source = f"{line['peer']}, ephemeris of 2026-03-09"
    if wrong:
        source += ": without the turned frame of C59 to C63"
    limit = 1e-3 if line["kind"] == "FDMA" else 1e-5
    return [
        Row(f"{name}: distance from the peer's position, m", away, 0.0, limit, source, gate=not wrong),
        Row(f"{name}: clock less the peer's, m", clock, 0.0, 1e-4, source),
    ]


def _messages(path: Path) -> list[Row]:
    """Largest distances between messages of the same satellite over the day."""
    from rabta.pnt import rinex

    table = rinex.navigation(path).ephemerides
    found = []
    for kinds in (("D1", "CNV1"), ("D1", "CNV2"), ("D1", "CNV3"), ("CNV1", "CNV2"), ("CNV1", "CNV3")):
        away, count = apart(table, *kinds)
        source = f"the same satellite's messages, {count} instants of {NAVIGATION}"
        found.append(Row(f"{kinds[0]} beside {kinds[1]}: largest distance, m", away, 0.0, AGREE_M, source))
    return found


def apart(table: NDArray[np.void], one: str, two: str, step_s: int = 900) -> tuple[float, int]:
    """Largest distance between the positions of two messages of BeiDou satellites, and how many instants."""
    mine = table["toe"][table["system"] == "C"]
    times = np.arange(mine.min(), mine.max(), step_s * NS)
    prn, when = (grid.ravel() for grid in np.meshgrid(np.arange(1, 64), times))
    states = [
        orbits.states(table, orbits.select(table, "C", prn, when, kinds={"C": (kind,)}), when)
        for kind in (one, two)
    ]
    away = np.linalg.norm(states[0].position_m - states[1].position_m, axis=1)
    return float(np.nanmax(away)), int(np.isfinite(away).sum())


def _precise(files: Path) -> list[Row]:
    """Broadcast beside final orbits: distance of the positions, RMS over the day."""
    from rabta.pnt import rinex
    from rabta.pnt.products import sp3

    final = sp3.read(files / PRECISE)
    table = rinex.navigation(files / BROADCAST).ephemerides
    found = []
    for letter, limit in (("G", 3.0), ("E", 1.5)):
        numbers = [int(name[1:]) for name in final.satellites if name[0] == letter]
        prn, when = (grid.ravel() for grid in np.meshgrid(numbers, final.times))
        broadcast = orbits.states(table, orbits.select(table, letter, prn, when), when)
        precise = orbits.precise(final, None, letter, prn, when)
        away = np.linalg.norm(broadcast.position_m - precise.position_m, axis=1)
        rms = float(np.sqrt(np.nanmean(away**2)))
        source = "GRG final orbits (centre of mass; broadcast is the antenna's)"
        found.append(Row(f"{letter}: broadcast from final orbits, 3D RMS, m", rms, 0.0, limit, source))
    return found
