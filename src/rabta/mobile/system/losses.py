"""Path loss between cells and users: 3GPP TR 38.901 V17, clause 7.4, from 0.5 to 100 GHz.

Above 100 GHz the report says nothing and these functions refuse: paths of the D band are those of
`rabta.radio.local` (P.1411, gases) where a Recommendation has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.system.layouts import Geometry, Users
from rabta.radio.air.uav import low
from rabta.radio.itu import check_range
from rabta.radio.ntn import field

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

REPORT = "3GPP TR 38.901, clause 7.4"
SCENARIOS = ("UMa", "UMi", "RMa", "InH")
RANGES = {"frequency_ghz": (0.5, 100.0), "height_m": (1.0, 22.5)}
RMA_GHZ = (0.5, 30.0)
FARTHEST_M = {"UMa": 5000.0, "UMi": 5000.0, "RMa": 10_000.0, "InH": 150.0}
O2I_SHADOWING_DB = {"UMa": 7.0, "UMi": 7.0, "RMa": 8.0}  # table 7.5-6
CORRELATION_M = {"UMa": (50.0, 37.0), "UMi": (13.0, 10.0), "RMa": (120.0, 37.0), "InH": (6.0, 10.0)}
"""Of shadowing, out of sight and in sight: table 7.5-6."""
O2I_CORRELATION_M = {"UMa": 7.0, "UMi": 7.0, "RMa": 120.0, "InH": 10.0}
LOS_CORRELATION_M = {"UMa": 50.0, "UMi": 50.0, "RMa": 60.0, "InH": 10.0}  # table 7.6.3.1-2
ENTRY_SIGMA_DB = (4.4, 6.5)  # low and high loss, table 7.4.3-2
HIGH_SHARE = {"UMa": 0.5, "UMi": 0.5, "RMa": 0.0, "InH": 0.5}
"""Of buildings, with walls of high loss: table 7.8-1; RMa has those of low loss only, clause 7.4.3.1."""
LOS_STREAM, SHADOW_STREAM, HEIGHT_STREAM, ENTRY_STREAM = 11, 12, 13, 14
OFFICES = ("open", "mixed")


@dataclass(frozen=True)
class Links:
    """Drawn paths, each of shape (user, site).

    Attributes
    ----------
    loss_db : path loss, entry and shadowing, without antennas.
    los : True in line of sight; of a user in a building, up to its outer wall.
    """

    loss_db: Array
    los: Flags


def known(scenario: str) -> str:
    """The scenario's name; another one is refused with the nearest."""
    if scenario not in SCENARIOS:
        raise RabtaError(
            "no such layout in TR 38.901", key="layout", value=scenario, expected=nearest(scenario, SCENARIOS)
        )
    return scenario


def los_probability(
    scenario: str, distance_m: ArrayLike, height_m: ArrayLike = 1.5, office: str = "open"
) -> Array:
    """Probability of line of sight, table 7.4.2-1; for users in buildings by the way outside.

    Examples
    --------
    >>> los_probability("UMa", [18.0, 100.0, 500.0]).round(3).tolist()
    [1.0, 0.348, 0.036]
    """
    d, h = np.asarray(distance_m, dtype=np.float64), np.asarray(height_m, dtype=np.float64)
    check_range("distance_m", d, 0.0, FARTHEST_M[known(scenario)], REPORT)
    check_range("height_m", h, *RANGES["height_m"], REPORT)
    if scenario == "InH":
        return _office_los(d, office)
    return low.los_probability(f"{scenario}-AV", d, h)


def _office_los(d: Array, office: str) -> Array:
    if office not in OFFICES:
        raise RabtaError("no such office", key="office", value=office, expected=nearest(office, OFFICES))
    near, one, two = (5.0, 70.8, 211.7) if office == "open" else (1.2, 4.7, 32.6)
    turn, share = (49.0, 0.54) if office == "open" else (6.5, 0.32)
    between = np.exp(-(d - near) / one)
    return np.asarray(
        np.where(d <= near, 1.0, np.where(d <= turn, between, np.exp(-(d - turn) / two) * share))
    )


