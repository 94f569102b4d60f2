"""Direct-to-device service of those whom no ground network covers: patches of the nation under beams.

A patch is an H3 cell of resolution 4 (1,770 km2, near the area of a beam of 50 km). At each instant it takes
the highest satellite that it sees; a satellite with more patches than beams serves them in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.mobile import equipment, nr, ntn
from rabta.space import visibility
from rabta.units import BOLTZMANN_J_K, from_db, to_db

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

RESOLUTION = 4
PHONE = "d2d-s-band"  # catalog radio: the phone, the losses and the other beams' interference
BLOCK_MHZ = 0.18
GRID_SHARE = 0.9  # resource blocks' part of 5 MHz: 25 blocks, TS 38.101-1, table 5.3.2-1


@dataclass(frozen=True)
class Phones:
    """A system's downlink to phones, as its row of the table ``systems`` says.

    Attributes
    ----------
    beams : int
        Beams that one satellite forms at once.
    """

    frequency_ghz: float
    channel_mhz: float
    eirp_dbw_mhz: float
    beams: int


def phones(systems: pd.DataFrame) -> dict[int, Phones]:
    """Systems for phones by their row."""
    names = ["frequency_ghz", "channel_mhz", "eirp_density_dbw_mhz", "beams"]
    rows = np.flatnonzero((systems["kind"] == "direct_to_device").to_numpy())
    table = systems[names].to_numpy(np.float64)
    return {
        int(row): Phones(float(table[row, 0]), float(table[row, 1]), float(table[row, 2]), int(table[row, 3]))
        for row in rows
    }


def carrier_to_noise_db(link: Phones, range_m: Array, losses_db: Array) -> Array:
    """Of a phone outdoors (TR 38.821, clause 6.1.3.1)."""
    phone = equipment.device_link(PHONE)
    path = ntn.free_space_db(range_m / 1e3, link.frequency_ghz)
    noise = to_db(BOLTZMANN_J_K * 1e6)
    return np.asarray(link.eirp_dbw_mhz + phone.user_g_over_t_db_k - noise - path - losses_db)


def beam_mbps(link: Phones, elevation_deg: Array, range_m: Array) -> Array:
    """Rate of one beam's carrier, mean over line of sight and its absence.

    TR 38.811, tables 6.6.1-1 and 6.6.2-3.

    The entry `PHONE` gives the losses in line of sight and the interference of the other beams.
    """
    phone = equipment.device_link(PHONE)
    seen = ntn.los_share(elevation_deg)
    found = []
    for extra in (np.zeros_like(elevation_deg), ntn.clutter_db(elevation_deg)):
        cn = carrier_to_noise_db(link, range_m, phone.losses_db + extra)
        inverse = from_db(-cn) + from_db(-phone.carrier_to_interference_db)
        found.append(nr.efficiency(-to_db(inverse)))
    bits = seen * found[0] + (1.0 - seen) * found[1]
    return np.asarray(nr.rate_mbps(bits, link.channel_mhz * GRID_SHARE / BLOCK_MHZ, 15.0))


@dataclass(frozen=True)
class Beams:
    """What each patch has at each instant, shape (time, patch).

    Attributes
    ----------
    satellite : ndarray of int32
        Row of the satellite, -1 for none.
    capacity_mbps : ndarray
        Of the patch's share of a beam.
    """

    satellite: NDArray[np.int32]
    capacity_mbps: Array


def serve(
    place: visibility.Ground,
    position_m: NDArray[np.float32],
    least_deg: Array,
    links: list[Phones | None],
    wanted: NDArray[np.bool_],
) -> Beams:
    """Beams over patches.

    Parameters
    ----------
    position_m : ndarray, shape (time, satellite, 3)
        NaN for satellites that do not serve phones.
    links : list, one a satellite
    wanted : ndarray of bool, shape (patch,)
        Patches where somebody lives without coverage; others get no beam.
    """
    found = visibility.visible(place, position_m, least_deg, 1)
    satellite = np.where(wanted & (found.visible_count > 0), found.slot_satellite[..., 0], -1).astype(
        np.int32
    )
    capacity = np.zeros(satellite.shape)
    kinds = {link for link in links if link is not None}
    for link in kinds:
        own = np.array([one == link for one in links])
        at = (satellite >= 0) & own[np.maximum(satellite, 0)]
        full = beam_mbps(
            link, *(a[..., 0][at].astype(np.float64) for a in (found.slot_elevation_deg, found.slot_range_m))
        )
        capacity[at] = full * _turns(satellite, link.beams)[at]
    return Beams(satellite, capacity)


def _turns(satellite: NDArray[np.int32], beams: int) -> Array:
    """Share of the time that a patch has its satellite's beam."""
    out = np.zeros(satellite.shape)
    for t, row in enumerate(satellite):
        held = np.bincount(row[row >= 0], minlength=1)
        out[t] = np.where(row >= 0, np.minimum(1.0, beams / np.maximum(held[np.maximum(row, 0)], 1)), 0.0)
    return out


def user_mbps(capacity_mbps: Array, load_mbps: Array, unit_mbps: float) -> Array:
    """Rate of a user in use: the beam's equal share among those in use, at most what a phone takes.

    Parameters
    ----------
    load_mbps : array
        What the uncovered people of a patch ask for; ``load / unit_mbps`` units are in use.
    """
    phone = equipment.device_link(PHONE)
    return np.asarray(np.minimum(phone.user_max_mbps, capacity_mbps / (1.0 + load_mbps / unit_mbps)))


@dataclass(frozen=True)
class Day:
    """Service of patches over the run.

    Attributes
    ----------
    available : ndarray, shape (patch,)
        Share of the steps with a beam.
    handovers_per_hour, longest_gap_s, mean_mbps : ndarray, shape (patch,)
        The mean counts only steps with a beam.
    """

    available: Array
    handovers_per_hour: Array
    longest_gap_s: Array
    mean_mbps: Array


def summarise(satellite: NDArray[np.int32], rate_mbps: Array, step_s: float) -> Day:
    """A day's figures from arrays of shape (time, patch)."""
    on = satellite >= 0
    moved = (satellite[1:] != satellite[:-1]) & on[1:] & on[:-1]
    hours = max(len(satellite) - 1, 1) * step_s / 3600.0
    gap, longest = np.zeros(satellite.shape[1]), np.zeros(satellite.shape[1])
    for row in on:
        gap = np.where(row, 0.0, gap + step_s)
        longest = np.maximum(longest, gap)
    mean = np.where(on, rate_mbps, 0.0).sum(axis=0) / np.maximum(on.sum(axis=0), 1)
    return Day(on.mean(axis=0), moved.sum(axis=0) / hours, longest, mean)
