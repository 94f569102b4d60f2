"""Es/N0 along a pass: a satellite's downlink, a terminal, the sky of the place, and rain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile.modem.passes import Pass
from rabta.radio import antennas, itu, slantpath
from rabta.radio.adaptation import fades
from rabta.radio.adaptation.passes import FREQUENT_PERCENT, Track, attenuation_db
from rabta.radio.downlinks import APERTURE_EFFICIENCY, Downlink
from rabta.radio.itu import check_range
from rabta.radio.slantpath import Climate
from rabta.space import constellations

Array = NDArray[np.float64]

HEAVIEST_MMH = 250.0


@dataclass(frozen=True)
class Rain:
    """What falls on the path.

    Attributes
    ----------
    rate_mmh : float, optional
        Steady rain over the place, on the path as P.618-14, section 2.2.1.1, spreads it.
    percent : float, optional
        At the beginning of the pass the rain is as heavy as for so much of the year; from there it goes on as
        the process of P.1853-2, drawn by ``seed``.
    """

    rate_mmh: float | None = None
    percent: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rate_mmh is not None and self.percent is not None:
            raise RabtaError(
                "rain is stated twice", key="rate_mmh, percent", value=(self.rate_mmh, self.percent),
                expected="one of both",
            )  # fmt: skip
        if self.rate_mmh is not None:
            check_range("rain", self.rate_mmh, 0.0, HEAVIEST_MMH, "a rain rate, mm/h,")
        if self.percent is not None:
            check_range("percent", self.percent, 0.001, FREQUENT_PERCENT, slantpath.RECOMMENDATION)


@dataclass(frozen=True)
class Budget:
    """A downlink into a place's sky.

    Attributes
    ----------
    link : Downlink
    climate : Climate
        Of one place.
    rain_percent : float
        Share of the year in which it rains.
    """

    link: Downlink
    climate: Climate
    rain_percent: float

    @property
    def carrier_hz(self) -> float:
        """Carrier frequency."""
        return self.link.frequency_ghz * 1e9

    def along(self, over: Pass, rain: Rain | None = None) -> tuple[Array, Array]:
        """Es/N0 of a symbol and attenuation of the sky at the pass's times, dB.

        Es/N0 is the carrier's density over the noise's: the same for every bandwidth within the channel.
        """
        elevation = np.clip(over.elevation_deg, slantpath.MIN_ELEVATION_DEG, 90.0)
        total, clear = self.sky_db(elevation, rain or Rain(), over.times_s)
        near = np.minimum(-20.0 * np.log10(over.range_m / 1e3), self.link.flux_limit_db)
        return np.asarray(self.link.carrier_db(elevation, total, clear) + near), total

    def sky_db(self, elevation_deg: Array, rain: Rain, times_s: Array) -> tuple[Array, Array]:
        """Attenuation, and its part that the terminal's noise temperature already holds."""
        one = Track(np.zeros((len(times_s), 1), np.int32), elevation_deg[:, None], np.ones((len(times_s), 1)))
        if rain.percent is not None:
            gaussian = self._process(rain, times_s)
            total, clear = attenuation_db(
                self.link, self.climate, one, gaussian[:, None], np.array([self.rain_percent])
            )
            return total[:, 0], np.asarray(clear[:, 0])
        dry = np.full((len(times_s), 1), -9.0)
        total, clear = attenuation_db(self.link, self.climate, one, dry, np.array([self.rain_percent]))
        wet = self._steady(elevation_deg, rain.rate_mmh) if rain.rate_mmh else np.zeros_like(elevation_deg)
        return total[:, 0] + wet, np.asarray(clear[:, 0])

    def _steady(self, elevation_deg: Array, rate_mmh: float) -> Array:
        air, link = self.climate, self.link
        return slantpath.rain_001_db(
            air.lat_deg, air.height_km, air.rain_height_km, rate_mmh, link.frequency_ghz, elevation_deg,
            link.tilt_deg,
        )  # fmt: skip

    def _process(self, rain: Rain, times_s: Array) -> Array:
        """Gaussian process of P.1853-2 from a known beginning: rho x0 + what it would add from 0."""
        step = float(times_s[1] - times_s[0])
        free = fades.process(len(times_s), 1, step, rain.seed)[:, 0]
        rho = np.exp(-fades.BETA_S * (times_s - times_s[0]))
        first = -float(ndtri((rain.percent or FREQUENT_PERCENT) / 100.0))
        return np.asarray(rho * first + free - rho * free[0])

    def lines(
        self, over: Pass, second: float, bandwidth_hz: float, rain: Rain | None = None
    ) -> dict[str, float]:
        """The budget at one moment of a pass, line by line."""
        at = int(np.argmin(np.abs(over.times_s - second)))
        es_n0, sky = self.along(over, rain)
        wide = 10.0 * np.log10(bandwidth_hz / 1e6)
        return {
            "elevation_deg": float(over.elevation_deg[at]),
            "range_km": float(over.range_m[at] / 1e3),
            "eirp_dbw": self.link.eirp_density_dbw_mhz + wide,
            "g_over_t_db_k": self.link.terminal.g_over_t_db_k,
            "sky_db": float(sky[at]),
            "es_n0_db": float(es_n0[at]),
        }


def budget(
    system: str,
    climate: Climate,
    rain_percent: float,
    *,
    terminal: str | None = None,
    carrier_ghz: float | None = None,
    backoff_db: float = 0.0,
) -> Budget:
    """Downlink of a system of the constellations catalog, with its terminal or another.

    Parameters
    ----------
    carrier_ghz : float, optional
        Another carrier than the system's.
    backoff_db : float
        By how much less the satellite sends than the catalog says; negative for more.
    """
    made = constellations.load(catalog.entry("constellations", system))
    down = made.downlink
    carrier = down.frequency_ghz if carrier_ghz is None else carrier_ghz
    check_range("carrier_ghz", carrier, 1.0, 55.0, slantpath.RECOMMENDATION)
    check_range("backoff_db", backoff_db, -60.0, 60.0, "a downlink")
    flux = down.pfd_dbw_m2_mhz
    link = Downlink(
        carrier, down.polarisation_deg, down.eirp_density_dbw_mhz,
        down.channel_mhz, antennas.terminal(terminal or made.terminal), np.inf if flux is None else flux,
    )  # fmt: skip
    itu.check_range("rain_percent", rain_percent, 0.0, 100.0, "a place")
    quiet = replace(
        link,
        eirp_density_dbw_mhz=link.eirp_density_dbw_mhz - backoff_db,
        flux_dbw_m2_mhz=link.flux_dbw_m2_mhz - backoff_db,
    )
    return Budget(quiet, climate, max(rain_percent, 1e-3))


__all__ = ["APERTURE_EFFICIENCY", "Budget", "Rain", "budget"]
