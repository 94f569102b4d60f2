"""Network remote ID: what is shown of whom, to whom, and what is hidden (ASTM F3411-22a and F3411-19).

Limits are the standard's as InterUSS's `uas_standards` (Apache 2.0) quotes them; the qualifier's own suites
run in `tests/airspace/qualifier/test_remoteid.py`.
"""

from __future__ import annotations

import asyncio
import math
import time

import httpx
import numpy as np
import pytest
from tests.airspace.conftest import circle, instance, supplier
from uas_standards.astm.f3411.v19 import constants as of_2019
from uas_standards.astm.f3411.v22a import constants as of_2022

from rabta.airspace.geozones.heights import geoid_m
from rabta.airspace.remoteid.network import editions, view
from rabta.airspace.remoteid.network.details import Details
from rabta.airspace.remoteid.network.details import read as read_details
from rabta.airspace.remoteid.network.display import Display, Seen, clusters, paths
from rabta.airspace.remoteid.network.editions import F3411_19, F3411_22A
from rabta.airspace.remoteid.network.provider import Provider, Tracked, slow
from rabta.airspace.remoteid.network.states import State, missing, past, read, shown
from rabta.airspace.uss.book import Book
from rabta.errors import RabtaError
from rabta.geo import great_circle_m

PLACE = (33.65, 73.05)


def state(at_s=0.0, lat=PLACE[0], lon=PLACE[1], **more):
    return State(at_s, lat, lon, 600.0, **more)


def message(at="2026-11-24T04:00:00Z", **changes):
    position = {"lat": 33.65, "lng": 73.05, "alt": 612.5, "accuracy_h": "HA3m", "accuracy_v": "VA3m"}
    found = {"timestamp": {"value": at, "format": "RFC3339"}, "timestamp_accuracy": 0.1, "position": position,
             "track": 90.0, "speed": 12.25, "speed_accuracy": "SA3mps", "vertical_speed": -0.5,
             "operational_status": "Airborne"}  # fmt: skip
    return {**found, **changes}


def test_limits_are_the_standards() -> None:
    for ours, theirs in ((F3411_22A, of_2022), (F3411_19, of_2019)):
        assert ours.largest_km == theirs.NetMaxDisplayAreaDiagonalKm
        assert ours.detailed_km == theirs.NetDetailsMaxDisplayAreaDiagonalKm
        assert theirs.NetMaxNearRealTimeDataPeriodSeconds == editions.PAST_S
        assert theirs.NetMinClusterSizePercent == 100.0 * editions.LEAST_SHARE
        assert theirs.NetMinObfuscationDistanceM == editions.LEAST_APART_M


def test_cells_hide_and_do_not_move() -> None:
    """At any latitude: as large as the standard wants, and the same wherever the view's edges are."""
    rng = np.random.default_rng(3)
    for _ in range(400):
        lat, lon = rng.uniform(-84.0, 84.0), rng.uniform(-179.9, 179.8)
        high = rng.uniform(0.002, 0.045)
        wide = rng.uniform(0.002, 0.045) / math.cos(math.radians(lat))
        box = view.View(lat, lon, lat + high, lon + wide)
        side = view.cell_m(box)
        found = view.cell(lat + 0.3 * high, lon + 0.6 * wide, side)
        assert found.contains(lat + 0.3 * high, lon + 0.6 * wide)
        assert found.area_m2 >= 0.15 * box.area_m2
        poleward = found.south if abs(found.south) > abs(found.north) else found.north
        assert great_circle_m(poleward, found.west, poleward, found.east) >= 600.0
        assert great_circle_m(found.south, found.west, found.north, found.west) >= 600.0
        inside = [(found.south + f * (found.north - found.south), found.west + g * (found.east - found.west))
                  for f, g in rng.random((5, 2))]  # fmt: skip
        assert {view.cell(*one, side) for one in inside} == {found}, "nothing tells where in it"
        moved = view.View(lat + 1e-4, lon - 1e-4, lat + high + 1e-4, lon + wide - 1e-4)
        if view.cell_m(moved) == side:
            assert view.cell(lat + 0.3 * high, lon + 0.6 * wide, view.cell_m(moved)) == found


