"""Attacks on a receiver, put into its observations: what each changes of codes, phases, Doppler and C/N0.

A sender that lies about place or time changes ranges as if the receiver were there or then. What it does not
control stays as it was: bands that it does not send on, and with ``phase`` or ``doppler`` off the quantities
that a crude one does not keep consistent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt.gnsstime import NS
from rabta.pnt.position import Options, geometry
from rabta.pnt.position.choice import carriers
from rabta.pnt.records import Navigation, Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]

UPPER_HZ = 1.5e9
"""Upper L band (L1, E1, B1) above, lower (L2, L5, B2, B3) below."""


@dataclass(frozen=True)
class Attack:
    """What is done from ``start`` on.

    Attributes
    ----------
    start : int
        GPS time, ns.
    position_m_s : tuple of float
        East, north, up: speed at which the place is pulled away.
    position_m : tuple of float
        Jump of the place at the start.
    time_m_s, time_m : float
        Growth and jump of the delay common to all ranges (a time push, a meacon), metres.
    satellites : mapping from name to (metres a second, metres)
        Ranges of single satellites: growth and jump.
    systems : str
        Systems that are sent; others stay.
    bands : str
        ``all``, ``upper`` (above 1.5 GHz) or ``lower``.
    gain_db : float
        C/N0 of what is sent over the true signals'.
    phase, doppler : bool
        Whether phases and Doppler go with the codes.
    multipath_m, multipath_s : float
        Echoes: first-order Gauss-Markov errors of codes, one sigma and how long they last.
    jam_db : float, optional
        Jammer over noise in the receiver's band: C/N0 falls, satellites below ``lost_dbhz`` are lost.
    lost_dbhz : float
    seed : int
        Of the echoes.
    """

    start: int
    position_m_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    position_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    time_m_s: float = 0.0
    time_m: float = 0.0
    satellites: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    systems: str = "GRECJIS"
    bands: str = "all"
    gain_db: float = 0.0
    phase: bool = True
    doppler: bool = True
    multipath_m: float = 0.0
    multipath_s: float = 30.0
    jam_db: float | None = None
    lost_dbhz: float = 28.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.bands not in ("all", "upper", "lower"):
            raise RabtaError("no such bands", key="bands", value=self.bands, expected="all, upper or lower")

    @property
    def drop_db(self) -> float:
        """Fall of C/N0 and of the automatic gain: noise and jammer over noise."""
        return 0.0 if self.jam_db is None else float(10.0 * np.log10(1.0 + 10.0 ** (0.1 * self.jam_db)))


def inject(
    obs: Observations, nav: Navigation, attack: Attack, *, place_m: ArrayLike | None = None
) -> Observations:
    """Observations under an attack.

    Parameters
    ----------
    obs, nav : Observations, Navigation
    attack : Attack
    place_m : array_like, shape (3,) or (epoch, 3), optional
        Where the receiver is; by default as its own codes say.

    Returns
    -------
    Observations
        Rows of attacked systems whose satellite has no ephemeris keep their values.
    """
    rows = geometry(obs, nav, Options(systems="GRECJ", mask_deg=-5.0, mode="single"), place_m=place_m)
    since = np.maximum((rows.times - attack.start) / NS, 0.0)
    on = rows.times >= attack.start
    lat, lon, _ = geo.geodetic_from_ecef(np.nan_to_num(rows.place_m, nan=6.4e6))
    axes = geo.east_north_up(lat, lon)
    enu = since[:, None] * np.array(attack.position_m_s) + on[:, None] * np.array(attack.position_m)
    moved = np.einsum("ej,ejk->ek", enu, axes)
    speed = np.einsum("j,ejk->ek", np.array(attack.position_m_s), axes)
    here = rows.place_m[rows.epoch]
    line = rows.satellite_m - here
    far = np.linalg.norm(line, axis=1)
    extra = np.linalg.norm(line - moved[rows.epoch], axis=1) - far
    extra += (since * attack.time_m_s + on * attack.time_m)[rows.epoch]
    rate = attack.time_m_s - np.einsum("rk,rk->r", line / far[:, None], speed[rows.epoch])
    rate *= on[rows.epoch]
    systems = dict(obs.systems)
    rng = np.random.default_rng(attack.seed)
    for letter in attack.systems:
        if letter in systems:
            mine = np.flatnonzero(rows.system == letter)
            size = systems[letter].epoch.size
            more, moving = np.zeros(size), np.zeros(size)
            more[rows.source[mine]] = np.nan_to_num(extra[mine])
            moving[rows.source[mine]] = np.nan_to_num(rate[mine])
            slots = np.zeros(size)
            slots[rows.source[mine]] = np.nan_to_num(rows.ephemerides["slot"][rows.ephemeris[mine]])
            systems[letter] = _changed(letter, obs, attack, (more, moving, slots), rng)
    return replace(obs, systems=systems)


def _changed(
    letter: str, obs: Observations, attack: Attack, ways: tuple[Array, Array, Array], rng: np.random.Generator
) -> SystemObservations:
    """One system's columns."""
    more, moving, slots = ways
    observed = obs.systems[letter]
    since = (obs.times[observed.epoch] - attack.start) / NS
    on, values = since >= 0.0, observed.values.copy()
    for name, (rate, jump) in attack.satellites.items():
        mine = on & (name[:1] == letter) & (observed.prn == int(name[1:]))
        more, moving = more + mine * (since * rate + jump), moving + mine * rate
    echo = attack.multipath_m * _lasting(observed, since, attack.multipath_s, rng) * on
    for k, code in enumerate(observed.codes):
        if len(code) != 3 or code[0] not in "CLDS":
            continue
        carrier = carriers(letter, code[1], slots)
        if attack.bands != "all" and (np.median(carrier) > UPPER_HZ) != (attack.bands == "upper"):
            continue
        wave = LIGHT_M_S / carrier
        if code[0] == "C":
            values[:, k] += more + echo
        elif code[0] == "L" and attack.phase:
            values[:, k] += more / wave
        elif code[0] == "D" and attack.doppler:
            values[:, k] -= moving / wave
        elif code[0] == "S":
            values[:, k] += on * (attack.gain_db - attack.drop_db)
    if attack.jam_db is not None:
        _lose(observed, values, on, attack)
    return replace(observed, values=values)


