"""Energy, ground risk, fields and what they make of a flight."""

from __future__ import annotations

import json
import math

import h3
import numpy as np
import pytest

from rabta.airspace.feasibility import energy, ground
from rabta.airspace.feasibility.assess import Assessor, Limits, between
from rabta.airspace.feasibility.energy import Aircraft
from rabta.airspace.feasibility.fields import Fields, none
from rabta.airspace.proposals.route import Plan
from rabta.airspace.volumes import Circle, Volume
from rabta.errors import RabtaError

MIDDLE = (33.7, 73.05)
NOON_S = 1_795_424_400.0

# DJI, Matrice 100, specifications (2015): weight with battery, payload kg, battery Wh, hovering time min; 13-inch  # noqa: E501
# propellers (DJI 1345s). One efficiency for all is the one free number of the model.
MATRICE_100 = (
    (2.355, 0.0, 99.9, 22.0), (2.355, 0.5, 99.9, 17.0), (2.355, 1.0, 99.9, 13.0),
    (2.431, 0.0, 129.96, 28.0), (2.431, 0.5, 129.96, 20.0), (2.431, 1.0, 129.96, 16.0),
)  # fmt: skip


@pytest.mark.parametrize(("empty", "payload", "wh", "minutes"), MATRICE_100)
def test_hovering_times_of_a_quadcopter(empty, payload, wh, minutes):
    one = Aircraft(mass_kg=empty + payload, rotors=4, rotor_m=13 * 0.0254, efficiency=0.45)
    assert 60.0 * wh / float(energy.power_w(one, 0.0)) == pytest.approx(minutes, rel=0.05)


def test_hover_and_fast_flight_are_momentum_theory():
    # hover: v = sqrt(T / (2 rho A)); fast: v = T / (2 rho A V) (Johnson, Helicopter Theory, 2-1 and 4-1)
    disk, thrust = 0.34, 33.3
    hover = math.sqrt(thrust / (2.0 * energy.AIR_KG_M3 * disk))
    assert float(energy.induced_m_s(thrust, 0.0, 0.0, disk)) == pytest.approx(hover, rel=1e-9)
    fast = thrust / (2.0 * energy.AIR_KG_M3 * disk * 80.0)
    assert float(energy.induced_m_s(thrust, 80.0, 0.0, disk)) == pytest.approx(fast, rel=1e-3)
    climb = float(energy.induced_m_s(thrust, 0.0, 4.0, disk))
    assert climb == pytest.approx(-2.0 + math.hypot(2.0, hover), rel=1e-9)  # same, 3-1


def test_wind_triangle():
    assert float(energy.airspeed_m_s(0.0, 10.0, 5.0, 0.0)) == pytest.approx(15.0)  # from ahead
    assert float(energy.airspeed_m_s(0.0, 10.0, 5.0, 180.0)) == pytest.approx(5.0)
    assert float(energy.airspeed_m_s(0.0, 10.0, 5.0, 90.0)) == pytest.approx(math.hypot(10.0, 5.0))


# JARUS SORA annex F as the casex package 1.2 (AAU, MIT) prints it: raw class for 35 degrees, by people per km2 and  # noqa: E501
# dimension (1, 3, 8, 20, 40 m), before the 0.3 that the annex takes off and rounding up.
ANNEX_F = {
    25: (3.1, 4.3, 5.3, 6.3, 7.1), 250: (4.1, 5.3, 6.3, 7.3, 8.1), 2_500: (5.1, 6.3, 7.3, 8.3, 9.1),
    25_000: (6.1, 7.3, 8.3, 9.3, 10.1),
}  # fmt: skip


@pytest.mark.parametrize("people", ANNEX_F)
def test_ground_risk_is_what_annex_f_computes(people):
    for size, speed, raw in zip(ground.DIMENSION_M, ground.SPEED_M_S, ANNEX_F[people], strict=True):
        assert ground.intrinsic(size, speed, people) == math.ceil(round(raw - 0.3, 1))


def test_ground_risk_of_the_light_the_unknown_and_the_too_large():
    assert ground.intrinsic(0.3, 20.0, 20_000.0, mass_kg=0.249) == 1
    assert ground.intrinsic(0.3, 26.0, 20_000.0, mass_kg=0.249) == 7  # faster than the note allows
    assert ground.intrinsic(1.0, 20.0, np.nan) == ground.UNKNOWN
    assert (
        ground.intrinsic(1.0, 34.0, 100.0) == ground.intrinsic(3.0, 20.0, 100.0) == 5
    )  # speed counts as size
    with pytest.raises(RabtaError, match="40 m"):
        ground.column(41.0, 10.0)