def test_cells_are_of_few_sizes() -> None:
    """Many views learn no finer grid than the smallest: sizes are steps of the square root of 2."""
    sizes = {round(view.cell_m(view.View(33.0, 73.0, 33.0 + h, 73.0 + w)), 6)
             for h in np.linspace(0.002, 0.04, 40) for w in np.linspace(0.002, 0.04, 40)}  # fmt: skip
    steps = {round(2.0 * math.log2(one / min(sizes)), 6) for one in sizes}
    assert len(sizes) <= 6
    assert all(one == round(one) for one in steps)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "91,0,0,0", "0,181,0,0", "nan,0,0,0", "inf,0,1,1"]
)
def test_views_that_are_none(text: str) -> None:
    with pytest.raises(RabtaError, match="view"):
        view.view(text)


def test_a_view_over_the_date_line() -> None:
    box = view.view("10.0,179.99,10.01,-179.99")
    assert box.east - box.west == pytest.approx(0.02)
    assert box.contains(10.005, 180.0)
    assert box.contains(10.005, -179.995)
    assert not box.contains(10.005, 0.0)
    assert box.diagonal_km == pytest.approx(2.46, abs=0.02)
    assert box.grown(0.1).covers(box)
    assert view.around([(10.0, 179.99), (10.01, -179.99)]) == view.View(
        10.0, 179.99, 10.01, pytest.approx(180.01)
    )


def test_one_position_before_and_after_a_view() -> None:
    """F3411-22a: positions outside the area only where the aircraft enters it or leaves it."""
    box = view.View(33.0, 73.0, 33.1, 73.1)
    lon = [72.8, 72.9, 73.05, 73.06, 73.2, 73.3, 73.4, 73.09, 73.5]
    rows = [state(k, 33.05, one) for k, one in enumerate(lon)]
    assert [one.at_s for one in shown(rows, box)] == [1, 2, 3, 4, 6, 7, 8]
    assert shown([rows[0], rows[5]], box) == []
    assert [[one.at_s for one in path] for path in paths(shown(rows, box), box)] == [[1, 2, 3, 4], [6, 7, 8]]


@pytest.mark.parametrize(
    ("every_s", "is_slow"), [(0.5, False), (1.0, False), (1.05, False), (2.0, True), (5.0, True)]
)
def test_reports_that_come_too_seldom(every_s: float, is_slow: bool) -> None:
    """NetMinUasLocRefreshFrequencyHz 1 for NetMinUasLocRefreshPercentage 20."""
    rows = [state(at) for at in np.arange(0.0, 10.0, every_s)]
    assert slow(rows, 10.0) == is_slow
    assert not slow(rows[:1], 3.0), "too little to say"


def test_a_fifth_of_the_time_is_enough() -> None:
    assert not slow([state(at) for at in (0.0, 1.0, 2.0, 6.0)], 10.0)
    assert slow([state(at) for at in (0.0, 1.0, 4.0, 7.0)], 10.0)


@pytest.mark.parametrize("edition", [F3411_22A, F3411_19])
def test_states_survive_writing_and_reading(edition) -> None:
    given = state(
        1_795_435_200.5,
        track_deg=271.0,
        speed_m_s=12.25,
        climb_m_s=-1.5,
        accuracy_s=0.1,
        across="HA3m",
        up="VA10m",
        speed_accuracy="SA1mps",
        status="Airborne",
        above_m=55.0,
        above="GroundLevel",
        pressure_m=580.0,
    )
    assert read(given.message(edition), edition) == given
    rows = [{"time": edition.when(one), "position": given.position(edition)} for one in (7.0, 5.0)]
    assert [one.at_s for one in past(rows, edition)] == [5.0, 7.0]


