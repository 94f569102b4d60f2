"""Bodies, paths and tokens that mean harm: the standard's own refusals, and nothing changed by them."""

from __future__ import annotations

import asyncio
import base64
import copy
import hmac
import json
import os
import time
import uuid

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.airspace.conftest import SCOPES, Authority, circle, intent

from rabta.airspace.conformance.watcher import Watcher
from rabta.airspace.dss.service import Service
from rabta.airspace.store import opened
from rabta.airspace.uss.book import Book
from rabta.airspace.uss.flights import Flights
from rabta.airspace.uss.network import Network
from rabta.airspace.volumes.messages import volume
from rabta.airspace.web import telemetry
from rabta.airspace.web.discovery import Discovery
from rabta.airspace.web.supplier import Supplier
from rabta.airspace.web.tokens import Tokens, keys
from rabta.cli.airspace import opened_remote

PLANS = "interuss.flight_planning.plan interuss.flight_planning.direct_automated_test"
FLY = f"{PLANS} rid.inject_test_data"
ALL = f"{SCOPES} {FLY} interuss.pool_status.heartbeat.write interuss.versioning.read_system_versions"
D, R, OLDER = "/dss/v1", "/rid/v2/dss", "/v1/dss"
LATER = {"start_s": 10_800.0, "end_s": 14_400.0}  # the messages are made long before they are sent
AREA = {
    "volume": {
        "outline_polygon": {
            "vertices": [{"lat": 33.0, "lng": 73.0}, {"lat": 33.01, "lng": 73.0}, {"lat": 33.0, "lng": 73.01}]
        }
    },
    "time_start": circle(0, 0, **LATER)["time_start"],
    "time_end": circle(0, 0, **LATER)["time_end"],
}
OLD = {"extents": {"spatial_volume": {"footprint": AREA["volume"]["outline_polygon"], "altitude_lo": 0,
                                      "altitude_hi": 100},
                   "time_start": AREA["time_start"]["value"], "time_end": AREA["time_end"]["value"]},
       "flights_url": "https://uss.example/flights"}  # fmt: skip
CONSTRAINT = {"extents": [circle(33.0, 73.0, **LATER)], "uss_base_url": "https://uss.example"}
WATCH = {
    "extents": circle(33.0, 73.0, **LATER),
    "uss_base_url": "https://uss.example",
    "notify_for_constraints": True,
    "notify_for_operational_intents": True,
}
PLAN = {"flight_plan": {"basic_information": {"usage_state": "Planned", "uas_state": "Nominal",
                                              "area": [circle(33.0, 73.0, **LATER)]},
                        "astm_f3548_21": {"priority": 3}}, "request_id": "x"}  # fmt: skip
SPOT = {"latitude": 33.7, "longitude": 73.05, "accuracy_h": "HA10m",
        "altitude": {"value": 150.0, "reference": "W84", "units": "M"}}  # fmt: skip
SEEN = {"time_measured": {"value": "2026-11-23T09:00:00Z", "format": "RFC3339"}, "position": SPOT}
REPORT = {"positions": [SEEN]}
FLOWN = {"timestamp": "2026-11-24T09:00:00Z", "timestamp_accuracy": 0.1, "track": 90.0, "speed": 9.0,
         "speed_accuracy": "SA3mps", "vertical_speed": 0.0,
         "position": {"lat": 33.0, "lng": 73.0, "alt": 500.0, "accuracy_h": "HA3m"}}  # fmt: skip
WHO = {
    "id": "f1",
    "uas_id": {"serial_number": "RBT1A000042"},
    "operator_id": "PAK.OP",
    "operator_location": {"position": {"lat": 33.0, "lng": 73.0}},
    "auth_data": {"format": 0, "data": ""},
}
TEST = {"requested_flights": [{"injection_id": "{id}", "aircraft_type": "Helicopter", "telemetry": [FLOWN],
        "details_responses": [{"effective_after": "2026-11-24T08:00:00Z", "details": WHO}]}]}  # fmt: skip
