"""Radio noise by ITU-R P.372-16 and what a circuit makes of it (ITU-R P.842-6): S/N and reliability.

Noise figures Fa are in dB above k T0 b. Atmospheric noise needs the ITU-R's maps: a nation ships what they
say in it, other places need a folder of ``COEFF01W.txt`` to ``COEFF12W.txt``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.hf.ionosphere.coefficients import FILE, FOLDER_VARIABLE, Region, section
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.372-16"
RANGES = {"frequency_mhz": (0.3, 250.0), "atmospheric_mhz": (0.01, 30.0)}
# ITU-R P.372-16, tables 2 and 3: c, d, upper and lower decile deviation in dB.
ENVIRONMENTS = {
    "city": (76.8, 27.7, 11.0, 6.7),
    "residential": (72.5, 27.7, 10.6, 5.3),
    "rural": (67.2, 27.7, 9.2, 4.6),
    "quiet-rural": (53.6, 28.6, 9.2, 4.6),
}
GALACTIC_DECILE_DB = 2.0
BLOCKS = 6


@dataclass(frozen=True)
class Noise:
    """Median noise figure in dB above k T0 b, and its deviations to the deciles in dB."""

    median_db: Array
    upper_db: Array
    lower_db: Array


def environment(name: str) -> tuple[float, float, float, float]:
    """Constants of a category of man-made noise; an unknown name is refused with the nearest one."""
    if name not in ENVIRONMENTS:
        raise RabtaError(
            "no such noise environment", key="environment", value=name, expected=nearest(name, ENVIRONMENTS)
        )
    return ENVIRONMENTS[name]


def man_made(frequency_mhz: ArrayLike, category: str) -> Noise:
    """Man-made noise of a category, 0.3 to 250 MHz. ITU-R P.372-16, equation (13) and tables 2 and 3.

    Examples
    --------
    >>> round(float(man_made(10.0, "rural").median_db), 1)
    39.5
    """
    check_range("frequency_mhz", frequency_mhz, *RANGES["frequency_mhz"], RECOMMENDATION)
    c, d, upper, lower = environment(category)
    median = c - d * np.log10(np.asarray(frequency_mhz, dtype=np.float64))
    return Noise(median, np.full_like(median, upper), np.full_like(median, lower))


def galactic(frequency_mhz: ArrayLike) -> Noise:
    """Galactic noise. ITU-R P.372-16, equation (14): 52 - 23 log f, deciles within 2 dB.

    It arrives only above the critical frequency of the F2 layer overhead.
    """
    check_range("frequency_mhz", frequency_mhz, *RANGES["frequency_mhz"], RECOMMENDATION)
    median = 52.0 - 23.0 * np.log10(np.asarray(frequency_mhz, dtype=np.float64))
    spread = np.full_like(median, GALACTIC_DECILE_DB)
    return Noise(median, spread, spread)


class AtmosphericMaps(Protocol):
    """What tells atmospheric noise at 1 MHz at places, by month and block of four local hours."""

    def at_1_mhz(self, lat_deg: Array, lon_deg: Array, month: int, block: int) -> Array:
        """Median noise figure at 1 MHz."""
        ...

    def curves(self, month: int) -> tuple[Array, Array]:
        """Curves of frequency (12, 14) and of deciles (2, 12, 5); blocks of the north, then of the south."""
        ...


@dataclass(frozen=True)
class WorldNoise:
    """The maps of the world. Attributes are by month.

    Attributes
    ----------
    series : array, shape (12, 6, 16, 29)
        Terms of the double Fourier series; the last row holds the constants of the longitude.
    plane : array, shape (12, 6, 2)
    shape, deciles : array, shapes (12, 12, 14) and (12, 2, 12, 5)
    """

    series: Array
    plane: Array
    shape: Array
    deciles: Array

    def at_1_mhz(self, lat_deg: Array, lon_deg: Array, month: int, block: int) -> Array:
        """Median noise figure at 1 MHz. NBS Technical Note 318, the series behind figures 15a to 38a."""
        half = np.radians(np.mod(lon_deg, 360.0)) / 2.0
        turn = np.radians(np.asarray(lat_deg) + 90.0)
        series = self.series[month - 1, block]
        along = np.sin(np.arange(1, 16) * half[..., None]) @ series[:15] + series[15]
        total = (np.sin(np.arange(1, 30) * turn[..., None]) * along).sum(axis=-1)
        a, b = self.plane[month - 1, block]
        return np.asarray(total + a + b * turn)

    def curves(self, month: int) -> tuple[Array, Array]:
        """Curves of frequency and of deciles."""
        return self.shape[month - 1], self.deciles[month - 1]

    @classmethod
    def read(cls, folder: Path) -> WorldNoise:
        """Maps from ``COEFF01W.txt`` to ``COEFF12W.txt``."""
        months = [_noise_month(folder / f"COEFF{m:02d}W.txt") for m in range(1, 13)]
        return cls(*(np.stack(part) for part in zip(*months, strict=True)))


def _noise_month(path: Path) -> tuple[Array, Array, Array, Array]:
    try:
        text = path.read_text(encoding="latin-1")
    except OSError as problem:
        raise RabtaError(
            "cannot read the maps of atmospheric noise", file=path, expected="COEFF01W.txt to COEFF12W.txt"
        ) from problem
    return (
        section(path, text, "fakp(29,16,6)", 6 * 16 * 29).reshape(6, 16, 29),
        section(path, text, "fakabp(2,6)", 12).reshape(6, 2),
        section(path, text, "fam(14,12)", 168).reshape(12, 14),
        section(path, text, "dud(5,12,5)", 300).reshape(5, 12, 5)[:2],
    )


@dataclass(frozen=True)
class RegionNoise:
    """Noise at 1 MHz on the grid of a nation, shape (12, 6, rows, columns), and the curves of the month."""

    grid: Region
    at_1: Array
    shape: Array
    deciles: Array

    def at_1_mhz(self, lat_deg: Array, lon_deg: Array, month: int, block: int) -> Array:
        """Median noise figure at 1 MHz, bilinear."""
        values = self.at_1[month - 1, block]
        around = self.grid.corners(np.asarray(lat_deg), np.asarray(lon_deg))
        return np.asarray(sum(w * values[i, j] for i, j, w in around))

    def curves(self, month: int) -> tuple[Array, Array]:
        """Curves of frequency and of deciles."""
        return self.shape[month - 1], self.deciles[month - 1]

    @classmethod
    def read(cls, path: Path) -> RegionNoise:
        """What a nation ships: ``hf.npz``."""
        grid = Region.read(path)
        with np.load(path) as file:
            at_1 = file["noise"] * float(file["scale"])
            return cls(grid, at_1, file["noise_shape"], file["noise_deciles"])


@cache
def world_noise() -> WorldNoise | None:
    """The maps in ``$RABTA_IONOSPHERE``; None where it names no folder that holds them."""
    folder = Path(os.environ.get(FOLDER_VARIABLE) or "?")
    return WorldNoise.read(folder) if (folder / "COEFF01W.txt").is_file() else None


@cache
def shipped(path: Path) -> RegionNoise:
    """The maps of a nation's ``hf.npz``."""
    return RegionNoise.read(path)


