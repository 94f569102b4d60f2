"""All models behind the door, the preferred first."""

from __future__ import annotations

from rabta.radio.door import slant
from rabta.radio.door.models import Model

TO_SPACE = (("ground", "space"), ("air", "space"))

MODELS: tuple[Model, ...] = (
    Model(
        "ITU-R P.618-14",
        "Earth-space path in gas, cloud, rain and scintillation",
        TO_SPACE,
        {"frequency_ghz": (1.0, 55.0), "elevation_deg": (5.0, 90.0), "exceeded_percent": (0.001, 5.0)},
        slant.earth_space,
        purposes=("service",),
    ),
    Model(
        "ITU-R P.676-13",
        "Earth-space path in clear air",
        TO_SPACE,
        {"frequency_ghz": (1.0, 350.0), "elevation_deg": (5.0, 90.0), "exceeded_percent": (5.0, 100.0)},
        slant.clear_air,
        purposes=("service",),
    ),
    Model(
        "ITU-R P.525-4",
        "Free space",
        (("space", "space"),),
        {"frequency_ghz": (3e-6, 1e6), "range_km": (1e-3, 1e6)},
        slant.free_space,
    ),
)
