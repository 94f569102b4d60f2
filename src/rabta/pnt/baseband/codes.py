"""Ranging codes of BeiDou's open signals and of GPS L1 C/A, chip by chip.

Sources: BDS-SIS-ICD-B1I-3.0, -B3I-1.0, -B1C-1.0, -B2a-1.0, -B2b-1.0; IS-GPS-200N. The parameters of each PRN
are in ``beidou.csv`` and ``gps.csv``. A chip of 0 is +1 here, a chip of 1 is -1.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest

Chips = NDArray[np.int8]

GEO = frozenset([*range(1, 6), *range(59, 64)])
"""PRNs of geostationary satellites: their B1I and B3I carry D2, no secondary code: B1I ICD, section 5.2.1."""
NH20 = "00000100110101001110"
"""Neumann-Hofman code of D1: B1I ICD, figure 5-5; of B3I likewise."""
B2AD_SECONDARY = "00010"
"""B2a ICD, section 5.2.2."""


@dataclass(frozen=True)
class Signal:
    """A component of a signal: what a replica needs.

    Attributes
    ----------
    name : str
    system : str
        Letter of RINEX.
    carrier_hz : float
    chip_hz : float
    length : int
        Chips of the primary code.
    boc : bool
        Whether a chip carries one period of a sine-phased square subcarrier, BOC(1,1).
    overlay : int
        Chips of the secondary code, 1 where there is none; 20 for D1 (no secondary code on D2).
    symbol_s : float
        Duration of a data symbol; 0 for a pilot.
    share : float
        Part of the signal's power that the component has.
    """

    name: str
    system: str
    carrier_hz: float
    chip_hz: float
    length: int
    boc: bool
    overlay: int
    symbol_s: float
    share: float

    @property
    def period_s(self) -> float:
        """Duration of the primary code."""
        return self.length / self.chip_hz

    @property
    def pilot(self) -> bool:
        """Whether the component carries no data."""
        return self.symbol_s == 0.0


def _beidou(name: str, mhz: float, chip: float, length: int, *rest: object) -> Signal:
    boc, overlay, symbol, share = rest
    return Signal(name, "C", mhz * 1e6, chip, length, bool(boc), int(str(overlay)), *_floats(symbol, share))


def _floats(symbol: object, share: object) -> tuple[float, float]:
    return float(str(symbol)), float(str(share))


SIGNALS = {
    s.name: s
    for s in (
        _beidou("B1I", 1561.098, 2.046e6, 2046, False, 20, 0.020, 1.0),
        _beidou("B3I", 1268.52, 10.23e6, 10230, False, 20, 0.020, 1.0),
        _beidou("B1CD", 1575.42, 1.023e6, 10230, True, 1, 0.010, 0.25),
        _beidou("B1CP", 1575.42, 1.023e6, 10230, True, 1800, 0.0, 0.75),
        _beidou("B2AD", 1176.45, 10.23e6, 10230, False, 5, 0.005, 0.5),
        _beidou("B2AP", 1176.45, 10.23e6, 10230, False, 100, 0.0, 0.5),
        _beidou("B2B", 1207.14, 10.23e6, 10230, False, 1, 0.001, 1.0),
        Signal("L1CA", "G", 1575.42e6, 1.023e6, 1023, False, 1, 0.020, 1.0),
    )
}
"""Components by name. Shares of B1C: ICD B1C table 4-2 (data 1, pilot 3); of B2a: ICD B2a table 4-2."""

ALIASES = {"B1C": "B1CP", "B2A": "B2AP", "B2BI": "B2B", "B2bI": "B2B", "L1": "L1CA", "CA": "L1CA"}

IN_SERVICE = {
    **dict.fromkeys(("B1I", "B3I"), tuple(range(1, 64))),
    **dict.fromkeys(("B1CD", "B1CP", "B2AD", "B2AP"), tuple(range(19, 51))),
    "B2B": (*range(19, 51), *range(59, 62)),
    "L1CA": tuple(range(1, 33)),
}
"""PRNs that a search tries when none are named: BeiDou-3's are 19 to 50 and, for PPP-B2b, 59 to 61."""


def find(name: str) -> Signal:
    """Component of a name or alias; an unknown one is refused with the nearest.

    Examples
    --------
    >>> find("B1C").name, find("B2AD").overlay
    ('B1CP', 5)
    """
    key = ALIASES.get(name, name.upper())
    key = ALIASES.get(key, key)
    if key not in SIGNALS:
        raise RabtaError(
            "no such signal", key="signal", value=name, expected=nearest(key, [*SIGNALS, *ALIASES])
        )
    return SIGNALS[key]


