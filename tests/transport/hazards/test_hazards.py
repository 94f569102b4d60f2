"""Joint hazards: rates, footprints, recovery, losses, and the same years whatever else changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from rabta import catalog, jit, scenario, schema
from rabta.engine import work
from rabta.errors import RabtaError
from rabta.transport.hazards import cuts, events, exposure, floods, losses, sources, stages
from rabta.twin import wrap

from .conftest import twin

DRAWS = np.arange(4000)
FLOOD = sources.Flood(sources.data("flood"))
QUAKE = sources.Quake(sources.data("earthquake"))
STANDBY = sources.Standby(sources.data("standby"))
CABLES = sources.Cables(sources.data("submarine-faults"))


def same(a: object, b: object) -> bool:
    """Equal to the last bit, field by field."""
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))


def few(count: float, expected: float) -> bool:
    """A Poisson count within four standard deviations."""
    return abs(count - expected) <= 4.0 * np.sqrt(expected) + 1.0


# catalog


def test_flooded_land_adds_to_the_published_totals() -> None:
    """Federal Flood Commission: 20 floods and 599,459 km2 to 2012 (tribune.com.pk), 616,598 km2 to 2015."""
    areas = FLOOD.entry["areas"]
    by_year = dict(zip(areas["years"], areas["km2"], strict=True))
    to_2012 = [km2 for year, km2 in by_year.items() if year <= 2012]
    assert (len(to_2012), sum(to_2012)) == (20, 599_459.0)
    assert (len(by_year), sum(by_year.values())) == (23, 616_598.0)


def test_standby_follows_from_the_blackout_of_2023() -> None:
    assert STANDBY.mains_share == pytest.approx(0.9325, abs=1e-4)  # "93 %", inp.net.pk
    assert STANDBY.lost_share * 53_019.0 == pytest.approx(45_000.0)


def test_every_modelled_number_is_said_to_be() -> None:
    for name in catalog.names("hazards"):
        found = catalog.entry("hazards", name).data
        assert found["modelled"], name
        assert len(found["source"]) > 40, name


def test_district_of_an_unknown_zone_is_refused() -> None:
    quake = sources.Quake({**QUAKE.entry, "zones": {"Sindh": "5"}})
    with pytest.raises(RabtaError, match="seismic zone"):
        quake.zone_g(["Sindh"], ["Dadu"])


def test_districts_of_the_zones_exist() -> None:
    from rabta.nation import layers

    known = set(layers.load(scenario.Nation()).cells["district"].astype(str))
    assert set(QUAKE.entry["districts"]) <= known


# floods


def test_floods_come_as_often_and_as_large_as_published(model: losses.Model) -> None:
    of = events.floods(model.exposure, FLOOD, 5, DRAWS)
    rate = 23.0 / 66.0
    assert abs(len(of.at) / DRAWS.size - rate) < 4.0 * np.sqrt(rate * (1.0 - rate) / DRAWS.size)
    mean, spread = FLOOD.area
    assert stats.kstest(np.log(of.area_km2), "norm", (mean, spread)).pvalue > 1e-4
    season = FLOOD.entry["season"]
    assert of.day.min() >= season["first_day"]
    assert of.day.max() <= season["last_day"]


def test_return_period_of_the_flood_of_2022() -> None:
    """Two floods of 66 years were at least as large: 1956 and 1976 of 74,406 and 81,920 km2, and 2010."""
    assert 66.0 / 3.0 / 2.0 < FLOOD.return_years(69_015.0) < 66.0 / 3.0 * 2.0


def test_flood_covers_the_drawn_land(model: losses.Model) -> None:
    of = model.exposure
    rng = np.random.default_rng(1)
    pattern = np.exp(rng.normal(size=(50, len(of.districts))))
    area = rng.uniform(10.0, 0.9 * of.wet_km2[:, -1].sum(), 50)
    scale = exposure.scales(of.wet_km2, pattern, area)
    covered = exposure.under_water(of.wet_km2, pattern * scale[:, None])
    assert covered.sum(axis=1) == pytest.approx(area, rel=1e-6)
    assert np.all(covered <= of.wet_km2[:, -1] + 1e-9)


def test_scale_one_is_the_flood_of_2022(cells: pd.DataFrame) -> None:
    """But for the least share of the plain, which is nowhere above what was flooded there."""
    dry = {**FLOOD.entry, "pattern": {**FLOOD.entry["pattern"], "floor": 0.0}}
    of = exposure.exposure(cells, sources.Flood(dry))
    found = exposure.under_water(of.wet_sites, np.ones((1, len(of.districts))))[0]
    assert found == pytest.approx(of.flooded_sites)
    assert of.flooded_sites.sum() == pytest.approx((cells["sites"] * cells["flooded_2022_share"]).sum())


def test_recovery_falls_from_one_and_its_mean_is_its_integral(model: losses.Model) -> None:
    of = floods.recovery(model.exposure, FLOOD)
    days = np.linspace(-3.0, 400.0, 300)
    left = of.left(days)
    assert np.all(left[days <= 0.0] == 1.0)
    assert np.all(np.diff(left, axis=0) <= 0.0)
    assert np.all(left >= 0.0)
    for district in range(left.shape[1]):
        area, _ = integrate.quad(lambda t, d=district: of.left(t)[d], 0.0, np.inf, limit=200)
        assert of.mean_days[district] == pytest.approx(area, rel=1e-6)


def test_rates_of_recovery_follow_from_the_published_counts() -> None:
    """85 % back in 48 h; 104,500 + 16,091 of 811,676 consumers still dark after a week."""
    assert np.exp(-2.0 * FLOOD.flash_rate) == pytest.approx(0.15)
    assert np.exp(-7.0 * FLOOD.mains_rate) == pytest.approx((104_500 + 16_091) / 811_676)
    rate = FLOOD.recession_rate({"Sindh": 44_600.0, "Punjab": 10_000.0, "Swat": 0.0})
    assert 44_600.0 * (1.0 - np.exp(-32.0 * rate["Sindh"])) == pytest.approx(12_450.0)
    assert rate["Swat"] == rate["Punjab"]


# earthquakes


def test_shaking_of_the_zone_comes_once_in_475_years(model: losses.Model) -> None:
    shaking, _ = events.shakings(model.exposure, QUAKE, 5, DRAWS)
    zone = QUAKE.zone_g(model.exposure.provinces, model.exposure.districts)
    for factor, return_years in ((1.0, 475.0), (0.5, 475.0 / 8.0), (0.25, 475.0 / 64.0)):
        expected = DRAWS.size * (1.0 - np.exp(-1.0 / return_years))
        for district in range(zone.size):
            assert few((shaking[:, district] > factor * zone[district]).sum(), expected)


def test_fragility_is_half_at_its_median() -> None:
    """Hazus 5.1, unanchored circuits: moderate at 0.33 g, where 12 % of the circuits go out in that state."""
    state = QUAKE.states(np.array([0.33]))[0]
    assert state[1:].sum() == pytest.approx(0.5)
    weak, strong = (QUAKE.loss(np.array([g])) for g in (0.01, 5.0))
    assert weak[0][0] == pytest.approx(0.0, abs=1e-12)
    assert strong[0][0] == pytest.approx(0.8)
    assert strong[1][0] == pytest.approx(0.8 * 7.0)
    rising = QUAKE.loss(np.linspace(0.01, 2.0, 200))[0]
    assert np.all(np.diff(rising) >= -1e-12)


# the same years


def test_chunks_and_threads_change_no_bit(model: losses.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = losses.all_losses(model, 60)
    monkeypatch.setattr(losses, "CHUNK", 7)
    before = jit.threads()
    try:
        jit.set_threads(1)
        pieces = losses.all_losses(model, 60)
    finally:
        jit.set_threads(before)
    assert list(whole) == list(sources.KINDS)
    assert all(same(whole[name], pieces[name]) for name in whole)


def test_another_span_or_cable_changes_no_other(model: losses.Model) -> None:
    draws = DRAWS[:300]
    short = losses.Land(model.land.names[5:20], model.land.km[5:20])
    full, part = (
        losses.draw_years(replace(model, land=some, ground=None), draws) for some in (model.land, short)
    )
    kept = (full.fibre.element >= 5) & (full.fibre.element < 20)
    assert np.array_equal(full.fibre.day[kept], part.fibre.day)
    assert np.array_equal(full.fibre.days[kept], part.fibre.days)
    assert same(full.cables, part.cables)
    assert same(full.flood, part.flood)
    fleet = model.fleet
    rows = [i for i, name in enumerate(fleet.names) if name != "peace"]
    fewer = cuts.Fleet(
        [fleet.names[i] for i in rows], [fleet.owners[i] for i in rows], fleet.lit_tbps[rows], fleet.km[rows]
    )
    less = losses.draw_years(replace(model, fleet=fewer), draws).cables
    kept = full.cables.element != fleet.names.index("peace")
    assert np.array_equal(np.sort(full.cables.day[kept]), np.sort(less.day))
    assert np.array_equal(np.sort(full.cables.days[kept]), np.sort(less.days))


def test_another_district_leaves_the_shaking_and_heat_of_others(model: losses.Model) -> None:
    """The flood of a year is spread over all land that can flood, so that only it feels another district."""
    fewer = stages.model(twin(("Dadu", "Quetta", "Swat"), 10, seed=7))
    a, b = (losses.draw_years(m, DRAWS[:200]) for m in (model, fewer))
    rows = [model.exposure.districts.index(name) for name in fewer.exposure.districts]
    assert np.array_equal(a.shaking_g[:, rows], b.shaking_g)
    assert np.array_equal(a.heat.struck[:, rows], b.heat.struck)
    assert same(a.blackout, b.blackout)
    assert np.array_equal(a.flood.area_km2, b.flood.area_km2)


def test_another_seed_is_another_year(model: losses.Model) -> None:
    ours, other = (losses.draw_years(replace(model, seed=seed), DRAWS[:100]) for seed in (7, 8))
    assert np.array_equal(ours.shaking_day, losses.draw_years(model, DRAWS[:100]).shaking_day)
    assert not np.any(ours.shaking_day == other.shaking_day)


# cables and fibre


def test_faults_come_as_often_as_noticed(model: losses.Model) -> None:
    years = losses.draw_years(model, DRAWS)
    fleet = model.fleet
    chance = float(CABLES.entry["red_sea"]["chance"])
    shared = CABLES.shared_rate * chance
    for row, name in enumerate(fleet.names):
        rate = CABLES.rate_km * fleet.km[row] + shared * (name in CABLES.entry["red_sea"]["cables"])
        assert few((years.cables.element == row).sum(), rate * DRAWS.size)
    then = sum(km for name, km in zip(fleet.names, fleet.km, strict=True) if name != "smw6")
    assert CABLES.rate_km * then == pytest.approx(7.0 / 4.0)  # noticed while six were lit
    spread = np.exp(float(CABLES.entry["repair_sigma"]) ** 2) - 1.0
    mean = float(CABLES.entry["repair_days"])
    assert abs(years.cables.days.mean() - mean) < 4.0 * mean * np.sqrt(spread / years.cables.days.size)


def test_cables_of_the_red_sea_fail_on_the_same_day(model: losses.Model) -> None:
    years = losses.draw_years(model, DRAWS)
    pairs = pd.DataFrame({"at": years.cables.at, "day": years.cables.day}).value_counts()
    together = int((pairs > 1).sum())
    none, one = 0.6**6, 6 * 0.4 * 0.6**5
    assert few(together, DRAWS.size * CABLES.shared_rate * (1.0 - none - one))


def test_cuts_on_land_come_by_length(model: losses.Model) -> None:
    """Bellcore: 2.130 a year and 1,000 km."""
    years = losses.draw_years(model, DRAWS[:1000])
    for row in (0, 20, 39):
        assert few((years.fibre.element == row).sum(), 2.130 * model.land.km[row])
    mean = years.fibre.days.mean() * 24.0
    assert abs(mean - 8.0) < 4.0 * 8.0 / np.sqrt(years.fibre.days.size)


def test_cut_takes_all_behind_it_while_it_lasts(model: losses.Model) -> None:
    """A line of districts from the exchange: the span to the fourth takes it and the two behind it."""
    ground = model.ground
    assert ground is not None
    behind = ground.people.people.sum(axis=1)
    names = model.exposure.districts
    order = [names.index(d) for d in ("Dadu", "Larkana", "Khuzdar", "Quetta", "Multan", "Swat")]
    cut = model.land.names.index("s4")  # landing, Dadu, Larkana, Khuzdar, then Quetta
    mean, busy = ground.lost([(cut,), (39,), (38, 39)])
    expected = np.zeros(len(names))
    expected[order[3:]] = behind[order[3:]]
    assert mean[0] == pytest.approx(expected)
    assert busy[0] == pytest.approx(expected.sum())
    assert not mean[1:].any()  # spans beside others
    one = events.Incidents(np.array([1]), np.array([cut]), np.array([364.9]), np.array([0.5]))
    hours, people = cuts.land_losses(ground, one, 2)
    assert hours[1] == pytest.approx(12.0 * expected)
    assert hours[0].sum() == 0.0
    assert people.tolist() == pytest.approx([0.0, expected.sum()])


def test_cuts_that_overlap_fail_together(model: losses.Model) -> None:
    """All spans in parallel between the exchange and the landing, two of four hours at once."""
    ground = model.ground
    assert ground is not None
    side = [0, *range(8, 40)]
    count = len(side)
    day = np.where(np.arange(count) == 0, 10.0 + 2.0 / 24.0, 10.0)
    of = events.Incidents(np.zeros(count, np.int64), np.array(side), day, np.full(count, 4.0 / 24.0))
    down = cuts.sets_down(of, 1)[0]
    assert down[tuple(sorted(side))] == pytest.approx(2.0)
    assert sum(down.values()) == pytest.approx(6.0)
    hours, people = cuts.land_losses(ground, of, 1)
    every = ground.people.people.sum()
    home = 1.0 - ground.shares.without([ground.rows[side]])[0]
    assert hours.sum() == pytest.approx(2.0 * (ground.people.people * home).sum())
    assert 0.0 < people[0] <= every


def test_owner_sheds_what_exceeds_the_rest() -> None:
    """Cables of 3 and 1 Tbit/s used to 60 %: without the first 1 of 2.4 is left, else enough."""
    fleet = cuts.Fleet(["a", "b", "c"], ["x", "x", "y"], np.array([3.0, 1.0, 5.0]), np.ones(3))
    none = np.zeros(3)
    for lost, expected in (((3.0, 0, 0), 1.4), ((0, 1.0, 0), 0.0), ((0, 0, 0), 0.0), ((3.0, 1.0, 0), 2.4)):
        found = cuts.shed(fleet, CABLES, np.array(lost), none, np.array(1.0))
        assert found == pytest.approx([expected, 0.0])
    unmoved = cuts.shed(fleet, CABLES, np.array([0, 1.0, 0]), np.array([0, 1.0, 0]), np.array(0.5))
    assert unmoved == pytest.approx([0.3, 0.0])


def test_open_faults_are_counted_day_by_day() -> None:
    of = events.Incidents(np.array([0, 0]), np.array([1, 1]), np.array([10.2, 12.0]), np.array([4.0, 1.0]))
    found = cuts.failed(of, 1, 2)[0, :, 1]
    assert found[9:17].tolist() == [0, 1, 1, 2, 1, 1, 0, 0]
    assert cuts.failed(of, 1, 2, 2.0)[0, 9:15, 1].tolist() == [0, 1, 1, 2, 0, 0]


# losses


def test_no_more_is_lost_than_there_is(model: losses.Model) -> None:
    of = model.exposure
    years = losses.draw_years(model, DRAWS[:200])
    for name, loss in losses.losses(years).items():
        assert np.all(loss.person_hours >= 0.0), name
        assert np.all(loss.sites <= of.sites.sum()), name
        most = max(of.people.sum(), model.subscribers, model.ground.people.people.sum())
        assert np.all(loss.people <= most), name
    for position in range(20):
        share = years.down_share(position)
        assert share.min() >= 0.0
        assert share.max() <= 1.0


def test_daily_shares_add_to_the_hours_of_the_blackouts(model: losses.Model) -> None:
    """A year of blackouts alone, each within its day: share times people times 24 h."""
    years = losses.draw_years(model, DRAWS[:400])
    loss = losses.losses(years)
    quiet = (loss["flood"].events == 0) & (loss["heat"].events == 0) & (loss["blackout"].events == 1)
    chosen = np.flatnonzero(quiet & (years.blackout.hours[:, 0] < 24.0))
    assert chosen.size > 3
    for position in chosen[:5]:
        share = years.down_share(int(position)) * years.model.exposure.people
        expected = loss["blackout"].person_hours[position] + loss["earthquake"].person_hours[position]
        assert share.sum() * 24.0 == pytest.approx(expected.sum(), rel=2e-3)


def test_failed_elements_are_those_drawn(model: losses.Model) -> None:
    years = losses.draw_years(model, DRAWS[:30])
    for position in range(30):
        found = years.failed(position)
        drawn = (years.cables.at == position).sum() + (years.fibre.at == position).sum()
        assert len(found) == drawn
        assert [day for _, day, _ in found] == sorted(day for _, day, _ in found)
        assert {name for name, _, _ in found} <= {*model.fleet.names, *model.land.names}


def run(count: int, parts: int = 1) -> dict[str, Any]:
    """Both stages; the first over so many parts."""
    from rabta import stage as registry

    of = twin(draws=count, seed=1)
    first = next(s for s in registry.registered() if s.name == "transport.hazards.draws")
    edges = [round(i * count / parts) for i in range(parts + 1)]
    pieces = [work.checked(first, stages.draws(of, slice(a, b)), b - a) for a, b in pairwise(edges)]
    found = work.joined(first, pieces)
    of.tables["hazard_draws"] = found["hazard_draws"]
    of.arrays["hazard_person_hours"] = wrap("hazard_person_hours", found["hazard_person_hours"])
    return {**found, **stages.hazards(of)}


def test_stages_write_what_the_schema_says() -> None:
    found = run(30)
    for name in ("hazard_draws", "hazard_districts", "hazard_summary"):
        assert list(found[name].columns) == list(schema.tables()[name])
        assert not found[name].isna().to_numpy().any()
    total = found["hazard_summary"].set_index("hazard")["person_hours_year"]
    assert total["all"] == pytest.approx(total.drop("all").sum())
    assert found["hazard_districts"]["person_hours_year"].sum() == pytest.approx(total["all"], rel=1e-6)
    drawn = found["hazard_draws"].groupby("hazard")["person_hours"].sum() / 30.0
    by_hazard = found["hazard_person_hours"].sum(axis=(0, 2)) / 30.0
    assert drawn[list(sources.KINDS)].to_numpy() == pytest.approx(by_hazard, rel=1e-5)


def test_parts_change_no_bit() -> None:
    one, four = run(30), run(30, parts=4)
    assert np.array_equal(one["hazard_person_hours"], four["hazard_person_hours"])
    for name in ("hazard_draws", "hazard_districts", "hazard_summary"):
        pd.testing.assert_frame_equal(one[name], four[name], check_exact=True)


def test_more_draws_keep_the_first() -> None:
    few_, more = run(10)["hazard_draws"], run(25)["hazard_draws"]
    pd.testing.assert_frame_equal(few_, more[more["draw"] < 10], check_exact=True)


def test_no_draws_no_rows() -> None:
    found = run(0)
    assert found["hazard_person_hours"].shape == (0, 6, 6)
    assert all(len(found[name]) == 0 for name in ("hazard_draws", "hazard_districts", "hazard_summary"))


def test_payments_are_those_of_the_central_bank() -> None:
    """State Bank, FY2025: 9.1 billion, 88 % digital, Rs 612 trillion, 29 % of it digital; 281 PKR/USD."""
    found = run(20)["hazard_draws"]
    each = found["person_hours"] * 9.1e9 * 0.88 / 241_499_431 / 8766.0
    assert found["payments_missed"].to_numpy() == pytest.approx(each.to_numpy())
    value = 612e12 * 0.29 / (9.1e9 * 0.88) / 281.0
    assert found["value_at_risk_usd"].to_numpy() == pytest.approx(value * each.to_numpy())


def test_another_nation_has_cuts_and_no_floods_or_payments_of_pakistan() -> None:
    of = twin(draws=20)
    of.scenario = scenario.validate({"nation": {"name": "nepal"}, "failures": {"draws": 20}})
    found = stages.draws(of, slice(0, 20))["hazard_draws"]
    assert set(found["hazard"]) == {"fibre"}  # the catalog's cables land in Pakistan
    assert found["payments_missed"].sum() == 0.0
    assert found["person_hours"].sum() > 0.0


def test_denied_cables_do_not_fail_once_more() -> None:
    """Both circuits of SMW5 and one of AAE-1 are denied: SMW5 alone is out, the others fail as before."""
    of = twin(draws=200)
    lines = of.table("spans")
    sea = lines[lines["name"] == "sea"]
    more = [sea.assign(group=g, status=s) for g, s in (("smw5", "denied"), ("smw5", "denied"))]
    more += [sea.assign(group="aae-1", status=s) for s in ("denied", "operating")]
    of.tables["spans"] = pd.concat([lines, *more], ignore_index=True)
    full, less = (losses.draw_years(stages.model(one), np.arange(200)) for one in (twin(draws=200), of))
    names, left = full.model.fleet.names, less.model.fleet.names
    assert left == [name for name in names if name != "smw5"]
    kept = full.cables.element != names.index("smw5")
    assert np.array_equal(np.sort(full.cables.day[kept]), np.sort(less.cables.day))
    of.tables["spans"] = pd.concat(
        [lines, *(sea.assign(group=name, status="denied") for name in names)], ignore_index=True
    )
    found = stages.draws(of, slice(0, 20))
    assert set(found["hazard_draws"]["hazard"]) == {"flood", "earthquake", "heat", "blackout", "fibre"}
    assert np.isfinite(found["hazard_person_hours"]).all()


def test_land_without_hazards_has_only_cuts(model: losses.Model) -> None:
    found = losses.all_losses(replace(model, local=False), 20)
    assert list(found) == ["cables", "fibre"]
    hours = losses.hours_array(model.exposure, found, 20)
    assert losses.districts_table(model.exposure, hours)["flood_person_hours_year"].sum() == 0.0
    assert hours.sum() > 0.0
