"""What fills data fields: headers, packets with CRC-8, datagrams; anything at all in place of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import baseband, frames, gse, streams
from rabta.mobile.modem.dvb.baseband import Header
from rabta.mobile.modem.dvb.modcods import modcod

RNG = np.random.default_rng(3)


def test_checksums_of_the_usual_nine_digits() -> None:
    """Catalogue of parametrised CRC algorithms: CRC-8/DVB-S2 is 0xBC, CRC-32/MPEG-2 0x0376E6E7."""
    assert int(baseband.crc8(list(b"123456789"))) == 0xBC
    assert gse.crc32(b"123456789") == 0x0376E6E7


def test_scrambling_sequence_starts_as_published() -> None:
    """EN 302 307-1, clause 5.2.2, figure 5: the sequence starts with 00000011."""
    assert baseband.randomiser()[:8].tolist() == [0, 0, 0, 0, 0, 0, 1, 1]
    register = [int(c) for c in "100101010000000"]
    for bit in baseband.randomiser(2000):
        made = register[13] ^ register[14]
        assert made == bit
        register = [made, *register[:14]]


HEADERS = st.builds(
    Header, st.sampled_from(["transport", "continuous", "packets"]), st.integers(0, 58_112),
    st.sampled_from([0.35, 0.25, 0.2]), st.booleans(), st.integers(0, 65_535), st.integers(0, 255),
    st.integers(0, 65_535), st.one_of(st.none(), st.integers(0, 255)),
)  # fmt: skip


@given(HEADERS)
def test_headers_come_back(header: Header) -> None:
    assert baseband.parse(header.pack()) == header


@given(HEADERS, st.integers(0, 79))
def test_one_wrong_bit_breaks_a_header(header: Header, at: int) -> None:
    bits = np.unpackbits(header.pack())
    bits[at] ^= 1
    assert baseband.parse(np.packbits(bits)) is None


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_harm(data: bytes) -> None:
    """A data field may hold anything; what comes out keeps the rules of datagrams."""
    for found in gse.received([data, data]):
        assert found.data
        assert found.protocol >= 0x0600
    bits = np.unpackbits(np.frombuffer(data.ljust(100, b"\0"), np.uint8))
    opened = baseband.opened(bits)
    assert opened is None or len(opened[1]) == opened[0].data_bits
    header = Header("packets", 8 * len(data), packet_bits=32)
    assert all(len(p) == 4 for p in streams.packets([(header, np.unpackbits(np.frombuffer(data, np.uint8)))]))


DATAGRAMS = st.builds(
    gse.Datagram, st.binary(min_size=1, max_size=6000), st.integers(0x0600, 0xFFFF),
    st.sampled_from([b"", b"abc", b"abcdef"]),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(DATAGRAMS, min_size=1, max_size=6), st.lists(st.integers(20, 5000), min_size=1, max_size=5))
def test_datagrams_come_back_through_fields_of_any_size(sent: list[gse.Datagram], rooms: list[int]) -> None:
    sender, fields = gse.Sender(sent), []
    while not sender.empty:
        room = rooms[len(fields) % len(rooms)]
        fields.append(sender.take(room))
        assert len(fields[-1]) <= room
    assert gse.received(field + b"\0\0\0" for field in fields) == sent


def test_a_lost_part_loses_its_datagram_alone() -> None:
    sent = [gse.Datagram(RNG.bytes(n)) for n in (50, 900, 60, 70)]
    sender, fields = gse.Sender(sent), []
    while not sender.empty:
        fields.append(sender.take(300))
    assert gse.received(fields[:1] + fields[2:]) == [sent[0], *sent[2:]]


def test_packets_and_datagrams_through_samples() -> None:
    packets = [b"\x47" + RNG.bytes(187) for _ in range(120)]
    row = frames.transmit(b"".join(packets), "8PSK 3/5 short", samples_per_symbol=2, stream="transport")
    assert frames.receive(row, samples_per_symbol=2).packets() == packets[:-1]
    own = [b"\x11" + RNG.bytes(99) for _ in range(90)]
    row = frames.transmit(own, "QPSK 8/9 short", samples_per_symbol=2, stream="packets", roll_off=0.05)
    found = frames.receive(row, samples_per_symbol=2, roll_off=0.05)
    assert found.packets() == own[:-1]
    assert found.frames[0].header is not None
    assert found.frames[0].header.alternate
    sent = [RNG.bytes(int(n)) for n in RNG.integers(20, 1500, 20)]
    row = frames.transmit(sent, ["QPSK 1/2 short", "8PSK 3/5 short"], samples_per_symbol=2, stream="gse")
    assert [d.data for d in frames.receive(row, samples_per_symbol=2).datagrams()] == sent


def test_packets_after_a_lost_frame_start_anew() -> None:
    """EN 302 307-1, clause 5.1.6: SYNCD says where the first packet of a field starts."""
    packets = [b"\x47" + RNG.bytes(187) for _ in range(60)]
    source = streams.source(b"".join(packets), "transport", 0.2, True)
    fields: list[tuple[Header, np.ndarray] | None] = []
    while not source.empty:
        fields.append(source.take(modcod("QPSK 1/2 short").payload))
    fields[3] = None
    size = modcod("QPSK 1/2 short").payload / 1504
    gone = range(int(3 * size) - 1, int(4 * size) + 1)
    found = streams.packets(fields)
    assert all(p in packets for p in found)
    assert set(packets[:-1]) - set(found) <= {packets[i] for i in gone}


def test_wrong_payloads_are_refused() -> None:
    name = "QPSK 1/2 short"
    with pytest.raises(RabtaError, match="transport"):
        frames.transmit(b"x" * 100, name, samples_per_symbol=2, stream="transport")
    with pytest.raises(RabtaError, match="sync"):
        frames.transmit(b"x" * 188, name, samples_per_symbol=2, stream="transport")
    with pytest.raises(RabtaError, match="one length"):
        frames.transmit([b"abc", b"ab"], name, samples_per_symbol=2, stream="packets")
    with pytest.raises(RabtaError, match="datagram"):
        frames.transmit(b"abc", name, samples_per_symbol=2, stream="gse")
    with pytest.raises(RabtaError, match="continuous"):
        frames.transmit(b"abc", name, samples_per_symbol=2, stream="continous")
    with pytest.raises(RabtaError, match="label"):
        gse.Datagram(b"x", label=b"ab")
    with pytest.raises(RabtaError, match="EtherType"):
        gse.Datagram(b"x", protocol=5)
    with pytest.raises(RabtaError, match="datagram"):
        gse.Datagram(b"")
