"""Where RINEX navigation records keep what (RINEX 4.02 section 8 and appendix; RINEX 3.05 tables A5 to A13).

A record is its first line (clock), then lines of four numbers. Names are those of `records.EPHEMERIS`;
``toe_s``, ``sent_s`` and ``top_s`` are seconds of a week, ``week`` and ``week_op`` its number; ``-`` unused.
"""

from __future__ import annotations

Layout = tuple[tuple[str, ...], ...]


def _lines(text: str) -> Layout:
    return tuple(tuple(line.split()) for line in text.strip().splitlines())


_CLOCK = "- af0 af1 af2"
_KEPLER = "cuc e cus sqrt_a\n toe_s cic omega0 cis\n i0 crc omega omega_dot"
_OLD = f"{_CLOCK}\n iode crs delta_n m0\n {_KEPLER}"
_NEW = f"{_CLOCK}\n a_dot crs delta_n m0\n {_KEPLER}"
_TOP = _NEW.replace("toe_s", "top_s")  # GPS CNAV: toe is toc (IS-GPS-200N 30.3.3.1.1)

_LNAV = _lines(
    f"""{_OLD}
    i_dot l2_codes week l2_flag
    accuracy_m health tgd1 iodc
    sent_s fit_h - -"""
)
_GALILEO = _lines(
    f"""{_OLD}
    i_dot data_source week -
    accuracy_m health tgd1 tgd2
    sent_s - - -"""
)
_D = _lines(
    f"""{_OLD}
    i_dot - week -
    accuracy_m health tgd1 tgd2
    sent_s iodc - -"""
)
_CNAV_BODY = f"""{_TOP}
    i_dot delta_n_dot sisai_ocb sisai_oc1
    sisai_oe health tgd1 sisai_oc2
    isc_l1ca isc_l2c isc_l5i5 isc_l5q5"""
_CNAV = _lines(f"{_CNAV_BODY}\n sent_s week_op integrity_flags -")
_CNV2_GPS = _lines(f"{_CNAV_BODY}\n isc_l1cd isc_l1cp - -\n sent_s week_op integrity_flags -")
_CNV_BODY = f"""{_NEW}
    i_dot delta_n_dot satellite_type top_s
    sisai_oe sisai_ocb sisai_oc1 sisai_oc2"""
_CNV_END = "sismai health integrity_flags iodc\n sent_s - - iode"
_CNV1 = _lines(f"{_CNV_BODY}\n isc_b1cd - tgd_b1cp tgd_b2ap\n {_CNV_END}")
_CNV2 = _lines(f"{_CNV_BODY}\n - isc_b2ad tgd_b1cp tgd_b2ap\n {_CNV_END}")
_CNV3 = _lines(f"{_CNV_BODY}\n sismai health integrity_flags tgd_b2bi\n sent_s - - -")
_NAVIC = _lines(
    f"""{_OLD}
    i_dot - week -
    accuracy_m health tgd1 -
    sent_s - - -"""
)
_L1NV = _lines(  # toe is toc
    f"""{_NEW.replace("toe_s", "iode")}
    i_dot delta_n_dot - data_source
    accuracy_index health tgd1 tgd2
    isc_s isc_l1cd isc_l1cp isc_l1cd
    sent_s - - -"""
)
_GLONASS = _lines(
    """- af0 af1 sent_s
    x vx ax health
    y vy ay slot
    z vz az age_d
    status tgd1 accuracy_index integrity_flags"""
)
_SBAS = _lines(
    """- af0 af1 sent_s
    x vx ax health
    y vy ay accuracy_m
    z vz az iode"""
)

LAYOUTS: dict[tuple[str, str], Layout] = {
    **{(system, "LNAV"): _LNAV for system in "GJ"},
    **{(system, "CNAV"): _CNAV for system in "GJ"},
    **{(system, "CNV2"): _CNV2_GPS for system in "GJ"},
    **{("E", kind): _GALILEO for kind in ("INAV", "FNAV")},
    **{("C", kind): _D for kind in ("D1", "D2")},
    ("C", "CNV1"): _CNV1,
    ("C", "CNV2"): _CNV2,
    ("C", "CNV3"): _CNV3,
    ("I", "LNAV"): _NAVIC,
    ("I", "L1NV"): _L1NV,
    ("R", "FDMA"): _GLONASS,
    ("S", "SBAS"): _SBAS,
}
"""Layout of a system's record kind."""

FEWEST = {"FDMA": 4}
"""Lines a record must have where it may have fewer than its layout: GLONASS before RINEX 3.05."""

KILOMETRES = frozenset({"x", "y", "z", "vx", "vy", "vz", "ax", "ay", "az"})
UNKNOWN = 0.9999e9  # RINEX: value not known


def first_kind(system: str) -> str:
    """Kind of a system's records in RINEX 2 and 3; BeiDou's D2 and Galileo's FNAV show later."""
    kinds = {"G": "LNAV", "J": "LNAV", "I": "LNAV", "E": "INAV", "C": "D1", "R": "FDMA", "S": "SBAS"}
    return kinds[system]
