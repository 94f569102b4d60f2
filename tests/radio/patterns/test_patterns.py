"""Patterns beyond the rows of the suite: ranges, continuity, geometry, names."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import catalog, verify
from rabta.errors import RabtaError
from rabta.radio.patterns import arrays, earth, fixed, named, satellites, sectors, shapes
from rabta.radio.patterns.beams import downlink, ground, layouts
from rabta.radio.patterns.shapes import Pattern


@pytest.mark.parametrize("suite", ["antennas", "interference"])
def test_suite(suite: str) -> None:
    assert [row.name for row in verify.run(suite) if row.gate and not row.passed] == []


def test_defects_of_others_show_both_numbers() -> None:
    shown = [row for row in verify.run("antennas") if not row.gate]
    assert len(shown) == 5
    assert all(abs(row.difference) > 0.5 for row in shown)


ALL: list[Pattern] = [
    shapes.Isotropic(2.0),
    shapes.Cosine(1.3),
    shapes.Aperture(0.5, 20.0, 38.5),
    earth.S465(1.8, 12.0, 45.5),
    earth.S580(45.0),
    earth.S1428(0.6, 12.0),
    earth.S1428(3.0, 12.0),
    satellites.S672(40.0, 1.5),
    satellites.S1528(38.5, 1.8),
    satellites.S1528Orbit(24.0, 8.8),
    satellites.S1528Taylor(34.0, 2.17, 1.6, 1.6),
    fixed.F699(43.0, 1.2, 15.0),
    fixed.F1245(43.0, 1.2, 15.0),
    fixed.F1245(43.0, 1.2, 15.0, lobes=True),
    sectors.Omni(11.0, 0.7),
    sectors.Sector(18.0, 2.6),
    sectors.Sector(18.0, 26.0, average=True),
    arrays.Element(),
    arrays.Planar(),
    shapes.Tilted(sectors.Sector(18.0, 2.6), electrical_deg=6.0),
]


@pytest.mark.parametrize("pattern", ALL, ids=lambda p: p.recommendation)
def test_every_pattern_keeps_the_protocol(pattern: Pattern) -> None:
    assert isinstance(pattern, Pattern)
    az, el = np.meshgrid(np.linspace(-180.0, 180.0, 73), np.linspace(-90.0, 90.0, 37))
    gain = pattern.gain_dbi(az, el)
    assert gain.shape == az.shape
    assert np.isfinite(gain).all()
    assert gain.max() <= pattern.peak_dbi + 1e-9
    np.testing.assert_allclose(gain, pattern.gain_dbi(-az, el), atol=1e-9)  # all of these are symmetric
    assert float(pattern.gain_dbi(30.0, 10.0)) == pytest.approx(float(pattern.gain_dbi([30.0], [10.0])[0]))


@pytest.mark.parametrize(
    "pattern",
    [earth.S1428(0.6, 12.0), earth.S1428(3.0, 12.0), fixed.F1245(43.0, 1.2, 15.0), earth.S580(50.0)],
)
def test_envelopes_do_not_make_much_power(pattern: Pattern) -> None:
    """Averages and envelopes of dishes lie within 1 dB of a lossless antenna."""
    assert abs(shapes.radiated_db(pattern, 0.25)) < 1.0


def test_uncorrelated_elements_are_an_element() -> None:
    """3GPP TR 37.840, clause 5.4.4.1.4: without correlation the array radiates as one element."""
    beam = arrays.Planar(steer_azimuth_deg=20.0, correlation=0.0)
    az = np.linspace(-180.0, 180.0, 61)
    np.testing.assert_allclose(beam.gain_dbi(az, 12.0), beam.element.gain_dbi(az, 12.0))


def test_beam_points_where_it_is_steered() -> None:
    beam = arrays.Planar(16, 16).steered(25.0, -8.0)
    az, el = np.meshgrid(np.arange(-60.0, 60.0, 0.5), np.arange(-30.0, 30.0, 0.5))
    at = np.unravel_index(beam.factor(az, el).argmax(), az.shape)
    assert (az[at], el[at]) == (25.0, -8.0)
    assert float(beam.factor(25.0, -8.0)) == pytest.approx(256.0)


def test_line_of_elements_matches_its_sum() -> None:
    phase = np.linspace(-7.0, 7.0, 401)
    direct = np.abs(np.exp(1j * np.arange(7)[:, None] * phase).sum(axis=0)) ** 2 / 7.0
    np.testing.assert_allclose(arrays._line(7, phase), direct, atol=1e-9)


@pytest.mark.parametrize("k", [0.0, 0.3, 0.7])
def test_sector_is_continuous_in_elevation(k: float) -> None:
    """F.1336-5, (2b3): the incline C is such that the tail meets G180 at 90 degrees: pycraf's does not."""
    sector = sectors.Sector(17.0, 2.0, k_elevation=k)
    edge = 90.0 / sector.theta_3
    just = sector._elevation(np.array([4.0 - 1e-9, 4.0, edge - 1e-9, edge]))
    assert just[0] == pytest.approx(just[1], abs=1e-6)
    assert just[2] == pytest.approx(just[3], abs=1e-6)


