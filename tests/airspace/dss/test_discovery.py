"""Discovery and synchronization over the network, by what ASTM F3548-21's interface says of each endpoint."""

import asyncio
import time
import uuid

import httpx
import pytest
from tests.airspace.conftest import SCOPES, circle, instance, intent

PATH = "/dss/v1/operational_intent_references/"


@pytest.fixture
def client(served, authority):
    with httpx.Client(base_url=served, headers=authority.headers("uss1"), timeout=10.0) as one:
        yield one


@pytest.fixture
def other(served, authority):
    with httpx.Client(base_url=served, headers=authority.headers("uss2"), timeout=10.0) as one:
        yield one


@pytest.fixture
def place(request):
    """A spot of each test's own."""
    return 30.0 + (abs(hash(request.node.nodeid)) % 4_000) / 1_000, 70.0 + (
        abs(hash(request.node.name)) % 900
    ) / 300


def name():
    return str(uuid.uuid4())


def test_an_intent_lives(client, other, place):
    me = name()
    made = client.put(PATH + me, json=intent(circle(*place)))
    assert made.status_code == 201, made.text
    reference = made.json()["operational_intent_reference"]
    assert (reference["manager"], reference["version"], reference["state"]) == ("uss1", 1, "Accepted")
    seen = other.get(PATH + me).json()["operational_intent_reference"]
    assert "ovn" not in seen  # its opaque version is for its manager alone
    body = intent(circle(*place), state="Activated", new_subscription={"uss_base_url": "https://uss.example"})
    flown = client.put(f"{PATH}{me}/{reference['ovn']}", json=body)
    assert flown.status_code == 200, flown.text
    assert client.put(f"{PATH}{me}/{reference['ovn']}", json=body).status_code == 409  # an old version
    current = flown.json()["operational_intent_reference"]
    assert current["version"] == 2
    assert other.delete(f"{PATH}{me}/{current['ovn']}").status_code == 403
    assert client.delete(f"{PATH}{me}/{current['ovn']}").status_code == 200
    assert client.get(PATH + me).status_code == 404
    sub = current["subscription_id"]
    assert client.get(f"/dss/v1/subscriptions/{sub}").status_code == 404  # it came and went with the intent


def test_a_key_must_know_what_is_met_exactly(client, other, place):
    lat, lon = place
    first = client.put(PATH + name(), json=intent(circle(lat, lon))).json()["operational_intent_reference"]
    refused = other.put(PATH + name(), json=intent(circle(lat, lon + 0.004, 200.0)))
    assert refused.status_code == 409
    assert [one["id"] for one in refused.json()["missing_operational_intents"]] == [first["id"]]
    assert "ovn" not in refused.json()["missing_operational_intents"][0]
    assert (
        other.put(PATH + name(), json=intent(circle(lat, lon + 0.0044, 200.0))).status_code == 201
    )  # 8 m apart
    above = circle(lat, lon, low=200.01, high=300.0)
    assert other.put(PATH + name(), json=intent(above)).status_code == 201
    known = intent(circle(lat, lon + 0.002), key=[first["ovn"]])
    assert other.put(PATH + name(), json=known).status_code == 409  # the one 8 m apart is met by this
    off = intent(
        circle(lat, lon), state="Nonconforming", new_subscription={"uss_base_url": "https://uss.example"}
    )
    assert other.put(PATH + name(), json=off).status_code == 201  # who is off its plan needs no key


def test_subscribers_near_are_told(client, other, place):
    lat, lon = place
    sub = name()
    body = {"extents": circle(lat, lon, 300.0), "uss_base_url": "https://ears.example",
            "notify_for_operational_intents": True}  # fmt: skip
    held = other.put(f"/dss/v1/subscriptions/{sub}", json=body)
    assert held.status_code == 200, held.text
    made = client.put(PATH + name(), json=intent(circle(lat, lon + 0.0001)))
    told = [one for one in made.json()["subscribers"] if one["uss_base_url"] == "https://ears.example"]
    assert told == [{"uss_base_url": "https://ears.example",
                     "subscriptions": [{"subscription_id": sub, "notification_index": 1}]}]  # fmt: skip
    assert other.get(f"/dss/v1/subscriptions/{sub}").json()["subscription"]["notification_index"] == 1
    assert client.get(f"/dss/v1/subscriptions/{sub}").status_code == 403
    far = client.put(PATH + name(), json=intent(circle(lat + 0.5, lon)))
    assert not [one for one in far.json()["subscribers"] if one["uss_base_url"] == "https://ears.example"]


def test_a_service_that_is_down_plans_nothing_and_blocks_nobody(client, other, place, served, authority):
    mine = client.put(PATH + name(), json=intent(circle(*place)))
    at = "/dss/v1/uss_availability/uss1"
    before = client.get(at).json()["version"]
    down = client.put(at, json={"old_version": before, "availability": "Down"})
    assert down.status_code == 200
    try:
        assert client.put(PATH + name(), json=intent(circle(place[0] + 0.2, place[1]))).status_code == 412
        reference = mine.json()["operational_intent_reference"]
        assert client.delete(f"{PATH}{reference['id']}/{reference['ovn']}").status_code == 412
        assert other.put(PATH + name(), json=intent(circle(*place))).status_code == 201
        assert client.put(at, json={"old_version": "", "availability": "Normal"}).status_code == 409
    finally:
        client.put(at, json={"old_version": down.json()["version"], "availability": "Normal"})


