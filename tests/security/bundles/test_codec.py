"""Bundles read and written: the RFC's bytes, an independent codec both ways, what must be refused."""

from __future__ import annotations

import contextlib

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyd3tn import bundle7
from pyd3tn.crc import crc16_x25, crc32_c

from rabta.errors import RabtaError
from rabta.security.bundles.codec import (
    Block,
    Bundle,
    Primary,
    blocks,
    bundle,
    crc,
    decode,
    eid,
    fragments,
    make,
    records,
    scan,
)
from rabta.security.core import Rejected
from rabta.verify.security import bpsec

ME, YOU = eid.parse("dtn://lahore/mail"), eid.parse("ipn:5.1")


def sample(payload: bytes = b"Salam", **fields: object) -> Bundle:
    primary = Primary(YOU, ME, ME, 0, 7, 60_000, **fields)  # type: ignore[arg-type]
    return make(primary, payload, (blocks.AGE, scan.uint(1500)), (blocks.HOPS, bundle.hop_data(30, 2)))


def test_bundles_of_the_rfc_are_read_and_written_as_they_are() -> None:
    for raw in map(bytes.fromhex, (bpsec.A1, bpsec.A2, bpsec.A3, bpsec.A4_BIB, bpsec.A4)):
        found = decode(raw)
        assert found.raw == raw
        assert found.primary.change().raw == found.primary.raw
        assert all(block.change(block.data).raw == block.raw for block in found.blocks)
    assert (found.primary.sequence, found.primary.lifetime, found.primary.crc) == (40, 1_000_000, 0)
    assert str(found.primary.destination) == "ipn:1.2"
    assert decode(bytes.fromhex(bpsec.A3)).age == 300


@given(st.binary(max_size=80))
def test_check_sums_are_those_of_pyd3tn(raw: bytes) -> None:
    assert int.from_bytes(crc.checksum(crc.CRC16, raw), "big") == crc16_x25(raw)
    assert int.from_bytes(crc.checksum(crc.CRC32C, raw), "big") == crc32_c(raw)


@settings(deadline=None)
@given(
    payload=st.binary(max_size=300),
    kind=st.sampled_from(list(bundle7.CRCType)),
    age=st.none() | st.integers(0, 10**6),
    hops=st.none() | st.integers(1, 255),
    previous=st.sampled_from([None, "dtn://rawal/", "ipn:9.0", "ipn:1.9.0"]),
    source=st.sampled_from(["dtn://lahore/mail", "ipn:977000.3", "ipn:977.2.3"]),
    created=st.integers(946_684_801, 4_000_000_000),
)
def test_what_pyd3tn_writes_is_read(  # type: ignore[no-untyped-def]
    payload, kind, age, hops, previous, source, created
) -> None:
    raw = bundle7.serialize_bundle7(
        source,
        "ipn:5.1",
        payload,
        crc_type_primary=kind,
        crc_type_canonical=kind,
        creation_timestamp=created,
        sequence_number=3,
        lifetime=99,
        hop_limit=hops,
        hop_count=1,
        bundle_age=age,
        previous_node_eid=previous,
    )
    found = decode(raw)
    assert found.raw == raw
    assert found.payload == payload
    assert found.age == (None if age is None else age * 1000)
    assert found.hops == (None if hops is None else (hops, 1))
    assert str(found.previous) == str(previous)
    assert str(found.primary.source) == source
    assert (found.primary.created, found.primary.lifetime) == ((created - 946_684_800) * 1000, 99_000)


@pytest.mark.parametrize("kind", [crc.NONE, crc.CRC16, crc.CRC32C])
def test_pyd3tn_reads_what_we_write(kind: int) -> None:
    ours = sample(b"x" * 200, crc=kind)
    theirs = bundle7.Bundle.parse(ours.raw)
    assert str(theirs.primary_block.source) == "dtn://lahore/mail"
    assert str(theirs.primary_block.destination) == "ipn:5.1"
    assert theirs.payload_block.data == b"x" * 200
    if kind:
        assert theirs.primary_block.crc_provided == theirs.primary_block.calculate_crc()
    for block in (*theirs.blocks, theirs.payload_block):
        assert block.crc_provided == block.calculate_crc()
    assert [int(block.block_type) for block in theirs.blocks] == [blocks.AGE, blocks.HOPS]
    assert cbor2.loads(theirs.blocks[1].data) == [30, 2]


def test_fragments_of_both_sides() -> None:
    payload = bytes(range(200))
    for part in fragments.split(sample(payload), 64):
        theirs = bundle7.Bundle.parse(part.raw)
        start = theirs.primary_block.fragment_offset
        assert theirs.is_fragmented
        assert theirs.primary_block.total_payload_length == 200
        assert theirs.payload_block.data == payload[start : start + 64]
    theirs = [
        bundle7.serialize_bundle7(
            "ipn:1.1",
            "ipn:5.1",
            payload[start : start + 80],
            creation_timestamp=1e9,
            sequence_number=1,
            flags=bundle7.BundleProcFlag.IS_FRAGMENT,
            fragment_offset=start,
            total_adu_length=200,
        )
        for start in (0, 80, 160)
    ]
    whole = fragments.join([decode(raw) for raw in theirs[::-1]])
    assert whole is not None
    assert whole.payload == payload
    assert not whole.primary.fragment


