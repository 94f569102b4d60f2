"""The E-model held to what ITU-T and others have published of it."""

from __future__ import annotations

import pytest

from rabta.emulate.programs import emodel
from rabta.errors import RabtaError


def test_defaults_give_the_published_rating() -> None:
    """G.107 (06/2015), 7.7: all defaults give R = 93.2, which is a mean opinion of 4.41 (annex B)."""
    assert round(emodel.rating(0.0), 1) == 93.2
    assert round(emodel.opinion(emodel.rating(0.0)), 2) == 4.41
    noise = emodel.noise_dbm0p()
    # Ro = 94.77 is what the reference implementation of appendix III arrives at
    assert 15.0 - 1.5 * (emodel.SLR + noise) == pytest.approx(94.7688, abs=1e-4)


@pytest.mark.parametrize(
    ("rate", "opinion"), [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)]
)
def test_opinion_of_each_class(rate: float, opinion: float) -> None:
    """Limits of the classes of user satisfaction, G.107 annex B, table B.1.

    The formula itself gives 4.024 for 80.
    """
    assert emodel.opinion(rate) == pytest.approx(opinion, abs=0.0065)


@pytest.mark.parametrize("delay_ms", [50, 100, 150, 177, 200, 250, 300])
def test_delay_costs_what_others_read_off_the_model(delay_ms: float) -> None:
    """Cole and Rosenbluth, Voice over IP performance monitoring (2001): Id = 0.024 d + 0.11 (d - 177.3)+."""
    cost = 0.024 * delay_ms + 0.11 * max(delay_ms - 177.3, 0.0)
    assert emodel.rating(0.0) - emodel.rating(delay_ms) == pytest.approx(cost, abs=0.9)


def test_delay_without_echo_costs_nothing_up_to_100_ms() -> None:
    """G.107, 7.4: Idd = 0 for Ta <= mT = 100 ms; 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) at twice that."""
    assert emodel.absolute(100.0) == 0.0
    assert emodel.absolute(200.0) == pytest.approx(3.04, abs=0.005)


@pytest.mark.parametrize(
    ("codec", "percent", "impairment"),
    [("G.729A", 0, 11), ("G.729A", 1, 15), ("G.729A", 2, 19), ("G.729A", 3, 23), ("G.729A", 4, 26),
     ("G.729A", 8, 36), ("G.729A", 16, 49),
     ("G.723.1", 0, 15), ("G.711 with concealment", 2, 7), ("G.711 with concealment", 3, 10),
     ("G.711 with concealment", 5, 15), ("G.711 with concealment", 7, 20)],
)  # fmt: skip
def test_losses_cost_what_g_113_lists(codec: str, percent: float, impairment: float) -> None:
    """Impairment factors under random loss, G.113 appendix I, tables I.2 and I.3, to their whole numbers."""
    assert emodel.equipment(percent / 100.0, 1.0, codec) == pytest.approx(impairment, abs=0.85)


def test_bursts_cost_more() -> None:
    assert emodel.rating(50.0, 0.03, 2.0) < emodel.rating(50.0, 0.03, 1.0)


@pytest.mark.parametrize(
    ("key", "asked"),
    [("delay_ms", (501.0, 0.0, 1.0)), ("loss", (10.0, 0.21, 1.0)),
     ("burst", (10.0, 0.1, 0.5)),
                       ("delay_ms", (float("nan"), 0.0, 1.0))],
)  # fmt: skip
def test_beyond_the_ranges_is_said(key: str, asked: tuple[float, float, float]) -> None:
    with pytest.raises(RabtaError, match=key):
        emodel.rating(*asked)
    with pytest.raises(RabtaError, match=r"G\.729A"):
        emodel.rating(10.0, codec="G.729B")
