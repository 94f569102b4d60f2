"""What a user may ask of a position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rabta.errors import RabtaError, nearest
from rabta.pnt.records import SYSTEMS
from rabta.pnt.signals import signal

MODES = ("auto", "single", "iono-free")
IONOSPHERES = ("auto", "klobuchar", "klobuchar-beidou", "bdgim", "ntcm", "none")
TROPOSPHERES = ("saastamoinen", "seasonal", "none")


@dataclass(frozen=True)
class Options:
    """Choices of a single-point position.

    Attributes
    ----------
    systems : str
        RINEX letters of the systems to use.
    signals : mapping from system letter to codes, optional
        Such as ``{"C": ("2I", "6I")}``: the first is used alone, or with the second in a pair. Systems that
        it leaves out choose for themselves, for each satellite.
    mode : str
        ``single``: one frequency and a model of the ionosphere; ``iono-free``: only satellites with a pair
        of frequencies; ``auto``: pairs where a satellite has one, single frequency for the rest.
    ionosphere : str
        Model for single frequencies; ``auto`` takes the best that was broadcast.
    troposphere : str
        ``seasonal``: air by latitude and season (RTCA DO-229), ``saastamoinen``: one standard air, ``none``.
    mask_deg : float
        Lowest elevation.
    lowest_cn0 : float
        Lowest carrier to noise density, dB-Hz, where the receiver states it.
    robust : bool
        Find and leave out rows that contradict the others.
    limit : float
        Normalised residual above which a row is suspect.
    worst_dop, worst_sigma_m : float
        A fix beyond these is refused: it would be worse than none.
    excluded : sequence of str
        Satellites to leave out, such as ``C05``.
    kinds : mapping, optional
        Messages to use, as in `rabta.pnt.orbits.select`.
    sent_before : bool
        Use only messages that had been sent at the epoch.
    """

    systems: str = "GEC"
    signals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mode: str = "auto"
    ionosphere: str = "auto"
    troposphere: str = "seasonal"
    mask_deg: float = 10.0
    lowest_cn0: float = 0.0
    robust: bool = True
    limit: float = 4.0
    worst_dop: float = 30.0
    worst_sigma_m: float = 100.0
    excluded: Sequence[str] = ()
    kinds: Mapping[str, Sequence[str]] | None = None
    sent_before: bool = False

    def __post_init__(self) -> None:
        for letter in self.systems:
            if letter not in SYSTEMS:
                raise RabtaError(
                    "no such system",
                    key="systems",
                    value=f"{letter} of {self.systems}",
                    expected="letters: G GPS, C BeiDou, E Galileo, R GLONASS, J QZSS, I NavIC, S SBAS",
                )
        if not self.systems:
            raise RabtaError("no system to use", key="systems", expected=f"letters of {SYSTEMS}")
        for key, value, known in (
            ("mode", self.mode, MODES),
            ("ionosphere", self.ionosphere, IONOSPHERES),
            ("troposphere", self.troposphere, TROPOSPHERES),
        ):
            if value not in known:
                raise RabtaError(f"no such {key}", key=key, value=value, expected=nearest(value, known))
        for letter, codes in self.signals.items():
            for code in codes:
                signal(letter, code)
        _satellites(self.excluded)
        if not -5.0 <= self.mask_deg < 90.0:
            raise RabtaError("no such mask", key="mask_deg", value=self.mask_deg, expected="-5 to 90 degrees")


def _satellites(names: Sequence[str]) -> None:
    """Refuse what is no name of a satellite."""
    for name in names:
        if name[:1] not in SYSTEMS or not name[1:].isdecimal():
            raise RabtaError("no such satellite", key="excluded", value=name, expected="as in C05")