def test_more_than_can_be_said_is_said_as_the_most() -> None:
    found = read(message(speed=300.0, vertical_speed=-80.0, track=360.0), F3411_22A)
    assert (found.speed_m_s, found.climb_m_s, found.track_deg) == (255.0, -62.0, 0.0)
    assert read(message(speed=254.9), F3411_22A).speed_m_s == 254.25


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"speed": -1.0}, "speed"),
        ({"track": 400.0}, "track"),
        ({"track": True}, "track"),
        ({"speed_accuracy": "SA2mps"}, "speed_accuracy"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"position": {"lat": 91.0, "lng": 0.0, "alt": 1.0}}, "vertices"),
        ({"position": []}, "position"),
        ({"operational_status": "Flying"}, "operational_status"),
        ({"vertical_speed": float("nan")}, "vertical_speed"),
        ({"position": {"lat": 1.0, "lng": 0.0, "alt": 1.0, "accuracy_h": "HA2m"}}, "accuracy_h"),
        ({"timestamp_accuracy": -0.1}, "timestamp_accuracy"),
    ],
)
def test_states_that_are_none_name_the_field(changes, key) -> None:
    with pytest.raises(RabtaError, match=key):
        read(message(**changes), F3411_22A)


def test_what_a_state_lacks() -> None:
    assert missing(message()) == []
    assert missing({**message(), "track": None, "position": {"lat": 1.0, "lng": 2.0}}) == [
        "track",
        "position.alt",
    ]


def test_details_in_every_form() -> None:
    held = {
        "id": "f-1",
        "serial_number": "INTJ11123456789012345",
        "operator_id": "PAK.OP1",
        "operator_location": {"lat": 33.6, "lng": 73.0},
        "registration_number": "PAK.1",
        "operator_altitude": {"altitude": 540.0, "altitude_type": "Takeoff"},
        "auth_data": {"format": 1, "data": "x"},
        "eu_classification": {"category": "Specific", "class": "Class3"},
    }
    found = read_details(held)
    assert read_details(found.message(F3411_22A)) == found
    old = found.message(F3411_19)
    assert old["serial_number"] == held["serial_number"]
    assert old["auth_data"]["format"] == "1"
    assert read_details(old).ids == found.ids
    assert found.observed()["operator"]["altitude"] == {"altitude": 540.0, "altitude_type": "Takeoff"}
    for wrong in (
        {"id": "a/b"},
        {"id": ""},
        {**held, "auth_data": {"format": 16}},
        {**held, "operator_id": 3},
    ):
        with pytest.raises(RabtaError):
            read_details(wrong)


class Network:
    """Discovery that remembers what was asked, and whom it told."""

    def __init__(self):
        self.calls, self.version, self.broken = [], 0, False

    async def discovery(self, method, path, scope, body=None):
        self.calls.append((method, path, scope, body))
        self.version += 1
        area = {
            "id": path.split("/")[5],
            "owner": "uss1",
            "version": f"v{self.version}",
            "uss_base_url": "http://us",
        }
        name = (
            {"service_area": area}
            if "identification" in path
            else {"subscription": area, "service_areas": []}
        )
        return {**name, "subscribers": [{"url": "http://them", "subscriptions": [{"subscription_id": "s"}]}]}

    async def call(self, method, url, scope, body=None):
        self.calls.append((method, url, scope, body))
        return {}


