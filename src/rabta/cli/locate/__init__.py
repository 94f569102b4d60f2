"""``rabta locate``: positions from a receiver's observations and what satellites broadcast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError, nearest

if TYPE_CHECKING:
    from rabta.pnt.position.accuracy import Accuracy, Truth

MODES = ("spp", "dgnss", "rtk", "ppp")


def locate(
    observations: Annotated[Path, typer.Argument(help="RINEX observations, plain or packed (.gz, .crx, .Z)")],
    navigation: Annotated[list[Path], typer.Argument(help="RINEX navigation files, as many as needed")],
    base: Annotated[Path | None, typer.Option(help="Observations of a base, for dgnss and rtk")] = None,
    base_position: Annotated[
        str | None, typer.Option(help="Antenna of the base: X,Y,Z in metres or lat,lon,h")
    ] = None,
    systems: Annotated[
        str, typer.Option(help="Systems: C BeiDou, G GPS, E Galileo, R GLONASS, J QZSS")
    ] = "G,E,C",
    mode: Annotated[str, typer.Option(help="spp, dgnss, rtk or ppp")] = "spp",
    signals: Annotated[
        str | None, typer.Option(help="Signals to use, as in C2I+C6I,G1C: system, RINEX code, partner")
    ] = None,
    frequencies: Annotated[str, typer.Option(help="auto (every signal), single or iono-free")] = "auto",
    ionosphere: Annotated[
        str, typer.Option(help="auto, klobuchar, klobuchar-beidou, bdgim, ntcm or none")
    ] = "auto",
    mask: Annotated[float, typer.Option(help="Lowest elevation, degrees")] = 10.0,
    truth: Annotated[
        str | None, typer.Option(help="True place X,Y,Z or lat,lon,h, or a CSV of time and place")
    ] = None,
    orbits: Annotated[list[Path] | None, typer.Option(help="Precise orbits (SP3), for ppp")] = None,
    clocks: Annotated[list[Path] | None, typer.Option(help="Precise clocks (CLK), for ppp")] = None,
    exclude: Annotated[str, typer.Option(help="Satellites to leave out, as in C05,G12")] = "",
    motion: Annotated[
        str | None, typer.Option(help="Filter over all epochs: vehicle, aircraft or static (mode spp)")
    ] = None,
    smooth: Annotated[bool, typer.Option(help="With --motion: look ahead too, not for real time")] = False,
    integrity: Annotated[
        bool, typer.Option(help="Give each position its protection level (mode spp)")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture (SVG)")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the positions (CSV)")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Locate a receiver: one position for each of its epochs, and how far they are from the truth.

    Positions are Earth-fixed in the frame of the orbits (ITRF within some centimetres), or of the base.
    """
    from rabta.cli.locate.run import Asked, located
    from rabta.pnt.position import accuracy

    check_folders({"--out": out, "--plot": plot})
    if mode not in MODES:
        raise RabtaError(
            "no such mode", key="mode", value=mode, expected=nearest(mode, MODES), exit_code=EXIT_USAGE
        )
    asked = Asked(
        observations,
        tuple(navigation),
        mode,
        systems=systems.replace(",", "").replace(" ", "").upper(),
        signals=parse_signals(signals),
        frequencies=frequencies,
        ionosphere=ionosphere,
        mask_deg=mask,
        excluded=tuple(item.strip().upper() for item in exclude.split(",") if item.strip()),
        base=base,
        base_position=base_position,
        orbits=tuple(orbits or ()),
        clocks=tuple(clocks or ()),
        motion=checked_motion(motion, mode, smooth=smooth),
        smooth=smooth,
        integrity=checked_integrity(mode, motion, wanted=integrity),
    )
    known = accuracy.truth(truth) if truth else None
    found = located(asked)
    errors = None
    if known is not None:
        accuracy.check_frame(found.position_m, known)
        errors = accuracy.compare(found.times, found.position_m, known)
    if out is not None:
        out.write_text(found.csv(), encoding="utf-8")
    if plot is not None:
        from rabta.cli.locate.picture import draw

        plot.write_text(draw(found, errors), encoding="utf-8")
    told = found.record(errors)
    if json_:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print(told, errors, known)


def check_folders(paths: dict[str, Path | None]) -> None:
    """Refuse a file to write whose folder is missing, before any work."""
    for option, path in paths.items():
        if path is not None and not path.parent.is_dir():
            raise RabtaError("no such folder", key=option, value=str(path.parent), exit_code=EXIT_USAGE)


def checked_motion(motion: str | None, mode: str, *, smooth: bool) -> str | None:
    """Motion asked for, where it and the mode go together."""
    from rabta.pnt.tracks import MOTIONS

    if motion is None and not smooth:
        return None
    if motion not in MOTIONS:
        raise RabtaError(
            "no such motion" if motion else "only a motion can be smoothed",
            key="--motion",
            value=motion,
            expected=nearest(motion or "", MOTIONS),
            exit_code=EXIT_USAGE,
        )
    if mode != "spp":
        raise RabtaError(
            "a motion goes with mode spp only",
            key="--motion",
            value=mode,
            expected="spp",
            exit_code=EXIT_USAGE,
        )
    return motion


