"""Handover policies: by hand on made-up windows, and against dense grids on a real shell."""

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space import orbits, visibility
from rabta.space.events import handover, windows
from rabta.space.walker import walker

START = np.datetime64("2026-01-13T00:00:05", "ns")
SPAN = 3600.0


def made(rows: list[tuple[int, int, float, float]], span: float = 100.0) -> windows.Windows:
    table = np.array(rows, dtype=float)
    site, satellite = table[:, :2].astype(np.int32).T
    return windows.Windows(site, satellite, table[:, 2], table[:, 3], START, span)


def rows(links: handover.Links, site: int = 0) -> list[tuple[int, float, float]]:
    chosen = links.site == site
    return list(zip(links.satellite[chosen], links.start_s[chosen], links.end_s[chosen], strict=True))


def test_longest_remaining_keeps_until_set_and_leaves_gaps() -> None:
    seen = made([(0, 1, 5.0, 30.0), (0, 2, 10.0, 60.0), (0, 3, 25.0, 55.0), (0, 4, 70.0, 100.0)])
    links = handover.serve(seen, "longest-remaining")
    assert rows(links) == [(1, 5.0, 30.0), (2, 30.0, 60.0), (4, 70.0, 100.0)]
    figures = handover.summary(links, 0, 100.0)
    assert (figures.handovers, figures.gaps, figures.gap_s, figures.longest_gap_s) == (1, 2, 15.0, 10.0)
    assert figures.per_hour == 36.0
    assert figures.served_share == pytest.approx(0.85)


def test_least_loaded_spreads_places_over_satellites() -> None:
    both = [(site, satellite, 0.0, 100.0) for site in (0, 1, 2) for satellite in (7, 8)]
    links = handover.serve(made(both), "least-loaded")
    used = [rows(links, site)[0][0] for site in (0, 1, 2)]
    assert sorted(used) == [7, 7, 8]
    heavy = handover.serve(made(both), "least-loaded", load=np.array([10.0, 1.0, 1.0]))
    assert [rows(heavy, site)[0][0] for site in (0, 1, 2)] == [7, 8, 8]


def test_load_is_given_back_at_the_end_of_a_link() -> None:
    seen = made([(0, 1, 0.0, 50.0), (1, 1, 60.0, 100.0), (1, 2, 60.0, 90.0)])
    assert rows(handover.serve(seen, "least-loaded"), 1) == [(1, 60.0, 100.0)]


def test_shared_windows_are_intersections() -> None:
    seen = made([(0, 1, 0.0, 50.0), (1, 1, 40.0, 90.0), (0, 2, 0.0, 10.0), (1, 2, 20.0, 30.0)])
    both = handover.shared(seen)
    assert (both.satellite.tolist(), both.rise_s.tolist(), both.set_s.tolist()) == ([1], [40.0], [50.0])


@pytest.fixture(scope="module")
def sky() -> tuple[orbits.Orbits, visibility.Ground, windows.Windows]:
    own = orbits.prepare(walker(550.0, 53.0, 40, 20, epoch_jd=2_461_053.5))
    place = visibility.ground([31.55, 24.86], [74.34, 67.0], 200.0)
    return own, place, windows.windows(own, place, START, SPAN, 25.0)


def first(seen: windows.Windows) -> windows.Windows:
    return seen.only(seen.site == 0)


@pytest.mark.parametrize("pair", [False, True])
def test_highest_is_the_leader_at_every_sample_and_changes_at_ties(
    sky: tuple[orbits.Orbits, visibility.Ground, windows.Windows], pair: bool
) -> None:
    own, place, seen = sky
    score = (handover.nearness if pair else handover.elevation)(own, place, START)
    seen = handover.shared(seen) if pair else first(seen)
    links = handover.serve(seen, "highest", score)
    grid = np.arange(0.05, SPAN, 0.7)
    value = score.at(seen.satellite.astype(np.int64), grid)
    value = np.where((seen.rise_s[:, None] <= grid) & (seen.set_s[:, None] > grid), value, -np.inf)
    at = np.searchsorted(links.start_s, grid, side="right") - 1
    up = (at >= 0) & (grid < links.end_s[at])
    np.testing.assert_array_equal(up, np.isfinite(value.max(axis=0)))
    served = score.at(np.unique(links.satellite), grid)[
        np.searchsorted(np.unique(links.satellite), links.satellite[at]), np.arange(len(grid))
    ]
    tie = 1.0 if pair else 1e-6
    assert (value.max(axis=0)[up] - served[up]).max() < tie
    smooth = 0
    for k in range(len(links) - 1):
        instant = links.start_s[k + 1]
        if instant != links.end_s[k] or np.isin(instant, np.concatenate([seen.rise_s, seen.set_s])):
            continue
        smooth += 1
        pairs = score.at(links.satellite[k : k + 2], instant + np.array([-0.001, 0.0, 0.001]))
        gap = pairs[1] - pairs[0]
        assert gap[0] < 0.0 < gap[2]  # the lead changes within a millisecond of the instant
    assert smooth > 10


def test_scheduler_changes_only_at_its_instants(
    sky: tuple[orbits.Orbits, visibility.Ground, windows.Windows],
) -> None:
    own, place, seen = sky
    links = handover.serve(first(seen), "scheduled", handover.elevation(own, place, START))
    inner = links.start_s[1:][links.start_s[1:] == links.end_s[:-1]]
    assert set(np.round((inner + 5.0) % 60.0, 9)) <= {12.0, 27.0, 42.0, 57.0}
    longest = handover.summary(handover.serve(first(seen), "longest-remaining"), 0, SPAN)
    assert handover.summary(links, 0, SPAN).handovers > 2 * longest.handovers


def test_longest_remaining_hands_over_least(
    sky: tuple[orbits.Orbits, visibility.Ground, windows.Windows],
) -> None:
    own, place, seen = sky
    score = handover.elevation(own, place, START)
    rates = {
        policy: handover.summary(handover.serve(first(seen), policy, score), 0, SPAN)
        for policy in handover.POLICIES
    }
    assert min(rates, key=lambda policy: rates[policy].handovers) == "longest-remaining"
    assert rates["longest-remaining"].gap_s == pytest.approx(rates["highest"].gap_s, abs=1e-3)


@pytest.mark.parametrize("policy", handover.POLICIES)
def test_no_window_is_no_link(policy: str) -> None:
    none = made([(0, 1, 0.0, 1.0)]).only(np.array([False]))
    links = handover.serve(none, policy, handover.Score(lambda rows, at: np.zeros((len(rows), len(at))), 1.0))
    assert len(links) == 0
    assert handover.summary(links, 0, 100.0).longest_gap_s == 100.0


def test_unknown_policy_is_refused_with_the_nearest() -> None:
    with pytest.raises(RabtaError, match="highest"):
        handover.serve(made([(0, 1, 0.0, 1.0)]), "higest")
