"""Documents of ED-269 and ED-318: examples of their authors, both ways, and what must be refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from rabta.airspace.geozones import ed269, ed318
from rabta.airspace.geozones.heights import FOOT_M, Height, Reference
from rabta.airspace.geozones.model import Kind
from rabta.errors import RabtaError

WHOLE = (
    "Example_Collection",
    "Example_GeoZone_2_Layers",
    "Example_GeoZone_Circle",
    "Example_GeoZone_with_extension",
)
RING = [[73.0, 33.0], [73.1, 33.0], [73.1, 33.1], [73.0, 33.1], [73.0, 33.0]]
PARTY = {"name": [{"text": "Authority", "lang": "en"}], "purpose": "AUTHORIZATION"}


def feature(geometry=None, layer=None, **more):
    told = {"identifier": "AB1", "country": "PAK", "type": "PROHIBITED", "variant": "COMMON",
            "zoneAuthority": [PARTY], **more}  # fmt: skip
    shape = geometry or {"type": "Polygon", "coordinates": [RING]}
    held = {"lower": 0, "lowerReference": "AGL", "upper": 120, "upperReference": "AGL", "uom": "m"}
    return {"type": "Feature", "geometry": {**shape, "layer": layer or held}, "properties": told}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "metadata": {}, "features": list(features)})


def one(**more):
    return ed318.read(collection(feature(**more))).zones[0]


def refused(text, key, reader=ed318.read):
    with pytest.raises(RabtaError) as error:
        reader(text)
    assert key in str(error.value), error.value
    return error.value


@pytest.mark.parametrize("name", WHOLE)
def test_examples_of_the_standard_come_back_as_they_were(shared, name):
    """Examples of github.com/UASGeoZones/ED-318 (EUROCONTROL, MIT)."""
    path = shared / "validation/ed318/examples" / f"{name}.json"
    assert json.loads(ed318.write(ed318.read(path))) == json.loads(path.read_text())


def test_the_invalid_example_is_refused_where_it_is_wrong(shared):
    path = shared / "validation/ed318/examples/InvalidExample_GeoZone_2_Layers.json"
    refused(path, "metadata.validFrom")


def test_what_is_written_holds_to_the_schema(shared):
    """The schema of ED-318 itself judges a document that came from ED-269."""
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    folder = shared / "validation/ed318/schema"

    def found(uri):
        return referencing.Resource.from_contents(json.loads((folder / uri.removeprefix("./")).read_text()))

    registry = referencing.Registry(retrieve=found)
    schema = found("Schema_GeoZones.json").contents
    text = ed318.write(ed269.read(json.dumps({"UASZoneList": [older()], "formatVersion": "1.0.0"})))
    jsonschema.validate(json.loads(text), schema, registry=registry)
    broken = json.loads(text)
    broken["features"][0]["properties"]["type"] = "FORBIDDEN"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema, registry=registry)


def older(**more):
    """A zone of ED-269 that uses what only it has: a class of U-space, a list of conditions."""
    return {
        "identifier": "OLD1", "country": "CHE", "name": "A zone", "type": "COMMON",
        "restriction": "REQ_AUTHORISATION", "restrictionConditions": ["one", "two"], "uSpaceClass": "CORUS",
        "reason": ["FOREIGN_TERRITORY"], "message": "Ask",
        "applicability": [{"permanent": "NO", "startDateTime": "2026-01-01T00:00:00Z",
                           "endDateTime": "2026-12-31T23:59:59Z",
                           "schedule": [{"day": ["MON"], "startTime": "06:00:00.00Z",
                                         "endTime": "18:30:00.00Z"}]}],
        "zoneAuthority": [{"name": "Somebody", "purpose": "AUTHORIZATION"}],
        "geometry": [{"uomDimensions": "FT", "lowerLimit": 0, "lowerVerticalReference": "AGL",
                      "upperLimit": 400, "upperVerticalReference": "AMSL",
                      "horizontalProjection": {"type": "Circle", "center": [7.4, 46.9], "radius": 5000}}],
        **more,
    }  # fmt: skip


@pytest.mark.parametrize("key", ["UASZoneList", "features"])
def test_ed269_comes_back_as_it_was(key):
    given = {key: [older()], "title": "x"} if key == "features" else {
        "formatVersion": "1.0.0", "createdAt": "2026-01-01T00:00:00+00:00", key: [older()]}  # fmt: skip
    found = ed269.read(json.dumps(given))
    assert json.loads(ed269.write(found)) == given
    assert found.zones[0].layers[0].upper == Height(400, Reference.AMSL, "ft")
    assert found.zones[0].layers[0].upper.metres == pytest.approx(400 * FOOT_M)  # 121.92 m


def test_the_swiss_sample_of_ed269_is_read():
    """Null limits, limits as text, an empty daily period: as the Swiss office's sample writes them."""
    zone = older(applicability=[{"permanent": "YES", "startDateTime": None, "endDateTime": None,
                                 "dailyPeriod": [{"day": [], "startTime": None, "endTime": None}]}],
                 geometry=[{"uomDimensions": "M", "lowerLimit": "0", "lowerVerticalReference": "AGL",
                            "upperLimit": None, "upperVerticalReference": "AGL",
                            "horizontalProjection": {"type": "Polygon", "coordinates": [RING]}}])  # fmt: skip
    found = ed269.read(json.dumps({"UASZoneList": [zone]})).zones[0]
    assert found.periods == ()
    assert (found.layers[0].lower, found.layers[0].upper) == (Height(0, Reference.AGL), None)


