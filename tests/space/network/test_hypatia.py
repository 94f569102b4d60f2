"""Hypatia's files read, written and read back; its reference round trips; the suite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta import verify
from rabta.errors import RabtaError
from rabta.space.network import hypatia
from rabta.space.network.forwarding import forward
from rabta.space.network.geometry import Sites, cone_m, grazing_length_m
from rabta.space.network.hypatia import KUIPER_630, STARLINK_550, TELESAT_1015, Published
from rabta.verify.orbits import hypatia as suite

SMALL = Published("Small-630", 630e3, 8, 10, 51.9, 14.80, 20.0)
ENDS = Sites.of([("Manila", 14.6042, 120.9822), ("Karachi", 24.9056, 67.0822), ("Lima", -12.04, -77.03)])


def test_longest_ground_links_of_the_paper() -> None:
    """``max_gsl_length_m`` of the paper's three constellations (main_*.py of Hypatia)."""
    found = [shell.rule.ground_m / 1e3 for shell in (KUIPER_630, STARLINK_550, TELESAT_1015)]
    np.testing.assert_allclose(found, [1260.0, 1089.686, 5845.152], atol=5e-4)
    assert cone_m(630e3, 30.0) == pytest.approx(1260e3)
    radius = 6_378_135.0
    assert KUIPER_630.rule.laser_m == pytest.approx(2 * ((radius + 630e3) ** 2 - (radius + 80e3) ** 2) ** 0.5)
    assert grazing_length_m(630e3) == KUIPER_630.rule.laser_m


def test_a_network_is_written_and_read_back(tmp_path: Path) -> None:
    net = hypatia.published(SMALL)
    hypatia.write_network(tmp_path, net, ENDS, SMALL.rule, SMALL.planes)
    back, sites, rule = hypatia.read_network(tmp_path, SMALL.elevation_deg)
    np.testing.assert_array_equal(back.edges, net.edges)
    for name, values in net.elements.items():
        np.testing.assert_array_equal(back.elements[name], values, err_msg=name)
    assert sites.names == ENDS.names
    np.testing.assert_array_equal(sites.lat_deg, ENDS.lat_deg)
    assert rule.ground_m == pytest.approx(SMALL.rule.ground_m, abs=1e-9)
    # the first satellite of Hypatia's own generator, but for the name (generate_tles_from_scratch.py)
    lines = (tmp_path / "tles.txt").read_text().splitlines()
    assert lines[:2] == ["8 10", "Small-630 0"]
    assert lines[2] == "1 00001U 00000ABC 00001.00000000  .00000000  00000-0  00000+0 0    04"
    assert lines[3] == "2 00001  51.9000   0.0000 0000001   0.0000   0.0000 14.80000000    02"


def test_forwarding_entries_are_written_as_changes_and_read_back(tmp_path: Path) -> None:
    net, times = hypatia.published(SMALL), hypatia.EPOCH + np.arange(5) * np.timedelta64(20, "s")
    state = forward(net, ENDS, times, SMALL.rule, tables=True)
    paths = hypatia.write_fstate(tmp_path, net, [state], times)
    assert [p.name for p in paths] == [f"fstate_{k * 20_000_000_000}.txt" for k in range(5)]
    rows = [len(p.read_text().splitlines()) for p in paths]
    assert rows[0] == 80 * 3 + 6
    assert all(0 < count < rows[0] for count in rows[1:])
    hop, port = hypatia.read_fstate(paths, net.size, 3)
    np.testing.assert_array_equal(hop[:, :80], state.table.swapaxes(1, 2))
    np.testing.assert_array_equal(hop[:, 80:], state.entry.swapaxes(1, 2))
    for t, node, goal in np.argwhere((hop[:, :80] >= 0) & (hop[:, :80] < 80)):
        there, own, other = hop[t, node, goal], *port[t, node, goal]
        known = hypatia.interfaces(net)
        assert (own, other) == (known[node, there], known[there, node])
    down = hop[:, :80] >= 80
    assert (port[:, :80][down] == [4, 0]).all()  # one ground interface, after four towards satellites


def test_interfaces_count_in_the_order_of_the_links() -> None:
    """Hypatia: the n-th link of a satellite in ``isls.txt`` has interface n (``generate_dynamic_state``)."""
    net = hypatia.published(SMALL)
    assert net.edges[:4].tolist() == [[0, 1], [0, 10], [1, 2], [1, 11]]
    known = hypatia.interfaces(net)
    assert [known[0, 1], known[0, 10], known[1, 0], known[1, 2], known[1, 11]] == [0, 1, 0, 1, 2]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("tles.txt", "8 x\n", "wrong first line"),
        ("tles.txt", "8 10\nSmall 0\n", "wrong number of lines"),
        ("isls.txt", "0 1\n0 1\n", "given twice"),
        ("isls.txt", "0 80\n", "does not exist"),
        ("isls.txt", "0 -1\n", "wrong link"),
        ("isls.txt", "1 0\n", "lower row"),
        ("ground_stations.txt", "0,A,1,2\n", "wrong station"),
        ("ground_stations.txt", "1,A,1,2,0\n", "wrong station"),
        ("ground_stations.txt", "0,A,nan,2,0\n", "wrong station"),
        ("ground_stations.txt", "0,A,95,2,0\n", "out of range"),
        ("description.txt", "max_gsl_length_m=1\n", "no length"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    hypatia.write_network(tmp_path, hypatia.published(SMALL), ENDS, SMALL.rule, SMALL.planes)
    (tmp_path / name).write_text(text)
    with pytest.raises(RabtaError, match=problem):
        hypatia.read_network(tmp_path)


def test_missing_file_and_wrong_entries(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no such file"):
        hypatia.read_network(tmp_path)
    for text, problem in (
        ("0,80,1\n", "wrong entry"),
        ("0,90,1,0,0\n", "unknown node"),
        ("x,80,1,0,0", "wrong"),
    ):
        (tmp_path / "fstate_0.txt").write_text(text)
        with pytest.raises(RabtaError, match=problem):
            hypatia.read_fstate([tmp_path / "fstate_0.txt"], 80, 3)


def test_suite_without_files() -> None:
    rows = verify.run("hypatia")
    assert len(rows) == 4 + 3 * 5 + 8 * 4
    assert [f"{row.name}: {row.ours} {row.theirs}" for row in rows if not row.passed] == []


@pytest.mark.shared
def test_reference_steps_and_erratum(shared: Path) -> None:
    """All but the paper's runs, which `rabta verify hypatia --files` makes."""
    files = shared / "validation" / "hypatia"
    sites = hypatia.read_ground_stations(files / suite.CITIES)
    rows = [*suite._golden(files, sites), *suite._erratum(sites), *suite._coarse(sites)]
    assert len(rows) == 5 * len(list(files.glob(suite.GOLDEN))) + 4 + 4
    assert [f"{row.name}: {row.ours} {row.theirs}" for row in rows if not row.passed] == []


@pytest.mark.shared
def test_wrong_reference_paths_fail(shared: Path, tmp_path: Path) -> None:
    files = shared / "validation" / "hypatia"
    for path in files.glob("networkx_*_1173_to_1241.txt"):
        (tmp_path / path.name).write_text(path.read_text().replace("184-183", "185-183"))
    rows = suite._golden(tmp_path, hypatia.read_ground_stations(files / suite.CITIES))
    assert sum(not row.passed for row in rows) >= 2
