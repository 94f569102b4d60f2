"""Names of hosts and servers."""

from __future__ import annotations

import pytest

from rabta.emulate.subrun.named import server, spot, wishes
from rabta.emulate.subrun.source import Source
from rabta.errors import RabtaError


@pytest.mark.parametrize("text", ["", "Chagai:0", "Chagai:x", "Chagai:201", ":3", "Chagai,,Gilgit"])
def test_no_hosts(text: str) -> None:
    with pytest.raises(RabtaError, match="no host"):
        wishes(text)


def test_twice() -> None:
    with pytest.raises(RabtaError, match="named twice"):
        wishes("Chagai,chagai:2")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Dalbandin", 0),  # the place, not the tehsil
        ("dalbandin", 0),
        (
            "Chagai",
            0,
        ),  # of 390 households in the district the 195th, by people of the hexagon, is in the larger
        ("Chagai/leo_terminal", 1),
        ("Gilgit-Baltistan", 2),
        ("Yasin", 2),
        ("29.19,65.11", 1),
    ],
)
def test_where_names_lead(source: Source, name: str, cell: int) -> None:
    found = spot(source, name)
    assert found.cell == cell
    assert (found.lat_deg, found.lon_deg) == tuple(source.tables["cells"][["lat_deg", "lon_deg"]].iloc[cell])


def test_hexagon_by_its_index(source: Source) -> None:
    index = str(source.tables["cells"]["cell"].iloc[2])
    assert (spot(source, index).cell, spot(source, index).how) == (2, "hexagon")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Chagay", "did you mean 'Chagai'"),
        ("91.0,10.0", "LAT,LON in degrees"),
        ("10.0,10.0", "near 24.90,67.00|near 29.00,64.90"),
        ("Chagai/haps", "valid: fibre_fwa, leo_terminal"),
        ("Karachi/leo_terminal", "connects nobody"),
    ],
)
def test_wrong_names(source: Source, name: str, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        spot(source, name if name != "Karachi/leo_terminal" else "Sindh/leo_terminal")


def test_servers(source: Source) -> None:
    town, node = server(source, "karachi"), server(source, "Marseille")
    assert (town.name, town.node, node.node, node.access_km) == ("Karachi", 1, 2, 0.0)
    assert town.access_km == pytest.approx(0.0)
    with pytest.raises(RabtaError, match="did you mean 'Marseille'"):
        server(source, "Marseile")
