"""Masks: the files of S.1503-4, the catalog, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio.interference.epfd import limits, masks

HEAD = '<satellite_system ntc_id="12345678" sat_name="MySatName">'
PFD = (
    HEAD + '<pfd_mask mask_id="3" low_freq_mhz="10000" high_freq_mhz="40000" refbw_khz="40" '
    'type="alpha_deltaLongitude" a_name="latitude" b_name="alpha" c_name="deltaLongitude"><by_a a="0">{rows}'
    "</by_a></pfd_mask></satellite_system>"
)
# The example of S.1503-4, C4.2: by alpha, pfd at differences of longitude of -20, 0 and 20 degrees
EXAMPLE = {-180: (-150, -140), -8: (-165, -155), -4: (-170, -160), 0: (-180, -170), 4: (-170, -160),
           8: (-165, -155), 180: (-150, -140)}  # fmt: skip
EIRP = {0: 30.0206, 1: 20.0206, 2: 12.49485, 3: 8.092568, 4: 4.9691, 5: 2.54634976, 10: -4.9794,
        15: -9.381681, 20: -12.50515, 30: -16.90743, 50: -18.9471149, 180: -18.9471149}  # fmt: skip


def row(alpha: int, values: tuple[int, int]) -> str:
    cells = "".join(f'<pfd c="{c}">{v}</pfd>' for c, v in ((-20, values[0]), (0, values[1]), (20, values[0])))
    return f'<by_b b="{alpha}">{cells}</by_b>'


def test_the_recommendations_pfd_mask(tmp_path: Path) -> None:
    path = tmp_path / "mask.xml"
    path.write_text(PFD.format(rows="".join(row(a, v) for a, v in EXAMPLE.items())))
    mask = masks.read_xml(path)[0]
    assert isinstance(mask, masks.PfdMask)
    for alpha, (side, middle) in EXAMPLE.items():
        assert mask.at(51.0, alpha, [-20, 0, 20, 90]) == pytest.approx([side, middle, side, side])
    assert mask.at(0.0, 2.0, 10.0) == pytest.approx((-180 - 170 - 170 - 160) / 4.0)


def test_the_recommendations_eirp_mask(tmp_path: Path) -> None:
    """S.1503-4, C4.3; numbers with an en dash for a minus, as the Recommendation prints them."""
    path = tmp_path / "mask.xml"
    cells = "".join(f'<eirp b="{b}">{v}</eirp>' for b, v in EIRP.items()).replace("-", "\N{EN DASH}")
    inside = f'<eirp_mask_es mask_id="1" refbw_khz="40"><by_a a="0">{cells}</by_a></eirp_mask_es>'
    path.write_text(f"{HEAD}{inside}</satellite_system>")
    mask = masks.read_xml(path)[0]
    assert isinstance(mask, masks.EirpMask)
    assert mask.at(0.0, list(EIRP)) == pytest.approx(list(EIRP.values()))
    assert mask.at(-70.0, 7.5) == pytest.approx((2.54634976 - 4.9794) / 2.0)


def test_tables_left_out_are_filled_as_the_recommendation_shows(tmp_path: Path) -> None:
    """S.1503-4, C4.2: corners take the nearest value, the middle is interpolated along the first angle."""
    path = tmp_path / "mask.xml"
    given_rows = {1: ((2, -170),), 2: ((1, -150),), 3: ((1, -160),), 4: ((2, -140),)}
    text = "".join(
        f'<by_b b="{b}">' + "".join(f'<pfd c="{c}">{v}</pfd>' for c, v in cells) + "</by_b>"
        for b, cells in given_rows.items()
    )
    path.write_text(PFD.format(rows=text))
    mask = masks.read_xml(path)[0]
    assert isinstance(mask, masks.PfdMask)
    assert mask.at(0.0, [1, 4], 1.0) == pytest.approx([-150.0, -160.0])
    assert mask.at(0.0, [2, 3], 2.0) == pytest.approx([-160.0, -150.0])


@pytest.mark.parametrize(
    "text",
    ["", "<a/>", "<pfd_mask/>", '<pfd_mask><by_a a="x"/></pfd_mask>', '<pfd_mask><by_a a="0"/></pfd_mask>',
     '<!DOCTYPE a [<!ENTITY b "c">]><pfd_mask/>', PFD.format(rows=row(0, (-1, -2)).replace("-1", "nan")),
     PFD.format(rows=row(0, (-1, -2))).replace('b_name="alpha"', 'b_name="beta"'),
     '<eirp_mask_es refbw_khz="-4"><by_a a="0"><eirp b="0">1</eirp></by_a></eirp_mask_es>',
     '<eirp_mask_es format="A"><by_a a="0"><by_c c="0"/></by_a></eirp_mask_es>'],
)  # fmt: skip
def test_damaged_masks_are_refused_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mask.xml"
    path.write_text(text)
    with pytest.raises(RabtaError, match=r"mask\.xml"):
        masks.read_xml(path)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 900))
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, where: int
) -> None:
    whole = PFD.format(rows="".join(row(a, v) for a, v in EXAMPLE.items())).encode()
    path = tmp_path_factory.mktemp("masks") / "mask.xml"
    path.write_bytes(whole[:where] + junk + whole[where + len(junk) :])
    try:
        found = masks.read_xml(path)
    except RabtaError:
        return
    assert all(np.isfinite(mask.values).all() for mask in found)


def test_masks_of_the_catalog() -> None:
    for name in catalog.names("masks"):
        assert set(masks.of_catalog(name)) <= {"down", "up", "between"}
    held = masks.of_constellation("starlink-gen1-filed")
    # -122.8 dB(W/m2) in 1 MHz is -136.8 in 40 kHz; 30 dB less within the filed 18 degrees
    found = held.at(0.0, [-60.0, 0.0, 17.9, 18.0], 0.0, 40.0)
    assert found == pytest.approx([-136.78, -166.78, -166.78, -136.78], abs=5e-3)


def test_limits_of_the_catalog() -> None:
    """Article 22: anchor values of each table, and that no table contradicts itself."""
    assert [row.diameter_m for row in limits.find(12.6, region=3, service="broadcasting")] == [
        0.3, 0.45, 0.6, 0.9, 1.2, 1.8, 2.4, 3.0,
    ]  # fmt: skip
    small = limits.find(11.2)[0]
    assert small.at([100.0, 10.0, 1.0, 0.27, 1e-6]) == pytest.approx([-175.4, -174.0, -170.8, -165.3, -160.0])
    assert small.at(np.sqrt(10.0)) == pytest.approx((-174.0 - 170.8) / 2.0)
    ka = {row.bandwidth_khz: row for row in limits.find(20.0, bandwidth_khz=1000.0)[:1]}[1000.0]
    assert ka.levels_db.max() == -140.0
    assert limits.find(28.0, "up")[0].levels_db.tolist() == [-162.0]
    assert limits.find(14.2, "up")[0].near_lobe_db == -20.0
    large = limits.find(11.2)[2]
    assert [large.always_db(lat) for lat in (0.0, 57.5, 63.75, -70.0)] == [-160.0, -160.0, -165.3, -165.3]
    for row in limits.table():
        assert row.percent[-1] == 0.0
        assert (np.diff(row.levels_db) >= 0.0).all()


def test_no_limit_there_is_refused_with_the_bands() -> None:
    with pytest.raises(RabtaError, match=r"10\.7-11\.7"):
        limits.find(15.0)
    with pytest.raises(RabtaError, match="40"):
        limits.find(11.2, bandwidth_khz=1000.0)


def test_verdict_of_known_distributions() -> None:
    """S.1503-4, D7.1.3, and E1: test inputs with known results."""
    limit = limits.find(11.2)[0]
    levels = np.round(np.arange(-180.0, -150.0, 0.1), 1)
    held = np.where(levels < -175.5, 100.0, 0.0)
    assert limits.compare(levels, held, limit).passed
    over = np.where(levels < -170.7, 1.01, 0.0)  # exceeds -170.8 for more than 1 %
    verdict = limits.compare(levels, over, limit)
    assert [point[3] for point in verdict.points] == [True, True, False, True, True, True, True]
    assert verdict.margin_db < 0.0
    peak = np.where(levels < -159.9, 1e-4, 0.0)  # once above what holds for all of the time
    assert not limits.compare(levels, peak, limit).points[-1][3]