def path_loss_db(
    scenario: str,
    distance_m: ArrayLike,
    frequency_ghz: float,
    los: ArrayLike,
    *,
    base_m: ArrayLike = 25.0,
    height_m: ArrayLike = 1.5,
    environment_m: ArrayLike = low.ENVIRONMENT_M,
) -> Array:
    """Median path loss by the distance along the ground, table 7.4.1-1.

    Parameters
    ----------
    environment_m : array_like
        Effective height of the surroundings; `environment_heights` draws it for UMa.

    Notes
    -----
    Distances under 10 m (offices: 1 m in space) count as that. A breakpoint without a user above the
    surroundings is none: the first slope holds.

    Examples
    --------
    >>> path_loss_db("UMi", 100.0, 28.0, [True, False], base_m=10.0).round(1).tolist()
    [103.4, 123.9]
    """
    check_range(
        "frequency_ghz", frequency_ghz, *(RMA_GHZ if known(scenario) == "RMa" else (0.5, 100.0)), REPORT
    )
    d = np.asarray(distance_m, dtype=np.float64)
    check_range("distance_m", d, 0.0, FARTHEST_M[scenario], REPORT)
    check_range("height_m", height_m, *RANGES["height_m"], REPORT)
    check_range("base_m", base_m, 1.0, 150.0, REPORT)
    rise = np.asarray(base_m, dtype=np.float64) - np.asarray(height_m, dtype=np.float64)
    if scenario == "InH":
        return _office_db(
            np.maximum(np.hypot(d, rise), 1.0), float(frequency_ghz), np.asarray(los, dtype=bool)
        )
    near = np.maximum(d, low.NEAREST_M)
    ghz, h = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(height_m, dtype=np.float64)
    base, env = np.asarray(base_m, dtype=np.float64), np.asarray(environment_m, dtype=np.float64)
    clear = low.los_db(f"{scenario}-AV", near, h, ghz, base, env)
    hidden = low.nlos_db(f"{scenario}-AV", near, h, ghz, base, env)
    return np.asarray(np.where(np.asarray(los, dtype=bool), clear, hidden))


def _office_db(slant: Array, ghz: float, los: Flags) -> Array:
    clear = 32.4 + 17.3 * np.log10(slant) + 20.0 * np.log10(ghz)
    hidden = np.maximum(clear, 38.3 * np.log10(slant) + 17.30 + 24.9 * np.log10(ghz))
    return np.asarray(np.where(los, clear, hidden))


def shadowing_db(
    scenario: str, distance_m: ArrayLike, frequency_ghz: float, los: ArrayLike, *,
    base_m: ArrayLike = 25.0, height_m: ArrayLike = 1.5,
) -> Array:  # fmt: skip
    """Standard deviation of shadow fading outdoors (InH: in the office), table 7.4.1-1."""
    seen = np.asarray(los, dtype=bool)
    if known(scenario) == "InH":
        return np.where(seen, 3.0, 8.03)
    d, h = np.asarray(distance_m, dtype=np.float64), np.asarray(height_m, dtype=np.float64)
    ghz, base = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(base_m, dtype=np.float64)
    return np.asarray(low.shadowing_db(f"{scenario}-AV", d, h, ghz, base, seen))


