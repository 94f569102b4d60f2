"""Stages of the posture: who sees, cuts and made each path, what the overlay changes, what jammers reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rabta import catalog, schema
from rabta.scenario import Scenario
from rabta.security.posture import network, paths, register, summary, users
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

READS = ("nodes", "spans", "systems", "gateways", "ends", "routes", "places", "cells", "route_parties")
KINDS = (
    "makers",
    "equipment",
    "ministries",
    "cryptoclasses",
    "constellations",
    "hubs",
    "nations",
    "rollouts",
)


def entry(scenario: Scenario, kind: str) -> str:
    """Entry of a kind that the scenario names, or the nation's; none by default for a user's own layers."""
    named, nation = str(getattr(scenario.security, kind)), scenario.nation
    own = not nation.data and nation.name in catalog.names(kind)
    return named or (nation.name if own else "")


def posture(twin: Twin) -> tuple[summary.Posture, list[int]]:
    """Posture of a run, and the rows of its routes whose ends both have a node."""
    scenario, tables = twin.scenario, {name: twin.table(name) for name in READS[:-1]}
    home, book = _home(scenario, tables["nodes"]), register.register(entry(scenario, "equipment"))
    ministries = entry(scenario, "ministries")
    found = users.flows(ministries, tables["nodes"], tables["places"], tables["cells"], home)
    kinds = sorted({(flow.node, flow.access) for flow in found})
    halls = users.centres(ministries, tables["nodes"], tables["places"], tables["cells"], home)
    net = network.build(tables, book, home, _mobile(scenario), kinds, halls)
    site = {key: net.sites[i] for i, key in enumerate(kinds)}
    pairs = [(site[(f.node, f.access)], f.target if f.cloud else net.centres[f.end]) for f in found]
    rows, others = _routes(tables)
    made = summary.Posture(
        net, book, home, users.users(ministries), found, [*pairs, *others], register.classes(),
        _overlay(scenario),
    )  # fmt: skip
    return made, rows


def _home(scenario: Scenario, nodes: pd.DataFrame) -> str:
    """Country code of the nation: that of the nodes that stand on its cells."""
    inside = nodes[nodes["cell"] >= 0]["country"]
    return str(inside.mode().iloc[0]) if len(inside) else scenario.nation.name


def _mobile(scenario: Scenario) -> list[str]:
    """Mobile operators of the scenario's or the nation's roll-out."""
    name = scenario.mobile.rollout or f"{scenario.nation.name}-today"
    known = name in catalog.names("rollouts")
    rows = catalog.entry("rollouts", name).data["operators"] if known else []
    return [str(row["name"]) for row in rows]


def _overlay(scenario: Scenario) -> register.Crypto | None:
    suite = scenario.security.overlay
    return None if suite == "none" else register.classes()[f"overlay-{suite.lower()}"]


def _routes(tables: dict[str, pd.DataFrame]) -> tuple[list[int], list[tuple[int, int]]]:
    """Rows of the routes whose ends both have a node, and those nodes."""
    node = dict(zip(tables["ends"]["name"].astype(str), tables["ends"]["node"].astype(int), strict=True))
    both = [(node[str(r["from"])], node[str(r["to"])]) for r in tables["routes"].to_dict("records")]
    rows = [i for i, (a, b) in enumerate(both) if min(a, b) >= 0]
    return rows, [both[i] for i in rows]


@stage(
    "Security: who sees, cuts and made each path",
    params=("security.ministries", "security.equipment", "security.overlay", "mobile.rollout", "nation"),
    reads=READS,
    writes=("posture_paths", "posture_owners", "posture_makers", "posture_ministries"),
    catalog=KINDS,
)
def sovereignty(twin: Twin) -> dict[str, Any]:
    """Tag every route and government flow, take each party away, add up by party, maker and user."""
    found, rows = posture(twin)
    tables = {name: twin.table(name) for name in READS[:-1]}
    made = {
        "posture_paths": paths.table(found, tables, twin.values("route_parties"), rows),
        "posture_owners": summary.owners(found),
        "posture_makers": summary.makers(found),
        "posture_ministries": summary.ministries(found),
    }
    return {name: table.reindex(columns=list(schema.tables()[name])) for name, table in made.items()}
