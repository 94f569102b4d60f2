"""What RTKLIB and cssrlib read in the bits that we write; they are outside packages: without them tests skip.

Run here with pyrtklib5 0.2.8 (RTKLIB-EX 2.5.1) and cssrlib 1.2.1 on BRD400DLR_S_20260680000.
"""

import numpy as np
import pytest

from rabta.pnt import gnsstime, rinex
from rabta.pnt.messages import bcnav, d1d2, galileo, glonass, lnav

pytestmark = pytest.mark.filterwarnings("ignore")  # not marked as shared: without the peers they may skip

FILE = "data/gnss/nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"
NAMES = {
    "af0": "af0",
    "af1": "af1",
    "e": "e",
    "m0": "M0",
    "delta_n": "deln",
    "omega": "omg",
    "omega0": "OMG0",
}
NAMES |= {"i0": "i0", "i_dot": "idot", "omega_dot": "OMGd", "cuc": "cuc", "cus": "cus", "crc": "crc"}
NAMES |= {"crs": "crs", "cic": "cic", "cis": "cis"}
CLOCK = {"af0": "f0", "af1": "f1"}  # as RTKLIB calls them
UNIX = int((gnsstime.GPS_EPOCH - np.datetime64(0, "ns")).astype(np.int64)) // 10**9


def _rows(shared, system, kind, step):
    rows = rinex.navigation(shared / FILE).ephemerides
    return rows[(rows["system"] == system) & (rows["kind"] == kind)][::step]


def _same(row, peer, names):
    for ours, theirs in names.items():
        value = float(row[ours])
        assert getattr(peer, theirs) == pytest.approx(value, rel=1e-11, abs=1e-25), (int(row["prn"]), ours)
    assert pytest.approx(float(row["sqrt_a"]) ** 2, abs=2e-3) == peer.A
    assert peer.svh == row["health"]


def _bytes(bits, size):
    return np.packbits(bits).tobytes().ljust(size, b"\0")


def _array(peer, data):
    array = getattr(peer, "Arr1Dunsigned char")(len(data))
    for i, value in enumerate(data):
        array[i] = value
    return array


@pytest.mark.parametrize(("system", "kind"), [("C", "D1"), ("C", "D2"), ("E", "INAV"), ("G", "LNAV")])
def test_rtklib_reads_the_same_elements(shared, system, kind):
    peer = pytest.importorskip("pyrtklib5")
    refused = 0
    rows = _rows(shared, system, kind, 9)
    for row in rows:
        found, empty = peer.eph_t(), [peer.Arr1Ddouble(8) for _ in range(2)]
        if kind == "D1":
            peer.decode_bds_d1(
                _array(peer, b"".join(_bytes(x, 38) for x in d1d2.encode_d1(row))), found, *empty
            )
        elif kind == "D2":
            peer.decode_bds_d2(
                _array(peer, b"".join(_bytes(x, 38) for x in d1d2.encode_d2(row))), found, empty[0]
            )
        elif kind == "INAV":
            words = galileo.encode(row)
            data = bytes(16) + b"".join(_bytes(words[i], 16) for i in range(1, 6)) + bytes(16)
            peer.decode_gal_inav(_array(peer, data), found, *empty)
        else:
            upright = [lnav.checked(bits).reshape(10, 30)[:, :24].ravel() for bits in lnav.encode(row)]
            data = b"".join(_bytes(bits, 30) for bits in upright) + bytes(60)
            peer.decode_frame(_array(peer, data), peer.SYS_GPS, found, peer.alm_t(), *empty)
        if (
            row["toe"] != row["toc"] and found.A == 0
        ):  # RTKLIB takes no D1 or D2 whose clock has its own epoch
            refused += 1
            continue
        _same(row, found, NAMES | CLOCK)
        assert found.toe.time == int(row["toe"]) // 10**9 + UNIX
        assert found.tgd[0] == pytest.approx(float(row["tgd1"]), abs=1e-13)
    assert refused <= 2
    assert rows.size > 20


def test_rtklib_reads_the_same_strings(shared):
    peer = pytest.importorskip("pyrtklib5")
    for row in _rows(shared, "R", "FDMA", 29):
        if row["prn"] > 24:  # slots of spare satellites, which RTKLIB does not know
            continue
        strings = glonass.encode(row)
        assert all(peer.test_glostr(_array(peer, _bytes(bits, 11))) for bits in strings.values())
        found = peer.geph_t()
        data = b"".join(_bytes(strings[i], 11)[:10] for i in range(1, 6)) + bytes(10)
        peer.decode_glostr(_array(peer, data), found, peer.Arr1Ddouble(8))
        for i, axis in enumerate("xyz"):
            assert found.pos[i] == pytest.approx(float(row[axis]), abs=1e-3)
            assert found.vel[i] == pytest.approx(float(row["v" + axis]), abs=1e-8)
            assert found.acc[i] == pytest.approx(float(row["a" + axis]), abs=1e-12)
        assert found.taun == pytest.approx(-float(row["af0"]), abs=1e-14)


@pytest.mark.parametrize("kind", ["CNV1", "CNV2", "CNV3"])
def test_cssrlib_reads_the_same_elements(shared, kind):
    raw = pytest.importorskip("cssrlib.rawnav")
    gnss = pytest.importorskip("cssrlib.gnss")
    for row in _rows(shared, "C", kind, 9):
        decoder = raw.RawNav()
        sat = gnss.prn2sat(gnss.uGNSS.BDS, int(row["prn"]))
        if kind == "CNV1":
            count, second, third = bcnav.encode_cnv1(row)
            tail = np.unpackbits(np.array([count], dtype=np.uint8))
            bits = np.concatenate([second, np.zeros(8, np.uint8), third, tail])
            found = decoder.decode_bds_b1c(0, None, sat, _bytes(bits, 0))
        elif kind == "CNV2":
            for bits in bcnav.encode_cnv2(row).values():
                found = decoder.decode_bds_b2a(0, None, sat, _bytes(bits, 40))
        else:
            for bits in bcnav.encode_cnv3(row).values():
                whole = np.concatenate([np.zeros(12, np.uint8), bits])
                found = decoder.decode_bds_b2b(0, None, sat, _bytes(whole, 64))
        _same(row, found, NAMES | {"a_dot": "Adot", "delta_n_dot": "delnd"})
        delay = {"CNV1": "tgd_b1cp", "CNV2": "tgd_b1cp", "CNV3": "tgd_b2bi"}[kind]
        assert found.tgd == pytest.approx(float(row[delay]), abs=1e-14)
