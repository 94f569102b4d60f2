"""What every part of navigation hands to the next: observations and ephemerides as column arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.gnsstime import Instants

Array = NDArray[np.float64]

SYSTEMS = "GRECJIS"  # RINEX letters: GPS, GLONASS, Galileo, BeiDou, QZSS, NavIC, SBAS


@dataclass(frozen=True)
class SystemObservations:
    """One system's observations: a row for each satellite of each epoch.

    Attributes
    ----------
    codes : tuple of str
        Observation codes spelt as in RINEX 3.05 and 4, whatever the file's version: ``C2I``, ``L2I``.
    epoch : ndarray of int32, shape (row,)
        Index into the epochs; ascending.
    prn : ndarray of int16, shape (row,)
    values : ndarray, shape (row, code)
        Metres (C), cycles (L), hertz (D), dB-Hz or the receiver's unit (S); NaN where blank or zero.
    lock : ndarray of uint8, shape (row, code)
        Loss-of-lock indicator, 0 where blank.
    strength : ndarray of uint8, shape (row, code)
        Signal strength indicator, 0 where blank.
    """

    codes: tuple[str, ...]
    epoch: NDArray[np.int32]
    prn: NDArray[np.int16]
    values: Array
    lock: NDArray[np.uint8]
    strength: NDArray[np.uint8]

    def column(self, code: str) -> Array:
        """Values of one code, shape (row,); NaN where the file does not have it."""
        if code not in self.codes:
            return np.full(self.epoch.size, np.nan)
        return self.values[:, self.codes.index(code)]


@dataclass(frozen=True)
class Observations:
    """What one receiver saw.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
        Receiver's time tags as GPS time in nanoseconds (`gnsstime`).
    flags : ndarray of uint8, shape (epoch,)
        RINEX epoch flag: 0 good, 1 power failure before it.
    systems : mapping from system letter to SystemObservations
    header : mapping
        ``version``, ``marker``, ``receiver``, ``antenna``, ``approx_position_m`` (3,),
        ``antenna_hen_m`` (3,), ``interval_s``, ``glonass_slots`` and whatever else the file states;
        absent where it does not.
    notes : tuple of str
        What could not be used, each with file and line.
    """

    times: Instants
    flags: NDArray[np.uint8]
    systems: Mapping[str, SystemObservations]
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


_FLOATS = (
    # clock: bias, drift, drift rate (s, s/s, s/s^2)
    *("af0", "af1", "af2"),
    # orbit: SI and radians; a_dot m/s, delta_n rad/s, delta_n_dot rad/s^2
    *("sqrt_a", "a_dot", "e", "m0", "delta_n", "delta_n_dot", "omega", "i0", "i_dot", "omega0", "omega_dot"),
    *("cuc", "cus", "crc", "crs", "cic", "cis"),
    # group delays, seconds. tgd1: GPS and QZSS TGD, Galileo BGD E5a/E1, BeiDou TGD1 (B1I);
    # tgd2: Galileo BGD E5b/E1, BeiDou TGD2 (B2I). The others as the interface documents name them.
    *("tgd1", "tgd2", "tgd_b1cp", "tgd_b2ap", "tgd_b2bi", "isc_b1cd", "isc_b2ad"),
    *("isc_l1ca", "isc_l2c", "isc_l5i5", "isc_l5q5", "isc_l1cd", "isc_l1cp"),
    # accuracy: metres where a message gives metres (LNAV, D1, D2, Galileo SISA), else indices
    *("accuracy_m", "sisai_oe", "sisai_ocb", "sisai_oc1", "sisai_oc2", "sismai"),
    *("health", "integrity_flags", "satellite_type", "fit_h"),
    # GLONASS and SBAS: state at toe, metres, m/s, m/s^2, in the file's Earth-fixed frame;
    # slot is the frequency number
    *("x", "y", "z", "vx", "vy", "vz", "ax", "ay", "az", "slot"),
    # as broadcast: Galileo's data source bits (NavIC: reference signal), GPS codes on L2 and P flag; GLONASS:
    # days since the upload, status and health bits, accuracy index F_T, and L2 - L1 delay in tgd1; NavIC
    *("data_source", "l2_codes", "l2_flag", "age_d", "status", "accuracy_index", "isc_s"),
)

EPHEMERIS = np.dtype(
    [("system", "U1"), ("prn", "i2"), ("kind", "U4")]
    # GPS time, ns; sent = transmission and t_op = prediction (modern messages), 0 where unknown
    + [(name, "i8") for name in ("toc", "toe", "sent", "t_op")]
    + [
        ("iode", "i4"),
        ("iodc", "i4"),
    ]  # BeiDou: AODE/AODC or IODE/IODC; Galileo: IODnav in both; -1 where none
    + [(name, "f8") for name in _FLOATS]
)
"""One broadcast ephemeris.

``kind`` is RINEX 4's name: LNAV, CNAV, CNV1, CNV2, CNV3, D1, D2, INAV, FNAV, FDMA, SBAS.

A number that the message does not carry is NaN.
"""


def empty_ephemerides(count: int) -> NDArray[np.void]:
    """Array of EPHEMERIS, numbers NaN, issues -1, times zero."""
    rows = np.zeros(count, dtype=EPHEMERIS)
    for name in _FLOATS:
        rows[name] = np.nan
    rows["iode"] = rows["iodc"] = -1
    return rows


@dataclass(frozen=True)
class IonosphereMessage:
    """Ionosphere coefficients as broadcast.

    Attributes
    ----------
    model : str
        ``klobuchar`` (8: alpha 4, beta 4), ``bdgim`` (9, TECu), ``nequick-g`` (3) or ``nequick-n``.
    area : str
        QZSS: ``WIDE`` or ``JAPN``; else empty.
    sent : int
        GPS time, ns; 0 where the file does not say.
    """

    system: str
    prn: int
    kind: str
    model: str
    coefficients: tuple[float, ...]
    sent: int = 0
    area: str = ""


@dataclass(frozen=True)
class TimeOffset:
    """System time offset (RINEX 4 STO, RINEX 3 TIME SYSTEM CORR): ``code`` such as ``BDGP``.

    a0 in s, a1 in s/s, a2 in s/s^2.
    """

    code: str
    reference: int
    a0: float
    a1: float
    a2: float = 0.0
    system: str = ""
    prn: int = 0
    kind: str = ""
    sbas: str = ""
    utc: str = ""
    sent: int = 0


@dataclass(frozen=True)
class EarthOrientation:
    """Earth orientation parameters (RINEX 4 EOP): arcsec, arcsec/day, arcsec/day^2; seconds for UT1."""

    system: str
    prn: int
    kind: str
    reference: int
    xp: tuple[float, float, float]
    yp: tuple[float, float, float]
    dut1: tuple[float, float, float]
    sent: int = 0


@dataclass(frozen=True)
class Navigation:
    """What satellites broadcast.

    Attributes
    ----------
    ephemerides : ndarray of EPHEMERIS, shape (record,)
        In the order of the file.
    """

    ephemerides: NDArray[np.void]
    ionosphere: Sequence[IonosphereMessage] = ()
    offsets: Sequence[TimeOffset] = ()
    orientation: Sequence[EarthOrientation] = ()
    leap_seconds: int | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
