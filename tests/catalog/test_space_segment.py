"""Every entry of the space segment and its ground is consistent in itself and with the others."""

from __future__ import annotations

import importlib.util
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta import catalog, schema
from rabta.catalog import Entry
from rabta.geo import great_circle_m
from rabta.space import constellations
from rabta.space.constellations import Constellation

KINDS = ("constellations", "terminals", "gateways", "cables", "bands", "spectrum")
ALL = [(kind, name) for kind in KINDS for name in catalog.names(kind)]
SYSTEMS = catalog.names("constellations")
KARACHI = (24.86, 67.01)
REQUIRED = [
    *(f"downlink.{key}" for key in ("frequency_ghz", "channel_mhz", "spectrum_mhz", "eirp_density_dbw_mhz")),
    *(f"downlink.{key}" for key in ("polarisation_deg", "polarisations", "beams", "cofrequency_beams")),
    "downlink.capacity_gbps",
    *(f"uplink.{key}" for key in ("frequency_ghz", "g_over_t_db_k")),
    *(f"feeder.{key}" for key in ("down_ghz", "up_ghz", "min_elevation_deg")),
    *(f"shells.{key}" for key in ("altitude_km", "inclination_deg", "planes", "min_elevation_deg")),
    "satellites",
    "isl",
]


def system(name: str) -> Constellation:
    return constellations.load(catalog.entry("constellations", name))


def uncovered(made: Constellation) -> list[str]:
    """Keys that are neither cited nor said to be modelled."""
    known = set(made.cited) | set(made.modelled)
    return [key for key in REQUIRED if key not in known and key.split(".")[0] not in known]


def band(name: str) -> dict[str, Any]:
    return catalog.entry("bands", name).data


def pfd_dbw_m2_mhz(made: Constellation) -> float:
    """Highest power flux-density at the nadir, over the shells."""
    link = made.downlink
    spread = min(10.0 * math.log10(4.0 * math.pi * (shell.altitude_km * 1e3) ** 2) for shell in made.shells)
    free = link.eirp_density_dbw_mhz - spread
    return free if link.pfd_dbw_m2_mhz is None else min(free, link.pfd_dbw_m2_mhz)


def within_band(frequency_ghz: float, spectrum_mhz: float, limits: dict[str, Any]) -> bool:
    low, high = frequency_ghz * 1e3 - spectrum_mhz / 2.0, frequency_ghz * 1e3 + spectrum_mhz / 2.0
    return bool(limits["low_mhz"] - 0.1 <= low and high <= limits["high_mhz"] + 0.1)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_provenance_is_whole(kind: str, name: str) -> None:
    data = catalog.entry(kind, name).data
    assert len(data["source"]) > 10
    assert date.fromisoformat(data["retrieved"]) <= date(2030, 1, 1)
    assert sorted(data.get("modelled", [])) == sorted(data.get("derived", {})), "each modelled key says how"
    assert all(len(text) > 2 for text in {**data.get("derived", {}), **data.get("cited", {})}.values())


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_number_is_cited_or_derived(name: str) -> None:
    made = system(name)
    assert not uncovered(made)
    assert not set(made.cited) & set(made.modelled)


@pytest.mark.parametrize("name", SYSTEMS)
def test_spectrum_lies_in_its_band(name: str) -> None:
    made = system(name)
    assert within_band(made.downlink.frequency_ghz, made.downlink.spectrum_mhz, band(made.downlink.band))
    assert made.downlink.channel_mhz <= made.downlink.spectrum_mhz
    assert within_band(made.uplink.frequency_ghz, 0.0, band(made.uplink.band))
    assert within_band(made.feeder.down_ghz, 0.0, band(made.feeder.band))


@pytest.mark.parametrize("name", SYSTEMS)
def test_power_flux_density_keeps_article_21(name: str) -> None:
    """Radio Regulations table 21-4 (the FCC's 47 CFR 25.208 has the same values), straight below."""
    made = system(name)
    limit = band(made.downlink.band).get("pfd_limit_dbw_m2_mhz", math.inf)
    assert pfd_dbw_m2_mhz(made) <= limit


@pytest.mark.parametrize("name", SYSTEMS)
def test_capacity_is_no_more_than_beams_and_modulation_allow(name: str) -> None:
    """At most 5.9 bit/s/Hz, 256APSK 32/45 to 3/4 of DVB-S2X (EN 302 307-2, table 20a), on every beam."""
    link = system(name).downlink
    widest = link.spectrum_mhz if link.beams <= 18 else link.channel_mhz
    if name.startswith(("iridium", "tiantong")):
        widest = link.spectrum_mhz
    assert link.capacity_gbps * 1e3 <= 5.9 * link.beams * widest * link.polarisations


