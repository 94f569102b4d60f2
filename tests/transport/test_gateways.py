"""The gateways catalog and the landing of satellites."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rabta import catalog, geo, schema
from rabta.catalog import Entry
from rabta.errors import RabtaError
from rabta.transport import gateways

SITE = {
    "name": "Lahore",
    "lat_deg": 31.55,
    "lon_deg": 74.34,
    "antennas": 2,
    "capacity_gbps": 40.0,
    "exchange_km": 1300.0,
}


def entry(*sites: dict[str, object]) -> Entry:
    return Entry("gateways", "mine", Path("mine.toml"), {"gateways": list(sites)})


def test_shipped_entries_make_tables() -> None:
    for name in catalog.names("gateways"):
        table = gateways.table(catalog.entry("gateways", name))
        assert list(table.columns) == list(schema.tables()["gateways"])
        assert len(table) > 0
        assert (table["exchange_km"] >= 0).all()


def test_defaults_come_from_the_schema() -> None:
    table = gateways.table(entry(SITE))
    assert table.loc[0, ["country", "systems", "status"]].tolist() == ["PK", "*", "planned"]
    assert table.loc[0, "height_m"] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lat_deg": 131.0}, "lat_deg"),
        ({"capacity_gbps": -1.0}, "capacity_gbps"),
        ({"capacity_gbps": "much"}, "capacity_gbps"),
        ({"capcity": 1.0}, "capacity_gbps"),
        ({"exchange_km": None}, "exchange_km"),
    ],
)
def test_wrong_keys_are_named(change: dict[str, object], message: str) -> None:
    site = {k: v for k, v in {**SITE, **change}.items() if v is not None}
    with pytest.raises(RabtaError, match=message) as caught:
        gateways.table(entry(site))
    assert caught.value.file == Path("mine.toml")


def test_an_entry_may_be_empty() -> None:
    table = gateways.table(entry())
    assert len(table) == 0
    assert gateways.sites(table, ["a", "b"]).allowed.shape == (0, 2)


def scene(
    seed: int, antennas: int = 2, mesh: int = -1
) -> tuple[gateways.Sites, gateways.Fleet, np.ndarray, np.ndarray, np.ndarray]:
    """Three gateways, nine satellites overhead of two systems, twelve cells; system 1 only at gateway 0."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(26, 34, 3), rng.uniform(64, 74, 3)
    place = gateways.Sites(
        geo.ecef_from_geodetic(lat, lon),
        np.ascontiguousarray(geo.east_north_up(lat, lon)[:, 2]),
        np.full(3, antennas),
        np.array([100.0, 50.0, 0.0]) if mesh >= 0 else np.full(3, 100.0),
        np.full(3, 500.0),
        np.array([[1, 1], [1, 0], [1, 0]], np.uint8),
    )
    position = geo.ecef_from_geodetic(rng.uniform(22, 38, (1, 9)), rng.uniform(58, 80, (1, 9)), 550e3)
    fleet = gateways.Fleet(
        position.astype(np.float32),
        rng.integers(0, 2, 9).astype(np.int32),
        np.full(9, mesh, np.int32),
        np.sin(np.radians([10.0, 25.0])),
    )
    slot = rng.integers(0, 9, (1, 12, 2)).astype(np.int16)
    return place, fleet, slot, np.ones((1, 12, 2), np.float32), rng.lognormal(0, 1, 12)


def allowed(place: gateways.Sites, fleet: gateways.Fleet) -> np.ndarray:
    """Which gateway may track which satellite (reference)."""
    away = fleet.position_m[0][:, None, :].astype(float) - place.position_m
    sine = (away * place.up).sum(axis=-1) / np.linalg.norm(away, axis=-1)
    return (sine >= fleet.min_sine[fleet.system][:, None]) & (place.allowed[:, fleet.system].T == 1)


def matched(able: np.ndarray, chosen: tuple[int, ...], antennas: int) -> bool:
    """True where Hall's condition holds for the chosen satellites."""
    for size in range(1, len(chosen) + 1):
        for some in combinations(chosen, size):
            if able[list(some)].any(axis=0).sum() * antennas < size:
                return False
    return True


@pytest.mark.parametrize("seed", range(12))
def test_the_most_needed_set_is_linked(seed: int) -> None:
    """Among all sets of satellites that antennas allow, the linked one has the greatest need."""
    place, fleet, slot, efficiency, need = scene(seed, antennas=1 + seed % 2)
    landed = gateways.land(place, fleet, slot, efficiency, need)
    link, able = landed.link[0], allowed(place, fleet)
    linked = np.flatnonzero(link >= 0)
    assert able[linked, link[linked]].all()
    assert (np.bincount(link[linked], minlength=3) <= 1 + seed % 2).all()
    weight = np.bincount(slot[0].ravel(), weights=np.repeat(need, 2), minlength=9)
    best = max(
        weight[list(some)].sum()
        for size in range(10)
        for some in combinations(range(9), size)
        if matched(able, some, 1 + seed % 2)
    )
    assert weight[linked].sum() == pytest.approx(best)


def test_a_mesh_lands_at_every_gateway_linked_to_it() -> None:
    place, fleet, slot, efficiency, need = scene(3, mesh=0)
    place = gateways.Sites(**{**vars(place), "antennas": np.array([2, 2, 0])})
    landed = gateways.land(place, fleet, slot, efficiency, need)
    gates = np.unique(landed.link[landed.link >= 0])
    assert (landed.landing[0] == 3).all()
    share = landed.split[0, 3]
    assert share.sum() == pytest.approx(1.0)
    assert set(np.flatnonzero(share)) == set(gates)
    assert share[0] == pytest.approx(2 * share[1])  # as their feeders, when the mesh is alone


def test_without_gateways_nothing_lands() -> None:
    _, fleet, slot, efficiency, need = scene(3, mesh=0)
    none = gateways.sites(gateways.table(entry()), ["a", "b"])
    landed = gateways.land(none, fleet, slot, efficiency, need)
    assert (landed.link == -1).all()
    assert (landed.landing == -1).all()
