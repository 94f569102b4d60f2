"""Suite ``hf``: sky waves beside the ITU-R's own software, ground waves, noise, measured fields.

``hf_circuits.csv`` holds what the software of ITU-R Study Group 3 (ITURHFProp 14.2, P533 and P372) says of
five circuits inside Pakistan, run with the coefficients that come with it (universal time h is its hour
h + 1), after three slips in it were put right: deciles of foF2 read at universal instead of local time, a
missing term of the mirror height (section 5.1), and nights whose hours after sunset are counted an hour too
late. What the slips do is shown. Near a threshold (a mode's MUF, or where the E layer begins to screen it)
both may fall on other sides of it; such rows are no gate. Noise is read from the nation's grid, which is
bilinear between points 1.5 degrees apart: 0.05 dB.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio.hf import groundwave, muf, noise, skywave
from rabta.radio.hf.dipole import HALF_WAVE_OHM, Dipole
from rabta.radio.hf.groundwave import Ground
from rabta.radio.hf.ionosphere import coefficients
from rabta.radio.hf.ionosphere.geomagnetism import dip_deg, gyrofrequency_mhz
from rabta.verify import Row, suite

Array = NDArray[np.float64]

NAN = float("nan")
SOFTWARE = "ITURHFProp 14.2 of ITU-R Study Group 3, three slips corrected"
NTIA = "NTIA LFMF, tests/data/Validation*.csv"
P372 = "ITU-R P.372-16"
POWER_DBKW, NEEDED_DB, BANDWIDTH_HZ = -10.0, 10.0, 3000.0
# Frequency, distance, permittivity, conductivity, heights, vertical, dB(uV/m) for 1 kW and 315 N-units.
_FIELDS = (
    (30.0, 50.0, 80.0, 1.0, 0.0, 0.0, True, 38.9788),
    (1.0, 100.0, 70.0, 5.0, 0.0, 0.0, True, 68.5175),
    (0.1, 1000.0, 30.0, 0.01, 0.0, 0.0, True, 38.9586),
    (10.0, 20.0, 15.0, 0.001, 0.0, 0.0, True, 34.7556),
    (0.01, 5000.0, 3.0, 1e-4, 0.0, 0.0, True, 1.0251),
    (3.0, 200.0, 22.0, 0.003, 0.0, 0.0, True, 2.0318),
    (5.0, 50.0, 7.0, 3e-4, 0.0, 0.0, True, 18.0267),
    (0.5, 500.0, 40.0, 0.03, 0.0, 0.0, True, 41.0981),
    (10.0, 50.0, 22.0, 0.003, 0.0, 50.0, True, 27.7029),
    (5.0, 100.0, 70.0, 5.0, 0.0, 0.0, False, -100.4717),
)
_LFMF = ("h_tx__meter", "h_rx__meter", "f__mhz", "P_tx__watt", "N_s", "d__km", "epsilon", "sigma", "pol")
_TABLES = ("D1_Table1.csv", "D1_Table2.csv")


@suite(
    "hf",
    "HF: sky wave, ground wave, noise, antennas",
    needs="any of: NTIA's Validation*.csv of LFMF; D1_Table1.csv and D1_Table2.csv (measured fields of the "
    "ITU-R's data bank D1) with COEFF01W.txt to COEFF12W.txt or ccir11.asc to ccir22.asc",
)
def rows(files: Path | None) -> list[Row]:
    """Quoted values, or those of a folder."""
    if files is not None:
        return from_folder(files)
    return [*_field_rows(), *_noise_rows(), *_antenna_rows(), *_circuit_rows(), *_slip_rows()]


def _field_rows() -> list[Row]:
    found = []
    for f, d, e, s, low, high, vertical, theirs in _FIELDS:
        ours = groundwave.field_dbuvm(f, d, Ground(e, s), heights_m=(low, high), vertical=vertical)
        name = f"ground wave {f:g} MHz, {d:g} km, {e:g} / {s:g} S/m{'' if vertical else ', horizontal'}"
        found.append(Row(f"{name}, {high:g} m, dB(uV/m)", float(ours), theirs, 0.01, NTIA))
    smooth = float(groundwave.field_dbuvm(1.0, 1.0, Ground(70.0, 5.0)))
    source = "ITU-R P.368: 300 V of cymomotive force, 300 mV/m at 1 km"
    return [*found, Row("1 kW at 1 km over sea, dB(uV/m)", smooth, 109.54, 0.02, source)]


def _noise_rows() -> list[Row]:
    listed = [
        ("city", 76.8, 27.7),
        ("residential", 72.5, 27.7),
        ("rural", 67.2, 27.7),
        ("quiet-rural", 53.6, 28.6),
    ]
    found = [
        Row(f"man-made noise, {name}, 1 MHz, dB", float(noise.man_made(1.0, name).median_db), c, 1e-9, P372)
        for name, c, _ in listed
    ]
    found += [
        Row(f"man-made noise, {name}, a decade, dB", _decade(name), d, 1e-9, P372) for name, _, d in listed
    ]
    found.append(Row("galactic noise, 10 MHz, dB", float(noise.galactic(10.0).median_db), 29.0, 1e-9, P372))
    chicago = (41.9786, -87.9047)
    note = "comment in the ITU-R's MAGFIT: 41 58 43 N, 87 54 17 W, 1,800 km"
    return [
        *found,
        Row("gyrofrequency, MHz", float(gyrofrequency_mhz(*chicago, 1800.0)), 0.733686, 1e-4, note),
        Row("dip, rad", float(np.radians(dip_deg(*chicago, 1800.0))), 1.241669, 1e-4, note),
    ]


def _decade(name: str) -> float:
    return float(noise.man_made(1.0, name).median_db - noise.man_made(10.0, name).median_db)


def _antenna_rows() -> list[Row]:
    """Radiation resistance of a dipole over a perfect ground: its own less the mutual one of its image."""
    source = "mutual resistance of parallel half-wave dipoles (Brown 1937; Balanis, Antenna theory)"
    perfect, wave = Ground(1.0, 100.0), 29.9792458
    return [
        Row(
            f"dipole at {gap / 2:g} wavelengths over a perfect ground, ohm",
            HALF_WAVE_OHM * Dipole(gap / 2 * wave, perfect).power(10.0),
            HALF_WAVE_OHM - mutual,
            0.6,
            source,
        )
        for gap, mutual in ((0.25, 40.8), (0.5, -12.5), (1.0, 4.0))
    ]


@cache
def reference_circuits() -> list[dict[str, float]]:
    """Rows of ``hf_circuits.csv``."""
    with Path(__file__).with_name("hf_circuits.csv").open(encoding="utf-8") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


@cache
def _shipped() -> tuple[coefficients.Region, noise.RegionNoise]:
    path = catalog.entry("nations", "pakistan").path.with_suffix("") / coefficients.FILE
    return coefficients.Region.read(path), noise.RegionNoise.read(path)


def predict(row: dict[str, float]) -> tuple[dict[str, float], bool]:
    """What we say of a row, and whether it lies at a threshold."""
    maps, noises = _shipped()
    f, hour, month = row["frequency_mhz"], row["hour_ut"], int(row["month"])
    path = muf.Path.between(row["from_lat"], row["from_lon"], row["to_lat"], row["to_lon"])
    found = muf.modes(maps, path, muf.When(month, np.asarray(hour), row["r12"]))
    heard = skywave.circuit(found, f)
    parts = [
        noise.atmospheric(noises, row["to_lat"], row["to_lon"], month, hour, f),
        noise.man_made(f, "rural"),
        noise.galactic(f),
    ]
    got = heard.received_dbw(1e3 * 10.0 ** (POWER_DBKW / 10.0))
    quality = noise.quality(got, noise.total(parts), BANDWIDTH_HZ, f / found.muf)
    edges = np.concatenate([heard.muf.ravel(), muf.screening_mhz(found, f).ravel()])
    ours = {
        "muf_mhz": found.muf,
        "fot_mhz": found.fot,
        "operational_mhz": muf.operational_muf(found),
        "field_dbuvm": heard.field_dbuvm(POWER_DBKW),
        "atmospheric_db": parts[0].median_db,
        "atmospheric_upper_db": parts[0].upper_db,
        "atmospheric_lower_db": parts[0].lower_db,
        "snr_db": quality.median_db,
        "snr_upper_db": quality.upper_db,
        "snr_lower_db": quality.lower_db,
        "reliability_percent": 100.0 * quality.reliability(NEEDED_DB),
    }
    near = bool(np.any(np.abs(edges / f - 1.0) < 0.02)) or abs(f / float(found.muf) / 0.8 - 1.0) < 0.02
    return {name: float(value) for name, value in ours.items()}, near


_TOLERANCE = {
    "muf_mhz": 0.03, "fot_mhz": 0.03, "operational_mhz": 0.05, "field_dbuvm": 0.4, "atmospheric_db": 0.05,
    "atmospheric_upper_db": 0.01, "atmospheric_lower_db": 0.01, "snr_db": 0.4, "snr_upper_db": 0.05,
    "snr_lower_db": 0.05, "reliability_percent": 1.5,
}  # fmt: skip


def _circuit_rows() -> list[Row]:
    found = []
    for row in reference_circuits():
        ours, near = predict(row)
        place = f"{row['from_lat']:g} N {row['from_lon']:g} E to {row['to_lat']:g} N {row['to_lon']:g} E"
        when = f"month {row['month']:g}, R12 {row['r12']:g}, {row['hour_ut']:02.0f} UT"
        when = f"{when}, {row['frequency_mhz']:g} MHz"
        for name, value in ours.items():
            text = f"{name}: {place}, {when}"
            found.append(Row(text, value, row[name], _TOLERANCE[name], SOFTWARE, gate=not near))
    return found


def _slip_rows() -> list[Row]:
    """What the slips of the ITU-R's software do: right and wrong numbers side by side."""
    source = "ITURHFProp 14.2 as published"
    maps, _ = _shipped()
    path = muf.Path.between(24.86, 67.01, 35.92, 74.31)
    dawn = muf.modes(maps, path, muf.When(1, np.asarray(2.0), 80.0))
    noon = muf.modes(maps, path, muf.When(1, np.asarray(6.0), 80.0))
    hour = "deciles of foF2 at universal time: FOT Karachi to Gilgit, January, R12 80, 06 UT, MHz"
    night = "an hour too late after sunset: foE Karachi to Gilgit, January, R12 80, 02 UT, MHz"
    mirror = "section 5.1 at x_r = 3.7: factor G without its term 90.47 x_r"
    ratio = 3.7
    whole = -2.102 * ratio**4 + 19.50 * ratio**3 - 63.15 * ratio**2 + 90.47 * ratio - 44.73
    return [
        Row(f"defect shown: {hour}", float(noon.fot), 18.96, NAN, source, gate=False),
        Row(f"defect shown: {night}", float(dawn.mid.fo_e), 1.752, NAN, source, gate=False),
        Row(f"defect shown: {mirror}", whole, whole - 90.47 * ratio, NAN, source, gate=False),
        Row("G joins its constant at x_r = 3.7", whole, 19.25, 0.1, "ITU-R P.533-14, section 5.1"),
    ]


