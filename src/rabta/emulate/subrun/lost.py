"""What is lost while an emulation runs, named as the failures of a run name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rabta.errors import RabtaError, nearest
from rabta.transport.failures import elements

if TYPE_CHECKING:
    from rabta.emulate.subrun.source import Source

FORM = "KIND:NAME, with @FROM or @FROM:SECONDS for a time, as in cable:aae-1@300"
SYSTEM, GATEWAY = "system", "gateway"


@dataclass(frozen=True)
class Lost:
    """Elements that are gone for a time.

    Attributes
    ----------
    name : str
        As ``kind:name``.
    nodes, spans : tuple of int
        Rows of the tables.
    gateways, systems : tuple of str
    begin_s, end_s : float
    """

    name: str
    nodes: tuple[int, ...] = ()
    spans: tuple[int, ...] = ()
    gateways: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    begin_s: float = 0.0
    end_s: float = float("inf")


def losses(source: Source, texts: Sequence[str], length_s: float) -> list[Lost]:
    """What some options ``--without`` mean.

    Raises
    ------
    RabtaError
        Of a name that the run does not know, with the nearest known one; of a time outside the emulation.
    """
    if not texts:
        return []
    how = elements.repairs(source.scenario.nation.name, source.scenario.failures.repair_hours)
    items = elements.labels(elements.elements(source.tables["nodes"], source.tables["spans"], how))
    known = {name.casefold(): item for name, item in items.items()}
    return [_one(source, known, text, length_s) for text in texts]


def _one(source: Source, known: dict[str, elements.Element], text: str, length_s: float) -> Lost:
    name, begin, end = when(text, length_s)
    kind, _, rest = name.partition(":")
    systems = [str(one) for one in source.tables["systems"]["system"]]
    gateways = [str(one) for one in source.tables["gateways"]["name"]]
    if kind == SYSTEM and rest.strip() in systems:
        return Lost(name, systems=(rest.strip(),), begin_s=begin, end_s=end)
    item = known.get(name.casefold())
    if item is not None:
        landing = (item.name,) if item.kind == GATEWAY else ()
        return Lost(f"{item.kind}:{item.name}", item.nodes, item.spans, landing, begin_s=begin, end_s=end)
    if kind == GATEWAY and rest.strip() in gateways:
        return Lost(name, gateways=(rest.strip(),), begin_s=begin, end_s=end)
    labels = {f"{one.kind}:{one.name}" for one in known.values()}
    labels |= {f"{SYSTEM}:{one}" for one in systems} | {f"{GATEWAY}:{one}" for one in gateways}
    same = {one for one in labels if one.startswith(f"{kind}:")}
    raise RabtaError("nothing of that name to lose", key="--without", value=text,
                     expected=nearest(name, same or labels))  # fmt: skip


def when(text: str, length_s: float) -> tuple[str, float, float]:
    """Name, begin and end of ``NAME@FROM:SECONDS``.

    Examples
    --------
    >>> when("cable:aae-1", 60.0), when("gateway:Quetta@10", 60.0), when("system:starlink@10:5", 60.0)
    (('cable:aae-1', 0.0, inf), ('gateway:Quetta', 10.0, inf), ('system:starlink', 10.0, 15.0))
    """
    name, mark, time = text.rpartition("@")
    if not mark:
        return text.strip(), 0.0, float("inf")
    begin, _, length = time.partition(":")
    try:
        first = float(begin)
        last = first + float(length) if length else float("inf")
    except ValueError:
        raise RabtaError("no time of a loss", key="--without", value=text, expected=FORM) from None
    if not (0.0 <= first < length_s and last > first):
        raise RabtaError("a loss outside the emulation", key="--without", value=text,
                         expected=f"FROM within 0 to {length_s:g} s, SECONDS above 0")  # fmt: skip
    return name.strip(), first, last


def active(losses_: Sequence[Lost], second: float) -> tuple[Lost, ...]:
    """What is lost at a second."""
    return tuple(one for one in losses_ if one.begin_s <= second < one.end_s)


def edges(losses_: Sequence[Lost], length_s: float) -> list[float]:
    """Seconds at which something is lost or comes back, and both ends."""
    inner = {t for one in losses_ for t in (one.begin_s, one.end_s) if 0.0 < t < length_s}
    return sorted({0.0, length_s, *inner})
