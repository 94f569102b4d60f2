"""The geo-awareness service over its routes: what it answers, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import uuid

import httpx
import pytest

from rabta.airspace.geozones import ed269, ed318
from rabta.airspace.web.awareness import Awareness, load
from rabta.airspace.web.tokens import Tokens, keys

SCOPES = "geo-awareness.test interuss.geospatial_map.direct_automated_test interuss.geospatial_map.query"
NEW, OLD = "/geospatial_map/v1", "/geo-awareness/v1"
HERE = {"lat": 46.9749, "lng": 7.4774}


def document(kind="PROHIBITED", upper=150):
    party = {"name": [{"text": "A", "lang": "en"}], "purpose": "AUTHORIZATION"}
    told = {"identifier": "CH1", "country": "CHE", "type": kind, "variant": "COMMON",
            "zoneAuthority": [party],
            "limitedApplicability": [{"startDateTime": "2026-01-01T00:00:00Z",
                                      "endDateTime": "2026-12-31T00:00:00Z"}]}  # fmt: skip
    layer = {"lower": 0, "lowerReference": "AGL", "upper": upper, "upperReference": "AGL", "uom": "m"}
    shape = {"type": "Point", "coordinates": [HERE["lng"], HERE["lat"]], "layer": layer,
             "extent": {"subType": "Circle", "radius": 1000}}  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "metadata": {},
                       "features": [{"type": "Feature", "geometry": shape, "properties": told}]})  # fmt: skip


@pytest.fixture
def made(authority):
    async def fetch(address):
        if address == "https://none.example":
            raise OSError("no route")
        return ed269.write(ed318.read(document())).encode() if address.endswith("269") else b"{}"

    found = Awareness(Tokens(keys([authority.file]), ["127.0.0.1"]), fetch=fetch,
                      rule_sets={"Rules1": frozenset({"Regulator"})})  # fmt: skip
    load(found, "Regulator", ed318.read(document()))
    load(found, "Adviser", ed318.read(document("CONDITIONAL")))
    return found


def ask(made, authority, method, path, body=None, scope=SCOPES):
    async def go():
        transport = httpx.ASGITransport(app=made.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, json=body, headers=authority.headers(scope=scope))

    return asyncio.run(go())


def volume(low, high, above="SFC", radius=100.0, start="2026-06-01T00:00:00Z"):
    return {"volume": {"outline_circle": {"center": HERE, "radius": {"value": radius, "units": "M"}},
                       "altitude_lower": {"value": low, "units": "M", "reference": above},
                       "altitude_upper": {"value": high, "units": "M", "reference": above}},
            "time_start": {"value": start, "format": "RFC3339"},
            "time_end": {"value": "2027-06-02T00:00:00Z", "format": "RFC3339"}}  # fmt: skip


def outcome(made, authority, **filters):
    found = ask(made, authority, "POST", NEW + "/map/queries", {"checks": [{"filter_sets": [filters]}]})
    assert found.status_code == 200, found.text
    return found.json()["results"][0]["features_selection_outcome"]


def test_the_map_answers_by_height_time_source_and_impact(made, authority):
    def of(*volumes, **more):
        return outcome(made, authority, volumes4d=list(volumes), restriction_source="Regulator", **more)

    assert of(volume(0, 100)) == "Present"
    assert of(volume(151, 200)) == "Absent"
    assert of(volume(0, 100, start="2027-01-01T00:00:00Z")) == "Absent"
    assert of(volume(0, 100), resulting_operational_impact="Block") == "Present"
    assert of(volume(0, 100), resulting_operational_impact="Advise") == "Absent"
    assert of(volume(0, 100), operation_rule_set="Rules1") == "Present"
    assert of(volume(0, 100), operation_rule_set="Rules9") == "UnsupportedFilter"
    assert of(volume(0, 100), ed269={"acceptable_restrictions": ["CONDITIONAL"]}) == "Absent"
    assert of(volume(0, 100), after="2027-01-01T00:00:00Z") == "Absent"
    assert of(volume(600, 700, "W84")) == "Present"  # ground not known there: never left out
    assert outcome(made, authority, restriction_source="Nobody") == "Absent"
    assert outcome(made, authority, resulting_operational_impact="Advise") == "Present"


def test_the_older_interface_answers_by_position(made, authority):
    def of(height, reference="AGL", unit="M"):
        position = {"uomDimensions": unit, "verticalReferenceType": reference, "height": height,
                    "longitude": HERE["lng"], "latitude": HERE["lat"]}  # fmt: skip
        found = ask(made, authority, "POST", OLD + "/geozones/check",
                    {"checks": [{"filterSets": [{"position": position}]}]})  # fmt: skip
        return found.json()["applicableGeozone"][0]["geozone"]

    assert of(100) == "Present"
    assert of(151) == "Absent"
    assert of(490, unit="FT") == "Present"  # 149.4 m
    assert of(500, unit="FT") == "Absent"  # 152.4 m


@pytest.mark.parametrize("door", [OLD + "/geozone_sources/", NEW + "/geospatial_data_sources/"])
def test_sources_come_and_go(made, authority, door):
    def status(answer):
        return answer.json().get("result") or answer.json()["data_source"]["status"]

    def put(address, name, form="ED-269"):
        body = {"https_source": {"url": address, "format": form}}
        return status(ask(made, authority, "PUT", door + name, body))

    name = str(uuid.uuid4())
    assert ask(made, authority, "GET", door + name).status_code == 404
    assert put("https://zones.example/269", name) == "Ready"
    assert status(ask(made, authority, "GET", door + name)) == "Ready"
    assert put("https://zones.example/other", str(uuid.uuid4())) == "Rejected"
    assert put("https://none.example", str(uuid.uuid4())) == "Error"
    assert put("https://zones.example/269", str(uuid.uuid4()), "AIXM") == "Unsupported"
    assert ask(made, authority, "DELETE", door + name).status_code == 200
    assert ask(made, authority, "GET", door + name).status_code == 404
    assert ask(made, authority, "PUT", door + "no-uuid", {}).status_code == 400
    made.fetch = None
    assert put("https://zones.example/269", name) == "Unsupported"


def test_bad_requests_are_refused(made, authority):
    def status(body, scope=SCOPES):
        return ask(made, authority, "POST", NEW + "/map/queries", body, scope).status_code

    def one(**filters):
        return {"checks": [{"filter_sets": [filters]}]}

    assert status({"checks": []}, scope="rid.display_provider") == 403
    for body in ({}, {"checks": 1}, {"checks": [1]}, one(volumes4d=[{}]), one(volumes4d=[]),
                 one(volumes4d=[volume(100, 0)]), one(volumes4d=[volume(0, 9, "QNH")]),
                 one(volumes4d=[volume(0, 9, radius=-1.0)]), one(after="yesterday"),
                 one(position={"location": {"lat": 95.0, "lng": 0.0}}), one(ed269=[]),
                 one(ed269={"acceptable_restrictions": ["NEVER"]})):  # fmt: skip
        assert status(body) == 400, body
    assert status({"checks": [{"filter_sets": []}]}) == 200
    status_of = ask(made, authority, "GET", NEW + "/status").json()
    assert status_of == {"status": "Ready", "api_version": "v0.2.3",
                         "api_name": "Geospatial Map Provider Automated Testing Interface"}  # fmt: skip