def of_nation(folder: Path | None) -> AtmosphericMaps:
    """Maps of the nation's folder, else those of the world in ``$RABTA_IONOSPHERE``; refused without both."""
    path = folder / FILE if folder else None
    found = shipped(path) if path and path.is_file() else world_noise()
    if found is None:
        raise RabtaError(
            "no map of atmospheric noise is known here",
            file=folder,
            expected=f"{FILE} in the nation's folder, or COEFF01W.txt to COEFF12W.txt in ${FOLDER_VARIABLE}",
        )
    return found


def _block_noise(
    maps: AtmosphericMaps, place: tuple[Array, Array], month: int, block: int, f: Array
) -> Noise:
    lat, lon = place
    shape, deciles = maps.curves(month)
    at_1 = maps.at_1_mhz(lat, lon, month, block)
    south = np.asarray(lat) < 0
    north_south = []
    for row in (block, block + 6):
        up = (8.0 * 2.0 ** np.log10(f) - 11.0) / 4.0
        pz, px = np.polyval(shape[row, :7], up), np.polyval(shape[row, 7:], up)
        pz_1, px_1 = np.polyval(shape[row, :7], -0.75), np.polyval(shape[row, 7:], -0.75)
        level = (at_1 * (2.0 - pz_1) - px_1) * pz + px
        x = np.log10(np.minimum(f, 20.0))
        spread = [np.polyval(deciles[k, row], x) + 0.0 * level for k in range(2)]
        north_south.append((level, *spread))
    return Noise(*(np.asarray(np.where(south, s, n)) for n, s in zip(*north_south, strict=True)))


