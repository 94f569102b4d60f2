"""Who sees and cuts: a nation of a few places, decided by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta.errors import RabtaError
from rabta.security.posture import network, refusals, summary, ways
from rabta.security.posture.network import Network
from rabta.security.posture.refusals import Party
from rabta.security.posture.register import Register, classes, register
from rabta.security.posture.users import Flow, User

NODES = [  # name, kind, country, owner
    ("Town", "fibre", "PK", ""),
    ("Beach", "landing", "PK", "PTCL, Transworld Associates"),
    ("Marseille", "abroad", "FR", ""),
    ("Fujairah", "abroad", "AE", ""),
    ("Teleport", "gateway", "PK", ""),
]
SPANS = [  # ends, kind, owner, via, group, status
    (0, 1, "fibre", "PTCL", "", "", "operating"),
    (1, 2, "submarine", "Cybernet", "Suez", "peace", "operating"),
    (1, 2, "submarine", "Transworld Associates", "Suez; Sicily", "smw6", "operating"),
    (1, 2, "submarine", "PTCL", "", "africa-1", "planned"),
    (1, 3, "submarine", "Transworld Associates", "Gulf of Oman", "tw1", "operating"),
    (0, 4, "feeder", "", "", "", "planned"),
]
TOWN, BEACH, MARSEILLE, FUJAIRAH = 0, 1, 2, 3


def tables(isl: bool = True) -> dict[str, pd.DataFrame]:
    nodes = pd.DataFrame(NODES, columns=["name", "kind", "country", "owner"])
    columns = ["from_node", "to_node", "kind", "owner", "via", "group", "status"]
    spans = pd.DataFrame(SPANS, columns=columns)
    spans = spans.assign(
        name=[f"s{i}" for i in range(len(spans))], route_km=[10.0, 9000.0, 9500.0, 8000.0, 1200.0, 5.0]
    )
    systems = [("starlink", "SpaceX", isl), ("paksat-mm1", "SUPARCO (PakSat International)", False)]
    return {
        "nodes": nodes,
        "spans": spans.assign(capacity_mbps=1e6),
        "systems": pd.DataFrame(systems, columns=["system", "operator", "isl"]).assign(kind="broadband"),
        "gateways": pd.DataFrame([{"name": "Teleport", "systems": "paksat-mm1", "capacity_gbps": 6.0}]),
    }


def made(isl: bool = True) -> tuple[Network, Register]:
    book = register("pakistan")
    sites = [(TOWN, "fibre"), (TOWN, "radio")]
    return network.build(tables(isl), book, "PK", ["Jazz", "Zong"], sites), book


def who(found: np.ndarray, cuts: refusals.Cuts, pair: int) -> set[str]:
    return {f"{p.kind} {p.name}" for p, row in zip(cuts.parties, found, strict=True) if row[pair]}


def test_refusals_are_those_of_the_graph() -> None:
    """Two cables by Egypt: Egypt cuts both, neither maker nor owner alone does."""
    net, book = made()
    site = net.sites[0]
    cuts = refusals.cuts(net, book, [(site, MARSEILLE), (site, FUJAIRAH), (net.sites[1], TOWN)])
    ground = who(cuts.ground, cuts, 0)
    assert {"country EG", "country FR", "country PK", "owner PTCL"} <= ground
    assert not {"owner Cybernet", "owner Transworld Associates", "maker hmn", "maker subcom"} & ground
    assert {"owner Transworld Associates", "country AE"} <= who(cuts.ground, cuts, 1)
    assert "maker subcom" not in who(cuts.may_ground, cuts, 1)  # who made TW1 is not published
    assert "country EG" not in who(cuts.ground, cuts, 1)


def test_satellites_are_a_way_and_do_not_move_the_far_end() -> None:
    net, book = made()
    cuts = refusals.cuts(net, book, [(net.sites[0], MARSEILLE)])
    over = who(cuts.everything, cuts, 0)
    assert "country FR" in over
    assert not {"country EG", "owner PTCL", "owner SpaceX", "country US"} & over
    bent, book = made(isl=False)  # without lasers no satellite leads abroad
    assert "country EG" in who(
        (cut := refusals.cuts(bent, book, [(bent.sites[0], MARSEILLE)])).everything, cut, 0
    )


def test_shared_ownership_and_parents_are_only_bounds() -> None:
    """A landing of two owners stands where one refuses; PTCL is managed from the Emirates."""
    net, book = made()
    cuts = refusals.cuts(net, book, [(net.sites[0], MARSEILLE)])
    assert "owner Transworld Associates" in who(cuts.may_ground, cuts, 0)
    assert "owner Transworld Associates" not in who(cuts.ground, cuts, 0)
    assert "country AE" in who(cuts.may_ground, cuts, 0)
    assert "country AE" not in who(cuts.ground, cuts, 0)
    assert (cuts.may_ground | ~cuts.ground).all()
    assert (cuts.may_everything | ~cuts.everything).all()


def test_any_mobile_operator_carries_and_none_alone_cuts() -> None:
    """Jazz and Zong stand in for each other; only Huawei is named for both."""
    net, book = made()
    cuts = refusals.cuts(net, book, [(net.sites[1], TOWN)])
    assert not {"owner Jazz", "owner Zong", "country CN", "maker huawei"} & who(cuts.ground, cuts, 0)
    assert {"maker huawei", "maker hisilicon", "country CN"} & who(cuts.may_ground, cuts, 0) >= {
        "maker huawei",
        "maker hisilicon",
    }
    first = ways.ground(net, [(net.sites[1], TOWN)])[0][0]
    tag = ways.tag(ways.with_alternatives(net, first), book, "PK")
    assert tag.owners == {"Jazz", "Zong"}
    assert tag.media == {"radio"}


def test_a_maker_hits_what_it_alone_or_its_chips_are_in() -> None:
    book = register("pakistan")
    element = network.Element("x", "radio", frozenset(), frozenset(), frozenset({"zte", "nokia"}))
    assert refusals.hit(element, Party("maker", "us-chips"), book) == (True, True)
    assert refusals.hit(element, Party("maker", "zte"), book) == (False, True)
    unknown = network.Element("x", "fibre", frozenset(), frozenset(), frozenset())
    assert refusals.hit(unknown, Party("maker", "zte"), book) == (False, False)
    assert refusals.hit(unknown, Party("owner", "PTCL"), book) == (False, False)


def test_ways_tell_what_they_touch_and_what_is_unknown() -> None:
    net, book = made()
    (first, second), _ = ways.ground(net, [(net.sites[0], MARSEILLE), (net.sites[0], FUJAIRAH)])
    tag = ways.tag(ways.with_alternatives(net, first), book, "PK")
    assert first.km == pytest.approx(9010.0, abs=0.1)  # the shorter cable; the planned one carries nothing
    assert tag.owners == {"PTCL", "Transworld Associates", "Cybernet"}
    assert tag.countries == {"PK", "EG", "FR"}
    assert tag.intercept == {"PK", "EG", "FR"}
    assert tag.leaves
    assert tag.media == {"fibre", "submarine"}
    assert tag.makers == {"huawei", "hmn"}
    assert tag.unknown_owner == pytest.approx(1 / 4)  # Marseille, of span, beach, cable and Marseille
    assert not second.elements  # both cables land on the one beach
    home = ways.tag([net.elements[TOWN]], book, "PK")
    assert not home.leaves
    assert home.makers == frozenset()


def posture(overlay: str | None) -> summary.Posture:
    net, book = made()
    flows = [
        Flow("a", "Town", "NTC", TOWN, BEACH, "fibre", 60.0, ""),
        Flow("a", "Town", "cloud", TOWN, MARSEILLE, "fibre", 40.0, "US"),
    ]
    users = [User("a", "A", "federal", {"none": 0.25, "tls": 0.75})]
    pairs = [(net.sites[0], BEACH), (net.sites[0], MARSEILLE)]
    known = classes()
    chosen = known[overlay] if overlay else None
    return summary.Posture(net, book, "PK", users, flows, pairs, known, chosen)


def test_the_overlay_changes_content_and_not_cutting() -> None:
    """A quarter is open: with the overlay only the cloud's part of it stays so."""
    row = summary.ministries(posture("overlay-ns")).iloc[0]
    assert row["leaves_share"] == row["cloud_share"] == row["content_cloud"] == 0.4
    assert row["content_before"] == 0.25
    assert row["content_overlay"] == pytest.approx(0.1)
    assert row["content_future_before"] == 1.0
    assert row["content_future_overlay"] == 0.4
    assert row["no_integrity_before"] == 0.25
    assert row["no_integrity_overlay"] == pytest.approx(0.1)
    assert row["metadata"] == 1.0
    bare = summary.ministries(posture(None)).iloc[0]
    for name in ("cut_ground_share", "cut_share", "leaves_share", "metadata", "content_before"):
        assert bare[name] == row[name]
    assert bare["content_overlay"] == bare["content_before"]


def test_owners_and_makers_have_a_row_for_what_is_unknown() -> None:
    owners = summary.owners(posture("overlay-ci")).set_index(["kind", "party"])
    assert owners.loc[("owner", "unknown"), "sees_share"] == 0.4  # Marseille's owner
    assert np.isnan(owners.loc[("owner", "unknown"), "cuts_ground_share"])
    assert owners.loc[("country", "EG"), "sees_share"] == 0.4
    makers = summary.makers(posture("overlay-ci")).set_index("maker")
    assert bool(makers.loc["haige", "planned"])
    assert makers.loc["haige", "may_elements"] == 0
    assert makers.loc["subcom", "capacity_share"] == pytest.approx(1 / 3)  # of peace, smw6, tw1


def test_a_maker_that_nobody_entered_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "equipment"
    folder.mkdir()
    head = 'title = "t"\nsource = "s"\nlicence = "l"\nretrieved = "2026-11-23"\nowner = []\n'
    item = (
        '[[item]]\nowner = "X"\nclass = "router"\nmakers = ["huawey"]\nstatus = "operating"\nsource = "s"\n'
    )
    (folder / "mine.toml").write_text(head + item, encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError, match="huawei"):
        register("mine")
