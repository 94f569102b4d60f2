"""All models behind the door, the preferred first."""

from __future__ import annotations

from rabta.radio.air import p528
from rabta.radio.door import aloft, ground, shortwave, slant
from rabta.radio.door.models import Model
from rabta.radio.hf import groundwave, muf
from rabta.radio.local import hops
from rabta.radio.ntn import tables as ntn
from rabta.radio.ntn.itu import p619
from rabta.radio.terrain import p452, p1812

TO_SPACE = (("ground", "space"), ("air", "space"))

OVER_GROUND = (("ground", "ground"),)


def _ghz(range_mhz: tuple[float, float]) -> tuple[float, float]:
    return range_mhz[0] / 1e3, range_mhz[1] / 1e3


MODELS: tuple[Model, ...] = (
    Model(
        muf.RECOMMENDATION,
        "sky wave, monthly median of the hour",
        OVER_GROUND,
        {
            "frequency_ghz": _ghz(muf.RANGES["frequency_mhz"]),
            "distance_km": muf.RANGES["distance_km"],
            "percent": (0.0, 50.0),
        },
        shortwave.sky_wave,
        if_so=shortwave.sky_carries,
        condition="the ground wave loses less",
    ),
    Model(
        groundwave.RECOMMENDATION,
        "ground wave",
        OVER_GROUND,
        {
            "frequency_ghz": _ghz(groundwave.RANGES["frequency_mhz"]),
            "distance_km": groundwave.RANGES["distance_km"],
        },
        shortwave.ground_wave,
    ),
    Model(
        hops.RECOMMENDATION,
        "hop between masts in sight: rain, multipath, gas with the vapour exceeded 5 % of the year",
        OVER_GROUND,
        {
            "frequency_ghz": hops.RANGES["frequency_ghz"],
            "distance_km": hops.RANGES["distance_km"],
            "exceeded_percent": hops.RANGES["rain_percent"],
            "low_m": (5.0, 1e4),
        },
        ground.hop,
        purposes=("service",),
        needs_ground=True,
        if_so=ground.hop_holds,
        condition="needs known terrain, 0.6 of the first Fresnel zone clear, beyond 5 km at most 45 GHz",
    ),
    Model(
        p1812.RECOMMENDATION,
        "coverage over terrain",
        OVER_GROUND,
        {
            "frequency_ghz": p1812.RANGES["frequency_ghz"],
            "distance_km": p1812.RANGES["distance_km"],
            "percent": p1812.RANGES["time_percent"],
            "places_percent": p1812.RANGES["location_percent"],
        },
        ground.coverage,
        purposes=("service",),
        needs_ground=True,
    ),
    Model(
        "NTIA ITM 1.2.2 (Longley-Rice)",
        "coverage over terrain, any share of time",
        OVER_GROUND,
        {"frequency_ghz": (0.02, 20.0), "distance_km": (1.0, 2000.0), "percent": (0.1, 99.9)},
        ground.longley_rice,
        purposes=("service",),
        needs_ground=True,
    ),
    Model(
        p452.RECOMMENDATION,
        "interference over terrain",
        OVER_GROUND,
        {
            "frequency_ghz": p452.RANGES["frequency_ghz"],
            "distance_km": p452.RANGES["distance_km"],
            "percent": p452.RANGES["time_percent"],
        },
        ground.interference,
        purposes=("interference",),
        needs_ground=True,
    ),
    Model(
        "3GPP TR 38.811",
        "satellite seen from among houses or trees; sites with and without line of sight",
        TO_SPACE,
        {
            "frequency_ghz": ntn.RANGES["frequency_ghz"],
            "elevation_deg": ntn.RANGES["elevation_deg"],
            "percent": (0.0, 95.0),  # clear air: the report knows no rain
            "places_percent": (1.0, 99.0),
        },
        aloft.among_clutter,
        purposes=("service",),
        environments=ntn.SCENARIOS,
    ),
    Model(
        "ITU-R P.618-14",
        "Earth-space path in gas, cloud, rain and scintillation",
        TO_SPACE,
        {"frequency_ghz": (1.0, 55.0), "elevation_deg": (5.0, 90.0), "exceeded_percent": (0.001, 5.0)},
        slant.earth_space,
        purposes=("service",),
        environments=("open",),
    ),
    Model(
        "ITU-R P.676-13",
        "Earth-space path in clear air, with the vapour exceeded 5 % of the year",
        TO_SPACE,
        {"frequency_ghz": (1.0, 350.0), "elevation_deg": (5.0, 90.0), "exceeded_percent": (5.0, 100.0)},
        slant.clear_air,
        purposes=("service",),
        environments=("open",),
    ),
    Model(
        "ITU-R P.528-5",
        "aircraft and ground, or two aircraft, over a smooth Earth",
        (("ground", "air"), ("air", "air")),
        {
            "frequency_ghz": p528.RANGES["frequency_ghz"],
            "distance_km": p528.RANGES["distance_km"],
            "percent": p528.RANGES["time_percent"],
            "low_m": p528.RANGES["height_m"],
        },
        aloft.aeronautical,
    ),
    Model(
        p619.RECOMMENDATION,
        "interference between Earth and space, in clear air",
        TO_SPACE,
        {
            "frequency_ghz": p619.RANGES["frequency_ghz"],
            "elevation_deg": (0.0, 90.0),
            "percent": p619.RANGES["percent"],
        },
        slant.unwanted,
        purposes=("interference",),
    ),
    Model(
        "ITU-R P.525-4",
        "free space",
        (("space", "space"),),
        {"frequency_ghz": (3e-6, 1e6), "range_km": (1e-3, 1e6)},
        slant.free_space,
        if_so=slant.past_the_earth,
        condition="the Earth is in the way",
    ),
)
