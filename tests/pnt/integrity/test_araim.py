"""Protection levels against the published numerical example and against each other."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.integrity import araim, ism, plain
from rabta.pnt.integrity.plain import working_group

SOURCE = "Blanch et al., ION GNSS 2012, appendix H; Reference Airborne Algorithm Description 3.0"


def test_numerical_example() -> None:
    """VPL 19.2, HPL 14.5, EMT 7.8, sigma_acc 1.47 m; the search of the paper stops within 5 cm."""
    geometry, table = working_group()
    found = araim.protection(geometry, table, order=1)
    assert found.vpl_m[0] == pytest.approx(19.2, abs=0.05), SOURCE
    assert found.hpl_m[0] == pytest.approx(14.5, abs=0.1), SOURCE
    assert found.emt_m[0] == pytest.approx(7.8, abs=0.05), SOURCE
    assert found.sigma_acc_m[0, 1] == pytest.approx(1.47, abs=0.005), SOURCE
    assert found.available[0]


def test_subsets_of_the_numerical_example() -> None:
    """Deviation, bias and separation, up, without GPS and without Galileo."""
    geometry, table = working_group()
    found = plain.reference(geometry, table, order=1)
    up = {events: k + 1 for k, events in enumerate(found["events"])}
    gps, galileo = up[(-1,)], up[(-3,)]
    assert found["sigma"][[gps, galileo], 2] == pytest.approx([2.5760, 2.5577], abs=2e-4), SOURCE
    assert found["apart"][[gps, galileo], 2] == pytest.approx([1.5307, 1.5292], abs=1e-3), SOURCE
    assert found["bias"][[gps, galileo], 2] == pytest.approx([2.8935, 2.0875], abs=2e-4), SOURCE


def sky(count: int, seed: int = 0, users: int = 5) -> araim.Geometry:
    rng = np.random.default_rng(seed)
    azimuth, up = rng.uniform(0, 2 * np.pi, (users, count)), rng.uniform(0.15, 1.0, (users, count))
    level = np.sqrt(1 - up**2)
    unit = np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, up], axis=-1)
    kind = np.where(np.arange(count) % 5 < 2, "G", "C3")
    return araim.Geometry(unit, kind, ism.local_m(ism.elevation_deg(unit)))


SAME = {"default": ism.Support(1e-5, 1e-4, 1.0, 0.67, 0.75)}


def test_many_satellites_need_double_faults() -> None:
    """29 satellites at 1e-5, two constellations at 1e-4: single faults leave 1.09e-7 over, above 8e-8."""
    single, double = (araim.protection(sky(29), SAME, order) for order in (1, 2))
    assert single.p_left == pytest.approx(1.086e-7, rel=2e-3)
    assert not single.available.any()
    assert (double.order == 2).all()
    assert double.p_left == pytest.approx(1.0e-8, rel=5e-3)  # both constellations at once: nothing is left
    assert np.isfinite(double.vpl_m).all()


def test_few_satellites_need_single_faults_only() -> None:
    found = araim.protection(sky(10), SAME, order=3)
    assert (found.order == 1).all()


def test_masked_satellites_are_absent_ones() -> None:
    whole = sky(14)
    less = araim.Geometry(whole.unit[:, :12], whole.kind[:12], whole.sigma_m[:, :12])
    for hidden in (np.nan, 0.0):
        sigma = whole.sigma_m.copy()
        sigma[:, 12:] = hidden
        found = araim.protection(araim.Geometry(whole.unit, whole.kind, sigma), SAME)
        assert found.vpl_m == pytest.approx(araim.protection(less, SAME).vpl_m, rel=1e-12)
        assert (found.count == 12).all()


def test_no_position_without_satellites() -> None:
    empty = araim.Geometry(np.full((2, 3, 3), np.nan), np.array(["G", "G", "G"]), np.ones((2, 3)))
    found = araim.protection(empty, SAME)
    assert np.isinf(found.hpl_m).all()
    assert not found.available.any()


def test_constellation_alone() -> None:
    """The fault of the only constellation in view cannot be seen; declared at 1e-8 it costs little."""
    seen = sky(12)
    alone = araim.Geometry(seen.unit, np.full(12, "C3"), seen.sigma_m)
    assert np.isinf(araim.protection(alone, SAME).vpl_m).all()
    free = araim.protection(alone, SAME, constellation_faults=False)
    small = araim.protection(alone, {"C": ism.Support(1e-5, 1e-8, 1.0, 0.67, 0.75)})
    assert np.isfinite(free.vpl_m).all()
    assert (free.vpl_m <= small.vpl_m).all()
    assert small.vpl_m == pytest.approx(free.vpl_m, rel=0.05)


def test_levels_hold_against_faults() -> None:
    """No draw of noise, biases and one missed fault exceeds its level more often than its budget allows.

    The budget is made large, so that misses can be counted.
    """
    rng = np.random.default_rng(7)
    seen = sky(11, seed=2, users=1)
    table = {"default": ism.Support(2e-2, 0.0, 1.0, 1.0, 0.5, 0.5)}
    allocation = araim.Allocation(0.05, 0.05, 0.05, 0.05, p_threshold=0.05)
    draws = 40_000
    rows = araim.inputs(seen, table).rows
    error = rng.normal(size=(draws, 11)) * np.sqrt(rows[0, :, 3]) + rng.choice([-0.5, 0.5], (draws, 11))
    faulty = rng.random((draws, 11)) < 0.02
    error += faulty * rng.uniform(-60.0, 60.0, (draws, 11))
    many = araim.Geometry(np.repeat(seen.unit, draws, 0), seen.kind, np.repeat(seen.sigma_m, draws, 0), error)
    found = araim.protection(many, table, 2, allocation=allocation)
    quiet = found.alarm <= 1.0
    assert quiet.mean() > 0.7
    assert np.mean(quiet & (np.abs(found.offset_m[:, 2]) > found.vpl_m)) < 0.05
    flat = np.hypot(found.offset_m[:, 0], found.offset_m[:, 1])
    assert np.mean(quiet & (flat > found.hpl_m)) < 0.05
    clean = ~faulty.any(axis=1)
    assert np.mean(found.alarm[clean] > 1.0) < 0.1


def test_support_of_unknown_system_is_refused() -> None:
    with pytest.raises(RabtaError, match="no integrity support"):
        araim.protection(sky(8), {"G": SAME["default"]})


def test_refusals() -> None:
    with pytest.raises(RabtaError, match="order"):
        araim.protection(sky(8), SAME, order=4)
    with pytest.raises(RabtaError, match="no geometry"):
        araim.protection(araim.Geometry(np.zeros((3, 2)), np.array(["G"]), np.ones(3)), SAME)


def test_error_models_of_the_numerical_example() -> None:
    """Troposphere and receiver of the example's ten elevations; the table's numbers, squared."""
    geometry, _ = working_group()
    elevation = ism.elevation_deg(geometry.unit[0])
    troposphere = [1.2733, 0.2055, 0.0257, 0.2697, 0.1702, 0.0161, 0.0404, 0.0287, 0.0242, 0.1820]
    receiver = [2.0508, 0.6698, 0.2722, 0.8061, 0.5902, 0.2648, 0.2934, 0.2757, 0.2706, 0.6171]
    assert ism.troposphere_m(elevation) ** 2 == pytest.approx(troposphere, abs=3e-3), SOURCE
    found = (ism.combined(ism.L1_HZ, ism.L5_HZ) * ism.receiver_m(elevation)) ** 2
    assert found == pytest.approx(receiver, abs=3e-3), SOURCE


def test_ionosphere_of_the_standard() -> None:
    """DO-229D, J.2.3: 9, 4.5, 6 m by geomagnetic latitude, or a fifth of the delay; slant 3.04 at 5."""
    assert ism.ionosphere_m(0.0, 90.0, [10.0, -40.0, 70.0]) == pytest.approx([9.0, 4.5, 6.0])
    assert float(ism.ionosphere_m(0.0, 5.0, 40.0)) == pytest.approx(4.5 * 3.04, rel=2e-3)
    assert float(ism.ionosphere_m(100.0, 90.0, 40.0)) == pytest.approx(20.0)
    lower = ism.ionosphere_m(0.0, 90.0, 40.0, ism.L5_HZ)
    assert float(lower) == pytest.approx(4.5 * (1575.42 / 1176.45) ** 2)


def test_supports_of_the_catalog_are_sane() -> None:
    """Bounds are no smaller than usual errors; what the entry's text says of BeiDou is in its numbers."""
    table = ism.load("open")
    for kind, item in table.items():
        assert item.sigma_ura_m >= item.sigma_ure_m > 0.0, kind
        assert 0.0 < item.p_sat < 1e-3, kind
    assert table["C3"].p_const == 6e-5
    assert ism.support(table, "C").sigma_ura_m == table["CG"].sigma_ura_m  # generation unknown: the wider


def test_one_frequency_needs_an_ionosphere() -> None:
    with pytest.raises(RabtaError, match="one frequency"):
        ism.local_m(45.0, (ism.L1_HZ,))
    single = ism.local_m(45.0, (ism.L1_HZ,), ism.ionosphere_m(0.0, 45.0, 30.0))
    assert float(single) > float(ism.local_m(45.0))
