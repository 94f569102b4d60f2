"""One satellite link, line by line: 3GPP TR 38.821 study case 6, then the same path under Islamabad's rain.

A satellite at 600 km sends 4 dBW/MHz over 400 MHz at 20 GHz to a 60 cm terminal that sees it 30 degrees high.
TR 38.821 publishes a C/N of 8.5 dB under a clear sky.
"""

import numpy as np

from rabta.radio import antennas, linkbudget, modcods, slantpath
from rabta.radio.slantpath import Climate

noise_k = antennas.noise_temperature_k(antenna_k=150.0, noise_figure_db=1.2)
link = {
    "eirp_dbw": 4.0 + 10.0 * np.log10(400.0),
    "g_over_t_db_k": 39.7 - 10.0 * np.log10(noise_k),
    "frequency_ghz": 20.0,
    "range_km": float(linkbudget.slant_range_km(30.0, 600.0)),
    "bandwidth_mhz": 400.0,
}
clear = linkbudget.budget(**link, losses_db={"gas": 0.5, "scintillation": 0.3})

# Islamabad, from the ITU's maps: latitude, height, rain rate and height, temperature, vapour, cloud, Nwet.
islamabad = Climate(33.69, 0.545, 65.413, 4.635, 292.7, 23.77, 53.76, 0.285, 62.19)
waves = modcods.load("dvb-s2x", implementation_loss_db=1.0)
print(f"{'line':<22}" + f"{'clear sky':>10}")
for line, value in clear.items():
    print(f"{line:<22}{value:10.1f}")

print(f"\n{'availability':<14}{'total':>8}{'G/T lost':>10}{'C/N':>8}{'Mbit/s':>9}")
rates = []
for percent in (5.0, 1.0, 0.5, 0.1):
    sky = slantpath.attenuation(islamabad, 20.0, 30.0, percent, diameter_m=0.6)
    warm = slantpath.sky_noise_k(sky.total) - slantpath.sky_noise_k(0.5)
    merit_db = 10.0 * np.log10(1.0 + np.maximum(warm, 0.0) / noise_k)
    lost = {"sky": float(sky.total[0]), "noise": float(merit_db[0])}
    cn = linkbudget.budget(**link, losses_db=lost)["cn_db"]
    rates.append(float(waves.efficiency(cn)) * 400.0)
    print(f"{100 - percent:<12.1f} %{lost['sky']:8.2f}{lost['noise']:10.2f}{cn:8.2f}{rates[-1]:9.0f}")

assert abs(clear["cn_db"] - 8.5) < 0.15, "TR 38.821, table 6.1.3.3-1, study case 6, downlink"
assert abs(clear["cn_db"] - sum(v for k, v in clear.items() if k != "cn_db")) < 1e-9
assert rates == sorted(rates, reverse=True), "more hours of the year, less rate"
assert rates[0] < 400.0 * np.log2(1.0 + 10.0 ** (clear["cn_db"] / 10.0)), "below Shannon's limit"
