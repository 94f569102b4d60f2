"""Real-time kinematic positions: integers of the phases between a rover and a base, at every instant anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.precise import _kernels
from rabta.pnt.precise.pairs import Pairs, pair
from rabta.pnt.records import Navigation, Observations

Array = NDArray[np.float64]

STATUS = ("none", "float", "fixed")
FAR = 5.0  # sigmas between the fixed and the float position
LIKELY = 1.2  # ratio of integers that need to be confirmed
# Since a sure fix, s; of the change of a phase that the position explains, m; satellites that do.
MEMORY_S, STILL_M, LEAST = 300.0, 0.02, 5


@dataclass(frozen=True)
class Fixes:
    """Positions of the rover.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    position_m : ndarray, shape (epoch, 3)
        Earth-fixed, in the base's frame; NaN where there is none.
    status : ndarray of uint8, shape (epoch,)
        Index into `STATUS`.
    ratio, success, fit, apart : ndarray, shape (epoch,)
        Of the integers: second over best distance, bootstrapped success rate, chi-square over degrees of
        freedom of the fixed phases, and sigmas between fixed and float position.
    ambiguities : ndarray of int64, shape (epoch,)
        Phases with an integer.
    covariance_m2 : ndarray, shape (epoch, 3, 3)
    """

    times: Instants
    position_m: Array
    status: NDArray[np.uint8]
    ratio: Array
    success: Array
    fit: Array
    apart: Array
    ambiguities: NDArray[np.int64]
    covariance_m2: Array

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Epochs with integers, shape (epoch,)."""
        return np.asarray(self.status == STATUS.index("fixed"))


def solve(
    rover: Observations, base: Observations, base_m: ArrayLike, nav: Navigation, *,
    systems: str = "GECJ", bands: int = 3, mask_deg: float = 10.0,
) -> Fixes:  # fmt: skip
    """Position of each epoch of the rover, fixed by itself where its phases allow.

    Twice: the troposphere at the rover needs its height to a metre, which single positions do not give.

    Parameters
    ----------
    base_m : array_like, shape (3,)
        Antenna of the base, Earth-fixed; its frame is the result's.
    bands : int
        Frequencies of each system at most.
    """
    choice: dict[str, Any] = {"systems": systems, "bands": bands, "mask_deg": mask_deg}
    alike = _maker(rover) == _maker(base) != ""
    rough = instantaneous(aligned(pair(rover, base, base_m, nav, **choice), alike=alike)).position_m
    if not np.isfinite(rough).any():
        raise RabtaError(
            "no epoch has a position beside the base",
            key="base position",
            expected="the base's antenna, four satellites that both receivers see",
        )
    place = np.where(np.isfinite(rough), rough, np.nanmedian(rough, axis=0))
    return instantaneous(aligned(pair(rover, base, base_m, nav, place_m=place, **choice), alike=alike))


def _maker(obs: Observations) -> str:
    """First word of the receiver's type; empty where the file does not say."""
    return str(obs.header.get("receiver", "")).split(" ")[0].upper()


def aligned(pairs: Pairs, *, alike: bool) -> Pairs:
    """Phases of geostationary satellites moved by half a cycle where that lets more integers be fixed.

    Receivers of one maker agree and are left as they are. A wrong half cycle makes the satellites' integers
    contradict each other, so that fewer are fixed.
    """
    if alike or not pairs.geostationary.any() or pairs.geostationary.all():
        return pairs
    moved = replace(pairs, phase_m=pairs.phase_m + 0.5 * pairs.wave_m * pairs.geostationary)
    as_is, other = (_run(each, thresholds()) for each in (pairs, moved))
    return moved if other.ambiguities.sum() > as_is.ambiguities.sum() else pairs


