"""Basic transmission loss in the model's two modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itm.attenuation import reference
from rabta.radio.itm.path import Conditions, Ground, Path, from_area, from_profile, ground, profile
from rabta.radio.itm.variability import Quantiles, quantile

Array = NDArray[np.float64]

FARTHEST_M = 2000e3


def loss(
    path: Path, over: Ground, distance_m: ArrayLike, climate: str, wanted: Quantiles | None = None
) -> Array:
    """Basic transmission loss in dB: free space 20 lg(2 k d) and the attenuation below it.

    Distances, and the shares of ``wanted``, broadcast.
    """
    d = np.asarray(distance_m, dtype=np.float64)
    if not ((d > 0.0) & (d <= FARTHEST_M)).all():
        raise RabtaError("distance out of the model's range", value=distance_m, expected="up to 2000 km")
    below = quantile(reference(path, over, d), d, path, over, climate, wanted or Quantiles())
    return np.asarray(20.0 * np.log10(2.0 * over.wave_number * d) + below)


def area(
    distance_m: ArrayLike,
    irregularity_m: float,
    heights_m: Sequence[float],
    given: Conditions,
    wanted: Quantiles | None = None,
    *,
    siting: Sequence[str] = ("random", "random"),
) -> Array:
    """Loss in dB over terrain that is known by its irregularity alone.

    Parameters
    ----------
    distance_m : array-like
        Any shape; broadcast with the shares of ``wanted``.
    irregularity_m : float
        Interdecile range of elevations: 0 water, 30 plains, 90 hills, 200 mountains, 500 rugged mountains.
    heights_m : sequence of two floats
        Antennas over the ground.
    siting : sequence of two str
        "random", "careful" or "very careful".
    """
    over = ground(given, given.elevation_m or 0.0)
    return loss(
        from_area(heights_m, irregularity_m, over.curvature, siting), over, distance_m, given.climate, wanted
    )


def point_to_point(
    profile_m: ArrayLike,
    step_m: float,
    heights_m: Sequence[float],
    given: Conditions,
    wanted: Quantiles | None = None,
) -> Array:
    """Loss in dB over a known profile, shape of the shares of ``wanted``.

    Parameters
    ----------
    profile_m : array, shape (points,)
        Elevations every ``step_m`` from the first terminal to the second.
    wanted : Quantiles, optional
        The default is the median with terminals that stand still.
    """
    z = profile(profile_m, step_m)
    elevation = given.elevation_m
    if elevation is None:
        # the mean of the path without a tenth at either end, as in NTIA's code
        tenth = (z.size - 1) // 10
        elevation = float(z[tenth : z.size - tenth].mean())
    over = ground(given, elevation)
    path = from_profile(z, step_m, heights_m, over.curvature)
    chosen = wanted or Quantiles(mode="accidental", fixed=True)
    return loss(path, over, (z.size - 1) * step_m, given.climate, chosen)