SIGHT = {
    "sightings": [{"time": "2026-11-24T04:00:00Z", "lat": 33.0, "lon": 73.0, "height_m": 100, "sigma_m": 9.0}]
}
DISCOVERY = (
    ("PUT", D + "/operational_intent_references/{id}", intent(circle(33.0, 73.0, **LATER))),
    ("POST", D + "/operational_intent_references/query", {"area_of_interest": circle(33.0, 73.0, **LATER)}),
    ("PUT", D + "/constraint_references/{id}", CONSTRAINT),
    ("PUT", D + "/subscriptions/{id}", WATCH),
    ("POST", D + "/subscriptions/query", {"area_of_interest": circle(33.0, 73.0, **LATER)}),
    ("PUT", D + "/uss_availability/{id}", {"availability": "Down", "old_version": ""}),
    (
        "PUT",
        R + "/identification_service_areas/{id}",
        {"extents": AREA, "uss_base_url": "https://uss.example"},
    ),
    ("PUT", R + "/subscriptions/{id}", {"extents": AREA, "uss_base_url": "https://uss.example"}),
    ("PUT", OLDER + "/identification_service_areas/{id}", OLD),
    ("POST", D + "/reports", {"exchange": {"url": "x"}}),
)
SUPPLY = (
    ("POST", "/uss/v1/operational_intents", {"operational_intent_id": "{id}", "subscriptions": []}),
    ("POST", "/uss/v1/constraints", {"constraint_id": "{id}", "subscriptions": []}),
    ("POST", "/uss/v1/reports", {"exchange": {"url": "x"}}),
    ("PUT", "/flight_planning/v1/flight_plans/{id}", PLAN),
    (
        "POST",
        "/flight_planning/v1/clear_area_requests",
        {"extent": circle(33.0, 73.0, **LATER), "request_id": "x"},
    ),
    ("POST", "/rabta/v1/flights/{id}/positions", REPORT),
    ("POST", "/rabta/v1/flights/{id}/sightings", SIGHT),
    ("POST", "/rabta/v1/remoteid/flights/{id}", {"details": WHO, "states": [FLOWN]}),
    ("PUT", "/rid/injection/tests/{id}", TEST),
    ("POST", "/uss/identification_service_areas/{id}", {"subscriptions": [{"subscription_id": "{id}"}]}),
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.sampled_from([
        "NaN", float("nan"), float("inf"), -1e308, 10**400, "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z",
        "\0", "\ud800",
        "9999-12-31T23:59:60Z", "../../etc/passwd", [], {}, [[[[]]]], {"lat": 1e9, "lng": None},
        "x" * 5_000]),
)  # fmt: skip
BYTES = [
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"\xff\xfe{}",
    b"1e999999999",
    b'{"extents":' + b"9" * 6_000 + b"}",
]
JSON = st.recursive(
    ODD, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=8), one, max_size=4)
)


DRAWN = "RABTA_HOSTILE" in os.environ  # how many, drawn anew, for a long hunt; else always the same
EXAMPLES = int(os.environ.get("RABTA_HOSTILE", "300"))


class Door:
    """An application in process; what it does not catch is an answer of 500."""

    def __init__(self, app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def request(self, method, path, **more):
        return self._loop.run_until_complete(self._client.request(method, path, **more))

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def close(self):
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("keys") / "public.pem")


@pytest.fixture(scope="module")
def discovery(authority, tmp_path_factory):
    place = tmp_path_factory.mktemp("discovery") / "airspace.sqlite"
    made = Discovery(Service(opened(str(place))), Tokens(keys([authority.file]), ["127.0.0.1"]))
    door = Door(made.app())
    made.service.start()
    yield door, made
    made.service.stop()
    door.close()


@pytest.fixture(scope="module")
def supply(authority, tmp_path_factory):
    """A supplier whose discovery and authority do not answer."""
    book = Book(str(tmp_path_factory.mktemp("supply") / "flights.sqlite"))
    flights = Flights(book, Network("http://127.0.0.1:9", "http://127.0.0.1:9", "uss1"), "http://127.0.0.1:9")
    watcher = Watcher(flights)
    remote = opened_remote(flights, "F3411-22a")
    made = Supplier(flights, Tokens(keys([authority.file]), ["127.0.0.1"]), volume,
                    more=lambda one: [*telemetry.routes(one, watcher), *remote.routes(one)])  # fmt: skip
    door = Door(made.app())
    yield door, made
    book.close()
    door.close()