def wall_db(frequency_ghz: float, high: ArrayLike = False) -> Array:
    """Median loss of an outer wall, low or high, table 7.4.3-2.

    Examples
    --------
    >>> wall_db(28.0, [False, True]).round(1).tolist()
    [17.8, 37.9]
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], REPORT)
    f = float(frequency_ghz)
    glass, coated, concrete = 2.0 + 0.2 * f, 23.0 + 0.3 * f, 5.0 + 4.0 * f
    light = 5.0 - 10.0 * np.log10(0.3 * 10.0 ** (-glass / 10.0) + 0.7 * 10.0 ** (-concrete / 10.0))
    heavy = 5.0 - 10.0 * np.log10(0.7 * 10.0 ** (-coated / 10.0) + 0.3 * 10.0 ** (-concrete / 10.0))
    return np.asarray(np.where(np.asarray(high, dtype=bool), heavy, light))


def entry_db(users: Users, frequency_ghz: float, *, high_share: float = 0.5, seed: int = 0) -> Array:
    """Loss from the outer wall to each user, shape (user,); nought outdoors. Clause 7.4.3.1.

    One draw a user, the same for all sites; ``high_share`` of the users are behind walls of high loss.
    """
    check_range("high_share", high_share, 0.0, 1.0, "a share")
    number = np.arange(len(users))
    kind, spread = field.keys(seed, ENTRY_STREAM, 0), field.keys(seed, ENTRY_STREAM, 1)
    high = field.uniform(kind, number) < high_share
    sigma = np.where(high, ENTRY_SIGMA_DB[1], ENTRY_SIGMA_DB[0])
    loss = wall_db(frequency_ghz, high) + 0.5 * users.depth_m + sigma * field.normal(spread, number)
    return np.where(users.indoor, loss, 0.0)


def environment_heights(distance_m: ArrayLike, height_m: ArrayLike, draw: ArrayLike) -> Array:
    """Effective heights of the surroundings in UMa from even draws of 0 to 1, note 1 of table 7.4.1-1.

    1 m with a probability of 1 / (1 + C), else one of 12, 15 ... up to 1.5 m under the user.
    """
    d, h, u = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (distance_m, height_m, draw))
    )
    lift = np.where(h < 13.0, 0.0, (np.maximum(h - 13.0, 0.0) / 10.0) ** 1.5)
    reach = np.where(d <= 18.0, 0.0, 1.25 * (d / 100.0) ** 3 * np.exp(-d / 150.0))
    bare = 1.0 / (1.0 + lift * reach)
    steps = np.maximum(np.floor((h - 1.5 - 12.0) / 3.0) + 1.0, 1.0)
    rest = np.clip((u - bare) / np.maximum(1.0 - bare, 1e-12), 0.0, 1.0 - 1e-12)
    return np.where((u < bare) | (h < 13.5), 1.0, 12.0 + 3.0 * np.floor(rest * steps))


def draw(
    scenario: str,
    geometry: Geometry,
    users: Users,
    base_m: ArrayLike,
    frequency_ghz: float,
    *,
    site_correlation: float = 0.0,
    spatial: bool = False,
    high_share: float | None = None,
    office: str = "open",
    model: Callable[..., Array] = path_loss_db,
    seed: int = 0,
) -> Links:
    """Line of sight, shadowing and entry of every path; the same seed gives the same links.

    Parameters
    ----------
    base_m : (site,) array_like
        Heights of the sites.
    site_correlation : float
        Of the shadowing of two sites at a user: 0 in TR 38.901 (clause 7.5, step 4), 0.5 in TR 36.814.
    spatial : bool
        Line of sight and shadowing change over the ground as exp(-distance / D), clauses 7.4.4 and 7.6.3.1;
        else users are independent.
    high_share : float, optional
        Of buildings with walls of high loss; `HIGH_SHARE` of the scenario if left out.
    model : callable
        Path loss; another edition's for comparison.
    """
    known(scenario)
    check_range("site_correlation", site_correlation, 0.0, 1.0, "a correlation")
    d, base = geometry.distance_m, np.asarray(base_m, dtype=np.float64)
    height = users.position_m[:, 2:]
    outside = np.maximum(d - users.depth_m[:, None], 0.0)
    limit = los_probability(scenario, outside, height, office)
    chance = _normals(users, d.shape, LOS_STREAM, seed, spatial, LOS_CORRELATION_M[scenario])
    los = _below(chance, limit)
    env: Array | float = low.ENVIRONMENT_M
    if scenario == "UMa":
        keys = field.keys(seed, HEIGHT_STREAM, np.arange(d.shape[1]))
        env = environment_heights(d, height, field.uniform(keys[None, :], np.arange(len(users))[:, None]))
    loss = model(scenario, d, frequency_ghz, los, base_m=base, height_m=height, environment_m=env)
    sigma = shadowing_db(scenario, d, frequency_ghz, los, base_m=base, height_m=height)
    far = np.where(los, CORRELATION_M[scenario][1], CORRELATION_M[scenario][0])
    if scenario != "InH":
        sigma = np.where(users.indoor[:, None], O2I_SHADOWING_DB[scenario], sigma)
        far = np.where(users.indoor[:, None], O2I_CORRELATION_M[scenario], far)
    fade = _shadows(users, d.shape, seed, spatial, far, site_correlation)
    high = HIGH_SHARE[scenario] if high_share is None else high_share
    entry = entry_db(users, frequency_ghz, high_share=high, seed=seed)
    return Links(loss + sigma * fade + entry[:, None], los)


def _below(normal: Array, probability: Array) -> Flags:
    from scipy.special import ndtr

    return np.asarray(ndtr(normal) < probability)


def _shadows(
    users: Users, shape: tuple[int, ...], seed: int, spatial: bool, far: Array, site_correlation: float
) -> Array:
    own = _normals(users, shape, SHADOW_STREAM, seed, spatial, far)
    if site_correlation == 0.0:
        return own
    shared = _normals(users, (shape[0], 1), SHADOW_STREAM + 100, seed, spatial, far[:, :1])
    return np.asarray(np.sqrt(1.0 - site_correlation) * own + np.sqrt(site_correlation) * shared)


def _normals(
    users: Users, shape: tuple[int, ...], stream: int, seed: int, spatial: bool, far: Array | float
) -> Array:
    """Standard normal numbers of each user and site, correlated over the ground if asked for."""
    keys = field.keys(seed, stream, np.arange(shape[1]))
    if not spatial:
        return field.normal(keys[None, :], np.arange(shape[0])[:, None])
    wave = field.waves(keys)
    scale = np.broadcast_to(np.asarray(far, dtype=np.float64), shape)
    out = np.empty(shape)
    for s in range(shape[1]):
        turns = users.position_m @ wave[s, :, :3].T / scale[:, s, None] + wave[s, :, 3]
        out[:, s] = np.sqrt(2.0 / wave.shape[1]) * np.cos(2.0 * np.pi * turns).sum(axis=1)
    return out
