"""BeiDou messages against the interface documents and against records as published."""

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.messages import bcnav, checks, d1d2
from rabta.pnt.messages.fields import bits_of, layouts
from rabta.pnt.records import IonosphereMessage, empty_ephemerides

BDGIM = IonosphereMessage(
    "C", 19, "CNVX", "bdgim", (30.875, 0.25, 11.625, 10.375, -12.5, 0.75, 0.0, 3.125, 1.875)
)
KLOBUCHAR = IonosphereMessage(
    *("C", 6, "D1D2", "klobuchar"),
    (
        *(2.514570951462e-08, 3.799796104431e-07, -2.324581146240e-06, 3.159046173096e-06),
        *(1.802240e05, -1.097728e06, 4.194304e06, -1.900544e06),
    ),
)


def _record(kind):
    """Numbers as published for C19 (CNV) and C06 (D1), 2026-03-09 (BRD400DLR_S_20260680000)."""
    row = empty_ephemerides(1)
    item = row[0]
    item["system"], item["kind"], item["prn"] = "C", kind, 19 if kind.startswith("CNV") else 6
    item["toc"] = item["toe"] = item["sent"] = 1457049614 * 10**9
    item["t_op"] = item["toe"] if kind.startswith("CNV") else 0
    common = {"cic": -8.661299943924e-08, "cis": -7.450580596924e-09, "m0": -2.286556994403e00}
    if kind.startswith("CNV"):
        numbers = common | {
            "af0": -9.632943547331e-04,
            "af1": 4.532374475730e-12,
            "af2": 0.0,
            "a_dot": 4.528999328613e-03,
            "crs": -1.571484375e01,
            "delta_n": 3.359604226715e-09,
            "cuc": -8.372589945793e-07,
            "e": 1.089124823920e-03,
            "cus": 8.824281394482e-06,
            "sqrt_a": 5.282631603676e03,
            "omega0": -1.733550762948e00,
            "i0": 9.875774503477e-01,
            "crc": 1.934453125e02,
            "omega": -7.497750380427e-01,
            "omega_dot": -6.508663969122e-09,
            "i_dot": 3.432285825624e-10,
            "delta_n_dot": -3.496588169254e-14,
            "satellite_type": 3,
            "sisai_oe": 0,
            "sisai_ocb": -2,
            "sisai_oc1": 7,
            "sisai_oc2": 7,
            "sismai": 0,
            "health": 0,
            "integrity_flags": 0,
        }
        if kind != "CNV3":
            item["iode"] = item["iodc"] = 24
            numbers |= {"tgd_b1cp": 9.487848728895e-09, "tgd_b2ap": 1.222360879183e-09}
        numbers |= {
            "CNV1": {"isc_b1cd": -8.731149137020e-10},
            "CNV2": {"isc_b2ad": -2.735760062933e-09},
            "CNV3": {"tgd_b2bi": 1.920852810144e-09},
        }[kind]
    else:
        item["iode"], item["iodc"] = 1, 0
        numbers = {
            "af0": -5.668890662491e-05,
            "af1": -2.087663375505e-11,
            "af2": 0.0,
            "crs": -1.2465625e02,
            "delta_n": 1.217193558140e-09,
            "m0": -1.927296340337e00,
            "cuc": -4.273373633623e-06,
            "e": 5.343150813133e-03,
            "cus": 1.517543569207e-05,
            "sqrt_a": 6.493857404709e03,
            "cic": -8.847564458847e-09,
            "omega0": -3.175105988480e-02,
            "cis": -5.401670932770e-08,
            "i0": 9.484550958989e-01,
            "crc": -2.233125e02,
            "omega": -2.479430761855e00,
            "omega_dot": -1.749001424358e-09,
            "i_dot": -6.307405585903e-10,
            "accuracy_m": 2.0,
            "health": 0,
            "tgd1": 8.4e-09,
            "tgd2": -1.4e-09,
        }
    for name, value in numbers.items():
        item[name] = value
    return item


def _decode(kind, item):
    if kind == "D1":
        return d1d2.decode_d1([d1d2.correct(x)[0] for x in d1d2.encode_d1(item)], 6)
    if kind == "D2":
        return d1d2.decode_d2(d1d2.encode_d2(item), 6)
    if kind == "CNV1":
        count, second, third = bcnav.encode_cnv1(item)
        return bcnav.decode_cnv1(second, count, 19, third)
    if kind == "CNV2":
        return bcnav.decode_cnv2(bcnav.encode_cnv2(item))
    return bcnav.decode_cnv3(bcnav.encode_cnv3(item), 19)