@cache
def _table(name: str) -> dict[int, dict[str, str]]:
    """Parameters by PRN."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {int(row["prn"]): row for row in rows}


def prns(signal: str) -> tuple[int, ...]:
    """PRNs that have a code."""
    return tuple(_table("gps.csv" if find(signal).system == "G" else "beidou.csv"))


def _row(signal: Signal, prn: int) -> dict[str, str]:
    table = _table("gps.csv" if signal.system == "G" else "beidou.csv")
    if prn not in table:
        first, last = min(table), max(table)
        raise RabtaError(
            f"{signal.name} has no such PRN", key="prn", value=prn, expected=f"{first} to {last}"
        )
    return table[prn]


def _register(start: str, taps: tuple[int, ...], count: int, out: tuple[int, ...] = ()) -> NDArray[np.uint8]:
    """Bits of a shift register: stages and taps count from 1, the last stage (or the sum ``out``) is read.

    Every stage is the first one a step earlier, so the register is one running sequence of its first stage.
    """
    size = len(start)
    run = np.zeros(size + count, dtype=np.uint8)
    run[:size] = [int(bit) for bit in reversed(start)]  # stage k holds run[now + size - k]
    for now in range(count):
        value = 0
        for tap in taps:
            value ^= int(run[now + size - tap])
        run[now + size] = value
    bits = np.zeros(count, dtype=np.uint8)
    for stage in out or (size,):
        bits ^= run[size - stage : size - stage + count]
    return bits


@cache
def _legendre(length: int) -> NDArray[np.uint8]:
    """Legendre sequence: 1 at the squares modulo a prime, 0 elsewhere and at 0: B1C ICD, equation 5-2."""
    bits = np.zeros(length, dtype=np.uint8)
    bits[np.arange(1, length, dtype=np.int64) ** 2 % length] = 1
    return bits


def _weil(length: int, w: int, p: int, count: int) -> NDArray[np.uint8]:
    """Truncated Weil code: B1C ICD, equations 5-1 and 5-3."""
    k = (np.arange(count) + p - 1) % length
    legendre = _legendre(length)
    return legendre[k] ^ legendre[(k + w) % length]


# Taps of the two registers of the codes of 10,230 chips; the first starts again after 8,190:
# B2a ICD eq. 5-1 and 5-2, B2b ICD eq. 5-1, B3I ICD section 4.3.
_TAPS = {
    "B2AD": ((1, 5, 11, 13), (3, 5, 9, 11, 12, 13)),
    "B2AP": ((3, 6, 7, 13), (1, 5, 7, 8, 12, 13)),
    "B2B": ((1, 9, 10, 13), (3, 4, 6, 9, 12, 13)),
    "B3I": ((1, 3, 4, 13), (1, 5, 6, 7, 9, 10, 12, 13)),
}


@cache
def _first_register(name: str, length: int) -> NDArray[np.uint8]:
    bits = _register("1" * 13, _TAPS[name][0], 8190)
    return np.concatenate([bits, bits[: length - 8190]])


def _b1i(stages: str) -> NDArray[np.uint8]:
    """Gold code of two registers of eleven stages: B1I ICD, section 4.3."""
    start = "01010101010"
    first = _register(start, (1, 7, 8, 9, 10, 11), 2046)
    out = tuple(int(stage) for stage in stages.split("+"))
    return first ^ _register(start, (1, 2, 3, 4, 5, 8, 9, 11), 2046, out)


def _l1ca(delay: int) -> NDArray[np.uint8]:
    """Gold code of GPS: IS-GPS-200N, section 3.3.2.3."""
    ones = "1" * 10
    return _register(ones, (3, 10), 1023) ^ np.roll(_register(ones, (2, 3, 6, 8, 9, 10), 1023), delay)


@cache
def _bits(name: str, prn: int) -> NDArray[np.uint8]:
    signal = SIGNALS[name]
    row, key = _row(signal, prn), name.lower()
    if name == "B1I":
        return _b1i(row[key])
    if name == "L1CA":
        return _l1ca(int(row[key]))
    if signal.boc:
        return _weil(10243, int(row[key + "_w"]), int(row[key + "_p"]), signal.length)
    return _first_register(name, signal.length) ^ _register(row[key], _TAPS[name][1], signal.length)


def bits(signal: str, prn: int) -> NDArray[np.uint8]:
    """Chips of the primary code as the interface documents print them, 0 and 1; shape (length,)."""
    return _bits(find(signal).name, int(prn)).copy()


def generate(signal: str, prn: int) -> Chips:
    """Primary code, +1 for a chip of 0; shape (length,).

    Examples
    --------
    >>> generate("L1CA", 1)[:10].tolist()  # 1440 in octal: IS-GPS-200N, table 3-Ia
    [-1, -1, 1, 1, -1, 1, 1, 1, 1, 1]
    """
    return (1 - 2 * _bits(find(signal).name, int(prn)).astype(np.int8)).astype(np.int8)


def secondary(signal: str, prn: int) -> Chips:
    """Secondary code, +1 for a chip of 0; one +1 where there is none.

    B1C ICD section 5.2.2, B2a ICD section 5.2.2, B1I ICD section 5.2.1.
    """
    what = find(signal)
    row = _row(what, prn)
    if what.name == "B1CP":
        found = _weil(3607, int(row["b1cs_w"]), int(row["b1cs_p"]), 1800)
    elif what.name == "B2AP":
        found = _weil(1021, int(row["b2as_w"]), int(row["b2as_p"]), 100)
    else:
        text = B2AD_SECONDARY if what.name == "B2AD" else "0"
        text = NH20 if what.name in ("B1I", "B3I") and prn not in GEO else text
        found = np.array([int(bit) for bit in text], dtype=np.uint8)
    return (1 - 2 * found.astype(np.int8)).astype(np.int8)


def symbol_s(signal: str, prn: int) -> float:
    """Duration of a data symbol, which D2's 500 bit/s shorten; 0 for a pilot: B1I ICD, section 5.1.1."""
    what = find(signal)
    return 0.002 if what.name in ("B1I", "B3I") and prn in GEO else what.symbol_s
