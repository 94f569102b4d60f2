"""Compiled P.528-5 against the plain reference, and whole paths against NTIA's reference software."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rabta.radio.air import _kernels, _rays, _terms, atmosphere, p528, reference

# Runs of NTIA/p528 at 74870ab (public domain): km, m, m, MHz, vertical, %; total, free, gases dB; mode
NTIA = (
    (1.0, 5.1, 172.0, 3090.0, 0, 50.0, 102.37665, 102.36898, 0.00767, 1),
    (280.7, 10.5, 16684.0, 2353.0, 0, 99.0, 167.9485, 148.86548, 0.75378, 1),
    (30.7, 37.7, 1128.9, 110.0, 1, 1.0, 96.83332, 103.02613, 0.00774, 1),
    (1.4, 118.1, 1063.1, 137.0, 1, 5.0, 76.52228, 79.69223, 0.00064, 1),
    (9.6, 28.2, 399.1, 611.0, 0, 95.0, 118.31333, 107.82196, 0.03612, 1),
    (19.4, 1.9, 4339.4, 1429.0, 1, 90.0, 122.41142, 121.49687, 0.09568, 1),
    (0.4, 9.1, 3142.2, 170.0, 0, 10.0, 83.62705, 87.01063, 0.00178, 1),
    (56.6, 162.3, 1497.6, 12965.0, 0, 5.0, 144.99923, 149.76481, 0.88977, 1),
    (139.3, 17.4, 16275.1, 21428.0, 0, 99.0, 184.75339, 162.00045, 4.36863, 1),
    (5.5, 29.7, 1800.5, 126.0, 0, 50.0, 89.67117, 89.66926, 0.00191, 1),
    (26.9, 1075.7, 2499.7, 19840.0, 1, 50.0, 148.33274, 147.00834, 1.32466, 1),
    (119.2, 42.5, 676.5, 211.0, 0, 99.0, 135.23219, 120.4616, 0.09781, 1),
    (378.3, 4.5, 8723.1, 163.0, 1, 90.0, 159.17849, 128.25551, 0.19601, 1),
    (91.0, 49.9, 193.0, 4385.0, 0, 95.0, 166.3361, 144.44302, 0.74651, 2),
    (1079.2, 2.9, 10113.6, 210.0, 1, 99.0, 246.83469, 139.50297, 0.85262, 3),
    (800.5, 873.5, 2671.2, 1859.0, 1, 95.0, 249.31546, 155.85766, 4.74342, 3),
    (902.7, 14.0, 413.4, 9709.0, 0, 99.0, 304.70115, 171.23014, 7.20184, 3),
    (963.3, 20.9, 126.7, 161.0, 0, 10.0, 225.13025, 136.19605, 0.47222, 3),
    (975.1, 6.1, 898.8, 317.0, 0, 99.0, 260.63939, 142.18417, 1.3835, 3),
    (263.8, 2.1, 10.1, 719.0, 1, 10.0, 190.1781, 137.96095, 1.11611, 3),
    (962.9, 2.7, 9.6, 3036.0, 0, 95.0, 289.29746, 161.70667, 4.03023, 3),
    (357.5, 15.4, 4598.2, 6879.0, 1, 1.0, 185.31732, 160.2512, 2.84384, 3),
    (960.6, 5.9, 100.9, 8866.0, 1, 5.0, 280.80844, 170.9905, 6.19742, 3),
    (1197.1, 2.1, 45.6, 253.0, 0, 1.0, 255.17032, 142.05981, 0.97121, 3),
    (909.1, 15.3, 44.6, 142.0, 1, 10.0, 222.55659, 134.59613, 0.36214, 3),
    (448.0, 6.8, 170.4, 157.0, 0, 10.0, 184.74386, 129.33379, 0.21484, 3),
    (486.9, 2.2, 4.5, 2374.0, 0, 5.0, 226.46462, 153.62877, 2.93261, 3),
    (780.3, 1160.3, 8288.3, 146.0, 1, 99.0, 203.69752, 133.56735, 0.32993, 3),
)


@pytest.fixture(scope="module")
def tables() -> atmosphere.Tables:
    return atmosphere.tables()


def gamma(tables: atmosphere.Tables, ghz: float) -> np.ndarray:
    """Cubics of the absorption."""
    values, out = np.empty(tables.state.shape[1]), np.empty((int(tables.counts.sum()), 4))
    _rays.absorb(tables.lines, tables.state, tables.centres, ghz, values)
    _rays.cubics(values, tables.counts, out)
    return out


@pytest.mark.parametrize("ghz", [0.1, 1.2, 9.4, 22.235, 30.0])
@pytest.mark.parametrize(
    "heights", [(0.0, 0.0015), (0.0, 1.0), (0.0, 20.0), (3.0, 3.001), (9.9, 12.3), (0.0, 56.0)]
)
def test_rays(tables: atmosphere.Tables, ghz: float, heights: tuple[float, float]) -> None:
    air = np.empty((3, _rays.MOST_LAYERS))
    count = _rays.layers(tables.index, gamma(tables, ghz), tables.grid, *heights, air)
    for elevation in (0.0, 0.003, 0.3, 1.5):
        sine = math.cos(elevation)
        wanted = reference.trace(ghz, *heights, sine)
        length, gas = _rays.slant(air, count, sine)
        bending, zenith = _rays.bend(air, count, sine)
        assert length == pytest.approx(wanted.length, rel=1e-6)
        assert gas == pytest.approx(wanted.gas, rel=3e-4)  # cubics of 0.2 km and more
        assert bending == pytest.approx(wanted.bending, rel=1e-5, abs=1e-9)
        assert zenith == pytest.approx(wanted.zenith, abs=1e-8)


@pytest.mark.parametrize("height", [0.02, 1.0, 10.0, 20.0])
def test_lowest_point(tables: atmosphere.Tables, height: float) -> None:
    for elevation in (0.0, 1e-4, 2e-3):
        ours = _rays.lowest(tables.index, tables.grid, height, math.cos(elevation))
        assert ours == pytest.approx(reference.lowest(height, math.cos(elevation)), abs=1e-9)


@pytest.mark.parametrize("heights", [(0.0015, 1.0), (0.06, 20.0), (10.0, 10.0)])
def test_terminals_and_rays_over_the_ground(tables: atmosphere.Tables, heights: tuple[float, float]) -> None:
    low, high = (reference.terminal(5.1, h) for h in heights)
    rows, air = np.empty((2, 8)), np.empty((3, _rays.MOST_LAYERS))
    for row, h in zip(rows, heights, strict=True):
        _kernels.terminal(tables.index, gamma(tables, 5.1), tables.grid, h, air, row)
    np.testing.assert_allclose(rows, reference.ends(low, high), rtol=2e-6, atol=1e-8)
    for psi in (1e-4, 0.01, 0.3, 1.5, 1.5635):
        ours, wanted = _kernels.optics(rows, psi), reference.optics(low, high, psi)
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)


def test_grazing_angles(tables: atmosphere.Tables) -> None:
    rows = reference.ends(reference.terminal(1.2, 0.03), reference.terminal(1.2, 3.0))
    for d in (0.5, 20.0, 150.0):
        assert abs(_kernels.optics(rows, _kernels.grazing_at(rows, d))[0] - d) <= _kernels.DISTANCE_KM
    for longer in (1e-6, 1e-4, 0.02):
        found = _kernels.optics(rows, _kernels.grazing_of(rows, longer))[3]
        assert found == pytest.approx(longer, rel=1e-8)


def test_fading() -> None:
    curves, ratios, percents = p528.fading()
    for ratio in (-40.0, -33.3, -18.0, 1.9, 13.0, 20.0):
        for percent in (1.0, 3.3, 50.0, 97.1, 99.0):
            ours = _terms.short_term(curves, ratios, percents, ratio, percent)
            assert ours == pytest.approx(reference.fade(ratio, percent), abs=1e-12)


@pytest.mark.parametrize("mhz", [100.0, 1200.0, 30000.0])
def test_horizontal_reflection_is_fresnel_s(mhz: float) -> None:
    for psi in (0.0, 0.01, 0.2, 1.5):
        strength, lag = _terms.reflection(psi, mhz, 0)
        wanted = reference.fresnel(psi, mhz)
        assert strength == pytest.approx(abs(wanted), abs=1e-12)
        assert complex(math.cos(lag), -math.sin(lag)) == pytest.approx(wanted / abs(wanted), abs=1e-9)


@pytest.mark.parametrize("vertical", [0, 1])
def test_vertical_reflection_has_fresnel_s_strength(vertical: int) -> None:
    """The phase for vertical polarisation is not: the Recommendation writes it otherwise; see docs."""
    ground, psi = complex(15.0, -18000.0 * 0.005 / 300.0), 0.3
    root = (ground - math.cos(psi) ** 2) ** 0.5
    factor = ground if vertical else 1.0
    wanted = (factor * math.sin(psi) - root) / (factor * math.sin(psi) + root)
    assert _terms.reflection(psi, 300.0, vertical)[0] == pytest.approx(abs(wanted), abs=1e-12)


@pytest.mark.parametrize("row", NTIA)
def test_whole_paths(row: tuple[float, ...]) -> None:
    d, low, high, mhz, vertical, percent, total, free, gases, mode = row
    found = p528.transmission_loss(d, low, high, mhz / 1e3, percent, "vertical" if vertical else "horizontal")
    assert float(found.total_db) == pytest.approx(total, abs=3e-3)
    assert float(found.free_space_db) == pytest.approx(free, abs=2e-3)
    assert float(found.gases_db) == pytest.approx(gases, abs=2e-4)
    assert int(found.mode) == mode