def atmospheric(
    maps: AtmosphericMaps,
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    month: int,
    hour_ut: ArrayLike,
    frequency_mhz: ArrayLike,
) -> Noise:
    """Atmospheric noise at places, hours and frequencies, which broadcast against each other.

    ITU-R P.372-16, figures 13 to 36, by the numerical representation of NBS Technical Note 318; between
    blocks of four local hours powers go over linearly from the start of one to the start of the next.
    """
    check_range("frequency_mhz", frequency_mhz, *RANGES["atmospheric_mhz"], RECOMMENDATION)
    lat, lon = np.broadcast_arrays(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
    f = np.asarray(frequency_mhz, dtype=np.float64)
    local = np.mod(np.asarray(hour_ut) + np.trunc(lon / 15.0), 24.0)
    now = (local // 4).astype(np.int64)
    part = np.mod(local, 4.0) / 4.0
    blocks = [_block_noise(maps, (lat, lon), month, b, f) for b in range(BLOCKS)]
    found = []
    for name in ("median_db", "upper_db", "lower_db"):
        power = [10.0 ** (getattr(b, name) / 10.0) for b in blocks]
        total = sum(
            (
                ((now == b) * (1.0 - part) + ((now + 1) % BLOCKS == b) * part) * power[b]
                for b in range(BLOCKS)
            ),
            np.asarray(0.0),
        )
        found.append(10.0 * np.log10(total))
    return Noise(*found)


def total(parts: list[Noise]) -> Noise:
    """Several noises together: powers of the medians, and of the deciles (ITU-R P.842-6, table 1)."""

    def power(levels: list[Array]) -> Array:
        return np.asarray(10.0 * np.log10(sum((10.0 ** (v / 10.0) for v in levels), np.asarray(0.0))))

    median = power([p.median_db for p in parts])
    return Noise(
        median,
        power([p.median_db + p.upper_db for p in parts]) - median,
        median - power([p.median_db - p.lower_db for p in parts]),
    )


# ITU-R P.842-6, table 2: day-to-day deviations of the signal by frequency over basic MUF, below 60 degrees
# of geomagnetic latitude and from it on.
_RATIOS = np.array([0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 3.0, 4.0])
_SIGNAL_LOWER = np.array([[8, 12, 13, 10, 8, 8, 8, 7, 6, 5], [11, 16, 17, 13, 11, 11, 11, 9, 8, 7]], float)
_SIGNAL_UPPER = np.array([[6, 8, 12, 13, 12, 9, 9, 8, 7, 7], [9, 11, 12, 13, 12, 9, 9, 8, 7, 7]], float)
_HOUR_LOWER, _HOUR_UPPER = 8.0, 5.0


@dataclass(frozen=True)
class Quality:
    """Median S/N in dB and its deviations to the deciles of a month."""

    median_db: Array
    upper_db: Array
    lower_db: Array

    def reliability(self, needed_db: ArrayLike) -> Array:
        """Share of the time that S/N holds a needed value. ITU-R P.842-6, table 1, step 11.

        Examples
        --------
        >>> q = Quality(np.array(20.0), np.array(10.0), np.array(12.0))
        >>> round(float(q.reliability(20.0)), 2), round(float(q.reliability(8.0)), 2)
        (0.5, 0.9)
        """
        over = self.median_db - np.asarray(needed_db, dtype=np.float64)
        good = np.minimum(1.3 - 0.8 / (1.0 + np.maximum(over, 0.0) / self.lower_db), 1.0)
        poor = np.maximum(0.8 / (1.0 + np.maximum(-over, 0.0) / self.upper_db) - 0.3, 0.0)
        return np.asarray(np.where(over >= 0, good, poor))

    def exceeded_db(self, share: float) -> Array:
        """S/N exceeded for a share of the time, normal on each side of the median."""
        from scipy.special import ndtri

        check_range("share", share, 0.01, 0.99, "ITU-R P.842-6")
        side = self.lower_db if share >= 0.5 else self.upper_db
        return np.asarray(self.median_db - float(ndtri(share)) / float(ndtri(0.9)) * side)


def quality(
    received_dbw: ArrayLike,
    noise: Noise,
    bandwidth_hz: ArrayLike,
    muf_ratio: ArrayLike,
    polar: ArrayLike = False,
) -> Quality:
    """S/N of a circuit with its spread in a month. ITU-R P.842-6, table 1, steps 3 to 10.

    Parameters
    ----------
    received_dbw : array_like
        Median received power.
    muf_ratio : array_like
        Frequency over the basic MUF of the path.
    polar : array_like of bool
        True where the path between its points 1,000 km from the ends goes beyond 60 degrees of geomagnetic
        latitude.
    """
    column = np.searchsorted(_RATIOS, np.asarray(muf_ratio, dtype=np.float64), side="left")
    row = np.asarray(polar).astype(np.int64)
    median = np.asarray(received_dbw) - noise.median_db - 10.0 * np.log10(np.asarray(bandwidth_hz)) + 204.0
    return Quality(
        median,
        np.sqrt(noise.lower_db**2 + _SIGNAL_UPPER[row, column] ** 2 + _HOUR_UPPER**2),
        np.sqrt(noise.upper_db**2 + _SIGNAL_LOWER[row, column] ** 2 + _HOUR_LOWER**2),
    )
