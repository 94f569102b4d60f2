"""Fields of documents that anyone may have written: read strictly, refused with their path."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rabta.errors import RabtaError, nearest

LARGEST_BYTES = 64_000_000
DEEPEST = 24
MOST_FEATURES = 100_000
MOST_POINTS = 2_000_000


def wrong(
    key: str, value: object, expected: str, problem: str = "a zone that is not well formed"
) -> RabtaError:
    """Refusal that names the path of the field."""
    return RabtaError(problem, key=key, value=value if value is None else repr(value)[:60], expected=expected)


def document(data: bytes | str | Path) -> dict[str, Any]:
    """Object of a JSON document.

    Raises
    ------
    RabtaError
        For what is too large, nested too deep, no JSON, or holds names twice or numbers without end.
    """
    raw = _bytes(data)
    if len(raw) > LARGEST_BYTES:
        raise wrong("document", f"{len(raw)} bytes", f"at most {LARGEST_BYTES} bytes")
    try:
        found = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise wrong("document", "nested", f"at most {DEEPEST} levels") from None
    except ValueError as error:
        raise wrong("document", str(error), "JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise wrong("document", type(found).__name__, "an object")
    _shallow(found)
    return found


def _bytes(data: bytes | str | Path) -> bytes:
    if isinstance(data, Path):
        try:
            if data.stat().st_size > LARGEST_BYTES:
                raise wrong("document", data.stat().st_size, f"at most {LARGEST_BYTES} bytes")
            return data.read_bytes()
        except OSError as error:
            raise RabtaError(f"the file cannot be read: {error.strerror}", file=data) from None
    return data.encode("utf-8", "replace") if isinstance(data, str) else data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise wrong(next(one for one in names if names.count(one) > 1), "twice", "each name once")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _shallow(found: object) -> None:
    """Refuse depth without recursion."""
    level: list[object] = [found]
    for _ in range(DEEPEST):
        level = [one for held in level for one in _inner(held)]
        if not level:
            return
    raise wrong("document", "nested", f"at most {DEEPEST} levels")


def _inner(held: object) -> Iterable[object]:
    parts = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
    return [one for one in parts if isinstance(one, dict | list)]


def table(given: object, key: str) -> Mapping[str, Any]:
    """What must be an object."""
    if not isinstance(given, Mapping):
        raise wrong(key, given, "an object")
    return given


def listed(given: object, key: str, least: int = 1, most: int = MOST_FEATURES) -> Sequence[Any]:
    """What must be a list."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not least <= len(given) <= most:
        raise wrong(key, given, f"a list of {least} to {most}")
    return given


def text(given: object, key: str, most: int = 1_000, least: int = 1) -> str:
    """What must be text."""
    if not isinstance(given, str) or not least <= len(given) <= most:
        raise wrong(key, given, f"text of {least} to {most} characters")
    return given


def number(given: object, key: str) -> float:
    """What must be a finite number."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise wrong(key, given, "a number")
    return given


def choice(given: object, key: str, of: Iterable[str]) -> str:
    """What must be one of a few words."""
    words = [str(getattr(one, "value", one)) for one in of]
    if not isinstance(given, str) or given not in words:
        near = nearest(str(given)[:40], words) if isinstance(given, str) else ", ".join(words)
        raise wrong(key, given, near)
    return given


def only(given: Mapping[str, Any], key: str, names: Iterable[str]) -> None:
    """Refuse members that the standard does not have."""
    known = list(names)
    for name in given:
        if name not in known:
            raise wrong(f"{key}.{name}", name, nearest(str(name)[:40], known), "a member the standard lacks")


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 alpha-3 codes, and XKX, which aviation uses."""
    return frozenset(CODES.split())


def country(given: object, key: str) -> str:
    """What must be a country's code of three letters."""
    code = text(given, key, 3, 3)
    if code not in countries():
        raise wrong(key, code, f"a code of ISO 3166-1 alpha-3; nearest: {nearest(code, sorted(countries()))}")
    return code


CODES = """
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH
BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB
CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO
GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN
IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA
MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER
NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU
RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA
TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT
WLF WSM YEM ZAF ZMB ZWE XKX
"""
