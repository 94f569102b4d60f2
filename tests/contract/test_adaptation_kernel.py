"""The compiled loop of adaptation and its NumPy reference agree in every modcod and every sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.radio import modcods
from rabta.radio.adaptation import Policy, follow
from rabta.radio.adaptation.loop import follow_reference

FIGURES = ("delivered", "sent", "ideal", "outage", "lag", "switches_per_hour", "linked")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    margin=st.floats(0.0, 4.0),
    hysteresis=st.floats(0.0, 3.0),
    delay=st.floats(0.0, 20.0),
    report=st.floats(0.1, 9.0),
    gaps=st.floats(0.0, 0.3),
)
def test_kernel_is_its_reference(
    seed: int, margin: float, hysteresis: float, delay: float, report: float, gaps: float
) -> None:
    rng = np.random.default_rng(seed)
    cn = 6.0 + np.cumsum(rng.normal(0.0, 0.6, (150, 9)), axis=0)
    cn[rng.random(cn.shape) < gaps] = np.nan
    rule = Policy(margin, hysteresis, delay * rng.random(9), report)
    wave = modcods.load("dvb-s2x-vlsnr", 1.0)
    one, two = follow(cn, wave, 1.0, rule), follow_reference(cn, wave, 1.0, rule)
    assert (one.used == two.used).all()
    assert (one.reach == two.reach).all()
    for name in FIGURES:
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=1e-12), name
