"""Short messages: loads, waits and tries against a simulated queue and against counting."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.service.aids import messages


def service(**change: float) -> messages.Service:
    kept = {"bits": 560, "up_per_hour": 3600.0, "share": 1.0, "success": 1.0, "delay_s": 2.0, "card_s": 60.0}
    return messages.Service("x", **{**kept, **change})  # type: ignore[arg-type]


def test_waiting_is_that_of_a_simulated_queue() -> None:
    """One message a second is served; 0.8 a second arrive at random."""
    rng = np.random.default_rng(1)
    arrivals = np.cumsum(rng.exponential(1.25, 200_000))
    free, waits = 0.0, np.empty(arrivals.size)
    for k, time in enumerate(arrivals):
        waits[k] = max(free - time, 0.0)
        free = time + waits[k] + 1.0
    found = messages.fleet(service(), vehicles=800, every_s=1000.0, bits=500)
    assert found.load == pytest.approx(0.8)
    assert found.mean_delay_s == pytest.approx(2.0 + waits.mean(), rel=0.05)


def test_tries_are_counted() -> None:
    """Of tries that succeed in 3 of 4, a minute apart, reports every two minutes and a bit have two."""
    found = messages.fleet(service(success=0.75), vehicles=1, every_s=125.0, bits=1)
    assert found.delivered == pytest.approx(0.75 + 0.25 * 0.75 + 0.0625 * 0.75, rel=1e-9)
    assert found.delay95_s == pytest.approx(62.0, abs=0.1)


def test_a_service_that_is_full() -> None:
    found = messages.fleet(service(), vehicles=7200, every_s=3600.0, bits=500)
    assert found.load == pytest.approx(2.0)
    assert found.delivered == pytest.approx(0.5)
    assert found.mean_delay_s == np.inf
    assert found.vehicles_most == 3600


def test_long_reports_take_several_messages() -> None:
    assert messages.fleet(service(), 1, 3600.0, 561).packets == 2
    assert messages.load()["regional"].bits == 14_000


def test_the_regional_area_ends_east_of_lahore() -> None:
    """75 to 135 degrees east: Gilgit's east is in it, Lahore (74.3) and Karachi are not."""
    area = (75.0, 135.0, 10.0, 55.0)
    assert messages.inside(area, [35.3, 31.55, 24.9], [75.6, 74.34, 67.0]).tolist() == [True, False, False]


@pytest.mark.parametrize("wrong", [{"vehicles": 0}, {"every_s": -1.0}, {"bits": 0}, {"seen": 1.5}])
def test_a_fleet_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    kept: dict[str, float] = {"vehicles": 1, "every_s": 60.0, "bits": 100, "seen": 1.0}
    with pytest.raises(RabtaError, match=next(iter(wrong))):
        messages.fleet(service(), **{**kept, **wrong})  # type: ignore[arg-type]