@pytest.mark.parametrize("name", SYSTEMS)
def test_links_to_other_entries_hold(name: str) -> None:
    made = system(name)
    terminal = catalog.entry("terminals", made.terminal).data
    low, high = made.downlink.frequency_ghz * 0.9, made.downlink.frequency_ghz * 1.1
    assert low <= terminal["frequency_ghz"] <= high or made.kind == "mobile_satellite"
    assert (made.isl_links > 0) == made.isl
    assert made.foreign == (made.country != "PK")


@pytest.mark.parametrize("name", SYSTEMS)
def test_shells_are_in_range(name: str) -> None:
    limits = {"leo": (300, 2000), "meo": (2000, 30_000), "igso": (35_700, 35_900), "geo": (35_700, 35_900)}
    for shell in system(name).shells:
        low, high = limits[shell.orbit]
        assert low < shell.altitude_km < high
        assert bool(shell.longitude_deg) == (shell.orbit in {"geo", "igso"})
        assert shell.orbit != "geo" or shell.inclination_deg == 0.0
        assert 5.0 <= shell.min_elevation_deg <= 55.0


def test_the_checks_fail_on_a_wrong_entry() -> None:
    """Starlink's link with the limit on flux-density taken away, a shifted band, a number without source."""
    made = system("starlink")
    loud = made.downlink.model_copy(update={"pfd_dbw_m2_mhz": None})
    assert pfd_dbw_m2_mhz(made.model_copy(update={"downlink": loud})) > -116.0
    assert not within_band(13.5, 2000.0, band("ku-user-downlink"))
    assert uncovered(made.model_copy(update={"modelled": ()}))


@pytest.mark.parametrize("name", catalog.names("terminals"))
def test_terminals_figure_of_merit_follows_from_its_parts(name: str) -> None:
    """G/T = G - 10 log10(Ta + 290 (F - 1)): ITU-R S.733."""
    data = catalog.entry("terminals", name).data
    noise = data["antenna_temperature_k"] + 290.0 * (10.0 ** (data["noise_figure_db"] / 10.0) - 1.0)
    assert data["g_over_t_db_k"] == pytest.approx(data["gain_dbi"] - 10.0 * math.log10(noise), abs=0.1)
    if data["aperture_m"] >= 0.3:
        area_gain = (math.pi * data["aperture_m"] * data["frequency_ghz"] / 0.299792458) ** 2
        assert 0.5 <= 10.0 ** (data["gain_dbi"] / 10.0) / area_gain <= 0.75
    assert data["price_usd"] > 0
    assert 0.0 <= data["scan_loss_exponent"] <= 2.0


def test_handset_is_the_one_of_tr_38_821() -> None:
    """TR 38.821 table 6.1.1.1-3: G/T of a handheld is -31.6 dB/K (research of the link budgets SC9)."""
    data = catalog.entry("terminals", "handset").data
    assert (data["gain_dbi"], data["noise_figure_db"], data["g_over_t_db_k"]) == (0.0, 7.0, -31.6)


@pytest.mark.parametrize("name", catalog.names("gateways"))
def test_gateways_fill_the_schema(name: str) -> None:
    for site in catalog.entry("gateways", name).data["gateways"]:
        assert set(site) - {"source"} == set(schema.tables()["gateways"])
        known = {*SYSTEMS, "*"}
        assert set(site["systems"].split()) <= known
        assert site["status"] in {"operating", "planned", "modelled"}
        direct = float(great_circle_m(site["lat_deg"], site["lon_deg"], *KARACHI)) / 1e3
        assert direct <= site["exchange_km"] + 1.0
        assert site["exchange_km"] <= max(40.0, 2.0 * direct)
        home = 60.9 < site["lon_deg"] < 77.9 and 23.5 < site["lat_deg"] < 37.1
        assert home == (site["country"] == "PK")


def test_the_foreign_set_has_no_leo_gateway_at_home() -> None:
    sites = catalog.entry("gateways", "gulf").data["gateways"]
    assert {site["country"] for site in sites if "starlink" in site["systems"].split()} == {"OM", "AE", "QA"}


def test_cables_add_up_to_the_regulators_totals() -> None:
    """PTA: 17.21 Tbit/s installed and 13.01 lit in November 2025 (techjuice.pk), the land route included."""
    total = catalog.entry("nations", "pakistan").data["international"]
    counted = [catalog.entry("cables", name).data for name in total["cables"]]
    for key, value in (("installed_tbps", 17.21), ("lit_tbps", 13.01)):
        assert total[key] == value
        assert sum(cable[key] for cable in counted) == pytest.approx(value, abs=0.005)
        ranges = [[one[key] for one in cable["capacity"]] for cable in counted]
        assert sum(map(min, ranges)) <= value <= sum(map(max, ranges)) + 0.005
    assert {cable["status"] for cable in counted} == {"operating"}
    assert sum(cable["kind"] == "submarine" for cable in counted) == 6