def checked_integrity(mode: str, motion: str | None, *, wanted: bool) -> bool:
    """Whether protection levels are asked for, where the mode has them."""
    if wanted and (mode != "spp" or motion is not None):
        raise RabtaError(
            "protection levels are of single epochs of mode spp",
            key="--integrity",
            value=mode if motion is None else f"--motion {motion}",
            expected="--mode spp without --motion",
            exit_code=EXIT_USAGE,
        )
    return wanted


def protected_lines(told: dict[str, Any]) -> list[str]:
    """What protection levels say, for people."""

    def metres(value: float | None) -> str:
        return "none for half of the epochs" if value is None else f"{value:.1f} m"

    shares = ", ".join(f"{name} {100.0 * share:.1f} %" for name, share in told["available"].items())
    lines = [
        f"  integrity     support '{told['ism']}', faults at once up to {told['order']}",
        f"    protected         {told['protected']} of {told['epochs']} epochs",
        f"    horizontal level  median {metres(told['hpl_median_m'])}",
        f"    vertical level    median {metres(told['vpl_median_m'])}",
        f"    below 40 m and 50 m {100.0 * told['below_40_50']:6.1f} %",
        f"    available         {shares}",
        f"    faults left out   {told['epochs_with_faults']} epochs; alarms that stand {told['alarms']}",
    ]
    if told["excluded"]:
        most = sorted(told["excluded"].items(), key=lambda item: -item[1])[:8]
        lines.append("    of which          " + ", ".join(f"{name} {count}" for name, count in most))
    return lines


def parse_signals(text: str | None) -> dict[str, tuple[str, ...]]:
    """Signals by system of a text such as ``C2I+C6I,G1C`` (also ``C:2I+6I``).

    Examples
    --------
    >>> parse_signals("C2I+C6I,G:1C")
    {'C': ('2I', '6I'), 'G': ('1C',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for item in (text or "").split(","):
        if not item.strip():
            continue
        first = item.strip().upper().replace(":", "")
        if len(first) < 3:
            raise RabtaError(
                "no such signal",
                key="signals",
                value=item,
                expected="C2I, or a pair C2I+C6I",
                exit_code=EXIT_USAGE,
            )
        found[first[0]] = tuple(part[-2:] for part in first.split("+"))
    return found


def _print(told: dict[str, Any], errors: Accuracy | None, known: Truth | None) -> None:
    """Table for people."""
    lines = [f"{told['observations']}: {told['epochs']} epochs, {told['span']}"]
    moved = f" for a {told['motion']} receiver" if told["motion"] else ""
    lines.append(f"  mode          {told['mode']}{moved}, systems {told['systems']}, {told['signals']}")
    lines.append(f"  ionosphere    {told['ionosphere']}")
    share = 100.0 * told["fixed"] / max(told["epochs"], 1)
    lines.append(f"  positions     {told['fixed']} of {told['epochs']} epochs ({share:.1f} %)")
    for name, count in told["status"].items():
        lines.append(f"    {name:<20}{count:>8}")
    if told["position_m"]:
        place = ", ".join(f"{x:.3f}" for x in told["position_m"])
        lat, lon, height = told["geodetic"]
        lines.append(f"  median place  X,Y,Z {place} m")
        lines.append(f"                {lat:.7f}, {lon:.7f} degrees, {height:.2f} m above the ellipsoid")
        lines.append(f"  frame         {told['frame']}")
    if errors is not None and known is not None:
        lines += _accuracy(told["accuracy"])
    if "integrity" in told:
        lines += protected_lines(told["integrity"])
    for note in told["notes"]:
        lines.append(f"  note: {note}")
    print("\n".join(lines))


def _accuracy(figures: dict[str, Any]) -> list[str]:
    share = figures["availability"]
    if not figures["epochs"]:
        return ["  accuracy      no epoch has both a position and a truth"]
    return [
        f"  accuracy      {figures['epochs']:.0f} of {figures['of']:.0f} epochs with a truth ({share:.1%})",
        f"    horizontal        50 % {figures['h50_m']:8.3f} m     95 % {figures['h95_m']:8.3f} m",
        f"    vertical                              95 % {figures['v95_m']:8.3f} m",
        f"    three-dimensional RMS  {figures['rms_3d_m']:8.3f} m  largest {figures['largest_3d_m']:8.3f} m",
        "    mean east, north, up   {mean_east_m:+.3f} {mean_north_m:+.3f} {mean_up_m:+.3f} m".format(
            **figures
        ),
    ]
