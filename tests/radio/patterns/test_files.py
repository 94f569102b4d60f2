"""Antenna files: what is read, what is refused and how, and the sphere rebuilt from two cuts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.radio.patterns import arrays
from rabta.radio.patterns.files import cuts, text

ELEMENT = arrays.Element()


def planet(gain: str = "GAIN 15.85 dBd", tilt: str = "TILT ELECTRICAL", rows: int = 360) -> str:
    """A Planet file of TR 38.901's element."""
    angle = np.arange(rows)
    turn = (angle + 180.0) % 360.0 - 180.0
    across = 8.0 - ELEMENT.gain_dbi(turn, 0.0)
    along = np.minimum(12.0 * (turn / 65.0) ** 2, 30.0)
    head = ["NAME element", "FREQUENCY 2600", gain, tilt]
    body = [f"HORIZONTAL {rows}", *(f"{a} {x:.3f}" for a, x in zip(angle, across, strict=True))]
    body += [f"VERTICAL {rows}", *(f"{a} {x:.3f}" for a, x in zip(angle, along, strict=True))]
    return "\n".join([*head, *body]) + "\n"


def write(folder: Path, content: str, name: str = "a.msi") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_planet_file(tmp_path: Path) -> None:
    file = text.read(write(tmp_path, planet()))
    assert (file.name, file.frequency_mhz, file.tilt_deg) == ("element", 2600.0, 0.0)
    assert file.peak_dbi == pytest.approx(18.0)  # dBd + 2.15
    assert text.read(write(tmp_path, planet("GAIN 18 dBi"))).peak_dbi == 18.0
    assert text.read(write(tmp_path, planet("GAIN 15.85"))).peak_dbi == pytest.approx(18.0)


@pytest.mark.parametrize("method", cuts.METHODS)
def test_both_cuts_come_back(tmp_path: Path, method: str) -> None:
    pattern = cuts.pattern(write(tmp_path, planet()), method=method)
    angle = np.arange(-90.0, 90.5, 1.0)
    np.testing.assert_allclose(
        pattern.gain_dbi(angle, 0.0) - 18.0, ELEMENT.gain_dbi(angle, 0.0) - 8.0, atol=2e-3
    )
    np.testing.assert_allclose(
        pattern.gain_dbi(0.0, angle) - 18.0, ELEMENT.gain_dbi(0.0, angle) - 8.0, atol=2e-3
    )


def test_sum_of_cuts_is_the_element(tmp_path: Path) -> None:
    """TR 38.901's element is the sum of its cuts until the front-to-back ratio cuts it."""
    pattern = cuts.pattern(write(tmp_path, planet()), method="summed")
    az, el = np.meshgrid(np.arange(-60.0, 61.0, 10.0), np.arange(-60.0, 61.0, 10.0))
    theirs = ELEMENT.gain_dbi(az, el) - 8.0
    inside = theirs > -29.9
    np.testing.assert_allclose((pattern.gain_dbi(az, el) - 18.0)[inside], theirs[inside], atol=2e-3)


def test_vertical_angles_grow_downward_and_tilt_adds(tmp_path: Path) -> None:
    turn = (np.arange(360) - 6.0 + 180.0) % 360.0 - 180.0  # the vertical cut's peak lies 6 degrees down
    rows = "\n".join(f"{a} {min(12.0 * (t / 10.0) ** 2, 30.0):.3f}" for a, t in enumerate(turn))
    content = planet("GAIN 18 dBi", "TILT 6").split("VERTICAL")[0] + f"VERTICAL 360\n{rows}\n"
    path = write(tmp_path, content)
    assert text.read(path).tilt_deg == 6.0
    assert float(cuts.pattern(path).gain_dbi(0.0, -6.0)) == pytest.approx(18.0, abs=0.01)
    more = cuts.pattern(path, mechanical_deg=3.0)
    assert float(more.gain_dbi(0.0, -9.0)) == pytest.approx(18.0, abs=0.01)


def csv(angles: np.ndarray[tuple[int, ...], np.dtype[np.float64]], head: str = "angle_deg,gain_dbi") -> str:
    return head + "\n" + "\n".join(f"{a:g},{30.0 - 0.1 * a:g}" for a in angles)


