"""Carriers of NR: spacings, prefixes, slots and how many resource blocks a channel holds.

3GPP TS 38.211, clauses 4.2, 4.3 and 5.3.1; tables 5.3.2-1 of TS 38.101-1 and TS 38.101-2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

SPACINGS_KHZ = (15, 30, 60, 120, 240, 480, 960)
SUBCARRIERS = 12  # of a resource block
LARGEST_BLOCKS = 275  # TS 38.331, 6.4: maxNrofPhysicalResourceBlocks
CYCLIC_PREFIXES = ("normal", "extended")

_FR1_MHZ = (3, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100)
_FR1 = {
    15: (15, 25, 52, 79, 106, 133, 160, 188, 216, 242, 270),
    30: (0, 11, 24, 38, 51, 65, 78, 92, 106, 119, 133, 162, 189, 217, 245, 273),
    60: (0, 0, 11, 18, 24, 31, 38, 44, 51, 58, 65, 79, 93, 107, 121, 135),
}
BLOCKS: dict[str, dict[int, dict[int, int]]] = {
    "FR1": {
        spacing: {mhz: n for mhz, n in zip(_FR1_MHZ, row, strict=False) if n} for spacing, row in _FR1.items()
    },
    "FR2-1": {60: {50: 66, 100: 132, 200: 264}, 120: {50: 32, 100: 66, 200: 132, 400: 264}},
    "FR2-2": {
        120: {100: 66, 400: 264},
        480: {400: 66, 800: 124, 1600: 248},
        960: {400: 33, 800: 62, 1600: 124, 2000: 148},
    },
}
"""Resource blocks of a channel: range, spacing in kHz, bandwidth in MHz."""


@dataclass(frozen=True)
class Carrier:
    """A carrier's grid in frequency and time.

    Attributes
    ----------
    spacing_khz : int
        15, 30, 60, 120, 240 (synchronisation only), 480 or 960.
    blocks : int
        Resource blocks of 12 subcarriers, 1 to 275.
    cyclic_prefix : str
        ``normal`` or ``extended``; the latter only at 60 kHz.
    size : int
        Points of the Fourier transform, a multiple of 128 that holds the subcarriers; the least power of
        two unless given. Prefixes are then whole samples.
    """

    spacing_khz: int
    blocks: int
    cyclic_prefix: str = "normal"
    size: int = field(default=0)

    def __post_init__(self) -> None:
        if self.spacing_khz not in SPACINGS_KHZ:
            raise _refusal("no such numerology", "spacing_khz", self.spacing_khz, SPACINGS_KHZ)
        if not 1 <= self.blocks <= LARGEST_BLOCKS:
            raise RabtaError(
                "no such carrier", key="blocks", value=self.blocks, expected=f"1 to {LARGEST_BLOCKS}"
            )
        if self.cyclic_prefix not in CYCLIC_PREFIXES:
            raise _refusal("no such prefix", "cyclic_prefix", self.cyclic_prefix, CYCLIC_PREFIXES)
        if self.cyclic_prefix == "extended" and self.spacing_khz != 60:
            raise RabtaError(
                "the extended prefix is defined at 60 kHz only (TS 38.211, table 4.2-1)",
                key="spacing_khz",
                value=self.spacing_khz,
                expected="60",
            )
        least = max(128, 1 << (self.subcarriers - 1).bit_length())
        if self.size == 0:
            object.__setattr__(self, "size", least)
        if self.size % 128 or self.size < self.subcarriers:
            raise RabtaError(
                "the transform does not fit the carrier",
                key="size",
                value=self.size,
                expected=f"a multiple of 128, {-(-self.subcarriers // 128) * 128} or more",
            )

    @property
    def subcarriers(self) -> int:
        """Subcarriers used."""
        return SUBCARRIERS * self.blocks

    @property
    def numerology(self) -> int:
        """Exponent mu: the spacing is 15 kHz times 2^mu."""
        return SPACINGS_KHZ.index(self.spacing_khz)

    @property
    def spacing_hz(self) -> float:
        """Distance of subcarriers."""
        return self.spacing_khz * 1e3

    @property
    def sample_rate(self) -> float:
        """Samples a second."""
        return self.size * self.spacing_hz

    @property
    def symbols(self) -> int:
        """OFDM symbols of a slot."""
        return 14 if self.cyclic_prefix == "normal" else 12

    @property
    def slots_per_subframe(self) -> int:
        """Slots in a millisecond."""
        return 1 << self.numerology

    @property
    def slots_per_frame(self) -> int:
        """Slots in 10 ms."""
        return 10 * self.slots_per_subframe

    def prefixes(self, count: int | None = None, slot: int = 0) -> NDArray[np.int64]:
        """Samples of the cyclic prefix of ``count`` symbols (a slot if left out) from the start of a slot.

        The first symbol of each half millisecond has a longer one: TS 38.211, clause 5.3.1.
        """
        number = self.symbols if count is None else count
        if self.cyclic_prefix == "extended":
            return np.full(number, self.size // 4, dtype=np.int64)
        half = 7 * self.slots_per_subframe
        at = (slot * self.symbols + np.arange(number)) % half
        longer = self.size * self.slots_per_subframe // 128
        return np.where(at == 0, longer, 0) + self.size * 9 // 128

    def starts(self, count: int | None = None, slot: int = 0) -> NDArray[np.int64]:
        """First sample after the prefix of each symbol, counted from the start of the slot."""
        prefixes = self.prefixes(count, slot)
        return np.asarray(np.cumsum(prefixes + self.size) - self.size)

    def samples(self, count: int | None = None, slot: int = 0) -> int:
        """Samples of ``count`` symbols (a slot if left out) with their prefixes."""
        prefixes = self.prefixes(count, slot)
        return int(prefixes.sum()) + len(prefixes) * self.size

    def symbol_times(self, count: int | None = None, slot: int = 0) -> NDArray[np.float64]:
        """Middle of each symbol's body from the start of the slot, s."""
        return np.asarray((self.starts(count, slot) + self.size / 2) / self.sample_rate, dtype=np.float64)

    def frequencies_hz(self) -> NDArray[np.float64]:
        """Frequency of each subcarrier from the carrier's centre."""
        places = np.arange(self.subcarriers) - self.subcarriers // 2
        return np.asarray(places * self.spacing_hz, dtype=np.float64)


