"""Spans that a scenario denies, by any of the names they go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

ALL_CABLES = "all-cables"
LEADS_ABROAD = ("submarine", "land")


def spans(nodes: pd.DataFrame, table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Spans that are gone.

    Parameters
    ----------
    nodes, table : DataFrame
        Tables ``nodes`` and ``spans``.
    names : sequence of str
        Cables, spans, owners, places that cables pass, nodes (with all their spans), or ``all-cables``:
        every circuit that leaves the country. A span of several owners goes when all of them are denied.

    Examples
    --------
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"name": ["A", "B"], "kind": ["landing", "abroad"]})
    >>> table = pd.DataFrame({"name": ["X to B"], "kind": ["submarine"], "from_node": [0], "to_node": [1],
    ...     "owner": ["PTCL"], "via": ["Suez; Sicily"], "group": ["x"]})
    >>> [bool(spans(nodes, table, [name])[0]) for name in ("Suez", "PTCL", "A", "all-cables", "y")]
    [True, True, True, True, False]
    """
    wanted = set(names)
    if not wanted:
        return np.zeros(len(table), dtype=bool)
    ends = table[["from_node", "to_node"]].to_numpy(np.int64)
    at_node = nodes["name"].isin(wanted).to_numpy(bool)[ends].any(axis=1)
    own = table["name"].isin(wanted) | table["group"].isin(wanted)
    owned = [_all(text, ",", wanted) for text in table["owner"].astype(str)]
    passing = [bool(wanted & set(_parts(text, ";"))) for text in table["via"].astype(str)]
    abroad = (nodes["kind"] == "abroad").to_numpy(bool)[ends]
    leaves = table["kind"].isin(LEADS_ABROAD).to_numpy(bool) & ~abroad.all(axis=1) & (ALL_CABLES in wanted)
    return np.asarray(at_node | own.to_numpy(bool) | np.array(owned) | np.array(passing) | leaves)


def _parts(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark) if part.strip()]


def _all(text: str, mark: str, wanted: set[str]) -> bool:
    owners = _parts(text, mark)
    return bool(owners) and set(owners) <= wanted
