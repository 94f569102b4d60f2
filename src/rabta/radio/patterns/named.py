"""Patterns by name, and the pattern of a catalog entry: a name with its numbers, or a file of a user."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rabta import catalog
from rabta.catalog import Entry
from rabta.errors import RabtaError, nearest
from rabta.radio.patterns import arrays, earth, fixed, satellites, sectors, shapes
from rabta.radio.patterns.files import cuts
from rabta.radio.patterns.shapes import Pattern, Tilted

PATTERNS: Mapping[str, Callable[..., Pattern]] = {
    "isotropic": shapes.Isotropic,
    "cosine": shapes.Cosine,
    "aperture": shapes.Aperture,
    "s465": earth.S465,
    "s580": earth.S580,
    "s1428": earth.S1428,
    "s672": satellites.S672,
    "s1528": satellites.S1528,
    "s1528-orbit": satellites.S1528Orbit,
    "s1528-taylor": satellites.S1528Taylor,
    "f699": fixed.F699,
    "f1245": fixed.F1245,
    "f1336-omni": sectors.Omni,
    "f1336-sector": sectors.Sector,
    "element": arrays.Element,
    "array": arrays.Planar,
}
TILTS = ("mechanical_deg", "electrical_deg")


def make(name: str, **numbers: Any) -> Pattern:
    """A pattern by its name; wrong names and numbers are refused with the nearest valid one.

    Examples
    --------
    >>> make("s1428", diameter_m=0.6, frequency_ghz=12.0).gain_dbi([0.0, 10.0]).round(1).tolist()
    [35.3, 4.0]
    >>> sector = make("f1336-sector", peak_dbi=18.0, frequency_ghz=2.6, electrical_deg=4.0)
    >>> sector.gain_dbi(0.0, -4.0).round(1).tolist()
    18.0
    """
    if name not in PATTERNS:
        raise RabtaError("no such pattern", key="pattern", value=name, expected=nearest(name, PATTERNS))
    tilt = {key: float(numbers.pop(key)) for key in TILTS if key in numbers}
    if name == "array":
        numbers = _with_element(numbers)
    known = [p for p in inspect.signature(PATTERNS[name]).parameters if p != "recommendation"]
    for key in numbers:
        if key not in known:
            raise RabtaError(
                f"no such number of the pattern {name}", key=key, expected=nearest(key, [*known, *TILTS])
            )
    try:
        made = PATTERNS[name](**numbers)
    except TypeError as error:
        missing = [p for p in known if p not in numbers]
        raise RabtaError(
            f"the pattern {name} lacks numbers", key="pattern", value=name, expected=", ".join(missing)
        ) from error
    return Tilted(made, **tilt) if any(tilt.values()) else made


def _with_element(numbers: dict[str, Any]) -> dict[str, Any]:
    """Numbers of an array whose element is a table of its own."""
    element = numbers.get("element")
    return {**numbers, "element": make("element", **element)} if isinstance(element, dict) else numbers


def of_entry(entry: Entry) -> Pattern:
    """Pattern of a catalog entry: ``pattern`` or ``file`` (sought beside the entry), and ``[numbers]``."""
    numbers = dict(entry.data.get("numbers", {}))
    try:
        if "file" in entry.data:
            return cuts.pattern(Path(entry.path).parent / str(entry.data["file"]), **numbers)
        if "pattern" in entry.data:
            return make(str(entry.data["pattern"]), **numbers)
    except TypeError as error:
        raise RabtaError(
            "wrong numbers of an antenna", file=entry.path, key="numbers", value=error
        ) from error
    except RabtaError as error:
        error.file = error.file or entry.path
        raise
    raise RabtaError("antenna without a pattern", file=entry.path, key="pattern", expected="pattern or file")


def antenna(name: str) -> Pattern:
    """Pattern of an antenna of the catalog (kind ``antennas``).

    Examples
    --------
    >>> antenna("imt-sector-2600").peak_dbi
    18.0
    """
    return of_entry(catalog.entry("antennas", name))
