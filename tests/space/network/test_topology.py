"""Links of shells: seam, phasing, lasers, user tables, several systems as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space.network import topology
from rabta.space.network.geometry import Sites, correct, scene
from rabta.space.network.topology import Network, Shell, join, shell_network
from rabta.space.network.topology import grid as plus_grid

NOON = np.array(["2000-01-01T12:00"], dtype="datetime64[ns]")
HERE = Sites.of([("Karachi", 24.86, 67.01)])


def lengths_km(net: Network, minutes: int = 1) -> np.ndarray:
    """Lengths of the links, shape (time, link); clearance off."""
    times = NOON + np.arange(minutes) * np.timedelta64(60, "s")
    rule = correct(clearance_m=-6e6)
    return scene(net, HERE, times, rule).length_m[:, net.arcs[2][:, 0]] / 1e3


@pytest.mark.parametrize("phasing", [0, 1, 17, 39, 71])
def test_seam_of_a_delta_pattern_is_like_every_other_gap(phasing: int) -> None:
    """A Walker delta looks alike from all planes (Walker 1984), so the seam's links are as long as others."""
    net = shell_network(Shell("S", 550.0, 53.0, 72, 22, phasing=phasing))
    assert set(net.degree.tolist()) == {4}
    across = lengths_km(net, 96)[:, 1584:].reshape(96, 72, 22)  # one orbit, by gap and slot
    most = across.max(axis=(0, 2))
    assert np.ptp(most) < 0.01 * most.mean()


def test_partner_is_the_nearest_in_phase() -> None:
    shift = [plus_grid(72, 22, phasing=f)[1584].tolist() for f in (0, 17, 39, 71)]
    assert shift == [[0, 22], [0, 22], [0, 43], [0, 43]]  # over half a slot ahead: the one behind


def test_star_pattern_has_no_link_across_its_seam() -> None:
    net = shell_network(Shell("O", 1200.0, 87.9, 12, 49, spread_deg=180.0))
    assert len(net.edges) == 12 * 49 + 11 * 49
    plane = net.edges // 49
    assert not ((plane[:, 0] == 0) & (plane[:, 1] == 11)).any()
    assert (
        lengths_km(net, 55).max() < 4500.0
    )  # satellites that run against each other would be 15,000 km apart


def test_ring_nearest_and_none() -> None:
    shell = {"altitude_km": 630.0, "inclination_deg": 51.9, "planes": 34, "per_plane": 34, "phasing": 1}
    ring = shell_network(Shell("K", **shell, links="ring"))
    assert set(ring.degree.tolist()) == {2}
    assert np.ptp(lengths_km(ring)) < 20.0
    assert len(shell_network(Shell("K", **shell, links="none")).edges) == 0
    near = shell_network(Shell("K", **shell, links="nearest", lasers=4))
    assert near.degree.max() == 4
    assert near.degree.mean() > 3.8
    assert lengths_km(near, 50).max() < 4000.0  # links of satellites that move alike last


def test_lasers_limit_the_links_and_keep_the_first() -> None:
    net = shell_network(Shell("S", 550.0, 53.0, 6, 8, phasing=1, lasers=2))
    assert net.degree.max() == 2
    np.testing.assert_array_equal(net.edges, topology.ring(6, 8))
    three = shell_network(Shell("S", 550.0, 53.0, 6, 8, phasing=1, lasers=3))
    assert three.degree.max() == 3


def test_systems_are_linked_only_where_declared(tmp_path: Path) -> None:
    a = shell_network(Shell("A", 550.0, 53.0, 4, 5))
    b = shell_network(Shell("B", 600.0, 53.0, 3, 6))
    apart, joined = join([a, b]), join([a, b], [("B 01-01", "A 02-03")])
    assert apart.systems == ("A", "B")
    assert not ((apart.edges[:, 0] < 20) & (apart.edges[:, 1] >= 20)).any()
    assert joined.edges[-1].tolist() == [7, 20]
    assert len(joined.edges) == len(apart.edges) + 1
    table = tmp_path / "links.csv"
    table.write_text("from,to\nB 01-01, A 02-03\n")
    assert topology.read_links(table, joined.names).tolist() == [[7, 20]]
    table.write_text("from,to\nB 01-01,A 2-3\n")
    with pytest.raises(RabtaError, match="unknown satellite"):
        topology.read_links(table, joined.names)
    table.write_text("a,b\n1,2\n")
    with pytest.raises(RabtaError, match="without its columns"):
        topology.read_links(table, joined.names)
    with pytest.raises(RabtaError, match="two satellites"):
        join([a, a], [("A 01-01", "A 01-02")])


@pytest.mark.parametrize(
    ("edges", "problem"),
    [
        ([[0, 99]], "does not exist"),
        ([[3, 3]], "lower row"),
        ([[0, 1], [0, 1]], "twice"),
        ([[-1, 2]], "exist"),
    ],
)
def test_wrong_links_are_refused(edges: list[list[int]], problem: str) -> None:
    with pytest.raises(RabtaError, match=problem):
        topology.check_edges(np.array(edges), 20)


def test_wrong_kind_of_links_names_the_nearest() -> None:
    with pytest.raises(RabtaError, match="did you mean 'grid'"):
        shell_network(Shell("S", 550.0, 53.0, 4, 5, links="gird"))  # type: ignore[arg-type]
