"""TLE files: fields, Alpha-5, and every kind of damage named."""

import re

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space import tle

from .samples import IGSO, LEO, MEO, checksum, put


def content(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def test_fields_are_those_of_the_reference_reader() -> None:
    from sgp4.api import Satrec

    got = tle.parse(content(*LEO, *MEO, *IGSO))
    for row, lines in enumerate((LEO, MEO, IGSO)):
        want = Satrec.twoline2rv(*lines)
        assert got["norad"][row] == want.satnum
        assert got["epoch_jd"][row] == want.jdsatepoch + want.jdsatepochF
        assert got["bstar"][row] == pytest.approx(want.bstar, rel=1e-15)
        for ours, theirs in (
            ("inclination_deg", want.inclo),
            ("raan_deg", want.nodeo),
            ("argp_deg", want.argpo),
            ("mean_anomaly_deg", want.mo),
        ):
            assert np.radians(got[ours][row]) == pytest.approx(theirs, rel=1e-15)
        assert got["eccentricity"][row] == pytest.approx(want.ecco, rel=1e-15)
        assert got["mean_motion_rev_day"][row] * 2 * np.pi / 1440 == pytest.approx(want.no_kozai, rel=1e-15)


def test_names_comments_blank_lines_and_line_ends() -> None:
    raw = b"\r\n".join(
        [b"# a comment", b"0 NAMED   ", *content(*LEO).split(b"\n"), b"", *content(*MEO).split(b"\n")]
    )
    got = tle.parse(raw)
    assert got["name"].tolist() == ["NAMED", "28129"]
    assert got["line"].tolist() == [3, 6]


@pytest.mark.parametrize(
    ("text", "number"),
    [("A0000", 100_000), ("E8493", 148_493), ("J2931", 182_931), ("P4018", 234_018), ("Z9999", 339_999)],
)
def test_alpha5_numbers(text: str, number: int) -> None:
    # Values of Space-Track's description of Alpha-5.
    got = tle.parse(content(put(LEO[0], 3, text), put(LEO[1], 3, text)))
    assert got["norad"].tolist() == [number]


@pytest.mark.parametrize(
    ("lines", "problem", "where", "expected"),
    [
        ((LEO[0][:-1] + "4", LEO[1]), "bad checksum", "line 1, columns 69-69 (checksum)", "5"),
        ((LEO[0], LEO[1][:-3]), "wrong length", "line 2", "69 characters"),
        ((LEO[0], LEO[1] + "12"), "wrong length", "line 2", "69 characters"),
        ((*LEO, MEO[0]), "without its second line", "line 3", "an optional name"),
        ((*LEO, MEO[1]), "without its first line", "line 3", "an optional name"),
        (("NAME", *LEO, "NAME", "OTHER"), "belongs to no element set", "line 4", "an optional name"),
        (
            (LEO[0], put(LEO[1], 10, "5X.05")),
            "character that cannot be there",
            "line 2, columns 9-16",
            "a number",
        ),
        ((LEO[0], put(LEO[1], 53, "15.5 387291")), "not a number", "line 2, columns 53-63", "a number"),
        (
            (LEO[0], put(LEO[1], 9, "        ")),
            "not a number",
            "line 2, columns 9-16 (inclination)",
            "a number",
        ),
        ((LEO[0], put(LEO[1], 27, "00.0035")), "character", "line 2, columns 27-33", "a number"),
        ((put(LEO[0], 21, "366.50000000"), LEO[1]), "outside the year", "line 1, columns 21-32", "1 to 366"),
        ((put(LEO[0], 3, "I0001"), put(LEO[1], 3, "I0001")), "character", "catalogue number", "a number"),
        ((put(LEO[0], 3, "12A45"), put(LEO[1], 3, "12A45")), "catalogue number", "line 1", "five digits"),
        ((put(LEO[0], 3, "1E251"), put(LEO[1], 3, "1E251")), "catalogue number", "line 1", "five digits"),
        ((put(LEO[0], 3, "A 123"), put(LEO[1], 3, "A 123")), "catalogue number", "line 1", "five digits"),
        ((LEO[0], put(LEO[1], 3, "06252")), "different satellites", "line 2, columns 3-7", "6251"),
    ],
)
def test_damage_is_named(lines: tuple[str, ...], problem: str, where: str, expected: str) -> None:
    with pytest.raises(RabtaError, match=re.escape(problem)) as caught:
        tle.parse(content(*lines), "some.tle")
    text = str(caught.value)
    assert "file: some.tle" in text
    assert where in text
    assert expected in text


def test_leap_year_has_a_day_366() -> None:
    line = put(put(LEO[0], 19, "24"), 21, "366.50000000")
    assert tle.parse(content(line, LEO[1]))["epoch_jd"][0] == 2_460_676.0  # 2024-12-31T12:00


def test_years_57_to_99_are_of_the_last_century() -> None:
    line = checksum(put(put(LEO[0], 19, "57"), 21, "001.00000000"))
    assert tle.parse(content(line, LEO[1]))["epoch_jd"][0] == 2_435_839.5  # 1957-01-01
