"""Shells described by other tools: StarPerf's constellation XML and StarryNet's ``config.json``.

Both give altitude, inclination, planes, satellites a plane and a phase shift, which is read as Walker's F.
(StarPerf 2.0 itself leaves its phase shift unused, and StarryNet's observer always takes 18; the files are
read as their fields say.) Nodes of nearly polar shells spread over half a turn, as StarPerf does it. The
period that both state is not used: it follows from the altitude; where the two disagree, a warning says so.

Sources: SpaceNetLab/StarPerf_Simulator, ``config/XML_constellation`` and ``orbit_configuration.py``;
SpaceNetLab/StarryNet, ``config.json`` (formats only).
"""

from __future__ import annotations

import json
import re
import warnings
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.space.walker import kozai_mean_motion, labels, walker

POLAR_DEG = (80.0, 100.0)  # inclinations whose nodes StarPerf spreads over 180 degrees
PERIOD_TOLERANCE = 2e-3
MOST_SATELLITES = 100_000
STARPERF = {
    "altitude": "altitude_km",
    "orbit_cycle": "period_s",
    "inclination": "inclination_deg",
    "phase_shift": "phasing",
    "number_of_orbit": "planes",
    "number_of_satellite_per_orbit": "per_plane",
}
STARRYNET = {
    "Altitude (km)": "altitude_km",
    "Cycle (s)": "period_s",
    "Inclination": "inclination_deg",
    "Phase shift": "phasing",
    "# of orbit": "planes",
    "# of satellites": "per_plane",
}
RANGES = {
    "altitude_km": (100.0, 100_000.0),
    "period_s": (1.0, 1e7),
    "inclination_deg": (0.0, 180.0),
    "phasing": (-1e4, 1e4),
    "planes": (1, 1000),
    "per_plane": (1, 10_000),
}


@dataclass(frozen=True)
class Described:
    """A shell as a file describes it; ``period_s`` as stated there."""

    name: str
    altitude_km: float
    inclination_deg: float
    planes: int
    per_plane: int
    phasing: float
    period_s: float

    @property
    def spread_deg(self) -> float:
        """Span of the nodes."""
        return 180.0 if POLAR_DEG[0] < self.inclination_deg < POLAR_DEG[1] else 360.0

    @property
    def true_period_s(self) -> float:
        """Nodal-mean period of the altitude."""
        return 86_400.0 / kozai_mean_motion(self.altitude_km, self.inclination_deg)


def recognise(text: str) -> str:
    """``starperf``, ``starrynet``, or empty where the text is neither.

    Examples
    --------
    >>> recognise("<constellation><number_of_shells>1</number_of_shells>"), recognise('{"# of orbit": 5}')
    ('starperf', 'starrynet')
    """
    start = text.lstrip("\ufeff \t\r\n")
    if re.match(r"(<\?xml[^>]*\?>\s*)?<constellation>", start):
        return "starperf"
    return "starrynet" if start[:1] == "{" and '"# of orbit"' in start else ""


def parse(text: str, kind: str, epoch_jd: float, file: object = None) -> dict[str, NDArray[Any]]:
    """Element columns of all shells of a file, at an epoch of the reader's choice (the files have none)."""
    found = starperf(text, file) if kind == "starperf" else [starrynet(text, file)]
    total = sum(shell.planes * shell.per_plane for shell in found)
    if total > MOST_SATELLITES:
        raise RabtaError("too many satellites", file=file, value=total, expected=f"at most {MOST_SATELLITES}")
    parts = [_columns(shell, epoch_jd, file) for shell in found]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def starperf(text: str, file: object = None) -> list[Described]:
    """Shells of a StarPerf constellation file."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise RabtaError("document type declaration in a constellation", file=file, expected="plain XML")
    try:
        root = ET.fromstring(text.lstrip("\ufeff \t\r\n"))  # noqa: S314  (declarations are refused above)
    except (ET.ParseError, ValueError) as error:
        raise RabtaError(f"not valid XML: {error}", file=file) from error
    shells = [element for element in root if element.tag != "number_of_shells"]
    stated = (root.findtext("number_of_shells") or "").strip()
    if stated != str(len(shells)) or not shells:
        raise RabtaError(
            "number of shells differs from those listed",
            file=file,
            key="number_of_shells",
            value=stated,
            expected=f"{len(shells)}, at least one",
        )
    return [_described(e.tag, {c.tag: c.text for c in e}, STARPERF, f"{e.tag}.", file) for e in shells]


def starrynet(text: str, file: object = None) -> Described:
    """The shell of a StarryNet configuration; its other settings are not read."""
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise RabtaError(f"not valid JSON: {error}", file=file) from error
    if not isinstance(data, dict):
        raise RabtaError("configuration that is not an object", file=file, value=repr(data)[:60])
    return _described(str(data.get("Name", "shell")), data, STARRYNET, "", file)


def _described(
    name: str, given: dict[str, Any], keys: dict[str, str], prefix: str, file: object
) -> Described:
    values: dict[str, Any] = {}
    for key, meaning in keys.items():
        if key not in given:
            raise RabtaError(
                "shell lacks a key",
                file=file,
                key=f"{prefix}{key}",
                expected=f"a number; the nearest key there: {nearest(key, given)}" if given else "a number",
            )
        values[meaning] = _number(given[key], meaning, f"{prefix}{key}", file)
    return Described(name, **values)


def _number(text: object, meaning: str, key: str, file: object) -> float | int:
    low, high = RANGES[meaning]
    whole = meaning in {"planes", "per_plane"}
    try:
        value = float(str(text).strip())
    except ValueError:
        value = float("nan")
    if not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        expected = f"{kind} from {low:g} to {high:g}"
        raise RabtaError("value of a shell", file=file, key=key, value=text, expected=expected)
    return int(value) if whole else value


def _columns(shell: Described, epoch_jd: float, file: object) -> dict[str, NDArray[Any]]:
    if abs(shell.period_s / shell.true_period_s - 1.0) > PERIOD_TOLERANCE:
        warnings.warn(
            f"{file}: {shell.name} states a period of {shell.period_s:g} s; at {shell.altitude_km:g} km it "
            f"is {shell.true_period_s:.0f} s, which is used",
            stacklevel=2,
        )
    found: dict[str, NDArray[Any]] = dict(
        walker(
            shell.altitude_km,
            shell.inclination_deg,
            shell.planes,
            shell.per_plane,
            phasing=shell.phasing,
            spread_deg=shell.spread_deg,
            epoch_jd=epoch_jd,
        )
    )
    count = shell.planes * shell.per_plane
    found["name"] = np.array(labels(shell.planes, shell.per_plane, f"{shell.name} "), dtype=object)
    found["norad"] = np.zeros(count, dtype=np.int64)
    found["line"] = np.zeros(count, dtype=np.int64)
    return found
