"""``rabta locate --motion``: the filter of `rabta.pnt.tracks` in place of a position for each epoch alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.cli.locate.run import BROADCAST, MOST_NOTES, Asked, Found
from rabta.errors import RabtaError
from rabta.pnt.position import Options, geometry
from rabta.pnt.position.prepare import Geometry
from rabta.pnt.records import Navigation, Observations

Array = NDArray[np.float64]


def moving(asked: Asked, obs: Observations, nav: Navigation, options: Options) -> Found:
    """Positions of a receiver on the move."""
    from rabta.pnt import tracks

    if asked.motion is None:
        raise RabtaError("no motion was asked for", key="--motion", expected=", ".join(tracks.MOTIONS))
    if asked.motion == "vehicle" and options.mode == "auto":
        options = replace(options, mode="single")  # pairs of frequencies triple reflections in streets
    rows = geometry(obs, nav, options)
    track = tracks.follow(
        tracks.from_geometry(rows, obs), tracks.start_of(rows), asked.motion, smooth=asked.smooth
    )
    position = np.where(track.fixed[:, None], track.position_m, np.nan)
    note = (
        f"{track.method}: {'looks ahead too' if asked.smooth else 'each position from what came until then'}"
    )
    notes = [*obs.notes, *nav.notes][:MOST_NOTES]
    return Found(
        asked,
        track.times,
        position,
        np.where(track.fixed, track.method, np.where(track.used > 0, "doubtful", "no fix")),
        _sigma(track.covariance_m2, position),
        track.used,
        _signals(rows),
        rows.ionosphere,
        BROADCAST,
        (*notes, note),
    )


def _signals(rows: Geometry) -> str:
    said = []
    for letter in dict.fromkeys(rows.system.tolist()):
        codes = np.unique(rows.codes[rows.system == letter]).tolist()
        said.append(f"{letter} {'+'.join(code for code in codes if code)}")
    return ", ".join(said)


def _sigma(covariance_m2: Array, position_m: Array) -> Array:
    """Horizontal and vertical standard deviations, shape (epoch, 2)."""
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    axes = geo.east_north_up(lat, lon)
    local = np.einsum("eij,ejk,elk->eil", axes, covariance_m2, axes)
    return np.asarray(np.sqrt(np.stack([local[:, 0, 0] + local[:, 1, 1], local[:, 2, 2]], axis=-1)))
