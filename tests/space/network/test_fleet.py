"""The network of a run's tables: shells, seams, real catalogues, operators and their hand-offs."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from rabta import catalog
from rabta.errors import RabtaError
from rabta.space import constellations, walker
from rabta.space.network import topology
from rabta.space.network.fleet import network_of, regular
from rabta.space.network.topology import Network

EPOCH = np.datetime64("2026-01-13", "ns")
JANUARY = datetime(2026, 1, 13, tzinfo=UTC)


def shell(planes: int, each: int, name: str = "a", system: int = 0, **options: float) -> pd.DataFrame:
    columns = walker.walker(550.0, 53.0, planes, each, **options)
    names = walker.labels(planes, each, f"{name}-")
    mark = {"constellation": f"c{system}", "shell": name, "orbit": "leo", "system": system}
    return pd.DataFrame({"name": names, **mark, "min_elevation_deg": 25.0, **columns})


def owners(*names: str, links: int = 4, isl: bool = True) -> pd.DataFrame:
    return pd.DataFrame({"system": names, "isl": isl, "isl_links": links})


def parts(net: Network) -> np.ndarray:
    graph = sparse.coo_matrix((np.ones(len(net.edges)), net.edges.T), shape=(net.size,) * 2)
    return np.asarray(connected_components(graph, directed=False)[1])


@pytest.mark.parametrize(("planes", "each", "phasing"), [(72, 22, 36), (24, 20, 1), (9, 11, 4), (72, 22, 0)])
def test_a_delta_pattern_gets_the_plus_grid(planes: int, each: int, phasing: int) -> None:
    net = network_of(shell(planes, each, phasing=phasing), owners("c0"), EPOCH)
    assert set(net.degree.tolist()) == {4}
    apart = np.abs(np.diff(net.edges // each, axis=1)).ravel()
    assert set(np.minimum(apart, planes - apart).tolist()) == {0, 1}
    assert parts(net).max() == 0


@pytest.mark.parametrize("phasing", [0, 17, 39, 71])
def test_it_is_the_grid_of_the_walker_pattern(phasing: int) -> None:
    """Links from places and nodes alone are those of the pattern's numbers, the seam's included."""
    net = network_of(shell(72, 22, phasing=phasing), owners("c0"), EPOCH)
    known = topology.grid(72, 22, phasing=phasing)
    assert set(map(tuple, net.edges.tolist())) == set(map(tuple, known.tolist()))


def test_links_do_not_depend_on_the_instant() -> None:
    table = shell(24, 20, phasing=5)
    first, later = (network_of(table, owners("c0"), EPOCH + np.timedelta64(h, "h")) for h in (0, 37))
    assert set(map(tuple, first.edges.tolist())) == set(map(tuple, later.edges.tolist()))


def test_half_slot_shift_does_not_drift() -> None:
    """With odd planes half a slot ahead, partners are the satellites of the same number (Hypatia's grid)."""
    planes, each = 72, 22
    row = np.arange(planes * each)
    phase = (row % each + 0.5 * (row // each % 2)) * 2 * np.pi / each
    found = regular(np.radians(row // each * 5.0), phase)
    assert found is not None
    across = found[found[:, 0] // each != found[:, 1] // each]
    assert len(across) == planes * each
    assert (across[:, 0] % each == across[:, 1] % each).all()


def test_a_star_pattern_has_a_seam() -> None:
    """Iridium NEXT: six planes of eleven; the first and the last run against each other and have no link."""
    entry = [catalog.entry("constellations", "iridium-next")]
    net = network_of(constellations.satellites(entry, JANUARY), constellations.systems(entry), EPOCH)
    assert len(net.edges) == 66 + 5 * 11
    assert {int(row) // 11 for row in np.flatnonzero(net.degree == 3)} == {0, 5}


def test_two_in_a_plane_have_one_link() -> None:
    net = network_of(shell(3, 2), owners("c0"), EPOCH)
    assert len({tuple(edge) for edge in net.edges.tolist()}) == len(net.edges) == 3 + 6


def test_few_lasers_keep_the_links_in_the_planes() -> None:
    net = network_of(shell(12, 10), owners("c0", links=2), EPOCH)
    assert set(net.degree.tolist()) == {2}
    assert (net.edges[:, 0] // 10 == net.edges[:, 1] // 10).all()


def test_shells_and_systems_stay_apart() -> None:
    table = pd.concat([shell(6, 8), shell(6, 8, "b"), shell(6, 8, "c", system=1)], ignore_index=True)
    systems = owners("c0", "c1").assign(isl=[True, False])
    net = network_of(table, systems, EPOCH)
    assert len(set(parts(net)[:96])) == 2
    assert net.degree[96:].sum() == 0
    assert net.system.tolist() == [0] * 96 + [1] * 48


def test_without_relays_there_are_no_links() -> None:
    assert len(network_of(shell(6, 8), owners("c0"), EPOCH, relays=False).edges) == 0


def test_retired_satellites_have_no_links() -> None:
    table = shell(6, 8)
    table.loc[:7, "shell"] = constellations.OUTSIDE
    assert network_of(table, owners("c0"), EPOCH).degree[:8].sum() == 0


def test_an_uneven_shell_gets_lasting_companions() -> None:
    """After half an hour links still clear 80 km: within 5,017 km, 42.4 degrees as seen from the centre."""
    full = shell(36, 20)
    kept = np.sort(np.random.default_rng(1).choice(len(full), 600, replace=False))
    net = network_of(full.iloc[kept].reset_index(drop=True), owners("c0"), EPOCH)
    assert net.degree.max() <= 4
    assert np.median(net.degree) == 4
    place = topology.features(net.elements, EPOCH + np.timedelta64(1800, "s"))[:, :3]
    cosine = (place[net.edges[:, 0]] * place[net.edges[:, 1]]).sum(axis=1)
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 42.4


def test_operators_pass_traffic_only_where_it_is_declared() -> None:
    table = pd.concat([shell(6, 8), shell(6, 8, "b", system=1, raan0_deg=5.0)], ignore_index=True)
    systems = owners("c0", "c1", links=5)  # one laser is left by the plus-grid
    assert len(set(parts(network_of(table, systems, EPOCH)))) == 2
    net = network_of(table, systems, EPOCH, handoffs=[("c0", "c1")])
    across = net.edges[net.system[net.edges[:, 0]] != net.system[net.edges[:, 1]]]
    assert len(across) == 48  # each satellite's free laser
    assert parts(net).max() == 0


def test_a_hand_off_needs_a_free_laser() -> None:
    table = pd.concat([shell(6, 8), shell(6, 8, "b", system=1, raan0_deg=5.0)], ignore_index=True)
    full = network_of(table, owners("c0", "c1"), EPOCH, handoffs=[("c0", "c1")])
    assert len(set(parts(full))) == 2


def test_satellites_are_linked_by_name() -> None:
    table = pd.concat([shell(6, 8), shell(6, 8, "b", system=1)], ignore_index=True)
    net = network_of(table, owners("c0", "c1", links=5), EPOCH, handoffs=[("a-01-01", "b-02-03")])
    assert [0, 48 + 10] in net.edges.tolist()


def test_a_hand_off_of_nobody_is_refused() -> None:
    with pytest.raises(RabtaError, match="c0"):
        network_of(shell(2, 3), owners("c0"), EPOCH, handoffs=[("c00", "c0")])


def test_nothing_to_link() -> None:
    empty = network_of(shell(2, 2).iloc[:0], owners("c0"), EPOCH)
    assert empty.size == len(empty.edges) == 0
    assert len(network_of(shell(1, 1), owners("c0"), EPOCH).edges) == 0
