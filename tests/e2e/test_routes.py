"""Routes between places through the engine: chunks do not show, and the limits of the rest of a run hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rabta
from rabta import stage as stages
from rabta.cli.events import joint
from rabta.engine import chunks
from rabta.engine.cache import Cache
from rabta.engine.evaluate import Engine
from rabta.engine.progress import Silent
from rabta.run import all_stages
from rabta.space.constellations import limits
from rabta.stage import Stage
from rabta.transport.latency import ALLOWANCE_MS
from rabta.twin import Twin

ENDS = {"places": ["Karachi", "Lahore", "Gilgit"], "abroad": ["Marseille"]}
SPAN = {"start": "2026-01-13T16:40:00Z", "hours": 1, "step_s": 120}
SKY = {"constellations": ["iridium-next", "oneweb"]}
Change = Callable[[Stage], Stage]


def needed(kept: list[Stage], name: str) -> list[Stage]:
    """Stages that a table comes from."""
    writer = {name: item for item in kept for name in item.writes}
    found, todo = set(), [name]
    while todo:
        item = writer[todo.pop()]
        if item.name not in found:
            found.add(item.name)
            todo += item.reads
    return [item for item in kept if item.name in found]


def routed(folder: Path, change: Change | None = None, **sections: Any) -> Twin:
    """A run as far as the table of routes; its stages may be changed."""
    given = {"nation": {"resolution": 4}, "time": SPAN, "space": SKY, "routes": ENDS} | sections
    scenario = rabta.load("tiny", **given).scenario
    kept = needed(stages.select(all_stages(), scenario.providers), "routes")
    kept = kept if change is None else [change(item) for item in kept]
    folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(scenario, kept, Cache(folder / "cache"), folder / "arrays.zarr", Silent())
    return engine.run()


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    return routed(tmp_path_factory.mktemp("usual"))


ARRAYS = (
    "route_rtt_ms", "space_rtt_ms", "route_mark", "space_mark", "route_satellites", "space_satellites",
    "route_parties", "route_disjoint", "route_backup_ms",
)  # fmt: skip


def test_chunks_do_not_show(usual: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of seven steps, which cut hours and acquisitions, give the same to the last bit."""
    monkeypatch.setattr(chunks, "CHUNK_STEPS", 7)
    monkeypatch.setattr(chunks.Chunks, "steps", 7)
    other = routed(tmp_path)
    assert len(usual.times) == 30
    for name in ARRAYS:
        assert np.array_equal(other.values(name), usual.values(name), equal_nan=True), name
    assert other.table("routes").equals(usual.table("routes"))


def strict(item: Stage, **columns: float) -> Stage:
    """The stage that places satellites, with columns of its systems replaced."""
    if "systems" not in item.writes:
        return item

    def placed(twin: Twin) -> dict[str, Any]:
        out = item.function(twin)
        return {**out, "systems": out["systems"].assign(**columns)}

    return replace(item, function=placed)


def test_lasers_are_cut_at_latitudes(usual: Twin, tmp_path: Path) -> None:
    """Iridium without any cut-off, at 68 degrees (as in the catalog) and at 10: ways only get longer."""
    assert limits(usual.table("systems"), "isl_polar_cutoff_deg").tolist() == [68.0, 90.0]
    free = routed(tmp_path / "free", lambda item: strict(item, isl_polar_cutoff_deg=90.0))
    low = routed(tmp_path / "low", lambda item: strict(item, isl_polar_cutoff_deg=10.0))
    most = [np.nan_to_num(t.values("space_rtt_ms"), nan=np.inf) for t in (free, usual, low)]
    assert (most[0] <= most[1]).all()
    assert (most[1] <= most[2]).all()
    assert (most[1] < most[2]).any()
    assert np.isfinite(most[1]).any()


def test_the_arc_is_avoided(tmp_path: Path, usual: Twin) -> None:
    far = routed(tmp_path / "far", lambda item: strict(item, gso_avoidance_deg=40.0))
    none = routed(
        tmp_path / "off",
        lambda item: strict(item, gso_avoidance_deg=40.0),
        space=SKY | {"gso_avoidance": False},
    )
    here, there = (np.nan_to_num(t.values("space_rtt_ms"), nan=np.inf) for t in (usual, far))
    assert (there >= here).all()
    assert (there > here).any()
    zero = routed(tmp_path / "zero", lambda item: strict(item, gso_avoidance_deg=0.0))
    assert np.array_equal(none.values("space_mark"), zero.values("space_mark"))


