"""Broadcast remote ID: bytes of the reference library and of pymavlink, hostile bytes, commands."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rabta.airspace.remoteid.broadcast import carriers, mavlink, messages, scales, words
from rabta.airspace.remoteid.broadcast.messages import (
    BasicId,
    Location,
    Message,
    OperatorId,
    Page,
    SelfId,
    System,
)
from rabta.cli.airspace.remoteid import app
from rabta.errors import RabtaError

PLACE = Location(
    2, 215.4, 20.07, 5.25, 33.68444219, 73.04788321, 623.7, 581.2, 0, 120.4, 10, 5, 4, 3, 1234.56, 1
)
EDGE = Location(2, 359.6, 70.1, -5.9, -24.86, 67.01, 31767.5, -999.5, 1, 0.0, 12, 6, 6, 4, 3600.0, 15)
SYSTEM = System(1, 1, 33.7, 73.1, 12, 1234, 140.0, 60.0, 2, 3, 540.6, 250_000_000)
FIRST = Page(2, 0, bytes(range(17)), 1, 40, 250_000_000)
# opendroneid-core-c of 2026-02, encodeBasicIDMessage and the like
VECTORS = (
    (BasicId(1, 2, "RBT1A000042"), "02125242543141303030303432000000000000000000000000"),
    (PLACE, "122223500a86d61314f0388a2baf0c5a0cc0085a433a300100"),
    (Location(), "1203b5ff7e00000000000000000000000000000000ffff0000"),
    (EDGE, "12250008f540aa2ef120eaf027ffff0100d0076c64a08c0f00"),
    (FIRST, "2220012880b2e60e000102030405060708090a0b0c0d0e0f10"),
    (Page(2, 1, bytes(range(23))), "2221000102030405060708090a0b0c0d0e0f10111213141516"),
    (SelfId(1, "Medical delivery"), "32014d65646963616c2064656c697665727900000000000000"),
    (SYSTEM, "420540361614c02c922b0c007be808480823090c80b2e60e00"),
    (OperatorId(0, "PAK-OP-7"), "520050414b2d4f502d37000000000000000000000000000000"),
)
# pymavlink 2.4, dialect common, system 1, component 236, numbered from 5
HEX = """
fd3b00000501ec65320086d61314f0388a2bcdec1b44cd4c1144cdccf042ec519a442454d7070d02{20}000002000a050403015f55
fd2300000601ec6432{20}00000001025242543141303030303432d22b
fd3600000701ec68320040361614c02c922b00000c43000070426626074480b2e60e0c00d204{20}000001010203b9fd
fd1f00000801ec6932{20}0000000050414b2d4f502d37310e
fd2700000901ec6732{20}000000014d65646963616c2064656c6976657279e4c8
fd2f00000a01ec66320080b2e60e{20}000002000128000102030405060708090a0b0c0d0e0f10a406
"""
SENT = (
    PLACE,
    BasicId(1, 2, "RBT1A000042"),
    SYSTEM,
    OperatorId(0, "PAK-OP-7"),
    SelfId(1, "Medical delivery"),
    FIRST,
)
FRAMES = [
    (one, number, text.replace("{20}", "00" * 20))
    for number, (one, text) in enumerate(zip(SENT, HEX.split(), strict=True), 5)
]


@pytest.mark.parametrize(("message", "expected"), VECTORS, ids=lambda x: type(x).__name__)
def test_bytes_are_those_of_the_reference_library(message: Message, expected: str) -> None:
    assert messages.encode(message).hex() == expected
    assert messages.encode(messages.decode(bytes.fromhex(expected))).hex() == expected


@pytest.mark.parametrize(("message", "sequence", "expected"), FRAMES, ids=lambda x: type(x).__name__)
def test_frames_are_those_of_pymavlink(message: Message, sequence: int, expected: str) -> None:
    exact = message
    if isinstance(message, Location):  # MAVLink counts centidegrees and centimetres a second
        assert isinstance(exact, Location)
        found = next(mavlink.frames(bytes.fromhex(expected))).found[0]
        assert isinstance(found, Location)
        assert (found.direction_deg, found.speed_m_s, found.climb_m_s) == (215.4, 20.07, 5.25)
    assert mavlink.framed(exact, sequence=sequence).hex() == expected
    frame = next(mavlink.frames(bytes.fromhex(expected)))
    assert (frame.sequence, frame.system, frame.component) == (sequence, 1, 236)
    assert messages.encode(frame.found[0]) == messages.encode(message)


def test_a_frame_among_noise_other_frames_and_damage_is_found() -> None:
    good = mavlink.framed(PLACE, sequence=1)
    pack = mavlink.framed_pack([BasicId(1, 2, "A1"), PLACE, SYSTEM], sequence=2)
    broken = bytearray(good)
    broken[20] ^= 1
    stream = b"\xfd\xfd\x09junk" + good + bytes(broken) + b"\xfd" + pack + good[:30]
    found = list(mavlink.frames(stream))
    assert [one.sequence for one in found] == [1, 2]
    assert [type(one) for one in found[1].found] == [BasicId, Location, System]
    signed = bytearray(good)
    signed[2] = mavlink.SIGNED
    crc = mavlink.checksum(bytes(signed[1:-2]) + bytes([mavlink.SEEDS[12_901]]))
    stream = bytes(signed[:-2]) + struct.pack("<H", crc) + bytes(13) + pack
    assert [one.sequence for one in mavlink.frames(stream)] == [1, 2], "the signature is passed over"


def test_packs_and_carriers_hold_what_was_put_into_them() -> None:
    held: list[Message] = [BasicId(1, 2, "RBT1A000042"), PLACE, *messages.pages(1, bytes(40), 7), SYSTEM]
    raw = messages.packed(held)
    assert raw[:3].hex() == "f21905"
    assert [messages.encode(one) for one in messages.unpacked(raw)] == [messages.encode(one) for one in held]
    legacy = carriers.bluetooth([PLACE], 300)
    assert (len(legacy), legacy[:6].hex()) == (31, "1e16faff0d2c"), (
        "31 bytes are all of a legacy advertisement"
    )
    for frame in (carriers.bluetooth(held, 9), carriers.beacon(held, 9), carriers.nan(held, 9)):
        (counter, found), = carriers.carried(b"radio head" + frame + b"tail")  # fmt: skip
        assert counter == 9
        assert [messages.encode(one) for one in found] == [messages.encode(one) for one in held]


def test_authentication_is_put_together_from_its_pages() -> None:
    data = bytes(range(100))
    parts = messages.pages(3, data, 12)
    assert [one.page for one in parts] == [0, 1, 2, 3, 4]
    assert messages.joined(parts[::-1]) == data
    with pytest.raises(RabtaError, match="missing"):
        messages.joined(parts[:2])
    with pytest.raises(RabtaError, match="too much"):
        messages.pages(3, bytes(256), 0)


def numbers(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high, width=32)


@given(
    numbers(0.0, 359.25),
    numbers(0.0, 254.25),
    numbers(-62.0, 62.0),
    numbers(-999.5, 31767.5),
    numbers(0, 3600),
)
def test_what_is_read_back_is_within_half_a_step_or_one(
    direction: float | None,
    speed: float | None,
    climb: float | None,
    height: float | None,
    time: float | None,
) -> None:
    one = Location(1, direction, speed, climb, 1.0, 2.0, height, height, 0, height, after_hour_s=time)
    found = messages.decode(messages.encode(one))
    assert isinstance(found, Location)
    for key, step in (("direction_deg", 0.5), ("speed_m_s", 0.375), ("climb_m_s", 0.5), ("height_m", 0.5),
                      ("after_hour_s", 0.05)):  # fmt: skip
        sent, got = getattr(one, key), getattr(found, key)
        assert (sent is None) == (got is None)
        if sent is not None:
            assert abs(sent - got) <= step * 1.0001, key


@given(st.binary(min_size=25, max_size=25))
def test_any_25_bytes_are_a_message_or_refused(raw: bytes) -> None:
    try:
        found = messages.decode(raw)
    except RabtaError:
        return
    words.line(found)
    assert json.dumps(words.plain(found))


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(raw: bytes) -> None:
    heads = (
        b"", messages.packed([PLACE])[:3], b"\xd4\xc3\xb2\xa1" + bytes(20), b"\x1e" + carriers.SERVICE,
        bytes.fromhex("0a0d0d0a1c0000004d3c2b1a"), b"\xdd\xff" + carriers.VENDOR, carriers.NAN_SERVICE,
        b"\xfd\x20",
    )  # fmt: skip
    for head in heads:
        try:
            carriers.heard(head + raw)
        except RabtaError:
            continue


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (replace(PLACE, lat_deg=90.1), "lat_deg"), (replace(PLACE, speed_m_s=-1.0), "speed_m_s"),
        (replace(PLACE, height_m=float("nan")), "height_m"),
        (replace(PLACE, direction_deg=361.0), "direction_deg"),
        (replace(PLACE, status=16), "status"), (replace(SYSTEM, area_radius_m=2551), "area_radius_m"),
        (replace(SYSTEM, timestamp=1 << 32), "timestamp"), (OperatorId(0, "x" * 21), "operator_id"),
        (SelfId(0, "رابطہ"), "description"), (BasicId(3, 0, "xyz"), "uas_id"),
        (Page(1, 0, bytes(17), 0, 18), "length"), (Page(1, 1, bytes(22)), "data"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_by_its_field(message: Message, key: str) -> None:
    with pytest.raises(RabtaError) as caught:
        messages.encode(message)
    assert key in str(caught.value)


def test_unknown_and_largest_numbers() -> None:
    """ASTM F3411-22a, table 6: what is faster than can be said is sent as the largest."""
    assert scales.of_speed(*scales.to_speed(1e6)) == 254.25
    assert scales.of_climb(scales.to_climb(-1e6)) == -62.0
    found = messages.decode(messages.encode(Location()))
    assert found == Location()


def capture(folder: Path, ng: bool) -> Path:
    """Two frames from the air, and one of something else, as pcap or pcapng."""
    frames = [
        bytes(36) + carriers.beacon([BasicId(1, 2, "A1"), PLACE], 3),
        b"other",
        carriers.bluetooth([EDGE], 4),
    ]
    if not ng:
        rows = [struct.pack("<IIII", 100 + k, 500_000, len(f), len(f)) + f for k, f in enumerate(frames)]
        raw = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 105) + b"".join(rows)
    else:
        raw = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
        raw += struct.pack("<IIHHII", 1, 20, 105, 0, 0, 20)
        for k, frame in enumerate(frames):
            time, fill = (100 + k) * 1_000_000 + 500_000, -len(frame) % 4
            size = 32 + len(frame) + fill
            raw += struct.pack("<IIIIIII", 6, size, 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
            raw += frame + bytes(fill) + struct.pack("<I", size)
    place = folder / "air.cap"
    place.write_bytes(raw)
    return place


@pytest.mark.parametrize("ng", [False, True])
def test_a_capture_is_read_by_one_command(tmp_path: Path, ng: bool) -> None:
    done = CliRunner().invoke(app, ["decode", str(capture(tmp_path, ng)), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert [(one["time_s"], one["counter"], len(one["messages"])) for one in found] == [
        (100.5, 3, 2),
        (102.5, 4, 1),
    ]
    assert found[0]["messages"][0] == {"type": "BasicId", "id_type": 1, "ua_type": 2, "uas_id": "A1"}


def test_messages_go_out_and_come_back_by_commands(tmp_path: Path) -> None:
    given = tmp_path / "aircraft.json"
    held = [words.plain(one) for one in (BasicId(1, 2, "RBT1A000042"), EDGE, SYSTEM)]
    given.write_text(json.dumps(held), encoding="utf-8")
    for carrier in ("pack", "bluetooth", "wifi", "nan", "mavlink"):
        made = CliRunner().invoke(app, ["encode", str(given), "--as", carrier])
        assert made.exit_code == 0, made.output
        back = CliRunner().invoke(app, ["decode", made.output.strip(), "--json"])
        rows = [one for heard in json.loads(back.output) for one in heard["messages"]]
        assert [messages.encode(words.message(one)) for one in rows] == [
            messages.encode(words.message(one)) for one in held
        ]
    plain = CliRunner().invoke(app, ["decode", VECTORS[0][1]])
    assert "RBT1A000042 (serial number), helicopter or multirotor" in plain.output
    wrong = CliRunner().invoke(app, ["decode", "f2190"])
    assert wrong.exit_code != 0
    given.write_text(json.dumps([{"type": "Locatoin"}]), encoding="utf-8")
    wrong = CliRunner().invoke(app, ["encode", str(given)])
    assert isinstance(wrong.exception, RabtaError)
    assert "Location" in str(wrong.exception)
