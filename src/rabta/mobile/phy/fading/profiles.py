"""Delay and cluster profiles: TR 38.901 clause 7.7, TR 38.811 clause 6.9, and those of conformance tests.

Names are the documents' own: ``TDL-A`` to ``TDL-E``, ``CDL-A`` to ``CDL-E``, ``NTN-TDL-A`` to ``-D``,
``NTN-CDL-A`` to ``-D``, and with fixed delays ``TDLA30``, ``TDLB100``, ``TDLC300``,
``NTN-TDLA100`` and the like.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.radio.ntn import profiles as satellite

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TR 38.901, clause 7.7"
SPREAD_S = 100e-9  # nominal, table 7.7.3-1
LONGEST_SPREAD_S = 1e-4
K_DB = (-20.0, 60.0)
LETTERS = ("A", "B", "C", "D", "E")
ANGLES = ("aod", "aoa", "zod", "zoa")
SPREADS = ("asd", "asa", "zsd", "zsa")


@dataclass(frozen=True)
class Clusters:
    """Directions of a cluster line; angles in degrees, one an entry of the profile.

    Attributes
    ----------
    aod, aoa, zod, zoa : ndarray, shape (tap,)
        Azimuth and zenith of departure and of arrival.
    cluster_asd, cluster_asa, cluster_zsd, cluster_zsa : float
        Spread of the rays of a cluster.
    xpr_db : float
        Power in the same polarisation over that in the other one.
    """

    aod: Array
    aoa: Array
    zod: Array
    zoa: Array
    cluster_asd: float
    cluster_asa: float
    cluster_zsd: float
    cluster_zsa: float
    xpr_db: float


@dataclass(frozen=True)
class Profile:
    """A channel of taps.

    Attributes
    ----------
    direct : bool
        The first entry is the direct ray, at the delay of the second.
    delay : ndarray, shape (tap,)
        In units of the delay spread; in seconds where `fixed_spread_s` is set.
    power : ndarray, shape (tap,)
        Shares of the power, their sum 1.
    fixed_spread_s : float or None
        Nominal delay spread of a profile whose delays are not scaled.
    clusters : Clusters or None
        Directions; None for a tapped delay line.
    """

    name: str
    direct: bool
    delay: Array
    power: Array
    fixed_spread_s: float | None = None
    clusters: Clusters | None = None

    @property
    def k_db(self) -> float:
        """Direct ray over the rest of the first tap; -inf without one (notes of tables 7.7.2-4 and -5)."""
        if not self.direct:
            return -np.inf
        return float(10.0 * np.log10(self.power[0] / self.power[1]))

    @property
    def total_k_db(self) -> float:
        """Direct ray over all the rest, as in clause 7.7.6; -inf without one."""
        if not self.direct:
            return -np.inf
        return float(10.0 * np.log10(self.power[0] / self.power[1:].sum()))

    def spread(self) -> float:
        """Root mean square delay spread in the unit of `delay`."""
        mean = float((self.power * self.delay).sum())
        return float(np.sqrt((self.power * (self.delay - mean) ** 2).sum()))

    def delays_s(self, delay_spread_s: float | None = None) -> Array:
        """Delays in seconds for a delay spread (clause 7.7.3); 100 ns where none is given.

        Raises
        ------
        RabtaError
            For a spread outside 0 to 100 us, or one that differs from a fixed profile's own.
        """
        if self.fixed_spread_s is not None:
            if delay_spread_s is not None and abs(delay_spread_s / self.fixed_spread_s - 1.0) > 1e-6:
                raise RabtaError(
                    f"the delays of {self.name} are fixed", key="delay_spread_s", value=delay_spread_s,
                    expected=f"{self.fixed_spread_s:g}, or a profile that is scaled, such as TDL-A",
                )  # fmt: skip
            return self.delay
        spread = SPREAD_S if delay_spread_s is None else delay_spread_s
        check_range("delay_spread_s", spread, 0.0, LONGEST_SPREAD_S, RECOMMENDATION)
        return self.delay * spread


def names() -> list[str]:
    """All profiles."""
    fixed = [key for key, row in _rows("nr-conformance").items() if isinstance(row, dict)]
    ground = [f"{kind}-{letter}" for kind in ("TDL", "CDL") for letter in LETTERS]
    above = [f"NTN-{kind}-{letter}" for kind in ("TDL", "CDL") for letter in satellite.NAMES]
    return [*ground, *above, *fixed]


def profile(name: str) -> Profile:
    """Profile of a name; an unknown one is refused with the nearest.

    Examples
    --------
    >>> taps = profile("TDL-D")
    >>> taps.direct, round(taps.k_db, 1), round(profile("TDL-A").spread(), 2)
    (True, 13.3, 1.0)
    """
    known = names()
    if name not in known:
        raise RabtaError("no such fading profile", key="profile", value=name, expected=nearest(name, known))
    stem, _, letter = name.rpartition("-")
    if stem in ("NTN-TDL", "NTN-CDL"):
        return _above(name, letter)
    if stem in ("TDL", "CDL"):
        return _ground(name, letter)
    row = _rows("nr-conformance")[name]
    delay = np.array(row["delay_ns"]) * 1e-9
    return Profile(name, row["direct"], delay, _shares(row["power_db"]), row["spread_ns"] * 1e-9)


def _rows(entry: str) -> dict[str, Any]:
    return catalog.entry("channels", entry).data


def _shares(power_db: list[float]) -> Array:
    power = 10.0 ** (np.array(power_db) / 10.0)
    return np.asarray(power / power.sum())


def _ground(name: str, letter: str) -> Profile:
    row = _rows("nr-profiles")[letter]
    power = _shares(row["power_db"])
    if name.startswith("TDL"):
        return Profile(name, row["direct"], np.array(row.get("tdl_delay", row["delay"])), power)
    aod, aoa, zod, zoa = (np.array(row[f"{key}_deg"]) for key in ANGLES)
    asd, asa, zsd, zsa = (float(row[f"cluster_{key}_deg"]) for key in SPREADS)
    clusters = Clusters(aod, aoa, zod, zoa, asd, asa, zsd, zsa, float(row["xpr_db"]))
    return Profile(name, row["direct"], np.array(row["delay"]), power, clusters=clusters)


def _above(name: str, letter: str) -> Profile:
    """TR 38.811: from a satellite 50 degrees high all rays leave in one direction (tables 6.9.1-1 to -4)."""
    taps = satellite.profile(letter)
    flat = Profile(name, taps.direct, taps.delay, taps.power)
    if "TDL" in name:
        return flat
    there, down = np.zeros(taps.delay.size), np.full(taps.delay.size, 140.0)
    clusters = Clusters(there, taps.aoa_deg, down, taps.zoa_deg, 0.0, taps.cluster_asa_deg, 0.0,
                        taps.cluster_zsa_deg, taps.xpr_db)  # fmt: skip
    return replace(flat, clusters=clusters)


def with_k(taps: Profile, k_db: float) -> Profile:
    """The profile with another K-factor: direct ray over all the rest.

    Delays are normalised again to the spread that they had, as the clause asks.

    Raises
    ------
    RabtaError
        For a profile without a direct ray, or a K-factor outside -20 to 60 dB.

    Notes
    -----
    TR 38.901, clause 7.7.6, equations 7.7-6 and 7.7-7.
    """
    if not taps.direct:
        valid = nearest(taps.name, [name for name in names() if profile(name).direct])
        raise RabtaError("profile without a direct ray", key="profile", value=taps.name, expected=valid)
    check_range("k_db", k_db, *K_DB, RECOMMENDATION)
    power = taps.power.copy()
    power[1:] *= 10.0 ** ((taps.total_k_db - k_db) / 10.0)
    changed = replace(taps, power=power / power.sum())
    return replace(changed, delay=taps.delay * (taps.spread() / changed.spread()))