def test_status_reports_of_both_sides() -> None:
    told = records.report_of(sample(), records.DELETED, records.EXPIRED)
    theirs = bundle7.BundleStatusReport.from_cbor(cbor2.loads(records.encode(told)))
    assert theirs.is_deleted
    assert not theirs.is_delivered
    assert theirs.reason_code == 1
    assert str(theirs.subject_source_eid) == "dtn://lahore/mail"
    about = bundle7.Bundle.parse(sample().raw)
    payload = bundle7.BundleStatusReport.from_bundle(bundle7.StatusCode.DELIVERED_BUNDLE, 0, about).data
    found = records.decode(payload)
    assert found.states == ("delivered",)
    assert found.source == ME
    assert found.sequence == 7
    assert records.decode(records.encode(told)) == told
    timed = records.report_of(sample(), records.RECEIVED, 0, 820_000_000_123)  # DTN time is in milliseconds
    assert records.decode(records.encode(timed)).times[0] == 820_000_000_123


def test_fragments_join_to_the_very_bundle() -> None:
    whole = sample(bytes(range(256)))
    parts = fragments.split(whole, 50)
    again = [small for part in parts for small in fragments.split(part, 33)]  # fragments of fragments
    assert fragments.join(again[::-1]) == whole
    assert fragments.join(again[:-1]) is None
    assert all([block.kind for block in part.blocks] == [blocks.AGE, blocks.PAYLOAD] for part in parts[1:])
    liar = Bundle(parts[1].primary, (parts[1].blocks[-1].change(b"#" * 50),))
    with pytest.raises(Rejected) as error:
        fragments.join([*parts, liar])
    assert error.value.reason == "malformed"
    with pytest.raises(RabtaError):
        fragments.split(sample(flags=blocks.NO_FRAGMENTS), 2)


WRONG = {
    "definite array": lambda raw: b"\x84" + raw[1:-1],
    "no end": lambda raw: raw[:-1],
    "after the end": lambda raw: raw + b"\x00",
    "two payloads": lambda raw: raw[:-1] + sample().blocks[-1].raw + b"\xff",
    "payload not last": lambda raw: raw[:-1] + Block(192, 9, 0, b"x").raw + b"\xff",
    "number twice": lambda raw: sample().insert(Block(192, 2, 0, b"")).raw,
    "two ages": lambda raw: sample().insert(Block(blocks.AGE, 9, 0, b"\x00")).raw,
    "long head": lambda raw: raw.replace(scan.tstr("//lahore/mail"), b"\x78\x0d//lahore/mail", 1),
    "other scheme": lambda raw: raw.replace(YOU.raw, b"\x82\x03\x82\x05\x01", 1),
    "check sum": lambda raw: raw[:-2] + bytes([raw[-2] ^ 1]) + b"\xff",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_a_bundle_is_refused(name: str) -> None:
    with pytest.raises(Rejected) as error:
        decode(WRONG[name](sample().raw))
    assert error.value.reason == "malformed"


def test_version_and_limits() -> None:
    raw = sample().raw
    with pytest.raises(Rejected, match="version"):
        decode(raw[:2] + b"\x06" + raw[3:])
    with pytest.raises(Rejected) as error:
        decode(raw, most=20)
    assert error.value.reason == "limit"
    crowded = sample()
    for number in range(10, 80):
        crowded = crowded.insert(Block(192, number, 0, b""))
    with pytest.raises(Rejected) as error:
        decode(crowded.raw)
    assert error.value.reason == "limit"


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=120), st.integers(0, 200), st.integers(0, 255))
def test_only_rejected_comes_out(noise: bytes, at: int, value: int) -> None:
    raw = bytearray(bytes.fromhex(bpsec.A3))
    raw[at] = value
    for data in (noise, b"\x9f\x88\x07" + noise, bytes(raw), bytes(raw[:at])):
        try:
            found = decode(data)
            assert found.raw == data
            _ = found.age, found.hops, found.previous
        except Rejected:
            pass
        for read in (records.decode, lambda data: scan.Cursor(data or b"\x00").skip()):
            with contextlib.suppress(Rejected, IndexError):
                read(data)


@pytest.mark.parametrize(
    "text", ["dtn:none", "dtn://a/b", "ipn:1.2", "ipn:977000.4294967296.7", "http://x", "ipn:", "dtn:/a"]
)
def test_endpoints(text: str) -> None:
    if text in {"dtn:none", "dtn://a/b", "ipn:1.2"}:
        found = eid.parse(text)
        assert str(found) == text
        assert eid.read(scan.Cursor(found.raw)) == found
    else:
        with pytest.raises(RabtaError):
            eid.parse(text)
