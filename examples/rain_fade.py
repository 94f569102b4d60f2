"""What rain costs a satellite link at seven cities, by band: Ku (12 GHz), Ka (20 GHz) and Ka up (30 GHz).

Attenuation that is exceeded 0.1 % of the year (9 hours) at 40 degrees, from the climate of the shipped cells.
"""

from dataclasses import replace

import numpy as np

from rabta import geo
from rabta.nation import layers
from rabta.radio import slantpath
from rabta.radio.slantpath import Climate
from rabta.scenario import Nation

BANDS_GHZ = (12.0, 20.0, 30.0)
# The package itur 0.4.0 with the ITU's own maps at the same places: rain alone, dB, in the three bands.
CITIES = {
    "Karachi": (24.86, 67.01, (2.524, 7.725, 16.264)),
    "Gwadar": (25.12, 62.33, (1.635, 5.117, 10.954)),
    "Quetta": (30.18, 66.98, (1.066, 3.406, 7.280)),
    "Islamabad": (33.69, 73.05, (3.477, 10.359, 21.355)),
    "Lahore": (31.55, 74.34, (3.757, 11.282, 23.398)),
    "Gilgit": (35.92, 74.31, (0.370, 1.359, 3.261)),
    "Tharparkar": (24.74, 69.80, (3.068, 9.328, 19.539)),
}
MAP_HEIGHT_KM = [0.013, 0.009, 1.749, 0.545, 0.214, 2.407, 0.055]  # ITU-R P.1511-2 at the same places

cells = layers.load(Nation()).cells
lat, lon = cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()
rows = [int(np.argmin(geo.great_circle_m(lat, lon, a, b))) for a, b, _ in CITIES.values()]
climate = Climate.of_cells(cells.iloc[rows])
fades = [slantpath.attenuation(climate, f, 40.0, 0.1, diameter_m=0.6) for f in BANDS_GHZ]
rain = np.stack([fade.rain for fade in fades], axis=1)
total = np.stack([fade.total for fade in fades], axis=1)

print("rain alone / all causes, dB      12 GHz         20 GHz         30 GHz    rain rate")
for i, city in enumerate(CITIES):
    bands = "   ".join(f"{rain[i, k]:5.1f} / {total[i, k]:4.1f}" for k in range(3))
    print(f"{city:<26}{bands}   {climate.rain_rate_mmh[i]:5.1f} mm/h")

reference = np.array([value for _, _, value in CITIES.values()])
# The maps smooth the mountains: they put Gilgit at 2.4 km, and less air below the rain means less rain.
mapped = replace(climate, height_km=MAP_HEIGHT_KM)
same_height = np.stack(
    [slantpath.attenuation(mapped, f, 40.0, 0.1, diameter_m=0.6).rain for f in BANDS_GHZ], 1
)
off = np.abs(same_height - reference)
assert np.all(off < 0.5), "a tehsil's mean climate against the maps at the point"
assert np.median(off) < 0.1, "most are closer by far"
assert np.all(np.diff(rain, axis=1) > 0), "higher bands fade more"
assert np.all(total > rain), "gas, cloud and scintillation come on top"
