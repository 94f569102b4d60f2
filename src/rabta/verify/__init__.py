"""Published numbers against ours: each suite says ours, theirs, the difference and the source.

A suite is a function in a module of this package, or of one below it, registered with `suite`;
`rabta verify` finds it.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rabta.errors import RabtaError, nearest


@dataclass(frozen=True)
class Row:
    """One published number beside ours.

    Attributes
    ----------
    tolerance : float
        Largest accepted absolute difference, in the number's own unit; NaN where the two are not comparable.
    gate : bool
        A difference above the tolerance is a failure. False for a prediction, which may miss.
    """

    name: str
    ours: float
    theirs: float
    tolerance: float
    source: str
    gate: bool = True

    @property
    def difference(self) -> float:
        """Ours minus theirs."""
        return self.ours - self.theirs

    @property
    def passed(self) -> bool:
        """True where the difference is within the tolerance; NaN fails."""
        return math.isfinite(self.difference) and abs(self.difference) <= self.tolerance

    @property
    def status(self) -> str:
        """``ok``; ``FAIL``; ``miss``, outside the tolerance but no gate; ``shown``, without a tolerance.

        A number that is not finite is never ``shown``: something broke.
        """
        if self.passed:
            return "ok"
        if self.gate:
            return "FAIL"
        return "shown" if math.isnan(self.tolerance) and math.isfinite(self.difference) else "miss"


SuiteFunction = Callable[[Path | None], list[Row]]


@dataclass(frozen=True)
class Suite:
    """A registered suite; ``needs`` says which reference files ``--files`` may hold.

    In a domain's run a folder goes to those suites alone that find one of their ``marks`` in it (patterns of
    names); a suite without marks takes any.
    """

    name: str
    title: str
    needs: str
    function: SuiteFunction
    marks: tuple[str, ...] = ()

    def takes(self, files: Path) -> bool:
        """Whether a folder is meant for this suite."""
        return bool(self.needs) and (not self.marks or any(any(files.glob(mark)) for mark in self.marks))


_SUITES: dict[str, Suite] = {}


def suite(
    name: str, title: str, *, needs: str = "", marks: tuple[str, ...] = ()
) -> Callable[[SuiteFunction], SuiteFunction]:
    """Register a function ``(files: Path | None) -> list[Row]`` as a suite."""

    def register(function: SuiteFunction) -> SuiteFunction:
        _SUITES[name] = Suite(name, title, needs, function, marks)
        return function

    return register


def suites() -> dict[str, Suite]:
    """All suites by name."""
    for module in pkgutil.walk_packages(__path__, "rabta.verify."):
        importlib.import_module(module.name)
    return dict(sorted(_SUITES.items()))


GROUPS = {
    "space": ("sgp4", "hypatia", "visibility"),
    "radio": (
        *("itu", "rain", "itm", "risk", "p1812", "p452", "p528", "uav", "ntn", "hf", "optical", "local"),
        *("antennas", "interference", "epfd", "modcods", "adaptation"),
    ),
    "mobile": (
        "bler",
        "nr",
        "dvb",
        "modem",
        "sensing",
        "cells",
        "country",
        "fading",
        "waveform",
        "calibration",
        "system",
        "handover",
        "timing",
    ),
    "pnt": (
        "baseband",
        "araim",
        "b2b",
        "coverage",
        "formats",
        "holdover",
        "ionosphere",
        "messages",
        "orbits",
        "positions",
        "ppp",
        "rtk",
        "spoofing",
    ),
    "security": (
        "vectors",
        "protocol",
        "logs",
        "bpsec",
        "posture",
        "overlay",
        "identity",
        "handshake",
        "session",
        "groups",
    ),
    "emulation": ("emulation", "backends", "realism"),
    "airspace": ("feasibility", "geozones"),
    "transport": ("transport", "ground", "flow", "failures", "resilience", "weather"),
}


def members(name: str) -> list[str]:
    """Suites that a name means: one suite, or those of a domain; an unknown name is refused.

    Examples
    --------
    >>> members("space"), members("sgp4")
    (['sgp4', 'hypatia', 'visibility'], ['sgp4'])
    """
    known = suites()
    if name not in known and name not in GROUPS:
        raise RabtaError("no such suite", key="suite", value=name, expected=nearest(name, {*known, *GROUPS}))
    return [item for item in GROUPS.get(name, (name,)) if item in known]


def reference(files: Path | None, name: str) -> Path | None:
    """Reference file of a suite in the folder that ``--files`` names; absent there is an error."""
    if files is None:
        return None
    if not (files / name).is_file():
        raise RabtaError(
            "no such reference file", file=files, value=name, expected=f"a folder that holds {name}"
        )
    return files / name


def run(name: str, files: Path | None = None) -> list[Row]:
    """Rows of one suite; an unknown name is refused with the nearest known one."""
    known = suites()
    if name not in known:
        raise RabtaError("no such suite", key="suite", value=name, expected=nearest(name, known))
    return known[name].function(files)
