"""BeiDou B-CNAV1 (B1C), B-CNAV2 (B2a), B-CNAV3 (B2b): after the LDPC decoder, and before the encoder.

Sources: BDS-SIS-ICD-B1C-1.0 (2017), BDS-SIS-ICD-B2a-1.0 (2017), BDS-SIS-ICD-B2b-1.0 (2020), each sections 6.2
and 7. Every message ends with CRC-24Q; a decoder returns None where it fails.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.messages import rows
from rabta.pnt.messages.checks import bch21, bch51, crc_holds, with_crc
from rabta.pnt.messages.fields import Bits, bits_of, layout, number, require_size
from rabta.pnt.records import IonosphereMessage

# Reference of delta A by satellite type (1 GEO, 2 IGSO, 3 MEO): B1C section 7.7.1
REFERENCE_A_M = {1: 42_162_200.0, 2: 42_162_200.0, 3: 27_906_100.0}
SUBFRAME2_BITS, SUBFRAME3_BITS = 600, 264
_DELTA_A_M = 65_536.0  # 26 bits of 2^-9 m
_INDICES = {"sismai": 16, "sisai_oe": 32, "sisai_oc1": 8, "sisai_oc2": 8}
CNV2_BITS, CNV3_BITS = 288, 486
CNV2_TYPES = (10, 11, 30, 40)
CNV3_TYPES = (10, 30)
FRAME_SYMBOLS = 1800
_SF3_ROWS = np.arange(2, 33, 3)
_SF2_ROWS = np.setdiff1d(np.arange(36), _SF3_ROWS)


def deinterleave(frame: NDArray[np.generic]) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Symbols of subframes 2 (1200) and 3 (528) of a B-CNAV1 frame, hard or soft (B1C section 6.2.2.3).

    The last 1728 are the columns of a block of 36 x 48: of every three of its first 33 rows two are subframe
    2's and one is subframe 3's; the last three are subframe 2's.
    """
    require_size("B-CNAV1 frame", np.size(frame), FRAME_SYMBOLS)
    block = np.asarray(frame)[72:].reshape(48, 36).T
    return block[_SF2_ROWS].ravel(), block[_SF3_ROWS].ravel()


def interleave(
    prn: int, count: int, subframe2: NDArray[np.generic], subframe3: NDArray[np.generic]
) -> NDArray[np.generic]:
    """Frame of 1800 symbols of a satellite's number, its count of 18 s, 1200 and 528 LDPC symbols."""
    block = np.empty((36, 48), dtype=np.asarray(subframe2).dtype)
    block[_SF2_ROWS] = np.asarray(subframe2).reshape(25, 48)
    block[_SF3_ROWS] = np.asarray(subframe3).reshape(11, 48)
    return np.concatenate([bch21(prn), bch51(count), block.T.ravel()])


def decode_cnv1(
    subframe2: Bits, count: int, prn: int, subframe3: Bits | None = None
) -> NDArray[np.void] | None:
    """Ephemeris of B-CNAV1's subframe 2 (600 bits) and the count of 18 s of its frame's subframe 1.

    Health, integrity flags and SISMAI come from ``subframe3`` of any page, SISAI from page 1; not a number
    without it.
    """
    require_size("B-CNAV1 subframe 2", len(subframe2), SUBFRAME2_BITS)
    second = number(subframe2)
    if not crc_holds(second, SUBFRAME2_BITS):
        return None
    third = 0 if subframe3 is None else _third(subframe3)
    values = layout("CNV1").read((second, third))
    if int(values["iodc"]) & 0xFF != values["iode"]:
        return None
    page = int(values["page"])
    known = () if page == 0 else _THIRD if page in (1, 3) else _THIRD[:3]
    values = {name: v for name, v in values.items() if name not in _THIRD or name in known}
    return _row(values, values["week"], values["hour"] * 3600 + count * 18, prn, "CNV1")


_THIRD = ("health", "integrity_flags", "sismai", "sisai_oe", "sisai_ocb", "sisai_oc1", "sisai_oc2")


