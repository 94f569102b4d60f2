"""What ``rabta pnt samples`` computes, and its picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.baseband import acquire, codes, decode
from rabta.pnt.baseband import track as tracking
from rabta.pnt.baseband.samples import Samples
from rabta.pnt.signals import LIGHT_M_S

Rows = NDArray[np.void]
COLOURS = ("#1f5fa8", "#2e7d4f", "#a8671f", "#7a3f9d")


@dataclass
class Found:
    """Satellites of each signal, and what is known of each beyond the search."""

    samples: Samples
    offsets_hz: dict[str, float]
    rows: dict[str, Rows] = field(default_factory=dict)
    more: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    mirrored: bool = False
    notes: list[str] = field(default_factory=list)


def search(
    read: Samples, names: list[str], prns: list[int] | None, asked: dict[str, float], *, automatic: bool
) -> Found:
    """Search for each signal; where the spectrum turns out to be mirrored, mirror it."""
    if not names:
        raise RabtaError("no signals", key="--signals", expected=", ".join(codes.SIGNALS))
    centre = codes.find(names[0]).carrier_hz
    wanted = [codes.find(name) for name in names]
    found = Found(read, {what.name: what.carrier_hz - centre for what in wanted})
    for what in wanted:
        if abs(found.offsets_hz[what.name]) > read.rate_hz / 2.0:
            raise RabtaError(
                f"{what.name} lies outside of the band around {names[0]}", key="--signals", value=what.name,
                expected="signals of one band",
            )  # fmt: skip
        begin = process_time()
        found.rows[what.name] = _one(found, what.name, prns, asked)
        found.cpu_s[what.name] = process_time() - begin
        if automatic and not found.mirrored and found.offsets_hz[what.name] == 0.0:
            _turn(found, what.name, asked)
    if read.power.clipped > 0.05:
        found.notes.append(
            f"{100 * read.power.clipped:.0f} % of samples are clipped: too much gain, or jamming."
        )
    if read.power.offset > 0.3:
        found.notes.append(f"Samples are offset by {read.power.offset:.1f} of their spread: another format?")
    if not any(rows["found"].any() for rows in found.rows.values()):
        found.notes.append("No satellite found: are rate, format, --if and signals those of the file?")
    return found


def _one(found: Found, name: str, prns: list[int] | None, asked: dict[str, float]) -> Rows:
    read = found.samples
    return acquire.search(
        read.values,
        read.rate_hz,
        name,
        prns,
        if_hz=found.offsets_hz[name],
        **asked,
    )


def _turn(found: Found, name: str, asked: dict[str, float]) -> None:
    """Mirror the spectrum where codes and carriers say so, and measure what was found again."""
    read, rows = found.samples, found.rows[name]
    if not acquire.mirrored(read.values, read.rate_hz, name, rows):
        return
    found.mirrored = True
    found.samples = replace(read, values=np.conj(read.values))
    found.notes.append("The quadrature component has the other sign: the spectrum was mirrored.")
    for k in np.flatnonzero(rows["found"]):
        near = {**asked, "centre_hz": -float(rows[k]["doppler_hz"]), "doppler_hz": 150.0}
        again = _one(found, name, [int(rows[k]["prn"])], near)[0]
        again["threshold"], again["found"] = rows[k]["threshold"], True
        rows[k] = again


def _each(found: Found) -> list[tuple[str, np.void]]:
    return [(name, row) for name, rows in found.rows.items() for row in rows if row["found"]]


def add_peaks(found: Found, asked: dict[str, float]) -> None:
    """All correlation peaks of each satellite found."""
    read = found.samples
    for name, row in _each(found):
        rows = found.rows[name]
        others = rows["cn0_dbhz"][rows["found"] & (rows["prn"] != row["prn"])]
        seen = acquire.peaks(
            read.values, read.rate_hz, name, int(row["prn"]), if_hz=found.offsets_hz[name],
            doppler_hz=asked["doppler_hz"], time_s=asked["time_s"], false_alarm=asked["false_alarm"],
            beside_dbhz=float(others.max()) if others.size else None,
        )  # fmt: skip
        first = seen[0].delay_s if seen else 0.0
        period = codes.find(name).period_s
        found.more.setdefault((name, int(row["prn"])), {})["peaks"] = [
            {
                "delay_ms": peak.delay_s * 1e3, "doppler_hz": peak.doppler_hz, "cn0_dbhz": peak.cn0_dbhz,
                "apart_m": ((peak.delay_s - first + period / 2) % period - period / 2) * LIGHT_M_S,
            }
            for peak in seen
        ]  # fmt: skip


def add_tracks(found: Found, at: str | None) -> None:
    """Loops over the whole record, and what the messages say."""
    read = found.samples
    time = gnsstime.parse(at) if at else 0
    for name, row in _each(found):
        try:
            seen = tracking.run(
                read.values, read.rate_hz, name, int(row["prn"]), if_hz=found.offsets_hz[name],
                doppler_hz=float(row["doppler_hz"]), delay_s=float(row["delay_s"]),
            )  # fmt: skip
        except RabtaError as error:
            found.notes.append(f"{satellite(name, row)}: {error.problem}")
            continue
        frames = decode.frames(seen)
        settled = seen.code_minus_carrier_m()[seen.start_s.size // 5 :]
        found.more.setdefault((name, int(row["prn"])), {})["track"] = {
            "locked": seen.locked, "seconds": float(seen.start_s[-1] - seen.start_s[0]),
            "cn0_dbhz": float(seen.cn0_dbhz[-1]), "doppler_hz": float(seen.doppler_hz[-1]),
            "phase_lock": float(seen.phase_lock[-1]), "code_std_m": float(settled.std()),
            "secondary_chip": int(seen.overlay[0]), "frames": len(frames),
            "ephemerides": len(decode.navigation(frames, time).ephemerides) if at else None,
        }  # fmt: skip


def add_sky(found: Found, nav: Path, position: str | None, at: str | None) -> None:
    """Elevation and azimuth of satellites from a navigation file."""
    from rabta.pnt.orbits import broadcast, selection
    from rabta.pnt.rinex.navigation import navigation

    if position is None or at is None:
        raise RabtaError("the sky needs a place and a time", key="--nav", expected="--position and --at too")
    lat, lon, height = place(position)
    data, time = navigation(nav).ephemerides, gnsstime.parse(at)
    here = geo.ecef_from_geodetic(lat, lon, height)
    for name, row in _each(found):
        index = selection.select(data, codes.find(name).system, int(row["prn"]), [time])
        if index[0] < 0:
            found.notes.append(f"{satellite(name, row)}: not in the navigation file at this time")
            continue
        states = broadcast.states(data, index, [time])
        azimuth, elevation = geo.look_angles(here, states.position_m[0])
        more = found.more.setdefault((name, int(row["prn"])), {})
        more["elevation_deg"], more["azimuth_deg"] = float(elevation), float(azimuth)
        if elevation < -2.0:
            found.notes.append(
                f"{satellite(name, row)} is below the horizon: wrong place or time, or another sender."
            )


def place(text: str) -> tuple[float, float, float]:
    """Latitude, longitude and height of a text.

    Examples
    --------
    >>> place("24.9,67.1,20")
    (24.9, 67.1, 20.0)
    """
    try:
        lat, lon, *rest = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RabtaError("no place", key="--position", value=text, expected="lat,lon,height") from error
    return lat, lon, rest[0] if rest else 0.0


def satellite(name: str, row: np.void) -> str:
    """Name as in C21."""
    return f"{codes.find(name).system}{int(row['prn']):02d}"


def report(found: Found) -> dict[str, Any]:
    """All of it as plain data."""
    power = found.samples.power
    signals = []
    for name, rows in found.rows.items():
        seen = [
            {
                "satellite": satellite(name, row), "prn": int(row["prn"]),
                **{k: float(row[k]) for k in ("cn0_dbhz", "cell_cn0_dbhz", "doppler_hz")},
                "delay_ms": float(row["delay_s"]) * 1e3, "statistic": float(row["statistic"]),
                "threshold": float(row["threshold"]), **found.more.get((name, int(row["prn"])), {}),
            }
            for row in rows if row["found"]
        ]  # fmt: skip
        signals.append(
            {"signal": name, "searched": len(rows), "cpu_s": found.cpu_s[name], "satellites": seen}
        )
    return {
        "seconds": found.samples.seconds, "mirrored": found.mirrored,
        "power": {
            "db": power.decibels, "peak": power.peak, "clipped": power.clipped, "offset": power.offset,
        },
        "signals": signals, "notes": found.notes,
    }  # fmt: skip


WIDE, ROW, BAR = 1000, 118, 96


def draw(found: Found, name: str) -> str:
    """Statistics of all satellites searched, correlation peaks of those found, and their table."""
    parts, top = [_text(20, 26, f"Satellites in {name}", 16)], 50.0
    for k, (signal, rows) in enumerate(found.rows.items()):
        parts += _bars(signal, rows, top, COLOURS[k % len(COLOURS)])
        top += BAR + 50
    for n, (signal, row) in enumerate(_each(found)):
        x, y = 20 + n % 4 * 245, top + n // 4 * ROW
        parts += _peak(found, signal, row, x, y)
    tall = top + (-(-max(1, len(_each(found))) // 4)) * ROW + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {tall:.0f}" role="img" '
        'aria-label="Correlation peaks of satellites" font-family="sans-serif">'
        f'<rect width="{WIDE}" height="{tall:.0f}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _text(x: float, y: float, text: str, size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}">{escape(text)}</text>'


def _bars(signal: str, rows: Rows, top: float, colour: str) -> list[str]:
    """Statistic over threshold of every satellite searched, in decibels, and the threshold's line."""
    level = 10.0 * np.log10(np.maximum(rows["statistic"] / rows["threshold"], 1e-3))
    high, low = max(3.0, float(level.max())), min(-6.0, float(level.min()))
    step, zero = (WIDE - 60) / max(1, len(rows)), top + BAR * high / (high - low)
    out = [_text(20, top, f"{signal}: statistic over threshold, dB ({low:.0f} to {high:.0f})")]
    for k, row in enumerate(rows):
        tall = BAR * float(level[k]) / (high - low)
        y, shade = min(zero, zero - tall), colour if row["found"] else "#c8c8c8"
        out.append(
            f'<rect x="{40 + k * step:.1f}" y="{y + 8:.1f}" width="{0.7 * step:.1f}" '
            f'height="{abs(tall):.1f}" fill="{shade}"/>'
        )
        if row["found"]:
            out.append(_text(40 + k * step - 4, top + BAR + 24, satellite(signal, row), 9))
    out.append(f'<path d="M30 {zero + 8:.1f}H{WIDE - 20}" stroke="#222" stroke-dasharray="4 3"/>')
    return out


