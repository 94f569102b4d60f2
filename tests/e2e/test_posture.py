"""The posture of a whole run: who sees and cuts what, the report's chapter, jammers over the map."""

from __future__ import annotations

import numpy as np

from rabta.run import Run
from rabta.security.posture import published
from rabta.transport.routes.joined import Tables, parties


def test_bits_are_read_as_the_routes_write_them(tiny: Run) -> None:
    """Owners and countries of the arrays, in the order of their writer; their union is the table's."""
    t = tiny.tables
    names = published.names(t)
    theirs = parties(Tables(*(t[n] for n in ("satellites", "systems", "gateways", "nodes", "spans", "ends"))))
    assert names == (theirs.owners, theirs.countries)
    share = published.shares(tiny.arrays["route_parties"].values, len(names[0]) + len(names[1]))
    at = {name: i for i, name in enumerate(t["ends"]["name"])}
    for row in t["routes"].head(20).to_dict("records"):
        on = share[at[row["from"]], at[row["to"]], : len(names[0])] > 0.0
        assert ", ".join(n for n, held in zip(names[0], on, strict=True) if held) == row["owners"]


def test_every_route_and_flow_is_tagged_in_each_state(tiny: Run) -> None:
    paths = tiny.tables["posture_paths"]
    routes = paths[paths["user"] == ""]
    assert set(routes["state"]) == {"best", "ground", "backup", "satellite"}
    assert (routes["state"] == "best").sum() == len(tiny.tables["routes"])
    ground = paths[paths["state"] == "ground"]
    assert ground["unknown_owner_share"].between(0.0, 1.0).all()
    assert (paths["intercept"] != "").sum() > 0.5 * len(paths)
    flows = ground[ground["user"] != ""]
    cloud = flows["to"].str.startswith("cloud")
    assert (flows.loc[~cloud, "crypto_overlay"] == "overlay-ns").all()
    assert (flows.loc[cloud, "crypto_overlay"] == flows.loc[cloud, "crypto"]).all()


def test_shares_are_shares_and_bounds_hold(tiny: Run) -> None:
    owners, makers = tiny.tables["posture_owners"], tiny.tables["posture_makers"]
    users = tiny.tables["posture_ministries"]
    for table in (owners, makers, users):
        found = table[[c for c in table if c.endswith("_share")]].to_numpy(float)
        assert ((found >= 0.0) & (found <= 1.0) | np.isnan(found)).all()
    for table in (owners, makers):
        known = table[table["cuts_ground_share"].notna()]
        assert (known["cuts_ground_share"] <= known["may_cut_ground_share"]).all()
        assert (known["cuts_share"] <= known["may_cut_share"]).all()
    assert (users["content_overlay"] <= users["content_before"]).all()
    assert (users["content_future_overlay"] <= users["content_future_before"]).all()
    assert (users["metadata"] == 1.0).all()
    assert {"haige", "huawei", "unknown"} <= set(makers["maker"])
    assert owners[owners["party"] == "EG"]["cuts_ground_share"].iloc[0] > 0.0  # westward by Suez


def test_jammers_reach_more_than_nobody_and_the_map_agrees(tiny: Run) -> None:
    table, js = tiny.tables["posture_jamming"], tiny.arrays["jam_js_db"]
    assert js.dims == ("cell", "jam_case")
    assert list(js["jam_case"].values) == list(table["case"])
    people = tiny.tables["cells"]["people"].to_numpy(float)
    hit = js.values >= table["limit_db"].to_numpy(np.float32)
    assert np.allclose((hit * people[:, None]).sum(axis=0), table["people"], rtol=1e-3)
    reach = table.set_index("victim")["people"]
    assert reach["gnss-l1"].max() > 1e6
    assert (table["people_one"] <= table["people"]).all()


def test_the_report_answers_the_question(tiny: Run) -> None:
    page = tiny.report.read_text(encoding="utf-8")
    assert 'id="security-title"' in page
    assert "Whose traffic leaves" in page
    assert "It does not change who can cut" in page
    assert "Haige" in page
    assert "unknown" in page[page.index('id="security-title"') :]
