"""Safe windows: when a plan could begin without meeting anyone, exactly.

For each of the plan's volumes and each of the others' that it meets in space, the delays at which they meet in
time are one closed interval; what no interval covers is safe (the safe intervals of M. Phillips and M.
Likhachev, "SIPP", ICRA 2011, for a whole way at once).
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from rabta.airspace.proposals.route import Plan
from rabta.airspace.volumes import Index, Volume

Name = TypeVar("Name", bound=Hashable)
Window = tuple[float, float]
SPARE_S = 0.5  # intervals are closed, and instants are written in whole microseconds


def blocked(index: Index[Name], plan: Plan, horizon_s: float) -> tuple[list[Window], set[Name]]:
    """Delays from 0 to a horizon at which the plan meets others, and who these are."""
    found: list[Window] = []
    names: set[Name] = set()
    for one in plan.volumes:
        wide = Volume(one.outline, one.lower_m, one.upper_m, one.start_s, one.end_s + horizon_s)
        for name, other in index.hits(wide):
            found.append((other.start_s - one.end_s, other.end_s - one.start_s))
            names.add(name)
    return found, names


def first_free(windows: list[Window], horizon_s: float) -> float | None:
    """Least delay from 0 to a horizon that no closed interval holds; None where there is none.

    Examples
    --------
    >>> first_free([(-5.0, 10.0), (10.2, 20.0), (60.0, 70.0)], 300.0)
    20.5
    >>> first_free([(-5.0, 400.0)], 300.0) is None
    True
    """
    at = 0.0
    for low, high in sorted(windows):
        if high < at:
            continue
        if low > at:
            break
        at = high + SPARE_S
    return at if at <= horizon_s else None
