"""``rabta pnt samples``: satellites in the samples of a receiver's front end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.pnt.baseband.samples import Samples

MIRRORED = ("auto", "no", "yes")
SKY = "Navigation file (RINEX) for the table of the sky; with --position and --at"


def samples(
    file: Annotated[Path, typer.Argument(help="File of samples, plain or packed (.xz, .gz)")],
    rate: Annotated[float, typer.Option(help="Samples a second, as in 4e6; pairs for the IQ formats")],
    form: Annotated[str, typer.Option("--format", help="i8, iq8, u8, iqu8, i16, iq16, f32 or iqf32")] = "iq8",
    if_hz: Annotated[float, typer.Option("--if", help="Where the carrier lies in the file, Hz")] = 0.0,
    signals: Annotated[
        str, typer.Option(help="Signals: B1C, B1CD, B1I, B3I, B2A, B2AD, B2B, L1CA")
    ] = "B1C,L1CA",
    prns: Annotated[
        str, typer.Option(help="Satellites, as in 19-46 or 21,22; those in service if left out")
    ] = "",
    doppler: Annotated[float, typer.Option(help="Search as far as this, Hz")] = 5000.0,
    time_ms: Annotated[float, typer.Option("--time", help="Search time, ms")] = 20.0,
    false_alarm: Annotated[float, typer.Option(help="Probability of a false alarm, each satellite")] = 1e-4,
    skip: Annotated[float, typer.Option(help="Leave out the beginning, s")] = 0.0,
    seconds: Annotated[float, typer.Option(help="Read at most so much, s")] = 60.0,
    mirrored: Annotated[str, typer.Option(help="Sign of the quadrature component: auto, no or yes")] = "auto",
    peaks: Annotated[bool, typer.Option(help="Look for second correlation peaks (echoes, spoofers)")] = False,
    track: Annotated[bool, typer.Option(help="Follow every satellite found and decode its message")] = False,
    nav: Annotated[Path | None, typer.Option(help=SKY)] = None,
    position: Annotated[str | None, typer.Option(help="Receiver's place: lat,lon,height")] = None,
    at: Annotated[str | None, typer.Option(help="Time of the first sample, UTC")] = None,
    picture: Annotated[Path | None, typer.Option(help="Write peaks and table here (SVG)")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Find satellites in samples: C/N0, Doppler, code phase; follow them; see second peaks."""
    from rabta.cli.pnt import _samples

    if mirrored not in MIRRORED:
        raise RabtaError("no such choice", key="--mirrored", value=mirrored, expected=", ".join(MIRRORED))
    read = _read(file, rate, form, if_hz, mirrored, skip, seconds)
    asked = {"doppler_hz": doppler, "time_s": time_ms * 1e-3, "false_alarm": false_alarm}
    names = [name.strip() for name in signals.split(",") if name.strip()]
    found = _samples.search(read, names, numbers(prns), asked, automatic=mirrored == "auto" and if_hz == 0.0)
    if peaks:
        _samples.add_peaks(found, asked)
    if track:
        _samples.add_tracks(found, at)
    if nav is not None:
        _samples.add_sky(found, nav, position, at)
    if picture is not None:
        picture.write_text(_samples.draw(found, file.name), encoding="utf-8")
    report = {"file": str(file), "rate_hz": rate, "format": form, "if_hz": if_hz, **_samples.report(found)}
    if json_:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _print(report)


def _read(
    file: Path, rate: float, form: str, if_hz: float, mirrored: str, skip: float, seconds: float
) -> Samples:
    """Samples of the file."""
    from rabta.pnt.baseband import samples as source

    return source.read(
        file, rate, form, if_hz=if_hz, mirrored=mirrored == "yes", skip_s=skip, seconds=seconds
    )


def numbers(text: str) -> list[int] | None:
    """Numbers of a list with ranges; none of an empty text.

    Examples
    --------
    >>> numbers("19-21,30"), numbers("")
    ([19, 20, 21, 30], None)
    """
    out: list[int] = []
    for part in (piece.strip() for piece in text.split(",") if piece.strip()):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise RabtaError("no satellite numbers", key="--prns", value=part, expected="as in 19-46,60")
        out += range(int(first), int(last or first) + 1)
    return out or None


def _print(report: dict[str, Any]) -> None:
    power = report["power"]
    print(
        f"{report['file']}: {report['seconds']:.3f} s, {report['rate_hz'] / 1e6:g} MHz, "
        f"power {power['db']:.1f} dB, clipped {100.0 * power['clipped']:.2f} %, offset {power['offset']:.3f}"
    )
    for signal in report["signals"]:
        rows = signal["satellites"]
        print(f"\n{signal['signal']}: {len(rows)} of {signal['searched']} satellites")
        if rows:
            print("  sat   C/N0  in cell   Doppler  code phase  above threshold")
        for row in rows:
            margin = row["statistic"] / row["threshold"]
            strength = f"{row['cn0_dbhz']:6.1f}{row['cell_cn0_dbhz']:9.1f}"
            where = f"{row['doppler_hz']:10.1f}{row['delay_ms']:12.5f}"
            print(f"  {row['satellite']:4}{strength}{where}{margin:12.1f} x{_more(row)}")
    for note in report["notes"]:
        print(f"\n{note}")


def _more(row: dict[str, Any]) -> str:
    """What else is known of a satellite."""
    out = ""
    if "elevation_deg" in row:
        out += f"  elevation {row['elevation_deg']:.0f} azimuth {row['azimuth_deg']:.0f}"
    if len(row.get("peaks", ())) > 1:
        out += "  SECOND PEAK " + ", ".join(f"{peak['apart_m']:+.0f} m" for peak in row["peaks"][1:])
    if "track" in row:
        seen = row["track"]
        out += f"  {'locked' if seen['locked'] else 'not locked'}, code {seen['code_std_m']:.1f} m"
        out += f", {seen['frames']} frames" if seen["frames"] else ""
    return out
