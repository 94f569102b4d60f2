"""Whole networks: 3GPP's calibration, guarantees, satellites that help, the command, the gate for tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rabta.cli.mobile import app
from rabta.errors import RabtaError
from rabta.mobile.system import network, satellites, slices
from rabta.verify.mobile.network import calibration

run = CliRunner()


def test_geometry_is_that_of_twenty_companies() -> None:
    # 3GPP R1-165974, UMa at 6 GHz: SIR at 5, 50 and 95 %, medians -0.99, 8.61, 25.58 dB, spread 0.3 to 0.8
    found = network.large_scale("UMa", 6.0, each=150)
    np.testing.assert_allclose(np.percentile(found.sir_db, [5, 50, 95]), [-0.99, 8.61, 25.58], atol=0.9)


def test_sectors_that_look_between_neighbours_lose() -> None:
    # the trap: turned by 30 degrees the median ratio falls
    from rabta.mobile.system import layouts, losses, received

    medians = []
    for turn in (0.0, 30.0):
        plan = layouts.hexagonal(500.0, azimuths_deg=np.array(layouts.SECTORS_DEG) + turn)
        users = layouts.drop(plan, 150, seed=1)
        seen = layouts.paths(plan, users.position_m)
        links = losses.draw("UMa", seen, users, plan.position_m[:, 2], 6.0, seed=1)
        power = received.powers_dbm(plan, seen, links.loss_db, 49.0, received.panel())
        medians.append(np.median(received.sinr_db(power, received.serving(power), -np.inf)))
    assert medians[0] - medians[1] > 0.4


def test_guarantees_hold_in_a_network() -> None:
    text = "video:share=0.3,guaranteed_mbps=4,priority=1;rest:share=0.7,priority=2"
    plan = network.Plan("UMa", 3.55, 100.0, users=20, slices=slices.parse(text), slots=1500)
    state = network.simulate(plan)
    row = network.summary(state, plan)["slices"][0]
    assert row["admitted"] > 50
    assert row["kept_share"] == 1.0
    assert state.rate_mbps[state.serving < 0].max(initial=0.0) == 0.0


def test_a_satellite_serves_whom_cells_do_not() -> None:
    plan = network.Plan("RMa", 2.0, 20.0, isd_m=8000.0, users=10, slots=300)
    alone = network.simulate(plan)
    helped = network.simulate(network.Plan("RMa", 2.0, 20.0, isd_m=8000.0, users=10, slots=300, study=9))
    assert helped.above.sum() > 0
    assert (alone.serving[helped.above] == -1).all()
    kept = ~helped.above & (alone.serving >= 0)
    np.testing.assert_array_equal(alone.serving[kept], helped.serving[kept])


def test_a_shared_band_costs_the_ground() -> None:
    apart, together = (
        network.simulate(
            network.Plan("RMa", 2.0, 20.0, isd_m=8000.0, users=10, slots=100, study=9, shared=shared)
        )
        for shared in (False, True)
    )
    ground = (apart.serving >= 0) & (together.serving >= 0) & ~apart.above & ~together.above
    lost = (apart.sinr_db - together.sinr_db)[ground]
    assert (lost >= -1e-4).all()
    assert np.median(lost) > 0.2
    assert together.above.sum() > apart.above.sum()


def test_decoded_bits_lie_under_capacity() -> None:
    # Shannon's log2(1 + ratio), and the table's largest efficiency, 8 x 948 / 1024
    ratio = np.arange(-10.0, 45.0, 0.5)
    bits = network.decoded(ratio)
    assert (bits <= np.log2(1.0 + 10.0 ** (ratio / 10.0))).all()
    assert (np.diff(bits) >= -1e-9).all()
    assert bits[-1] == pytest.approx(8.0 * 948.0 / 1024.0, rel=1e-6)
    plan = network.Plan("UMa", 3.55, users=3, slots=200, link="tables")
    assert network.simulate(plan).rate_mbps.sum() > 0.0
    with pytest.raises(RabtaError, match="did you mean 'tables'"):
        network.simulate(network.Plan("UMa", 3.55, link="table"))


def test_command(tmp_path: Path) -> None:
    picture = tmp_path / "curves.svg"
    done = run.invoke(app, ["cells", "--layout", "umi", "--users", "4", "--json", "--svg", str(picture)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["cells"] == 57
    assert found["users"] == 76
    assert found["joules_a_bit"] > 0.0
    assert picture.read_text().startswith("<svg")
    assert "% of users at or below" in picture.read_text()
    shown = run.invoke(
        app, ["cells", "--users", "3", "--band", "2.1", "--slices", "a:share=1,guaranteed_mbps=1"]
    )
    assert "slice a" in shown.stdout
    assert "SINR dB, served" in shown.stdout


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("did you mean '3500-mhz'", ["--band", "3500mhz"]),
        ("no such layout", ["--layout", "hex"]),
        ("study case", ["--ntn", "44"]),
        ("0.5 to 100", ["--band", "d-band"]),
        ("different bands", ["--ntn", "9", "--shared"]),
        ("--ntn", ["--ntn", "44"]),
        ("--scheduler", ["--scheduler", "fair"]),
        ("no such scheduler", ["--scheduler", "fair"]),
        ("--bandwidth", ["--bandwidth", "-20"]),
        ("--radius", ["--radius", "-4"]),
        ("or a town, or LAT,LON, with", ["--place", "Lahor"]),
        ("no site with this band", ["--place", "30.0,62.0", "--radius", "1"]),
        ("--isd", ["--isd", "0.1"]),
        ("--isd", ["--isd", "0"]),
        ("--power", ["--power", "nan"]),
        ("--power", ["--power", "1e9"]),
    ],
)
def test_command_refuses(words: str, options: list[str]) -> None:
    with pytest.raises(RabtaError, match=words):
        run.invoke(app, ["cells", "--users", "2", *options], catch_exceptions=False)


@pytest.mark.parametrize(
    "words", [["cells"], ["handover"], ["bler", "4"], ["corridor", "--from", "Lahore", "--to", "Kasur"]]
)
def test_a_negative_seed_is_refused(words: list[str]) -> None:
    found = run.invoke(app, [*words, "--seed", "-1"])
    assert found.exit_code == 2
    assert "seed" in found.output


GOOD = "case,quantity,p5,p50,p95\n9,sinr,-3.0,-1.2,0.9\n"


def test_gate_for_the_official_table(tmp_path: Path) -> None:
    (tmp_path / calibration.OFFICIAL).write_text(GOOD)
    assert calibration.read(tmp_path / calibration.OFFICIAL) == [(9, "sinr", (-3.0, -1.2, 0.9))]
    rows = calibration._official(tmp_path / calibration.OFFICIAL)
    assert len(rows) == 3
    assert all(row.passed for row in rows)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(GOOD.replace("-1.2", "-0.1").replace("0.9", "3.0"))
    assert [row.passed for row in calibration._official(wrong)] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "without its columns"),
        ("case,quantity\n", "without its columns"),
        ("case,quantity,p5,p50,p95\n", "without rows"),
        (GOOD.replace("sinr", "snr"), "did you mean 's"),
        (GOOD.replace("9,", "31,", 1), "study case"),
        (GOOD.replace("-1.2", "x"), "not a number"),
        (GOOD.replace("-1.2", "nan"), "not a number"),
        (GOOD.replace("-1.2", "5.0"), "percentiles fall"),
        (GOOD.replace(",0.9", ""), "number of cells"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / calibration.OFFICIAL
    path.write_text(text)
    with pytest.raises(RabtaError, match=words):
        calibration.read(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_are_a_table_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "table.csv"
    path.write_bytes(b"case,quantity,p5,p50,p95\n" + data)
    try:
        calibration.read(path)
    except RabtaError:
        return


def test_a_study_case_is_the_shared_simulation() -> None:
    # research table of an independent re-simulation, SC10: SINR 7.3, 8.2, 8.4 dB
    np.testing.assert_allclose(satellites.study(10).percentiles()["sinr"], [7.3, 8.2, 8.4], atol=0.5)
