"""Work of ``rabta locate``: files in, one position an epoch out, whatever the mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime, orbits
from rabta.pnt.integrity.protect import Protected, protect, summary
from rabta.pnt.position import Options, Solution, accuracy, differential, solve
from rabta.pnt.position.accuracy import Accuracy
from rabta.pnt.position.single import STATUS, clock_steps
from rabta.pnt.records import Navigation, Observations

Array = NDArray[np.float64]

BROADCAST = "of the broadcast orbits (WGS 84, PZ-90, GTRF, BDCS: ITRF within some centimetres)"
MOST_NOTES = 12


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    observations: Path
    navigation: tuple[Path, ...]
    mode: str = "spp"
    systems: str = "GEC"
    signals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    frequencies: str = "auto"
    ionosphere: str = "auto"
    mask_deg: float = 10.0
    excluded: tuple[str, ...] = ()
    base: Path | None = None
    base_position: str | None = None
    orbits: tuple[Path, ...] = ()
    clocks: tuple[Path, ...] = ()
    motion: str | None = None
    smooth: bool = False
    integrity: bool = False

    def options(self) -> Options:
        """As `rabta.pnt.position` takes them."""
        return Options(
            systems=self.systems,
            signals=self.signals,
            mode=self.frequencies,
            ionosphere=self.ionosphere,
            mask_deg=self.mask_deg,
            excluded=self.excluded,
        )


@dataclass(frozen=True)
class Found:
    """Positions, and what is said of them.

    Attributes
    ----------
    status : ndarray of str, shape (epoch,)
    sigma_m : ndarray, shape (epoch, 2)
        Standard deviations: horizontal, vertical.
    used : ndarray of int, shape (epoch,)
        Satellites; -1 where the mode does not say.
    """

    asked: Asked
    times: gnsstime.Instants
    position_m: Array
    status: NDArray[np.str_]
    sigma_m: Array
    used: NDArray[np.int64]
    signals: str
    ionosphere: str
    frame: str
    notes: tuple[str, ...] = ()
    levels: Protected | None = None

    def record(self, errors: Accuracy | None) -> dict[str, Any]:
        """Plain data."""
        fixed = np.isfinite(self.position_m[:, 0])
        middle = np.median(self.position_m[fixed], axis=0) if fixed.any() else None
        names, counts = np.unique(self.status, return_counts=True)
        place = None if middle is None else [float(x) for x in geo.geodetic_from_ecef(middle)]
        ends = [str(gnsstime.calendar(self.times[k]))[:19] for k in (0, -1)] if self.times.size else ["", ""]
        return {
            "observations": str(self.asked.observations),
            "navigation": [str(path) for path in self.asked.navigation],
            "mode": self.asked.mode,
            "motion": self.asked.motion,
            "systems": self.asked.systems,
            "signals": self.signals,
            "ionosphere": self.ionosphere,
            "frame": self.frame,
            "span": f"{ends[0]} to {ends[1]} GPS time",
            "epochs": int(self.times.size),
            "fixed": int(fixed.sum()),
            "status": {str(n): int(c) for n, c in zip(names, counts, strict=True)},
            "position_m": None if middle is None else middle.tolist(),
            "geodetic": place,
            "accuracy": None if errors is None else _finite(errors.summary()),
            "notes": list(self.notes),
            **({} if self.levels is None else {"integrity": summary(self.levels)}),
        }

    def csv(self) -> str:
        """A row for each epoch with a position."""
        head = "time_gps,x_m,y_m,z_m,lat_deg,lon_deg,height_m,sigma_h_m,sigma_v_m,satellites,status"
        rows = [head if self.levels is None else f"{head},hpl_m,vpl_m"]
        fixed = np.flatnonzero(np.isfinite(self.position_m[:, 0]))
        lat, lon, height = geo.geodetic_from_ecef(self.position_m[fixed])
        dates = gnsstime.calendar(self.times[fixed]).astype("datetime64[ms]")
        for k, at in enumerate(fixed.tolist()):
            x, y, z = self.position_m[at]
            h, v = self.sigma_m[at]
            rows.append(
                f"{dates[k]},{x:.4f},{y:.4f},{z:.4f},{lat[k]:.9f},{lon[k]:.9f},{height[k]:.4f},"
                f"{h:.4f},{v:.4f},{self.used[at] if self.used[at] >= 0 else ''},{self.status[at]}"
                + (
                    ""
                    if self.levels is None
                    else f",{self.levels.fix_hpl_m[at]:.2f},{self.levels.fix_vpl_m[at]:.2f}"
                )
            )
        return "\n".join(rows) + "\n"


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in figures.items()}


def located(asked: Asked) -> Found:
    """Read the files and find the positions.

    Raises
    ------
    RabtaError
        Where a file cannot be read, files do not fit each other, or no epoch has a position.
    """
    from rabta.pnt import rinex

    options = asked.options()
    obs = rinex.observations(asked.observations)
    nav = rinex.merge([rinex.navigation(path) for path in asked.navigation])
    ways = {"spp": _spp, "dgnss": _dgnss, "rtk": _rtk, "ppp": _ppp}
    if asked.motion is not None:
        from rabta.cli.locate.moving import moving

        ways["spp"] = moving
    found = ways[asked.mode](asked, obs, nav, options)
    if not np.isfinite(found.position_m[:, 0]).any():
        raise RabtaError(
            "no epoch has a position",
            file=asked.observations,
            value="; ".join(f"{n} epochs: {s}" for s, n in found.record(None)["status"].items()),
            expected="four satellites with ephemerides and one more for each further system",
        )
    return found


def _spp(asked: Asked, obs: Observations, nav: Navigation, options: Options) -> Found:
    found = solve(obs, nav, options)
    told = _coded(asked, obs, nav, found, BROADCAST)
    return replace(told, levels=protect(found)) if asked.integrity else told


def _dgnss(asked: Asked, obs: Observations, nav: Navigation, options: Options) -> Found:
    base, place = _base(asked)
    return _coded(asked, obs, nav, differential(obs, base, place, nav, options), "of the base's position")


def _coded(asked: Asked, obs: Observations, nav: Navigation, found: Solution, frame: str) -> Found:
    model = found.rows.ionosphere
    return Found(
        asked,
        found.times,
        found.position_m,
        np.array(STATUS)[found.status],
        _sigma(found.covariance_m2, found.position_m),
        found.used,
        _signals(found),
        "free of it (pairs)" if asked.frequencies == "iono-free" else model,
        frame,
        _notes(obs, nav, found, asked.systems),
    )


def _sigma(covariance_m2: Array, position_m: Array) -> Array:
    """Horizontal and vertical standard deviations, shape (epoch, 2)."""
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    axes = geo.east_north_up(lat, lon)
    local = np.einsum("nij,njk,nlk->nil", axes, covariance_m2, axes)
    flat = np.sqrt(np.maximum(local[:, 0, 0] + local[:, 1, 1], 0.0))
    return np.stack([flat, np.sqrt(np.maximum(local[:, 2, 2], 0.0))], axis=-1)


def _signals(found: Solution) -> str:
    """Signals that went in, by system."""
    rows, said = found.rows, []
    for letter in dict.fromkeys(rows.system.tolist()):
        codes = np.unique(rows.codes[rows.system == letter])
        said.append(f"{letter} {'+'.join(code for code in codes.tolist() if code)}")
    return ", ".join(said)


def _notes(obs: Observations, nav: Navigation, found: Solution, systems: str) -> tuple[str, ...]:
    """What could not be used, and what the receiver did."""
    notes = [*obs.notes, *nav.notes]
    if len(notes) > MOST_NOTES:
        notes = [*notes[:MOST_NOTES], f"and {len(notes) - MOST_NOTES} more places in the files"]
    lost = without_navigation(obs, nav, systems)
    if lost:
        notes.append(f"no healthy and valid navigation for {', '.join(lost)}")
    steps = clock_steps(found)
    if steps:
        notes.append(f"the receiver's clock jumps {steps} times by whole milliseconds (taken into account)")
    return tuple(notes)


def without_navigation(obs: Observations, nav: Navigation, systems: str) -> list[str]:
    """Satellites of some systems that were observed while no healthy, valid message was there for them."""
    found = []
    for letter in systems:
        if letter in obs.systems:
            seen = obs.systems[letter]
            row = orbits.select(nav.ephemerides, letter, seen.prn, obs.times[seen.epoch])
            held = set(seen.prn[row >= 0].tolist())
            found += [f"{letter}{prn:02d}" for prn in np.unique(seen.prn).tolist() if prn not in held]
    return found


def _base(asked: Asked) -> tuple[Observations, Array]:
    from rabta.pnt import rinex

    if asked.base is None or asked.base_position is None:
        raise RabtaError(
            f"mode {asked.mode} needs a base and its position",
            key="--base, --base-position",
            expected="observations of a receiver nearby, and its antenna's X,Y,Z or lat,lon,h",
        )
    place = accuracy.truth(asked.base_position, key="--base-position")
    if place.times is not None:
        raise RabtaError("the base does not move", key="--base-position", expected="X,Y,Z or lat,lon,h")
    return rinex.observations(asked.base), place.position_m[0]


def _rtk(asked: Asked, obs: Observations, nav: Navigation, options: Options) -> Found:
    from rabta.pnt.precise import rtk

    base, place = _base(asked)
    found = rtk.solve(obs, base, place, nav, systems=options.systems, mask_deg=options.mask_deg)
    return Found(
        asked,
        found.times,
        found.position_m,
        np.array(rtk.STATUS)[found.status],
        _sigma(found.covariance_m2, found.position_m),
        np.full(found.times.size, -1),
        "phases and codes",
        "differenced",
        "of the base's position",
        (*obs.notes[:MOST_NOTES], *nav.notes[:MOST_NOTES]),
    )


def _ppp(asked: Asked, obs: Observations, nav: Navigation, options: Options) -> Found:
    from rabta.pnt.precise import ppp
    from rabta.pnt.products import clk, sp3

    if not asked.orbits:
        raise RabtaError(
            "mode ppp needs precise orbits", key="--orbits", expected="an SP3 file of the same day"
        )
    clocks = clk.read(asked.clocks[0]) if asked.clocks else None
    found = ppp.solve(
        obs, nav, sp3.read(asked.orbits[0]), clocks, systems=options.systems, mask_deg=options.mask_deg
    )
    return Found(
        asked,
        found.times,
        found.position_m,
        np.where(np.isfinite(found.position_m[:, 0]), "good", "no fix"),
        _sigma(found.covariance_m2, found.position_m),
        np.full(found.times.size, -1),
        "phases and codes in pairs",
        "free of it (pairs)",
        "of the precise orbits",
        (*obs.notes[:MOST_NOTES], *nav.notes[:MOST_NOTES]),
    )
