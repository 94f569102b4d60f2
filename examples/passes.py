"""Read a TLE and an OMM file, and find when the satellite passes over Karachi.

The elements are those of the International Space Station on 20 September 2008, as NORAD published them.
"""

from pathlib import Path

import numpy as np

from rabta.space import elements, propagate, visibility

TLE = """ISS (ZARYA)
1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927
2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537
"""
OMM = """OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,\
MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT
ISS (ZARYA),1998-067A,2008-09-20T12:25:40.104192,15.72125391,.0006703,51.6416,247.4627,130.5360,\
325.0288,0,U,25544,292,56353,-.11606E-4,-.00002182,0
"""
Path("iss.tle").write_text(TLE, encoding="utf-8")
Path("iss.csv").write_text(OMM, encoding="utf-8")
satellite, same = elements.read("iss.tle"), elements.read("iss.csv")

times = np.datetime64("2008-09-20T12:00", "ns") + np.arange(8640) * np.timedelta64(10, "s")
positions = propagate.positions(satellite, times)
karachi = visibility.ground(24.86, 67.01)
seen = visibility.visible(karachi, positions, min_elevation_deg=10.0, slots=1)
up = seen.visible_count[:, 0] > 0
edges = np.flatnonzero(np.diff(up.astype(int)))
passes = list(zip(edges[::2], edges[1::2], strict=True))

print("rises (UTC)        lasts   highest   nearest")
for rise, fall in passes:
    part = slice(rise + 1, fall + 1)
    highest, nearest = seen.best_elevation_deg[part, 0].max(), seen.slot_range_m[part, 0, 0].min() / 1e3
    print(f"{times[rise + 1]!s:.16}  {(fall - rise) / 6:4.1f} min  {highest:4.0f} deg  {nearest:5.0f} km")

height_km = np.linalg.norm(positions[:, 0], axis=1) / 1e3 - 6371.0
minutes = 1440.0 / satellite["mean_motion_rev_day"].iloc[0]
assert abs(minutes - 91.6) < 0.05, "15.72 revolutions a day"
assert height_km.min() > 330.0, "in September 2008 the station flew at about 350 km"
assert height_km.max() < 375.0
assert 3 <= len(passes) <= 6, "two arcs a day, two or three passes each"
assert all((fall - rise) / 6 < 8.0 for rise, fall in passes), "10 degrees to 10 degrees at 350 km"
assert np.abs(propagate.positions(same, times) - positions).max() < 2.0, "both files say the same, in metres"
