"""EPFD in the manner of ITU-R S.1503-4: what a non-geostationary system does to the geostationary ones.

Constellations (`orbits`), masks of what satellites and earth stations send (`masks`), reference antennas
(`dishes`), time steps (`steps`), the worst geometry (`worst`), the runs themselves (`runs`) and the limits of
Article 22 of the Radio Regulations (`limits`). Lengths are in metres, angles at public faces in degrees,
power densities in dB(W/m2) in the reference bandwidth.
"""

RECOMMENDATION = "ITU-R S.1503-4"
RANGES = {
    "frequency_ghz": (3.7, 30.0),
    "dish_over_wavelength": (20.0, 2000.0),
    "latitude_deg": (-81.2, 81.2),
    "avoidance_deg": (0.0, 90.0),
}
