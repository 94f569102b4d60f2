"""The risk between years: ITU-R P.678-3."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio import downlinks
from rabta.radio.sky import risk, years
from rabta.radio.slantpath import Climate
from rabta.scenario import Radio


def test_the_sum_over_all_lags_is_that_of_the_recommendation() -> None:
    p = 1e-3  # P.678-3, equations (2) to (5), every minute of the year written out
    lags = np.arange(-525_959, 525_960)
    power = -0.0396 * np.log(p) + 0.286
    total = np.exp(-0.0265 * np.abs(lags * 60.0) ** power).sum()
    assert float(risk.estimation_variance(p)) == pytest.approx(p * (1 - p) * total / 525_960, rel=1e-12)


def test_a_year_is_as_often_worse_as_better_than_the_long_term() -> None:
    assert float(risk.risk(5e-3, 5e-3, 0.4)) == 0.5
    found = risk.risk(5e-3, np.array([4e-3, 6e-3]), 0.4)
    assert found.sum() == pytest.approx(1.0)
    assert found[0] > 0.5 > found[1]


def test_design_share_undoes_the_year_share() -> None:
    ratio = np.array([0.18, 0.4, 0.82])
    share = risk.design_share(5e-3, ratio, 0.2)
    assert (np.diff(share) < 0).all()
    assert risk.year_share(share, ratio, 0.2) == pytest.approx(5e-3, rel=1e-4)
    assert risk.design_share(5e-3, ratio, 0.5).tolist() == [5e-3] * 3


def test_a_risk_smaller_than_can_be_stated_is_refused() -> None:
    with pytest.raises(RabtaError, match=r"P\.678"):
        risk.design_share(1.5e-4, np.array([0.8]), 0.05)
    with pytest.raises(RabtaError, match="percent"):
        risk.estimation_variance(1e-5)


def test_links_for_a_smaller_risk_have_more_attenuation() -> None:
    one = np.ones(3)
    climate = Climate(30.0 * one, 0.2 * one, 60.0 * one, 5.0 * one, 295.0 * one, 20.0 * one, 55.0 * one,
                      0.3 * one, 80.0 * one)  # fmt: skip
    link = downlinks.Downlink(19.7, 45.0, 0.0, 500.0, _terminal())
    ratio = np.array([0.18, 0.4, 0.82])
    average, _ = years.sky_tables(climate, [link], 100 * years.design(ratio, Radio()))
    share = years.design(ratio, Radio(year_risk_percent=20.0))
    careful, _ = years.sky_tables(climate, [link], 100 * share)
    assert (careful > average).all()
    assert (np.diff(careful[:, 0, 10]) > 0).all()
    exact = downlinks.sky_tables(climate, [link], 100 * float(share[1]))[0][1]
    assert careful[1] == pytest.approx(exact, abs=2e-3)  # linear between levels


def test_unknown_climates_are_said() -> None:
    ratio = np.array([0.0, 0.4])
    share = years.design(ratio, Radio())
    assert np.isnan(years.worst_availability(share, ratio)).tolist() == [True, False]
    with pytest.raises(RabtaError, match="year_risk_percent"):
        years.design(ratio, Radio(year_risk_percent=10.0))
    assert np.isnan(years.worst_availability(np.array([0.03]), np.array([0.4]))).all()


def test_promises_are_riskier_the_stricter_they_are() -> None:
    ratio, people = np.array([0.2, 0.8, 0.0]), np.array([3.0, 1.0, 5.0])
    rows = years.promises(np.full(3, 5e-3), ratio, people, 99.5)
    assert [row["promised_percent"] for row in rows] == pytest.approx([99.5, 99.4, 99.3, 99.2, 99.0])
    assert rows[0]["risk_percent"] == pytest.approx(50.0)
    assert (np.diff([row["risk_percent"] for row in rows]) < 0).all()
    expected = np.average(100 * risk.risk(5e-3, 6e-3, ratio[:2]), weights=people[:2])
    assert rows[1]["risk_percent"] == pytest.approx(expected)  # where the ratio is not known, nobody counts
    assert years.promises(np.full(3, 0.05), ratio, people, 95.0) == []


def _terminal() -> downlinks.Terminal:
    from rabta.radio import antennas

    return antennas.terminal("ka-enterprise")
