"""The hazards catalog as numbers: rates, footprints, repair."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest

F8 = NDArray[np.float64]
KINDS = ("flood", "earthquake", "heat", "blackout", "cables", "fibre")


def data(name: str) -> dict[str, Any]:
    """One entry of the hazards catalog."""
    return catalog.entry("hazards", name).data


def known(nation: str) -> bool:
    """True where the catalog has hazards of the nation's land."""
    return bool(data("flood")["nation"] == nation)


@dataclass(frozen=True)
class Standby:
    """What keeps sites up without mains."""

    entry: Mapping[str, Any]

    @property
    def mains_share(self) -> float:
        """Share of the sites that are on the mains."""
        return float(self.entry["on_mains"]) / float(self.entry["sites"])

    @property
    def battery_hours(self) -> float:
        """Hours that a battery lasts."""
        return float(self.entry["battery_hours"])

    @cached_property
    def lost_share(self) -> float:
        """Share of all sites that go down when mains fail for longer: 45,000 towers in January 2023."""
        return min(
            float(data("blackout")["towers_out"]) / float(self.entry["sites_2023"]),
            self.mains_share,
        )


@dataclass(frozen=True)
class Flood:
    """Floods: how often, how large, and how sites come back."""

    entry: Mapping[str, Any]

    @property
    def rate(self) -> float:
        """Chance that a year has a flood."""
        areas = self.entry["areas"]
        return len(areas["years"]) / (float(areas["last_year"]) - float(areas["first_year"]) + 1.0)

    @cached_property
    def area(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of the km2 (lognormal, by maximum likelihood)."""
        logs = np.log(np.array(self.entry["areas"]["km2"], np.float64))
        return float(logs.mean()), float(logs.std())

    def return_years(self, area_km2: float) -> float:
        """Years between floods at least as large."""
        from scipy.special import ndtr

        mean, spread = self.area
        return float(1.0 / (self.rate * ndtr((mean - math.log(area_km2)) / spread)))

    @property
    def mains_rate(self) -> float:
        """Return of mains to land whose water has left, a day."""
        mains = self.entry["mains"]
        left = 1.0 - sum(mains["restored"]) / sum(mains["affected"])
        return -math.log(left) / float(mains["days"])

    @property
    def flash_rate(self) -> float:
        """Return of sites in hills, a day."""
        flash = self.entry["flash"]
        return -math.log(1.0 - float(flash["restored_share"])) / float(flash["days"])

    def recession_rate(self, extent_km2: Mapping[str, float]) -> dict[str, float]:
        """Fall of the water's extent a day, by province, from the extent at the peak.

        A province without a published fall follows Punjab.
        """
        standing = self.entry["standing"]
        falls = {name: float(fall) for name, fall in standing["recession_km2"].items() if fall > 0.0}
        days = float(standing["recession_days"])
        rate = {
            name: -math.log(1.0 - min(fall / extent_km2[name], 0.99)) / days
            for name, fall in falls.items()
            if extent_km2.get(name, 0.0) > 0.0
        }
        other = rate.get(str(standing["province"]), 1.0 / 30.0)
        return {name: rate.get(name, other) for name in extent_km2}

    def standing_share(self, recession: float) -> float:
        """Share of the sites that went out that waits for the water to go.

        Those still out after some days in 2025, taken to be only such sites, back to the first day.
        """
        standing = self.entry["standing"]
        left = float(standing["still_out"]) / float(standing["sites"])
        return min(left * math.exp(recession * float(standing["days"])), 1.0)

    @property
    def base_sites(self) -> float:
        """Sites of 2022, from the peak and its share."""
        return float(self.entry["outage"]["peak_sites"]) / float(self.entry["outage"]["peak_share"])

    def out_share(self, flooded_sites: float, all_sites: float) -> float:
        """Share of the sites on flooded land that went out: fitted to the peak of 2022.

        Parameters
        ----------
        flooded_sites, all_sites : float
            Sites of the layers on the land under water in 2022, and all of them.
        """
        exposed = flooded_sites / all_sites * self.base_sites
        return min(float(self.entry["outage"]["peak_sites"]) / exposed, 1.0) if exposed > 0.0 else 1.0


@dataclass(frozen=True)
class Quake:
    """Shaking of districts and what it does to mains."""

    entry: Mapping[str, Any]

    def zone_g(self, provinces: list[str], districts: list[str]) -> F8:
        """Peak ground acceleration of the zone of each district; an unknown zone is refused."""
        zones = {**self.entry["zones"]}
        of = [
            self.entry["districts"].get(d, zones.get(p, "2A"))
            for p, d in zip(provinces, districts, strict=True)
        ]
        table = self.entry["zone_g"]
        for zone in sorted(set(of)):
            if zone not in table:
                raise RabtaError(
                    "unknown seismic zone",
                    file=catalog.entry("hazards", "earthquake").path,
                    key="zones",
                    value=zone,
                    expected=nearest(zone, table),
                )
        return np.array([float(table[zone]) for zone in of])

    def shaking_g(self, zone_g: F8, quantile: F8) -> F8:
        """Strongest shaking of a year at a quantile of its distribution.

        The rate of shaking above ``a`` is ``(a / zone_g) ** -k / T`` (EN 1998-1, 2.1(4)), so that the
        strongest of a year is below ``a`` with chance ``exp(-rate)``.
        """
        shaking = self.entry["shaking"]
        rate = -np.log(quantile) * float(shaking["return_years"])
        return np.asarray(zone_g * rate ** (-1.0 / float(shaking["exponent"])))

    def states(self, shaking_g: F8) -> F8:
        """Chances of the damage states slight to complete, shape (..., 4): lognormal fragility."""
        from scipy.special import ndtr

        circuits = self.entry["circuits"]
        median, beta = (np.array(circuits[name], np.float64) for name in ("median_g", "beta"))
        above = ndtr(np.log(np.maximum(shaking_g, 1e-9)[..., None] / median) / beta)
        above = np.minimum.accumulate(above, axis=-1)  # curves of unlike spread cross far from their medians
        return np.asarray(above - np.concatenate([above[..., 1:], np.zeros((*above.shape[:-1], 1))], axis=-1))

    def loss(self, shaking_g: F8) -> tuple[F8, F8]:
        """Share of the circuits out, and mean days times share until they are back."""
        chance = self.states(shaking_g)
        out = np.array(self.entry["circuits"]["circuits_out"], np.float64)
        days = np.array(self.entry["circuits"]["repair_days"], np.float64)
        return chance @ out, chance @ (out * days)


@dataclass(frozen=True)
class Cables:
    """Faults of submarine cables."""

    entry: Mapping[str, Any]

    @property
    def rate_km(self) -> float:
        """Faults a kilometre and year that are noticed in the nation, but for shared events."""
        return (
            float(self.entry["noticed"])
            / float(self.entry["noticed_years"])
            / float(self.entry["noticed_km"])
        )

    @property
    def world_rate_km(self) -> float:
        """Faults a kilometre and year of the world's cables."""
        return float(self.entry["faults_a_year"]) / float(self.entry["cable_km"])

    @property
    def lost_share(self) -> float:
        """Share of a cable's lit capacity that one fault takes."""
        return float(self.entry["lost_tbps"]) / float(self.entry["lost_of_tbps"])

    @property
    def shared_rate(self) -> float:
        """Events a year that cut several cables of the Red Sea."""
        sea = self.entry["red_sea"]
        return float(sea["events"]) / (float(sea["last_year"]) - float(sea["first_year"]) + 1.0)
