"""OMM in its four spellings against the TLE of the same satellite."""

import json

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space import elements, tle

from .samples import LEO, OMM

XML = """<?xml version="1.0" encoding="UTF-8"?>
<ndm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><omm id="CCSDS_OMM_VERS" version="3.0"><header/>
<body><segment><metadata>{meta}</metadata><data><meanElements>{mean}</meanElements><tleParameters>{tle}
</tleParameters></data></segment></body></omm></ndm>"""
MEAN = (
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
)


def tags(names: tuple[str, ...]) -> str:
    return "".join(f"<{name}>{OMM[name]}</{name}>" for name in names)


def xml() -> str:
    return XML.format(
        meta=tags(("OBJECT_NAME", "OBJECT_ID")) + "<REF_FRAME>TEME</REF_FRAME><TIME_SYSTEM>UTC</TIME_SYSTEM>",
        mean=tags(MEAN),
        tle=tags(("NORAD_CAT_ID", "BSTAR")),
    )


def csv() -> str:
    return ",".join(OMM) + "\n" + ",".join(str(v) for v in OMM.values()) + "\n"


def kvn() -> str:
    return "CCSDS_OMM_VERS = 2.0\nCOMMENT made here\n" + "".join(
        f"{k} = {v} [unit]\n" for k, v in OMM.items()
    )


SPELLINGS = {"xml": xml(), "json": json.dumps([OMM]), "csv": csv(), "kvn": kvn()}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_the_elements_of_the_tle(spelling: str) -> None:
    got = elements.parse(SPELLINGS[spelling].encode(), spelling)
    want = tle.parse("\n".join(LEO).encode())
    assert got["name"].tolist() == ["DELTA 1 DEB"]
    for name in set(want) - {"name", "line"}:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-14, err_msg=name)


def test_nine_digit_numbers() -> None:
    text = json.dumps(OMM | {"NORAD_CAT_ID": 799_500_123})
    assert elements.parse(text.encode())["norad"].tolist() == [799_500_123]


def test_ordinal_epoch() -> None:
    text = json.dumps(OMM | {"EPOCH": "2006-176T19:46:43.980096Z"})
    assert elements.parse(text.encode())["epoch_jd"][0] == elements.parse(csv().encode())["epoch_jd"][0]


@pytest.mark.parametrize(
    ("change", "problem", "key"),
    [
        ({"MEAN_MOTION": "fast"}, "not a number", "message 1, MEAN_MOTION"),
        ({"MEAN_MOTION": None}, "missing field", "message 1, MEAN_MOTION"),
        ({"EPOCH": "2006-13-01T00:00:00"}, "wrong epoch", "message 1, EPOCH"),
        ({"EPOCH": "yesterday"}, "wrong epoch", "message 1, EPOCH"),
        ({"NORAD_CAT_ID": 1_000_000_000}, "wrong catalogue number", "message 1, NORAD_CAT_ID"),
        ({"MEAN_ELEMENT_THEORY": "SGP4-XP"}, "cannot propagate", "message 1, MEAN_ELEMENT_THEORY"),
        ({"REF_FRAME": "ITRF"}, "cannot propagate", "message 1, REF_FRAME"),
        ({"ECCENTRICITY": 1.2}, "out of range", "line 1, DELTA 1 DEB, eccentricity"),
        ({"BSTAR": "nan"}, "out of range", "line 1, DELTA 1 DEB, bstar"),
    ],
)
def test_damage_is_named(change: dict[str, object], problem: str, key: str) -> None:
    with pytest.raises(RabtaError, match=problem) as caught:
        elements.parse(json.dumps([OMM | change]).encode(), "some.json")
    assert caught.value.key == key
    assert caught.value.file == "some.json"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (xml()[:400], "not valid XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + xml(), "document type"),
        (json.dumps([OMM])[:-5], "not valid JSON"),
        ("[1, 2]", "not an object"),
        (csv() + "1,2,3\n", "wrong number of columns"),
        (kvn() + "what is this\n", "not a field"),
    ],
)
def test_broken_files_are_refused(text: str, problem: str) -> None:
    with pytest.raises(RabtaError, match=problem):
        elements.parse(text.encode(), "broken")
