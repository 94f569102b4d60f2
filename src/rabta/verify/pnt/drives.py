"""A receiver on the move, for suite ``positions``: the Hong Kong drive of 28 April 2019 beside its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.pnt import gnsstime, rinex, tracks
from rabta.pnt.position import Options
from rabta.verify import Row

Array = NDArray[np.float64]

NAN = float("nan")
OBSERVED, TRUTH = "COM3_190428_124409.obs.gz", "groundTruth_TST.csv"
EPHEMERIDES = ("hksc1180.19b", "hksc1180.19n")
FILES = (OBSERVED, TRUTH, *EPHEMERIDES)
# systems, epochs that may lack a position, H50, H95 (this project's targets), peers on the same files
CASES = (
    ("GC", "GPS and BeiDou", 0, 8.0, 35.0, "RTKLIB-EX 2.5.1, snapshots: 485 epochs, 12.2 and 44.1 m"),
    ("C", "BeiDou", 10, NAN, 40.0, "RTKLIB-EX 2.5.1, snapshots: 475 epochs, 13.6 and 55.9 m"),
)


def urban(files: Path) -> list[Row]:
    """Rows of the drive: forward positions against the targets, smoothed ones shown."""
    obs = rinex.observations(files / OBSERVED)
    nav = rinex.merge([rinex.navigation(files / name) for name in EPHEMERIDES])
    week, tow, lat, lon, height = np.loadtxt(files / TRUTH, delimiter=",").T
    truth = geo.ecef_from_geodetic(lat, lon, height)
    epochs = np.abs(obs.times[None, :] - gnsstime.from_week(week, tow)[:, None]).argmin(axis=1)
    found = []
    for systems, name, missing, half, most, peers in CASES:
        rows, start = tracks.prepare(obs, nav, Options(systems=systems, mode="single"))
        for smooth in (False, True):
            track = tracks.follow(rows, start, "vehicle", smooth=smooth)
            flat = _horizontal(track, truth, epochs)
            good = flat[np.isfinite(flat)]
            limits = (NAN, NAN, NAN) if smooth else (float(missing), half, most)
            figures = (float(flat.size - good.size), *(float(x) for x in np.percentile(good, [50, 95])))
            for what, ours, limit in zip(
                ("epochs without a position", "H50, m", "H95, m"), figures, limits, strict=True
            ):
                label = f"Hong Kong drive, {name}, {track.method}: {what}"
                found.append(Row(label, ours, 0.0, limit, peers, gate=not np.isnan(limit)))
    return found


def _horizontal(track: tracks.Track, truth: Array, epochs: NDArray[np.int64]) -> Array:
    """Horizontal errors at the reference's epochs; NaN without a fix."""
    lat, lon, _ = geo.geodetic_from_ecef(truth[0])
    local = (track.position_m[epochs] - truth) @ geo.east_north_up(lat, lon).T
    return np.where(track.fixed[epochs], np.hypot(local[:, 0], local[:, 1]), np.nan)
