"""The published numerical example of advanced RAIM: ten satellites of two constellations."""

from __future__ import annotations

import numpy as np

from rabta.pnt.integrity import ism
from rabta.pnt.integrity.araim import Geometry

# Blanch et al., Advanced RAIM User Algorithm Description, ION GNSS 2012, appendix H: geometry (from satellite
# to user), and the diagonal of the covariance for integrity, in square metres.
DESIGN = (
    *((0.0225, 0.9951, -0.0966), (0.6750, -0.6900, -0.2612), (0.0723, -0.6601, -0.7477)),
    *((-0.9398, 0.2553, -0.2269), (-0.5907, -0.7539, -0.2877), (-0.3236, -0.0354, -0.9455)),
    *((-0.6748, 0.4356, -0.5957), (0.0938, -0.7004, -0.7075), (0.5571, 0.3088, -0.7709)),
    (0.6622, 0.6958, -0.2780),
)
VARIANCE_M2 = (3.8865, 1.4377, 0.8604, 1.6383, 1.3229, 0.8434, 0.8963, 0.8669, 0.8573, 1.3616)
KINDS = "GGGGGEEEEE"


def working_group() -> tuple[Geometry, dict[str, ism.Support]]:
    """Geometry and integrity support of the example; its published levels are in the tests and the suite."""
    table = ism.load("wg-c")
    local = np.sqrt(np.array(VARIANCE_M2) - table["default"].sigma_ura_m ** 2)
    return Geometry(-np.array(DESIGN)[None], np.array(list(KINDS)), local[None]), table