def places(body, at=()):
    """Every place in a message."""
    yield at
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        yield from places(value, (*at, key))


def changed(body, at, value):
    """The message with another value at a place."""
    if not at:
        return value
    found = copy.deepcopy(body)
    inner = found
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return found


def asked(client, authority, method, path, body):
    name = str(uuid.uuid4())
    text = json.dumps(body).replace("{id}", name)
    headers = {**authority.headers("uss1", ALL), "Content-Type": "application/json"}
    return client.request(method, path.replace("{id}", name), content=text.encode(), headers=headers)


def fine(answer):
    """No failure of ours, and a refusal that says why."""
    # 502: a good message, where discovery does not answer
    assert answer.status_code < 500 or answer.status_code == 502, (
        answer.request.url,
        answer.request.content[:300],
        answer.text[:300],
    )
    if answer.status_code >= 400:
        assert answer.headers["content-type"].startswith("application/json")
        assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(("method", "path", "body"), [*DISCOVERY, *SUPPLY], ids=lambda x: str(x)[-30:])
def test_the_messages_themselves_are_taken(discovery, supply, authority, method, path, body):
    client = discovery[0] if (method, path, body) in DISCOVERY else supply[0]
    answer = asked(client, authority, method, path, body)
    fine(answer)
    assert answer.status_code != 400 or "discovery" in path, answer.text


@settings(
    max_examples=EXAMPLES, derandomize=not DRAWN, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.integers(0, 999), st.integers(0, 999), JSON)
def test_bodies_that_are_almost_right(discovery, supply, authority, which, where, value):
    row = which % len(DISCOVERY + SUPPLY)
    method, path, body = (*DISCOVERY, *SUPPLY)[row]
    held = list(places(body))
    client, before = discovery[0] if row < len(DISCOVERY) else supply[0], discovery[1].service.seq
    answer = asked(client, authority, method, path, changed(body, held[where % len(held)], value))
    fine(answer)
    if answer.status_code >= 400:
        assert discovery[1].service.seq == before, "what is refused leaves nothing behind"


@settings(
    max_examples=EXAMPLES // 5, derandomize=not DRAWN, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.binary(max_size=300) | st.sampled_from(BYTES))
def test_bytes_that_are_no_message(discovery, supply, authority, raw):
    headers = {**authority.headers("uss1", ALL), "Content-Type": "application/json"}
    for client, (method, path, _) in ((discovery[0], DISCOVERY[0]), (supply[0], SUPPLY[3])):
        answer = client.request(method, path.replace("{id}", str(uuid.uuid4())), content=raw, headers=headers)
        fine(answer)
        assert answer.status_code == 400


def test_a_body_without_end_is_cut_off(discovery, authority):
    method, path, _ = DISCOVERY[0]
    answer = discovery[0].request(method, path.replace("{id}", str(uuid.uuid4())), content=b" " * 4_000_001,
                                  headers=authority.headers("uss1", ALL))  # fmt: skip
    assert answer.status_code == 413


SHAPES = {
    "crossing itself": [(33.0, 73.0), (33.1, 73.1), (33.1, 73.0), (33.0, 73.1)],
    "without area": [(33.0, 73.0), (33.1, 73.0), (33.2, 73.0)],
    "two corners": [(33.0, 73.0), (33.1, 73.1)],
    "one place": [(33.0, 73.0)] * 3,
    "larger than a hemisphere": [(-80.0, -170.0), (80.0, -60.0), (80.0, 170.0)],
    "off the Earth": [(91.0, 73.0), (33.0, 73.1), (33.1, 73.0)],
}


@pytest.mark.parametrize("corners", SHAPES.values(), ids=SHAPES.keys())
def test_polygons_that_are_none_are_refused(discovery, authority, corners):
    area = circle(33.0, 73.0)
    del area["volume"]["outline_circle"]
    area["volume"]["outline_polygon"] = {"vertices": [{"lat": a, "lng": b} for a, b in corners]}
    method, path, _ = DISCOVERY[0]
    answer = asked(discovery[0], authority, method, path, intent(area))
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("reference", "AGL"), ("reference", "MSL"), ("units", "FT"), ("value", "120"), ("value", None)],
)
def test_heights_of_another_reference_are_not_guessed_at(discovery, authority, key, value):
    area = circle(33.0, 73.0)
    area["volume"]["altitude_upper"][key] = value
    method, path, _ = DISCOVERY[0]
    assert asked(discovery[0], authority, method, path, intent(area)).status_code == 400


