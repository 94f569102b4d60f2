"""The compiled protection levels and the whole design matrices agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from rabta.pnt.integrity import _search, araim, plain
from rabta.pnt.integrity.ism import Support


def scene(seed: int, count: int, systems: str) -> araim.Geometry:
    rng = np.random.default_rng(seed)
    azimuth, up = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.1, 1.0, count)
    level = np.sqrt(1 - up**2)
    unit = np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, up], axis=-1)[None]
    kind = np.array(list((systems * count)[:count]))
    clock = np.array([ord(k) % 4 for k in kind]) * 2
    if seed % 3 == 0:  # a second signal of the first system
        clock = clock + (np.arange(count) % 4 == 0) * (kind == "G")
    slack = None if seed % 2 else np.array([2.5])
    mapping = None if slack is None else 1.0 / (0.1 + up)
    parent, ties = np.arange(8), np.zeros(8)
    if seed % 5 < 2:  # the second signal has the first one's clock, and a delay of its own
        parent[7], ties[7] = 6, 1.5
    noise, residual = rng.uniform(0.3, 2.0, (1, count)), rng.normal(size=(1, count))
    return araim.Geometry(unit, kind, noise, residual, clock, mapping, slack, parent, ties)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(4, 16),
    systems=st.sampled_from(["G", "GC", "GCE", "GGC"]),
    order=st.integers(1, 3),
    p_const=st.sampled_from([0.0, 1e-8, 1e-4]),
    p_threshold=st.sampled_from([0.0, 8e-8]),
    consolidate=st.sampled_from([0.0, 0.01, 1.0]),
)
def test_kernel_is_the_design_matrix(
    seed: int, count: int, systems: str, order: int, p_const: float, p_threshold: float, consolidate: float
) -> None:
    geometry = scene(seed, count, systems)
    ism = {
        "G": Support(1e-5, p_const, 1.0, 0.7, 0.75, 0.1),
        "C": Support(3e-5, p_const, 1.5, 0.6, 0.5),
        "E": Support(1e-4, p_const, 1.2, 1.0, 0.6),
    }
    allocation = araim.Allocation(p_threshold=p_threshold, consolidate=consolidate)
    found = araim.protection(geometry, ism, order, allocation=allocation)
    expected = plain.reference(geometry, ism, order, allocation)
    if "sigma" not in expected:
        assert np.isinf(found.hpl_m[0])
        return
    assert found.order[0] == expected["order"]
    assert found.modes[0] == expected["modes"]
    assert found.p_left[0] == pytest.approx(expected["p_left"], rel=1e-6, abs=1e-15)
    if np.isinf(expected["hpl_m"]):
        assert np.isinf(found.hpl_m[0])
        return
    worst = expected["sigma"].max()
    assert found.hpl_m[0] == pytest.approx(expected["hpl_m"], rel=1e-6 * max(worst, 1.0), abs=3e-3)
    assert found.vpl_m[0] == pytest.approx(expected["vpl_m"], rel=1e-6 * max(worst, 1.0), abs=3e-3)
    assert found.sigma_m[0] == pytest.approx(expected["sigma"][0], rel=1e-8)
    ratio = expected["separation"][1:] / np.maximum(expected["threshold"][1:], 1e-12)
    ratio[expected["threshold"][1:] < 1e-9] = 0.0
    assert found.alarm[0] == pytest.approx(ratio.max(initial=0.0), rel=1e-6)


@pytest.mark.parametrize("seed", [3, 4, 6, 7, 12, 15, 36])
def test_offset_and_fit_are_the_weighted_solution(seed: int) -> None:
    geometry = scene(seed, 14, "GC")
    ism = {"default": Support(1e-5, 1e-4, 1.0, 0.7, 0.75)}
    found = araim.protection(geometry, ism, 1)
    given = araim.inputs(geometry, ism)
    own = given.parent[given.clock[0]]
    clocks = own[:, None] == np.unique(own)[None]
    delays = given.clock[0][:, None] == np.arange(8)[None]
    design = np.hstack([given.rows[0, :, :3], clocks, given.rows[0, :, 9:], delays])
    prior = np.hstack([np.zeros((9, design.shape[1] - 9)), np.eye(9)])
    sigma = np.concatenate(
        [np.sqrt(given.rows[0, :, 3]), np.maximum(np.append(given.slack[0], given.ties), 1e-7)]
    )
    design = np.vstack([design, prior]) / sigma[:, None]
    y = np.append(geometry.residual_m, np.zeros(9)) / sigma
    x = np.linalg.lstsq(design, y, rcond=None)[0]
    assert found.offset_m[0] == pytest.approx(-x[:3], rel=1e-5, abs=1e-7)
    assert found.chi2[0] == pytest.approx(float(np.sum((y - design @ x) ** 2)), rel=1e-5)
    assert found.freedom[0] == 14 - 3 - np.unique(own).size


@pytest.mark.parametrize("p", [1e-300, 1e-12, 1e-7, 0.01, 0.3, 0.5, 0.9, 1 - 1e-9])
def test_tail_point_is_the_normal_quantile(p: float) -> None:
    assert _search.tail_point(p) == pytest.approx(float(-ndtri(p)), rel=1e-14, abs=1e-15)


def test_tail_point_at_the_ends() -> None:
    ends: list[Any] = [_search.tail_point(0.0), _search.tail_point(1.0)]
    assert ends == [np.inf, -np.inf]