def test_what_ed269_cannot_say_is_told_or_refused():
    names = [{"text": "a", "lang": "en"}, {"text": "b", "lang": "ur"}]
    found = ed318.read(collection(feature(type="USPACE", name=names, reason=["DAR"])))
    assert len(ed269.losses(found)) == 3
    back = ed269.read(ed269.write(found, datetime(2026, 1, 1, tzinfo=UTC))).zones[0]
    assert (back.kind, back.told["reason"]) == (Kind.CONDITIONAL, ["OTHER"])
    layer = {"lower": 0, "lowerReference": "WGS84"}
    with pytest.raises(RabtaError, match="ellipsoid"):
        ed269.write(ed318.read(collection(feature(layer=layer))))
    sun = [{"schedule": [{"day": ["ANY"], "startEvent": "SR", "endEvent": "SS"}]}]
    with pytest.raises(RabtaError, match="Sun"):
        ed269.write(ed318.read(collection(feature(limitedApplicability=sun))))


def test_across_the_antimeridian():
    ring = [[179.9, -17.0], [-179.9, -17.0], [-179.9, -16.9], [179.9, -16.9], [179.9, -17.0]]
    zone = one(geometry={"type": "Polygon", "coordinates": [ring]}, country="FJI")
    south, west, north, east = zone.layers[0].areas[0].outline.box
    assert east - west == pytest.approx(0.2)
    assert north - south == pytest.approx(0.1, abs=1e-3)


def test_many_polygons_with_holes_come_back():
    hole = [[73.04, 33.04], [73.06, 33.04], [73.06, 33.06], [73.04, 33.06], [73.04, 33.04]]
    far = [[[lon + 1.0, lat] for lon, lat in RING]]
    given = feature({"type": "MultiPolygon", "coordinates": [[RING, hole], far]})
    found = ed318.read(collection(given))
    assert json.loads(ed318.write(found))["features"][0] == given


