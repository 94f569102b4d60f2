"""Sums of interference: C/I, I/N, noise rise, systems and operators in one channel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.linkbudget import BOLTZMANN_DBW_K_HZ

Array = NDArray[np.float64]


def sum_db(levels_db: ArrayLike, axis: int | None = -1) -> Array:
    """Powers in dB added; -inf counts for nothing.

    Examples
    --------
    >>> sum_db([-100.0, -100.0]).round(2).tolist()
    -96.99
    """
    levels = np.asarray(levels_db, dtype=np.float64)
    if np.isnan(levels).any() or np.isposinf(levels).any():
        raise RabtaError(
            "a level that is not a number", key="levels_db", expected="finite dB, or -inf for silence"
        )
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10((10.0 ** (levels / 10.0)).sum(axis=axis)))


def noise_dbw(noise_k: ArrayLike, bandwidth_mhz: ArrayLike) -> Array:
    """Thermal noise k T B.

    Examples
    --------
    >>> (noise_dbw(290.0, 1.0) + 30.0).round(1).tolist()  # dBm in 1 MHz
    -114.0
    """
    width = np.asarray(bandwidth_mhz, dtype=np.float64) * 1e6
    return np.asarray(BOLTZMANN_DBW_K_HZ + 10.0 * np.log10(np.asarray(noise_k) * width))


def noise_rise_db(i_n_db: ArrayLike) -> Array:
    """How far interference lifts the noise floor: 10 log10(1 + I/N).

    Examples
    --------
    >>> noise_rise_db([-12.2, -10.0, -6.0, 0.0]).round(2).tolist()  # 6 %, 10 %, 25 % and all of the noise
    [0.25, 0.41, 0.97, 3.01]
    """
    return np.asarray(10.0 * np.log10(1.0 + 10.0 ** (np.asarray(i_n_db, dtype=np.float64) / 10.0)))


def i_n_of_noise_share_db(percent: ArrayLike) -> Array:
    """I/N of interference that adds a share of the system's noise.

    Examples
    --------
    >>> i_n_of_noise_share_db([6.0, 1.0]).round(1).tolist()  # ITU-R S.1432-1
    [-12.2, -20.0]
    """
    return np.asarray(10.0 * np.log10(np.asarray(percent, dtype=np.float64) / 100.0))


def sinr_db(snr_db: ArrayLike, *interference_ratios_db: ArrayLike) -> Array:
    """C/(N + I) from C/N and any number of C/I."""
    total = 10.0 ** (-np.asarray(snr_db, dtype=np.float64) / 10.0)
    for ratio in interference_ratios_db:
        total = total + 10.0 ** (-np.asarray(ratio, dtype=np.float64) / 10.0)
    return np.asarray(-10.0 * np.log10(total))


def overlap_share(
    centre_mhz: ArrayLike, width_mhz: ArrayLike, victim_centre_mhz: ArrayLike, victim_width_mhz: ArrayLike
) -> Array:
    """Part of an emission's power inside a victim's channel, for flat spectra; arrays are broadcast.

    Examples
    --------
    >>> overlap_share([2600.0, 2610.0, 2630.0], 20.0, 2600.0, 20.0).tolist()
    [1.0, 0.5, 0.0]
    """
    at, wide = np.asarray(centre_mhz, dtype=np.float64), np.asarray(width_mhz, dtype=np.float64)
    to, seen = np.asarray(victim_centre_mhz, dtype=np.float64), np.asarray(victim_width_mhz, dtype=np.float64)
    if (wide <= 0.0).any() or (seen <= 0.0).any():
        raise RabtaError("a channel without width", key="width_mhz", expected="above 0")
    top, bottom = np.minimum(at + wide / 2.0, to + seen / 2.0), np.maximum(at - wide / 2.0, to - seen / 2.0)
    return np.asarray(np.clip(top - bottom, 0.0, None) / wide)


def by_operator(
    carrier_dbw: ArrayLike, received_dbw: ArrayLike, operator: ArrayLike, noise_power_dbw: ArrayLike
) -> Mapping[str, Array]:
    """C/I from every operator, from all, and what remains of C/N.

    Parameters
    ----------
    carrier_dbw : (n,) array_like
        Wanted power of each victim.
    received_dbw : (n, m) array_like
        Power from each of m interferers, after antennas and the share of the channel.
    operator : (m,) array_like
        Whose each interferer is.

    Returns
    -------
    mapping
        ``c_i_db <operator>`` for each, ``c_i_db``, ``i_n_db``, ``noise_rise_db``, ``sinr_db``: (n,) arrays.
    """
    carrier, received = np.asarray(carrier_dbw, dtype=np.float64), np.asarray(received_dbw, dtype=np.float64)
    names = np.asarray(operator)
    if received.ndim != 2 or received.shape != (len(carrier), len(names)):
        raise RabtaError(
            "interferers do not fit the victims", key="received_dbw", value=received.shape,
            expected=f"({len(carrier)}, {len(names)})",
        )  # fmt: skip
    found: dict[str, Array] = {}
    for name in np.unique(names):
        found[f"c_i_db {name}"] = carrier - sum_db(received[:, names == name])
    total = sum_db(received)
    noise = np.asarray(noise_power_dbw, dtype=np.float64)
    i_n = total - noise
    rise = noise_rise_db(i_n)
    ratios = {"c_i_db": carrier - total, "i_n_db": i_n, "noise_rise_db": rise}
    return found | ratios | {"sinr_db": carrier - noise - rise}