@pytest.mark.parametrize("name", catalog.names("cables"))
def test_a_cable_lands_in_the_country_and_keeps_what_each_source_says(name: str) -> None:
    cable = catalog.entry("cables", name).data
    assert cable["lit_tbps"] <= cable["installed_tbps"] <= cable["design_tbps"]
    assert cable["status"] in {"operating", "landed", "planned", "retired"}
    for one in cable["landing"]:
        assert 60.8 < one["lon_deg"] < 77.9
        assert 23.5 < one["lat_deg"] < 37.1
        on_the_coast = 61.0 < one["lon_deg"] < 67.5 and 24.5 < one["lat_deg"] < 25.5
        assert on_the_coast == (cable["kind"] == "submarine")
    for key in ("installed_tbps", "lit_tbps"):
        told = [one[key] for one in cable["capacity"]]
        assert min(told) <= cable[key] <= max(told)
    assert all(one["source"] for one in cable["capacity"])


def test_the_spectrum_adds_up_and_agrees_with_the_bands() -> None:
    """274 MHz before March 2026, 754 after (telecomtv); the auctioned bands name the same holders."""
    entry = catalog.entry("spectrum", "pakistan").data
    held: dict[str, dict[str, float]] = {}
    for row in entry["holdings"]:
        assert row["band"] in catalog.names("bands")
        there = held.setdefault(row["band"], {})
        there[row["operator"]] = there.get(row["operator"], 0.0) + row["mhz"]
    for name, holders in held.items():
        data = band(name)
        assert sum(holders.values()) <= data["high_mhz"] - data["low_mhz"]
        assert data.get("holders_mhz", holders) == holders
    before = sum(row["mhz"] for row in entry["holdings"] if row["since"] < 2026)
    assert before == pytest.approx(274.0)
    assert sum(sum(holders.values()) for holders in held.values()) == pytest.approx(754.0)


def test_traffic_of_a_subscription_is_plausible() -> None:
    """27,727 PB a year over 150 M subscriptions is 15.4 GB a month, and 7.0 Tbit/s on average."""
    nation = catalog.entry("nations", "pakistan").data
    traffic = nation["traffic"]
    gigabytes = traffic["petabytes_year"] * 1e6 / traffic["broadband_subscriptions"] / 12.0
    assert gigabytes == pytest.approx(15.4, abs=0.05)
    mean_tbps = traffic["petabytes_year"] * 8e15 / (365.0 * 86_400.0) / 1e12
    assert mean_tbps == pytest.approx(7.03, abs=0.01)
    assert mean_tbps < nation["international"]["lit_tbps"]


def test_bands_are_ordered_and_hold_the_auction_of_2026() -> None:
    """10 March 2026: 480 MHz; Jazz 190, Ufone 180, Zong 110 (telecomtv, ary)."""
    sold: dict[str, float] = {}
    for name in ("700-mhz", "2300-mhz", "2600-mhz", "3500-mhz"):
        for holder, megahertz in band(name)["holders_mhz"].items():
            sold[holder] = sold.get(holder, 0.0) + megahertz
    assert sold == {"Jazz": 190.0, "Ufone": 180.0, "Zong": 110.0}
    for name in catalog.names("bands"):
        data = band(name)
        assert data["low_mhz"] < data["centre_mhz"] < data["high_mhz"]
        assert sum(data.get("holders_mhz", {}).values()) <= data["high_mhz"] - data["low_mhz"]


def test_constant_flux_density_of_starlink_is_the_filed_one() -> None:
    """36.7 dBW in 250 MHz at 1684 km (del Portillo et al. 2019, from the 2016 filing)."""
    filed = 36.7 - 10.0 * math.log10(250.0) - 10.0 * math.log10(4.0 * math.pi * 1_684e3**2)
    link = system("starlink").downlink
    assert link.pfd_dbw_m2_mhz == pytest.approx(filed, abs=0.05)
    reach = 1_123e3  # slant range at 25 degrees from 550 km
    needed = filed + 10.0 * np.log10(4.0 * np.pi * reach**2)
    assert link.eirp_density_dbw_mhz == pytest.approx(needed, abs=0.05)


def test_an_entry_needs_its_provenance() -> None:
    entry: Entry = catalog.entry("constellations", "oneweb")
    assert set(entry.provenance) == {"title", "source", "licence", "retrieved"}


def test_the_reference_page_shows_the_catalog_as_it_is() -> None:
    path = Path(__file__).parents[2] / "tools/space/reference.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run python tools/space/reference.py"
