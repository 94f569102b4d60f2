"""Energy: supply power of base stations and payloads, sleep between slots, joules a bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

EARTH = "Auer et al., IEEE Wireless Communications 18 (2011) no. 5, p. 40"
TR38864 = "3GPP TR 38.864 V18.1.0, clause 5.1"
STATES = ("deep", "light", "micro")


@dataclass(frozen=True)
class Station:
    """Supply power of a site by what it radiates; of EARTH's table 2.

    Attributes
    ----------
    transceivers : int
    most_w, idle_w, sleep_w : float
        Of one transceiver: greatest radiated power, supply when on and silent, supply asleep.
    slope : float
        Supply watts for each radiated watt.
    """

    name: str
    transceivers: int
    most_w: float
    idle_w: float
    slope: float
    sleep_w: float

    @property
    def full_w(self) -> float:
        """Supply at full load."""
        return self.transceivers * (self.idle_w + self.slope * self.most_w)

    def supply_w(self, load: ArrayLike, *, asleep: ArrayLike = 0.0) -> Array:
        """Mean supply at a load of 0 to 1, with a part of the silent time spent asleep.

        Examples
        --------
        >>> station("macro").supply_w([0.0, 0.5, 1.0]).round(0).tolist()
        [780.0, 1062.0, 1344.0]
        """
        check_range("load", load, 0.0, 1.0, EARTH)
        check_range("asleep", asleep, 0.0, 1.0, EARTH)
        use = np.asarray(load, dtype=np.float64)
        silent = (1.0 - use) * np.asarray(asleep, dtype=np.float64)
        on = self.idle_w * (1.0 - silent) + self.slope * self.most_w * use
        return np.asarray(self.transceivers * (on + self.sleep_w * silent))


def station(name: str) -> Station:
    """A kind of station by name: macro, rrh, micro, pico, femto."""
    rows = catalog.entry("powers", "earth").data["stations"]
    if name not in rows:
        raise RabtaError("no such station", key="station", value=name, expected=nearest(name, rows))
    count, *values = rows[name]
    return Station(name, int(count), *(float(value) for value in values))


@dataclass(frozen=True)
class Sleeper:
    """A station with levels of sleep, in the relative power of TR 38.864.

    Attributes
    ----------
    power : (3,) array
        Of deep, light and micro sleep.
    down, up : float
        Sending and receiving.
    transition : (3, 2) array
        Milliseconds of falling asleep and waking together, and their energy.
    """

    power: Array
    down: float
    up: float
    transition: Array
    fixed: float

    def sending(self, chains: ArrayLike = 1.0, band: ArrayLike = 1.0, density: ArrayLike = 1.0) -> Array:
        """Relative power while sending on parts of the chains, of the band and of the power density.

        TR 38.864, clause 5.1: micro sleep plus the dynamic part, of which 0.4 does not follow the load.
        """
        for name, value in (("chains", chains), ("band", band), ("density", density)):
            check_range(name, value, 0.0, 1.0, TR38864)
        part = self.fixed + (1.0 - self.fixed) * np.asarray(band, np.float64) * np.asarray(
            density, np.float64
        )
        return np.asarray(self.power[2] + np.asarray(chains, np.float64) * (self.down - self.power[2]) * part)

    def silent(self, gap_ms: ArrayLike) -> Array:
        """Mean relative power over a gap of so many ms, in the level that takes least energy.

        A level is open where the gap holds its transition.

        Examples
        --------
        >>> sleeper(1).silent([1.0, 20.0, 1000.0]).round(1).tolist()
        [55.0, 29.5, 2.0]
        """
        gap = np.asarray(gap_ms, dtype=np.float64)
        check_range("gap_ms", gap, 1e-6, 1e12, TR38864)
        time, energy = self.transition.T
        mean = self.power + energy / gap[..., None]
        return np.asarray(np.where(gap[..., None] >= time, mean, np.inf).min(axis=-1))


def sleeper(category: int = 1, reference: int = 1) -> Sleeper:
    """Station of a category (1 evolved, 2 of 2022) and reference set (1 to 3) of TR 38.864."""
    data = catalog.entry("powers", "tr-38-864").data
    key = f"{category}-{reference}"
    if key not in data["power"]:
        raise RabtaError(
            "no such station in TR 38.864", key="category-reference", value=key,
            expected=nearest(key, data["power"]),
        )  # fmt: skip
    deep, light, micro, down, up = map(float, data["power"][key])
    return Sleeper(
        np.array([deep, light, micro]), down, up, np.array(data["transition"][str(category)], np.float64),
        float(data["load_independent"]),
    )  # fmt: skip


def payload_w(
    eirp_dbw: ArrayLike, gain_dbi: ArrayLike, efficiency: float = 0.3, fixed_w: ArrayLike = 0.0
) -> Array:
    """Supply of a satellite's beam: radiated power over the amplifier's efficiency, and what does not change.

    Parameters
    ----------
    efficiency : float
        Of power amplifier and supply, 0.05 to 0.8; 0.3 is a modelled value for solid state in linear use.

    Examples
    --------
    A beam of TR 38.821's case 9, 34 dBW/MHz over 30 MHz with 30 dBi:

    >>> payload_w(34.0 + 14.77, 30.0).round(0).tolist()
    251.0
    """
    check_range("efficiency", efficiency, 0.05, 0.8, "a power amplifier")
    radiated = 10.0 ** ((np.asarray(eirp_dbw, np.float64) - np.asarray(gain_dbi, np.float64)) / 10.0)
    return np.asarray(radiated / efficiency + np.asarray(fixed_w, np.float64))


def joules_a_bit(supply_w: ArrayLike, rate_mbps: ArrayLike) -> Array:
    """Energy of each bit that is carried; inf where none is.

    Examples
    --------
    >>> joules_a_bit(1344.0, 100.0).tolist()
    1.344e-05
    """
    rate = np.asarray(rate_mbps, dtype=np.float64)
    check_range("rate_mbps", rate, 0.0, 1e12, "a rate")
    with np.errstate(divide="ignore"):
        return np.asarray(np.asarray(supply_w, dtype=np.float64) / (rate * 1e6))