def test_a_denied_place_of_cables_changes_the_way(usual: Twin, tmp_path: Path) -> None:
    """What passes the Red Sea off Jeddah is gone: Marseille is farther over the ground."""
    cut = routed(tmp_path, transport={"denied": ["Red Sea off Jeddah"]})
    names = list(usual.table("ends")["name"])
    a, b = names.index("Karachi"), names.index("Marseille")
    before, after = (float(t.values("ground_rtt_ms")[a, b]) for t in (usual, cut))
    assert np.isnan(after) or after > before + 1.0
    marks = [t.values("route_mark")[:, a, b] for t in (usual, cut)]
    assert not np.array_equal(*marks)
    home = names.index("Lahore")
    assert float(cut.values("ground_rtt_ms")[a, home]) == float(usual.values("ground_rtt_ms")[a, home])


def test_denied_operators_are_gone(tmp_path: Path) -> None:
    dark = routed(tmp_path, transport={"denied": ["foreign-space"]})
    rtt = dark.values("space_rtt_ms")
    assert np.isnan(rtt[:, ~np.eye(rtt.shape[1], dtype=bool)]).all()


def soaked(item: Stage, gateway: slice, steps: slice) -> Stage:
    """Rain that cuts off some gateways in some steps of every chunk."""
    if "gateway_factor" not in item.writes:
        return item

    def wet(twin: Twin) -> dict[str, Any]:
        out = item.function(twin)
        factor = out["gateway_factor"].copy()
        factor[steps, gateway] = 0.0
        return {**out, "gateway_factor": factor}

    return replace(item, function=wet)


def test_rain_takes_gateways_away(usual: Twin, tmp_path: Path) -> None:
    """All gateways out in ten steps: OneWeb's bent pipes are shut there, and nothing changes elsewhere."""
    only = {"space": {"constellations": ["oneweb"]}}
    clear = routed(tmp_path / "dry", **only)
    wet = routed(tmp_path / "wet", lambda item: soaked(item, slice(None), slice(10, 20)), **only)
    rtt, other = clear.values("space_rtt_ms"), wet.values("space_rtt_ms")
    pairs = ~np.eye(rtt.shape[1], dtype=bool)
    assert np.isfinite(rtt[10:20][:, pairs]).any()
    assert np.isnan(other[10:20][:, pairs]).all()
    rest = np.r_[0:10, 20:30]
    assert np.array_equal(other[rest], rtt[rest], equal_nan=True)
    assert len(usual.table("gateways")) == len(wet.table("gateways"))


def test_rain_moves_traffic_to_another_gateway(tmp_path: Path) -> None:
    """Gateways out one by one: some way that used it lands elsewhere, none becomes shorter."""
    only = {"space": {"constellations": ["oneweb"]}}
    clear = routed(tmp_path / "dry", **only)
    rtt, moved = np.nan_to_num(clear.values("space_rtt_ms"), nan=np.inf), False
    for gateway in range(len(clear.table("gateways"))):
        if "oneweb" not in str(clear.table("gateways")["systems"].iloc[gateway]):
            continue
        out = slice(gateway, gateway + 1)
        wet = routed(tmp_path / f"{gateway}", lambda item, g=out: soaked(item, g, slice(None)), **only)
        other = np.nan_to_num(wet.values("space_rtt_ms"), nan=np.inf)
        assert (other >= rtt).all()
        moved |= bool((np.isfinite(other) & (other > rtt)).any())
        if moved:
            break
    assert moved


def test_ways_under_load_obey_lasers(tmp_path: Path) -> None:
    """Ways under load are never shorter than the shortest under the same limits; they use satellites."""
    given = {"time": SPAN | {"hours": 0.1}, "space": {"constellations": ["starlink-gen1-filed"]}}
    loaded, best = (
        routed(tmp_path / policy, routes=ENDS | {"policy": policy}, **given)
        for policy in ("least-load", "shortest")
    )
    rtt, least = (t.values("route_rtt_ms") for t in (loaded, best))
    assert (rtt >= least * (1.0 - 1e-6)).all()
    assert (loaded.values("route_satellites") > 0).any()
    assert limits(best.table("systems"), "isl_acquisition_s").tolist() == [12.0]


def test_events_over_a_platform() -> None:
    """A platform over Gilgit joins two towns under it, and it alone when space is shut."""
    platform = {
        "name": "HAPS",
        "height_m": 20_000.0,
        "capacity_mbps": 1_000.0,
        "lat_deg": 35.9,
        "lon_deg": 74.3,
    }
    given = {
        "nation": {"resolution": 4},
        "time": {"start": "2026-01-13T16:40:00Z", "hours": 0.05},
        "space": {"constellations": ["iridium-next"]},
        "transport": {"platforms": [platform], "denied": ["foreign-space"]},
    }
    found = joint.study(rabta.load("tiny", **given).scenario, "Gilgit", "Jaglot", space_only=True)
    assert found["summary"]["served_share"] == 1.0
    (event,) = found["events"]
    assert event["path"] == ["Gilgit", "HAPS", "Jaglot"]
    assert event["rtt_ms"] - ALLOWANCE_MS < 1.0  # 60 to 100 km of radio links, there and back
