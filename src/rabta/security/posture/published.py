"""The best ways of the run's routes, read from the arrays that the transport stages publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.security.posture.network import split

if TYPE_CHECKING:
    import pandas as pd

U1 = NDArray[np.uint8]


def names(tables: dict[str, pd.DataFrame]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Owners and countries in the order of the bits of ``route_parties``, owners first.

    Owners of nodes and spans and operators of systems, sorted; then countries of nodes, gateways and ends.
    """
    owners = {name for table in ("nodes", "spans") for text in tables[table]["owner"] for name in split(text)}
    owners |= {_operator(row) for row in tables["systems"].to_dict("records")}
    countries = {str(code) for table in ("nodes", "gateways", "ends") for code in tables[table]["country"]}
    return tuple(sorted(owners)), tuple(sorted(countries - {"", "nan", "None"}))


def _operator(system: dict[Any, Any]) -> str:
    """An operator as the routes name it: with the country of its licence where the catalog has it."""
    name, known = str(system["operator"]).replace(",", " "), catalog.names("constellations")
    if str(system["system"]) not in known:
        return name
    return f"{name} ({catalog.entry('constellations', str(system['system'])).data['country']})"


def shares(parties: U1, count: int) -> NDArray[np.float64]:
    """Share of the steps in which the best way touches each party, shape (end, other, party).

    Parameters
    ----------
    parties : ndarray of uint8, shape (time, end, other, word)
        Eight bits a word, the lowest first.
    """
    on = np.unpackbits(parties, axis=-1, bitorder="little")[..., :count]
    return np.asarray(on.mean(axis=0, dtype=np.float64))


def words(listed: tuple[str, ...], share: NDArray[np.float64]) -> str:
    """Names with the share of the steps where it is not all of them.

    Examples
    --------
    >>> words(("A", "B", "C"), np.array([1.0, 0.25, 0.0]))
    'A, B (25 %)'
    """
    parts = [
        name if part == 1.0 else f"{name} ({100.0 * part:.0f} %)"
        for name, part in zip(listed, share, strict=True)
        if part > 0.0
    ]
    return ", ".join(parts)