def _lose(observed: SystemObservations, values: Array, on: NDArray[np.bool_], attack: Attack) -> None:
    """Blank signals that a jammer leaves too weak."""
    for k, code in enumerate(observed.codes):
        if code[0] == "S":
            weak = on & (values[:, k] < attack.lost_dbhz)
            for other, name in enumerate(observed.codes):
                if name[1:] == code[1:]:
                    values[weak, other] = np.nan


def _lasting(observed: SystemObservations, since: Array, seconds: float, rng: np.random.Generator) -> Array:
    """Unit Gauss-Markov noise along each satellite."""
    out = rng.normal(size=since.size)
    order = np.lexsort((observed.epoch, observed.prn))
    keep = np.exp(-np.abs(np.diff(since[order])) / max(seconds, 1e-3))
    keep[np.diff(observed.prn[order]) != 0] = 0.0
    for k in range(1, order.size):
        out[order[k]] = keep[k - 1] * out[order[k - 1]] + np.sqrt(1.0 - keep[k - 1] ** 2) * out[order[k]]
    return out


def replay(nav: Navigation, seconds: float) -> Navigation:
    """Navigation as a meacon that kept it for a while would send it: each message that much later.

    Orbits and clocks stay; ``sent`` moves, and messages whose sending time is unknown get their reference
    time as such.
    """
    table = nav.ephemerides.copy()
    sent = np.where(table["sent"] > 0, table["sent"], table["toe"])
    table["sent"] = sent + round(seconds * NS)
    return replace(nav, ephemerides=table)


def move_orbits(nav: Navigation, names: list[str], metres: float) -> Navigation:
    """Navigation with orbits of satellites moved along their way."""
    table = nav.ephemerides.copy()
    mine = np.isin(np.char.add(table["system"], np.char.zfill(table["prn"].astype(str), 2)), names)
    table["m0"] += np.where(mine, metres / np.maximum(table["sqrt_a"] ** 2, 1.0), 0.0)
    return replace(nav, ephemerides=table)
