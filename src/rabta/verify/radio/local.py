"""Suite ``local``: clutter, entry into buildings, streets and hops against published and independent values.

Sources: NTIA's tests of its reference implementation of P.2108-1 (public domain), three tables rounded to
0.1 dB; the 31,250 values of P.2109-2 in the tests of crc-covlib (MIT, at bc72be0), which its authors made
with the ITU's MATLAB code; runs of crc-covlib's own P.1411-12 and P.530-18 (on our P.838) and of itur 0.4.0.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.radio.local import building, clutter, hops, street, vegetation
from rabta.verify import Row, suite

Array = NDArray[np.float64]

NTIA = "NTIA's tests of P.2108-1 (public domain), at 1d27319 and 24021fe"
COVLIB_P2109 = "crc-covlib at bc72be0 (MIT), tests/iturp2109/validation.csv, made with the ITU's code"
COVLIB = "runs of crc-covlib at bc72be0 (MIT), an independent implementation"
ITUR = "runs of itur 0.4.0 (MIT)"
ROUNDED_DB = 0.055  # 0.05 of rounding, and NTIA's inverse normal distribution is an approximation
KINDS = ("traditional", "efficient")
TYPES = ("water", "open", "suburban", "urban", "forest", "dense urban")

# GHz, km, %, dB
TERRESTRIAL = (
    *((0.5, 0.25, 50.0, 17.4), (0.5, 0.25, 1.0, 3.9), (0.5, 0.25, 99.0, 30.9), (26.6, 15.8, 45.0, 32.5)),
    *((67.0, 5.4, 30.5, 30.9), (3.5, 1.0, 0.1, 16.8), (3.5, 1.0, 99.9, 42.8)),
)
# GHz, degrees, %, dB
SLANT = (
    *((30.0, 2.0, 5.0, 7.7), (30.0, 2.0, 1.0, 1.9), (30.0, 2.0, 99.0, 87.3), (10.0, 10.5, 45.0, 12.4)),
    *((15.0, 90.0, 50.0, 0.0), (20.0, 0.0, 50.0, 45.6), (11.1, 15.5, 80.5, 14.7)),
)
# GHz, antenna m, street m, clutter m, class, dB
TERMINAL = (
    *((1.5, 2.0, 27.0, 10.0, 1, 16.0), (1.5, 2.0, 27.0, 6.0, 2, 10.9), (1.5, 2.0, 27.0, 10.0, 3, 20.5)),
    *((1.5, 2.0, 27.0, 15.0, 4, 24.5), (1.5, 2.0, 27.0, 6.0, 5, 14.6), (1.5, 2.0, 27.0, 20.0, 6, 27.1)),
    *((3.0, 3.0, 15.0, 15.0, 6, 29.0), (0.9, 2.3, 30.0, 10.0, 2, 13.7), (1.5, 2.5, 25.0, 10.0, 3, 20.2)),
    *((0.03, 2.1, 24.5, 9.8, 3, 5.7), (1.7, 30.0, 24.5, 9.8, 3, 0.0)),
)
# GHz, share, kind, degrees, dB
ENTRY = (
    (0.08, 0.00000001, 1, -90.0, -2.5408058452142495),
    (12.57, 0.1250000075, 1, -37.5, 12.8832026995805755),
    (25.06, 0.25000000500, 1, 15.0, 14.9589104353636237),
    (37.55, 0.37500000250, 1, 67.5, 31.1353488986854927),
    (50.04, 0.5, 2, -67.5, 61.8901143813000800),
    (62.53, 0.6249999975, 2, -15.0, 59.8152864775428981),
    (75.02, 0.749999995, 2, 37.5, 74.2444700176489505),
    (87.51, 0.8749999925, 2, 90.0, 97.4459804347188481),
)
# km, GHz, antennas m, terrain m, worst month at 0 dB for K = 1e-4 and dN75 = 60, %
MULTIPATH = (
    (30.0, 7.0, 300.0, 350.0, 200.0, 39.198395729120456),
    (50.0, 6.0, 1200.0, 400.0, 250.0, 17.858673000140428),
    (12.0, 23.0, 240.0, 260.0, 210.0, 12.261923839570935),
)
# km, GHz, tilt, %, dB for 63.6 mm/h
RAIN = (
    (30.0, 7.0, 90.0, 0.01, 7.1327625498447125),
    (50.0, 6.0, 90.0, 0.01, 4.172802854656866),
    (12.0, 23.0, 90.0, 0.01, 44.58242204189479),
    (12.0, 23.0, 0.0, 0.001, 106.60790833946714),
    (0.5, 38.0, 90.0, 0.01, 13.445981220191985),
)
# dB: two low terminals; the rows of tables 4 and 8; rain of 63.6 mm/h on 50 m at 38 GHz
STREET = (126.09740013836453, 153.71177388358183)
TABLE = (
    *(83.07983573579082, 122.124856035453, 125.75259223311281),
    *(86.87037270343025, 118.77071051360232, 124.72834821040757),
)
SHORT_HOP = 5.047897470714382
# MHz, dB
WOODS = ((105.9, 9.4), (466.475, 18.0), (949.0, 26.5), (1852.2, 29.0), (2117.5, 34.1))
# dB, p0, %
FADES = (
    (15.0, 0.01, 0.000496877205957702),
    (15.0, 1.0, 0.030898145194080406),
    (15.0, 100.0, 1.8298723504225012),
)


@suite(
    "local",
    "Clutter, entry into buildings, streets, woods and hops",
    needs="any CSV of NTIA's P.2108 tests or of the P.2109 validation table",
)
def rows(files: Path | None) -> list[Row]:
    """Every value of the files; without files the values that are quoted here."""
    found = _from_files(files) if files else [*_clutter_rows(), *_entry_rows()]
    return [*found, *_street_rows(), *_hop_rows(), *_wood_rows(), *_defect_rows()]


def _clutter_rows() -> list[Row]:
    rows = [_terrestrial(*values) for values in TERRESTRIAL]
    rows += [_slant(*values) for values in SLANT]
    return [*rows, *(_terminal(*values) for values in TERMINAL)]


def _terrestrial(ghz: float, km: float, percent: float, theirs: float) -> Row:
    ours = float(clutter.terrestrial_db(ghz, km, percent))
    return Row(f"P.2108 3.2, {ghz:g} GHz, {km:g} km, {percent:g} %, dB", ours, theirs, ROUNDED_DB, NTIA)


def _slant(ghz: float, degrees: float, percent: float, theirs: float) -> Row:
    ours = float(clutter.slant_db(ghz, degrees, percent))
    return Row(f"P.2108 3.3, {ghz:g} GHz, {degrees:g} deg, {percent:g} %, dB", ours, theirs, ROUNDED_DB, NTIA)


def _terminal(ghz: float, height: float, width: float, top: float, kind: float, theirs: float) -> Row:
    name = TYPES[int(kind) - 1]
    ours = float(clutter.terminal_correction_db(ghz, height, name, top, width))
    where = f"{ghz:g} GHz, {height:g} m in {top:g} m, {name}"
    return Row(f"P.2108 3.1, {where}, dB", ours, theirs, ROUNDED_DB, NTIA)


def _entry_rows() -> list[Row]:
    return [
        Row(
            f"P.2109, {ghz:g} GHz, {100 * share:.3g} %, {KINDS[kind - 1]}, {degrees:g} deg, dB",
            float(building.entry_loss_db(ghz, 100.0 * share, KINDS[kind - 1], degrees)),
            *(theirs, 1e-6, COVLIB_P2109),
        )
        for ghz, share, kind, degrees, theirs in ENTRY
    ]


def _street_rows() -> list[Row]:
    near = float(street.street_level_db(2.6, 80.0, 50.0, "urban"))
    far = float(street.street_level_db(0.9, 1000.0, 90.0, "dense urban"))
    middle, low, high = (float(part) for part in street.canyon_db(1.8, 500.0, 5.0, 1.5))
    return [
        Row("P.1411 4.3.1, 2.6 GHz, 80 m, 50 %, urban, dB", near, STREET[0], 1e-9, COVLIB),
        Row("P.1411 4.3.1, 0.9 GHz, 1 km, 90 %, dense urban, dB", far, STREET[1], 1e-9, COVLIB),
        Row("P.1411 4.1.2, 1.8 GHz, 500 m along a street, dB", middle, 100.3799724462098, 1e-3, COVLIB),
        Row("P.1411 4.1.2, the same, lower bound, dB", low, 94.3799724462098, 1e-3, COVLIB),
        Row("P.1411 4.1.2, the same, upper bound, dB", high, 114.3799724462098, 1e-3, COVLIB),
        *_table_rows(),
    ]


def _table_rows() -> list[Row]:
    cases: tuple[tuple[Callable[..., Array], str, bool, float, float, float], ...] = (
        (street.below_roofs_db, "high-rise", True, 3.5, 100.0, TABLE[0]),
        (street.below_roofs_db, "high-rise", False, 3.5, 300.0, TABLE[1]),
        (street.below_roofs_db, "low-rise", False, 28.0, 100.0, TABLE[2]),
        (street.below_roofs_db, "residential", False, 2.4, 100.0, TABLE[3]),
        (street.over_roofs_db, "low-rise", True, 28.0, 500.0, TABLE[4]),
        (street.over_roofs_db, "high-rise", False, 3.5, 500.0, TABLE[5]),
    )
    return [
        Row(
            f"P.1411 {model.__name__}, {place}, {'in' if seen else 'out of'} sight, {ghz:g} GHz, {m:g} m, dB",
            *(float(model(ghz, m, place, sight=seen)), theirs, 1e-9, COVLIB),
        )
        for model, place, seen, ghz, m, theirs in cases
    ]


def _hop_rows() -> list[Row]:
    rows = []
    for km, ghz, one, two, terrain, theirs in MULTIPATH:
        ours = float(hops.occurrence_percent(km, ghz, one, two, terrain, k=1e-4, dn75=60.0))
        rows.append(Row(f"P.530 multipath, {km:g} km, {ghz:g} GHz, p0 %", ours, theirs, 1e-9, COVLIB))
    for fade, p0, theirs in FADES:
        ours = float(hops.multipath_percent(fade, p0))
        rows.append(Row(f"P.530 all fades, {fade:g} dB, p0 = {p0:g}, %", ours, theirs, 1e-9, COVLIB))
    for km, ghz, tilt, percent, theirs in RAIN:
        ours = float(hops.rain_db(km, ghz, 63.6, percent, tilt))
        rows.append(Row(f"P.530 rain, {km:g} km, {ghz:g} GHz, {percent:g} %, dB", ours, theirs, 1e-9, COVLIB))
    ours = float(hops.rain_db(20.0, 18.0, 63.6, 0.01))
    return [*rows, Row("P.530 rain, 20 km, 18 GHz, 0.01 %, dB", ours, 46.83537230918414, 1e-3, ITUR)]


def _wood_rows() -> list[Row]:
    source = (
        "ITU-R P.833-9, table 1, as the open code of a Purdue study quotes it: the limit of deep woodland"
    )
    return [
        Row(
            f"P.833, {mhz:g} MHz, 10 km of wood, dB",
            *(float(vegetation.woodland_db(1e4, mhz / 1e3)), limit, 1e-6, source),
        )
        for mhz, limit in WOODS
    ]


def _defect_rows() -> list[Row]:
    nan = float("nan")
    name = (
        "the anchor's defect: crc-covlib takes the larger of 10.8 dB and the factor to the year, where P.530"
    )
    factor = float(hops.annual_factor_db(30.0, 300.0, 350.0, 30.0))
    return [
        Row(f"{name} limits it to 10.8: 30 km at 30 degrees, dB", factor, 10.8, nan, COVLIB, gate=False),
        Row(
            "the anchor's defect: crc-covlib has no largest distance factor (2.5); rain on 50 m, 38 GHz, dB",
            *(float(hops.rain_db(0.05, 38.0, 63.6)), SHORT_HOP, nan, COVLIB),
            gate=False,
        ),
        Row(
            "the anchor's defect: itur takes (log10 f/10)^0.8 for log10 (f/10)^0.8; 20 km, 18 GHz, 1 %, dB",
            *(float(hops.rain_db(20.0, 18.0, 63.6, 1.0)), 4.910182484588137, nan, ITUR),
            gate=False,
        ),
    ]


def _from_files(folder: Path) -> list[Row]:
    """Rows of every table in a folder whose head is known; other files are left alone."""
    found: list[Row] = []
    for path in sorted(folder.glob("*.csv")):
        head, values = _read(path)
        if head in READERS:
            width = len(head.split(","))
            found += READERS[head](path, _numbers(path, values, width))
    if not found:
        raise RabtaError("no reference file of this suite", file=folder, expected="; ".join(READERS))
    return found


def _read(path: Path) -> tuple[str, list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [line for line in csv.reader(stream) if any(field.strip() for field in line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RabtaError("cannot read a reference file", file=path, expected="CSV in UTF-8") from error
    return (",".join(field.strip() for field in lines[0]) if lines else ""), lines[1:]


def _numbers(path: Path, lines: Sequence[Sequence[str]], width: int) -> Array:
    table = np.empty((len(lines), width))
    for i, line in enumerate(lines):
        try:
            table[i] = [float(field) for field in line]
        except ValueError as error:
            raise RabtaError(
                "a row of a reference file is damaged",
                file=path,
                key=f"row {i + 2}",
                value=",".join(line)[:80],
                expected=f"{width} numbers",
            ) from error
    if not np.isfinite(table).all() or not len(table):
        raise RabtaError("a reference file holds no or non-finite numbers", file=path, expected="finite rows")
    return table


def _entry_file(path: Path, table: Array) -> list[Row]:
    rows = []
    for number, kind in enumerate(KINDS, 1):
        part = table[table[:, 2] == number]
        if len(part):
            ours = building.entry_loss_db(part[:, 0], part[:, 1], kind, part[:, 3])
            worst = float(np.abs(ours - part[:, 4]).max())
            name = f"{path.name}: P.2109, {kind}, {len(part)} values, largest difference, dB"
            rows.append(Row(name, worst, 0.0, 1e-6, COVLIB_P2109))
    odd = ~np.isin(table[:, 2], (1.0, 2.0))
    if odd.any():
        raise RabtaError(
            "no such building", file=path, key="building type", value=table[odd][0, 2], expected="1 or 2"
        )
    return rows


def _ntia_file(make: Callable[..., Row]) -> Callable[[Path, Array], list[Row]]:
    """Reader of a table that ends with return code and loss; what it refuses we must refuse."""

    def read(path: Path, table: Array) -> list[Row]:
        rows = []
        for *inputs, code, theirs in table.tolist():
            if code == 0.0:
                rows.append(make(*inputs, theirs))
                continue
            try:
                make(*inputs, theirs)
                refused = 0.0
            except RabtaError:
                refused = 1.0
            shown = ", ".join(f"{value:g}" for value in inputs)
            rows.append(Row(f"{path.name}: refused ({shown})", refused, 1.0, 0.0, NTIA))
        return rows

    return read


_ENTRY_HEAD = "freqency (GHz),probability (%),building type,elevation angle (deg),building entry loss (dB)"
READERS: dict[str, Callable[[Path, Array], list[Row]]] = {
    _ENTRY_HEAD: _entry_file,
    "f__ghz,d__km,p,rtn,L_ctt__db": _ntia_file(_terrestrial),
    "f__ghz,theta_deg,p,rtn,L_ces__db": _ntia_file(_slant),
    "f__ghz,h__meter,w_s__meter,R__meter,clutter_type,rtn,A_h__db": _ntia_file(_terminal),
}
