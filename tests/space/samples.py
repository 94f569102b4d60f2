"""Element sets used by several tests.

The sets are of AIAA 2006-6753's SGP4-VER.TLE (numbers 6251, 28129, 24208).
"""

LEO = (
    "1 06251U 62025E   06176.82412014  .00008885  00000-0  12808-3 0  3985",
    "2 06251  58.0579  54.0425 0030035 139.1568 221.1854 15.56387291  6774",
)
MEO = (
    "1 28129U 03058A   06175.57071136 -.00000104  00000-0  10000-3 0   459",
    "2 28129  54.7298 324.8098 0048506 266.2640  93.1663  2.00562768 18443",
)
IGSO = (
    "1 24208U 96044A   06177.04061740 -.00000094  00000-0  10000-3 0  1600",
    "2 24208   3.8536  80.0121 0026640 311.0977  48.3000  1.00778054 36119",
)

OMM = {
    "OBJECT_NAME": "DELTA 1 DEB",
    "OBJECT_ID": "1962-025E",
    "EPOCH": "2006-06-25T19:46:43.980096",
    "MEAN_MOTION": 15.56387291,
    "ECCENTRICITY": 0.0030035,
    "INCLINATION": 58.0579,
    "RA_OF_ASC_NODE": 54.0425,
    "ARG_OF_PERICENTER": 139.1568,
    "MEAN_ANOMALY": 221.1854,
    "EPHEMERIS_TYPE": 0,
    "CLASSIFICATION_TYPE": "U",
    "NORAD_CAT_ID": 6251,
    "ELEMENT_SET_NO": 398,
    "REV_AT_EPOCH": 677,
    "BSTAR": 0.00012808,
    "MEAN_MOTION_DOT": 8.885e-5,
    "MEAN_MOTION_DDOT": 0,
}


def checksum(line: str) -> str:
    """Line with its last character replaced by the right checksum."""
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68])
    return line[:68] + str(total % 10)


def put(line: str, first: int, text: str) -> str:
    """Line with a field overwritten from a column (counted from one), checksum repaired."""
    return checksum(line[: first - 1] + text + line[first - 1 + len(text) :])