def _refusal(problem: str, key: str, value: object, valid: object) -> RabtaError:
    names = ", ".join(str(item) for item in valid)  # type: ignore[attr-defined]
    return RabtaError(problem, key=key, value=value, expected=names)


def blocks(bandwidth_mhz: float, spacing_khz: int, band_range: str = "FR1") -> int:
    """Resource blocks of a channel.

    Parameters
    ----------
    bandwidth_mhz : float
        Channel bandwidth, 3 to 2000 MHz by range and spacing.
    spacing_khz : int
        Subcarrier spacing.
    band_range : str
        ``FR1`` (0.41 to 7.125 GHz), ``FR2-1`` (24.25 to 52.6 GHz) or ``FR2-2`` (52.6 to 71 GHz).

    Raises
    ------
    RabtaError
        What has no entry, with the valid ones.

    Notes
    -----
    3GPP TS 38.101-1 and TS 38.101-2 (V18), table 5.3.2-1.

    Examples
    --------
    >>> blocks(100, 30), blocks(20, 15), blocks(400, 120, "FR2-1")
    (273, 106, 264)
    """
    if band_range not in BLOCKS:
        raise _refusal("no such frequency range", "band_range", band_range, BLOCKS)
    spacings = BLOCKS[band_range]
    if spacing_khz not in spacings:
        raise _refusal(f"no such numerology in {band_range}", "spacing_khz", spacing_khz, spacings)
    found = spacings[spacing_khz].get(int(bandwidth_mhz)) if float(bandwidth_mhz).is_integer() else None
    if found is None:
        problem = f"no such channel in {band_range} at {spacing_khz} kHz"
        raise _refusal(problem, "bandwidth_mhz", bandwidth_mhz, spacings[spacing_khz])
    return found


def channel(bandwidth_mhz: float, spacing_khz: int, band_range: str = "FR1", size: int = 0) -> Carrier:
    """Carrier that fills a channel."""
    return Carrier(spacing_khz, blocks(bandwidth_mhz, spacing_khz, band_range), size=size)
