"""Observation codes of all RINEX versions, spelt as in RINEX 3.05 and 4."""

from __future__ import annotations

from collections.abc import Sequence

from rabta.pnt.records import SYSTEMS

# RINEX 2.11 section 10.1.1 and 2.12: what a receiver that wrote C1 or P2 tracked
_RANGES: dict[str, dict[str, str]] = {
    "G": {"C1": "C1C", "P1": "C1W", "C2": "C2X", "P2": "C2W", "C5": "C5X"},
    "R": {"C1": "C1C", "P1": "C1P", "C2": "C2C", "P2": "C2P"},
    "E": {f"C{band}": f"C{band}X" for band in "15678"},
    "S": {"C1": "C1C", "C5": "C5I"},
    "J": {"C1": "C1C", "C2": "C2X", "C5": "C5X", "C6": "C6X"},
    "C": {"C1": "C2I", "C2": "C2I", "C7": "C7I", "C6": "C6I"},
    "I": {"C5": "C5A", "C9": "C9A"},
}
_OTHERS = "LDS"
_DIGITS = {
    "A": "C",
    "B": "C",
    "C": "X",
    "D": "W",
}  # RINEX 2.12: L1A, L1B C/A-like; L2C; L2 P(Y)


def modern(system: str, codes: Sequence[str], version: float) -> list[str]:
    """Codes of a header in today's spelling; empty where there is none.

    Examples
    --------
    >>> modern("G", ["C1", "L1", "P2", "L2"], 2.11)
    ['C1C', 'L1C', 'C2W', 'L2W']
    >>> modern("C", ["C1I", "L1I", "C6I"], 3.02)
    ['C2I', 'L2I', 'C6I']
    """
    if version < 3.0:
        return [_old(system, code, codes) for code in codes]
    return [_band(system, code, version) for code in codes]


def _band(system: str, code: str, version: float) -> str:
    """BeiDou's B1I was band 1 in RINEX 3.02 alone; since 3.03 C1X is B1C, and there is no C1I or C1Q."""
    band1 = system == "C" and len(code) == 3 and code[1] == "1"
    if band1 and (code[2:3] in "IQ" or (abs(version - 3.02) < 1e-6 and code[2:3] == "X")):
        return f"{code[0]}2{code[2:]}"
    return code


def misspelt(system: str, codes: Sequence[str], version: float) -> list[str]:
    """BeiDou codes of RINEX 3.02 in files of other versions."""
    if system != "C" or version < 3.0 or abs(version - 3.02) < 1e-6:
        return []
    return [code for code in codes if code[1:3] in ("1I", "1Q")]


def _old(system: str, code: str, codes: Sequence[str]) -> str:
    """Code of RINEX 2: the phase, Doppler and strength of a band belong to its best range."""
    if system not in _RANGES or len(code) != 2:
        return ""
    known, letter, band = _RANGES[system], code[0], code[1]
    if letter in "CP":
        return known.get(code, "")
    if letter not in _OTHERS:
        return ""
    first = ("P", "C") if band == "2" and system in "GR" else ("C", "P")
    for kind in first:
        if kind + band in known and kind + band in codes:
            return letter + known[kind + band][1:]
    fallback = {"G2": "2W", "G1": "1C", "R1": "1C", "R2": "2C"}.get(system + band)
    if fallback is None:
        fallback = known.get(f"C{band}", "   ")[1:].strip()
    return letter + fallback if fallback else ""


def order(systems: Sequence[str]) -> list[str]:
    """Systems in the order in which RINEX lists them."""
    return sorted(systems, key=SYSTEMS.index)
