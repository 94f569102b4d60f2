"""Signals of the navigation systems: names, frequencies, RINEX codes.

The table is ``signals.csv`` beside this file: a row for each system, RINEX band digit and attributes.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rabta.errors import RabtaError, nearest

LIGHT_M_S = 299_792_458.0


@dataclass(frozen=True)
class Signal:
    """One signal component as RINEX 3.05 and 4 name it.

    Attributes
    ----------
    code : str
        Band digit and attribute, as in ``2I``.
    name : str
        Common name: ``B1I``, ``B1C``, ``L1 C/A``.
    frequency_hz : float
        Carrier; for GLONASS FDMA of slot 0.
    """

    system: str
    code: str
    name: str
    frequency_hz: float

    @property
    def wavelength_m(self) -> float:
        """Carrier wavelength."""
        return LIGHT_M_S / self.frequency_hz


@cache
def table() -> dict[str, Signal]:
    """All signals by system letter and code, as in ``C2I``."""
    text = files(__package__).joinpath("signals.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    signals = {}
    for row in rows:
        for attribute in row["attributes"]:
            code = row["band"] + attribute
            signals[row["system"] + code] = Signal(
                row["system"], code, row["name"], float(row["frequency_mhz"]) * 1e6
            )
    return signals


def signal(system: str, code: str) -> Signal:
    """Signal of a RINEX code: ``signal("C", "2I")`` or, from an observation code, ``signal("C", "C2I")``.

    Examples
    --------
    >>> signal("C", "C2I").name, signal("C", "6I").frequency_hz
    ('B1I', 1268520000.0)
    """
    key = system + code[-2:]
    if key not in table():
        raise RabtaError("no such signal", key="signal", value=key, expected=nearest(key, table()))
    return table()[key]


def frequency_hz(system: str, band: str, slot: int = 0) -> float:
    """Carrier frequency of a band digit; ``slot`` is GLONASS's frequency number.

    Examples
    --------
    >>> frequency_hz("C", "2"), frequency_hz("R", "1", slot=-7)
    (1561098000.0, 1598062500.0)
    """
    for item in table().values():
        if item.system == system and item.code[0] == band:
            step = {"1": 562_500.0, "2": 437_500.0}.get(band, 0.0) if system == "R" else 0.0
            return item.frequency_hz + slot * step
    raise RabtaError(
        "no such band", key="band", value=system + band, expected="a band of RINEX 4, such as C2"
    )
