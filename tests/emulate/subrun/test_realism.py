"""What real terminals add: drawn as the study measured it, spikes where the satellite changes, no more."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.agree import delays_ms, pings
from rabta.emulate.engine import virtual
from rabta.emulate.subrun import realism
from rabta.emulate.subrun.access import MOVING, Span
from rabta.emulate.subrun.build import Asked, Subrun, build
from rabta.emulate.subrun.named import wishes
from rabta.emulate.subrun.source import Source

SPAN = Span(np.datetime64("2026-01-13T16:10:00", "ns"), 60.0)
WAY = np.array([[0.0, 10e6, 1e-4, 0, 0, 0, 0], [10e9, -1, 0, 0, 0, 0, 0], [11e9, 12e6, 0, 0, 0, 0, 0]])


def course(way: np.ndarray, **more: object) -> ways.Course:
    """A city and a village whose access has these."""
    return ways.course(
        {"city": ways.Access(), "village": ways.Access(**more)}, {("city", "village"): way}, 60.0
    )  # type: ignore[arg-type]


def test_packets_differ_as_the_study_measured_and_as_many_are_lost() -> None:
    """Huston 2024: 6.7 ms between successive round trips, 1 to 1.5 % lost."""
    net = course(
        WAY[:1] * (1, 1, 0, 1, 1, 1, 1), jitter_s=realism.largest_s(), loss=(realism.LOSS,) * 2 + (0.0, 0.0)
    )
    down = int(net.route()[0, 1])
    sent = np.array([[k * 200_000_000, down, 84] for k in range(20_000)])
    fates = virtual.carry(net, sent, 3)
    came = fates[fates[:, 4] == 0]
    delay = (came[:, 1] - came[:, 0])[np.argsort(came[:, 0])] / 1e6
    assert np.abs(np.diff(delay)).mean() == pytest.approx(realism.JITTER_MS, rel=0.03)
    assert 1.0 - len(came) / len(sent) == pytest.approx(realism.LOSS, abs=0.003)


def test_a_spike_rises_at_the_change_and_is_gone_after_its_time() -> None:
    made = realism.spiked(WAY, [3.0], seed=1)
    plain, spiked = course(WAY), course(made)
    at = np.array([2.9, 3.0, 3.1, 3.199, 3.2, 5.0, 10.5, 11.5])
    more = delays_ms(spiked, 0, at) - delays_ms(plain, 0, at)
    assert np.allclose(more[[0, 4, 5, 7]], 0.0, atol=1e-9)
    assert realism.SPIKE_MS[0] / 2 <= more[1] <= realism.SPIKE_MS[1] / 2, "half the round trip's each way"
    assert more[2] == pytest.approx(0.5 * more[1], rel=1e-6)
    assert 0.0 < more[3] < 0.01 * more[1]
    assert np.isnan(more[6]), "an outage stays one"
    assert np.array_equal(made, realism.spiked(WAY, [3.0], seed=1)), "the same seed, the same course"


def test_spikes_into_outages_beyond_the_end_and_over_each_other() -> None:
    for at in ([9.95], [10.95], [70.0], [3.0, 3.05], [0.0], []):
        made = realism.spiked(WAY, at)
        assert (np.diff(made[:, 0]) > 0.0).all()
        assert np.array_equal(np.isnan(delays_ms(course(made), 0, np.array([10.0, 10.99]))), [True, True])
        times = np.linspace(0.0, 59.0, 2_000)
        more = delays_ms(course(made), 0, times) - delays_ms(course(WAY), 0, times)
        assert np.nanmin(more) > -1e-6
        assert np.nanmax(more) <= realism.SPIKE_MS[1] / 2 * max(len(at), 1)


def sub(source: Source, *, plain: bool) -> Subrun:
    return build(source, Asked(wishes("Yasin"), "Exchange", SPAN, plain=plain))


def test_only_terminals_of_moving_satellites_have_it_and_plain_takes_it_away(source: Source) -> None:
    real, plain = sub(source, plain=False).hosts[0], sub(source, plain=True).hosts[0]
    assert real.given.over == plain.given.over == MOVING
    assert real.given.access.jitter_s == pytest.approx(0.0201)
    assert (plain.given.access.jitter_s, plain.given.access.loss) == (0.0, ways.NONE)
    told = {one.what for one in real.given.figures} - {one.what for one in plain.given.figures}
    assert told == {"jitter", "loss", "spike"}
    ground = build(source, Asked(wishes("Dalbandin"), "Exchange", SPAN)).hosts[0]
    assert ground.given.access.jitter_s == 0.0


def test_felt_round_trips_are_compared_with_the_mean_of_what_is_drawn() -> None:
    net = course(WAY[:1] * (1, 1, 0, 1, 1, 1, 1), jitter_s=0.02)
    rtts = [(k + 0.05, 20.0 + x) for k, x in enumerate(np.linspace(0.0, 20.0, 21))]
    found = pings(net, "village", "city", rtts, 0.0)
    assert found["median_ms"] == pytest.approx(0.0, abs=1e-9)
    assert found["share_within"] == 1.0
