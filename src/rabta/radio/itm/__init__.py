"""Longley-Rice: the ITS Irregular Terrain Model, version 1.2.2, 20 MHz to 20 GHz, 1 to 2,000 km.

Sources: G. A. Hufford, "The ITS Irregular Terrain Model, version 1.2.2: the algorithm" (NTIA/ITS, 1995;
equation numbers are of this text), and G. A. Hufford, A. G. Longley and W. A. Kissick, "A guide to the use
of the ITS Irregular Terrain Model in the area prediction mode", NTIA Report 82-100, 1982. Where the text
names a curve without its numbers (frequency gain, climates), they are those of NTIA's public-domain code.

Examples
--------
>>> from rabta.radio.itm import Conditions, Quantiles, area
>>> loss = area([10e3, 50e3], 90.0, (30.0, 1.5), Conditions(900e6), Quantiles(), siting=("careful", "random"))
>>> [round(float(value), 1) for value in loss]
[132.4, 166.6]
"""

from __future__ import annotations

from rabta.radio.itm.attenuation import reference
from rabta.radio.itm.path import Conditions, Ground, Path, from_area, from_profile, ground
from rabta.radio.itm.prediction import area, loss, point_to_point
from rabta.radio.itm.variability import Quantiles

__all__ = [
    "Conditions",
    "Ground",
    "Path",
    "Quantiles",
    "area",
    "from_area",
    "from_profile",
    "ground",
    "loss",
    "point_to_point",
    "reference",
]