def test_an_area_is_wider_than_the_flight_and_follows_it(tmp_path, monkeypatch) -> None:
    network, book = Network(), Book(tmp_path / "book")
    provider, now = Provider(book, network, "http://us", F3411_22A), [1_000.0]
    monkeypatch.setattr("rabta.airspace.remoteid.network.provider.clock", lambda: now[0])

    async def fly():
        for k in range(60):
            now[0] += 1.0
            tracked = Tracked("f", [(0.0, Details("f-1", {"utm_id": "x"}))])
            await provider.take(tracked, [state(now[0], 33.61 + 0.001 * k)])
        await provider.end("f")

    asyncio.run(fly())
    puts = [one for one in network.calls if one[0] == "PUT"]
    assert len(puts) == 2, "made once, and widened once where the flight crossed 33.65"
    assert puts[1][1].endswith("/v1")
    for _, _, scope, body in puts:
        assert scope == "rid.service_provider"
        corners = body["extents"]["volume"]["outline_polygon"]["vertices"]
        lat = [one["lat"] for one in corners]
        assert min(lat) == pytest.approx(33.6)
        assert max(lat) - min(lat) == pytest.approx(0.05 if body is puts[0][3] else 0.1)
        assert all(abs(one / 0.05 - round(one / 0.05)) < 1e-6 for one in lat), (
            "corners tell nothing of the path"
        )
    told = [one for one in network.calls if one[0] == "POST"]
    assert [one[3].get("service_area") is None for one in told] == [False, False, True]
    assert book.all("area") == {}


def test_areas_of_a_process_that_was_killed_end_at_the_next_start(tmp_path) -> None:
    network, book = Network(), Book(tmp_path / "book")
    book.put("area", "0f6a", {"version": "v7", "end_s": 2e9})
    provider = Provider(book, network, "http://us", F3411_22A)

    async def start():
        task = asyncio.create_task(provider.run())
        await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(start())
    assert network.calls[0][:2] == ("DELETE", "/rid/v2/dss/identification_service_areas/0f6a/v7")
    assert book.all("area") == {}


def test_only_an_owner_speaks_of_its_area() -> None:
    network = Network()
    display = Display(network, "http://us", F3411_22A)
    asyncio.run(display.seen(view.view("33.6,73.0,33.61,73.01")))
    (watch,) = display.watches.values()
    told = {"subscriptions": [{"subscription_id": watch.id, "notification_index": 1}],
            "service_area": {"id": "a", "owner": "uss2", "uss_base_url": "http://b"}}  # fmt: skip
    with pytest.raises(PermissionError):
        display.hear("a", told, "uss9")
    display.hear("a", told, "uss2")
    assert watch.areas == {"a": ("uss2", "http://b/uss/flights")}
    with pytest.raises(PermissionError):
        display.hear("a", {"subscriptions": told["subscriptions"]}, "uss9")
    assert not watch.doubtful
    display.hear("a", {"subscriptions": [{"subscription_id": watch.id, "notification_index": 5}]}, "uss2")
    assert watch.areas == {}
    assert watch.doubtful, "what was left out between is asked for at the next look"
    asyncio.run(display.seen(view.view("33.6,73.0,33.61,73.01")))
    assert not watch.doubtful
    assert len(display.watches) == 1


def test_few_subscriptions_hold_any_place() -> None:
    """Of views anywhere around a place, at most 9 boxes cover it (NetDSSMaxSubscriptionPerArea is 10)."""
    rng, boxes = np.random.default_rng(5), set()
    for _ in range(3_000):
        lat, lon = 33.65 - rng.uniform(0.0, 0.06), 73.05 - rng.uniform(0.0, 0.06)
        box = view.View(lat, lon, lat + rng.uniform(0.0, 0.045), lon + rng.uniform(0.0, 0.05))
        boxes.add(box.grown(0.1))
    assert sum(one.contains(*PLACE) for one in boxes) <= 9


def test_clusters_count_all() -> None:
    box = view.view("33.60,73.00,33.64,73.05")
    places = np.random.default_rng(1).uniform((33.6, 73.0), (33.64, 73.05), (50, 2))
    seen = [Seen(str(k), "Helicopter", [state(0.0, *place)]) for k, place in enumerate(places.tolist())]
    found = clusters(seen, box)
    assert sum(one["number_of_flights"] for one in found) == 50
    assert min(one["area_sqm"] for one in found) >= 0.15 * box.area_m2


