"""Constants of the systems' own user algorithms."""

from __future__ import annotations

from math import cos, radians, sin

LIGHT_M_S = 299_792_458.0

# Gravitational constant (m^3/s^2) and rotation of the Earth (rad/s) that each message's algorithm demands:
# IS-GPS-200N table 20-IV (also IS-QZSS-PNT-005 and the NavIC ICD), Galileo OS-SIS-ICD 2.1 table 57,
# BDS-SIS-ICD-B1I-3.0 table 5-11 (the same in B1C, B2a, B2b).
GRAVITY = {"G": 3.986005e14, "J": 3.986005e14, "I": 3.986005e14, "E": 3.986004418e14, "C": 3.986004418e14}
ROTATION = {"G": 7.2921151467e-5, "J": 7.2921151467e-5, "I": 7.2921151467e-5}
ROTATION |= {"E": 7.2921151467e-5, "C": 7.2921150e-5}
EARTH_ROTATION = 7.2921151467e-5  # WGS 84, for the turn of the Earth while a signal travels

# Frame of BeiDou's geostationary satellites: BDS-SIS-ICD-B1I-3.0 table 5-11, turned by -5 degrees about x
GEO_COS, GEO_SIN = cos(radians(-5.0)), sin(radians(-5.0))
GEO_SQRT_A = 6_400.0  # a geosynchronous orbit has 6,493 m^0.5, a medium one at most 5,441
GEO_INCLINATION = 0.35  # rad; in their own frame they lie near 5 degrees, the inclined ones near 55

# GLONASS ICD 5.1 (2008), appendix A.3.1.2 and table 3.2: PZ-90
GLONASS_GRAVITY = 398_600.4418e9
GLONASS_RADIUS_M = 6_378_136.0
GLONASS_J2 = 1_082.6257e-6
GLONASS_ROTATION = 7.292115e-5
GLONASS_STEP_S = 60.0