@pytest.mark.parametrize("kind", ["D1", "D2", "CNV1", "CNV2", "CNV3"])
def test_a_published_record_comes_back_to_its_last_decimal(kind):
    item = _record(kind)
    back = _decode(kind, item)
    for name in back.dtype.names:
        if back[name].dtype.kind == "f":
            assert f"{back[name][0]:.12e}" == f"{item[name]:.12e}", name
        else:
            assert back[name][0] == item[name], name


def test_no_two_fields_share_a_bit():
    for name, form in layouts().items():
        used = [
            (p, b) for field in form.fields for p, first, n in field.pieces for b in range(first, first + n)
        ]
        assert len(used) == len(set(used)), name
        assert all(b < form.sizes[p] for p, b in used), name


def test_bch15_mends_every_single_error():
    item = _record("D1")
    subframe = d1d2.encode_d1(item)[0]
    for place in range(15, 300):
        bad = subframe.copy()
        bad[place] ^= 1
        mended, wrong = d1d2.correct(bad)
        assert wrong == 1
        np.testing.assert_array_equal(mended, subframe)


def test_bch_words_of_b_cnav1_are_as_far_apart_as_stated():
    """Distances 8 of (21,6), 24 of (51,8): Peterson and Weldon, Error-Correcting Codes (1972).

    So they mend 3 and 11 errors.
    """
    for book, distance in ((checks._book(*checks._BCH21), 8), (checks._book(*checks._BCH51), 24)):
        assert np.count_nonzero(book[1:], axis=1).min() == distance  # a linear code
    symbols = checks.bch51(137).copy()
    symbols[:11] ^= 1
    assert checks.bch51_nearest(symbols) == (137, 11)


def test_frame_of_b_cnav1():
    rng = np.random.default_rng(1)
    second, third = rng.integers(0, 2, 1200, dtype=np.uint8), rng.integers(0, 2, 528, dtype=np.uint8)
    frame = bcnav.interleave(19, 42, second, third)
    assert frame.size == 1800
    assert checks.bch21_nearest(frame[:21]) == (19, 0)
    np.testing.assert_array_equal(bcnav.deinterleave(frame)[0], second)
    np.testing.assert_array_equal(bcnav.deinterleave(frame)[1], third)
    # B1C section 6.2.2.3: the first column starts with two of subframe 2, then one of subframe 3
    np.testing.assert_array_equal(frame[72:75], [second[0], second[48], third[0]])


def test_ionosphere():
    item = _record("D1")
    for subframes in (d1d2.encode_d1(item, KLOBUCHAR), d1d2.encode_d2(item, KLOBUCHAR)):
        np.testing.assert_allclose(
            d1d2.ionosphere(subframes, 6).coefficients, KLOBUCHAR.coefficients, rtol=1e-12
        )
    item = _record("CNV1")
    third = bcnav.encode_cnv1(item, BDGIM)[2]
    assert bcnav.ionosphere_cnv1(third, 19).coefficients == BDGIM.coefficients
    assert (
        bcnav.ionosphere_cnv2(bcnav.encode_cnv2(_record("CNV2"), BDGIM)[30]).coefficients
        == BDGIM.coefficients
    )
    third3 = bcnav.encode_cnv3(_record("CNV3"), BDGIM)[30]
    assert bcnav.ionosphere_cnv3(third3, 19).coefficients == BDGIM.coefficients


def test_what_is_damaged_is_not_decoded():
    count, second, third = bcnav.encode_cnv1(_record("CNV1"))
    second[100] ^= 1
    assert bcnav.decode_cnv1(second, count, 19, third) is None
    second[100] ^= 1
    third[3] ^= 1
    assert np.isnan(bcnav.decode_cnv1(second, count, 19, third)["health"][0])
    one, two, three = d1d2.encode_d1(_record("D1"))
    assert d1d2.decode_d1((one, three, two), 6) is None
    with pytest.raises(RabtaError, match="wrong number of bits"):
        bcnav.decode_cnv1(second[:-1], count, 19)


def test_a_value_that_does_not_fit_is_refused_by_name():
    item = _record("D1")
    item["tgd1"] = 1e-7
    with pytest.raises(RabtaError, match="tgd1"):
        d1d2.encode_d1(item)


def test_gps_words():
    """TLM word of IS-GPS-200N with no message: preamble 0x8B, parity by table 20-XIV."""
    for data in (0x8B0000, 0x8B0FFF, 0x123456):
        for last in range(4):
            word = checks.gps_word(data, last)
            assert checks.gps_data(word, last) == data
            assert all(checks.gps_data(word ^ 1 << place, last) is None for place in range(30))


def test_bits():
    np.testing.assert_array_equal(bits_of(0b101, 11), [0] * 8 + [1, 0, 1])
