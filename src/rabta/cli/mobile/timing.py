"""``rabta mobile timing``: Doppler, timing advance and K offset of a satellite's pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def timing(
    satellite: Annotated[str, typer.Argument(help="Entry of the satellites catalog, name or NORAD number")],
    over: Annotated[str, typer.Option(help="A town, or LAT,LON")],
    ghz: Annotated[float, typer.Option(help="Carrier")] = 2.0,
    gateway: Annotated[str | None, typer.Option(help="Place of the gateway; on board if left out")] = None,
    spacing: Annotated[float, typer.Option(help="Subcarrier spacing, kHz")] = 15.0,
    start: Annotated[str, typer.Option(help="UTC from which passes are counted")] = "2026-01-14T00:00:00",
    number: Annotated[int, typer.Option(help="0 for the first pass")] = 0,
    elevation: Annotated[float, typer.Option(help="Least elevation, degrees")] = 10.0,
    step: Annotated[float, typer.Option(help="Between rows, s; 0.001 for slots of 1 ms")] = 1.0,
    split: Annotated[bool, typer.Option(help="Frames aligned at the satellite (K_mac)")] = True,
    elements: Annotated[str | None, typer.Option(help="File of TLE or OMM data")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the Doppler shift here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """What a terminal and its base station must correct during a pass."""
    import numpy as np

    from rabta.cli.link.places import ground_end
    from rabta.cli.mobile import _lines
    from rabta.errors import RabtaError, named
    from rabta.mobile.mobility import timing as made
    from rabta.mobile.modem import passes
    from rabta.space.visibility import ground

    try:
        begin = np.datetime64(start)
    except ValueError as error:
        raise RabtaError(
            "no time", key="--start", value=start, expected="YYYY-MM-DDTHH:MM:SS in UTC"
        ) from error
    with named(place="--over", satellite="--satellite"):
        one, end = passes.satellite(satellite, elements), ground_end(over)
    service = passes.find(
        one, end.lat_deg, end.lon_deg, 0.0, begin, min_elevation_deg=elevation, number=number
    )
    feeder = None
    if gateway is not None:
        with named(place="--gateway"):
            hub = ground_end(gateway)
        feeder = passes.between(one, ground([hub.lat_deg], [hub.lon_deg], 0.0), service.start, service.span_s)
        if float(feeder.elevation_deg.min()) < 0.0:
            raise RabtaError(
                "the gateway does not see the satellite throughout", key="--gateway", value=hub.name,
                expected=f"a place nearer to {end.name}, or a greater --elevation",
            )  # fmt: skip
    budget = made.over(service, ghz, feeder=feeder, spacing_khz=spacing, step_s=step, split=split)
    aged = made.validity(service, ghz, spacing_khz=spacing)
    found: dict[str, Any] = {
        "satellite": one.name, "place": end.name, "start": str(service.start), "seconds": service.span_s,
        "ghz": ghz, "spacing_khz": spacing, "greatest_doppler_hz": float(np.abs(budget.doppler_hz).max()),
        "greatest_rate_hz_s": float(np.abs(budget.doppler_rate_hz_s).max()),
        "service_round_trip_us": [float(budget.service_us.min()), float(budget.service_us.max())],
        "k_offset": int(budget.k_offset.max()), "k_mac": int(budget.k_mac.max()),
        "prefix_us": made.PREFIX_US[spacing], "sib19": made.common_fields(budget, len(budget.times_s) // 2),
        "validity_s": aged.longest_s,
        "ephemeris": [
            {"age_s": float(t), "position_m": float(p), "round_trip_us": float(r), "doppler_hz": float(d)}
            for t, p, r, d in zip(aged.age_s, aged.position_m, aged.round_trip_us, aged.doppler_hz, strict=True)  # noqa: E501
            if t in {0.0, *map(float, made.VALIDITY_S)}
        ],
    }  # fmt: skip
    if svg is not None:
        words = f"{one.name} over {end.name}: Doppler shift at {ghz:g} GHz"
        lines = {"at the terminal": budget.doppler_hz / 1e3}
        svg.write_text(_lines.draw(words, "s", budget.times_s, lines, "kHz"), encoding="utf-8")
    if json_:
        found["rows"] = [
            {
                "t_s": float(budget.times_s[i]), "elevation_deg": float(budget.elevation_deg[i]),
                "doppler_hz": float(budget.doppler_hz[i]), "service_us": float(budget.service_us[i]),
                "common_us": float(budget.common_us[i]), "drift_us_s": float(budget.drift_us_s[i]),
                "k_offset": int(budget.k_offset[i]), "k_mac": int(budget.k_mac[i]),
            }
            for i in range(len(budget.times_s))
        ]  # fmt: skip
        print(json.dumps(found, ensure_ascii=False))
        return
    _print(found, budget)


def _print(f: dict[str, Any], budget: Any) -> None:
    print(
        f"{f['satellite']} over {f['place']} from {f['start'][:19]}, {f['seconds']:.0f} s, {f['ghz']:g} GHz"
    )
    print(
        f"{'s':>6} {'elevation':>9} {'Doppler kHz':>12} {'kHz/s':>8} {'own us':>9} {'common us':>10} {'K':>3} {'K_mac':>5}"  # noqa: E501
    )
    count = len(budget.times_s)
    for i in sorted({round(j * (count - 1) / 10) for j in range(11)}):
        print(
            f"{budget.times_s[i]:6.0f} {budget.elevation_deg[i]:9.1f} {budget.doppler_hz[i] / 1e3:12.3f} "
            f"{budget.doppler_rate_hz_s[i] / 1e3:8.3f} {budget.service_us[i]:9.1f} {budget.common_us[i]:10.1f} "  # noqa: E501
            f"{budget.k_offset[i]:3d} {budget.k_mac[i]:5d}"
        )
    print(f"K_offset {f['k_offset']}, K_mac {f['k_mac']} slots; cyclic prefix {f['prefix_us']:g} us")
    print("what a terminal's correction misses as the broadcast ephemeris (SIB19) grows old:")
    for row in f["ephemeris"]:
        print(
            f"{row['age_s']:6.0f} s {row['position_m']:9.2f} m {row['round_trip_us']:8.4f} us "
            f"{row['doppler_hz']:8.3f} Hz"
        )
    print(f"longest validity within the timing limit of TS 38.133: {f['validity_s']} s")
