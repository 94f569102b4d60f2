"""Rain over the whole country beside the ITU-R package (MIT), and the suite of city figures."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from rabta import verify
from rabta.radio import slantpath
from rabta.verify.radio.sky import rain


def test_city_figures_hold() -> None:
    rows = verify.run("rain")
    assert len(rows) == 7 + 7 * 6
    assert [row for row in rows if not row.passed] == []


def test_shipped_nation_has_the_cities_rain_rates() -> None:
    published = [city.published_rate for city in rain.CITIES]
    assert np.abs(np.subtract(rain.shipped_rates(), published)).max() < 1.0


def test_freezing_gas_and_cloud_at_five_percent_lowers_every_total() -> None:
    """The map values fall with the percentage, so the P.618-14 rule may only lower the package's totals."""
    for city in rain.CITIES:
        assert (rain.totals_db(city, city.at_5) < rain.totals_db(city, city.at_1)).all()


@pytest.mark.parametrize("ghz", [12.0, 20.0, 30.0])
@pytest.mark.parametrize("percent", [0.01, 0.1, 1.0])
def test_rain_equals_itur_over_pakistan(ghz: float, percent: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("itur")
        from itur.models import itu618, itu837, itu839, itu1511

        lat, lon = (a.ravel() for a in np.meshgrid(np.arange(23.75, 37.1, 1.0), np.arange(61.0, 77.8, 1.0)))
        height = np.asarray(itu1511.topographic_altitude(lat, lon).value)
        top = np.asarray(itu839.rain_height(lat, lon).value)
        rate = np.asarray(itu837.rainfall_rate(lat, lon, 0.01).value)
        theirs = np.asarray(itu618.rain_attenuation(lat, lon, ghz, 40.0, hs=height, p=percent).value)
    below = top > height + 1e-6
    worst = slantpath.rain_001_db(lat, height, top, rate, ghz, 40.0)
    ours = slantpath.rain_at_percent(worst, percent, lat, 40.0)
    assert below.sum() > 200
    assert np.abs(ours - theirs)[below].max() < 1e-6
    assert (ours[~below] == 0.0).all()