def _third(subframe3: Bits) -> int:
    require_size("B-CNAV1 subframe 3", len(subframe3), SUBFRAME3_BITS)
    value = number(subframe3)
    return value if crc_holds(value, SUBFRAME3_BITS) else 0


def page_cnv1(subframe3: Bits) -> dict[str, float] | None:
    """Fields of B-CNAV1's subframe 3: page, health and, on page 1, accuracy, BDGIM and UTC."""
    value = _third(subframe3)
    return layout("CNV1").read((0, value)) if value else None


def ionosphere_cnv1(subframe3: Bits, prn: int, sent: int = 0) -> IonosphereMessage | None:
    """BDGIM's coefficients of B-CNAV1's subframe 3, page 1; None of another page."""
    values = page_cnv1(subframe3)
    return rows.bdgim(prn, values, sent) if values and values["page"] == 1 else None


def head_cnv2(message: Bits) -> tuple[int, int, int] | None:
    """Satellite, type and second of week of a B-CNAV2 message of 288 bits."""
    require_size("B-CNAV2 message", len(message), CNV2_BITS)
    value = number(message)
    if not crc_holds(value, CNV2_BITS):
        return None
    return value >> 282, value >> 276 & 63, 3 * (value >> 258 & 0x3FFFF)


def decode_cnv2(messages: Mapping[int, Bits]) -> NDArray[np.void] | None:
    """Ephemeris of B-CNAV2 messages by type: 10, 11, 30 and, for SISAI, 40."""
    if any(kind not in messages or head_cnv2(messages[kind]) is None for kind in CNV2_TYPES[:3]):
        return None
    last = messages.get(40)
    parts = [number(messages[kind]) for kind in CNV2_TYPES[:3]]
    whole = last is not None and head_cnv2(last) is not None
    values = layout("CNV2").read([*parts, number(last) if whole and last is not None else 0])
    if not _follows(values) or int(values["iodc"]) & 0xFF != values["iode"]:
        return None
    if not whole:
        values = {name: v for name, v in values.items() if not name.startswith("sisai")}
    values["integrity_flags"] = int(values["flags_b2a"]) << 3 | int(values["flags_b1c"])
    return _row(values, values["week"], values["sow"], int(values["prn"]), "CNV2")


def _follows(values: Mapping[str, float]) -> bool:
    """Whether message 11 comes right after 10, of one satellite: they share an issue of data."""
    kinds = (values["type"], values["type2"], values["type3"]) == (10, 11, 30)
    return kinds and rows.agree(values, ("prn", "prn2", "prn3")) and values["sow2"] - values["sow"] == 3


def ionosphere_cnv2(message: Bits, sent: int = 0) -> IonosphereMessage | None:
    """BDGIM's coefficients of B-CNAV2 message type 30."""
    head = head_cnv2(message)
    if head is None or head[1] != 30:
        return None
    return rows.bdgim(head[0], layout("CNV2").read((0, 0, number(message), 0)), sent)


def head_cnv3(message: Bits) -> tuple[int, int] | None:
    """Type and second of week of a B-CNAV3 message of 486 bits."""
    require_size("B-CNAV3 message", len(message), CNV3_BITS)
    value = number(message)
    return (value >> 480, value >> 460 & 0xFFFFF) if crc_holds(value, CNV3_BITS) else None


def decode_cnv3(messages: Mapping[int, Bits], prn: int) -> NDArray[np.void] | None:
    """Ephemeris of B-CNAV3 messages 10 and 30, by type."""
    if any(kind not in messages or head_cnv3(messages[kind]) is None for kind in CNV3_TYPES):
        return None
    values = layout("CNV3").read([number(messages[kind]) for kind in CNV3_TYPES])
    if (values["type"], values["type2"]) != CNV3_TYPES:
        return None
    return _row(values, values["week"], values["sow"], prn, "CNV3")


def ionosphere_cnv3(message: Bits, prn: int, sent: int = 0) -> IonosphereMessage | None:
    """BDGIM's coefficients of B-CNAV3 message type 30."""
    head = head_cnv3(message)
    if head is None or head[0] != 30:
        return None
    return rows.bdgim(prn, layout("CNV3").read((0, number(message))), sent)