def test_tilt_lowers_the_peak() -> None:
    for tilt in ({"mechanical_deg": 8.0}, {"electrical_deg": 8.0}):
        antenna = shapes.Tilted(sectors.Sector(18.0, 2.6), **tilt)
        assert float(antenna.gain_dbi(0.0, -8.0)) == pytest.approx(18.0)
        assert float(antenna.gain_dbi(0.0, 0.0)) < 8.0


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: earth.S465(1.0, 40.0, 40.0), "2 to 31"),
        (lambda: earth.S1428(0.2, 12.0), "20 to"),
        (lambda: earth.S1428(0.6, 40.0), "10.7 to 30"),
        (lambda: fixed.F699(43.0, 1.2, 90.0), "0.1 to 86"),
        (lambda: fixed.F699(10.0, 1.2, 15.0), "peak_dbi"),
        (lambda: satellites.S672(40.0, 1.5, -22.0), "-20, -25, -30"),
        (lambda: satellites.S1528Orbit(30.0, 4.0, "heo"), "leo, meo"),
        (lambda: sectors.Omni(10.0, 80.0), "0.4 to 70"),
        (lambda: sectors.Sector(18.0, float("nan")), "0.4 to 70"),
        (lambda: shapes.Tilted(shapes.Isotropic(), mechanical_deg=95.0), "-89 to 89"),
        (lambda: named.make("s1427"), "did you mean 's1428'"),
        (lambda: named.make("s672", peak=40.0), "did you mean 'peak_dbi'"),
        (lambda: named.make("s672"), "peak_dbi, half_power_deg"),
        (lambda: layouts.hexagonal(4.0, reuse=5), "1, 3, 4, 7"),
        (lambda: layouts.hexagonal(30.0, tiers=6), "outside"),
        (lambda: named.antenna("imt-sector-2700"), "imt-sector-2600"),
    ],
)
def test_out_of_range_is_refused_by_name(wrong: object, word: str) -> None:
    with pytest.raises(RabtaError, match=word):
        wrong()  # type: ignore[operator]


@pytest.mark.parametrize("name", catalog.names("antennas"))
def test_antennas_of_the_catalog(name: str) -> None:
    assert 10.0 < named.antenna(name).peak_dbi < 60.0


@pytest.mark.parametrize(("reuse", "apart"), [(1, 1.0), (3, 3**0.5), (4, 2.0), (7, 7**0.5)])
def test_reuse_keeps_its_distance(reuse: int, apart: float) -> None:
    layout = layouts.hexagonal(2.0, tiers=5, reuse=reuse)
    gap = np.linalg.norm(layout.uv[:, None] - layout.uv, axis=2) / layout.spacing
    same = (layout.colour[:, None] == layout.colour) & (gap > 0.1)
    assert gap[same].min() == pytest.approx(apart)
    assert len(np.unique(layout.colour)) == reuse


def test_users_lie_in_the_cell_of_their_beam() -> None:
    layout = layouts.hexagonal(4.4127, tiers=2)
    uv, beam = layouts.cell_points(layout, 200)
    nearest = np.linalg.norm(uv[:, None] - layout.uv, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, beam)
    spread = uv[beam == 0].std(axis=0) / layout.spacing
    np.testing.assert_allclose(
        spread, np.sqrt(5.0 / 72.0), rtol=0.12
    )  # variance of a hexagon: 5/72 of its width^2


def test_coupling_of_two_polarisations() -> None:
    layout = layouts.hexagonal(2.0, tiers=2, reuse=4, polarisations=2)
    coupling = layout.coupling(20.0)
    np.testing.assert_allclose(np.diag(coupling), 1.0)
    assert coupling[0, 1] == pytest.approx(0.01)
    assert coupling[0, 2] == 0.0
    assert layout.band_share == 0.5


def test_footprint_goes_back_to_its_direction() -> None:
    """A place seen from a satellite is where its direction meets the ground."""
    from rabta.geo import ecef_from_geodetic

    satellite = ecef_from_geodetic(30.0, 70.0, 600e3)
    place = ecef_from_geodetic([29.0, 33.5], [71.0, 68.0])
    axes = ground.frame(satellite)
    lat, lon, far = ground.footprint(axes, satellite, ground.uv_of(axes, satellite, place))
    np.testing.assert_allclose(lat, [29.0, 33.5], atol=1e-7)
    np.testing.assert_allclose(lon, [71.0, 68.0], atol=1e-7)
    np.testing.assert_allclose(far, np.linalg.norm(place - satellite, axis=1), rtol=1e-9)
    assert np.isnan(ground.footprint(axes, satellite, [[0.99, 0.0]])[0]).all()


def test_earth_fixed_cells_stay_and_are_evenly_spaced() -> None:
    centres, layout = ground.earth_fixed(30.0, 70.0, 50.0, tiers=3, reuse=3)
    gap = np.linalg.norm(centres[:, None] - centres, axis=2)
    gap[gap < 1.0] = np.inf
    np.testing.assert_allclose(gap.min(axis=1), 50e3, rtol=0.01)
    assert len(centres) == len(layout) == 37


def test_slant_range_straight_down_and_beside() -> None:
    assert float(downlink.slant_km(0.0, 600.0)) == pytest.approx(600.0)
    assert np.isnan(downlink.slant_km(80.0, 600.0))


def test_beams_switched_off_make_no_interference() -> None:
    layout = layouts.hexagonal(4.4127, tiers=2)
    on = np.zeros(len(layout))
    on[0] = 1.0
    dish = shapes.Aperture(2.0, 2.0, 30.0)
    carrier, other = downlink.sums(layout, [[0.0, 0.0]], [0], dish, 4.4127, power=on)
    assert float(carrier[0]) == pytest.approx(1.0)
    assert float(other[0]) == 0.0
