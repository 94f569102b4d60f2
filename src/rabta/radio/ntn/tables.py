"""The tables of TR 38.811: four surroundings, two bands, with and without line of sight, nine elevations."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TR 38.811"
SCENARIOS = ("dense-urban", "urban", "suburban", "rural")
BANDS = ("S", "Ka")
STATES = ("nlos", "los")  # in this order, so that a truth value is an index
ELEVATIONS_DEG = np.arange(10.0, 91.0, 10.0)
RANGES = {"frequency_ghz": (0.5, 100.0), "elevation_deg": (10.0, 90.0)}
BAND_EDGE_GHZ = 6.0  # TR 38.811, clause 6.6.6: "below 6 GHz" is the S band's side
S_BAND_GHZ, KA_BAND_GHZ = 4.0, 19.7  # top of the S band and bottom of the Ka band in TR 38.811, table 4.4-1

# Order of TR 38.901, clause 7.5, step 4, less the departure angles: these have no spread at a satellite
# (TR 38.811, note 8 of tables 6.7.2-1a to -8b).
CORRELATED = ("sf", "k", "ds", "asa", "zsa")
COLUMNS = (
    *("ds_mu", "ds_sigma", "asa_mu", "asa_sigma", "zsa_mu", "zsa_sigma", "k_mu_db", "k_sigma_db"),
    *("delay_scaling", "xpr_mu_db", "xpr_sigma_db", "clusters", "cluster_ds_ns"),
    *("cluster_asa_deg", "cluster_zsa_deg", "cluster_shadowing_db"),
)


def scenario_index(scenario: ArrayLike) -> NDArray[np.int64]:
    """Row of each surrounding's name in `SCENARIOS`; an unknown name is refused with the nearest one."""
    names = np.asarray(scenario)
    if names.dtype.kind in "iu":
        check_range("scenario", names, 0, len(SCENARIOS) - 1, RECOMMENDATION)
        return np.asarray(names, dtype=np.int64)
    found, where = np.unique(names.astype(str), return_inverse=True)
    for name in found:
        if str(name) not in SCENARIOS:
            raise RabtaError(
                "no such surrounding in TR 38.811",
                key="scenario",
                value=str(name),
                expected=nearest(str(name), SCENARIOS),
            )
    rows = np.array([SCENARIOS.index(str(name)) for name in found], dtype=np.int64)
    return np.asarray(rows[where].reshape(names.shape))


def elevation_index(elevation_deg: ArrayLike) -> NDArray[np.int64]:
    """Row of the reference elevation nearest to each elevation; halfway goes up. TR 38.811, clause 6.6.1."""
    check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    return np.floor(np.asarray(elevation_deg, dtype=np.float64) / 10.0 + 0.5).astype(np.int64) - 1


def band_share(frequency_ghz: ArrayLike, *, interpolate: bool = False) -> Array:
    """Share of the Ka band's tables in what holds at a frequency.

    The report has tables for two bands. Without interpolation S holds below 6 GHz and Ka from there on. With
    it the share grows with the logarithm of the frequency from 4 to 19.7 GHz: that is Rabta's own model for
    Ku band, no table of 3GPP's.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    f = np.asarray(frequency_ghz, dtype=np.float64)
    if not interpolate:
        return np.where(f < BAND_EDGE_GHZ, 0.0, 1.0)
    return np.asarray(np.clip(np.log(f / S_BAND_GHZ) / np.log(KA_BAND_GHZ / S_BAND_GHZ), 0.0, 1.0))


def _nine(value: Any) -> Array:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (9,)))


@cache
def _entry(scenario: str) -> dict[str, Any]:
    return catalog.entry("channels", f"ntn-{scenario}").data


def table(quantity: str) -> Array:
    """One quantity of the large-scale tables, shape (surrounding, band, state, elevation).

    ``quantity`` is a key of the catalog entries, for instance ``shadowing_db``; 0 where a table lacks it.
    """
    rows = [
        [[_nine(_entry(s)[band][state].get(quantity, 0.0)) for state in STATES] for band in BANDS]
        for s in SCENARIOS
    ]
    return np.array(rows)


@cache
def los_share() -> Array:
    """Probability of line of sight, shape (surrounding, elevation). TR 38.811, table 6.6.1-1."""
    return np.array([_nine(_entry(s)["los_percent"]) for s in SCENARIOS]) / 100.0


@cache
def los_correlation_m() -> Array:
    """Distance over which line of sight is correlated, shape (surrounding,). TR 38.901, table 7.6.3.1-2."""
    return np.array([float(_entry(s)["los_correlation_m"]) for s in SCENARIOS])


@cache
def correlation_m() -> Array:
    """Correlation distances, shape (surrounding, band, state, parameter) in the order of `CORRELATED`."""
    out = np.empty((len(SCENARIOS), len(BANDS), len(STATES), len(CORRELATED)))
    for i, scenario in enumerate(SCENARIOS):
        for j, band in enumerate(BANDS):
            for k, state in enumerate(STATES):
                distances = _entry(scenario)[band][state]["correlation_m"]
                out[i, j, k] = [float(distances.get(name, 1.0)) for name in CORRELATED]
    return out


@cache
def fading() -> Array:
    """Fast-fading parameters, shape (surrounding, band, state, elevation, column), columns as `COLUMNS`."""
    return np.stack([table(name) for name in COLUMNS], axis=-1)


def correlations(scenario: str, band: str, state: str) -> Array:
    """Cross-correlations of the large-scale parameters, shape (elevation, 5, 5), ordered as `CORRELATED`."""
    pairs = _entry(scenario)[band][state]["correlation"]
    out = np.broadcast_to(np.eye(len(CORRELATED)), (9, len(CORRELATED), len(CORRELATED))).copy()
    for name, value in pairs.items():
        a, b = name.split("_")
        if a in CORRELATED and b in CORRELATED:
            i, j = CORRELATED.index(a), CORRELATED.index(b)
            out[:, i, j] = out[:, j, i] = _nine(value)
    return out


@cache
def mixing() -> Array:
    """Lower Cholesky factors of `correlations`, shape (surrounding, band, state, elevation, 5, 5).

    TR 38.901, clause 7.5, step 4.
    """
    rows = [
        [[np.linalg.cholesky(correlations(s, band, state)) for state in STATES] for band in BANDS]
        for s in SCENARIOS
    ]
    return np.array(rows)