def test_csv_is_round(tmp_path: Path) -> None:
    pattern = cuts.pattern(write(tmp_path, csv(np.arange(0.0, 181.0, 1.0)), "a.csv"))
    assert pattern.peak_dbi == 30.0
    assert float(pattern.gain_dbi(0.0, 40.0)) == pytest.approx(26.0)
    assert float(pattern.gain_dbi(-100.5, 0.0)) == pytest.approx(19.95)
    relative = "angle_deg,relative_db\n" + "\n".join(f"{a},{-0.1 * a}" for a in range(181))
    with pytest.raises(RabtaError, match="peak_dbi"):
        cuts.pattern(write(tmp_path, relative, "b.csv"))
    assert cuts.pattern(write(tmp_path, relative, "b.csv"), peak_dbi=12.0).peak_dbi == 12.0


GAP = np.concatenate([np.arange(0.0, 40.0), np.arange(60.0, 181.0)])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", csv(GAP), ["line 42", "a gap in the angles", "39 to 60"]),
        ("a.csv", csv(np.arange(0.0, 100.0)), ["a gap in the angles", "0 to 180"]),
        ("a.csv", "0,30\n1,29\n", ["line 1", "header", "gain_dbi"]),
        ("a.csv", csv(np.arange(0.0, 181.0), "angle_deg,gain_dbx"), ["did you mean 'gain_db"]),
        ("a.csv", "angle_deg,gain_dbi\n0,30\n1,nan\n", ["line 3", "not a number", "nan"]),
        ("a.csv", "angle_deg,gain_dbi\n0,30\n1,29,3\n", ["line 3", "not two numbers"]),
        ("a.csv", csv(np.array([0.0, 2.0, 1.0, 3.0, 4.0])), ["line 4", "do not grow", "more than 2"]),
        ("a.csv", "", ["empty"]),
        ("a.txt", "x", ["did you mean", ".msi"]),
        ("a.msi", planet().replace("HORIZONTAL 360", "HORIZONTAL 361"), ["fewer rows", "361 rows"]),
        ("a.msi", planet().replace("HORIZONTAL 360", "HORIZONTAL 350"), ["more rows", "350 rows"]),
        ("a.msi", planet().replace("VERTICAL 360", "VERTICL 360"), ["did you mean 'VERTICAL'"]),
        ("a.msi", planet("GAIN 18 dBx"), ["line 3", "GAIN", "dBd or dBi"]),
        ("a.msi", planet("POLARIZATION V"), ["without a gain"]),
        ("a.msi", planet("GAIN 180 dBi"), ["no antenna has"]),
        ("a.msi", planet().split("VERTICAL")[0], ["without a cut", "VERTICAL"]),
        ("a.msi", planet(tilt="TILT 95"), ["line 4", "not a tilt"]),
        ("a.msi", planet().replace("\n7 ", "\n7 -"), ["both signs"]),
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path: Path, name: str, content: str, words: list[str]) -> None:
    with pytest.raises(RabtaError) as caught:
        text.read(write(tmp_path, content, name))
    assert name in str(caught.value)
    for word in words:
        assert word in str(caught.value)


BASE = planet(rows=360).splitlines()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(sorted(text.SUFFIXES)),
    cut=st.lists(st.tuples(st.integers(0, len(BASE) - 1), st.text(max_size=30)), max_size=4),
    junk=st.binary(max_size=200),
    whole=st.booleans(),
)
def test_any_bytes_are_read_or_refused(
    tmp_path: Path, suffix: str, cut: list[tuple[int, str]], junk: bytes, *, whole: bool
) -> None:
    lines = list(BASE)
    for at, words in cut:
        lines[at] = words
    path = tmp_path / f"x{suffix}"
    path.write_bytes(junk if whole else "\n".join(lines).encode("utf-8", "replace") + junk)
    try:
        file = text.read(path)
    except RabtaError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert path.name in refused
        return
    assert np.isfinite(file.horizontal.relative_db).all()
    assert file.horizontal.relative_db.max() <= 0.0
