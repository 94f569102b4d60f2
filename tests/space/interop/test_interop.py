"""Files of other tools: shells of StarPerf and StarryNet in; StarryNet positions and CZML out."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.geo import ecef_from_geodetic
from rabta.space import elements
from rabta.space.interop import czml, shells, starrynet
from rabta.space.propagate import positions

# The fields and values of StarPerf 2.0's Telesat.xml (SpaceNetLab/StarPerf_Simulator, BSD-2), whose periods
# of 6557 and 6298 s do not fit the altitudes.
TELESAT = (
    (1015, 6557, 98.98, 0, 27, 13),
    (1325, 6298, 50.88, 0, 40, 33),
)
TAGS = tuple(shells.STARPERF)
# The fields and values of StarryNet's config.json that describe its shell (SpaceNetLab/StarryNet, MIT).
STARRYNET = dict(zip(shells.STARRYNET, (550, 5731, 53, 1, 5, 5), strict=True)) | {"Name": "starlink"}
TIMES = np.datetime64("2026-01-13T00:00:00", "ns") + np.arange(5) * np.timedelta64(1, "s")


def starperf(rows: tuple[tuple[float, ...], ...], count: int | None = None) -> str:
    body = "".join(
        f"<shell{k}>" + "".join(f"<{t}>{v}</{t}>" for t, v in zip(TAGS, row, strict=True)) + f"</shell{k}>"
        for k, row in enumerate(rows, start=1)
    )
    stated = len(rows) if count is None else count
    return f"<constellation><number_of_shells>{stated}</number_of_shells>{body}</constellation>"


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_starperf_shells_and_the_period_that_is_wrong(tmp_path: Path) -> None:
    source = written(tmp_path, "Telesat.xml", starperf(TELESAT))
    with pytest.warns(UserWarning, match="states a period of") as said:
        table = elements.read(source)
    assert [str(w.message).split("it is ")[1][:4] for w in said] == ["6325", "6729"]
    assert len(table) == 27 * 13 + 40 * 33
    first, second = table[: 27 * 13], table[27 * 13 :]
    assert first["raan_deg"].max() == pytest.approx(180 * 26 / 27)  # 98.98 deg counts as polar
    assert second["raan_deg"].max() == pytest.approx(360 * 39 / 40)
    # 1015 km and 6,325 s: Kepler's third law over 7,393 km gives 6,326 s
    assert 86_400 / first["mean_motion_rev_day"].iloc[0] == pytest.approx(6326, abs=5)


def test_starrynet_shell_has_walkers_phasing(tmp_path: Path) -> None:
    table = elements.read(written(tmp_path, "config.json", json.dumps(STARRYNET)), epoch_jd=2_461_053.5)
    assert len(table) == 25
    assert set(table["epoch_jd"]) == {2_461_053.5}
    assert table["mean_anomaly_deg"].iloc[5] == pytest.approx(360 / 25)
    assert table["name"].iloc[24] == "starlink 05-05"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (starperf(TELESAT, 3), "number_of_shells"),
        (starperf(((1015, 6325, 98.98, 0, 27.5, 13),)), "number_of_orbit"),
        (starperf(((-5, 6325, 98.98, 0, 27, 13),)), "altitude"),
        (starperf(((550, 5739, 53, 0, 1000, 10_000),)), "too many satellites"),
        (starperf(TELESAT).replace("altitude", "height"), "nearest key"),
        ("<constellation><number_of_shells>", "not valid XML"),
        ("<constellation><!ENTITY a 'b'></constellation>", "declaration"),
        (json.dumps({"# of orbit": 5}), "Altitude"),
        ('{"# of orbit": 5', "not valid JSON"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RabtaError, match=says) as error:
        elements.read(written(tmp_path, "shells.txt", text))
    assert "shells.txt" in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["<constellation>", '{"# of orbit": ']))
def test_hostile_text_is_refused_by_name(text: str, start: str) -> None:
    with pytest.raises(RabtaError):
        elements.parse((start + text).encode("utf-8", "replace"), "hostile")


def test_positions_are_those_of_the_ellipsoid(tmp_path: Path) -> None:
    table = elements.read(written(tmp_path, "config.json", json.dumps(STARRYNET)), epoch_jd=2_461_053.5)
    place = positions(table, TIMES)
    files = starrynet.write_positions(tmp_path, place)
    assert [f.name for f in files] == ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]
    lines = np.loadtxt(files[2], delimiter=",")
    assert lines.shape == (25, 3)
    back = ecef_from_geodetic(lines[:, 0], lines[:, 1], lines[:, 2] * 1e3)
    assert np.abs(back - place[2]).max() < 1.0  # six decimals of a degree are 0.1 m
    assert np.abs(lines[:, 0]).max() <= 53.3  # geodetic latitude of a satellite at 53 deg


def test_geodetic_agrees_with_astropy() -> None:
    """StarryNet takes geodetic places over WGS84; Astropy's are those of ERFA's ``gd2gc``, by the IAU."""
    from astropy import units
    from astropy.coordinates import EarthLocation

    for lat, lon, height in ((52.5, 67.0, 548e3), (-33.0, -170.0, 1200e3), (0.0, 180.0, 35_786e3)):
        there = EarthLocation.from_geodetic(lon, lat, height, ellipsoid="WGS84")
        found = starrynet.geodetic(np.array([axis.to_value(units.m) for axis in there.geocentric]))
        assert found[0] == pytest.approx(lat, abs=1e-7)  # 1 cm; files have 1e-6
        assert abs(found[1]) == pytest.approx(abs(lon), abs=1e-7)
        assert found[2] == pytest.approx(height, abs=0.01)


def test_czml_packets(tmp_path: Path) -> None:
    place = np.arange(30.0).reshape(5, 2, 3) * 1e6
    packets = [
        czml.document("Two", TIMES),
        *czml.satellites(["A 1", "B#2"], TIMES, place),
        *czml.sites(["Karachi"], np.ones((1, 3))),
        *czml.links([("A 1", "B#2")]),
    ]
    czml.write(tmp_path / "two.czml", packets)
    read = json.loads((tmp_path / "two.czml").read_text())
    assert read[0] == {
        "id": "document",
        "name": "Two",
        "version": "1.0",
        "clock": {
            "interval": "2026-01-13T00:00:00.000000Z/2026-01-13T00:00:04.000000Z",
            "currentTime": "2026-01-13T00:00:00.000000Z",
            "multiplier": 60,
            "range": "LOOP_STOP",
        },
    }
    assert read[2]["position"]["cartesian"][:8] == [0.0, 3e6, 4e6, 5e6, 1.0, 9e6, 10e6, 11e6]
    assert read[4]["polyline"]["positions"]["references"] == ["A 1#position", "B_2#position"]


def test_czml_refuses_two_of_one_name(tmp_path: Path) -> None:
    twice = czml.sites(["Karachi", "Karachi"], np.ones((2, 3)))
    with pytest.raises(RabtaError, match="Karachi"):
        czml.write(tmp_path / "two.czml", twice)
