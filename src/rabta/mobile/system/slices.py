"""Slices of a cell: what each guarantees, who is let in, and what any scheduler could reach at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.system.scheduler import Demand
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

KEYS = ("share", "guaranteed_mbps", "latency_ms", "priority")
"""Share of the users, rate guaranteed to each, time that its packets may wait, and rank (0 first)."""


@dataclass(frozen=True)
class Slice:
    """One kind of service.

    Attributes
    ----------
    share : of the users, 0 to 1.
    guaranteed_mbps : to each of its users, 0 for none.
    latency_ms : that its packets may wait, 0 for any time.
    priority : 0 is served and let in first.
    """

    name: str
    share: float = 1.0
    guaranteed_mbps: float = 0.0
    latency_ms: float = 0.0
    priority: int = 0


def parse(text: str) -> list[Slice]:
    """Slices of a text like ``video:share=0.3,guaranteed_mbps=5,priority=1;rest:share=0.7``.

    Raises
    ------
    RabtaError
        Unknown keys, numbers that are none, shares that do not add up to 1.

    Examples
    --------
    >>> parse("video:share=0.25,guaranteed_mbps=5;rest:share=0.75")[0].guaranteed_mbps
    5.0
    """
    found = [_slice(part) for part in text.split(";") if part.strip()]
    names = [item.name for item in found]
    if not found or len(set(names)) < len(names):
        raise RabtaError(
            "slices need names, each its own",
            key="slices",
            value=text,
            expected="name:key=value,...;name:...",
        )
    total = sum(item.share for item in found)
    if abs(total - 1.0) > 1e-6:
        raise RabtaError("shares of slices do not add up", key="share", value=round(total, 9), expected="1")
    return found


def _slice(text: str) -> Slice:
    name, _, rest = text.strip().partition(":")
    values: dict[str, float] = {}
    for pair in rest.split(","):
        key, _, value = pair.strip().partition("=")
        if key not in KEYS:
            raise RabtaError("no such key of a slice", key="slices", value=key, expected=nearest(key, KEYS))
        values[key] = _number(key, value)
    if not name.strip():
        raise RabtaError("a slice without a name", key="slices", value=text, expected="name:key=value,...")
    return Slice(
        name.strip(), values.get("share", 1.0), values.get("guaranteed_mbps", 0.0),
        values.get("latency_ms", 0.0), int(values.get("priority", 0.0)),
    )  # fmt: skip


def _number(key: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise RabtaError("not a number", key=key, value=value, expected="a number") from None
    check_range(key, number, 0.0, 1.0 if key == "share" else 1e6, "a slice")
    if key == "priority" and number != int(number):
        raise RabtaError("not a rank", key=key, value=value, expected="a whole number")
    return number


def members(found: list[Slice], users: int, seed: int = 0) -> NDArray[np.int64]:
    """Slice of each user, drawn by the shares."""
    edges = np.cumsum([item.share for item in found])
    draw = np.random.default_rng(seed).random(users)
    return np.minimum(np.searchsorted(edges, draw, side="right"), len(found) - 1).astype(np.int64)


def load(guaranteed: ArrayLike, alone: ArrayLike) -> Array:
    """Part of a cell that each guarantee takes: rate over the rate alone; inf where there is none.

    Guarantees of a cell can be kept together exactly where these add up to at most 1: time sharing reaches
    that, and no schedule of one user at a time more.
    """
    want, rate = np.asarray(guaranteed, dtype=np.float64), np.asarray(alone, dtype=np.float64)
    check_range("guaranteed", want, 0.0, 1e15, "a guarantee")
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(want > 0.0, want / rate, 0.0)
    return np.asarray(part)


def admit(guaranteed: ArrayLike, alone: ArrayLike, priority: ArrayLike = 0, *, limit: float = 1.0) -> Flags:
    """Which guarantees a cell takes on: by priority, then in the order given, as long as they fit.

    Parameters
    ----------
    limit : float
        Part of the cell that guarantees may take, 0 to 1; the rest stays for all.

    Returns
    -------
    (user,) bool array
        Users without a guarantee are always let in.
    """
    check_range("limit", limit, 0.0, 1.0, "a share")
    part = load(guaranteed, alone)
    rank = np.broadcast_to(np.asarray(priority), part.shape)
    taken, found = 0.0, part == 0.0
    for k in np.argsort(rank, kind="stable"):
        if not found[k] and taken + part[k] <= limit:
            taken += float(part[k])
            found[k] = True
    return np.asarray(found)


def demand(found: list[Slice], member: ArrayLike, admitted: ArrayLike, slot_ms: float) -> Demand:
    """What users of slices ask of the scheduler, in bits a slot and slots; nothing for those not let in."""
    which, let_in = np.asarray(member, dtype=np.int64), np.asarray(admitted, dtype=bool)
    rate = np.array([item.guaranteed_mbps for item in found])[which] * slot_ms * 1e3
    wait = np.array([item.latency_ms for item in found])[which] / slot_ms
    rank = np.array([item.priority for item in found])[which]
    return Demand(np.where(let_in, rate, 0.0), rank, np.where(let_in, wait, 0.0))


def greatest_least(alone: ArrayLike) -> float:
    """Greatest rate that all users of a cell can have at once, by time sharing: 1 / sum(1 / rate).

    Examples
    --------
    >>> greatest_least([10.0, 10.0]), greatest_least([30.0, 6.0])
    (5.0, 5.0)
    """
    rate = np.asarray(alone, dtype=np.float64)
    check_range("alone", rate, 1e-300, 1e300, "a rate that is above nought")
    return float(1.0 / (1.0 / rate).sum())


def greatest_sum(alone: ArrayLike, guaranteed: ArrayLike = 0.0) -> float:
    """Greatest total rate that keeps all guarantees: these first, the rest to the best user.

    The optimum of the linear programme max sum(x r) with x r >= g, sum(x) <= 1, x >= 0; NaN where the
    guarantees do not fit.
    """
    rate = np.asarray(alone, dtype=np.float64)
    want = np.broadcast_to(np.asarray(guaranteed, dtype=np.float64), rate.shape)
    spare = 1.0 - float(load(want, rate).sum())
    return float("nan") if spare < 0.0 else float(want.sum() + spare * rate.max(initial=0.0))