def _peak(found: Found, signal: str, row: np.void, x: float, y: float) -> list[str]:
    """Correlation about one satellite's peak, with its numbers."""
    read = found.samples
    taps, height = acquire.profile(
        read.values, read.rate_hz, signal, int(row["prn"]), doppler_hz=float(row["doppler_hz"]),
        delay_s=float(row["delay_s"]), if_hz=found.offsets_hz[signal],
    )  # fmt: skip
    px, py = x + 60 + taps * 38, y + 88 - 62 * height / height.max()
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
    more = found.more.get((signal, int(row["prn"])), {})
    words = [
        f"{satellite(signal, row)} {signal}", f"{row['cn0_dbhz']:.1f} dB-Hz", f"{row['doppler_hz']:.0f} Hz",
        f"{row['delay_s'] * 1e3:.4f} ms",
        f"el {more['elevation_deg']:.0f} az {more['azimuth_deg']:.0f}" if "elevation_deg" in more else "",
    ]  # fmt: skip
    out = [_text(x + 128, y + 38 + 14 * k, word) for k, word in enumerate(words)]
    out.append(f'<path d="M{x:.0f} {y + 88:.0f}h120" stroke="#bbb"/>')
    out.append(f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="1.4"/>')
    return [*out, _text(x + 30, y + 102, "-1.5 to 1.5 chips", 9)]