@pytest.mark.parametrize(("change", "status"), [
    ({"extents": []}, 400), ({"extents": None}, 400), ({"state": "Ended"}, 400),
    ({"uss_base_url": "uss"}, 400),
    ({"key": "abc"}, 400), ({"extents": [{"volume": {}}]}, 400), ({"state": "Activated"}, 400),
    ({"subscription_id": "00000000-0000-4000-8000-00000000abcd"}, 400),
    ({"extents": [circle(31.0, 71.0, 50_000.0)]}, 413),
    ({"extents": [circle(31.0, 71.0, start_s=-90, end_s=-60)]}, 400),
    ({"extents": [circle(31.0, 71.0, end_s=40 * 86_400)]}, 400), ({"requested_ovn_suffix": "x"}, 400),
    ({"extents": [circle(31.0, 71.0, low=300.0, high=200.0)]}, 400),
])  # fmt: skip
def test_what_does_not_hold_to_the_standard_is_refused(client, change, status):
    answer = client.put(PATH + name(), json={**intent(circle(31.0, 71.0)), **change})
    assert (answer.status_code, list(answer.json())) == (status, ["message"])


def test_a_reference_of_height_is_not_guessed(client):
    body = circle(31.0, 71.0)
    body["volume"]["altitude_lower"]["reference"] = "AMSL"
    answer = client.put(PATH + name(), json=intent(body))
    assert answer.status_code == 400
    assert "altitude_lower.reference" in answer.json()["message"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"extents": NaN}'])
def test_a_body_that_is_no_message(client, raw):
    assert client.put(PATH + name(), content=raw).status_code == 400


def test_tokens(served, authority):
    path = served + PATH + name()
    from cryptography.hazmat.primitives.asymmetric import rsa

    stranger = rsa.generate_private_key(65_537, 2_048)
    bad = [
        {}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer abc.def.ghi"},
        authority.headers(key=stranger), authority.headers(lasts_s=-60), authority.headers(lasts_s=90_000),
        authority.headers(audience="elsewhere.example"), authority.headers(sub=""),
    ]  # fmt: skip
    for headers in bad:
        assert httpx.get(path, headers=headers).status_code == 401, headers
    import base64
    import json

    head, claims = ({"alg": "none", "typ": "JWT"}, {"sub": "uss1", "scope": SCOPES, "exp": time.time() + 60})
    forged = ".".join(
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in (head, claims)
    )
    assert httpx.get(path, headers={"Authorization": f"Bearer {forged}."}).status_code == 401
    public = authority.file.read_bytes()
    import hashlib
    import hmac

    head = {"alg": "HS256", "typ": "JWT"}  # the public key as if it were a shared one
    text = ".".join(
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in (head, claims)
    )
    mark = (
        base64.urlsafe_b64encode(hmac.new(public, text.encode(), hashlib.sha256).digest())
        .decode()
        .rstrip("=")
    )
    assert httpx.get(path, headers={"Authorization": f"Bearer {text}.{mark}"}).status_code == 401
    weak = authority.headers(scope="rid.display_provider")
    assert httpx.get(path, headers=weak).status_code == 403


def test_planners_at_one_spot_all_get_through(served, authority, place):
    """Where each is told what its key lacks and comes again, none starves (InterUSS issue dss#1512)."""

    async def plan(client, headers):
        me, key = name(), []
        for attempt in range(1, 30):
            body = intent(circle(*place), key=key, requested_ovn_suffix=uuid7())
            answer = await client.put(served + PATH + me, json=body, headers=headers)
            if answer.status_code == 201:
                ovns.append(answer.json()["operational_intent_reference"]["ovn"])
                return attempt
            assert answer.status_code == 409
            key = list(ovns)  # what the other services' details would say
        raise AssertionError("gave up")

    ovns: list[str] = []

    async def all_of_them():
        async with httpx.AsyncClient(timeout=60.0) as client:
            return await asyncio.gather(*(plan(client, authority.headers(f"planner{k}")) for k in range(24)))

    attempts = asyncio.run(all_of_them())
    assert len(set(ovns)) == 24
    assert max(attempts) <= 4


def uuid7():
    at = int(time.time() * 1e3)
    rest = uuid.uuid4().hex
    return str(uuid.UUID(f"{at:012x}7{rest[:3]}{'89ab'[int(rest[3], 16) % 4]}{rest[4:19]}"))


def test_killed_instances_lose_nothing_that_was_answered(authority, store):
    """Two instances share a log; one is killed as planners write, and the other knows all that it said."""
    with instance(authority, store, "a") as (process, first), instance(authority, store, "b") as (_, second):

        async def write(client, k):
            done = []
            for n in range(1_000):
                me, body = name(), intent(circle(32.0 + k / 100, 72.0 + n / 100))
                try:
                    answer = await client.put(first + PATH + me, json=body, headers=headers)
                except httpx.HTTPError:
                    return done
                assert answer.status_code == 201, answer.text
                done.append(me)
                if k == 0 and n == 40:
                    process.kill()
            return done

        async def all_of_them():
            async with httpx.AsyncClient(timeout=10.0) as client:
                return [
                    me for part in await asyncio.gather(*(write(client, k) for k in range(4))) for me in part
                ]

        headers = authority.headers("uss1")
        answered = asyncio.run(all_of_them())
        assert len(answered) > 100
        with httpx.Client(headers=headers) as client:
            for me in answered:
                assert client.get(second + PATH + me).status_code == 200
            assert client.put(second + PATH + name(), json=intent(circle(35.0, 75.0))).status_code == 201
