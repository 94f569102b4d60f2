"""``rabta mobile city``: ray tracing of a city block."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabta.mobile.city.trace import Traced

SCENE = "grid:COLUMNSxROWS[@HEIGHT], a GeoJSON file of footprints with heights, or a scene of sionna-rt"
DEFAULT = "0,10,25,43"
SHOWN = ("gain", "power", "sinr")
FEW, STRONG_DBM = 0.25, -80.0  # share of a map that its rays reach; a median at which its edge is not yet met


def city(
    scene: Annotated[str, typer.Argument(help=SCENE)] = "grid:4x4",
    site: Annotated[list[str] | None, typer.Option(help="X,Y,Z[,DBM] in metres; may be repeated")] = None,
    ghz: Annotated[float, typer.Option("--ghz", help="Frequency")] = 3.5,
    user: Annotated[list[str] | None, typer.Option(help="X,Y,Z: trace its single links too")] = None,
    height: Annotated[float, typer.Option(help="Of the map above the ground, m")] = 1.5,
    cell: Annotated[float, typer.Option(help="Cell of the map, m")] = 5.0,
    rays: Annotated[int, typer.Option(help="From each site")] = 1_000_000,
    depth: Annotated[int, typer.Option(help="Most reflections of a ray")] = 5,
    walls: Annotated[str, typer.Option(help="Material of ITU-R P.2040")] = "concrete",
    ground: Annotated[str, typer.Option(help="Material of ITU-R P.2040")] = "concrete",
    diffraction: Annotated[bool, typer.Option(help="Around edges; slower")] = False,
    show: Annotated[str, typer.Option(help="What is drawn: gain, power or sinr")] = "power",
    svg: Annotated[Path | None, typer.Option(help="Write the map here")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the arrays here (.npz)")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Coverage of a city block by ray tracing (needs the extra ``rt``)."""
    import numpy as np

    from rabta.errors import RabtaError, nearest
    from rabta.mobile.city import picture, trace

    if show not in SHOWN:
        raise RabtaError(
            "nothing of that name to show", key="--show", value=show, expected=nearest(show, SHOWN)
        )
    sites = tuple((p[0], p[1], p[2], p[3]) for p in (_place(t, "--site", 4) for t in site or [DEFAULT]))
    users = tuple((p[0], p[1], p[2]) for p in (_place(t, "--user", 3) for t in user or []))
    asked = trace.Request(
        scene, ghz, sites, users, height, cell, rays, depth, walls, ground, diffraction=diffraction
    )
    found = trace.trace(asked)
    values = {"gain": found.gain_db.max(axis=0), "power": found.received_dbm, "sinr": found.sinr_db}
    if svg is not None:
        unit = {"gain": "dB", "power": "dBm", "sinr": "dB"}[show]
        words = f"{scene}, {ghz:g} GHz, {height:g} m above the ground: {show} of the best site"
        svg.write_text(picture.draw(found, values[show], words, unit), encoding="utf-8")
    if out is not None:
        np.savez_compressed(
            out, path_gain_db=found.gain_db, x_m=found.x_m, y_m=found.y_m, sinr_db=found.sinr_db,
            link_gain_db=found.link_gain_db,
        )  # fmt: skip
    told = _told(found, values)
    if told["few_rays"]:
        print(
            f"only {100 * told['reached_share']:.1f} % of the map is reached, though half of that is above "
            f"{told['power_dbm'][1]:.0f} dBm: the rays are too few or the cells too small; "
            f"try --rays {10 * rays} or --cell {2 * cell:g}",
            file=sys.stderr,
        )
    print(json.dumps(told)) if json_ else _print(told)


def _place(text: str, key: str, count: int) -> tuple[float, ...]:
    """Numbers of a place; a site's power is 43 dBm where none is given."""
    from rabta.errors import RabtaError

    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if count == 4 and len(found) == 3:
        found = (*found, 43.0)
    if len(found) != count:
        form = "X,Y,Z or X,Y,Z,DBM" if count == 4 else "X,Y,Z"
        raise RabtaError("not a place", key=key, value=text, expected=f"{form} in metres")
    return found


def few_rays(power_dbm: NDArray[np.float64]) -> bool:
    """Whether empty cells are rather missed than dark: few are reached, and these not faintly."""
    import numpy as np

    reached = np.isfinite(power_dbm)
    return bool(reached.any() and reached.mean() < FEW and np.median(power_dbm[reached]) > STRONG_DBM)


def _told(found: Traced, values: dict[str, Any]) -> dict[str, Any]:
    """What is printed."""
    import numpy as np

    power = values["power"]
    reached = np.isfinite(power)
    whole = reached.any()
    return {
        "scene": found.request.scene,
        "modelled": bool(found.blocks.modelled) if found.blocks else False,
        "ghz": found.request.ghz,
        "cells": list(power.shape),
        "reached_share": float(reached.mean()),
        "few_rays": few_rays(power),
        "power_dbm": [float(v) for v in np.percentile(power[reached], [5, 50, 95])] if whole else [],
        "sinr_db": [float(v) for v in np.percentile(values["sinr"][reached], [5, 50, 95])] if whole else [],
        "links": [
            {"user": list(place), "gain_db": [float(v) for v in row]}
            for place, row in zip(found.request.links, found.link_gain_db, strict=True)
        ],
        "about": found.about,
    }


def _print(told: dict[str, Any]) -> None:
    made = " (made up)" if told["modelled"] else ""
    print(f"{told['scene']}{made}, {told['ghz']:g} GHz: {told['cells'][1]} x {told['cells'][0]} cells")
    print(f"reached: {100 * told['reached_share']:.1f} % of the map")
    for key, words in (("power_dbm", "power, dBm"), ("sinr_db", "SINR, dB")):
        if told[key]:
            low, middle, high = told[key]
            print(f"{words}: {low:.1f} (5 %), {middle:.1f} (median), {high:.1f} (95 %)")
    for row in told["links"]:
        where = ", ".join(f"{v:g}" for v in row["user"])
        print(f"user at {where}: " + ", ".join(f"{v:.1f} dB" for v in row["gain_db"]))
    about = told["about"]
    print(f"sionna-rt {about['version']} ({about['variant']}): map in {about['map_s']:.2f} s")
