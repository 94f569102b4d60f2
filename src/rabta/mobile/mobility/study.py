"""Procedures side by side in one world, and what others published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from rabta.errors import RabtaError, nearest
from rabta.mobile.mobility import worlds
from rabta.mobile.mobility.procedures import Machine, Outcome, Procedure

WORLDS: dict[str, Callable[..., worlds.World]] = {
    "town": worlds.town,
    "moving": worlds.moving,
    "fixed": worlds.fixed,
}


@dataclass(frozen=True)
class Published:
    """A number that others printed, with what it was printed for."""

    what: str
    value: float
    unit: str
    source: str
    assumptions: str


PUBLISHED = (
    Published(
        "failures and link failures, satellites over ground", 10.0, "times",
        "Juan, Lauridsen, Wigard, Mogensen: 5G New Radio mobility performance in LEO-based NTN, IEEE Globecom "  # noqa: E501
        "Workshops 2020, abstract",
        "baseline A3; LEO 600 km, moving cells; beside urban macro and high-speed train",
    ),
    Published(
        "time in outage, satellites over ground", 5.0, "times",
        "Juan, Lauridsen, Wigard, Mogensen (2020), abstract", "as above",
    ),
    Published(
        "time available, conditional, base station on board", 95.4, "%",
        "Seeram, Feltrin, Ozger, Zhang, Cavdar: Handover delay minimization in NTN, arXiv 2501.17331",
        "constellation with handovers between satellites; time to trigger 0 s, margin 3 dB",
    ),
    Published(
        "longest stay in a moving cell of 50 km", 6.61, "s", "3GPP TR 38.821 V16.0.0, table 7.3.2.1.2-1",
        "7.56 km/s, user at rest",
    ),
)  # fmt: skip


def procedures(world: worlds.World, kind: str) -> dict[str, Procedure]:
    """What is compared in a world; satellites' offsets are as on the ground."""
    base = Procedure()
    steered = Procedure("conditional", offset_db=base.offset_db)
    out = {"baseline A3": base, "conditional A3": steered}
    if kind == "town":
        return out
    placed = replace(
        base, kind="located", leave_m=world.leave_m, enter_m=world.enter_m, close_m=2.0 * world.enter_m,
        least_dbm=-110.0,
    )  # fmt: skip
    timed = replace(base, kind="timed", least_dbm=-110.0)
    out["conditional by time"] = timed
    if kind == "moving":
        out["conditional by place"] = placed
    out["conditional by time, RACH-less"] = replace(timed, rach=False)
    return out


def run(kind: str, *, seed: int = 1, **settings: Any) -> tuple[worlds.World, dict[str, Outcome]]:
    """All procedures over the same powers.

    Parameters
    ----------
    kind : str
        town, moving or fixed.
    settings
        Of the world: users, seconds, step_s, kmh ...
    """
    if kind not in WORLDS:
        raise RabtaError("no such world", key="world", value=kind, expected=nearest(kind, WORLDS))
    world = WORLDS[kind](seed=seed, **settings)
    machines = {
        name: Machine(
            p, world.link, world.users, world.cells, world.step_s, world.channel, world.window_s, seed
        )
        for name, p in procedures(world, kind).items()
    }
    for power, away in world.chunks:
        for machine in machines.values():
            machine.advance(power, away)
    return world, {name: machine.outcome() for name, machine in machines.items()}


def row(name: str, found: Outcome) -> dict[str, Any]:
    """One line of the table, for JSON too."""
    return {
        "procedure": name,
        **{key: value for key, value in asdict(found).items() if key != "messages"},
        "handovers_a_minute": found.a_minute(found.handovers),
        "failures_a_minute": found.a_minute(found.failures + found.link_failures),
        "messages_air_a_minute": found.messages["air"],
        "messages_network_a_minute": found.messages["network"],
    }
