"""Ephemerides of RTCM 3 messages 1019, 1020, 1042, 1044, 1045, 1046, read and written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.messages import galileo, glonass, lnav, rows
from rabta.pnt.messages.d1d2 import GEO
from rabta.pnt.messages.fields import layout

Row = NDArray[np.void]
KINDS = (1019, 1020, 1042, 1044, 1045, 1046)
_DAY_S = 86_400


def read(kind: int, payload: bytes, reference: int) -> Row | None:
    """Row of EPHEMERIS of a message; None where it is too short or names no satellite.

    Parameters
    ----------
    reference : int
        Instant near the message: GPS and QZSS weeks are modulo 1024, GLONASS's message has no date.
    """
    form = layout(str(kind), __package__)
    spare = 8 * len(payload) - form.sizes[0]
    if spare < 0:
        return None
    values = form.read((int.from_bytes(payload, "big") >> spare,))
    reader: Callable[[dict[str, float], int], Row] = _READERS[kind]
    return reader(values, reference) if values["prn"] else None


def _gps(values: dict[str, float], reference: int, system: str = "G") -> Row:
    week = rows.full_week(int(values["week"]), 1024, rows.own_week(system, reference)[0])
    values |= {"accuracy_m": rows.URA_M[int(values["urai"])], "fit_h": lnav.fit_hours(values, system)}
    values.setdefault("iode", int(values["iodc"]) & 0xFF)
    return _row(system, "LNAV", values, rows.instant(system, week, values["toe_s"]))


def _qzss(values: dict[str, float], reference: int) -> Row:
    return _gps(values, reference, "J")


def _row(system: str, kind: str, values: dict[str, float], toe: int) -> Row:
    """Row whose time of transmission is unknown."""
    toc = rows.near(system, toe, values["toc_s"])
    return rows.row(system, int(values["prn"]), kind, values, 0, toc, toe)


def _beidou(values: dict[str, float], _: int) -> Row:
    values["accuracy_m"] = rows.URA_M[int(values["urai"])]
    kind = "D2" if int(values["prn"]) in GEO else "D1"
    return _row("C", kind, values, rows.instant("C", values["week"], values["toe_s"]))


def _galileo(values: dict[str, float], kind: str) -> Row:
    values |= {"iodc": values["iode"], "accuracy_m": galileo.accuracy_m(int(values["sisa"]))}
    return _row("E", kind, values, rows.instant("E", values["week"], values["toe_s"]))


def _fnav(values: dict[str, float], _: int) -> Row:
    values["health"] = int(values["e5a_health"]) << 4 | int(values["e5a_valid"]) << 3
    values["data_source"] = 258  # RINEX 3.05, data sources: F/NAV, clock for E5a and E1
    return _galileo(values, "FNAV")


def _inav(values: dict[str, float], _: int) -> Row:
    names = ("e5b_health", "e5b_valid", "e1b_health", "e1b_valid")
    values["health"] = galileo.health(*(int(values[name]) for name in names))
    values["data_source"] = galileo.SOURCES["both"]
    return _galileo(values, "INAV")


def _glonass(values: dict[str, float], reference: int) -> Row:
    day, now = glonass.moscow(reference)
    turn = round((now - values["tb_s"]) / _DAY_S)
    values["health"] = int(values["health"]) << 2  # the most significant of Bn's three bits
    values["type"] = values.pop("type_m")
    return glonass.row(values, int(values["prn"]), int(values["slot"]) - 7, day + np.timedelta64(turn, "D"))


_READERS: dict[int, Callable[[dict[str, float], int], Row]] = {
    1019: _gps,
    1020: _glonass,
    1042: _beidou,
    1044: _qzss,
    1045: _fnav,
    1046: _inav,
}
_KIND_OF = {"LNAV": 1019, "FDMA": 1020, "D1": 1042, "D2": 1042, "FNAV": 1045, "INAV": 1046}


def write(ephemeris: np.void) -> bytes:
    """Payload of a row's message.

    Raises
    ------
    RabtaError
        RTCM 3 has no message for it: B-CNAV, CNAV, SBAS, NavIC's.
    """
    system, name = str(ephemeris["system"]), str(ephemeris["kind"])
    kind = 1044 if system == "J" and name == "LNAV" else _KIND_OF.get(name, 0)
    if not kind or (name == "LNAV" and system not in "GJ"):
        expected = "LNAV, D1, D2, INAV, FNAV, FDMA"
        raise RabtaError(
            "RTCM 3 has no message for this ephemeris",
            key="kind",
            value=f"{system} {name}",
            expected=expected,
        )
    values = _glonass_values(ephemeris) if kind == 1020 else _values(ephemeris)
    form = layout(str(kind), __package__)
    spare = -form.sizes[0] % 8
    number = form.write(values | {"type": kind})[0] << spare
    return number.to_bytes((form.sizes[0] + spare) // 8, "big")


def _values(ephemeris: np.void) -> dict[str, float]:
    system = str(ephemeris["system"])
    values = rows.values_of(ephemeris) | {"prn": int(ephemeris["prn"])}
    week = rows.own_week(system, int(ephemeris["toe"]))[0]
    values["week"] = week % {"C": 8192, "E": 4096}.get(system, 1024)
    values["urai"] = rows.index_of_accuracy(values.get("accuracy_m", 9999.0))
    values["sisa"] = galileo.sisa_of(values.get("accuracy_m", -1.0))
    values["fit"] = float(values.get("fit_h", 0.0) > (2.0 if system == "J" else 4.0))
    state = int(values.get("health", 0))
    values |= {"e5a_health": state >> 4 & 3, "e5a_valid": state >> 3 & 1, "e5b_health": state >> 7 & 3}
    values |= {"e5b_valid": state >> 6 & 1, "e1b_health": state >> 1 & 3, "e1b_valid": state & 1}
    return values


def _glonass_values(ephemeris: np.void) -> dict[str, float]:
    values, _ = glonass.message_values(ephemeris)
    values |= {"prn": int(ephemeris["prn"]), "slot": float(ephemeris["slot"]) + 7}
    values |= {"type_m": values.pop("type", 0), "health": int(values.get("health", 0)) >> 2}
    return values


def week_known(kind: int, row: Row) -> int:
    """Instant that a message tells without a reference; 0 where it does not."""
    return int(row["toe"][0]) if kind in (1042, 1045, 1046) else 0
