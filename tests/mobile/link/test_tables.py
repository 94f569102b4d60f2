"""Error tables, adaptation and the command: consistency, refusals, and counts that the lines must meet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rabta import verify
from rabta.cli.mobile import app
from rabta.errors import RabtaError
from rabta.mobile.phy.link import adaptation, curves, lines, tables, transport
from rabta.mobile.phy.link.adaptation import OuterLoop, Report
from rabta.mobile.phy.link.curves import Setup
from rabta.mobile.phy.link.transport import Plain

ANY_MCS = [(table, mcs) for table, rows in transport.MCS.items() for mcs in range(len(rows))]


def test_every_mcs_has_a_table() -> None:
    for table, mcs in ANY_MCS:
        assert -20.0 < tables.threshold_db(table, mcs) < 40.0
    assert "python tools/phy/tables.py" in tables.provenance()


def test_the_lines_are_those_of_the_counts() -> None:
    """Each fitted row again from the stored counts."""
    groups: dict[tuple[str, str, str], list[tuple[float, int, int]]] = {}
    for row in tables.rows("awgn"):
        key = (row["order"], row["rate_1024"], row["bits"])
        groups.setdefault(key, []).append((float(row["snr_db"]), int(row["blocks"]), int(row["errors"])))
    fits = tables.rows("fits")
    assert len(fits) == len(groups) == 279
    for row in fits:
        line = lines.fit(groups[row["order"], row["rate_1024"], row["bits"]])
        assert line.middle_db == pytest.approx(float(row["middle_db"]), abs=1e-3)
        assert line.width_db == pytest.approx(float(row["width_db"]), rel=1e-2)


def test_counts_lie_on_the_lines() -> None:
    """The squared residual over that of counting alone is a chi-squared variate over its degrees of freedom.

    Its mean over 279 curves would be 1 if the curves were lines; by how much they are not is small beside the
    noise, and no single one is far off.
    """
    fits = tables.rows("fits")
    excess = np.array([float(row["residual_db"]) / float(row["expected_db"]) for row in fits])
    assert np.sqrt(np.mean(excess**2)) < 1.35
    assert max(float(row["residual_db"]) for row in fits if int(row["bits"]) > 1000) < 0.08


@given(st.sampled_from(ANY_MCS), st.floats(700, 1e6), st.floats(-20.0, 40.0), st.floats(0.01, 3.0))
def test_rates_fall_with_the_ratio(mcs: tuple[int, int], bits: float, ratio: float, more: float) -> None:
    first, second = tables.bler(*mcs, [ratio, ratio + more], bits)
    assert 0.0 <= second <= first <= 1.0


@given(st.sampled_from(ANY_MCS), st.floats(700, 1e6), st.floats(0.002, 0.98))
def test_a_threshold_is_the_rates_inverse(mcs: tuple[int, int], bits: float, rate: float) -> None:
    need = tables.threshold_db(*mcs, rate, bits)
    assert float(tables.bler(*mcs, need, bits)) == pytest.approx(rate, rel=1e-6)


def test_long_blocks_come_near_the_capacity() -> None:
    """No code beats the capacity of its symbols; with 8424 bits the gap is below 2 dB at every rate."""
    from rabta.radio.adaptation import awgn

    for order, rate in {row for rows in transport.MCS.values() for row in rows if row[1] > 256}:
        bits = order * rate / 1024.0
        gap = tables.needed_db(order, rate / 1024.0, 0.1) - float(awgn.required_es_n0_db(order, bits, 0.0))
        assert 0.0 < gap < 2.0


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(RabtaError, match="24 to"):
        tables.bler(1, 0, 0.0, bits=8)
    with pytest.raises(RabtaError, match="616 to"):
        tables.bler(1, 28, 20.0, bits=600)
    with pytest.raises(RabtaError, match=r"0\.001 to 0\.99"):
        tables.threshold_db(1, 0, 1e-5)
    with pytest.raises(RabtaError, match="no error table"):
        tables.needed_db(4, 0.3)
    with pytest.raises(RabtaError, match="1 to 6"):
        tables.threshold_db(9, 0)


def test_better_signals_never_choose_less() -> None:
    ratio = np.arange(-20.0, 45.0, 0.1)
    for table in transport.MCS:
        bits = np.array([order * rate for order, rate in transport.MCS[table]])
        chosen = adaptation.choose(ratio, table)
        assert chosen[0] == -1
        assert chosen[-1] == len(bits) - 1
        assert (np.diff(bits[chosen[chosen >= 0]]) >= -1e-9).all() or table in (1, 3)
    for table in (1, 2, 3, 4):
        reported = adaptation.cqi(ratio, table)
        assert (reported[0], reported[-1]) == (0, 15)
        assert (np.diff(reported) >= 0).all()


@pytest.mark.parametrize("target", [0.05, 0.1, 0.3])
def test_the_outer_loop_meets_its_target(target: float) -> None:
    truth = 10.0 + 5.0 * np.sin(np.arange(12_000) / 300.0)
    loop = OuterLoop(target=target)
    found = adaptation.follow(truth, loop=loop, report=Report(bias_db=3.0, error_db=1.0), bits=3824, seed=2)
    assert 1.0 - found.good[2000:].mean() == pytest.approx(target, abs=0.02)
    assert found.offset_db[-2000:].mean() < -1.0
    believed = adaptation.follow(truth, report=Report(bias_db=3.0, error_db=1.0), bits=3824, seed=2)
    assert believed.bler > 0.5


def test_adaptation_refuses_what_it_cannot_follow() -> None:
    with pytest.raises(RabtaError, match="numbers"):
        adaptation.follow([np.nan])
    with pytest.raises(RabtaError, match="target"):
        OuterLoop(target=0.0)
    with pytest.raises(RabtaError, match="1 to 4"):
        adaptation.cqi(0.0, 5)
    with pytest.raises(RabtaError, match="1 to 6"):
        adaptation.choose(0.0, 7)


def test_effective_ratios_predict_white_noise_exactly() -> None:
    from rabta.mobile.phy.link.transport import Format

    setup = Setup(Format(1, 7))
    need = tables.threshold_db(1, 7, 0.2, setup.form.bits)
    assert curves.predicted(setup, need, blocks=10) == pytest.approx(0.2, rel=1e-3)
    with pytest.raises(RabtaError, match="perfect"):
        curves.predicted(Setup(Plain(100, 2, 0.5)), 0.0)


def test_crossings_of_a_known_curve() -> None:
    line = lines.Line(3.0, 0.5)
    ratio = np.arange(2.0, 4.6, 0.25)
    counts = [(float(x), 10**6, round(1e6 * float(line.bler(x)))) for x in ratio]
    for degree in (1, 2):
        at, error = lines.crossing(counts, 0.01, degree)
        assert at == pytest.approx(line.snr_db(0.01), abs=2e-3)
        assert 0.0 < error < 2e-3
    with pytest.raises(RabtaError, match="among the counts"):
        lines.crossing(counts, 1e-9)


def test_every_row_of_the_suite_passes() -> None:
    rows = verify.run("bler")
    assert len(rows) > 50
    assert [row.name for row in rows if row.gate and not row.passed] == []


def bler(*words: str) -> str:
    found = CliRunner().invoke(app, ["bler", *words])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.output


def test_the_command_prints_a_curve(tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    words = ["7", "--table", "1", "--snr", "1:2:0.5", "--errors", "50", "--most", "600"]
    found = json.loads(bler(*words, "--json", "--svg", str(picture)))
    assert found["bits"] == 888
    assert [p["snr_db"] for p in found["points"]] == [1.0, 1.5, 2.0]
    for p in found["points"]:
        assert p["low"] <= p["bler"] <= p["high"]
        assert p["low"] - 0.05 <= p["table"] <= p["high"] + 0.05
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert "888 bits" in bler(*words)
    fading = ["--channel", "TDL-A", "--antennas", "2", "--transmissions", "2", "--snr", "0,4"]
    assert "after the last" in bler("4", *fading, "--errors", "10", "--most", "200")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["30", "--table", "1"], "0 to 28"),
        (["3", "--channel", "TDLA"], "TDL-A"),
        (["3", "--snr", "a:b"], "--snr"),
        (["3", "--snr", "0:1:0"], "--snr"),
        (["3", "--snr", "0:1000:0.1"], "--snr"),
        (["3", "--layers", "2"], "one layer"),
    ],
)
def test_the_command_refuses(words: list[str], expected: str) -> None:
    with pytest.raises(RabtaError, match=expected):
        bler(*words)
