"""``rabta mobile sensing``: where radio sites around a place would see a small aircraft."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def sensing(
    place: Annotated[str, typer.Argument(help="A town, or LAT,LON")],
    radius: Annotated[float, typer.Option(help="Of the map, km")] = 15.0,
    step: Annotated[float, typer.Option(help="Between points, km")] = 0.5,
    height: Annotated[list[float] | None, typer.Option(help="Above the ground, m; may be repeated")] = None,
    sensor: Annotated[str, typer.Option(help="Entry of the sensors catalog")] = "nr-3500-panel",
    rollout: Annotated[str, typer.Option(help="Entry of the rollouts catalog")] = "pakistan-5g-2030",
    band: Annotated[str, typer.Option(help="Sites that have this band sense")] = "3500-mhz",
    operator: Annotated[str | None, typer.Option(help="Only this operator's sites")] = None,
    mast: Annotated[float, typer.Option(help="Height of the panels above the ground, m")] = 30.0,
    rcs: Annotated[float, typer.Option(help="Mean echo area of the aircraft, dBsm")] = -12.81,
    svg: Annotated[Path | None, typer.Option(help="Write the map of the first height here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Probability that planned sites find a small aircraft, on a map around a place."""
    import numpy as np

    from rabta.cli.link.places import ground_end
    from rabta.cli.mobile import _map, _sites
    from rabta.errors import RabtaError, named
    from rabta.mobile.sensing import maps, radar
    from rabta.radio.itu import check_range
    from rabta.radio.terrain import raster

    if not 0.5 <= radius <= 100.0 or not 0.05 <= step <= radius or (2.0 * radius / step) ** 2 > 250_000:
        raise RabtaError(
            "map too large or too fine", key="--radius, --step", value=(radius, step),
            expected="0.5 to 100 km, at most 500 points across",
        )  # fmt: skip
    heights = height or [60.0, 120.0, 300.0]
    for key, value, low, high in (
        ("--height", heights, 1.0, 30_000.0), ("--mast", mast, 1.0, 500.0), ("--rcs", rcs, -80.0, 80.0),
    ):  # fmt: skip
        check_range(key, value, low, high, "a map of small aircraft")
    with named(place="PLACE"):
        panel, middle = radar.sensor(sensor), ground_end(place)
    terrain = raster.load()
    lat, lon = maps.grid(middle.lat_deg, middle.lon_deg, radius, step)
    masts = _sites.around(rollout, band, operator, middle.lat_deg, middle.lon_deg, radius + 20.0)
    if not len(masts[0]):
        raise RabtaError(
            "no site with this band around the place", key="--band", value=band,
            expected=f"a band that sites of {rollout} have near {middle.name}, or a larger --radius",
        )  # fmt: skip
    where = (*masts, terrain.heights(*masts) + mast)
    ground = terrain.heights(lat, lon)
    target = maps.Target(area_dbsm=rcs)
    found: dict[str, Any] = {
        "place": middle.name, "radius_km": radius, "sensor": sensor, "rollout": rollout, "band": band,
        "sites": len(masts[0]), "beams": panel.beams, "resolution_m": panel.resolution_m,
        "slowest_m_s": panel.speed_resolution_m_s, "heights": [],
    }  # fmt: skip
    drawn = None
    for above in heights:
        seen = maps.see(panel, target, where, (lat, lon, ground + above), terrain)
        drawn = (above, seen.probability) if drawn is None else drawn
        found["heights"].append(
            {
                "height_m": above,
                "found_share": float((seen.probability >= maps.SURE).mean()),
                "placed_share": float((seen.sites >= maps.FEWEST_FOR_PLACE).mean()),
                "mean_probability": float(seen.probability.mean()),
                "range_error_m": float(np.median(seen.error_m[np.isfinite(seen.error_m)], keepdims=False))
                if np.isfinite(seen.error_m).any()
                else None,
            }
        )
    if svg is not None and drawn is not None:
        svg.write_text(_map.draw(found, lat, lon, masts, drawn, step), encoding="utf-8")
    print(json.dumps(found, ensure_ascii=False)) if json_ else _print(found)


def _print(found: dict[str, Any]) -> None:
    around = f"{found['place']}, {found['radius_km']:g} km around"
    print(f"{around}: {found['sites']:,} sites with {found['band']} ({found['rollout']})")
    print(
        f"{found['sensor']}: {found['beams']:.0f} beams a panel, echoes part at {found['resolution_m']:.2f} m"
    )
    print(f"targets slower than {found['slowest_m_s']:.1f} m/s towards a site hide in its still clutter")
    print(f"{'height m':>9} {'found 90 %':>11} {'by 3 sites':>11} {'mean':>7} {'error, at best':>15}")
    for row in found["heights"]:
        error = "-" if row["range_error_m"] is None else f"{row['range_error_m']:.3f} m"
        print(
            f"{row['height_m']:9.0f} {100 * row['found_share']:10.1f}% {100 * row['placed_share']:10.1f}% "
            f"{row['mean_probability']:7.3f} {error:>15}"
        )
