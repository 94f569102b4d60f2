"""The stage on Pakistan in ten cells: cables, denial, people, and input that is not as it should be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rabta import catalog, schema
from rabta.errors import RabtaError
from rabta.transport.ground import abroad, assemble, denied, stages
from rabta.twin import Twin

Build = Callable[..., Twin]
Run = Callable[..., dict[str, Any]]
JEDDAH = "Red Sea off Jeddah"
SUPARCO = "Karachi, SUPARCO satellite ground station"


def capacity(spans: pd.DataFrame) -> pd.Series[float]:
    """Tbit/s of circuits abroad, by name."""
    circuits = spans[spans["group"].isin(catalog.names("cables"))]
    return circuits.set_index("name")["capacity_mbps"] / 1e6


def told(twin: Twin) -> tuple[dict[str, Any], list[str]]:
    """Outputs of the stage, and what it warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return stages.network(twin), [str(warning.message) for warning in said]


def test_tables_are_as_declared(network: Run, towns: list[str]) -> None:
    found = network()
    for name in ("nodes", "spans"):
        assert list(found[name].columns) == list(schema.tables()[name])
        assert found[name]["name"].is_unique
        assert not found[name].isna().any().any()
    nodes, spans = found["nodes"], found["spans"]
    assert set(towns) - {"Sost"} <= set(nodes["name"])
    assert (spans[["from_node", "to_node"]] < len(nodes)).all().all()
    assert (spans["delay_ms"] > 0).all()
    assert (spans.loc[spans["kind"] == "fibre", "capacity_mbps"] >= 1e5).all()


def test_international_capacity_as_the_regulator_presented_it(network: Run) -> None:
    """PTA, November 2025: 17.21 Tbit/s installed, 13.01 lit without SMW6; 4 of SMW6 came days later."""
    found = capacity(network()["spans"])
    assert found[~found.index.str.startswith("SMW6")].sum() == pytest.approx(13.01)
    assert found.sum() == pytest.approx(17.01)
    assert found[["2Africa to Marseille", "Africa-1 to Marseille"]].tolist() == [0.0, 0.0]  # landed, not lit


def test_landings_and_borders_by_name(network: Run) -> None:
    nodes = network()["nodes"].set_index("name")
    kinds = nodes["kind"]
    assert nodes.loc["Karachi (Hawksbay)", "owner"] == "PTCL, Transworld Associates"
    assert set(kinds.index[kinds == "border"]) == {"Khunjerab Pass", "Torkham", "Chaman", "Taftan"}
    assert {"Karachi (Hawksbay)", "Karachi (Clifton)", "Karachi (Sea View)", "Gwadar landing station"} <= set(
        kinds.index[kinds == "landing"]
    )
    assert kinds["Gwadar"] == "fibre"


def test_a_cut_off_jeddah_takes_what_leads_to_europe(network: Run) -> None:
    """6 September 2025: SMW4 and IMEWE were cut there; towards Singapore and the Gulf they went on."""
    found = network(denied=[JEDDAH])["spans"].set_index("name")
    west = [name for name in found.index if name.startswith(("SMW4", "IMEWE")) and "Marseille" in name]
    assert len(west) == 2
    assert (found.loc[west, ["capacity_mbps", "status"]] == [0.0, "denied"]).all().all()
    assert found.loc["SMW4 to Singapore", "capacity_mbps"] == pytest.approx(0.2 * 1.98e6)
    assert found.loc["TW1 to Fujairah", "status"] == "operating"


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("smw4", ["SMW4 to Marseille", "SMW4 to Singapore"]),
        ("SMW4 to Singapore", ["SMW4 to Singapore"]),
        ("Cybernet", ["PEACE to Marseille from Karachi", "PEACE to Marseille from Gwadar"]),
        ("Fujairah", ["TW1 to Fujairah", "Fujairah - Riyadh", "Fujairah - Muscat"]),
        (SUPARCO, [f"Karachi - {SUPARCO}"]),
        ("starlink", []),
        ("SpaceX", []),
        ("foreign-space", []),
    ],
)
def test_what_a_name_means(network: Run, name: str, gone: list[str]) -> None:
    found = network(denied=[name])["spans"]
    assert sorted(found.loc[found["status"] == "denied", "name"]) == sorted(gone)


def test_all_cables_leave_nothing_that_crosses_the_border(network: Run) -> None:
    found = network(denied=["all-cables"])
    nodes, spans = found["nodes"], found["spans"]
    abroad_ = nodes["kind"].eq("abroad").to_numpy()[spans[["from_node", "to_node"]]]
    crossing = abroad_.any(axis=1) & ~abroad_.all(axis=1)
    assert crossing.sum() == len(capacity(spans))
    assert (spans.loc[crossing, "capacity_mbps"] == 0.0).all()
    assert (spans.loc[~crossing, "status"] != "denied").all()


@pytest.mark.parametrize(
    ("name", "nearest"), [("PTLC", "PTCL"), ("smw44", "smw4"), ("all-cable", "all-cables")]
)
def test_an_unknown_name_is_refused_with_the_nearest(network: Run, name: str, nearest: str) -> None:
    with pytest.raises(RabtaError, match=rf"(?s)transport.denied.*{nearest}"):
        network(denied=[name])


def test_of_two_owners_both_must_be_denied() -> None:
    nodes = pd.DataFrame({"name": ["A", "B"], "kind": ["fibre", "fibre"]})
    table = pd.DataFrame(
        {
            "name": ["s"],
            "kind": ["fibre"],
            "from_node": [0],
            "to_node": [1],
            "owner": ["X, Y"],
            "via": "",
            "group": "s",
        }
    )
    assert [bool(denied.spans(nodes, table, names)[0]) for names in (["X"], ["Y"], ["X", "Y"])] == [
        False,
        False,
        True,
    ]