def test_a_planned_flight_is_seen_by_another_service(authority, tokens_at, tmp_path) -> None:
    """Real services: one holds the flight, the other displays the air; who is silent is named."""
    fly = authority.headers("operator", "interuss.flight_planning.plan")
    see = authority.headers("viewer", "rid.display_provider")
    with (
        instance(authority, tmp_path / "dss.sqlite") as (_, dss),
        supplier(authority, tmp_path / "a", dss, tokens_at, "uss1") as (holder, first),
        supplier(authority, tmp_path / "b", dss, tokens_at, "uss2") as (_, second),
    ):
        area = circle(*PLACE, radius=900.0, start_s=-1.0)
        plan = {
            "flight_plan": {
                "basic_information": {"usage_state": "InUse", "uas_state": "Nominal", "area": [area]},
                "astm_f3548_21": {"priority": 0},
            }
        }
        url = f"{first}/flight_planning/v1/flight_plans/5f6d1c5e-0d3b-4c55-9a55-3a1f0e0d9a01"
        assert httpx.put(url, json=plan, headers=fly).json()["planning_result"] == "Completed"
        for k in range(3):
            now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{k}00Z"
            told = {
                "time_measured": {"value": now, "format": "RFC3339"},
                "position": {
                    "latitude": PLACE[0] + 1e-4 * k,
                    "longitude": PLACE[1],
                    "accuracy_h": "HA3m",
                    "accuracy_v": "VA3m",
                    "altitude": {"value": 150.0, "reference": "W84", "units": "M"},
                },
                "velocity": {"speed": 11.0, "units_speed": "MetersPerSecond", "track": 0.0},
            }
            answer = httpx.post(f"{first}/rabta/v1/flights/{url.rsplit('/', 1)[1]}/positions",
                                json={"positions": [told]}, headers=fly)  # fmt: skip
            assert answer.status_code == 200, answer.text
            time.sleep(1.0)
        near = {"view": f"{PLACE[0] - 0.005},{PLACE[1] - 0.005},{PLACE[0] + 0.005},{PLACE[1] + 0.005}"}
        shown = httpx.get(f"{second}/rid/observation/display_data", params=near, headers=see).json()
        (flight,) = shown["flights"]
        assert flight["most_recent_position"]["lat"] == pytest.approx(PLACE[0] + 2e-4)
        assert flight["current_state"]["speed"] == 11.0
        assert flight["current_state"]["vertical_speed"] == 63.0, "unknown, and said so"
        sea = 150.0 - float(geoid_m(PLACE[0], PLACE[1]))  # held to its sources in tests/airspace/geozones
        assert flight["most_recent_position"]["msl_alt"]["meters"] == pytest.approx(sea, abs=0.1)
        assert [len(one["positions"]) for one in flight["recent_paths"]] == [3]
        details = httpx.get(f"{second}/rid/observation/display_data/{flight['id']}", headers=see).json()
        assert details["uas"]["id"], "by its intent, where nothing else is told"
        wide = {"view": f"{PLACE[0] - 0.02},{PLACE[1] - 0.02},{PLACE[0] + 0.02},{PLACE[1] + 0.02}"}
        (cluster,) = httpx.get(f"{second}/rid/observation/display_data", params=wide, headers=see).json()[
            "clusters"
        ]
        assert cluster["number_of_flights"] == 1
        assert httpx.get(f"{second}/rid/observation/display_data", params=near).status_code == 401
        huge = {"view": "33.0,73.0,33.2,73.2"}
        assert (
            httpx.get(f"{second}/rid/observation/display_data", params=huge, headers=see).status_code == 413
        )
        holder.kill()
        holder.wait()
        silent = httpx.get(
            f"{second}/rid/observation/display_data", params=near, headers=see, timeout=30.0
        ).json()
        assert silent["flights"] == []
        assert len(silent["unheard"]) == 1