def _row(values: dict[str, float], week: float, sow: float, prn: int, kind: str) -> NDArray[np.void] | None:
    semi_major = REFERENCE_A_M.get(int(values["satellite_type"]), 0.0) + values["delta_a"]
    if semi_major < 2e7:  # reserved satellite type
        return None
    values["sqrt_a"] = semi_major**0.5
    sent = rows.instant("C", week, sow)
    toc, toe = (rows.near("C", sent, values[name]) for name in ("toc_s", "toe_s"))
    out = rows.row("C", prn, kind, values, sent, toc, toe)
    if "sisai_ocb" in values:
        out["t_op"] = rows.near("C", sent, values["top_s"])
    return out


def _written(ephemeris: np.void, message: IonosphereMessage | None, sow: float | None) -> dict[str, float]:
    values = rows.values_of(ephemeris) | rows.ionosphere_values(message)
    values["sow"] = values["sow"] if sow is None else sow
    semi_major = values["sqrt_a"] ** 2
    kind = int(values.get("satellite_type", 0))
    if abs(semi_major - REFERENCE_A_M.get(kind, 0.0)) > _DELTA_A_M:  # some receivers write a wrong type
        kind = 3 if abs(semi_major - REFERENCE_A_M[3]) <= _DELTA_A_M else 2
    values |= {"satellite_type": kind, "delta_a": semi_major - REFERENCE_A_M[kind]}
    # Indices that some receivers write as signed numbers
    values |= {name: values[name] % size for name, size in _INDICES.items() if name in values}
    return values


def encode_cnv1(
    ephemeris: np.void, ionosphere: IonosphereMessage | None = None, sow: float | None = None
) -> tuple[int, Bits, Bits]:
    """Count of 18 s, subframe 2 (600 bits) and page 1 of subframe 3 (264 bits), before LDPC."""
    values = _written(ephemeris, ionosphere, sow)
    hour, rest = divmod(values["sow"], 3600)
    values |= {"hour": hour, "page": 1.0}
    second, third = layout("CNV1").write(values)
    subframe2 = bits_of(with_crc(second, SUBFRAME2_BITS), SUBFRAME2_BITS)
    return int(rest // 18), subframe2, bits_of(with_crc(third, SUBFRAME3_BITS), SUBFRAME3_BITS)


def encode_cnv2(
    ephemeris: np.void, ionosphere: IonosphereMessage | None = None, sow: float | None = None
) -> dict[int, Bits]:
    """Messages 10, 11, 30, 40 of 288 bits, three seconds apart, before LDPC."""
    values = _written(ephemeris, ionosphere, sow)
    flags = int(values.get("integrity_flags", 0))
    for i, kind in enumerate(CNV2_TYPES):
        end = "" if i == 0 else str(i + 1)
        values |= {f"prn{end}": int(ephemeris["prn"]), f"type{end}": kind, f"sow{end}": values["sow"] + 3 * i}
        values |= {f"flags_b2a{end}": flags >> 3, f"flags_b1c{end}": flags & 7}
        values[f"sismai{end}"] = values.get("sismai", 0.0)
        values[f"health{end}" if i else "health"] = values.get("health", 0.0)
    parts = layout("CNV2").write(values)
    return {k: bits_of(with_crc(p, CNV2_BITS), CNV2_BITS) for k, p in zip(CNV2_TYPES, parts, strict=True)}


def encode_cnv3(
    ephemeris: np.void, ionosphere: IonosphereMessage | None = None, sow: float | None = None
) -> dict[int, Bits]:
    """Messages 10 and 30 of 486 bits, a second apart, before LDPC."""
    values = _written(ephemeris, ionosphere, sow)
    values |= {"type": 10, "type2": 30, "sow2": values["sow"] + 1}
    parts = layout("CNV3").write(values)
    return {k: bits_of(with_crc(p, CNV3_BITS), CNV3_BITS) for k, p in zip(CNV3_TYPES, parts, strict=True)}
