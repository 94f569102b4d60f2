"""From scaled fields to rows of EPHEMERIS and back: what every message shares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import gnsstime
from rabta.pnt.gnsstime import NS, WEEK_S
from rabta.pnt.records import EPHEMERIS, IonosphereMessage, empty_ephemerides

WEEK_LAG = {"C": gnsstime.BDT_WEEK_LAG, "E": gnsstime.GST_WEEK_LAG}
SECOND_LAG = {"C": gnsstime.BDT_LAG_S}

# Nominal metres of URA indices: IS-GPS-200N section 20.3.3.3.1.3 and BDS-SIS-ICD-B1I-3.0 (URAI)
# (2^(1 + N/2) to N = 6, then 2^(N - 2)), rounded to one decimal as RINEX prescribes.
URA_M = tuple(round(2.0 ** (1 + n / 2) if n <= 6 else 2.0 ** (n - 2), 1) for n in range(16))

_FLOATS = tuple(name for name in EPHEMERIS.names or () if EPHEMERIS[name].kind == "f")


def instant(system: str, week: float, seconds: float) -> int:
    """Instant of a system's own full week and seconds."""
    whole = int(week) + WEEK_LAG.get(system, 0)
    return whole * WEEK_S * NS + round((seconds + SECOND_LAG.get(system, 0)) * NS)


def own_week(system: str, time: int) -> tuple[int, float]:
    """A system's own week and seconds of an instant."""
    week, rest = divmod(int(time) - SECOND_LAG.get(system, 0) * NS, WEEK_S * NS)
    return week - WEEK_LAG.get(system, 0), rest / NS


def near(system: str, sent: int, seconds: float) -> int:
    """Instant of seconds of the week that is within half a week of another."""
    week, now = own_week(system, sent)
    return instant(system, week + round((now - seconds) / WEEK_S), seconds)


def full_week(week: int, modulus: int, reference: int) -> int:
    """Full week that a shortened week number means, nearest to a reference week.

    Examples
    --------
    >>> full_week(357, 1024, reference=2400)
    2405
    """
    return week + modulus * round((reference - week) / modulus)


def row(
    system: str, prn: int, kind: str, values: Mapping[str, float], sent: int, toc: int, toe: int
) -> NDArray[np.void]:
    """One row of EPHEMERIS, shape (1,), from the fields that it knows by name."""
    out = empty_ephemerides(1)
    item = out[0]
    item["system"], item["prn"], item["kind"] = system, prn, kind
    item["sent"], item["toc"], item["toe"] = sent, toc, toe
    for name in _FLOATS:
        if name in values:
            item[name] = values[name]
    for name in ("iode", "iodc"):
        item[name] = values.get(name, -1)
    return out


def values_of(ephemeris: np.void) -> dict[str, float]:
    """Fields of a row that hold a number, and its times in its system's own week."""
    values = {name: float(ephemeris[name]) for name in _FLOATS if math.isfinite(ephemeris[name])}
    values |= {name: int(ephemeris[name]) for name in ("iode", "iodc") if ephemeris[name] >= 0}
    system = str(ephemeris["system"])
    values["week"], values["sow"] = own_week(system, int(ephemeris["sent"]))
    for name, column in (("toc_s", "toc"), ("toe_s", "toe"), ("top_s", "t_op")):
        values[name] = own_week(system, int(ephemeris[column]))[1]
    return values


def klobuchar(system: str, prn: int, kind: str, values: Mapping[str, float], sent: int) -> IonosphereMessage:
    """Klobuchar's coefficients of a message."""
    names = [f"{letter}{i}" for letter in ("alpha", "beta") for i in range(4)]
    return IonosphereMessage(system, prn, kind, "klobuchar", tuple(values[n] for n in names), sent)


def bdgim(prn: int, values: Mapping[str, float], sent: int) -> IonosphereMessage:
    """BDGIM's coefficients of a message, TECu."""
    numbers = tuple(values[f"bdgim{i}"] for i in range(1, 10))
    return IonosphereMessage("C", prn, "CNVX", "bdgim", numbers, sent)


def ionosphere_values(message: IonosphereMessage | None) -> dict[str, float]:
    """Fields of an ionosphere message, to be written."""
    if message is None:
        return {}
    numbers = message.coefficients
    if message.model == "bdgim":
        return {f"bdgim{i + 1}": value for i, value in enumerate(numbers)}
    if message.model == "klobuchar":
        names = [f"{letter}{i}" for letter in ("alpha", "beta") for i in range(4)]
        return dict(zip(names, numbers, strict=True))
    return {f"ai{i}": value for i, value in enumerate(numbers[:3])}


def index_of_accuracy(metres: float) -> int:
    """URA index of nominal metres (the first that is not below); 15 where unknown."""
    found = [i for i, value in enumerate(URA_M) if metres <= value + 1e-9]
    return found[0] if found else 15


def agree(values: Mapping[str, float], names: Sequence[str]) -> bool:
    """Whether fields that repeat each other are equal."""
    return len({values[name] for name in names}) == 1
