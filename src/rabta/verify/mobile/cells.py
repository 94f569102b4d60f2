"""Suite ``cells``: rural path loss, NR rates, and links from above."""

from __future__ import annotations

from pathlib import Path

from rabta.mobile import equipment, nr, ntn, pathloss
from rabta.verify import Row, suite

NS3_RMA = (
    "TR 38.901 RMa at 5 GHz, 35 m and 1.5 m, as ns-3 computes it (three-gpp-propagation-loss-model test)"
)
NS3_LOSS_DB = {
    ("LOS", 10.0): 77.3784,
    ("LOS", 100.0): 87.2965,
    ("LOS", 1000.0): 108.5577,
    ("LOS", 10_000.0): 140.3896,
    ("NLOS", 10.0): 77.3784,
    ("NLOS", 100.0): 95.7718,
    ("NLOS", 1000.0): 133.5223,
    ("NLOS", 5000.0): 160.5169,
}
NS3_NTN_DB = {35_786.0: 191.744, 600.0: 156.233, 1200.0: 162.253}
ROUND_TRIP_MS = {35_786.0: 541.46, 600.0: 25.77, 1200.0: 41.77}
LOS_PERCENT = (78.2, 86.9, 91.9, 92.9, 93.5, 94.0, 94.9, 95.2, 99.8)
CLUTTER_DB = (19.52, 18.17, 18.42, 18.28, 18.63, 17.68, 16.50, 16.30, 16.30)
MCS_BITS = (
    *(0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.6953, 1.9141, 2.1602, 2.4063, 2.5703, 2.7305),
    *(3.0293, 3.3223, 3.6094, 3.9023, 4.2129, 4.5234, 4.8164, 5.1152, 5.3320, 5.5547, 5.8906, 6.2266),
    *(6.5703, 6.9141, 7.1602, 7.4063),
)


@suite("cells", "Mobile access: TR 38.901, TS 38.214, TR 38.811, TR 38.821")
def rows(_files: Path | None) -> list[Row]:
    """Recompute the published numbers."""
    return [*_ground(), *_rates(), *_above()]


def _ground() -> list[Row]:
    model = {"LOS": pathloss.rma_los_db, "NLOS": pathloss.rma_nlos_db}
    return [
        Row(f"RMa {kind} at {distance:g} m, dB", float(model[kind](distance, 5.0)), loss, 1e-4, NS3_RMA)
        for (kind, distance), loss in NS3_LOSS_DB.items()
    ]


def _rates() -> list[Row]:
    source = "TS 38.214, table 5.1.3.1-2"
    table = [
        Row(f"MCS {index} of 256QAM, bit", float(ours), theirs, 5.1e-5, source)
        for index, (ours, theirs) in enumerate(zip(nr.MCS_EFFICIENCY, MCS_BITS, strict=True))
    ]
    peak = float(nr.rate_mbps(4.0 * nr.MCS_EFFICIENCY[-1], 273, 30.0))
    return [*table, Row("Peak of 100 MHz, four layers, Mbit/s", peak, 2337.0, 1.0, "TS 38.306, 4.1.2")]


def _above() -> list[Row]:
    tables = "TR 38.811, tables 6.6.1-1 and 6.6.2-3, suburban and rural, S band (values as in OpenNTN 2.0)"
    pairs = zip(ntn.ELEVATIONS_DEG, LOS_PERCENT, CLUTTER_DB, strict=True)
    found = []
    for elevation, share, loss in pairs:
        ours = 100.0 * float(ntn.los_share(elevation)), float(ntn.clutter_db(elevation))
        found.append(Row(f"Line of sight at {elevation:g} deg, %", ours[0], share, 1e-6, tables))
        found.append(Row(f"Clutter loss at {elevation:g} deg, dB", ours[1], loss, 1e-6, tables))
    for altitude, loss in NS3_NTN_DB.items():
        ours_db = float(ntn.free_space_db(altitude, 2.0)) + 6.22 / 2.0**1.5
        name = f"Zenith loss from {altitude:g} km at 2 GHz, dB"
        found.append(Row(name, ours_db, loss, 1e-3, "ns-3's NTN test: free space and 6.22 / f^1.5"))
    for altitude, delay in ROUND_TRIP_MS.items():
        name = f"Largest round trip over {altitude:g} km, ms"
        found.append(Row(name, ntn.round_trip_ms(altitude), delay, 0.01, "TR 38.821, table 4.2-2"))
    return [*found, *_phones()]


def _phones() -> list[Row]:
    link = equipment.device_link("d2d-s-band")
    beam = ntn.beam_mbps(link) * 5.0 / (link.spectrum_mhz / link.reuse)
    return [
        Row(
            "C/N of a phone at 600 km, dB",
            ntn.carrier_to_noise_db(link),
            6.6,
            0.1,
            "TR 38.821, study case 9, downlink",
        ),
        Row(
            "Direct-to-device beam of 5 MHz, Mbit/s",
            beam,
            4.0,
            1.0,
            "arXiv 2506.00283: estimate from SINR measured on Starlink's beams",
        ),
    ]
