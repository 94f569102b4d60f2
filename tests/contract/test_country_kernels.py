"""The compiled drops of a nation's cells against the plain ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rabta.mobile import nr, pathloss
from rabta.mobile.country import _kernels, ground, reference


def case(seed: int, points: int = 40, sites: int = 25, carriers: int = 4) -> dict[str, Any]:
    """A random network: some sites lack carriers, some neighbours are missing."""
    rng = np.random.default_rng(seed)
    near = np.stack([rng.permutation(sites)[:8] for _ in range(points)]).astype(np.int32)
    near[rng.random(near.shape) < 0.1] = -1
    spot = lambda n: np.radians(np.column_stack([30.0 + 0.05 * rng.random(n), 70.0 + 0.05 * rng.random(n)]))  # noqa: E731
    site = np.column_stack(
        [spot(sites), rng.choice([25.0, 35.0], sites), 120.0 * rng.random(sites), 8.0 * rng.random(sites)]
    )
    power = np.where(
        rng.random((sites, carriers)) < 0.2, 0.0, 10.0 ** (5.0 + 0.5 * rng.random((sites, carriers)))
    )
    return {
        "point": spot(points),
        "near": near,
        "site": site,
        "urban": rng.random(sites) < 0.5,
        "ground": rng.integers(0, 3, sites).astype(np.int32),
        "power": power.astype(np.float32),
        "ghz": np.array([0.9, 1.8, 3.5, 95.0])[:carriers],
        "terrain": np.cumsum(5.0 * rng.random((3, 2, 4)), axis=-1).astype(np.float32),
        "knots": np.array([30.0, 1e3, 3e3, 1e4]),
        "carrier": np.array([0, 0, 1, 1])[:carriers],
        "key": rng.integers(0, 2**63, points).astype(np.uint64),
    }


def compiled(given: dict[str, Any]) -> tuple[Any, Any]:
    shape = (*given["near"].shape, len(given["ghz"]))
    out, ratio, far = (
        np.empty(shape, np.float32),
        np.empty(shape[:2], np.float32),
        np.empty(shape[:2], np.float32),
    )
    _kernels.receive(0, shape[0], *given.values(), out, ratio, far)
    return out, ratio


@pytest.mark.parametrize("seed", range(4))
def test_receive_is_its_reference(seed: int) -> None:
    given = case(seed)
    ours, ratio = compiled(given)
    theirs, ratio_reference = reference.receive(**given)
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert ratio == pytest.approx(ratio_reference, rel=1e-6)


@pytest.mark.parametrize("together", [1, 2, 4])
def test_rates_are_the_efficiency_at_the_sinr(together: int) -> None:
    rng = np.random.default_rng(5)
    given = case(7, points=200)
    received, ratio = compiled(given)
    load = rng.random(25).astype(np.float32)
    server = ground._server(received, np.ones(4))
    noise, entry, width = (
        np.full(4, 1e-11),
        np.array([0.5, 0.3, 0.1, 1e-3]),
        np.array([8.0, 16.0, 40.0, 700.0]),
    )
    indoor, axis = rng.random(200) < 0.5, np.array(ground.AXIS_DB)
    middle = axis[0] + axis[1] * (np.arange(ground.STEPS) + 0.5)
    bits = np.stack([nr.efficiency(middle, layers) for layers in (1, 2)])
    order = np.array([0, 1, 1, 0])
    whole, alone = np.empty(200, np.float32), np.empty(200, np.float32)
    near, single = given["near"], np.array([1.0, 0.8, 1.0, 0.4])
    _kernels.rates(
        0, 200, received, ratio, near, server, load, width, noise, entry, indoor, axis, bits, order, single,
        together, whole, alone,
    )  # fmt: skip
    sinr = reference.sinr_db(received.astype(float), ratio, near, server, load, noise, entry, indoor)
    sinr = np.maximum(sinr, -200.05)
    row = np.clip(np.floor((sinr - axis[0]) / axis[1]), -1, ground.STEPS - 1).astype(int)
    each = np.where(row < 0, 0.0, width * bits[order, row])
    near_edge = (np.abs((sinr - axis[0]) / axis[1] % 1.0 - 0.5) > 0.499).any(
        axis=1
    )  # single precision may differ
    assert near_edge.mean() < 0.05
    assert whole[~near_edge] == pytest.approx(each.sum(axis=1)[~near_edge], rel=1e-5, abs=1e-6)
    best = np.sort(each * single, axis=1)[:, ::-1][:, :together].sum(axis=1)
    assert alone[~near_edge] == pytest.approx(best[~near_edge], rel=1e-5, abs=1e-6)


def test_losses_are_the_rural_and_urban_models() -> None:
    """TR 38.901, table 7.4.1-1: RMa as in `pathloss`; UMa LOS at 100 m, 1 GHz: 28 + 22 log10(102.7)."""
    for d in (40.0, 900.0, 5000.0, 9000.0):
        assert _kernels.rma_db(d, 1.8, 35.0, True) == pytest.approx(
            float(pathloss.rma_los_db(d, 1.8)), abs=1e-9
        )
        assert _kernels.rma_db(d, 1.8, 35.0, False) == pytest.approx(
            float(pathloss.rma_nlos_db(d, 1.8)), abs=1e-9
        )
    slant = np.hypot(100.0, 23.5)
    assert _kernels.uma_db(100.0, 1.0, 25.0, True) == pytest.approx(28.0 + 22.0 * np.log10(slant))
    far = 13.54 + 39.08 * np.log10(np.hypot(2000.0, 23.5)) + 20.0 * np.log10(2.0)
    assert _kernels.uma_db(2000.0, 2.0, 25.0, False) == pytest.approx(far)
