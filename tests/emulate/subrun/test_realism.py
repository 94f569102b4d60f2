"""What real terminals add: drawn as the study measured it, spikes where the satellite changes, no more."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.cli.emulate.subrun import tell
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


def test_packets_differ_as_the_study_measured() -> None:
    """Huston 2024: 6.7 ms between successive round trips; Sauter 2024: 2 of 2,880 lost one by one."""
    net = course(
        WAY[:1] * (1, 1, 0, 1, 1, 1, 1), jitter_s=realism.largest_s(), loss=(realism.SINGLE,) * 2 + (0.0, 0.0)
    )
    down = int(net.route()[0, 1])
    sent = np.array([[k * 200_000_000, down, 84] for k in range(20_000)])
    fates = virtual.carry(net, sent, 3)
    came = fates[fates[:, 4] == 0]
    delay = (came[:, 1] - came[:, 0])[np.argsort(came[:, 0])] / 1e6
    assert np.abs(np.diff(delay)).mean() == pytest.approx(realism.JITTER_MS, rel=0.03)
    assert 1.0 - len(came) / len(sent) == pytest.approx(realism.SINGLE, abs=0.0006)


def test_nothing_arrives_after_a_change_and_then_a_spike_falls() -> None:
    made = realism.spiked(WAY, [3.0], seed=1)
    plain, spiked, gap = course(WAY), course(made), realism.GAP_S
    at = np.array([2.9, 3.0 + gap, 3.1 + gap, 3.199 + gap, 3.2 + gap, 5.0, 10.5, 11.5, 3.0, 2.999 + gap])
    more = delays_ms(spiked, 0, at) - delays_ms(plain, 0, at)
    assert np.allclose(more[[0, 4, 5, 7]], 0.0, atol=1e-9)
    assert realism.SPIKE_MS[0] / 2 <= more[1] <= realism.SPIKE_MS[1] / 2, "half the round trip's each way"
    assert more[2] == pytest.approx(0.5 * more[1], rel=1e-6)
    assert 0.0 < more[3] < 0.01 * more[1]
    assert np.isnan(more[[6, 8, 9]]).all(), "an outage stays one; after the change nothing arrives"
    assert np.array_equal(made, realism.spiked(WAY, [3.0], seed=1)), "the same seed, the same course"


def test_as_much_is_lost_as_the_study_says() -> None:
    """Huston 2024: 1 to 1.5 % over the long term; here one by one and at a change each 15 s together."""
    way = realism.spiked(WAY[:1] * (1, 1, 0, 1, 1, 1, 1), np.arange(0.0, 3600.0, 15.0).tolist())
    village = ways.Access(loss=(realism.SINGLE, realism.SINGLE, 0.0, 0.0))
    rows = ways.course({"city": ways.Access(), "village": village}, {("city", "village"): way}, 3600.0)
    down = int(rows.route()[0, 1])
    sent = np.array([[k * 20_000_000, down, 84] for k in range(180_000)])
    fates = virtual.carry(rows, sent, 3)
    assert (fates[:, 4] != 0).mean() == pytest.approx(realism.LOSS, rel=0.05)


def test_spikes_into_outages_beyond_the_end_and_over_each_other() -> None:
    for at in ([9.95], [10.95], [70.0], [3.0, 3.3], [0.0], []):
        made = realism.spiked(WAY, at)
        assert (np.diff(made[:, 0]) > 0.0).all()
        assert np.isnan(delays_ms(course(made), 0, np.array([10.0, 10.99]))).all()
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
    assert told == {"jitter", "loss", "change", "spike"}
    ground = build(source, Asked(wishes("Dalbandin"), "Exchange", SPAN)).hosts[0]
    assert ground.given.access.jitter_s == 0.0


def test_what_is_assumed_is_told_in_words(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    tell(sub(source, plain=False))
    said = capsys.readouterr().out
    assert "spike 30 to 50 ms" in said
    assert "jitter 20.1 ms" in said


def test_felt_round_trips_are_compared_with_the_mean_of_what_is_drawn() -> None:
    net = course(WAY[:1] * (1, 1, 0, 1, 1, 1, 1), jitter_s=0.02)
    rtts = [(k + 0.05, 20.0 + x) for k, x in enumerate(np.linspace(0.0, 20.0, 21))]
    found = pings(net, "village", "city", rtts, 0.0)
    assert found["median_ms"] == pytest.approx(0.0, abs=1e-9)
    assert found["share_within"] == 1.0
