"""Spans that a scenario denies, by any of the names they go by.

Satellites that are denied are left out by the stage that places them, gateways by the one that places those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.transport.ground.traffic import LEADS_ABROAD

if TYPE_CHECKING:
    import pandas as pd

FOREIGN_SPACE, FOREIGN_OPERATORS, ALL_CABLES = "foreign-space", "foreign-operators", "all-cables"
WORDS = (FOREIGN_SPACE, FOREIGN_OPERATORS, ALL_CABLES)


@dataclass(frozen=True)
class Skies:
    """Satellite systems that a name may mean, and operators that run foreign ones alone."""

    names: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()


def skies() -> Skies:
    """Systems and operators of the constellations catalog."""
    rows = [
        (entry.name, str(entry.data.get("operator", "")), bool(entry.data.get("foreign", True)))
        for entry in catalog.entries("constellations")
    ]
    ours = {operator for _, operator, foreign in rows if not foreign}
    return Skies(
        frozenset(name for row in rows for name in row[:2] if name),
        frozenset(operator for _, operator, foreign in rows if foreign and operator) - ours,
    )


def spans(
    nodes: pd.DataFrame, table: pd.DataFrame, names: Sequence[str], sky: Skies | None = None
) -> NDArray[np.bool_]:
    """Spans that are gone.

    Parameters
    ----------
    nodes, table : DataFrame
        Tables ``nodes`` and ``spans``.
    names : sequence of str
        Cables, spans, owners, places that cables pass, nodes (with all their spans), or ``all-cables``:
        every circuit that leaves the country. A span of several owners goes when all of them are denied.
    sky : Skies, optional
        Names that mean satellites and nothing here. With it a name that means nothing at all is refused.

    Examples
    --------
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"name": ["A", "B"], "kind": ["landing", "abroad"]})
    >>> table = pd.DataFrame({"name": ["X to B"], "kind": ["submarine"], "from_node": [0], "to_node": [1],
    ...     "owner": ["PTCL"], "via": ["Suez; Sicily"], "group": ["x"]})
    >>> [bool(spans(nodes, table, [name])[0]) for name in ("Suez", "PTCL", "A", "all-cables", "y")]
    [True, True, True, True, False]
    """
    if sky is not None:
        _check(names, nodes, table, sky)
    wanted = set(names) | (sky.strangers if sky and FOREIGN_OPERATORS in names else set())
    if not wanted:
        return np.zeros(len(table), dtype=bool)
    ends = table[["from_node", "to_node"]].to_numpy(np.int64)
    at_node = nodes["name"].isin(wanted).to_numpy(bool)[ends].any(axis=1)
    own = table["name"].isin(wanted) | table["group"].isin(wanted)
    owned = [_all(text, ",", wanted) for text in table["owner"].astype(str)]
    via = table["via"].astype(str) if "via" in table else [""] * len(table)
    passing = [bool(wanted & set(_parts(text, ";"))) for text in via]
    abroad = (nodes["kind"] == "abroad").to_numpy(bool)[ends]
    leaves = table["kind"].isin(LEADS_ABROAD).to_numpy(bool) & ~abroad.all(axis=1) & (ALL_CABLES in wanted)
    return np.asarray(
        at_node | own.to_numpy(bool) | np.array(owned, dtype=bool) | np.array(passing, dtype=bool) | leaves
    )


def _check(names: Sequence[str], nodes: pd.DataFrame, table: pd.DataFrame, sky: Skies) -> None:
    texts = [*table["name"], *table["group"], *nodes["name"], *WORDS, *sky.names]
    listed = [(";", text) for text in table["via"]] + [(",", text) for text in table["owner"]]
    known = {str(text) for text in texts} | {part for mark, text in listed for part in _parts(text, mark)}
    for name in names:
        if name not in known:
            raise RabtaError(
                "nothing of that name to deny",
                key="transport.denied",
                value=name,
                expected=nearest(name, known),
            )


def _parts(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark) if part.strip()]


def _all(text: str, mark: str, wanted: set[str]) -> bool:
    owners = _parts(text, mark)
    return bool(owners) and set(owners) <= wanted