def test_everybody_enters_at_the_nearest_node(network: Run, build: Build) -> None:
    found, twin = network(), build()
    nodes, entry = found["nodes"], found["cell_node"]
    people = twin.table("cells")["people"]
    assert nodes["people"].sum() == people.sum()
    assert nodes["demand_mbps"].sum() == pytest.approx(twin.values("busy_demand_mbps").sum())
    assert nodes["name"][entry].tolist()[:8] == list(twin.table("cells")["district"])[:8]
    assert (nodes["kind"][entry] == "fibre").all()


def test_the_north_belongs_to_its_owner_and_has_microwave_behind_it(network: Run) -> None:
    spans = network()["spans"]
    owner = spans.set_index("name")["owner"]
    assert owner["Chilas - Gilgit"] == "Special Communications Organization"
    assert owner["Rawalpindi - Chilas"] == ""  # not published where it crosses into another province
    radio = spans[spans["kind"] == "microwave"]
    assert "Chilas - Gilgit by microwave" in set(radio["name"])
    assert (radio["status"] == "modelled").all()
    book = catalog.entry("costs", "pakistan").data["items"]["microwave_capacity_mbps"]["base"]
    assert (radio["capacity_mbps"] == book).all()


def test_parts_that_reach_no_exchange_are_named_the_largest_first(build: Build) -> None:
    """Without the span to Chilas its valley is cut off, though both its towns and its gateway are joined."""
    twin = build(
        [
            (0, 1, 640.0),
            (1, 2, 480.0),
            (2, 3, 440.0),
            (3, 4, 340.0),
            (4, 5, 380.0),
            (2, 9, 420.0),
            (6, 7, 130.0),
        ]
    )
    found, texts = told(twin)
    assert "no way from Gilgit, Chilas to any exchange at home: 325,000 people enter elsewhere" in texts
    assert not any("LEO gateway" in text for text in texts)  # it reaches Karachi over China
    alone = assemble.assemble(
        *(twin.table(name) for name in ("cells", "backbone", "places", "gateways")),
        "PK",
        assemble.exchanges("nepal", ("Exchange", 31.5, 74.3)),
        abroad.abroad("nepal"),
    )
    with pytest.warns(UserWarning) as said:  # noqa: PT030
        stages._warn_parted(*alone, twin.table("cells"))
    assert any("'Gilgit LEO gateway' reaches no exchange at home" in str(w.message) for w in said)
    entry = found["nodes"]["name"][found["cell_node"]].tolist()
    assert entry[6:9] == ["Rawalpindi"] * 3
    assert found["nodes"]["people"].sum() == twin.table("cells")["people"].sum()


def test_a_gateway_far_from_all_fibre_is_told(build: Build) -> None:
    twin = build([(1, 2, 480.0), (2, 3, 440.0), (3, 5, 560.0), (5, 6, 500.0), (6, 7, 130.0), (2, 9, 420.0)])
    _, texts = told(twin)
    expected = "gateway 'Gwadar LEO gateway' stands on no backbone node: the nearest fibre is 473 km away"
    assert any(text.startswith(expected) for text in texts)


def test_a_nation_without_backbone_has_one_node(network: Run) -> None:
    found = network([])
    nodes = found["nodes"]
    assert nodes.loc[nodes["kind"] == "fibre", "name"].tolist() == ["Rawalpindi"]  # beside the first exchange
    assert nodes["people"].max() == nodes["people"].sum()
    assert not found["spans"].isna().any().any()


def test_a_nation_without_cables_has_its_exchange_alone(build: Build) -> None:
    twin = build()
    swaps = assemble.exchanges("nepal", ("National exchange", 31.5, 74.3))
    outside = abroad.abroad("nepal")
    assert (swaps.known, swaps.home_share, outside.circuits) == (False, 1.0, ())
    tables = [twin.table(name) for name in ("cells", "backbone", "places", "gateways")]
    nodes, spans = assemble.assemble(*tables, "PK", swaps, outside)
    assert set(nodes["kind"]) == {"fibre", "exchange", "gateway"}
    assert set(spans["kind"]) <= {"fibre", "peering", "feeder", "microwave"}
    with pytest.warns(UserWarning, match="what leads abroad is not known"):
        stages._warn("nepal", abroad_known=False)
    away = twin.table("gateways").assign(country="AE")
    with pytest.warns(UserWarning, match="no hub abroad is known: it is joined to nothing"):
        assemble.assemble(*tables[:3], away[:1], "PK", swaps, outside)


def test_gateways_of_one_name_are_told_apart(build: Build) -> None:
    twin = build()
    sites = twin.table("gateways")
    twin.tables["gateways"] = pd.concat([sites, sites[:1].assign(capacity_gbps=0.0)], ignore_index=True)
    found = stages.network(twin)
    rows = found["nodes"].query("kind == 'gateway'")["name"].tolist()
    assert rows[0] == SUPARCO
    assert rows[-1] == f"{SUPARCO} (2)"
    feeders = found["spans"].query("kind == 'feeder'")["capacity_mbps"].to_numpy()
    assert feeders[-1] == 0.0
    assert np.isfinite(feeders).all()


def test_the_catalog_of_cables_is_checked(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = catalog.entry("cables", "smw4").path.read_text(encoding="utf-8")
    folder = tmp_path / "catalog" / "cables"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for old, new, words in (
        ('to = "Singapore"', 'to = "Singapur"', "Singapore"),
        ("share = 0.2", "share = 0.3", "share"),
        ("lit_tbps = 1.98\ndesign", 'lit_tbps = "much"\ndesign', "lit_tbps"),
    ):
        assert old in text
        (folder / "smw4.toml").write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(RabtaError, match=words):
            abroad.abroad("pakistan")
