"""Stages of the radio package: the sky over each cell, links to moving and to geostationary satellites."""

from __future__ import annotations

from typing import Any

import numpy as np

from rabta.radio import downlinks
from rabta.radio.downlinks import Receivers
from rabta.radio.linkbudget import slant_range_km
from rabta.radio.sky import years
from rabta.radio.slantpath import Climate
from rabta.radio.weather import links as drawn
from rabta.stage import stage
from rabta.twin import Twin

GEO_ALTITUDE_KM = 35_786.0

_KINDS = ("terminals", "waveforms", "absorption")


@stage(
    "Attenuation of the sky",
    params=("radio.availability_percent", "radio.year_risk_percent"),
    reads=("cells", "systems"),
    writes=("sky_loss_db", "carrier_to_noise_db"),
    catalog=_KINDS,
)
def sky(twin: Twin) -> dict[str, Any]:
    """Attenuation and C/N at 1 km for every cell, system and elevation at the chosen availability."""
    wanted, cells = twin.scenario.radio, twin.table("cells")
    share = years.design(cells["climatic_ratio"].to_numpy(), wanted)
    loss, carrier = years.sky_tables(
        Climate.of_cells(cells), downlinks.of_systems(twin.table("systems")), 100.0 * share
    )
    return {"sky_loss_db": loss, "carrier_to_noise_db": carrier}


@stage(
    "Risk between years",
    params=("radio.availability_percent", "radio.year_risk_percent"),
    reads=("cells",),
    writes=("worst_year_availability", "year_risk"),
)
def between_years(twin: Twin) -> dict[str, Any]:
    """How long links hold in the worst of ten years, and the risk of missing a promise in a given year."""
    import pandas as pd

    wanted, cells = twin.scenario.radio, twin.table("cells")
    ratio, people = (cells[name].to_numpy(np.float64) for name in ("climatic_ratio", "people"))
    share = years.design(ratio, wanted)
    rows = years.promises(share, ratio, people, wanted.availability_percent)
    names = ("promised_percent", "risk_percent", "lowest_percent", "highest_percent")
    return {
        "worst_year_availability": years.worst_availability(share, ratio),
        "year_risk": pd.DataFrame(rows, columns=list(names), dtype=np.float64),
    }


@stage(
    "Links to moving satellites",
    params=("radio.implementation_loss_db", "weather.rain"),
    reads=(
        "systems",
        "satellites",
        "slot_satellite",
        "slot_elevation_deg",
        "slot_range_m",
        "carrier_to_noise_db",
        "rain_carrier_db",
        "rain_exceeded_percent",
    ),
    writes=("slot_efficiency_bps_hz", "link_rate_mbps"),
    catalog=_KINDS,
    chunked=True,
)
def links(twin: Twin) -> dict[str, Any]:
    """Spectral efficiency of every slot and the best rate of every cell, behind average or drawn rain."""
    names = ("slot_satellite", "slot_elevation_deg", "slot_range_m")
    satellite, elevation, range_m = (twin.values(name) for name in names)
    system_of, ends = twin.table("satellites")["system"].to_numpy(), _receivers(twin)
    if twin.scenario.weather.rain == "average":
        sky = twin.values("carrier_to_noise_db")
        found = downlinks.rates(satellite, elevation, range_m, system_of, sky, ends)
    else:
        sky, percent = twin.values("rain_carrier_db"), twin.values("rain_exceeded_percent")
        found = drawn.rates((satellite, elevation, range_m), system_of, sky, percent, ends)
    return {"slot_efficiency_bps_hz": found[0], "link_rate_mbps": found[1]}


@stage(
    "Links to geostationary satellites",
    params=("radio.implementation_loss_db",),
    reads=("systems", "satellites", "geo_elevation_deg", "geo_clear", "carrier_to_noise_db"),
    writes=("geo_efficiency_bps_hz",),
    catalog=_KINDS,
)
def geo_links(twin: Twin) -> dict[str, Any]:
    """Spectral efficiency of every cell on every geostationary satellite."""
    elevation = twin.values("geo_elevation_deg")
    satellites = twin.table("satellites")
    system = satellites.loc[satellites["orbit"] == "geo", "system"].to_numpy()
    row = np.where(twin.values("geo_clear"), np.arange(len(system)), -1)
    slant_m = 1e3 * slant_range_km(elevation, GEO_ALTITUDE_KM)
    efficiency, _ = downlinks.rates(
        row[None],
        elevation[None],
        slant_m[None],
        system,
        twin.values("carrier_to_noise_db"),
        _receivers(twin),
    )
    return {"geo_efficiency_bps_hz": efficiency[0]}


def _receivers(twin: Twin) -> Receivers:
    links_ = downlinks.of_systems(twin.table("systems"))
    return Receivers.of(links_, twin.scenario.radio.implementation_loss_db)
