"""Beams of a satellite over users on the ground, beside the cells there: what they receive, who shares what.

All powers here are in dBm for each MHz, so that beams of a third of the band and cells of all of it can stand
in one matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio import linkbudget
from rabta.radio.itu import check_range
from rabta.radio.ntn import largescale, studies
from rabta.radio.patterns.beams import ground
from rabta.radio.patterns.beams import layouts as uv
from rabta.radio.patterns.beams.downlink import Downlink, single_satellite
from rabta.radio.patterns.shapes import Aperture
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
Indices = NDArray[np.int64]

HALF_POWER = 1.616339948  # x where (2 J1(x) / x)^2 is a half
BANDS_GHZ = {"S": 2.0, "Ka": 20.0}
GEO_FROM_KM = 20_000.0  # the report's cases lie at 600, 1,200 and 35,786 km


@dataclass(frozen=True)
class Satellite:
    """A satellite that looks at a place with a lattice of beams.

    Attributes
    ----------
    beams : lattice in the antenna's UV plane.
    aperture : every beam's pattern.
    eirp_dbm_mhz : of each beam on its axis.
    elevation_deg, azimuth_deg : of the satellite over the middle of the layout.
    """

    beams: uv.Layout
    aperture: Aperture
    eirp_dbm_mhz: float
    altitude_km: float
    elevation_deg: float
    azimuth_deg: float
    frequency_ghz: float


@dataclass(frozen=True)
class Spectrum:
    """Who hears whom: see `received.sinr_db`.

    Attributes
    ----------
    channel : (transmitter,) int array
    overlap : (channel, channel) array
    share : (transmitter,) array
        Part of the band that each has.
    """

    channel: Indices
    overlap: Array
    share: Array


def aperture_m(half_power_deg: float, frequency_ghz: float) -> float:
    """Diameter of a uniformly lit dish of a half-power beamwidth. TR 38.811, clause 6.4.1.

    Examples
    --------
    >>> round(aperture_m(4.4127, 2.0), 2)
    2.0
    """
    check_range("half_power_deg", half_power_deg, 1e-3, 60.0, "a dish")
    wave = SPEED_OF_LIGHT_M_S / (frequency_ghz * 1e9)
    return float(HALF_POWER * wave / (np.pi * np.sin(np.radians(half_power_deg / 2.0))))


def known(number: int) -> studies.Case:
    """A study case of TR 38.821 by its number; another one is refused."""
    found = studies.cases()
    if number not in found:
        raise RabtaError("no such study case of TR 38.821", key="number", value=number, expected="1 to 30")
    return found[number]


def of_case(
    number: int, *, elevation_deg: float = 90.0, azimuth_deg: float = 0.0, tiers: int = 4,
    reuse: int | None = None,
) -> Satellite:  # fmt: skip
    """The satellite of a study case of TR 38.821, its middle beam on the middle of the layout."""
    case = known(number)
    check_range("elevation_deg", elevation_deg, 10.0, 90.0, "TR 38.811")
    colours = case.reuse if reuse is None else reuse
    lattice = uv.hexagonal(
        case.beamwidth_deg, tiers=tiers, reuse=colours, polarisations=2 if colours == 4 else 1
    )
    ghz = BANDS_GHZ[case.band]
    dish = Aperture(aperture_m(case.beamwidth_deg, ghz), ghz, case.gain_dbi)
    return Satellite(
        lattice, dish, case.eirp_density_dbw_mhz + 30.0, case.altitude_km, elevation_deg, azimuth_deg, ghz
    )


def study(number: int, *, users_a_beam: int = 400, seed: int = 1) -> Downlink:
    """System-level case of TR 38.821: coupling loss, ratio to interference, and to both, of its users.

    One satellite over 19 beams that count and two rings (four with reuse) that only disturb, the middle seen
    under 45 degrees from the geostationary orbit and overhead from low ones; line of sight, no fading.

    Notes
    -----
    TR 38.821, clause 6.1.1, tables 6.1.1.1-1 to -9; the radiation is `rabta.radio.patterns.beams.downlink`'s.
    """
    case = known(number)
    data = catalog.entry("studies", "tr-38-821").data
    band = data["bands"][case.band]
    terminal = data["terminals"][band["terminal"]]
    merit = studies.figure_of_merit_db_k(
        terminal["receive_dbi"], terminal["noise_figure_db"], terminal["antenna_k"]
    )
    ghz = float(band["down_ghz"])
    return single_satellite(
        altitude_km=case.altitude_km,
        elevation_deg=45.0 if case.altitude_km > GEO_FROM_KM else 90.0,
        frequency_ghz=ghz,
        aperture_m=aperture_m(case.beamwidth_deg, ghz),
        half_power_deg=case.beamwidth_deg,
        satellite_dbi=case.gain_dbi,
        eirp_density_dbw_mhz=case.eirp_density_dbw_mhz,
        user_dbi=float(terminal["receive_dbi"]),
        user_g_over_t_db_k=merit,
        reuse=case.reuse,
        users_a_beam=users_a_beam,
        seed=seed,
    )


def _places(position_m: Array) -> Array:
    """Users of the plane on a spherical Earth whose top is the middle of the layout, metres."""
    radius = linkbudget.EARTH_KM * 1e3
    way = np.hypot(position_m[:, 0], position_m[:, 1])
    turn = way / radius
    side = np.where(way[:, None] > 0.0, position_m[:, :2] / np.maximum(way, 1e-9)[:, None], 0.0)
    out = radius + position_m[:, 2]
    return np.column_stack([side * (out * np.sin(turn))[:, None], out * np.cos(turn)])


def powers_dbm_mhz(
    satellite: Satellite,
    position_m: ArrayLike,
    scenario: str = "rural",
    *,
    extra_db: ArrayLike = 0.0,
    user_dbi: float = 0.0,
    clear: bool = False,
    seed: int = 0,
) -> F4:
    """Power density that users receive from every beam, shape (user, beam).

    Parameters
    ----------
    position_m : (user, 3) array_like
        On the layout's plane.
    scenario : str
        Surroundings of TR 38.811: dense-urban, urban, suburban or rural.
    extra_db : (user,) array_like
        Further losses, such as those into buildings.
    clear : bool
        Line of sight and free space alone: no draw, no gases.

    Notes
    -----
    TR 38.811, clause 6.6; one path for all beams of a satellite: they share line of sight and shadowing.
    """
    place = np.asarray(position_m, dtype=np.float64)
    if place.ndim != 2 or place.shape[1] != 3:
        raise RabtaError("positions do not fit", key="position_m", value=place.shape, expected="(users, 3)")
    user = _places(place)
    far = float(linkbudget.slant_range_km(satellite.elevation_deg, satellite.altitude_km)) * 1e3
    el, az = np.radians(satellite.elevation_deg), np.radians(satellite.azimuth_deg)
    top = np.array([0.0, 0.0, linkbudget.EARTH_KM * 1e3])
    body = top + far * np.array([np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el)])
    step = body - user
    span = np.linalg.norm(step, axis=1)
    over = np.degrees(
        np.arcsin(np.clip((step * user).sum(axis=1) / span / np.linalg.norm(user, axis=1), -1.0, 1.0))
    )
    ray = uv.unit(ground.uv_of(ground.frame(body, top), body, user))
    chord = np.linalg.norm(ray[:, None, :] - uv.unit(satellite.beams.uv)[None, :, :], axis=2)
    off = np.degrees(2.0 * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0)))
    fall = satellite.aperture.gain_dbi(off) - satellite.aperture.peak_dbi
    if clear:
        loss = linkbudget.free_space_db(span / 1e3, satellite.frequency_ghz)
    else:
        drawn = largescale.draw(
            over[None, :], span[None, :] / 1e3, satellite.frequency_ghz, scenario, seed=seed, below="skip"
        )
        loss = np.nan_to_num(drawn.loss_db[0].astype(np.float64), nan=np.inf)
    total = satellite.eirp_dbm_mhz + user_dbi - loss - np.asarray(extra_db, dtype=np.float64)
    return np.asarray(total[:, None] + fall, dtype=np.float32)


def spectrum(sectors: int, beams: uv.Layout | None = None, *, shared: bool = True) -> Spectrum:
    """Channels of cells (first) and beams, and what each hears of the others, in power density.

    Parameters
    ----------
    shared : bool
        Cells and beams use one band; else each their own.

    Notes
    -----
    A cell's user has beams of one colour on a part of the band only: it hears that part of their density in
    the mean. A beam's user has the cells on all of its part.
    """
    if beams is None:
        return Spectrum(np.zeros(sectors, np.int64), np.eye(1), np.ones(sectors))
    colours = beams.reuse
    overlap = np.eye(colours + 1)
    overlap[1:, 1:] = beams.coupling()
    if shared:
        overlap[0, 1:] = beams.band_share
        overlap[1:, 0] = 1.0
    channel = np.concatenate([np.zeros(sectors, np.int64), 1 + beams.colour])
    share = np.concatenate([np.ones(sectors), np.full(len(beams), beams.band_share)])
    return Spectrum(channel, overlap, share)