def from_folder(folder: Path) -> list[Row]:
    """Rows of the reference files of a folder; one that holds none is refused."""
    found: list[Row] = []
    for path in sorted(folder.rglob("*.csv")):
        if _header(path)[: len(_LFMF)] == list(_LFMF):
            found += lfmf_rows(path)
    if all((folder / name).is_file() for name in _TABLES):
        found += measured_rows(folder)
    if not found:
        raise RabtaError(
            "no reference file of this suite",
            file=folder,
            expected="csv files with the columns of NTIA's LFMF tests, or " + " and ".join(_TABLES),
        )
    return found


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline().strip().split(",")


def _number(text: str | None, path: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = NAN
    if not np.isfinite(value):
        raise RabtaError(
            "a reference file is damaged", file=path, key=f"line {line}", value=text, expected="a number"
        )
    return value


def lfmf_rows(path: Path) -> list[Row]:
    """Rows of a file of NTIA's LFMF tests: ground waves, one row a line that is a success."""
    groups: dict[tuple[float, ...], list[tuple[int, float, float]]] = {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            if "rtn" in row and _number(row["rtn"], path, line) != 0:
                continue
            values = {name: _number(row.get(name), path, line) for name in (*_LFMF, "E_dBuVm")}
            key = tuple(values[name] for name in _LFMF if name != "d__km")
            groups.setdefault(key, []).append((line, values["d__km"], values["E_dBuVm"]))
    whole = "rtn" in _header(path)
    found = []
    for (low, high, f, power, n, e, s, pol), lines in groups.items():
        ours = groundwave.field_dbuvm(
            f, [d for _, d, _ in lines], Ground(e, s), power_w=power, heights_m=(low, high), refractivity=n,
            vertical=pol == 1.0,
        )  # fmt: skip
        found += [
            Row(f"{path.name}:{line}, {f:g} MHz, {d:g} km", float(o), theirs, 0.06 if whole else 0.02, NTIA)
            for o, (line, d, theirs) in zip(ours, lines, strict=True)
        ]
    return found


def _degrees(text: str, path: Path, line: int) -> float:
    """Degrees of ``49.40N``: 49 degrees and 40 minutes."""
    head, _, minutes = text.strip()[:-1].partition(".")
    sign = -1.0 if text.strip()[-1:] in {"S", "W"} else 1.0
    return sign * (_number(head, path, line) + _number(minutes, path, line) / 60.0)


def _measured(folder: Path) -> dict[tuple[int, int, int], Array]:
    """Fields of 24 hours by circuit, year and month; 99 stands for none."""
    path = folder / _TABLES[1]
    found = {}
    for line, text in enumerate(path.read_text(encoding="latin-1").splitlines(), start=1):
        cells = text.split(",")
        if not cells[0].strip().isdigit():
            continue
        values = [_number(v, path, line) for v in cells]
        if len(values) < 27:
            raise RabtaError(
                "a reference file is damaged", file=path, key=f"line {line}", value=len(values), expected="27"
            )
        hours = np.array(values[3:27])
        found[int(values[0]), int(values[1]), int(values[2])] = np.where(hours == 99.0, np.nan, hours)
    return found


def measured_rows(folder: Path) -> list[Row]:
    """Mean and spread of prediction less measurement, circuit by circuit, up to 7,000 km."""
    maps, fields, path = coefficients.read_world(folder), _measured(folder), folder / _TABLES[0]
    errors: dict[str, list[float]] = {}
    for line, text in enumerate(path.read_text(encoding="latin-1").splitlines(), start=1):
        cells = [c.strip() for c in text.split(",")]
        if len(cells) < 12 or not cells[0].isdigit():
            continue
        if _number(cells[8], path, line) > muf.RANGES["distance_km"][1]:
            continue
        number, year, month = (int(_number(cells[i], path, line)) for i in (0, 10, 11))
        if (number, year, month) not in fields:
            continue
        ends = [_degrees(cells[i], path, line) for i in (4, 5, 6, 7)]
        when = muf.When(month, np.arange(1.0, 25.0) % 24.0, _number(cells[9], path, line))
        heard = skywave.circuit(muf.modes(maps, muf.Path.between(*ends), when), _number(cells[3], path, line))
        off = heard.field_dbuvm() - fields[number, year, month]
        name = f"{number}: {cells[1].title()} to {cells[2].title()}, {cells[3]} MHz"
        errors.setdefault(name, []).extend(off[np.isfinite(off)].tolist())
    return _error_rows(errors)


def _error_rows(errors: dict[str, list[float]]) -> list[Row]:
    source = "ITU-R data bank D1: measured medians for 1 kW EIRP (CCIR, 1989)"
    kept = {name: values for name, values in errors.items() if values}
    if not kept:
        return []
    every = np.concatenate([np.array(v) for v in kept.values()])
    found = [
        Row(
            f"mean error of {len(every)} hours on {len(kept)} circuits, dB",
            float(every.mean()),
            0.0,
            3.0,
            source,
            gate=False,
        ),
        Row("their standard deviation, dB", float(every.std()), 0.0, NAN, source, gate=False),
    ]
    return found + [
        Row(f"mean error, {name}, dB", float(np.mean(v)), 0.0, NAN, source, gate=False)
        for name, v in sorted(kept.items())
    ]