@cache
def thresholds() -> Array:
    """Least ratio of second over best distance for one wrong epoch in a thousand, by the error model.

    Codes with more multipath than the model has can do worse: Galileo alone on two bands fixed 2 of 120
    epochs of WTZR-WTZZ wrongly.

    First row: lower edges of classes of the bootstrapped success rate; first column: of the number of
    ambiguities. Below the first classes nothing is fixed. Drawn by ``tools/pnt/ratio.py``.
    """
    text = files(__package__).joinpath("ratio.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()]
    return np.array([[0.0, *rows[0][1:]], *rows[1:]], dtype=np.float64)


def instantaneous(pairs: Pairs) -> Fixes:
    """Fix each epoch by its own codes and phases.

    First by integers that are sure by themselves (`thresholds`), then by likely ones, where phases that moved
    as the position confirm them.
    """
    found = _run(pairs, thresholds())
    if found.fixed.any() and not found.fixed.all():
        likely = _run(pairs, np.minimum(thresholds(), _likely()))
        agrees = likely.fixed & ~found.fixed
        agrees[agrees] = [_confirmed(pairs, found, likely, int(k)) for k in np.flatnonzero(agrees)]
        likely.status[~agrees] = np.minimum(likely.status[~agrees], 1)
        found = _first(found, likely)
    return found


def _likely() -> Array:
    """Thresholds for integers that something else confirms: the edges of the table stay."""
    edges = np.full(thresholds().shape, LIKELY)
    edges[0], edges[:, 0] = np.inf, np.inf
    return edges


def _first(one: Fixes, two: Fixes) -> Fixes:
    """The first where it is fixed or the second is not."""
    better = two.fixed & ~one.fixed
    chosen = {}
    for name in Fixes.__dataclass_fields__:
        a, b = getattr(one, name), getattr(two, name)
        chosen[name] = np.where(better.reshape(-1, *[1] * (a.ndim - 1)), b, a)
    return Fixes(**chosen)


def _confirmed(pairs: Pairs, sure: Fixes, likely: Fixes, epoch: int) -> bool:
    """Whether the phases moved, since the last sure fix, as the position did."""
    before = np.flatnonzero(sure.fixed[:epoch])
    if not before.size or pairs.times[epoch] - pairs.times[before[-1]] > MEMORY_S * NS:
        return False
    last = int(before[-1])
    then, now = (np.arange(pairs.start[k], pairs.start[k + 1]) for k in (last, epoch))
    names = {(pairs.satellite[row], pairs.group[row]): row for row in then}
    keys = [(pairs.satellite[row], pairs.group[row]) for row in now]
    both = [(names[key], row) for key, row in zip(keys, now, strict=True) if key in names]
    if len(both) < LEAST:
        return False
    a, b = np.array(both).T
    moved = [fix.position_m[k] - pairs.place_m[k] for fix, k in ((sure, last), (likely, epoch))]
    rest = pairs.phase_m[b] + pairs.unit[b] @ moved[1] - pairs.phase_m[a] - pairs.unit[a] @ moved[0]
    for group in np.unique(pairs.group[b]):
        rest[pairs.group[b] == group] -= np.median(rest[pairs.group[b] == group])
    return int((np.abs(rest) < STILL_M).sum()) >= max(LEAST, round(0.7 * len(both)))


def _run(pairs: Pairs, need: Array) -> Fixes:
    from rabta.jit import each_part

    epochs = pairs.times.size
    out = np.full((epochs, _kernels.FIGURES), np.nan)
    spread = np.full((epochs, 3, 3), np.nan)
    each_part(
        _kernels.instants, epochs, pairs.start, np.ascontiguousarray(pairs.unit), pairs.code_m, pairs.phase_m,
        pairs.wave_m, pairs.group, pairs.sigma_code_m, pairs.sigma_phase_m, pairs.elevation_deg, need,
        out, spread,
    )  # fmt: skip
    moved = out[:, _kernels.FIXED_X : _kernels.FIXED_X + 3]
    floats = out[:, _kernels.FLOAT_X : _kernels.FLOAT_X + 3]
    good = np.isfinite(moved[:, 0]) & (out[:, _kernels.APART] <= FAR)
    place = pairs.place_m + np.where(good[:, None], moved, floats)
    return Fixes(
        pairs.times, place, np.where(good, 2, np.isfinite(floats[:, 0])).astype(np.uint8),
        out[:, _kernels.RATIO], out[:, _kernels.SUCCESS], out[:, _kernels.FIT], out[:, _kernels.APART],
        np.nan_to_num(out[:, _kernels.COUNT]).astype(np.int64), spread,
    )  # fmt: skip
