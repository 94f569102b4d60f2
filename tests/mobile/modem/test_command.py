"""``rabta modem``: a file there and back through its own commands, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.cli.modem import app
from rabta.errors import RabtaError

DATA = np.random.default_rng(5).bytes(4000)


def call(*arguments: object) -> str:
    words = [str(a) for a in arguments]
    found = CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)
    if found.exception:
        raise found.exception
    return found.stdout


def record(*arguments: object) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(call(*arguments, "--json"))
    return out


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    (tmp_path / "in.bin").write_bytes(DATA)
    call("send", tmp_path / "in.bin", "--out", tmp_path / "sent.sigmf")
    return tmp_path


@pytest.mark.parametrize("way", [("nr", "5"), ("dvb-s2x", "2.4")])
def test_a_file_comes_back(tmp_path: Path, way: tuple[str, str]) -> None:
    (tmp_path / "in.bin").write_bytes(DATA)
    made = record(
        "send", tmp_path / "in.bin", "--out", tmp_path / "sent.sigmf", "--framing", way[0],
        "--bandwidth", way[1], "--type", "ci16_le",
    )  # fmt: skip
    assert made["bytes"] == 4000
    assert made["clipped"] == 0
    over = record(
        "channel",
        tmp_path / "sent.sigmf",
        "--out",
        tmp_path / "heard.sigmf",
        "--over",
        "Gilgit",
        "--at",
        "60",
    )
    assert abs(over["shift_hz"][0]) > 40e3
    assert over["highest_deg"] > 85.0
    assert over["k_offset_slots"] >= 8
    told = record("info", tmp_path / "heard.sigmf")
    assert told["own"]["rabta:satellite"] == over["satellite"]
    assert told["carrier_hz"] == pytest.approx(1e9 * over["carrier_ghz"])
    heard = record("receive", tmp_path / "heard", "--out", tmp_path / "out.bin")
    assert heard["complete"]
    assert (tmp_path / "out.bin").read_bytes() == DATA
    assert heard["first_hz"] == pytest.approx(over["shift_hz"][0], abs=60.0)


def test_a_pass_as_a_table_and_a_picture(tmp_path: Path) -> None:
    (tmp_path / "in.bin").write_bytes(DATA)
    shown = call(
        "pass", tmp_path / "in.bin", "--every", "150", "--out", tmp_path / "out.bin", "--svg",
        tmp_path / "pass.svg",
    )  # fmt: skip
    assert "K offset 9 slots" in shown
    assert "a sample: one burst each 150 s" in shown
    assert "file: complete" in shown
    assert (tmp_path / "out.bin").read_bytes() == DATA
    assert "<svg" in (tmp_path / "pass.svg").read_text()
    told = record("pass", "--every", "150", "--framing", "dvb-s2x", "--frames", "2", "--bandwidth", "2.4")
    assert told["frames"] == 2 * told["bursts"] == 2 * len(told["rows"])
    assert told["wrong"] == 0


def test_wrong_recordings_are_refused(sent: Path) -> None:
    data = sent / "sent.sigmf-data"
    whole = data.read_bytes()
    data.write_bytes(whole[:-5])
    with pytest.raises(RabtaError, match="ends inside a sample"):
        call("info", sent / "sent.sigmf")
    data.write_bytes(whole[:-8])
    with pytest.raises(RabtaError, match="are not those"):
        call("receive", sent / "sent.sigmf", "--out", sent / "o.bin")
    data.write_bytes(whole)
    meta = sent / "sent.sigmf-meta"
    info = json.loads(meta.read_text())
    info["global"]["core:sample_rate"] = 1e6
    meta.write_text(json.dumps(info))
    with pytest.raises(RabtaError, match="another sample rate"):
        call("receive", sent / "sent.sigmf", "--out", sent / "o.bin")
    info["global"].pop("rabta:framing")
    meta.write_text(json.dumps(info))
    with pytest.raises(RabtaError, match="how its frames are made"):
        call("channel", sent / "sent.sigmf", "--out", sent / "y.sigmf")


@pytest.mark.parametrize(
    "place", ["here", [1.0], [1.0, 2.0, "x"], [91.0, 0.0, 0.0], [0.0, 0.0, 1e9], [True, 0, 0]]
)
def test_hostile_places_are_refused(sent: Path, place: object) -> None:
    call("channel", sent / "sent", "--out", sent / "heard")
    meta = sent / "heard.sigmf-meta"
    info = json.loads(meta.read_text())
    info["global"]["rabta:place"] = place
    meta.write_text(json.dumps(info))
    with pytest.raises(RabtaError, match="rabta:place"):
        call("receive", sent / "heard", "--out", sent / "o.bin")


def test_noise_is_no_file(tmp_path: Path) -> None:
    from rabta.mobile.modem import framing, sigmf

    rng = np.random.default_rng(1)
    way = framing.make("nr", 5.0)
    with sigmf.Writer(tmp_path / "n", way.sample_rate, own=way.settings()) as file:
        file.append(rng.standard_normal((200_000, 2)).view(np.complex128)[:, 0])
    with pytest.raises(RabtaError, match="no frame of a file was understood"):
        call("receive", tmp_path / "n", "--out", tmp_path / "o.bin")


def test_wrong_options_are_refused(sent: Path) -> None:
    for words, match in (
        (("send", sent / "in.bin", "--out", sent / "x", "--framing", "lte"), "no such framing"),
        (("send", sent / "in.bin", "--out", sent / "x", "--modcod", "MCS 99"), "no such modcod"),
        (("send", sent / "in.bin", "--out", sent / "x", "--bandwidth", "1.4"), "no such channel"),
        (("send", sent / "in.bin", "--out", sent / "x", "--bandwidth", "nan"), "no such channel"),
        (("send", sent / "in.bin", "--out", sent / "x", "--bandwidth", "inf"), "no such channel"),
        (("send", sent / "none", "--out", sent / "x"), "no such file"),
        (("send", sent / "in.bin", "--out", sent / "no" / "x"), "no such folder"),
        (("send", sent / "in.bin", "--out", sent / "x", "--type", "cf16_le"), "no such type"),
        (("channel", sent / "sent", "--out", sent / "y", "--satellite", "sputnik"), "no such satellite"),
        (("channel", sent / "sent", "--out", sent / "y", "--over", "Atlantis"), "no such place"),
        (("channel", sent / "sent", "--out", sent / "y", "--start", "soon"), "no instant"),
        (("channel", sent / "sent", "--out", sent / "y", "--carrier", "0"), "carrier_ghz"),
        (("channel", sent / "sent", "--out", sent / "y", "--at", "1e6"), "leaves the pass"),
        (("pass", "--rain", "5", "--rain-percent", "1"), "stated twice"),
        (("pass", "--out", sent / "o.bin"), "no file to write"),
    ):
        with pytest.raises(RabtaError, match=match):
            call(*words)


def test_a_recording_outlives_what_fails_or_takes_its_name(sent: Path) -> None:
    names = ("sent.sigmf-data", "sent.sigmf-meta")
    before = {name: (sent / name).read_bytes() for name in names}
    with pytest.raises(RabtaError, match="leaves the pass"):
        call("channel", sent / "sent", "--out", sent / "sent", "--at", "-5")
    assert {name: (sent / name).read_bytes() for name in names} == before
    call("channel", sent / "sent", "--out", sent / "sent")
    call("receive", sent / "sent", "--out", sent / "again.bin")
    assert (sent / "again.bin").read_bytes() == (sent / "in.bin").read_bytes()
    assert not list(sent.glob("*.part"))


@pytest.mark.parametrize("words", [("pass", "--seed", "-1"), ("pass", "--frames", "0")])
def test_numbers_below_their_least_are_refused(words: tuple[str, str]) -> None:
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 2
    assert words[1] in found.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("pass", "--every", "0"), ["--every", "0.001"]),
        (("pass", "--framing", "nrx"), ["--framing", "nr"]),
        (("pass", "--rain", "-3"), ["--rain", "mm/h"]),
        (("pass", "--satellite", "starlink-1150"), ["--satellite", "starlink-11506"]),
        (("pass", "--over", "Lahor"), ["--over", "Lahore"]),
    ],
)
def test_errors_name_the_option(args: tuple[str, ...], words: list[str]) -> None:
    with pytest.raises(RabtaError) as caught:
        call(*args)
    assert caught.value.key == words[0]
    assert words[1] in str(caught.value)


def test_an_incomplete_file_is_no_success(sent: Path) -> None:
    data = sent / "sent.sigmf-data"
    raw = bytearray(data.read_bytes())
    raw[len(raw) // 2 :] = bytes(len(raw) - len(raw) // 2)
    data.write_bytes(raw)
    meta = json.loads((sent / "sent.sigmf-meta").read_text())
    meta["global"].pop("core:sha512", None)
    (sent / "sent.sigmf-meta").write_text(json.dumps(meta))
    found = CliRunner().invoke(app, ["receive", str(sent / "sent.sigmf"), "--out", str(sent / "out.bin")])
    assert "missing" in found.stdout
    assert found.exit_code == 3
    assert (sent / "out.bin").is_file()
