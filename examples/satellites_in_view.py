"""How many Starlink satellites a terminal in Islamabad can use, hour by hour, and what a ridge costs it.

Places the shells that ship as flown in January 2026, flies them for a day, and counts what stands at least
25 degrees high. The real catalogue of that day (9,341 objects) gives a mean of 56.4, at least 38, at most 80;
1,016 of these were on their way up or down and are not in the shells.
"""

from datetime import UTC, datetime

import numpy as np

from rabta import catalog
from rabta.space import constellations, propagate, visibility

start = datetime(2026, 1, 13, tzinfo=UTC)
satellites = constellations.satellites([catalog.entry("constellations", "starlink")], start)
times = np.datetime64("2026-01-13", "ns") + np.arange(720) * np.timedelta64(120, "s")
positions = propagate.positions(satellites, times)

# The second place has the same sky behind a ridge of 40 degrees in the north, as in a steep valley.
ridge = np.zeros((2, 36), dtype=np.float32)
ridge[1, [32, 33, 34, 35, 0, 1, 2, 3, 4]] = 40.0
sites = visibility.ground([33.68, 33.68], [73.05, 73.05], [540.0, 540.0], ridge)
found = visibility.visible(sites, positions, min_elevation_deg=25.0, slots=4)

counts = found.visible_count
print("UTC hour     00 " + " ".join(f"{hour:02d}" for hour in range(1, 24)))
print("in view      " + " ".join(f"{n:2.0f}" for n in counts[:, 0].reshape(24, 30).mean(axis=1)))
print("with a ridge " + " ".join(f"{n:2.0f}" for n in counts[:, 1].reshape(24, 30).mean(axis=1)))
print(f"Islamabad: mean {counts[:, 0].mean():.1f}, from {counts[:, 0].min()} to {counts[:, 0].max()}")

share = 8325 / 9341  # of the real catalogue that is in the shells
assert 56.4 * share - 2.0 < counts[:, 0].mean() < 56.4, "between the share in the shells and all objects"
assert counts[:, 0].min() >= 1, "somebody is always there"
assert (counts[:, 1] < counts[:, 0]).mean() > 0.99, "a ridge hides satellites"
best = found.best_elevation_deg[:, 0]
assert ((best >= 25.0) & (best <= 90.0)).all()