def fields(outage=(0.001, 0.1, 0.3, 0.6), *, hpl=8.0, wind=4.0, people=3_000.0, satellite=0.0):
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(*MIDDLE, 9), 20))
    shape = (len(cells), 4, 24)
    return Fields(cells, np.array([30.0, 60.0, 90.0, 120.0]), np.broadcast_to(np.array(outage)[:, None], shape).copy(),  # noqa: E501
                  np.full((len(cells), 24), hpl), np.full((len(cells), 4), wind), np.full(len(cells), people),
                  np.full(len(cells), satellite), 0.0, "run-1", "2026-11-23T00:00:00Z")  # fmt: skip


def plan(height=30.0, north_m=2_000.0):
    return Plan((MIDDLE, (MIDDLE[0] + north_m / 111_195.0, MIDDLE[1])), height, NOON_S)


def test_fields_between_layers_outside_and_above():
    found = fields().at(
        [MIDDLE[0], MIDDLE[0], MIDDLE[0], 40.0], MIDDLE[1], [45.0, 120.0, 200.0, 45.0], NOON_S
    )
    assert found.outage[:2].tolist() == pytest.approx([0.0505, 0.6])
    assert np.isnan(found.outage[2:]).all()
    assert np.isnan(found.people_km2[2:]).all()
    assert np.isnan(none().at([33.7], [73.0], 60.0, NOON_S).outage).all()


def test_a_good_flight_carries_its_figures():
    one = plan()
    found = Assessor(fields()).assess(one.volumes, one.legs, NOON_S + 7_200.0)
    told = found.told()
    assert found.feasible
    assert not found.unknown
    assert told["ground_risk_class"] == 5
    assert told["fields"]["version"] == "run-1"
    assert told["fields"]["age_hours"] == pytest.approx(11.0)
    assert len(told["volumes"]) == len(one.volumes)
    assert told["outage"] < 0.01
    json.dumps(told, allow_nan=False)
    # energy by hand: climb and descent of 10 s, 2,000 m at 15 m/s against 4 m/s
    up, ahead, down = (
        float(energy.power_w(Aircraft(), v, c)) for v, c in ((4.0, 3.0), (19.0, 0.0), (4.0, -3.0))
    )
    wanted = (10.0 * up + one.length_m / 15.0 * ahead + 10.0 * down) / 3_600.0
    assert told["energy_wh"] == pytest.approx(wanted, abs=0.06)


@pytest.mark.parametrize(("other", "height", "kind"), [
    ({}, 90.0, "command-link"), ({"hpl": 60.0}, 30.0, "position"), ({"hpl": math.inf}, 30.0, "position"),
    ({"people": 30_000.0, "wind": 4.0}, 30.0, None), ({"people": 60_000.0}, 30.0, None),
    ({"wind": 25.0}, 30.0, "wind"),
])  # fmt: skip
def test_what_speaks_against_a_flight(other, height, kind):
    one = plan(height)
    kinds = {reason.kind for reason in Assessor(fields(**other)).assess(one.volumes, one.legs).reasons}
    assert kinds >= {kind} if kind else not kinds


def test_too_far_for_the_battery_and_too_many_people():
    small = Aircraft(battery_wh=20.0)
    one = plan()
    assert {r.kind for r in Assessor(fields(), small).assess(one.volumes, one.legs).reasons} == {"energy"}
    strict = Assessor(fields(), limits=Limits(ground_class=4)).assess(one.volumes, one.legs)
    assert [r.kind for r in strict.reasons] == ["ground-risk"]
    assert "3,000 people" in strict.reasons[0].words


def test_satellites_stand_in():
    one = plan(90.0)
    got = Assessor(fields(satellite=0.99), satellites=True).assess(one.volumes, one.legs)
    assert got.feasible
    assert got.outage < 0.01
    assert not Assessor(fields(satellite=0.99)).assess(one.volumes, one.legs).feasible


def test_unknown_is_told_and_refused_only_where_asked():
    one = plan()
    found = Assessor(none()).assess(one.volumes, one.legs)
    assert found.feasible
    assert set(found.unknown) == {
        "command link",
        "protection level",
        "wind",
        "people",
        "energy",
    }
    assert found.told()["outage"] is None
    assert found.told()["hpl_m"] is None
    strict = Assessor(none(), limits=Limits(refuse_unknown=True)).assess(one.volumes, one.legs)
    assert {r.kind for r in strict.reasons} == {"unknown"}


def test_volumes_alone_tell_the_way_between_them():
    one = plan()
    legs = between(one.volumes)
    assert sum(leg.metres for leg in legs) == pytest.approx(one.length_m, rel=0.02)
    lone = [Volume(Circle(*MIDDLE, 50.0), 20.0, 40.0, NOON_S, NOON_S + 60.0)]
    assert Assessor(fields()).assess(lone).energy_wh == pytest.approx(
        float(energy.use_wh(Aircraft(), 60.0, 4.0)), rel=1e-6
    )
    assert math.isnan(Assessor(fields()).assess([Volume(Circle(*MIDDLE, 50.0), 20.0, 40.0)]).energy_wh)