BOW = [[73.0, 33.0], [73.1, 33.1], [73.1, 33.0], [73.0, 33.1], [73.0, 33.0]]
OUT = [[74.0, 33.0], [74.1, 33.0], [74.1, 33.1], [74.0, 33.1], [74.0, 33.0]]
WRONG = [
    ({"country": "PAX"}, "properties.country"),
    ({"identifier": "TOOLONGX"}, "properties.identifier"),
    ({"type": "FORBIDDEN"}, "properties.type"),
    ({"zoneAuthority": []}, "zoneAuthority"),
    ({"surprise": 1}, "properties.surprise"),
    ({"reason": ["BECAUSE"]}, "reason[0]"),
    ({"layer": {"lower": 200, "lowerReference": "AGL", "upper": 100, "upperReference": "AGL"}}, "upper"),
    ({"layer": {"lower": 0, "upper": 100, "upperReference": "AGL"}}, "lowerReference"),
    ({"layer": {"lower": 0, "lowerReference": "QNH"}}, "lower"),
    ({"layer": {"lower": 0, "lowerReference": "AGL", "uom": "km"}}, "uom"),
    ({"layer": {"lower": True, "lowerReference": "AGL"}}, "lower"),
    ({"limitedApplicability": [{"startDateTime": "2026-02-30T00:00:00Z"}]}, "startDateTime"),
    ({"limitedApplicability": [{"startDateTime": "2026-01-01T00:00:00"}]}, "startDateTime"),
    ({"limitedApplicability": [{"startDateTime": "2026-02-01T00:00:00Z",
                                "endDateTime": "2026-01-01T00:00:00Z"}]}, "endDateTime"),
    ({"limitedApplicability": [{"schedule": [{"day": ["FUN"]}]}]}, "day[0]"),
    ({"limitedApplicability": [{"schedule": [{"day": ["ANY"], "startTime": "25:00:00Z"}]}]}, "startTime"),
    ({"limitedApplicability": [{"schedule": [{"day": ["ANY"], "startTime": "01:00Z", "startEvent": "SR"}]}]},
     "startEvent"),
    ({"geometry": {"type": "Polygon", "coordinates": [BOW]}}, "coordinates[0]"),
    ({"geometry": {"type": "Polygon", "coordinates": [RING[:-1]]}}, "coordinates[0]"),
    ({"geometry": {"type": "Polygon", "coordinates": [RING, OUT]}}, "a hole inside"),
    ({"geometry": {"type": "Polygon", "coordinates": [[[73.0, 95.0], *RING[1:]]]}}, "coordinates[0][0]"),
    ({"geometry": {"type": "Polygon", "coordinates": [[[*RING[0], 9.0], *RING[1:]]]}}, "coordinates[0][0]"),
    ({"geometry": {"type": "LineString", "coordinates": RING}}, "geometry.type"),
    ({"geometry": {"type": "Point", "coordinates": RING[0]}}, "extent"),
    ({"geometry": {"type": "Point", "coordinates": RING[0],
                   "extent": {"subType": "Circle", "radius": -5}}}, "radius"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "key"), WRONG, ids=[key for _, key in WRONG])
def test_what_is_wrong_is_refused_with_its_path(more, key):
    refused(collection(feature(**more)), key)


def test_hostile_documents_are_refused():
    refused("[" * 100_000, "document")
    refused(json.dumps({"type": "FeatureCollection", "features": nested(40)}), "document")
    refused('{"type": "FeatureCollection", "features": [], "type": "x"}', "type")
    refused('{"type": "FeatureCollection", "features": [NaN]}', "document")
    refused(b"\xff\xfe\x00", "document")
    refused("[]", "document")
    ring = [[73.0 + k * 1e-6, 33.0] for k in range(10_002)]
    refused(collection(feature({"type": "Polygon", "coordinates": [ring]})), "coordinates[0]")
    world = [[-170.0, -80.0], [170.0, -80.0], [170.0, 80.0], [-170.0, 80.0], [-170.0, -80.0]]
    refused(collection(feature({"type": "Polygon", "coordinates": [world]})), "too large")


def nested(depth):
    found = []
    for _ in range(depth):
        found = [found]
    return found


def test_an_unknown_word_is_answered_with_the_nearest():
    told = refused(collection(feature(type="PROHIBITTED")), "properties.type")
    assert "did you mean 'PROHIBITED'" in str(told)