def unsigned(claims, head):
    """A token by hand."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(head)}.{part(claims)}."


def by_secret(claims, secret):
    """Mark of a token whose writer takes the public key for a secret (RFC 8725, 2.1)."""
    head, payload, _ = unsigned(claims, {"alg": "HS256", "typ": "JWT"}).split(".")
    mark = hmac.digest(secret.encode(), f"{head}.{payload}".encode(), "sha256")
    return base64.urlsafe_b64encode(mark).rstrip(b"=").decode()


def test_tokens_that_are_none_are_refused(discovery, authority, tmp_path):
    """RFC 8725, 2.1 to 2.8: no algorithm of the token's choice, no other key, time, audience or use."""
    stranger = Authority(tmp_path / "stranger.pem")
    now = time.time()
    claims = {"sub": "uss1", "scope": ALL, "aud": "127.0.0.1", "exp": now + 600.0}
    public = authority.file.read_text()
    good = authority.token("uss1", ALL)
    head, payload, mark = good.split(".")
    bad = {
        "no algorithm": unsigned(claims, {"alg": "none", "typ": "JWT"}),
        "another key": authority.token("uss1", ALL, key=stranger.key),
        "over": authority.token("uss1", ALL, lasts_s=-10.0),
        "far ahead": authority.token("uss1", ALL, lasts_s=90_000.0),
        "for others": authority.token("uss1", ALL, audience="elsewhere.example"),
        "not yet": authority.token("uss1", ALL, nbf=now + 300.0),
        "for nobody": authority.token("", ALL),
        "without an end": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, authority.key, "RS256"),
        "of a secret": unsigned(claims, {"alg": "HS256", "typ": "JWT"}) + by_secret(claims, public),
        "cut": f"{head}.{payload}.", "without a head": f".{payload}.{mark}", "nonsense": "a.b.c", "empty": "",
    }  # fmt: skip
    path = f"/dss/v1/subscriptions/{uuid.uuid4()}"
    for why, token in bad.items():
        answer = discovery[0].get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, why
        assert token not in answer.text or not token, "no token is repeated"
    assert discovery[0].get(path).status_code == 401
    assert discovery[0].get(path, headers={"Authorization": f"Bearer {good}"}).status_code == 404
    little = authority.token("uss1", "utm.constraint_processing")
    body = intent(circle(33.0, 73.0))
    refused = discovery[0].request("PUT", f"/dss/v1/operational_intent_references/{uuid.uuid4()}", json=body,
                               headers={"Authorization": f"Bearer {little}"})  # fmt: skip
    assert refused.status_code == 403


@settings(
    max_examples=EXAMPLES // 5, derandomize=not DRAWN, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.text(max_size=40), st.text(max_size=40))
def test_paths_and_queries_that_are_none(discovery, authority, path, query):
    headers = authority.headers("uss1", ALL)
    for at in ("/dss/v1/operational_intent_references/", "/rid/v2/dss/identification_service_areas/"):
        name = base64.urlsafe_b64encode(path.encode("utf-8", "replace")).decode()
        answer = discovery[0].get(at + name, headers=headers)
        assert answer.status_code < 500
    answer = discovery[0].get(
        "/rid/v2/dss/identification_service_areas", params={"area": query}, headers=headers
    )
    assert answer.status_code in (400, 413)


@settings(
    max_examples=EXAMPLES, derandomize=not DRAWN, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.text(max_size=40), st.text(max_size=20))
def test_views_that_are_none(supply, authority, view, span):
    headers = authority.headers("uss1", ALL)
    query = {"view": view, "recent_positions_duration": span, "after": view, "before": span}
    for at in ("/uss/flights", "/rid/observation/display_data", "/rid/injection/user_notifications"):
        answer = supply[0].get(at, params=query, headers=headers)
        assert answer.status_code in (400, 413), (at, query)
