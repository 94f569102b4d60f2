"""Add a band, a terminal and a constellation of your own without Python: files in ``./catalog``.

The system is invented for this example, and says so in its entries: 12 planes of 24 satellites at 800 km,
inclined by 40 degrees, which spends its time where Pakistan lies. The shipped gateways name the systems that
they serve, so a new system brings its own.
"""

from pathlib import Path

import numpy as np

from rabta import load

ABOUT = """title = "Indus, an invented system"
source = "Invented for an example"
licence = "CC0-1.0"
retrieved = "2026-11-22"
"""
BAND = """low_mhz = 17800.0
high_mhz = 19300.0
centre_mhz = 18550.0
direction = "down"
use = "User downlink of Indus"
"""
TERMINAL = """aperture_m = 0.6
g_over_t_db_k = 14.0
antenna_temperature_k = 80.0
noise_figure_db = 1.8
scan_loss_exponent = 1.3
max_rate_mbps = 500.0
class = "consumer"
price_usd = 450.0
waveform = "dvb-s2x"
"""
CONSTELLATION = """operator = "Nobody"
country = "PK"
kind = "broadband"
status = "filed"
foreign = false
right_to_serve = "Not needed: invented"
satellites = 288
isl = false
terminal = "indus-panel"
modelled = ["downlink", "uplink", "feeder", "shells"]
downlink = { band = "indus-ka", frequency_ghz = 18.55, channel_mhz = 250.0, spectrum_mhz = 1500.0, \
eirp_density_dbw_mhz = 13.0, beams = 24, capacity_gbps = 16.0 }
uplink = { band = "ka-uplink", frequency_ghz = 28.5, g_over_t_db_k = 8.0 }
feeder = { band = "ka-downlink", down_ghz = 19.6, up_ghz = 29.5, min_elevation_deg = 10.0 }

[[shells]]
name = "40-800"
status = "filed"
altitude_km = 800.0
inclination_deg = 40.0
satellites = 288
planes = 12
per_plane = 24
phasing = 1
min_elevation_deg = 25.0
"""
GATEWAYS = """[[gateways]]
name = "Multan"
lat_deg = 30.2
lon_deg = 71.5
antennas = 8
capacity_gbps = 80.0
systems = "*"
exchange_km = 930.0
status = "modelled"
"""
for kind, name, text in (
    ("bands", "indus-ka", BAND),
    ("terminals", "indus-panel", TERMINAL),
    ("constellations", "indus", CONSTELLATION),
    ("gateways", "indus", GATEWAYS),
):
    path = Path("catalog") / kind / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ABOUT + text, encoding="utf-8")

quick = {"nation": {"resolution": 4}, "time": {"hours": 2, "step_s": 600}}
job = load("tiny", **quick, space={"constellations": ["indus"]}, transport={"gateways": "indus"})
run = job.run(Path("runs"), cache=Path("cache"))
visible, rate = run.arrays["visible_count"], run.arrays["link_rate_mbps"]
print(run.tables["systems"].loc[0, ["system", "frequency_ghz", "terminal"]].to_string())
print(f"in view over Pakistan: {float(visible.mean()):.1f} on average, {int(visible.min())} at least")
delay = run.arrays["latency_ms"]
print(
    f"a terminal alone gets {float(rate.median()):.0f} Mbit/s, {float(delay.median()):.0f} ms there and back"
)

# Satellites x the cap that a terminal sees at 25 degrees x the density of 40-degree orbits at the latitude.
cap = np.arccos(np.cos(np.radians(25.0)) * 6378.1 / 7178.1) - np.radians(25.0)
sine = np.sin(np.radians(run.tables["cells"]["lat_deg"].to_numpy()))
density = 2.0 / np.pi / np.sqrt(np.sin(np.radians(40.0)) ** 2 - sine**2)
expected = float((288 * (1.0 - np.cos(cap)) / 2.0 * density).mean())
print(f"by geometry, without terrain: {expected:.1f} in view")
assert 0.85 * expected < float(visible.mean()) < 1.1 * expected
assert float(rate.max()) <= 500.0, "the terminal's own limit"
assert len(run.tables["satellites"]) == 288
assert float(delay.min()) > 2e3 * (2 * 800.0 + 1.468 * 930.0) / 299_792.458, "no faster than light"
