"""Link budgets of TR 38.821's study cases."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio import linkbudget
from rabta.radio.ntn import studies

# 3GPP TR 38.821 V16.2.0, table 6.1.3.3-1, as quoted in public: C/N down and up
PUBLISHED = {6: (8.5, 18.4), 9: (6.6, 2.8)}


@pytest.mark.parametrize("case", PUBLISHED)
def test_published_results_to_the_printed_digit(case: int) -> None:
    for way, theirs in zip(studies.DIRECTIONS, PUBLISHED[case], strict=True):
        assert round(studies.budget(case, way)["cn_db"], 1) == theirs


def test_printed_losses_miss_two_of_the_four() -> None:
    # the report prints 0.5 and 0.1 dB of gases and adds what it has not rounded
    assert round(studies.budget(6, "down", printed=True)["cn_db"], 1) == 8.6
    assert round(studies.budget(9, "up", printed=True)["cn_db"], 1) == 2.7


def test_lines_are_the_printed_ones() -> None:
    # table 6.1.3.3-1, SC6 down: EIRP 60.0 dBm, G/T 15.9, path 179.1; SC9 up: EIRP 23.0 dBm, path 159.1
    down = studies.budget(6, "down")
    assert round(down["eirp_dbw"] + 30.0, 1) == 60.0
    assert round(down["g_over_t_db_k"], 1) == 15.9
    assert round(-down["free_space_db"], 1) == 179.1
    up = studies.budget(9, "up")
    assert round(up["eirp_dbw"] + 30.0, 1) == 23.0
    assert round(-up["free_space_db"], 1) == 159.1
    assert up["shadowing_db"] == -3.0
    assert round(up["scintillation_db"], 1) == -2.2


def test_thirty_cases() -> None:
    cases = studies.cases()
    assert sorted(cases) == list(range(1, 31))
    # clause 6.1.1: reuse 1 and 3 in S band; 1, 3 and 2 with two polarisations in Ka band
    assert {case.reuse for case in cases.values() if case.band == "S"} == {1, 3}
    assert sum(case.band == "Ka" for case in cases.values()) == 18


def test_reuse_narrows_only_the_uplink_of_ka_band() -> None:
    first, third = studies.budget(6, "up")["cn_db"], studies.budget(7, "up")["cn_db"]
    assert third - first == pytest.approx(10.0 * np.log10(3.0))
    assert studies.budget(6, "down") == studies.budget(7, "down")
    assert studies.budget(9, "up") == studies.budget(10, "up")


def test_beam_diameters_follow_from_the_beamwidths() -> None:
    # straight down, the half-power beam of a LEO-600 satellite of set 1 covers 50 km in S band and 20 in Ka
    for name, tolerance in ((9, 4.0), (6, 2.0)):
        case = studies.cases()[name]
        width = 2.0 * case.altitude_km * np.tan(np.radians(case.beamwidth_deg / 2.0))
        assert width == pytest.approx(case.beam_km, abs=tolerance)
    assert linkbudget.EARTH_KM == 6371.0


def test_wrong_names_are_refused() -> None:
    with pytest.raises(RabtaError, match="1 to 30"):
        studies.budget(31, "down")
    with pytest.raises(RabtaError, match="direction"):
        studies.budget(6, "downlink")
