"""Suite ``modcods``: tables of modulation and coding against independent copies, frames and Shannon's limit.

Sources: the DVB-S2X rows of pylink-satcom 0.9 (BSD), which quote EN 302 307-2; the frame structure of EN
302 307-1 and -2; modulation orders and code rates of TS 38.214 as Sionna (Apache-2) and MathWorks' reference
models list them; efficiencies as the standard prints them.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from rabta import catalog
from rabta.radio.adaptation import awgn, nr
from rabta.verify import Row, suite

PYLINK = "pylink-satcom 0.9 (BSD), which quotes EN 302 307-2, table 20a"
FRAMES = "frame structure of ETSI EN 302 307-1 and -2: (K_bch - 80) over the symbols of a frame"
TS38214 = "3GPP TS 38.214 V18, tables 5.1.3.1-1 to -4, 6.1.4.1-1 and -2, 5.2.2.1-2 to -5"
SHANNON = "Shannon (1948): C = log2(1 + Es/N0)"
ORDER = {"BPSK": 1, "QPSK": 2, "8PSK": 3, "8APSK": 3, "16APSK": 4, "32APSK": 5, "64APSK": 6}
ORDER |= {"128APSK": 7, "256APSK": 8, "16QAM": 4, "64QAM": 6, "256QAM": 8, "1024QAM": 10}

# Es/N0 of the 38 rows of pylink, in the order of the standard (QPSK 2/9 is not among them).
ES_N0 = (
    *(-2.03, 0.22, 1.45, 4.73, 5.13, 6.12, 7.02, 7.49, 5.97, 6.55, 6.84, 7.51, 7.80, 7.41, 8.10, 8.38, 8.43),
    *(9.27, 9.71, 10.65, 11.99, 11.10, 11.75, 12.17, 13.05, 13.98, 14.81, 15.47, 15.87, 16.55, 17.73, 18.53),
    *(16.98, 17.24, 18.10, 18.59, 18.84, 19.57),
)
OLD_ES_N0 = (
    *(-2.35, -1.24, -0.30, 1.00, 2.23, 3.10, 4.03, 4.68, 5.18, 6.20, 6.42, 5.50, 6.62, 7.91, 9.35, 10.69),
    *(10.98, 8.97, 10.21, 11.03, 11.61, 12.89, 13.13, 12.73, 13.64, 14.28, 15.69, 16.05),
)
# bits a second and hertz as printed, first, some and last rows of each table: index, value
PRINTED = {
    "nr-64qam": ((0, 0.2344), (3, 0.4902), (9, 1.3262), (16, 2.5703), (17, 2.5664), (28, 5.5547)),
    "nr-256qam": ((0, 0.2344), (4, 1.1758), (10, 2.5703), (11, 2.7305), (19, 5.1152), (27, 7.4063)),
    "nr-64qam-lowse": ((0, 0.0586), (9, 0.4902), (14, 1.1758), (17, 1.6953), (21, 2.5664), (28, 4.5234)),
    "nr-1024qam": ((0, 0.2344), (2, 0.8770), (6, 2.7305), (15, 5.3320), (22, 7.4063), (26, 9.2578)),
    "nr-uplink-dfts": ((0, 0.2344), (9, 1.3262), (16, 2.5703), (17, 2.7305), (27, 5.5547)),
    "nr-uplink-dfts-lowse": ((0, 0.0586), (15, 1.3262), (16, 1.4766), (23, 3.0156), (27, 4.5234)),
}
ROWS = {
    "dvb-s2": 28,
    "dvb-s2x": 39,
    "dvb-s2-short": 24,
    "dvb-s2x-short": 17,
    "dvb-s2x-vlsnr": 9,
    "nr-64qam": 29,
    "nr-256qam": 28,
    "nr-64qam-lowse": 29,
    "nr-1024qam": 27,
    "nr-uplink-dfts": 28,
    "nr-uplink-dfts-lowse": 28,
}
CQI_PRINTED = {
    1: (
        *(0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141),
        *(2.4063, 2.7305, 3.3223, 3.9023, 4.5234, 5.1152, 5.5547),
    ),
    2: (
        *(0.1523, 0.3770, 0.8770, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223),
        *(3.9023, 4.5234, 5.1152, 5.5547, 6.2266, 6.9141, 7.4063),
    ),
    3: (
        *(0.0586, 0.0977, 0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758),
        *(1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234),
    ),
    4: (
        *(0.1523, 0.3770, 0.8770, 1.4766, 2.4063, 3.3223, 3.9023, 4.5234),
        *(5.1152, 5.5547, 6.2266, 6.9141, 7.4063, 8.3301, 9.2578),
    ),
}
SHORT_BITS = {"1/4": 3072, "1/3": 5232, "2/5": 6312, "1/2": 7032, "3/5": 9552, "2/3": 10632, "3/4": 11712}
SHORT_BITS |= {"4/5": 12432, "5/6": 13152, "8/9": 14232}  # EN 302 307-1, table 5b
CORRECTS = {"2/3": 10, "5/6": 10, "8/9": 8, "9/10": 8}  # EN 302 307-1, table 5a; 12 else
NAN = float("nan")
NEW_TWO_THIRDS = ("16APSK 2/3-L", "256APSK 2/3-L")  # rate 120/180 of part 2, which corrects 12


def table(name: str) -> list[tuple[str, float, float]]:
    """Rows of a waveform of the catalog, without those that it includes: name, bits a symbol, Es/N0."""
    rows = catalog.entry("waveforms", name).data["modcods"]
    return [(str(row[0]), float(row[1]), float(row[2])) for row in rows]


@suite("modcods", "Tables of modulation and coding: DVB-S2, DVB-S2X, 5G NR")
def rows(_files: Path | None) -> list[Row]:
    """Counts, thresholds, efficiencies, the Shannon limit, defects of published copies."""
    counts = [
        Row(f"{name}: rows", len(table(name)), n, 0.0, "the standard's table") for name, n in ROWS.items()
    ]
    return [
        *counts,
        *_thresholds(),
        *_frames(),
        *_new_radio(),
        *_shannon(),
        *_defects(),
        *_disagreements(),
    ]


def _thresholds() -> list[Row]:
    new, old = table("dvb-s2x")[1:], table("dvb-s2")
    rows = [
        Row(f"DVB-S2X {name}, ideal Es/N0, dB", ours, theirs, 1e-9, PYLINK)
        for (name, _, ours), theirs in zip(new, ES_N0, strict=True)
    ]
    gap = max(abs(row[2] - theirs) for row, theirs in zip(old, OLD_ES_N0, strict=True))
    source = "opensatcom 0.7.0 (MIT) and an open calculator, both of which quote EN 302 307-1, table 13"
    return [*rows, Row("DVB-S2: 28 rows, ideal Es/N0, largest difference, dB", gap, 0.0, 1e-9, source)]


def frame_bits(name: str, length: int = 64800) -> float:
    """Information bits over symbols of a frame without pilots, by modulation and rate in its name."""
    modulation, rate = name.split()[:2]
    code = rate.removesuffix("-L")
    if length == 64800:
        bits = Fraction(code) * length - 16 * (12 if name in NEW_TWO_THIRDS else CORRECTS.get(code, 12))
    else:
        bits = Fraction(SHORT_BITS.get(code, 0)) if "45" not in code and "15" not in code else Fraction(0)
        bits = bits or Fraction(code) * length - 168
    symbols = -(-length // ORDER[modulation])
    return float((bits - 80) / (-(-symbols // 90) * 90 + 90))


def _frames() -> list[Row]:
    found = []
    for name in ("dvb-s2", "dvb-s2x", "dvb-s2-short", "dvb-s2x-short"):
        length = 16200 if name.endswith("short") else 64800
        gaps = [abs(bits - frame_bits(row, length)) for row, bits, _ in table(name)]
        found.append(Row(f"{name}: efficiency, largest difference", max(gaps), 0.0, 2e-6, FRAMES))
    return found


def _new_radio() -> list[Row]:
    found = []
    for name, printed in PRINTED.items():
        ours = table(name)
        for index, theirs in printed:
            found.append(Row(f"{name}: {ours[index][0]}, bit/s/Hz", ours[index][1], theirs, 1e-9, TS38214))
        found += _thresholds_of(name, ours)
    for index, listed in CQI_PRINTED.items():
        gap = float(np.abs(nr.cqi_efficiency(index) - listed).max())
        found.append(Row(f"CQI table {index}: 15 rows, largest difference", gap, 0.0, 5.1e-5, TS38214))
    return found


def _thresholds_of(name: str, ours: list[tuple[str, float, float]]) -> list[Row]:
    """Thresholds beside our error tables, and how far they lie above the capacity of their symbols."""
    from rabta.mobile.phy.link import tables, transport

    index = next(key for key, value in transport.WAVEFORMS.items() if value == name)
    bits = [tables.BITS if rate > 256 else 3824 for _, rate in transport.MCS[index]]
    need = [tables.threshold_db(index, mcs, 0.1, size) for mcs, size in enumerate(bits)]
    worst = max(abs(a - row[2]) for a, row in zip(need, ours, strict=True))
    source = "our own error tables (suite bler), BLER 0.1, as rounded in the catalog"
    label = f"{name}: thresholds, largest difference, dB"
    gaps = [row[2] - float(awgn.required_es_n0_db(ORDER[row[0].split()[-1]], row[1], 0.0)) for row in ours]
    capacity = "bit-interleaved capacity: Caire, Taricco and Biglieri 1998, equation 15"
    return [
        Row(label, worst, 0.0, 0.0051, source),
        Row(f"{name}: nearest to the capacity of its symbols, dB", min(gaps), 0.0, NAN, capacity, gate=False),
        Row(f"{name}: farthest from it, dB", max(gaps), 0.0, NAN, capacity, gate=False),
    ]


def _shannon() -> list[Row]:
    found = []
    for name in ROWS:
        gaps = [db - 10.0 * np.log10(2.0**bits - 1.0) for _, bits, db in table(name)]
        least = float(min(gaps))
        found.append(Row(f"{name}: below Shannon's limit, modcods", sum(g <= 0 for g in gaps), 0, 0, SHANNON))
        label = f"{name}: nearest to Shannon's limit, dB"
        found.append(Row(label, least, 0.0, float("nan"), SHANNON, gate=False))
    return found


def _defects() -> list[Row]:
    old = {name: (bits, db) for name, bits, db in table("dvb-s2")}
    source = "opensatcom 0.7.0, modem/dvbs2.py: Es/N0 of EN 302 307-1 used as Eb/N0"
    bits, db = old["QPSK 1/4"]
    limit = 10.0 * float(np.log10((2.0**0.5 - 1.0) / 0.5))
    high_bits, high = old["32APSK 9/10"]
    mathworks = "an open copy of TS 38.214 (5G_MCS_tables at 43e914d), beside the standard"
    ours = table("nr-64qam")
    low = table("nr-64qam-lowse")
    nan = float("nan")
    rows = [
        Row(
            "the anchor's defect: QPSK 1/4 at so many dB of Eb/N0", db - 10 * np.log10(bits), db, nan, source
        ),
        Row(
            "the anchor's defect: that is below Shannon's limit for 0.5 bit, dB",
            db - limit,
            -1.53,
            0.02,
            source,
        ),
        Row(
            "the anchor's defect: 32APSK 9/10 is pessimistic by, dB",
            *(float(10 * np.log10(high_bits)), 6.5, 0.05, source),
        ),
        Row(
            "the anchor's defect: its Es/N0 of 32APSK 9/10, dB",
            high,
            high + 10 * np.log10(high_bits),
            nan,
            source,
        ),
        Row("the anchor's defect: MCS 3 has code rate x 1024", ours[3][1] * 512, 521.0, nan, mathworks),
        Row("the anchor's defect: MCS 17 has bits a symbol", 6.0, 4.0, nan, mathworks),
        Row("the anchor's defect: low-efficiency MCS 9, bit/s/Hz", low[9][1], 40.4902, nan, mathworks),
        Row("the anchor's defect: low-efficiency MCS 16, bit/s/Hz", low[16][1], 4.4766, nan, mathworks),
    ]
    return [Row(r.name, r.ours, r.theirs, r.tolerance, r.source, not np.isnan(r.tolerance)) for r in rows]


def _disagreements() -> list[Row]:
    ours = {name: bits for name, bits, _ in table("dvb-s2x")}
    other = "an open calculator's DVB-S2X table, which leaves out that symbols fill slots of 90"
    cases = (
        ("32APSK 2/3-L", 3.289502, PYLINK + ": BCH of 12 errors; part 1's rate 2/3 corrects 10"),
        ("64APSK 5/6", 4.933701, PYLINK + ": BCH of 12 errors; part 1's rate 5/6 corrects 10"),
        ("128APSK 3/4", 5.1704190408, other),
        ("128APSK 7/9", 5.3629938272, other),
    )
    return [
        Row(f"defect: DVB-S2X {name}, bit/symbol", ours[name], theirs, float("nan"), source, gate=False)
        for name, theirs, source in cases
    ]
