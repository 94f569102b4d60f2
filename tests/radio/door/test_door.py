"""The front door: geometry, the choice of a model, and refusals by name."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.door import Links, World, predict
from rabta.radio.door.registry import MODELS
from rabta.radio.linkbudget import free_space_db, slant_range_km
from rabta.radio.slantpath import attenuation
from rabta.scenario import Nation

GILGIT, LAHORE = (35.92, 74.31), (31.55, 74.34)
GEO_M = 35_786e3


@pytest.fixture(scope="module")
def world() -> World:
    return World(Nation())


def up(place: tuple[float, float], lon: float, ghz: object, percent: object = 99.9) -> Links:
    """From a roof to a geostationary satellite."""
    return Links.of(ghz, [place[0], 0.0], [place[1], lon], [1500.0, 0.0], [10.0, GEO_M], percent=percent)


def test_range_to_a_satellite_overhead_is_its_height() -> None:
    links = Links.of(2.0, [30.0, 30.0], [70.0, 70.0], [0.0, 0.0], [0.0, 600e3])
    assert links.range_km[0] == pytest.approx(600.0)
    assert links.elevation_deg[0] == pytest.approx(90.0)
    assert links.along_km[0] == 0.0


def test_range_agrees_with_3gpp_on_its_sphere() -> None:
    """3GPP TR 38.811, equation (6.6-3), on a sphere: an ellipsoid differs by less than 0.5 %."""
    links = up(LAHORE, 38.0, 12.0)
    assert links.range_km[0] == pytest.approx(
        float(slant_range_km(links.elevation_deg[0], 35_786.0)), rel=5e-3
    )


def test_ends_may_be_given_in_either_order(world: World) -> None:
    there = up(GILGIT, 38.0, [4.0, 20.0])
    back = Links.of(
        [4.0, 20.0], [0.0, GILGIT[0]], [38.0, GILGIT[1]], [0.0, 1500.0], [GEO_M, 10.0], percent=99.9
    )
    assert predict(there, world).total_db == pytest.approx(predict(back, world).total_db)


def test_earth_space_parts_are_those_of_p618(world: World) -> None:
    links = up(LAHORE, 38.0, 20.0)
    found = predict(links, world)
    climate = world.climate(links.lat_deg[0], links.lon_deg[0], links.height_m[0])
    alone = attenuation(climate, 20.0, links.elevation_deg, 0.1, diameter_m=0.6, efficiency=0.65)
    assert found.recommendation(0) == "ITU-R P.618-14"
    assert found.total_db == pytest.approx(alone.total + free_space_db(links.range_km, 20.0))
    assert sum(v[0] for v in found.parts.values()) == pytest.approx(found.total_db[0])


def test_many_links_at_once_are_the_same_as_one_by_one(world: World) -> None:
    ghz, percent = np.array([4.0, 12.0, 20.0, 30.0, 94.0]), np.array([99.9, 99.0, 99.99, 50.0, 90.0])
    together = predict(up(GILGIT, 38.0, ghz, percent), world)
    alone = [predict(up(GILGIT, 38.0, f, p), world).total_db[0] for f, p in zip(ghz, percent, strict=True)]
    assert together.total_db == pytest.approx(alone)
    assert len(together.models) == 2


@pytest.mark.parametrize(
    ("links", "key"),
    [
        (up(LAHORE, 38.0, 94.0), "exceeded_percent"),  # above P.618; P.676 knows no rain
        (up(LAHORE, -10.0, 12.0), "elevation_deg"),
        (up(LAHORE, 38.0, 12.0, 99.9999), "exceeded_percent"),
    ],
)
def test_out_of_range_is_refused_with_the_ranges(world: World, links: Links, key: str) -> None:
    with pytest.raises(RabtaError, match=r"ITU-R P\.618-14") as refused:
        predict(links, world)
    assert refused.value.key == key


def test_the_climate_of_a_place_abroad_is_that_of_the_maps(world: World) -> None:
    pytest.importorskip("itur")
    sheet = 26.48052, 2.09273333  # London, R0.01 and h0: ITU-R CG-3M3J-13-ValEx Rev 8.3.0
    found = world.climate(np.array([51.5, 31.55]), np.array([-0.14, 74.34]), np.zeros(2))
    assert found.rain_rate_mmh[0] == pytest.approx(sheet[0], rel=1e-4)
    assert found.rain_height_km[0] == pytest.approx(sheet[1] + 0.36, rel=1e-6)
    with pytest.raises(RabtaError, match=r"51\.5, -0\.14"):
        world.column("n_wet", np.array([51.5]), np.array([-0.14]))


def test_unknown_names_come_with_the_nearest(world: World) -> None:
    links = up(LAHORE, 38.0, 12.0)
    with pytest.raises(RabtaError, match="interference"):
        predict(links, world, purpose="interferance")
    with pytest.raises(RabtaError, match=r"P\.618"):
        predict(links, world, recommendation="P.619x")


def test_every_model_states_its_document_and_ranges() -> None:
    for model in MODELS:
        assert model.recommendation.startswith(("ITU-R ", "3GPP ", "NTIA "))
        assert model.kinds
        assert all(low < high for low, high in model.ranges.values())


def ground(first: tuple[float, float], second: tuple[float, float], above: float, **given: object) -> Links:
    """Masts at two places of the plain near Lahore, 210 m up."""
    pairs = ([first[0], second[0]], [first[1], second[1]], [210.0, 210.0], [above, above])
    return Links.of(given.pop("ghz", 0.7), *pairs, **given)


def test_each_purpose_and_height_has_its_recommendation(world: World) -> None:
    near = (31.4, 74.2)
    asked = {
        "ITU-R P.1812-7": ground(LAHORE, near, 20.0, percent=50.0),
        "ITU-R P.530-18": ground(LAHORE, near, 80.0, ghz=7.5, percent=99.99),
        "NTIA ITM 1.2.2 (Longley-Rice)": ground(LAHORE, near, 20.0, percent=95.0),
        "ITU-R P.528-5": ground(LAHORE, near, 3000.0, percent=95.0),
        "ITU-R P.525-4": ground(LAHORE, near, 550e3),
    }
    for document, links in asked.items():
        assert predict(links, world).recommendation(0) == document
    rare = ground(LAHORE, near, 20.0, ghz=3.5, percent=0.1)
    assert predict(rare, world, "interference").recommendation(0) == "ITU-R P.452-18"
    unwanted = predict(up(LAHORE, 38.0, 12.0, 50.0), world, "interference")
    assert unwanted.recommendation(0) == "ITU-R P.619-5"
    clear = predict(up(LAHORE, 38.0, 12.0, 50.0), world)  # P.676 alone, of vapour exceeded 5 % of the year
    assert unwanted.total_db[0] == pytest.approx(clear.total_db[0], abs=0.2)


def test_a_hop_fades_as_p530_says(world: World) -> None:
    from rabta.radio.local import hops

    links = ground(LAHORE, (31.4, 74.2), 80.0, ghz=[7.5, 18.0], percent=[99.99, 99.9])
    found = predict(links, world)
    place = np.full(2, 31.475), np.full(2, 74.27)
    lost = hops.unavailability_percent(
        found.parts["rain and multipath"], links.along_km, links.frequency_ghz, *links.height_m, 31.475,
        rain_mmh=world.column("rain_rate_001_mmh", *place), dn1=world.column("dn1", *place),
    )  # fmt: skip
    assert lost == pytest.approx([0.01, 0.1], rel=1e-3)


def test_longley_rice_is_taken_when_asked_for(world: World) -> None:
    links = ground(LAHORE, (31.4, 74.2), 20.0)
    one = predict(links, world, recommendation="Longley")
    other = predict(links, world)
    assert one.recommendation(0) != other.recommendation(0)
    assert abs(one.total_db[0] - other.total_db[0]) < 15.0  # two models of one plain


def test_handsets_among_houses_hear_less_than_antennas_in_the_open() -> None:
    links = Links.of(2.0, [31.55, 29.0], [74.34, 74.34], [210.0, 0.0], [1.5, 600e3], places_percent=90.0)
    loss = [
        predict(links, World(Nation(), where)).total_db[0] for where in ("rural", "suburban", "dense-urban")
    ]
    assert loss == sorted(loss)
    with pytest.raises(RabtaError, match="suburban"):
        World(Nation(), "suburb")


def test_houses_stand_between_interferer_and_victim() -> None:
    """P.2108-1, section 3.3, at half of the places: what P.619 adds in surroundings other than open."""
    from rabta.radio.local import clutter

    links = Links.of(12.0, [31.55, 25.0], [74.34, 74.34], [210.0, 0.0], [1.5, 550e3])
    found = [predict(links, World(Nation(), where), "interference") for where in ("open", "urban")]
    expected = float(clutter.slant_db(12.0, links.elevation_deg[0], 50.0))
    assert found[1].total_db[0] - found[0].total_db[0] == pytest.approx(expected)


def test_below_30_mhz_the_sky_or_the_ground_carries(world: World) -> None:
    """Islamabad to Gilgit, 270 km: at noon in January 5 MHz comes back from the sky, 0.3 MHz does not."""
    links = Links.of([0.0003, 0.005], [33.7, 35.92], [73.1, 74.31], [500.0, 1500.0], [8.0, 8.0])
    found = predict(links, world)
    assert [found.recommendation(i) for i in range(2)] == ["ITU-R P.368-10", "ITU-R P.533-14"]
    night = World(Nation(), at=datetime(2026, 1, 13, 22, 0, tzinfo=UTC))
    assert predict(links.take(np.array([False, True])), night).total_db[0] != found.total_db[1]
    near = Links.of(0.005, [33.7, 33.71], [73.1, 73.1], [500.0, 500.0], [8.0, 8.0])
    assert predict(near, world).recommendation(0) == "ITU-R P.368-10"


def test_satellites_behind_the_earth_have_no_link(world: World) -> None:
    seen = Links.of(30.0, [0.0, 0.0], [38.0, 60.0], [0.0, 0.0], [GEO_M, GEO_M])
    hidden = Links.of(30.0, [0.0, 0.0], [38.0, 210.0], [0.0, 0.0], [GEO_M, GEO_M])
    assert predict(seen, world).total_db[0] == pytest.approx(float(free_space_db(seen.range_km[0], 30.0)))
    with pytest.raises(RabtaError, match="Earth is in the way"):
        predict(hidden, world)


def test_a_refusal_speaks_of_the_models_of_the_band(world: World) -> None:
    with pytest.raises(RabtaError, match=r"P\.1812-7: distance_km") as refused:
        predict(ground(LAHORE, LAHORE, 20.0, ghz=3.5), world)
    assert refused.value.key == "distance_km"


def test_what_a_model_does_not_know_is_refused_rather_than_left_out(world: World) -> None:
    """TR 38.811 knows no rain, P.452 is no coverage, and no share of places is 0 or 100 %."""
    urban = World(Nation(), "urban")
    seen = Links.of(20.0, [31.55, 29.0], [74.34, 74.34], [210.0, 0.0], [1.5, 600e3], percent=99.9)
    with pytest.raises(RabtaError, match=r"TR 38\.811: percent 0 to 95"):
        predict(seen, urban)
    with pytest.raises(RabtaError, match="purpose interference"):
        predict(ground(LAHORE, (31.4, 74.2), 20.0, ghz=3.5), world, recommendation="P.452")
    for wrong in ({"places_percent": 0.0}, {"diameter_m": -1.0}):
        with pytest.raises(RabtaError, match=next(iter(wrong))):
            Links.of(2.0, [31.5, 31.6], [74.0, 74.1], [200.0, 200.0], [1.5, 30.0], **wrong)


def test_vapour_thins_with_the_antennas_height(world: World) -> None:
    place = np.array([LAHORE[0]]), np.array([LAHORE[1]])
    ground_m = world.ground_m(*place)
    low, high = (world.climate(*place, ground_m + h).vapour_g_m3[0] for h in (0.0, 2000.0))
    assert high == pytest.approx(low / np.e)
