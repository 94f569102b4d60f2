"""Share two satellites over a few cells of a valley, and prove how good the sharing is.

Six neighbouring places, with invented loads, ask for more than two satellites and one gateway can give. The
answer comes with an upper bound; here the whole linear programme is also solved exactly, for comparison.
"""

import h3
import numpy as np

from rabta.transport import sharing

NAMES = ("Chilas", "Darel", "Tangir", "Astore", "Bunji", "Gor")
NEED_MBPS = np.array([[900.0, 400.0, 300.0, 700.0, 250.0, 150.0]])
centre = h3.latlng_to_cell(35.42, 74.10, 5)
cells = [h3.cell_to_center_child(cell, 6) for cell in sorted(h3.grid_disk(centre, 1))[:6]]

# Slots: the first satellite is seen by all, the second by the last three. Efficiency is in bit/s/Hz.
slot = np.array([[[0, -1], [0, -1], [0, -1], [0, 1], [1, 0], [1, 0]]], dtype=np.int16)
efficiency = np.array([[[2.5, 0], [2.5, 0], [1.8, 0], [2.5, 2.0], [2.2, 1.8], [2.2, 1.5]]], dtype=np.float32)
problem = sharing.Problem(
    places=sharing.places(cells),
    slot=slot,
    efficiency=efficiency,
    need=NEED_MBPS,
    landing=np.zeros((1, 2), dtype=np.int32),  # both satellites land at the one gateway
    split=np.ones((1, 1, 1)),
    system=np.zeros(2, dtype=np.int32),
    limit=np.array([[1000.0, 600.0], [480.0, 480.0]]),  # Mbit/s and MHz of each satellite
    spectrum=np.array([240.0]),  # MHz that one place can use at once
    feeder=np.array([1500.0]),  # Mbit/s of the gateway
)
found = sharing.share(problem)
exact, bound, carried = sharing.exact(problem, 0), float(found.bound[0]), float(found.carried.sum())

for name, need, served in zip(NAMES, NEED_MBPS[0], found.served[0], strict=True):
    print(f"{name:<8} asks {need:4.0f}, gets {served:6.1f} Mbit/s ({served / need:4.0%})")
print(f"carried {carried:.1f}, exact optimum {exact:.1f}, upper bound {bound:.1f} Mbit/s")

assert carried <= exact * (1 + 1e-6) <= bound * (1 + 2e-6), "the bound holds on both sides"
assert carried >= 0.98 * bound, "the sharing is within two per cent of what is possible"
assert np.all(found.served[0] <= NEED_MBPS[0] * (1 + 1e-6)), "nobody gets more than asked"
assert carried <= 1500.0 * (1 + 1e-6), "the gateway's feeder holds"
assert np.all(found.carried[0] <= problem.limit[0] * (1 + 1e-6)), "the satellites' capacity holds"
